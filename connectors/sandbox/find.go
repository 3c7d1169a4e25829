package sandbox

import (
	"context"
	"net/url"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
)

// Find reads back what became of an attempt. Where the receipt is lost, a post
// is recognised by the release's key, which Publish sends as its tag. The
// network shows its own writes at once, so what is not there is absent; but one
// of ours that was deleted since is for a person to judge. An answer by hand is
// foreign unless it is ours and stands under the target.
func (c *Connector) Find(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	which := a.Receipt.ExternalID
	if a.Action == approval.Edit || a.Action == approval.Remove {
		which = a.Target
	}
	switch {
	case which != "":
		return c.findByID(ctx, a, which)
	case a.Action == approval.ByHand: // a person posted it, without a tag
		return connectors.Found{Outcome: connectors.CannotTell}, nil
	case a.Action == approval.Reply:
		return c.findByTag(ctx, a, url.Values{"in_reply_to": {a.Target}, "deleted": {"true"}})
	case a.Action == approval.Post:
		return c.findByTag(ctx, a, url.Values{"author": {c.s.Handle}, "deleted": {"true"}})
	}
	return connectors.Found{Outcome: connectors.CannotTell}, nil
}

func (c *Connector) findByID(ctx context.Context, a approval.Attempt, which string) (connectors.Found, error) {
	var p post
	answer, err := c.client.Do(ctx, connectors.Call{Path: "/api/posts/" + url.PathEscape(which)})
	switch {
	case err != nil && connectors.KindOf(err) == connectors.Gone:
		p.Deleted = true // a network that began anew: it does not stand there
	case err != nil:
		return connectors.Found{}, err
	default:
		if err := answer.JSON(&p); err != nil {
			return connectors.Found{}, err
		}
		if !p.whole() || p.ID != which {
			return connectors.Found{}, answer.Nonsense("about another post than the one that was asked for")
		}
	}
	p.ID = which
	edited := a.Action == approval.Edit && a.Receipt.ExternalID == "" // and nobody knows whether
	switch {
	case a.Action == approval.Remove && p.Deleted:
		return connectors.Found{Outcome: connectors.Present, Receipt: p.receipt()}, nil
	case a.Action == approval.Remove, p.Deleted, edited && p.Text != a.Text:
		return connectors.Found{Outcome: connectors.Absent}, nil
	case a.Action == approval.ByHand && (p.Author != c.s.Handle || p.InReplyTo != a.Target):
		return connectors.Found{Outcome: connectors.Foreign}, nil
	}
	return connectors.Found{Outcome: connectors.Present, Receipt: p.receipt(), Text: p.Text}, nil
}

// clockSkew is how far apart the network's clock and ours may be.
const clockSkew = time.Hour

// findByTag looks for the attempt's post in a list.
func (c *Connector) findByTag(ctx context.Context, a approval.Attempt, q url.Values) (connectors.Found, error) {
	for {
		got, err := c.list(ctx, q)
		if err != nil && connectors.KindOf(err) == connectors.Gone {
			return connectors.Found{Outcome: connectors.Absent}, nil // nor is there anything to answer
		}
		if err != nil {
			return connectors.Found{}, err
		}
		older := false
		for i := range got.Items {
			p := &got.Items[i]
			older = p.PostedAt.Before(a.ClaimedAt.Add(-clockSkew))
			switch {
			case p.Author != c.s.Handle || p.Tag != a.Key:
			case p.Deleted:
				return connectors.Found{Outcome: connectors.CannotTell}, nil
			default:
				return connectors.Found{Outcome: connectors.Present, Receipt: p.receipt(), Text: p.Text}, nil
			}
		}
		// An account's posts are listed newest first: behind an old one come only older ones.
		if !got.More || got.Next == "" || older && q.Has("author") {
			return connectors.Found{Outcome: connectors.Absent}, nil
		}
		q.Set("page", got.Next)
	}
}

func (c *Connector) list(ctx context.Context, q url.Values) (got list, err error) {
	answer, err := c.client.Do(ctx, connectors.Call{Path: "/api/posts", Query: q})
	if err != nil {
		return got, err
	}
	if err := answer.JSON(&got); err != nil {
		return got, err
	}
	if got.Items == nil {
		return got, answer.Nonsense("not a list of posts")
	}
	for i := range got.Items {
		if !got.Items[i].whole() {
			return got, answer.Nonsense("a list with a post that lacks its id, author or time")
		}
	}
	return got, nil
}
