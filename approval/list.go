package approval

import (
	"context"
	"encoding/base64"
	"iter"
	"slices"

	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

// Filter narrows [Approvals.List]. The zero Filter is everything.
type Filter struct {
	States  []State
	Account inbox.AccountName
	Kinds   []Kind
	// WaitingFor leaves what this person can decide on now.
	WaitingFor people.ID
	// Stuck leaves out what is queued, unless the last attempt to send it failed.
	Stuck bool
}

// Page is a part of a list, newest change first; Next is empty at the end.
type Page struct {
	Items []*View
	Next  string
}

// scanMost is how many proposals one call of [Approvals.List] looks at.
const scanMost = 5000

// List finds proposals, newest change first, at most limit (1 to 200) a page.
// after is the Next of the page before. It looks at a bounded number of
// proposals, so a page of a narrow filter can hold fewer than limit, even
// none, and still have a Next.
func (a *Approvals) List(ctx context.Context, f Filter, after string, limit int) (page Page, err error) {
	limit = min(max(limit, 1), 200)
	from, err := parsePosition(after)
	if err != nil {
		return page, err
	}
	err = a.db.View(ctx, func(tx *store.Tx) error {
		page = Page{}
		keep, err := a.filter(tx, &f)
		if err != nil {
			return err
		}
		looked := 0
		for p, err := range a.newestFirst(tx, f.States, from) {
			if err != nil {
				return err
			}
			if looked == scanMost || len(page.Items) == limit {
				page.Next = formatPosition(p.position())
				break
			}
			if looked++; keep(p) {
				page.Items = append(page.Items, a.view(tx, p))
			}
		}
		return nil
	})
	return page, err
}

// newestFirst merges the proposals of some states, none meaning all, from a
// position on.
func (a *Approvals) newestFirst(tx *store.Tx, states []State, from []byte) iter.Seq2[*Proposal, error] {
	if len(states) == 0 {
		states = States()
	}
	return func(yield func(*Proposal, error) bool) {
		var streams []*stream
		for _, s := range slices.Compact(slices.Sorted(slices.Values(states))) {
			r := store.Range{Prefix: store.Field([]byte(s))}
			if from != nil {
				r.From = append(slices.Clone(r.Prefix), from...)
			}
			next, stop := iter.Pull2(a.proposals.By(tx, "state", r, false))
			defer stop()
			if one := (&stream{next: next}); one.advance() {
				streams = append(streams, one)
			}
		}
		for len(streams) > 0 {
			first := slices.MinFunc(streams, func(x, y *stream) int { return slices.Compare(x.at, y.at) })
			if !yield(first.head, first.err) || first.err != nil {
				return
			}
			if !first.advance() {
				streams = slices.DeleteFunc(streams, func(s *stream) bool { return s == first })
			}
		}
	}
}

// stream is one state's proposals; an error stands before everything else.
type stream struct {
	next func() (*Proposal, error, bool)
	head *Proposal
	err  error
	at   []byte
}

func (s *stream) advance() (more bool) {
	if s.head, s.err, more = s.next(); more && s.err == nil {
		s.at = s.head.position()
	} else {
		s.at = nil
	}
	return more
}

// position is where the proposal stands in lists: newest change first, then id.
func (p *Proposal) position() []byte {
	return append(store.NewestFirst(p.UpdatedAt), p.ID.Key()...)
}

// filter is what a proposal must be like to be listed.
func (a *Approvals) filter(tx *store.Tx, f *Filter) (func(*Proposal) bool, error) {
	var person *people.Person
	if !f.WaitingFor.IsZero() {
		var err error
		if person, err = a.staff.Get(tx, f.WaitingFor); err != nil {
			return nil, notFoundAs(err, "person")
		}
	}
	return func(p *Proposal) bool {
		switch {
		case f.Account != "" && p.Account != f.Account, len(f.Kinds) > 0 && !slices.Contains(f.Kinds, p.Kind),
			f.Stuck && p.State == Queued && !p.Retrying():
			return false
		case person == nil:
			return true
		}
		return p.State == InReview && p.Author != person.ID && p.endorsedBy(person.ID) < 0 &&
			mayEndorse(person, p.Kind, tx.Now()) == nil
	}, nil
}

// Waiting counts what a person can decide on now, at most 100.
func (a *Approvals) Waiting(ctx context.Context, who people.ID) (int, error) {
	page, err := a.List(ctx, Filter{States: []State{InReview}, WaitingFor: who}, "", 100)
	return len(page.Items), err
}

// formatPosition makes an opaque list cursor.
func formatPosition(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// parsePosition reads one; an empty text is the beginning.
func parsePosition(s string) ([]byte, error) {
	if s == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 24 {
		return nil, errPosition(s)
	}
	return b, nil
}

func errPosition(s string) error {
	return fault.New(fault.InvalidInput, "this is not a cursor of this list").At("cursor", s).Fix("Begin again without one.")
}
