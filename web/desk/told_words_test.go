package desk

import (
	"strings"
	"testing"

	"standpunt/connectors"
	"standpunt/internal/phrase"
)

// TestPhrasesHaveWords: what is wrong with an account or an answer is read in
// the reader's own language.
func TestPhrasesHaveWords(t *testing.T) {
	words, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	codes := phrase.Codes()
	for code, english := range codes {
		p := words.phrases["phrase."+string(code)]
		if p.EN != english || p.NL == p.EN && code != phrase.WhyTimeOut {
			t.Errorf("%s: %q is %+v in the words of the desk", code, english, p)
		}
	}
	for key := range words.phrases {
		if code, ok := strings.CutPrefix(key, "phrase."); ok && codes[phrase.Code(code)] == "" {
			t.Errorf("%s is the sentence of no code", key)
		}
	}
	for _, kind := range []connectors.ErrorKind{
		connectors.Temporary, connectors.RateLimited, connectors.BadAuth, connectors.NotAllowed, connectors.Gone, connectors.Rejected, connectors.Garbage, connectors.Stale,
	} {
		if !words.has("kind." + string(kind)) {
			t.Errorf("there is no sentence for trouble of the kind %s", kind)
		}
	}
}

func TestSentencesAreToldInTheReadersWords(t *testing.T) {
	words, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	dutch, english := &scribe{lang: "nl", words: words}, &scribe{lang: "en", words: words}
	p := phrase.Of(phrase.Unreached, "host", "graph.example").Because(phrase.WhyTimeOut)
	for _, c := range []struct {
		by       *scribe
		sentence string
		p        phrase.Phrase
		kind     any
		want     told
	}{
		{dutch, p.English(), p, connectors.Temporary, told{Text: "graph.example is niet bereikbaar (time-out)."}},
		{english, p.English(), p, connectors.Temporary, told{Text: "graph.example cannot be reached (time-out)."}},
		{dutch, "X refuses it", phrase.Phrase{}, connectors.Rejected, told{Text: "X refuses it.", Lang: "en", Gist: "Het platform neemt dit zo niet aan."}},
		{english, "x refuses it.", phrase.Phrase{}, connectors.Rejected, told{Text: "X refuses it."}},
		// A connector that put other words in place of a phrase's means those.
		{dutch, "call us", p, "", told{Text: "Call us.", Lang: "en"}},
		{dutch, "", phrase.Phrase{}, connectors.Rejected, told{}},
	} {
		if got := c.by.told(c.sentence, c.p, c.kind); got != c.want {
			t.Errorf("%q in %s is told as %+v, want %+v", c.sentence, c.by.lang, got, c.want)
		}
	}
}
