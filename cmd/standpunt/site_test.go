package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"standpunt/internal/freeport"
)

// site is a founded data directory with its configuration, for serve.
type site struct {
	t      *testing.T
	dir    string
	config string
	data   string
	url    string
	people map[string]caller
}

const sitePassword = "een lang genoeg wachtwoord"

// foundSite writes a configuration with these accounts and founds it with
// anna (agent), bert (press), ada (admin, manager) and otto (admin), who all may
// endorse by token.
func foundSite(t *testing.T, accounts string) *site {
	t.Helper()
	return foundSiteIn(t, t.TempDir(), accounts)
}

func foundSiteIn(t *testing.T, dir, accounts string) *site {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, dir: dir, config: filepath.Join(dir, "standpunt.yaml"), data: filepath.Join(dir, "data"), people: make(map[string]caller)}
	addr := freeAddr(t)
	s.url = "http://" + addr
	text := fmt.Sprintf("data: %s\nlisten: %s\napi:\n  endorsing_people: [anna, bert, ada, otto]\naccounts:\n%s", s.data, addr, accounts)
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := runOnce(t, "init", "--config", s.config, "--person", "anna:agent", "--person", "bert:press", "--person", "ada:admin,manager", "--person", "otto:admin")
	if code != exitOK {
		t.Fatalf("init: %d\n%s%s", code, out, errs)
	}
	var f founded
	if err := json.Unmarshal([]byte(out), &f); err != nil {
		t.Fatalf("init printed %q: %v", out, err)
	}
	for _, p := range f.People {
		s.people[p.Login] = caller{t: t, url: s.url + "/api/v1", token: p.Code}
	}
	return s
}

// serve starts the daemon, with more flags where given, and waits until it
// answers.
func (s *site) serve(more ...string) *process {
	s.t.Helper()
	p := start(s.t, append([]string{"serve", "--config", s.config}, more...)...)
	eventually(s.t, "the daemon answers", func() bool {
		select {
		case <-p.done:
			s.t.Fatalf("the daemon ended: %s", p.out)
		default:
		}
		status, _ := caller{t: s.t, url: s.url}.try("GET", "/healthz", nil)
		return status == http.StatusOK
	})
	return p
}

// enrol turns the codes of init into passwords and API tokens, of all people
// or of these.
func (s *site) enrol(logins ...string) {
	s.t.Helper()
	if len(logins) == 0 {
		logins = slices.Collect(maps.Keys(s.people))
	}
	for _, login := range logins {
		c := s.people[login]
		nobody := caller{t: s.t, url: c.url}
		nobody.do("POST", "/enrol", map[string]string{"code": c.token, "password": sitePassword}, 0)
		s.people[login] = caller{t: s.t, url: c.url, token: s.tokenFor(login)}
	}
}

