package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of an event, in bytes.
const (
	MaxKind     = 64
	MaxName     = 256 // an actor, a subject, a state
	MaxFacts    = 16
	MaxFactName = 64
	MaxFact     = 256
)

// ErrBadEvent is what [Log.Append] answers to an event that breaks the limits
// or the shapes that [Event] describes. The caller's transaction fails with it.
var ErrBadEvent = errors.New("audit: bad event")

// check reports the first field that keeps the event out of the log. The
// message names the field and never its value.
func (e Event) check() error {
	for _, field := range []struct {
		name, value string
		most        int
		shape       string
		fits        func(string) bool
	}{
		{"Kind", e.Kind, MaxKind, "word.word in lower case", isKind},
		{"Actor", string(e.Actor), MaxName, "person:<id>, account:<name> or system", isActor},
		{"Via", e.Via, MaxName, "desk, api, cli, connector or daemon", isVia},
		{"Subject", string(e.Subject), MaxName, "word or word:<id>", isSubject},
		{"From", e.From, MaxName, "text", isText},
		{"To", e.To, MaxName, "text", isText},
	} {
		if err := checkText(field.name, field.value, field.most); err != nil {
			return err
		}
		if !field.fits(field.value) {
			return fmt.Errorf("%w: %s does not have the form %s", ErrBadEvent, field.name, field.shape)
		}
	}
	if len(e.Facts) > MaxFacts {
		return fmt.Errorf("%w: %d facts, at most %d are allowed", ErrBadEvent, len(e.Facts), MaxFacts)
	}
	for name, value := range e.Facts {
		if name == "" {
			return fmt.Errorf("%w: a fact has no name", ErrBadEvent)
		}
		if err := checkText("the name of a fact", name, MaxFactName); err != nil {
			return err
		}
		if err := checkText("the fact "+name, value, MaxFact); err != nil {
			return err
		}
	}
	return nil
}

func isKind(s string) bool {
	room, what, dotted := strings.Cut(s, ".")
	return dotted && isWord(room) && isWord(what)
}

func isActor(s string) bool {
	sort, name, named := strings.Cut(s, ":")
	return s == string(System) || (named && name != "" && (sort == "person" || sort == "account"))
}

func isVia(s string) bool {
	switch s {
	case "desk", "api", "cli", "connector", "daemon":
		return true
	}
	return false
}

func isSubject(s string) bool {
	sort, name, named := strings.Cut(s, ":")
	return isWord(sort) && (!named || name != "")
}

func isText(string) bool { return true }

// isWord reports a lower-case letter followed by letters, digits, underscores
// and hyphens.
func isWord(s string) bool {
	for i, r := range s {
		letter := 'a' <= r && r <= 'z'
		if !letter && (i == 0 || (r != '_' && r != '-' && (r < '0' || r > '9'))) {
			return false
		}
	}
	return s != ""
}

func checkText(name, value string, most int) error {
	switch {
	case len(value) > most:
		return fmt.Errorf("%w: %s has %d bytes, at most %d are allowed", ErrBadEvent, name, len(value), most)
	case !utf8.ValidString(value):
		return fmt.Errorf("%w: %s is not valid UTF-8", ErrBadEvent, name)
	case strings.ContainsFunc(value, breaksLines):
		return fmt.Errorf("%w: %s holds a control character", ErrBadEvent, name)
	}
	return nil
}

// breaksLines reports control characters, the Unicode line and paragraph
// separators and the bidirectional controls: whatever could make one entry
// look like two, or like another.
func breaksLines(r rune) bool {
	if ' ' <= r && r <= '~' {
		return false
	}
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

// Fact makes a value that an event accepts from any text, for identifiers that
// other systems chose: unchanged where it is acceptable, else its SHA-256 as
// "sha256:" and 64 hex digits.
func Fact(s string) string {
	if checkText("", s, MaxFact) == nil {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}
