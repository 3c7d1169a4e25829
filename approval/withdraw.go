package approval

import (
	"context"
	"slices"
	"strings"

	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

// Withdraw takes a proposal back before it is sent. Its author, anybody who
// could decide on it, and its earlier authors may.
func (a *Approvals) Withdraw(ctx context.Context, by people.Principal, proposal ProposalID, reason string) (*View, error) {
	if err := by.May(people.Write); err != nil {
		return nil, err
	}
	if reason = strings.TrimSpace(reason); len(reason) > maxRemark {
		return nil, fault.New(fault.InvalidInput, "a reason has at most %d bytes", maxRemark).At("reason", reason).Fix("Shorten it.")
	}
	return a.update(ctx, proposal, func(tx *store.Tx, p *Proposal) error {
		person, err := a.staff.Confirm(tx, by)
		if err != nil {
			return err
		}
		if !slices.Contains(p.Contributors, by.ID()) && !endorsesAny(person, p.Kind) {
			return fault.New(fault.Forbidden, "only those who write or decide can withdraw this")
		}
		if !allowed(p.State, Withdrawn) {
			return wrongState(p, "it can no longer be withdrawn")
		}
		p.Endorsements, p.Reason, p.Remark = nil, "withdrawn", reason
		return a.move(tx, p, step{to: Withdrawn, event: "withdrawn", actor: by.Actor(), via: by.Via()})
	})
}

// WithdrawEndorsement takes one's own endorsement back until the release is
// claimed. In review the author's makes it a draft again; once approved, the
// proposal is held.
func (a *Approvals) WithdrawEndorsement(ctx context.Context, by people.Principal, proposal ProposalID) (*View, error) {
	if err := by.MayEndorse(); err != nil {
		return nil, err
	}
	return a.update(ctx, proposal, func(tx *store.Tx, p *Proposal) error {
		if _, err := a.staff.Confirm(tx, by); err != nil {
			return err
		}
		i := p.endorsedBy(by.ID())
		if i < 0 {
			return fault.New(fault.WrongState, "you have not endorsed this revision")
		}
		if !p.BeforeSending() {
			return wrongState(p, "the endorsement can no longer be withdrawn")
		}
		author := p.Endorsements[i].Author
		p.Endorsements = slices.Delete(p.Endorsements, i, i+1)
		s := step{to: InReview, event: "endorsement_withdrawn", actor: by.Actor(), via: by.Via()}
		switch {
		case p.State == InReview && author:
			s.to, p.Endorsements = Draft, nil
		case p.State != InReview:
			return a.hold(tx, p, ReasonEndorsementWithdrawn, by.Actor(), by.Via())
		}
		return a.move(tx, p, s)
	})
}
