package approval

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/internal/phrase"
	"standpunt/store"
)

// maxAttempts is how often a definite, temporary failure is tried again
// without a person asking for it.
const maxAttempts = 5

// maxClockLag is how far the wall clock may stand behind the last committed
// time before nothing is claimed: an expiry cannot be trusted then.
const maxClockLag = time.Minute

// Claim takes the next release of the account that is due and commits it as
// sending before it returns, so that a crash after this point leaves an
// outcome that is unknown and never a second post. ok is false when nothing is
// due, the account is not accepted, or publishing is stopped.
func (a *Approvals) Claim(ctx context.Context, account inbox.AccountName) (r Release, ok bool, err error) {
	due, has, err := a.NextDue(ctx, account)
	if err != nil || !has || due.After(time.Now()) {
		return Release{}, false, err
	}
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		r, ok = Release{}, false
		if c, err := a.standingStop(tx); err != nil || c != nil {
			return err
		}
		if err := trustClock(tx); err != nil {
			return err
		}
		var waiting []*Proposal
		for p, err := range a.proposals.By(tx, "work", store.Range{Prefix: workKey(account, workQueue)}, false) {
			if err != nil {
				return err
			}
			if p.Due.After(tx.Now()) || len(waiting) == 100 {
				break
			}
			waiting = append(waiting, p)
		}
		for _, p := range waiting {
			if r, err = a.claim(tx, p); err != nil {
				return err
			}
			if ok = r.Valid(); ok {
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return Release{}, false, err
	}
	return r, ok, nil
}

// trustClock refuses to use an approval whose expiry cannot be trusted.
func trustClock(tx *store.Tx) error {
	if lag := time.Until(tx.Now()); lag > maxClockLag {
		return fault.New(fault.Unavailable, "the clock stands %s behind the last record", lag.Round(time.Second)).
			Fix("Set the machine's clock; nothing is published meanwhile.")
	}
	return nil
}

// claim proves once more everything that the release stands for; what no
// longer holds sends the proposal to held or expired instead.
func (a *Approvals) claim(tx *store.Tx, p *Proposal) (Release, error) {
	e, policy, reason := a.standing(tx, p)
	if reason == "" && e.Action == ByHand {
		reason = ReasonRecordDamaged // it never was queued
	}
	if reason != "" {
		return Release{}, a.putAside(tx, p, reason)
	}
	media, err := a.attached(tx, e)
	if err != nil {
		a.o.Log.Error("an approved picture cannot be proven", slog.String("proposal", p.ID.String()), slog.Any("error", err))
		return Release{}, a.hold(tx, p, ReasonRecordDamaged, audit.System, "daemon")
	}
	p.Attempts++
	p.Tries++
	p.ClaimedAt, p.Failure, p.AbsentAt = tx.Now(), nil, time.Time{}
	facts := policy.facts()
	facts["attempt"] = itoa(p.Attempts)
	if err := a.move(tx, p, step{to: Sending, event: "claimed", actor: audit.System, via: "daemon", facts: facts}); err != nil {
		return Release{}, err
	}
	r := a.released(p, e)
	r.r.media = media
	return r, nil
}

// putAside takes what no longer holds, for the reason that standing gave, off
// the road.
func (a *Approvals) putAside(tx *store.Tx, p *Proposal, reason string) error {
	if reason == ReasonExpired {
		return a.timeOut(tx, p)
	}
	return a.hold(tx, p, reason, audit.System, "daemon")
}

// MayStillSend is asked right before a connector writes: a stop that was
// acknowledged after the claim, or anything else that no longer holds, still
// keeps the post from leaving. Its error is publishing_stopped, or wrong_state
// for an attempt that is not being sent or no longer stands.
func (a *Approvals) MayStillSend(ctx context.Context, r Release) error {
	if !r.Valid() {
		return errZeroRelease()
	}
	return a.db.View(ctx, func(tx *store.Tx) error {
		if c, err := a.standingStop(tx); err != nil || c != nil {
			return errors.Join(err, fault.New(fault.PublishingStopped, "publishing was stopped before this was sent"))
		}
		t := r.Attempt()
		p, err := a.proposals.Get(tx, t.Proposal)
		if err != nil {
			return err
		}
		if p.State != Sending || p.Attempts != t.Number || p.Digest != t.Digest {
			return wrongState(p, "this attempt was settled before")
		}
		if _, _, reason := a.standing(tx, p); reason != "" {
			return wrongState(p, "what it was approved for no longer holds").With("reason", reason)
		}
		return nil
	})
}

// attempt describes what is sent.
func (a *Approvals) attempt(p *Proposal, e *Envelope) Attempt {
	var w writer
	w.text("standpunt/key/v1")
	w.bytes(p.ID[:])
	w.bytes(p.Digest[:])
	key := sha256.Sum256(w.b)
	t := Attempt{
		Proposal: p.ID, Number: p.Attempts, Account: p.Account, RemoteID: e.RemoteID, Action: e.Action,
		Target: e.Target, Thread: e.Thread, Route: e.Route, Visibility: e.Visibility, Language: e.Language,
		Text: e.Text, Media: e.Media, Digest: p.Digest, Key: hex.EncodeToString(key[:16]), ClaimedAt: p.ClaimedAt,
	}
	if p.Receipt != nil {
		t.Receipt = *p.Receipt
	}
	if p.ByHand {
		t.Since, _ = madeBetween(p.PlatformAt, p.QuorumAt, p.Due, p.ClaimedAt)
	}
	return t
}

// NextDue is when the account's next release may be claimed.
func (a *Approvals) NextDue(ctx context.Context, account inbox.AccountName) (due time.Time, ok bool, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		if c, err := a.standingStop(tx); err != nil || c != nil {
			return err
		}
		for p, err := range a.proposals.By(tx, "work", store.Range{Prefix: workKey(account, workQueue)}, false) {
			if err != nil {
				return err
			}
			due, ok = p.Due, true
			break
		}
		return nil
	})
	return due, ok, err
}

