package facebook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/facebook/replay/platform"
	"standpunt/inbox"
)

// FuzzNode decodes posts and comments of a hostile server.
func FuzzNode(f *testing.F) {
	for _, seed := range []string{
		`{"id":"1_2","message":"dag","created_time":"2026-11-23T08:00:00+0000","from":{"id":"7","name":"Eva"},"parent":{"id":"1_1"}}`,
		`{"id":"9007199254740993_1","created_time":"2026-11-23T08:00:00Z","from":null,"attachment":{"url":"https://x.test/"}}`,
		`{"created_time":5}`, `null`, `{"id":"../1","created_time":"x"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var n node
		if json.Unmarshal(body, &n) != nil || !n.whole() {
			return
		}
		in := n.inbound("1_1")
		if in.ExternalID == "" || in.Author.ExternalID == "" || in.PostedAt.IsZero() || in.Text != n.Message {
			t.Errorf("%+v", in)
		}
	})
}

// FuzzCursor reads cursors that are not ours: never a panic, never a place
// that is not on a walk.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{`{"since":1}`, `{}`, `{"since":5,"edge":3,"posts":["1_2"]}`, `{"edge":3}`, `-1`, "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := new(Connector).walkOf(inbox.Cursor(b))
		if err == nil && (w.Edge < 0 || w.Edge > len(new(Connector).edges())) {
			t.Errorf("%+v", w)
		}
	})
}

// FuzzDelivery takes signed deliveries of a Facebook gone mad, which refuses
// every call: no panic, and nothing that the inbox could not keep.
func FuzzDelivery(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "internal", "graph", "testdata", "webhooks", "page-*.json"))
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	for _, value := range []string{`{"item":"status","verb":"edited","post_id":"1_2"}`, `{"comment_id":9007199254740993,"post_id":"1_2","verb":"add","sender_id":7}`} {
		f.Add(fmt.Appendf(nil, `{"object":"page","entry":[{"id":"1","changes":[{"field":"mention","value":%s}]}]}`, value))
	}
	f.Add([]byte(`{"object":"page","entry":[{"id":"1","messaging":[{"sender":{"id":7},"recipient":{"id":1},"message_edit":{"mid":"m_1","text":"x"}},{"sender":{"id":7},"recipient":{"id":1},"postback":{"title":"x"}}]}]}`))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":{"code":10}}`))
	}))
	f.Cleanup(server.Close)
	made, err := New(connectors.Account{Settings: config.NewSettings(map[string]any{
		"base_url": server.URL, "page_id": "1", "access_token": "t", "app_secret": "s", "verify_token": "0123456789abcdef", "messenger": true,
	})})
	if err != nil {
		f.Fatal(err)
	}
	c, ok := made.(*Pushed)
	if !ok {
		f.Fatal("it takes no deliveries")
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		body = []byte(strings.ReplaceAll(strings.ReplaceAll(string(body), "100000000000001", "1"), "117172741761305", "1"))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/page", http.NoBody)
		r.Header.Set("X-Hub-Signature-256", platform.Sign("s", body))
		answer, err := c.Receive(t.Context(), r, body)
		if err != nil && connectors.KindOf(err) != connectors.Garbage {
			t.Error(err)
		}
		for _, m := range answer.Page.Mentions {
			if m.ExternalID == "" || !m.Deleted && (m.Author.ExternalID == "" || m.PostedAt.IsZero() || m.Visibility == "" || m.Thread == "") {
				t.Errorf("%+v", m)
			}
		}
		for _, own := range answer.Page.Own {
			if own.ExternalID == "" || own.PostedAt.IsZero() {
				t.Errorf("%+v", own)
			}
		}
	})
}

// FuzzLetter decodes messages of a hostile server.
func FuzzLetter(f *testing.F) {
	for _, seed := range []string{
		`{"id":"m_1-a","message":"dag","created_time":"2026-11-23T08:00:00+0000","from":{"id":"7","name":"Eva"},"to":{"data":[{"id":"1"}]}}`,
		`{"id":"m_1","created_time":"2026-11-23T08:00:00+0000","from":{"id":"1"},"to":{"data":[{"id":"7"}]},"attachments":{"data":[{"mime_type":"image/png"},{}]},"sticker":"https://x.test"}`,
		`{"id":"../1","created_time":5}`, `null`, `{"from":null,"to":{"data":null}}`,
	} {
		f.Add([]byte(seed))
	}
	c := &Connector{s: Settings{PageID: "1"}}
	f.Fuzz(func(t *testing.T, body []byte) {
		var w written
		if json.Unmarshal(body, &w) != nil {
			return
		}
		l, ok := w.letter("1")
		if !ok {
			return
		}
		in := c.inboundLetter(l)
		if in.ExternalID == "" || in.Author.ExternalID == "" || in.PostedAt.IsZero() || len(in.Route) != 2 || in.Visibility != inbox.Private {
			t.Errorf("%+v", in)
		}
	})
}
