package connectors

import (
	"context"
	"errors"
	"sync"
	"time"

	"standpunt/approval"
	"standpunt/internal/fault"
	"standpunt/internal/phrase"
)

// outlet is one account's way out.
type outlet struct {
	Live
	d    *Dispatcher
	look chan struct{} // something may be there to read back
	done chan struct{} // closed when both workers have ended

	mu     sync.Mutex
	health SendingHealth
}

// run runs both workers until ctx is done; a post in flight ends with flight.
func (o *outlet) run(ctx, flight context.Context) {
	defer close(o.done)
	var workers sync.WaitGroup
	if o.health.CanSend {
		workers.Go(func() { o.send(ctx, flight) })
	}
	if f, ok := o.Connector.(Finder); ok {
		workers.Go(func() { newReader(o, f).run(ctx) })
	}
	if is[Locator](o.Connector) {
		workers.Go(func() { o.lookWhenRecorded(ctx) })
	}
	workers.Wait()
}

// lookWhenRecorded has the reader look when a person may have recorded where an
// answer stands that they posted by hand.
func (o *outlet) lookWhenRecorded(ctx context.Context) {
	wake, unwatch := o.d.o.Outbox.Wake()
	defer unwatch()
	for {
		select {
		case <-wake:
			o.lookNow()
		case <-ctx.Done():
			return
		}
	}
}

func (o *outlet) change(f func(h *SendingHealth)) {
	o.mu.Lock()
	f(&o.health)
	o.mu.Unlock()
	o.d.changes.wake()
}

// send claims and publishes until ctx is done.
func (o *outlet) send(ctx, flight context.Context) {
	wake, unwatch := o.d.o.Outbox.Wake()
	defer unwatch()
	failures := 0
	for ctx.Err() == nil {
		r, ok, err := o.claim(flight)
		switch {
		case err != nil:
			failures++
			o.problem(err, "the outbox cannot be read")
			if !o.pause(ctx, o.d.o.Backoff.after(failures, nil)) {
				return
			}
		case !ok:
			if !sleep(ctx, o.untilDue(ctx), wake) {
				return
			}
		default:
			trouble := o.publish(flight, r)
			if trouble == nil {
				failures = 0
				continue
			}
			failures++
			if !o.pause(ctx, o.d.o.Backoff.after(failures, trouble)) {
				return
			}
		}
	}
}

// claim is not cut short by a stop: a release that was claimed is dealt with.
func (o *outlet) claim(flight context.Context) (approval.Release, bool, error) {
	ctx, cancel := context.WithTimeout(flight, storeTimeout)
	defer cancel()
	return o.d.o.Outbox.Claim(ctx, o.Name)
}

// untilDue is how long the outbox has nothing for this account.
func (o *outlet) untilDue(ctx context.Context) time.Duration {
	at, ok, err := o.d.o.Outbox.NextDue(ctx, o.Name)
	if err != nil || !ok {
		return idleCheck
	}
	wait := time.Until(at)
	if wait <= 0 { // due, and withheld: a wake tells when that ends
		wait = withheldCheck
	}
	return min(wait, idleCheck)
}

// pause claims nothing for d, whatever becomes due meanwhile.
func (o *outlet) pause(ctx context.Context, d time.Duration) bool {
	o.change(func(h *SendingHealth) { h.PausedUntil = time.Now().Add(d) })
	goesOn := sleep(ctx, d, nil)
	o.change(func(h *SendingHealth) { h.PausedUntil = time.Time{} })
	return goesOn
}

// stands looks, before a release is tried again, whether an earlier attempt
// stands there after all: somebody who settled its outcome by hand may have
// missed it. Its error is certain: nothing was written.
func (o *outlet) stands(ctx context.Context, a approval.Attempt) (approval.Receipt, bool, error) {
	f, ok := o.Connector.(Finder)
	if !ok || a.Number == 1 {
		return approval.Receipt{}, false, nil
	}
	var found Found
	err := guard(o.Log, "find", func() (err error) {
		found, err = f.Find(ctx, a)
		return err
	})
	if err != nil {
		o.refused(err)
		if KindOf(err) == BadAuth { // that is what is wrong, however often it was tried
			return approval.Receipt{}, false, err
		}
		e := Phrased(Temporary, phrase.Of(phrase.KeptUnread), phrase.Phrase{}).Because(err)
		var cause *Error
		if errors.As(err, &cause) {
			e.Remedy, e.Fix = cause.Remedy, cause.Fix
		}
		return approval.Receipt{}, false, e
	}
	return found.Receipt, found.Outcome == Present, nil
}

