package graph_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/internal/graph"
	"standpunt/internal/freeport"
)

const (
	token  = "EAAB-token-of-the-page-77ab"
	secret = "app-secret-of-ours-91cc"
)

// platform is a server on loopback and a client of it.
func platform(t *testing.T, o graph.Options, h http.HandlerFunc) (*graph.Client, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	o.BaseURL, o.Version, o.Token, o.AppSecret = server.URL, "v26.0", token, secret
	c, err := graph.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c, server
}

func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

type page struct {
	ID string `json:"id"`
}

func get(t *testing.T, c *graph.Client) *connectors.Error {
	t.Helper()
	var p page
	_, err := c.Get(t.Context(), "1234", nil, &p)
	return asError(t, err)
}

func post(t *testing.T, c *graph.Client) *connectors.Error {
	t.Helper()
	var p page
	_, err := c.Post(t.Context(), "1234/comments", graph.Params{"message": "dag"}, &p)
	return asError(t, err)
}

// asError also sees to it that no error ever shows a secret.
func asError(t *testing.T, err error) *connectors.Error {
	t.Helper()
	if err == nil {
		return nil
	}
	var e *connectors.Error
	if !errors.As(err, &e) {
		t.Fatalf("a %T: %v", err, err)
	}
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		said := fmt.Sprintf("%v %+v %#v", cause, cause, cause)
		for _, bad := range []string{token, secret, "appsecret_proof", "access_token=", "klant"} {
			if strings.Contains(said, bad) {
				t.Errorf("the error shows %q: %s", bad, said)
			}
		}
	}
	return e
}

func TestCallsCarryTokenAndProofAndNothingChangesTheParameters(t *testing.T) {
	var got *http.Request
	c, _ := platform(t, graph.Options{}, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		_ = r.ParseMultipartForm(1 << 20)
		got = r
		_, _ = io.WriteString(w, `{"id":"9007199254740993123"}`)
	})
	params := graph.Params{"fields": "id"}
	var p page
	if _, err := c.Get(t.Context(), "1234", params, &p); err != nil || p.ID != "9007199254740993123" {
		t.Fatalf("%+v, %v", p, err)
	}
	if got.URL.Path != "/v26.0/1234" || got.Header.Get("Authorization") != "Bearer "+token || len(got.Form.Get("appsecret_proof")) != 64 {
		t.Errorf("%s %v %v", got.URL.Path, got.Header, got.Form)
	}
	if got.URL.Query().Has("access_token") || len(params) != 1 {
		t.Errorf("the token stands in the address, or the parameters changed: %v, %v", got.URL, params)
	}
	if _, err := c.Delete(t.Context(), "1234_5", &struct{}{}); err != nil || got.Method != http.MethodPost || got.FormValue("method") != "DELETE" {
		t.Errorf("deleting: %v, %s %v", err, got.Method, got.Form)
	}
}

