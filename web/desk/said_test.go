package desk

import (
	"strings"
	"testing"
)

// closer ends an isolate.
const closer = "\u2069"

// shownDirections puts what [said] shows of a direction back to the character.
var shownDirections = strings.NewReplacer(
	`<mark class="odd odd-hidden" title="U+202D LEFT-TO-RIGHT OVERRIDE"><small>U+202D</small></mark>`, "\u202D",
	`<mark class="odd odd-hidden" title="U+202E RIGHT-TO-LEFT OVERRIDE"><small>U+202E</small></mark>`, "\u202E",
	`<mark class="odd odd-hidden" title="U+2069 POP DIRECTIONAL ISOLATE"><small>U+2069</small></mark>`, closer)

func TestDirectionsReachNothingElse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"Eva <b>", "Eva &lt;b&gt;"},
		{"مرحبا Eva", "مرحبا Eva"},
		{"In\u202Eejectie", "In[U+202E]ejectie"},
		{"\u202Dabc\u202C", "[U+202D]abc\u202C"},
		{"\u2068@eva\u2069 dag", "\u2068@eva\u2069 dag"},
		{"\u2067\u2066open", "\u2067\u2066open\u2069\u2069"},
		{"uit\u2069\u202Bhier", "uit[U+2069]\u202Bhier"},
		{"kapot\xff\u202E", "kapot\xff[U+202E]"},
	} {
		got := string(said(c.text))
		for _, code := range []string{"202D LEFT-TO-RIGHT OVERRIDE", "202E RIGHT-TO-LEFT OVERRIDE", "2069 POP DIRECTIONAL ISOLATE"} {
			got = strings.ReplaceAll(got, `<mark class="odd odd-hidden" title="U+`+code+`"><small>U+`+code[:4]+`</small></mark>`, "[U+"+code[:4]+"]")
		}
		if got != c.want {
			t.Errorf("%q is shown as %q, want %q", c.text, got, c.want)
		}
	}
	if got := plain("In\u202Eejectie \u2067\u2069 Zoë"); got != "In\uFFFDejectie \uFFFD\uFFFD Zoë" {
		t.Errorf("in a title: %q", got)
	}
}
