package connectors_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/internal/fault"
)

// run starts a runner in the bubble and stops it at the end of f.
func run(t *testing.T, m *memory, f func(r *connectors.Runner), lives ...connectors.Live) {
	t.Helper()
	r := connectors.NewRunner(connectors.RunnerOptions{Inbox: m, Observer: m}, lives...)
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	f(r)
	if err := r.Stop(t.Context()); err != nil {
		t.Errorf("Stop: %v", err)
	}
	for _, h := range r.Health() {
		if h.State != connectors.Stopped {
			t.Errorf("after Stop, %s is %s", h.Account, h.State)
		}
	}
}

func TestPagesAreReadAtOnceAndCommittedWithTheirCursor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		s := &source{poll: func(_ context.Context, _ int, after inbox.Cursor) (connectors.Page, error) {
			switch string(after) {
			case "":
				return page("1", true, "a", "b"), nil
			case "1":
				return page("2", true, "b", "c"), nil
			}
			return page("3", false, "d"), nil
		}}
		run(t, m, func(r *connectors.Runner) {
			if got := m.of("x"); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
				t.Errorf("ingested %v", got)
			}
			if !slices.Equal(m.contacts, []int{0}) {
				t.Errorf("the observer was told %v, want our first contact once", m.contacts)
			}
			if n := len(s.times()); n != 3 {
				t.Errorf("%d polls in the first round, want 3", n)
			}
			h := r.Health()[0]
			if h.State != connectors.OK || h.New != 4 || h.Duplicates != 1 || h.LastNews.IsZero() {
				t.Errorf("health %+v", h)
			}
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			if n := len(s.times()); n < 4 || n > 6 {
				t.Errorf("%d polls after two more minutes, want about 5", n)
			}
			if later := r.Health()[0]; !later.LastNews.Equal(h.LastNews) {
				t.Errorf("the last news are from %v, and what came since is known", later.LastNews)
			}
		}, live("x", s))
	})
}

func TestBackoffHonoursRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{poll: func(_ context.Context, n int, _ inbox.Cursor) (connectors.Page, error) {
			if n == 1 {
				return connectors.Page{}, &connectors.Error{Kind: connectors.RateLimited, Message: "slow down", RetryAfter: 20 * time.Minute}
			}
			return connectors.Page{}, nil
		}}
		run(t, newMemory(), func(r *connectors.Runner) {
			if err := r.CheckNow("x"); !fault.Is(err, fault.RateLimited) {
				t.Errorf("CheckNow while the platform wants us to wait: %v", err)
			}
			time.Sleep(21 * time.Minute)
			synctest.Wait()
			times := s.times()
			if len(times) < 2 {
				t.Fatal("not polled again")
			}
			if gap := times[1].Sub(times[0]); gap < 20*time.Minute {
				t.Errorf("polled again after %v", gap)
			}
		}, live("x", s))
	})
}

func TestBackoffGrowsAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		s := &source{poll: func(_ context.Context, n int, _ inbox.Cursor) (connectors.Page, error) {
			if n <= 8 {
				return connectors.Page{}, connectors.Errorf(connectors.Temporary, "the server is down")
			}
			return connectors.Page{}, nil
		}}
		l := live("x", s)
		l.Log = slog.New(slog.NewTextHandler(&log, nil))
		run(t, newMemory(), func(r *connectors.Runner) {
			if h := r.Health()[0]; h.State != connectors.Degraded || h.Problem != "the server is down" || h.NextTry.IsZero() {
				t.Errorf("after one failure: %+v", h)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if h := r.Health()[0]; h.State != connectors.Failing || h.Failures < 3 {
				t.Errorf("after a minute of failures: %+v", h)
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			if h := r.Health()[0]; h.State != connectors.OK || h.Problem != "" || h.Failures != 0 {
				t.Errorf("after recovery: %+v", h)
			}
		}, l)
		times := s.times()
		for i := 1; i < 8; i++ {
			gap, most := times[i].Sub(times[i-1]), 5*time.Second<<(i-1)
			if gap > most || gap < most/2 {
				t.Errorf("pause %d is %v, want between %v and %v", i, gap, most/2, most)
			}
		}
		if n := strings.Count(log.String(), "account has a problem"); n != 1 {
			t.Errorf("the same problem was logged %d times:\n%s", n, log.String())
		}
		if !strings.Contains(log.String(), "account works again") {
			t.Error("the recovery was not logged")
		}
	})
}

