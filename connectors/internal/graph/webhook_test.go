package graph_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

const verify = "verify-token-of-ours-31aa"

var hook = graph.Hook{VerifyToken: verify, AppSecret: secret}

func sign(key, body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func deliver(t testing.TB, h graph.Hook, body, object string, signatures ...string) ([]graph.Entry, error) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/page", strings.NewReader(body))
	for _, s := range signatures {
		r.Header.Add("X-Hub-Signature-256", s)
	}
	return h.Open(r, []byte(body), object)
}

func TestVerification(t *testing.T) {
	ask := func(h graph.Hook, query string) (connectors.WebhookAnswer, error) {
		return h.Challenge(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/hooks/page?"+query, nil))
	}
	right := "hub.mode=subscribe&hub.verify_token=" + verify + "&hub.challenge=1158201444"
	answer, err := ask(hook, right)
	if err != nil || string(answer.Body) != "1158201444" || answer.Status != 200 || !strings.HasPrefix(answer.Type, "text/plain") {
		t.Errorf("%+v, %v", answer, err)
	}
	for _, c := range []struct {
		query string
		kind  connectors.ErrorKind
	}{
		{"", connectors.BadAuth},
		{strings.Replace(right, "subscribe", "unsubscribe", 1), connectors.BadAuth},
		{strings.Replace(right, "1158201444", url.QueryEscape("<script>"), 1), connectors.BadAuth},
		{strings.Replace(right, "1158201444", strings.Repeat("1", 300), 1), connectors.BadAuth},
		{strings.Replace(right, verify, "guessed", 1), connectors.BadAuth},
		{strings.Replace(right, verify, "", 1), connectors.BadAuth},
		{right + "&hub.verify_token=" + verify, connectors.BadAuth},
	} {
		answer, err := ask(hook, c.query)
		if e := asError(t, err); e == nil || e.Kind != c.kind || e.Remedy == "" || len(answer.Body) > 0 {
			t.Errorf("%q: %+v, %v", c.query, answer, e)
		}
	}
	for _, h := range []graph.Hook{{}, {VerifyToken: verify}, {AppSecret: secret}} {
		if _, err := ask(h, "hub.mode=subscribe&hub.verify_token=&hub.challenge=1"); connectors.KindOf(err) != connectors.NotAllowed {
			t.Errorf("without settings: %v", err)
		}
	}
}

func TestOnlyWhatMetaSignedIsRead(t *testing.T) {
	const body = `{"object":"page","entry":[{"id":"1","time":1520383571,"changes":[{"field":"feed","value":{}}]}]}`
	good := sign(secret, body)
	if got, err := deliver(t, hook, body, "page", good); err != nil || len(got) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := deliver(t, hook, body, "page", "sha256="+strings.ToUpper(good[7:])); err != nil {
		t.Errorf("in capitals: %v", err)
	}
	for name, signatures := range map[string][]string{
		"none": nil, "empty": {""}, "of another app": {sign("another", body)}, "of another body": {sign(secret, body+" ")},
		"without its name": {good[7:]}, "of SHA-1": {"sha1=" + good[7:47]}, "half": {good[:40]}, "no hex": {"sha256=" + strings.Repeat("z", 64)},
		"two": {good, good},
	} {
		if _, err := deliver(t, hook, body, "page", signatures...); connectors.KindOf(err) != connectors.BadAuth {
			t.Errorf("a signature: %s: %v", name, err)
		}
	}
	if _, err := deliver(t, graph.Hook{VerifyToken: verify}, body, "page", sign("", body)); connectors.KindOf(err) != connectors.NotAllowed {
		t.Errorf("without app_secret: %v", err)
	}
}

func TestBothShapesArriveAlike(t *testing.T) {
	for _, file := range []string{"instagram-comment-flat", "instagram-comment-changes"} {
		got, err := deliverFile(t, file, "instagram")
		if err != nil || len(got) != 1 || got[0].ID == "" || len(got[0].Changes) != 1 || got[0].Changes[0].Field != "comments" || len(got[0].Changes[0].Value) == 0 {
			t.Errorf("%s: %+v, %v", file, got, err)
		}
	}
	got, err := deliverFile(t, "page-message", "page")
	if err != nil || len(got) != 1 || len(got[0].Messaging) != 1 || !got[0].Time.Equal(time.UnixMilli(1648581633369)) {
		t.Errorf("%+v, %v", got, err)
	}
}

func deliverFile(t *testing.T, name, object string) ([]graph.Entry, error) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "webhooks", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return deliver(t, hook, string(body), object, sign(secret, string(body)))
}

