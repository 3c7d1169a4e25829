package platform

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// How long what OAuth 2.0 hands out lasts on X.
const (
	codeFor   = 30 * time.Second
	accessFor = 2 * time.Hour
)

// grant is one person's permission for the app, with all that came of it.
type grant struct {
	user    *user
	scopes  []string
	revoked bool
}

// code is what a browser brings back from the consent page.
type code struct {
	*grant
	redirect  string
	challenge string
	until     time.Time
}

// access is an access token.
type access struct {
	*grant
	until time.Time
}

// consents are everything of OAuth 2.0.
type consents struct {
	as      string // who sits at the browser; empty: the brand
	denies  bool
	without []string // scopes that the app may not have
	codes   map[string]*code
	access  map[string]*access
	refresh map[string]*grant // fresh ones
	used    map[string]*grant // refresh tokens that have been used
	grants  []*grant
	renewed int
}

// Consent sets what happens on the consent page from now on: who signs in there
// ("" for the brand), whether they deny, and which scopes X leaves out.
func (p *Platform) Consent(as string, denies bool, without ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.consents.as, p.consents.denies, p.consents.without = as, denies, without
}

// Revoke ends every permission, as the brand does in its settings on X.
func (p *Platform) Revoke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range p.consents.grants {
		g.revoked = true
	}
}

// ExpireAccess ends every access token ahead of its time, and leaves the
// refresh tokens.
func (p *Platform) ExpireAccess() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.consents.access = make(map[string]*access)
}

// Renewed is how many pairs of tokens refresh tokens have brought.
func (p *Platform) Renewed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.consents.renewed
}

// Secrets are all tokens and codes that were handed out.
func (p *Platform) Secrets() (list []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for token := range p.consents.access {
		list = append(list, token)
	}
	for token := range p.consents.refresh {
		list = append(list, token)
	}
	for token := range p.consents.used {
		list = append(list, token)
	}
	for c := range p.consents.codes {
		list = append(list, c)
	}
	return list
}

// signIns are the routes of OAuth 2.0.
func (p *Platform) signIns() {
	p.consents = consents{
		codes: make(map[string]*code), access: make(map[string]*access), refresh: make(map[string]*grant), used: make(map[string]*grant),
	}
	p.mux.HandleFunc("GET /i/oauth2/authorize", p.consentPage)
	p.mux.HandleFunc("POST /2/oauth2/token", p.tokenEndpoint)
	p.mux.HandleFunc("POST /replay/revoke", func(w http.ResponseWriter, _ *http.Request) {
		p.Revoke()
		writeJSON(w, "application/json", http.StatusOK, map[string]bool{"revoked": true})
	})
}

// scopesOfX are all that X knows.
var scopesOfX = []string{
	"tweet.read", "tweet.write", "tweet.moderate.write", "users.email", "users.read", "follows.read", "follows.write", "offline.access",
	"space.read", "mute.read", "mute.write", "like.read", "like.write", "list.read", "list.write", "block.read", "block.write",
	"bookmark.read", "bookmark.write", "dm.read", "dm.write", "media.write",
}

// consentPage consents at once. Where the app or its address are wrong, X sends
// nobody back, and neither does this.
func (p *Platform) consentPage(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if p.o.ClientID == "" || q.Get("client_id") != p.o.ClientID || err != nil || q.Get("redirect_uri") != p.o.RedirectURL {
		http.Error(w, "Something went wrong. You weren't able to give access to the App.", http.StatusBadRequest)
		return
	}
	scopes := strings.Fields(q.Get("scope"))
	answer := url.Values{"state": {q.Get("state")}}
	unknown := slices.ContainsFunc(scopes, func(s string) bool { return !slices.Contains(scopesOfX, s) })
	switch {
	case q.Get("response_type") != "code" || q.Get("state") == "" || q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43:
		answer.Set("error", "invalid_request")
	case unknown || len(scopes) == 0:
		answer.Set("error", "invalid_scope")
	case p.consents.denies:
		answer.Set("error", "access_denied")
	default:
		who := p.brand()
		if p.consents.as != "" {
			who = p.person(p.consents.as, p.consents.as)
		}
		g := &grant{user: who, scopes: slices.DeleteFunc(scopes, func(s string) bool { return slices.Contains(p.consents.without, s) })}
		p.consents.grants = append(p.consents.grants, g)
		made := "code-" + rand.Text()
		p.consents.codes[made] = &code{g, q.Get("redirect_uri"), q.Get("code_challenge"), time.Now().Add(codeFor)}
		answer.Set("code", made)
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound) //nolint:gosec // to the one address in the app's settings
}

