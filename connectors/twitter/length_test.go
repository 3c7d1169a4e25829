package twitter_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"standpunt/connectors/twitter"
)

func TestWeightedLength(t *testing.T) {
	for text, want := range map[string]int{
		"":                    0,
		"dag":                 3,
		"cafe\u0301":          4, // NFC
		"café":                4,
		"日本語":                 6,
		"Привет":              6,
		"مرحبا":               5,
		"€":                   2, // U+20AC is in no light range
		"“aan”":               5,
		"a\u2032b":            3,
		"a\u200db":            3,
		"👍":                   2,
		"👍🏽":                  2,
		"👨‍👩‍👧‍👦":             2,
		"🇳🇱":                  2,
		"🇽🇽":                  4, // no flag: two letters
		"🏴󠁧󠁢󠁥󠁮󠁧󠁿":             2,
		"1️⃣":                 2,
		"1":                   1,
		"❤️":                  2,
		"❤\ufe0e":             4, // as text: no emoji
		"©":                   1,
		"©️":                  2,
		"👍👍":                  4,
		"https://example.com": 23,
		"http://example.com/" + strings.Repeat("a", 300): 23,
		"example.com":                         23,
		"example.com.":                        24,
		"zie example.com, of bel":             4 + 23 + 8,
		"a@example.com":                       13, // an address of mail
		"@example.com":                        12,
		"#example.com":                        12,
		"voorbeeld.test":                      14, // no such top-level domain
		"https://voorbeeld.test/pad":          26,
		"https://example.nl/pad?a=1&b=2#deel": 23,
		"https://example.nl/(haakjes)":        23,
		"(https://example.nl/pad)":            25,
		"https://example.nl:8080/":            23,
		"einde.Nieuwe zin":                    16,
		"3.14":                                4,
		"www.example.co.uk/x":                 23,
		"пример.рф":                           9, // without a scheme only ASCII domains
		"https://пример.рф":                   23,
		"日本example.com語":                      6 + 23,
		"-example.com":                        12,
		"https://t.co/abc":                    23,
		"example.com example.org":             47,
		"example.commerce":                    16,
		"example.com+x":                       13,
		"\xff":                                2,
	} {
		if got := twitter.WeightedLength(text); got != want {
			t.Errorf("%+q weighs %d, want %d", text, got, want)
		}
	}
	if twitter.Limit != 280 {
		t.Errorf("the limit is %d", twitter.Limit)
	}
}

func FuzzWeightedLength(f *testing.F) {
	for _, seed := range []string{"dag https://example.com/a(b)c", "👨‍👩‍👧‍👦🇳🇱1️⃣", "日本example.com語", "a.b.c.nl@x", "xn--a.xn--p1ai", "\xff.nl", "🏴󠁧"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		weight := twitter.WeightedLength(text)
		if weight < 0 || weight == 0 && text != "" {
			t.Errorf("%+q weighs %d", text, weight)
		}
		last := 0
		for _, l := range twitter.Links(text) {
			if l.From < last || l.To <= l.From || l.To > len(text) {
				t.Fatalf("%+q has the link %+v after %d", text, l, last)
			}
			if utf8.ValidString(text) && !utf8.ValidString(text[l.From:l.To]) {
				t.Errorf("%+q: the link %+v cuts a character", text, l)
			}
			last = l.To
		}
		if most := 2*3*utf8.RuneCountInString(text) + 23*len(twitter.Links(text)) + 23*strings.Count(text, "."); weight > most {
			t.Errorf("%+q weighs %d, more than %d", text, weight, most)
		}
	})
}

// endless are parts of texts that look like one endless address.
var endless = []string{
	"ab.", "👍", "日-", "日.", "é.", "1.", "a@b.", "(", "https://", "com.日", "a_", "\u0301", "a.co/((", "日_.", "-", "日日日日日日.nl-",
}

// Of a text that looks like one endless address each label is looked at once: in
// twice as much text there is no more than twice as much to look at.
func TestEndlessAddressesAreLookedAtOnce(t *testing.T) {
	for _, part := range endless {
		for _, end := range []string{"", ".", ".nl"} {
			once := twitter.Steps(strings.Repeat(part, 300) + end)
			twice := twitter.Steps(strings.Repeat(part, 600) + end)
			if most := 2*once + 20; twice > most {
				t.Errorf("%q with the end %q: %d steps for half as much text, and %d", part, end, once, twice)
			}
		}
	}
}

// BenchmarkEndlessAddresses counts texts of two sizes; as much of either is
// counted in a second where the time grows with the length alone.
func BenchmarkEndlessAddresses(b *testing.B) {
	for _, size := range []int{5_000, 20_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			var texts []string
			for _, part := range endless {
				texts = append(texts, strings.Repeat(part, size/len(part)))
			}
			b.SetBytes(int64(len(texts) * size))
			for b.Loop() {
				for _, text := range texts {
					_ = twitter.WeightedLength(text)
				}
			}
		})
	}
}
