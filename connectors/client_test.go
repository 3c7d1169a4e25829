package connectors_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/internal/freeport"
)

const token = "s3cret-token"

func client(t *testing.T, base string, change func(*connectors.ClientOptions)) *connectors.Client {
	t.Helper()
	o := connectors.ClientOptions{BaseURL: base, Authorize: func(r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}}
	if change != nil {
		change(&o)
	}
	c, err := connectors.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func wantError(t *testing.T, err error, kind connectors.ErrorKind) *connectors.Error {
	t.Helper()
	var e *connectors.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want a *connectors.Error of kind %s", err, kind)
	}
	if e.Kind != kind {
		t.Fatalf("got kind %s (%v), want %s", e.Kind, e, kind)
	}
	for cause := error(e); cause != nil; cause = errors.Unwrap(cause) {
		if strings.Contains(cause.Error(), token) || strings.Contains(cause.Error(), "secret-path") {
			t.Fatalf("the error shows a secret: %v", cause)
		}
	}
	return e
}

func checkError(t *testing.T, err error, kind connectors.ErrorKind) {
	t.Helper()
	_ = wantError(t, err, kind)
}

// A status means something else when the call may have changed something.
func TestStatusKinds(t *testing.T) {
	for _, c := range []struct {
		status         int
		reads, changes connectors.ErrorKind
	}{
		{301, connectors.Garbage, connectors.Unknown},
		{400, connectors.Rejected, connectors.Rejected},
		{401, connectors.BadAuth, connectors.BadAuth},
		{403, connectors.NotAllowed, connectors.NotAllowed},
		{404, connectors.Gone, connectors.Gone},
		{408, connectors.Temporary, connectors.Unknown},
		{410, connectors.Gone, connectors.Gone},
		{422, connectors.Rejected, connectors.Rejected},
		{429, connectors.RateLimited, connectors.RateLimited},
		{500, connectors.Temporary, connectors.Unknown},
		{503, connectors.Temporary, connectors.Unknown},
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, "your token was "+r.Header.Get("Authorization"))
		})
		_, err := client(t, s.URL, nil).Do(t.Context(), connectors.Call{Path: "/secret-path"})
		checkError(t, err, c.reads)
		_, err = client(t, s.URL, nil).Do(t.Context(), connectors.Call{Method: "POST", Path: "/secret-path", Send: true})
		if e := wantError(t, err, c.changes); e.Kind == connectors.RateLimited && e.RetryAfter != 7*time.Second {
			t.Errorf("RetryAfter is %v, want 7s", e.RetryAfter)
		}
	}
}

// A request is written once, whatever header it carries and however the
// connection ends: net/http alone would repeat one with an Idempotency-Key.
func TestSendingIsWrittenOnce(t *testing.T) {
	var posts atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			return
		}
		posts.Add(1)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		conn.Close()
	})
	c := client(t, s.URL, nil)
	for range 3 { // leave idle connections behind
		if _, err := c.Do(t.Context(), connectors.Call{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, call := range []connectors.Call{
		{Method: "POST", Path: "/secret-path", JSON: map[string]string{"a": "b"}, Send: true},
		{Method: "DELETE", Path: "/secret-path", Send: true},
	} {
		call.Header = http.Header{"Idempotency-Key": {"0123"}}
		posts.Store(0)
		_, err := c.Do(t.Context(), call)
		checkError(t, err, connectors.Unknown)
		if n := posts.Load(); n != 1 {
			t.Errorf("%s arrived %d times, want once", call.Method, n)
		}
	}
}

func TestRefusedConnectionCertainlySentNothing(t *testing.T) {
	address, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	_, err = client(t, "http://"+address, nil).Do(t.Context(), connectors.Call{Method: "POST", Path: "/secret-path", Send: true})
	if e := wantError(t, err, connectors.Temporary); e.Remedy == "" {
		t.Error("no remedy")
	}
}

func TestTimeoutAfterWriting(t *testing.T) {
	ctx, expire := connectortest.Expiring(t.Context())
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Method == http.MethodPost {
			expire()
		}
		<-r.Context().Done()
	})
	_, err := client(t, s.URL, nil).Do(ctx, connectors.Call{Method: "POST", Send: true})
	checkError(t, err, connectors.Unknown)
	hasty := client(t, s.URL, func(o *connectors.ClientOptions) { o.Timeout = 50 * time.Millisecond })
	_, err = hasty.Do(t.Context(), connectors.Call{})
	checkError(t, err, connectors.Temporary)
	// How far a hasty one gets is not certain; that it ends is.
	if _, err = hasty.Do(t.Context(), connectors.Call{Method: "PUT", Send: true}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a sending that nobody answers: %v", err)
	}
}

