package facebook

import (
	"context"
	"strconv"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

const (
	clockSkew = 2 * time.Minute // how far apart Facebook's clock and ours may be
	findPages = 40              // after so many pages nobody can tell
)

var cannotTell = connectors.Found{Outcome: connectors.CannotTell}

// Find reads back what became of an attempt. It never says Absent: Facebook
// does not promise to show its own writes at once.
func (c *Connector) Find(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	ctx = graph.ForAnswer(ctx)
	switch {
	case a.Action == approval.PrivateReply, a.Action == approval.Reply && isLetter(a):
		return c.findLetter(ctx, a)
	case a.Action == approval.Reply && a.Receipt.ExternalID == "":
		return c.findLost(ctx, a)
	case a.Action == approval.Reply:
		c.ours.Put(a.Receipt.ExternalID, a.Key)
		return c.findText(ctx, a, a.Receipt.ExternalID)
	case a.Action == approval.Edit:
		return c.findText(ctx, a, a.Target)
	case a.Action == approval.Remove, a.Action == approval.Hide:
		return c.findUnshown(ctx, a)
	}
	return cannotTell, nil
}

// fieldsOf are those of what an attempt changes or answers: a post's, or a comment's.
func fieldsOf(a approval.Attempt) string {
	if a.Target == a.Thread {
		return postFields
	}
	return commentFields
}

func (c *Connector) read(ctx context.Context, which, fields string) (node, error) {
	var n node
	answer, err := c.client.Get(ctx, which, graph.Params{"fields": fields}, &n)
	if err == nil && (!n.whole() || n.ID != which) {
		err = answer.Nonsense("about another post than the one that was asked for")
	}
	return n, err
}

// unlessGone is the error, unless it says that Facebook shows no such thing.
func unlessGone(err error) error {
	if connectors.KindOf(err) == connectors.Gone {
		return nil
	}
	return err
}

// findText looks at a comment of ours.
func (c *Connector) findText(ctx context.Context, a approval.Attempt, which string) (connectors.Found, error) {
	n, err := c.read(ctx, which, commentFields)
	switch {
	case err != nil:
		return cannotTell, unlessGone(err) // deleted, or out of our sight
	case a.Receipt.ExternalID == "" && n.Message != a.Text:
		return cannotTell, nil // an edit that may yet come
	}
	found := connectors.Found{Outcome: connectors.Present, Receipt: n.receipt(), Text: n.Message}
	if n.From.ID != "" && n.From.ID != c.s.PageID {
		found.Differs = "Another account than the Page stands there as its author."
	}
	return found, nil
}

// findUnshown looks whether a comment is removed or hidden. Facebook has one
// answer for a comment that is gone and for one that we may not see, so the
// thread it stood in must be readable.
func (c *Connector) findUnshown(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	n, err := c.read(ctx, a.Target, fieldsOf(a))
	switch {
	case err == nil && a.Action == approval.Hide && n.Hidden:
		return connectors.Found{Outcome: connectors.Present, Receipt: n.receipt()}, nil
	case err == nil:
		return cannotTell, nil
	case connectors.KindOf(err) != connectors.Gone:
		return connectors.Found{}, err
	case a.Thread == "" || a.Thread == a.Target:
		return cannotTell, nil
	}
	_, err = graph.Page[node](ctx, c.client, a.Thread+"/comments", graph.Params{"fields": "id", "limit": "1"}, "")
	if err != nil {
		return cannotTell, nil //nolint:nilerr // whatever hides the thread may hide the comment
	}
	return connectors.Found{Outcome: connectors.Present, Receipt: approval.Receipt{ExternalID: a.Target, PostedAt: a.ClaimedAt}}, nil
}

// findLost looks for an answer whose id got lost, among the Page's comments
// in the place where it was sent to.
func (c *Connector) findLost(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	params := graph.Params{"fields": commentFields, "filter": "stream", "order": "reverse_chronological", "limit": strconv.Itoa(answerPage)}
	var fits []node
	for after, page := "", 0; ; page++ {
		list, err := graph.Page[node](ctx, c.client, below(a)+"/comments", params, after)
		if err == nil {
			err = wholeList(list)
		}
		if err != nil {
			return cannotTell, unlessGone(err)
		}
		older := true
		for i := range list.Items {
			n := &list.Items[i]
			if n.CreatedAt.Before(a.ClaimedAt.Add(-clockSkew)) {
				continue
			}
			older = false
			if n.From.ID == c.s.PageID && n.Message == a.Text && !c.another(n.ID, a.Key) {
				fits = append(fits, *n)
			}
		}
		if after = list.After; after == "" || older {
			break
		}
		if page == findPages {
			return cannotTell, nil
		}
	}
	if len(fits) != 1 {
		return cannotTell, nil
	}
	return connectors.Found{Outcome: connectors.Present, Receipt: fits[0].receipt(), Text: fits[0].Message}, nil
}