// TestAShakyLineIsNoOutage breaks every third page of a long back-fill: the
// pauses stay short, since each round gets on.
func TestAShakyLineIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pages = 300
		s := &source{poll: func(_ context.Context, n int, after inbox.Cursor) (connectors.Page, error) {
			at := len(after)
			switch {
			case at >= pages:
				return connectors.Page{}, nil
			case n%3 == 0:
				return connectors.Page{}, connectors.Errorf(connectors.Temporary, "the line broke")
			}
			return page(strings.Repeat("p", at+1), true, fmt.Sprint(at)), nil
		}}
		m := newMemory()
		run(t, m, func(*connectors.Runner) {
			time.Sleep(pages / 2 * 5 * time.Second)
			synctest.Wait()
			if got := len(m.of("x")); got != pages {
				t.Errorf("%d of %d pages came in", got, pages)
			}
		}, live("x", s))
	})
}

func TestCheckNowOverridesBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{poll: func(_ context.Context, n int, _ inbox.Cursor) (connectors.Page, error) {
			if n == 1 {
				return connectors.Page{}, &connectors.Error{Kind: connectors.BadAuth, Message: "wrong password", Remedy: "Renew it."}
			}
			return connectors.Page{}, nil
		}}
		run(t, newMemory(), func(r *connectors.Runner) {
			if h := r.Health()[0]; h.State != connectors.Failing || h.Remedy != "Renew it." {
				t.Errorf("bad credentials are no hiccup: %+v", h)
			}
			if err := r.CheckNow("x"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if h := r.Health()[0]; h.State != connectors.OK {
				t.Errorf("after CheckNow: %+v", h)
			}
			if err := r.CheckNow("y"); !fault.Is(err, fault.NotFound) {
				t.Errorf("CheckNow of an unknown account: %v", err)
			}
		}, live("x", s))
	})
}

// One connector panics, one never returns: the third goes on as if alone.
func TestOneAccountsTroubleStaysItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		panics := &source{poll: func(_ context.Context, n int, _ inbox.Cursor) (connectors.Page, error) {
			if n <= 2 {
				panic("a token that nobody may see")
			}
			return page("1", false, "after the panic"), nil
		}}
		hangs := &source{poll: func(context.Context, int, inbox.Cursor) (connectors.Page, error) {
			<-release // not even ctx
			return connectors.Page{}, nil
		}}
		works := &source{poll: func(_ context.Context, n int, _ inbox.Cursor) (connectors.Page, error) {
			return page(fmt.Sprint(n), false, fmt.Sprint(n)), nil
		}}
		var log strings.Builder
		m := newMemory()
		lives := []connectors.Live{live("panics", panics), live("hangs", hangs), live("works", works)}
		lives[0].Log = slog.New(slog.NewTextHandler(&log, nil))
		r := connectors.NewRunner(connectors.RunnerOptions{Inbox: m, Observer: m}, lives...)
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if h := r.Health()[0]; h.State != connectors.Failing || !strings.Contains(h.Problem, "fault of its own") {
			t.Errorf("the one that panics: %+v", h)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := m.of("panics"); !slices.Equal(got, []string{"after the panic"}) {
			t.Errorf("the one that panicked was not restarted: %v", got)
		}
		if n := len(m.of("works")); n < 9 || n > 12 {
			t.Errorf("the healthy one brought %d mentions in ten minutes", n)
		}
		if h := r.Health()[1]; h.State != connectors.Failing || !strings.Contains(h.Problem, "does not return") {
			t.Errorf("the one that hangs: %+v", h)
		}
		if strings.Contains(log.String(), "nobody may see") || !strings.Contains(log.String(), "runner_test.go") {
			t.Errorf("the panic's log shows its value, or no stack:\n%s", log.String())
		}

		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		err := r.Stop(ctx)
		if err == nil || !strings.Contains(err.Error(), "stop source hangs") || strings.Contains(err.Error(), "works") {
			t.Errorf("Stop: %v", err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("Stop took %v", took)
		}
		close(release)
	})
}

func TestOwnPostsThatCannotBeComparedComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		broken := true
		m.observed = func() error {
			if broken {
				return errors.New("no")
			}
			return nil
		}
		s := &source{poll: func(_ context.Context, _ int, after inbox.Cursor) (connectors.Page, error) {
			if len(after) > 0 {
				return connectors.Page{}, nil
			}
			p := page("1", false, "a")
			p.Own = []approval.OwnPost{{ExternalID: "ours"}}
			return p, nil
		}}
		run(t, m, func(r *connectors.Runner) {
			if got := m.of("x"); !slices.Equal(got, []string{"a"}) {
				t.Errorf("the mention waits for the comparison: %v", got)
			}
			if h := r.Health()[0]; h.State != connectors.Degraded {
				t.Errorf("health %+v", h)
			}
			m.mu.Lock()
			broken = false
			m.mu.Unlock()
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			if h := r.Health()[0]; h.State != connectors.OK {
				t.Errorf("health %+v", h)
			}
		}, live("x", s))
		if !slices.Equal(m.own, []string{"ours"}) {
			t.Errorf("observed %v", m.own)
		}
	})
}

