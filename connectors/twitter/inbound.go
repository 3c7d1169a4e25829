package twitter

import (
	"net/url"
	"regexp"
	"strings"

	"standpunt/inbox"
)

// routePost is the route's name for the version that an answer goes under.
const routePost = "post"

// mostQuoted bounds what is shown of a quoted post, in characters.
const mostQuoted = 1000

// inbound is the post as a mention, with what the answer told beside it. quotes
// says that X told it to be a quote of a post of ours.
func (c *Connector) inbound(p *post, with *includes, self string, quotes bool) inbox.Inbound {
	in := inbox.Inbound{
		ExternalID: p.first(), Thread: p.Conversation, InReplyTo: p.refers("replied_to"), Kind: "post", Visibility: inbox.Public,
		Text: p.text(), Quoted: p.quoted(with), Language: p.Language, URL: statusURL("i", p.ID), PostedAt: p.postedAt(),
		Author: inbox.Author{ExternalID: p.AuthorID}, Attachments: p.attachments(with),
	}
	if !quotes {
		in.Unanswerable = c.unanswerable(p, with, self)
	}
	if in.Language == "und" || in.Language == "zxx" || strings.HasPrefix(in.Language, "q") {
		in.Language = "" // X's words for not knowing
	}
	author, known := with.user(p.AuthorID)
	if !known && p.Author != nil {
		author, known = *p.Author, true
	}
	if known && handlePattern.MatchString(author.Username) {
		in.Author = authorOf(author)
		in.URL = statusURL(author.Username, p.ID)
	}
	if in.InReplyTo != "" {
		in.Kind = "comment"
	}
	if in.ExternalID != p.ID {
		in.PostedAt, in.EditedAt = timeOf(in.ExternalID), p.postedAt()
		in.Route = []inbox.Field{{Name: routePost, Value: p.ID}}
	}
	return in
}

func authorOf(u user) inbox.Author {
	return inbox.Author{ExternalID: u.ID, Handle: "@" + u.Username, Name: u.Name, URL: "https://x.com/" + u.Username}
}

// quoted is what the post quotes: its author and text where X told them, else
// its address. Reading it would be billed as another post.
func (p *post) quoted(with *includes) string {
	id := p.refers("quoted")
	if !isID(id) {
		return ""
	}
	original := with.post(id)
	if original == nil {
		handle, _ := p.quotedHandle(id)
		if handle == "" {
			handle = "i"
		}
		return statusURL(handle, id)
	}
	said := original.text()
	if runes := []rune(said); len(runes) > mostQuoted {
		said = string(runes[:mostQuoted]) + "…"
	}
	author, known := with.user(original.AuthorID)
	if !known || !handlePattern.MatchString(author.Username) {
		return said + "\n" + statusURL("i", id)
	}
	return "@" + author.Username + ": " + said + "\n" + statusURL(author.Username, id)
}

var statusPath = regexp.MustCompile(`^/([A-Za-z0-9_]{1,15})/status/([0-9]{1,19})(?:/.*)?$`)

// quotedHandle is whose post the link to a quoted post names.
func (p *post) quotedHandle(id string) (string, bool) {
	_, found := p.written()
	for _, list := range []entities{found, p.Entities} {
		for _, u := range list.URLs {
			to, err := url.Parse(u.Expanded)
			if err != nil {
				continue
			}
			switch strings.TrimPrefix(strings.ToLower(to.Host), "www.") {
			case "x.com", "twitter.com", "mobile.twitter.com":
				if m := statusPath.FindStringSubmatch(to.Path); m != nil && m[2] == id && m[1] != "i" {
					return m[1], true
				}
			}
		}
	}
	return "", false
}

// attachments are the pictures and films of the post. X names them among the
// links, for nothing; what they show it bills, and so it is only known where it
// came along.
func (p *post) attachments(with *includes) (list []inbox.Attachment) {
	_, found := p.written()
	listed := make(map[string]bool)
	for _, some := range []entities{found, p.Entities} {
		for _, u := range some.URLs {
			if u.MediaKey == "" || listed[u.MediaKey] {
				continue
			}
			listed[u.MediaKey] = true
			a := inbox.Attachment{URL: u.Expanded}
			for _, m := range with.Media {
				if m.Key == u.MediaKey {
					a.Name, a.AltText = m.Type, m.AltText
					if m.URL != "" {
						a.URL = m.URL
					}
				}
			}
			list = append(list, a)
		}
	}
	return list
}
