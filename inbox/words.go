package inbox

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	longestTerm  = 64   // bytes; the rest of a longer word is not searchable
	mostTerms    = 5000 // different ones of one mention; later ones are not searchable
	mostInQuery  = 16   // words of one query; later ones are ignored
	shortestStem = 3    // letters; shorter words are kept as they are
)

// termsOf are the different search terms of a text in the given language, in
// the order of their first appearance.
func termsOf(language string, texts ...string) []string {
	var all []string
	seen := make(map[string]bool)
	for _, text := range texts {
		for w := range words(text) {
			t := stem(language, w)
			if !seen[t] {
				seen[t] = true
				if all = append(all, t); len(all) == mostTerms {
					return all
				}
			}
		}
	}
	return all
}

// queryGroups are the words of a query, each with the terms that it may stand
// under: a word's language is not known, that of a mention is.
func queryGroups(query string) [][]string {
	var all [][]string
	for w := range words(query) {
		group := []string{w}
		for _, language := range []string{"nl", "en"} {
			if t := stem(language, w); t != group[0] && t != group[len(group)-1] {
				group = append(group, t)
			}
		}
		if all = append(all, group); len(all) == mostInQuery {
			break
		}
	}
	return all
}

// words yields the folded words of a text: runs of letters and digits, without
// case and diacritics; an apostrophe inside a word is dropped ("foto's" is
// "fotos"), and each Han character is a word of its own.
func words(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		folded := fold(text)
		start, han := -1, false
		emit := func(end int) bool {
			if start < 0 {
				return true
			}
			w := trimWord(folded[start:end])
			start = -1
			return w == "" || yield(w)
		}
		for i, r := range folded {
			switch {
			case unicode.Is(unicode.Han, r):
				if !emit(i) {
					return
				}
				start, han = i, true
				continue
			case han:
				han = false
				if !emit(i) {
					return
				}
			}
			if unicode.IsLetter(r) || unicode.IsDigit(r) || start >= 0 && (isApostrophe(r) || unicode.IsMark(r)) {
				if start < 0 {
					start = i
				}
			} else if !emit(i) {
				return
			}
		}
		emit(len(folded))
	}
}

func isApostrophe(r rune) bool { return r == '\'' || r == '’' }

// trimWord drops apostrophes and cuts a word to its longest length.
func trimWord(w string) string {
	if strings.ContainsAny(w, "'’") {
		w = strings.Map(func(r rune) rune {
			if isApostrophe(r) {
				return -1
			}
			return r
		}, w)
	}
	return clip(w, longestTerm)
}

// fold takes case, diacritics and compatibility forms away. Text that is not
// UTF-8 is repaired first.
func fold(text string) string {
	if isASCII(text) {
		return strings.ToLower(text)
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	var out strings.Builder
	out.Grow(len(text))
	for _, r := range norm.NFKD.String(cases.Fold().String(norm.NFKD.String(text))) {
		if !unicode.Is(unicode.Mn, r) {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// stem takes the inflection off a folded word. A word with anything but the
// letters a to z stays as it is.
func stem(language, w string) string {
	if len(w) < shortestStem {
		return w
	}
	for i := range len(w) {
		if w[i] < 'a' || w[i] > 'z' {
			return w
		}
	}
	switch language {
	case "nl":
		env := snowballstem.NewEnv(w)
		dutch.Stem(env)
		return env.Current()
	case "en":
		env := snowballstem.NewEnv(w)
		english.Stem(env)
		return env.Current()
	default:
		return w
	}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// clip cuts s to at most n bytes without splitting a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
