package approval

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"standpunt/internal/fault"
)

// Normalize brings a person's text into the one form that is endorsed and
// sent: NFC, line ends LF, no white space at the ends. It changes nothing that
// can be seen.
func Normalize(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	return strings.TrimFunc(norm.NFC.String(text), unicode.IsSpace)
}

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

// HiddenRune is a code point that is refused, and where it stands.
type HiddenRune struct {
	Rune     rune
	Offset   int // in bytes
	Position int // in characters, from 1
}

// Name is the code point as people look it up, "U+202E right-to-left override".
func (h HiddenRune) Name() string {
	if name, ok := hiddenNames[h.Rune]; ok {
		return fmt.Sprintf("U+%04X %s", h.Rune, name)
	}
	switch {
	case h.Rune >= 0xE0000 && h.Rune <= 0xE007F:
		return fmt.Sprintf("U+%04X tag character", h.Rune)
	case unicode.Is(unicode.Variation_Selector, h.Rune):
		return fmt.Sprintf("U+%04X variation selector", h.Rune)
	case unicode.Is(unicode.Co, h.Rune):
		return fmt.Sprintf("U+%04X private-use character", h.Rune)
	}
	return fmt.Sprintf("U+%04X control character", h.Rune)
}

var hiddenNames = map[rune]string{
	0x00AD: "soft hyphen", 0x034F: "combining grapheme joiner", 0x061C: "Arabic letter mark",
	0x115F: "Hangul choseong filler", 0x1160: "Hangul jungseong filler", 0x180E: "Mongolian vowel separator",
	0x200B: "zero-width space", 0x200C: "zero-width non-joiner", 0x200D: "zero-width joiner",
	0x200E: "left-to-right mark", 0x200F: "right-to-left mark", 0x2028: "line separator",
	0x2029: "paragraph separator", 0x202A: "left-to-right embedding", 0x202B: "right-to-left embedding",
	0x202C: "pop directional formatting", 0x202D: "left-to-right override", 0x202E: "right-to-left override",
	0x2060: "word joiner", 0x2061: "invisible function application", 0x2062: "invisible times",
	0x2063: "invisible separator", 0x2064: "invisible plus", 0x2066: "left-to-right isolate",
	0x2067: "right-to-left isolate", 0x2068: "first strong isolate", 0x2069: "pop directional isolate",
	0x2800: "blank Braille pattern", 0x3164: "Hangul filler", 0xFEFF: "byte order mark", 0xFFA0: "halfwidth Hangul filler",
	0x0000: "null character",
}

// Hidden lists the code points of text that are refused: bidirectional
// controls, invisible and tag characters, controls and private use. U+200D,
// U+FE0F, U+FE0E and tags are allowed inside an emoji sequence, U+200C and
// U+200D between letters of the scripts that need them.
func Hidden(text string) []HiddenRune {
	var found []HiddenRune
	runes := []rune(text)
	offset := 0
	for i, r := range runes {
		if hidden(r) && !allowedAt(runes, i) {
			found = append(found, HiddenRune{Rune: r, Offset: offset, Position: i + 1})
		}
		offset += utf8.RuneLen(r)
	}
	return found
}

// hidden reports whether r is invisible or a control, wherever it stands.
func hidden(r rune) bool {
	switch r {
	case '\n', '\t':
		return false
	case 0x034F, 0x115F, 0x1160, 0x2028, 0x2029, 0x2800, 0x3164, 0xFFA0:
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Variation_Selector) ||
		r&0xFFFE == 0xFFFE || (r >= 0xFDD0 && r <= 0xFDEF) || (r >= 0xE0000 && r <= 0xE0FFF)
}

// allowedAt reports whether the hidden code point at i belongs to an emoji
// sequence or to the spelling of its script.
func allowedAt(runes []rune, i int) bool {
	before, after := neighbour(runes, i, -1), neighbour(runes, i, +1)
	switch r := runes[i]; {
	case r == 0xFE0F || r == 0xFE0E:
		return pictographic(before) || (keycapBase(before) && (after == 0x20E3 || r == 0xFE0E))
	case r == 0x200D:
		return pictographic(emojiBefore(runes, i)) && pictographic(after) || joins(before) && joins(after)
	case r == 0x200C:
		return joins(before) && joins(after)
	case r >= 0xE0020 && r <= 0xE007F:
		return inFlagOfRegion(runes, i)
	}
	return false
}

func neighbour(runes []rune, i, step int) rune {
	if i+step < 0 || i+step >= len(runes) {
		return 0
	}
	return runes[i+step]
}

// emojiBefore is the base that a joiner at i follows, past its presentation
// selector and skin tone.
func emojiBefore(runes []rune, i int) rune {
	for i--; i >= 0; i-- {
		if r := runes[i]; r != 0xFE0F && (r < 0x1F3FB || r > 0x1F3FF) {
			return r
		}
	}
	return 0
}

func keycapBase(r rune) bool { return r >= '0' && r <= '9' || r == '#' || r == '*' }

// pictographic reports whether r can begin an emoji.
func pictographic(r rune) bool {
	switch {
	case r >= 0x1F000 && r <= 0x1FAFF:
		return true
	case r >= 0x2190 && r <= 0x2BFF:
		return unicode.In(r, unicode.So, unicode.Sm)
	}
	switch r {
	case 0xA9, 0xAE, 0x203C, 0x2049, 0x2122, 0x2139, 0x3030, 0x303D, 0x3297, 0x3299:
		return true
	}
	return false
}

// joins reports whether r belongs to a script whose spelling uses the
// zero-width joiner and non-joiner.
func joins(r rune) bool {
	return unicode.In(r, unicode.Arabic, unicode.Syriac, unicode.Nko, unicode.Mongolian, unicode.Devanagari,
		unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati, unicode.Oriya, unicode.Tamil, unicode.Telugu,
		unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Tibetan, unicode.Myanmar)
}

// regionFlags are the tag sequences that Unicode recommends for interchange:
// England, Scotland and Wales.
var regionFlags = []string{"gbeng", "gbsct", "gbwls"}

// inFlagOfRegion reports whether the tag character at i is part of one of the
// flags that are spelled with tags.
func inFlagOfRegion(runes []rune, i int) bool {
	start := i
	for start > 0 && runes[start] >= 0xE0020 && runes[start] <= 0xE007F {
		start--
	}
	if runes[start] != 0x1F3F4 {
		return false
	}
	for _, flag := range regionFlags {
		end := start + 1 + len(flag)
		if end >= len(runes) || runes[end] != 0xE007F || i > end {
			continue
		}
		same := true
		for j, c := range flag {
			same = same && runes[start+1+j] == 0xE0000+c
		}
		if same {
			return true
		}
	}
	return false
}
