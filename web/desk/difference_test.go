package desk

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func sketch(all []span) string {
	var b strings.Builder
	for _, s := range all {
		text := joined(s.Pieces)
		switch s.Kind {
		case "gone":
			text = "[-" + text + "-]"
		case "new":
			text = "{+" + text + "+}"
		}
		b.WriteString(text)
	}
	return b.String()
}

func joined(all []piece) string {
	var b strings.Builder
	for _, p := range all {
		b.WriteString(p.Text)
	}
	return b.String()
}

func TestDifferenceTellsWordsApart(t *testing.T) {
	for _, c := range []struct{ older, newer, want string }{
		{"same text", "same text", "same text"},
		{"", "new", "{+new+}"},
		{"gone", "", "[-gone-]"},
		{"We pay it all back.", "We pay half back.", "We pay [-it all-]{+half+} back."},
		{"We always pay.", "We pay.", "We [-always -]pay."},
		{"Line one.\nLine two.", "Line one.\n\nLine two.", "Line one.\n{+\n+}Line two."},
		{"Sorry, we are looking into it.", "We apologise and will call you.", "[-Sorry, we are looking into it-]{+We apologise and will call you+}."},
	} {
		if got := sketch(difference(c.older, c.newer)); got != c.want {
			t.Errorf("%q to %q:\n got %s\nwant %s", c.older, c.newer, got, c.want)
		}
	}
}

// Whatever the texts, nothing of them is lost or invented.
func TestDifferenceHoldsBothTexts(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	words := []string{"a", "b", "wij", "u", " ", "  ", "\n", ".", "é", "e\u0301", "🙂", "\u202e", "а"}
	text := func() string {
		var b strings.Builder
		for range random.IntN(30) {
			b.WriteString(words[random.IntN(len(words))])
		}
		return b.String()
	}
	for range 3000 {
		older, newer := text(), text()
		var was, is string
		for _, s := range difference(older, newer) {
			if s.Kind != "new" {
				was += joined(s.Pieces)
			}
			if s.Kind != "gone" {
				is += joined(s.Pieces)
			}
		}
		if was != older || is != newer {
			t.Fatalf("%q to %q became %q to %q", older, newer, was, is)
		}
	}
}

func TestLongTextsAreCompared(t *testing.T) {
	var older, newer strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&older, "word%d\n", i)
		fmt.Fprintf(&newer, "word%d\n", i*7%20_000)
	}
	if all := difference(older.String(), newer.String()); !changed(all) {
		t.Error("two different texts have no difference")
	}
}

func TestMarksShowWhatCannotBeSeen(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"Gewoon Nederlands, café, 🙂 en 👩‍👩‍👧.", ""},
		{"p\u0430ypal", "alike U+0430 CYRILLIC SMALL LETTER A"},
		{"Kijk op \u0441\u043e\u0440\u0440\u0430 vandaag", "alike U+0441 CYRILLIC SMALL LETTER ES"}, // a word of twins in a Latin text
		{"Привет, как дела", ""},                                                                    // a Russian sentence is one
		{"a\u202eb", "hidden U+202E RIGHT-TO-LEFT OVERRIDE"},
		{"a\u200bb", "hidden U+200B ZERO WIDTH SPACE"},
		{"a\u00a0b", "space U+00A0 NO-BREAK SPACE"},
		{"\U0001D5EF", "alike U+1D5EF MATHEMATICAL SANS-SERIF BOLD SMALL B"},
	} {
		all := marked(c.text)
		if joined(all) != c.text {
			t.Errorf("%q became %q", c.text, joined(all))
		}
		odd, got := oddities(all), ""
		if len(odd) > 0 {
			got = odd[0].Mark + " " + odd[0].Code + " " + odd[0].Name
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}
