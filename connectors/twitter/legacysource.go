package twitter

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"standpunt/connectors"
	"standpunt/inbox"
)

const legacyPageSize = 200

// legacyPlace is what a cursor says. Since means what it means in a [place]. Ids
// of compatible servers need not hold a time, so none is made from one.
type legacyPlace struct {
	Since int64 `json:"since"`
	// From is the Unix time before which nothing is read, while no post was seen.
	From int64 `json:"from,omitempty"`
	// Settled is the greatest id in this round of a post that was old enough when it was read
	// for all that came before it to be visible: where the next round begins.
	Settled int64 `json:"settled,omitempty"`
	Max     int64 `json:"max,omitempty"` // the round's next page holds ids up to here
}

func (l *Legacy) placeOf(cursor inbox.Cursor) (p legacyPlace, err error) {
	if len(cursor) > 0 {
		if err := json.Unmarshal(cursor, &p); err != nil || min(p.Since, p.From, p.Settled, p.Max) < 0 {
			return legacyPlace{}, &connectors.Error{Kind: connectors.Garbage, Message: "the account's cursor cannot be read"}
		}
	}
	if p.Since == 0 && p.From == 0 {
		p.From = time.Now().Add(-l.c.backfill).Unix()
	}
	return p, nil
}

// Poll reads one page of what mentions the account. The server lists newest
// first; a round ends where the last one began, or with an empty page.
func (l *Legacy) Poll(ctx context.Context, after inbox.Cursor) (connectors.Page, error) {
	at, err := l.placeOf(after)
	if err != nil {
		return connectors.Page{}, err
	}
	self, err := l.me(ctx)
	if err != nil {
		return connectors.Page{}, err
	}
	began := time.Now()
	posts, way, err := l.mentions(ctx, at.Since, at.Max)
	if err != nil {
		return connectors.Page{}, err
	}
	lowest, next := lowestOf(posts), at
	if at.Max > 0 && lowest != nil && number(lowest.ID) > at.Max {
		return connectors.Page{}, way.answer.Nonsense("a page that leads nowhere")
	}
	var fresh []*post
	for i := range posts {
		p := &posts[i]
		if number(p.ID) <= at.Since || at.Since == 0 && p.postedAt().Unix() < at.From {
			continue
		}
		fresh = append(fresh, p)
		if p.postedAt().Before(began.Add(-overlap)) {
			next.Settled = max(next.Settled, number(p.ID))
		}
	}
	if err := l.threads.resolve(ctx, l, fresh); err != nil {
		return connectors.Page{}, err
	}
	page := l.sorted(fresh, self)
	through := lowest == nil || number(lowest.ID)-1 <= at.Since || at.Since == 0 && lowest.postedAt().Unix() < at.From
	if through {
		next = legacyPlace{Since: max(at.Since, next.Settled)}
		if next.Since == 0 {
			next.From = at.From
		}
	} else {
		next.Max = number(lowest.ID) - 1
	}
	page.Next, err = json.Marshal(next)
	page.More = !through
	return page, err
}

// sorted tells our own posts from the others.
func (l *Legacy) sorted(posts []*post, self string) (page connectors.Page) {
	for _, p := range posts {
		if p.AuthorID == self {
			page.Own = append(page.Own, l.c.own(p))
		} else {
			page.Mentions = append(page.Mentions, l.inbound(p, self))
		}
	}
	return page
}

// lowestOf is the post with the least id, nil where there is none.
func lowestOf(posts []post) (lowest *post) {
	least := int64(math.MaxInt64)
	for i := range posts {
		if id := number(posts[i].ID); id <= least {
			least, lowest = id, &posts[i]
		}
	}
	return lowest
}
