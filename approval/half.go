package approval

import (
	"context"

	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

// Half gives one of the two who stand behind a new person or a credential
// reset their half of the one-time enrolment code; a half is shown once.
// Neither half is any use without the other, so that nobody can enrol in
// somebody else's place alone.
func (a *Approvals) Half(ctx context.Context, by people.Principal, proposal ProposalID) (half string, err error) {
	if err := by.MayEndorse(); err != nil {
		return "", err
	}
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		if _, err := a.staff.Confirm(tx, by); err != nil {
			return err
		}
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