// refused tells that the account's credentials are taken no longer, where that
// is what a call came to.
func (o *outlet) refused(err error) {
	var e *Error
	if o.d.o.Refused != nil && errors.As(err, &e) && e.Kind == BadAuth {
		o.d.o.Refused(o.Name, e)
	}
}

// lastLook asks once more whether the release may leave. Its error is certain:
// nothing was written yet.
func (o *outlet) lastLook(ctx context.Context, r approval.Release) error {
	err := o.d.o.Outbox.MayStillSend(ctx, r)
	if err == nil {
		return nil
	}
	why := phrase.KeptUnasked
	switch fault.CodeOf(err) {
	case fault.PublishingStopped:
		why = phrase.KeptStopped
	case fault.WrongState:
		why = phrase.KeptChanged
	default:
	}
	return Phrased(Temporary, phrase.Of(why), phrase.Phrase{}).Because(err)
}

// publish gives one release to the connector and records the outcome. It
// returns an error where the next release would likely fare no better, so that one
// outage does not use up the whole queue.
func (o *outlet) publish(flight context.Context, r approval.Release) error {
	a := r.Attempt()
	log := o.Log.With("proposal", a.Proposal.String(), "attempt", a.Number, "action", a.Action)
	o.change(func(h *SendingHealth) { h.InFlight = true })
	defer o.change(func(h *SendingHealth) { h.InFlight = false })

	ctx, cancel := context.WithTimeout(flight, o.d.o.SendTimeout)
	defer cancel()
	receipt, stands, err := o.stands(ctx, a)
	if err == nil && !stands {
		err = o.lastLook(ctx, r)
	}
	if err == nil && !stands {
		receipt, err = o.perform(ctx, r)
		err = outcome(a, receipt, err, ctx.Err() != nil)
		o.refused(err)
	}
	var e *Error
	switch {
	case err == nil:
		if receipt.PostedAt.IsZero() {
			receipt.PostedAt = time.Now().UTC()
		}
		o.change(func(h *SendingHealth) { h.Published++; h.LastSent = time.Now(); h.Problem, h.Remedy = "", "" })
		log.Info("published", "external_id", receipt.ExternalID)
		o.record(flight, a, func(ctx context.Context) error { return o.d.o.Outbox.RecordPublished(ctx, r, receipt) })
	case errors.As(err, &e) && e.Kind == Unknown:
		o.change(func(h *SendingHealth) { h.Unknown++; h.Problem, h.Remedy = e.Message, e.Remedy })
		log.Warn("publication's outcome is unknown", "problem", e.Message, "cause", causeOf(e, err))
		f := approval.Failure{Message: e.Message, What: e.What}
		o.record(flight, a, func(ctx context.Context) error { return o.d.o.Outbox.RecordUnknown(ctx, r, f) })
	case errors.As(err, &e):
		o.change(func(h *SendingHealth) { h.Failed++; h.Problem, h.Remedy = e.Message, e.Remedy })
		log.Warn("publication failed", "kind", e.Kind, "problem", e.Message, "cause", causeOf(e, err))
		// Credentials are given anew, and what was approved has not changed by that.
		again := e.Kind.Retryable() || e.Kind == BadAuth
		f := approval.Failure{Kind: string(e.Kind), Message: e.Message, Remedy: e.Remedy, Retryable: again, What: e.What, Fix: e.Fix}
		o.record(flight, a, func(ctx context.Context) error { return o.d.o.Outbox.RecordFailed(ctx, r, f) })
		if again {
			return e
		}
		return nil
	}
	o.lookNow()
	return nil
}

