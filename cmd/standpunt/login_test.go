package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"standpunt/connectors/twitter/replay/platform"
	"standpunt/internal/logtest"
)

// smallX is X on loopback, with an app that people sign in to.
type smallX struct {
	*platform.Platform
	t        *testing.T
	url      string
	redirect string
	waiting  func() // is called, if set, while a sign-in waits for the browser
}

func startX(t *testing.T) *smallX {
	t.Helper()
	x := &smallX{t: t, redirect: "http://" + freeAddr(t) + "/callback"}
	x.Platform = platform.New(platform.Options{
		Handle: "noordlicht", Name: "Noordlicht", ClientID: "app", ClientSecret: "app-secret", RedirectURL: x.redirect, OwnsApp: true,
	})
	server := httptest.NewServer(x)
	t.Cleanup(server.Close)
	x.url = server.URL
	return x
}

func (x *smallX) account(name string) string {
	return fmt.Sprintf("  - name: %s\n    kind: twitter\n    settings: {base_url: %q, handle: noordlicht, client_id: app, client_secret: app-secret, "+
		"redirect_url: %q, poll_every: 3s, owns_app: true, monthly_budget: 20}\n", name, x.url, x.redirect)
}

var address = regexp.MustCompile(`http://\S+/i/oauth2/authorize\?\S+`)

// login runs standpunt login in this process. With browse the browser comes back
// to it; else the address that it ends at is typed, after lines.
func (x *smallX) login(browse bool, lines []string, args ...string) (code int, output string) {
	x.t.Helper()
	keyboard, typing := io.Pipe()
	screen := new(logtest.Buffer)
	done := make(chan int)
	go func() {
		done <- run(x.t.Context(), console{in: keyboard, out: screen, err: screen}, append([]string{"login"}, args...))
		_ = keyboard.Close()
	}()
	ended := func() bool {
		select {
		case code = <-done:
			return true
		default:
			return false
		}
	}
	stopped := false
	eventually(x.t, "the address to open is shown", func() bool {
		stopped = stopped || ended()
		return stopped || strings.Contains(screen.String(), "paste")
	})
	if stopped {
		return code, screen.String()
	}
	if x.waiting != nil {
		x.waiting()
	}
	client := &http.Client{}
	if !browse {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	answer, err := client.Get(address.FindString(screen.String()))
	if err != nil {
		x.t.Fatal(err)
	}
	page, _ := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if browse {
		_, _ = fmt.Fprintf(screen, "the browser shows: %s", page)
	} else {
		for _, line := range append(lines, answer.Header.Get("Location")) {
			if _, err := io.WriteString(typing, line+"\n"); err != nil {
				break // it gave up
			}
		}
	}
	_ = typing.Close()
	if !stopped {
		code = <-done
	}
	return code, screen.String()
}

func TestMisusesOfLoginAreExplained(t *testing.T) {
	t.Parallel()
	x := startX(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "standpunt.yaml")
	text := "data: " + filepath.Join(dir, "nowhere") + "\naccounts:\n" + x.account("x") +
		"  - {name: old, kind: twitter, settings: {handle: a, consumer_key: a, consumer_secret: b, access_token: c, access_token_secret: d}}\n" +
		"  - {name: intake, kind: push}\n  - {name: faulty, kind: twitter, settings: {handle: a, client_id: a, client_sekret: b}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line string
		code int
		says string
	}{
		{"", exitUsage, "--config is missing"},
		{"x", exitUsage, "--config is missing"},
		{"--config " + file, exitUsage, "name the account first"},
		{"x y --config " + file, exitUsage, `"y"`},
		{"y --config " + file, exitFailed, "The accounts are x, old, intake, faulty"},
		{"intake --config " + file, exitFailed, "nothing to log in to"},
		{"old --config " + file, exitFailed, "auth: oauth2"},
		{"faulty --config " + file, exitFailed, "client_secret"},
		{"x --config " + file, exitFailed, "standpunt init"},
	} {
		code, out, errs := runOnce(t, append([]string{"login"}, strings.Fields(c.line)...)...)
		if code != c.code || !strings.Contains(errs, c.says) || out != "" {
			t.Errorf("standpunt login %s: exit %d, printed %q and %q, want it to say %q", c.line, code, out, errs, c.says)
		}
	}
}

// A web page in any browser can send requests to the callback: none of them ends
// the sign-in, or uses up its tries.
func TestStrangersAtTheCallbackCostASignInNothing(t *testing.T) {
	t.Parallel()
	x := startX(t)
	s := foundSite(t, x.account("x"))
	x.waiting = func() {
		for i := range 3 * loginTries {
			for _, c := range []struct {
				query, host string
				status      int
			}{
				{"?state=guess&code=x", "", http.StatusBadRequest},
				{"?error=access_denied", "", http.StatusBadRequest},
				{"?state=&code=%zz", "", http.StatusBadRequest},
				{"?state=guess&code=x", "rebound.example", http.StatusForbidden},
				{"", "", http.StatusNotFound},
			} {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, x.redirect+c.query, nil)
				if err != nil {
					t.Fatal(err)
				}
				request.Host = c.host
				answer, err := http.DefaultClient.Do(request)
				if err != nil {
					t.Fatalf("round %d, %s: %v", i, c.query, err)
				}
				said, _ := io.ReadAll(answer.Body)
				_ = answer.Body.Close()
				if answer.StatusCode != c.status || strings.Contains(string(said), "guess") {
					t.Fatalf("round %d, %s for %q: status %d, %s", i, c.query, c.host, answer.StatusCode, said)
				}
			}
		}
	}
	code, shown := x.login(true, nil, "x", "--config", s.config)
	if code != exitOK || strings.Contains(shown, "did not work") || !strings.Contains(shown, "Signed in as @noordlicht") {
		t.Errorf("login: %d %s", code, shown)
	}
}

