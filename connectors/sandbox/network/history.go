package network

import (
	"context"
	"slices"
	"time"

	"standpunt/internal/id"
)

// History describes a past for [Network.Seed] to invent.
type History struct {
	Until time.Time // the newest post is a little older; zero is now
	Days  int       // how far it goes back; 0 is 14
	Posts int       // how many customers' questions; 0 is 60
	// Answers lets the brand answer some of them. Such answers were never approved by
	// anybody: a desk that watches the account sees posts that nothing explains.
	Answers bool
	Seed    uint64
}

// Seed invents a past: questions over some days, by day more than by night,
// with bystanders, answers and thanks. It returns the posts, oldest first.
func (n *Network) Seed(ctx context.Context, h History) ([]*Post, error) {
	drafts := invent(newDealer(n.cast.brand, h.Seed), h)
	var made []*Post
	for batch := range slices.Chunk(drafts, 200) {
		posts, err := n.board.add(ctx, "", batch...)
		if err != nil {
			return made, err
		}
		made = append(made, posts...)
	}
	return made, nil
}

// invent is a history's drafts, oldest first.
func invent(d *dealer, h History) []Draft {
	if h.Until.IsZero() {
		h.Until = time.Now()
	}
	if h.Days == 0 {
		h.Days = 14
	}
	if h.Posts == 0 {
		h.Posts = 60
	}
	var drafts []Draft
	say := func(p Draft) *Post {
		if !p.At.Before(h.Until) {
			return nil // it would be said later than now
		}
		p.id, p.trusted = id.At[Post](p.At), true
		drafts = append(drafts, p)
		return &Post{ID: p.id, Author: p.Author, PostedAt: p.At}
	}
	for range h.Posts {
		q := questions[d.next("questions", len(questions))]
		asked := say(Draft{Author: d.somebody(q.lang), Text: d.fill(q.text), At: d.moment(h)})
		if asked == nil {
			continue
		}
		if d.rng.IntN(4) == 0 {
			b := d.bystander(q.lang, asked)
			b.At = asked.PostedAt.Add(d.jitter(20 * time.Minute))
			say(b)
		}
		if !h.Answers || q.answer == "" {
			continue
		}
		answer := say(Draft{Author: d.brand, Text: q.answer, InReplyTo: asked.ID, At: asked.PostedAt.Add(d.jitter(40 * time.Minute))})
		if answer != nil && d.rng.IntN(2) == 0 {
			f := d.followUp(asked.Author, answer)
			f.At = answer.PostedAt.Add(d.jitter(15 * time.Minute))
			say(f)
		}
	}
	slices.SortStableFunc(drafts, func(a, b Draft) int { return a.At.Compare(b.At) })
	return drafts
}

// moment is a time within the history, seldom at night.
func (d *dealer) moment(h History) time.Time {
	span := time.Duration(h.Days) * 24 * time.Hour
	for {
		at := h.Until.Add(-time.Minute - time.Duration(d.rng.Float64()*float64(span))).Truncate(time.Second)
		if hour := at.Hour(); hour >= 7 || d.rng.IntN(8) == 0 {
			return at
		}
	}
}