// perform calls the capability that the action asks for. That the connector
// lacks it is certain and final.
func (o *outlet) perform(ctx context.Context, r approval.Release) (receipt approval.Receipt, err error) {
	if r.Attempt().Account != o.Name {
		return receipt, Phrased(Rejected, phrase.Of(phrase.OtherAccount), phrase.Of(phrase.FixOtherAccount))
	}
	if _, ok := o.Connector.(Attacher); !ok && len(r.Attempt().Media) > 0 {
		return receipt, Phrased(NotAllowed, phrase.Of(phrase.NoPictures), phrase.Of(phrase.FixNoPictures))
	}
	var call func(context.Context, approval.Release) (approval.Receipt, error)
	switch r.Attempt().Action {
	case approval.Reply, approval.Post:
		if c, ok := o.Connector.(Publisher); ok {
			call = c.Publish
		}
	case approval.Edit:
		if c, ok := o.Connector.(Editor); ok {
			call = c.Edit
		}
	case approval.Remove:
		if c, ok := o.Connector.(Remover); ok {
			call = c.Remove
		}
	case approval.Hide:
		if c, ok := o.Connector.(Hider); ok {
			call = c.Hide
		}
	case approval.PrivateReply:
		if c, ok := o.Connector.(PrivateReplier); ok {
			call = c.ReplyPrivately
		}
	case approval.ByHand: // a person posts it; no release for it exists
	}
	if call == nil {
		return receipt, Phrased(NotAllowed, phrase.Of(phrase.CannotAct, "action", string(r.Attempt().Action)), phrase.Of(phrase.FixCannotAct))
	}
	err = guard(o.Log, string(r.Attempt().Action), func() (err error) {
		receipt, err = call(ctx, r)
		return err
	})
	return receipt, err
}

// outcome makes of what a call returned an error whose kind is the truth about
// the post: nil, certainly not, or Unknown.
func outcome(a approval.Attempt, receipt approval.Receipt, err error, late bool) error {
	unsure := func(what phrase.Code) error {
		return Phrased(Unknown, phrase.Of(what), phrase.Of(phrase.FixUnsure)).Because(err)
	}
	var e *Error
	switch {
	case err == nil && receipt.ExternalID == "" && a.Action != approval.Remove && a.Action != approval.Hide:
		return unsure(phrase.NoID)
	case err == nil:
		return nil
	case panicked(err):
		return unsure(phrase.CrashedSending)
	case late && !(errors.As(err, &e) && e.Unbegun) && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)):
		return unsure(phrase.CutOff)
	case errors.As(err, &e):
		return e
	}
	return unsure(phrase.Unsaid)
}

// record keeps trying to record an outcome, for a bounded time. Where it does
// not succeed, the proposal stays "sending", which is unknown at the next start.
func (o *outlet) record(flight context.Context, a approval.Attempt, f func(context.Context) error) {
	deadline := time.Now().Add(o.d.o.RecordFor)
	pause, said := recordPause, ""
	for {
		// What happened is recorded even while a stop is giving up on posts in flight.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(flight), storeTimeout)
		err := f(ctx)
		cancel()
		if err == nil {
			return
		}
		if said != err.Error() {
			said = err.Error()
			o.Log.Error("outcome of a publication could not be recorded", "proposal", a.Proposal.String(), "error", err)
		}
		if !passes(err) || flight.Err() != nil || time.Now().Add(pause).After(deadline) {
			o.Log.Error("outcome of a publication stays unrecorded; it is unknown at the next start", "proposal", a.Proposal.String())
			return
		}
		_ = sleep(flight, pause, nil) // a stop ends the pause; there is one last try
		pause = min(2*pause, recordPauseMax)
	}
}

// passes reports whether an error of the store can go away by itself.
func passes(err error) bool {
	code := fault.CodeOf(err)
	return code == fault.Internal || code == fault.Unavailable
}

func (o *outlet) problem(err error, what string) {
	o.mu.Lock()
	said := o.health.Problem == what
	o.mu.Unlock()
	if !said {
		o.Log.Error(what, "error", err) //nolint:sloglint // one of the fixed texts above
	}
	o.change(func(h *SendingHealth) { h.Problem, h.Remedy = what, "See the daemon's log." })
}

func (o *outlet) lookNow() {
	select {
	case o.look <- struct{}{}:
	default:
	}
}
