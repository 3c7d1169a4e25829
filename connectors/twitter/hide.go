package twitter

import (
	"context"
	"net/http"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
)

// Hide hides a customer's reply under a post of ours. X hides nothing else.
func (c *Connector) Hide(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	a, err := c.accept(ctx, r, approval.Hide)
	if err != nil {
		return approval.Receipt{}, err
	}
	return c.hide(ctx, answered(a))
}

func (c *Connector) hide(ctx context.Context, id string) (approval.Receipt, error) {
	answer, err := c.client.Do(ctx, connectors.Call{
		Method: http.MethodPut, Path: "/2/tweets/" + id + "/hidden", Send: true, JSON: map[string]bool{"hidden": true},
	})
	if connectors.KindOf(err) == connectors.NotAllowed && err != nil {
		return approval.Receipt{}, &connectors.Error{
			Kind: connectors.NotAllowed, Message: "X does not hide this: it hides replies in conversations that the account itself began, and only for an app that may",
			Remedy: "Look whether it stands under a post of yours; report it to X otherwise.", Err: err,
		}
	}
	if err != nil {
		return approval.Receipt{}, err
	}
	var got struct {
		Data struct {
			Hidden bool `json:"hidden"`
		} `json:"data"`
	}
	if err := answer.JSON(&got); err != nil {
		return approval.Receipt{}, err
	}
	if !got.Data.Hidden {
		return approval.Receipt{}, answer.Nonsense("not that the reply was hidden")
	}
	c.bill.did(managed)
	c.bill.save(ctx)
	return approval.Receipt{ExternalID: id, URL: statusURL("i", id), PostedAt: time.Now().UTC()}, nil
}
