package connectortest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/store"
)

// deliveries are the cases of a webhook.
func deliveries(t *testing.T, h Harness) {
	probe := h(t)
	if !can[connectors.Webhook](connectorOf(t, h)) || !can[Notifier](probe) {
		return
	}
	play(t, "a delivery and a poll tell of the same mention", h, (*scene).deliveryIsThePoll)
	play(t, "what the platform did not sign is refused", h, (*scene).forgeriesRefused)
	play(t, "a large forgery is refused at once", h, (*scene).largeForgery)
	play(t, "a delivery that comes again changes nothing", h, (*scene).replays)
	play(t, "deliveries are received side by side", h, (*scene).deliveriesSideBySide)
	if can[Challenger](probe) {
		play(t, "the check of the address is answered", h, (*scene).challenge)
	}
	if can[Timekeeper](probe) {
		play(t, "a delivery that was signed long ago is refused", h, (*scene).staleDelivery)
	}
}

// request is a platform's request as its bytes are, to be sent any number of times.
type request struct {
	head *http.Request
	body []byte
}

func (s *scene) request(r *http.Request) request {
	s.Helper()
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			s.Fatal(err)
		}
	}
	return request{head: r, body: body}
}

func (s *scene) notify(externalID string) request {
	s.Helper()
	return s.request(s.remote.(Notifier).Notify(s, externalID))
}

// with is the request with another body.
func (r request) with(body []byte) request { return request{head: r.head, body: body} }

// bare is the request without a header that could prove anything.
func (r request) bare() request {
	head := r.head.Clone(context.Background())
	head.Header = http.Header{"Content-Type": r.head.Header["Content-Type"]}
	return request{head: head, body: r.body}
}

// arrive is the request as the daemon's listener hands it on.
func (r request) arrive(ctx context.Context) *http.Request {
	a := httptest.NewRequestWithContext(ctx, r.head.Method, connectors.HookPrefix+string(accountName), bytes.NewReader(r.body))
	a.URL.RawQuery, a.Header = r.head.URL.RawQuery, r.head.Header.Clone()
	return a
}

// receive is one call of Receive.
func (s *scene) receive(c connectors.Connector, r request) (answer connectors.WebhookAnswer, err error) {
	err = s.call(callLimit, func(ctx context.Context) error {
		head := r.arrive(ctx)
		head.Body = http.NoBody
		answer, err = c.(connectors.Webhook).Receive(ctx, head, slices.Clone(r.body))
		return err
	})
	return answer, err
}

// received is a delivery that must be taken.
func (s *scene) received(c connectors.Connector, r request) connectors.WebhookAnswer {
	s.Helper()
	answer, err := s.receive(c, r)
	if err != nil {
		s.Fatalf("Receive: %v", err)
	}
	if answer.Status != 0 && answer.Status/100 != 2 {
		s.Fatalf("a good delivery is answered with the status %d", answer.Status)
	}
	return answer
}

// refused is a request that must fail with the kind, and bring nothing.
func (s *scene) refused(c connectors.Connector, what string, r request, kind connectors.ErrorKind) {
	s.Helper()
	answer, err := s.receive(c, r)
	if e := s.asError("Receive of "+what, err); e.Kind != kind {
		s.Errorf("%s: kind %s, want %s (%v)", what, e.Kind, kind, e)
	}
	if len(answer.Page.Mentions)+len(answer.Page.Own)+len(answer.Body)+len(answer.Others) > 0 {
		s.Errorf("%s is refused, and comes with %+v", what, answer)
	}
}