// settle runs fn on the proposal that r claimed, if its outcome is still open.
func (a *Approvals) settle(ctx context.Context, t Attempt, fn func(tx *store.Tx, p *Proposal) error) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		p, err := a.proposals.Get(tx, t.Proposal)
		if err != nil {
			return err
		}
		if p.Attempts != t.Number || p.Digest != t.Digest || p.State != Sending && p.State != OutcomeUnknown {
			return wrongState(p, "this attempt was settled before")
		}
		return fn(tx, p)
	})
}

// RecordPublished settles a claimed release with the platform's receipt.
func (a *Approvals) RecordPublished(ctx context.Context, r Release, receipt Receipt) error {
	if !r.Valid() {
		return errZeroRelease()
	}
	return a.settle(ctx, r.Attempt(), func(tx *store.Tx, p *Proposal) error {
		other, err := a.ownerOf(tx, p.Account, receipt.ExternalID)
		if err != nil {
			return err
		}
		if other != nil && other.ID != p.ID {
			return a.unknown(tx, p, failureOf(phrase.Of(phrase.IDTaken)))
		}
		return a.published(tx, p, receipt, step{event: "published", actor: audit.System, via: "connector"})
	})
}

// ownerOf is the proposal whose receipt names the post, or nil.
func (a *Approvals) ownerOf(tx *store.Tx, account inbox.AccountName, externalID string) (*Proposal, error) {
	if externalID == "" {
		return nil, nil //nolint:nilnil // nil is "nobody's"
	}
	for p, err := range a.proposals.By(tx, "receipt", store.Range{Prefix: postKey(account, externalID)}, false) {
		return p, err
	}
	return nil, nil //nolint:nilnil // nil is "nobody's"
}

func errZeroRelease() error {
	return fault.New(fault.Internal, "a release that no claim made was refused")
}

// published stores the receipt and tells the inbox that the customer has an answer.
func (a *Approvals) published(tx *store.Tx, p *Proposal, receipt Receipt, s step) error {
	if receipt.PostedAt.IsZero() {
		receipt.PostedAt = tx.Now()
	}
	p.Receipt, p.Failure, p.Reason = &receipt, nil, ""
	s.to = Published
	if s.facts == nil {
		s.facts = make(map[string]string)
	}
	s.facts["attempt"] = itoa(p.Attempts)
	if receipt.ExternalID != "" {
		s.facts["external_id"] = audit.Fact(receipt.ExternalID)
	}
	if err := a.move(tx, p, s); err != nil {
		return err
	}
	return a.box.Answered(tx, p.Conversation, receipt.PostedAt)
}

