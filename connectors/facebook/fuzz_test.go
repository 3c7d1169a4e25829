package facebook

import (
	"encoding/json"
	"testing"

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
