package connectortest

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/inbox"
)

// outgoing are texts as approval lets them pass.
var outgoing = []string{
	"Goedendag, wij zoeken het uit.",
	"Twee regels\nen een lege\n\nen het slot.",
	"familie 👨‍👩‍👧‍👦, vlag 🇳🇱, huidskleur 👍🏽, hart ❤️",
	"vier bytes: 𠜎𠜱",
	"één café, naïef, Łódź",
	"שלום וברכה",
	"می\u200cخواهم",
	`<b>vet</b> &amp; "aanhaling" 'enkel' \n %s {{.}}`,
	"Zie https://voorbeeld.test/pad?a=1&b=%20#deel voor meer",
}

func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

// connectorOf is a connector to see what it can do.
func connectorOf(t *testing.T, h Harness) connectors.Connector {
	c := h(t).Connect(t, connectors.Account{Name: accountName, Backfill: time.Hour, Log: quietLog()})
	if closer, ok := c.(connectors.Closer); ok {
		t.Cleanup(func() { _ = closer.Close() }) // the cases check it
	}
	return c
}

func publishing(t *testing.T, h Harness) {
	c := connectorOf(t, h)
	if can[connectors.Composer](c) {
		play(t, "texts are measured", h, (*scene).measures)
	}
	if can[connectors.PrivateComposer](c) {
		play(t, "private texts are measured", h, (*scene).measuresPrivate)
	}
	if !can[connectors.Publisher](c) {
		return
	}
	if can[connectors.Closing](c) {
		play(t, "what was posted just now can be answered", h, (*scene).isOpen)
	}
	play(t, "no release, no post", h, (*scene).zeroRelease)
	play(t, "an answer stands once and reads back equal", h, (*scene).publishesOnce)
	play(t, "texts stand as they were approved", h, (*scene).outgoingTexts)
	play(t, "an own answer is no mention", h, (*scene).ownAnswerIsNoMention)
	play(t, "answers go out side by side", h, (*scene).publishesSideBySide)
	play(t, "a cancelled publication is back at once", h, (*scene).cancelledPublication)
	if can[connectors.Finder](c) {
		play(t, "what was not published is not found", h, (*scene).unpublishedIsNotFound)
		play(t, "equal texts are told apart", h, (*scene).equalTexts)
	}
	if can[connectors.Locator](c) {
		play(t, "an answer by hand is located and read back", h, (*scene).answerByHand)
		play(t, "addresses that name no post are refused", h, (*scene).wrongAddresses)
	}
}

// publish gives the release to the connector.
func (s *scene) publish(c connectors.Connector, r approval.Release) (receipt approval.Receipt, err error) {
	err = s.call(callLimit, func(ctx context.Context) (err error) {
		receipt, err = c.(connectors.Publisher).Publish(ctx, r)
		return err
	})
	return receipt, err
}

func (s *scene) mustPublish(c connectors.Connector, r approval.Release) approval.Attempt {
	s.Helper()
	receipt, err := s.publish(c, r)
	if err != nil {
		s.Fatalf("Publish: %v", err)
	}
	if receipt.ExternalID == "" {
		s.Fatal("the receipt has no external id")
	}
	a := r.Attempt()
	a.Receipt = receipt
	return a
}

// stand fails the case unless exactly these answers stand under the post, in any order.
func (s *scene) stand(externalID string, texts ...string) {
	s.Helper()
	var want []string
	for _, text := range texts {
		want = append(want, s.stands(text))
	}
	slices.Sort(want)
	var got []string
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(s.patience()); time.Now().Before(end); <-tick.C {
		got = slices.Sorted(slices.Values(s.remote.Answers(s, externalID)))
		if slices.Equal(got, want) || len(got) > len(want) || len(want) == 0 {
			break
		}
	}
	if !slices.Equal(got, want) {
		s.Errorf("under %s stand\n  %+q, want\n  %+q", externalID, got, want)
	}
}

// present reads the attempt back and fails the case unless its text stands there.
func (s *scene) present(c connectors.Connector, a approval.Attempt) connectors.Found {
	s.Helper()
	f, ok := c.(connectors.Finder)
	if !ok {
		return connectors.Found{Outcome: connectors.Present, Receipt: a.Receipt, Text: a.Text}
	}
	var found connectors.Found
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(s.patience()); time.Now().Before(end); <-tick.C {
		if err := s.call(callLimit, func(ctx context.Context) (err error) {
			found, err = f.Find(ctx, a)
			return err
		}); err != nil {
			s.Fatalf("Find: %v", err)
		}
		if found.Outcome == connectors.Present {
			break
		}
	}
	if found.Outcome != connectors.Present || found.Text != a.Text || found.Receipt.ExternalID == "" {
		s.Errorf("Find says %q with id %q and text %+q, want %q and %+q", found.Outcome, found.Receipt.ExternalID, found.Text, connectors.Present, a.Text)
	}
	return found
}

func (s *scene) measures() { s.counts(s.connect().(connectors.Composer).Measure) }

func (s *scene) measuresPrivate() {
	s.counts(s.connect().(connectors.PrivateComposer).MeasurePrivate)
}

func (s *scene) isOpen() {
	c := s.connect()
	in := s.mention(c, s.remote.Post(s, "kan dit nog beantwoord worden?"))
	m := &inbox.Mention{
		ExternalID: in.ExternalID, Thread: in.Thread, Kind: in.Kind, Visibility: in.Visibility, PostedAt: in.PostedAt,
		Author: in.Author, Route: in.Route, Text: in.Text,
	}
	closing := c.(connectors.Closing)
	if why := closing.Unanswerable(m, time.Now()); why != "" {
		s.Errorf("it is closed already: %s", why)
	}
	closes := closing.Closes(m)
	if closes.IsZero() {
		return
	}
	before, after := closing.Unanswerable(m, closes.Add(-time.Millisecond)), closing.Unanswerable(m, closes)
	if before != "" || after == "" {
		s.Errorf("it closes at %s: before it is unanswerable because %q, from then on because %q", closes, before, after)
	}
}

