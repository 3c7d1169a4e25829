package facebook

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
	"standpunt/internal/phrase"
)

// What may be asked back while a delivery waits for its answer.
const (
	mostAsked  = 50
	longestAsk = 10 * time.Second
)

// Pushed is a [Connector] that Facebook also delivers to by itself.
type Pushed struct {
	*Connector
	hook graph.Hook
}

// Addressee is the Page.
func (p *Pushed) Addressee() string { return p.s.PageID }

// Receive takes one delivery, or Facebook's question whether the address is
// ours. What a delivery leaves out is asked for, within bounds; what cannot be
// learned now is answered with 503, so that it comes again, and keeps nothing
// else from coming in.
func (p *Pushed) Receive(ctx context.Context, r *http.Request, body []byte) (connectors.WebhookAnswer, error) {
	if r.Method == http.MethodGet {
		return p.hook.Challenge(r)
	}
	entries, err := p.hook.Open(r, body, "page")
	if err != nil {
		return connectors.WebhookAnswer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, longestAsk)
	defer cancel()
	d := &delivery{Connector: p.Connector}
	var others []string
	for _, e := range entries {
		if e.Trouble != nil && (e.ID == "" || string(e.ID) == p.s.PageID) {
			d.page.Trouble = e.Trouble
		}
		if string(e.ID) != p.s.PageID {
			if id := string(e.ID); idPattern.MatchString(id) && !slices.Contains(others, id) {
				others = append(others, id)
			}
			continue
		}
		for _, change := range e.Changes {
			d.change(ctx, e, change)
		}
		for _, raw := range e.Messaging {
			d.event(ctx, e, raw)
		}
	}
	answer := connectors.WebhookAnswer{Page: d.page, Others: others}
	if d.again {
		answer.Status = http.StatusServiceUnavailable
	}
	return answer, nil
}

// delivery is one on its way to a page of mentions.
type delivery struct {
	*Connector
	page  connectors.Page
	asked int
	again bool // something could not be learned now
}

// mayAsk reports whether one more call is within bounds.
func (d *delivery) mayAsk(ctx context.Context) bool {
	d.asked++
	return d.asked <= mostAsked && ctx.Err() == nil
}

// removed takes word that something is gone.
func (d *delivery) removed(id string) {
	d.sawGone(id)
	d.page.Mentions = append(d.page.Mentions, inbox.Inbound{ExternalID: id, Deleted: true})
}

// told is what a change says of a post or comment.
type told struct {
	Item       string        `json:"item"`
	Verb       string        `json:"verb"`
	PostID     graph.ID      `json:"post_id"`
	CommentID  graph.ID      `json:"comment_id"`
	ParentID   graph.ID      `json:"parent_id"`
	From       *toldPerson   `json:"from"`
	SenderID   graph.ID      `json:"sender_id"`
	SenderName string        `json:"sender_name"`
	Message    string        `json:"message"`
	CreatedAt  graph.Instant `json:"created_time"`
	EditedAt   graph.Instant `json:"edited_time"`
	Published  json.Number   `json:"published"`

	Photo  json.RawMessage `json:"photo"`
	Photos json.RawMessage `json:"photos"`
	Video  json.RawMessage `json:"video"`
	Link   json.RawMessage `json:"link"`
}

type toldPerson struct {
	ID   graph.ID `json:"id"`
	Name string   `json:"name"`
}

// postItems are the items that are posts.
var postItems = []string{"", "status", "post", "photo", "video", "link", "share", "note", "album"}

// decodeTold reads a change; false for what is about no post and no comment of
// ours: likes, shares elsewhere, and whatever Facebook thinks of next.
func (c *Connector) decodeTold(change graph.Change) (*told, bool) {
	t := new(told)
	if change.Field != "feed" && change.Field != "mention" || json.Unmarshal(change.Value, t) != nil {
		return nil, false
	}
	isComment := t.Item == "comment" || t.Item == "" && t.CommentID != ""
	switch {
	case !nodePattern.MatchString(string(t.PostID)):
		return nil, false
	case isComment:
		return t, nodePattern.MatchString(string(t.CommentID))
	case !slices.Contains(postItems, t.Item), t.Published == "0":
		return nil, false
	}
	t.CommentID = ""
	return t, change.Field == "mention" || owner(string(t.PostID)) == c.s.PageID
}