func TestDeliveriesAreBounded(t *testing.T) {
	updates := func(n int) string {
		return `{"object":"page","entry":[{"id":1,"changes":[` + strings.TrimSuffix(strings.Repeat(`{"field":"feed","value":{}},`, n), ",") + `]}]}`
	}
	if got, err := deliver(t, hook, updates(1000), "page", sign(secret, updates(1000))); err != nil || len(got[0].Changes) != 1000 {
		t.Errorf("a full batch: %v", err)
	}
	entries := `{"object":"page","entry":[` + strings.TrimSuffix(strings.Repeat(`{},`, 1001), ",") + `]}`
	for name, body := range map[string]string{
		"too many updates": updates(1001), "too many entries": entries, "deep": strings.Repeat("[", 100000), "another object": `{"object":"user","entry":[]}`,
		"a list": `[]`, "nothing": ``, "half": `{"object":"page","entry":[{"id":"1"`, "HTML": `<html>klant`, "null": `null`,
		"valid and deep":   `{"object":"page","entry":[{"id":"1","changes":[{"field":"feed","value":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `}]}]}`,
		"entry is no list": `{"object":"page","entry":{}}`, "two": `{"object":"page","entry":[]}{"object":"page"}`,
	} {
		_, err := deliver(t, hook, body, "page", sign(secret, body))
		if e := asError(t, err); e == nil || e.Kind != connectors.Garbage || e.Remedy == "" {
			t.Errorf("%s: %v", name, e)
		}
	}
	quoted := `{"object":"page","entry":[{"id":"1","changes":[{"field":"feed","value":"` + strings.Repeat(`[\"{`, 100) + `"}]}]}`
	if _, err := deliver(t, hook, quoted, "page", sign(secret, quoted)); err != nil {
		t.Errorf("brackets within a text: %v", err)
	}
}

func TestIDsAndTimesInEveryForm(t *testing.T) {
	for body, want := range map[string]graph.ID{
		`"9007199254740993123"`: "9007199254740993123", `9007199254740993123`: "9007199254740993123", `"1_2"`: "1_2",
		`1e3`: "", `-5`: "", `1.5`: "", `null`: "", `{}`: "", `[1]`: "", `true`: "",
	} {
		got := graph.ID("before")
		if err := json.Unmarshal([]byte(body), &got); err != nil || got != want {
			t.Errorf("id %s is %q, %v", body, got, err)
		}
	}
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for _, body := range []string{
		fmt.Sprint(at.Unix()), fmt.Sprint(at.UnixMilli()), fmt.Sprintf("%q", fmt.Sprint(at.UnixMilli())),
		`"2026-11-23T08:00:00+0000"`, `"2026-11-23T09:00:00+01:00"`, `"2026-11-23T08:00:00Z"`,
	} {
		var got graph.Instant
		if err := json.Unmarshal([]byte(body), &got); err != nil || !got.Equal(at) {
			t.Errorf("time %s is %v, %v", body, got, err)
		}
	}
	for _, body := range []string{`0`, `1`, `-1`, `9223372036854775807`, `1e300`, `"x"`, `null`, `{}`, `""`} {
		got := graph.Instant{Time: at}
		if err := json.Unmarshal([]byte(body), &got); err != nil || !got.IsZero() {
			t.Errorf("time %s is %v, %v", body, got, err)
		}
	}
}

// FuzzDelivery opens signed deliveries of a Meta gone mad: no panic, nothing
// beyond the bounds, nothing without a signature.
func FuzzDelivery(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "webhooks", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, "instagram")
		f.Add(body, "page")
	}
	f.Add([]byte(`{"object":"page","entry":[{"id":9007199254740993,"time":"1","field":"x","changes":null,"messaging":[null]}]}`), "page")
	f.Fuzz(func(t *testing.T, body []byte, object string) {
		got, err := deliver(t, hook, string(body), object, sign(secret, string(body)))
		if err != nil && connectors.KindOf(err) != connectors.Garbage {
			t.Errorf("%v", err)
		}
		updates := 0
		for _, e := range got {
			updates += len(e.Changes) + len(e.Messaging)
		}
		if updates > 1000 {
			t.Errorf("%d updates", updates)
		}
		if _, err := deliver(t, hook, string(body), object, sign("another", string(body))); connectors.KindOf(err) != connectors.BadAuth {
			t.Errorf("an unsigned delivery: %v", err)
		}
	})
}
