package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"standpunt/connectors/twitter/replay/platform"
	"standpunt/inbox"
	"standpunt/internal/logtest"
)

// slowTokens is X that keeps back the first pair which a refresh token brings.
type slowTokens struct {
	*platform.Platform
	once  sync.Once
	asked chan struct{} // closed with the first: X has used the refresh token up
	again chan struct{} // has one for each more
	give  chan struct{} // closed to hand the first pair out
}

func (x *slowTokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/2/oauth2/token" || r.FormValue("grant_type") != "refresh_token" {
		x.Platform.ServeHTTP(w, r)
		return
	}
	answer, first := httptest.NewRecorder(), false
	x.Platform.ServeHTTP(answer, r)
	x.once.Do(func() {
		first = true
		close(x.asked)
	})
	if first {
		select {
		case <-x.give:
		case <-r.Context().Done():
		}
	} else {
		x.again <- struct{}{}
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// bypass is a way to a site's control socket for the command line, past a test: a
// data directory of its own, and a configuration with that.
type bypass struct {
	config string
	orders chan struct{} // has one for each order to renew that came by
}

// bypassTo makes a way that opens with the channel. An old one knows as much of
// the socket as a daemon from before there were such orders.
func (s *site) bypassTo(name string, open <-chan struct{}, old bool) *bypass {
	t := s.t
	t.Helper()
	dir := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Join(dir, keysDir), 0o700); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	way := &bypass{config: filepath.Join(s.dir, name+".yaml"), orders: make(chan struct{}, 10)}
	files := map[string][]byte{
		filepath.Join(dir, dataFile): nil, way.config: bytes.Replace(text, []byte("data: "+s.data+"\n"), []byte("data: "+dir+"\n"), 1),
	}
	for path, content := range files {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	on := &httputil.ReverseProxy{
		Transport: controlClient(s.data).Transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "control"}) },
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-open:
		case <-r.Context().Done():
			return
		}
		order := strings.HasPrefix(r.URL.Path, "/refresh/")
		if order {
			way.orders <- struct{}{}
		}
		if order && old {
			http.NotFound(w, r)
			return
		}
		on.ServeHTTP(w, r)
	}))
	_ = server.Listener.Close()
	err = atSocket(dir, func(path string) (err error) {
		server.Listener, err = new(net.ListenConfig).Listen(t.Context(), "unix", path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(server.Close)
	return way
}

// ends has the sign-in that is kept of an account run out, with the daemon stopped.
func (s *site) ends(account string) {
	t := s.t
	t.Helper()
	kept, done, err := openKeeping(t.Context(), s.data, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := done(); err != nil {
			t.Error(err)
		}
	}()
	keep := kept(inbox.AccountName(account))
	signIn, err := keep.Load(t.Context(), "oauth2")
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]any)
	if err := json.Unmarshal(signIn.Value, &all); err != nil {
		t.Fatal(err)
	}
	all["expires"] = time.Now().Add(-time.Hour)
	value, err := json.Marshal(all)
	if err == nil {
		err = keep.Save(t.Context(), "oauth2", value)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// X's refresh tokens work once, and one that comes back ends the sign-in: what
// the daemon is renewing, checks beside it do not renew themselves.
func TestChecksBesideTheDaemonLeaveRenewingToIt(t *testing.T) {
	t.Parallel()
	x := startX(t)
	slow := &slowTokens{Platform: x.Platform, asked: make(chan struct{}), again: make(chan struct{}, 10), give: make(chan struct{})}
	server := httptest.NewServer(slow)
	t.Cleanup(server.Close)
	x.url = server.URL
	s := foundSite(t, x.account("x"))
	if code, shown := x.login(false, nil, "x", "--config", s.config); code != exitOK {
		t.Fatalf("login: %d %s", code, shown)
	}
	s.ends("x")

	// The checks are under way when the daemon begins, and get to it while it renews.
	type result struct {
		code int
		said string
	}
	check := func(way *bypass) <-chan result {
		done := make(chan result, 1)
		go func() {
			out := new(logtest.Buffer)
			code := run(t.Context(), console{out: out, err: out}, []string{"check", "--config", way.config})
			done <- result{code, out.String()}
		}()
		return done
	}
	new1, new2, old := s.bypassTo("new1", slow.asked, false), s.bypassTo("new2", slow.asked, false), s.bypassTo("old", slow.asked, true)
	checks := map[string]<-chan result{"one check": check(new1), "another check": check(new2)}
	beside := check(old)
	daemon := s.serve()
	for range 3 {
		select {
		case <-new1.orders:
		case <-new2.orders:
		case <-old.orders:
		case <-slow.again:
			t.Error("a check renewed what the daemon was renewing")
		case <-time.After(2 * time.Minute):
			t.Fatal("the daemon and three checks beside it did not all come to renewing")
		}
	}
	if r := <-beside; r.code != exitFailed || !strings.Contains(r.said, "Start the daemon again, with this version") {
		t.Errorf("a check beside a daemon that knows of no such orders: %d\n%s", r.code, r.said)
	}
	close(slow.give)
	for name, done := range checks {
		if r := <-done; r.code != exitOK || !strings.Contains(r.said, " yes ") {
			t.Errorf("%s: %d\n%s", name, r.code, r.said)
		}
	}
	if n := x.Renewed(); n != 1 {
		t.Errorf("X renewed %d times", n)
	}
	if code, out, errs := runOnce(t, "check", "--config", s.config); code != exitOK {
		t.Errorf("afterwards the sign-in is no longer good: %d\n%s%s", code, out, errs)
	}
	daemon.stop()
}