// deliveryIsThePoll compares what a delivery brings with what a poll brings: two
// that do not agree would make two mentions of one post, or an edit of none.
func (s *scene) deliveryIsThePoll() {
	for _, text := range incoming {
		id := s.remote.Post(s, text)
		c := s.connect()
		answer := s.received(c, s.notify(id))
		told := newest(answer.Page.Mentions, id)
		if told == nil {
			s.Fatalf("the delivery brings %s, not the post %s", ids(answer.Page.Mentions), id)
		}
		if want := s.arrives(text); told.Text != want {
			s.Errorf("a delivered text changed:\n posted %+q\n came   %+q\n want   %+q", text, told.Text, want)
		}
		polled := s.mention(c, id)
		for _, each := range []struct{ what, polled, told string }{
			{"thread", polled.Thread, told.Thread},
			{"post that it answers", polled.InReplyTo, told.InReplyTo},
			{"author", polled.Author.ExternalID, told.Author.ExternalID},
			{"kind", polled.Kind, told.Kind},
			{"visibility", string(polled.Visibility), string(told.Visibility)},
			{"time", polled.PostedAt.Truncate(time.Second).UTC().String(), told.PostedAt.Truncate(time.Second).UTC().String()},
		} {
			if each.polled != each.told {
				s.Errorf("the %s of one post: polled %q, delivered %q", each.what, each.polled, each.told)
			}
		}
		in := s.intake(c)
		in.poll(inbox.Ingested{New: 1}, polled)
		in.deliver(s.notify(id))
		in.poll(inbox.Ingested{Duplicates: 1}, polled)
		in.counts(inbox.Ingested{Duplicates: 1})
	}
}

func (s *scene) forgeriesRefused() {
	c := s.connect()
	good := s.notify(s.remote.Post(s, "ondertekend"))
	changed := slices.Clone(good.body)
	changed[len(changed)/2] ^= 1
	for what, forged := range map[string]request{
		"a delivery without signature":          good.bare(),
		"a delivery of which a byte changed":    good.with(changed),
		"a delivery that lost its end":          good.with(good.body[:len(good.body)-1]),
		"a delivery that got longer":            good.with(append(slices.Clone(good.body), '\n')),
		"garbage with a good delivery's header": good.with([]byte("<!doctype html>")),
		"nothing with a good delivery's header": good.with(nil),
		"nothing at all":                        good.bare().with(nil),
	} {
		s.refused(c, what, forged, connectors.BadAuth)
	}
	for name := range good.head.Header {
		if name == "Content-Type" {
			continue
		}
		for _, value := range []string{"", "sha256=", "sha256=00", "%%%", "\x00\xff"} {
			head := good.head.Clone(s.Context())
			head.Header.Set(name, value)
			// A header that proves nothing may say what it likes.
			if _, err := s.receive(c, request{head: head, body: good.body}); err != nil {
				_ = s.asError("Receive", err) // that it is one is the point
			}
		}
	}
	s.received(c, good)
}

func (s *scene) largeForgery() {
	c := s.connect()
	good := s.notify(s.remote.Post(s, "groot"))
	began := time.Now()
	s.refused(c, "a large forgery", good.with(bytes.Repeat([]byte(`[{"a":`), connectors.MaxDelivery/6)), connectors.BadAuth)
	if took := time.Since(began); took > promptly {
		s.Errorf("a large forgery took %v: it was decoded before it was proven", took)
	}
}

// replays delivers every state of a post again, in the wrong order, to the real inbox.
func (s *scene) replays() {
	id := s.remote.Post(s, "mijn pakket is weg")
	c := s.connect()
	in := s.intake(c)
	first := s.notify(id)
	in.deliver(first)
	in.deliver(first)
	in.counts(inbox.Ingested{New: 1, Duplicates: 1})
	all := []request{first}
	text := s.arrives("mijn pakket is weg")
	if reviser, ok := s.remote.(Reviser); ok {
		reviser.Revise(s, id, "mijn pakket is er")
		edit := s.notify(id)
		in.deliver(edit)
		text = s.arrives("mijn pakket is er")
		all = append(all, edit)
	}
	if eraser, ok := s.remote.(Eraser); ok {
		eraser.Erase(s, id)
		erased := s.notify(id)
		in.deliver(erased)
		all = append(all, erased)
	}
	before := in.changes()
	for range 2 {
		for _, each := range all {
			in.deliver(each)
		}
	}
	if now := in.changes(); now != before {
		s.Errorf("deliveries that came again changed something: %d changes were %d", now, before)
	}
	m := in.mention(id)
	if m.Text != text {
		s.Errorf("after the deliveries came again the mention says %q, want %q", m.Text, text)
	}
	if can[Eraser](s.remote) && m.DeletedAt.IsZero() {
		s.Error("the mention is there again after it was deleted")
	}
}

