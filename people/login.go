package people

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/secure/precis"
	"golang.org/x/text/unicode/norm"

	"standpunt/internal/fault"
)

const loginMost = 64 // characters

// NormalLogin is the one form in which a login is stored, compared and looked
// up: trimmed, NFKC, case-folded, and allowed by the PRECIS username profile
// (RFC 8265). It refuses, as an invalid_input fault, what is empty or too
// long, characters other than letters, ASCII digits and . _ - @ +, characters
// that cannot be seen, and letters of scripts that are not written together.
func NormalLogin(raw string) (string, error) {
	login := strings.TrimSpace(raw)
	if login == "" {
		return "", fault.New(fault.InvalidInput, "a login is needed").At("login", "")
	}
	if !utf8.ValidString(login) || len(login) > 4*loginMost {
		return "", badLogin(raw, "is too long or not valid text")
	}
	for range 3 { // folding may uncover what normalising changes again; two rounds settle it
		before := login
		login = norm.NFKC.String(cases.Fold().String(norm.NFKC.String(login)))
		mapped, err := precis.UsernameCaseMapped.String(login)
		if err != nil {
			return "", badLogin(raw, "holds characters that a login cannot have").Because(err)
		}
		if login = mapped; login == before {
			break
		}
	}
	if utf8.RuneCountInString(login) > loginMost {
		return "", badLogin(raw, "is too long")
	}
	for i, r := range login {
		switch {
		case unicode.IsLetter(r), '0' <= r && r <= '9':
		case i > 0 && (unicode.IsMark(r) || strings.ContainsRune("._-@+", r)):
		default:
			return "", badLogin(raw, "holds characters that a login cannot have")
		}
	}
	if !oneScript(login) {
		return "", badLogin(raw, "mixes letters of different scripts")
	}
	return login, nil
}

func badLogin(raw, what string) *fault.Fault {
	return fault.New(fault.InvalidInput, "this login %s", what).At("login", strings.ToValidUTF8(raw, "?")).
		Fix("Use at most %d letters of one script, digits and . _ - @ +, beginning with a letter or digit.", loginMost)
}

// oneScript reports whether the letters of s are of one script, or of scripts
// that one language writes together.
func oneScript(s string) bool {
	together := []map[string]bool{
		{"Han": true, "Hiragana": true, "Katakana": true},
		{"Han": true, "Hangul": true},
		{"Han": true, "Bopomofo": true},
	}
	found := make(map[string]bool)
	for _, r := range s {
		if script := scriptOf(r); script != "" {
			found[script] = true
		}
	}
	if len(found) <= 1 {
		return true
	}
	for _, set := range together {
		all := true
		for script := range found {
			all = all && set[script]
		}
		if all {
			return true
		}
	}
	return false
}

// scriptOf is the script of r, empty for what all scripts share.
func scriptOf(r rune) string {
	if r < utf8.RuneSelf {
		if unicode.IsLetter(r) {
			return "Latin"
		}
		return ""
	}
	if unicode.In(r, unicode.Common, unicode.Inherited) {
		return ""
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name
		}
	}
	return "unknown"
}

// lookalikes turns lower-case letters of other scripts, and rare Latin ones,
// into the common Latin letter that they cannot be told from at a glance
// (after Unicode TR39, confusables).
var lookalikes = strings.NewReplacer(
	"а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "у", "y", "х", "x", "і", "i", "ї", "ï", "ј", "j", "ѕ", "s", // Cyrillic
	"һ", "h", "ԁ", "d", "ԛ", "q", "ԝ", "w", "ь", "b", "ӏ", "l", "к", "k", "м", "m", "т", "t", "в", "b", "н", "h", "г", "r", "п", "n",
	"α", "a", "ο", "o", "ρ", "p", "ν", "v", "υ", "u", "ι", "i", "κ", "k", "τ", "t", "χ", "x", "γ", "y", "η", "n", "ω", "w", "ε", "e", // Greek
	"օ", "o", "ս", "u", "ո", "n", "հ", "h", "ց", "g", "զ", "q", "յ", "j", "ւ", "i", // Armenian
	"ı", "i", "ɑ", "a", "ɡ", "g", "ɩ", "i", "ʋ", "v", "ᴏ", "o", "ꜱ", "s", // Latin
)

// look is what a login looks like: two logins with the same look are the same
// to a reader, and one of them cannot be had.
func look(login string) string { return lookalikes.Replace(login) }
