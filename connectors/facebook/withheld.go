package facebook

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"standpunt/connectors"
)

const (
	askAgain     = time.Hour // after this a post is asked for again whose comments were refused
	mostWithheld = 200       // posts; where more are refused, it is the account that is
)

// withheld is a post of the Page's whose comments Facebook refuses to show.
type withheld struct {
	ID    string `json:"id"`
	Since int64  `json:"since"` // what was written under it before is known
	At    int64  `json:"at"`    // when it was last asked for
	Why   string `json:"why"`
}

func (w *walk) withheldAt(post string) int {
	return slices.IndexFunc(w.Withheld, func(r withheld) bool { return r.ID == post })
}

// refuse leaves a post's comments out until it is asked for again. It is false
// where too many are left out already.
func (w *walk) refuse(post string, err error) bool {
	r := withheld{ID: post, Since: w.since(post), At: w.Began, Why: err.Error()}
	if e := new(connectors.Error); errors.As(err, &e) {
		r.Why = e.Message
	}
	if w.drop(post); len(w.Withheld) == mostWithheld {
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

// shown forgets that a post was refused.
func (w *walk) shown(post string) {
	w.Withheld = slices.DeleteFunc(w.Withheld, func(r withheld) bool { return r.ID == post })
}

// since is from when on a post's comments are not known.
func (w *walk) since(post string) int64 {
	if i := w.withheldAt(post); i >= 0 {
		return w.Withheld[i].Since
	}
	return w.Since
}

// rests reports whether a post was refused too lately to be asked for again.
func (w *walk) rests(post string) bool {
	i := w.withheldAt(post)
	return i >= 0 && w.Began-w.Withheld[i].At < int64(askAgain/time.Second)
}

// again puts the posts in line that were refused and have rested. Those that
// were for as long as posts are followed are not asked for any more.
func (w *walk) again() {
	w.Withheld = slices.DeleteFunc(w.Withheld, func(r withheld) bool { return w.Began-r.Since > int64(followed/time.Second) })
	for _, r := range w.Withheld {
		w.add(r.ID)
	}
}

// refusals is what to tell of the posts that are left out, nil where none is.
func (w *walk) refusals() error {
	n := len(w.Withheld)
	if n == 0 {
		return nil
	}
	last := w.Withheld[n-1]
	posts := "the post " + last.ID
	if n > 1 {
		posts = fmt.Sprintf("%d posts, the last of them %s", n, last.ID)
	}
	return &connectors.Error{Kind: connectors.NotAllowed, Message: "Facebook refuses the comments under " + posts + ": " + last.Why,
		Remedy: "Look at the post on Facebook; where a permission is missing, make the access token anew. It is asked for again every hour, and all else comes in."}
}
