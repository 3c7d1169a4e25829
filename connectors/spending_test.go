package connectors_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
)

// spender is a source that costs money and asks to be polled as its budget
// allows.
type spender struct {
	source
	every atomic.Int64
}

func (s *spender) PollEvery() time.Duration {
	if s.every.Load() < 0 {
		panic("out of money")
	}
	return time.Duration(s.every.Load())
}

func (s *spender) Spending() connectors.Spending {
	if s.every.Load() < 0 {
		panic("out of money")
	}
	return connectors.Spending{ToDate: 2 * approval.Dollar, Budget: 8 * approval.Dollar}
}

// The pause between polls is asked for anew each time, and what is spent
// stands in the account's health.
func TestPollsFollowWhatTheConnectorAsksFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &spender{source: source{poll: quiet}}
		s.every.Store(int64(10 * time.Second))
		within := func(d time.Duration) int {
			before := len(s.times())
			time.Sleep(d)
			synctest.Wait()
			return len(s.times()) - before
		}
		run(t, newMemory(), func(r *connectors.Runner) {
			if n := within(5 * time.Minute); n < 24 || n > 36 {
				t.Errorf("%d polls in five minutes, want about 30", n)
			}
			if h := r.Health()[0]; h.Spending == nil || h.Spending.Share() != 25 {
				t.Errorf("health tells %+v", h.Spending)
			}
			s.every.Store(int64(time.Hour))
			within(time.Minute) // the pause that runs is the old one
			if n := within(10 * time.Hour); n < 8 || n > 12 {
				t.Errorf("%d polls in ten hours, want about 10", n)
			}
			s.every.Store(0) // as the account says
			within(2 * time.Hour)
			if n := within(30 * time.Minute); n < 24 || n > 36 {
				t.Errorf("%d polls in half an hour, want about 30", n)
			}
			s.every.Store(-1)
			if n := within(30 * time.Minute); n < 24 || n > 36 {
				t.Errorf("%d polls in half an hour beside a panic, want about 30", n)
			}
			if h := r.Health()[0]; h.Spending != nil || h.State != connectors.OK {
				t.Errorf("beside a panic health tells %+v", h)
			}
		}, live("x", s))
	})
}

func TestShareOfABudget(t *testing.T) {
	for _, c := range []struct {
		spent, budget approval.Money
		share         int
	}{{0, 0, 0}, {5 * approval.Dollar, 0, 0}, {799_999, approval.Dollar, 79}, {approval.Dollar, approval.Dollar, 100}, {3, 2, 150}} {
		if got := (connectors.Spending{ToDate: c.spent, Budget: c.budget}).Share(); got != c.share {
			t.Errorf("%s of %s: %d %%", c.spent, c.budget, got)
		}
	}
}
