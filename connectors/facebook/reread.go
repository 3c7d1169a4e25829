package facebook

import (
	"context"
	"slices"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
)

// Facebook's polls tell neither edits nor deletions. Each walk therefore reads
// the newest comments of one more post, in turn, and compares.
const (
	turned      = 20 // posts that take turns
	mostMissing = 5  // comments of one list that are asked for one by one
)

// place is where a comment of a customer's stands.
type place struct {
	post string
	at   time.Time
}

// turn adds the post whose turn it is to those whose comments are read.
func (w *walk) turn() {
	if len(w.Turns) == 0 {
		return
	}
	post := w.Turns[0]
	w.Turns = append(w.Turns[1:], post)
	w.add(post)
}

// turns notes that a post has comments that may change.
func (w *walk) turns(post string) {
	if slices.Contains(w.Turns, post) {
		return
	}
	w.Turns = append(w.Turns, post)
	if len(w.Turns) > turned {
		w.Turns = w.Turns[1:]
	}
}

// noTurns forgets that a post has turns.
func (w *walk) noTurns(post string) {
	w.Turns = slices.DeleteFunc(w.Turns, func(turn string) bool { return turn == post })
}

// missing looks for comments that stood under a post and are no longer in its
// newest ones, and asks for each: what Facebook shows no more is gone. A list
// without a single customer in it proves nothing: a permission may be lost.
// It is told again until the page was kept.
func (c *Connector) missing(ctx context.Context, w *walk, page *connectors.Page, post string, list graph.List[node]) {
	oldest := time.Time{}
	others := false
	for i := range list.Items {
		n := &list.Items[i]
		others = others || n.From.ID != c.s.PageID
		if list.After != "" && (oldest.IsZero() || n.CreatedAt.Before(oldest)) {
			oldest = n.CreatedAt.Time
		}
	}
	if !others {
		return
	}
	asked := 0
	for id, at := range c.places.All() {
		listed := slices.ContainsFunc(list.Items, func(n node) bool { return n.ID == id })
		if at.post != post || listed || !at.at.After(oldest) || asked == mostMissing {
			continue
		}
		if s, _ := c.sights.Get(id); s.gone {
			continue
		}
		asked++
		_, err := c.read(ctx, id, commentFields)
		if connectors.KindOf(err) == connectors.Gone {
			w.Gone = append(w.Gone, id)
			page.Mentions = append(page.Mentions, inbox.Inbound{ExternalID: id, Deleted: true})
		}
	}
}
