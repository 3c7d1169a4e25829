package facebook

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

// soon is how long before a token's end its owner is told.
const soon = 14 * 24 * time.Hour

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

// token is what Facebook says about one.
type token struct {
	Data struct {
		AppID       graph.ID `json:"app_id"`
		Valid       bool     `json:"is_valid"`
		Type        string   `json:"type"` // "PAGE", "USER", "SYSTEM_USER"
		ProfileID   string   `json:"profile_id"`
		ExpiresAt   int64    `json:"expires_at"`             // 0: never
		DataUntil   int64    `json:"data_access_expires_at"` // 0: never
		Permissions []string `json:"scopes"`
	} `json:"data"`
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
		return connectors.Identity{}, err
	}
	if page.ID != c.s.PageID || page.Name == "" {
		return connectors.Identity{}, answer.Nonsense("about another Page than the one that was asked for")
	}
	who := connectors.Identity{RemoteID: page.ID, Handle: page.Name, URL: page.Link, CanSend: true}
	var t token
	_, err = c.client.Inspect(ctx, &t)
	var e *connectors.Error
	switch {
	case errors.As(err, &e) && (e.Kind == connectors.NotAllowed || e.Kind == connectors.Rejected || e.Kind == connectors.Gone):
		who.Note = "Facebook does not tell how long the token lives. Look it up in Facebook's access token debugger."
	case err != nil:
		return connectors.Identity{}, err
	default:
		who.CanSend, who.Note = c.health(t, time.Now())
		who.Note = strings.TrimSpace(who.Note + " " + c.unsubscribed(ctx, string(t.Data.AppID)))
	}
	return who, nil
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

// health is whether the token can send, and one sentence for each thing that
// is wrong with it.
func (c *Connector) health(t token, now time.Time) (canSend bool, note string) {
	var notes []string
	canSend = true
	if !t.Data.Valid {
		canSend = false
		notes = append(notes, "Facebook says that the token is no longer valid. Make a new one and set it as access_token.")
	}
	if t.Data.ProfileID != "" && t.Data.ProfileID != c.s.PageID {
		canSend = false
		notes = append(notes, "The token belongs to another Page than page_id names. Correct one of them.")
	}
	var lost []string
	for _, permission := range c.permissions() {
		if !slices.Contains(t.Data.Permissions, permission) {
			lost = append(lost, permission)
		}
	}
	if len(lost) > 0 {
		canSend = canSend && !slices.Contains(lost, needed[0])
		notes = append(notes, "The token lacks "+strings.Join(lost, ", ")+". Make it anew with these permissions.")
	}
	for _, end := range []struct {
		at   int64
		what string
	}{{t.Data.ExpiresAt, "The token ends"}, {t.Data.DataUntil, "The app's access to the Page's data ends"}} {
		if at := time.Unix(end.at, 0).UTC(); end.at != 0 && at.Sub(now) < soon {
			notes = append(notes, end.what+" on "+at.Format("2 January 2006")+". Make a new token before that day.")
		}
	}
	return canSend, strings.Join(notes, " ")
}
