package instagram

import (
	"context"
	"encoding/json"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
)

// Publish sends a released answer: below a comment, to a mention in somebody
// else's post, or as a message.
func (c *Connector) Publish(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	a, err := c.accept(r, approval.Reply)
	if err != nil {
		return approval.Receipt{}, err
	}
	return c.perform(ctx, a)
}

// ReplyPrivately sends the one message that Instagram lets a comment be
// answered with, within seven days.
func (c *Connector) ReplyPrivately(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	a, err := c.accept(r, approval.PrivateReply)
	if err != nil {
		return approval.Receipt{}, err
	}
	return c.perform(ctx, a)
}

// Remove deletes a comment of ours.
func (c *Connector) Remove(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	a, err := c.accept(r, approval.Remove)
	if err != nil {
		return approval.Receipt{}, err
	}
	return c.perform(ctx, a)
}

// Hide hides a customer's comment under a post of ours from everybody but its author.
func (c *Connector) Hide(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	a, err := c.accept(r, approval.Hide)
	if err != nil {
		return approval.Receipt{}, err
	}
	return c.perform(ctx, a)
}

// accept refuses what was not released as that action.
func (c *Connector) accept(r approval.Release, action approval.Action) (approval.Attempt, error) {
	if !r.Valid() {
		return approval.Attempt{}, connectors.Errorf(connectors.NotAllowed, "there is no release: nobody approved this")
	}
	a := r.Attempt()
	if a.Action != action {
		return a, refused("Instagram does not take this kind of answer here")
	}
	return a, nil
}

func refused(why string) error {
	return &connectors.Error{Kind: connectors.NotAllowed, Message: why, Remedy: "Propose the answer again."}
}

// perform carries an accepted attempt out.
func (c *Connector) perform(ctx context.Context, a approval.Attempt) (approval.Receipt, error) {
	if a.RemoteID != c.s.UserID {
		return approval.Receipt{}, refused("the answer was approved for another account than the settings name")
	}
	p, err := placeOf(a)
	if err != nil {
		return approval.Receipt{}, err
	}
	switch {
	case a.Action == approval.PrivateReply:
		return c.send(ctx, a, graph.Params{}, map[string]string{"comment_id": a.Target})
	case a.Action == approval.Remove || a.Action == approval.Hide:
		return c.change(ctx, a)
	case p.customer != "":
		params := graph.Params{}
		if c.s.HumanAgent && time.Since(p.wrote) >= answerable {
			params["messaging_type"], params["tag"] = "MESSAGE_TAG", "HUMAN_AGENT"
		}
		return c.send(ctx, a, params, map[string]string{"id": p.customer})
	case p.post != "":
		return c.write(ctx, a, c.s.UserID+"/mentions", p.parameters(a.Text))
	}
	return c.write(ctx, a, p.comment+"/replies", graph.Params{"message": a.Text})
}

// place is where an attempt goes to.
type place struct {
	customer   string    // of a message: who gets it
	wrote      time.Time // and when they wrote what is answered
	post, said string    // of a mention in somebody else's post: where
	comment    string    // else: the top-level comment that the answer stands below
}

// placeOf reads it out of the target and its route, and refuses what is none
// of Instagram's.
func placeOf(a approval.Attempt) (place, error) {
	p := place{comment: a.Target}
	for _, f := range a.Route {
		switch f.Name {
		case routeBelow:
			p.comment = f.Value
		case routePost:
			p.post = f.Value
		case routeSaid:
			p.said = f.Value
		case routeTo:
			p.customer = f.Value
		case routeWrote:
			p.wrote, _ = time.Parse(time.RFC3339, f.Value) // zero, which is long ago, where it is none
		}
	}
	public := idPattern.MatchString(a.Target) && idPattern.MatchString(p.comment)
	answers := a.Action == approval.Reply
	switch {
	case answers && p.customer != "" && (!scopedPattern.MatchString(p.customer) || !graph.ValidMessageID(a.Target)),
		answers && p.customer == "" && !public,
		answers && p.post != "" && (!idPattern.MatchString(p.post) || p.said != "" && !idPattern.MatchString(p.said)):
		return p, refused("the post that is answered is none of Instagram's")
	case !answers && (p.customer != "" || !public):
		return p, refused("Instagram takes this for comments alone, not for messages")
	case a.Action == approval.Hide && p.post != "", a.Action == approval.PrivateReply && p.post != "":
		return p, refused("Instagram takes this under posts of the account's own alone")
	case answers && p.customer == "" && a.Visibility == inbox.Private:
		return p, refused("the message's route does not say who gets the answer")
	}
	return p, nil
}

