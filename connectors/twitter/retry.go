package twitter

import (
	"errors"
	"time"

	"standpunt/connectors"
)

// retry spaces the connects of one stream as X's documentation asks: at once
// after a connection is lost, unless it is lost again within seconds; then, after trouble with the network, 250 ms more each
// time, up to 16 s; after an answer of X's from 5 s, doubled up to 320 s; after a 429
// from 60 s, doubled, and never before X's own limit ends.
type retry struct {
	network, answers, limits int
	spent                    bool // one that did not hold was connected again at once
}

const (
	networkStep  = 250 * time.Millisecond
	networkMost  = 16 * time.Second
	answersFirst = 5 * time.Second
	answersMost  = 320 * time.Second
	limitsFirst  = time.Minute
	limitsMost   = 16 * time.Minute // a limit lasts 15 minutes
	// heldFor is how long a connection holds that is no failure when it ends.
	heldFor = 20 * time.Second
)

// after is the pause after a connection that held for a time and ended with err.
func (r *retry) after(held time.Duration, err error) time.Duration {
	if held >= heldFor {
		*r = retry{}
		return 0
	}
	if held > 0 && !r.spent {
		r.spent = true
		return 0
	}
	var e *connectors.Error
	var told *refusal
	switch {
	case errors.As(err, &e) && e.Kind == connectors.RateLimited:
		r.limits++
		return max(doubled(limitsFirst, r.limits, limitsMost), min(e.RetryAfter, limitsMost))
	case errors.As(err, &told):
		r.answers++
		return doubled(answersFirst, r.answers, answersMost)
	}
	r.network++
	return min(time.Duration(r.network)*networkStep, networkMost)
}

func doubled(first time.Duration, times int, most time.Duration) time.Duration {
	for range min(times, 16) - 1 {
		first *= 2
	}
	return min(first, most)
}