// RecordFailed settles a claimed release that was certainly not published. A
// failure that time can mend is queued again with a growing pause, a few times
// and while the approval lives.
func (a *Approvals) RecordFailed(ctx context.Context, r Release, f Failure) error {
	if !r.Valid() {
		return errZeroRelease()
	}
	return a.settle(ctx, r.Attempt(), func(tx *store.Tx, p *Proposal) error {
		p.Failure = &f
		p.Refused = p.Refused || f.Kind == refusedKind && !f.Retryable
		err := a.move(tx, p, step{to: Failed, event: "failed", actor: audit.System, via: "connector", facts: map[string]string{
			"attempt": itoa(p.Attempts), "error": f.Kind,
		}})
		if err != nil || !f.Retryable || p.Tries >= maxAttempts {
			return err
		}
		due := tx.Now().Add(15 * time.Second << p.Tries)
		if !due.Before(p.ExpiresAt) {
			return nil
		}
		p.Due = due
		return a.move(tx, p, step{to: Queued, event: "queued", actor: audit.System, via: "daemon", facts: map[string]string{
			"due": due.Format(time.RFC3339), "expires": p.ExpiresAt.Format(time.RFC3339),
		}})
	})
}

// RecordUnknown says that a claimed release may or may not stand there, and
// why. What kind of failure it is, and whether it can be sent again, is not for
// why to say.
func (a *Approvals) RecordUnknown(ctx context.Context, r Release, why Failure) error {
	if !r.Valid() {
		return errZeroRelease()
	}
	return a.settle(ctx, r.Attempt(), func(tx *store.Tx, p *Proposal) error { return a.unknown(tx, p, why) })
}

func (a *Approvals) unknown(tx *store.Tx, p *Proposal, why Failure) error {
	why.Kind, why.Retryable = "unknown", false
	p.Failure = &why
	return a.move(tx, p, step{to: OutcomeUnknown, event: "outcome_unknown", actor: audit.System, via: "connector", facts: map[string]string{
		"attempt": itoa(p.Attempts),
	}})
}

func failureOf(what phrase.Phrase) Failure { return Failure{Message: what.English(), What: what} }

// RecoverInterrupted turns every sending into unknown, at start-up: the daemon
// ended between the claim and its outcome.
func (a *Approvals) RecoverInterrupted(ctx context.Context) (n int, err error) {
	err = a.db.Update(ctx, func(tx *store.Tx) error {
		n = 0
		open, err := a.inState(tx, Sending)
		if err != nil {
			return err
		}
		for _, p := range open {
			if err := a.unknown(tx, p, failureOf(phrase.Of(phrase.Interrupted))); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

// Unknown lists the account's attempts whose outcome reading back can settle.
func (a *Approvals) Unknown(ctx context.Context, account inbox.AccountName) ([]Attempt, error) {
	return a.work(ctx, account, workUnknown, false)
}

// Unread lists the account's published answers that were not read back yet,
// newest first, so that some that can never be found do not keep the others
// waiting.
func (a *Approvals) Unread(ctx context.Context, account inbox.AccountName) ([]Attempt, error) {
	return a.work(ctx, account, workUnread, true)
}

// work is at most 100 attempts of one part of the account's work.
func (a *Approvals) work(ctx context.Context, account inbox.AccountName, what string, newestFirst bool) (list []Attempt, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		list = nil
		for p, err := range a.proposals.By(tx, "work", store.Range{Prefix: workKey(account, what)}, newestFirst) {
			if err != nil {
				return err
			}
			e, err := a.envelope(tx, p)
			if err != nil {
				a.o.Log.Error("published content cannot be proven", slog.String("proposal", p.ID.String()), slog.Any("error", err))
				continue
			}
			if list = append(list, a.attempt(p, e)); len(list) == 100 {
				break
			}
		}
		return nil
	})
	return list, err
}
