package inbox

import (
	"cmp"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"standpunt/audit"
	"standpunt/people"
	"standpunt/store"
	"standpunt/store/storetest"
)

func searchBox(t testing.TB) *Inbox {
	t.Helper()
	db := storetest.Open(t, audit.Schema, people.Schema, Schema)
	log, err := audit.Open(t.Context(), db, audit.Options{Origin: "standpunt/test", KeyDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return New(db, log, people.New(db, log, people.Options{}), Options{Logger: slog.New(slog.DiscardHandler)})
}

// text is one mention as the naive search reads it.
type text struct {
	number       uint64
	terms        []string
	conversation *Conversation
}

func everything(t *testing.T, b *Inbox) []text {
	t.Helper()
	var all []text
	err := b.db.View(t.Context(), func(tx *store.Tx) error {
		for m, err := range mentions.Scan(tx, store.Range{}, false) {
			if err != nil {
				return err
			}
			c, err := b.Conversation(tx, m.Conversation)
			if err != nil {
				return err
			}
			terms := termsOf(m.Language, m.Subject, m.Text, m.Author.Handle, m.Author.Name)
			all = append(all, text{number: m.Number, terms: terms, conversation: c})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// naive finds the conversations that have a mention with every word, by the
// newest such mention.
func naive(all []text, f Filter) []string {
	newest := make(map[ConversationID]uint64)
	for _, m := range all {
		hit := f.admits(m.conversation)
		for _, group := range queryGroups(f.Words) {
			hit = hit && slices.ContainsFunc(group, func(g string) bool { return slices.Contains(m.terms, g) })
		}
		if hit {
			newest[m.conversation.ID] = max(newest[m.conversation.ID], m.number)
		}
	}
	var hits []hit
	for c, n := range newest {
		hits = append(hits, hit{number: n, conversation: c})
	}
	slices.SortFunc(hits, func(x, y hit) int { return cmp.Compare(y.number, x.number) })
	out := make([]string, len(hits))
	for i, h := range hits {
		out[i] = h.conversation.String()
	}
	return out
}

func found(t *testing.T, b *Inbox, f Filter, limit int) []string {
	t.Helper()
	var out []string
	after := ""
	for range 10_000 {
		page, err := b.List(t.Context(), f, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Items {
			out = append(out, c.ID.String())
		}
		if after = page.Next; after == "" {
			return out
		}
	}
	t.Fatal("the list does not end")
	return nil
}

func randomText(random *rand.Rand) string {
	vocabulary := strings.Fields(`pakket pakketten bestelling bestellen levering leveren trein treinen storing storingen
		factuur facturen café Zürich delivery delivered delivering order orders ordered refund refunds broken foto's kind`)
	var words []string
	for range 2 + random.IntN(6) {
		words = append(words, vocabulary[random.IntN(len(vocabulary))])
	}
	return strings.Join(words, " ")
}

// Every query, with and without other filters, in pages of any size, before
// and after merges and across edits, finds what reading everything finds.
func TestSearchFindsWhatReadingEverythingFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 9))
	b := searchBox(t)
	b.step = 7 // so that a merge takes many transactions
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	total := 0
	for round := range 150 {
		var items []Inbound
		for range 1 + random.IntN(30) {
			external := total
			edited := time.Time{}
			if total > 0 && random.IntN(6) == 0 {
				external, edited = random.IntN(total), at.Add(time.Duration(round)*time.Minute)
			} else {
				total++
			}
			items = append(items, Inbound{
				ExternalID: fmt.Sprint(external), Thread: fmt.Sprint("t", external%900), Visibility: Public, EditedAt: edited,
				Author: Author{ExternalID: fmt.Sprint(external % 900)}, Text: randomText(random), PostedAt: at,
				Language: []string{"nl", "en", "de"}[random.IntN(3)],
			})
		}
		if _, err := b.Ingest(t.Context(), AccountName([]string{"a", "b"}[random.IntN(2)]), items, nil); err != nil {
			t.Fatal(err)
		}
		if round%50 != 49 {
			continue
		}
		checkQueries(t, b, random)
		if err := b.MergeSegments(t.Context()); err != nil {
			t.Fatal(err)
		}
		checkQueries(t, b, random)
	}
	var left []segment
	if err := b.db.View(t.Context(), func(tx *store.Tx) (err error) {
		left, err = segmentsIn(tx, live, building, dropped)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(left) >= 2*mergeFrom {
		t.Fatalf("%d segments are left after the merges", len(left))
	}
}

func checkQueries(t *testing.T, b *Inbox, random *rand.Rand) {
	t.Helper()
	all, hits := everything(t, b), 0
	for range 60 {
		f := Filter{Words: strings.Join(strings.Fields(randomText(random))[:1+random.IntN(2)], " ")}
		switch random.IntN(4) {
		case 0:
			f.Account = "a"
		case 1:
			f.Language = "nl"
		case 2:
			f.Account, f.Author = "b", fmt.Sprint(random.IntN(900))
		}
		want := naive(all, f)
		if got := found(t, b, f, 1+random.IntN(60)); !slices.Equal(got, want) {
			t.Fatalf("%+v finds %d conversations, want %d", f, len(got), len(want))
		}
		hits += len(want)
	}
	if hits < 100 {
		t.Fatalf("60 queries have %d hits: they prove too little", hits)
	}
}

func TestWordsAreFoundInAnyInflection(t *testing.T) {
	b := searchBox(t)
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	texts := map[string]string{
		"nl": "Mijn bestellingen zijn nog niet geleverd, de foto's van het café zijn zoek en dat is erg",
		"en": "The deliveries were refunded, why is your TRAIN delayed",
		"hi": "東京 में ट्रेन",
	}
	var items []Inbound
	for id, text := range texts {
		items = append(items, Inbound{
			ExternalID: id, Visibility: Public, Text: text, PostedAt: at, Author: Author{ExternalID: id, Handle: "@" + id + "_klant"},
		})
	}
	if _, err := b.Ingest(t.Context(), "a", items, nil); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"bestelling": "t-nl", "BESTELLINGEN": "t-nl", "fotos": "t-nl", "foto’s": "t-nl", "cafe": "t-nl", "CAFÉ": "t-nl",
		"delivery": "t-en", "refund trains": "t-en", "delaying": "t-en", "京": "t-hi", "ट्रेन": "t-hi",
		"klant bestelling": "t-nl", "bestelling refund": "", "pakket": "", "!?": "",
	} {
		page, err := b.List(t.Context(), Filter{Words: query}, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, c := range page.Items {
			got += "t-" + c.Thread
		}
		if got != want {
			t.Errorf("%q finds %q, want %q", query, got, want)
		}
	}
}

// A merge that was cut off in its middle is taken up again, and what it left
// behind goes.
func TestMergeTakesUpWhatACrashLeft(t *testing.T) {
	b := searchBox(t)
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for i := range 20 {
		_, err := b.Ingest(t.Context(), "a", []Inbound{{
			ExternalID: fmt.Sprint(i), Visibility: Public, Text: fmt.Sprint("pakket nummer ", i), PostedAt: at, Author: Author{ExternalID: "e"},
		}}, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	run, err := b.nextRun(t.Context())
	if err != nil || len(run) != 20 {
		t.Fatalf("a run of %d segments: %v", len(run), err)
	}
	target := segment{lo: run[0].lo, hi: run[19].hi, level: 1, state: building, size: 20}
	err = b.db.Update(t.Context(), func(tx *store.Tx) error {
		for _, x := range blocksOf(target.key(), "half", []uint64{3}) {
			if err := tx.Put(wordBucket, x.key, x.value); err != nil {
				return err
			}
		}
		return target.put(tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.db.Check(t.Context()); err != nil {
		t.Fatalf("a merge under way does not pass the check: %v", err)
	}
	if got := found(t, b, Filter{Words: "half"}, 10); len(got) != 0 {
		t.Fatal("what a merge is building is read already")
	}
	if err := b.MergeSegments(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := found(t, b, Filter{Words: "half"}, 10); len(got) != 0 {
		t.Fatal("what the cut-off merge wrote is still there")
	}
	if got := found(t, b, Filter{Words: "pakket nummer"}, 3); len(got) != 20 {
		t.Fatalf("%d of 20 are found after the merge", len(got))
	}
}

// The union of streams is the sorted set of all their entries, walked from
// anywhere.
func TestUnionIsTheSortedSet(t *testing.T) {
	b := searchBox(t)
	random := rand.New(rand.NewPCG(5, 5))
	all := make(map[string]bool)
	err := b.db.Update(t.Context(), func(tx *store.Tx) error {
		for i := range 300 {
			key := fmt.Sprintf("%c%03d", 'a'+i%3, random.IntN(200))
			all[key[1:]] = true
			if err := tx.Put(metaBucket, []byte("union-"+key), nil); err != nil {
				return err
			}
		}
		sorted := slices.Sorted(maps.Keys(all))
		u := &union{}
		for _, s := range []string{"a", "b", "c", "none"} {
			u.streams = append(u.streams, tx.Cursor(metaBucket, []byte("union-"+s)))
		}
		for range 50 {
			from := fmt.Sprintf("%03d", random.IntN(210))
			want, _ := slices.BinarySearch(sorted, from)
			for at := u.Seek([]byte(from)); ; at = u.Next() {
				if want == len(sorted) {
					if at != nil {
						t.Fatalf("after the last entry comes %q", at)
					}
					break
				}
				if string(at) != sorted[want] {
					t.Fatalf("from %s on: %q where %q was expected", from, at, sorted[want])
				}
				want++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestLanguageIsGuessedOnlyWhenClear(t *testing.T) {
	for text, want := range map[string]string{
		"Waar blijft mijn pakket? Ik wacht al sinds gisteren.": "nl",
		"Where is my parcel? I have been waiting since Monday": "en",
		"Danke": "", "": "", "👍👍": "", "ok": "",
	} {
		if got := detectLanguage(text); got != want {
			t.Errorf("%q is taken for %q, want %q", text, got, want)
		}
	}
	for tag, want := range map[string]string{"nl-BE": "nl", "EN_us": "en", "und": "", "x": "", "zh-Hant": "zh", "<b>": ""} {
		if got := baseLanguage(tag); got != want {
			t.Errorf("%q is the language %q, want %q", tag, got, want)
		}
	}
}
