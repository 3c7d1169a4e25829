package mail

import (
	"strings"
	"testing"
)

func TestAnAddressThatWasCleanedStaysAsItIs(t *testing.T) {
	for from, want := range map[string]string{
		"Jan@Voorbeeld.NL":   "Jan@voorbeeld.nl",
		"jan@voorbeeld.nl.":  "jan@voorbeeld.nl",
		"jan@voorbeeld。nl":   "jan@voorbeeld.nl",
		"jan@bücher.example": "jan@xn--bcher-kva.example",
		// Nothing that a mail server takes.
		"jan@":               "",
		"jan@.":              "",
		"jan@..":             "",
		"jan@。":              "",
		"jan@voorbeeld.nl..": "",
		"jan@voorbeeld.nl。。": "",
		"jan@.voorbeeld.nl":  "",
		"jan@voorbeeld..nl":  "",
		"@voorbeeld.nl":      "",
		"jan@" + strings.Repeat("é.", 80) + "nl": "", // 254 bytes at most, and more in ASCII
	} {
		got, ok := cleanAddress(from)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q became %q, %t; want %q", from, got, ok, want)
		}
		if again, usable := cleanAddress(got); ok && (!usable || again != got) {
			t.Errorf("%q became %q, and that %q, %t", from, got, again, usable)
		}
	}
}
