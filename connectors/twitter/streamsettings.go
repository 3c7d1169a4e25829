package twitter

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"standpunt/config"
)

// X's bounds of the filtered stream for self-serve apps.
const (
	mostRules   = 1000
	longestRule = 1024 // characters
	// longestQuery bounds one search, in characters; a rule beyond it is streamed and not
	// searched for.
	longestQuery = 512
	// leastDirectEvery keeps reading messages within 15 calls per 15 minutes, with calls left
	// for further pages.
	leastDirectEvery = 75 * time.Second
)

// The values of access.
const (
	accessSelfServe  = "self-serve"
	accessEnterprise = "enterprise"
)

// WiderSettings are the settings of what comes in beside mentions.
type WiderSettings struct {
	// BearerToken is the app's own; both streams and the search need it.
	BearerToken config.Secret `yaml:"bearer_token"`
	// Keywords are words and phrases whose posts come in although they do not name us; Rules
	// the same in X's own language.
	Keywords []string `yaml:"keywords"`
	Rules    []string `yaml:"rules"`
	// Activity turns the X Activity stream on, which brings what names, answers or quotes us at once.
	Activity bool `yaml:"activity"`
	// DirectMessages brings the brand account's direct messages in, and sends answers to them.
	DirectMessages bool `yaml:"direct_messages"`
	// Access is what the app has of X: "self-serve", which answers only who called on us, or "enterprise".
	Access string `yaml:"access"`
}

// check finds what is wrong beyond the faults that are known already.
func (s *WiderSettings) check(from config.Settings, known []*config.Problem) (faults []error) {
	wrong := func(key, value, message, remedy string) {
		faults = append(faults, from.Problem(key, value, message, remedy))
	}
	if s.Access != accessSelfServe && s.Access != accessEnterprise {
		wrong("access", s.Access, "is not known", "Write "+accessSelfServe+" or "+accessEnterprise+".")
	}
	unread := slices.ContainsFunc(known, func(p *config.Problem) bool { return strings.HasSuffix(p.Key, "bearer_token") })
	if s.streams() && s.BearerToken.Reveal() == "" && !unread {
		wrong("bearer_token", "", "is missing", "Copy the app's Bearer Token from X's developer console: keywords, rules and activity need it.")
	}
	for i, word := range s.Keywords {
		switch {
		case strings.TrimSpace(word) == "":
			wrong(fmt.Sprintf("keywords[%d]", i), word, "is empty", "Write a word or a phrase.")
		case strings.ContainsFunc(word, func(r rune) bool { return r == '"' || unicode.IsControl(r) || r == utf8.RuneError }):
			wrong(fmt.Sprintf("keywords[%d]", i), word, "holds a character that a keyword cannot have", "Leave out quotation marks; what needs more is written as a rule.")
		case utf8.RuneCountInString(word) > longestQuery/4:
			wrong(fmt.Sprintf("keywords[%d]", i), word, "is too long", fmt.Sprintf("Shorten it to %d characters.", longestQuery/4))
		}
	}
	for i, rule := range s.Rules {
		if n := utf8.RuneCountInString(rule); strings.TrimSpace(rule) == "" || n > longestRule {
			wrong(fmt.Sprintf("rules[%d]", i), rule, "is empty or too long", fmt.Sprintf("Write a rule of 1 to %d characters.", longestRule))
		}
	}
	if n := len(s.Keywords) + len(s.Rules); n > mostRules {
		wrong("keywords", "", fmt.Sprintf("and rules are %d", n), fmt.Sprintf("Leave %d: X takes no more.", mostRules))
	}
	return faults
}

// streams reports whether anything is streamed.
func (s *WiderSettings) streams() bool { return s.Activity || len(s.Keywords)+len(s.Rules) > 0 }
