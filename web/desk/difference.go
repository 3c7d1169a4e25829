package desk

import (
	"slices"
	"strings"
	"unicode"
)

// span is a part of two versions of a text: in both, or in one of them.
type span struct {
	Kind   string // "same", "gone" (only in the older one) or "new"
	Pieces []piece
}

// mostCompared bounds the table that comparing fills; longer texts are compared
// by lines, and still longer ones are shown as replaced.
const mostCompared = 4_000_000

// difference tells word by word what became of an older text. Together the
// spans that are not "new" are the older text, those not "gone" the newer one.
func difference(older, newer string) []span {
	a, b := wordsOf(older), wordsOf(newer)
	if len(a)*len(b) > mostCompared {
		a, b = strings.SplitAfter(older, "\n"), strings.SplitAfter(newer, "\n")
	}
	var all []span
	for _, s := range calm(compare(a, b)) {
		all = append(all, span{Kind: s.kind, Pieces: marked(s.text)})
	}
	return all
}

// changed reports whether anything differs.
func changed(all []span) bool {
	return slices.ContainsFunc(all, func(s span) bool { return s.Kind != "same" })
}

// wordsOf cuts a text into words, runs of blanks, and single other characters.
func wordsOf(text string) []string {
	class := func(r rune) int {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			return 1
		case r == ' ':
			return 2
		}
		return 0
	}
	var all []string
	last := 0
	for _, r := range text {
		c := class(r)
		if n := len(all); n > 0 && c != 0 && c == last {
			all[n-1] += string(r)
		} else {
			all = append(all, string(r))
		}
		last = c
	}
	return all
}

// edit is a run of words of one kind.
type edit struct{ kind, text string }

// compare finds a longest common subsequence of two lists and tells the rest
// as gone and new.
func compare(a, b []string) []edit {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var all []edit
	add := func(kind string, words ...string) {
		for _, w := range words {
			if n := len(all); n > 0 && all[n-1].kind == kind {
				all[n-1].text += w
			} else {
				all = append(all, edit{kind, w})
			}
		}
	}
	add("same", a[:head]...)
	x, y := a[head:len(a)-tail], b[head:len(b)-tail]
	if len(x)*len(y) > mostCompared {
		add("gone", x...)
		add("new", y...)
	} else {
		walk(x, y, add)
	}
	add("same", a[len(a)-tail:]...)
	return all
}

// walk fills the table of common lengths from the end and reads it from the
// beginning.
func walk(x, y []string, add func(kind string, words ...string)) {
	width := len(y) + 1
	common := make([]int32, (len(x)+1)*width)
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				common[i*width+j] = common[(i+1)*width+j+1] + 1
			} else {
				common[i*width+j] = max(common[(i+1)*width+j], common[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(x) && j < len(y) {
		switch {
		case x[i] == y[j]:
			add("same", x[i])
			i, j = i+1, j+1
		case common[(i+1)*width+j] >= common[i*width+j+1]:
			add("gone", x[i])
			i++
		default:
			add("new", y[j])
			j++
		}
	}
	add("gone", x[i:]...)
	add("new", y[j:]...)
}

// calm joins changes that only blanks separate, so that a rewritten sentence
// reads as one change and not as a row of words.
func calm(all []edit) []edit {
	var out []edit
	gone, fresh := "", ""
	flush := func() {
		if gone != "" {
			out = append(out, edit{"gone", gone})
		}
		if fresh != "" {
			out = append(out, edit{"new", fresh})
		}
		gone, fresh = "", ""
	}
	for i, e := range all {
		switch {
		case e.kind == "gone":
			gone += e.text
		case e.kind == "new":
			fresh += e.text
		case strings.Trim(e.text, " ") == "" && gone+fresh != "" && i+1 < len(all):
			gone, fresh = gone+e.text, fresh+e.text
		default:
			flush()
			out = append(out, e)
		}
	}
	flush()
	return out
}
