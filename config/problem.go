package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"
)

// Environment is the File of a [Problem] whose cause is an environment
// variable; its Key is then the variable's name.
const Environment = "environment"

// Problem is one fault of a configuration, safe to show: it never carries the
// value of a secret.
type Problem struct {
	File    string // the path as given to Load, or [Environment]
	Line    int    // from 1; 0 where no line is at fault
	Key     string // the full key path, such as accounts[2].settings.imap
	Value   string // the offending value, at most 100 characters; may be empty
	Message string // what is wrong, without a full stop
	Remedy  string // what to do, in whole sentences; may be empty
	err     error
}

// Error is one line: file:line: key: message (got "value"). Remedy.
func (p *Problem) Error() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
		}
		b.WriteString(": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Message)
	if p.Value != "" {
		fmt.Fprintf(&b, " (got %q)", p.Value)
	}
	if p.Remedy != "" {
		b.WriteString(". " + p.Remedy)
	}
	return b.String()
}

// Unwrap is the operating system's error, where there was one.
func (p *Problem) Unwrap() error { return p.err }

// Problems lists every [Problem] in err, however joined or wrapped, in the
// order in which they were joined.
func Problems(err error) []*Problem {
	var found []*Problem
	switch e := err.(type) { //nolint:errorlint // the tree is walked by hand to find all, not the first
	case nil:
	case *Problem:
		found = append(found, e)
	case interface{ Unwrap() []error }:
		for _, each := range e.Unwrap() {
			found = append(found, Problems(each)...)
		}
	default:
		found = Problems(errors.Unwrap(err))
	}
	return found
}

// Nearest is the word of words that somebody who typed word most likely
// meant, or "" when none is near. Case, dashes and underscores do not count;
// a word that begins with the other ("imap_host", "imap") is near.
func Nearest(word string, words []string) string {
	fold := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "_")) }
	best, distance := "", 0
	for _, each := range words {
		a, b := fold(word), fold(each)
		d := levenshtein.ComputeDistance(a, b)
		if min(len(a), len(b)) >= 3 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a)) {
			d = min(d, 1)
		}
		if d == 2 && sameLetters(a, b) { // two letters swapped: one slip
			d = 1
		}
		if d <= max(1, min(len(word), len(each))/3) && d < len(each) && (best == "" || d < distance) {
			best, distance = each, d
		}
	}
	return best
}

func sameLetters(a, b string) bool {
	x, y := []rune(a), []rune(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// joined sorts problems by line, those of the environment last, and joins
// them; nil for none.
func joined(problems []*Problem) error {
	slices.SortStableFunc(problems, func(a, b *Problem) int {
		if inA, inB := a.File == Environment, b.File == Environment; inA != inB {
			if inA {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.Line, b.Line)
	})
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

// suggestion is the remedy for a word that is not one of words.
func suggestion(word, what string, words []string) string {
	const most = 20
	list := fmt.Sprintf("Valid %s: %s.", what, strings.Join(words, ", "))
	if len(words) > most {
		list = fmt.Sprintf("config.example.yaml and docs/platforms show the %d valid %s.", len(words), what)
	}
	if near := Nearest(word, words); near != "" {
		return fmt.Sprintf("Did you mean %q? %s", near, list)
	}
	return list
}

// shortened cuts text that is shown to 100 characters.
func shortened(text string) string {
	const most = 100
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// step is a key as part of a key path: quoted if it is not a plain word.
func step(key string) string {
	plain := key != "" && strings.IndexFunc(key, func(r rune) bool {
		return r != '_' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) < 0
	if plain {
		return shortened(key)
	}
	return strconv.Quote(shortened(key))
}

// below is the key path of key inside parent.
func below(parent, key string) string {
	if parent == "" {
		return step(key)
	}
	return parent + "." + step(key)
}

// item is the key path of a list's item, from 0.
func item(parent string, index int) string {
	return parent + "[" + strconv.Itoa(index) + "]"
}
