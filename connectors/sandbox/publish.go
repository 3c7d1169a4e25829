package sandbox

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/inbox"
)

// Publish posts a released answer, or a released post that answers nothing.
func (c *Connector) Publish(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	a, err := c.accept(r, approval.Reply, approval.Post)
	if err != nil {
		return approval.Receipt{}, err
	}
	body := struct {
		Author    string `json:"author"`
		Text      string `json:"text"`
		InReplyTo string `json:"in_reply_to,omitempty"`
	}{c.s.Handle, a.Text, ""}
	if a.Action == approval.Reply {
		body.InReplyTo = a.Target
	}
	p, answer, err := c.change(ctx, connectors.Call{Method: http.MethodPost, Path: "/api/posts", JSON: body})
	if err != nil {
		return approval.Receipt{}, err
	}
	if answer.Status != http.StatusCreated || p.Author != c.s.Handle || p.InReplyTo != body.InReplyTo {
		return approval.Receipt{}, answer.Nonsense("about another post than the one that was sent")
	}
	return p.receipt(), nil
}

// Edit replaces the text of an answer of ours.
func (c *Connector) Edit(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	a, err := c.accept(r, approval.Edit)
	if err != nil {
		return approval.Receipt{}, err
	}
	return c.alter(ctx, a, connectors.Call{Method: http.MethodPatch, JSON: struct {
		Text string `json:"text"`
	}{a.Text}})
}

// Remove deletes an answer of ours.
func (c *Connector) Remove(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	a, err := c.accept(r, approval.Remove)
	if err != nil {
		return approval.Receipt{}, err
	}
	return c.alter(ctx, a, connectors.Call{Method: http.MethodDelete})
}

func (c *Connector) alter(ctx context.Context, a approval.Attempt, call connectors.Call) (approval.Receipt, error) {
	call.Path = "/api/posts/" + url.PathEscape(a.Target)
	p, answer, err := c.change(ctx, call)
	if err != nil {
		return approval.Receipt{}, err
	}
	if p.ID != a.Target || p.Deleted != (a.Action == approval.Remove) {
		return approval.Receipt{}, answer.Nonsense("about another post than the one that was changed")
	}
	return p.receipt(), nil
}

// accept refuses what this account does not publish.
func (c *Connector) accept(r approval.Release, actions ...approval.Action) (approval.Attempt, error) {
	if !r.Valid() {
		return approval.Attempt{}, connectors.Errorf(connectors.NotAllowed, "there is no release: nobody approved this")
	}
	a := r.Attempt()
	refuse := func(why string) (approval.Attempt, error) {
		return approval.Attempt{}, &connectors.Error{Kind: connectors.NotAllowed, Message: why, Remedy: "Propose the answer again."}
	}
	self := c.known()
	switch {
	case !slices.Contains(actions, a.Action):
		return refuse("the release is for another action (" + string(a.Action) + ")")
	case a.Account != c.account:
		return refuse("the release is for another account (" + string(a.Account) + ")")
	case self != "" && a.RemoteID != self:
		return refuse("the release is for another account on the network")
	case a.Visibility == inbox.Private:
		return refuse("this network has no private messages")
	case a.Action != approval.Post && a.Target == "":
		return refuse("the release names no post")
	}
	return a, nil
}

// change sends a request that changes something, once.
func (c *Connector) change(ctx context.Context, call connectors.Call) (*post, *connectors.Response, error) {
	call.Send = true
	answer, err := c.client.Do(ctx, call)
	if err != nil {
		return nil, nil, err
	}
	var p post
	if err := answer.JSON(&p); err != nil {
		return nil, nil, err
	}
	if !p.whole() {
		return nil, nil, answer.Nonsense("without the post that was sent")
	}
	return &p, answer, nil
}

