package push_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/push"
	"standpunt/inbox"
	"standpunt/internal/fault"
)

const (
	secret      = "4f1c0a7e9d2b4f1c0a7e9d2b"
	wrongSecret = "wrong-wrong-wrong-wrong-1"
)

// program is what stands behind an account of kind push: it delivers what
// customers say, posts what it is handed, and tells what it posted.
type program struct {
	*connectortest.Proxy
	settings map[string]any // beside the URLs

	mu      sync.Mutex
	posts   map[string]string // by external id
	answers []push.Outgoing
}

func newProgram(t *testing.T, publishes, finds bool) *program {
	p := &program{posts: map[string]string{}, settings: map[string]any{"handle": "@brand"}}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	p.Proxy = connectortest.NewProxy(t, s.URL)
	if publishes {
		p.settings["publish_url"] = p.URL + "/answers"
	}
	if finds {
		p.settings["find_url"] = p.URL + "/standing"
	}
	return p
}

func (p *program) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	payload := body
	if r.Method == http.MethodGet {
		payload = []byte(r.URL.RawQuery)
	}
	signature := r.Header.Get(push.SignatureHeader)
	seconds, _ := strconv.ParseInt(strings.TrimPrefix(strings.Split(signature, ",")[0], "t="), 10, 64)
	at := time.Unix(seconds, 0)
	if err != nil || time.Since(at).Abs() > time.Minute || signature != push.Sign(secret, at, payload) {
		http.Error(w, "the signature is wrong", http.StatusUnauthorized)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	answer := map[string]string{"outcome": "absent"}
	key := r.URL.Query().Get("key")
	if r.Method == http.MethodPost {
		var out push.Outgoing
		if json.Unmarshal(body, &out) != nil || out.Key != r.Header.Get("Idempotency-Key") || out.Account != "conformance" {
			http.Error(w, "no answer", http.StatusBadRequest)
			return
		}
		p.answers, key = append(p.answers, out), out.Key
	}
	for i, a := range p.answers {
		if a.Key == key {
			id := fmt.Sprintf("answer-%d", i+1)
			answer = map[string]string{"outcome": "found", "external_id": id, "url": "https://forum.test/" + id, "text": a.Text}
		}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (p *program) connect(t testing.TB, a connectors.Account, secret string) connectors.Connector {
	settings := map[string]any{}
	for key, value := range p.settings {
		settings[key] = value
	}
	if p.settings["publish_url"] != nil {
		settings["secret"] = secret
	}
	a.Settings = config.NewSettings(settings)
	c, err := push.New(a)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (p *program) Connect(t testing.TB, a connectors.Account) connectors.Connector {
	return p.connect(t, a, secret)
}

func (p *program) ConnectBadly(t testing.TB, a connectors.Account) connectors.Connector {
	return p.connect(t, a, wrongSecret)
}

func (p *program) Secrets() []string { return []string{secret, wrongSecret} }

func (p *program) Post(_ testing.TB, text string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := fmt.Sprintf("post-%d", len(p.posts)+1)
	p.posts[id] = text
	return id
}

func (p *program) Delivery(t testing.TB, id string) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	body, err := json.Marshal(map[string]any{"mentions": []any{map[string]any{
		"external_id": id, "author": map[string]any{"external_id": "eva"}, "visibility": "public",
		"text": p.posts[id], "posted_at": time.Now().Format(time.RFC3339Nano),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func (p *program) Answers(_ testing.TB, id string) (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.answers {
		if a.InReplyTo == id {
			texts = append(texts, a.Text)
		}
	}
	return texts
}

func TestConformance(t *testing.T) {
	for _, c := range []struct {
		name             string
		publishes, finds bool
	}{
		{"receives", false, false},
		{"receives and publishes", true, false},
		{"receives, publishes and reads back", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			connectortest.Run(t, func(t *testing.T) connectortest.Remote { return newProgram(t, c.publishes, c.finds) })
		})
	}
}

func TestCapabilitiesAreWhatTheSettingsGive(t *testing.T) {
	for _, c := range []struct {
		settings         map[string]any
		publishes, finds bool
	}{
		{nil, false, false},
		{map[string]any{"publish_url": "http://127.0.0.1:1", "secret": secret}, true, false},
		{map[string]any{"publish_url": "http://127.0.0.1:1", "find_url": "http://127.0.0.1:1", "secret": secret}, true, true},
	} {
		made, err := push.New(connectors.Account{Name: "forum", Settings: config.NewSettings(c.settings)})
		if err != nil {
			t.Fatal(err)
		}
		_, publishes := made.(connectors.Publisher)
		_, finds := made.(connectors.Finder)
		if publishes != c.publishes || finds != c.finds {
			t.Errorf("settings %v: publishes %v, finds %v", c.settings, publishes, finds)
		}
		items, err := made.(connectors.Acceptor).Accept(t.Context(), []byte(valid))
		if err != nil || (items[0].Unanswerable == "") != c.publishes {
			t.Errorf("settings %v: unanswerable %q, %v", c.settings, items[0].Unanswerable, err)
		}
	}
}

func TestSettingsFaultsComeAtOnce(t *testing.T) {
	_, err := push.New(connectors.Account{Settings: config.NewSettings(map[string]any{
		"publish_url": "http://127.0.0.1:1", "find_ul": "http://127.0.0.1:1", "remote_id": "a\x00b",
	})})
	if err == nil {
		t.Fatal("taken")
	}
	for _, part := range []string{"find_ul", "find_url", "settings.secret", "settings.remote_id"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
	_, err = push.New(connectors.Account{Settings: config.NewSettings(map[string]any{"find_url": "http://127.0.0.1:1", "secret": "short-secret"})})
	if err == nil || !strings.Contains(err.Error(), "16 characters") || !strings.Contains(err.Error(), "without publish_url") || strings.Contains(err.Error(), "short-secret") {
		t.Errorf("got %v", err)
	}
}

const valid = `{"mentions": [{"external_id": "1", "author": {"external_id": "eva", "handle": "@eva"}, "kind": "review", "visibility": "public",
	"text": "Prima 👍🏽", "language": "nl", "url": "https://forum.test/1", "posted_at": "2026-03-01T14:05:00+01:00",
	"attachments": [{"name": "foto.jpg", "media_type": "image/jpeg", "size": 12, "url": "https://forum.test/foto.jpg", "alt_text": "een doos"}]}]}`

func accept(t *testing.T, body string) ([]inbox.Inbound, error) {
	t.Helper()
	c, err := push.New(connectors.Account{Name: "forum"})
	if err != nil {
		t.Fatal(err)
	}
	return c.(connectors.Acceptor).Accept(t.Context(), []byte(body))
}

func TestDeliveryIsTakenWhole(t *testing.T) {
	items, err := accept(t, valid)
	if err != nil {
		t.Fatal(err)
	}
	m := items[0]
	if m.ExternalID != "1" || m.Author.Handle != "@eva" || m.Kind != "review" || m.Text != "Prima 👍🏽" || m.Language != "nl" ||
		m.PostedAt.Format(time.RFC3339) != "2026-03-01T13:05:00Z" || len(m.Attachments) != 1 || m.Attachments[0].AltText != "een doos" {
		t.Errorf("got %+v", m)
	}
	items, err = accept(t, `{"mentions": [{"external_id": "1", "author": {"external_id": "eva"}, "deleted": true}]}`)
	if err != nil || !items[0].Deleted || items[0].Kind != "post" {
		t.Errorf("a deletion: %+v, %v", items, err)
	}
}

// Each fault names its place and says what to do.
func TestDeliveryFaults(t *testing.T) {
	change := func(old, replacement string) string {
		if !strings.Contains(valid, old) {
			t.Fatalf("%s is not in the valid delivery", old)
		}
		return strings.Replace(valid, old, replacement, 1)
	}
	future := time.Now().Add(48 * time.Hour).Format(time.RFC3339)
	for _, c := range []struct {
		name, body string
		code       fault.Code
		field      string
	}{
		{"nothing", ``, fault.MalformedJSON, ""},
		{"half", valid[:40], fault.MalformedJSON, "mentions[0]"},
		{"two values", valid + valid, fault.MalformedJSON, ""},
		{"a name twice", change(`"kind": "review"`, `"text": "a"`), fault.MalformedJSON, "mentions[0].text"},
		{"not UTF-8", change(`Prima`, "\xff\xfe"), fault.MalformedJSON, "mentions[0].text"},
		{"a list", `[]`, fault.InvalidInput, ""},
		{"no mentions", `{}`, fault.InvalidInput, "mentions"},
		{"too many mentions", `{"mentions": [` + strings.Repeat(`{},`, 500) + `{}]}`, fault.InvalidInput, "mentions"},
		{"an unknown field", change(`"handle"`, `"handel"`), fault.InvalidInput, "mentions[0].author.handel"},
		{"another case", change(`"external_id": "1"`, `"External_ID": "1"`), fault.InvalidInput, "mentions[0].External_ID"},
		{"a number as id", change(`"external_id": "1"`, `"external_id": 1`), fault.InvalidInput, "mentions[0].external_id"},
		{"no id", change(`"external_id": "1", `, ``), fault.InvalidInput, "mentions[0].external_id"},
		{"no author", change(`"external_id": "eva", `, ``), fault.InvalidInput, "mentions[0].author.external_id"},
		{"a control character", change(`"external_id": "eva"`, `"external_id": "e\u0000va"`), fault.InvalidInput, "mentions[0].author.external_id"},
		{"an unknown kind", change(`review`, `revue`), fault.InvalidInput, "mentions[0].kind"},
		{"no visibility", change(`"visibility": "public",`, ``), fault.InvalidInput, "mentions[0].visibility"},
		{"a foreign visibility", change(`"public"`, `"Public"`), fault.InvalidInput, "mentions[0].visibility"},
		{"a foreign language", change(`"nl"`, `"Nederlands!"`), fault.InvalidInput, "mentions[0].language"},
		{"a script as address", change(`"https://forum.test/1"`, `"javascript:alert(1)"`), fault.InvalidInput, "mentions[0].url"},
		{"a time that is none", change(`2026-03-01T14:05:00+01:00`, `yesterday`), fault.InvalidInput, "mentions[0].posted_at"},
		{"a time in the future", change(`2026-03-01T14:05:00+01:00`, future), fault.InvalidInput, "mentions[0].posted_at"},
		{"edited before it was posted", change(`"kind": "review"`, `"edited_at": "2026-03-01T12:00:00Z"`), fault.InvalidInput, "mentions[0].edited_at"},
		{"a text that is too long", change(`Prima`, strings.Repeat("a", 1<<16)), fault.InvalidInput, "mentions[0].text"},
		{"an attachment's size", change(`"size": 12`, `"size": -1`), fault.InvalidInput, "mentions[0].attachments[0].size"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := accept(t, c.body)
			var f *fault.Fault
			if !asFault(err, &f) {
				t.Fatalf("got %v", err)
			}
			if f.Code != c.code || f.Field != c.field || f.Remedy == "" {
				t.Errorf("got %s at %q, remedy %q; want %s at %q and a remedy", f.Code, f.Field, f.Remedy, c.code, c.field)
			}
			if strings.Contains(err.Error(), "Prima") {
				t.Errorf("the fault quotes the customer: %v", err)
			}
		})
	}
}

func asFault(err error, f **fault.Fault) bool {
	found, ok := err.(*fault.Fault) //nolint:errorlint // the contract says exactly this type
	*f = found
	return ok
}

func TestOneFaultRefusesTheWholeDeliveryAndNamesAll(t *testing.T) {
	body := `{"mentions": [
		{"external_id": "1", "author": {"external_id": "eva"}, "visibility": "public", "text": "a", "posted_at": "2026-03-01T12:00:00Z"},
		{"external_id": "2", "author": {}, "visibility": "public", "text": "", "posted_at": "2026-03-01T12:00:00Z"}]}`
	items, err := accept(t, body)
	var f *fault.Fault
	if !asFault(err, &f) || len(items) > 0 {
		t.Fatalf("got %v, %v", items, err)
	}
	if f.Field != "mentions[1].author.external_id" || f.Details["mentions[1].text"] == "" {
		t.Errorf("got %+v", f)
	}
}

func FuzzAccept(f *testing.F) {
	f.Add(valid)
	f.Add(`{"mentions": [{"external_id": "1", "author": {"external_id": "eva"}, "deleted": true}]}`)
	f.Add(`{"mentions": null}`)
	f.Fuzz(func(t *testing.T, body string) {
		items, err := accept(t, body)
		if err != nil {
			var known *fault.Fault
			if !asFault(err, &known) {
				t.Fatalf("not a fault: %v", err)
			}
			return
		}
		for _, m := range items {
			if m.ExternalID == "" || m.Author.ExternalID == "" || (m.PostedAt.IsZero() && !m.Deleted) {
				t.Fatalf("taken: %+v", m)
			}
		}
	})
}
