package approval

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Finding is something that a check noticed in a text. It does not stop a
// proposal: the author accepts it by submitting, approvers see it, and it is
// part of what they endorse.
type Finding struct {
	Code    string // stable; the screens explain it
	Excerpt string // the part of the text concerned
}

// The codes of findings.
const (
	FindingMixedScripts = "mixed_scripts"       // letters of two alphabets in one word
	FindingLink         = "misleading_link"     // a link that hides where it leads
	FindingShortener    = "shortened_link"      // a link whose target can be changed later
	FindingIBAN         = "bank_account"        // personal data
	FindingNationalID   = "national_id"         // personal data: a Dutch BSN
	FindingPhone        = "phone_number"        // personal data
	FindingEmail        = "email_address"       // personal data
	FindingPromise      = "promise"             // words that bind the company
	FindingSpace        = "unusual_space"       // a space that is not the ordinary one
	FindingRejected     = "previously_rejected" // the same text for the same mention was rejected
)

var (
	linkPattern    = regexp.MustCompile(`(?i)\b(?:https?://|www\.)[^\s<>"]+`)
	ibanStart      = regexp.MustCompile(`\b[A-Za-z]{2}\d{2}`)
	digitsPattern  = regexp.MustCompile(`\b\d{9}\b`)
	phonePattern   = regexp.MustCompile(`(?:\+|\b0)\d[\d ()./-]{6,16}\d\b`)
	datePattern    = regexp.MustCompile(`^\d{1,2}[-/.]\d{1,2}[-/.]\d{4}`)
	emailPattern   = regexp.MustCompile(`[\p{L}\d._%+-]+@[\p{L}\d-]+(?:\.[\p{L}\d-]+)*\.\p{L}{2,}`)
	promisePattern = regexp.MustCompile(`(?i)\b(?:garandeer|garanderen?|garandeert|gegarandeerd|garanties?|beloven|belooft|beloofd?|` +
		`(?:zal|zullen|gaan?|gebeurt) (?:\pL+ ){0,2}(?:altijd|nooit)|(?:altijd|nooit) (?:meer|weer|gratis|vergoed|terug)|` +
		`guarantees?|guaranteed|promised?|promises|(?:will|shall|'ll) (?:always|never)|(?:always|never) (?:again|free)|` +
		`vergoeden wij|(?:wij|we) vergoeden|we(?: will|'ll) refund|full refund|aansprakelijk|liable)\b`)
)

var shorteners = []string{"bit.ly", "t.co", "tinyurl.com", "goo.gl", "ow.ly", "is.gd", "buff.ly", "lnkd.in", "t.ly", "rb.gy", "cutt.ly"}

// lookAtMost bounds how many matches of one pattern are looked at.
const lookAtMost = 1000

// mostOfOne bounds the findings of one code, so that many of one kind never
// hide another.
const mostOfOne = 10

// Check runs every check on a normalized text and returns what they noticed,
// in the order of the text, at most 10 of each code.
func Check(text string) []Finding {
	c := checker{text: text}
	c.each(linkPattern, linkFinding)
	for _, span := range ibanStart.FindAllStringIndex(text, -1) {
		if n := ibanLength(text[span[0]:]); n > 0 {
			c.add(FindingIBAN, span[0], span[0]+n)
		}
	}
	c.each(digitsPattern, func(s string) string { return onlyIf(validBSN(s), FindingNationalID) })
	c.each(phonePattern, func(s string) string { return onlyIf(isPhone(s), FindingPhone) })
	c.each(emailPattern, func(string) string { return FindingEmail })
	c.each(promisePattern, func(string) string { return FindingPromise })
	for _, span := range words(text) {
		if mixedScripts(text[span[0]:span[1]]) {
			c.found = append(c.found, located{span[0], span[1], FindingMixedScripts})
		}
	}
	for _, r := range otherSpaces {
		if i := strings.IndexRune(text, r); i >= 0 {
			c.add(FindingSpace, i, i+len(string(r)))
		}
	}
	return c.findings()
}

// otherSpaces are the spaces (Zs) that are not the ordinary one.
const otherSpaces = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"

// checker collects what the checks find in one text.
type checker struct {
	text  string
	found []located
}

// located is a finding and the bytes of the text concerned.
type located struct {
	from, to int
	code     string
}

// each asks about every match of a pattern; "" is nothing.
func (c *checker) each(pattern *regexp.Regexp, code func(match string) string) {
	for _, span := range pattern.FindAllStringIndex(c.text, lookAtMost) {
		if found := code(c.text[span[0]:span[1]]); found != "" {
			c.add(found, span[0], span[1])
		}
	}
}

