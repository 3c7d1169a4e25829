package graph

import (
	"context"
	"errors"
	"maps"
	"net/url"
)

// List is one page of an edge.
type List[T any] struct {
	Items  []T
	After  string // cursor of the next page; empty: this was the last
	Answer Answer
}

// Halvings is how often what is asked for at once was halved, where Meta could
// not give so much. A walk keeps it from one call to the next.
type Halvings uint8

// Of is how many items are asked for where it would be most.
func (h Halvings) Of(most int) int { return max(1, most>>h) }

// After reports whether err says that Meta cannot give so many of most items at
// once, and half as many are asked for from now on. It is false once it was one.
func (h *Halvings) After(err error, most int) bool {
	if !errors.Is(err, errTooMuch) || h.Of(most) == 1 {
		return false
	}
	*h++
	return true
}

// Page asks for the page of an edge that follows after, which is empty for
// the first. It pages with the cursor alone: the absolute address that the
// answer names as the next is never asked.
func Page[T any](ctx context.Context, c *Client, path string, params Params, after string) (List[T], error) {
	given := make(Params, len(params)+1)
	maps.Copy(given, params)
	if after != "" {
		given["after"] = after
	}
	var got struct {
		Data   *[]T `json:"data"`
		Paging struct {
			Cursors struct {
				After string `json:"after"`
			} `json:"cursors"`
			Next string `json:"next"`
		} `json:"paging"`
	}
	answer, err := c.Get(ctx, path, given, &got)
	if err != nil {
		return List[T]{}, err
	}
	if got.Data == nil {
		return List[T]{}, answer.Nonsense("not a list")
	}
	list := List[T]{Items: *got.Data, Answer: answer}
	next := got.Paging.Next
	if next == "" {
		return list, nil
	}
	if list.After = got.Paging.Cursors.After; list.After == "" {
		list.After = cursorIn(next)
	}
	if list.After == "" || list.After == after {
		return List[T]{}, answer.Nonsense("a list that goes on without saying where")
	}
	return list, nil
}

// cursorIn is the cursor that an address carries; nothing else of it is used.
func cursorIn(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get("after")
}
