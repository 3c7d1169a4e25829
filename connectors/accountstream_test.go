package connectors_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/connectors"
	"standpunt/inbox"
)

// keepUp is a stream that stands until ctx ends.
func keepUp(ctx context.Context, deliver func(connectors.Page) error) error {
	if err := deliver(connectors.Page{}); err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}

// A person who has mended what kept a stream away waits for no back-off.
func TestCheckNowTriesTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var signedIn atomic.Bool
		s := &streamer{source: source{poll: quiet}}
		s.stream = func(ctx context.Context, _ int, deliver func(connectors.Page) error) error {
			if !signedIn.Load() {
				return &connectors.Error{Kind: connectors.BadAuth, Message: "nobody has signed in"}
			}
			return keepUp(ctx, deliver)
		}
		run(t, newMemory(), func(r *connectors.Runner) {
			time.Sleep(3*time.Hour + 7*time.Second)
			synctest.Wait()
			if h := r.Health()[0]; h.Streaming || h.Problem != "nobody has signed in" || s.tries.Load() > 40 {
				t.Fatalf("%d tries, %+v", s.tries.Load(), h)
			}
			tries := s.tries.Load()
			signedIn.Store(true)
			if err := r.CheckNow("x"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if h := r.Health()[0]; !h.Streaming || h.Problem != "" || h.State != connectors.OK || s.tries.Load() != tries+1 {
				t.Errorf("after CheckNow, and %d tries: %+v", s.tries.Load()-tries, h)
			}
			if err := r.CheckNow("x"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			if s.tries.Load() != tries+1 {
				t.Errorf("a stream that stands was begun anew, %d times", s.tries.Load()-tries-1)
			}
		}, live("x", s))
	})
}

// A connector that connects again by itself is not left to its own back-off either.
func TestCheckNowBeginsAStuckStreamAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			kind  connectors.ErrorKind
			tries int64
		}{{connectors.NotAllowed, 2}, {connectors.BadAuth, 2}, {connectors.RateLimited, 1}} {
			s := &streamer{source: source{poll: quiet}}
			s.stream = func(ctx context.Context, n int, deliver func(connectors.Page) error) error {
				if n > 1 {
					return keepUp(ctx, deliver)
				}
				if err := deliver(connectors.Page{Trouble: connectors.Errorf(c.kind, "no stream")}); err != nil {
					return err
				}
				<-ctx.Done()
				return ctx.Err()
			}
			run(t, newMemory(), func(r *connectors.Runner) {
				time.Sleep(time.Hour)
				synctest.Wait()
				if s.tries.Load() != 1 {
					t.Errorf("%s: %d tries before anybody asked", c.kind, s.tries.Load())
				}
				if err := r.CheckNow("x"); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				h := r.Health()[0]
				if s.tries.Load() != c.tries || h.Streaming != (c.tries > 1) || (h.Problem == "") != (c.tries > 1) {
					t.Errorf("%s: %d tries, %+v", c.kind, s.tries.Load(), h)
				}
			}, live("x", s))
		}
	})
}

// What the platform itself asks for is not shortened by anybody.
func TestCheckNowKeepsAStreamsWaitingTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &streamer{source: source{poll: quiet}}
		s.stream = func(ctx context.Context, n int, deliver func(connectors.Page) error) error {
			if n > 1 {
				return keepUp(ctx, deliver)
			}
			return &connectors.Error{Kind: connectors.RateLimited, Message: "later", RetryAfter: 10 * time.Minute}
		}
		run(t, newMemory(), func(r *connectors.Runner) {
			time.Sleep(time.Minute)
			if err := r.CheckNow("x"); err != nil {
				t.Fatal(err)
			}
			time.Sleep(8 * time.Minute)
			synctest.Wait()
			if s.tries.Load() != 1 {
				t.Errorf("%d tries within the platform's waiting time", s.tries.Load())
			}
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			if h := r.Health()[0]; s.tries.Load() != 2 || !h.Streaming {
				t.Errorf("%d tries after it, %+v", s.tries.Load(), h)
			}
		}, live("x", s))
	})
}

// What ended the polls' trouble mostly ends the stream's.
func TestPollsThatWorkAgainWakeTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var away atomic.Bool
		away.Store(true)
		back := time.Now().Add(3 * time.Hour)
		s := &streamer{}
		s.poll = func(context.Context, int, inbox.Cursor) (connectors.Page, error) {
			if time.Now().Before(back) {
				return connectors.Page{}, connectors.Errorf(connectors.Temporary, "no network")
			}
			away.Store(false)
			return connectors.Page{}, nil
		}
		s.stream = func(ctx context.Context, _ int, deliver func(connectors.Page) error) error {
			if away.Load() {
				return connectors.Errorf(connectors.BadAuth, "no sign-in")
			}
			return keepUp(ctx, deliver)
		}
		run(t, newMemory(), func(r *connectors.Runner) {
			for away.Load() {
				time.Sleep(time.Second)
				synctest.Wait()
			}
			if h := r.Health()[0]; !h.Streaming || h.Problem != "" {
				t.Errorf("%+v", h)
			}
		}, live("x", s))
	})
}

// A connection outlives the credentials that it was made with; what it brings does not.
func TestAStreamIsNotTrustedWhilePollsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		revoked, back := start.Add(time.Hour), start.Add(2*time.Hour)
		s := &streamer{}
		s.poll = func(context.Context, int, inbox.Cursor) (connectors.Page, error) {
			if now := time.Now(); now.After(revoked) && now.Before(back) {
				return connectors.Page{}, connectors.Errorf(connectors.BadAuth, "revoked")
			}
			if now := time.Now(); now.After(start.Add(4*time.Hour)) && now.Before(start.Add(5*time.Hour)) {
				return connectors.Page{}, connectors.Errorf(connectors.Temporary, "broken")
			}
			return connectors.Page{}, nil
		}
		s.stream = func(ctx context.Context, _ int, deliver func(connectors.Page) error) error {
			return keepUp(ctx, deliver)
		}
		run(t, newMemory(), func(r *connectors.Runner) {
			for _, want := range []struct {
				at        time.Duration
				streaming bool
				tries     int64
			}{
				{30 * time.Minute, true, 1}, {90 * time.Minute, false, 1}, {150 * time.Minute, true, 2},
				{270 * time.Minute, true, 2}, {330 * time.Minute, true, 2}, // trouble of another kind says nothing of the stream
			} {
				time.Sleep(time.Until(start.Add(want.at)))
				synctest.Wait()
				if h := r.Health()[0]; h.Streaming != want.streaming || s.tries.Load() != want.tries {
					t.Errorf("after %v: %d tries, %+v", want.at, s.tries.Load(), h)
				}
			}
		}, live("x", s))
	})
}
