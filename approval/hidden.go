package approval

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

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
	case noncharacter(h.Rune):
		return fmt.Sprintf("U+%04X noncharacter", h.Rune)
	case !unicode.Is(unicode.Cc, h.Rune):
		return fmt.Sprintf("U+%04X invisible character", h.Rune)
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
	0x17B4: "Khmer inherent vowel aq", 0x17B5: "Khmer inherent vowel aa", 0x1D159: "musical null notehead",
	0x16FE4: "Khitan small script filler", 0xFFFC: "object replacement character",
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
	case 0x2028, 0x2029, // separators that some platforms show as a line end and some do not
		0x2800, 0x1107F, 0x16FE4, 0x1D159, 0xFFFC: // shown as nothing, though no property says so
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Co, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) ||
		unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r) ||
		noncharacter(r) || (r >= 0xE0000 && r <= 0xE0FFF)
}

func noncharacter(r rune) bool { return r&0xFFFE == 0xFFFE || (r >= 0xFDD0 && r <= 0xFDEF) }

// allowedAt reports whether the hidden code point at i belongs to an emoji
// sequence or to the spelling of its script.
func allowedAt(runes []rune, i int) bool {
	before, after := neighbour(runes, i, -1), neighbour(runes, i, +1)
	switch r := runes[i]; {
	case r == 0xFE0F || r == 0xFE0E:
		return pictographic(before) || keycapBase(before) && after == 0x20E3
	case r == 0x200D:
		return pictographic(emojiBefore(runes, i)) && pictographic(after) || joins(before) && (joins(after) || virama(before))
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

// virama reports whether r takes a consonant's vowel away; a joiner behind it
// chooses the letter's form, at the end of a word too.
func virama(r rune) bool { return norm.NFC.PropertiesString(string(r)).CCC() == 9 }

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