// add notes a finding, unless it stands inside one that is noted: the digits of
// a bank account are no telephone number.
func (c *checker) add(code string, from, to int) {
	for _, f := range c.found {
		if f.from <= from && to <= f.to {
			return
		}
	}
	c.found = append(c.found, located{from, to, code})
}

func (c *checker) findings() (list []Finding) {
	slices.SortStableFunc(c.found, func(a, b located) int { return a.from - b.from })
	of := make(map[string]int)
	for _, l := range c.found {
		excerpt := []rune(c.text[l.from:l.to])
		if len(excerpt) > 60 {
			excerpt = append(excerpt[:59], '…')
		}
		f := Finding{Code: l.code, Excerpt: string(excerpt)}
		if of[f.Code] < mostOfOne && !slices.Contains(list, f) {
			list = append(list, f)
			of[f.Code]++
		}
	}
	return list
}

func onlyIf(holds bool, code string) string {
	if holds {
		return code
	}
	return ""
}

// linkFinding is the code of what is wrong with a link, or "".
func linkFinding(link string) string {
	host := link
	if _, rest, ok := strings.Cut(link, "://"); ok {
		host = rest
	}
	if i := strings.IndexAny(host, "/?#"); i >= 0 {
		host = host[:i]
	}
	host = strings.TrimRight(host, ".,;:!?)'")
	if strings.ContainsAny(host, "@%\\") || strings.Contains(strings.ToLower(host), "xn--") || strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII }) {
		return FindingLink
	}
	name, _, _ := strings.Cut(strings.ToLower(host), ":")
	if slices.Contains(shorteners, strings.TrimPrefix(name, "www.")) {
		return FindingShortener
	}
	return ""
}

// ibanLengths are the lengths of the account numbers of the countries whose
// customers write to us, from the IBAN registry of SWIFT.
var ibanLengths = map[string]int{
	"AD": 24, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18,
	"FO": 18, "FR": 27, "GB": 22, "GI": 23, "GL": 18, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21,
	"LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19,
	"SK": 24, "SM": 27, "TR": 26, "UA": 29,
}

// ibanLength is how many bytes at the beginning of s are an account number
// whose check digits (ISO 13616) are right; 0 where none is.
func ibanLength(s string) int {
	want := ibanLengths[strings.ToUpper(s[:2])]
	var bare strings.Builder
	for i, r := range s {
		switch r = unicode.ToUpper(r); {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
			bare.WriteRune(r)
		case r != ' ' && r != '.' && r != '-':
			return 0
		}
		if bare.Len() == want && validIBAN(bare.String()) {
			return i + 1
		}
		if bare.Len() >= want {
			return 0
		}
	}
	return 0
}

func validIBAN(s string) bool {
	remainder := 0
	for _, r := range s[4:] + s[:4] {
		switch {
		case r >= '0' && r <= '9':
			remainder = (remainder*10 + int(r-'0')) % 97
		default:
			remainder = (remainder*100 + int(r-'A') + 10) % 97
		}
	}
	return remainder == 1
}

// isPhone reports whether digits with what people put between them are a
// telephone number: an international one, or one of ten digits that begins
// with a single 0. Dates with times and order numbers are not.
func isPhone(s string) bool {
	var digits []byte
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			digits = append(digits, s[i])
		}
	}
	switch {
	case datePattern.MatchString(s):
		return false
	case s[0] == '+':
		return len(digits) >= 9 && len(digits) <= 15
	case digits[1] == '0':
		return digits[2] != '0' && len(digits) >= 11 && len(digits) <= 15
	}
	return len(digits) == 10
}

// validBSN applies the eleven test of Dutch citizen service numbers.
func validBSN(s string) bool {
	sum := 0
	for i, r := range s {
		weight := 9 - i
		if i == 8 {
			weight = -1
		}
		sum += weight * int(r-'0')
	}
	return sum%11 == 0 && sum != 0
}

// words are the spans of letters in text.
func words(text string) [][]int {
	var spans [][]int
	start := -1
	for i, r := range text {
		switch letter := unicode.IsLetter(r); {
		case letter && start < 0:
			start = i
		case !letter && start >= 0:
			spans, start = append(spans, []int{start, i}), -1
		}
	}
	if start >= 0 {
		spans = append(spans, []int{start, len(text)})
	}
	return spans
}

// mixedScripts reports whether a word mixes alphabets that look alike.
func mixedScripts(word string) bool {
	var latin, cyrillic, greek, other bool
	for _, r := range word {
		switch {
		case unicode.Is(unicode.Latin, r):
			latin = true
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic = true
		case unicode.Is(unicode.Greek, r):
			greek = true
		case unicode.In(r, unicode.Armenian, unicode.Cherokee):
			other = true
		}
	}
	n := 0
	for _, b := range []bool{latin, cyrillic, greek, other} {
		if b {
			n++
		}
	}
	return n > 1
}
