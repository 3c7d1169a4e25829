package desk

import (
	"testing"

	"standpunt/inbox"
)

// TestReasonsOfPlatformsHaveWords: staff read why a platform takes no answer in
// their own language. What a program says in words of its own stays as it is.
func TestReasonsOfPlatformsHaveWords(t *testing.T) {
	words, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	all := inbox.UnansweredReasons()
	if len(all) < 20 {
		t.Fatalf("there are %d reasons", len(all))
	}
	v := &visit{desk: &desk{words: words}, lang: "nl"}
	for code, english := range all {
		p := words.phrases["unanswered."+string(code)]
		if inbox.UnansweredBy(english) != code || p.EN != english || p.NL == "" || p.NL == p.EN {
			t.Errorf("%s: %q is %+v in the words of the desk", code, english, p)
		}
		if r := v.unanswered(english); r.Text != p.NL || r.Lang != "" {
			t.Errorf("%s: shown as %+v", code, r)
		}
	}
	const own = "The forum is closed."
	if r := v.unanswered(own); r.Text != own || r.Lang != "en" {
		t.Errorf("a reason of a program's own is shown as %+v", r)
	}
}
