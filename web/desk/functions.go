package desk

import (
	"errors"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"standpunt/approval"
	"standpunt/people"
)

// ResponseTarget is how long a customer should wait at most for an answer.
const ResponseTarget = 60 * time.Minute

// functions are what templates call, in one language.
func functions(lang string, words *catalogue, files *static) template.FuncMap {
	s := &scribe{lang: lang, words: words}
	return template.FuncMap{
		"t":        func(key string, args ...any) string { return words.t(lang, key, args...) },
		"th":       func(key string, args ...any) template.HTML { return words.th(lang, key, args...) },
		"word":     s.word,
		"told":     s.told,
		"static":   files.url,
		"icon":     icon,
		"ago":      s.ago,
		"when":     s.when,
		"until":    s.until,
		"clock":    s.clock,
		"initials": initials,
		"tint":     tint,
		"platform": platform,
		"dict":     dict,
		"list":     func(all ...any) []any { return all },
		"roles":    s.roles,
		"paras":    func(text string) []string { return strings.Split(text, "\n") },
		"lower":    strings.ToLower,
		"capital":  capital,
		"count":    countWord,
		"missing":  s.missing,
		"marked":   marked,
		"found":    highlight,
		"said":     said,
		"bdi":      bdi,
		"plain":    plain,
		"nameof":   nameOf,
		"toward":   addressed,
		"money":    s.money,
		"cents":    s.cents,
		"span":     s.span,
	}
}

// scribe writes times and names in one language.
type scribe struct {
	lang  string
	words *catalogue
}

// word is the sentence "prefix.value", for values such as states and codes.
func (s *scribe) word(prefix string, value any) string {
	key := prefix + "." + fmt.Sprint(value)
	if s.words.has(key) {
		return s.words.t(s.lang, key)
	}
	return fmt.Sprint(value)
}

// missing is what a proposal in review still needs, "" for any other.
func (s *scribe) missing(p *approval.View) string {
	if p.State != approval.InReview {
		return ""
	}
	var roles []string
	for _, role := range p.Roles {
		if !slices.ContainsFunc(p.Endorsements, func(e approval.Endorsement) bool { return slices.Contains(e.Roles, role) }) {
			roles = append(roles, s.word("role", role))
		}
	}
	more := max(1, p.Quorum-len(p.Endorsements))
	if len(roles) == 0 {
		return s.words.t(s.lang, "pending.needs", "n", more)
	}
	return s.words.t(s.lang, "pending.needsrole", "n", more, "roles", strings.Join(roles, ", "))
}

func (s *scribe) roles(all []people.Role) string {
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = s.word("role", r)
	}
	return strings.Join(names, ", ")
}

// ago is how long ago a time was, short, with the exact time on hover. The
// modules keep it current and put the exact time into the reader's zone.
func (s *scribe) ago(at time.Time) template.HTML {
	if at.IsZero() {
		return ""
	}
	return s.element(at, "ago", s.short(time.Since(at), at))
}

// until is how long it is until a time, as ago has it.
func (s *scribe) until(at time.Time) template.HTML {
	if at.IsZero() {
		return ""
	}
	return s.element(at, "until", s.short(time.Until(at), at))
}

// when is a day and a time.
func (s *scribe) when(at time.Time) template.HTML {
	if at.IsZero() {
		return ""
	}
	return s.element(at, "when", s.exact(at))
}

func (s *scribe) element(at time.Time, kind, text string) template.HTML {
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s" data-time="%s">%s</time>`, //nolint:gosec // escaped
		at.UTC().Format(time.RFC3339), template.HTMLEscapeString(s.exact(at)), kind, template.HTMLEscapeString(text)))
}

func (s *scribe) short(d time.Duration, at time.Time) string {
	switch {
	case d < time.Minute:
		return s.words.t(s.lang, "time.now")
	case d < time.Hour:
		return s.words.t(s.lang, "time.minutes", "n", int(d.Minutes()))
	case d < 24*time.Hour:
		return s.words.t(s.lang, "time.hours", "n", int(d.Hours()))
	case d < 7*24*time.Hour:
		return s.words.t(s.lang, "time.days", "n", int(d.Hours()/24))
	default:
		return fmt.Sprintf("%d %s", at.Local().Day(), s.month(at.Local()))
	}
}