func (p place) parameters(text string) graph.Params {
	params := graph.Params{"media_id": p.post, "message": text}
	if p.said != "" {
		params["comment_id"] = p.said
	}
	return params
}

// write posts a comment.
func (c *Connector) write(ctx context.Context, a approval.Attempt, path string, params graph.Params) (approval.Receipt, error) {
	var made struct {
		ID graph.ID `json:"id"`
	}
	answer, err := c.api.post(ctx, path, params, &made)
	if err != nil {
		return approval.Receipt{}, err
	}
	if !idPattern.MatchString(string(made.ID)) {
		return approval.Receipt{}, answer.Nonsense("without the id of the comment")
	}
	c.ours.Put(string(made.ID), a.Key)
	return approval.Receipt{ExternalID: string(made.ID), PostedAt: when(answer)}, nil
}

// send sends a message. Whether its time is over, Instagram knows best: a newer
// message of the customer's opens it again.
func (c *Connector) send(ctx context.Context, a approval.Attempt, params graph.Params, recipient map[string]string) (approval.Receipt, error) {
	switch {
	case !c.s.Messages || c.messenger() == "":
		return approval.Receipt{}, &connectors.Error{Kind: connectors.NotAllowed, Message: "the account's settings leave messages out",
			Remedy: "Take messages: false out of its settings."}
	case len(a.Text) > longestMessage:
		return approval.Receipt{}, &connectors.Error{Kind: connectors.Rejected, Message: "Instagram takes messages of 1000 bytes at most",
			Remedy: "Shorten the text; letters with accents and emoji count for two to four."}
	}
	to, err := json.Marshal(recipient)
	if err != nil {
		return approval.Receipt{}, connectors.Errorf(connectors.Rejected, "the message cannot be written: %w", err)
	}
	text, err := json.Marshal(map[string]string{"text": a.Text})
	if err != nil {
		return approval.Receipt{}, connectors.Errorf(connectors.Rejected, "the message cannot be written: %w", err)
	}
	params["recipient"], params["message"] = string(to), string(text)
	var made struct {
		ID graph.ID `json:"message_id"`
	}
	answer, err := c.api.post(ctx, c.messenger()+"/messages", params, &made)
	if err != nil {
		return approval.Receipt{}, err
	}
	if !graph.ValidMessageID(string(made.ID)) {
		return approval.Receipt{}, answer.Nonsense("without the id of the message")
	}
	c.ours.Put(string(made.ID), a.Key)
	return approval.Receipt{ExternalID: string(made.ID), PostedAt: when(answer)}, nil
}

// change hides or deletes a comment.
func (c *Connector) change(ctx context.Context, a approval.Attempt) (approval.Receipt, error) {
	var done struct {
		Success bool `json:"success"`
	}
	var answer graph.Answer
	var err error
	if a.Action == approval.Hide {
		answer, err = c.api.post(ctx, a.Target, graph.Params{"hide": "true"}, &done)
	} else {
		answer, err = c.api.delete(ctx, a.Target, &done)
	}
	if err != nil {
		return approval.Receipt{}, err
	}
	if !done.Success {
		return approval.Receipt{}, answer.Nonsense("not the word that it was done")
	}
	return approval.Receipt{ExternalID: a.Target, PostedAt: when(answer)}, nil
}

// when is Instagram's time of an answer, ours where it tells none.
func when(answer graph.Answer) time.Time {
	if answer.At.IsZero() {
		return time.Now().UTC()
	}
	return answer.At.UTC()
}
