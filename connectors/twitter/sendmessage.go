package twitter

import (
	"context"
	"net/http"
	"strings"
	"unicode/utf16"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/inbox"
)

// MessageLimit is how many characters a direct message takes. X does not say what it
// takes for one; counted here are UTF-16 code units, the most cautious reading.
const MessageLimit = 10_000

// MeasurePrivate counts a direct message.
func (c *Connector) MeasurePrivate(text string) approval.Measure {
	return approval.Measure{Length: len(utf16.Encode([]rune(text))), Limit: MessageLimit, Unit: "characters"}
}

// sendMessage answers a direct message: in private, to whom it came from.
func (c *Connector) sendMessage(ctx context.Context, a approval.Attempt) (approval.Receipt, error) {
	recipient, err := c.recipient(a)
	if err != nil {
		return approval.Receipt{}, err
	}
	answer, err := c.client.Do(ctx, connectors.Call{
		Method: http.MethodPost, Path: "/2/dm_conversations/with/" + recipient + "/messages", Send: true, JSON: map[string]string{"text": a.Text},
	})
	if err != nil {
		return approval.Receipt{}, err
	}
	var got struct {
		Data struct {
			Event string `json:"dm_event_id"`
		} `json:"data"`
	}
	if err := answer.JSON(&got); err != nil {
		return approval.Receipt{}, err
	}
	if !isID(got.Data.Event) {
		return approval.Receipt{}, answer.Nonsense("without the message's id")
	}
	c.remember(got.Data.Event, a.Key)
	c.bill.did(dmCreated)
	c.bill.save(ctx)
	return c.messageReceipt(got.Data.Event, a.RemoteID, recipient), nil
}

func (c *Connector) messageReceipt(id, self, recipient string) approval.Receipt {
	return approval.Receipt{ExternalID: messagePrefix + id, URL: conversationURL(self, recipient), PostedAt: timeOf(id)}
}

// recipient is to whom an attempt's message goes.
func (c *Connector) recipient(a approval.Attempt) (string, error) {
	for _, f := range a.Route {
		if f.Name == routeRecipient && isID(f.Value) {
			return f.Value, nil
		}
	}
	return "", &connectors.Error{
		Kind: connectors.NotAllowed, Message: "the release does not say to whom the message goes", Remedy: "Propose the answer again.",
	}
}

// findMessage reads back what became of a message: the one with the receipt's id,
// else the one to the same person with the approved text that was sent within a
// quarter of an hour of the claim. As with posts, two that fit are none.
func (c *Connector) findMessage(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	unsure := connectors.Found{Outcome: connectors.CannotTell}
	self, err := c.me(ctx)
	if err != nil {
		return unsure, err
	}
	recipient, err := c.recipient(a)
	if err != nil {
		return unsure, err
	}
	id := strings.TrimPrefix(a.Receipt.ExternalID, messagePrefix)
	oldest := c.onX(a.ClaimedAt).Add(-clockSkew)
	if isID(id) {
		oldest = timeOf(id)
	} else if a.ClaimedAt.IsZero() {
		return unsure, nil
	}
	var fit []message
	var at mark
	for range findPages {
		got, err := c.messagePage(ctx, "/2/dm_conversations/with/"+recipient+"/dm_events", &at)
		if err != nil {
			return unsure, err
		}
		past := false
		for _, m := range got.Data {
			past = past || timeOf(m.ID).Before(oldest)
			if m.Sender == self && c.fitsMessage(&m, id, a) {
				fit = append(fit, m)
			}
		}
		if at.Token = got.Meta.Next; at.Token == "" || past || isID(id) && len(fit) > 0 {
			break
		}
	}
	if len(fit) != 1 {
		return unsure, nil
	}
	return connectors.Found{
		Outcome: connectors.Present, Receipt: c.messageReceipt(fit[0].ID, self, recipient), Text: fit[0].textBeside(a.Text),
	}, nil
}

func (c *Connector) fitsMessage(m *message, id string, a approval.Attempt) bool {
	if isID(id) {
		return m.ID == id
	}
	at, claimed := timeOf(m.ID), c.onX(a.ClaimedAt)
	return !at.Before(claimed.Add(-clockSkew)) && at.Before(claimed.Add(settling)) && !c.anothers(m.ID, a.Key) && m.textBeside(a.Text) == a.Text
}

// isMessage reports whether an attempt is an answer to a direct message.
func isMessage(a approval.Attempt) bool {
	return a.Visibility == inbox.Private && a.Action == approval.Reply && isID(strings.TrimPrefix(a.Target, messagePrefix)) &&
		strings.HasPrefix(a.Target, messagePrefix)
}
