package desk

import (
	"fmt"
	"strings"

	"standpunt/internal/phrase"
)

// told is a sentence of the connectors, or of whoever records what became of an
// answer, as the reader reads it.
type told struct {
	Text string
	Lang string // of Text, where it is not the page's
	Gist string // where Text is in another language: what kind of trouble it is
}

// told puts a sentence into the reader's words if it is that phrase's; else it
// stands as it is, after what is known of its kind, which may be empty.
func (s *scribe) told(sentence string, p phrase.Phrase, kind any) told {
	switch {
	case sentence == "" || s.lang == "en":
		return told{Text: whole(sentence)}
	case p.English() != sentence:
		t := told{Text: whole(sentence), Lang: "en"}
		if key := "kind." + fmt.Sprint(kind); s.words.has(key) {
			t.Gist = s.words.t(s.lang, key)
		}
		return t
	}
	words := func(code phrase.Code) string { return s.words.t(s.lang, "phrase."+string(code)) }
	return told{Text: whole(p.In(words))}
}

// whole is a text as a whole sentence, with a capital, unless it begins with an
// address, and a full stop.
func whole(text string) string {
	if text == "" {
		return ""
	}
	if first, _, _ := strings.Cut(text, " "); !strings.ContainsAny(first, ".:") {
		text = capital(text)
	}
	return strings.TrimSuffix(text, ".") + "."
}
