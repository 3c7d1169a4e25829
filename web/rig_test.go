package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/internal/logtest"
	"standpunt/people"
	"standpunt/web"
)

// rig is a running server in front of a real store with real people.
type rig struct {
	*approvaltest.Rig
	t      *testing.T
	runner *connectors.Runner // not started
	server *web.Server
	url    string
	log    *logtest.Buffer
}

func newRig(t *testing.T, policies ...approval.Policy) *rig {
	t.Helper()
	return newRigWith(t, web.Options{}, nil, policies...)
}

// newRigWith serves with other options and live accounts.
func newRigWith(t *testing.T, o web.Options, lives []connectors.Live, policies ...approval.Policy) *rig {
	t.Helper()
	return newRigOver(t, o, connectors.RunnerOptions{}, lives, policies...)
}

// newRigOver is [newRigWith] with a runner of those options.
func newRigOver(t *testing.T, o web.Options, runs connectors.RunnerOptions, lives []connectors.Live, policies ...approval.Policy) *rig {
	t.Helper()
	if len(policies) == 0 {
		policies = []approval.Policy{approval.DefaultPolicy()}
	}
	r := &rig{Rig: approvaltest.NewWith(t, policies...), t: t, log: new(logtest.Buffer)}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	o.Logger = slog.New(slog.NewTextHandler(r.log, nil))
	runs.Inbox, runs.Observer = r.Box, r.Approvals
	r.runner = connectors.NewRunner(runs, lives...)
	server, err := web.New(web.Deps{Staff: r.Staff, Box: r.Box, Approvals: r.Approvals, Log: r.Log, Sources: r.runner, Hooks: r.runner}, o)
	check(t, err)
	check(t, server.Start())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	r.server, r.url = server, "http://"+server.Addr().String()
	return r
}

// caller is one program or browser.
type caller struct {
	r      *rig
	http   *http.Client
	token  string
	header http.Header
}

// nobody is not signed in.
func (r *rig) nobody() *caller {
	return &caller{r: r, http: &http.Client{Timeout: time.Minute}, header: http.Header{}}
}

// as signs somebody in by password and keeps the cookie.
func (r *rig) as(login string) *caller {
	r.t.Helper()
	c := r.nobody()
	c.http.Jar, _ = cookiejar.New(nil) // it never fails without options
	c.post("/session", obj{"login": login, "password": approvaltest.Password}).is(200)
	return c
}

// withToken gives somebody a token with the scopes.
func (r *rig) withToken(login string, scopes ...people.Scope) *caller {
	r.t.Helper()
	secret, _, err := r.Staff.IssueToken(r.t.Context(), r.As(login).By, "test", scopes, time.Time{})
	check(r.t, err)
	c := r.nobody()
	c.token = secret
	return c
}

// obj is a JSON object.
type obj map[string]any

// reply is what came back.
type reply struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	raw    []byte
	body   obj
}

func (c *caller) get(path string) *reply            { return c.call("GET", path, nil) }
func (c *caller) post(path string, body any) *reply { return c.call("POST", path, body) }

// call sends a JSON request to a path below /api/v1. A string or []byte is
// sent as it is; nil is no body.
func (c *caller) call(method, path string, body any) *reply {
	c.r.t.Helper()
	var data []byte
	switch b := body.(type) {
	case nil:
	case string:
		data = []byte(b)
	case []byte:
		data = b
	default:
		var err error
		data, err = json.Marshal(b)
		check(c.r.t, err)
	}
	return c.send(method, c.r.url+"/api/v1"+path, data)
}

func (c *caller) send(method, url string, data []byte) *reply {
	c.r.t.Helper()
	req, err := http.NewRequestWithContext(c.r.t.Context(), method, url, bytes.NewReader(data))
	check(c.r.t, err)
	if len(data) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, values := range c.header {
		req.Header[name] = values
	}
	res, err := c.http.Do(req)
	check(c.r.t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	check(c.r.t, err)
	out := &reply{t: c.r.t, what: method + " " + strings.TrimPrefix(url, c.r.url), status: res.StatusCode, header: res.Header, raw: raw}
	_ = json.Unmarshal(raw, &out.body) // what is no object is looked at as raw
	return out
}

// is fails the test unless the status is the given one.
func (r *reply) is(status int) *reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%s: status %d, want %d\n%s", r.what, r.status, status, r.raw)
	}
	return r
}

// refused fails the test unless it is a problem with the status and the code.
func (r *reply) refused(status int, code string) *reply {
	r.t.Helper()
	r.is(status)
	if kind := r.header.Get("Content-Type"); kind != "application/problem+json" {
		r.t.Fatalf("%s: a refusal of type %q", r.what, kind)
	}
	if r.body["code"] != code || r.body["status"] != float64(status) || r.str("detail") == "" || r.str("title") == "" {
		r.t.Fatalf("%s: refused with %s, want the code %s", r.what, r.raw, code)
	}
	return r
}

// at is the value at a path of member names and list positions.
func (r *reply) at(path ...any) any {
	r.t.Helper()
	var v any = map[string]any(r.body)
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				r.t.Fatalf("%s: nothing at %v in %s", r.what, path, r.raw)
			}
			v = m[step]
		case int:
			l, ok := v.([]any)
			if !ok || step >= len(l) {
				r.t.Fatalf("%s: nothing at %v in %s", r.what, path, r.raw)
			}
			v = l[step]
		}
	}
	return v
}

// str is the string at a path, "" for null.
func (r *reply) str(path ...any) string {
	r.t.Helper()
	s, _ := r.at(path...).(string)
	return s
}

// yes is the truth value at a path; anything else fails the test.
func (r *reply) yes(path ...any) bool {
	r.t.Helper()
	v, ok := r.at(path...).(bool)
	if !ok {
		r.t.Fatalf("%s: no truth value at %v in %s", r.what, path, r.raw)
	}
	return v
}

// items are the items of a list.
func (r *reply) items() []any {
	r.t.Helper()
	items, ok := r.body["items"].([]any)
	if !ok {
		r.t.Fatalf("%s: no list: %s", r.what, r.raw)
	}
	return items
}

func (r *reply) id() string     { r.t.Helper(); return r.str("id") }
func (r *reply) digest() string { r.t.Helper(); return r.str("revision", "digest") }

// draft lets somebody draft an answer.
func (c *caller) draft(conversation *inbox.Conversation, text string) *reply {
	c.r.t.Helper()
	return c.post("/conversations/"+conversation.ID.String()+"/proposals", obj{"kind": "reply", "text": text})
}

func (c *caller) submit(p *reply) *reply {
	c.r.t.Helper()
	return c.post("/proposals/"+p.id()+"/submit", obj{"digest": p.digest()})
}

func (c *caller) decide(p *reply, verdict, comment string) *reply {
	c.r.t.Helper()
	return c.post("/proposals/"+p.id()+"/decisions", obj{"verdict": verdict, "digest": p.digest(), "comment": comment})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until f is true.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if f() {
			return
		}
	}
	t.Fatalf("it did not come to pass: %s", what)
}

// stop pulls the switch.
func (r *rig) stop(login string) {
	r.t.Helper()
	check(r.t, r.Approvals.StopPublishing(r.t.Context(), r.As(login).By, "a drill"))
}
