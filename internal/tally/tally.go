// Package tally keeps what strangers can repeat at will from flooding the log:
// the first of a kind is told at once, the rest as one count a minute.
package tally

import (
	"sync"
	"time"
)

// every is how long the rest is gathered before it is told.
const every = time.Minute

// Tally is one kind of event. The zero Tally is ready, and safe for concurrent
// use.
type Tally struct {
	mu       sync.Mutex
	gathers  bool
	gathered int
	last     func(n int)
}

// Note notes one event. say tells of n events: at once and with 1 where none
// was told within the last minute, else when that is over, with all that came
// in between, and only the last event's say is called. say does not call Note.
func (t *Tally) Note(say func(n int)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gathers {
		t.gathered++
		t.last = say
		return
	}
	t.gathers = true
	say(1)
	time.AfterFunc(every, t.tell)
}

// tell ends a minute, and begins another one as long as something happens.
func (t *Tally) tell() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gathers = t.gathered > 0; !t.gathers {
		return
	}
	t.last(t.gathered)
	t.gathered, t.last = 0, nil
	time.AfterFunc(every, t.tell)
}
