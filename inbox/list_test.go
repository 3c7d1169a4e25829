package inbox_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/people"
	"standpunt/store"
)

var vocabulary = strings.Fields(`pakket pakketten bestelling bestellen levering leveren trein treinen storing storingen
	factuur facturen café niveau Zürich delivery delivered delivering order orders ordered refund refunds broken
	waar wanneer kapot boos blij the train trains is late again foto's kinderen kind terug geld`)

// fill puts n random conversations in random states into the inbox.
func fill(t *testing.T, r *rig, n int, random *rand.Rand) (staff []people.Principal) {
	t.Helper()
	anna, bert := r.as("anna", people.Agent), r.as("bert", people.Press)
	staff = []people.Principal{anna, bert}
	names := []inbox.AccountName{"x-support", "x-support-2", "mail"}
	languages := []string{"", "nl", "en", "de"}
	for i := 0; i < n; {
		account := names[random.IntN(len(names))]
		var items []inbox.Inbound
		for range 1 + random.IntN(40) {
			p := post(fmt.Sprint(i), sentence(random), random.IntN(2000))
			p.Thread = fmt.Sprint("t", random.IntN(n))
			p.Author = inbox.Author{ExternalID: fmt.Sprint("a", random.IntN(40)), Handle: fmt.Sprintf("@klant%d", random.IntN(9))}
			p.Language = languages[random.IntN(len(languages))]
			if random.IntN(4) == 0 {
				p.Visibility = inbox.Private
			}
			items = append(items, p)
			i++
		}
		_, err := r.box.Ingest(t.Context(), account, items, nil)
		r.must(err)
	}
	labels := []string{"klacht", "storing", "vip", "retour"}
	for _, c := range r.all(inbox.Filter{}, 200) {
		change := inbox.Change{}
		if random.IntN(3) == 0 {
			change.State = new([]inbox.State{inbox.Waiting, inbox.Snoozed, inbox.Resolved}[random.IntN(3)])
			if *change.State == inbox.Snoozed {
				change.SnoozedUntil = new(time.Now().Add(time.Hour))
			}
		}
		if random.IntN(2) == 0 {
			change.Assignee = new(staff[random.IntN(2)].ID())
		}
		if random.IntN(2) == 0 {
			change.Labels = &[]string{labels[random.IntN(4)], labels[random.IntN(4)]}
		}
		if random.IntN(3) == 0 {
			change.Priority = new([]inbox.Priority{inbox.Low, inbox.High, inbox.Urgent}[random.IntN(3)])
		}
		_, err := r.box.Change(t.Context(), anna, c.ID, change)
		r.must(err)
	}
	return staff
}

func sentence(random *rand.Rand) string {
	var words []string
	for range 3 + random.IntN(8) {
		words = append(words, vocabulary[random.IntN(len(vocabulary))])
	}
	return strings.Join(words, " ") + "!"
}

// randomFilter sets each way of narrowing now and then.
func randomFilter(random *rand.Rand, staff []people.Principal) inbox.Filter {
	var f inbox.Filter
	often := func(n int) bool { return random.IntN(n) == 0 }
	if often(2) {
		states := []inbox.State{inbox.Open, inbox.Waiting, inbox.Snoozed, inbox.Resolved}
		random.Shuffle(4, func(i, j int) { states[i], states[j] = states[j], states[i] })
		f.States = states[:1+random.IntN(4)]
	}
	if often(3) {
		f.Account = []inbox.AccountName{"x-support", "x-support-2", "mail", "nobody"}[random.IntN(4)]
	}
	if often(3) {
		f.Assignee = staff[random.IntN(2)].ID()
	} else if often(4) {
		f.Unassigned = true
	}
	if often(3) {
		f.Labels = []string{"klacht", "storing"}[:1+random.IntN(2)]
	}
	if often(4) {
		f.Priority = []inbox.Priority{inbox.Low, inbox.Normal, inbox.Urgent}[random.IntN(3)]
	}
	if often(4) {
		f.Language = []string{"nl", "en", "de"}[random.IntN(3)]
	}
	if often(4) {
		f.Awaiting = true
	}
	if f.Account != "" && often(4) {
		f.Author = fmt.Sprint("a", random.IntN(40))
	}
	return f
}

// admits is the filter in the plainest words.
func admits(f inbox.Filter, c *inbox.Conversation) bool {
	if len(f.States) > 0 && !slices.Contains(f.States, c.State) {
		return false
	}
	for _, l := range f.Labels {
		if !slices.Contains(c.Labels, l) {
			return false
		}
	}
	if f.Unassigned && !c.Assignee.IsZero() || !f.Assignee.IsZero() && c.Assignee != f.Assignee {
		return false
	}
	if f.Account != "" && c.Account != f.Account || f.Author != "" && c.Customer.ExternalID != f.Author {
		return false
	}
	if f.Priority != "" && c.Priority != f.Priority || f.Language != "" && c.Language != f.Language {
		return false
	}
	return !f.Awaiting || !c.AwaitingSince.IsZero()
}

func ids(list []*inbox.Conversation) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.ID.String()
	}
	return out
}

