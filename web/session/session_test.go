package session_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"standpunt/approval/approvaltest"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/web/session"
)

// identified is the request as a handler behind the middleware sees it.
func identified(t *testing.T, s *session.Sessions, r *http.Request) *http.Request {
	t.Helper()
	var seen *http.Request
	s.Identify(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r })).ServeHTTP(httptest.NewRecorder(), r)
	return seen
}

// TestClientBehindProxies believes proxies that are trusted, and nobody else.
func TestClientBehindProxies(t *testing.T) {
	s, err := session.New(approvaltest.New(t).Staff, session.Options{
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("2001:db8::/64")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		peer, forwarded, proto string
		client                 string
		secure, direct         bool
	}{
		{"127.0.0.1:5", "", "", "127.0.0.1", false, true},
		{"[::1]:5", "", "", "::1", false, true},
		{"192.0.2.1:5", "", "", "192.0.2.1", false, false},
		{"192.0.2.1:5", "198.51.100.9", "https", "192.0.2.1", false, false}, // anybody can write a header
		{"127.0.0.1:5", "198.51.100.9", "https", "127.0.0.1", false, false},
		{"10.0.0.1:5", "198.51.100.9", "https", "198.51.100.9", true, false},
		{"10.0.0.1:5", "203.0.113.1, 198.51.100.9", "http", "198.51.100.9", false, false}, // the client wrote the first one
		{"10.0.0.1:5", "198.51.100.9, 10.0.0.2", "https", "198.51.100.9", true, false},
		{"10.0.0.1:5", "198.51.100.9:4711", "", "198.51.100.9", false, false},
		{"10.0.0.1:5", "garbage, 10.0.0.2", "", "10.0.0.2", false, false},
		{"10.0.0.1:5", "", "", "10.0.0.1", false, false},
		{"[2001:db8::1]:5", "[2001:db8:1::9]:80", "HTTPS", "2001:db8:1::9", true, false},
		{"[::ffff:10.0.0.1]:5", "::ffff:198.51.100.9", "", "198.51.100.9", false, false},
		{"@", "", "", "invalid IP", false, false},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if c.proto != "" {
			r.Header.Set("X-Forwarded-Proto", c.proto)
		}
		ctx := identified(t, s, r).Context()
		if got := session.Client(ctx).String(); got != c.client || session.Secure(ctx) != c.secure || session.Direct(r) != c.direct {
			t.Errorf("%+v: the client is %s, secure %v, direct %v", c, got, session.Secure(ctx), session.Direct(r))
		}
	}
}

// TestWhoAsks looks at cookies and tokens, right and wrong ones.
func TestWhoAsks(t *testing.T) {
	rig := approvaltest.New(t)
	s, err := session.New(rig.Staff, session.Options{Secure: true, PublicURL: "https://desk.example/"})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if _, err := s.SignIn(w, identified(t, s, httptest.NewRequest("POST", "/", nil)), "anna", approvaltest.Password); err != nil {
		t.Fatal(err)
	}
	cookie := w.Result().Cookies()[0]
	secret, _, err := rig.Staff.IssueToken(t.Context(), rig.As("bert").By, "t", []people.Scope{people.Read}, rig.As("bert").By.Person().CreatedAt.AddDate(9, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, cookie, authorization, login string
	}{
		{"nobody", "", "", ""},
		{"a cookie", cookie.Value, "", "anna"},
		{"a token", "", "Bearer " + secret, "bert"},
		{"a token in small letters", "", "bearer " + secret, "bert"},
		{"a token before a cookie", cookie.Value, "Bearer " + secret, "bert"},
		{"a wrong token is not made up for", cookie.Value, "Bearer " + people.TokenPrefix + "x", ""},
		{"another scheme", cookie.Value, "Basic YW5uYTpkZW1v", ""},
		{"a session as a token", "", "Bearer " + cookie.Value, ""},
		{"a token as a cookie", secret, "", ""},
		{"a wrong cookie", "x", "", ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: cookie.Name, Value: c.cookie})
			r.AddCookie(&http.Cookie{Name: "standpunt", Value: cookie.Value}) // the plain name does not count over TLS
		}
		if c.authorization != "" {
			r.Header.Set("Authorization", c.authorization)
		}
		ctx := identified(t, s, r).Context()
		who, err := session.Require(ctx)
		if got := session.From(ctx).Login(); got != c.login || who.Login() != c.login {
			t.Errorf("%s: it is %q, want %q", c.name, got, c.login)
		}
		if c.login == "" && !fault.Is(err, fault.Unauthenticated) || c.login != "" && err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestSignInEndsTheOlderSession signs in twice with one browser, then out.
func TestSignInEndsTheOlderSession(t *testing.T) {
	rig := approvaltest.New(t)
	s, err := session.New(rig.Staff, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var cookies []*http.Cookie
	for range 2 {
		r := httptest.NewRequest("POST", "/", nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		who, err := s.SignIn(w, identified(t, s, r), "anna", approvaltest.Password)
		if err != nil || s.Alive(t.Context(), who) != nil {
			t.Fatalf("%v %v", err, who.Login())
		}
		cookies = append([]*http.Cookie(nil), w.Result().Cookies()...)
		if len(cookies) != 1 || cookies[0].Name != "standpunt" || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode {
			t.Fatalf("the cookies are %v", cookies)
		}
	}
	out := httptest.NewRequest("POST", "/", nil)
	out.AddCookie(cookies[0])
	who := session.From(identified(t, s, out).Context())
	own, err := rig.Staff.Sessions(t.Context(), who)
	if err != nil || len(own) != 2 { // the rig's own and the newer one of the two
		t.Errorf("anna has %d sessions, %v", len(own), err)
	}
	w := httptest.NewRecorder()
	if err := s.SignOut(w, out); err != nil || w.Result().Cookies()[0].MaxAge >= 0 {
		t.Errorf("signing out: %v, %v", err, w.Result().Cookies())
	}
	if err := s.Alive(t.Context(), who); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("after signing out: %v", err)
	}
}

// TestPublicURLIsOurOwnSite takes posts from the address in the browser although
// a proxy changed the Host header, and no others.
func TestPublicURLIsOurOwnSite(t *testing.T) {
	s, err := session.New(approvaltest.New(t).Staff, session.Options{PublicURL: "https://desk.example"})
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]int{"https://desk.example": 200, "https://evil.example": 403, "http://desk.example": 403, "": 200} {
		r := httptest.NewRequest("POST", "http://127.0.0.1:8080/", nil)
		if origin != "" {
			r.Header.Set("Origin", origin)
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		}
		w := httptest.NewRecorder()
		s.SameSite(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), func(w http.ResponseWriter, _ *http.Request, err error) {
			if !fault.Is(err, fault.CrossSite) {
				t.Errorf("refused with %v", err)
			}
			w.WriteHeader(http.StatusForbidden)
		}).ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("from %q: %d, want %d", origin, w.Code, want)
		}
	}
	if _, err := session.New(approvaltest.New(t).Staff, session.Options{PublicURL: "desk.example/path"}); err == nil {
		t.Error("a public URL that is no origin was taken")
	}
}
