package twitter_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/twitter"
	"standpunt/connectors/twitter/replay/platform"
)

// An app that may read and write posts, and not messages, is told so before the
// first message fails to come; so is what X refuses then. Nothing else suffers.
func TestAnAppThatMayNotTouchMessages(t *testing.T) {
	const want = "Read and write and Direct message"
	r := newRemote(t, platform.Options{NoMessages: true})
	connect := func(messages bool) *twitter.Connector {
		r.more = map[string]any{"direct_messages": messages}
		return r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
	}
	c := connect(true)
	if _, todo := c.Check(t.Context()); len(todo) != 1 || !strings.Contains(todo[0].Text, want) || todo[0].Harm != connectors.HarmsLater {
		t.Errorf("check says %+v", todo)
	}
	question := r.Post(t, "een vraag")
	r.x.Write(platform.Letter{Author: "mia", Text: "een geheim"})
	page := connectortest.Walk(t, c, nil)
	if _, came := byID(page.Mentions)[question]; !came {
		t.Errorf("the question is not among %+v", page.Mentions)
	}
	if page, err := c.Poll(t.Context(), page.Next); err != nil || page.Trouble == nil || !strings.Contains(errorOf(t, page.Trouble).Remedy, want) {
		t.Errorf("%v, %v", page.Trouble, err)
	}
	if _, todo := connect(false).Check(t.Context()); len(todo) != 0 {
		t.Errorf("without messages check says %+v", todo)
	}

	r = newRemote(t, platform.Options{ReadOnly: true})
	for _, messages := range []bool{true, false} {
		if _, todo := connect(messages).Check(t.Context()); len(todo) != 1 || strings.Contains(todo[0].Text, want) != messages {
			t.Errorf("messages %v: check says %+v", messages, todo)
		}
	}
}

// A bearer_token that X does not accept is told of, whichever stream needs it.
func TestCheckTriesTheBearerToken(t *testing.T) {
	r := newRemote(t, platform.Options{})
	for _, stream := range []map[string]any{{"activity": true}, {"rules": []any{"stroomstoring"}}} {
		for token, wrong := range map[string]bool{secrets[4]: false, "not-the-bearer-token": true} {
			r.more = maps.Clone(stream)
			r.more["bearer_token"] = token
			_, todo := r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3]).Check(t.Context())
			if told := slices.ContainsFunc(todo, func(a connectors.Advice) bool { return strings.Contains(a.Text, "Copy the Bearer Token anew") }); told != wrong {
				t.Errorf("%v: check says %+v", r.more, todo)
			}
		}
	}
}
