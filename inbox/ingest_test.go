package inbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/store"
)

func TestPageCommitsWithItsCursorAndOneEvent(t *testing.T) {
	r := newRig(t)
	r.ingest("c1", inbox.Ingested{New: 2}, post("1", "Waar blijft mijn pakket?", 0), post("2", "Where is it?", 1))
	cursor, err := r.box.Cursor(t.Context(), shop)
	r.must(err)
	if string(cursor) != "c1" {
		t.Fatalf("the cursor is %q, want c1", cursor)
	}
	events := r.entries("inbox.ingested")
	if len(events) != 1 || events[0].Facts["new"] != "2" || events[0].Subject != "account:x-support" {
		t.Fatalf("one page has the events %+v", events)
	}
	r.view(func(tx *store.Tx) error {
		leaves, ok := r.box.Page(tx, events[0].Number)
		if !ok || len(leaves) != 2 || inbox.PageRoot(leaves) != events[0].Digest {
			return fmt.Errorf("the event's digest is not the root over its %d mentions", len(leaves))
		}
		return nil
	})
	c := r.conversation("1")
	if c.State != inbox.Open || c.Language != "nl" || !c.AwaitingSince.Equal(noon) || c.Mentions != 1 ||
		c.Priority != inbox.Normal || c.Excerpt != "Waar blijft mijn pakket?" {
		t.Fatalf("the conversation is %+v", c)
	}
}

func TestDuplicatePageMovesTheCursorAndNothingElse(t *testing.T) {
	r := newRig(t)
	items := []inbox.Inbound{post("1", "one", 0), post("2", "two", 1)}
	r.ingest("c1", inbox.Ingested{New: 2}, items...)
	before := r.conversation("1")
	slices.Reverse(items)
	r.ingest("c2", inbox.Ingested{Duplicates: 2}, items...)
	r.ingest("c2", inbox.Ingested{})
	r.ingest("c3", inbox.Ingested{})
	cursor, err := r.box.Cursor(t.Context(), shop)
	r.must(err)
	if string(cursor) != "c3" {
		t.Fatalf("the cursor is %q, want c3", cursor)
	}
	if after := r.conversation("1"); after.Version != before.Version || after.Rank != before.Rank {
		t.Fatalf("a duplicate changed the conversation: %+v, then %+v", before, after)
	}
	if n := len(r.entries("inbox.ingested")); n != 1 {
		t.Fatalf("%d events for one page that changed something", n)
	}
}

func TestNilCursorLeavesTheCursor(t *testing.T) {
	r := newRig(t)
	r.ingest("c1", inbox.Ingested{New: 1}, post("1", "one", 0))
	r.ingest("", inbox.Ingested{New: 1}, post("2", "two", 0))
	cursor, err := r.box.Cursor(t.Context(), shop)
	r.must(err)
	if string(cursor) != "c1" {
		t.Fatalf("a webhook's page moved the cursor to %q", cursor)
	}
}

