package approval

import (
	"fmt"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/store"
)

// envelope reads the newest revision's envelope and proves that the stored
// bytes are the ones that the digest covers.
func (a *Approvals) envelope(tx *store.Tx, p *Proposal) (*Envelope, error) {
	e, err := a.sealed(tx, p.Digest)
	if err != nil {
		return nil, err
	}
	if e.Proposal != p.ID || e.Revision != p.Revision || e.Account != p.Account || e.Kind != p.Kind || (e.Action == ByHand) != p.ByHand {
		return nil, fmt.Errorf("approval: the envelope under %s belongs to another revision", p.Digest.Short())
	}
	return e, nil
}

// sealed reads the envelope under a digest. A missing or altered one is an
// error that nothing passes.
func (a *Approvals) sealed(tx *store.Tx, d Digest) (*Envelope, error) {
	domain, salt, payload, ok, err := a.log.Sealed(tx, audit.Commitment(d))
	switch {
	case err != nil:
		return nil, fmt.Errorf("approval: envelope %s: %w", d.Short(), err)
	case !ok:
		return nil, fault.New(fault.NotFound, "the content of this revision was erased")
	case domain != envelopeDomain || audit.Commit(domain, salt, payload) != audit.Commitment(d):
		return nil, fmt.Errorf("approval: the stored envelope %s does not match its digest", d.Short())
	}
	return ParseEnvelope(payload)
}
