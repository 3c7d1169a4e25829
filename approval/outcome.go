package approval

import (
	"context"
	"net/url"
	"strings"
	"time"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/internal/phrase"
	"standpunt/people"
	"standpunt/store"
)

// SettleFound settles an unknown outcome: the post stands there. text is what
// reading back saw, besides what differs beside it.
func (a *Approvals) SettleFound(ctx context.Context, t Attempt, receipt Receipt, text string, besides ...string) error {
	return a.settle(ctx, t, func(tx *store.Tx, p *Proposal) error {
		if p.State != OutcomeUnknown {
			return wrongState(p, "its outcome is not unknown")
		}
		switch other, err := a.ownerOf(tx, p.Account, receipt.ExternalID); {
		case err != nil:
			return err
		case other != nil && other.ID != p.ID:
			return fault.New(fault.Conflict, "the post that was found stands for another answer")
		}
		if err := a.published(tx, p, receipt, step{event: "found", actor: audit.System, via: "connector"}); err != nil {
			return err
		}
		_, err := a.compare(tx, p, text, besides)
		return err
	})
}

// SettleAbsent notes that reading back found nothing. The second time, at
// least AbsentApart after the first, settles the outcome as not published; it
// is then true. Only a platform known to show its own writes may say so.
func (a *Approvals) SettleAbsent(ctx context.Context, t Attempt) (settled bool, err error) {
	err = a.settle(ctx, t, func(tx *store.Tx, p *Proposal) error {
		settled = false
		switch {
		case p.State != OutcomeUnknown:
			return wrongState(p, "its outcome is not unknown")
		case p.AbsentAt.IsZero():
			p.AbsentAt = tx.Now()
			return a.proposals.Put(tx, p)
		case tx.Now().Sub(p.AbsentAt) < a.o.AbsentApart:
			return nil
		}
		settled = true
		p.Failure = notSent("absent", phrase.Absent)
		return a.move(tx, p, step{to: Failed, event: "absent", actor: audit.System, via: "connector", facts: map[string]string{
			"attempt": itoa(p.Attempts),
		}})
	})
	return settled, err
}

// RecordReadBack compares what stands on the platform with what was approved.
// besides says what differs beside the text, such as a picture, one English
// sentence each. Where the platform told no address of the post when it took
// it, the one in t's receipt completes ours; an address that is known stays.
func (a *Approvals) RecordReadBack(ctx context.Context, t Attempt, text string, besides ...string) (equal bool, err error) {
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		p, err := a.proposals.Get(tx, t.Proposal)
		if err != nil {
			return err
		}
		if !p.standsAs(t) {
			return wrongState(p, "there is nothing to read back")
		}
		if r := p.Receipt; r != nil && r.URL == "" && r.ExternalID == t.Receipt.ExternalID && isPostURL(t.Receipt.URL) {
			r.URL = t.Receipt.URL
		}
		equal, err = a.compare(tx, p, text, besides)
		return err
	})
	return equal, err
}

// differs is what the log says of a post that does not read as approved.
const differs = "differs"

// maxReadBack bounds what is kept of a text that differs, in characters.
const maxReadBack = 10_000

// compare holds what stands there against the sealed text that was endorsed;
// what differs beside it makes it differ as well.
func (a *Approvals) compare(tx *store.Tx, p *Proposal, standing string, besides []string) (equal bool, err error) {
	e, err := a.envelope(tx, p)
	if err != nil {
		return false, err
	}
	rb := &ReadBack{At: tx.Now(), Equal: e.Text == standing && len(besides) == 0, Besides: besides}
	facts := map[string]string{"read_back": "equal"}
	if !rb.Equal {
		facts["read_back"] = differs
	}
	p.Proven = p.Proven || rb.Equal || p.ReadBack != nil && p.ReadBack.Equal
	if e.Text != standing {
		rb.Text = cut(standing, maxReadBack)
	}
	p.ReadBack = rb
	err = a.move(tx, p, step{to: Published, event: "read_back", actor: audit.System, via: "connector", facts: facts})
	if err == nil && p.ByHand && rb.Equal {
		err = a.explained(tx, p)
	}
	return rb.Equal, err
}

