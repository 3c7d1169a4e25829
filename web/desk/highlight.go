package desk

import (
	"html/template"
	"strings"
	"unicode"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	mostSought   = 16 // words of a query, as the search takes them
	shortestStem = 3  // letters of a word whose inflection counts
)

// highlight is a text as HTML in which the words of a query stand in <mark>: those
// that the search takes for the same, without case, diacritics and inflection.
// Everything of the text is escaped, and written as [said] does.
func highlight(query, text string) template.HTML {
	sought := make(map[string]bool)
	n := 0
	eachWord(query, func(start, end int) {
		if n++; n > mostSought {
			return
		}
		for _, form := range formsOf(query[start:end]) {
			sought[form] = true
		}
	})
	if len(sought) == 0 {
		return said(text)
	}
	var out saying
	known := make(map[string]bool)
	done := 0
	eachWord(text, func(start, end int) {
		word := text[start:end]
		hit, seen := known[word]
		if !seen {
			for _, form := range formsOf(word) {
				hit = hit || sought[form]
			}
			known[word] = hit
		}
		if !hit {
			return
		}
		out.write(text[done:start])
		out.out.WriteString(`<mark class="hit">`)
		out.write(word)
		out.out.WriteString("</mark>")
		done = end
	})
	out.write(text[done:])
	return out.html()
}

// eachWord gives the places of the words of a text: runs of letters and digits
// with the marks and apostrophes inside, each Han character by itself.
func eachWord(text string, yield func(start, end int)) {
	start := -1
	emit := func(end int) {
		if start >= 0 {
			yield(start, start+len(strings.TrimRight(text[start:end], "'’")))
		}
		start = -1
	}
	for i, r := range text {
		han := unicode.Is(unicode.Han, r)
		switch {
		case han:
			emit(i)
			start = i
			emit(i + len(string(r)))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if start < 0 {
				start = i
			}
		case start >= 0 && (unicode.IsMark(r) || r == '\'' || r == '’'):
		default:
			emit(i)
		}
	}
	emit(len(text))
}

// formsOf are the folded word and its stems: in which language it is written
// is not known.
func formsOf(word string) []string {
	folded := foldWord(word)
	if len(folded) < shortestStem || strings.ContainsFunc(folded, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return []string{folded}
	}
	nl, en := snowballstem.NewEnv(folded), snowballstem.NewEnv(folded)
	dutch.Stem(nl)
	english.Stem(en)
	return []string{folded, nl.Current(), en.Current()}
}

// foldWord takes case, diacritics and apostrophes away.
func foldWord(word string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) || r == '\'' || r == '’' {
			return -1
		}
		return r
	}, norm.NFKD.String(cases.Fold().String(norm.NFKD.String(word))))
}
