package facebook

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
)

const (
	followed   = 90 * 24 * time.Hour // how old a post may be whose comments are looked for
	overlap    = 15 * time.Minute    // how late Facebook may show a comment
	postsPage  = 25
	answerPage = 50
)

// edges are the Page's lists of posts, in the order of a walk.
var edges = []string{"feed", "visitor_posts", "tagged"}

// walk is what a cursor says: from when on things count and, while a walk is
// under way, where it stands. One poll is one call and one step of it.
type walk struct {
	Since int64    `json:"since"`           // seconds; what was written before is known
	Began int64    `json:"began,omitempty"` // when the walk began, on Facebook's clock
	Edge  int      `json:"edge,omitempty"`
	After string   `json:"after,omitempty"` // where on the edge
	Posts []string `json:"posts,omitempty"` // whose comments come next
	In    string   `json:"in,omitempty"`    // where in those of the first
	// Again is whether the edge was begun once more because Facebook forgot our cursor.
	Again bool `json:"again,omitempty"`
}

func (c *Connector) walkOf(cursor inbox.Cursor) (walk, error) {
	var w walk
	if len(cursor) == 0 {
		return walk{Since: time.Now().Add(-c.backfill).Unix()}, nil
	}
	err := json.Unmarshal(cursor, &w)
	if err != nil || w.Edge < 0 || w.Edge > len(edges) || w.Edge == len(edges) && len(w.Posts) == 0 || len(w.Posts) > 10*postsPage {
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
	var page connectors.Page
	if len(w.Posts) > 0 {
		err = c.readComments(ctx, &w, &page)
	} else {
		err = c.readPosts(ctx, &w, &page)
	}
	if err != nil {
		return connectors.Page{}, err
	}
	page.More = len(w.Posts) > 0 || w.Edge < len(edges)
	if !page.More {
		w = walk{Since: max(w.Since, w.Began-int64(overlap/time.Second))}
	}
	page.Next, err = json.Marshal(w)
	if err != nil {
		return connectors.Page{}, connectors.Errorf(connectors.Garbage, "the cursor cannot be written: %w", err)
	}
	return page, nil
}

// readPosts reads a page of an edge, and notes whose comments to read.
func (c *Connector) readPosts(ctx context.Context, w *walk, page *connectors.Page) error {
	list, err := graph.Page[node](ctx, c.client, c.s.PageID+"/"+edges[w.Edge],
		graph.Params{"fields": postFields, "limit": strconv.Itoa(postsPage)}, w.After)
	if err != nil && w.After != "" && !w.Again && connectors.KindOf(err) == connectors.Rejected {
		w.After, w.Again = "", true
		return nil
	}
	if err == nil {
		err = wholeList(list)
	}
	if err != nil {
		return err
	}
	if w.Began == 0 {
		w.Began = time.Now().Unix()
		if at := list.Answer.At; !at.IsZero() {
			w.Began = min(w.Began, at.Unix())
		}
	}
	since, horizon := time.Unix(w.Since, 0), time.Unix(w.Began, 0).Add(-followed)
	ended := list.After == ""
	older := len(list.Items) > 0
	for i := range list.Items {
		p := &list.Items[i]
		if !p.CreatedAt.Before(since) {
			c.sort(page, p, "")
		}
		if p.UpdatedAt.IsZero() || !p.UpdatedAt.Before(since) {
			w.Posts = append(w.Posts, p.ID)
		}
		older = older && p.CreatedAt.Before(horizon)
	}
	w.After = list.After
	if ended || older {
		w.Edge, w.After, w.Again = w.Edge+1, "", false
	}
	return nil
}

// readComments reads a page of the comments under the first of the posts.
func (c *Connector) readComments(ctx context.Context, w *walk, page *connectors.Page) error {
	post := w.Posts[0]
	list, err := graph.Page[node](ctx, c.client, post+"/comments", graph.Params{
		"fields": commentFields, "filter": "stream", "order": "reverse_chronological", "limit": strconv.Itoa(answerPage),
	}, w.In)
	switch kind := connectors.KindOf(err); {
	case err == nil:
		err = wholeList(list)
	case kind == connectors.Rejected && w.In != "" && !w.Again:
		w.In, w.Again = "", true
		return nil
	case kind == connectors.Gone, !strings.HasPrefix(post, c.s.PageID+"_") && (kind == connectors.NotAllowed || kind == connectors.Rejected):
		w.next() // it was deleted meanwhile, or stands where Facebook shows us no comments
		return nil
	}
	if err != nil {
		return err
	}
	since := time.Unix(w.Since, 0)
	older := len(list.Items) > 0
	for i := range list.Items {
		n := &list.Items[i]
		if n.CreatedAt.Before(since) {
			continue
		}
		older = false
		c.sort(page, n, post)
	}
	if w.In = list.After; w.In == "" || older {
		w.next()
	}
	return nil
}

// next goes on to the next post's comments.
func (w *walk) next() { w.Posts, w.In, w.Again = w.Posts[1:], "", false }

// sort puts a node where it belongs: our own, or a mention.
func (c *Connector) sort(page *connectors.Page, n *node, post string) {
	if n.From.ID == c.s.PageID || c.known(n.ID) {
		page.Own = append(page.Own, n.own(post))
		return
	}
	page.Mentions = append(page.Mentions, n.inbound(post))
}
