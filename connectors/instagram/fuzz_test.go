package instagram

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
)

// holds fails the test where an item could not be kept.
func holds(t *testing.T, in inbox.Inbound) {
	t.Helper()
	if in.ExternalID == "" || !in.Deleted && (in.Author.ExternalID == "" || in.PostedAt.IsZero()) || in.Visibility != inbox.Public && in.Visibility != inbox.Private {
		t.Errorf("%+v", in)
	}
	for _, f := range in.Route {
		if _, err := time.Parse(time.RFC3339, f.Value); !nodePattern.MatchString(f.Value) && err != nil {
			t.Errorf("the route goes to %q", f.Value)
		}
	}
}

// FuzzComment decodes comments of a hostile server.
func FuzzComment(f *testing.F) {
	for _, seed := range []string{
		`{"id":"17900000000000001","text":"dag","timestamp":"2026-11-23T08:00:00+0000","from":{"id":"9007199254740993","username":"eva"},"parent_id":"17900000000000000"}`,
		`{"id":17900000000000001,"timestamp":1763884800,"from":null,"username":"e.v_a","hidden":true,"media":{"id":"1","permalink":"https://x.test/"}}`,
		`{"id":"1","timestamp":"2026-11-23T08:00:00Z","replies":{"data":[{"id":"2","timestamp":"x"}],"paging":{"next":"https://x.test/"}}}`,
		`{"id":"../1","timestamp":5}`, `null`, `{"from":{"id":{}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var n comment
		if json.Unmarshal(body, &n) != nil || !n.whole() {
			return
		}
		for _, each := range append(n.Replies.Data, n) {
			holds(t, each.inbound())
		}
	})
}

// FuzzPost decodes posts of a hostile server.
func FuzzPost(f *testing.F) {
	for _, seed := range []string{
		`{"id":"17900000000000001","caption":"kijk noordlicht","timestamp":"2026-11-23T08:00:00+0000","username":"eva","permalink":"https://x.test/","comments_count":5}`,
		`{"id":1,"timestamp":1,"comments_count":-9223372036854775808}`, `{"id":"1","timestamp":"2026-11-23T08:00:00+0000","caption":"noordlichtnoordlicht.noordlicht"}`, `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var p post
		if json.Unmarshal(body, &p) != nil || !p.whole() {
			return
		}
		holds(t, p.inbound(overFacebook, "noordlicht", false))
		w := walk{Began: time.Now().Unix()}
		for range 2 {
			w.look(&p)
		}
		if len(w.Tasks)+len(w.Known) == 0 {
			t.Errorf("%+v is neither read nor known", p)
		}
	})
}

// FuzzMessage decodes messages of a hostile server.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`{"id":"aWdfZAG1faXRlbTox","created_time":"2026-11-23T08:00:00+0000","from":{"id":"9007199254740993","username":"eva"},"message":"dag","attachments":{"data":[{"image_data":{"url":"https://x.test/"}}]}}`,
		`{"id":"a-b=","created_time":1763884800000,"from":{}}`, `{"id":"a/b","created_time":1}`, `null`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var m message
		if json.Unmarshal(body, &m) != nil || !m.whole() {
			return
		}
		holds(t, m.inbound())
	})
}

// FuzzDelivery takes the values of changes and messages, signed by whoever
// holds the secret, while nothing can be looked up.
func FuzzDelivery(f *testing.F) {
	files, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var d struct {
			Entry []struct {
				Field   string
				Value   json.RawMessage
				Changes []struct {
					Field string
					Value json.RawMessage
				}
			}
		}
		if err := json.Unmarshal(body, &d); err != nil {
			f.Fatal(file, err)
		}
		for _, e := range d.Entry {
			for _, c := range e.Changes {
				f.Add(c.Field, []byte(c.Value))
			}
			f.Add(e.Field, []byte(e.Value))
		}
	}
	for _, seed := range []string{
		`{"id":"17900000000000001","text":"dag","from":{"id":"9","username":"eva"},"media":{"id":17900000000000000},"parent_id":"x"}`,
		`{"sender":{"id":"9"},"timestamp":1763884800000,"message":{"mid":"aWdf","text":"dag","attachments":[{"type":"image"}]}}`,
		`{"message":{"mid":"aWdf","is_deleted":true}}`, `{"sender":5,"message":{"mid":"aWdf","is_echo":true}}`, `null`,
	} {
		for _, field := range []string{"comments", "live_comments", "mentions", "messages"} {
			f.Add(field, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, field string, value []byte) {
		c := &Connector{s: Settings{UserID: ourID, Login: overInstagram, Messages: true}, ours: graph.NewMemory[string]()}
		d := delivery{c: c, left: 0, awaited: graph.NewMemory[connectors.Page]()}
		d.change(t.Context(), graph.Change{Field: field, Value: value}, time.Time{})
		d.mention(t.Context(), value)
		for _, m := range d.page.Mentions {
			holds(t, m)
		}
	})
}

// FuzzCursor reads cursors that are not ours: never a panic, never a place
// that is not on a walk.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{
		`{"since":1}`, `{}`, `{"since":5,"stage":3,"tasks":[{"k":"c","i":"1","s":1}]}`, `{"stage":3}`, `{"tasks":[{"k":"x","i":"../1"}]}`, `-1`, "\xff",
		`{"known":[{"i":"1","c":1,"r":9223372036854775807}],"began":-9223372036854775808}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := (&Connector{s: Settings{Login: overFacebook, Messages: true}}).walkOf(inbox.Cursor(b))
		if err != nil {
			return
		}
		if w.done() {
			t.Errorf("%+v", w)
		}
		for _, task := range w.Tasks {
			if !nodePattern.MatchString(task.ID) {
				t.Errorf("a task at %q", task.ID)
			}
		}
		w.home()
	})
}
