package instagram

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
)

const (
	mostLookups = 50              // of one delivery
	lookupTime  = 4 * time.Second // for all of them, as Instagram waits for our answer
)

// Addressee is the professional account.
func (h *Hooked) Addressee() string { return h.s.UserID }

// Receive takes a delivery. What it tells of is looked up, so that it comes in
// as polling brings it; where that does not work now, the delivery's own words
// have to do. Of mentions and edits they do not tell enough: where those cannot be looked
// up now, the rest is taken in, and Instagram asked to deliver the whole again.
func (h *Hooked) Receive(ctx context.Context, r *http.Request, body []byte) (connectors.WebhookAnswer, error) {
	if r.Method == http.MethodGet {
		return h.hook.Challenge(r)
	}
	entries, err := h.hook.Open(r, body, "instagram")
	if err != nil {
		return connectors.WebhookAnswer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	_, _ = h.handle(ctx) // without it our own comments are told by their author's id alone
	d := delivery{c: h.Connector, left: mostLookups, awaited: h.awaited, found: make(map[string]connectors.Page)}
	var others []string
	entries = slices.DeleteFunc(entries, func(e graph.Entry) bool {
		if e.Trouble != nil && (e.ID == "" || string(e.ID) == h.s.UserID) {
			d.page.Trouble = e.Trouble
		}
		if string(e.ID) != h.s.UserID && idPattern.MatchString(string(e.ID)) {
			others = append(others, string(e.ID))
		}
		return string(e.ID) != h.s.UserID
	})
	// Mentions first: what else there is can do without a look.
	for _, entry := range entries {
		for _, change := range entry.Changes {
			if change.Field == "mentions" {
				d.mention(ctx, change.Value)
			}
		}
	}
	for _, entry := range entries {
		for _, change := range entry.Changes {
			d.change(ctx, change, entry.Time)
		}
		for _, raw := range entry.Messaging {
			d.message(ctx, raw)
		}
	}
	answer := connectors.WebhookAnswer{Page: d.page, Others: others, Status: http.StatusOK}
	if d.again {
		answer.Status = http.StatusServiceUnavailable
		for which, page := range d.found {
			h.awaited.Put(which, page)
		}
	}
	return answer, nil
}

// delivery is the work on one.
type delivery struct {
	c       *Connector
	page    connectors.Page
	left    int                            // lookups
	awaited *graph.Memory[connectors.Page] // as in [Hooked]
	found   map[string]connectors.Page     // what came of looking mentions up
	again   bool                           // something could not be looked up now
}

// lookup reports whether one more may be made.
func (d *delivery) lookup() bool {
	d.left--
	return d.left >= 0
}

// change takes one in that is no mention. What makes no sense is left out; polling will tell.
func (d *delivery) change(ctx context.Context, change graph.Change, at time.Time) {
	switch change.Field {
	case "comments", "live_comments":
		d.comment(ctx, change, at)
	case "messages", "message_edit":
		d.message(ctx, change.Value)
	}
}

// comment takes a comment under a post of the account.
func (d *delivery) comment(ctx context.Context, change graph.Change, at time.Time) {
	var told struct {
		ID        graph.ID `json:"id"`         // over Instagram Login
		CommentID graph.ID `json:"comment_id"` // over Facebook Login
		Parent    graph.ID `json:"parent_id"`
		From      person   `json:"from"`
		Text      string   `json:"text"`
		Media     struct {
			ID graph.ID `json:"id"`
		} `json:"media"`
	}
	if json.Unmarshal(change.Value, &told) != nil {
		return
	}
	id := cmp.Or(told.CommentID, told.ID)
	if !idPattern.MatchString(string(id)) {
		return
	}
	if d.lookup() {
		if n, err := d.c.comment(ctx, string(id)); err == nil && n.Media.ID != "" {
			n.live = change.Field == "live_comments"
			d.c.sort(&d.page, &n)
			return
		}
	}
	// Comments on adverts cannot be looked up at all.
	if !idPattern.MatchString(string(told.Media.ID)) {
		return
	}
	n := comment{ID: id, Text: told.Text, From: told.From, Parent: told.Parent}
	n.Media.ID, n.live = told.Media.ID, change.Field == "live_comments"
	if !idPattern.MatchString(string(n.Parent)) {
		n.Parent = ""
	}
	n.At.Time = at
	if at.IsZero() || at.After(time.Now()) {
		n.At.Time = time.Now().UTC()
	}
	d.c.sort(&d.page, &n)
}

// mention takes a mention in somebody else's post, of which only ids are told.
// One of a delivery that comes again was looked up before.
func (d *delivery) mention(ctx context.Context, value json.RawMessage) {
	var told struct {
		Post    graph.ID `json:"media_id"`
		Comment graph.ID `json:"comment_id"`
	}
	which, look := graph.ID(""), d.c.mentionIn
	if json.Unmarshal(value, &told) == nil {
		which = told.Post
	}
	if told.Comment != "" {
		which, look = told.Comment, d.c.mentionBelow
	}
	if !idPattern.MatchString(string(which)) {
		return
	}
	page, known := d.awaited.Get(string(which))
	if !known {
		var err error
		if !d.lookup() {
			d.again = true
			return
		}
		page, err = look(ctx, string(which))
		switch kind := connectors.KindOf(err); {
		case err == nil, kind == connectors.Gone, kind == connectors.Rejected:
		case kind == connectors.NotAllowed: // until somebody gives the permission back
			d.page.Trouble, d.again = err, true
			return
		default:
			d.again = true
			return
		}
		d.found[string(which)] = page
	}
	d.page.Mentions = append(d.page.Mentions, page.Mentions...)
	d.page.Own = append(d.page.Own, page.Own...)
}

// mentionBelow is what a comment that mentions the account brings. One under a
// post of our own can be read like any other, and is one.
func (c *Connector) mentionBelow(ctx context.Context, which string) (page connectors.Page, err error) {
	n, err := c.comment(ctx, which)
	if err == nil && n.Media.ID != "" {
		c.sort(&page, &n)
		return page, nil
	}
	if err == nil || certain(err) {
		n, err = c.mentionedComment(ctx, which)
	}
	if err != nil {
		return page, err
	}
	if who := n.writer(); c.isOurs(which, string(who.ID), who.Username) {
		page.Own = append(page.Own, n.own())
		return page, nil
	}
	page.Mentions = append(page.Mentions, n.mention(c.s.Login))
	return page, nil
}

// mentionIn is what a post that mentions the account brings.
func (c *Connector) mentionIn(ctx context.Context, which string) (page connectors.Page, err error) {
	username, err := c.handle(ctx)
	if err != nil {
		return page, connectors.Errorf(connectors.Temporary, "who the account is cannot be asked now: %w", err)
	}
	p, err := c.mentionedPost(ctx, which)
	if err != nil {
		return page, err
	}
	if p.Username == username {
		page.Own = append(page.Own, p.own())
		return page, nil
	}
	page.Mentions = append(page.Mentions, p.inbound(c.s.Login, username, true))
	return page, nil
}

// certain reports whether Instagram itself says that it does not show it.
func certain(err error) bool {
	switch connectors.KindOf(err) {
	case connectors.Gone, connectors.Rejected, connectors.NotAllowed:
		return true
	default:
		return false
	}
}

// message takes what happened to a private message.
func (d *delivery) message(ctx context.Context, raw json.RawMessage) {
	e, ok := graph.DecodeEvent(raw)
	if !ok || !d.c.s.Messages {
		return
	}
	m := message{At: graph.Instant{Time: e.At}, From: person{ID: e.Sender}}
	if m.At.IsZero() || m.At.After(time.Now()) {
		m.At.Time = time.Now().UTC()
	}
	switch {
	case e.Message == nil && (e.Postback == nil || e.Postback.ID == ""):
		return // read, a reaction
	case e.Message == nil:
		m.ID, m.Text = graph.ID(e.Postback.ID), e.Postback.Title
	case e.Message.Deleted:
		d.page.Mentions = append(d.page.Mentions, inbox.Inbound{ExternalID: e.Message.ID, Visibility: inbox.Private, Deleted: true})
		return
	default:
		m.ID, m.Text = graph.ID(e.Message.ID), e.Message.Text
		m.Attachments.Data = told(e.Message.Files)
	}
	edited := e.Message != nil && e.Message.Edited
	if d.lookup() {
		now, err := d.c.message(ctx, string(m.ID))
		switch {
		case err == nil && now.told():
			m = now
		case err != nil && !certain(err) && edited:
			d.again = true // when it was written, an edit does not tell
			return
		}
	}
	if e.Message != nil && e.Message.Echo {
		d.page.Own = append(d.page.Own, m.own())
		return
	}
	before := len(d.page.Mentions)
	d.c.sortMessage(&d.page, &m)
	if edited && len(d.page.Mentions) > before {
		d.page.Mentions[before].EditedAt = e.At.UTC().Truncate(time.Second)
	}
}

// told are the attachments that a delivery names as the API would list them.
func told(sorts []string) (list []map[string]json.RawMessage) {
	for _, sort := range sorts {
		switch sort {
		case "image", "video":
			list = append(list, map[string]json.RawMessage{sort + "_data": json.RawMessage(`{}`)})
		case "audio", "file":
			list = append(list, map[string]json.RawMessage{"file_url": json.RawMessage(`""`)})
		}
	}
	return list
}
