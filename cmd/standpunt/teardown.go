package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
)

// teardown is the named list of what has to be undone, last in first out. A
// step that fails or runs out of time does not stop the others.
type teardown struct {
	log   *slog.Logger
	steps []teardownStep
}

type teardownStep struct {
	name string
	do   func(context.Context) error
}

func (t *teardown) add(name string, do func(context.Context) error) {
	t.steps = append(t.steps, teardownStep{name, do})
}

// run undoes everything, bounded by ctx, and empties the list.
func (t *teardown) run(ctx context.Context) error {
	var faults []error
	for _, s := range slices.Backward(t.steps) {
		t.log.Debug("stopping", slog.String("step", s.name))
		if err := s.do(ctx); err != nil {
			t.log.Error("a step of stopping failed", slog.String("step", s.name), slog.Any("error", err))
			faults = append(faults, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	t.steps = nil
	return errors.Join(faults...)
}
