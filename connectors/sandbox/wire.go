package sandbox

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/inbox"
)

// post is a post as the network's API shows it.
type post struct {
	ID         string     `json:"id"`
	Author     string     `json:"author"`
	AuthorName string     `json:"author_name"`
	Text       string     `json:"text"`
	InReplyTo  string     `json:"in_reply_to"`
	Thread     string     `json:"thread"`
	PostedAt   time.Time  `json:"posted_at"`
	EditedAt   *time.Time `json:"edited_at"`
	Deleted    bool       `json:"deleted"`
	URL        string     `json:"url"`
	Tag        string     `json:"tag"`
	PeopleOnly bool       `json:"people_only"` // it takes no answer from a program
}

// list is one page of posts.
type list struct {
	Items []post `json:"items"`
	Next  string `json:"next"`
	More  bool   `json:"more"`
}

// account is an account as the network's API shows it.
type account struct {
	ID     string `json:"id"`
	Handle string `json:"handle"`
	URL    string `json:"url"`
}

// whole reports whether the post has what no post lacks.
func (p *post) whole() bool { return p.ID != "" && p.Author != "" && !p.PostedAt.IsZero() }

func (p *post) receipt() approval.Receipt {
	return approval.Receipt{ExternalID: p.ID, URL: p.URL, PostedAt: p.PostedAt}
}

func (p *post) own() approval.OwnPost {
	return approval.OwnPost{ExternalID: p.ID, InReplyTo: p.InReplyTo, Text: p.Text, URL: p.URL, PostedAt: p.PostedAt}
}

func (p *post) inbound() inbox.Inbound {
	in := inbox.Inbound{
		ExternalID: p.ID, Thread: p.Thread, InReplyTo: p.InReplyTo, Kind: "post", Visibility: inbox.Public,
		Text: p.Text, URL: p.URL, PostedAt: p.PostedAt, Deleted: p.Deleted,
		Author: inbox.Author{ExternalID: p.Author, Handle: "@" + p.Author, Name: p.AuthorName},
	}
	if base, found := strings.CutSuffix(p.URL, "/posts/"+p.ID); found {
		in.Author.URL = base + "/@" + p.Author
	}
	if p.InReplyTo != "" {
		in.Kind = "comment"
	}
	if p.EditedAt != nil {
		in.EditedAt = *p.EditedAt
	}
	if p.PeopleOnly {
		in.Unanswerable = inbox.UnansweredPeopleOnly.English()
	}
	return in
}

// errForeignCursor is the network's word that it began anew, so that a cursor
// of before means nothing.
var errForeignCursor = errors.New("the cursor belongs to an earlier network")

// classify reads the network's own codes. What it does not know is left to the
// status.
func classify(r *connectors.Response) *connectors.Error {
	var p struct {
		Code  string `json:"code"`
		Field string `json:"field"`
	}
	if r.Status < 400 || r.Status >= 500 {
		return nil
	}
	_ = json.Unmarshal(r.Body, &p) // what is not the network's JSON has no code
	switch {
	case p.Code == "cursor_unknown":
		return &connectors.Error{Kind: connectors.Temporary, Message: "the network began anew", Err: errForeignCursor,
			Remedy: "Reading starts over by itself."}
	case p.Code == "gone", p.Code == "not_found" && (p.Field == "in_reply_to" || p.Field == "id"):
		return &connectors.Error{Kind: connectors.Gone, Message: "the post no longer exists",
			Remedy: "Look at the conversation again; the customer may have deleted it."}
	case p.Code == "text_too_long":
		return &connectors.Error{Kind: connectors.Rejected, Message: "the network finds the text too long", Remedy: "Shorten it to 500 characters."}
	case p.Code == "empty_text":
		return &connectors.Error{Kind: connectors.Rejected, Message: "the network takes no empty text", Remedy: "Write something."}
	case r.Status == http.StatusUnauthorized:
		return &connectors.Error{Kind: connectors.BadAuth, Message: "the network does not know the account's token",
			Remedy: "Set token to the one that the brand account was made with."}
	case p.Code == "people_only":
		return &connectors.Error{Kind: connectors.NotAllowed, Message: "the network takes no answer from a program here",
			Remedy: "Propose it as an answer by hand: a person posts it once two people stand behind it."}
	case p.Code == "forbidden":
		return &connectors.Error{Kind: connectors.NotAllowed, Message: "the token does not allow this",
			Remedy: "Check that handle and token belong to the same brand account."}
	}
	return nil
}
