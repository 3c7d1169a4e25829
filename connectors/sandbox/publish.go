package sandbox

import (
	"context"
	"net/http"
	"net/url"
	"slices"

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
		Tag       string `json:"tag"`
	}{c.s.Handle, a.Text, "", a.Key}
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
