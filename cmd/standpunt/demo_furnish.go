package main

import (
	"context"
	"fmt"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/people"
)

// furnish lets the demo's people do a morning's work, through the same
// services as the desk, so that every page has something to show.
func furnish(ctx context.Context, r *rooms) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	f := &furnisher{ctx: ctx, r: r}
	for login, into := range map[string]*people.Principal{"anna": &f.anna, "bert": &f.bert, "mara": &f.mara, "ada": &f.ada} {
		by, err := signIn(ctx, r, login)
		if err != nil {
			return err
		}
		*into = by
	}
	talks, err := f.firstTalks(20)
	if err != nil {
		return err
	}
	for i, scene := range f.scenes() {
		if i == len(talks) {
			break
		}
		if err := scene(talks[i]); err != nil {
			return fmt.Errorf("scene %d: %w", i+1, err)
		}
	}
	_, err = r.approvals.Propose(ctx, f.ada, approval.KindPerson, approval.Change{
		Login: "eva", Name: "Eva Smit", Roles: []people.Role{people.Agent}, Language: "nl",
	})
	return err
}

type furnisher struct {
	ctx                   context.Context //nolint:containedctx // lives for one call of furnish
	r                     *rooms
	anna, bert, mara, ada people.Principal
}

// firstTalks waits until the network's past has come in.
func (f *furnisher) firstTalks(n int) ([]*inbox.Conversation, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		list, err := f.r.box.List(f.ctx, inbox.Filter{States: []inbox.State{inbox.Open}}, "", n)
		if err != nil {
			return nil, err
		}
		if len(list.Items) == n {
			return list.Items, nil
		}
		select {
		case <-f.ctx.Done():
			return list.Items, f.ctx.Err()
		case <-tick.C:
		}
	}
}

// say is an answer in the customer's language.
func say(c *inbox.Conversation, nl, en string) string {
	if c.Language == "nl" {
		return nl
	}
	return en
}

// scenes are what happened this morning, one conversation each.
func (f *furnisher) scenes() []func(*inbox.Conversation) error {
	looking := func(c *inbox.Conversation) string {
		return say(c, "Dank voor uw bericht. We zoeken het uit en u hoort vandaag nog van ons.",
			"Thank you for your message. We are looking into it and you will hear from us today.")
	}
	outage := func(c *inbox.Conversation) string {
		return say(c, "Vervelend! Onze monteurs zijn onderweg. Op noordlicht.example/storingen ziet u hoe het ervoor staat.",
			"Sorry about this! Our engineers are on their way. See noordlicht.example/outages for the latest.")
	}
	form := func(c *inbox.Conversation) string {
		return say(c, "Uw termijnbedrag past u zelf aan in Mijn Noordlicht, onder Betalen. Lukt het niet? Laat het ons weten.",
			"You can change your monthly amount yourself in My Noordlicht, under Payments. Tell us if it does not work.")
	}
	return []func(*inbox.Conversation) error{
		f.leave, f.leave, f.leave,
		func(c *inbox.Conversation) error { return f.inReview(c, outage(c)) },
		func(c *inbox.Conversation) error {
			return f.inReview(c, say(c, "Wij garanderen dat u het hele bedrag binnen vijf dagen terugkrijgt.", "We guarantee that you will get all of it back within five days."))
		},
		func(c *inbox.Conversation) error { return f.published(c, looking(c)) },
		f.noted,
		func(c *inbox.Conversation) error { return f.corrected(c, looking(c), form(c)) },
		func(c *inbox.Conversation) error { return f.published(c, form(c)) },
		func(c *inbox.Conversation) error {
			return f.decided(c, say(c, "Dat kan niet kloppen.", "That cannot be right."), approval.RequestChanges, "Begin met excuses en vraag om het klantnummer in een privébericht.")
		},
		func(c *inbox.Conversation) error {
			return f.decided(c, say(c, "Wij betalen altijd alles terug.", "We always pay everything back."), approval.Reject, "Dit is niet ons standpunt: we vergoeden alleen storingen van meer dan vier uur.")
		},
		f.leave,
		func(c *inbox.Conversation) error { _, err := f.draft(c, looking(c)); return err },
		f.snoozed, f.resolved, f.leave,
		func(c *inbox.Conversation) error { return f.published(c, outage(c)) },
		func(c *inbox.Conversation) error { return f.inReview(c, form(c)) },
	}
}

