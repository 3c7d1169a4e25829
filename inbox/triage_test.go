package inbox_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/people"
	"standpunt/store"
)

func TestChangeWritesOneEventForEachDifference(t *testing.T) {
	r := newRig(t)
	anna, bert := r.as("anna", people.Agent), r.as("bert", people.Press)
	r.ingest("", inbox.Ingested{New: 1}, post("1", "a question", 0))
	c := r.conversation("1")
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	change := inbox.Change{
		Assignee: new(bert.ID()), Labels: &[]string{" vip", "klacht", "vip"}, Priority: new(inbox.Urgent),
		SnoozedUntil: &until, IfVersion: c.Version,
	}
	got, err := r.box.Change(t.Context(), anna, c.ID, change)
	r.must(err)
	stored := r.conversation("1")
	for _, c := range []*inbox.Conversation{got, stored} {
		if c.Assignee != bert.ID() || !slices.Equal(c.Labels, []string{"klacht", "vip"}) || c.Priority != inbox.Urgent ||
			c.State != inbox.Snoozed || !c.SnoozedUntil.Equal(until) {
			t.Fatalf("after the change it is %+v", c)
		}
	}
	subject := audit.Subject("conversation:" + c.ID.String())
	for _, kind := range []string{"assigned", "state_changed", "labelled", "prioritised"} {
		events := r.entries("conversation." + kind)
		if len(events) != 1 || events[0].Actor != anna.Actor() || events[0].Via != "desk" || events[0].Subject != subject {
			t.Errorf("%s: the events are %+v", kind, events)
		}
	}
	if e := r.entries("conversation.state_changed")[0]; e.From != "open" || e.To != "snoozed" {
		t.Errorf("the state went from %q to %q", e.From, e.To)
	}
	for _, e := range append(r.entries("conversation.labelled"), r.entries("conversation.assigned")...) {
		if strings.Contains(fmt.Sprint(e), "klacht") {
			t.Errorf("the log tells the label: %+v", e)
		}
	}

	change.IfVersion = 0
	again, err := r.box.Change(t.Context(), bert, c.ID, change)
	r.must(err)
	if size, err := r.log.Size(t.Context()); err != nil || again.Version != got.Version || len(r.entries("conversation.assigned")) != 1 {
		t.Fatalf("a change that changes nothing left version %d and a log of %d (%v)", again.Version, size, err)
	}
}

func TestResolvedAndReopened(t *testing.T) {
	r := newRig(t)
	anna := r.as("anna", people.Agent)
	r.ingest("", inbox.Ingested{New: 1}, post("1", "a question", 0))
	v := r.conversation("1").ID
	c, err := r.box.Change(t.Context(), anna, v, inbox.Change{State: new(inbox.Resolved)})
	r.must(err)
	if !c.AwaitingSince.IsZero() || len(r.all(inbox.Filter{Awaiting: true}, 10)) != 0 {
		t.Fatalf("a resolved conversation waits since %v", c.AwaitingSince)
	}
	c, err = r.box.Change(t.Context(), anna, v, inbox.Change{State: new(inbox.Open)})
	r.must(err)
	if !c.AwaitingSince.Equal(r.mention("1").PostedAt) || len(r.all(inbox.Filter{Awaiting: true}, 10)) != 1 {
		t.Fatalf("a reopened conversation waits since %v", c.AwaitingSince)
	}
}

