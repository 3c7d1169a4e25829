package platform_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dghubble/oauth1"

	"standpunt/connectors/twitter/replay/platform"
)

// TestLegacyIsAsStrictAsX sends to API v1.1 what X refused there, and looks at the
// status and the code.
func TestLegacyIsAsStrictAsX(t *testing.T) {
	o := platform.Options{
		Handle: "brand", Name: "Brand", ConsumerKey: "ck", ConsumerSecret: "cs", AccessToken: "at", AccessSecret: "as",
		Limits: map[string]int{"GET /1.1/statuses/lookup.json": 1},
	}
	x := platform.New(o)
	server := httptest.NewServer(x)
	defer server.Close()
	o.NoLegacy = true
	closed := httptest.NewServer(platform.New(o))
	defer closed.Close()
	stranger := x.Say(platform.Draft{Author: "eva", Text: "niemand genoemd"})
	customer := x.Say(platform.Draft{Author: "jan", Text: "@brand help https://example.com/ & <meer>"})
	erased := x.Say(platform.Draft{Author: "jan", Text: "@brand weg"})
	x.Erase(erased)
	good := oauth1.NewConfig("ck", "cs").Client(t.Context(), oauth1.NewToken("at", "as"))
	bad := oauth1.NewConfig("ck", "cs").Client(t.Context(), oauth1.NewToken("at", "wrong"))
	for _, c := range []struct {
		what           string
		client         *http.Client
		method, target string
		form           string
		status         int
		words          string
	}{
		{"no signature", http.DefaultClient, "GET", "/account/verify_credentials.json", "", 400, `"code":215`},
		{"a wrong secret", bad, "GET", "/account/verify_credentials.json", "", 401, `"code":32`},
		{"a wrong secret under a form", bad, "POST", "/statuses/update.json", "status=a+%26+b", 401, `"code":32`},
		{"all is well", good, "GET", "/account/verify_credentials.json?skip_status=true", "", 200, `"screen_name":"brand"`},
		{"an unknown parameter", good, "GET", "/statuses/mentions_timeline.json?colour=red", "", 400, `"code":214`},
		{"a cut text", good, "GET", "/statuses/mentions_timeline.json", "", 200, `"text":"@brand help https://t.co/`},
		{"a whole text", good, "GET", "/statuses/mentions_timeline.json?tweet_mode=extended", "", 200, `\u0026amp; \u0026lt;meer\u0026gt;`},
		{"since_id", good, "GET", "/statuses/mentions_timeline.json?since_id=" + customer, "", 200, "[]"},
		{"max_id", good, "GET", "/statuses/mentions_timeline.json?max_id=" + customer, "", 200, `"id":` + customer},
		{"a max_id that is none", good, "GET", "/statuses/mentions_timeline.json?max_id=x", "", 400, `"code":214`},
		{"another's posts", good, "GET", "/statuses/user_timeline.json?user_id=17", "", 404, `"code":34`},
		{"posts by ids", good, "GET", "/statuses/lookup.json?id=17," + customer, "", 200, `"id_str":"` + customer},
		{"over the limit", good, "GET", "/statuses/lookup.json?id=17", "", 429, `"code":88`},
		{"what is gone", good, "GET", "/statuses/show.json?id=" + erased, "", 404, `"code":144`},
		{"no text", good, "POST", "/statuses/update.json", "status=+", 403, `"code":170`},
		{"too long", good, "POST", "/statuses/update.json", "status=" + strings.Repeat("%E6%97%A5", 141), 403, `"code":186`},
		{"a reply to what is gone", good, "POST", "/statuses/update.json", "status=a&in_reply_to_status_id=" + erased, 403, `"code":385`},
		{"a reply to a stranger", good, "POST", "/statuses/update.json", "status=a&in_reply_to_status_id=" + stranger, 403, `"code":433`},
		{"a reply that names nobody", good, "POST", "/statuses/update.json", "status=los&in_reply_to_status_id=" + customer, 200, `"in_reply_to_status_id":null`},
		{"a reply", good, "POST", "/statuses/update.json", "status=a+%26+%2B&auto_populate_reply_metadata=true&in_reply_to_status_id=" + customer, 200, `"text":"@jan a \u0026amp; +"`},
		{"the same again", good, "POST", "/statuses/update.json", "status=a+%26+%2B&auto_populate_reply_metadata=true&in_reply_to_status_id=" + customer, 403, `"code":187`},
		{"deleting another's", good, "POST", "/statuses/destroy/" + customer + ".json", "", 403, `"code":183`},
		{"deleting what is not there", good, "POST", "/statuses/destroy/17.json", "", 404, `"code":144`},
		{"deleting without a form's name", good, "POST", "/statuses/destroy/17", "", 404, `"code":34`},
		{"a page that is not there", good, "GET", "/statuses/home_timeline.json", "", 404, `"code":34`},
		{"a stream of nothing", good, "POST", "/statuses/filter.json", "", 406, "parameter"},
		{"an account without access", good, "GET", "closed", "", 403, `"code":453`},
	} {
		target := server.URL + "/1.1" + c.target
		if c.target == "closed" {
			target = closed.URL + "/1.1/account/verify_credentials.json"
		}
		request, err := http.NewRequestWithContext(t.Context(), c.method, target, strings.NewReader(c.form))
		if err != nil {
			t.Fatal(err)
		}
		if c.form != "" {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		status, header, body := send(t, c.client, request)
		if status != c.status || !strings.Contains(body, c.words) {
			t.Errorf("%s: %d %s, want %d and %s", c.what, status, body, c.status, c.words)
		}
		if c.status == 429 && header.Get("X-Rate-Limit-Reset") == "" {
			t.Errorf("%s: no reset in %v", c.what, header)
		}
	}
	if got := x.Answers(customer); len(got) != 1 || got[0] != "a & +" {
		t.Errorf("stand there: %q", got)
	}
}