func TestProofIsComputedWithoutARace(t *testing.T) {
	var bad atomic.Int32
	c, _ := platform(t, graph.Options{}, func(w http.ResponseWriter, r *http.Request) {
		if len(r.FormValue("appsecret_proof")) != 64 {
			bad.Add(1)
		}
		_, _ = io.WriteString(w, `{"id":"1"}`)
	})
	var calls sync.WaitGroup
	for range 16 {
		calls.Go(func() {
			var p page
			if _, err := c.Get(t.Context(), "1", nil, &p); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if bad.Load() > 0 {
		t.Errorf("%d calls without a proof", bad.Load())
	}
}

func TestCredentialsNeverLeaveTheHost(t *testing.T) {
	var heard atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
	defer elsewhere.Close()
	redirecting, _ := platform(t, graph.Options{}, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	})
	if e := get(t, redirecting); e == nil || e.Kind != connectors.Garbage || e.Remedy == "" {
		t.Errorf("a redirected reading: %v", e)
	}
	if e := post(t, redirecting); e == nil || e.Kind != connectors.Unknown {
		t.Errorf("a redirected sending: %v", e)
	}
	var asked []string
	paging, _ := platform(t, graph.Options{}, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.FormValue("after"))
		if r.FormValue("after") == "" {
			_, _ = fmt.Fprintf(w, `{"data":[{"id":"1"}],"paging":{"cursors":{"after":"abc"},"next":"%s/v26.0/1/comments?after=abc&access_token=x"}}`, elsewhere.URL)
			return
		}
		_, _ = io.WriteString(w, `{"data":[{"id":"2"}]}`)
	})
	first, err := graph.Page[page](t.Context(), paging, "1/comments", nil, "")
	if err != nil || first.After != "abc" {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := graph.Page[page](t.Context(), paging, "1/comments", nil, first.After)
	if err != nil || second.After != "" || len(second.Items) != 1 {
		t.Fatalf("%+v, %v", second, err)
	}
	if heard.Load() > 0 || len(asked) != 2 {
		t.Errorf("another host heard %d requests; asked %v", heard.Load(), asked)
	}
}

func TestPagesThatDoNotSayWhereTheyGoOnAreGarbage(t *testing.T) {
	for _, body := range []string{
		`{"data":[],"paging":{"next":"https://x.test/"}}`, `{"paging":{}}`, `{"data":null}`, `[]`, `null`,
		`{"data":[],"paging":{"cursors":{"after":"same"},"next":"https://x.test/"}}`,
	} {
		c, _ := platform(t, graph.Options{}, answering(200, body))
		_, err := graph.Page[page](t.Context(), c, "1/comments", nil, "same")
		if e := asError(t, err); e == nil || e.Kind != connectors.Garbage {
			t.Errorf("%s: %v", body, e)
		}
	}
	c, _ := platform(t, graph.Options{}, answering(200, `{"data":[],"paging":{"next":"https://x.test/?after=other"}}`))
	if got, err := graph.Page[page](t.Context(), c, "1/comments", nil, ""); err != nil || got.After != "other" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnswersThatTheLibraryMisreads(t *testing.T) {
	for _, c := range []struct {
		name          string
		status        int
		body          string
		reads, writes connectors.ErrorKind
	}{
		{"a 500 with JSON and no error", 500, `{"foo":1}`, connectors.Temporary, connectors.Unknown},
		{"an HTML 502", 502, `<html>klant`, connectors.Temporary, connectors.Unknown},
		{"HTML with status 200", 200, `<html>klant`, connectors.Garbage, connectors.Unknown},
		{"nothing with status 200", 200, ``, connectors.Garbage, connectors.Unknown},
		{"half a body", 200, `{"id":`, connectors.Garbage, connectors.Unknown},
		{"an error with status 200", 200, `{"error":{"message":"klant","code":190}}`, connectors.BadAuth, connectors.BadAuth},
		{"an error with a code as text", 400, `{"error":{"code":"190"}}`, connectors.BadAuth, connectors.BadAuth},
		{"the old shape", 400, `{"error_code":4,"error_msg":"klant"}`, connectors.RateLimited, connectors.RateLimited},
		{"OAuth's shape", 401, `{"error":"invalid_token","error_description":"klant"}`, connectors.BadAuth, connectors.BadAuth},
		{"an error that says nothing", 200, `{"error":{}}`, connectors.Garbage, connectors.Unknown},
		{"a 429 without JSON", 429, `slow down`, connectors.RateLimited, connectors.RateLimited},
		{"a 404 of a proxy", 404, `<html>klant`, connectors.Garbage, connectors.Gone},
		{"a 403 of a proxy", 403, `{"message":"klant"}`, connectors.Garbage, connectors.NotAllowed},
		{"a 400 without a word", 400, ``, connectors.Garbage, connectors.Rejected},
		{"a 410 that is too large", 410, strings.Repeat("a", 4096), connectors.Garbage, connectors.Gone},
		{"a 404 in Facebook's words", 404, `{"error":{"message":"klant"}}`, connectors.Gone, connectors.Gone},
		{"a body that is too large", 200, `{"id":"` + strings.Repeat("a", 4096) + `"}`, connectors.Garbage, connectors.Unknown},
		{"a large error page", 503, strings.Repeat("a", 4096), connectors.Temporary, connectors.Unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, _ := platform(t, graph.Options{MaxBody: 1024}, answering(c.status, c.body))
			if e := get(t, client); e == nil || e.Kind != c.reads {
				t.Errorf("reading: %v, want kind %s", e, c.reads)
			}
			if e := post(t, client); e == nil || e.Kind != c.writes {
				t.Errorf("sending: %v, want kind %s", e, c.writes)
			}
		})
	}
}

func TestEveryCodeHasItsKindAndARemedy(t *testing.T) {
	for kind, codes := range map[connectors.ErrorKind][]string{
		connectors.RateLimited: {`"code":4`, `"code":17`, `"code":341`, `"code":32`, `"code":613`, `"code":80001`, `"code":4,"is_transient":true`},
		connectors.BadAuth:     {`"code":190`, `"code":190,"error_subcode":460`, `"code":190,"error_subcode":463`, `"code":190,"error_subcode":458`, `"code":190,"error_subcode":459`, `"code":190,"error_subcode":492`, `"code":102`, `"code":100,"message":"Invalid appsecret_proof provided in the API argument"`},
		connectors.NotAllowed:  {`"code":3`, `"code":10`, `"code":200`, `"code":299`, `"code":368`, `"code":4,"error_subcode":2207051,"is_transient":false`, `"code":10,"error_subcode":2018278`, `"code":10,"error_subcode":2534022`, `"code":551,"error_subcode":1545041`, `"code":230`, `"code":10900`, `"code":10903`, `"code":2022`, `"code":12`, `"code":2635`},
		connectors.Rejected:    {`"code":100`, `"code":506`},
		connectors.Gone:        {`"code":100,"error_subcode":33`, `"code":803`, `"code":100,"error_subcode":2018001`},
		connectors.Temporary:   {`"code":1`, `"code":2`, `"code":-1,"error_subcode":2207001`, `"code":-2`, `"code":1200`, `"code":77777,"is_transient":true`},
	} {
		for _, code := range codes {
			client, _ := platform(t, graph.Options{}, answering(400, `{"error":{"message":"klant","type":"OAuthException",`+code+`}}`))
			if e := get(t, client); e == nil || e.Kind != kind || e.Remedy == "" {
				t.Errorf("reading %s: %v, want kind %s and a remedy", code, e, kind)
			}
			want := kind
			if kind == connectors.Temporary {
				want = connectors.Unknown
			}
			if e := post(t, client); e == nil || e.Kind != want {
				t.Errorf("sending %s: %v, want kind %s", code, e, want)
			}
		}
	}
}

func TestUsageSlowsReadingBeforeSending(t *testing.T) {
	for _, c := range []struct {
		header, value  string
		reads, sends   bool
		atLeast, below time.Duration
	}{
		{"X-App-Usage", `{"call_count":74,"total_time":1,"total_cputime":2}`, true, true, 0, 0},
		{"X-App-Usage", `{"call_count":76}`, false, true, 50 * time.Second, 2 * time.Minute},
		{"X-Business-Use-Case-Usage", `{"17":[{"type":"pages","call_count":1,"total_cputime":93}]}`, false, true, 4 * time.Minute, 6 * time.Minute},
		{"X-Business-Use-Case-Usage", `{"17":[{"call_count":100,"estimated_time_to_regain_access":9}]}`, false, false, 8 * time.Minute, 10 * time.Minute},
		{"X-Business-Use-Case-Usage", `{"17":[{"call_count":100,"estimated_time_to_regain_access":1e300}]}`, false, false, 23 * time.Hour, 25 * time.Hour},
		{"X-Business-Use-Case-Usage", `not JSON`, true, true, 0, 0},
		{"X-Page-Usage", `{"call_count":91,"total_cputime":0,"total_time":0}`, false, true, 4 * time.Minute, 6 * time.Minute},
	} {
		t.Run(c.value, func(t *testing.T) {
			var calls atomic.Int32
			client, _ := platform(t, graph.Options{}, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.Header().Set(c.header, c.value)
				_, _ = io.WriteString(w, `{"id":"1"}`)
			})
			if e := get(t, client); e != nil {
				t.Fatal(e)
			}
			e := get(t, client)
			if (e == nil) != c.reads || e != nil && (e.Kind != connectors.RateLimited || e.RetryAfter < c.atLeast || e.RetryAfter > c.below) {
				t.Errorf("reading again: %+v", e)
			}
			e = post(t, client)
			if (e == nil) != c.sends || e != nil && e.Kind != connectors.RateLimited {
				t.Errorf("sending: %+v", e)
			}
			want := int32(1)
			for _, went := range []bool{c.reads, c.sends} {
				if went {
					want++
				}
			}
			if calls.Load() != want {
				t.Errorf("%d calls went out, want %d", calls.Load(), want)
			}
		})
	}
}

