package platform

import (
	"regexp"
	"slices"
	"strings"

	"standpunt/connectors/twitter"
)

// matcher tells whether a post meets a query.
type matcher func(*post) bool

// term is a part of a query.
type term struct {
	match matcher
	// alone says that it can be a whole query. X asks for one such part at least, since has:,
	// is:, lang: and what is negated hold for very many posts.
	alone bool
}

var queryToken = regexp.MustCompile(`^\s*("[^"]*"|\(|\)|-?[^\s()"]+|-)`)

// parseQuery reads a query of words, phrases, OR, parentheses, -, from:, is:retweet,
// is:reply, is:quote, lang:, and has: of hashtags, links, mentions, media, images and
// videos. All else is refused.
func parseQuery(query string) (matcher, bool) {
	var tokens []string
	for rest := strings.TrimRight(query, " "); rest != ""; {
		m := queryToken.FindStringSubmatch(rest)
		if m == nil {
			return nil, false
		}
		tokens, rest = append(tokens, m[1]), rest[len(m[0]):]
	}
	all, left, ok := parseEither(tokens)
	return all.match, ok && all.alone && len(left) == 0
}

// parseEither reads terms that stand beside each other, joined by OR.
func parseEither(tokens []string) (all term, left []string, ok bool) {
	either := []matcher{}
	for {
		var each []matcher
		for len(tokens) > 0 && tokens[0] != ")" && tokens[0] != "OR" {
			one, left, ok := parseTerm(tokens)
			if !ok {
				return all, nil, false
			}
			each, tokens = append(each, one.match), left
			all.alone = all.alone || one.alone
		}
		if len(each) == 0 {
			return all, nil, false
		}
		either = append(either, func(a *post) bool {
			return !slices.ContainsFunc(each, func(m matcher) bool { return !m(a) })
		})
		if len(tokens) == 0 || tokens[0] != "OR" {
			all.match = func(a *post) bool { return slices.ContainsFunc(either, func(m matcher) bool { return m(a) }) }
			return all, tokens, true
		}
		tokens = tokens[1:]
	}
}

func parseTerm(tokens []string) (term, []string, bool) {
	token := tokens[0]
	switch {
	case token == "(":
		one, left, ok := parseEither(tokens[1:])
		if !ok || len(left) == 0 || left[0] != ")" {
			return one, nil, false
		}
		return one, left[1:], true
	case token == "-" && len(tokens) > 1, strings.HasPrefix(token, "-") && len(token) > 1:
		inner := append([]string{strings.TrimPrefix(token, "-")}, tokens[1:]...)
		if token == "-" {
			inner = tokens[1:]
		}
		negated, left, ok := parseTerm(inner)
		return term{match: func(a *post) bool { return !negated.match(a) }}, left, ok
	}
	one, ok := parseWord(token)
	return one, tokens[1:], ok
}

func parseWord(token string) (one term, ok bool) {
	name, value, operator := strings.Cut(token, ":")
	switch {
	case strings.HasPrefix(token, `"`):
		phrase := strings.ToLower(strings.Trim(token, `"`))
		return term{func(a *post) bool { return strings.Contains(strings.ToLower(a.text), phrase) }, true}, phrase != ""
	case !operator:
		word := strings.ToLower(token)
		return term{func(a *post) bool { return slices.Contains(wordsOf(a.text), word) }, true}, true
	case name == "from" && value != "":
		return term{func(a *post) bool { return strings.EqualFold(a.author.handle, value) }, true}, true
	case name == "lang" && slices.Contains(languages, value):
		return term{match: func(a *post) bool { return a.language == value }}, true
	}
	one.match = qualities[token]
	return one, one.match != nil
}

// qualities are the operators that stand for themselves.
var qualities = map[string]matcher{
	"is:retweet":   func(*post) bool { return false },
	"is:reply":     func(a *post) bool { return a.inReplyTo != nil },
	"is:quote":     func(a *post) bool { return a.quotes != nil },
	"has:hashtags": func(a *post) bool { return hashtag.MatchString(a.text) },
	"has:links":    func(a *post) bool { return len(twitter.Links(a.text)) > 0 || len(a.pictures) > 0 || a.quotes != nil },
	"has:mentions": func(a *post) bool { return len(named(a.text)) > 0 },
	"has:media":    func(a *post) bool { return len(a.pictures) > 0 },
	"has:images":   func(a *post) bool { return len(a.pictures) > 0 },
	"has:videos":   func(*post) bool { return false }, // there are none here
}

var hashtag = regexp.MustCompile(`(^|\s)#[\p{L}\p{N}_]*\p{L}`)

// languages are those that X tells apart.
var languages = strings.Fields("am ar bg bn bo bs ca ckb cs cy da de dv el en es et eu fa fi fr gu hi hi-Latn hr ht hu hy in is it iw ja ka km kn ko " +
	"lo lt lv ml mr my ne nl no or pa pl ps pt ro ru sd si sk sl sr sv ta te th tl tr ug uk ur vi zh-CN zh-TW")

// wordsOf are a text's words in lower case, with # and @ before those that have them.
func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return strings.ContainsRune(" \t\r\n.,;:!?()'\"", r)
	})
}
