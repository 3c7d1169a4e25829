package inbox_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/inbox"
	"standpunt/people"
	"standpunt/store"
)

func TestSnoozedConversationsWakeByTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		anna := r.as("anna", people.Agent)
		for i := range 3 {
			e := fmt.Sprint(i)
			r.ingest("", inbox.Ingested{New: 1}, post(e, "a question", i))
			until := time.Now().Add(time.Duration(i+1) * time.Hour)
			_, err := r.box.Change(t.Context(), anna, r.conversation(e).ID, inbox.Change{SnoozedUntil: &until})
			r.must(err)
		}
		for woken := range 3 {
			next, err := r.box.WakeSnoozed(t.Context())
			r.must(err)
			if n := len(r.all(inbox.Filter{States: []inbox.State{inbox.Open}}, 10)); n != woken {
				t.Fatalf("%d conversations are awake, want %d", n, woken)
			}
			if wait := time.Until(next); wait <= 0 || wait > time.Hour {
				t.Fatalf("the next one wakes in %v", wait)
			}
			time.Sleep(time.Until(next)) // the bubble's clock, no real time
		}
		next, err := r.box.WakeSnoozed(t.Context())
		r.must(err)
		if !next.IsZero() {
			t.Fatalf("nobody is snoozed, and the next wakes at %v", next)
		}
		if top := r.all(inbox.Filter{}, 10)[0]; top.Thread != "t-2" || top.State != inbox.Open || !top.SnoozedUntil.IsZero() {
			t.Fatalf("on top of the list is %+v", top)
		}
		events := r.entries("conversation.state_changed")
		if last := events[len(events)-1]; len(events) != 6 || last.Actor != "system" || last.From != "snoozed" || last.To != "open" {
			t.Fatalf("the events are %+v", events)
		}
	})
}

func TestAnsweredWaitsForTheCustomer(t *testing.T) {
	r := newRig(t)
	r.ingest("", inbox.Ingested{New: 2}, inThread("t", post("1", "a question", 0)), inThread("t", post("2", "and?", 5)))
	r.ingest("", inbox.Ingested{New: 1}, post("other", "something else", 0))
	v := r.conversation("1").ID
	answer := func(at time.Time) *inbox.Conversation {
		r.update(func(tx *store.Tx) error { return r.box.Answered(tx, v, at) })
		return r.conversation("1")
	}
	// The second question came after the answer to the first was published.
	if c := answer(noon.Add(2 * time.Minute)); c.State != inbox.Open || !c.AwaitingSince.Equal(noon.Add(5*time.Minute)) {
		t.Fatalf("with a later question it is %s since %v", c.State, c.AwaitingSince)
	}
	if c := answer(noon.Add(10 * time.Minute)); c.State != inbox.Waiting || !c.AwaitingSince.IsZero() {
		t.Fatalf("answered, it is %s since %v", c.State, c.AwaitingSince)
	}
	if top := r.all(inbox.Filter{}, 10)[0]; top.ID != v {
		t.Fatal("an answered conversation is not on top")
	}
	if n := len(r.entries("conversation.state_changed")); n != 1 {
		t.Fatalf("%d changes of state are recorded, want 1", n)
	}
}

func TestCountsStopAtTheirCap(t *testing.T) {
	r := newRig(t)
	anna := r.as("anna", people.Agent)
	r.update(func(tx *store.Tx) error { return r.box.PutAccount(tx, &inbox.AccountRecord{Name: shop, Kind: "push"}) })
	var items []inbox.Inbound
	for i := range inbox.MostCounted + 50 {
		items = append(items, post(fmt.Sprint(i), "a question", i))
	}
	r.ingest("", inbox.Ingested{New: len(items)}, items...)
	for i := range 7 {
		change := inbox.Change{Assignee: new(anna.ID())}
		if i < 2 {
			change.State = new(inbox.Resolved)
		}
		_, err := r.box.Change(t.Context(), anna, r.conversation(fmt.Sprint(i)).ID, change)
		r.must(err)
	}
	counts, err := r.box.Counts(t.Context(), anna.ID())
	r.must(err)
	for name, want := range map[string]int{
		"open": inbox.MostCounted + 1, "resolved": 2, "waiting": 0, "mine": 5,
		"unassigned": inbox.MostCounted + 1, "awaiting": inbox.MostCounted + 1, "account:x-support": inbox.MostCounted + 1,
	} {
		if got, ok := counts[name]; !ok || got != want {
			t.Errorf("%s counts %d, want %d", name, got, want)
		}
	}
}

func TestResolvingBySlipDoesNotResetTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		anna := r.as("anna", "agent")
		r.ingest("", inbox.Ingested{New: 1}, post("1", "a question", 0))
		asked := r.conversation("1").AwaitingSince
		change := func(s inbox.State) *inbox.Conversation {
			t.Helper()
			c, err := r.box.Change(t.Context(), anna, r.conversation("1").ID, inbox.Change{State: &s})
			r.must(err)
			return c
		}
		if c := change(inbox.Resolved); !c.AwaitingSince.IsZero() {
			t.Fatalf("resolved, it waits since %s", c.AwaitingSince)
		}
		time.Sleep(5 * time.Minute)
		if c := change(inbox.Open); !c.AwaitingSince.Equal(asked) {
			t.Fatalf("taken back, it waits since %s, want %s", c.AwaitingSince, asked)
		}
		change(inbox.Resolved)
		time.Sleep(time.Hour)
		if c := change(inbox.Open); !c.AwaitingSince.Equal(time.Now()) {
			t.Fatalf("opened anew after an hour, it waits since %s", c.AwaitingSince)
		}
	})
}
