package twitter

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"standpunt/connectors"
	"standpunt/inbox"
)

// The bodies that the decoders are first tried with.
var bodies = []string{
	`{"data":[{"id":"2080765813578191303","text":"@noordlicht hoi &amp; dag https://t.co/a","author_id":"22","created_at":"2026-07-24T21:23:23.000Z","conversation_id":"2080765813578191303","display_text_range":[0,16],"entities":{"mentions":[{"start":0,"end":11,"username":"noordlicht","id":"1"}],"urls":[{"url":"https://t.co/a","expanded_url":"https://x.com/noordlicht/status/5","media_key":"3_1"}]},"edit_history_tweet_ids":["2080765813578191300","2080765813578191303"],"referenced_tweets":[{"type":"quoted","id":"5"},{"type":"replied_to","id":"6"}]}],"includes":{"users":[{"id":"22","username":"jan","name":"Jan"}],"tweets":[{"id":"5","author_id":"1","text":"x"}]},"meta":{"result_count":1,"next_token":"b26"},"errors":[{"title":"Not Found Error","resource_id":"6"}]}`,
	`{"data":[{"id":"9007199254740993","text":"","author":{"id":"22","username":"jan"},"note_post":{"text":"lang","entities":{}},"referenced_posts":[{"type":"reposted","id":"1"}]}],"meta":{"result_count":1}}`,
	`{"data":[],"meta":{"result_count":0}}`,
	`{"data":{"event_uuid":"-68","filter":{"user_id":"1"},"event_type":"post.mention.create","tag":"standpunt:x","payload":{"id":"12","text":"@noordlicht","author_id":"22"},"includes":{"users":[{"data":{"id":"22","username":"jan"}}],"media":[{"media_key":"3_1","alt_text":"een kat"}]}}}`,
	`{"data":{"event_uuid":"-69","filter":{"user_id":"1"},"event_type":"dm.received","payload":{"direct_message_events":[{"type":"message_create","id":"20","created_timestamp":"1784928224372","message_create":{"target":{"recipient_id":"1"},"sender_id":"22","message_data":{"text":"hello!","entities":{"urls":[]}}}}],"users":{"22":{"data":{"id":"22","username":"mia"}}}}}}`,
	`{"data":{"id":"12","text":"hoi","author_id":"1"},"matching_rules":[{"id":"1","tag":"standpunt:x"}]}`,
	`{"data":[{"id":"20","event_type":"MessageCreate","text":"hoi","sender_id":"22","created_at":"2024-01-15T10:30:00.000Z","dm_conversation_id":"1-22","entities":{"urls":[{"url":"https://t.co/a","expanded_url":"http://a.nl"}]}}],"meta":{"result_count":1}}`,
	`{"errors":[{"title":"operational-disconnect","disconnect_type":"UpstreamOperationalDisconnect"}]}`,
	`{"title":"Forbidden","detail":"You are not allowed to create a Tweet with duplicate content.","type":"about:blank","status":403}`,
	`{"errors":[{"code":88,"message":"Rate limit exceeded"}]}`,
	`{"data":null}`, `[]`, `null`, `"`, "", "{\"data\":[{\"id\":\"1\",\"text\":\"\xff\u202e\"}],\"meta\":{\"result_count\":1}}",
}

func fuzzed() *Streaming {
	c := &Streaming{&Connector{account: "x", s: Settings{Handle: "noordlicht"}, people: new(acquaintances), log: slog.New(slog.DiscardHandler)}}
	c.bill = &bill{log: c.log}
	c.s.Activity, c.s.DirectMessages, c.s.Access = true, true, accessSelfServe
	return c
}

