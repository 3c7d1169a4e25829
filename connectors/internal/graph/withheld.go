package graph

import (
	"errors"
	"slices"
	"time"

	"standpunt/connectors"
)

const (
	// Followed is how long what was written somewhere is looked for.
	Followed = 90 * 24 * time.Hour

	askAgain     = time.Hour // after this something is asked for again that was refused
	mostWithheld = 200       // where more are refused, it is the account that is
)

// Withheld is what Meta lists and refuses to show, the last refused last: the
// comments under a post, the messages of a dialogue. It rests so that all else comes
// in, and nothing of it is lost. It is kept in a cursor; times are seconds.
type Withheld []Refused

// Refused is one of [Withheld].
type Refused struct {
	ID    string `json:"id"`
	Since int64  `json:"since"` // what was written there before is known
	At    int64  `json:"at"`    // when it was last asked for
	Why   string `json:"why"`
}

// Add leaves something out until it is asked for again, where err is that Meta does
// not show it. It is false where it is not, or too many are left out already. since
// counts unless it was left out before.
func (w *Withheld) Add(id string, since, at int64, err error) bool {
	if kind := connectors.KindOf(err); kind != connectors.NotAllowed && kind != connectors.Rejected {
		return false
	}
	r := Refused{ID: id, Since: w.Since(id, since), At: at, Why: err.Error()}
	if e := new(connectors.Error); errors.As(err, &e) {
		r.Why = e.Message
	}
	if w.Drop(id); len(*w) == mostWithheld {
		return false
	}
	*w = append(*w, r)
	return true
}

// Drop forgets that something was refused.
func (w *Withheld) Drop(id string) {
	*w = slices.DeleteFunc(*w, func(r Refused) bool { return r.ID == id })
}

// Has reports whether something is left out.
func (w Withheld) Has(id string) bool { return w.at(id) >= 0 }

// Since is from when on what is there is not known: known, unless it was left out.
func (w Withheld) Since(id string, known int64) int64 {
	if i := w.at(id); i >= 0 {
		return w[i].Since
	}
	return known
}

// Rests reports whether something was refused too lately to be asked for again.
func (w Withheld) Rests(id string, now int64) bool {
	i := w.at(id)
	return i >= 0 && now-w[i].At < int64(askAgain/time.Second)
}

// Rested is what is to be asked for again. What was refused for as long as things are
// [Followed] is dropped.
func (w *Withheld) Rested(now int64) (rested []Refused) {
	*w = slices.DeleteFunc(*w, func(r Refused) bool { return now-r.Since > int64(Followed/time.Second) })
	for _, r := range *w {
		if !w.Rests(r.ID, now) {
			rested = append(rested, r)
		}
	}
	return rested
}

func (w Withheld) at(id string) int {
	return slices.IndexFunc(w, func(r Refused) bool { return r.ID == id })
}
