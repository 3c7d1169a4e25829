package network

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rivo/uniseg"
)

// The board with its scripted customers and without a network around it, so
// that hours pass in no time.
func castAlone(t *testing.T, s Script) (*cast, func()) {
	t.Helper()
	b, err := openBoard(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.setBrand(t.Context(), Account{Handle: "noordlicht", Name: "Noordlicht", Token: "a-token-of-ours"}, "", true); err != nil {
		t.Fatal(err)
	}
	c, err := newCast(b, s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { c.run(ctx); close(ended) }()
	return c, func() {
		cancel()
		<-ended
		if err := b.db.Check(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
		if err := b.db.Close(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	}
}

func (c *cast) everything(t *testing.T) []*Post {
	t.Helper()
	posts, _, more, err := c.board.changes(t.Context(), feed{Limit: 5000})
	if err != nil || more {
		t.Fatal(err, more)
	}
	return posts
}

func TestTrickle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, stop := castAlone(t, Script{Every: time.Minute, Seed: 3})
		defer stop()
		time.Sleep(5 * time.Hour) // in the bubble: no time passes
		synctest.Wait()
		var edited, deleted, replies, english int
		posts := c.everything(t)
		for _, p := range posts {
			if !p.EditedAt.IsZero() {
				edited++
			}
			if p.Deleted() {
				deleted++
			}
			if !p.InReplyTo.IsZero() {
				replies++
			}
			if languageOf(p.Author) == "en" {
				english++
			}
		}
		if n := len(posts); n < 240 || n > 330 {
			t.Errorf("%d posts in five hours, one a minute", n)
		}
		if edited < 5 || deleted < 5 || replies < 30 || english < 50 {
			t.Errorf("%d edited, %d deleted, %d replies, %d in English", edited, deleted, replies, english)
		}
		before := len(posts)
		c.setPace(0)
		time.Sleep(time.Hour)
		synctest.Wait()
		if after := len(c.everything(t)); after != before {
			t.Errorf("%d posts after silence was asked for", after-before)
		}
	})
}

func TestCustomersComeBackToAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, stop := castAlone(t, Script{Every: 24 * time.Hour, Seed: 3})
		defer stop()
		for range 20 {
			asked, err := c.board.add(t.Context(), "", Draft{Author: "eva_bakker", Text: "@noordlicht hoe laat?"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.board.add(t.Context(), "noordlicht", Draft{Author: "noordlicht", Text: "Om drie uur.", InReplyTo: asked[0].ID}); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		time.Sleep(20 * time.Hour)
		synctest.Wait()
		came := 0
		for _, p := range c.everything(t) {
			if p.Author == "eva_bakker" && !p.InReplyTo.IsZero() {
				came++
			}
		}
		if came < 8 || came > 19 {
			t.Errorf("came back to %d of 20 answers", came)
		}
	})
}

func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, stop := castAlone(t, Script{Seed: 3})
		defer stop()
		if err := c.outage(150, 10*time.Minute); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		half := len(c.everything(t))
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		posts := c.everything(t)
		if len(posts) != 150 || half < 85 || half > 130 {
			t.Errorf("%d posts, %d in the first half", len(posts), half)
		}
		authors := make(map[Handle]bool)
		for _, p := range posts {
			authors[p.Author] = true
		}
		if len(authors) < 90 {
			t.Errorf("%d authors", len(authors))
		}
		if err := c.outage(maxPlanned+1, time.Minute); err == nil {
			t.Error("more is planned than anybody can bear")
		}
	})
}

func TestSeedDecidesTheScript(t *testing.T) {
	until := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	play := func(seed uint64) string {
		var b strings.Builder
		for _, d := range invent(newDealer("noordlicht", seed), History{Until: until, Posts: 30, Answers: true}) {
			b.WriteString(d.At.String() + string(d.Author) + d.Text + "\n")
		}
		return b.String()
	}
	first, again, other := play(1), play(1), play(2)
	if first != again || first == other {
		t.Error("the same seed has to deal the same script, another one another")
	}
}

func TestLinesFit(t *testing.T) {
	seen := make(map[string]bool)
	count := map[string]int{}
	for _, q := range questions {
		if seen[q.text] {
			t.Errorf("twice: %s", q.text)
		}
		seen[q.text] = true
		count[q.lang]++
		if q.lang != "nl" && q.lang != "en" {
			t.Errorf("language %q", q.lang)
		}
	}
	for lang, lines := range outages {
		count[lang] += len(lines)
		for _, line := range lines {
			if !strings.Contains(line, "{place}") || !strings.Contains(line, "{brand}") {
				t.Errorf("names no place or brand: %s", line)
			}
		}
	}
	if count["nl"] < 40 || count["en"] < 25 {
		t.Errorf("lines: %v", count)
	}
	d := newDealer("een_merk_met_een_lange_naam_van_vijftig_tekens_enzo", 1)
	for range 300 {
		if n := uniseg.GraphemeClusterCount(d.question().Text); n > MaxLength {
			t.Errorf("%d characters", n)
		}
		for _, p := range []Draft{d.question(), d.complaint(), d.bystander("nl", &Post{}), d.followUp("eva_bakker", &Post{})} {
			if !handlePattern.MatchString(string(p.Author)) || strings.Contains(p.Text, "{") {
				t.Errorf("%+v", p)
			}
		}
	}
}