// holds checks what holds of every page, whatever X wrote.
func holds(t *testing.T, page *connectors.Page) {
	t.Helper()
	for _, m := range page.Mentions {
		id := strings.TrimPrefix(m.ExternalID, messagePrefix)
		if !isID(id) || m.PostedAt.IsZero() || m.Visibility != inbox.Public && m.Visibility != inbox.Private {
			t.Errorf("%+v", m)
		}
		if (m.Visibility == inbox.Private) != strings.HasPrefix(m.ExternalID, messagePrefix) {
			t.Errorf("the visibility of %+v", m)
		}
		if m.Unanswerable != "" && !strings.HasSuffix(m.Unanswerable, ".") {
			t.Errorf("%q is no sentence", m.Unanswerable)
		}
		if n := utf8.RuneCountInString(m.Quoted); n > mostQuoted+200 {
			t.Errorf("%d characters quoted", n)
		}
	}
	for _, o := range page.Own {
		if !isID(strings.TrimPrefix(o.ExternalID, messagePrefix)) {
			t.Errorf("%+v", o)
		}
		_ = o.Beside("zie example.com")
	}
}

// kinds are those that an error of a decoder may have.
func expected(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	switch kind := connectors.KindOf(err); kind {
	case connectors.Garbage, connectors.Temporary, connectors.RateLimited:
	default:
		t.Errorf("%s: %v", kind, err)
	}
}

func FuzzTimeline(f *testing.F) {
	for _, body := range bodies {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := readTimeline(&connectors.Response{Status: http.StatusOK, Body: body}, "b26-")
		expected(t, err)
		if err != nil {
			return
		}
		var page connectors.Page
		c := fuzzed()
		for i := range got.Data { // nobody is asked for
			c.people.meet(user{ID: got.Data[i].AuthorID})
		}
		if newest, err := c.sort(t.Context(), &got, "1", &page); err != nil || newest == 0 != (len(got.Data) == 0) || len(page.Mentions)+len(page.Own) != len(got.Data) {
			t.Errorf("%d posts, the newest is %d, came %d and %d", len(got.Data), newest, len(page.Mentions), len(page.Own))
		}
		holds(t, &page)
	})
}

func FuzzStreamLine(f *testing.F) {
	for _, body := range bodies {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		b, err := fuzzed().readFiltered(t.Context(), line, "1")
		expected(t, err)
		holds(t, &b.Page)
	})
}

func FuzzActivityEvent(f *testing.F) {
	for _, body := range bodies {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		b, err := fuzzed().readActivity(t.Context(), line, "1")
		expected(t, err)
		if err == nil {
			holds(t, &b.Page)
		}
	})
}

func FuzzMessages(f *testing.F) {
	for _, body := range bodies {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := readMessages(&connectors.Response{Status: http.StatusOK, Body: body}, "")
		expected(t, err)
		if err != nil {
			return
		}
		var page connectors.Page
		for i := range got.Data {
			fuzzed().sortMessage(&got.Data[i], &got.Includes, "1", &page)
		}
		holds(t, &page)
	})
}

func FuzzErrors(f *testing.F) {
	for _, body := range bodies {
		for _, status := range []int{400, 401, 403, 404, 409, 429, 503} {
			f.Add(status, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e := fuzzed().classify(&connectors.Response{Status: status, Header: make(http.Header), Body: body})
		if e == nil {
			return
		}
		if e.Message == "" || e.Kind == connectors.Unknown || strings.Contains(e.Error(), "%!") {
			t.Errorf("%d %q: %s, %v", status, body, e.Kind, e)
		}
		if !e.Kind.Retryable() && e.Remedy == "" {
			t.Errorf("%d %q: %v says not what to do", status, body, e)
		}
	})
}

func FuzzCursor(f *testing.F) {
	for _, cursor := range []string{`{"since":1}`, `{"since":1,"newest":2,"token":"b"}`, `{"since":1,"own":{"since":-1},"words":{"since":1,"part":9},"direct":null}`, "{}", "-1", "null", "\xff"} {
		f.Add([]byte(cursor))
	}
	f.Fuzz(func(t *testing.T, cursor []byte) {
		c := fuzzed()
		c.s.Keywords = []string{"storm"}
		at, err := c.placeOf(cursor)
		if err != nil {
			expected(t, err)
			return
		}
		if at.Own == nil || at.Words == nil || at.Direct == nil || at.Since < 0 || at.Own.Since < 0 || at.Words.Part < 0 {
			t.Errorf("%+v", at)
		}
	})
}
