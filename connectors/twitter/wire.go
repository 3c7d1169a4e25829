package twitter

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
)

// user is an account as the API shows it.
type user struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
}

// reference is another post that a post answers, quotes or repeats.
type reference struct {
	Type string `json:"type"` // "replied_to", "quoted", "retweeted", "reposted"
	ID   string `json:"id"`
}

// entities are what X found in a text.
type entities struct {
	URLs []struct {
		URL      string `json:"url"` // at t.co, as the text has it
		Expanded string `json:"expanded_url"`
	} `json:"urls"`
	Mentions []struct {
		Username string `json:"username"`
		ID       string `json:"id"`
	} `json:"mentions"`
}

// long is the whole of a post of more than 280 characters.
type long struct {
	Text     string   `json:"text"`
	Entities entities `json:"entities"`
}

// post is a post in either vocabulary.
type post struct {
	ID           string    `json:"id"`
	Text         string    `json:"text"`
	AuthorID     string    `json:"author_id"`
	Author       *user     `json:"author"`
	CreatedAt    time.Time `json:"created_at"`
	Conversation string    `json:"conversation_id"`
	ToUser       string    `json:"in_reply_to_user_id"`
	Language     string    `json:"lang"`
	Entities     entities  `json:"entities"`

	ReferencedTweets []reference `json:"referenced_tweets"`
	ReferencedPosts  []reference `json:"referenced_posts"`
	NoteTweet        *long       `json:"note_tweet"`
	NotePost         *long       `json:"note_post"`
	TweetHistory     []string    `json:"edit_history_tweet_ids"`
	PostHistory      []string    `json:"edit_history_post_ids"`
}

// timeline is one page of posts.
type timeline struct {
	Data     []post `json:"data"`
	Includes struct {
		Users []user `json:"users"`
	} `json:"includes"`
	Meta *struct {
		Count int    `json:"result_count"`
		Next  string `json:"next_token"`
	} `json:"meta"`
}

// fields are the parameters that name what we read of a post.
func (s *Settings) fields() (name, list string) {
	common := "author_id,created_at,conversation_id,in_reply_to_user_id,entities,lang,"
	if s.Vocabulary == "post" {
		return "post.fields", common + "referenced_posts,note_post,edit_history_post_ids"
	}
	return "tweet.fields", common + "referenced_tweets,note_tweet,edit_history_tweet_ids"
}

// epoch is when X's ids begin, in Unix milliseconds; an id holds its time
// above its lower 22 bits.
const epoch = 1288834974657

// idAt is the least id that a post of the time can have.
func idAt(t time.Time) int64 { return max(t.UnixMilli()-epoch, 0) << 22 }

