package network

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"standpunt/internal/fault"
	"standpunt/store"
)

// cursorUnknown is the code for a cursor of another data file: the reader
// starts over.
const cursorUnknown fault.Code = "cursor_unknown"

// listParameters are all that GET /api/posts takes.
var listParameters = []string{"after", "limit", "concerning", "since", "in_reply_to", "thread", "author", "page", "deleted"}

// listAccess tells the feed from the other lists.
func listAccess(r *http.Request) access {
	if r.URL.Query().Has("after") {
		return feeds
	}
	return reads
}

// apiList is GET /api/posts:
//
//	?after=CURSOR[&concerning=HANDLE][&since=TIME]  the feed of changes, oldest first; an empty CURSOR begins it
//	?in_reply_to=ID | thread=ID                     answers to a post, a whole thread; oldest first
//	?author=HANDLE                                  an account's posts, newest first
//	(nothing)                                       the timeline: posts that answer nothing, newest first
//
// with &limit=1..200 (50), &page=NEXT for the lists and &deleted=true to see
// where deleted posts stood. The feed always tells of deletions.
func (n *Network) apiList(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if err := knownParameters(q); err != nil {
		n.fail(w, r, err)
		return
	}
	limit, err := queryInt(r, "limit", 50, 1, 200)
	if err != nil {
		n.fail(w, r, err)
		return
	}
	var page ListJSON
	if q.Has("after") {
		page, err = n.feedPage(r, q, limit)
	} else {
		page, err = n.listPage(r, q, limit)
	}
	if err != nil {
		n.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, page)
}

func knownParameters(q url.Values) error {
	for name := range q {
		if !slices.Contains(listParameters, name) {
			return fault.New(fault.InvalidInput, "there is no such parameter").At(name, q.Get(name)).
				Fix("Use %s.", strings.Join(listParameters, ", "))
		}
	}
	return nil
}

type repeats struct{}

// withRepeats marks a request whose feed page is delivered twice over.
func withRepeats(ctx context.Context) context.Context {
	return context.WithValue(ctx, repeats{}, true)
}

func (n *Network) feedPage(r *http.Request, q url.Values, limit int) (ListJSON, error) {
	f, err := n.feedOf(q, limit)
	if err != nil {
		return ListJSON{}, err
	}
	posts, reached, more, err := n.board.changes(r.Context(), f)
	if err != nil {
		return ListJSON{}, err
	}
	items, err := n.present(r.Context(), posts)
	if err != nil {
		return ListJSON{}, err
	}
	if r.Context().Value(repeats{}) != nil {
		items = append(items, items...)
	}
	return ListJSON{Items: items, Next: n.cursor(reached), More: more}, nil
}

func (n *Network) feedOf(q url.Values, limit int) (feed, error) {
	f := feed{Limit: limit}
	var err error
	if f.After, err = n.parseCursor(q.Get("after")); err != nil {
		return f, err
	}
	if typed := q.Get("concerning"); typed != "" {
		if f.Concerning, err = parseHandle("concerning", typed); err != nil {
			return f, err
		}
	}
	if typed := q.Get("since"); typed != "" {
		if f.Since, err = time.Parse(time.RFC3339, typed); err != nil {
			return f, fault.New(fault.InvalidInput, "this is not a time").At("since", typed).
				Fix("Use a time such as 2026-03-01T09:00:00Z.")
		}
	}
	return f, nil
}

// cursor names a place in this data file's feed, and in no other's.
func (n *Network) cursor(change uint64) string {
	return n.board.epoch + "." + strconv.FormatUint(change, 10)
}

// parseCursor reads what cursor wrote. A bare number is a place in this file,
// whichever it is, for use by hand.
func (n *Network) parseCursor(typed string) (uint64, error) {
	if typed == "" {
		return 0, nil
	}
	epoch, digits, qualified := strings.Cut(typed, ".")
	if !qualified {
		digits, epoch = typed, n.board.epoch
	}
	v, err := strconv.ParseUint(digits, 10, 64)
	switch {
	case err != nil || v == 1<<64-1:
		return 0, fault.New(fault.InvalidInput, "this is not a place in the feed").At("after", typed).
			Fix("Use next of an earlier page, or leave it empty for the beginning.")
	case epoch != n.board.epoch:
		return 0, foreignCursor(typed)
	}
	return v, nil
}

func foreignCursor(typed string) error {
	return fault.New(cursorUnknown, "the network began anew since").At("after", typed).Fix("Start over with an empty after.")
}

func (n *Network) listPage(r *http.Request, q url.Values, limit int) (ListJSON, error) {
	l, err := n.listingOf(r, q, limit)
	if err != nil {
		return ListJSON{}, err
	}
	posts, next, err := n.board.list(r.Context(), l)
	if err != nil {
		return ListJSON{}, err
	}
	items, err := n.present(r.Context(), posts)
	return ListJSON{Items: items, Next: next.String(), More: !next.IsZero()}, err
}

func (n *Network) listingOf(r *http.Request, q url.Values, limit int) (listing, error) {
	l := listing{Index: "roots", Group: []byte(roots), Limit: limit, Deleted: q.Get("deleted") == "true"}
	for _, place := range [][2]string{{"in_reply_to", "replies"}, {"thread", "threads"}} {
		name, index := place[0], place[1]
		if !q.Has(name) {
			continue
		}
		which, err := parseID(name, q.Get(name))
		if err != nil {
			return l, err
		}
		if err := n.exists(r.Context(), which, name); err != nil {
			return l, err
		}
		l.Index, l.Group = index, which.Key()
	}
	if typed := q.Get("author"); typed != "" {
		h, err := parseHandle("author", typed)
		if err != nil {
			return l, err
		}
		l.Index, l.Group = "authors", group(h)
	}
	if typed := q.Get("page"); typed != "" {
		start, err := parseID("page", typed)
		if err != nil {
			return l, err
		}
		l.Start = start
	}
	return l, nil
}

func (n *Network) exists(ctx context.Context, which PostID, field string) error {
	return n.board.db.View(ctx, func(tx *store.Tx) error {
		_, err := n.board.find(tx, which, field)
		return err
	})
}