func TestFaultyChangesAreRefused(t *testing.T) {
	r := newRig(t)
	anna := r.as("anna", people.Agent)
	mara := r.as("mara", people.Manager)
	r.ingest("", inbox.Ingested{New: 1}, post("1", "a question", 0))
	c := r.conversation("1")
	past, future := time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	many := make([]string, 33)
	for i := range many {
		many[i] = fmt.Sprint("label", i)
	}
	for name, x := range map[string]struct {
		c    inbox.Change
		code fault.Code
	}{
		"stale":            {inbox.Change{Priority: new(inbox.Low), IfVersion: c.Version + 1}, fault.Conflict},
		"unknown state":    {inbox.Change{State: new(inbox.State("done"))}, fault.InvalidInput},
		"unknown priority": {inbox.Change{Priority: new(inbox.Priority("max"))}, fault.InvalidInput},
		"no snooze time":   {inbox.Change{State: new(inbox.Snoozed)}, fault.InvalidInput},
		"snooze ended":     {inbox.Change{State: new(inbox.Snoozed), SnoozedUntil: &past}, fault.InvalidInput},
		"time for open":    {inbox.Change{State: new(inbox.Open), SnoozedUntil: &future}, fault.InvalidInput},
		"empty label":      {inbox.Change{Labels: &[]string{" "}}, fault.InvalidInput},
		"hidden label":     {inbox.Change{Labels: &[]string{"a\u202eb"}}, fault.InvalidInput},
		"long label":       {inbox.Change{Labels: &[]string{strings.Repeat("x", 65)}}, fault.InvalidInput},
		"many labels":      {inbox.Change{Labels: &many}, fault.InvalidInput},
		"nobody":           {inbox.Change{Assignee: &people.ID{7}}, fault.InvalidInput},
		"a manager":        {inbox.Change{Assignee: new(mara.ID())}, fault.InvalidInput},
	} {
		if _, err := r.box.Change(t.Context(), anna, c.ID, x.c); fault.CodeOf(err) != x.code {
			t.Errorf("%s: got %v, want %s", name, err, x.code)
		}
	}
	_, err := r.box.Change(t.Context(), anna, id.New[inbox.Conversation](), inbox.Change{Priority: new(inbox.Low)})
	r.wantCode(err, fault.NotFound)
	if now := r.conversation("1"); now.Version != c.Version {
		t.Fatalf("refused changes left %+v", now)
	}
}

func TestWhoMayTriage(t *testing.T) {
	r := newRig(t)
	r.ingest("", inbox.Ingested{New: 1}, post("1", "a question", 0))
	v := r.conversation("1").ID
	for login, x := range map[string]struct {
		roles []people.Role
		code  fault.Code
	}{
		"anna": {[]people.Role{people.Agent}, ""},
		"bert": {[]people.Role{people.Press}, ""},
		"both": {[]people.Role{people.Admin, people.Agent}, ""},
		"mara": {[]people.Role{people.Manager}, fault.Forbidden},
		"ada":  {[]people.Role{people.Admin, people.Manager}, fault.Forbidden},
	} {
		by := r.as(login, x.roles...)
		_, err := r.box.AddNote(t.Context(), by, v, "seen by "+login)
		r.wantCode(err, x.code)
		_, err = r.box.Change(t.Context(), by, v, inbox.Change{Labels: &[]string{login}})
		r.wantCode(err, x.code)
		if x.code != "" {
			_, err = r.box.TakeNext(t.Context(), by)
			r.wantCode(err, x.code)
		}
	}
	_, err := r.box.AddNote(t.Context(), people.Principal{}, v, "nobody")
	r.wantCode(err, fault.Unauthenticated)

	// A right that was taken away since signing in is gone.
	piet := r.as("piet", people.Agent)
	r.update(func(tx *store.Tx) error { return r.staff.SetEnabled(tx, people.NewMandate("test"), piet.ID(), false) })
	if _, err := r.box.AddNote(t.Context(), piet, v, "still here?"); err == nil {
		t.Fatal("a disabled person still writes notes")
	}
}

