package people

import (
	_ "embed"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/secure/precis"

	"standpunt/internal/fault"
)

// The most common passwords of at least passwordLeast characters, one a line,
// lower case, without the digits and signs that people put at the end.
//
//go:embed guessed-passwords.txt
var commonPasswords string

const (
	passwordLeast = 10   // characters
	passwordMost  = 1024 // bytes
)

// normalPassword is the form in which a password is hashed: the PRECIS profile
// OpaqueString (RFC 8265), so that the same password typed on another keyboard
// is the same bytes. It is false for what can be no password.
func normalPassword(raw string) (string, bool) {
	if len(raw) > passwordMost {
		return "", false
	}
	password, err := precis.OpaqueString.String(raw)
	return password, err == nil
}

// checkPassword is the password in normal form, or an invalid_input fault on
// the field that says what is wrong with it and never repeats it.
func (s *Staff) checkPassword(field, raw, login string) (string, error) {
	bad := func(format string, args ...any) error {
		return fault.New(fault.InvalidInput, format, args...).At(field, "").
			Fix("Use at least %d characters, for instance four words that have nothing to do with each other.", passwordLeast)
	}
	if raw == "" {
		return "", bad("a password is needed")
	}
	password, ok := normalPassword(raw)
	if !ok {
		return "", bad("this password is longer than %s bytes or holds control characters", strconv.Itoa(passwordMost))
	}
	if s.o.AllowWeak {
		return password, nil
	}
	if utf8.RuneCountInString(password) < passwordLeast {
		return "", bad("this password is too short")
	}
	folded := cases.Fold().String(password)
	if rest := strings.ReplaceAll(folded, login, ""); rest != folded && utf8.RuneCountInString(rest) < passwordLeast-4 {
		return "", bad("this password is little more than the login")
	}
	if common(folded) {
		return "", bad("this password is one of the first that an attacker tries")
	}
	return password, nil
}

// common reports whether a folded password is on the list, with or without
// digits and signs at its end, or made of fewer than four different characters.
func common(folded string) bool {
	different := make(map[rune]bool)
	for _, r := range folded {
		different[r] = true
	}
	if len(different) < 4 {
		return true
	}
	bare := strings.TrimRight(folded, "0123456789!?.*#@$-_+= ")
	for line := range strings.Lines(commonPasswords) {
		if word := strings.TrimSuffix(line, "\n"); word == folded || word == bare && bare != "" {
			return true
		}
	}
	return false
}
