package connectors

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"standpunt/inbox"
	"standpunt/internal/phrase"
	"standpunt/internal/tally"
)

// accountRun is one account's group of loops.
type accountRun struct {
	Live
	r     *Runner
	pulse *pulse
	poke  chan struct{} // poll now
	again chan struct{} // try the stream now
	done  chan struct{} // closed when every loop has ended

	askAgain atomic.Bool   // a person wants to know who we are now
	watched  atomic.Bool   // the observer knows of our contact with the account
	refusals tally.Tally   // of deliveries to the webhook
	working  chan struct{} // holds one for each delivery that is worked on

	mu        sync.Mutex
	waitUntil time.Time // the platform's own waiting time
	try       *streamTry
}

func (a *accountRun) run(ctx context.Context) {
	defer close(a.done)
	defer a.pulse.stop()
	a.Log.Info("account started", "can", label(a.Connector), "poll_every", a.every())
	var loops sync.WaitGroup
	if s, ok := a.Connector.(Streamer); ok {
		loops.Go(func() { a.stream(ctx, s) })
	}
	a.poll(ctx)
	loops.Wait()
}

// poll polls until ctx is done.
func (a *accountRun) poll(ctx context.Context) {
	identified, rounds, failures := false, 0, 0
	var asked, refused time.Time // refused: when the platform last took none of our credentials
	for ctx.Err() == nil {
		again := identityEvery // tokens end, and lose permissions
		if a.pulse.read().Identity.Unsubscribed {
			again = subscriptionEvery
		}
		if a.askAgain.Swap(false) || time.Since(asked) > again {
			identified, rounds = false, 0
		}
		if !identified && rounds%identityEveryFailed == 0 {
			identified, asked = a.identify(ctx), time.Now()
		}
		rounds++
		moved, err := a.pollAll(ctx)
		if ctx.Err() != nil {
			return
		}
		// A refusal while this round ran asks for another one.
		if err == nil && (identified || failures > 0) && !a.askAgain.Load() {
			a.pulse.beside(credentialsPart, nil)
		}
		wait := around(a.pace())
		if err != nil {
			if moved { // a long way on a shaky line: what failed is the page after some that came
				failures = 0
			}
			failures++
			wait = a.r.o.Backoff.after(failures, err)
			if KindOf(err) == BadAuth {
				refused = time.Now()
			}
		} else if failures > 0 {
			failures, identified, rounds = 0, false, 0
			// What a stream was let in with, and what it subscribed to, may have ended with the old credentials.
			a.endStreamBegunBefore(refused)
			a.streamAgain()
		}
		a.hold(err)
		a.pulse.polled(err, wait)
		if !sleep(ctx, wait, a.poke) {
			return
		}
		// A stream that connected while the platform wants us to wait does not shorten it.
		if rest := time.Until(a.notBefore()); rest > 0 && !sleep(ctx, rest, nil) {
			return
		}
	}
}

// pace is the pause between two polls that went well: longer while a stream brings
// all that they would.
func (a *accountRun) pace() time.Duration {
	every := a.every()
	if a.pulse.read().Streaming {
		return max(every, maxPollEvery)
	}
	return every
}

// every is how often the account is to be polled at this time.
func (a *accountRun) every() time.Duration {
	every := a.PollEvery
	if p, ok := a.Connector.(Pacer); ok {
		_ = guard(a.Log, "poll every", func() error { // a panic leaves what the account says
			if asked := p.PollEvery(); asked > 0 {
				every = asked
			}
			return nil
		})
	}
	if every <= 0 {
		every = defaultPollEvery
	}
	return every
}

// spending is what the account's platform has charged, nil where it is not
// counted.
func (a *accountRun) spending() *Spending {
	s, ok := a.Connector.(Spender)
	if !ok {
		return nil
	}
	var spent Spending
	if guard(a.Log, "spending", func() error { spent = s.Spending(); return nil }) != nil {
		return nil
	}
	return &spent
}

