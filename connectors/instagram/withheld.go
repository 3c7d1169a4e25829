package instagram

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"standpunt/connectors"
)

const (
	askAgain     = time.Hour // after this a dialogue is asked for again that was refused
	mostWithheld = 200       // where more are refused, it is the account that is
)

// withheld is a dialogue whose messages Instagram refuses to show, though it lists it.
type withheld struct {
	ID    string `json:"i"`
	Since int64  `json:"s"` // what was written there before is known
	At    int64  `json:"t"` // when it was last asked for
	Why   string `json:"w"`
}

func (w *walk) withheldAt(id string) int {
	return slices.IndexFunc(w.Withheld, func(r withheld) bool { return r.ID == id })
}

// refuse leaves a dialogue's messages out until they are asked for again, where err is
// that Instagram does not show them. It is false where it is not, or too many are
// left out already.
func (w *walk) refuse(t *task, err error) bool {
	kind := connectors.KindOf(err)
	if t.Kind != readMessages || kind != connectors.NotAllowed && kind != connectors.Rejected {
		return false
	}
	r := withheld{ID: t.ID, Since: t.Since, At: w.Began, Why: err.Error()}
	if e := new(connectors.Error); errors.As(err, &e) {
		r.Why = e.Message
	}
	if w.shown(t.ID); len(w.Withheld) == mostWithheld {
		return false
	}
	w.Withheld = append(w.Withheld, r)
	return true
}

// shown forgets that a dialogue was refused.
func (w *walk) shown(id string) {
	w.Withheld = slices.DeleteFunc(w.Withheld, func(r withheld) bool { return r.ID == id })
}

// again puts in line what was refused and has rested. Dialogues that were for as long
// as posts are followed are not asked for any more.
func (w *walk) again() {
	w.Withheld = slices.DeleteFunc(w.Withheld, func(r withheld) bool { return w.Began-r.Since > seconds(followed) })
	for _, r := range w.Withheld {
		if w.Began-r.At >= seconds(askAgain) {
			w.add(task{Kind: readMessages, ID: r.ID, Since: r.Since})
		}
	}
}

// refusals is what to tell of what is left out, nil where nothing is. Of a
// dialogue not even the id is told.
func (w *walk) refusals() error {
	what := "the messages of a dialogue"
	switch n := len(w.Withheld); n {
	case 0:
		return nil
	case 1:
	default:
		what = fmt.Sprintf("the messages of %d dialogues", n)
	}
	return &connectors.Error{Kind: connectors.NotAllowed, Message: "Instagram refuses " + what + ": " + w.Withheld[len(w.Withheld)-1].Why,
		Remedy: "Look there on Instagram; where a permission is missing, make the access token anew. It is asked for again every hour, and all else comes in."}
}
