package instagram

import (
	"context"
	"errors"
	"strconv"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

// clockSkew is how far apart Instagram's clock and ours may be.
const clockSkew = 2 * time.Minute

var cannotTell = connectors.Found{Outcome: connectors.CannotTell}

// Find reads back what became of an attempt. It never says Absent: Instagram
// does not promise to show its own writes at once.
func (c *Connector) Find(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	ctx = graph.ForAnswer(ctx)
	if a.Action == approval.Remove || a.Action == approval.Hide {
		return c.findUnshown(ctx, a)
	}
	p, err := placeOf(a)
	if err != nil {
		return cannotTell, nil //nolint:nilerr // what was never sent cannot be found
	}
	private := p.customer != "" || a.Action == approval.PrivateReply
	if a.Receipt.ExternalID != "" {
		c.ours.Put(a.Receipt.ExternalID, a.Key)
		if private {
			return c.findMessage(ctx, a)
		}
		return c.findComment(ctx, a)
	}
	switch {
	case a.Action == approval.PrivateReply:
		return c.findLostPrivateReply(ctx, a)
	case private:
		return c.findLostMessage(ctx, a, p.customer)
	case p.post != "":
		return cannotTell, nil // Instagram lists no comments under others' posts
	}
	return c.findLostComment(ctx, a, p.comment)
}

// unlessGone is the error, unless it says that Instagram shows no such thing.
func unlessGone(err error) error {
	if connectors.KindOf(err) == connectors.Gone {
		return nil
	}
	return err
}

// comment reads one comment.
func (c *Connector) comment(ctx context.Context, which string) (comment, error) {
	var n comment
	if !idPattern.MatchString(which) {
		return n, connectors.Errorf(connectors.Gone, "the id is none of Instagram's")
	}
	answer, err := c.api.get(ctx, which, graph.Params{"fields": commentFields}, &n)
	if err == nil && (!n.whole() || string(n.ID) != which) {
		err = answer.Nonsense("about another comment than the one that was asked for")
	}
	return n, err
}

// message reads one message.
func (c *Connector) message(ctx context.Context, which string) (message, error) {
	var m message
	answer, err := c.api.get(ctx, which, graph.Params{"fields": messageFields}, &m)
	if err == nil && (!m.whole() || string(m.ID) != which) {
		err = answer.Nonsense("about another message than the one that was asked for")
	}
	return m, err
}

func (c *Connector) findComment(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	n, err := c.comment(ctx, a.Receipt.ExternalID)
	if err != nil {
		return cannotTell, unlessGone(err) // deleted, or out of our sight
	}
	return presentComment(&n), nil
}

func presentComment(n *comment) connectors.Found {
	return connectors.Found{Outcome: connectors.Present, Text: n.Text,
		Receipt: approval.Receipt{ExternalID: string(n.ID), URL: n.Media.Link, PostedAt: n.At.Time}}
}

func (c *Connector) findMessage(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	m, err := c.message(ctx, a.Receipt.ExternalID)
	if err != nil {
		return cannotTell, unlessGone(err) // of the older ones Instagram tells nothing
	}
	return presentMessage(&m), nil
}

func presentMessage(m *message) connectors.Found {
	return connectors.Found{Outcome: connectors.Present, Text: m.Text, Receipt: approval.Receipt{ExternalID: string(m.ID), PostedAt: m.At.Time}}
}

// findUnshown looks whether a comment is removed or hidden. Instagram has one
// answer for a comment that is gone and for one that we may not see, so the
// post it stood under must be readable.
func (c *Connector) findUnshown(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	n, err := c.comment(ctx, a.Target)
	switch {
	case err == nil && a.Action == approval.Hide && n.Hidden:
		found := presentComment(&n)
		found.Text = ""
		return found, nil
	case err == nil:
		return cannotTell, nil
	case connectors.KindOf(err) != connectors.Gone:
		return connectors.Found{}, err
	case !idPattern.MatchString(a.Thread) || a.Thread == a.Target:
		return cannotTell, nil
	}
	if _, err = list[comment](ctx, c.api, a.Thread+"/comments", graph.Params{"fields": "id,timestamp", "limit": "1"}, ""); err != nil {
		return cannotTell, nil //nolint:nilerr // whatever hides the post may hide the comment
	}
	return connectors.Found{Outcome: connectors.Present, Receipt: approval.Receipt{ExternalID: a.Target, PostedAt: a.ClaimedAt}}, nil
}

// findLostComment looks for an answer whose id got lost, among ours below the
// comment that it was sent to.
func (c *Connector) findLostComment(ctx context.Context, a approval.Attempt, below string) (connectors.Found, error) {
	username, err := c.handle(ctx)
	if err != nil {
		return cannotTell, err
	}
	params := graph.Params{"fields": commentFields, "limit": strconv.Itoa(listPage)}
	var fits []connectors.Found
	for after, page := "", 0; ; page++ {
		got, err := list[comment](ctx, c.api, below+"/replies", params, after)
		if err != nil {
			return cannotTell, unlessGone(err)
		}
		for i := range got.Items {
			n := &got.Items[i]
			who := n.writer()
			if (string(who.ID) == c.s.UserID || who.Username == username) && c.fits(a, string(n.ID), n.Text, n.At.Time) {
				fits = append(fits, presentComment(n))
			}
		}
		if after = got.After; after == "" {
			return theOne(fits), nil
		}
		if page == deepest {
			return cannotTell, nil
		}
	}
}

// fits reports whether a post of ours can be what the attempt sent.
func (c *Connector) fits(a approval.Attempt, id, text string, at time.Time) bool {
	return text == a.Text && !at.Before(a.ClaimedAt.Add(-clockSkew)) && !c.another(id, a.Key)
}

// theOne is what fits where exactly one does.
func theOne(fits []connectors.Found) connectors.Found {
	if len(fits) != 1 {
		return cannotTell
	}
	return fits[0]
}

// findLostPrivateReply looks for it in the dialogue with the comment's author.
func (c *Connector) findLostPrivateReply(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	n, err := c.comment(ctx, a.Target)
	if err != nil {
		return cannotTell, unlessGone(err)
	}
	return c.findLostMessage(ctx, a, string(n.writer().ID))
}

// findLostMessage looks for a message whose id got lost, among the newest of
// the dialogue with the customer.
func (c *Connector) findLostMessage(ctx context.Context, a approval.Attempt, customer string) (connectors.Found, error) {
	if !scopedPattern.MatchString(customer) {
		return cannotTell, nil
	}
	talks, err := list[talk](ctx, c.api, c.messenger()+"/conversations", graph.Params{"platform": "instagram", "user_id": customer, "fields": "id"}, "")
	if err != nil || len(talks.Items) != 1 {
		return cannotTell, unlessGone(err)
	}
	got, err := list[message](ctx, c.api, string(talks.Items[0].ID)+"/messages", graph.Params{"fields": messageFields, "limit": strconv.Itoa(newestTalk)}, "")
	if err != nil {
		return cannotTell, unlessGone(err)
	}
	var fits []connectors.Found
	for i := range got.Items {
		m := &got.Items[i]
		if c.isOurs(string(m.ID), string(m.From.ID), m.From.Username) && c.fits(a, string(m.ID), m.Text, m.At.Time) {
			fits = append(fits, presentMessage(m))
		}
	}
	return theOne(fits), nil
}

// mentionedComment reads a comment in somebody else's post that mentions the
// account. Not every version tells who wrote it.
func (c *Connector) mentionedComment(ctx context.Context, which string) (comment, error) {
	var got struct {
		Comment comment `json:"mentioned_comment"`
	}
	answer, err := c.mentioned(ctx, "mentioned_comment.comment_id("+which+")", []string{"id,text,timestamp,username,media{id,permalink}", "id,text,timestamp,media{id}"}, &got)
	if err == nil && (!got.Comment.whole() || string(got.Comment.ID) != which || !idPattern.MatchString(string(got.Comment.Media.ID))) {
		err = answer.Nonsense("about another comment than the one that was asked for")
	}
	return got.Comment, err
}

// mentionedPost reads somebody else's post whose caption mentions the account.
func (c *Connector) mentionedPost(ctx context.Context, which string) (post, error) {
	var got struct {
		Post post `json:"mentioned_media"`
	}
	answer, err := c.mentioned(ctx, "mentioned_media.media_id("+which+")", []string{"id,caption,timestamp,username,permalink", "id,caption,timestamp,username"}, &got)
	if err == nil && (!got.Post.whole() || string(got.Post.ID) != which) {
		err = answer.Nonsense("about another post than the one that was asked for")
	}
	return got.Post, err
}

// mentioned asks with the fields that tell most, and with fewer where
// Instagram does not know them all.
func (c *Connector) mentioned(ctx context.Context, field string, subfields []string, v any) (answer graph.Answer, err error) {
	for _, fields := range subfields {
		answer, err = c.api.get(ctx, c.s.UserID, graph.Params{"fields": field + "{" + fields + "}"}, v)
		var e *connectors.Error
		if !errors.As(err, &e) || e.Kind != connectors.Rejected {
			return answer, err
		}
	}
	return answer, err
}
