package instagram

import (
	"context"
	"slices"
	"strings"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

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
		if ends := c.api.tokens.ends(); !ends.IsZero() && time.Until(ends) < graph.Soon {
			who.Note = "The token ends on " + ends.Format("2 January 2006") + " and Instagram does not renew it. Make a new one and set it as access_token."
		}
		undelivered := c.undelivered(ctx, "")
		who.Note, who.Unsubscribed = strings.TrimSpace(who.Note+" "+undelivered), undelivered != ""
		return who, nil
	}
	t, err := c.api.inspect(ctx)
	switch untold, ok := graph.Untold(err); {
	case ok:
		who.Note = untold
	case err != nil:
		return connectors.Identity{}, err
	default:
		who.CanSend, who.Note = t.Health(c.s.PageID, "the account's", c.needed())
		undelivered := c.undelivered(ctx, t.AppID)
		who.Note, who.Unsubscribed = strings.TrimSpace(who.Note+" "+undelivered), undelivered != ""
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
