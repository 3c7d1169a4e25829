package instagram

import (
	"fmt"

	"standpunt/connectors"
)

// refuse leaves out a dialogue that is first in line, where err is that Instagram does
// not show its messages.
func (w *walk) refuse(err error) bool {
	t := w.Tasks[0]
	if t.Kind != readMessages || !w.Withheld.Add(t.ID, t.Since, w.Began, err) {
		return false
	}
	w.nextTask()
	return true
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