var months = map[string][]string{
	"en": {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	"nl": {"jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec"},
}

func (s *scribe) month(at time.Time) string { return months[s.lang][at.Month()-1] }

// exact is a time as every page writes it: "23 Nov 2026, 07:14", in Dutch
// "23 nov 2026 07:14".
func (s *scribe) exact(at time.Time) string { return s.dated(at.Local()) }

// dated is exact in the time's own zone.
func (s *scribe) dated(at time.Time) string {
	between := ", "
	if s.lang == "nl" {
		between = " "
	}
	return fmt.Sprintf("%d %s %d%s%s", at.Day(), s.month(at), at.Year(), between, at.Format("15:04"))
}

// responseClock is what the clock of one conversation shows.
type responseClock struct {
	Since   time.Time
	Seconds int    // of the target
	Fill    int    // 0 to 100
	Level   string // "calm", "near" or "late"
	Text    string
}

// clock is the response clock of a customer who waits since a time, nil when
// nobody waits.
func (s *scribe) clock(since time.Time) *responseClock {
	if since.IsZero() {
		return nil
	}
	waited := time.Since(since)
	c := &responseClock{
		Since: since, Seconds: int(ResponseTarget.Seconds()), Level: "calm",
		Fill: int(min(100, max(2, 100*waited/ResponseTarget))),
		Text: s.words.t(s.lang, "time.left", "time", s.span(ResponseTarget-waited)),
	}
	switch {
	case waited >= ResponseTarget:
		c.Level, c.Text = "late", s.words.t(s.lang, "time.late", "time", s.span(waited-ResponseTarget))
	case waited >= ResponseTarget/2:
		c.Level = "near"
	}
	return c
}

func (s *scribe) span(d time.Duration) string {
	switch {
	case d < time.Hour:
		return s.words.t(s.lang, "time.minutes", "n", int(d.Minutes()))
	case d < 48*time.Hour:
		return s.words.t(s.lang, "time.hours", "n", int(d.Hours()))
	default:
		return s.words.t(s.lang, "time.days", "n", int(d.Hours()/24))
	}
}

// money is an exact amount: "$0.015", in Dutch "US$ 0,015".
func (s *scribe) money(m approval.Money) string {
	text := m.String()
	if s.lang == "nl" {
		text = strings.NewReplacer("$", "US$\u00a0", ".", ",").Replace(text)
	}
	return text
}

// cents is an amount rounded up to a whole cent, for sums.
func (s *scribe) cents(m approval.Money) string {
	const cent = approval.Dollar / 100
	return s.money((m + cent - 1) / cent * cent)
}

// icon is one symbol of templates/part_symbols.html, hidden from readers of
// the page aloud: the words stand beside it.
func icon(name string) template.HTML {
	return template.HTML(`<svg class="icon" aria-hidden="true" focusable="false"><use href="#i-` + //nolint:gosec // names are ours
		template.HTMLEscapeString(name) + `"/></svg>`)
}

// initials are one or two letters for a person or customer.
func initials(name string) string {
	letters := ""
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		r, _ := utf8.DecodeRuneInString(word)
		letters += string(unicode.ToUpper(r))
		if utf8.RuneCountInString(letters) == 2 {
			break
		}
	}
	if letters == "" {
		return "?"
	}
	return letters
}

// tint is one of six quiet colours, always the same for the same name.
func tint(name string) int {
	sum := 0
	for _, r := range name {
		sum = (sum*31 + int(r)) % 6
	}
	return sum
}

// platform is the mark of a connector's kind: two letters.
func platform(kind string) string {
	marks := map[string]string{
		"twitter": "X", "facebook": "f", "instagram": "ig", "mastodon": "M", "bluesky": "bs", "mail": "@",
		"sandbox": "PL", "push": "↧",
	}
	if m, ok := marks[kind]; ok {
		return m
	}
	if kind == "" {
		return "·"
	}
	return strings.ToUpper(kind[:1])
}

// dict makes a map for a shared part of a template.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("desk: dict takes pairs")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, errors.New("desk: a key of dict is a string")
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// countWord is a number with a cap, as the rooms count: "1000+".
func countWord(n, most int) string {
	if n > most {
		return fmt.Sprintf("%d+", most)
	}
	return fmt.Sprint(n)
}
