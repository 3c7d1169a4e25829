package session_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval/approvaltest"
	"standpunt/web/session"
)

// TestAnOpenPageDoesNotKeepTheSession lets a desk ask by itself all night.
func TestAnOpenPageDoesNotKeepTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		sessions, err := session.New(r.Staff, session.Options{})
		if err != nil {
			t.Fatal(err)
		}
		signedIn := httptest.NewRecorder()
		if _, err := sessions.SignIn(signedIn, httptest.NewRequest(http.MethodPost, "/", nil), "anna", approvaltest.Password); err != nil {
			t.Fatal(err)
		}
		ask := func(background bool) bool {
			request := httptest.NewRequest(http.MethodGet, "/waiting", nil)
			request.AddCookie(signedIn.Result().Cookies()[0])
			if background {
				request.Header.Set(session.Background, "1")
			}
			known := false
			sessions.Identify(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				known = session.From(r.Context()).Valid()
			})).ServeHTTP(httptest.NewRecorder(), request)
			return known
		}
		time.Sleep(11 * time.Hour)
		if !ask(false) {
			t.Fatal("a session in use ended")
		}
		for range 11 {
			time.Sleep(time.Hour)
			if !ask(true) {
				t.Fatal("a session ended before its time")
			}
		}
		time.Sleep(2 * time.Hour)
		if ask(true) {
			t.Fatal("a page that asks by itself kept the session")
		}
	})
}
