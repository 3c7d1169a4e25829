package twitter

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"standpunt/connectors"
	"standpunt/internal/fault"
)

// exchangeTimeout bounds what follows the grant: X's codes last half a minute.
const exchangeTimeout = 25 * time.Second

// login is one sign-in of a person, with PKCE (RFC 7636) and a state of its own.
type login struct {
	c        *Connector
	state    string
	verifier string
}

// BeginLogin prepares a sign-in with OAuth 2.0.
func (c *Connector) BeginLogin() (connectors.Login, error) {
	if c.tokens == nil {
		return nil, fault.New(fault.InvalidInput, "the account %s signs with the four keys of OAuth 1.0a from its settings: there is nothing to log in to", c.account).
			Fix("To use OAuth 2.0, write auth: oauth2 and client_id into its settings")
	}
	return &login{c: c, state: rand.Text(), verifier: oauth2.GenerateVerifier()}, nil
}

// URL is where the brand account grants what we ask for.
func (l *login) URL() string {
	return l.c.tokens.config.AuthCodeURL(l.state, oauth2.S256ChallengeOption(l.verifier))
}

// Redirect is where X sends the browser back to.
func (l *login) Redirect() string { return l.c.tokens.config.RedirectURL }

// Owns reports whether the address holds this sign-in's state.
func (l *login) Owns(returned string) bool {
	back, err := url.Parse(strings.TrimSpace(returned))
	return err == nil && subtle.ConstantTimeCompare([]byte(back.Query().Get("state")), []byte(l.state)) == 1
}

// Finish takes the address that X sent the browser back to, exchanges its code,
// and keeps the sign-in if it is the brand account's. Whatever is wrong is a
// fault that says what to do; nothing that was kept before is lost by it.
func (l *login) Finish(ctx context.Context, returned string) (connectors.Identity, error) {
	none := connectors.Identity{}
	code, err := l.codeIn(returned)
	if err != nil {
		return none, err
	}
	t := l.c.tokens
	if t.keep == nil {
		return none, fault.New(fault.Unavailable, "there is nowhere to keep the sign-in").Fix("Found a data directory with standpunt init first")
	}
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	defer cancel()
	given, err := t.config.Exchange(context.WithValue(ctx, oauth2.HTTPClient, t.http), code, oauth2.VerifierOption(l.verifier))
	if err != nil {
		e := tokenError(err)
		if e.Kind == connectors.BadAuth && e.Remedy == "" {
			return none, fault.New(fault.InvalidInput, "X no longer takes the code: it lasts half a minute, works once, and needs redirect_url as the app's settings have it").
				Fix("Begin again with standpunt login %s", l.c.account).Because(e)
		}
		return none, e
	}
	next := t.signInOf(given, "")
	who, err := l.whose(ctx, next)
	if err != nil {
		return none, err
	}
	next.UserID = who.RemoteID
	if err := t.lock(ctx); err != nil {
		return none, err
	}
	defer t.unlock()
	if err := t.store(ctx, next); err != nil {
		t.unkept = nil
		return none, err
	}
	if list := lacking(next.Scopes); len(list) > 0 {
		who.Note = lacks(list, string(l.c.account))
	}
	return who, nil
}

// codeIn finds the code in the address that came back.
func (l *login) codeIn(returned string) (string, error) {
	again := "Begin again with standpunt login " + string(l.c.account)
	back, err := url.Parse(strings.TrimSpace(returned))
	if err != nil || back.RawQuery == "" {
		return "", fault.New(fault.InvalidInput, "this is not the address that X sent the browser back to").
			Fix("Copy it whole from the browser's address bar: it begins with %s? and holds state and code", l.Redirect())
	}
	q := back.Query()
	switch {
	case !l.Owns(returned):
		return "", fault.New(fault.InvalidInput, "the address belongs to another sign-in than this one").
			Fix("Open the address that this command printed, and copy the one that X leads to from there")
	case q.Get("error") == "access_denied":
		return "", fault.New(fault.Forbidden, "the permission was refused on X").Fix("%s, and choose to authorize the app", again)
	case q.Has("error"):
		return "", fault.New(fault.InvalidInput, "X did not grant what the app asks for").
			Fix("Look in X's developer console whether the app may read and write and use direct messages, and whether its callback address is %s", l.Redirect())
	case q.Get("code") == "":
		return "", fault.New(fault.InvalidInput, "the address holds no code").Fix("%s", again)
	}
	return q.Get("code"), nil
}

// whose is the account that a new sign-in belongs to, if it is ours and can be
// kept.
func (l *login) whose(ctx context.Context, s *signIn) (connectors.Identity, error) {
	if s.Refresh == "" || len(s.Scopes) > 0 && !slices.Contains(s.Scopes, "offline.access") {
		return connectors.Identity{}, fault.New(fault.InvalidInput, "X gave no refresh token, so that the sign-in would end in two hours").
			Fix("Let the app have the scope offline.access, and begin again with standpunt login %s", l.c.account)
	}
	client, err := connectors.NewClient(connectors.ClientOptions{
		BaseURL: string(l.c.s.BaseURL), Classify: l.c.classify, Authorize: func(r *http.Request) error {
			r.Header.Set("Authorization", bearerPrefix+s.Access)
			return nil
		},
	})
	if err != nil {
		return connectors.Identity{}, err
	}
	who, err := l.c.identify(ctx, client)
	if err != nil {
		return who, err
	}
	if !who.CanSend {
		return who, fault.New(fault.InvalidInput, "the sign-in is %s's, and the account is @%s", who.Handle, l.c.s.Handle).At("handle", l.c.s.Handle).
			Fix("Sign out on x.com, sign in there as @%s, and begin again; or correct handle", l.c.s.Handle)
	}
	return who, nil
}

// lacks says which scopes are missing and what does not work for that.
func lacks(list []string, account string) string {
	return "The sign-in on X lacks " + strings.Join(list, ", ") + ". Run standpunt login " + account + "."
}

// authorize signs a request in the way that the settings ask for.
func (c *Connector) authorize(r *http.Request) error {
	if c.tokens == nil {
		return c.s.sign(r)
	}
	access, user, err := c.tokens.bearer(r.Context())
	if err != nil {
		return err
	}
	c.mu.Lock()
	another := c.self != "" && user != c.self
	if another { // somebody signed in anew; whose account it is will be asked
		c.self = ""
	}
	c.mu.Unlock()
	if another {
		return &connectors.Error{Kind: connectors.Temporary, Message: "the account was signed in on X as another one than before"}
	}
	r.Header.Set("Authorization", bearerPrefix+access)
	return nil
}
