package approval

import (
	"context"
	"errors"
	"time"

	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

// refusedKind is the connectors' kind of failure that says that the platform
// takes no such answer from a program.
const refusedKind = "not_allowed"

// noHand is what to do where neither the daemon nor a person can answer so that
// it is proven.
const noHand = "Leave it unanswered there: a post that nothing proves raises an alarm. Close the conversation with a note, or reach the customer another way."

// wayOut refuses an answer by the daemon to what the platform lets no program
// answer, and an answer by hand to what the daemon can answer or could not
// read back.
func (a *Approvals) wayOut(tx *store.Tx, p *Proposal, m *inbox.Mention, e *Envelope) error {
	locates := a.Locates(p.Account)
	if e.Action != ByHand {
		why := a.Unanswerable(m, latest(tx.Now(), e.NotBefore))
		if why == "" {
			return nil
		}
		if closes := a.Closes(m); tx.Now().Before(closes) {
			return fault.New(fault.NotAnswerable, "the platform takes an answer to this until %s, and the planned moment is later",
				closes.UTC().Format("2 January 2006, 15:04 MST")).
				At("not_before", e.NotBefore.Format(time.RFC3339)).With("until", closes.UTC().Format(time.RFC3339)).
				Fix("Choose an earlier moment, or leave it empty to publish as soon as it is approved.")
		}
		f := fault.New(fault.NotAnswerable, "the platform does not take an answer to this: %s", why)
		if m.Unanswerable == "" || !locates || m.Visibility != inbox.Public {
			return f.Fix(noHand)
		}
		return f.Fix("Propose it as an answer by hand: a person posts it once two people stand behind it.")
	}
	refused, err := a.refused(tx, p, m)
	switch {
	case err != nil:
		return err
	case m.Visibility != inbox.Public:
		return fault.New(fault.NotAnswerable, "a private answer has no address that could be recorded").
			At("by_hand", "true").Fix(noHand)
	case !locates:
		return fault.New(fault.NotAnswerable, "an answer by hand on the account %s could not be read back", p.Account).
			At("by_hand", "true").Fix(noHand)
	case !refused:
		return fault.New(fault.InvalidInput, "the platform takes this answer from Standpunt").
			At("by_hand", "true").Fix("Leave by_hand out; the answer is then published for you.")
	}
	return nil
}

// refused reports whether the platform takes no answer to the mention from a
// program: it said so of the mention, or it refused an answer for good.
func (a *Approvals) refused(tx *store.Tx, p *Proposal, m *inbox.Mention) (bool, error) {
	if m.Unanswerable != "" || p.Refused || p.ByHand {
		return true, nil
	}
	for other, err := range a.proposals.By(tx, "conversation", store.Range{Prefix: p.Conversation.Key()}, false) {
		if err != nil {
			return false, err
		}
		if other.Target == p.Target && other.Refused {
			return true, nil
		}
	}
	return false, nil
}

// unproven reports whether a person alone says where the answer stands.
func (p *Proposal) unproven() bool { return p.ByHand && p.State == Published && p.ReadBack == nil }

// explains reports whether the answer accounts for the post at its receipt: an
// answer by hand only once that was read back and is what was approved.
func (p *Proposal) explains() bool { return !p.ByHand || p.ReadBack != nil && p.ReadBack.Equal }

// standsAs reports whether the proposal stands by this attempt, and where the
// attempt says.
func (p *Proposal) standsAs(t Attempt) bool {
	if p.State != Published || p.Digest != t.Digest || p.Attempts != t.Number {
		return false
	}
	return !p.ByHand || p.Receipt != nil && p.Receipt.ExternalID == t.Receipt.ExternalID
}

// Posting is what a person says of an answer that they posted by hand.
type Posting struct {
	Digest Digest // of the revision whose text they posted
	URL    string // where it stands
}

// PostedByHand records that a person posted an approved answer on the platform
// itself, and where. It proves everything that a claim proves, and that the
// post is nobody else's answer, is not the mention itself and was made under
// this approval. Only reading back then makes the answer official.
func (a *Approvals) PostedByHand(ctx context.Context, by people.Principal, proposal ProposalID, posting Posting) (*View, error) {
	if err := by.May(people.Write); err != nil {
		return nil, err
	}
	var refusal error
	view, err := a.update(ctx, proposal, func(tx *store.Tx, p *Proposal) (err error) {
		refusal = nil
		if err := a.mayWrite(tx, by); err != nil {
			return err
		}
		if err := a.awaitsHand(tx, p, posting.Digest); err != nil {
			return err
		}
		_, policy, reason := a.standing(tx, p)
		if reason != "" { // putting it aside is kept, though the recording is refused
			refusal = lapsedFault(p, reason)
			return a.putAside(tx, p, reason)
		}
		if err := a.onlyAnswer(tx, p); err != nil {
			return err
		}
		facts := policy.facts()
		a.clocked(tx, p, facts)
		receipt, err := a.located(tx, p, posting.URL)
		if err != nil {
			return err
		}
		p.Attempts++
		p.ClaimedAt, p.AbsentAt, p.RecordedBy, p.Remark = tx.Now(), time.Time{}, by.ID(), ""
		facts["posted_at"] = receipt.PostedAt.UTC().Format(time.RFC3339)
		return a.published(tx, p, receipt, step{event: "posted_by_hand", actor: by.Actor(), via: by.Via(), facts: facts})
	})
	return view, errors.Join(err, refusal)
}

// awaitsHand refuses to record a post where none may stand now.
func (a *Approvals) awaitsHand(tx *store.Tx, p *Proposal, shown Digest) error {
	switch {
	case !p.ByHand:
		return wrongState(p, "it is not answered by hand")
	case p.State == Published:
		return wrongState(p, "where it stands is recorded already").Fix("Take the address back first, if it is wrong.")
	case shown != p.Digest:
		return stale(p)
	case p.State == Expired:
		return wrongState(p, "its approval has expired: make a new revision")
	case p.State != Approved:
		return wrongState(p, "only what two people stand behind is posted")
	}
	if c, err := a.standingStop(tx); err != nil || c != nil {
		return errors.Join(err, fault.New(fault.PublishingStopped, "publishing is stopped, by hand too").
			Fix("Post nothing until two people have lifted the stop."))
	}
	if p.Due.After(tx.Now()) {
		return wrongState(p, "it is not to be posted before "+p.Due.Format(time.RFC3339))
	}
	return trustClock(tx)
}

// lapsedFault says why an approval can no longer be used.
func lapsedFault(p *Proposal, reason string) error {
	switch reason {
	case ReasonExpired:
		return fault.New(fault.WrongState, "the approval has expired").
			Fix("Make a new revision; it may repeat the text.").With("state", string(Expired))
	case ReasonEndorserLost:
		return fault.New(fault.WrongState, "somebody who stood behind it no longer may").
			Fix("Make a new revision; it may repeat the text.").With("state", string(Held))
	}
	return outdatedFault(p, reason, "approved", "Make a new revision; it may repeat the text.")
}

// located reads the address of a post by hand and refuses one that cannot be
// this answer's.
func (a *Approvals) located(tx *store.Tx, p *Proposal, url string) (Receipt, error) {
	locate := a.Platform(p.Account).Locate
	if locate == nil {
		return Receipt{}, fault.New(fault.AccountNotReady, "the account %s is not connected, so nothing on it can be read back", p.Account).
			Fix("Ask an admin to connect it.")
	}
	r, err := locate(url)
	if err != nil {
		return r, err
	}
	m, err := a.box.Mention(tx, p.Mention)
	if err != nil {
		return r, err
	}
	asked, err := locate(m.URL)
	wrong := func(message, remedy string) error {
		return fault.New(fault.InvalidInput, "%s", message).At("url", url).Fix("%s", remedy)
	}
	earliest, last := madeBetween(p.PlatformAt, p.QuorumAt, p.Due, tx.Now())
	switch {
	case r.ExternalID == p.Target || err == nil && r.ExternalID == asked.ExternalID:
		return r, wrong("this is the customer's post, not our answer to it", "Open our answer on the platform and copy its address.")
	case r.PostedAt.Before(earliest):
		return r, wrong("this was posted before it was approved", "Post the approved text now, and record the address of that post.")
	case r.PostedAt.After(last):
		return r, wrong("no post has this address yet", "Open our answer on the platform and copy its address.")
	}
	other, err := a.ownerOf(tx, p.Account, r.ExternalID)
	if err != nil {
		return r, err
	}
	if other != nil {
		return r, fault.New(fault.Conflict, "another answer stands at this address already").At("url", url).
			Fix("Open the answer to this mention on the platform and copy its address.").With("proposal", other.ID.String())
	}
	return r, nil
}

// clocked notes, where nobody did, what the platform's clock showed at the
// earliest when there was quorum. It is best known at that moment itself: a
// clock of ours that is set later changes nothing any more.
func (a *Approvals) clocked(tx *store.Tx, p *Proposal, facts map[string]string) {
	ask := a.Platform(p.Account).Ahead
	if ask == nil || !p.PlatformAt.IsZero() {
		return
	}
	ahead, known := ask()
	if !known || ahead.Abs() > maxAhead {
		return
	}
	ahead -= time.Until(tx.Now()) // the record's time can be ahead of the clock that was compared
	p.PlatformAt = p.QuorumAt.Add(ahead).UTC()
	facts["platform_at"] = p.PlatformAt.Format(time.RFC3339)
}

// maxAhead is the most by which a platform's clock is believed to differ.
const maxAhead = time.Hour

// madeBetween is when, on the platform's clock, the post of an answer by hand
// that is recorded at that time can have been made. Where it is not known what
// that clock showed at the quorum, it may differ from ours by a minute; so it
// may at the time that an answer was scheduled for, and at the recording, since
// either can be set in between.
func madeBetween(platformAt, quorum, due, recorded time.Time) (earliest, last time.Time) {
	ahead := -maxClockLag
	if !platformAt.IsZero() {
		ahead = platformAt.Sub(quorum)
	}
	earliest = latest(quorum.Add(ahead), due.Add(min(ahead, -maxClockLag)))
	return earliest, recorded.Add(max(ahead, 0) + maxClockLag)
}

// latest is the later of two times.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Retractable reports whether the address of an answer by hand can be taken
// back: until what stands there was once read back as approved.
func (p *Proposal) Retractable() bool {
	return p.ByHand && p.State == Published && !p.Proven && (p.ReadBack == nil || !p.ReadBack.Equal)
}

// TakeAddressBack undoes a recording that nothing official rests on: the answer
// is approved again, and a person records where it stands. A post of ours that
// was read there and differs is one that nobody approved, and becomes an alarm
// where it is none already.
func (a *Approvals) TakeAddressBack(ctx context.Context, by people.Principal, proposal ProposalID) (*View, error) {
	if err := by.May(people.Write); err != nil {
		return nil, err
	}
	return a.update(ctx, proposal, func(tx *store.Tx, p *Proposal) error {
		if err := a.mayWrite(tx, by); err != nil {
			return err
		}
		switch {
		case !p.ByHand || p.State != Published:
			return wrongState(p, "no address of a post by hand is recorded")
		case !p.Retractable():
			return wrongState(p, "what stands there was read back as approved").
				Fix("Write a new answer, if another one is needed.")
		}
		facts := make(map[string]string)
		if p.ReadBack != nil {
			facts["read_back"] = differs
			if err := a.unexplained(tx, p); err != nil {
				return err
			}
		}
		return a.reopen(tx, p, "", step{event: "address_withdrawn", actor: by.Actor(), via: by.Via(), facts: facts})
	})
}

// RecordNotThere notes that reading back found no answer of ours to the mention
// at the address that a person recorded: nothing at all, or something else
// (foreign). Nothing at all counts the second time, at least AbsentApart after
// the first. settled says that the address is taken back for it: a person can
// record the right one.
func (a *Approvals) RecordNotThere(ctx context.Context, t Attempt, foreign bool) (settled bool, err error) {
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		settled = false
		p, err := a.proposals.Get(tx, t.Proposal)
		switch {
		case err != nil:
			return err
		case !p.unproven() || !p.standsAs(t):
			return wrongState(p, "there is nothing to read back")
		case !foreign && p.AbsentAt.IsZero():
			p.AbsentAt = tx.Now()
			return a.proposals.Put(tx, p)
		case !foreign && tx.Now().Sub(p.AbsentAt) < a.o.AbsentApart:
			return nil
		}
		settled = true
		reason := ReasonAddressAbsent
		if foreign {
			reason = ReasonAddressForeign
		}
		return a.reopen(tx, p, reason, step{
			event: "address_refuted", actor: audit.System, via: "connector", facts: map[string]string{"reason": reason},
		})
	})
	return settled, err
}

// reopen takes a recorded address back. Where the approval meanwhile does not
// hold any more, the proposal is expired or held at once.
func (a *Approvals) reopen(tx *store.Tx, p *Proposal, reason string, s step) error {
	m, err := a.box.Mention(tx, p.Mention)
	if err != nil {
		return err
	}
	if s.facts == nil {
		s.facts = make(map[string]string)
	}
	s.to, s.facts["attempt"], s.facts["external_id"] = Approved, itoa(p.Attempts), audit.Fact(p.Receipt.ExternalID)
	p.Reason, p.Remark = reason, p.Receipt.URL // so that a slip of the pen can be mended
	p.Receipt, p.ReadBack, p.AbsentAt = nil, nil, time.Time{}
	if err := a.move(tx, p, s); err != nil {
		return err
	}
	if err := a.box.Unanswered(tx, p.Conversation, m.PostedAt); err != nil {
		return err
	}
	if _, _, reason := a.standing(tx, p); reason != "" {
		return a.putAside(tx, p, reason)
	}
	return nil
}
