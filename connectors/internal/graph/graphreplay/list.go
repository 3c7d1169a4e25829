package graphreplay

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// Edge is a list that calls read by the page.
type Edge[T any] struct {
	Most  int    // how many items a page has
	Heavy int    // from more than so many on Meta wants to be asked for less; 0: it never does
	Token string // stands in the link to the next page, which names another host, as a client must not follow it
	ID    func(T) string
	Show  func(T) (any, *Refusal)
}

// Page is one page of all. Its cursor names the last item, so that what comes in
// meanwhile moves nothing out of sight.
func (e Edge[T]) Page(all []T, limit, after string) (any, *Refusal) {
	if after != "" {
		at := slices.IndexFunc(all, func(item T) bool { return "c"+e.ID(item) == after })
		if at < 0 {
			return nil, invalid("Invalid cursor")
		}
		all = all[at+1:]
	}
	size, err := strconv.Atoi(limit)
	if err != nil || size < 1 || size > e.Most {
		return nil, invalid(fmt.Sprintf("limit must be from 1 to %d", e.Most))
	}
	if e.Heavy > 0 && size > e.Heavy {
		return nil, Refuse(http.StatusInternalServerError, 1, 0, "Please reduce the amount of data you're asking for, then retry your request")
	}
	paging := map[string]any{}
	if len(all) > size {
		all = all[:size]
		last := "c" + e.ID(all[size-1])
		paging["cursors"] = map[string]any{"after": last}
		paging["next"] = "https://another-host.test/next?access_token=" + e.Token + "&after=" + last
	}
	data := []any{}
	for _, item := range all {
		shown, no := e.Show(item)
		if no != nil {
			return nil, no
		}
		data = append(data, shown)
	}
	return map[string]any{"data": data, "paging": paging}, nil
}