// A source may deliver anything any number of times and in any order: what the
// inbox holds in the end is the same.
func TestExactlyOnceUnderDuplicatesAndReordering(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			r := newRig(t)
			var stream []inbox.Inbound
			for i := range 120 {
				p := inThread(fmt.Sprintf("t%d", i%17), post(fmt.Sprint(i), fmt.Sprintf("first text %d", i), i))
				stream = append(stream, p, p)
				if i%5 == 0 {
					p.Text, p.EditedAt = fmt.Sprintf("second text %d", i), p.PostedAt.Add(time.Minute)
					stream = append(stream, p)
				}
			}
			random.Shuffle(len(stream), func(i, j int) { stream[i], stream[j] = stream[j], stream[i] })
			news := 0
			for len(stream) > 0 {
				n := min(1+random.IntN(20), len(stream))
				got, err := r.box.Ingest(t.Context(), shop, stream[:n], nil)
				r.must(err)
				if sum := got.New + got.Edited + got.Duplicates; sum != n {
					t.Fatalf("%d items were counted as %d: %+v", n, sum, got)
				}
				news += got.New
				stream = stream[n:]
			}
			if news != 120 {
				t.Fatalf("%d mentions are new, want 120", news)
			}
			for i := range 120 {
				want := fmt.Sprintf("first text %d", i)
				if i%5 == 0 {
					want = fmt.Sprintf("second text %d", i)
				}
				if m := r.mention(fmt.Sprint(i)); m.Text != want {
					t.Fatalf("mention %d says %q, want %q", i, m.Text, want)
				}
			}
			total := 0
			for _, c := range r.all(inbox.Filter{}, 7) {
				thread, err := r.box.Thread(t.Context(), c.ID)
				r.must(err)
				if !slices.IsSortedFunc(thread.Mentions, func(a, b *inbox.Mention) int { return a.PostedAt.Compare(b.PostedAt) }) {
					t.Fatal("a thread is not in the order of the platform's times")
				}
				if newest := thread.Mentions[len(thread.Mentions)-1]; c.Excerpt != newest.Text {
					t.Fatalf("the excerpt is %q, the newest mention says %q", c.Excerpt, newest.Text)
				}
				if !c.AwaitingSince.Equal(thread.Mentions[0].PostedAt) {
					t.Fatalf("the oldest mention is of %v, awaited since %v", thread.Mentions[0].PostedAt, c.AwaitingSince)
				}
				total += len(thread.Mentions)
			}
			if total != 120 {
				t.Fatalf("the threads hold %d mentions, want 120", total)
			}
		})
	}
}

