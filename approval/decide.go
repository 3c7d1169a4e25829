package approval

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

func itoa(n int) string { return strconv.Itoa(n) }

// maxRemark bounds comments and reasons, in bytes.
const maxRemark = 4000

// Submit is the author's endorsement of the newest revision: it goes to review.
// digest is what the author was shown.
func (a *Approvals) Submit(ctx context.Context, by people.Principal, proposal ProposalID, digest Digest) (*View, error) {
	if err := by.MayEndorse(); err != nil {
		return nil, err
	}
	return a.update(ctx, proposal, func(tx *store.Tx, p *Proposal) error {
		switch {
		case p.State != Draft:
			return wrongState(p, "only a draft can be submitted")
		case by.ID() != p.Author:
			return fault.New(fault.NotRevisionAuthor, "only the person who wrote this revision can submit it").
				Fix("Make a revision of your own, or ask its author.")
		case digest != p.Digest:
			return stale(p)
		}
		return a.submit(tx, by, p)
	})
}

func (a *Approvals) submit(tx *store.Tx, by people.Principal, p *Proposal) error {
	person, err := a.staff.Confirm(tx, by)
	if err != nil {
		return err
	}
	if err := mayEndorse(person, p.Kind, tx.Now()); err != nil {
		return err
	}
	e, err := a.envelope(tx, p)
	if err != nil {
		return err
	}
	if reason := a.outdated(tx, p, e); reason != "" {
		return fault.New(fault.StaleDigest, "%s since this was written", reasonWords[reason]).
			Fix("Make a new revision; it may repeat the text.").With("reason", reason).With("digest", p.Digest.String())
	}
	if err := a.onlyAnswer(tx, p); err != nil {
		return err
	}
	p.SubmittedAt = tx.Now()
	p.Endorsements = []Endorsement{{
		Person: person.ID, Roles: person.Roles, Digest: p.Digest, At: tx.Now(), Author: true, Via: by.Via(),
	}}
	facts := endorsementFacts(p, person)
	facts["findings"] = itoa(len(e.Findings))
	return a.move(tx, p, step{to: InReview, event: "submitted", actor: by.Actor(), via: by.Via(), facts: facts})
}

func endorsementFacts(p *Proposal, person *people.Person) map[string]string {
	roles := make([]string, len(person.Roles))
	for i, r := range person.Roles {
		roles[i] = string(r)
	}
	return map[string]string{"revision": itoa(p.Revision), "roles": strings.Join(roles, ",")}
}

// onlyAnswer refuses a second answer to the same mention while another one is
// on its way.
func (a *Approvals) onlyAnswer(tx *store.Tx, p *Proposal) error {
	if p.Target == "" {
		return nil
	}
	for other, err := range a.proposals.By(tx, "target", store.Range{Prefix: targetKey(p.Account, p.Target)}, false) {
		if err != nil {
			return err
		}
		if other.ID != p.ID && other.Kind == p.Kind && other.underway() {
			return fault.New(fault.Conflict, "another answer to the same mention is %s", stateWords[other.State]).
				Fix("Decide on that one first, or withdraw it.").With("proposal", other.ID.String())
		}
	}
	return nil
}

// Judgement is what a person decides on the revision that they were shown.
type Judgement struct {
	Verdict Verdict
	Digest  Digest
	Comment string // required unless the verdict is approve
}

// Decide records one person's verdict. An approval that completes the quorum
// releases the proposal in the same transaction.
func (a *Approvals) Decide(ctx context.Context, by people.Principal, proposal ProposalID, j Judgement) (*View, error) {
	if err := by.MayEndorse(); err != nil {
		return nil, err
	}
	j.Comment = strings.TrimSpace(j.Comment)
	switch {
	case j.Verdict != Approve && j.Verdict != RequestChanges && j.Verdict != Reject:
		return nil, fault.New(fault.InvalidInput, "a verdict is approve, request_changes or reject").At("verdict", string(j.Verdict)).Fix("Send one of the three.")
	case j.Verdict != Approve && j.Comment == "":
		return nil, fault.New(fault.CommentRequired, "the author needs to know why").At("comment", "").Fix("Write a sentence.")
	case len(j.Comment) > maxRemark:
		return nil, fault.New(fault.InvalidInput, "a comment has at most %d bytes", maxRemark).At("comment", j.Comment).Fix("Shorten it.")
	}
	return a.update(ctx, proposal, func(tx *store.Tx, p *Proposal) error {
		person, err := a.mayDecide(tx, by, p, j)
		if err != nil {
			return err
		}
		p.Decisions = append(p.Decisions, Decision{
			Person: person.ID, Verdict: j.Verdict, Revision: p.Revision, Digest: p.Digest, Comment: j.Comment, At: tx.Now(),
		})
		switch j.Verdict {
		case RequestChanges:
			p.Endorsements = nil
			return a.move(tx, p, step{to: ChangesRequested, event: "changes_requested", actor: by.Actor(), via: by.Via(), facts: endorsementFacts(p, person)})
		case Reject:
			p.Endorsements = nil
			return a.reject(tx, by, p, person)
		}
		return a.approve(tx, by, p, person)
	})
}

