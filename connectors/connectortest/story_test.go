package connectortest_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/inbox"
)

var (
	_ connectors.Outbox   = (*approval.Approvals)(nil)
	_ connectors.Observer = (*approval.Approvals)(nil)
	_ connectors.Intake   = (*inbox.Inbox)(nil)
)

// desk is a real store with a real runner and dispatcher on the guestbook.
type desk struct {
	*testing.T
	rig    *approvaltest.Rig
	remote *remote
	live   connectors.Live
	// sending is how the dispatcher of run sends.
	sending connectors.DispatcherOptions
}

func newDesk(t *testing.T) *desk {
	d := &desk{T: t, rig: approvaltest.New(t), remote: newRemote(t, "").(*remote)}
	account := connectors.Account{Name: "plein", Kind: "guestbook", PollEvery: 20 * time.Millisecond, Backfill: time.Hour, Log: slog.New(slog.DiscardHandler)}
	d.sending = connectors.DispatcherOptions{Outbox: d.rig.Approvals, SettleAfter: 50 * time.Millisecond}
	d.live = connectors.Live{Account: account, Connector: d.remote.Connect(t, account)}
	return d
}

// run runs a daemon's two loops around f.
func (d *desk) run(f func()) {
	d.T.Helper()
	runner := connectors.NewRunner(connectors.RunnerOptions{Inbox: d.rig.Box, Observer: d.rig.Approvals}, d.live)
	dispatcher := connectors.NewDispatcher(d.sending, d.live)
	if err := errors.Join(dispatcher.Start(d.Context()), runner.Start(d.Context())); err != nil {
		d.Fatal(err)
	}
	f()
	ctx, cancel := context.WithTimeout(d.Context(), time.Minute)
	defer cancel()
	if err := errors.Join(runner.Stop(ctx), dispatcher.Stop(ctx), connectors.CloseAll(ctx, []connectors.Live{d.live})); err != nil {
		d.Error(err)
	}
}

// conversation waits until the customer's post has come in.
func (d *desk) conversation(externalID string) *inbox.Conversation {
	d.T.Helper()
	var found *inbox.Conversation
	d.within("the post "+externalID+" comes in", func() bool {
		list, err := d.rig.Box.List(d.Context(), inbox.Filter{Account: "plein"}, "", 10)
		if err != nil {
			d.Fatal(err)
		}
		for _, c := range list.Items {
			if c.Thread == externalID {
				found = c
			}
		}
		return found != nil
	})
	return found
}

func (d *desk) within(what string, ok func() bool) {
	d.T.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); !ok(); <-tick.C {
		if time.Now().After(end) {
			d.Fatalf("not in time: %s", what)
		}
	}
}

func (d *desk) official(p *approval.View, externalID, text string) {
	d.T.Helper()
	d.within("the answer is official", func() bool { return d.rig.Get(p).Official() })
	if got := d.remote.Answers(d, externalID); len(got) != 1 || got[0] != text {
		d.Errorf("in the book stand %q, want %q once", got, text)
	}
	d.rig.Replay()
}

const answer = "Dag Eva, uw pakket komt morgen. 👨‍👩‍👧"

func TestFromTheBookToAnOfficialAnswer(t *testing.T) {
	d := newDesk(t)
	d.run(func() {
		id := d.remote.Post(t, "Waar blijft mijn pakket?")
		p := d.rig.Queued(d.conversation(id), answer)
		d.official(p, id, answer)
		if outside, _, err := d.rig.Approvals.PublishedOutside(t.Context(), "", 10); err != nil || len(outside) > 0 {
			t.Errorf("our own answer counts as published outside: %v, %v", outside, err)
		}
	})
}

func TestAnAcceptedPostWithoutAnAnswerIsSettledByReadingBack(t *testing.T) {
	d := newDesk(t)
	d.run(func() {
		id := d.remote.Post(t, "Waar blijft mijn pakket?")
		c := d.conversation(id)
		d.remote.Break(t, connectortest.AcceptedNoAnswer)
		p := d.rig.Queued(c, answer)
		d.within("the post stands there", func() bool { return len(d.remote.Answers(t, id)) == 1 })
		d.rig.State(p, approval.Sending)
		d.remote.Mend(t) // the connection ends without an answer
		d.official(p, id, answer)
	})
}

// A daemon that was killed between accepting and recording leaves "sending"; the
// next one finds the post and sends nothing.
func TestAKilledDaemonsPostIsFoundByTheNext(t *testing.T) {
	d := newDesk(t)
	id := d.remote.Post(t, "Waar blijft mijn pakket?")
	page, err := d.live.Connector.Poll(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := d.rig.Queued(d.rig.Ingest("plein", page.Mentions[0]), answer)
	if _, err := d.live.Connector.(connectors.Publisher).Publish(t.Context(), d.rig.Claim()); err != nil {
		t.Fatal(err)
	}
	d.rig.State(p, approval.Sending)
	d.run(func() { d.official(p, id, answer) })
}

func TestAnOutageIsACertainFailureThatIsQueuedAgain(t *testing.T) {
	d := newDesk(t)
	d.sending.Backoff = connectors.Backoff{First: time.Hour, Most: time.Hour}
	d.run(func() {
		id := d.remote.Post(t, "Waar blijft mijn pakket?")
		c := d.conversation(id)
		d.remote.Break(t, connectortest.Refused)
		p := d.rig.Queued(c, answer)
		d.within("the failure is recorded", func() bool { return d.rig.Get(p).Failure != nil })
		v := d.rig.State(p, approval.Queued)
		if v.Failure.Kind != string(connectors.Temporary) || !v.Failure.Retryable || !v.Due.After(time.Now()) {
			t.Errorf("failure %+v, due %v", v.Failure, v.Due)
		}
		d.remote.Mend(t)
		if got := d.remote.Answers(t, id); len(got) > 0 {
			t.Errorf("in the book stand %q", got)
		}
	})
}
