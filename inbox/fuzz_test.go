package inbox

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"standpunt/internal/fault"
)

// A cursor comes from outside: whatever it is, it is either a place in the very
// list that is asked for or an invalid_input fault.
func FuzzListCursor(f *testing.F) {
	filters := []Filter{{}, {Words: "pakket"}, {Awaiting: true, States: []State{Open}}}
	for i := range filters {
		f.Add((&filters[i]).cursor(bytes.Repeat([]byte{7}, 24)))
		f.Add((&filters[i]).cursor(bytes.Repeat([]byte{7}, 8)))
	}
	f.Add("")
	f.Add("AQ==")
	f.Add((&filters[0]).cursor(bytes.Repeat([]byte{7}, 24)) + "\n")
	f.Fuzz(func(t *testing.T, s string) {
		accepted := 0
		for _, filter := range filters {
			at, err := parseListCursor(filter, s)
			switch {
			case err != nil:
				if fault.CodeOf(err) != fault.InvalidInput || at != nil {
					t.Fatalf("%q: %v", s, err)
				}
			case s == "":
				if at != nil {
					t.Fatalf("an empty cursor is the place %x", at)
				}
			default:
				accepted++
				if again := filter.cursor(at); again != s {
					t.Fatalf("%q reads as a place that is written %q", s, again)
				}
			}
		}
		if accepted > 1 {
			t.Fatalf("%q is a place in %d lists", s, accepted)
		}
	})
}

// A text comes from outside: its terms are bounded, fit for keys, and whoever
// searches for a word of it finds it.
func FuzzTerms(f *testing.F) {
	for _, s := range []string{
		"Waar blijft mijn pakket?", "foto's CAFÉ Straße", "東京 ट्रेन", "\xff\xfe", "a'", "'''", "İstanbul ǅ ﬁ", "e\u0301\u0301",
		strings.Repeat("x", 500), "1.000,50 @eva #actie https://x.test/?q=1", "\x00\x01",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, language := range []string{"", "nl", "en"} {
			terms := termsOf(language, text)
			if len(terms) > mostTerms {
				t.Fatalf("%d terms", len(terms))
			}
			has := make(map[string]bool)
			for _, term := range terms {
				if term == "" || len(term) > longestTerm || !utf8.ValidString(term) || strings.ContainsFunc(term, unicode.IsControl) {
					t.Fatalf("%q has the term %q", text, term)
				}
				has[term] = true
			}
			if len(terms) == mostTerms {
				continue
			}
			for _, group := range queryGroups(text) {
				found := false
				for _, term := range group {
					found = found || has[term]
				}
				if !found {
					t.Fatalf("%q does not find itself by %q", text, group)
				}
			}
		}
	})
}

// Whatever an item holds, it is refused with a reason or becomes something
// within bounds.
func FuzzNormalise(f *testing.F) {
	f.Add("1", "t", "eva", "hello", "subject", "https://x.test", int64(0), true)
	f.Add("\xff", "", "", "\xff", "a\nb", strings.Repeat("x", 3000), int64(1)<<60, false)
	f.Fuzz(func(t *testing.T, external, thread, author, text, subject, url string, posted int64, public bool) {
		in := Inbound{
			ExternalID: external, Thread: thread, Author: Author{ExternalID: author}, Text: text, Subject: subject, URL: url,
			PostedAt: time.UnixMilli(posted), Visibility: Private,
		}
		if public {
			in.Visibility = Public
		}
		now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
		out, _, err := normalise(in, now)
		if err != nil {
			if external != "" && author != "" && len(external)+len(author)+len(thread) < longestID &&
				utf8.ValidString(external+author+thread) && utf8.ValidString(thread) && utf8.ValidString(author) && utf8.ValidString(external) {
				t.Fatalf("a sound item is refused: %v", err)
			}
			return
		}
		if !utf8.ValidString(out.Text) || len(out.Text) > longestText || len(out.Subject) > longestSubject ||
			strings.ContainsAny(out.Subject, "\r\n") || !utf8.ValidString(out.URL) {
			t.Fatalf("it is kept as %+v", out)
		}
		if out.PostedAt.Before(earliest) || out.PostedAt.After(now.Add(furthestAhead)) {
			t.Fatalf("posted at %v", out.PostedAt)
		}
		if utf8.ValidString(text) && len(text) <= longestText && out.Text != text {
			t.Fatalf("a sound text became %q", out.Text)
		}
	})
}

func FuzzBlock(f *testing.F) {
	f.Add(uint64(5), []byte{1, 2, 3})
	f.Add(uint64(1<<63), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, lowest uint64, value []byte) {
		list, err := decodeBlock(nil, lowest, value)
		if err != nil {
			return
		}
		for i := 1; i < len(list); i++ {
			if list[i] <= list[i-1] {
				t.Fatalf("%x gives %v, which is not ascending", value, list)
			}
		}
	})
}