func (s *scene) counts(measure func(string) approval.Measure) {
	empty, short, long := measure(""), measure("dag"), measure("dag "+fmt.Sprintf("%01000d", 7))
	if empty.Length != 0 || short.Length <= 0 || long.Length < short.Length {
		s.Errorf("measured %+v, %+v, %+v", empty, short, long)
	}
	if empty.Unit == "" || empty.Limit < 0 || empty.Limit != long.Limit {
		s.Errorf("the limit is %d %q and %d %q", empty.Limit, empty.Unit, long.Limit, long.Unit)
	}
	if m := measure("👨‍👩‍👧‍👦"); m.Length < 1 || m.Length > 25 {
		s.Errorf("a family emoji (1 grapheme, 25 bytes) measures %d %s", m.Length, m.Unit)
	}
}

func (s *scene) zeroRelease() {
	id := s.remote.Post(s, "wie antwoordt?")
	c := s.connect()
	_, err := s.publish(c, approval.Release{})
	if e := s.asError("Publish of the zero Release", err); e.Kind == connectors.Unknown {
		s.Errorf("Publish of the zero Release may have posted: %v", e)
	}
	s.stand(id)
}

func (s *scene) publishesOnce() {
	const text = "Goedendag, uw pakket komt morgen."
	id := s.remote.Post(s, "waar is het?")
	c := s.connect()
	a := s.mustPublish(c, s.release(c, s.mention(c, id), text))
	s.stand(id, text)
	found := s.present(c, a)
	if found.Receipt.ExternalID != a.Receipt.ExternalID {
		s.Errorf("published as %q and found as %q", a.Receipt.ExternalID, found.Receipt.ExternalID)
	}
	s.present(s.connect(), a) // after a restart
	if a.Receipt.PostedAt.IsZero() || time.Since(a.Receipt.PostedAt).Abs() > time.Hour {
		s.Errorf("posted just now, and the receipt says %v", a.Receipt.PostedAt)
	}
}

func (s *scene) outgoingTexts() {
	c := s.connect()
	for i, text := range outgoing {
		id := s.remote.Post(s, fmt.Sprintf("vraag %d", i))
		a := s.mustPublish(c, s.release(c, s.mention(c, id), text))
		s.stand(id, text)
		s.present(c, a)
	}
}

func (s *scene) ownAnswerIsNoMention() {
	id := s.remote.Post(s, "een vraag")
	c := s.connect()
	a := s.mustPublish(c, s.release(c, s.mention(c, id), "Een antwoord."))
	s.stand(id, "Een antwoord.")
	if can[Deliverer](s.remote) {
		return
	}
	later := s.remote.Post(s, "nog een vraag")
	all, _ := s.await(c, nil, "the later post", has(later))
	for _, m := range all {
		if m.ExternalID == a.Receipt.ExternalID || m.Text == "Een antwoord." {
			s.Errorf("our own answer came in as a mention: %s by %s", m.ExternalID, m.Author.ExternalID)
		}
	}
}

func (s *scene) publishesSideBySide() {
	c := s.connect()
	var posts sync.WaitGroup
	var targets, texts []string
	for i := range 4 {
		id, text := s.remote.Post(s, fmt.Sprintf("vraag %d", i)), fmt.Sprintf("Antwoord %d.", i)
		targets, texts = append(targets, id), append(texts, text)
		r := s.release(c, s.mention(c, id), text)
		posts.Go(func() {
			if _, err := s.publish(c, r); err != nil {
				s.Errorf("Publish: %v", err)
			}
		})
	}
	posts.Wait()
	for i := range targets {
		s.stand(targets[i], texts[i])
	}
}

func (s *scene) cancelledPublication() {
	id := s.remote.Post(s, "een vraag")
	c := s.connect()
	r := s.release(c, s.mention(c, id), "Te laat.")
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	began := time.Now()
	_, err := c.(connectors.Publisher).Publish(ctx, r)
	if took := time.Since(began); took > promptly {
		s.Errorf("a cancelled Publish took %v", took)
	}
	e := s.asError("Publish", err)
	if e.Kind != connectors.Unknown {
		s.stand(id)
	}
}

func (s *scene) find(c connectors.Connector, a approval.Attempt) connectors.Found {
	s.Helper()
	var found connectors.Found
	if err := s.call(callLimit, func(ctx context.Context) (err error) {
		found, err = c.(connectors.Finder).Find(ctx, a)
		return err
	}); err != nil {
		s.Fatalf("Find: %v", err)
	}
	return found
}

func (s *scene) unpublishedIsNotFound() {
	id := s.remote.Post(s, "een vraag")
	c := s.connect()
	a := s.release(c, s.mention(c, id), "Nooit verstuurd.").Attempt()
	if found := s.find(c, a); found.Outcome != connectors.Absent && found.Outcome != connectors.CannotTell {
		s.Errorf("what was never published is %q", found.Outcome)
	}
}

// equalTexts publishes one of two releases with one text for one post.
func (s *scene) equalTexts() {
	const text = "Wij zoeken het uit."
	var target inbox.Inbound
	id := s.remote.Post(s, "een vraag")
	c := s.connect()
	target = s.mention(c, id)
	published, other := s.release(c, target, text), s.release(c, target, text)
	a := s.mustPublish(c, published)
	s.stand(id, text)
	s.present(c, a)
	if found := s.find(c, other.Attempt()); found.Outcome == connectors.Present {
		s.Errorf("a release that was never published is found, by the post of another with the same text")
	}
}