func TestPagingThatStandsStillIsNoEndlessLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{poll: func(context.Context, int, inbox.Cursor) (connectors.Page, error) { return page("1", true, "a"), nil }}
		run(t, newMemory(), func(r *connectors.Runner) {
			if h := r.Health()[0]; h.ProblemKind != connectors.Garbage || len(s.times()) != 2 {
				t.Errorf("%d polls, health %+v", len(s.times()), h)
			}
		}, live("x", s))
	})
}

// streamer streams for a while, then ends.
type streamer struct {
	source
	stream func(ctx context.Context, n int, deliver func(connectors.Page) error) error
	tries  atomic.Int64
}

func (s *streamer) Stream(ctx context.Context, _ inbox.Cursor, deliver func(connectors.Page) error) error {
	return s.stream(ctx, int(s.tries.Add(1)), deliver)
}

func TestStreamFallsBackToPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		s := &streamer{source: source{poll: quiet}}
		s.stream = func(ctx context.Context, n int, deliver func(connectors.Page) error) error {
			if n > 1 {
				return connectors.Errorf(connectors.Temporary, "no stream today")
			}
			if err := deliver(connectors.Page{}); err != nil {
				return err
			}
			if err := deliver(page("99", false, "streamed")); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
			case <-time.After(30 * time.Minute):
			}
			return nil
		}
		run(t, m, func(r *connectors.Runner) {
			if !slices.Equal(m.of("x"), []string{"streamed"}) || m.cursors["x"] != nil {
				t.Errorf("streamed %v, cursor %q; a stream moves none", m.of("x"), m.cursors["x"])
			}
			if n := len(s.times()); n != 2 {
				t.Errorf("%d polls, want one at the start and one after the connect", n)
			}
			if h := r.Health()[0]; !h.Streaming || h.State != connectors.OK {
				t.Errorf("health %+v", h)
			}
			time.Sleep(29 * time.Minute)
			synctest.Wait()
			connected := len(s.times())
			if connected > 10 {
				t.Errorf("%d polls in half an hour with a stream", connected)
			}
			time.Sleep(31 * time.Minute)
			synctest.Wait()
			if n := len(s.times()) - connected; n < 25 {
				t.Errorf("%d polls in half an hour without the stream", n)
			}
			if h := r.Health()[0]; h.Streaming || h.State != connectors.Degraded || h.Problem != "no stream today" {
				t.Errorf("health %+v", h)
			}
		}, live("x", s))
	})
}

func TestAStreamThatConnectsAgainByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &streamer{source: source{poll: quiet}}
		s.stream = func(ctx context.Context, _ int, deliver func(connectors.Page) error) error {
			for _, p := range []connectors.Page{
				{}, {Trouble: connectors.Errorf(connectors.Temporary, "half of it is away")}, page("", false, "streamed"), {},
			} {
				if err := deliver(p); err != nil {
					return err
				}
				time.Sleep(20 * time.Minute)
			}
			<-ctx.Done()
			return ctx.Err()
		}
		m := newMemory()
		run(t, m, func(r *connectors.Runner) {
			for i, want := range []struct {
				streaming bool
				problem   string
			}{{true, ""}, {false, "half of it is away"}, {false, "half of it is away"}, {true, ""}, {true, ""}} {
				before := len(s.times())
				h := r.Health()[0]
				if h.Streaming != want.streaming || h.Problem != want.problem {
					t.Errorf("after %d steps: %+v", i, h)
				}
				time.Sleep(19*time.Minute + 50*time.Second)
				synctest.Wait()
				if n := len(s.times()) - before; !want.streaming && n < 15 || want.streaming && n > 10 {
					t.Errorf("step %d: %d polls", i, n)
				}
				time.Sleep(10 * time.Second)
				synctest.Wait()
			}
			if !slices.Equal(m.of("x"), []string{"streamed"}) {
				t.Errorf("streamed %v", m.of("x"))
			}
		}, live("x", s))
	})
}

