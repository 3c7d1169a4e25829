package mail

import (
	"regexp"
	"strings"
)

// maxIntroductions bounds how often one text is searched for its history.
const maxIntroductions = 50

// The lines that mail programs write above the mail they answer.
var introductions = []*regexp.Regexp{
	regexp.MustCompile(`(?i)^op\s.+\s(schreef|heeft)\b.*:$`),
	regexp.MustCompile(`(?i)^.+\s(schreef|heeft\s.+\sgeschreven)( op\s.+)?:$`),
	regexp.MustCompile(`(?i)^on\s.+\swrote:$`),
	regexp.MustCompile(`(?i)^.+<[^<>]+@[^<>]+>\s*wrote:$`),
	regexp.MustCompile(`(?i)^(am|le|el|il)\s.+\s(schrieb|a écrit|escribió|ha scritto)\b.*:$`),
	regexp.MustCompile(`(?i)^-{2,}\s*(original message|oorspronkelijk bericht|origineel bericht|ursprüngliche nachricht|message d'origine|doorgestuurd bericht|forwarded message)\s*-{2,}$`),
	regexp.MustCompile(`(?i)^(begin forwarded message|begin doorgestuurd bericht):$`),
}

// A block of two or more such lines is the head of the mail below.
var headLine = regexp.MustCompile(`(?i)^\*?(van|from|von|de|verzonden|sent|gesendet|envoyé|datum|date|aan|to|an|à|onderwerp|subject|betreff|objet|cc)\s?:\*?\s+\S`)
var firstHeadLine = regexp.MustCompile(`(?i)^\*?(van|from|von|de)\s?:\*?\s+\S`)

// foldQuoted parts a text into what its author wrote and the history quoted
// below it. A history between the author's lines stays where it is: the answer
// would make no sense without it. Where nothing but history is left, as in a
// bare forward, all is text.
func foldQuoted(text string) (own, quoted string) {
	lines := strings.Split(text, "\n")
	cut := trailingQuote(lines)
	for i, tried := 0, 0; i < cut && tried < maxIntroductions; i++ {
		if n := introduces(lines, i); n > 0 {
			tried++
			if onlyHistory(lines[i+n:], lines[i]) {
				cut = i
			}
		}
	}
	for cut > 0 && (strings.TrimSpace(lines[cut-1]) == "" || isRule(lines[cut-1])) {
		cut--
	}
	own = strings.TrimRight(strings.Join(lines[:cut], "\n"), "\n ")
	if strings.TrimSpace(own) == "" {
		return text, ""
	}
	return own, strings.Trim(strings.Join(lines[cut:], "\n"), "\n")
}

// introduces is how many lines at i form an introduction: 0 for none. Programs
// break it over two lines.
func introduces(lines []string, i int) int {
	line := strings.TrimSpace(lines[i])
	if line == "" || len(line) > 500 || (i > 0 && strings.HasPrefix(line, ">")) {
		return 0
	}
	two := line
	if i+1 < len(lines) {
		two = line + " " + strings.TrimSpace(lines[i+1])
	}
	for _, each := range introductions {
		if each.MatchString(line) {
			return 1
		}
	}
	if firstHeadLine.MatchString(line) && i+1 < len(lines) && headLine.MatchString(strings.TrimSpace(lines[i+1])) {
		return 2
	}
	if len(two) > 500 || !strings.HasSuffix(two, ":") || strings.HasSuffix(line, ".") {
		return 0
	}
	for _, each := range introductions[:5] {
		if each.MatchString(two) {
			return 2
		}
	}
	return 0
}

// onlyHistory reports whether nothing of the author's follows an introduction:
// every line is quoted, a signature aside; or the history is not marked at all,
// as Outlook and web mailers write it.
func onlyHistory(below []string, introduction string) bool {
	marked, plain := 0, 0
	for _, line := range below {
		trimmed := strings.TrimSpace(line)
		if trimmed == "--" && marked > 0 {
			break
		}
		switch {
		case trimmed == "":
		case strings.HasPrefix(trimmed, ">"):
			marked++
		default:
			plain++
		}
	}
	if marked > 0 {
		return plain == 0
	}
	// A plain sentence that ends in "schreef:" must not hide what follows it.
	return plain > 0 && (strings.HasPrefix(introduction, "-") || strings.ContainsAny(introduction, "@0123456789") || firstHeadLine.MatchString(strings.TrimSpace(introduction)))
}

// trailingQuote is where the last run of quoted lines begins; len(lines)
// where the text does not end with one.
func trailingQuote(lines []string) int {
	cut := len(lines)
	for i := len(lines) - 1; i >= 0; i-- {
		trimmed := strings.TrimSpace(lines[i])
		if strings.HasPrefix(trimmed, ">") {
			cut = i
		} else if trimmed != "" {
			break
		}
	}
	return cut
}

func isRule(line string) bool {
	trimmed := strings.TrimSpace(line)
	return len(trimmed) >= 5 && strings.Trim(trimmed, "_-") == ""
}
