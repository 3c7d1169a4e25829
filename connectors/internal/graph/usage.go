package graph

import (
	"encoding/json"
	"net/http"
	"time"
)

// usage is how much of what is allowed is used up, in per cent, and how long
// nothing is allowed any more.
type usage struct {
	percent float64
	regain  time.Duration
}

const (
	slowAt     = 75.0 // per cent from which reading gives way to answering
	slowerAt   = 90.0
	usedUpAt   = 100.0
	slowFor    = time.Minute
	slowerFor  = 5 * time.Minute
	usedUpFor  = 15 * time.Minute
	longestFor = 24 * time.Hour
)

// counters are one entry of a usage header.
type counters struct {
	Calls  float64 `json:"call_count"`
	CPU    float64 `json:"total_cputime"`
	Time   float64 `json:"total_time"`
	Regain float64 `json:"estimated_time_to_regain_access"` // minutes
}

// decodeUsage reads X-Business-Use-Case-Usage, X-App-Usage and X-Page-Usage; what
// makes no sense counts as no use.
func decodeUsage(h http.Header) (u usage) {
	var byBusiness map[string][]counters
	if json.Unmarshal([]byte(h.Get("X-Business-Use-Case-Usage")), &byBusiness) == nil {
		for _, list := range byBusiness {
			for _, each := range list {
				u.add(each)
			}
		}
	}
	for _, name := range []string{"X-App-Usage", "X-Page-Usage"} {
		var one counters
		if json.Unmarshal([]byte(h.Get(name)), &one) == nil {
			u.add(one)
		}
	}
	return u
}

func (u *usage) add(c counters) {
	u.percent = max(u.percent, c.Calls, c.CPU, c.Time)
	minutes := min(max(c.Regain, 0), longestFor.Minutes())
	u.regain = max(u.regain, time.Duration(minutes*float64(time.Minute)))
}

// rest is how long reading rests, and whether sending does too.
func (u usage) rest() (d time.Duration, sendingToo bool) {
	switch {
	case u.regain > 0:
		return u.regain, true
	case u.percent >= usedUpAt:
		return usedUpFor, true
	case u.percent >= slowerAt:
		return slowerFor, false
	case u.percent >= slowAt:
		return slowFor, false
	}
	return 0, false
}

// pause is until when calls are held back.
type pause struct{ reading, sending time.Time }

// note takes an answer's usage headers into account. Answers overtake each other,
// so none shortens a rest.
func (c *Client) note(h http.Header) {
	d, sendingToo := decodeUsage(h).rest()
	if d == 0 {
		return
	}
	until := time.Now().Add(d)
	c.mu.Lock()
	defer c.mu.Unlock()
	if until.After(c.pause.reading) {
		c.pause.reading = until
	}
	if sendingToo && until.After(c.pause.sending) {
		c.pause.sending = until
	}
}

// held is how long calls still have to wait.
func (c *Client) held(sending bool) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if sending {
		return time.Until(c.pause.sending)
	}
	return time.Until(c.pause.reading)
}
