package approval

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

// The reasons why a proposal was held, expired or sent back; the screens
// explain them.
const (
	ReasonMentionEdited        = "mention_edited"
	ReasonMentionDeleted       = "mention_deleted"
	ReasonEndorserLost         = "endorser_lost"
	ReasonEndorsementWithdrawn = "endorsement_withdrawn"
	ReasonPolicyChanged        = "policy_changed"
	ReasonAccountChanged       = "account_changed"
	ReasonAccountNotAccepted   = "account_not_accepted"
	ReasonRecordDamaged        = "record_damaged"
	ReasonRestored             = "restored"
	ReasonExpired              = "expired"
	ReasonUndecided            = "undecided"
	ReasonAddressAbsent        = "address_absent"  // nothing stood at the address that was recorded
	ReasonAddressForeign       = "address_foreign" // and something else than our answer to the mention
)

var reasonWords = map[string]string{
	ReasonMentionEdited:  "the customer edited the mention",
	ReasonMentionDeleted: "the customer deleted the mention",
	ReasonPolicyChanged:  "the policy changed",
	ReasonAccountChanged: "the account was connected to another remote identity",
	ReasonRecordDamaged:  "the record of the mention cannot be read",
}

// outdated is the reason why an envelope no longer describes the world, or "".
func (a *Approvals) outdated(tx *store.Tx, p *Proposal, e *Envelope) string {
	policy, err := a.policyFor(tx, e)
	if err != nil || policy.digest() != e.Policy {
		return ReasonPolicyChanged
	}
	if governs(p.Kind) {
		return ""
	}
	m, err := a.box.Mention(tx, p.Mention)
	switch {
	case err != nil:
		return ReasonRecordDamaged
	case !m.DeletedAt.IsZero():
		return ReasonMentionDeleted
	case mentionDigest(m) != e.Mention:
		return ReasonMentionEdited
	}
	account, ok, err := a.box.Account(tx, p.Account)
	switch {
	case err != nil || !ok || !account.Accepted:
		return ReasonAccountNotAccepted
	case account.RemoteID != e.RemoteID || account.Kind != e.Platform:
		return ReasonAccountChanged
	case e.RemoteID == "":
		return ReasonAccountNotAccepted
	}
	return ""
}

// outdatedFault says what changed since the revision was written or submitted.
func outdatedFault(p *Proposal, reason, since, remedy string) error {
	if reason == ReasonAccountNotAccepted {
		return fault.New(fault.AccountNotReady, "the account %s does not publish: it has not connected yet, or two people have not accepted it", p.Account).
			Fix("Let an admin propose the account.").With("reason", reason)
	}
	return fault.New(fault.StaleDigest, "%s since this was %s", reasonWords[reason], since).
		Fix("%s", remedy).With("reason", reason).With("digest", p.Digest.String())
}

// standing proves everything that a release of p stands for, as things are now.
// Where something does not hold, reason says what.
func (a *Approvals) standing(tx *store.Tx, p *Proposal) (e *Envelope, policy *Policy, reason string) {
	e, err := a.envelope(tx, p)
	if err != nil {
		a.o.Log.Error("approved content cannot be proven", slog.String("proposal", p.ID.String()), slog.Any("error", err))
		return nil, nil, ReasonRecordDamaged
	}
	switch end := p.lapses(e); {
	case !p.ExpiresAt.After(tx.Now()) || !end.After(tx.Now()):
		return e, nil, ReasonExpired
	case e.NotBefore.After(tx.Now()):
		return e, nil, ReasonRecordDamaged
	}
	if reason := a.outdated(tx, p, e); reason != "" {
		return e, nil, reason
	}
	if policy, err = a.policyFor(tx, e); err != nil {
		return e, nil, ReasonPolicyChanged
	}
	if ok, _, err := a.evaluate(tx, p, policy); err != nil || !ok {
		return e, nil, ReasonEndorserLost
	}
	return e, policy, ""
}

// hold takes a proposal off the road. Only withdrawing it or a new revision
// leads on.
func (a *Approvals) hold(tx *store.Tx, p *Proposal, reason string, actor audit.Actor, via string) error {
	p.Reason, p.Endorsements, p.Basis = reason, nil, ""
	return a.move(tx, p, step{to: Held, event: "held", actor: actor, via: via, facts: map[string]string{"reason": reason}})
}

// mentionChanged holds every answer to a mention that its author edited or
// deleted upstream.
func (a *Approvals) mentionChanged(tx *store.Tx, m *inbox.Mention) error {
	reason := ReasonMentionEdited
	if !m.DeletedAt.IsZero() {
		reason = ReasonMentionDeleted
	}
	return a.holdAll(tx, "target", targetKey(m.Account, m.ExternalID), reason)
}

// powerLost holds what a person endorsed who was disabled or lost a role.
func (a *Approvals) powerLost(tx *store.Tx, who people.ID) error {
	return a.holdAll(tx, "endorser", endorserKey(who), ReasonEndorserLost)
}