func TestBodyLimitAndNonsense(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/huge" {
			_, _ = w.Write(make([]byte, 10<<20))
			return
		}
		_, _ = io.WriteString(w, "<html>")
	})
	c := client(t, s.URL, nil)
	_, err := c.Do(t.Context(), connectors.Call{Path: "/huge"})
	checkError(t, err, connectors.Garbage)
	_, err = c.Do(t.Context(), connectors.Call{Method: "POST", Path: "/huge", Send: true})
	checkError(t, err, connectors.Unknown)
	for _, send := range []bool{false, true} {
		answer, err := c.Do(t.Context(), connectors.Call{Path: "/html", Send: send})
		if err != nil {
			t.Fatal(err)
		}
		want := map[bool]connectors.ErrorKind{false: connectors.Garbage, true: connectors.Unknown}[send]
		checkError(t, answer.JSON(&struct{}{}), want)
	}
}

func TestRedirectsStayAtHome(t *testing.T) {
	var leaked atomic.Int32
	other := serve(t, func(http.ResponseWriter, *http.Request) { leaked.Add(1) })
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, other.URL+"/?token="+token, http.StatusTemporaryRedirect)
		case "/moved":
			http.Redirect(w, r, "/here", http.StatusFound)
		default:
			_, _ = io.WriteString(w, r.Header.Get("Authorization"))
		}
	})
	c := client(t, s.URL, nil)
	_, err := c.Do(t.Context(), connectors.Call{Path: "/away"})
	checkError(t, err, connectors.NotAllowed)
	if e := new(connectors.Error); !errors.As(err, &e) || !strings.HasPrefix(e.Remedy, "Set the account's base_url to the address that the platform itself documents") {
		t.Errorf("where the other host leads is what it advises: %v", err)
	}
	_, err = c.Do(t.Context(), connectors.Call{Method: "POST", Path: "/away", Body: []byte("x"), Send: true})
	checkError(t, err, connectors.Unknown)
	if leaked.Load() != 0 {
		t.Error("a request reached the other host")
	}
	answer, err := c.Do(t.Context(), connectors.Call{Path: "/moved"})
	if err != nil || string(answer.Body) != "Bearer "+token {
		t.Errorf("the redirect within the host was not followed with credentials: %v", err)
	}
}

func TestCallsStayBelowTheBaseURL(t *testing.T) {
	c := client(t, "http://127.0.0.1:1", nil)
	for _, path := range []string{"@evil.test/", ".evil.test/", "0/x"} {
		_, err := c.Do(t.Context(), connectors.Call{Path: path, Send: true})
		checkError(t, err, connectors.Rejected)
	}
	for _, base := range []string{"", "social.example", "ftp://x", "https://user:pass@social.example"} {
		if _, err := connectors.NewClient(connectors.ClientOptions{BaseURL: base}); err == nil {
			t.Errorf("base URL %q was taken", base)
		}
	}
}

func TestMalformedAnswerIsNotQuoted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, "your token is "+token+"\r\n\r\n")
			conn.Close()
		}
	}()
	c := client(t, "http://"+l.Addr().String(), nil)
	_, err = c.Do(t.Context(), connectors.Call{})
	checkError(t, err, connectors.Temporary)
	_, err = c.Do(t.Context(), connectors.Call{Send: true})
	checkError(t, err, connectors.Unknown)
}

func TestCancelledCallReturnsAtOnce(t *testing.T) {
	arrived := make(chan struct{})
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := client(t, s.URL, nil).Do(ctx, connectors.Call{})
	if e := wantError(t, err, connectors.Temporary); !errors.Is(e, context.Canceled) {
		t.Errorf("the cause is %v, want context.Canceled", e.Err)
	}
}

func TestRetryAfterForms(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-5": 0, "0": 0, "90": 90 * time.Second,
		"99999999999999":                24 * time.Hour,
		"Mon, 02 Jan 2006 15:04:05 GMT": 0,
	} {
		if got := connectors.RetryAfter(http.Header{"Retry-After": {value}}); got != want {
			t.Errorf("Retry-After %q is read as %v, want %v", value, got, want)
		}
	}
	at := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	if got := connectors.RetryAfter(http.Header{"Retry-After": {at}}); got < 59*time.Minute || got > time.Hour {
		t.Errorf("Retry-After as a date an hour ahead is read as %v", got)
	}
}
