package twitter

import (
	"context"
	"net/url"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
)

const (
	clockSkew = 2 * time.Minute  // between X's clock and ours, beside what we know of it
	settling  = 15 * time.Minute // within which an attempt's post was made
	visible   = 5 * time.Minute  // after which a post that stands can be read by its id
	findPages = 5                // of our own posts, at most
)

// Find reads back what became of an attempt. With a receipt it reads that post.
// Without, it looks through our own posts for the one that answers the target
// with the approved text and was made within a quarter of an hour of the claim:
// X keeps no key of ours, but refuses the same text twice. Two that fit, or one
// that another release made, are for a person to judge, and so is none. An
// answer by hand is read where a person says that it stands, and is foreign
// unless it is ours and stands under the target.
func (c *Connector) Find(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	unsure := connectors.Found{Outcome: connectors.CannotTell}
	switch {
	case isMessage(a):
		return c.findMessage(ctx, a)
	case a.Action == approval.Remove && isID(a.Target):
		p, err := c.read(ctx, a.Target)
		if err != nil || p != nil {
			return unsure, err
		}
		return connectors.Found{Outcome: connectors.Present, Receipt: c.receipt(a.Target)}, nil
	case a.Action != approval.Reply && a.Action != approval.Post && a.Action != approval.ByHand:
		return unsure, nil
	case isID(a.Receipt.ExternalID):
		return c.findByID(ctx, a)
	case a.Action == approval.ByHand || a.ClaimedAt.IsZero() || a.Action == approval.Reply && !isID(a.Target):
		return unsure, nil
	}
	return c.findAmongOwn(ctx, a)
}

func (c *Connector) findByID(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	unsure := connectors.Found{Outcome: connectors.CannotTell}
	id := a.Receipt.ExternalID
	self, err := c.me(ctx)
	if err != nil {
		return unsure, err
	}
	p, err := c.read(ctx, id)
	if err == nil && p != nil {
		if h := p.history(); len(h) > 0 && isID(h[len(h)-1]) && h[len(h)-1] != id { // somebody edited it
			p, err = c.read(ctx, h[len(h)-1])
		}
	}
	switch {
	case err != nil:
		return unsure, err
	case p == nil && c.onX(time.Now()).Sub(timeOf(id)) > visible:
		return connectors.Found{Outcome: connectors.Absent}, nil
	case a.Action == approval.ByHand && p != nil && (p.AuthorID != self || !p.answers(a)):
		return connectors.Found{Outcome: connectors.Foreign}, nil
	case p == nil || p.AuthorID != self:
		return unsure, nil
	}
	return c.present(ctx, a, p, id)
}

// present is a post of ours that stands, with what differs beside its text.
func (c *Connector) present(ctx context.Context, a approval.Attempt, p *post, id string) (connectors.Found, error) {
	differs, err := c.besides(ctx, p, a.Media)
	if err != nil {
		return connectors.Found{Outcome: connectors.CannotTell}, err
	}
	receipt := c.receipt(id)
	receipt.PostedAt = timeOf(p.first())
	return connectors.Found{Outcome: connectors.Present, Receipt: receipt, Text: p.textBeside(a.Text), Differs: differs}, nil
}

// answers reports whether the post stands under the attempt's target, in the
// version that was read or in the first one.
func (p *post) answers(a approval.Attempt) bool {
	above := p.refers("replied_to")
	return above != "" && (above == a.Target || above == answered(a))
}

// read is the post with the id, nil where X says that there is none.
func (c *Connector) read(ctx context.Context, id string) (*post, error) {
	name, fields := c.s.fields()
	q := url.Values{name: {fields}}
	c.expand(q)
	answer, err := c.client.Do(ctx, connectors.Call{Path: "/2/tweets/" + id, Query: q})
	if err != nil {
		if connectors.KindOf(err) == connectors.Gone {
			return nil, nil
		}
		return nil, err
	}
	var got struct {
		Data     *post    `json:"data"`
		Includes includes `json:"includes"`
	}
	if err := answer.JSON(&got); err != nil {
		return nil, err
	}
	if got.Data == nil {
		if t := readTrouble(answer.Body); t.says("resource-not-found") || t.says("not found error") {
			return nil, nil
		}
		return nil, answer.Nonsense("without the post that was asked for")
	}
	got.Data.settle()
	alone := timeline{Data: []post{*got.Data}, Includes: got.Includes}
	c.count(postRead, &alone)
	defer c.bill.save(ctx)
	if got.Data.ID != id {
		return nil, answer.Nonsense("about another post than the one that was asked for")
	}
	if c.people.mustExpand(alone.Data) {
		return c.read(ctx, id)
	}
	return got.Data, nil
}

func (c *Connector) findAmongOwn(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	unsure := connectors.Found{Outcome: connectors.CannotTell}
	self, err := c.me(ctx)
	if err != nil {
		return unsure, err
	}
	at := mark{Since: idAt(c.onX(a.ClaimedAt).Add(-clockSkew))}
	var fit []*post
	for range findPages {
		got, err := c.page(ctx, "/2/users/"+self+"/tweets", &at)
		if err != nil {
			return unsure, err
		}
		for i := range got.Data {
			if p := &got.Data[i]; p.AuthorID == self && c.fits(p, a) {
				fit = append(fit, p)
			}
		}
		if at.Token = got.Meta.Next; at.Token != "" {
			continue
		}
		if len(fit) == 1 {
			return c.present(ctx, a, fit[0], fit[0].ID)
		}
		return unsure, nil
	}
	return unsure, nil
}

// fits reports whether a post of ours can be the attempt's.
func (c *Connector) fits(p *post, a approval.Attempt) bool {
	above, wanted := p.refers("replied_to"), ""
	if a.Action == approval.Reply {
		wanted = answered(a)
	}
	return above == wanted && p.postedAt().Before(c.onX(a.ClaimedAt).Add(settling)) && !c.anothers(p.ID, a.Key) && p.textBeside(a.Text) == a.Text
}
