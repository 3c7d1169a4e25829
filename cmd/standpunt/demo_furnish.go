package main

import (
	"context"
	"fmt"
	"time"

	"standpunt/approval"
	"standpunt/connectors/sandbox/network"
	"standpunt/inbox"
	"standpunt/people"
)

// scene is one customer's question of this morning and what became of it.
type scene struct {
	author network.Handle
	asked  string
	ago    time.Duration
	play   func(f *furnisher, c *inbox.Conversation) error
}

// peopleOnly is the customer who is answered by people and by no program.
const peopleOnly = network.Handle("marit_de_groot")

// scenes are this morning, oldest question first.
func scenes() []scene {
	return []scene{
		{"kees_hoekstra", "@noordlicht is mijn driejarig contract nou per 1 januari afgelopen of een jaar later? De brief en de website spreken elkaar tegen.", 130 * time.Minute, (*furnisher).snooze},
		{"vve_de_linde", "@noordlicht krijgen wij als VvE compensatie voor de blokverwarming?", 95 * time.Minute,
			decided("Ja, u krijgt altijd compensatie.", approval.Reject, "Dit is niet ons standpunt: compensatie geldt alleen voor aansluitingen onder de drempel. Zie de notitie van 3 november.")},
		{"lieke.smeets", "@noordlicht mijn slimme meter stuurt al een week niets door. Moet ik iets doen?", 75 * time.Minute,
			corrected("Zet hem even uit en aan.", "Nee hoor, u hoeft niets te doen: het netwerk in uw straat is in onderhoud tot vrijdag. Uw standen komen vanzelf na.")},
		{"emma.clark", "@noordlicht Great help on the phone today. Thank you, Youssef!", 58 * time.Minute, (*furnisher).resolve},
		{"tom_bright", "@noordlicht Is it true that you are raising the fixed tariff in January?", 52 * time.Minute,
			published("Hi Tom, a fixed contract keeps its price until the end of its term. The prices for new contracts from 1 January are at noordlicht.example/prices.")},
		{"sanne_kuipers", "@noordlicht waarom vragen jullie om een kopie van mijn paspoort??", 44 * time.Minute,
			decided("Dat is nu eenmaal verplicht.", approval.RequestChanges, "Begin met excuses. En het klopt niet: een kopie is nooit nodig, alleen het klantnummer.")},
		{"peter_jansen", "@noordlicht krijg ik een vergoeding voor de storing van gisteren? Alles in de vriezer is ontdooid.", 36 * time.Minute,
			inReview("Wat vervelend, Peter. Wij garanderen dat u de inhoud van uw vriezer vergoed krijgt; mail de bonnen naar schade@noordlicht.example.")},
		{"daan.mulder", "@noordlicht jullie hebben € 240 dubbel afgeschreven. Wanneer krijg ik dat terug? De huur moet ook betaald.", 28 * time.Minute, (*furnisher).note},
		{"olivia_grant", "@noordlicht My app shows negative usage. Am I a power plant now? 😄", 22 * time.Minute,
			inReview("Nearly! ☀️ Your solar panels delivered more than you used today, so the app counts down. On your yearly bill it all adds up.")},
		{"fatima.bakker", "@noordlicht Sinds 7 uur geen stroom in de Vogelbuurt in Almere. Hoe lang gaat dit duren?", 12 * time.Minute,
			inReview("Vervelend, Fatima! In de Vogelbuurt is bij graafwerk een kabel geraakt. Onze monteurs zijn ter plaatse; naar verwachting heeft u rond 14.00 uur weer stroom. Laatste stand: noordlicht.example/storingen")},
		{peopleOnly, "Iemand ervaring met @noordlicht en een windmolentje op het dak? Geen zin in automatische antwoorden, dank u.", 10 * time.Minute,
			handedOver("Dag Marit, een windmolentje mag aan uw aansluiting, als u het eerst bij de netbeheerder meldt. Lees rustig na op noordlicht.example/wind; bellen mag ook.")},
		{"ruben_en_lot", "@noordlicht wij gaan verhuizen. Neem je je contract mee, of begint alles opnieuw?", 8 * time.Minute, (*furnisher).leave},
		{"mo.el.idrissi", "@noordlicht kan ik mijn termijnbedrag verlagen? Ik verbruik veel minder dan vorig jaar.", 5 * time.Minute,
			drafted("Dat kan! In Mijn Noordlicht, onder Betalen, zet u het zelf lager.")},
		{"studentenhuis42", "@noordlicht hoe zeg ik mijn contract op? Kan het nergens vinden 🙃", 3 * time.Minute, (*furnisher).leave},
	}
}

// thisMorning posts the scenes' questions on the network, at their times.
func thisMorning(ctx context.Context, n *network.Network) error {
	now := time.Now()
	var drafts []network.Draft
	for _, s := range scenes() {
		drafts = append(drafts, network.Draft{Author: s.author, Text: s.asked, At: now.Add(-s.ago), PeopleOnly: s.author == peopleOnly})
	}
	_, err := n.Post(ctx, drafts...)
	return err
}

