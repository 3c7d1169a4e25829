package instagram

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

// Check asks Instagram about the token, the account, and what the account works
// with: its posts, their comments, its messages, and what is delivered.
func (c *Connector) Check(ctx context.Context) (connectors.Identity, []connectors.Advice) {
	if c.s.Login == overFacebook {
		return c.checkByPage(ctx)
	}
	return c.checkByItself(ctx)
}

// findings are what is wrong with an account, as far as it was looked at.
type findings []connectors.Advice

func (f *findings) tell(harm connectors.Harm, text string, args ...any) {
	*f = append(*f, connectors.Advice{Text: fmt.Sprintf(text, args...), Harm: harm})
}

// grave reports whether something is known that keeps all from working; what
// fails then may fail for that.
func (f findings) grave() bool {
	return slices.ContainsFunc(f, func(a connectors.Advice) bool { return a.Harm == connectors.HarmsAll })
}

// checkByItself is Check over Instagram Login, where the token tells the account.
func (c *Connector) checkByItself(ctx context.Context) (who connectors.Identity, todo findings) {
	p, err := c.profileOf(ctx)
	if err != nil {
		return who, findings{c.explain(err)}
	}
	who = identityOf(p)
	if string(p.ID) != c.s.UserID {
		todo.tell(connectors.HarmsAll, "Set ig_user_id to %s, or make the token signed in as the account that has the id %s: this one belongs to %s.", p.ID, c.s.UserID, who.Handle)
	}
	if ends := c.api.tokens.ends(); !ends.IsZero() && time.Until(ends) < graph.Soon {
		todo.tell(connectors.HarmsLater, "Make a new token before %s and set it as access_token: this one ends on that day, and Instagram does not renew it.", ends.Format("2 January 2006"))
	}
	c.tryOut(ctx, string(p.ID), string(p.ID), &todo)
	c.tellUndelivered(ctx, string(p.ID), "", &todo)
	return who, todo
}

// checkByPage is Check over Facebook Login, where Facebook tells about the token.
func (c *Connector) checkByPage(ctx context.Context) (who connectors.Identity, todo findings) {
	t, err := c.api.inspect(ctx)
	told := err == nil
	switch {
	case told:
		todo = c.judge(t)
	case connectors.KindOf(err) == connectors.Rejected, lacksPermission(err): // whether it works shows below
		todo.tell(connectors.HarmsLater, "Look up in Facebook's access token debugger when the token ends: Facebook does not tell the app.")
	default:
		return who, findings{c.explain(err)}
	}
	p, err := c.profileOf(ctx)
	switch kind := connectors.KindOf(err); {
	case told && !c.reaches(t) && (err != nil || string(p.ID) != c.s.UserID):
		return who, todo
	case err != nil && kind != connectors.Gone && kind != connectors.Rejected:
		return who, append(todo, c.explain(err))
	case err != nil || string(p.ID) != c.s.UserID:
		c.tellLinked(ctx, t, &todo)
		return who, todo
	}
	who = identityOf(p)
	if !todo.grave() {
		c.tryOut(ctx, c.s.UserID, c.s.PageID, &todo)
	}
	if told {
		c.tellUndelivered(ctx, c.s.PageID, t.AppID, &todo)
	}
	return who, todo
}

// reaches reports whether nothing about the token itself keeps the account from
// being shown.
func (c *Connector) reaches(t graph.Token) bool {
	return t.Valid && !t.OfAnother(c.s.PageID) && slices.Contains(t.Permissions, "instagram_basic")
}

func identityOf(p profile) connectors.Identity {
	return connectors.Identity{RemoteID: string(p.ID), Handle: "@" + p.Username, URL: "https://www.instagram.com/" + p.Username + "/", CanSend: true}
}

// tellLinked tells which account the token's Page is linked to, in place of the
// one that ig_user_id names.
func (c *Connector) tellLinked(ctx context.Context, t graph.Token, todo *findings) {
	page := t.PageID
	if page == "" {
		page = c.s.PageID
	}
	var got struct {
		Account struct {
			ID graph.ID `json:"id"`
		} `json:"instagram_business_account"`
	}
	if page != "" {
		// Without an answer the sentence below is the other one.
		_, _ = c.api.get(ctx, page, graph.Params{"fields": "instagram_business_account"}, &got)
	}
	if id := string(got.Account.ID); idPattern.MatchString(id) && id != c.s.UserID {
		todo.tell(connectors.HarmsAll, "Set ig_user_id to %s, to which the token's Page %s is linked: Instagram shows this token no account %s.", id, page, c.s.UserID)
		return
	}
	todo.tell(connectors.HarmsAll, "Correct ig_user_id, and link that account to the Page of the token: Instagram shows this token no account %s.", c.s.UserID)
}

