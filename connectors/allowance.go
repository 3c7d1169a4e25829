package connectors

import (
	"context"
	"sync"
)

// allowance is so many bytes that may be held at a time.
type allowance struct {
	mu    sync.Mutex
	left  int64
	freed chan struct{} // closed when something was given back
}

func newAllowance(n int64) *allowance { return &allowance{left: n, freed: make(chan struct{})} }

// take takes n bytes, as soon as there are so many within the time that a
// delivery may wait for them. It reports whether it did.
func (a *allowance) take(ctx context.Context, n int64) bool {
	freed, ok := a.tryTake(n)
	if ok {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, memoryWait)
	defer cancel()
	for {
		select {
		case <-freed:
		case <-ctx.Done():
			return false
		}
		if freed, ok = a.tryTake(n); ok {
			return true
		}
	}
}

// tryTake takes n bytes if there are so many; else freed is closed when
// something was given back.
func (a *allowance) tryTake(n int64) (freed <-chan struct{}, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.left < n {
		return a.freed, false
	}
	a.left -= n
	return nil, true
}

// give gives n bytes back.
func (a *allowance) give(n int64) {
	if n == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left += n
	close(a.freed)
	a.freed = make(chan struct{})
}
