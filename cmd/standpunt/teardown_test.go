package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestTeardownIsBoundedAndDoesEveryStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var done []string
		late := make(chan struct{})
		steps := teardown{log: slog.New(slog.DiscardHandler)}
		steps.add("first", time.Second, func(ctx context.Context) error {
			done = append(done, "first")
			return ctx.Err()
		})
		steps.add("hangs", 3*time.Second, func(context.Context) error {
			done = append(done, "hangs")
			<-late
			return nil
		})
		steps.add("fails", time.Second, func(context.Context) error {
			done = append(done, "fails")
			return errors.New("no luck")
		})
		begun := time.Now()
		err := steps.run()
		if took := time.Since(begun); took != 3*time.Second+stopGrace {
			t.Errorf("it took %s", took)
		}
		if err == nil || !strings.Contains(err.Error(), "fails: no luck") || !strings.Contains(err.Error(), "hangs: did not end within 3s") || strings.Contains(err.Error(), "first") {
			t.Errorf("it said %v", err)
		}
		if !slices.Equal(done, []string{"fails", "hangs", "first"}) {
			t.Errorf("done in this order: %v", done)
		}
		if err := steps.run(); err != nil || len(done) != 3 {
			t.Errorf("done again: %v, %v", done, err)
		}
		close(late)
	})
}
