// Package session knows who asks over HTTP.
//
// In comes a request with a cookie or a Bearer token; out goes a context that
// holds the principal, the network address of the client and the reason why
// nobody is signed in. It sets and clears the cookie. It never decides what
// somebody may do, and never keeps or logs a secret.
package session

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"standpunt/internal/fault"
	"standpunt/people"
)

// The names of the cookie. Browsers take the first one over TLS alone, for the
// whole host and no other (RFC 6265bis, "__Host-").
const (
	secureCookie = "__Host-standpunt"
	plainCookie  = "standpunt"
)

// Options are the settings of [New].
type Options struct {
	// Secure says that browsers reach the desk over https, directly or through a proxy.
	Secure bool
	// TrustedProxies may tell for whom they ask (X-Forwarded-For, X-Forwarded-Proto).
	TrustedProxies []netip.Prefix
	// PublicURL is the origin that browsers use, "https://desk.example". Its own posts are no
	// cross-site ones, also where a proxy changes the Host header. Empty: the Host header counts.
	PublicURL string
}

// Sessions finds out who asks. It is safe for concurrent use.
type Sessions struct {
	staff     *people.Staff
	o         Options
	crossSite *http.CrossOriginProtection
}

// New makes a Sessions. It fails on a PublicURL that is no origin.
func New(staff *people.Staff, o Options) (*Sessions, error) {
	protection := http.NewCrossOriginProtection()
	if o.PublicURL != "" {
		if err := protection.AddTrustedOrigin(strings.TrimSuffix(o.PublicURL, "/")); err != nil {
			return nil, err
		}
	}
	return &Sessions{staff: staff, o: o, crossSite: protection}, nil
}

// asking is what the middleware found out about a request.
type asking struct {
	who    people.Principal
	why    error // why who is nobody
	client netip.Addr
	secure bool
}

type askingKey struct{}

// Identify puts who asks into the request's context. It lets every request
// through: whoever serves it asks [From] or [Require].
func (s *Sessions) Identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &asking{client: s.client(r), secure: s.secure(r)}
		a.who, a.why = s.principal(r)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), askingKey{}, a)))
	})
}

// Background is the header of what a page asks by itself. Such a request does
// not keep the session from ending for want of use.
const Background = "Standpunt-Background"

// principal is who the request's token or cookie belongs to. A token counts
// before a cookie, and a wrong token is not made up for by a cookie.
func (s *Sessions) principal(r *http.Request) (people.Principal, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return people.Principal{}, fault.New(fault.Unauthenticated, "the Authorization header is not of the scheme Bearer").
				Fix("Send an API token as \"Authorization: Bearer %s...\".", people.TokenPrefix)
		}
		return s.staff.ByToken(r.Context(), strings.TrimSpace(token))
	}
	secret := s.secret(r)
	if secret == "" {
		return people.Principal{}, fault.New(fault.Unauthenticated, "you are not signed in").
			Fix("Sign in, or send an API token as \"Authorization: Bearer %s...\".", people.TokenPrefix)
	}
	if r.Header.Get(Background) != "" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		return s.staff.PeekSession(r.Context(), secret)
	}
	return s.staff.BySession(r.Context(), secret)
}

// secret is the session's secret that the request's cookie holds, or "".
func (s *Sessions) secret(r *http.Request) string {
	c, err := r.Cookie(s.cookieName())
	if err != nil {
		return ""
	}
	return c.Value
}

// From is who asks; the zero Principal where nobody is signed in.
func From(ctx context.Context) people.Principal {
	if a, ok := ctx.Value(askingKey{}).(*asking); ok {
		return a.who
	}
	return people.Principal{}
}

// Require is who asks, or an unauthenticated fault that says why nobody is
// signed in. Another error means that it could not be found out.
func Require(ctx context.Context) (people.Principal, error) {
	a, ok := ctx.Value(askingKey{}).(*asking)
	if !ok {
		return people.Principal{}, errors.New("session: a request that was not identified")
	}
	return a.who, a.why
}

// Client is the network address of whoever asks, behind trusted proxies too.
// It is not valid where it is not known.
func Client(ctx context.Context) netip.Addr {
	if a, ok := ctx.Value(askingKey{}).(*asking); ok {
		return a.client
	}
	return netip.Addr{}
}

// Secure reports whether the request came over TLS, behind a trusted proxy too.
func Secure(ctx context.Context) bool {
	a, ok := ctx.Value(askingKey{}).(*asking)
	return ok && a.secure
}

// SignIn checks a login and a password, starts a session and sets its cookie.
// An older session of the same browser ends. Its faults are those of
// [people.Staff.SignIn]. r must have passed Identify.
func (s *Sessions) SignIn(w http.ResponseWriter, r *http.Request, login, password string) (people.Principal, error) {
	secret, who, err := s.staff.SignIn(r.Context(), login, password, Client(r.Context()))
	if err != nil {
		return people.Principal{}, err
	}
	if old := s.secret(r); old != "" {
		if err := s.staff.SignOut(r.Context(), old); err != nil {
			return people.Principal{}, err
		}
	}
	http.SetCookie(w, s.cookie(secret, 0))
	return who, nil
}

// SignOut ends the session that the request's cookie belongs to, if any, and
// clears the cookie.
func (s *Sessions) SignOut(w http.ResponseWriter, r *http.Request) error {
	if secret := s.secret(r); secret != "" {
		if err := s.staff.SignOut(r.Context(), secret); err != nil {
			return err
		}
	}
	http.SetCookie(w, s.cookie("", -1))
	return nil
}

// Alive reports whether what the principal came by is still in force, as an
// unauthenticated fault where it is not. Unlike a request it is no use of the
// session, so that an open desk does not keep one from ending.
func (s *Sessions) Alive(ctx context.Context, who people.Principal) error {
	_, err := s.staff.Sessions(ctx, who) // confirms the principal, and writes nothing
	return err
}

func (s *Sessions) cookieName() string {
	if s.o.Secure {
		return secureCookie
	}
	return plainCookie
}

// cookie lives as long as the browser; how long the session does is people's
// to decide.
func (s *Sessions) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure wherever browsers come over https; plain HTTP is for loopback alone
		Name: s.cookieName(), Value: value, Path: "/", MaxAge: maxAge,
		Secure: s.o.Secure, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}
