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
	ibanPattern    = regexp.MustCompile(`\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b`)
	digitsPattern  = regexp.MustCompile(`\b\d{9}\b`)
	phonePattern   = regexp.MustCompile(`(?:\+\d{2}|\b0)[\d ()-]{8,14}\d\b`)
	emailPattern   = regexp.MustCompile(`[\p{L}\d._%+-]+@[\p{L}\d-]+(?:\.[\p{L}\d-]+)*\.\p{L}{2,}`)
	promisePattern = regexp.MustCompile(`(?i)\b(?:garanderen?|garandeert|gegarandeerd|garantie|beloven|beloofd?|altijd|nooit|` +
		`guarantees?|guaranteed|promised?|always|never|vergoeden wij|wij vergoeden|we will refund|full refund|aansprakelijk|liable)\b`)
)

var shorteners = []string{"bit.ly", "t.co", "tinyurl.com", "goo.gl", "ow.ly", "is.gd", "buff.ly", "lnkd.in", "t.ly", "rb.gy", "cutt.ly"}

// Check runs every check on a normalized text and returns what they noticed,
// in the order of the text, at most 50.
func Check(text string) []Finding {
	type located struct {
		at int
		Finding
	}
	var all []located
	add := func(code string, span []int) {
		excerpt := []rune(text[span[0]:span[1]])
		if len(excerpt) > 60 {
			excerpt = append(excerpt[:59], '…')
		}
		all = append(all, located{span[0], Finding{Code: code, Excerpt: string(excerpt)}})
	}
	for _, span := range linkPattern.FindAllStringIndex(text, -1) {
		if code := linkFinding(text[span[0]:span[1]]); code != "" {
			add(code, span)
		}
	}
	for _, span := range ibanPattern.FindAllStringIndex(text, -1) {
		if validIBAN(text[span[0]:span[1]]) {
			add(FindingIBAN, span)
		}
	}
	for _, span := range digitsPattern.FindAllStringIndex(text, -1) {
		if validBSN(text[span[0]:span[1]]) {
			add(FindingNationalID, span)
		}
	}
	for code, pattern := range map[string]*regexp.Regexp{
		FindingPhone: phonePattern, FindingEmail: emailPattern, FindingPromise: promisePattern,
	} {
		for _, span := range pattern.FindAllStringIndex(text, -1) {
			add(code, span)
		}
	}
	for _, span := range words(text) {
		if mixedScripts(text[span[0]:span[1]]) {
			add(FindingMixedScripts, span)
		}
	}
	for i, r := range text {
		if r != ' ' && unicode.Is(unicode.Zs, r) {
			add(FindingSpace, []int{i, i + len(string(r))})
		}
	}
	slices.SortFunc(all, func(a, b located) int {
		if a.at != b.at {
			return a.at - b.at
		}
		return strings.Compare(a.Code, b.Code)
	})
	var found []Finding
	for _, f := range all {
		if len(found) < 50 && !slices.Contains(found, f.Finding) {
			found = append(found, f.Finding)
		}
	}
	return found
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
	if strings.Contains(host, "@") || strings.Contains(strings.ToLower(host), "xn--") || strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII }) {
		return FindingLink
	}
	if slices.Contains(shorteners, strings.TrimPrefix(strings.ToLower(host), "www.")) {
		return FindingShortener
	}
	return ""
}

// validIBAN checks the ISO 13616 check digits.
func validIBAN(s string) bool {
	s = strings.ReplaceAll(s, " ", "")
	if len(s) < 15 || len(s) > 34 {
		return false
	}
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