func TestNotesStayInsideAndInOrder(t *testing.T) {
	r := newRig(t)
	anna := r.as("anna", people.Agent)
	r.ingest("", inbox.Ingested{New: 1}, post("1", "a question", 0))
	v := r.conversation("1").ID
	for _, text := range []string{"  first\n", "second"} {
		_, err := r.box.AddNote(t.Context(), anna, v, text)
		r.must(err)
	}
	thread, err := r.box.Thread(t.Context(), v)
	r.must(err)
	if len(thread.Notes) != 2 || thread.Notes[0].Text != "first" || thread.Notes[1].Text != "second" ||
		thread.Notes[0].Author != anna.ID() {
		t.Fatalf("the notes are %+v", thread.Notes)
	}
	events := r.entries("conversation.noted")
	if len(events) != 2 || events[0].Digest == (audit.Commitment{}) || strings.Contains(fmt.Sprint(events), "first") {
		t.Fatalf("the events are %+v", events)
	}
	r.view(func(tx *store.Tx) error {
		_, _, payload, ok, err := r.log.Sealed(tx, events[0].Digest)
		if err == nil && (!ok || string(payload) != "first") {
			err = fmt.Errorf("the event commits to %q", payload)
		}
		return err
	})
	_, err = r.box.AddNote(t.Context(), anna, v, " \n")
	r.wantCode(err, fault.EmptyText)
	_, err = r.box.AddNote(t.Context(), anna, v, strings.Repeat("x", 65<<10))
	r.wantCode(err, fault.TextTooLong)
}

func TestTakeNextHandsOutTheMostUrgentOnce(t *testing.T) {
	r := newRig(t)
	anna := r.as("anna", people.Agent)
	for i, priority := range []inbox.Priority{inbox.Low, inbox.Normal, inbox.High, inbox.Normal, inbox.Urgent} {
		e := fmt.Sprint(i)
		r.ingest("", inbox.Ingested{New: 1}, post(e, "a question", 10-i))
		_, err := r.box.Change(t.Context(), anna, r.conversation(e).ID, inbox.Change{Priority: &priority})
		r.must(err)
	}
	var mu sync.Mutex
	var group sync.WaitGroup
	taken := map[string]bool{}
	for _, login := range []string{"bea", "bob"} {
		by := r.as(login, people.Agent)
		group.Go(func() {
			c, err := r.box.TakeNext(t.Context(), by)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || c.Assignee != by.ID() {
				t.Errorf("%s took %+v: %v", login, c, err)
				return
			}
			taken[c.Thread] = true
		})
	}
	group.Wait()
	if !taken["t-4"] || !taken["t-2"] {
		t.Fatalf("two people took %v, want the urgent and the high one", taken)
	}
	for _, want := range []string{"t-3", "t-1", "t-0"} { // then who waits longest, then the low one
		c, err := r.box.TakeNext(t.Context(), anna)
		r.must(err)
		if c.Thread != want {
			t.Fatalf("took %s, want %s", c.Thread, want)
		}
	}
	_, err := r.box.TakeNext(t.Context(), anna)
	r.wantCode(err, fault.NotFound)
}

func TestAccountsAreRecorded(t *testing.T) {
	r := newRig(t)
	a := &inbox.AccountRecord{Name: shop, Kind: "sandbox", BaseURL: "http://127.0.0.1:1", RemoteID: "brand"}
	r.update(func(tx *store.Tx) error { return r.box.PutAccount(tx, a) })
	r.update(func(tx *store.Tx) error { return r.box.PutAccount(tx, a) })
	r.must(r.box.SetHealth(t.Context(), shop, inbox.Health{Trouble: "unavailable", Message: "It is down."}))
	a.Accepted = true // in a record that knows nothing of the trouble
	r.update(func(tx *store.Tx) error { return r.box.PutAccount(tx, a) })
	all, err := r.box.Accounts(t.Context())
	r.must(err)
	a.Health = inbox.Health{Trouble: "unavailable", Message: "It is down."}
	if len(all) != 1 || *all[0] != *a {
		t.Fatalf("the accounts are %+v", all)
	}
	events := r.entries("account.recorded")
	if len(events) != 2 || events[0].To != "receives only" || events[1].From != "receives only" || events[1].To != "accepted" {
		t.Fatalf("the events are %+v", events)
	}
	r.wantCode(r.box.SetHealth(t.Context(), "nobody", inbox.Health{}), fault.NotFound)
}