// What brings a part of the mentions takes nothing from the polls that bring the rest.
func TestAPartialStreamSlowsNoPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &streamer{source: source{poll: quiet}}
		s.stream = func(ctx context.Context, _ int, deliver func(connectors.Page) error) error {
			for _, p := range []connectors.Page{page("", false, "early"), {Partial: true}, page("", false, "streamed"), {}} {
				if err := deliver(p); err != nil {
					return err
				}
				time.Sleep(20 * time.Minute)
			}
			<-ctx.Done()
			return ctx.Err()
		}
		m := newMemory()
		run(t, m, func(r *connectors.Runner) {
			for i, whole := range []bool{false, false, false, true} {
				before := len(s.times())
				if h := r.Health()[0]; h.Streaming != whole || h.State != connectors.OK {
					t.Errorf("after %d steps: %+v", i, h)
				}
				time.Sleep(19*time.Minute + 50*time.Second)
				synctest.Wait()
				if n := len(s.times()) - before; !whole && n < 15 || whole && n > 10 {
					t.Errorf("step %d: %d polls", i, n)
				}
				time.Sleep(10 * time.Second)
				synctest.Wait()
			}
			if !slices.Equal(m.of("x"), []string{"early", "streamed"}) {
				t.Errorf("streamed %v", m.of("x"))
			}
		}, live("x", s))
	})
}

func TestAPollTellsOfTroubleBesideWhatItBrings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		s := &source{poll: func(_ context.Context, n int, _ inbox.Cursor) (connectors.Page, error) {
			p := page("1", false, "read")
			if n < 3 {
				p.Trouble = connectors.Errorf(connectors.NotAllowed, "no messages")
			}
			return p, nil
		}}
		run(t, m, func(r *connectors.Runner) {
			if h := r.Health()[0]; h.State != connectors.Degraded || h.Problem != "no messages" || !slices.Equal(m.of("x"), []string{"read"}) {
				t.Errorf("%+v, %v", h, m.of("x"))
			}
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			if h := r.Health()[0]; h.State != connectors.OK || h.Problem != "" {
				t.Errorf("%+v", h)
			}
		}, live("x", s))
	})
}

func TestIdentityIsToldBeforeTheFirstPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		c := &identified{source: source{poll: quiet}, who: connectors.Identity{RemoteID: "42", Handle: "@brand", CanSend: true}}
		var told []string
		r := connectors.NewRunner(connectors.RunnerOptions{Inbox: m, Observer: m,
			Identified: func(_ context.Context, a connectors.Account, who connectors.Identity) error {
				told = append(told, string(a.Name)+"="+who.RemoteID)
				return nil
			}}, live("x", c))
		wake, unwatch := r.Watch()
		defer unwatch()
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		select {
		case <-wake:
		default:
			t.Error("a watcher was not woken")
		}
		if h := r.Health()[0]; h.Identity.Handle != "@brand" || !slices.Equal(told, []string{"x=42"}) {
			t.Errorf("told %v, health %+v", told, h)
		}
		if err := r.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

type identified struct {
	source
	mu  sync.Mutex
	who connectors.Identity // guarded by mu once the runner runs
}

func (i *identified) become(change func(who *connectors.Identity)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(&i.who)
}

func TestIdentityIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		c := &identified{source: source{poll: quiet}, who: connectors.Identity{RemoteID: "42", CanSend: true}}
		r := connectors.NewRunner(connectors.RunnerOptions{Inbox: m, Observer: m}, live("x", c))
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		const ends = "The token ends tomorrow. Make a new one."
		c.become(func(who *connectors.Identity) { who.Note = ends })
		time.Sleep(6 * time.Hour)
		synctest.Wait()
		if h := r.Health()[0]; h.Identity.Note != "" {
			t.Error("it is asked at every poll")
		}
		time.Sleep(7 * time.Hour)
		synctest.Wait()
		if h := r.Health()[0]; h.Identity.Note != ends {
			t.Errorf("after half a day the note is %q", h.Identity.Note)
		}
		c.become(func(who *connectors.Identity) { who.Note = "" })
		if err := r.CheckNow("x"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if h := r.Health()[0]; h.Identity.Note != "" {
			t.Error("a person who asks is told the old note")
		}
		if err := r.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// While the platform was not told to deliver all, it is asked again soon whether
// somebody told it; nobody has to ask for that here.
func TestASubscriptionThatIsMissingIsAskedForSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		c := &identified{source: source{poll: quiet}, who: connectors.Identity{RemoteID: "42", Note: "Not subscribed.", Unsubscribed: true}}
		r := connectors.NewRunner(connectors.RunnerOptions{Inbox: m, Observer: m}, live("x", c))
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if h := r.Health()[0]; h.Identity.Note == "" {
			t.Error("the note is not shown")
		}
		c.become(func(who *connectors.Identity) { who.Note, who.Unsubscribed = "", false })
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if h := r.Health()[0]; h.Identity.Note != "" {
			t.Errorf("ten minutes after it was subscribed it still says %q", h.Identity.Note)
		}
		if err := r.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func (i *identified) Identity(context.Context) (connectors.Identity, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.who, nil
}
