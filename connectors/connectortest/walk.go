package connectortest

import (
	"testing"

	"standpunt/connectors"
	"standpunt/inbox"
)

// mostPolls is after how many polls a walk is taken to have no end.
const mostPolls = 500

// Walk polls from a cursor on until there is no more, and returns all that came,
// with where the next walk begins.
func Walk(t testing.TB, c connectors.Connector, after inbox.Cursor) (whole connectors.Page) {
	t.Helper()
	for range mostPolls {
		page, err := c.Poll(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		whole.Mentions, whole.Own = append(whole.Mentions, page.Mentions...), append(whole.Own, page.Own...)
		after, whole.Next, whole.Trouble = page.Next, page.Next, page.Trouble
		if !page.More {
			return whole
		}
	}
	t.Fatal("the walk has no end")
	return whole
}
