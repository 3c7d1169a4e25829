package approval

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"standpunt/internal/fault"
)

// Normalize brings a person's text into the one form that is endorsed and
// sent: NFC, line ends LF, no white space at the ends of the text and none at
// the ends of its lines. It changes nothing that can be seen.
func Normalize(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	lines := strings.Split(norm.NFC.String(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\u00a0")
	}
	return strings.TrimFunc(strings.Join(lines, "\n"), unicode.IsSpace)
}

// mostMarks is how many combining marks one character may carry; languages need
// no more than four.
const mostMarks = 8

// stacked finds the first character that carries too many combining marks, and
// its place, from 1. Normalizing puts a joiner of its own among very many, which
// is no hidden character of the author's.
func stacked(text string) (base string, position int) {
	marks, at, i := 0, 0, 0
	for _, r := range text {
		i++
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me):
			if marks++; marks > mostMarks {
				return base, at
			}
		default:
			base, at, marks = string(r), i, 0
		}
	}
	return "", 0
}

// MaxText is the most bytes that a text may have, where the platform takes more
// or sets no limit.
const MaxText = 100_000

// CheckText refuses what must never be published: nothing at all, more than
// the platform takes, invalid UTF-8, and code points that a reader cannot see
// or that reorder what they see. text is normalized.
func CheckText(text string, m Measure) error {
	if text == "" {
		return fault.New(fault.EmptyText, "the answer is empty").At("text", "").Fix("Write the answer first.")
	}
	if !utf8.ValidString(text) {
		return fault.New(fault.InvalidInput, "the text is not valid UTF-8").At("text", "").Fix("Send the text as UTF-8.")
	}
	if i := strings.IndexRune(text, utf8.RuneError); i >= 0 {
		return fault.New(fault.InvalidInput, "a character of the text was lost on its way: U+FFFD stands in its place").
			At("text", "").Fix("Write that character again.").With("position", fmt.Sprint(utf8.RuneCountInString(text[:i])+1))
	}
	if base, position := stacked(text); position > 0 {
		return fault.New(fault.InvalidInput, "more marks are stacked on character %d than anybody can read", position).
			At("text", base).Fix("Retype that character with at most %d accents.", mostMarks).With("position", strconv.Itoa(position))
	}
	if len(text) > MaxText {
		m = Measure{Length: len(text), Limit: MaxText, Unit: "bytes"}
	}
	if m.Limit > 0 && m.Length > m.Limit {
		return fault.New(fault.TextTooLong, "the answer is %d %s long and the platform takes %d", m.Length, m.Unit, m.Limit).
			At("text", "").Fix("Shorten it by %d.", m.Length-m.Limit).
			With("length", fmt.Sprint(m.Length)).With("limit", fmt.Sprint(m.Limit))
	}
	if h := Hidden(text); len(h) > 0 {
		return fault.New(fault.HiddenCharacters, "the text holds a character that readers cannot see: %s, character %d",
			h[0].Name(), h[0].Position).
			At("text", h[0].Name()).Fix("Delete it; retyping the words around it helps.").
			With("position", fmt.Sprint(h[0].Position)).With("character", h[0].Name())
	}
	return nil
}
