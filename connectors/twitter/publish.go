package twitter

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/inbox"
)

// Publish posts a released answer, or a released post that answers nothing. X
// refuses a text that stands there already; from the second attempt on, that
// can be the first one's doing, and the outcome is unknown.
func (c *Connector) Publish(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	a, err := c.accept(ctx, r, approval.Reply, approval.Post)
	if err != nil {
		return approval.Receipt{}, err
	}
	if isMessage(a) {
		return c.sendMessage(ctx, a)
	}
	type reply struct {
		To string `json:"in_reply_to_tweet_id"`
	}
	type media struct {
		IDs []string `json:"media_ids"`
	}
	body := struct {
		Text  string `json:"text"`
		Reply *reply `json:"reply,omitempty"`
		Media *media `json:"media,omitempty"`
	}{Text: a.Text}
	if a.Action == approval.Reply {
		body.Reply = &reply{answered(a)}
	}
	if len(a.Media) > 0 {
		ids, err := c.upload(ctx, r)
		if err != nil {
			return approval.Receipt{}, err
		}
		body.Media = &media{ids}
	}
	answer, err := c.client.Do(ctx, connectors.Call{Method: http.MethodPost, Path: "/2/tweets", JSON: body, Send: true})
	if err != nil {
		return approval.Receipt{}, doubting(err, a)
	}
	var got struct {
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := answer.JSON(&got); err != nil {
		return approval.Receipt{}, err
	}
	if !isID(got.Data.ID) {
		return approval.Receipt{}, answer.Nonsense("without the post's id")
	}
	c.remember(got.Data.ID, a.Key)
	c.bill.did(chargeFor(a.Action, a.Visibility, a.Text))
	c.bill.save(ctx)
	return c.receipt(got.Data.ID), nil
}

// doubting is err, unless it says that the text stands there already and an
// earlier attempt may have put it there.
func doubting(err error, a approval.Attempt) error {
	if !errors.Is(err, errDuplicate) || a.Number <= 1 {
		return err
	}
	return &connectors.Error{
		Kind: connectors.Unknown, Message: "X says that this text stands there already, perhaps by an earlier attempt",
		Remedy: "Reading back will show whether it was carried out.", Err: errDuplicate,
	}
}

// Remove deletes an answer of ours.
func (c *Connector) Remove(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	a, err := c.accept(ctx, r, approval.Remove)
	if err != nil {
		return approval.Receipt{}, err
	}
	return c.erase(ctx, a.Target)
}

func (c *Connector) erase(ctx context.Context, id string) (approval.Receipt, error) {
	answer, err := c.client.Do(ctx, connectors.Call{Method: http.MethodDelete, Path: "/2/tweets/" + id, Send: true})
	if err != nil {
		return approval.Receipt{}, err
	}
	var got struct {
		Data struct {
			Deleted bool `json:"deleted"`
		} `json:"data"`
	}
	if err := answer.JSON(&got); err != nil {
		return approval.Receipt{}, err
	}
	if !got.Data.Deleted {
		return approval.Receipt{}, answer.Nonsense("not that the post was deleted")
	}
	c.bill.did(managed)
	c.bill.save(ctx)
	return c.receipt(id), nil
}

// answered is the post that a reply goes under: the version that was read.
func answered(a approval.Attempt) string {
	for _, f := range a.Route {
		if f.Name == routePost && isID(f.Value) {
			return f.Value
		}
	}
	return a.Target
}

// accept refuses what this account does not publish.
func (c *Connector) accept(ctx context.Context, r approval.Release, actions ...approval.Action) (approval.Attempt, error) {
	return c.acceptAs(ctx, r, c.me, actions...)
}

// acceptAs is accept where me tells whom the credentials belong to.
func (c *Connector) acceptAs(
	ctx context.Context, r approval.Release, me func(context.Context) (string, error), actions ...approval.Action,
) (approval.Attempt, error) {
	if !r.Valid() {
		return approval.Attempt{}, connectors.Errorf(connectors.NotAllowed, "there is no release: nobody approved this")
	}
	a := r.Attempt()
	refuse := func(why string) (approval.Attempt, error) {
		return approval.Attempt{}, &connectors.Error{Kind: connectors.NotAllowed, Message: why, Remedy: "Propose the answer again."}
	}
	switch {
	case !slices.Contains(actions, a.Action):
		return refuse("the release is for another action (" + string(a.Action) + ")")
	case a.Account != c.account:
		return refuse("the release is for another account (" + string(a.Account) + ")")
	case isMessage(a) && !c.s.DirectMessages:
		return approval.Attempt{}, &connectors.Error{
			Kind: connectors.NotAllowed, Message: "this account sends no direct messages", Remedy: "Set direct_messages to true, and restart the daemon.",
		}
	case isMessage(a):
	case a.Visibility == inbox.Private:
		return refuse("a public post would answer a private message")
	case a.Action != approval.Post && !isID(a.Target):
		return refuse("the release names no post of X")
	}
	self, err := me(ctx) // of the credentials that will sign
	if err != nil {
		return approval.Attempt{}, unbegun(err, "")
	}
	if a.RemoteID != self {
		return refuse("the release is for another account on X")
	}
	return a, nil
}

// remembered is how long a post is kept in mind as a release's.
const remembered = 24 * time.Hour

// remember keeps which release a post is, so that [Connector.Find] takes it for
// no other's with the same text.
func (c *Connector) remember(id, key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for old, r := range c.posted {
		if time.Since(r.at) > remembered {
			delete(c.posted, old)
		}
	}
	c.posted[id] = sent{key: key, at: time.Now()}
}

// anothers reports whether the post is known as that of another release.
func (c *Connector) anothers(id, key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.posted[id]
	return ok && known.key != key
}
