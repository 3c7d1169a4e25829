package connectors

import (
	"context"
	"slices"
	"sync"
	"time"
)

// allowance is so many bytes that the bodies of deliveries may be held in at a
// time. Who sends is not known before a body is whole, so nobody has a part of
// his own; where the bytes run out, the body that has been coming longest gives
// way to who waits for them. A platform sends its own in one go, so that it is a
// stranger's.
type allowance struct {
	mu     sync.Mutex
	left   int64
	freed  chan struct{} // closed when something was given back
	coming []*share      // that can be cut, longest first
	cut    *share        // that was cut last and has not ended
}

func newAllowance(n int64) *allowance { return &allowance{left: n, freed: make(chan struct{})} }

// share is what one delivery holds of an allowance.
type share struct {
	a         *allowance
	interrupt func() // ends a read of the body that waits; nil: the body is never cut
	held      int64
	since     time.Time // when it first held something
	wasCut    chan struct{}
}

func (a *allowance) share(interrupt func()) *share {
	return &share{a: a, interrupt: interrupt, wasCut: make(chan struct{})}
}

// take takes n more bytes, as soon as there are so many within the time that a
// delivery may wait for them. It reports whether it did.
func (s *share) take(ctx context.Context, n int64) bool {
	freed, again, ok := s.tryTake(n)
	if ok {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, memoryWait)
	defer cancel()
	for {
		timer := time.NewTimer(again)
		select {
		case <-freed:
		case <-timer.C:
		case <-s.wasCut:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil || s.isCut() {
			return false
		}
		if freed, again, ok = s.tryTake(n); ok {
			return true
		}
	}
}

// tryTake takes n bytes if there are so many. Else the body that came first, of
// all but this one, has to give way when it had its time, and freed is closed when
// something was given back; there is no use in another try before that or again.
func (s *share) tryTake(n int64) (freed <-chan struct{}, again time.Duration, ok bool) {
	a := s.a
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.left >= n {
		a.left -= n
		if s.held == 0 {
			s.since = time.Now()
			if s.interrupt != nil {
				a.coming = append(a.coming, s)
			}
		}
		s.held += n
		return nil, 0, true
	}
	i := slices.IndexFunc(a.coming, func(other *share) bool { return other != s })
	if a.cut != nil || i < 0 {
		return a.freed, memoryWait, false
	}
	first := a.coming[i]
	if again = undisturbed - time.Since(first.since); again > 0 {
		return a.freed, again, false
	}
	a.cut, a.coming = first, slices.Delete(a.coming, i, i+1)
	close(first.wasCut)
	first.interrupt() // before it can end, which waits for the lock
	return a.freed, memoryWait, false
}

// isCut reports whether the body had to give way.
func (s *share) isCut() bool {
	select {
	case <-s.wasCut:
		return true
	default:
		return false
	}
}

// whole says that the body is here, and reports whether that was in time: it is
// not cut any more.
func (s *share) whole() bool {
	s.a.mu.Lock()
	defer s.a.mu.Unlock()
	s.leave()
	return !s.isCut()
}

// give gives n bytes back.
func (s *share) give(n int64) {
	if n == 0 {
		return
	}
	s.a.mu.Lock()
	defer s.a.mu.Unlock()
	s.free(n)
}

// end gives all of it back. The body is not interrupted after that.
func (s *share) end() {
	s.a.mu.Lock()
	defer s.a.mu.Unlock()
	s.leave()
	if s.a.cut == s {
		s.a.cut = nil
	}
	s.free(s.held)
}

func (s *share) free(n int64) {
	s.held -= n
	s.a.left += n
	close(s.a.freed)
	s.a.freed = make(chan struct{})
}

func (s *share) leave() {
	s.a.coming = slices.DeleteFunc(s.a.coming, func(other *share) bool { return other == s })
}