func (f *furnisher) leave(*inbox.Conversation) error { return nil }

func (f *furnisher) change(by people.Principal, c *inbox.Conversation, change inbox.Change) error {
	_, err := f.r.box.Change(f.ctx, by, c.ID, change)
	return err
}

func (f *furnisher) draft(c *inbox.Conversation, text string) (*approval.View, error) {
	anna := f.anna.ID()
	if err := f.change(f.anna, c, inbox.Change{Assignee: &anna}); err != nil {
		return nil, err
	}
	return f.r.approvals.DraftReply(f.ctx, f.anna, c.ID, inbox.MentionID{}, approval.Content{Text: text})
}

func (f *furnisher) submitted(c *inbox.Conversation, text string) (*approval.View, error) {
	p, err := f.draft(c, text)
	if err != nil {
		return nil, err
	}
	return f.r.approvals.Submit(f.ctx, f.anna, p.ID, p.Digest)
}

func (f *furnisher) inReview(c *inbox.Conversation, text string) error {
	_, err := f.submitted(c, text)
	return err
}

func (f *furnisher) published(c *inbox.Conversation, text string) error {
	p, err := f.submitted(c, text)
	if err != nil {
		return err
	}
	_, err = f.r.approvals.Decide(f.ctx, f.bert, p.ID, approval.Judgement{Verdict: approval.Approve, Digest: p.Digest})
	return err
}

func (f *furnisher) decided(c *inbox.Conversation, text string, v approval.Verdict, comment string) error {
	p, err := f.submitted(c, text)
	if err != nil {
		return err
	}
	_, err = f.r.approvals.Decide(f.ctx, f.bert, p.ID, approval.Judgement{Verdict: v, Digest: p.Digest, Comment: comment})
	return err
}

// corrected is the press officer improving a text and the agent confirming it.
func (f *furnisher) corrected(c *inbox.Conversation, first, second string) error {
	p, err := f.submitted(c, first)
	if err != nil {
		return err
	}
	if p, err = f.r.approvals.Revise(f.ctx, f.bert, p.ID, approval.Content{Text: second}); err != nil {
		return err
	}
	if p, err = f.r.approvals.Submit(f.ctx, f.bert, p.ID, p.Digest); err != nil {
		return err
	}
	_, err = f.r.approvals.Decide(f.ctx, f.anna, p.ID, approval.Judgement{Verdict: approval.Approve, Digest: p.Digest})
	return err
}

func (f *furnisher) noted(c *inbox.Conversation) error {
	labels, high := []string{"storing"}, inbox.High
	bert := f.bert.ID()
	if err := f.change(f.anna, c, inbox.Change{Labels: &labels, Priority: &high, Assignee: &bert}); err != nil {
		return err
	}
	_, err := f.r.box.AddNote(f.ctx, f.anna, c.ID, "Deze klant belde vanmorgen ook al. Bert, wil jij hiernaar kijken?")
	return err
}

func (f *furnisher) snoozed(c *inbox.Conversation) error {
	state, until := inbox.Snoozed, time.Now().Add(20*time.Hour)
	return f.change(f.anna, c, inbox.Change{State: &state, SnoozedUntil: &until})
}

func (f *furnisher) resolved(c *inbox.Conversation) error {
	state, labels := inbox.Resolved, []string{"compliment"}
	return f.change(f.anna, c, inbox.Change{State: &state, Labels: &labels})
}
