package desk

import (
	"html"
	"strings"
	"testing"
)

func TestFoundWordsAreMarked(t *testing.T) {
	for _, c := range []struct{ query, text, want string }{
		{"storing", "Weer STORINGEN, die storing!", "Weer [STORINGEN], die [storing]!"},
		{"cafe", "Het café en het cafe\u0301; niet de cafetaria.", "Het [café] en het [cafe\u0301]; niet de cafetaria."},
		{"Müller strasse", "muller in de Straße", "[muller] in de [Straße]"},
		{"fotos", "Mijn foto's' en 'foto’s'", "Mijn [foto's]' en '[foto’s]'"},
		{"bills", "the bill, billing", "the [bill], [billing]"},
		{"京", "東京都", "東[京]都"},
		{"b", "<b>a & b</b>", "<[b]>a & [b]</[b]>"},
		{"mark script", `"><script>mark</script>`, `"><[script]>[mark]</[script]>`},
		{"amp lt", "& <", "& <"},
		{"", "niets", "niets"},
		{"?!", "niets?!", "niets?!"},
		{"kapot", "kap\xffot kapot\xff", "kap\xffot [kapot]\xff"},
		{"1234", "0800-1234567 of 1234", "0800-1234567 of [1234]"},
	} {
		got := string(highlight(c.query, c.text))
		plain := strings.NewReplacer(`<mark class="hit">`, "\x01", "</mark>", "\x02").Replace(got)
		if strings.ContainsAny(plain, `<>"`) {
			t.Errorf("%q in %q is not escaped: %s", c.query, c.text, got)
		}
		if got := html.UnescapeString(strings.NewReplacer("\x01", "[", "\x02", "]").Replace(plain)); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.query, c.text, got, c.want)
		}
	}
}

// Whatever is sought in whatever: the text is all there, escaped, and nothing
// but marks is added.
func FuzzHighlight(f *testing.F) {
	f.Add("gratis", "In\u202Eejectie \u2069\u2067gratis\u202D")
	f.Add("mark", `<mark class="hit">'é’`)
	f.Add("'’ a", "a'\xff\u0301京<")
	f.Fuzz(func(t *testing.T, query, text string) {
		got := string(highlight(query, text))
		bare := strings.NewReplacer(`<mark class="hit">`, "", "</mark>", "").Replace(shownDirections.Replace(got))
		if strings.ContainsAny(bare, `<>"'`) {
			t.Errorf("not escaped: %q", got)
		}
		if back := html.UnescapeString(bare); strings.TrimRight(back, closer) != strings.TrimRight(strings.ReplaceAll(text, "\x00", "\uFFFD"), closer) {
			t.Errorf("%q became %q", text, back)
		}
	})
}