// TestAnAnswerThatComesLateShortensNoRest holds back the answer to the first of
// two calls until the second one has brought an hour's rest.
func TestAnAnswerThatComesLateShortensNoRest(t *testing.T) {
	arrived, goOn := make(chan struct{}), make(chan struct{})
	client, _ := platform(t, graph.Options{}, func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("fields") == "late" {
			close(arrived)
			<-goOn
			w.Header().Set("X-App-Usage", `{"call_count":80}`)
		} else {
			w.Header().Set("X-App-Usage", `{"call_count":100,"estimated_time_to_regain_access":60}`)
		}
		_, _ = io.WriteString(w, `{"id":"1"}`)
	})
	var calls sync.WaitGroup
	calls.Go(func() {
		if _, err := client.Get(t.Context(), "1", graph.Params{"fields": "late"}, &page{}); err != nil {
			t.Error(err)
		}
	})
	<-arrived
	if e := get(t, client); e != nil {
		t.Error(e)
	}
	close(goOn)
	calls.Wait()
	if e := get(t, client); e == nil || e.RetryAfter < 50*time.Minute {
		t.Errorf("after an hour's rest was asked for: %+v", e)
	}
}

func TestASilentServerAndAnAbsentOne(t *testing.T) {
	var writes atomic.Int32
	done := make(chan struct{})
	var expire func() // what the next request finds
	silence := func(_ http.ResponseWriter, r *http.Request) {
		writes.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		expire()
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}
	silent, _ := platform(t, graph.Options{}, silence)
	defer close(done)
	ctx, over := connectortest.Expiring(t.Context())
	expire = over
	_, err := silent.Get(ctx, "1234", nil, &page{})
	if e := asError(t, err); e == nil || e.Kind != connectors.Temporary {
		t.Errorf("reading: %v", e)
	}
	ctx, over = connectortest.Expiring(t.Context())
	expire = over
	_, err = silent.Post(ctx, "1234/comments", graph.Params{"message": "dag"}, &page{})
	if e := asError(t, err); e == nil || e.Kind != connectors.Unknown {
		t.Errorf("sending: %v", e)
	}
	if writes.Load() != 2 {
		t.Errorf("%d requests for two calls", writes.Load())
	}
	// How far a hasty call gets is not certain; that it ends is.
	expire = func() {}
	hasty, _ := platform(t, graph.Options{Timeout: 100 * time.Millisecond}, silence)
	if e := get(t, hasty); e == nil || e.Kind != connectors.Temporary {
		t.Errorf("reading in haste: %v", e)
	}
	if e := post(t, hasty); e == nil || !errors.Is(e, context.DeadlineExceeded) {
		t.Errorf("sending in haste: %v", e)
	}
	addr, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	absent, err := graph.New(graph.Options{BaseURL: "http://" + addr, Version: "v26.0", Token: token, AppSecret: secret})
	if err != nil {
		t.Fatal(err)
	}
	if e := post(t, absent); e == nil || e.Kind != connectors.Temporary || e.Remedy == "" {
		t.Errorf("sending to nobody: %v", e)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = silent.Post(ctx, "1/comments", nil, &struct{}{})
	if e := asError(t, err); e == nil || e.Kind != connectors.Temporary {
		t.Errorf("a cancelled sending: %v", e)
	}
}

func TestAConnectionThatIsCutIsWrittenOnce(t *testing.T) {
	var writes atomic.Int32
	cut, _ := platform(t, graph.Options{}, func(w http.ResponseWriter, r *http.Request) {
		writes.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	})
	for range 3 {
		if e := post(t, cut); e == nil || e.Kind != connectors.Unknown {
			t.Errorf("%v", e)
		}
	}
	if writes.Load() != 3 {
		t.Errorf("%d requests for three calls", writes.Load())
	}
}

func TestIDsCannotChangeTheAddress(t *testing.T) {
	c, _ := platform(t, graph.Options{}, func(http.ResponseWriter, *http.Request) { t.Error("a call went out") })
	for _, path := range []string{"", "..", "1/../2", "1?fields=x", "//x.test/1", "1/comments/2", "a b", "1%2f2", "./1", ".", "1/.x", "-1", "$1/2", url.PathEscape("é")} {
		if _, err := c.Get(t.Context(), path, nil, &struct{}{}); connectors.KindOf(err) != connectors.Rejected {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []graph.Options{
		{BaseURL: "graph.facebook.com", Version: "v26.0"}, {BaseURL: "https://u:p@x.test", Version: "v26.0"},
		{BaseURL: "https://x.test", Version: "26"}, {BaseURL: "https://x.test", Version: "v26.0/../x"},
	} {
		if _, err := graph.New(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

func TestASendingIsWrittenOnceOnAConnectionOfItsOwn(t *testing.T) {
	var writes, kept atomic.Int32
	c, _ := platform(t, graph.Options{}, func(w http.ResponseWriter, r *http.Request) {
		writes.Add(1)
		if !r.Close {
			kept.Add(1)
		}
		http.Redirect(w, r, r.URL.RequestURI()+"?again", http.StatusTemporaryRedirect)
	})
	if e := post(t, c); e == nil || e.Kind != connectors.Unknown {
		t.Errorf("a sending that is redirected within the host: %v", e)
	}
	if writes.Load() != 1 || kept.Load() != 0 {
		t.Errorf("%d requests went out, %d on connections that are used again", writes.Load(), kept.Load())
	}
}

func TestAnEndlessAnswerIsCutOff(t *testing.T) {
	c, _ := platform(t, graph.Options{MaxBody: 1 << 20, Timeout: time.Minute}, func(w http.ResponseWriter, _ *http.Request) {
		for some := []byte(strings.Repeat("a", 64<<10)); ; {
			if _, err := w.Write(some); err != nil {
				return
			}
		}
	})
	if e := get(t, c); e == nil || e.Kind != connectors.Garbage {
		t.Errorf("%v", e)
	}
}
