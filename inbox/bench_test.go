package inbox

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"standpunt/audit"
	"standpunt/people"
	"standpunt/store"
)

var benchStart = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// benchBox is an inbox on a file of its own, without the check at the end.
func benchBox(b *testing.B, sync bool) *Inbox {
	b.Helper()
	dir := b.TempDir()
	db, err := store.Open(b.Context(), filepath.Join(dir, "standpunt.db"), store.Options{
		Schemas: []store.Schema{audit.Schema, people.Schema, Schema}, NoSync: !sync,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	log, err := audit.Open(b.Context(), db, audit.Options{Origin: "standpunt/bench", KeyDir: filepath.Join(dir, "keys")})
	if err != nil {
		b.Fatal(err)
	}
	return New(db, log, people.New(db, log, people.Options{}), Options{Logger: slog.New(slog.DiscardHandler)})
}

// benchWords are 20,000 made-up words; a text draws them as people do, few
// often and many rarely.
func benchText(random *rand.Rand, zipf *rand.Zipf) string {
	words := make([]string, 12+random.IntN(16))
	for i := range words {
		words[i] = fmt.Sprintf("woord%d", zipf.Uint64())
	}
	return strings.Join(words, " ")
}

func benchPage(random *rand.Rand, zipf *rand.Zipf, from, n int) []Inbound {
	items := make([]Inbound, n)
	for i := range items {
		e := fmt.Sprint(10_000_000 + from + i)
		items[i] = Inbound{
			ExternalID: e, Thread: e, Visibility: Public, Kind: "post", Language: []string{"nl", "en"}[random.IntN(2)],
			Author: Author{ExternalID: fmt.Sprint("u", random.IntN(1_000_000)), Handle: "@klant", Name: "Eva"},
			Text:   benchText(random, zipf), PostedAt: benchStart.Add(time.Duration(from+i) * time.Millisecond),
		}
	}
	return items
}

func benchRandom() (*rand.Rand, *rand.Zipf) {
	random := rand.New(rand.NewPCG(1, 1))
	return random, rand.NewZipf(random, 1.2, 3, 20_000)
}

// benchFill puts n conversations in, in pages of 1000, and merges.
func benchFill(b *testing.B, box *Inbox, n int) {
	b.Helper()
	random, zipf := benchRandom()
	for from := 0; from < n; from += 1000 {
		if _, err := box.Ingest(b.Context(), AccountName([]string{"a", "b"}[from/1000%2]), benchPage(random, zipf, from, 1000), nil); err != nil {
			b.Fatal(err)
		}
	}
	if err := box.MergeSegments(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkIngest takes pages of 100 new mentions in, each page durable.
func BenchmarkIngest(b *testing.B) {
	box := benchBox(b, true)
	random, zipf := benchRandom()
	pages := make([][]Inbound, 0, 1000)
	for i := range 1000 {
		pages = append(pages, benchPage(random, zipf, i*100, 100))
	}
	b.ResetTimer()
	n := 0
	for b.Loop() {
		page := pages[n%len(pages)]
		if n >= len(pages) {
			b.StopTimer()
			page = benchPage(random, zipf, n*100, 100)
			b.StartTimer()
		}
		if _, err := box.Ingest(b.Context(), "a", page, Cursor(fmt.Sprint(n))); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n*100)/b.Elapsed().Seconds(), "mentions/s")
}

// BenchmarkMerge merges what 64 pages of 100 mentions wrote.
func BenchmarkMerge(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		box := benchBox(b, false)
		random, zipf := benchRandom()
		for i := range 64 {
			if _, err := box.Ingest(b.Context(), "a", benchPage(random, zipf, i*100, 100), nil); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		if err := box.MergeSegments(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(6400*float64(b.N)/b.Elapsed().Seconds(), "mentions/s")
}

// BenchmarkList reads a page of 50 with and without filters and words, from an
// inbox and from one ten times its size.
func BenchmarkList(b *testing.B) {
	lists := []struct {
		name string
		f    Filter
	}{
		{"all", Filter{}},
		{"filtered", Filter{States: []State{Open}, Account: "a", Unassigned: true, Language: "nl", Awaiting: true}},
		{"two states", Filter{States: []State{Open, Waiting}, Account: "b"}},
		{"common word", Filter{Words: "woord2"}},
		{"rare word", Filter{Words: "woord19321"}},
		{"two words", Filter{Words: "woord5 woord40"}},
		{"word and filters", Filter{Words: "woord7", Account: "a", Language: "nl"}},
	}
	for _, size := range []int{10_000, 100_000} {
		box := benchBox(b, false)
		benchFill(b, box, size)
		for _, l := range lists {
			b.Run(fmt.Sprintf("%s/%d", l.name, size), func(b *testing.B) {
				shown := 0
				for b.Loop() {
					page, err := box.List(b.Context(), l.f, "", 50)
					if err != nil {
						b.Fatal(err)
					}
					shown = len(page.Items)
				}
				b.ReportMetric(float64(shown), "shown")
			})
		}
	}
}
