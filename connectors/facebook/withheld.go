package facebook

import (
	"fmt"
	"slices"
	"strings"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

// refuse leaves out what is first in line, where err is that Facebook does not show it.
func (w *walk) refuse(err error) bool {
	if !w.Withheld.Add(w.Posts[0], w.Since, w.Began, err) {
		return false
	}
	w.noTurns(w.Posts[0])
	w.next()
	return true
}

// refusals is what to tell of what is left out, nil where nothing is. Of a
// dialogue not even the id is told.
func (w *walk) refusals() error {
	if len(w.Withheld) == 0 {
		return nil
	}
	var what []string
	posts := slices.DeleteFunc(slices.Clone(w.Withheld), func(r graph.Refused) bool { return isDialogue(r.ID) })
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
