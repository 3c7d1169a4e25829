package desk

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/runenames"

	"standpunt/approval"
)

// piece is a part of a text as an approver sees it. A marked piece is one
// character that a reader cannot see or could take for another one.
type piece struct {
	Text string
	Mark string // "hidden", "alike" or "space"; empty for ordinary text
	Code string // "U+0430"
	Name string // "CYRILLIC SMALL LETTER A"
}

// marked cuts a text into pieces. Joined, their texts are the text, byte for
// byte.
func marked(text string) []piece {
	marks := make(map[int]string)
	for _, h := range approval.Hidden(text) {
		marks[h.Offset] = "hidden"
	}
	for i, r := range text {
		if r != ' ' && unicode.Is(unicode.Zs, r) {
			marks[i] = "space"
		}
	}
	markAlike(text, marks)
	var all []piece
	start := 0
	for i, r := range text {
		kind, ok := marks[i]
		if !ok {
			continue
		}
		if i > start {
			all = append(all, piece{Text: text[start:i]})
		}
		start = i + len(string(r))
		all = append(all, piece{Text: text[i:start], Mark: kind, Code: fmt.Sprintf("U+%04X", r), Name: runenames.Name(r)})
	}
	if start < len(text) {
		all = append(all, piece{Text: text[start:]})
	}
	return all
}

// oddities are the marked pieces, each character once.
func oddities(all []piece) []piece {
	var odd []piece
	seen := make(map[string]bool)
	for _, p := range all {
		if p.Mark != "" && !seen[p.Code] {
			seen[p.Code] = true
			odd = append(odd, p)
		}
	}
	return odd
}

// twins are letters of other alphabets that look like Latin ones.
const twins = "авеікмнорстухјѕһԁԛԝьАВЕІКМНОРСТУХЈЅҺԚԜ" + "αικνορτυχγΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" + "օոսցհՏՕԼ"

// markAlike marks the letters that are not Latin in words which mix alphabets,
// all letters of a word that is made of twins alone while the rest of the text
// is Latin, and letters of the styled alphabets that some fonts draw plain.
func markAlike(text string, marks map[int]string) {
	latin := strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
	word := -1
	judge := func(end int) {
		if word < 0 {
			return
		}
		hasLatin, allTwins := false, true
		for _, r := range text[word:end] {
			hasLatin = hasLatin || unicode.Is(unicode.Latin, r)
			allTwins = allTwins && strings.ContainsRune(twins, r)
		}
		for i, r := range text[word:end] {
			foreign := !unicode.Is(unicode.Latin, r) && unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee)
			if foreign && (hasLatin || allTwins && latin) || styled(r) {
				marks[word+i] = "alike"
			}
		}
		word = -1
	}
	for i, r := range text {
		letter := unicode.IsLetter(r) || styled(r)
		switch {
		case letter && word < 0:
			word = i
		case !letter:
			judge(i)
		}
	}
	judge(len(text))
}

// styled reports whether r is a full-width or mathematical letter or digit.
func styled(r rune) bool {
	return r >= 0xFF01 && r <= 0xFF5E || r >= 0x1D400 && r <= 0x1D7FF
}