func cut(s string, most int) string {
	r := []rune(s)
	if len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// Ruling is what a press officer found out about an unknown outcome.
type Ruling struct {
	Posted bool
	URL    string // where it stands; required when Posted
	Reason string // how they know; required
}

// Settle settles an unknown outcome by hand. It takes a press officer who did
// not write the revision.
func (a *Approvals) Settle(ctx context.Context, by people.Principal, proposal ProposalID, r Ruling) (*View, error) {
	if err := by.MayEndorse(); err != nil {
		return nil, err
	}
	r.Reason = strings.TrimSpace(r.Reason)
	if r.Reason == "" || len(r.Reason) > maxRemark {
		return nil, fault.New(fault.InvalidInput, "say in up to %d bytes how you know", maxRemark).At("reason", r.Reason).Fix("Write a sentence.")
	}
	if r.Posted && !isPostURL(r.URL) {
		return nil, fault.New(fault.InvalidInput, "the address of the post is missing or not one").At("url", r.URL).Fix("Copy it from the platform.")
	}
	return a.update(ctx, proposal, func(tx *store.Tx, p *Proposal) error {
		person, err := a.staff.Confirm(tx, by)
		switch {
		case err != nil:
			return err
		case p.State != OutcomeUnknown:
			return wrongState(p, "its outcome is not unknown")
		case by.ID() == p.Author:
			return fault.New(fault.SelfApproval, "you wrote this revision, so another press officer settles it")
		case !person.Has(people.Press):
			return fault.New(fault.Forbidden, "an unknown outcome is settled by a press officer")
		}
		if err := mayEndorse(person, p.Kind, tx.Now()); err != nil {
			return err
		}
		p.SettledBy, p.Remark = person.ID, r.Reason
		if r.Posted {
			return a.published(tx, p, Receipt{URL: r.URL, PostedAt: p.ClaimedAt}, step{
				event: "settled_posted", actor: by.Actor(), via: by.Via(),
			})
		}
		p.Failure = notSent("settled", phrase.Settled)
		return a.move(tx, p, step{to: Failed, event: "settled_not_posted", actor: by.Actor(), via: by.Via(), facts: map[string]string{
			"attempt": itoa(p.Attempts),
		}})
	})
}

// notSent is the failure of an answer that does not stand on the platform, as
// the code says, and can be sent again.
func notSent(kind string, code phrase.Code) *Failure {
	what, fix := phrase.Of(code), phrase.Of(phrase.FixSendAgain)
	return &Failure{Kind: kind, Message: what.English(), Remedy: fix.English(), Retryable: true, What: what, Fix: fix}
}

// isPostURL reports an address that a colleague can open: a page, or a mail's
// message id (RFC 2392).
func isPostURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || len(s) > 2000 {
		return false
	}
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" || u.Scheme == "mid" && u.Opaque != ""
}

// Retry queues a definite failure again, under the same approval while it lives.
func (a *Approvals) Retry(ctx context.Context, by people.Principal, proposal ProposalID) (*View, error) {
	if err := by.May(people.Write); err != nil {
		return nil, err
	}
	return a.update(ctx, proposal, func(tx *store.Tx, p *Proposal) error {
		if err := a.mayWrite(tx, by); err != nil {
			return err
		}
		switch {
		case p.State == OutcomeUnknown:
			return wrongState(p, "it may stand there already: settle the outcome first")
		case p.State != Failed:
			return wrongState(p, "only a failed one can be sent again")
		case p.Failure == nil || !p.Failure.Retryable:
			return wrongState(p, "the platform refused it for good: make a new revision")
		case !p.ExpiresAt.After(tx.Now()):
			return wrongState(p, "its approval has expired: make a new revision")
		}
		if err := a.onlyAnswer(tx, p); err != nil {
			return err
		}
		p.Due, p.Failure = tx.Now(), nil // a person saw it
		return a.move(tx, p, step{to: Queued, event: "retried", actor: by.Actor(), via: by.Via(), facts: map[string]string{
			"due": p.Due.Format(time.RFC3339), "expires": p.ExpiresAt.Format(time.RFC3339),
		}})
	})
}
