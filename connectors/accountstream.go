package connectors

import (
	"context"
	"errors"
	"time"

	"standpunt/internal/phrase"
)

// streamTry is one call of an account's stream.
type streamTry struct {
	begun time.Time
	end   context.CancelCauseFunc
	up    bool // it is connected
	// stuck says that it is not, and that a person has to mend why.
	stuck bool
}

// errAnew ends a stream that is to be begun anew.
var errAnew = errors.New("the stream is begun anew")

// stream keeps a stream connected; while it is not, the poll loop alone brings
// mentions in, at its usual pace.
func (a *accountRun) stream(ctx context.Context, s Streamer) {
	failures := 0
	for ctx.Err() == nil {
		began := time.Now()
		err := a.streamOnce(ctx, s)
		if ctx.Err() != nil {
			return
		}
		a.pulse.change(func(h *AccountHealth) { h.Streaming = false })
		if errors.Is(err, errAnew) {
			continue
		}
		if time.Since(began) >= streamProvesItself {
			failures = 0
		}
		failures++
		if err == nil {
			err = Phrased(Temporary, phrase.Of(phrase.StreamEnded), phrase.Phrase{})
		}
		if failures > 1 { // platforms end streams now and then; one that comes back at once is no trouble
			a.pulse.beside(streamPart, err)
		}
		a.pokeNow()
		notBefore := time.Now().Add(asksFor(err))
		if !sleep(ctx, a.r.o.Backoff.after(failures, err), a.again) {
			return
		}
		if rest := time.Until(notBefore); rest > 0 && !sleep(ctx, rest, nil) {
			return
		}
	}
}

// streamOnce is one call of Stream, and errAnew where it was ended to be begun
// anew.
func (a *accountRun) streamOnce(ctx context.Context, s Streamer) error {
	select { // this is the try that was asked for
	case <-a.again:
	default:
	}
	cursor, err := a.r.o.Inbox.Cursor(ctx, a.Name)
	if err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	try := streamTry{begun: time.Now(), end: end}
	a.streams(&try)
	defer a.streams(nil)
	deliver := func(page Page) error {
		switch empty := len(page.Mentions) == 0 && len(page.Own) == 0; {
		case page.Trouble != nil:
			a.streams(&streamTry{begun: try.begun, end: end, stuck: !KindOf(page.Trouble).Retryable()})
			was := false
			a.pulse.change(func(h *AccountHealth) { was, h.Streaming = h.Streaming, false })
			a.pulse.beside(streamPart, page.Trouble)
			if was { // what the stream would bring is a poll's to bring, from now on
				a.pokeNow()
			}
		case empty:
			a.streams(&streamTry{begun: try.begun, end: end, up: true})
			a.pulse.change(func(h *AccountHealth) { h.Streaming = !page.Partial })
			a.pulse.beside(streamPart, nil)
			a.pokeNow()
		}
		t, err := a.takeIn(ctx, page, nil)
		return errors.Join(err, t.problem)
	}
	err = guard(a.Log, "stream", func() error { return s.Stream(ctx, cursor, deliver) })
	if errors.Is(context.Cause(ctx), errAnew) {
		return errAnew
	}
	return err
}

// streams notes how the stream is; nil: none is tried.
func (a *accountRun) streams(t *streamTry) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.try = t
}

// streamAgain ends the back-off of a stream that is away. A try under way, which
// may have begun with what was wrong, is followed by another.
func (a *accountRun) streamAgain() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.try == nil || !a.try.up {
		wake(a.again)
	}
}

// endStuckStream begins a stream anew that waits, by a back-off of its own, for
// what a person may have mended.
func (a *accountRun) endStuckStream() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.try != nil && a.try.stuck {
		a.try.end(errAnew)
	}
}

// endStreamBegunBefore begins a stream anew that was begun before that time.
func (a *accountRun) endStreamBegunBefore(at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.try != nil && a.try.begun.Before(at) {
		a.try.end(errAnew)
	}
}