// pollAll polls until there is no more. It reports whether the cursor moved,
// which it can have before an error.
func (a *accountRun) pollAll(ctx context.Context) (moved bool, err error) {
	cursor, err := a.r.o.Inbox.Cursor(ctx, a.Name)
	if err != nil {
		return false, err
	}
	for ctx.Err() == nil {
		page, err := a.pollOnce(ctx, cursor)
		if err != nil {
			return moved, err
		}
		own, err := a.takeIn(ctx, page, page.Next)
		if err != nil {
			return moved, err
		}
		a.pulse.beside(ownPostsPart, own.problem)
		a.pulse.beside(morePart, page.Trouble)
		compared := own.problem == nil
		on := len(page.Next) > 0 && !bytes.Equal(page.Next, cursor)
		if on && compared {
			moved = true
		}
		switch {
		case !compared, !page.More:
			return moved, nil
		case !on:
			return moved, Phrased(Garbage, phrase.Of(phrase.StandsStill), phrase.Of(phrase.FixStandsStill))
		}
		cursor = page.Next
	}
	return moved, nil
}

// pollOnce is one bounded call of Poll.
func (a *accountRun) pollOnce(ctx context.Context, cursor inbox.Cursor) (page Page, err error) {
	a.pulse.polling(a.r.o.PollTimeout + timeoutGrace)
	ctx, cancel := context.WithTimeout(ctx, a.r.o.PollTimeout)
	defer cancel()
	err = guard(a.Log, "poll", func() (err error) {
		page, err = a.Connector.Poll(ctx, bytes.Clone(cursor))
		return err
	})
	if err != nil && ctx.Err() == nil {
		return Page{}, asError(err, Temporary, phrase.Of(phrase.Unread))
	}
	if err != nil {
		return Page{}, asError(err, Temporary, phrase.Of(phrase.TooLate))
	}
	return page, nil
}

// taken is what came of one page.
type taken struct {
	inbox.Ingested
	problem error // with the account's own posts; what came in is kept all the same
}

// takeIn commits a page's mentions, together with next unless that is nil. Where
// the account's own posts cannot be compared, the cursor stays, so that they
// come again.
func (a *accountRun) takeIn(ctx context.Context, page Page, next inbox.Cursor) (taken, error) {
	var t taken
	// The first call, even without posts, is how the observer learns of our first contact.
	if len(page.Own) > 0 || !a.watched.Load() {
		if err := a.r.o.Observer.Observe(ctx, a.Name, page.Own); err != nil {
			t.problem = Phrased(Temporary, phrase.Of(phrase.Uncompared), phrase.Phrase{}).Because(err)
			next = nil
		} else {
			a.watched.Store(true)
		}
	}
	if len(page.Mentions) == 0 && len(next) == 0 {
		return t, nil
	}
	var err error
	if t.Ingested, err = a.r.o.Inbox.Ingest(ctx, a.Name, page.Mentions, next); err != nil {
		return t, err
	}
	a.pulse.ingested(t.Ingested)
	return t, nil
}

// identify learns which remote account this is. It reports whether that is
// settled.
func (a *accountRun) identify(ctx context.Context) bool {
	who, err := Identify(ctx, a.Live)
	if ctx.Err() != nil {
		return false
	}
	if err == nil && a.r.o.Identified != nil && who != (Identity{}) {
		err = a.r.o.Identified(ctx, a.Account, who)
	}
	if err == nil && who != (Identity{}) {
		a.pulse.change(func(h *AccountHealth) { h.Identity = who })
	}
	a.pulse.beside(identityPart, err)
	return err == nil
}

func (a *accountRun) pokeNow() { wake(a.poke) }

// hold remembers how long the platform wants to be left alone.
func (a *accountRun) hold(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waitUntil = time.Time{}
	if wait := asksFor(err); wait > 0 {
		a.waitUntil = time.Now().Add(wait)
	}
}

func (a *accountRun) notBefore() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waitUntil
}
