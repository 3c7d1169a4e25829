package twitter

import (
	"slices"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Limit is how much weighted text X takes in a post.
const Limit = 280

const (
	linkWeight  = 23 // of any link, however long
	emojiWeight = 2  // of a whole emoji: a family, a flag, a keycap
)

// WeightedLength counts text as twitter-text 3 does: after NFC, each link is
// 23, each emoji 2, a code point of the light ranges (Latin, Cyrillic, Arabic
// and most other alphabets) 1, any other, such as Chinese, 2. A byte that is no
// UTF-8 counts as the replacement character that X would make of it.
//
// Two lists are younger here than in twitter-text: the top-level domains, to which
// those of the public suffix list were added, and the emoji. An emoji that X does
// not draw, yet or at all, may count less here than there.
func WeightedLength(text string) int {
	text = norm.NFC.String(text)
	length, from := 0, 0
	for _, l := range Links(text) {
		length += plainWeight(text[from:l.From]) + linkWeight
		from = l.To
	}
	return length + plainWeight(text[from:])
}

// plainWeight counts text without links.
func plainWeight(text string) int {
	length := 0
	for text != "" {
		if n := emojiPrefix(text); n > 0 {
			length, text = length+emojiWeight, text[n:]
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		length, text = length+runeWeight(r), text[n:]
	}
	return length
}

// runeWeight is the weight of one code point by the ranges of twitter-text's
// configuration v3.
func runeWeight(r rune) int {
	switch {
	case r <= 0x10FF, r >= 0x2000 && r <= 0x200D, r >= 0x2010 && r <= 0x201F, r >= 0x2032 && r <= 0x2037:
		return 1
	}
	return 2
}

const (
	zeroWidthJoiner = 0x200D
	textStyle       = 0xFE0E
	emojiStyle      = 0xFE0F
	keycap          = 0x20E3
	tagBase         = 0x1F3F4 // the black flag, before the tags of England
	tagFirst        = 0xE0020
	tagEnd          = 0xE007F
)

// emojiPrefix is the length in bytes of the emoji that text begins with, 0 if it
// begins with none.
func emojiPrefix(text string) int {
	r, n := utf8.DecodeRuneInString(text)
	next, width := utf8.DecodeRuneInString(text[n:])
	switch {
	case r == '#' || r == '*' || r >= '0' && r <= '9':
		return keycapPrefix(text, n)
	case isRegional(r):
		if isRegional(next) && isFlag(r, next) {
			return n + width
		}
		return n
	case !isEmoji(r) || next == textStyle:
		return 0
	case (r == '©' || r == '®') && next != emojiStyle:
		return 0
	case r == tagBase && next >= tagFirst && next <= tagEnd:
		if tags := tagsPrefix(text[n:]); tags > 0 {
			return n + tags
		}
		return n
	}
	n += stylePrefix(text[n:])
	for {
		joiner, j := utf8.DecodeRuneInString(text[n:])
		if joiner != zeroWidthJoiner {
			return n
		}
		r, width := utf8.DecodeRuneInString(text[n+j:])
		if !isEmoji(r) {
			return n
		}
		n += j + width
		n += stylePrefix(text[n:])
	}
}

// stylePrefix is the length of what changes the look of the emoji before it.
func stylePrefix(text string) int {
	r, n := utf8.DecodeRuneInString(text)
	if r == emojiStyle || isSkin(r) {
		return n
	}
	return 0
}

// keycapPrefix is the length of a keycap whose digit or sign is n bytes long.
func keycapPrefix(text string, n int) int {
	r, width := utf8.DecodeRuneInString(text[n:])
	if r == emojiStyle {
		n += width
		r, width = utf8.DecodeRuneInString(text[n:])
	}
	if r != keycap {
		return 0
	}
	return n + width
}

// tagsPrefix is the length of the tags, with their end, that text begins with.
func tagsPrefix(text string) int {
	for i, r := range text {
		switch {
		case r == tagEnd:
			return i + utf8.RuneLen(r)
		case r < tagFirst || r > tagEnd:
			return 0
		}
	}
	return 0
}

func isRegional(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

func isSkin(r rune) bool { return r >= 0x1F3FB && r <= 0x1F3FF }

// isFlag reports whether two regional letters make a flag.
func isFlag(a, b rune) bool {
	code := string([]rune{a - 0x1F1E6 + 'A', b - 0x1F1E6 + 'A'})
	if slices.Contains([]string{"AC", "CP", "DG", "EA", "EU", "IC", "TA", "UN", "XK"}, code) {
		return true
	}
	region, err := language.ParseRegion(code)
	return err == nil && region.IsCountry() && region.String() == code
}

// isEmoji reports whether r is an emoji by itself or the base of one.
func isEmoji(r rune) bool {
	_, found := slices.BinarySearchFunc(emoji, r, func(span [2]rune, r rune) int {
		switch {
		case span[1] < r:
			return -1
		case span[0] > r:
			return 1
		}
		return 0
	})
	return found
}

// emoji are the code points with the property Emoji, without digits, #, * and
// the regional letters.
var emoji = [][2]rune{
	{0xA9, 0xA9}, {0xAE, 0xAE}, {0x203C, 0x203C}, {0x2049, 0x2049}, {0x2122, 0x2122}, {0x2139, 0x2139},
	{0x2194, 0x2199}, {0x21A9, 0x21AA}, {0x231A, 0x231B}, {0x2328, 0x2328}, {0x23CF, 0x23CF},
	{0x23E9, 0x23F3}, {0x23F8, 0x23FA}, {0x24C2, 0x24C2}, {0x25AA, 0x25AB}, {0x25B6, 0x25B6},
	{0x25C0, 0x25C0}, {0x25FB, 0x25FE}, {0x2600, 0x2604}, {0x260E, 0x260E}, {0x2611, 0x2611},
	{0x2614, 0x2615}, {0x2618, 0x2618}, {0x261D, 0x261D}, {0x2620, 0x2620}, {0x2622, 0x2623},
	{0x2626, 0x2626}, {0x262A, 0x262A}, {0x262E, 0x262F}, {0x2638, 0x263A}, {0x2640, 0x2640},
	{0x2642, 0x2642}, {0x2648, 0x2653}, {0x265F, 0x2660}, {0x2663, 0x2663}, {0x2665, 0x2666},
	{0x2668, 0x2668}, {0x267B, 0x267B}, {0x267E, 0x267F}, {0x2692, 0x2697}, {0x2699, 0x2699},
	{0x269B, 0x269C}, {0x26A0, 0x26A1}, {0x26A7, 0x26A7}, {0x26AA, 0x26AB}, {0x26B0, 0x26B1},
	{0x26BD, 0x26BE}, {0x26C4, 0x26C5}, {0x26C8, 0x26C8}, {0x26CE, 0x26CF}, {0x26D1, 0x26D1},
	{0x26D3, 0x26D4}, {0x26E9, 0x26EA}, {0x26F0, 0x26F5}, {0x26F7, 0x26FA}, {0x26FD, 0x26FD},
	{0x2702, 0x2702}, {0x2705, 0x2705}, {0x2708, 0x270D}, {0x270F, 0x270F}, {0x2712, 0x2712},
	{0x2714, 0x2714}, {0x2716, 0x2716}, {0x271D, 0x271D}, {0x2721, 0x2721}, {0x2728, 0x2728},
	{0x2733, 0x2734}, {0x2744, 0x2744}, {0x2747, 0x2747}, {0x274C, 0x274C}, {0x274E, 0x274E},
	{0x2753, 0x2755}, {0x2757, 0x2757}, {0x2763, 0x2764}, {0x2795, 0x2797}, {0x27A1, 0x27A1},
	{0x27B0, 0x27B0}, {0x27BF, 0x27BF}, {0x2934, 0x2935}, {0x2B05, 0x2B07}, {0x2B1B, 0x2B1C},
	{0x2B50, 0x2B50}, {0x2B55, 0x2B55}, {0x3030, 0x3030}, {0x303D, 0x303D}, {0x3297, 0x3297},
	{0x3299, 0x3299}, {0x1F004, 0x1F004}, {0x1F0CF, 0x1F0CF}, {0x1F170, 0x1F171}, {0x1F17E, 0x1F17F},
	{0x1F18E, 0x1F18E}, {0x1F191, 0x1F19A}, {0x1F201, 0x1F202}, {0x1F21A, 0x1F21A}, {0x1F22F, 0x1F22F},
	{0x1F232, 0x1F23A}, {0x1F250, 0x1F251}, {0x1F300, 0x1F321}, {0x1F324, 0x1F393}, {0x1F396, 0x1F397},
	{0x1F399, 0x1F39B}, {0x1F39E, 0x1F3F0}, {0x1F3F3, 0x1F3F5}, {0x1F3F7, 0x1F4FD}, {0x1F4FF, 0x1F53D},
	{0x1F549, 0x1F54E}, {0x1F550, 0x1F567}, {0x1F56F, 0x1F570}, {0x1F573, 0x1F57A}, {0x1F587, 0x1F587},
	{0x1F58A, 0x1F58D}, {0x1F590, 0x1F590}, {0x1F595, 0x1F596}, {0x1F5A4, 0x1F5A5}, {0x1F5A8, 0x1F5A8},
	{0x1F5B1, 0x1F5B2}, {0x1F5BC, 0x1F5BC}, {0x1F5C2, 0x1F5C4}, {0x1F5D1, 0x1F5D3}, {0x1F5DC, 0x1F5DE},
	{0x1F5E1, 0x1F5E1}, {0x1F5E3, 0x1F5E3}, {0x1F5E8, 0x1F5E8}, {0x1F5EF, 0x1F5EF}, {0x1F5F3, 0x1F5F3},
	{0x1F5FA, 0x1F64F}, {0x1F680, 0x1F6C5}, {0x1F6CB, 0x1F6D2}, {0x1F6D5, 0x1F6D7}, {0x1F6DC, 0x1F6E5},
	{0x1F6E9, 0x1F6E9}, {0x1F6EB, 0x1F6EC}, {0x1F6F0, 0x1F6F0}, {0x1F6F3, 0x1F6FC}, {0x1F7E0, 0x1F7EB},
	{0x1F7F0, 0x1F7F0}, {0x1F90C, 0x1F93A}, {0x1F93C, 0x1F945}, {0x1F947, 0x1F9FF}, {0x1FA70, 0x1FAFF},
}