// tokenEndpoint is RFC 6749, section 3.2, with X's own words for what is wrong.
func (p *Platform) tokenEndpoint(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	err := r.ParseForm()
	p.mu.Lock()
	defer p.mu.Unlock()
	refuse := func(status int, kind, text string) {
		writeJSON(w, "application/json", status, map[string]string{"error": kind, "error_description": text})
	}
	if err != nil || !p.knowsApp(r) {
		refuse(http.StatusUnauthorized, "unauthorized_client", "Missing valid authorization header")
		return
	}
	var g *grant
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		g = p.redeem(r.PostForm)
	case "refresh_token":
		if g = p.turn(r.PostForm.Get("refresh_token")); g != nil && !g.revoked {
			p.consents.renewed++
		}
	default:
		refuse(http.StatusBadRequest, "unsupported_grant_type", "Invalid grant_type parameter")
		return
	}
	if g == nil || g.revoked {
		refuse(http.StatusBadRequest, "invalid_request", "Value passed for the token was invalid.")
		return
	}
	token := "access-" + rand.Text()
	p.consents.access[token] = &access{g, time.Now().Add(accessFor)}
	answer := map[string]any{
		"token_type": "bearer", "expires_in": int(accessFor / time.Second), "access_token": token, "scope": strings.Join(g.scopes, " "),
	}
	if slices.Contains(g.scopes, "offline.access") {
		next := "refresh-" + rand.Text()
		p.consents.refresh[next] = g
		answer["refresh_token"] = next
	}
	writeJSON(w, "application/json", http.StatusOK, answer)
}

// knowsApp checks the app: a confidential one by its secret in the header, a
// public one by its id in the body.
func (p *Platform) knowsApp(r *http.Request) bool {
	if p.o.ClientSecret == "" {
		return p.o.ClientID != "" && r.PostForm.Get("client_id") == p.o.ClientID && r.Header.Get("Authorization") == ""
	}
	id, secret, ok := r.BasicAuth()
	return ok && subtle.ConstantTimeCompare([]byte(id+":"+secret), []byte(p.o.ClientID+":"+p.o.ClientSecret)) == 1
}

// redeem takes a code, which works once.
func (p *Platform) redeem(form url.Values) *grant {
	c := p.consents.codes[form.Get("code")]
	if c == nil {
		return nil
	}
	delete(p.consents.codes, form.Get("code"))
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if time.Now().After(c.until) || form.Get("redirect_uri") != c.redirect || base64.RawURLEncoding.EncodeToString(sum[:]) != c.challenge {
		return nil
	}
	return c.grant
}

// turn takes a refresh token, which works once; one that comes back ends the
// permission.
func (p *Platform) turn(token string) *grant {
	if g := p.consents.used[token]; g != nil {
		g.revoked = true
		return nil
	}
	g := p.consents.refresh[token]
	if g != nil {
		delete(p.consents.refresh, token)
		p.consents.used[token] = g
	}
	return g
}

// needs are the scopes that an endpoint asks for; reading alone where it is
// not listed.
func needs(endpoint string) []string {
	more := map[string][]string{
		"POST /2/tweets": {"tweet.write"}, "DELETE /2/tweets/{id}": {"tweet.write"}, "PUT /2/tweets/{id}/hidden": {"tweet.moderate.write"},
		"GET /2/dm_events": {"dm.read"}, "POST /2/dm_conversations/with/{id}/messages": {"dm.read", "dm.write"}, "POST /2/media/upload": {"media.write"},
	}
	return append([]string{"tweet.read", "users.read"}, more[endpoint]...)
}

// admitted is who sent a request, by either way of signing.
func (p *Platform) admitted(r *http.Request, endpoint string) (*user, *failure) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || p.o.ClientID == "" {
		return p.brand(), p.signed(r)
	}
	a := p.consents.access[token]
	if a == nil || a.revoked || time.Now().After(a.until) {
		return nil, unauthorized()
	}
	for _, scope := range needs(endpoint) {
		if !slices.Contains(a.scopes, scope) {
			return nil, refuse(http.StatusForbidden, "Forbidden")
		}
	}
	return a.user, nil
}