// Find reads back what became of an attempt. Where the receipt is lost, the
// answer is recognised by its place, its exact text and its time: the first of
// our posts there since the claim. Another text of ours there, or one that was
// deleted, could be it as well: then nobody can tell.
func (c *Connector) Find(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	which := a.Receipt.ExternalID
	if a.Action == approval.Edit || a.Action == approval.Remove {
		which = a.Target
	}
	switch {
	case which != "":
		return c.findByID(ctx, a, which)
	case a.Action == approval.Reply:
		return c.findAmong(ctx, a, url.Values{"in_reply_to": {a.Target}, "deleted": {"true"}})
	case a.Action == approval.Post:
		return c.findAmong(ctx, a, url.Values{"author": {c.s.Handle}, "deleted": {"true"}})
	}
	return connectors.Found{Outcome: connectors.CannotTell}, nil
}

func (c *Connector) findByID(ctx context.Context, a approval.Attempt, which string) (connectors.Found, error) {
	answer, err := c.client.Do(ctx, connectors.Call{Path: "/api/posts/" + url.PathEscape(which)})
	if connectors.KindOf(err) == connectors.Gone && err != nil {
		if a.Action == approval.Remove {
			return connectors.Found{Outcome: connectors.Present, Receipt: approval.Receipt{ExternalID: which}}, nil
		}
		return connectors.Found{Outcome: connectors.Absent}, nil
	}
	if err != nil {
		return connectors.Found{}, err
	}
	var p post
	if err := answer.JSON(&p); err != nil {
		return connectors.Found{}, err
	}
	if !p.whole() || p.ID != which {
		return connectors.Found{}, answer.Nonsense("about another post than the one that was asked for")
	}
	standing := !p.Deleted
	switch {
	case a.Action == approval.Remove:
		if standing {
			return connectors.Found{Outcome: connectors.Absent}, nil
		}
		return connectors.Found{Outcome: connectors.Present, Receipt: p.receipt()}, nil
	case !standing, a.Action == approval.Edit && a.Receipt.ExternalID == "" && p.Text != a.Text:
		return connectors.Found{Outcome: connectors.Absent}, nil
	}
	return connectors.Found{Outcome: connectors.Present, Receipt: p.receipt(), Text: p.Text}, nil
}

// findAmong looks through a list of posts.
func (c *Connector) findAmong(ctx context.Context, a approval.Attempt, q url.Values) (connectors.Found, error) {
	var match *post
	doubt := false
	for {
		got, claimed, err := c.page(ctx, a, q)
		if connectors.KindOf(err) == connectors.Gone && err != nil {
			return connectors.Found{Outcome: connectors.Absent}, nil // what was to be answered never existed here
		}
		if err != nil {
			return connectors.Found{}, err
		}
		older := false
		for i := range got.Items {
			p := &got.Items[i]
			older = p.PostedAt.Before(claimed)
			switch {
			case p.Author != c.s.Handle || older || p.InReplyTo != q.Get("in_reply_to"):
			case p.Deleted || p.Text != a.Text:
				doubt = true
			case match == nil || p.PostedAt.Before(match.PostedAt):
				match = p
			}
		}
		// Our own posts are listed newest first: behind an older one come only older ones.
		if !got.More || got.Next == "" || older && q.Has("author") {
			break
		}
		q.Set("page", got.Next)
	}
	switch {
	case match != nil:
		return connectors.Found{Outcome: connectors.Present, Receipt: match.receipt(), Text: match.Text}, nil
	case doubt:
		return connectors.Found{Outcome: connectors.CannotTell}, nil
	}
	return connectors.Found{Outcome: connectors.Absent}, nil
}

// page is one page of a list, and the time of the claim by the network's clock,
// which its answers tell to the second.
func (c *Connector) page(ctx context.Context, a approval.Attempt, q url.Values) (list, time.Time, error) {
	asked := time.Now()
	answer, err := c.client.Do(ctx, connectors.Call{Path: "/api/posts", Query: q})
	if err != nil {
		return list{}, time.Time{}, err
	}
	var got list
	if err := answer.JSON(&got); err != nil {
		return list{}, time.Time{}, err
	}
	for i := range got.Items {
		if !got.Items[i].whole() {
			return list{}, time.Time{}, answer.Nonsense("a list with a post that lacks its id, author or time")
		}
	}
	claimed := a.ClaimedAt.Add(-2 * time.Second)
	if there, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		claimed = claimed.Add(there.Sub(asked.Truncate(time.Second)))
	}
	return got, claimed, nil
}
