package instagram

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
	"standpunt/internal/phrase"
)

const (
	mostLookups = 50              // of one delivery
	lookupTime  = 4 * time.Second // for all of them, as Instagram waits for our answer
)

// Receive takes a delivery. What it tells of is looked up, so that it comes in
// as polling brings it; where that does not work now, the delivery's own words
// have to do. Of mentions and edits they do not tell enough: where those cannot be looked
// up now, Instagram is asked to deliver again.
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
	d := delivery{c: h.Connector, left: mostLookups}
	var others []string
	for _, entry := range entries {
		if string(entry.ID) != h.s.UserID {
			if idPattern.MatchString(string(entry.ID)) {
				others = append(others, string(entry.ID))
			}
			continue
		}
		for _, change := range entry.Changes {
			if err := d.change(ctx, change, entry.Time); err != nil {
				return connectors.WebhookAnswer{}, err
			}
		}
		for _, raw := range entry.Messaging {
			if err := d.message(ctx, raw); err != nil {
				return connectors.WebhookAnswer{}, err
			}
		}
	}
	return connectors.WebhookAnswer{Page: d.page, Others: others, Status: http.StatusOK}, nil
}

// delivery is the work on one.
type delivery struct {
	c    *Connector
	page connectors.Page
	left int // lookups
}

// lookup reports whether one more may be made.
func (d *delivery) lookup() bool {
	d.left--
	return d.left >= 0
}

// change takes one in. What makes no sense is left out; polling will tell.
func (d *delivery) change(ctx context.Context, change graph.Change, at time.Time) error {
	switch change.Field {
	case "comments", "live_comments":
		d.comment(ctx, change, at)
	case "mentions":
		return d.mention(ctx, change.Value)
	case "messages", "message_edit":
		return d.message(ctx, change.Value)
	}
	return nil
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
func (d *delivery) mention(ctx context.Context, value json.RawMessage) error {
	var told struct {
		Post    graph.ID `json:"media_id"`
		Comment graph.ID `json:"comment_id"`
	}
	if json.Unmarshal(value, &told) != nil {
		return nil //nolint:nilerr // one entry that makes no sense does not fail the others
	}
	switch {
	case told.Comment != "" && idPattern.MatchString(string(told.Comment)):
		return d.mentionBelow(ctx, string(told.Comment))
	case told.Comment == "" && idPattern.MatchString(string(told.Post)):
		return d.mentionIn(ctx, string(told.Post))
	}
	return nil
}

// mentionBelow takes a comment. One under a post of our own can be read like
// any other, and is one.
func (d *delivery) mentionBelow(ctx context.Context, which string) error {
	if !d.lookup() {
		return again()
	}
	n, err := d.c.comment(ctx, which)
	if err == nil && n.Media.ID != "" {
		d.c.sort(&d.page, &n)
		return nil
	}
	if err == nil || certain(err) {
		n, err = d.c.mentionedComment(ctx, which)
	}
	if err != nil {
		return unlessCertain(err)
	}
	if who := n.writer(); d.c.isOurs(which, string(who.ID), who.Username) {
		d.page.Own = append(d.page.Own, n.own())
		return nil
	}
	d.page.Mentions = append(d.page.Mentions, n.mention(d.c.s.Login))
	return nil
}

func (d *delivery) mentionIn(ctx context.Context, which string) error {
	if !d.lookup() {
		return again()
	}
	username, err := d.c.handle(ctx)
	if err != nil {
		return again()
	}
	p, err := d.c.mentionedPost(ctx, which)
	if err != nil {
		return unlessCertain(err)
	}
	if p.Username == username {
		d.page.Own = append(d.page.Own, p.own())
		return nil
	}
	d.page.Mentions = append(d.page.Mentions, p.inbound(d.c.s.Login, username, true))
	return nil
}

// certain reports whether Instagram says that it will not show it later either.
func certain(err error) bool {
	switch connectors.KindOf(err) {
	case connectors.Gone, connectors.Rejected, connectors.NotAllowed:
		return true
	default:
		return false
	}
}

func unlessCertain(err error) error {
	if certain(err) {
		return nil
	}
	return again()
}

func again() error {
	return connectors.Phrased(connectors.Temporary, phrase.Of(phrase.NotLookedUp), phrase.Of(phrase.FixNotLookedUp, "platform", "Instagram"))
}

// message takes what happened to a private message.
func (d *delivery) message(ctx context.Context, raw json.RawMessage) error {
	e, ok := graph.DecodeEvent(raw)
	if !ok || !d.c.s.Messages {
		return nil
	}
	m := message{At: graph.Instant{Time: e.At}, From: person{ID: e.Sender}}
	if m.At.IsZero() || m.At.After(time.Now()) {
		m.At.Time = time.Now().UTC()
	}
	switch {
	case e.Message == nil && (e.Postback == nil || e.Postback.ID == ""):
		return nil // read, a reaction
	case e.Message == nil:
		m.ID, m.Text = graph.ID(e.Postback.ID), e.Postback.Title
	case e.Message.Deleted:
		d.page.Mentions = append(d.page.Mentions, inbox.Inbound{ExternalID: e.Message.ID, Visibility: inbox.Private, Deleted: true})
		return nil
	default:
		m.ID, m.Text = graph.ID(e.Message.ID), e.Message.Text
		m.Attachments.Data = told(e.Message.Files)
	}
	looked := d.lookup()
	if looked {
		now, err := d.c.message(ctx, string(m.ID))
		if looked = err == nil && now.told(); looked {
			m = now
		}
	}
	edited := e.Message != nil && e.Message.Edited
	switch {
	case edited && !looked:
		return again() // when it was written, an edit does not tell
	case e.Message != nil && e.Message.Echo:
		d.page.Own = append(d.page.Own, m.own())
		return nil
	}
	before := len(d.page.Mentions)
	d.c.sortMessage(&d.page, &m)
	if edited && len(d.page.Mentions) > before {
		d.page.Mentions[before].EditedAt = e.At.UTC().Truncate(time.Second)
	}
	return nil
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