// explain is what to do about an error of the first call.
func (c *Connector) explain(err error) connectors.Advice {
	advice := connectors.AdviceOf(err, connectors.HarmsAll)
	switch kind := connectors.KindOf(err); {
	case kind == connectors.Garbage, kind == connectors.Gone:
		advice.Text = "Set base_url to " + string(hosts[c.s.Login]) + ", or leave it out: what answers at the one that is set is not the Graph API."
	case kind == connectors.BadAuth && strings.Contains(advice.Text, "access_token"):
		switch looks := loginOf(c.s.AccessToken.Reveal()); {
		case looks == overFacebook && c.s.Login == overInstagram:
			advice.Text = "Set login to facebook, or make a token with Instagram Login: Instagram refuses this one, which looks like a Page's."
		case looks == overInstagram && c.s.Login == overFacebook:
			advice.Text = "Set login to instagram, or set the token of the linked Page: Facebook refuses this one, which looks like one of Instagram Login."
		}
	}
	return advice
}

// loginOf is the login that a token seems to be of: Meta does not document how
// they begin, so this words a refusal and decides nothing.
func loginOf(token string) string {
	switch {
	case strings.HasPrefix(token, "EAA"):
		return overFacebook
	case strings.HasPrefix(token, "IG"):
		return overInstagram
	}
	return ""
}

// judge is what Facebook's word on a token means.
func (c *Connector) judge(t graph.Token) (todo findings) {
	switch {
	case !t.Valid:
		todo.tell(connectors.HarmsAll, "Make a new Page access token and set it as access_token: Facebook says that this one is no longer valid.")
	case t.Type != "" && t.Type != "PAGE" && c.s.Messages:
		todo.tell(connectors.HarmsAll, "Set the Page's own token, which GET /me/accounts gives, as access_token, or messages: false: this one is of type %s.", t.Type)
	case t.OfAnother(c.s.PageID):
		todo.tell(connectors.HarmsAll, "Set page_id to %s, or make the token for Page %s: this one belongs to the former.", t.PageID, c.s.PageID)
	}
	lost := t.Lost(c.needed())
	tellLost(lost, &todo)
	for _, end := range t.Ends("the account's") {
		if end.At.After(time.Now()) { // else it was told above
			todo.tell(connectors.HarmsLater, "Make a new Page token before %s: the %s ends on that day.", end.At.Format("2 January 2006"), end.What)
		}
	}
	return todo
}

// tellLost names the permissions that the token lacks. What is read in one walk
// stands still without one of them; pages_manage_metadata is for deliveries.
func tellLost(lost []string, todo *findings) {
	if len(lost) == 0 {
		return
	}
	harm := connectors.HarmsAll
	if len(lost) == 1 && lost[0] == "pages_manage_metadata" {
		harm = connectors.HarmsLater
	}
	todo.tell(harm, "Make the token anew and allow %s: it lacks what the account works with.", strings.Join(lost, ", "))
}

// lacksPermission tells that refusal from the others of its kind.
func lacksPermission(err error) bool {
	return err != nil && connectors.KindOf(err) == connectors.NotAllowed && strings.Contains(err.Error(), "lacks a permission")
}

// some is an item of a list that is asked for only to see whether it is shown.
type some struct {
	ID graph.ID `json:"id"`
}

func (some) whole() bool { return true }

// tryOut reads the least of each list that the account works with. Whether
// comments may be read shows only where there is a post.
func (c *Connector) tryOut(ctx context.Context, account, messenger string, todo *findings) {
	names := map[string][]string{
		overFacebook:  {"instagram_basic", "instagram_manage_comments", "instagram_manage_messages"},
		overInstagram: {"instagram_business_basic", "instagram_business_manage_comments", "instagram_business_manage_messages"},
	}[c.s.Login]
	one := func(path string, more graph.Params) ([]some, error) {
		params := graph.Params{"fields": "id", "limit": "1"}
		for key, value := range more {
			params[key] = value
		}
		got, err := list[some](ctx, c.api, path, params, "")
		return got.Items, err
	}
	var lost []string
	var failed error
	note := func(permission string, err error) {
		switch {
		case err == nil, connectors.KindOf(err) == connectors.Gone:
		case lacksPermission(err):
			lost = append(lost, permission)
		case failed == nil:
			failed = err
		}
	}
	posts, err := one(account+"/media", nil)
	note(names[0], err)
	if len(posts) > 0 {
		_, err = one(string(posts[0].ID)+"/comments", nil)
		note(names[1], err)
	}
	if c.s.Messages {
		_, err = one(messenger+"/conversations", graph.Params{"platform": "instagram"})
		note(names[2], err)
	}
	tellLost(lost, todo)
	if failed != nil && !todo.grave() {
		*todo = append(*todo, connectors.AdviceOf(failed, connectors.HarmsAll))
	}
}

// tellUndelivered tells what Instagram was not told to deliver.
func (c *Connector) tellUndelivered(ctx context.Context, node string, app graph.ID, todo *findings) {
	switch fields := c.unsubscribed(ctx, node, app); {
	case len(fields) == 0:
	case c.s.Login == overFacebook:
		todo.tell(connectors.HarmsLater, "Subscribe the linked Page to the app, as docs/platforms/instagram.md tells: it delivers nothing to it, and polls alone bring in what they can.")
	default:
		todo.tell(connectors.HarmsLater, "Subscribe the account to %s, as docs/platforms/instagram.md tells: Instagram does not deliver that, and polls alone bring in what they can.", strings.Join(fields, ", "))
	}
}