// mayDecide answers why this person may not decide this revision, in the order
// in which the reasons help most.
func (a *Approvals) mayDecide(tx *store.Tx, by people.Principal, p *Proposal, j Judgement) (*people.Person, error) {
	person, err := a.staff.Confirm(tx, by)
	if err != nil {
		return nil, err
	}
	switch {
	case by.ID() == p.Author:
		return nil, fault.New(fault.SelfApproval, "you wrote this revision, so somebody else decides on it").
			Fix("Ask a colleague, or withdraw it.")
	case p.Kind == KindCredential && by.ID() == p.About && j.Verdict == Approve:
		return nil, errOwnCredential()
	case p.State != InReview && j.Digest != p.Digest && p.BeforeSending():
		return nil, stale(p)
	case p.State != InReview:
		return nil, wrongState(p, "there is nothing to decide on it now")
	case j.Digest != p.Digest:
		return nil, stale(p)
	case p.endorsedBy(by.ID()) >= 0:
		return nil, fault.New(fault.AlreadyDecided, "you have approved this revision already")
	}
	if err := mayEndorse(person, p.Kind, tx.Now()); err != nil {
		return nil, err
	}
	return person, nil
}

func stale(p *Proposal) *fault.Fault {
	return fault.New(fault.StaleDigest, "the text changed since you opened it; it is now revision %d", p.Revision).
		Fix("Read the new revision and decide on that.").
		With("digest", p.Digest.String()).With("revision", itoa(p.Revision)).With("state", string(p.State))
}

func (a *Approvals) reject(tx *store.Tx, by people.Principal, p *Proposal, person *people.Person) error {
	e, err := a.envelope(tx, p)
	if err != nil {
		return err
	}
	if !governs(p.Kind) {
		r := &rejectedText{
			Account: p.Account, Target: p.Target, Fingerprint: fingerprint(e.Text), Proposal: p.ID, By: person.ID, At: tx.Now(),
		}
		if err := a.rejected.Put(tx, r); err != nil {
			return err
		}
	}
	return a.move(tx, p, step{to: Rejected, event: "rejected", actor: by.Actor(), via: by.Via(), facts: endorsementFacts(p, person)})
}

// approve records the endorsement and, when the policy is satisfied, releases.
func (a *Approvals) approve(tx *store.Tx, by people.Principal, p *Proposal, person *people.Person) error {
	e, err := a.envelope(tx, p)
	if err != nil {
		return err
	}
	if reason := a.outdated(tx, p, e); reason != "" {
		return fault.New(fault.StaleDigest, "%s since this was submitted", reasonWords[reason]).
			Fix("Ask for a new revision; it may repeat the text.").With("reason", reason).With("digest", p.Digest.String())
	}
	policy, err := a.policyFor(tx, e)
	if err != nil {
		return err
	}
	contributor := slices.Contains(p.Contributors, person.ID)
	if contributor && policy.Independent {
		return fault.New(fault.Forbidden, "the policy %q asks for an approver who wrote no part of this", policy.Name).
			Fix("Ask somebody who has not edited it.")
	}
	p.Endorsements = append(p.Endorsements, Endorsement{
		Person: person.ID, Roles: person.Roles, Digest: p.Digest, At: tx.Now(), Contributor: contributor, Via: by.Via(),
	})
	facts := endorsementFacts(p, person)
	if contributor {
		facts["contributor"] = "true"
	}
	if err := a.move(tx, p, step{to: InReview, event: "endorsed", actor: by.Actor(), via: by.Via(), facts: facts}); err != nil {
		return err
	}
	ok, _, err := a.evaluate(tx, p, policy)
	if err != nil || !ok {
		return err
	}
	return a.release(tx, p, e, policy)
}

// release takes a proposal with quorum to approved and applies its effect.
func (a *Approvals) release(tx *store.Tx, p *Proposal, e *Envelope, policy *Policy) error {
	p.Basis, p.QuorumAt, p.Due = Quorum, tx.Now(), tx.Now()
	if e.NotBefore.After(tx.Now()) {
		p.Due = e.NotBefore
	}
	p.ExpiresAt = p.Due.Add(e.ValidFor)
	facts := policy.facts()
	for i, end := range p.Endorsements {
		facts["endorser_"+itoa(i+1)] = end.Person.String()
	}
	if err := a.move(tx, p, step{to: Approved, event: "approved", actor: audit.System, via: "daemon", facts: facts}); err != nil {
		return err
	}
	return a.effects[p.Kind].Apply(tx, p, a.released(p, e))
}

// released makes the proof. Only release and claim call it, after the policy
// was found satisfied in the same transaction.
func (a *Approvals) released(p *Proposal, e *Envelope) Release {
	r := &release{attempt: a.attempt(p, e), basis: p.Basis}
	for _, end := range p.Endorsements {
		r.endorsers = append(r.endorsers, end.Person)
	}
	return Release{r}
}

// replyEffect queues an answer for its account.
type replyEffect struct{ a *Approvals }

func (f replyEffect) Validate(*store.Tx, *Envelope) error { return nil }

func (f replyEffect) Apply(tx *store.Tx, p *Proposal, _ Release) error {
	return f.a.move(tx, p, step{to: Queued, event: "queued", actor: audit.System, via: "daemon", facts: map[string]string{
		"due": p.Due.Format(time.RFC3339), "expires": p.ExpiresAt.Format(time.RFC3339),
	}})
}

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
		concerned := slices.Contains(p.Contributors, by.ID()) || mayEndorse(person, p.Kind, time.Time{}.AddDate(9000, 0, 0)) == nil
		if !person.Enabled || !concerned {
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

// envelope reads the newest revision's envelope and proves that the stored
// bytes are the ones that the digest covers.
func (a *Approvals) envelope(tx *store.Tx, p *Proposal) (*Envelope, error) {
	e, err := a.sealed(tx, p.Digest)
	if err != nil {
		return nil, err
	}
	if e.Proposal != p.ID || e.Revision != p.Revision || e.Account != p.Account || e.Kind != p.Kind {
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
