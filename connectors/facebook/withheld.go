package facebook

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"standpunt/connectors"
)

const (
	askAgain     = time.Hour // after this a post or dialogue is asked for again that was refused
	mostWithheld = 200       // where more are refused, it is the account that is
)

// withheld is a post of the Page's whose comments Facebook refuses to show, or a
// dialogue whose messages it does.
type withheld struct {
	ID    string `json:"id"`
	Since int64  `json:"since"` // what was written there before is known
	At    int64  `json:"at"`    // when it was last asked for
	Why   string `json:"why"`
}

func (w *walk) withheldAt(id string) int {
	return slices.IndexFunc(w.Withheld, func(r withheld) bool { return r.ID == id })
}

// refuse leaves a post's comments or a dialogue's messages out until they are asked
// for again, where err is that Facebook does not show them. It is false where it is
// not, or too many are left out already.
func (w *walk) refuse(id string, err error) bool {
	if kind := connectors.KindOf(err); kind != connectors.NotAllowed && kind != connectors.Rejected {
		return false
	}
	r := withheld{ID: id, Since: w.since(id), At: w.Began, Why: err.Error()}
	if e := new(connectors.Error); errors.As(err, &e) {
		r.Why = e.Message
	}
	if w.drop(id); len(w.Withheld) == mostWithheld {
		return false
	}
	w.Withheld = append(w.Withheld, r)
	return true
}

// drop forgets that a post was refused and that it has turns.
func (w *walk) drop(post string) {
	w.shown(post)
	w.Turns = slices.DeleteFunc(w.Turns, func(turn string) bool { return turn == post })
}

// shown forgets that a post or dialogue was refused.
func (w *walk) shown(id string) {
	w.Withheld = slices.DeleteFunc(w.Withheld, func(r withheld) bool { return r.ID == id })
}

// since is from when on a post's comments or a dialogue's messages are not known.
func (w *walk) since(id string) int64 {
	if i := w.withheldAt(id); i >= 0 {
		return w.Withheld[i].Since
	}
	return w.Since
}

// rests reports whether a post or dialogue was refused too lately to be asked for again.
func (w *walk) rests(id string) bool {
	i := w.withheldAt(id)
	return i >= 0 && w.Began-w.Withheld[i].At < int64(askAgain/time.Second)
}

// again puts in line what was refused and has rested. Those that
// were for as long as posts are followed are not asked for any more.
func (w *walk) again() {
	w.Withheld = slices.DeleteFunc(w.Withheld, func(r withheld) bool { return w.Began-r.Since > int64(followed/time.Second) })
	for _, r := range w.Withheld {
		w.add(r.ID)
	}
}

// refusals is what to tell of what is left out, nil where nothing is. Of a
// dialogue not even the id is told.
func (w *walk) refusals() error {
	if len(w.Withheld) == 0 {
		return nil
	}
	var what []string
	posts := slices.DeleteFunc(slices.Clone(w.Withheld), func(r withheld) bool { return isDialogue(r.ID) })
	switch n := len(posts); n {
	case 0:
	case 1:
		what = append(what, "the comments under the post "+posts[0].ID)
	default:
		what = append(what, fmt.Sprintf("the comments under %d posts, the last of them %s", n, posts[n-1].ID))
	}
	switch n := len(w.Withheld) - len(posts); n {
	case 0:
	case 1:
		what = append(what, "the messages of a dialogue in Messenger")
	default:
		what = append(what, fmt.Sprintf("the messages of %d dialogues in Messenger", n))
	}
	last := w.Withheld[len(w.Withheld)-1]
	return &connectors.Error{Kind: connectors.NotAllowed, Message: "Facebook refuses " + strings.Join(what, ", and ") + ": " + last.Why,
		Remedy: "Look there on Facebook; where a permission is missing, make the access token anew. It is asked for again every hour, and all else comes in."}
}
