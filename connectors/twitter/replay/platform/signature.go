package platform

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // OAuth 1.0a names it
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// clockSkew is how far a request's clock may be off.
const clockSkew = 5 * time.Minute

// signed checks a request's OAuth 1.0a signature; nil is yes.
func (p *Platform) signed(r *http.Request) *failure {
	params, ok := authorization(r.Header.Get("Authorization"))
	if !ok || params["oauth_consumer_key"] != p.o.ConsumerKey || params["oauth_token"] != p.o.AccessToken ||
		params["oauth_signature_method"] != "HMAC-SHA1" || params["oauth_version"] != "1.0" {
		return unauthorized()
	}
	given, err := base64.StdEncoding.DecodeString(params["oauth_signature"])
	if err != nil || !hmac.Equal(given, p.signature(r, params)) {
		return unauthorized()
	}
	seconds, err := strconv.ParseInt(params["oauth_timestamp"], 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > clockSkew {
		return &failure{status: http.StatusUnauthorized, code: 135, detail: "Timestamp out of bounds."}
	}
	now := time.Now()
	for nonce, until := range p.nonces {
		if now.After(until) {
			delete(p.nonces, nonce)
		}
	}
	if nonce := params["oauth_nonce"]; nonce == "" || !p.nonces[nonce].IsZero() {
		return unauthorized()
	}
	p.nonces[params["oauth_nonce"]] = now.Add(2 * clockSkew)
	return nil
}

// authorization reads the parameters of an OAuth header; each stands once.
func authorization(header string) (map[string]string, bool) {
	list, ok := strings.CutPrefix(header, "OAuth ")
	params := make(map[string]string)
	for pair := range strings.SplitSeq(list, ",") {
		name, quoted, found := strings.Cut(strings.TrimSpace(pair), "=")
		value, err := url.PathUnescape(strings.Trim(quoted, `"`))
		if _, twice := params[name]; !found || err != nil || twice {
			return nil, false
		}
		params[name] = value
	}
	return params, ok
}

// signature computes what the request should have been signed with.
func (p *Platform) signature(r *http.Request, oauth map[string]string) []byte {
	base := p.o.PublicURL
	if base == "" {
		base = "http://" + strings.ToLower(r.Host)
	}
	var pairs []string
	for _, params := range []url.Values{r.URL.Query(), r.PostForm} {
		for name, values := range params {
			for _, value := range values {
				pairs = append(pairs, encode(name)+"="+encode(value))
			}
		}
	}
	for name, value := range oauth {
		if name != "oauth_signature" && name != "realm" {
			pairs = append(pairs, encode(name)+"="+encode(value))
		}
	}
	slices.Sort(pairs)
	mac := hmac.New(sha1.New, []byte(encode(p.o.ConsumerSecret)+"&"+encode(p.o.AccessSecret)))
	mac.Write([]byte(r.Method + "&" + encode(base+r.URL.EscapedPath()) + "&" + encode(strings.Join(pairs, "&"))))
	return mac.Sum(nil)
}

// encode is the percent-encoding of RFC 5849, section 3.6.
func encode(s string) string {
	return strings.NewReplacer("+", "%20", "%7E", "~", "*", "%2A").Replace(url.QueryEscape(s))
}