// number is an id as a number, 0 where it is none.
func number(id string) int64 {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func isID(id string) bool { return number(id) > 0 }

// timeOf is when the post with the id was made.
func timeOf(id string) time.Time { return time.UnixMilli(number(id)>>22 + epoch).UTC() }

func (p *post) history() []string {
	if len(p.PostHistory) > 0 {
		return p.PostHistory
	}
	return p.TweetHistory
}

// first is the id of the first version: an edited post has a new id, and stays
// one mention.
func (p *post) first() string {
	if h := p.history(); len(h) > 0 && isID(h[0]) {
		return h[0]
	}
	return p.ID
}

func (p *post) references() []reference {
	if len(p.ReferencedPosts) > 0 {
		return p.ReferencedPosts
	}
	return p.ReferencedTweets
}

// refers is the post to which it stands in one of the relations, "" if none.
func (p *post) refers(to ...string) string {
	for _, r := range p.references() {
		for _, kind := range to {
			if r.Type == kind {
				return r.ID
			}
		}
	}
	return ""
}

// written is the whole text as the API gives it, with what X found in it.
func (p *post) written() (string, entities) {
	for _, l := range []*long{p.NotePost, p.NoteTweet} {
		if l != nil && l.Text != "" {
			return l.Text, l.Entities
		}
	}
	return p.Text, p.Entities
}

var plain = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// text is the post's text as its author wrote it, but for links without a
// scheme, which come with http://.
func (p *post) text() string {
	text, found := p.written()
	text = plain.Replace(text)
	for _, u := range found.URLs {
		if u.URL != "" && u.Expanded != "" {
			text = strings.Replace(text, u.URL, u.Expanded, 1)
		}
	}
	return text
}

var leadingName = regexp.MustCompile(`^@[A-Za-z0-9_]{1,15} `)

// textBeside is the text with everything undone that X does to an answer of
// ours, as far as the approved text explains it: links regain the spelling that
// was approved, and the names before a reply go unless they were approved.
func (p *post) textBeside(approved string) string {
	text, found := p.written()
	text = plain.Replace(text)
	links := Links(approved)
	for _, u := range found.URLs {
		for i, l := range links {
			if spelling := approved[l.From:l.To]; sameAddress(spelling, u.Expanded, l.Scheme) {
				text = strings.Replace(text, u.URL, spelling, 1)
				links = links[i+1:]
				break
			}
		}
	}
	for p.refers("replied_to") != "" && !strings.HasPrefix(text, approved) {
		name := leadingName.FindString(text)
		if name == "" {
			break
		}
		text = text[len(name):]
	}
	return text
}

// sameAddress reports whether X's full address is a link as it was written.
func sameAddress(spelling, full string, scheme bool) bool {
	full = strings.TrimSuffix(full, "/")
	spelling = strings.TrimSuffix(spelling, "/")
	return full == spelling || !scheme && (full == "http://"+spelling || full == "https://"+spelling)
}

func (p *post) postedAt() time.Time {
	if !p.CreatedAt.IsZero() {
		return p.CreatedAt
	}
	return timeOf(p.ID)
}

// routePost is the route's name for the version that an answer goes under.
const routePost = "post"

// inbound is the post as a mention. self is our own id.
func (p *post) inbound(users map[string]user, self, handle string) inbox.Inbound {
	in := inbox.Inbound{
		ExternalID: p.first(), Thread: p.Conversation, InReplyTo: p.refers("replied_to"), Kind: "post", Visibility: inbox.Public,
		Text: p.text(), Language: p.Language, URL: statusURL("i", p.ID), PostedAt: p.postedAt(),
		Author: inbox.Author{ExternalID: p.AuthorID}, Unanswerable: p.unanswerable(self, handle),
	}
	if in.Language == "und" || in.Language == "zxx" || strings.HasPrefix(in.Language, "q") {
		in.Language = "" // X's words for not knowing
	}
	author, known := users[p.AuthorID]
	if !known && p.Author != nil {
		author, known = *p.Author, true
	}
	if known && handlePattern.MatchString(author.Username) {
		in.Author = inbox.Author{
			ExternalID: author.ID, Handle: "@" + author.Username, Name: author.Name, URL: "https://x.com/" + author.Username,
		}
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

// unanswerable says why X will not take our answer, where that is certain:
// since 23 February 2026 it takes one only under a post whose author mentioned
// or quoted us.
func (p *post) unanswerable(self, handle string) string {
	if p.refers("retweeted", "reposted") != "" {
		return "This repeats a post of somebody else: X takes an answer under the original alone."
	}
	_, found := p.written()
	for _, m := range append(found.Mentions, p.Entities.Mentions...) {
		if m.ID == self || strings.EqualFold(m.Username, handle) {
			return ""
		}
	}
	if p.ToUser == self || p.refers("quoted") != "" || strings.Contains(strings.ToLower(p.text()), "@"+strings.ToLower(handle)) {
		return ""
	}
	return "Its author neither mentioned nor quoted us: X takes no answer through the API. Answer by hand on X."
}

func statusURL(handle, id string) string { return "https://x.com/" + handle + "/status/" + id }

func (c *Connector) own(p *post) approval.OwnPost {
	return approval.OwnPost{
		ExternalID: p.ID, InReplyTo: p.refers("replied_to"), Text: p.text(), URL: statusURL(c.s.Handle, p.ID), PostedAt: p.postedAt(),
	}
}

func (c *Connector) receipt(id string) approval.Receipt {
	return approval.Receipt{ExternalID: id, URL: statusURL(c.s.Handle, id), PostedAt: timeOf(id)}
}

// trouble is an error answer in any of X's three shapes.
type trouble struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Type    string `json:"type"`
		Title   string `json:"title"`
		Detail  string `json:"detail"`
		Message string `json:"message"`
		Code    int    `json:"code"`
	} `json:"errors"`
}

// readTrouble reads what it can; what is no JSON of X's says nothing.
func readTrouble(body []byte) (t trouble) {
	if json.Unmarshal(body, &t) != nil {
		return trouble{}
	}
	return t
}

// says reports whether any part of the error holds the words.
func (t *trouble) says(words string) bool {
	all := []string{t.Type, t.Title, t.Detail}
	for _, e := range t.Errors {
		all = append(all, e.Type, e.Title, e.Detail, e.Message)
	}
	return strings.Contains(strings.ToLower(strings.Join(all, "\n")), words)
}

// coded reports whether the error has one of the old codes.
func (t *trouble) coded(codes ...int) bool {
	for _, e := range t.Errors {
		for _, code := range codes {
			if e.Code == code {
				return true
			}
		}
	}
	return false
}