// onTheWay are the states in which a proposal is held when the world changes.
// A governance proposal's Approved is not one: it lasts for the end of one
// transaction, in which the proposal's own effect can be what changes the
// world, as when an endorser agrees to lose a role. An answer by hand rests there.
var onTheWay = []State{InReview, Queued, Failed}

func (p *Proposal) onTheWay() bool {
	return slices.Contains(onTheWay, p.State) || p.ByHand && p.State == Approved
}

func (a *Approvals) holdAll(tx *store.Tx, index string, prefix []byte, reason string) error {
	var affected []*Proposal
	for p, err := range a.proposals.By(tx, index, store.Range{Prefix: prefix}, false) {
		if err != nil {
			return err
		}
		if p.onTheWay() {
			affected = append(affected, p)
		}
	}
	for _, p := range affected {
		if err := a.hold(tx, p, reason, audit.System, "daemon"); err != nil {
			return err
		}
	}
	return nil
}

// Sweep makes the changes that time alone brings: approvals expire,
// submissions that nobody decided become drafts again, own posts that no
// receipt explains raise the alarm. It says when to come back.
func (a *Approvals) Sweep(ctx context.Context) (next time.Time, err error) {
	due := false
	err = a.db.View(ctx, func(tx *store.Tx) error {
		next, due, err = a.nextDeadline(tx, time.Now())
		return err
	})
	if err != nil || !due {
		return next, err
	}
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		if err := a.expire(tx); err != nil {
			return err
		}
		if err := a.judgeSightings(tx); err != nil {
			return err
		}
		next, _, err = a.nextDeadline(tx, tx.Now())
		return err
	})
	return next, err
}

// nextDeadline is the earliest time at which something changes by itself, and
// whether it has come. Nothing pending: an hour from now.
func (a *Approvals) nextDeadline(tx *store.Tx, now time.Time) (next time.Time, due bool, err error) {
	next = now.Add(time.Hour)
	for p, err := range a.proposals.By(tx, "deadline", store.Range{}, false) {
		if err != nil {
			return next, false, err
		}
		if d := p.deadline(); d.Before(next) {
			next = d
		}
		break
	}
	for s, err := range a.sightings.By(tx, "pending", store.Range{}, false) {
		if err != nil {
			return next, false, err
		}
		if d := s.SeenAt.Add(a.o.OutsideAfter); d.Before(next) {
			next = d
		}
		break
	}
	return next, !next.After(now), nil
}

func (a *Approvals) expire(tx *store.Tx) error {
	var over []*Proposal
	for p, err := range a.proposals.By(tx, "deadline", store.Range{}, false) {
		if err != nil {
			return err
		}
		if p.deadline().After(tx.Now()) || len(over) == 1000 {
			break
		}
		over = append(over, p)
	}
	for _, p := range over {
		if err := a.timeOut(tx, p); err != nil {
			return err
		}
	}
	return nil
}

// timeOut ends what p's deadline ends.
func (a *Approvals) timeOut(tx *store.Tx, p *Proposal) error {
	if p.State == InReview {
		p.Reason, p.Endorsements = ReasonUndecided, nil
		return a.move(tx, p, step{to: Draft, event: "undecided", actor: audit.System, via: "daemon"})
	}
	p.Reason, p.Endorsements, p.Basis = ReasonExpired, nil, ""
	return a.move(tx, p, step{to: Expired, event: "expired", actor: audit.System, via: "daemon"})
}

// HoldAll holds everything that is on its way, for a restored backup, whose
// approvals must not revive. What was being sent is left to reading back, and
// cannot be sent again under its old approval. It returns how many were held.
func (a *Approvals) HoldAll(ctx context.Context, reason string) (n int, err error) {
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		n = 0
		for _, state := range append([]State{Approved}, onTheWay...) {
			all, err := a.inState(tx, state)
			if err != nil {
				return err
			}
			for _, p := range all {
				if err := a.hold(tx, p, reason, audit.System, "daemon"); err != nil {
					return err
				}
				n++
			}
		}
		return a.endApprovals(tx)
	})
	return n, err
}

// endApprovals lets no approval of an open outcome be used again: of what was
// being sent, and of answers by hand whose address may yet prove wrong.
func (a *Approvals) endApprovals(tx *store.Tx) error {
	var open []*Proposal
	for _, state := range []State{Sending, OutcomeUnknown, Published} {
		for p, err := range a.proposals.By(tx, "state", store.Range{Prefix: store.Field([]byte(state))}, false) {
			if err != nil {
				return err
			}
			if state != Published || p.unproven() {
				open = append(open, p)
			}
		}
	}
	for _, p := range open {
		p.ExpiresAt = tx.Now()
		if err := a.proposals.Put(tx, p); err != nil {
			return err
		}
	}
	return nil
}

func (a *Approvals) inState(tx *store.Tx, s State) (all []*Proposal, err error) {
	for p, err := range a.proposals.By(tx, "state", store.Range{Prefix: store.Field([]byte(s))}, false) {
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// notFoundAs keeps a not_found fault and names what was looked for.
func notFoundAs(err error, what string) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "there is no such %s", what)
	}
	return err
}