// tokenFor signs in as a browser would and issues a token.
func (s *site) tokenFor(login string) string {
	s.t.Helper()
	body, err := json.Marshal(map[string]string{"login": login, "password": sitePassword})
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := http.Post(s.url+"/api/v1/session", "application/json", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 || len(response.Cookies()) == 0 {
		b, _ := io.ReadAll(response.Body)
		s.t.Fatalf("sign in as %s: %s %s", login, response.Status, b)
	}
	request, err := http.NewRequest("POST", s.url+"/api/v1/tokens", strings.NewReader(`{"name":"test","scopes":["read","write","endorse"]}`))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.AddCookie(response.Cookies()[0])
	issued, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer issued.Body.Close()
	answer := make(map[string]any)
	if err := json.NewDecoder(issued.Body).Decode(&answer); err != nil || issued.StatusCode/100 != 2 {
		s.t.Fatalf("token for %s: %s %v %v", login, issued.Status, answer, err)
	}
	for _, name := range []string{"secret", "token"} {
		if secret, ok := answer[name].(string); ok && secret != "" {
			return secret
		}
	}
	s.t.Fatalf("no secret in %v", answer)
	return ""
}

func freeAddr(t *testing.T) string {
	t.Helper()
	addr, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// plein is the invented network, run as a program of its own.
type plein struct {
	caller
	addr string
}

const pleinToken = "geheim-van-brand"

func startPlein(t *testing.T) *plein {
	t.Helper()
	addr := freeAddr(t)
	p := &plein{caller{t: t, url: "http://" + addr + "/api"}, addr}
	start(t, "sandbox", "--dir", filepath.Join(t.TempDir(), "plein"), "--listen", addr, "--brand", "brand", "--token", pleinToken)
	eventually(t, "the network answers", func() bool {
		status, _ := p.try("GET", "/posts", nil)
		return status == http.StatusOK
	})
	return p
}

// sandboxAccount is an entry of accounts: with a name on the network at a base URL.
// How slow the machine is ends none of its calls.
func sandboxAccount(name, baseURL, token string) string {
	return fmt.Sprintf("  - name: %s\n    kind: sandbox\n    settings: {base_url: %q, handle: brand, token: %q, poll_every: 1s, timeout: 5m}\n", name, baseURL, token)
}

func (p *plein) account(name string) string {
	return sandboxAccount(name, "http://"+p.addr, pleinToken)
}

// ask posts as a customer and gives the post's id.
func (p *plein) ask(text string) string {
	p.t.Helper()
	return str(p.do("POST", "/posts", map[string]string{"author": "eva", "text": "@brand " + text}, 0), "id")
}

// answers are the replies to a post, as everybody sees them.
func (p *plein) answers(post string) []map[string]any {
	p.t.Helper()
	return items(p.do("GET", "/posts?in_reply_to="+url.QueryEscape(post), nil, 0))
}

// submit drafts and submits an answer and gives the proposal as it then is.
func (s *site) submit(conversation string, content map[string]any) map[string]any {
	s.t.Helper()
	content["kind"] = "reply"
	anna := s.people["anna"]
	p := anna.do("POST", "/conversations/"+conversation+"/proposals", content, 0)
	return anna.do("POST", "/proposals/"+str(p, "id")+"/submit", map[string]string{"digest": str(p, "revision", "digest")}, 0)
}

// approve decides on a proposal's newest revision.
func (s *site) approve(login string, p map[string]any) map[string]any {
	s.t.Helper()
	return s.people[login].do("POST", "/proposals/"+str(p, "id")+"/decisions",
		map[string]string{"verdict": "approve", "digest": str(p, "revision", "digest")}, 0)
}

// resume lets one admin propose to resume publishing and bert agree.
func (s *site) resume(admin string) {
	s.t.Helper()
	p := s.people[admin].do("POST", "/publishing/resume", map[string]string{"reason": "Nagekeken, het klopt."}, 0)
	if stopped, _ := s.people["anna"].do("GET", "/publishing", nil, 0)["stopped"].(bool); !stopped {
		s.t.Fatal("one person alone resumed publishing")
	}
	s.people[admin].refused("POST", "/proposals/"+str(p, "id")+"/decisions",
		map[string]string{"verdict": "approve", "digest": str(p, "revision", "digest")}, "self_approval")
	s.approve("bert", p)
	if stopped, _ := s.people["anna"].do("GET", "/publishing", nil, 0)["stopped"].(bool); stopped {
		s.t.Fatal("two people did not resume publishing")
	}
}

// causes are the standing stops' causes.
func (s *site) causes() string {
	s.t.Helper()
	var causes []string
	stops, _ := s.people["anna"].do("GET", "/publishing", nil, 0)["stops"].([]any)
	for _, stop := range stops {
		if m, ok := stop.(map[string]any); ok {
			causes = append(causes, str(m, "cause"))
		}
	}
	return strings.Join(causes, " ")
}

// verified demands that the record of a data directory holds, and gives what
// was printed.
func verified(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := runOnce(t, append([]string{"audit", "verify"}, args...)...)
	if code != exitOK || !strings.HasPrefix(out, "OK.") {
		t.Fatalf("verify %v: %d\n%s%s", args, code, out, errs)
	}
	return out
}
