package connectors

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"standpunt/inbox"
	"standpunt/internal/phrase"
)

// HealthState is how an account's source is doing.
type HealthState string

// The states.
const (
	Starting HealthState = "starting" // not polled yet
	OK       HealthState = "ok"
	Degraded HealthState = "degraded" // a hiccup, or something beside polling does not work
	Failing  HealthState = "failing"  // nothing comes in, and not for the first time
	Stopped  HealthState = "stopped"  // the runner does not run
)

// failuresToFail is how many failures in a row are no hiccup any more. One of a
// kind that trying again does not help is enough.
const failuresToFail = 3

// AccountHealth is how one account's source is doing. It holds no secret and
// nothing of a customer.
type AccountHealth struct {
	Account inbox.AccountName
	Kind    string
	State   HealthState
	Since   time.Time // when State began

	Problem      string        // what does not work, one sentence; empty when all does
	Remedy       string        // what to do about it; may be empty
	What, Fix    phrase.Phrase // Problem and Remedy as phrases, as [Error] has them
	ProblemKind  ErrorKind
	ProblemSince time.Time // when it first happened; kept while only its text changes
	Failures     int       // polls that failed in a row

	LastPoll    time.Time // when the last poll began
	LastSuccess time.Time // when the last good one ended
	NextTry     time.Time // when the next poll is due; zero while one runs
	LastNews    time.Time // when something new, changed or deleted last came in, as far as this process saw
	Streaming   bool      // a stream is connected that brings all the mentions that polls would, and polls are let in

	// Spending is what the platform has charged, where the connector is a [Spender].
	Spending *Spending

	Identity Identity // as the platform told; empty until it did

	Webhook Deliveries // to the account's own address, where the connector is a [Webhook]

	// What came in since the start.
	Polls, New, Edited, Deleted, Duplicates, Quarantined uint64
}

// pulse keeps one account's health.
type pulse struct {
	log     *slog.Logger
	changed func()

	mu     sync.Mutex
	health AccountHealth
	logged string // the problem as it was last logged
	// aside is what else does not work while polling does: the stream, our own posts.
	aside map[phrase.Code]*Error
	// unproven counts the deliveries without proof since the last one with it.
	unproven int
	// overdue is when a running poll should have returned; zero when none runs.
	overdue time.Time
}

// read is the health as it is now.
func (p *pulse) read() AccountHealth {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.health
	if h.Failures > 0 && h.ProblemKind == BadAuth { // the stream may stand, and nothing comes over it
		h.Streaming = false
	}
	if h.State != Stopped && !p.overdue.IsZero() && time.Now().After(p.overdue) {
		h.State, h.Since = Failing, p.overdue
		h.show(Phrased(Temporary, phrase.Of(phrase.Stuck), phrase.Of(phrase.FixStuck)))
		h.ProblemSince = p.overdue
	}
	return h
}

// change applies f under the lock, then tells the watchers.
func (p *pulse) change(f func(h *AccountHealth)) {
	p.mu.Lock()
	f(&p.health)
	p.mu.Unlock()
	p.changed()
}

func (p *pulse) polling(limit time.Duration) {
	p.change(func(h *AccountHealth) {
		now := time.Now()
		p.overdue = now.Add(limit)
		h.LastPoll, h.NextTry = now, time.Time{}
		h.Polls++
	})
}

func (p *pulse) ingested(in inbox.Ingested) {
	p.change(func(h *AccountHealth) {
		h.New += uint64(in.New)
		h.Edited += uint64(in.Edited)
		h.Deleted += uint64(in.Deleted)
		h.Duplicates += uint64(in.Duplicates)
		h.Quarantined += uint64(in.Quarantined)
		if in.New+in.Edited+in.Deleted > 0 {
			h.LastNews = time.Now()
		}
	})
}

// polled notes how a round of polls ended.
func (p *pulse) polled(err error, next time.Duration) {
	p.change(func(h *AccountHealth) {
		p.overdue = time.Time{}
		h.NextTry = time.Now().Add(next)
		if err == nil {
			h.Failures, h.LastSuccess = 0, time.Now()
		} else {
			h.Failures++
		}
		p.settle(err)
	})
}

// beside notes whether something beside polling works; name tells which.
func (p *pulse) beside(name phrase.Code, err error) {
	p.change(func(h *AccountHealth) {
		if err == nil {
			delete(p.aside, name)
		} else {
			p.aside[name] = asError(err, Temporary, phrase.Of(phrase.Broken).Because(name))
		}
		if h.Failures == 0 && h.State != Starting && h.State != Stopped {
			p.settle(nil)
		}
	})
}

// refuses reports whether it is noted already that the account's credentials are
// taken no longer.
func (p *pulse) refuses() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.aside[credentialsPart] != nil || p.health.Failures > 0 && p.health.ProblemKind == BadAuth
}

func (p *pulse) stop() {
	p.change(func(h *AccountHealth) {
		p.overdue = time.Time{}
		h.NextTry, h.Streaming = time.Time{}, false
		p.enter(Stopped)
	})
}

// settle derives the state from the last poll's error and what else is wrong.
func (p *pulse) settle(err error) {
	h := &p.health
	state, problem := OK, (*Error)(nil)
	for _, name := range []phrase.Code{credentialsPart, identityPart, ownPostsPart, morePart, streamPart, webhookPart} {
		if e := p.aside[name]; e != nil {
			state, problem = Degraded, e
			break
		}
	}
	if err != nil {
		problem = asError(err, Temporary, phrase.Of(phrase.NotTakenIn))
		state = Degraded
		if h.Failures >= failuresToFail || !problem.Kind.Retryable() || panicked(err) {
			state = Failing
		}
	}
	p.enter(state)
	if problem == nil {
		h.show(new(Error))
		h.ProblemSince = time.Time{}
		if p.logged != "" {
			p.log.Info("account works again")
		}
		p.logged = ""
		return
	}
	if h.Problem == "" {
		h.ProblemSince = time.Now()
	}
	h.show(problem)
	if text := problem.Error(); text != p.logged {
		p.logged = text
		p.log.Warn("account has a problem", "kind", problem.Kind, "problem", problem.Message, "remedy", problem.Remedy, "cause", causeOf(problem, err))
	}
}

// show makes e the account's problem.
func (h *AccountHealth) show(e *Error) {
	h.Problem, h.Remedy, h.What, h.Fix, h.ProblemKind = e.Message, e.Remedy, e.What, e.Fix, e.Kind
}

func (p *pulse) enter(s HealthState) {
	if p.health.State != s {
		p.health.State, p.health.Since = s, time.Now()
	}
}

// causeOf is what the log says beyond the problem's own words.
func causeOf(problem *Error, err error) string {
	switch {
	case problem.Err != nil:
		return problem.Err.Error()
	case err != nil && !errors.Is(err, problem):
		return err.Error()
	}
	return ""
}

// watchers wakes whoever watches, coalesced.
type watchers struct {
	mu    sync.Mutex
	chans map[chan struct{}]bool
}

func (w *watchers) watch() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.chans == nil {
		w.chans = make(map[chan struct{}]bool)
	}
	w.chans[c] = true
	return c, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.chans, c)
	}
}

func (w *watchers) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.chans {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
