package instagram

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

// needed are the permissions that the connector works with over Facebook
// Login; the first is for answers.
func (c *Connector) needed() []string {
	list := []string{"instagram_manage_comments", "instagram_basic", "pages_read_engagement"}
	if c.s.Messages {
		list = append(list, "instagram_manage_messages", "pages_manage_metadata")
	}
	return list
}

// Identity is the account, and what is wrong or about to go wrong with its token.
func (c *Connector) Identity(ctx context.Context) (connectors.Identity, error) {
	p, err := c.profileOf(ctx)
	if err != nil {
		return connectors.Identity{}, err
	}
	if string(p.ID) != c.s.UserID {
		return connectors.Identity{}, otherAccount()
	}
	who := identityOf(p)
	if c.s.Login == overInstagram {
		if ends := c.api.tokens.ends(); !ends.IsZero() && time.Until(ends) < soon {
			who.Note = "The token ends on " + ends.Format("2 January 2006") + " and Instagram does not renew it. Make a new one and set it as access_token."
		}
		who.Note = strings.TrimSpace(who.Note + " " + c.undelivered(ctx, ""))
		return who, nil
	}
	var t token
	err = c.api.inspect(ctx, &t)
	var e *connectors.Error
	switch {
	case errors.As(err, &e) && (e.Kind == connectors.NotAllowed || e.Kind == connectors.Rejected || e.Kind == connectors.Gone):
		who.Note = "Facebook does not tell how long the token lives. Look it up in Facebook's access token debugger."
	case err != nil:
		return connectors.Identity{}, err
	default:
		who.CanSend, who.Note = c.health(t, time.Now())
		who.Note = strings.TrimSpace(who.Note + " " + c.undelivered(ctx, t.Data.AppID))
	}
	return who, nil
}

// subscription is one app that is told of what happens, and of what.
type subscription struct {
	ID     graph.ID `json:"id"`
	Fields []string `json:"subscribed_fields"`
}

func (subscription) whole() bool { return true }

// undelivered is one sentence about what Instagram was not told to deliver,
// empty where it delivers all, or the settings take no deliveries.
func (c *Connector) undelivered(ctx context.Context, app graph.ID) string {
	missing := c.unsubscribed(ctx, c.messenger(), app)
	switch {
	case len(missing) == 0:
		return ""
	case c.s.Login == overFacebook:
		return "The linked Page delivers nothing to the app. Subscribe it, as docs/platforms/instagram.md tells."
	}
	return "Instagram was not told to deliver " + strings.Join(missing, " and ") + ". Subscribe the account, as docs/platforms/instagram.md tells."
}

// unsubscribed are the fields that are not delivered from a node. Over Facebook
// Login the Page's subscription to anything counts for all, and the console has the fields.
func (c *Connector) unsubscribed(ctx context.Context, node string, app graph.ID) (missing []string) {
	if c.s.VerifyToken.Reveal() == "" || node == "" {
		return nil
	}
	apps, err := list[subscription](ctx, c.api, node+"/subscribed_apps", graph.Params{"limit": "100"}, "")
	if err != nil {
		return nil // a lost permission is told of where it is looked for
	}
	wanted := []string{"comments"}
	if c.s.Messages {
		wanted = append(wanted, "messages")
	}
	for _, field := range wanted {
		if !slices.ContainsFunc(apps.Items, func(s subscription) bool {
			if c.s.Login == overFacebook {
				return s.ID == app
			}
			return slices.Contains(s.Fields, field)
		}) {
			missing = append(missing, field)
		}
	}
	return missing
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
	if c.s.PageID != "" && t.Data.ProfileID != "" && t.Data.ProfileID != c.s.PageID {
		canSend = false
		notes = append(notes, "The token belongs to another Page than page_id names. Correct one of them.")
	}
	var lost []string
	needed := c.needed()
	for _, permission := range needed {
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
	}{{t.Data.ExpiresAt, "The token ends"}, {t.Data.DataUntil, "The app's access to the account's data ends"}} {
		if at := time.Unix(end.at, 0).UTC(); end.at != 0 && at.Sub(now) < soon {
			notes = append(notes, end.what+" on "+at.Format("2 January 2006")+". Make a new token before that day.")
		}
	}
	return canSend, strings.Join(notes, " ")
}
