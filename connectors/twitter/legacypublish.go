package twitter

import (
	"context"
	"errors"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
)

// Publish posts a released answer, or a released post that answers nothing, as
// [Connector.Publish] does.
func (l *Legacy) Publish(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	a, err := l.c.acceptAs(ctx, r, l.me, approval.Reply, approval.Post)
	if err != nil {
		return approval.Receipt{}, err
	}
	above := ""
	if a.Action == approval.Reply {
		above = answered(a)
	}
	p, way, err := l.update(ctx, a.Text, above)
	if err != nil {
		return approval.Receipt{}, doubting(err, a)
	}
	if !isID(p.ID) {
		return approval.Receipt{}, way.answer.Nonsense("without the post's id")
	}
	l.c.remember(p.ID, a.Key)
	return l.receipt(p), nil
}

// receipt is where a post of ours stands.
func (l *Legacy) receipt(p *post) approval.Receipt {
	receipt := l.c.receipt(p.ID)
	receipt.PostedAt = p.postedAt()
	return receipt
}

// Remove deletes an answer of ours.
func (l *Legacy) Remove(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	a, err := l.c.acceptAs(ctx, r, l.me, approval.Remove)
	if err != nil {
		return approval.Receipt{}, err
	}
	return l.erase(ctx, a.Target)
}

func (l *Legacy) erase(ctx context.Context, id string) (approval.Receipt, error) {
	gone, way, err := l.destroy(ctx, id)
	if err != nil {
		return approval.Receipt{}, err
	}
	if gone.ID != id {
		return approval.Receipt{}, way.answer.Nonsense("not that the post was deleted")
	}
	return l.c.receipt(id), nil
}

// Find reads back what became of an attempt, by the rules of [Connector.Find].
func (l *Legacy) Find(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	unsure := connectors.Found{Outcome: connectors.CannotTell}
	self, err := l.me(ctx)
	if err != nil {
		return unsure, err
	}
	switch {
	case a.Action == approval.Remove && isID(a.Target):
		p, err := l.read(ctx, a.Target)
		if err != nil || p != nil {
			return unsure, err
		}
		return connectors.Found{Outcome: connectors.Present, Receipt: l.c.receipt(a.Target)}, nil
	case a.Action != approval.Reply && a.Action != approval.Post && a.Action != approval.ByHand:
		return unsure, nil
	case isID(a.Receipt.ExternalID):
		return l.findByID(ctx, a, self)
	case a.Action == approval.ByHand || a.ClaimedAt.IsZero() || a.Action == approval.Reply && !isID(a.Target):
		return unsure, nil
	}
	return l.findAmongOwn(ctx, a, self)
}

func (l *Legacy) findByID(ctx context.Context, a approval.Attempt, self string) (connectors.Found, error) {
	unsure := connectors.Found{Outcome: connectors.CannotTell}
	p, err := l.read(ctx, a.Receipt.ExternalID)
	if err == nil && p != nil {
		if h := p.history(); len(h) > 0 && h[len(h)-1] != p.ID { // somebody edited it
			p, err = l.read(ctx, h[len(h)-1])
		}
	}
	switch {
	case err != nil:
		return unsure, err
	case p == nil && !a.Receipt.PostedAt.IsZero() && l.c.onX(time.Now()).Sub(a.Receipt.PostedAt) > visible:
		return connectors.Found{Outcome: connectors.Absent}, nil
	case a.Action == approval.ByHand && p != nil && (p.AuthorID != self || !p.answers(a)):
		return connectors.Found{Outcome: connectors.Foreign}, nil
	case p == nil || p.AuthorID != self:
		return unsure, nil
	}
	found := connectors.Found{Outcome: connectors.Present, Receipt: l.receipt(p), Text: p.textBeside(a.Text)}
	if first := p.first(); first != p.ID {
		found.Receipt.PostedAt = timeOf(first)
	}
	found.Receipt.ExternalID, found.Receipt.URL = a.Receipt.ExternalID, statusURL(l.c.s.Handle, a.Receipt.ExternalID)
	return found, nil
}

// read is the post with the id, nil where the server says that there is none.
func (l *Legacy) read(ctx context.Context, id string) (*post, error) {
	p, way, err := l.show(ctx, id)
	switch {
	case errors.Is(err, errPostGone):
		return nil, nil
	case err != nil:
		return nil, err
	case p.ID != id:
		return nil, way.answer.Nonsense("about another post than the one that was asked for")
	}
	return p, nil
}

func (l *Legacy) findAmongOwn(ctx context.Context, a approval.Attempt, self string) (connectors.Found, error) {
	unsure := connectors.Found{Outcome: connectors.CannotTell}
	from, at := l.c.onX(a.ClaimedAt).Add(-clockSkew), legacyMark{}
	var fit []post
	for range findPages {
		posts, way, err := at.page(ctx, l.writtenBy(self))
		if err != nil {
			return unsure, err
		}
		for _, p := range posts {
			if p.AuthorID == self && !p.postedAt().Before(from) && l.c.fits(&p, a) {
				fit = append(fit, p)
			}
		}
		lowest := lowestOf(posts)
		if lowest != nil && !lowest.postedAt().Before(from) {
			if at.midway() && number(lowest.ID) > at.Max {
				return unsure, way.answer.Nonsense("a page that leads nowhere")
			}
			at.Max = number(lowest.ID) - 1
			continue
		}
		if len(fit) == 1 {
			return connectors.Found{Outcome: connectors.Present, Receipt: l.receipt(&fit[0]), Text: fit[0].textBeside(a.Text)}, nil
		}
		return unsure, nil
	}
	return unsure, nil
}
