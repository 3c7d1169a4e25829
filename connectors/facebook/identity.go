package facebook

import (
	"context"
	"slices"
	"strings"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

// needed are the permissions that the connector works with; the first is for
// answers, the others are for reading.
var needed = []string{"pages_manage_engagement", "pages_read_engagement", "pages_read_user_content"}

// permissions are those that the account's settings need.
func (c *Connector) permissions() []string {
	list := slices.Clone(needed)
	if c.s.Messenger {
		list = append(list, "pages_messaging")
	}
	if c.s.VerifyToken.Reveal() != "" {
		list = append(list, "pages_manage_metadata")
	}
	return list
}

// Identity is the Page, and what is wrong or about to go wrong with its token.
func (c *Connector) Identity(ctx context.Context) (connectors.Identity, error) {
	var page struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Link string `json:"link"`
	}
	answer, err := c.client.Get(ctx, c.s.PageID, graph.Params{"fields": "id,name,link"}, &page)
	if err != nil {
		return connectors.Identity{}, c.unseen(err)
	}
	if page.ID != c.s.PageID || page.Name == "" {
		return connectors.Identity{}, answer.Nonsense("about another Page than the one that was asked for")
	}
	who := connectors.Identity{RemoteID: page.ID, Handle: page.Name, URL: page.Link, CanSend: true}
	t, err := c.client.Inspect(ctx)
	switch untold, ok := graph.Untold(err); {
	case ok:
		who.Note = untold
	case err != nil:
		return connectors.Identity{}, err
	default:
		who.CanSend, who.Note = t.Health(c.s.PageID, "the Page's", c.permissions())
		undelivered := c.unsubscribed(ctx, string(t.AppID))
		who.Note, who.Unsubscribed = strings.TrimSpace(who.Note+" "+undelivered), undelivered != ""
	}
	return who, nil
}

// unseen is the error of a call about the Page itself: what is gone is then no post.
func (c *Connector) unseen(err error) error {
	if connectors.KindOf(err) != connectors.Gone {
		return err
	}
	return &connectors.Error{
		Kind: connectors.NotAllowed, Message: "Facebook shows this token no Page " + c.s.PageID,
		Remedy: "Correct page_id to the digits under About, Page transparency, or make the token for that Page.", Err: err,
	}
}

// unsubscribed is one sentence about what Facebook was not told to deliver,
// empty where it delivers all.
func (c *Connector) unsubscribed(ctx context.Context, app string) string {
	if c.s.VerifyToken.Reveal() == "" {
		return ""
	}
	type subscription struct {
		ID     string   `json:"id"`
		Fields []string `json:"subscribed_fields"`
	}
	list, err := graph.Page[subscription](ctx, c.client, c.s.PageID+"/subscribed_apps", graph.Params{"limit": "100"}, "")
	if err != nil {
		return "" // a lost permission is told of; for the rest, polls bring in what is not delivered
	}
	wanted := []string{"feed", "mention"}
	if c.s.Messenger {
		wanted = append(wanted, "messages", "message_echoes", "message_edits", "messaging_postbacks")
	}
	for _, s := range list.Items {
		if app == "" || s.ID == app {
			wanted = slices.DeleteFunc(wanted, func(field string) bool { return slices.Contains(s.Fields, field) })
		}
	}
	if len(wanted) == 0 {
		return ""
	}
	return "Facebook does not deliver " + strings.Join(wanted, ", ") + ": the Page is not subscribed to the app for them. " +
		"Until it is, polls alone bring in what they can; docs/platforms/facebook.md says how."
}
