package approval

import (
	"context"
	"slices"
	"time"

	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

// View is a proposal as the screens and the API show it.
type View struct {
	*Proposal
	Envelope *Envelope // of the newest revision; nil once erased
	Missing  string    // what the policy still asks for, one English sentence; empty outside review
	Quorum   int       // different people that the policy asks for
	Roles    []people.Role
}

// RevisionView is one version of a proposal's content.
type RevisionView struct {
	Revision
	Envelope *Envelope // nil once erased
}

func (a *Approvals) view(tx *store.Tx, p *Proposal) (*View, error) {
	v := &View{Proposal: p}
	e, err := a.envelope(tx, p)
	switch {
	case fault.Is(err, fault.NotFound):
		return v, nil
	case err != nil:
		return nil, err
	}
	v.Envelope = e
	policy, err := a.policyFor(tx, e)
	if err != nil {
		v.Missing = err.Error()
		return v, nil
	}
	v.Quorum, v.Roles = policy.Quorum, policy.Roles
	if p.State == InReview {
		_, v.Missing, err = a.evaluate(tx, p, policy)
	}
	return v, err
}

// Get is one proposal.
func (a *Approvals) Get(ctx context.Context, proposal ProposalID) (v *View, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		p, err := a.proposals.Get(tx, proposal)
		if err != nil {
			return notFoundAs(err, "proposal")
		}
		v, err = a.view(tx, p)
		return err
	})
	return v, err
}

// Revisions are all versions of a proposal's content, oldest first.
func (a *Approvals) Revisions(ctx context.Context, proposal ProposalID) (list []RevisionView, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		for r, err := range a.revisions.Scan(tx, store.Range{Prefix: proposal.Key()}, false) {
			if err != nil {
				return err
			}
			e, err := a.sealed(tx, r.Digest)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
			list = append(list, RevisionView{*r, e})
		}
		return nil
	})
	return list, err
}

// OfConversation are a conversation's proposals, oldest first.
func (a *Approvals) OfConversation(ctx context.Context, conversation inbox.ConversationID) (list []*View, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		list, err = a.views(tx, a.proposals.By(tx, "conversation", store.Range{Prefix: conversation.Key()}, false), 200, nil)
		return err
	})
	return list, err
}

// Filter narrows [Approvals.List]. The zero Filter is everything.
type Filter struct {
	States  []State
	Account inbox.AccountName
	Kinds   []Kind
	// WaitingFor leaves what this person can decide on now.
	WaitingFor people.ID
}

// Page is a part of a list, newest change first; Next is empty at the end.
type Page struct {
	Items []*View
	Next  string
}

// List finds proposals, newest change first, at most limit (1 to 200) a page.
// after is the Next of the page before.
func (a *Approvals) List(ctx context.Context, f Filter, after string, limit int) (page Page, err error) {
	limit = min(max(limit, 1), 200)
	from, err := parsePosition(after)
	if err != nil {
		return page, err
	}
	states := f.States
	if len(states) == 0 {
		states = States()
	}
	err = a.db.View(ctx, func(tx *store.Tx) error {
		page = Page{}
		keep := func(p *Proposal) bool { return a.keeps(tx, &f, p) }
		all := make([]*View, 0, limit+1)
		for _, s := range states {
			r := store.Range{Prefix: store.Field([]byte(s))}
			if from != nil {
				r.From = append(slices.Clone(r.Prefix), from...)
			}
			some, err := a.views(tx, a.proposals.By(tx, "state", r, false), limit+1, keep)
			if err != nil {
				return err
			}
			all = append(all, some...)
		}
		slices.SortFunc(all, func(x, y *View) int { return slices.Compare(x.position(), y.position()) })
		if len(all) > limit {
			page.Next = formatPosition(all[limit].position())
			all = all[:limit]
		}
		page.Items = all
		return nil
	})
	return page, err
}

// position is where the proposal stands in lists: newest change first, then id.
func (p *Proposal) position() []byte {
	return append(store.NewestFirst(p.UpdatedAt), p.ID.Key()...)
}

func (a *Approvals) keeps(tx *store.Tx, f *Filter, p *Proposal) bool {
	if f.Account != "" && p.Account != f.Account || len(f.Kinds) > 0 && !slices.Contains(f.Kinds, p.Kind) {
		return false
	}
	if f.WaitingFor.IsZero() {
		return true
	}
	person, err := a.staff.Get(tx, f.WaitingFor)
	return err == nil && p.State == InReview && p.Author != f.WaitingFor && p.endorsedBy(f.WaitingFor) < 0 &&
		mayEndorse(person, p.Kind, tx.Now()) == nil
}

func (a *Approvals) views(tx *store.Tx, seq func(func(*Proposal, error) bool), most int, keep func(*Proposal) bool) (list []*View, err error) {
	for p, err := range seq {
		if err != nil {
			return nil, err
		}
		if keep != nil && !keep(p) {
			continue
		}
		v, err := a.view(tx, p)
		if err != nil {
			return nil, err
		}
		if list = append(list, v); len(list) == most {
			break
		}
	}
	return list, nil
}

// Waiting counts what a person can decide on now, at most 100.
func (a *Approvals) Waiting(ctx context.Context, who people.ID) (int, error) {
	page, err := a.List(ctx, Filter{States: []State{InReview}, WaitingFor: who}, "", 100)
	return len(page.Items), err
}

// Half gives one of the two who stand behind a new person or a credential
// reset their half of the one-time enrolment code; a half is shown once.
// Neither half is any use without the other, so that nobody can enrol in
// somebody else's place alone.
func (a *Approvals) Half(ctx context.Context, by people.Principal, proposal ProposalID) (half string, err error) {
	if err := by.MayEndorse(); err != nil {
		return "", err
	}
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		p, err := a.proposals.Get(tx, proposal)
		if err != nil {
			return notFoundAs(err, "proposal")
		}
		which := p.endorsedBy(by.ID())
		if p.State != Published || p.Kind != KindPerson && p.Kind != KindCredential {
			return wrongState(p, "it gives no enrolment code")
		}
		if which < 0 || which > 1 {
			return fault.New(fault.Forbidden, "the halves of the code go to the two who endorsed this")
		}
		half, err = a.staff.TakeHalf(tx, p.About, which)
		return err
	})
	return half, err
}

// Lives is how long an approval may still be used at now; zero once over.
func (p *Proposal) Lives(now time.Time) time.Duration {
	return max(p.ExpiresAt.Sub(now), 0)
}