func TestConcurrentPagesKeepEveryMentionOnce(t *testing.T) {
	r := newRig(t)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 25 {
				items := []inbox.Inbound{
					inThread("shared", post(fmt.Sprintf("own-%d-%d", worker, i), "a text", i)),
					inThread("shared", post(fmt.Sprintf("both-%d", i), "a text", i)),
				}
				if _, err := r.box.Ingest(t.Context(), shop, items, inbox.Cursor(fmt.Sprint(worker, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Go(func() {
		for range 10 {
			if err := r.box.MergeSegments(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	group.Wait()
	list := r.all(inbox.Filter{Words: "texts"}, 50)
	if len(list) != 1 || list[0].Mentions != 4*25+25 {
		t.Fatalf("the thread is %d conversations, the first with %+v", len(list), list)
	}
}

func TestUpstreamEditKeepsWhatWasSaid(t *testing.T) {
	r := newRig(t)
	var told []string
	r.box.OnUpstreamChange(func(tx *store.Tx, m *inbox.Mention) error {
		again, err := r.box.Mention(tx, m.ID)
		if err == nil {
			told = append(told, again.Text)
		}
		return err
	})
	r.ingest("", inbox.Ingested{New: 1}, post("1", "You are crooks", 0))
	rank := r.conversation("1").Rank
	edited := post("1", "You are kind", 0)
	edited.EditedAt = noon.Add(time.Hour)
	r.ingest("", inbox.Ingested{Edited: 1}, edited)
	r.ingest("", inbox.Ingested{Duplicates: 2}, edited, post("1", "You are crooks", 0))

	m := r.mention("1")
	if m.Text != "You are kind" || len(m.Earlier) != 1 || m.Earlier[0].Text != "You are crooks" ||
		!m.Earlier[0].Until.Equal(edited.EditedAt) {
		t.Fatalf("after the edit the mention is %+v", m)
	}
	if c := r.conversation("1"); c.Excerpt != "You are kind" || c.Rank != rank || c.Mentions != 1 {
		t.Fatalf("after the edit the conversation is %+v", c)
	}
	if !slices.Equal(told, []string{"You are kind"}) {
		t.Fatalf("who asked to know was told %q", told)
	}
	if found := r.all(inbox.Filter{Words: "crooks"}, 10); len(found) != 0 {
		t.Fatal("the old text is still found")
	}
	if found := r.all(inbox.Filter{Words: "kind"}, 10); len(found) != 1 {
		t.Fatalf("the new text is found %d times", len(found))
	}
	r.view(func(tx *store.Tx) error {
		seals, err := r.box.Seals(tx, m.ID)
		if err != nil || len(seals) != 2 {
			return fmt.Errorf("the mention has %d seals: %w", len(seals), err)
		}
		for i, s := range seals {
			leaves, _ := r.box.Page(tx, s.Entry)
			if audit.Commit(inbox.MentionDomain, s.Salt, s.Payload) != s.Commitment || leaves[s.Leaf] != s.Commitment {
				return fmt.Errorf("version %d does not prove itself", i)
			}
		}
		if !bytes.Contains(seals[0].Payload, []byte("crooks")) || bytes.Contains(seals[1].Payload, []byte("crooks")) {
			return errors.New("the versions hold the wrong texts")
		}
		return nil
	})
}

func TestUpstreamDeletionMarksAndStays(t *testing.T) {
	r := newRig(t)
	var deleted int
	r.box.OnUpstreamChange(func(_ *store.Tx, m *inbox.Mention) error {
		if !m.DeletedAt.IsZero() {
			deleted++
		}
		return nil
	})
	gone := func(id string) inbox.Inbound { return inbox.Inbound{ExternalID: id, Deleted: true} }
	r.ingest("", inbox.Ingested{New: 2, Deleted: 1}, gone("2"), post("1", "I ask", 0), post("2", "I err", 1))
	r.ingest("", inbox.Ingested{Deleted: 1}, gone("1"))
	late := post("1", "I ask again", 0)
	late.EditedAt = noon.Add(time.Hour)
	r.ingest("", inbox.Ingested{Duplicates: 2}, gone("1"), late)
	if m := r.mention("1"); m.DeletedAt.IsZero() || m.Text != "I ask" {
		t.Fatalf("after the deletion the mention is %+v", m)
	}
	if deleted != 2 {
		t.Fatalf("who asked to know was told of %d deletions, want 2", deleted)
	}
}

func TestNobodyWaitsForAnAnswerToADeletedMention(t *testing.T) {
	r := newRig(t)
	r.ingest("", inbox.Ingested{New: 2}, inThread("t", post("1", "a question", 0)), inThread("t", post("2", "and another", 5)))
	first, second := r.conversation("1").AwaitingSince, r.mention("2").PostedAt
	if !first.Equal(r.mention("1").PostedAt) {
		t.Fatalf("waiting since %s", first)
	}
	gone := func(id string) inbox.Inbound { return inbox.Inbound{ExternalID: id, Deleted: true} }
	r.ingest("", inbox.Ingested{Deleted: 1}, gone("1"))
	if since := r.conversation("2").AwaitingSince; !since.Equal(second) {
		t.Fatalf("after one deletion waiting since %s, want %s", since, second)
	}
	r.ingest("", inbox.Ingested{Deleted: 1}, gone("2"))
	if since := r.conversation("2").AwaitingSince; !since.IsZero() {
		t.Fatalf("after both deletions waiting since %s", since)
	}
}

func TestRefusalOfAHookKeepsThePageOut(t *testing.T) {
	r := newRig(t)
	r.ingest("c1", inbox.Ingested{New: 1}, post("1", "old", 0))
	r.box.OnUpstreamChange(func(*store.Tx, *inbox.Mention) error { return fault.New(fault.Unavailable, "not now") })
	_, err := r.box.Ingest(t.Context(), shop, []inbox.Inbound{post("1", "new", 0), post("2", "other", 0)}, inbox.Cursor("c2"))
	r.wantCode(err, fault.Unavailable)
	cursor, err := r.box.Cursor(t.Context(), shop)
	r.must(err)
	if m := r.mention("1"); m.Text != "old" || string(cursor) != "c1" || len(r.all(inbox.Filter{}, 10)) != 1 {
		t.Fatalf("a refused page left %q and the cursor %q", m.Text, cursor)
	}
}

func TestNewMentionOpensAgain(t *testing.T) {
	r := newRig(t)
	anna := r.as("anna", "agent")
	for i, state := range []inbox.State{inbox.Resolved, inbox.Waiting, inbox.Snoozed} {
		first, second := fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i)
		r.ingest("", inbox.Ingested{New: 1}, inThread(first, post(first, "a question", i)))
		change := inbox.Change{State: &state}
		if state == inbox.Snoozed {
			change.SnoozedUntil = new(time.Now().Add(time.Hour))
		}
		was, err := r.box.Change(t.Context(), anna, r.conversation(first).ID, change)
		r.must(err)
		r.ingest("", inbox.Ingested{New: 1}, inThread(first, post(second, "another question", i+60)))
		c := r.conversation(second)
		if c.ID != was.ID || c.State != inbox.Open || !c.SnoozedUntil.IsZero() || c.Version <= was.Version ||
			c.Excerpt != "another question" || c.Rank <= was.Rank {
			t.Fatalf("after %s and a new mention the conversation is %+v", state, c)
		}
		wantSince := noon.Add(time.Duration(i) * time.Minute)
		if state == inbox.Resolved { // what was resolved waits no longer
			wantSince = noon.Add(time.Duration(i+60) * time.Minute)
		}
		if !c.AwaitingSince.Equal(wantSince) {
			t.Fatalf("after %s it is awaited since %v, want %v", state, c.AwaitingSince, wantSince)
		}
	}
}

func TestPrivateAndPublicNeverShareAConversation(t *testing.T) {
	r := newRig(t)
	open, closed := inThread("t", post("1", "hello", 0)), inThread("t", post("2", "my number is 5", 1))
	closed.Visibility = inbox.Private
	other := inThread("t", post("3", "me too", 2))
	other.Author.ExternalID = "piet"
	r.ingest("", inbox.Ingested{New: 3}, open, closed, other)
	ids := map[inbox.ConversationID]bool{}
	for _, e := range []string{"1", "2", "3"} {
		ids[r.conversation(e).ID] = true
	}
	if len(ids) != 3 {
		t.Fatalf("a public post, a private one and another customer's share %d conversations", len(ids))
	}
}

func TestAnswerWithoutThreadJoinsItsParent(t *testing.T) {
	r := newRig(t)
	child := inThread("", post("2", "and?", 1))
	child.InReplyTo = "1"
	r.ingest("", inbox.Ingested{New: 2}, inThread("", post("1", "hm", 0)), child)
	if r.conversation("1").ID != r.conversation("2").ID {
		t.Fatal("an answer to a post does not stand in its conversation")
	}
}

func TestBackDatedPostComesOutOnTop(t *testing.T) {
	r := newRig(t)
	r.ingest("", inbox.Ingested{New: 2}, post("1", "one", 0), post("2", "two", 10))
	r.ingest("", inbox.Ingested{New: 1}, post("3", "old but new to us", -10_000))
	var order []string
	for _, c := range r.all(inbox.Filter{}, 10) {
		order = append(order, c.Thread)
	}
	if !slices.Equal(order, []string{"t-3", "t-2", "t-1"}) {
		t.Fatalf("the list shows %v", order)
	}
}

func TestBadItemsGoToTheQuarantineAndTheRestComesIn(t *testing.T) {
	r := newRig(t)
	nameless, long, strange, hidden := post("", "no id", 0), post(strings.Repeat("x", 513), "long", 0), post("\xff", "bytes", 0), post("4", "?", 0)
	nobody := post("5", "nobody", 0)
	nobody.Author = inbox.Author{}
	hidden.Visibility = "secret"
	page := []inbox.Inbound{nameless, post("1", "fine", 0), long, strange, hidden, nobody, post("2", "fine too", 0)}
	r.ingest("c1", inbox.Ingested{New: 2, Quarantined: 5}, page...)
	r.ingest("c2", inbox.Ingested{Duplicates: 7}, page...)
	kept, err := r.box.Quarantine(t.Context())
	r.must(err)
	if len(kept) != 5 {
		t.Fatalf("%d items are in the quarantine, want 5", len(kept))
	}
	for _, q := range kept {
		if q.Reason == "" || q.Account != shop || !bytes.Contains(q.Raw, []byte(`"Text"`)) {
			t.Errorf("quarantined without reason or content: %+v", q)
		}
	}
	if e := r.entries("inbox.ingested"); len(e) != 1 || e[0].Facts["quarantined"] != "5" {
		t.Fatalf("the events are %+v", e)
	}
}

func TestQuarantineKeepsTheNewest(t *testing.T) {
	r := newRig(t)
	for i := range 12 {
		var items []inbox.Inbound
		for j := range 100 {
			items = append(items, post("", fmt.Sprint(i, "-", j), 0))
		}
		r.ingest("", inbox.Ingested{Quarantined: 100}, items...)
	}
	kept, err := r.box.Quarantine(t.Context())
	r.must(err)
	if len(kept) != 1000 || !bytes.Contains(kept[0].Raw, []byte("11-")) {
		t.Fatalf("%d items are kept, the newest is %s", len(kept), kept[0].Raw)
	}
}

func TestRepairsAreNoted(t *testing.T) {
	r := newRig(t)
	broken := post("1", "caf\xe9 "+strings.Repeat("é", 200_000), 0)
	broken.PostedAt = time.Now().Add(48 * time.Hour)
	broken.URL = "https://x.test/" + strings.Repeat("a", 3000)
	r.ingest("", inbox.Ingested{New: 1}, broken)
	m := r.mention("1")
	if len(m.Text) > 256<<10 || !strings.HasSuffix(m.Text, "[…]") || !strings.HasPrefix(m.Text, "caf\uFFFD ") {
		t.Fatalf("the text has %d bytes and begins with %q", len(m.Text), m.Text[:10])
	}
	if m.URL != "" || m.PostedAt.After(time.Now()) || len(m.Repairs) != 4 {
		t.Fatalf("posted %v at %q with the notes %q", m.PostedAt, m.URL, m.Repairs)
	}
	decomposed := "cafe\u0301"
	r.ingest("", inbox.Ingested{New: 1}, post("2", decomposed, 0))
	if m := r.mention("2"); m.Text != decomposed || m.Repairs != nil {
		t.Fatalf("a sound text was changed to %+q, %q", m.Text, m.Repairs)
	}
}

func TestAccountNameIsChecked(t *testing.T) {
	r := newRig(t)
	for _, name := range []inbox.AccountName{"", "a\nb", inbox.AccountName(strings.Repeat("a", 101))} {
		_, err := r.box.Ingest(t.Context(), name, []inbox.Inbound{post("1", "x", 0)}, nil)
		r.wantCode(err, fault.InvalidInput)
	}
}

func TestPayloadTellsEveryDifferenceApart(t *testing.T) {
	base := func() *inbox.Mention {
		return &inbox.Mention{
			Account: shop, ExternalID: "1", Thread: "t", Author: inbox.Author{ExternalID: "e"}, Text: "ab", Subject: "c",
			Visibility: inbox.Public, PostedAt: noon, Route: []inbox.Field{{Name: "to", Value: "x"}},
			Attachments: []inbox.Attachment{{Name: "n", Size: 3}},
		}
	}
	seen := map[string]int{string(inbox.MentionPayload(base())): -1}
	for i, change := range []func(*inbox.Mention){
		func(m *inbox.Mention) { m.Text, m.Subject = "a", "bc" },
		func(m *inbox.Mention) { m.Text = "abc" },
		func(m *inbox.Mention) { m.Author.Name = "Eva" },
		func(m *inbox.Mention) { m.EditedAt = noon },
		func(m *inbox.Mention) { m.DeletedAt = noon },
		func(m *inbox.Mention) { m.PostedAt = noon.Add(time.Millisecond) },
		func(m *inbox.Mention) { m.Visibility = inbox.Private },
		func(m *inbox.Mention) { m.Route[0].Value = "y" },
		func(m *inbox.Mention) { m.Route = nil },
		func(m *inbox.Mention) { m.Attachments[0].Size = 4 },
		func(m *inbox.Mention) { m.ExternalID = "2" },
		func(m *inbox.Mention) { m.Quoted = "q" },
	} {
		m := base()
		change(m)
		p := string(inbox.MentionPayload(m))
		if other, ok := seen[p]; ok {
			t.Errorf("change %d has the payload of change %d", i, other)
		}
		seen[p] = i
	}
}
