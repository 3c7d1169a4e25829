package twitter

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"standpunt/inbox"
)

// unanswerable says why X will not take our answer, where that is certain, and
// is empty elsewhere. Since 23 February 2026 the API takes a self-serve app's
// answer only under a post whose author mentioned us with an @ or quoted a post
// of ours. The @ that X itself puts before a reply, since the thread names us, is
// none of the author's: it stands before what X shows of the text.
//
// What is not certain counts as answerable: X's refusal is then final, and says to
// answer by hand. That is so for an answer right under a post of ours, which
// bears our name by itself, for one of which X does not say whom it answers, and
// for a quote whose address does not tell of whom.
func (c *Connector) unanswerable(p *post, with *includes, self string) string {
	if p.refers("retweeted", "reposted") != "" {
		return inbox.UnansweredRepeat.English()
	}
	if c.s.Access == accessEnterprise {
		return ""
	}
	named, inherited := p.naming(self, c.s.Handle)
	switch {
	case named, p.ToUser == self, inherited && p.ToUser == "", p.mayQuote(with, self, c.s.Handle):
		return ""
	case inherited:
		return inbox.UnansweredThreadNamesUs.English()
	}
	return inbox.UnansweredNotAddressed.English()
}

// naming reports whether the author names us, and whether X alone does, before
// what it shows.
func (p *post) naming(self, handle string) (byAuthor, byX bool) {
	shownFrom := 0
	if len(p.Shown) == 2 && p.refers("replied_to") != "" {
		shownFrom = p.Shown[0]
	}
	long, found := p.written()
	for _, m := range p.Entities.Mentions {
		if m.ID != self && !strings.EqualFold(m.Username, handle) {
			continue
		}
		if m.Start >= shownFrom {
			return true, false
		}
		byX = true
	}
	if long != p.Text { // the range that is shown is one of the short text
		for _, m := range found.Mentions {
			if m.ID == self || strings.EqualFold(m.Username, handle) {
				return !byX || timesNamed(long, handle) > 1, byX
			}
		}
	}
	if byX {
		return false, true
	}
	return timesNamed(long, handle) > 0, false
}

// timesNamed is how often a text names the handle with an @, which X reads as a
// name only where no other name or word goes on before or behind it.
func timesNamed(text, handle string) (times int) {
	text = strings.ToLower(strings.ReplaceAll(text, "＠", "@"))
	name := "@" + strings.ToLower(handle)
	for from := 0; ; {
		i := strings.Index(text[from:], name)
		if i < 0 {
			return times
		}
		i += from
		from = i + len(name)
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		behind, _ := utf8.DecodeRuneInString(text[from:])
		if !inName(before) && !inName(behind) && !unicode.Is(unicode.Latin, behind) && !strings.HasPrefix(text[from:], "://") {
			times++
		}
	}
}

// inName reports whether a name of X goes on with r, in lower case, or another @
// keeps it from being one.
func inName(r rune) bool {
	return r == '_' || r == '@' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
}

// mayQuote reports whether the post quotes one that is ours, or may be.
func (p *post) mayQuote(with *includes, self, handle string) bool {
	id := p.refers("quoted")
	if id == "" {
		return false
	}
	if original := with.post(id); original != nil && original.AuthorID != "" {
		return original.AuthorID == self
	}
	of, told := p.quotedHandle(id)
	return !told || strings.EqualFold(of, handle)
}
