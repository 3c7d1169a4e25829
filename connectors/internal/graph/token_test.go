package graph_test

import (
	"testing"
	"testing/synctest"
	"time"

	"standpunt/connectors/internal/graph"
)

// TestTheHealthOfATokenInWords runs on 1 January 2000, where synctest's clock begins.
func TestTheHealthOfATokenInWords(t *testing.T) {
	needed := []string{"answer", "read", "listen"}
	day := func(n int) int64 { return time.Now().AddDate(0, 0, n).Unix() }
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			name    string
			token   graph.Token
			canSend bool
			note    string
		}{
			{"well", graph.Token{Valid: true, PageID: "1", Permissions: needed}, true, ""},
			{"it does not tell whose it is", graph.Token{Valid: true, Permissions: needed}, true, ""},
			{"revoked", graph.Token{PageID: "1", Permissions: needed}, false,
				"Facebook says that the token is no longer valid. Make a new one and set it as access_token."},
			{"another Page's", graph.Token{Valid: true, PageID: "2", Permissions: needed}, false,
				"The token belongs to another Page than page_id names. Correct one of them."},
			{"it cannot answer", graph.Token{Valid: true, Permissions: needed[1:]}, false,
				"The token lacks answer. Make it anew with these permissions."},
			{"it cannot read", graph.Token{Valid: true, Permissions: needed[:1]}, true,
				"The token lacks read, listen. Make it anew with these permissions."},
			{"it ends soon", graph.Token{Valid: true, Permissions: needed, ExpiresAt: day(13), DataUntil: day(90)}, true,
				"The token ends on 14 January 2000. Make a new token before that day."},
			{"it ended", graph.Token{Valid: true, Permissions: needed, DataUntil: day(-1)}, true,
				"The app's access to the Page's data ends on 31 December 1999. Make a new token before that day."},
			{"two things", graph.Token{Permissions: needed, ExpiresAt: day(1)}, false,
				"Facebook says that the token is no longer valid. Make a new one and set it as access_token. " +
					"The token ends on 2 January 2000. Make a new token before that day."},
		} {
			if canSend, note := c.token.Health("1", "the Page's", needed); canSend != c.canSend || note != c.note {
				t.Errorf("%s: %v, %q", c.name, canSend, note)
			}
		}
		if (graph.Token{PageID: "2"}).OfAnother("") {
			t.Error("without a Page in the settings the token is another's")
		}
	})
}
