package approval

import (
	"context"
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

// maxNamed is how many endorsers the audit entry of an approval names: an entry
// holds 16 facts. Who all stands behind it is in the entries before.
const maxNamed = 8

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
		return outdatedFault(p, reason, "written", "Make a new revision; it may repeat the text.")
	}
	if err := a.onlyAnswer(tx, p); err != nil {
		return err
	}
	if err := a.shownRejection(tx, p, e); err != nil {
		return err
	}
	p.SubmittedAt, p.Reason, p.Remark = tx.Now(), "", ""
	p.Endorsements = []Endorsement{{
		Person: person.ID, Roles: person.Roles, Digest: p.Digest, At: tx.Now(), Author: true, Via: by.Via(),
	}}
	facts := endorsementFacts(p, person)
	facts["findings"] = itoa(len(e.Findings))
	return a.move(tx, p, step{to: InReview, event: "submitted", actor: by.Actor(), via: by.Via(), facts: facts})
}

func endorsementFacts(p *Proposal, person *people.Person) map[string]string {
	return map[string]string{"revision": itoa(p.Revision), "roles": joined(person.Roles, ",")}
}

// onlyAnswer refuses a second answer to the same mention while another one is
// on its way, and one whose approvers could not know that another one was
// published after they decided.
func (a *Approvals) onlyAnswer(tx *store.Tx, p *Proposal) error {
	if p.Target == "" {
		return nil
	}
	for other, err := range a.proposals.By(tx, "target", store.Range{Prefix: targetKey(p.Account, p.Target)}, false) {
		if err != nil {
			return err
		}
		if other.ID == p.ID || other.Kind != p.Kind {
			continue
		}
		since := other.State == Published && !p.QuorumAt.IsZero() && other.ClaimedAt.After(p.QuorumAt)
		if since || other.underway() {
			return fault.New(fault.Conflict, "another answer to the same mention is %s", stateWords[other.State]).
				Fix("Look at that one first, and withdraw the one that is not needed.").With("proposal", other.ID.String())
		}
	}
	return nil
}

// shownRejection refuses a revision that was written before the same text was
// rejected for the same mention: its envelope does not show the rejection.
func (a *Approvals) shownRejection(tx *store.Tx, p *Proposal, e *Envelope) error {
	if governs(p.Kind) {
		return nil
	}
	again, err := a.rejectedBefore(tx, e)
	if err != nil || len(again) == 0 || slices.Contains(e.Findings, again[0]) {
		return err
	}
	return fault.New(fault.StaleDigest, "the same text was rejected for this mention since this was written").
		Fix("Write another answer. A new revision may repeat the text; it then shows the rejection.").
		With("proposal", again[0].Excerpt).With("digest", p.Digest.String())
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
		case Approve:
			return a.approve(tx, by, p, person)
		case Reject:
			p.Endorsements = nil
			return a.reject(tx, by, p, person)
		default:
			p.Endorsements = nil
			return a.move(tx, p, step{to: ChangesRequested, event: "changes_requested", actor: by.Actor(), via: by.Via(), facts: endorsementFacts(p, person)})
		}
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
		return outdatedFault(p, reason, "submitted", "Ask for a new revision; it may repeat the text.")
	}
	if err := a.stillTaken(tx, p, e); err != nil {
		return err
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

// stillTaken refuses an answer that the platform took when it was submitted and takes
// no longer, such as one to a message whose time is over.
func (a *Approvals) stillTaken(tx *store.Tx, p *Proposal, e *Envelope) error {
	if p.Kind != KindReply || e.Action == ByHand {
		return nil
	}
	m, err := a.box.Mention(tx, p.Mention)
	if err != nil {
		return err
	}
	return a.wayOut(tx, p, m, e)
}

// release takes a proposal with quorum to approved and applies its effect.
func (a *Approvals) release(tx *store.Tx, p *Proposal, e *Envelope, policy *Policy) error {
	p.Basis, p.QuorumAt, p.Due = Quorum, tx.Now(), tx.Now()
	if e.NotBefore.After(tx.Now()) {
		p.Due = e.NotBefore
	}
	p.ExpiresAt = p.lapses(e)
	facts := policy.facts()
	facts["endorsers"] = itoa(len(p.Endorsements))
	for i, end := range p.Endorsements[:min(len(p.Endorsements), maxNamed)] {
		facts["endorser_"+itoa(i+1)] = end.Person.String()
	}
	if err := a.move(tx, p, step{to: Approved, event: "approved", actor: audit.System, via: "daemon", facts: facts}); err != nil {
		return err
	}
	return a.effects[p.Kind].Apply(tx, p, a.released(p, e))
}

// lapses is when a full set of endorsements ends: as long after the quorum, or
// after the time that the envelope schedules, as the envelope says.
func (p *Proposal) lapses(e *Envelope) time.Time {
	from := p.QuorumAt
	if e.NotBefore.After(from) {
		from = e.NotBefore
	}
	return from.Add(e.ValidFor)
}

// released makes the proof. Only release and claim call it, after the policy
// was found satisfied in the same transaction.
func (a *Approvals) released(p *Proposal, e *Envelope) Release {
	if e.Action == ByHand {
		return Release{} // a person posts it: no proof for a connector exists
	}
	r := &release{attempt: a.attempt(p, e), basis: p.Basis}
	for _, end := range p.Endorsements {
		r.endorsers = append(r.endorsers, end.Person)
	}
	return Release{r}
}

// replyEffect queues an answer for its account; one by hand waits for a person.
type replyEffect struct{ a *Approvals }

func (f replyEffect) Validate(*store.Tx, *Envelope) error { return nil }

func (f replyEffect) Apply(tx *store.Tx, p *Proposal, _ Release) error {
	s := step{to: Queued, event: "queued", actor: audit.System, via: "daemon", facts: map[string]string{
		"due": p.Due.Format(time.RFC3339), "expires": p.ExpiresAt.Format(time.RFC3339),
	}}
	if p.ByHand {
		s.to, s.event = Approved, "handed_over"
		p.PlatformAt = time.Time{}
		f.a.clocked(tx, p, s.facts)
	}
	return f.a.move(tx, p, s)
}