func TestAnyCombinationOfFiltersIsWhatAPlainFilterFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	r := newRig(t)
	staff := fill(t, r, 2000, random)
	everything := r.all(inbox.Filter{}, 200)
	if !slices.IsSortedFunc(everything, func(a, b *inbox.Conversation) int { return b.LastActivity.Compare(a.LastActivity) }) {
		t.Fatal("the list is not newest first")
	}
	found := 0
	for range 200 {
		f := randomFilter(random, staff)
		var want []*inbox.Conversation
		for _, c := range everything {
			if admits(f, c) {
				want = append(want, c)
			}
		}
		got := r.all(f, 1+random.IntN(200))
		if !slices.Equal(ids(got), ids(want)) {
			t.Fatalf("%+v finds %d conversations, want %d", f, len(got), len(want))
		}
		found += len(got)
	}
	if found < 2000 {
		t.Fatalf("200 filters found %d conversations in all: they prove too little", found)
	}
}

func TestPagingNeitherSkipsNorRepeatsWhileMentionsArrive(t *testing.T) {
	for _, words := range []string{"", "question"} {
		r := newRig(t)
		for i := range 120 {
			r.ingest("", inbox.Ingested{New: 1}, inThread(fmt.Sprint(i), post(fmt.Sprint(i), "a question", i)))
		}
		seen := map[string]int{}
		after, arrived := "", 0
		for {
			page, err := r.box.List(t.Context(), inbox.Filter{Words: words, States: []inbox.State{inbox.Open}}, after, 7)
			r.must(err)
			for _, c := range page.Items {
				seen[c.Thread]++
			}
			if page.Next == "" {
				break
			}
			after = page.Next
			arrived++ // a new conversation, and one that is further down moves up
			r.ingest("", inbox.Ingested{New: 2},
				inThread(fmt.Sprint("new", arrived), post(fmt.Sprint("new", arrived), "a question", 500)),
				inThread(fmt.Sprint(arrived), post(fmt.Sprint("more", arrived), "one more question", 500)))
			r.must(r.box.MergeSegments(t.Context()))
		}
		for i := arrived + 1; i < 120; i++ {
			if seen[fmt.Sprint(i)] != 1 {
				t.Fatalf("words %q: conversation %d was shown %d times", words, i, seen[fmt.Sprint(i)])
			}
		}
		for thread, n := range seen {
			if n > 1 {
				t.Fatalf("words %q: %s was shown %d times", words, thread, n)
			}
		}
	}
}

func TestFaultyFiltersAndCursorsAreRefused(t *testing.T) {
	r := newRig(t)
	for i := range 3 {
		r.ingest("", inbox.Ingested{New: 1}, post(fmt.Sprint(i), "word", i))
	}
	page, err := r.box.List(t.Context(), inbox.Filter{}, "", 1)
	r.must(err)
	if page.Next == "" {
		t.Fatal("the first of three pages has no next")
	}
	some := people.ID{1}
	for name, c := range map[string]struct {
		f     inbox.Filter
		after string
	}{
		"state":             {f: inbox.Filter{States: []inbox.State{"opne"}}},
		"priority":          {f: inbox.Filter{Priority: "highest"}},
		"assignee and none": {f: inbox.Filter{Unassigned: true, Assignee: some}},
		"author alone":      {f: inbox.Filter{Author: "eva"}},
		"other list":        {f: inbox.Filter{Awaiting: true}, after: page.Next},
		"words":             {f: inbox.Filter{Words: "word"}, after: page.Next},
		"garbage":           {after: "garbage!"},
		"shortened":         {after: page.Next[:len(page.Next)-4]},
	} {
		if _, err := r.box.List(t.Context(), c.f, c.after, 1); fault.CodeOf(err) != fault.InvalidInput {
			t.Errorf("%s: got %v, want invalid_input", name, err)
		}
	}
}

func TestLongThreadsAreCutAtTheirOldEnd(t *testing.T) {
	r := newRig(t)
	var items []inbox.Inbound
	for i := range inbox.MostInThread + 1 {
		items = append(items, inThread("chat", post(fmt.Sprint(i), "a line", i)))
	}
	r.ingest("", inbox.Ingested{New: len(items)}, items...)
	v := r.conversation("0").ID
	thread, err := r.box.Thread(t.Context(), v)
	r.must(err)
	if len(thread.Mentions) != inbox.MostInThread || !thread.Cut || thread.Mentions[0].ExternalID != "1" {
		t.Fatalf("%d mentions, cut: %v, from %s on", len(thread.Mentions), thread.Cut, thread.Mentions[0].ExternalID)
	}
	r.view(func(tx *store.Tx) error {
		newest, err := r.box.NewestMention(tx, v)
		if err == nil && newest.ExternalID != fmt.Sprint(inbox.MostInThread) {
			err = fmt.Errorf("the newest mention is %s", newest.ExternalID)
		}
		return err
	})
	_, err = r.box.Thread(t.Context(), id.New[inbox.Conversation]())
	r.wantCode(err, fault.NotFound)
	if _, err := inbox.ParseConversationID("1234"); fault.CodeOf(err) != fault.NotFound {
		t.Fatalf("what is no id gives %v", err)
	}
}