// furnish lets the demo's people do a morning's work, through the same
// services as the desk, so that every page has something to show.
func furnish(ctx context.Context, r *rooms) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	f := &furnisher{ctx: ctx, r: r}
	for login, into := range map[string]*people.Principal{"anna": &f.anna, "bert": &f.bert, "ada": &f.ada} {
		by, err := signIn(ctx, r, login)
		if err != nil {
			return err
		}
		*into = by
	}
	played := make(map[inbox.ConversationID]bool)
	for _, s := range scenes() {
		c, err := f.await(s.author)
		if err != nil {
			return err
		}
		if err := s.play(f, c); err != nil {
			return fmt.Errorf("the scene of %s: %w", s.author, err)
		}
		played[c.ID] = true
	}
	if err := f.tidy(played); err != nil {
		return err
	}
	_, err := r.approvals.Propose(ctx, f.ada, approval.KindPerson, approval.Change{
		Login: "eva", Name: "Eva Smit", Roles: []people.Role{people.Agent}, Language: "nl",
	})
	return err
}

type furnisher struct {
	ctx             context.Context //nolint:containedctx // lives for one call of furnish
	r               *rooms
	anna, bert, ada people.Principal
}

// await waits until the question of an author has come in.
func (f *furnisher) await(author network.Handle) (*inbox.Conversation, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		list, err := f.r.box.List(f.ctx, inbox.Filter{States: []inbox.State{inbox.Open}}, "", 200)
		if err != nil {
			return nil, err
		}
		for _, c := range list.Items {
			if c.Customer.Handle == "@"+string(author) {
				return c, nil
			}
		}
		select {
		case <-f.ctx.Done():
			return nil, fmt.Errorf("the question of %s did not come in: %w", author, f.ctx.Err())
		case <-tick.C:
		}
	}
}

// tidy resolves most of what is older than this morning, as a team would have.
func (f *furnisher) tidy(played map[inbox.ConversationID]bool) error {
	list, err := f.r.box.List(f.ctx, inbox.Filter{States: []inbox.State{inbox.Open}}, "", 200)
	if err != nil {
		return err
	}
	for i, c := range list.Items {
		if played[c.ID] || i%5 == 0 {
			continue
		}
		state := inbox.Resolved
		if err := f.change(f.anna, c, inbox.Change{State: &state}); err != nil {
			return err
		}
	}
	return nil
}

func (f *furnisher) change(by people.Principal, c *inbox.Conversation, change inbox.Change) error {
	_, err := f.r.box.Change(f.ctx, by, c.ID, change)
	return err
}

func (f *furnisher) leave(*inbox.Conversation) error { return nil }

func (f *furnisher) snooze(c *inbox.Conversation) error {
	state, until := inbox.Snoozed, time.Now().Add(20*time.Hour)
	return f.change(f.anna, c, inbox.Change{State: &state, SnoozedUntil: &until})
}

func (f *furnisher) resolve(c *inbox.Conversation) error {
	state, labels := inbox.Resolved, []string{"compliment"}
	return f.change(f.anna, c, inbox.Change{State: &state, Labels: &labels})
}

func (f *furnisher) note(c *inbox.Conversation) error {
	labels, high, bert := []string{"betaling"}, inbox.High, f.bert.ID()
	if err := f.change(f.anna, c, inbox.Change{Labels: &labels, Priority: &high, Assignee: &bert}); err != nil {
		return err
	}
	_, err := f.r.box.AddNote(f.ctx, f.anna, c.ID, "Daan belde vanmorgen ook al. Het is de derde dubbele afschrijving deze week; Bert, wil jij hiernaar kijken?")
	return err
}

// draft is anna beginning an answer.
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

func (f *furnisher) decide(by people.Principal, p *approval.View, v approval.Verdict, comment string) error {
	_, err := f.r.approvals.Decide(f.ctx, by, p.ID, approval.Judgement{Verdict: v, Digest: p.Digest, Comment: comment})
	return err
}

func drafted(text string) func(*furnisher, *inbox.Conversation) error {
	return func(f *furnisher, c *inbox.Conversation) error {
		_, err := f.draft(c, text)
		return err
	}
}

func inReview(text string) func(*furnisher, *inbox.Conversation) error {
	return func(f *furnisher, c *inbox.Conversation) error {
		_, err := f.submitted(c, text)
		return err
	}
}

func decided(text string, v approval.Verdict, comment string) func(*furnisher, *inbox.Conversation) error {
	return func(f *furnisher, c *inbox.Conversation) error {
		p, err := f.submitted(c, text)
		if err != nil {
			return err
		}
		return f.decide(f.bert, p, v, comment)
	}
}

// handedOver is an answer that waits for a person to post it.
func handedOver(text string) func(*furnisher, *inbox.Conversation) error {
	return func(f *furnisher, c *inbox.Conversation) error {
		anna := f.anna.ID()
		if err := f.change(f.anna, c, inbox.Change{Assignee: &anna}); err != nil {
			return err
		}
		p, err := f.r.approvals.DraftReply(f.ctx, f.anna, c.ID, inbox.MentionID{}, approval.Content{Text: text, ByHand: true})
		if err != nil {
			return err
		}
		if p, err = f.r.approvals.Submit(f.ctx, f.anna, p.ID, p.Digest); err != nil {
			return err
		}
		return f.decide(f.bert, p, approval.Approve, "")
	}
}

func published(text string) func(*furnisher, *inbox.Conversation) error {
	return decided(text, approval.Approve, "")
}

// corrected is the press officer improving a text and the agent confirming it.
func corrected(first, second string) func(*furnisher, *inbox.Conversation) error {
	return func(f *furnisher, c *inbox.Conversation) error {
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
		return f.decide(f.anna, p, approval.Approve, "")
	}
}
