package desk

import (
	"fmt"
	"html/template"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/runenames"

	"standpunt/inbox"
)

// Characters by which a text turns the direction of what is around it.
const (
	overrides = "\u202D\u202E" // turn letters around
	isolates  = "\u2066\u2067\u2068"
	isolated  = '\u2069' // ends one
	embedding = "\u202A\u202B\u202C"
)

// saying writes what others wrote as HTML, to the character, so that no
// direction which it sets reaches what stands after it: overrides, and ends of what
// it did not begin, are shown instead of done, and what it leaves open is closed.
type saying struct {
	out  strings.Builder
	open int // isolates
}

func (s *saying) write(text string) {
	for {
		i := strings.IndexAny(text, overrides+isolates+string(isolated))
		if i < 0 {
			break
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		template.HTMLEscape(&s.out, []byte(text[:i]))
		switch {
		case strings.ContainsRune(isolates, r):
			s.open++
			s.out.WriteRune(r)
		case r == isolated && s.open > 0:
			s.open--
			s.out.WriteRune(r)
		default:
			fmt.Fprintf(&s.out, `<mark class="odd odd-hidden" title="U+%04X %s"><small>U+%04X</small></mark>`, r, runenames.Name(r), r)
		}
		text = text[i+size:]
	}
	template.HTMLEscape(&s.out, []byte(text))
}

func (s *saying) html() template.HTML {
	s.out.WriteString(strings.Repeat(string(isolated), s.open))
	s.open = 0
	return template.HTML(s.out.String()) //nolint:gosec // every piece of the text is escaped
}

// said is a customer's text, or what stands on a platform, in an element of its own.
func said(text string) template.HTML {
	var s saying
	s.write(text)
	return s.html()
}

// bdi is said in the midst of other text.
func bdi(text string) template.HTML { return "<bdi>" + said(text) + "</bdi>" }

// plain is a customer's name where no markup can stand, as in a title: what sets
// a direction is shown as U+FFFD.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if r == isolated || strings.ContainsRune(overrides+isolates+embedding, r) {
			return utf8.RuneError
		}
		return r
	}, name)
}

// nameOf is what somebody is called: by their name, else by their handle or, where
// the platform tells neither, by their id.
func nameOf(a inbox.Author) string {
	switch {
	case a.Name != "":
		return a.Name
	case a.Handle != "":
		return a.Handle
	default:
		return a.ExternalID
	}
}

// addressed is how an answer addresses somebody: by their handle, else by name.
func addressed(a inbox.Author) string {
	if a.Handle != "" {
		return a.Handle
	}
	return nameOf(a)
}
