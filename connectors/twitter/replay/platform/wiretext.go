package platform

import (
	"cmp"
	"fmt"
	"html"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"standpunt/connectors/twitter"
)

// inherited are the names that X puts before a reply: whoever the post above
// it is by or names, but its own author and those whom its text names.
func (a *post) inherited() (names []string) {
	if a.inReplyTo == nil {
		return nil
	}
	above := append([]string{strings.ToLower(a.inReplyTo.author.handle)}, named(a.inReplyTo.wireText())...)
	own := named(a.text)
	for _, name := range above {
		if name != strings.ToLower(a.author.handle) && !slices.Contains(names, name) && !slices.Contains(own, name) {
			names = append(names, name)
		}
	}
	return names
}

// prefix is what stands before a reply's text.
func (a *post) prefix() string {
	var b strings.Builder
	for _, name := range a.inherited() {
		b.WriteString("@" + name + " ")
	}
	return b.String()
}

// wireText is the text with the names that X puts before a reply.
func (a *post) wireText() string { return a.prefix() + a.text }

// shown is a text as the API gives it, with what X finds in it.
type shown struct {
	text     string // with links as t.co, and &, <, > as entities
	urls     []map[string]any
	mentions []map[string]any
	rangeEnd int // of what is shown, in code points
}

// show shortens links and finds names. Pictures stand as links at the end.
func (p *Platform) showText(a *post, full string) shown {
	var s shown
	var b strings.Builder
	from := 0
	short := func(target, display, media string) string {
		link := fmt.Sprintf("https://t.co/%s%02d", strconv.FormatInt(a.at.UnixMilli(), 36), len(s.urls))
		at := utf8.RuneCountInString(b.String())
		entity := map[string]any{"start": at, "end": at + len(link), "url": link, "expanded_url": target, "display_url": display}
		if media != "" {
			entity["media_key"] = media
		}
		s.urls = append(s.urls, entity)
		return link
	}
	for _, l := range twitter.Links(full) {
		target := full[l.From:l.To]
		if !l.Scheme {
			target = "http://" + target
		}
		b.WriteString(full[from:l.From])
		b.WriteString(short(target, full[l.From:l.To], ""))
		from = l.To
	}
	b.WriteString(full[from:])
	if a.quotes != nil {
		b.WriteString(" ")
		b.WriteString(short("https://twitter.com/"+a.quotes.author.handle+"/status/"+a.quotes.id, "x.com/…", ""))
	}
	s.rangeEnd = utf8.RuneCountInString(b.String())
	for i, u := range a.pictures { // all of them by one link
		target := fmt.Sprintf("https://x.com/%s/status/%s/photo/1", a.author.handle, a.id)
		if i == 0 {
			b.WriteString(" ")
			b.WriteString(short(target, "pic.x.com/…", u.key()))
			continue
		}
		first := maps.Clone(s.urls[len(s.urls)-1])
		first["media_key"] = u.key()
		s.urls = append(s.urls, first)
	}
	plain := b.String()
	s.mentions = p.mentionsIn(plain)
	s.text = strings.NewReplacer("&", html.EscapeString("&"), "<", "&lt;", ">", "&gt;").Replace(plain)
	return s
}

func (s shown) entities() map[string]any {
	found := map[string]any{}
	if s.urls != nil {
		found["urls"] = s.urls
	}
	if s.mentions != nil {
		found["mentions"] = s.mentions
	}
	return found
}

// mentionsIn are the known names in a text, with their places in code points.
func (p *Platform) mentionsIn(text string) (found []map[string]any) {
	at := 0
	for _, name := range named(text) {
		i := strings.Index(strings.ToLower(text[at:]), "@"+name)
		if i < 0 {
			continue
		}
		i += at
		at = i + 1 + len(name)
		if u := p.users[name]; u != nil {
			start := utf8.RuneCountInString(text[:i])
			found = append(found, map[string]any{"start": start, "end": start + 1 + len(name), "username": u.handle, "id": u.id})
		}
	}
	return found
}

// short is the text that fits a post, and whether that is not all of it.
func (a *post) short() (string, bool) {
	full := a.wireText()
	if twitter.WeightedLength(full) <= twitter.Limit {
		return full, false
	}
	runes := []rune(full)
	return string(runes[:min(len(runes), 275)]) + "…", true
}

// show is a post with the fields that were asked for.
func (p *Platform) show(a *post, w words, asked map[string]bool) map[string]any {
	text, long := a.short()
	is := p.showText(a, text)
	if !long && len(a.pictures) == 0 && a.quotes == nil {
		is.rangeEnd = utf8.RuneCountInString(html.UnescapeString(is.text))
	}
	out := map[string]any{"id": a.id, "text": is.text, w.history: a.versions()}
	if asked["author_id"] && (asked["expanded"] || !p.o.ExpandAuthors) {
		out["author_id"] = a.author.id
	}
	if asked["created_at"] {
		out["created_at"] = a.at.Format("2006-01-02T15:04:05.000Z")
	}
	if asked["conversation_id"] {
		out["conversation_id"] = a.root().history[0]
	}
	if asked["in_reply_to_user_id"] && a.inReplyTo != nil && !p.o.ExpandAuthors {
		out["in_reply_to_user_id"] = a.inReplyTo.author.id
	}
	if asked["lang"] {
		out["lang"] = cmp.Or(a.language, "und")
	}
	if asked["display_text_range"] {
		out["display_text_range"] = []int{utf8.RuneCountInString(a.prefix()), is.rangeEnd}
	}
	if asked[w.referenced] {
		if refs := a.references(); refs != nil {
			out[w.referenced] = refs
		}
	}
	if asked["entities"] {
		if found := is.entities(); len(found) > 0 {
			out["entities"] = found
		}
	}
	if long && asked[w.note] {
		whole := p.showText(a, a.wireText())
		note := map[string]any{"text": whole.text}
		if found := whole.entities(); len(found) > 0 {
			note["entities"] = found
		}
		out[w.note] = note
	}
	return out
}

func (a *post) root() *post {
	root := a
	for root.inReplyTo != nil {
		root = root.inReplyTo
	}
	return root
}

func (a *post) references() (refs []map[string]string) {
	if a.inReplyTo != nil {
		refs = append(refs, map[string]string{"type": "replied_to", "id": a.inReplyTo.id})
	}
	if a.quotes != nil {
		refs = append(refs, map[string]string{"type": "quoted", "id": a.quotes.id})
	}
	return refs
}
