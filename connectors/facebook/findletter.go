package facebook

import (
	"context"
	"strconv"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

// findLetter reads a message of ours back: by its id, or among the newest of
// the dialogue, by text and time, where the id got lost. A message that
// Facebook no longer shows may be older than those that it shows at all.
func (c *Connector) findLetter(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	if a.Receipt.ExternalID == "" {
		return c.findLostLetter(ctx, a)
	}
	c.ours.Put(a.Receipt.ExternalID, a.Key)
	var w written
	answer, err := c.client.Get(ctx, a.Receipt.ExternalID, graph.Params{"fields": letterFields}, &w)
	if err != nil {
		return cannotTell, unlessGone(err)
	}
	if w.ID != a.Receipt.ExternalID || w.CreatedAt.IsZero() {
		return cannotTell, answer.Nonsense("about another message than the one that was asked for")
	}
	return connectors.Found{Outcome: connectors.Present, Receipt: c.letterReceipt(&w), Text: w.Message}, nil
}

func (c *Connector) letterReceipt(w *written) approval.Receipt {
	return approval.Receipt{ExternalID: w.ID, URL: c.inboxURL(), PostedAt: w.CreatedAt.Time}
}

func (c *Connector) findLostLetter(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	person, err := c.recipientOf(ctx, a)
	if err != nil || person == "" {
		return cannotTell, unlessGone(err)
	}
	talk, err := c.dialogueWith(ctx, person)
	if err != nil || talk.ID == "" {
		return cannotTell, unlessGone(err)
	}
	list, err := graph.Page[written](ctx, c.client, talk.ID+"/messages",
		graph.Params{"fields": letterFields, "limit": strconv.Itoa(lettersPage)}, "")
	if err != nil {
		return cannotTell, unlessGone(err)
	}
	var fits []*written
	for i := range list.Items {
		w := &list.Items[i]
		l, ok := w.letter(c.s.PageID)
		if ok && l.ours && l.text == a.Text && !l.at.Before(a.ClaimedAt.Add(-clockSkew)) && !c.another(l.id, a.Key) {
			fits = append(fits, w)
		}
	}
	if len(fits) != 1 {
		return cannotTell, nil
	}
	return connectors.Found{Outcome: connectors.Present, Receipt: c.letterReceipt(fits[0]), Text: fits[0].Message}, nil
}

// recipientOf is who was written to: named by the route, or the author of the
// comment that was answered in private.
func (c *Connector) recipientOf(ctx context.Context, a approval.Attempt) (string, error) {
	for _, field := range a.Route {
		if field.Name == routePerson && idPattern.MatchString(field.Value) {
			return field.Value, nil
		}
	}
	if a.Action != approval.PrivateReply {
		return "", nil
	}
	n, err := c.read(ctx, a.Target, fieldsOf(a))
	if err != nil || !idPattern.MatchString(n.From.ID) {
		return "", err
	}
	return n.From.ID, nil
}
