package facebook

import (
	"encoding/json"
	"time"

	"standpunt/approval"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
)

// stamp is a time as the Graph API writes it: 2026-11-23T08:00:00+0000.
type stamp struct{ time.Time }

const stampLayout = "2006-01-02T15:04:05-0700"

// UnmarshalJSON leaves the time zero where there is none or it makes no sense.
func (s *stamp) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) != nil {
		return nil //nolint:nilerr // whoever needs the time asks whether there is one
	}
	for _, layout := range []string{stampLayout, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			s.Time = at.UTC()
			return nil
		}
	}
	return nil
}

// node is a post or a comment.
type node struct {
	ID      string `json:"id"`
	Message string `json:"message"`
	From    struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"from"`
	CreatedAt stamp  `json:"created_time"`
	UpdatedAt stamp  `json:"updated_time"`
	URL       string `json:"permalink_url"`
	Hidden    bool   `json:"is_hidden"`
	Parent    struct {
		ID string `json:"id"`
	} `json:"parent"`
	Attachment *struct {
		Type  string `json:"type"`
		Title string `json:"title"`
		URL   string `json:"url"`
	} `json:"attachment"`
}

const (
	postFields    = "id,message,from,created_time,updated_time,permalink_url"
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
	if n.Attachment != nil && n.Attachment.URL != "" {
		in.Attachments = []inbox.Attachment{{Name: n.Attachment.Title, URL: n.Attachment.URL}}
	}
	return in
}

func (n *node) own(post string) approval.OwnPost {
	own := approval.OwnPost{ExternalID: n.ID, InReplyTo: post, Text: n.Message, URL: n.URL, PostedAt: n.CreatedAt.Time}
	if n.Parent.ID != "" {
		own.InReplyTo = n.Parent.ID
	}
	return own
}
