package approval

import (
	"context"

	"standpunt/internal/id"
	"standpunt/store"
)

// Tamper changes a proposal's record behind everybody's back, as somebody with
// the disk can.
func (a *Approvals) Tamper(ctx context.Context, proposal ProposalID, change func(*Proposal)) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		p, err := a.proposals.Get(tx, proposal)
		if err != nil {
			return err
		}
		change(p)
		return a.proposals.Put(tx, p)
	})
}

// ScanMost is how many proposals one call of List looks at.
const ScanMost = scanMost

// Copies puts n proposals like one beside it.
func (a *Approvals) Copies(ctx context.Context, proposal ProposalID, n int) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		p, err := a.proposals.Get(tx, proposal)
		for i := 0; i < n && err == nil; i++ {
			p.ID = id.At[Proposal](tx.Now())
			err = a.proposals.Put(tx, p)
		}
		return err
	})
}

// SwapPicture changes a picture's bytes behind everybody's back.
func SwapPicture(tx *store.Tx, h Hash, data []byte) error {
	return tables().pictureData.Put(tx, &pictureBytes{h, data})
}
