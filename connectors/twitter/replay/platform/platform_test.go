package platform_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dghubble/oauth1"

	"standpunt/connectors/twitter/replay/platform"
)

// TestItIsAsStrictAsX sends what X refuses, signed by a library that is not
// the server's own, and looks at the status and the words.
func TestItIsAsStrictAsX(t *testing.T) {
	x := platform.New(platform.Options{
		Handle: "brand", Name: "Brand", ConsumerKey: "ck", ConsumerSecret: "cs", AccessToken: "at", AccessSecret: "as",
		Limits: map[string]int{"DELETE /2/tweets/{id}": 1},
	})
	server := httptest.NewServer(x)
	defer server.Close()
	stranger := x.Say(platform.Draft{Author: "eva", Text: "niemand genoemd"})
	customer := x.Say(platform.Draft{Author: "jan", Text: "@brand help"})
	good := oauth1.NewConfig("ck", "cs").Client(t.Context(), oauth1.NewToken("at", "as"))
	bad := oauth1.NewConfig("ck", "cs").Client(t.Context(), oauth1.NewToken("at", "wrong"))
	var signed string // a header that was used
	for _, c := range []struct {
		what           string
		client         *http.Client
		method, target string
		body           string
		status         int
		words          string
	}{
		{"no signature", http.DefaultClient, "GET", "/2/users/me", "", 401, "Unauthorized"},
		{"a wrong secret", bad, "GET", "/2/users/me", "", 401, "Unauthorized"},
		{"all is well", good, "GET", "/2/users/me?user.fields=username%2Cname", "", 200, `"username":"brand"`},
		{"an unknown parameter", good, "GET", "/2/users/me?colour=red", "", 400, "[colour] is not one of"},
		{"an unknown field", good, "POST", "/2/tweets", `{"text":"a","nullcast":true}`, 400, "invalid-request"},
		{"a reply to a stranger", good, "POST", "/2/tweets", `{"text":"a","reply":{"in_reply_to_tweet_id":"` + stranger + `"}}`, 403, "not been mentioned"},
		{"a reply to a customer", good, "POST", "/2/tweets", `{"text":"a &","reply":{"in_reply_to_tweet_id":"` + customer + `"}}`, 201, `@jan a \u0026amp;`},
		{"the same again", good, "POST", "/2/tweets", `{"text":"a &","reply":{"in_reply_to_tweet_id":"` + customer + `"}}`, 403, "duplicate content"},
		{"too long", good, "POST", "/2/tweets", `{"text":"` + strings.Repeat("日", 141) + `"}`, 403, "too long"},
		{"what is not there", good, "GET", "/2/tweets/17", "", 200, "resource-not-found"},
		{"a subscription with the four keys", good, "POST", "/2/activity/subscriptions", `{"event_type":"post.mention.create","filter":{"user_id":"1"}}`, 403, "unsupported-authentication"},
		{"deleting what is not there", good, "DELETE", "/2/tweets/17", "", 404, `"code":144`},
		{"over the limit", good, "DELETE", "/2/tweets/17", "", 429, "Too Many Requests"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+c.target, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		status, header, body := send(t, c.client, request)
		if status != c.status || !strings.Contains(body, c.words) {
			t.Errorf("%s: %d %s, want %d and %s", c.what, status, body, c.status, c.words)
		}
		if c.status == 429 && header.Get("X-Rate-Limit-Reset") == "" {
			t.Errorf("%s: no reset in %v", c.what, header)
		}
	}
	keep := oauth1.NewConfig("ck", "cs").Client(t.Context(), oauth1.NewToken("at", "as"))
	inner, ok := keep.Transport.(*oauth1.Transport)
	if !ok {
		t.Fatalf("%T", keep.Transport)
	}
	inner.Base = roundTrip(func(r *http.Request) (*http.Response, error) {
		signed = r.Header.Get("Authorization")
		return http.DefaultTransport.RoundTrip(r)
	})
	for i, client := range []*http.Client{keep, http.DefaultClient} {
		request, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/2/users/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			request.Header.Set("Authorization", signed)
		}
		if status, _, _ := send(t, client, request); status != []int{200, 401}[i] {
			t.Errorf("a signature, time %d: %d", i+1, status)
		}
	}
}

func send(t *testing.T, client *http.Client, r *http.Request) (int, http.Header, string) {
	t.Helper()
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(body)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRulesAreReadAsStrictlyAsByX(t *testing.T) {
	x := platform.New(platform.Options{Handle: "brand", Name: "Brand"})
	for rule, good := range map[string]bool{
		"brand": true, "brand lang:nl has:images": true, "from:jan": true, `"de brand" -is:retweet`: true, "(brand OR #brand) (has:media OR has:links)": true,
		"brand -has:videos": true, "@brand has:mentions has:hashtags lang:zh-CN is:reply -is:quote": true,
		"": false, "lang:nl": false, "has:links OR is:retweet": false, "-brand": false, "has:images (lang:nl OR lang:fy)": false,
		"brand lang:dutch": false, "brand lang:": false, "brand lang:NL": false, "brand has:photos": false, "brand has:": false, "brand to:jan:x": false,
		"brand filter:links": false, "brand (lang:nl": false, "brand )": false, "brand OR": false, `brand ""`: false, `brand "`: false,
	} {
		if got := x.AddRule(rule, "") != ""; got != good {
			t.Errorf("the rule %s is taken: %v", rule, got)
		}
	}
}

// A customer's second thoughts can be tried by hand.
func TestCustomersEditAndDeleteByHand(t *testing.T) {
	x := platform.New(platform.Options{Handle: "brand", ConsumerKey: "ck", ConsumerSecret: "cs", AccessToken: "at", AccessSecret: "as"})
	server := httptest.NewServer(x)
	defer server.Close()
	brand := oauth1.NewConfig("ck", "cs").Client(t.Context(), oauth1.NewToken("at", "as"))
	id := x.Say(platform.Draft{Author: "jan", Text: "@brand help"})
	other := x.Say(platform.Draft{Author: "jan", Text: "@brand nog iets"})
	ask := func(client *http.Client, method, path, body string) (int, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		status, _, said := send(t, client, request)
		return status, said
	}
	for _, c := range []struct {
		path, body string
		status     int
	}{
		{"/replay/edit", `{"id":"` + id + `","text":"@brand laat maar"}`, 200}, {"/replay/delete", `{"id":"` + other + `"}`, 200},
		{"/replay/delete", `{"id":"` + other + `"}`, 404}, {"/replay/edit", `{"id":"` + other + `","text":"toch"}`, 404},
		{"/replay/edit", `{"id":"17","text":"a"}`, 404}, {"/replay/edit", `{"id":"` + id + `"}`, 400}, {"/replay/delete", `{}`, 400},
		{"/replay/delete", `{"id":"` + id + `","text":"a"}`, 400}, {"/replay/delete", `{"nr":"17"}`, 400},
	} {
		if status, said := ask(http.DefaultClient, http.MethodPost, c.path, c.body); status != c.status {
			t.Errorf("%s %s: %d %s, want %d", c.path, c.body, status, said, c.status)
		}
	}
	_, who := ask(brand, http.MethodGet, "/2/users/me", "")
	_, rest, _ := strings.Cut(who, `"id":"`)
	self, _, _ := strings.Cut(rest, `"`)
	if status, said := ask(brand, http.MethodGet, "/2/users/"+self+"/mentions", ""); status != 200 || !strings.Contains(said, "laat maar") || strings.Contains(said, "help") || strings.Contains(said, "nog iets") {
		t.Errorf("%d %s", status, said)
	}
}
