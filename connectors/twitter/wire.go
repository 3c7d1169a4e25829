package twitter

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"standpunt/approval"
)

// user is an account as the API shows it. The activity stream wraps some in
// "data".
type user struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
}

func (u *user) UnmarshalJSON(b []byte) error {
	type flat user
	var got struct {
		flat
		Data *flat `json:"data"`
	}
	if err := json.Unmarshal(b, &got); err != nil {
		return err
	}
	if *u = user(got.flat); got.Data != nil {
		*u = user(*got.Data)
	}
	return nil
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
		MediaKey string `json:"media_key"` // where it stands for a picture or film
	} `json:"urls"`
	Mentions []struct {
		Start    int    `json:"start"` // in code points of the text
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
	// Shown are the first and the last code point of Text that X shows; the names before a
	// reply, which X puts there, are not shown.
	Shown []int `json:"display_text_range"`

	ReferencedTweets []reference `json:"referenced_tweets"`
	ReferencedPosts  []reference `json:"referenced_posts"`
	NoteTweet        *long       `json:"note_tweet"`
	NotePost         *long       `json:"note_post"`
	TweetHistory     []string    `json:"edit_history_tweet_ids"`
	PostHistory      []string    `json:"edit_history_post_ids"`
}

// media is a picture or film.
type media struct {
	Key     string `json:"media_key"`
	Type    string `json:"type"` // "photo", "video", "animated_gif"
	URL     string `json:"url"`
	AltText string `json:"alt_text"`
}

// includes are what an answer tells beside the posts. We ask for authors alone,
// since X bills each of the others; the activity stream brings them unasked.
type includes struct {
	Users  []user  `json:"users"`
	Tweets []post  `json:"tweets"`
	Posts  []post  `json:"posts"`
	Media  []media `json:"media"`
}

// user is the account with the id.
func (i *includes) user(id string) (user, bool) {
	for _, u := range i.Users {
		if u.ID == id && id != "" {
			return u, true
		}
	}
	return user{}, false
}

// post is the post with the id, nil where it was not told.
func (i *includes) post(id string) *post {
	for _, list := range [][]post{i.Posts, i.Tweets} {
		for n := range list {
			if list[n].ID == id && id != "" {
				return &list[n]
			}
		}
	}
	return nil
}

// timeline is one page of posts.
type timeline struct {
	Data     []post   `json:"data"`
	Includes includes `json:"includes"`
	Meta     *struct {
		Count int    `json:"result_count"`
		Next  string `json:"next_token"`
	} `json:"meta"`
}

// fields are the parameters that name what we read of a post.
func (s *Settings) fields() (name, list string) {
	if s.Vocabulary == "post" {
		return "post.fields", commonFields + "referenced_posts,note_post,edit_history_post_ids"
	}
	return tweetFields()
}

const commonFields = "author_id,created_at,conversation_id,in_reply_to_user_id,entities,lang,display_text_range,"

// tweetFields are the same in the vocabulary that the filtered stream has kept.
func tweetFields() (name, list string) {
	return "tweet.fields", commonFields + "referenced_tweets,note_tweet,edit_history_tweet_ids"
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

// settle brings the vocabularies together: who wrote it is the author's id in
// one and the author in the other.
func (p *post) settle() {
	if p.AuthorID == "" && p.Author != nil {
		p.AuthorID = p.Author.ID
	}
}

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
// was approved, the names before a reply go unless they were approved, and so
// does the link to the post's own pictures.
func (p *post) textBeside(approved string) string {
	text, found := p.written()
	text = plain.Replace(text)
	for _, u := range slices.Backward(found.URLs) {
		if u.MediaKey != "" && u.URL != "" { // X ends a text with the link to its own pictures
			text = strings.TrimSuffix(strings.TrimSuffix(text, u.URL), " ")
		}
	}
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

func statusURL(handle, id string) string { return "https://x.com/" + handle + "/status/" + id }

// own is a post of our own, whichever of its versions this is.
func (c *Connector) own(p *post) approval.OwnPost {
	return approval.OwnPost{
		ExternalID: p.first(), InReplyTo: p.refers("replied_to"), Text: p.textBeside(""), URL: statusURL(c.s.Handle, p.ID),
		PostedAt: timeOf(p.first()), Beside: p.textBeside,
	}
}

func (c *Connector) receipt(id string) approval.Receipt {
	return approval.Receipt{ExternalID: id, URL: statusURL(c.s.Handle, id), PostedAt: timeOf(id)}
}

// trouble is an error answer in any of X's three shapes.
type trouble struct {
	Type   string    `json:"type"`
	Title  string    `json:"title"`
	Detail string    `json:"detail"`
	Issue  string    `json:"connection_issue"` // of a stream
	Errors []problem `json:"errors"`
}

// problem is one of several, beside what went well or alone.
type problem struct {
	Type       string `json:"type"`
	Title      string `json:"title"`
	Detail     string `json:"detail"`
	Message    string `json:"message"`
	Code       int    `json:"code"`
	Value      string `json:"value"`           // of what it is about
	Disconnect string `json:"disconnect_type"` // why a stream ends
}

// readTrouble reads what it can: a field of another type than ours is left empty,
// and what is no JSON says nothing.
func readTrouble(body []byte) (t trouble) {
	if err := json.Unmarshal(body, &t); err != nil && !errors.As(err, new(*json.UnmarshalTypeError)) {
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
