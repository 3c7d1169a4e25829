package connectors

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Backoff spaces repeated tries: First, doubled at each failure, up to Most,
// each shortened by up to half at random so that accounts do not try in step.
type Backoff struct {
	First time.Duration
	Most  time.Duration
}

// after is the pause after the failures-th failure in a row, from 1. It is
// never shorter than what the platform asked for.
func (b Backoff) after(failures int, err error) time.Duration {
	wait := b.First
	for range min(failures, 30) - 1 {
		wait = min(2*wait, b.Most)
	}
	var e *Error
	if errors.As(err, &e) {
		if !e.Kind.Retryable() || (e.Kind == RateLimited && e.RetryAfter == 0) {
			wait = min(max(wait, time.Minute), b.Most)
		}
		if e.RetryAfter > 0 {
			return max(asksFor(err), wait) + upTo(time.Second)
		}
	}
	return wait - upTo(wait/2)
}

// asksFor is how long the platform itself wants to be left alone, 0 where it does
// not say.
func asksFor(err error) time.Duration {
	var e *Error
	if !errors.As(err, &e) {
		return 0
	}
	return min(max(e.RetryAfter, 0), maxRetryAfter)
}

// upTo is a random span below d.
func upTo(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d) //nolint:gosec // spreads load, guards nothing
}

// around is d give or take a tenth.
func around(d time.Duration) time.Duration { return d - d/10 + upTo(d/5) }

// sleep waits for d, for a wake, or for ctx. It reports whether ctx goes on.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-timer.C:
	}
	return ctx.Err() == nil
}

// wake wakes who sleeps on c, or will next.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
