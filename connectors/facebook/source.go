package facebook

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
)

const (
	overlap    = 15 * time.Minute // how late Facebook may show a comment
	mostAnew   = 8                // how often in a row the list below a post or dialogue is begun anew
	postsPage  = 25
	answerPage = 50
)

// edges are the Page's lists of posts, in the order of a walk, and its
// dialogues where they are read.
func (c *Connector) edges() []string {
	if c.s.Messenger {
		return []string{"feed", "visitor_posts", "tagged", conversations}
	}
	return []string{"feed", "visitor_posts", "tagged"}
}

// walk is what a cursor says: from when on things count and, while a walk is
// under way, where it stands. One poll is one call and one step of it.
type walk struct {
	Since int64    `json:"since"`           // seconds; what was written before is known
	Began int64    `json:"began,omitempty"` // when the walk began, on Facebook's clock
	Edge  int      `json:"edge,omitempty"`
	After string   `json:"after,omitempty"` // where on the edge
	Posts []string `json:"posts,omitempty"` // whose comments come next
	In    string   `json:"in,omitempty"`    // where in those of the first
	// Floor is from when on mentions were ever taken in; what is older stays out.
	Floor int64 `json:"floor,omitempty"`
	// Turns are posts whose newest comments are read again, one in each walk.
	Turns []string `json:"turns,omitempty"`
	// Withheld are posts and dialogues that are left out meanwhile.
	Withheld graph.Withheld `json:"withheld,omitempty"`
	// Gone is what the last step told to be deleted, which is kept once the cursor comes back.
	Gone []string `json:"gone,omitempty"`
	// Fewer is how often fewer items were asked for, as Facebook did not give so many.
	Fewer graph.Halvings `json:"fewer,omitempty"`
	// Anew is how often the list of the edge, and AnewIn that below the first of Posts, was
	// begun anew because Facebook forgot our cursor.
	Anew   int `json:"anew,omitempty"`
	AnewIn int `json:"anew_in,omitempty"`
	// trouble is why this step begins it yet once more; that waits for the next round.
	trouble error
}

func (c *Connector) walkOf(cursor inbox.Cursor) (walk, error) {
	var w walk
	if len(cursor) == 0 {
		since := time.Now().Add(-c.backfill).Unix()
		return walk{Since: since, Floor: since}, nil
	}
	err := json.Unmarshal(cursor, &w)
	if last := len(c.edges()); w.Edge > last && err == nil {
		w.Edge = last // messenger was switched off in the middle of a walk
	}
	if w.Floor == 0 {
		w.Floor = w.Since
	}
	if !c.s.Messenger {
		w.Posts = slices.DeleteFunc(w.Posts, isDialogue)
		w.Withheld = slices.DeleteFunc(w.Withheld, func(r graph.Refused) bool { return isDialogue(r.ID) })
	}
	if err != nil || w.Edge < 0 || slices.Contains(w.Posts, "") {
		return w, &connectors.Error{Kind: connectors.Garbage, Message: "the account's cursor cannot be read", Err: err}
	}
	return w, nil
}

// Poll takes one step of a walk over the Page's posts and their comments.
func (c *Connector) Poll(ctx context.Context, after inbox.Cursor) (connectors.Page, error) {
	w, err := c.walkOf(after)
	if err != nil {
		return connectors.Page{}, err
	}
	for _, id := range w.Gone {
		c.sawGone(id)
	}
	w.Gone = nil
	var page connectors.Page
	switch edges := c.edges(); {
	case len(w.Posts) > 0 && isDialogue(w.Posts[0]):
		err = c.readLetters(ctx, &w, &page)
	case len(w.Posts) > 0:
		err = c.readComments(ctx, &w, &page)
	case w.Edge == len(edges):
	case edges[w.Edge] == conversations:
		err = c.readDialogues(ctx, &w)
	default:
		err = c.readPosts(ctx, &w, &page)
	}
	if err != nil {
		return connectors.Page{}, err
	}
	page.More, page.Trouble = w.trouble == nil, w.trouble
	if page.Trouble == nil {
		page.Trouble = w.refusals()
	}
	if len(w.Posts) == 0 && w.Edge == len(c.edges()) {
		page.More = false
		w = walk{Since: max(w.Since, w.Began-int64(overlap/time.Second)), Floor: w.Floor, Turns: w.Turns, Withheld: w.Withheld, Gone: w.Gone}
	}
	page.Next, err = json.Marshal(w)
	if err != nil {
		return connectors.Page{}, connectors.Errorf(connectors.Garbage, "the cursor cannot be written: %w", err)
	}
	return page, nil
}

