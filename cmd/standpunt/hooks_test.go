package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"standpunt/connectors/facebook/replay/platform"
)

const (
	hookSecret = "app-secret-8d02"
	hookVerify = "verify-token-5b1c77"
)

// startPage is a Page on Facebook on loopback, and its entry of accounts:, which
// is polled once a day, so that within a test only its start and deliveries bring anything.
func startPage(t *testing.T) (page *platform.Platform, account string) {
	t.Helper()
	page, _ = platform.New(platform.Options{
		PageID: "100200300", PageName: "Noordlicht", Token: "page-token-19fe", AppSecret: hookSecret, Version: "v26.0",
		Permissions: []string{"pages_manage_engagement", "pages_read_engagement", "pages_read_user_content", "pages_manage_metadata"},
	})
	server := httptest.NewServer(page)
	t.Cleanup(server.Close)
	return page, fmt.Sprintf("  - name: fb\n    kind: facebook\n    settings: {base_url: %q, page_id: \"100200300\", access_token: page-token-19fe, "+
		"app_secret: %s, verify_token: %s, version: v26.0, poll_every: 24h}\n", server.URL, hookSecret, hookVerify)
}

// deliver posts a body to the account's address as somebody who does not know the
// app's secret, or does.
func (s *site) deliver(account, secret, body string) int {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+"/hooks/"+account, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("X-Hub-Signature-256", platform.Sign(secret, []byte(body)))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// conversations are those that hold the words.
func (s *site) conversations(words string) int {
	s.t.Helper()
	return len(items(s.people["anna"].do("GET", "/conversations?q="+url.QueryEscape(words), nil, 0)))
}

// TestDeliveriesReachTheInboxOfTheDaemon has Facebook deliver to the program
// itself: signed, doubled, and again after the daemon was down; what nobody
// signed brings nothing. What came that way is answered like anything else.
func TestDeliveriesReachTheInboxOfTheDaemon(t *testing.T) {
	t.Parallel()
	page, account := startPage(t)
	s := foundSite(t, account)
	daemon := s.serve()
	s.enrol("anna", "bert")
	anna := s.people["anna"]
	webhook := func(name string) any {
		w, _ := items(anna.do("GET", "/accounts", nil, 0))[0]["webhook"].(map[string]any)
		return w[name]
	}
	eventually(t, "the first poll is through", func() bool {
		return str(items(anna.do("GET", "/accounts", nil, 0))[0], "last_success") != ""
	})
	push := platform.Push{URL: s.url + "/hooks/fb", VerifyToken: "not-what-was-agreed-on", Duplicate: true}
	if err := page.Subscribe(t.Context(), push); err == nil {
		t.Error("the address is confirmed to somebody with another verify token")
	}
	push.VerifyToken = hookVerify
	if err := page.Subscribe(t.Context(), push); err != nil {
		t.Fatal(err)
	}
	if webhook("confirmed") == nil {
		t.Error("the accounts do not tell that the address was confirmed")
	}

	asked := page.Visit(platform.Said{Name: "Eva", Text: "waar blijft de zonneboiler? 👨‍👩‍👧 שלום"})
	if err := page.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.conversations("zonneboiler"); n != 1 { // a delivery is answered once it is durable
		t.Errorf("a delivery that came twice makes %d conversations", n)
	}
	forged := `{"object":"page","entry":[{"id":"100200300","time":1,"changes":[{"field":"feed","value":{"item":"status","verb":"add",` +
		`"post_id":"100200300_77","message":"vervalst bericht","created_time":1790000000,"from":{"id":"9","name":"Nep"}}}]}]}`
	for _, c := range []struct { // beside the wrong verify token
		account, secret string
		status          int
	}{{"fb", "another-secret", http.StatusUnauthorized}, {"nobody", hookSecret, http.StatusNotFound}} {
		if status := s.deliver(c.account, c.secret, forged); status != c.status {
			t.Errorf("to %s with %s: %d, want %d", c.account, c.secret, status, c.status)
		}
	}
	if n := s.conversations("vervalst"); n != 0 || webhook("unproven") != float64(2) || webhook("accepted") != float64(2) {
		t.Errorf("%d forged conversations, %v unproven, %v accepted", n, webhook("unproven"), webhook("accepted"))
	}

	daemon.stop()
	page.Visit(platform.Said{Name: "Jan", Text: "de warmtepomp bromt"})
	if err := page.Flush(t.Context()); err == nil {
		t.Error("a daemon that is stopped takes a delivery")
	}
	daemon = s.serve()
	if err := page.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	waitForConversation(t, anna, "warmtepomp")
	if n := s.conversations("warmtepomp"); n != 1 || s.conversations("zonneboiler") != 1 {
		t.Errorf("what came by delivery and by poll makes %d conversations", n)
	}

	const text = "Hij is onderweg, Eva."
	officially(t, anna, story(t, s.people, "zonneboiler", text))
	if got := page.Answers(asked); len(got) != 1 || got[0] != text {
		t.Errorf("under the post stands %q", got)
	}
	daemon.stop()
	for _, secret := range []string{hookSecret, hookVerify, "page-token-19fe", "zonneboiler"} {
		if strings.Contains(daemon.out.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	verified(t, "--data", s.data)
}
