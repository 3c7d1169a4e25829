package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// stopGrace is how long a step has, after its time is over, to say so itself.
const stopGrace = 500 * time.Millisecond

// teardown is the named list of what has to be undone, last in first out. A
// step that fails or runs out of its time does not stop the others, nor take
// their time; what a step leaves of its own is the next one's.
type teardown struct {
	log   *slog.Logger
	steps []teardownStep
}

type teardownStep struct {
	name   string
	within time.Duration
	do     func(context.Context) error
}

func (t *teardown) add(name string, within time.Duration, do func(context.Context) error) {
	t.steps = append(t.steps, teardownStep{name, within, do})
}

// run undoes everything and empties the list, though ctx is done. It takes at
// most the sum of what the steps may take, and a grace for each.
func (t *teardown) run(ctx context.Context) error {
	var faults []error
	left := time.Duration(0)
	for _, s := range slices.Backward(t.steps) {
		t.log.Debug("stopping", slog.String("step", s.name))
		begun := time.Now()
		s.within += left
		err := s.run(context.WithoutCancel(ctx))
		left = max(0, s.within-time.Since(begun))
		if err != nil {
			t.log.Error("a step of stopping failed", slog.String("step", s.name), slog.Any("error", err))
			faults = append(faults, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	t.steps = nil
	return errors.Join(faults...)
}

// run runs the step, and leaves it behind when it does not come back in time.
func (s teardownStep) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.within)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.do(ctx) }()
	select {
	case err := <-done:
		return err
	case <-time.After(s.within + stopGrace):
		return fmt.Errorf("did not end within %s", s.within)
	}
}
