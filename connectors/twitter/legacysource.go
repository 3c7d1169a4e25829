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

// legacyPlace is what a cursor says: how far the mentions were read, and how far
// our own posts. Where a round began means what it means in a [place].
type legacyPlace struct {
	legacyMark
	Own *legacyMark `json:"own,omitempty"`
}

// legacyMark is how far one list was read. The ids of compatible servers need not
// hold a time, so no mark is made from one.
type legacyMark struct {
	Since int64 `json:"since"`
	// From is the Unix time before which nothing is read, while no post was seen.
	From int64 `json:"from,omitempty"`
	// Settled is the greatest id in this round of a post that was old enough when it was read
	// for all that came before it to be visible: where the next round begins.
	Settled int64 `json:"settled,omitempty"`
	Max     int64 `json:"max,omitempty"`  // the round's next page holds ids up to here
	Size    int   `json:"size,omitempty"` // of the round's pages, where it is not legacyPageSize
}

func (m *legacyMark) midway() bool { return m.Max > 0 }

// size is how much the round asks for at a time.
func (m *legacyMark) size() int {
	if m.Size < leastPage || m.Size > legacyPageSize {
		return legacyPageSize
	}
	return m.Size
}

// legacyList asks for a page of a list: of what stands between the mark's ends.
type legacyList func(ctx context.Context, at legacyMark) ([]post, *carrier, error)

// page reads a page, and makes the round's pages smaller where one is too large.
func (m *legacyMark) page(ctx context.Context, list legacyList) ([]post, *carrier, error) {
	posts, way, err := list(ctx, *m)
	if shrink(&m.Size, m.size(), err) {
		return m.page(ctx, list)
	}
	return posts, way, err
}

func (l *Legacy) placeOf(cursor inbox.Cursor) (p legacyPlace, err error) {
	if len(cursor) > 0 {
		if err := json.Unmarshal(cursor, &p); err != nil {
			return legacyPlace{}, &connectors.Error{Kind: connectors.Garbage, Message: "the account's cursor cannot be read"}
		}
	}
	if p.Own == nil {
		p.Own = new(legacyMark)
	}
	for _, m := range []*legacyMark{&p.legacyMark, p.Own} {
		if min(m.Since, m.From, m.Settled, m.Max) < 0 {
			*m = legacyMark{}
		}
		if m.Since == 0 && m.From == 0 {
			m.From = time.Now().Add(-l.c.backfill).Unix()
		}
	}
	return p, nil
}

// Poll reads one page of what mentions the account, and one of what the account
// wrote. While a round over several pages is under way, it reads the list that is
// not through.
func (l *Legacy) Poll(ctx context.Context, after inbox.Cursor) (page connectors.Page, err error) {
	at, err := l.placeOf(after)
	if err != nil {
		return connectors.Page{}, err
	}
	self, err := l.me(ctx)
	if err != nil {
		return connectors.Page{}, err
	}
	var posts []*post
	if at.midway() || !at.Own.midway() {
		came, next, err := l.turn(ctx, at.legacyMark, l.mentions)
		if err == nil {
			err = l.threads.resolve(ctx, l, came)
		}
		if err != nil {
			return connectors.Page{}, err
		}
		posts, at.legacyMark = came, next
	}
	if (at.Own.midway() || !at.midway()) && l.ownHidden.Load() == nil {
		came, next, err := l.turn(ctx, *at.Own, l.writtenBy(self))
		if err = l.hides(err); err != nil {
			return connectors.Page{}, err
		}
		posts, *at.Own = append(posts, came...), next
	}
	page = l.sorted(posts, self)
	if hidden := l.ownHidden.Load(); hidden != nil {
		page.Trouble = hidden
	}
	page.More = at.midway() || at.Own.midway()
	page.Next, err = json.Marshal(at)
	return page, err
}

// hides is err, unless it says that the server has no list of our own posts: then
// mentions come in without it, and nobody asks again until the daemon starts anew.
func (l *Legacy) hides(err error) error {
	if err == nil || connectors.KindOf(err) != connectors.NotAllowed {
		return err
	}
	l.ownHidden.Store(noOwnList(err))
	return nil
}

// noOwnList says that the server has no list of our own posts.
func noOwnList(err error) *connectors.Error {
	return &connectors.Error{
		Kind: connectors.NotAllowed, Message: "the server does not show the account's own posts, so that nobody sees what is published outside",
		Remedy: "Ask its keeper for statuses/user_timeline.", Err: err,
	}
}

// turn reads one page of a list. The server lists newest first; a round ends where
// the last one began, or with an empty page of full size: what was deleted is taken
// out of a page after it was counted, so that one of few can be empty before the end.
func (l *Legacy) turn(ctx context.Context, at legacyMark, list legacyList) (fresh []*post, next legacyMark, err error) {
	began := time.Now()
	posts, way, err := at.page(ctx, list)
	if err == nil && len(posts) == 0 && at.Size > 0 {
		at.Size = 0
		posts, way, err = at.page(ctx, list)
	}
	if err != nil {
		return nil, at, err
	}
	lowest, next := lowestOf(posts), at
	if at.midway() && lowest != nil && number(lowest.ID) > at.Max {
		return nil, at, way.answer.Nonsense("a page that leads nowhere")
	}
	for i := range posts {
		p := &posts[i]
		if number(p.ID) <= at.Since || at.Since == 0 && p.postedAt().Unix() < at.From {
			continue
		}
		fresh = append(fresh, p)
		if p.postedAt().Before(l.c.onX(began).Add(-overlap)) {
			next.Settled = max(next.Settled, number(p.ID))
		}
	}
	if lowest != nil && number(lowest.ID)-1 > at.Since && (at.Since > 0 || lowest.postedAt().Unix() >= at.From) {
		next.Max = number(lowest.ID) - 1
		return fresh, next, nil
	}
	next = legacyMark{Since: max(at.Since, next.Settled)}
	if next.Since == 0 {
		next.From = at.From
	}
	return fresh, next, nil
}

// sorted tells our own posts from the others.
func (l *Legacy) sorted(posts []*post, self string) (page connectors.Page) {
	for _, p := range posts {
		if p.AuthorID == self {
			page.Own = append(page.Own, l.own(p))
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