func (s *scene) deliveriesSideBySide() {
	c := s.connect()
	in := s.intake(c)
	const n = 16
	all := make([]request, n)
	for i := range all {
		all[i] = s.notify(s.remote.Post(s, "tegelijk"))
	}
	var group sync.WaitGroup
	for _, each := range slices.Concat(all, all) {
		group.Go(func() { in.deliver(each) })
	}
	group.Wait()
	in.counts(inbox.Ingested{New: n, Duplicates: n})
}

func (s *scene) challenge() {
	c := s.connect()
	ask := func(right bool) (request, string) {
		r, proof := s.remote.(Challenger).Challenge(s, right)
		return s.request(r), proof
	}
	good, proof := ask(true)
	answer := s.received(c, good)
	if string(answer.Body) != proof {
		s.Errorf("the challenge was answered with %q, want %q", answer.Body, proof)
	}
	if len(answer.Page.Mentions)+len(answer.Page.Own) > 0 {
		s.Errorf("a challenge brought %+v", answer.Page)
	}
	bad, _ := ask(false)
	s.refused(c, "a challenge with a wrong token", bad, connectors.BadAuth)
	head := good.head.Clone(s.Context())
	head.URL.RawQuery = ""
	s.refused(c, "a challenge that asks nothing", request{head: head, body: good.body}, connectors.BadAuth)
}

func (s *scene) staleDelivery() {
	c := s.connect()
	id := s.remote.Post(s, "te laat")
	for _, off := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		r := s.request(s.remote.(Timekeeper).NotifyAt(s, id, time.Now().Add(off)))
		s.refused(c, "a delivery signed at another time", r, connectors.Stale)
	}
}

// intake is a real runner over a real inbox for the scene's connector.
type intake struct {
	*scene
	rig    *approvaltest.Rig
	runner *connectors.Runner
}

func (s *scene) intake(c connectors.Connector) *intake {
	s.Helper()
	rig := approvaltest.New(s)
	live := connectors.Live{Account: s.account(), Connector: c}
	return &intake{s, rig, connectors.NewRunner(connectors.RunnerOptions{Inbox: rig.Box, Observer: rig.Approvals}, live)}
}

// deliver hands a request to the runner, which must take it in.
func (i *intake) deliver(r request) {
	i.Helper()
	ctx, cancel := context.WithTimeout(i.Context(), callLimit)
	defer cancel()
	if _, err := i.runner.Receive(accountName, r.arrive(ctx)); err != nil {
		i.Errorf("Receive: %v (%s)", err, fault.CodeOf(err))
	}
}

// poll takes in a page that was polled.
func (i *intake) poll(want inbox.Ingested, items ...inbox.Inbound) {
	i.Helper()
	got, err := i.rig.Box.Ingest(i.Context(), accountName, items, inbox.Cursor("polled"))
	if err != nil {
		i.Fatal(err)
	}
	if got != want {
		i.Errorf("what a poll brings counts as %+v, want %+v: the delivery and the poll do not agree", got, want)
	}
}

// counts demands what the deliveries together were.
func (i *intake) counts(want inbox.Ingested) {
	i.Helper()
	h := i.runner.Health()[0]
	got := inbox.Ingested{New: int(h.New), Edited: int(h.Edited), Deleted: int(h.Deleted), Duplicates: int(h.Duplicates), Quarantined: int(h.Quarantined)}
	if got != want {
		i.Errorf("the deliveries count as %+v, want %+v", got, want)
	}
}

func (i *intake) changes() uint64 {
	h := i.runner.Health()[0]
	return h.New + h.Edited + h.Deleted + h.Quarantined
}

func (i *intake) mention(externalID string) *inbox.Mention {
	i.Helper()
	var m *inbox.Mention
	if err := i.rig.DB.View(i.Context(), func(tx *store.Tx) (err error) {
		m, _, err = i.rig.Box.MentionByExternal(tx, accountName, externalID)
		return err
	}); err != nil || m == nil {
		i.Fatalf("the mention %s: %v, %v", externalID, m, err)
	}
	return m
}
