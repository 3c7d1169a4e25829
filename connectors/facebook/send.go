package facebook

import (
	"context"
	"encoding/json"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

// sent is what the Send API answers.
type sent struct {
	ID string `json:"message_id"`
}

// answerLetter answers a message, within the time that Messenger takes answers.
func (c *Connector) answerLetter(ctx context.Context, a approval.Attempt) (approval.Receipt, error) {
	params := graph.Params{"messaging_type": "RESPONSE"}
	recipient, wrote := "", time.Time{}
	for _, field := range a.Route {
		switch field.Name {
		case routePerson:
			recipient = field.Value
		case routeWrote:
			wrote, _ = time.Parse(time.RFC3339, field.Value) // zero is refused below
		}
	}
	switch age := time.Since(wrote); {
	case !c.s.Messenger:
		return approval.Receipt{}, refused("the account's settings do not answer messages", "Set messenger to true, with a token that has pages_messaging.")
	case !idPattern.MatchString(recipient) || wrote.IsZero():
		return approval.Receipt{}, refused("the message does not say whom to answer", "Propose the answer again.")
	case age >= c.window():
		return approval.Receipt{}, refused("the time in which Messenger takes an answer to this message is over",
			"Answer the customer's newest message; if this is it, wait until they write again.")
	case age >= standardWindow:
		params["messaging_type"], params["tag"] = "MESSAGE_TAG", "HUMAN_AGENT"
	}
	return c.send(ctx, a, params, map[string]string{"id": recipient})
}

// ReplyPrivately sends the author of a public comment or visitor's post one
// message. Facebook takes one, within seven days.
func (c *Connector) ReplyPrivately(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	a, err := c.accept(r, approval.PrivateReply)
	if err != nil {
		return approval.Receipt{}, err
	}
	return c.replyPrivately(ctx, a)
}

func (c *Connector) replyPrivately(ctx context.Context, a approval.Attempt) (approval.Receipt, error) {
	switch m := c.MeasurePrivate(a.Text); {
	case !c.s.Messenger:
		return approval.Receipt{}, refused("the account's settings do not send messages", "Set messenger to true, with a token that has pages_messaging.")
	case m.Length > m.Limit:
		return approval.Receipt{}, &connectors.Error{Kind: connectors.Rejected, Message: "the text is longer than the 2000 characters that Messenger takes",
			Remedy: "Shorten it and propose it again."}
	}
	target := map[string]string{"comment_id": a.Target}
	if a.Target == a.Thread {
		target = map[string]string{"post_id": a.Target}
	}
	var n node
	if _, err := c.client.Get(graph.ForAnswer(ctx), a.Target, graph.Params{"fields": "id,created_time"}, &n); err != nil {
		return approval.Receipt{}, err // nothing was sent yet
	}
	if !n.CreatedAt.IsZero() && time.Since(n.CreatedAt.Time) >= humanWindow {
		return approval.Receipt{}, refused("Facebook takes a private reply within seven days, and they are over", "Answer in public.")
	}
	return c.send(ctx, a, graph.Params{"messaging_type": "RESPONSE"}, target)
}

// send writes one message, at most once.
func (c *Connector) send(ctx context.Context, a approval.Attempt, params graph.Params, recipient map[string]string) (approval.Receipt, error) {
	to, err := json.Marshal(recipient)
	if err != nil {
		return approval.Receipt{}, refused("the recipient cannot be written", "Report it.")
	}
	text, err := json.Marshal(map[string]string{"text": a.Text})
	if err != nil {
		return approval.Receipt{}, refused("the text cannot be written", "Report it.")
	}
	params["recipient"], params["message"] = string(to), string(text)
	var made sent
	answer, err := c.client.Post(ctx, c.s.PageID+"/messages", params, &made)
	if err != nil {
		return approval.Receipt{}, err
	}
	if !graph.ValidMessageID(made.ID) {
		return approval.Receipt{}, answer.Nonsense("without the id of the message")
	}
	c.ours.Put(made.ID, a.Key)
	return approval.Receipt{ExternalID: made.ID, URL: c.inboxURL(), PostedAt: when(answer)}, nil
}

func refused(why, remedy string) *connectors.Error {
	return &connectors.Error{Kind: connectors.NotAllowed, Message: why, Remedy: remedy}
}
