package facebook

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

// Check asks Facebook about the token, the Page and its newest post.
func (c *Connector) Check(ctx context.Context) (who connectors.Identity, todo []connectors.Advice) {
	tell := func(harm connectors.Harm, text string, args ...any) {
		todo = append(todo, connectors.Advice{Text: fmt.Sprintf(text, args...), Harm: harm})
	}
	t, err := c.client.Inspect(ctx)
	if err != nil {
		switch connectors.KindOf(err) {
		case connectors.Gone, connectors.Garbage:
			return who, []connectors.Advice{notFacebook()}
		case connectors.Rejected: // it will not tell about the token; whether it works shows below
			tell(connectors.HarmsLater, "Look up in Facebook's access token debugger when the token ends: Facebook does not tell the app.")
		default:
			return who, []connectors.Advice{connectors.AdviceOf(err, connectors.HarmsAll)}
		}
	} else {
		todo = c.judge(t)
	}
	var page struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Link string `json:"link"`
	}
	_, err = c.client.Get(ctx, c.s.PageID, graph.Params{"fields": "id,name,link"}, &page)
	switch kind := connectors.KindOf(err); {
	case kind == connectors.Gone, kind == connectors.Rejected, err == nil && page.ID != c.s.PageID:
		if !t.OfAnother(c.s.PageID) { // else it was told above
			tell(connectors.HarmsAll, "Correct page_id to the digits under About, Page transparency: Facebook shows this token no Page %s.", c.s.PageID)
		}
		return who, todo
	case err != nil:
		return who, append(todo, connectors.AdviceOf(err, connectors.HarmsAll))
	}
	who = connectors.Identity{RemoteID: page.ID, Handle: page.Name, URL: page.Link, CanSend: true}
	if missed := c.unsubscribed(ctx, string(t.AppID)); missed != "" {
		tell(connectors.HarmsLater, "%s", missed)
	}
	_, err = graph.Page[node](ctx, c.client, c.s.PageID+"/feed", graph.Params{"fields": "id", "limit": "1"}, "")
	if err != nil && !slices.ContainsFunc(todo, func(a connectors.Advice) bool { return a.Harm == connectors.HarmsAll }) {
		todo = append(todo, connectors.AdviceOf(err, connectors.HarmsAll))
	}
	return who, todo
}

func notFacebook() connectors.Advice {
	return connectors.Advice{
		Text: "Set base_url to https://graph.facebook.com, or leave it out: what answers at the one that is set is not the Graph API.", Harm: connectors.HarmsAll,
	}
}

// judge is what Facebook's word on a token means.
func (c *Connector) judge(t graph.Token) (todo []connectors.Advice) {
	tell := func(harm connectors.Harm, text string, args ...any) {
		todo = append(todo, connectors.Advice{Text: fmt.Sprintf(text, args...), Harm: harm})
	}
	switch {
	case !t.Valid:
		tell(connectors.HarmsAll, "Make a new Page access token and set it as access_token: Facebook says that this one is no longer valid.")
	case t.Type != "" && t.Type != "PAGE":
		tell(connectors.HarmsAll, "Set the Page's own token, which GET /me/accounts gives, as access_token: this one is of type %s.", t.Type)
	case t.OfAnother(c.s.PageID):
		tell(connectors.HarmsAll, "Set page_id to %s, or make the token for Page %s: this one belongs to the former.", t.PageID, c.s.PageID)
	}
	lost := t.Lost(c.permissions())
	if len(lost) > 0 {
		harm := connectors.HarmsAnswers
		if slices.ContainsFunc(needed[1:], func(permission string) bool { return slices.Contains(lost, permission) }) {
			harm = connectors.HarmsAll
		}
		tell(harm, "Make the Page token anew and grant %s: it lacks what the account works with.", strings.Join(lost, ", "))
	}
	for _, end := range t.Ends("the Page's") {
		if end.At.After(time.Now()) { // else it was told above
			tell(connectors.HarmsLater, "Make a new Page token before %s: the %s ends on that day.", end.At.Format("2 January 2006"), end.What)
		}
	}
	return todo
}
