package connectors

import (
	"net/http"
	"sync"
	"time"
)

// The limits of a [platformClock].
const (
	aheadFor   = 2 * time.Hour // a comparison counts: polls are an hour apart at most
	aheadMost  = time.Hour     // a clock that differs by more is no clock
	aheadSlack = time.Second   // between the platform's own machines
	aheadDrift = 2000          // of what passed since: clocks that are being corrected drift by 500 ppm
	stepped    = time.Second   // our clock was set, if it went on by that much more or less than time passed
)

// Ahead is the least by which the platform's clock can be ahead of ours at this
// moment, negative where ours is ahead. The Date headers of answers tell it to a
// second or two. It is not known where the platform sent no fresh answer with a
// Date in the last two hours, and where our clock was set since.
func (c *Client) Ahead() (time.Duration, bool) { return c.clock.ahead(c.clock.moment()) }

// platformClock compares the platform's clock with ours. It is safe for
// concurrent use.
type platformClock struct {
	began time.Time // with the monotonic reading

	mu    sync.Mutex
	least time.Duration // by which the platform's is ahead
	at    moment        // when that was seen
	known bool
}

// moment is what our clock shows, and how long it really is after the beginning.
type moment struct {
	shown  time.Time
	passed time.Duration
}

func (p *platformClock) moment() moment { return moment{time.Now().Round(0), time.Since(p.began)} }

// saw takes the head of a successful answer that was there at that moment. The platform
// wrote its Date before, so its clock is at least that far. Several comparisons are all
// true, and the one that says most is kept.
func (p *platformClock) saw(head http.Header, at moment) {
	date, err := http.ParseTime(head.Get("Date"))
	if err != nil || head.Get("Age") != "" { // an answer that a cache kept tells an old time
		return
	}
	least := date.Sub(at.shown) - aheadSlack
	if least.Abs() > aheadMost {
		return
	}
	old, counts := p.ahead(at)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !counts || least >= old {
		p.least, p.at, p.known = least, at, true
	}
}

// ahead is what the comparison still says at that moment, if it still counts.
func (p *platformClock) ahead(now moment) (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	passed := now.passed - p.at.passed
	set := (now.shown.Sub(p.at.shown) - passed).Abs() > stepped
	return p.least - passed/aheadDrift, p.known && passed <= aheadFor && !set
}
