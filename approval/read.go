package approval

import (
	"context"
	"log/slog"
	"time"

	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

// View is a proposal as the screens and the API show it.
type View struct {
	*Proposal
	Envelope *Envelope // of the newest revision; nil once erased, or damaged
	Damaged  bool      // the stored content does not match the digest: nothing of it can be shown
	Missing  string    // what the policy still asks for, one English sentence; empty outside review
	Quorum   int       // different people that the policy asks for
	Roles    []people.Role
}

// RevisionView is one version of a proposal's content.
type RevisionView struct {
	Revision
	Envelope *Envelope // nil once erased
}

// view never fails on what it shows: one damaged record must not hide the
// others, nor keep a person from withdrawing it.
func (a *Approvals) view(tx *store.Tx, p *Proposal) *View {
	v := &View{Proposal: p}
	e, err := a.envelope(tx, p)
	if err != nil {
		if v.Damaged = !fault.Is(err, fault.NotFound); v.Damaged {
			a.o.Log.Error("content cannot be shown", slog.String("proposal", p.ID.String()), slog.Any("error", err))
		}
		return v
	}
	v.Envelope = e
	policy, err := a.policyFor(tx, e)
	if err != nil {
		v.Missing = "no policy that can be applied covers it"
		return v
	}
	v.Quorum, v.Roles = policy.Quorum, policy.Roles
	if p.State == InReview {
		if _, v.Missing, err = a.evaluate(tx, p, policy); err != nil {
			v.Missing = "what stands behind it cannot be read"
		}
	}
	return v
}

// Get is one proposal.
func (a *Approvals) Get(ctx context.Context, proposal ProposalID) (v *View, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		p, err := a.proposals.Get(tx, proposal)
		if err != nil {
			return notFoundAs(err, "proposal")
		}
		v = a.view(tx, p)
		return nil
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
		list = nil
		for p, err := range a.proposals.By(tx, "conversation", store.Range{Prefix: conversation.Key()}, false) {
			if err != nil {
				return err
			}
			if list = append(list, a.view(tx, p)); len(list) == 200 {
				break
			}
		}
		return nil
	})
	return list, err
}

// Lives is how long an approval may still be used at now; zero once over.
func (p *Proposal) Lives(now time.Time) time.Duration {
	return max(p.ExpiresAt.Sub(now), 0)
}