// TestARevokedSignInIsToldByTheAnswerThatMeetsIt has nobody poll for an hour: an
// approved answer is the first to meet that X takes the sign-in no longer.
func TestARevokedSignInIsToldByTheAnswerThatMeetsIt(t *testing.T) {
	t.Parallel()
	x := startX(t)
	s := foundSite(t, strings.Replace(x.account("x"), "poll_every: 3s", "poll_every: 1h", 1))
	if code, shown := x.login(true, nil, "x", "--config", s.config); code != exitOK {
		t.Fatalf("login: %d %s", code, shown)
	}
	x.Say(platform.Draft{Author: "jan", Text: "@noordlicht waar blijft de monteur?"})
	daemon := s.serve()
	s.enrol("anna", "bert")
	p := s.submit(waitForConversation(t, s.people["anna"], "monteur"), map[string]any{"text": "Dag Jan, hij is er binnen het uur."})
	x.Revoke()
	s.approve("bert", p)
	eventually(t, "the account says what to do", func() bool {
		h := items(s.people["anna"].do("GET", "/accounts", nil, 0))[0]
		return str(h, "state") == "failing" && strings.Contains(str(h, "remedy"), "standpunt login x")
	})
	p = s.people["anna"].do("GET", "/proposals/"+str(p, "id"), nil, 0)
	if !strings.Contains(str(p, "failure", "remedy"), "standpunt login x") {
		t.Errorf("the answer does not say what to do: %v", p)
	}
	daemon.stop()
}

// TestSignInBeforeAndBesideTheDaemon signs in with the daemon stopped, by
// pasting, and beside it, by browser; then restores a backup, whose sign-in is
// not tried.
func TestSignInBeforeAndBesideTheDaemon(t *testing.T) {
	t.Parallel()
	x := startX(t)
	s := foundSite(t, x.account("x"))
	if code, out, _ := runOnce(t, "check", "--config", s.config); code != exitFailed || !strings.Contains(out, "standpunt login x") {
		t.Errorf("check before anybody signed in: %d %s", code, out)
	}
	code, shown := x.login(false, []string{"", "not an address", x.redirect + "?state=another&code=x"}, "x", "--config", s.config)
	if code != exitOK || !strings.Contains(shown, "Signed in as @noordlicht") || !strings.Contains(shown, "address bar") || !strings.Contains(shown, "another sign-in") {
		t.Fatalf("login by pasting: %d %s", code, shown)
	}
	if info, err := os.Stat(filepath.Join(s.data, keysDir, "keep.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key: %v, %v", info, err)
	}
	if code, out, _ := runOnce(t, "check", "--config", s.config); code != exitOK || !strings.Contains(out, "yes") {
		t.Errorf("check with the daemon stopped: %d %s", code, out)
	}

	daemon := s.serve()
	s.enrol("anna")
	anna := s.people["anna"]
	health := func() map[string]any { return items(anna.do("GET", "/accounts", nil, 0))[0] }
	x.Say(platform.Draft{Author: "jan", Text: "@noordlicht waar blijft de monteur?"})
	waitForConversation(t, anna, "monteur")
	if code, out, _ := runOnce(t, "check", "--config", s.config); code != exitOK || !strings.Contains(out, "yes") {
		t.Errorf("check beside the daemon: %d %s", code, out)
	}
	backup := s.backUp("backup.db")

	x.Revoke()
	eventually(t, "the daemon asks for another sign-in", func() bool { return strings.Contains(str(health(), "remedy"), "standpunt login x") })
	code, shown = x.login(true, nil, "x", "--config", s.config)
	if code != exitOK || strings.Count(shown, "Signed in as @noordlicht") != 2 || !strings.Contains(shown, "close this page") {
		t.Fatalf("login by browser: %d %s", code, shown)
	}
	eventually(t, "the daemon goes on by itself", func() bool { return str(health(), "state") == "ok" })
	daemon.stop()
	raw, err := os.ReadFile(filepath.Join(s.data, dataFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range x.Secrets() {
		if strings.Contains(string(raw), secret) || strings.Contains(daemon.out.String(), secret) {
			t.Error("a token stands in the data file or in the log")
		}
	}

	restored := filepath.Join(s.dir, "restored")
	files := map[string]string{backup: filepath.Join(restored, dataFile)}
	for _, key := range []string{"audit.key", "audit.pub", "keep.key"} {
		files[filepath.Join(s.data, keysDir, key)] = filepath.Join(restored, keysDir, key)
	}
	copyFiles(t, files)
	renewed := x.Renewed()
	daemon = s.serve("--data", restored)
	eventually(t, "the restored daemon says what to do", func() bool {
		return strings.Contains(str(health(), "problem"), "backup") && strings.Contains(str(health(), "remedy"), "standpunt login x")
	})
	if x.Renewed() != renewed {
		t.Error("the backup's refresh token was tried")
	}
	if code, shown = x.login(true, nil, "x", "--config", s.config, "--data", restored); code != exitOK {
		t.Fatalf("login after the restore: %d %s", code, shown)
	}
	eventually(t, "the restored daemon works", func() bool { return str(health(), "state") == "ok" })
	daemon.stop()
}
