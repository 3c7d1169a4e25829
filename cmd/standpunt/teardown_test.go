package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTeardownIsBoundedAndDoesEveryStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var done []string
		did := func(step string) {
			mu.Lock()
			defer mu.Unlock()
			done = append(done, step)
		}
		late := make(chan struct{})
		steps := teardown{log: slog.New(slog.DiscardHandler)}
		steps.add("first", time.Second, func(ctx context.Context) error {
			did("first")
			if end, ok := ctx.Deadline(); !ok || time.Until(end) != time.Second {
				t.Errorf("the step behind one that hangs has %s", time.Until(end))
			}
			return ctx.Err()
		})
		steps.add("hangs", 3*time.Second, func(context.Context) error {
			did("hangs")
			<-late
			return nil
		})
		steps.add("fails", time.Second, func(context.Context) error {
			did("fails")
			return errors.New("no luck")
		})
		begun := time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // as the signal that asked us to stop did
		err := steps.run(ctx)
		if took := time.Since(begun); took != 4*time.Second+stopGrace { // with the second that the one before it left

			t.Errorf("it took %s", took)
		}
		if err == nil || !strings.Contains(err.Error(), "fails: no luck") || !strings.Contains(err.Error(), "hangs: did not end within 4s") || strings.Contains(err.Error(), "first") {
			t.Errorf("it said %v", err)
		}
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(done, []string{"fails", "hangs", "first"}) {
			t.Errorf("done in this order: %v", done)
		}
		if err := steps.run(ctx); err != nil || len(done) != 3 {
			t.Errorf("done again: %v, %v", done, err)
		}
		close(late)
	})
}
