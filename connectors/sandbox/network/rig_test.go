package network_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"standpunt/connectors/sandbox/network"
)

const brandToken = "token-of-noordlicht-1234"

// rig is one network on loopback and somebody who talks to it.
type rig struct {
	t   *testing.T
	net *network.Network
}

func start(t *testing.T, change ...func(*network.Options)) *rig {
	t.Helper()
	o := network.Options{
		Dir:      t.TempDir(),
		Accounts: []network.Account{{Handle: "noordlicht", Name: "Noordlicht Energie", Token: brandToken}},
		SlowBy:   300 * time.Millisecond,
	}
	for _, f := range change {
		f(&o)
	}
	n, err := network.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	n.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := n.Check(ctx); err != nil {
			t.Error(err)
		}
		if err := n.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return &rig{t: t, net: n}
}

// address is the network's own, whatever its public URL says.
func (r *rig) address() string { return "http://" + r.net.Addr().String() }

// send makes one request and returns the answer's status and body.
func (r *rig) send(method, path, token, body string, header ...string) (int, []byte) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, r.address()+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultTransport.RoundTrip(request) // redirects are answers too
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer.StatusCode, got
}

// must is a request that has to be answered with status, decoded.
func must[T any](r *rig, status int, method, path, token string, body any) T {
	r.t.Helper()
	encoded, ok := body.(string)
	if !ok {
		b, err := json.Marshal(body)
		if err != nil {
			r.t.Fatal(err)
		}
		encoded = string(b)
	}
	got, answer := r.send(method, path, token, encoded)
	if got != status {
		r.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got, status, answer)
	}
	var v T
	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&v); err != nil {
		r.t.Fatalf("%s %s: %v: %s", method, path, err, answer)
	}
	return v
}

type draft struct {
	Author    string `json:"author"`
	Text      string `json:"text"`
	InReplyTo string `json:"in_reply_to,omitempty"`
}

func (r *rig) post(author, text, inReplyTo string) network.PostJSON {
	r.t.Helper()
	token := ""
	if author == "noordlicht" {
		token = brandToken
	}
	return must[network.PostJSON](r, http.StatusCreated, "POST", "/api/posts", token, draft{author, text, inReplyTo})
}

func (r *rig) list(query string) network.ListJSON {
	r.t.Helper()
	return must[network.ListJSON](r, http.StatusOK, "GET", "/api/posts"+query, "", "")
}

// eventually tries until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// postTo posts as eva, or fails as the network does.
func postTo(ctx context.Context, base, text string) (p network.PostJSON, err error) {
	body, err := json.Marshal(draft{"eva", text, ""})
	if err != nil {
		return p, err
	}
	request, err := http.NewRequestWithContext(ctx, "POST", base+"/api/posts", bytes.NewReader(body))
	if err != nil {
		return p, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return p, err
	}
	defer answer.Body.Close()
	return p, json.NewDecoder(answer.Body).Decode(&p)
}

// location is where a form's answer leads.
func (r *rig) location(path string, form url.Values) string {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), "POST", r.address()+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		r.t.Errorf("policy %q", policy)
	}
	return answer.Header.Get("Location")
}
