package graph_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"standpunt/connectors/internal/graph"
)

func TestEventsOfADialogue(t *testing.T) {
	const parties = `"sender":{"id":9007199254740993},"recipient":{"id":"17"},"timestamp":1648581633369`
	at := time.UnixMilli(1648581633369)
	for raw, want := range map[string]graph.Message{
		`{` + parties + `,"message":{"mid":"m_a-b_c","text":"dag"}}`:                                                                                                              {ID: "m_a-b_c", Text: "dag"},
		`{` + parties + `,"message":{"mid":"mid.$cAA:1=","is_echo":true,"app_id":5}}`:                                                                                             {ID: "mid.$cAA:1=", Echo: true},
		`{` + parties + `,"message":{"mid":"m_1","is_deleted":true}}`:                                                                                                             {ID: "m_1", Deleted: true},
		`{` + parties + `,"message_edit":{"mid":"m_1","text":"beter","num_edit":2}}`:                                                                                              {ID: "m_1", Text: "beter", Edited: true},
		`{` + parties + `,"message":{"mid":"m_1","attachments":[{"type":"image","payload":{"url":"https://x.test"}},{"type":"image","payload":{"sticker_id":369239263222822}}]}}`: {ID: "m_1", Files: []string{"image", "sticker"}},
	} {
		e, ok := graph.DecodeEvent(json.RawMessage(raw))
		if !ok || e.Sender != "9007199254740993" || e.Recipient != "17" || !e.At.Equal(at) || e.Message == nil {
			t.Errorf("%s: %+v", raw, e)
			continue
		}
		m := *e.Message
		if m.ID != want.ID || m.Text != want.Text || m.Echo != want.Echo || m.Deleted != want.Deleted || m.Edited != want.Edited || !slices.Equal(m.Files, want.Files) {
			t.Errorf("%s: %+v", raw, m)
		}
	}
	if e, ok := graph.DecodeEvent(json.RawMessage(`{` + parties + `,"postback":{"title":"Begin","payload":"x"}}`)); !ok || e.Postback == nil || e.Postback.Title != "Begin" {
		t.Errorf("a postback: %+v", e)
	}
	for _, raw := range []string{`{` + parties + `,"read":{"watermark":1}}`, `{` + parties + `,"delivery":{"mids":["m_1"]}}`, `{` + parties + `,"reaction":{}}`, `{}`} {
		if e, ok := graph.DecodeEvent(json.RawMessage(raw)); !ok || e.Message != nil || e.Postback != nil {
			t.Errorf("%s: %+v", raw, e)
		}
	}
	for _, raw := range []string{`null5`, `[]`, `5`, `{"message":{"text":"x"}}`, `{"message":{"mid":"../1"}}`, `{"message":{"mid":{}}}`, `{"postback":{"mid":"a b"}}`} {
		if e, ok := graph.DecodeEvent(json.RawMessage(raw)); ok {
			t.Errorf("%s is taken for %+v", raw, e)
		}
	}
}

// FuzzEvent decodes events of a Meta gone mad.
func FuzzEvent(f *testing.F) {
	for _, seed := range []string{
		`{"sender":{"id":"3383290475046708"},"recipient":{"id":"117172741761305"},"timestamp":1648581633369,"message":{"mid":"m_KXGK","text":"facebook message"}}`,
		`{"sender":{"id":1},"message":{"mid":"m_1","attachments":[{"type":"image","payload":{"sticker_id":1}},null]}}`,
		`{"message_edit":{"mid":"m_1","text":"x","num_edit":1}}`, `{"postback":{"mid":"","title":"x"}}`, `{"message":null,"read":{}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, ok := graph.DecodeEvent(raw)
		if ok && e.Message != nil && !graph.ValidMessageID(e.Message.ID) || e.Message != nil && e.Postback != nil {
			t.Errorf("%+v", e)
		}
	})
}