// id is the id of what the change is about.
func (t *told) id() string {
	if t.CommentID != "" {
		return string(t.CommentID)
	}
	return string(t.PostID)
}

// post is what a comment stands under, "" for a post.
func (t *told) post() string {
	if t.CommentID != "" {
		return string(t.PostID)
	}
	return ""
}

// change takes one change of the Page's feed, or one mention of the Page.
func (d *delivery) change(ctx context.Context, e graph.Entry, change graph.Change) {
	t, ok := d.decodeTold(change)
	if !ok {
		return
	}
	switch t.Verb {
	case "remove", "delete":
		d.removed(t.id())
	case "add":
		d.stands(ctx, t, latest(t.CreatedAt.Time, e.Time), time.Time{})
	case "edit", "edited", "update":
		edited := t.EditedAt.Time
		if edited.IsZero() {
			edited = latest(e.Time, t.CreatedAt.Time)
		}
		if edited.IsZero() {
			edited = time.Now()
		}
		edited = edited.UTC().Truncate(time.Second)
		d.stands(ctx, t, edited, edited)
	}
}

// stands takes how a post or comment stood at a moment.
func (d *delivery) stands(ctx context.Context, t *told, stood, edited time.Time) {
	if d.outdated(t.id(), stood, edited) {
		return
	}
	n := t.node()
	if !t.complete() {
		asked, err := d.ask(ctx, t)
		switch {
		case err == nil:
			n = asked
		case mayPass(err) && (n.Message == "" || n.From.ID == "" || t.CreatedAt.IsZero()):
			d.again = true
			return
		}
	}
	if n.CreatedAt.IsZero() {
		n.CreatedAt.Time = latest(stood, edited)
	}
	if n.CreatedAt.IsZero() {
		n.CreatedAt.Time = time.Now().UTC().Truncate(time.Second)
	}
	d.sawTold(n.ID, n.Message, edited)
	if n.From.ID == d.s.PageID || d.ours.Has(n.ID) {
		d.page.Own = append(d.page.Own, n.own(t.post()))
		return
	}
	if t.CommentID != "" {
		d.places.Put(n.ID, place{post: t.post(), at: n.CreatedAt.Time})
	}
	in := n.inbound(t.post())
	in.EditedAt = edited
	d.page.Mentions = append(d.page.Mentions, in)
}

// ask asks Facebook for the whole of what a change is about.
func (d *delivery) ask(ctx context.Context, t *told) (node, error) {
	if !d.mayAsk(ctx) {
		return node{}, connectors.Phrased(connectors.NotAllowed, phrase.Of(phrase.DeliveryLeavesOut), phrase.Phrase{})
	}
	if t.CommentID == "" {
		return d.read(ctx, t.id(), postFields)
	}
	return d.read(ctx, t.id(), commentFields)
}

// mayPass reports whether the same call can succeed later.
func mayPass(err error) bool {
	switch connectors.KindOf(err) {
	case connectors.Gone, connectors.NotAllowed, connectors.Rejected:
		return false
	default:
		return true
	}
}

// complete reports whether the change tells all that a call would.
func (t *told) complete() bool {
	whole := t.Message != "" && !t.CreatedAt.IsZero() && t.author().ID != "" && (t.CommentID == "" || t.ParentID != "")
	for _, raw := range []json.RawMessage{t.Photo, t.Photos, t.Video, t.Link} {
		whole = whole && (len(raw) == 0 || string(raw) == "null" || string(raw) == `""`)
	}
	return whole
}

func (t *told) author() person {
	if t.From != nil && t.From.ID != "" {
		return person{ID: string(t.From.ID), Name: t.From.Name}
	}
	return person{ID: string(t.SenderID), Name: t.SenderName}
}

// node is the change as the Graph API would show what it is about.
func (t *told) node() node {
	n := node{ID: t.id(), Message: t.Message, From: t.author(), CreatedAt: t.CreatedAt, URL: "https://www.facebook.com/" + t.id()}
	parent, post := string(t.ParentID), string(t.PostID)
	if t.CommentID != "" && parent != post && owner(post)+"_"+parent != post && nodePattern.MatchString(parent) {
		n.Parent.ID = parent
	}
	return n
}

// latest is the later of two times.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