// readPosts reads a page of an edge, and notes whose comments to read.
func (c *Connector) readPosts(ctx context.Context, w *walk, page *connectors.Page) error {
	list, err := graph.Page[node](ctx, c.client, c.s.PageID+"/"+c.edges()[w.Edge],
		graph.Params{"fields": postFields, "limit": strconv.Itoa(w.Fewer.Of(postsPage))}, w.After)
	if w.forgot(&w.After, err) || w.Fewer.After(err, postsPage) {
		return nil
	}
	if err == nil {
		err = wholeList(list)
	}
	if err != nil {
		return c.unseen(err)
	}
	w.begin(list.Answer)
	since, horizon := time.Unix(w.Since, 0), time.Unix(w.Began, 0).Add(-graph.Followed)
	older := len(list.Items) > 0
	for i := range list.Items {
		p := &list.Items[i]
		if !p.CreatedAt.Before(since) {
			c.sort(page, p, "", list.Answer.At)
		}
		if p.UpdatedAt.IsZero() || !p.UpdatedAt.Before(since) {
			w.add(p.ID)
		}
		older = older && p.CreatedAt.Before(horizon)
	}
	w.leave(list.After, older)
	return nil
}

// add puts a post or dialogue in line, unless it stands there or rests.
func (w *walk) add(id string) {
	if !slices.Contains(w.Posts, id) && !w.Withheld.Rests(id, w.Began) {
		w.Posts = append(w.Posts, id)
	}
}

// begin notes when the walk began, unless it did before.
func (w *walk) begin(answer graph.Answer) {
	if w.Began != 0 {
		return
	}
	w.Began = time.Now().Unix()
	if at := answer.At; !at.IsZero() {
		w.Began = min(w.Began, at.Unix())
	}
	w.turn()
	for _, r := range w.Withheld.Rested(w.Began) {
		w.add(r.ID)
	}
}

// forgot reports whether Facebook no longer knows our place in a list, which
// then begins anew: at once the first time, with the next round of polls after that.
// Below a post or dialogue it does so a bounded number of times, as others wait, and
// only the once where it was refused before.
func (w *walk) forgot(place *string, err error) bool {
	if err == nil || *place == "" || connectors.KindOf(err) != connectors.Rejected {
		return false
	}
	times := &w.Anew
	if place == &w.In {
		times = &w.AnewIn
		if *times >= mostAnew || *times > 0 && w.Withheld.Has(w.Posts[0]) {
			return false
		}
	}
	*place = ""
	if *times++; *times > 1 {
		w.trouble = err
	}
	return true
}

// leave goes on to the next page of the edge, or to the next edge.
func (w *walk) leave(after string, older bool) {
	w.After = after
	if after == "" || older {
		w.Edge, w.After, w.Anew = w.Edge+1, "", 0
	}
}

// readComments reads a page of the comments under the first of the posts.
func (c *Connector) readComments(ctx context.Context, w *walk, page *connectors.Page) error {
	post := w.Posts[0]
	list, err := graph.Page[node](ctx, c.client, post+"/comments", graph.Params{
		"fields": commentFields, "filter": "stream", "order": "reverse_chronological", "limit": strconv.Itoa(w.Fewer.Of(answerPage)),
	}, w.In)
	switch kind := connectors.KindOf(err); {
	case err == nil:
		err = wholeList(list)
	case w.forgot(&w.In, err), w.Fewer.After(err, answerPage):
		return nil
	case kind == connectors.Gone, w.In == "" && !strings.HasPrefix(post, c.s.PageID+"_") && (kind == connectors.NotAllowed || kind == connectors.Rejected):
		w.Withheld.Drop(post)
		w.noTurns(post)
		w.next() // it was deleted meanwhile, or stands where Facebook shows us no comments
		return nil
	case w.refuse(err):
		return nil
	}
	if err != nil {
		return err
	}
	if w.In == "" {
		c.missing(ctx, w, page, post, list)
	}
	if len(list.Items) > 0 {
		w.turns(post)
	}
	since, floor := time.Unix(w.Withheld.Since(post, w.Since), 0), time.Unix(w.Floor, 0)
	older := len(list.Items) > 0
	for i := range list.Items {
		n := &list.Items[i]
		older = older && n.CreatedAt.Before(since)
		if !n.CreatedAt.Before(floor) { // what is known comes again: it may have been edited
			c.sort(page, n, post, list.Answer.At)
		}
	}
	if w.In = list.After; w.In == "" || older {
		w.Withheld.Drop(post)
		w.next()
	}
	return nil
}

// next goes on to the next post or dialogue.
func (w *walk) next() { w.Posts, w.In, w.AnewIn = w.Posts[1:], "", 0 }

// sort puts a node where it belongs: our own, or a mention. read is when
// Facebook showed it so.
func (c *Connector) sort(page *connectors.Page, n *node, post string, read time.Time) {
	edited := c.sawRead(n.ID, n.Message, read)
	if n.From.ID == c.s.PageID || c.ours.Has(n.ID) {
		page.Own = append(page.Own, n.own(post))
		return
	}
	if post != "" {
		c.places.Put(n.ID, place{post: post, at: n.CreatedAt.Time})
	}
	in := n.inbound(post)
	in.EditedAt = edited
	page.Mentions = append(page.Mentions, in)
}
