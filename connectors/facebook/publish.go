package facebook

import (
	"context"
	"slices"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
)

// Publish posts a released answer as a comment, or sends it as a message where
// it answers one.
func (c *Connector) Publish(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	a, err := c.accept(r, approval.Reply)
	if err != nil {
		return approval.Receipt{}, err
	}
	if isLetter(a) {
		return c.answerLetter(ctx, a)
	}
	var made struct {
		ID string `json:"id"`
	}
	answer, err := c.client.Post(ctx, below(a)+"/comments", graph.Params{"message": a.Text}, &made)
	if err != nil {
		return approval.Receipt{}, err
	}
	if !nodePattern.MatchString(made.ID) {
		return approval.Receipt{}, answer.Nonsense("without the id of the comment")
	}
	c.ours.Put(made.ID, a.Key)
	return approval.Receipt{ExternalID: made.ID, PostedAt: when(answer)}, nil
}

// Edit replaces the text of a comment of ours.
func (c *Connector) Edit(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	return c.alter(ctx, r, approval.Edit)
}

// Remove deletes a comment of ours.
func (c *Connector) Remove(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	return c.alter(ctx, r, approval.Remove)
}

// Hide hides a customer's comment from everybody but its author and their friends.
func (c *Connector) Hide(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	return c.alter(ctx, r, approval.Hide)
}

func (c *Connector) alter(ctx context.Context, r approval.Release, action approval.Action) (approval.Receipt, error) {
	a, err := c.accept(r, action)
	if err != nil {
		return approval.Receipt{}, err
	}
	return c.perform(ctx, a)
}

// perform carries an accepted change of a comment out.
func (c *Connector) perform(ctx context.Context, a approval.Attempt) (approval.Receipt, error) {
	var done struct {
		Success bool `json:"success"`
	}
	var answer graph.Answer
	var err error
	switch a.Action {
	case approval.Edit:
		answer, err = c.client.Post(ctx, a.Target, graph.Params{"message": a.Text}, &done)
	case approval.Hide:
		answer, err = c.client.Post(ctx, a.Target, graph.Params{"is_hidden": "true"}, &done)
	default:
		answer, err = c.client.Delete(ctx, a.Target, &done)
	}
	if err != nil {
		return approval.Receipt{}, err
	}
	if !done.Success {
		return approval.Receipt{}, answer.Nonsense("not the word that it was done")
	}
	return approval.Receipt{ExternalID: a.Target, PostedAt: when(answer)}, nil
}

// accept refuses what this account does not publish.
func (c *Connector) accept(r approval.Release, actions ...approval.Action) (approval.Attempt, error) {
	if !r.Valid() {
		return approval.Attempt{}, connectors.Errorf(connectors.NotAllowed, "there is no release: nobody approved this")
	}
	a := r.Attempt()
	why := ""
	switch {
	case !slices.Contains(actions, a.Action):
		why = "Facebook does not take this kind of answer here"
	case a.RemoteID != c.s.PageID:
		why = "the answer was approved for another Page than the settings name"
	case isLetter(a) && a.Action != approval.Reply:
		why = "Facebook lets nobody change a message by its API"
	case isLetter(a):
	case !nodePattern.MatchString(a.Target), !nodePattern.MatchString(below(a)):
		why = "the post that is answered is none of Facebook's"
	}
	if why != "" {
		return approval.Attempt{}, &connectors.Error{Kind: connectors.NotAllowed, Message: why, Remedy: "Propose the answer again."}
	}
	return a, nil
}

// isLetter reports whether an attempt answers a message.
func isLetter(a approval.Attempt) bool { return a.Visibility == inbox.Private }

// below is what an answer stands under: its target, or where that is an
// answer itself, the comment that both belong to.
func below(a approval.Attempt) string {
	for _, field := range a.Route {
		if field.Name == routeBelow {
			return field.Value
		}
	}
	return a.Target
}

// when is Facebook's time of an answer, ours where it tells none.
func when(answer graph.Answer) time.Time {
	if answer.At.IsZero() {
		return time.Now().UTC()
	}
	return answer.At.UTC()
}
