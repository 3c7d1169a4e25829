package facebook

import (
	"net/url"
	"strings"

	"standpunt/approval"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
)

// node is a post or a comment.
type node struct {
	ID        string        `json:"id"`
	Message   string        `json:"message"`
	From      person        `json:"from"`
	CreatedAt graph.Instant `json:"created_time"`
	UpdatedAt graph.Instant `json:"updated_time"`
	URL       string        `json:"permalink_url"`
	Hidden    bool          `json:"is_hidden"`
	Parent    struct {
		ID string `json:"id"`
	} `json:"parent"`
	Attachment  *attachment `json:"attachment"` // a comment's
	Attachments struct {
		Data []attachment `json:"data"`
	} `json:"attachments"` // a post's
}

// attachment is what came with a post or comment.
type attachment struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

const (
	postFields    = "id,message,from,created_time,updated_time,permalink_url,is_hidden,attachments{title,url}"
	commentFields = "id,message,from,created_time,parent,permalink_url,attachment,is_hidden"
)

// whole reports whether the node has what none lacks.
func (n *node) whole() bool { return nodePattern.MatchString(n.ID) && !n.CreatedAt.IsZero() }

// wholeList refuses a page with a node that cannot be kept.
func wholeList(list graph.List[node]) error {
	for i := range list.Items {
		if !list.Items[i].whole() {
			return list.Answer.Nonsense("a list with a post that lacks its id or time")
		}
	}
	return nil
}

func (n *node) receipt() approval.Receipt {
	return approval.Receipt{ExternalID: n.ID, URL: n.URL, PostedAt: n.CreatedAt.Time}
}

// The names of a mention's route, as approvers read them.
const routeBelow = "Answer stands below comment"

// inbound is the node as a mention; post is the one that a comment stands
// under, "" for a post.
func (n *node) inbound(post string) inbox.Inbound {
	in := inbox.Inbound{
		ExternalID: n.ID, Thread: post, InReplyTo: post, Kind: "comment", Visibility: inbox.Public,
		Text: n.Message, URL: n.URL, PostedAt: n.CreatedAt.Time,
		Author: inbox.Author{ExternalID: n.From.ID, Name: n.From.Name},
	}
	if n.From.ID == "" {
		in.Author = inbox.Author{ExternalID: "unnamed-" + n.ID, Name: "Somebody on Facebook"}
	}
	if post == "" {
		in.Thread, in.Kind = n.ID, "post"
	}
	if n.Parent.ID != "" {
		in.InReplyTo = n.Parent.ID
		in.Route = []inbox.Field{{Name: routeBelow, Value: n.Parent.ID}}
	}
	for _, a := range n.attached() {
		if a.URL != "" {
			in.Attachments = append(in.Attachments, inbox.Attachment{Name: a.Title, URL: a.URL})
		}
	}
	return in
}

func (n *node) attached() []attachment {
	list := n.Attachments.Data
	if n.Attachment != nil {
		list = []attachment{*n.Attachment}
	}
	for i := range list {
		list[i].URL = unwrapped(list[i].URL)
	}
	return list
}

// unwrapped is where one of Facebook's outward links leads: the link itself is
// signed anew for every answer.
func unwrapped(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() != "l.facebook.com" || u.Query().Get("u") == "" {
		return address
	}
	return u.Query().Get("u")
}

// owner is whose post it is that has the id.
func owner(post string) string {
	id, _, _ := strings.Cut(post, "_")
	return id
}

func (n *node) own(post string) approval.OwnPost {
	own := approval.OwnPost{ExternalID: n.ID, InReplyTo: post, Text: n.Message, URL: n.URL, PostedAt: n.CreatedAt.Time}
	if n.Parent.ID != "" {
		own.InReplyTo = n.Parent.ID
	}
	return own
}
