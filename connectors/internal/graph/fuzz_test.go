package graph

import (
	"net/http"
	"testing"

	fb "github.com/huandu/facebook/v2"

	"standpunt/connectors"
)

// FuzzAnswer feeds what a hostile server may say to every decoder that sees
// it, the library's among them.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []struct{ body, usage string }{
		{`{"error":{"message":"x","type":"OAuthException","code":190,"error_subcode":463,"is_transient":true}}`, `{"1":[{"call_count":100,"estimated_time_to_regain_access":5}]}`},
		{`{"error":"invalid","error_description":"x"}`, `{"call_count":28,"total_time":25,"total_cputime":25}`},
		{`{"error_code":"4"}`, `{"1":[]}`}, {`{"error":5}`, `[]`}, {`null`, `null`}, {`true`, `{"call_count":-1e308}`}, {`{"error":{"code":1e99}}`, `x`},
	} {
		f.Add([]byte(seed.body), seed.usage, 400)
	}
	f.Fuzz(func(t *testing.T, body []byte, header string, status int) {
		_, _ = fb.MakeResult(body) // that it does not panic is the point
		h := http.Header{"X-App-Usage": {header}, "X-Business-Use-Case-Usage": {header}}
		u := decodeUsage(h)
		if d, _ := u.rest(); d < 0 || d > longestFor {
			t.Errorf("rests for %v", d)
		}
		fail, ok := decodeFailure(body)
		if !ok {
			return
		}
		e := fail.classify(&connectors.Response{Status: status, Header: h, Body: body, Sent: true}, "graph.test")
		if e == nil {
			return
		}
		if e.Message == "" || e.Remedy == "" || e.RetryAfter < 0 || e.RetryAfter > longestFor || e.Kind == connectors.Temporary {
			t.Errorf("%+v of kind %s", e, e.Kind)
		}
	})
}
