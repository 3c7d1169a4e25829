package instagram

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
)

var (
	usernamePattern = regexp.MustCompile(`^[A-Za-z0-9._]{1,64}$`)
	nodePattern     = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.$:=-]{0,299}$`) // of anything, dialogues too
	scopedPattern   = idPattern                                                    // of a user, towards the account
)

// person is who wrote something; Instagram often leaves parts out.
type person struct {
	ID       graph.ID `json:"id"`
	Username string   `json:"username"`
}

// author is the person as the inbox keeps them. Somebody of whom nothing is
// told is named after what they wrote, as nothing says that two are one.
func (p person) author(wrote string) inbox.Author {
	named := usernamePattern.MatchString(p.Username)
	who := inbox.Author{ExternalID: string(p.ID)}
	if named {
		who.Handle, who.URL = "@"+p.Username, "https://www.instagram.com/"+p.Username+"/"
	}
	switch {
	case who.ExternalID == "" && named:
		who.ExternalID = "username-" + p.Username
	case who.ExternalID == "":
		who.ExternalID = "unnamed-" + wrote
		who.Name = "Somebody on Instagram"
	}
	return who
}

// comment is one below a post.
type comment struct {
	ID       graph.ID      `json:"id"`
	Text     string        `json:"text"`
	At       graph.Instant `json:"timestamp"`
	Username string        `json:"username"`
	From     person        `json:"from"`
	Parent   graph.ID      `json:"parent_id"` // the top-level comment that it answers
	Hidden   bool          `json:"hidden"`
	Media    struct {
		ID   graph.ID `json:"id"`
		Link string   `json:"permalink"`
	} `json:"media"`
	Replies struct {
		Data   []comment `json:"data"`
		Paging struct {
			Next string `json:"next"`
		} `json:"paging"`
	} `json:"replies"`
	live bool // on a broadcast, which deliveries alone tell
}

const (
	plainFields   = "id,text,timestamp,username,from,parent_id,hidden"
	listFields    = plainFields + ",replies.limit(50){" + plainFields + "}"
	commentFields = plainFields + ",media{id,permalink}"
	postFields    = "id,caption,timestamp,username,permalink,comments_count"
	talkFields    = "id,updated_time"
	messageFields = "id,created_time,from,to,message,attachments"
)

func (n comment) whole() bool {
	for _, reply := range n.Replies.Data {
		if !reply.whole() {
			return false
		}
	}
	return idPattern.MatchString(string(n.ID)) && !n.At.IsZero() && (n.Parent == "" || idPattern.MatchString(string(n.Parent)))
}

func (n *comment) writer() person {
	return person{n.From.ID, cmp.Or(n.From.Username, n.Username)}
}

// The names of a mention's route, as approvers read them.
const (
	routeBelow = "Answer stands below comment"
	routePost  = "Mentioned in post"
	routeSaid  = "Mentioned in comment"
	routeTo    = "Message goes to Instagram user"
	routeWrote = "Customer wrote at"
)

// inbound is the comment as a mention.
func (n *comment) inbound() inbox.Inbound {
	in := inbox.Inbound{
		ExternalID: string(n.ID), Thread: string(n.Media.ID), InReplyTo: string(n.Media.ID), Kind: "comment", Visibility: inbox.Public,
		Text: n.Text, URL: n.Media.Link, PostedAt: n.At.Time, Author: n.writer().author(string(n.ID)),
	}
	if n.Parent != "" {
		in.InReplyTo = string(n.Parent)
		in.Route = []inbox.Field{{Name: routeBelow, Value: string(n.Parent)}}
	}
	switch {
	case n.live:
		in.Unanswerable = inbox.UnansweredLive.English()
	case n.Hidden:
		in.Unanswerable = inbox.UnansweredHidden.English()
	}
	return in
}

func (n *comment) own() approval.OwnPost {
	return approval.OwnPost{ExternalID: string(n.ID), InReplyTo: cmp.Or(string(n.Parent), string(n.Media.ID)), Text: n.Text, URL: n.Media.Link, PostedAt: n.At.Time}
}

// mention is the comment as one in somebody else's post.
func (n *comment) mention(login string) inbox.Inbound {
	n.Parent, n.Hidden, n.live = "", false, false
	in := n.inbound()
	in.Route = []inbox.Field{{Name: routePost, Value: string(n.Media.ID)}, {Name: routeSaid, Value: string(n.ID)}}
	if login != overFacebook {
		in.Unanswerable = inbox.UnansweredNoPage.English()
	}
	return in
}

// post is a photo, video or album.
type post struct {
	ID       graph.ID      `json:"id"`
	Caption  string        `json:"caption"`
	At       graph.Instant `json:"timestamp"`
	Username string        `json:"username"`
	Link     string        `json:"permalink"`
	Comments *int64        `json:"comments_count"` // answers to comments too
}

func (p post) whole() bool { return idPattern.MatchString(string(p.ID)) && !p.At.IsZero() }

func (p *post) own() approval.OwnPost {
	return approval.OwnPost{ExternalID: string(p.ID), Text: p.Caption, URL: p.Link, PostedAt: p.At.Time}
}

// inbound is somebody else's post that concerns the account, and whether it is
// known to mention it.
func (p *post) inbound(login, username string, mentions bool) inbox.Inbound {
	in := inbox.Inbound{
		ExternalID: string(p.ID), Thread: string(p.ID), Kind: "post", Visibility: inbox.Public, Text: p.Caption, URL: p.Link,
		PostedAt: p.At.Time, Author: person{Username: p.Username}.author(string(p.ID)),
	}
	switch {
	case login != overFacebook:
		in.Unanswerable = inbox.UnansweredNoPage.English()
	case !mentions && !names(p.Caption, username):
		in.Unanswerable = inbox.UnansweredTag.English()
	default:
		in.Route = []inbox.Field{{Name: routePost, Value: string(p.ID)}}
	}
	return in
}

// names reports whether a caption mentions the account. Instagram takes the @
// away from captions of others, so the name alone has to do.
func names(caption, username string) bool {
	caption, username = strings.ToLower(caption), strings.ToLower(username)
	part := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z'
	}
	for from := 0; ; {
		i := strings.Index(caption[from:], username)
		if i < 0 || username == "" {
			return false
		}
		i += from
		end := i + len(username)
		if (i == 0 || !part(caption[i-1])) && (end == len(caption) || !part(caption[end])) {
			return true
		}
		from = i + 1
	}
}

// talk is a dialogue with one customer.
type talk struct {
	ID graph.ID      `json:"id"`
	At graph.Instant `json:"updated_time"`
}

func (t talk) whole() bool { return nodePattern.MatchString(string(t.ID)) }

// message is one in private.
type message struct {
	ID   graph.ID      `json:"id"`
	At   graph.Instant `json:"created_time"`
	From person        `json:"from"`
	To   struct {
		Data []person `json:"data"`
	} `json:"to"`
	Text        string `json:"message"`
	Attachments struct {
		Data []map[string]json.RawMessage `json:"data"`
	} `json:"attachments"`
}

func (m message) whole() bool { return graph.ValidMessageID(string(m.ID)) && !m.At.IsZero() }

// told reports whether Instagram tells more than that there is a message: of
// the older ones it does not.
func (m *message) told() bool { return m.From.ID != "" || m.Text != "" || len(m.Attachments.Data) > 0 }

// The names of what comes with a message.
const (
	filePicture = "Picture"
	fileVideo   = "Video"
	fileOther   = "File"
	fileUntold  = "Something that Instagram alone shows" // a story, a shared post
)

// attachments are listed without their addresses, which are others each time
// that Instagram is asked, and would make each reading an edit.
func (m *message) attachments() (list []inbox.Attachment) {
	for _, each := range m.Attachments.Data {
		name := fileOther
		switch {
		case len(each["image_data"]) > 0:
			name = filePicture
		case len(each["video_data"]) > 0:
			name = fileVideo
		}
		list = append(list, inbox.Attachment{Name: name})
	}
	if len(list) == 0 && m.Text == "" {
		list = []inbox.Attachment{{Name: fileUntold}}
	}
	return list
}

// inbound is the customer's message as a mention. A dialogue is named after
// the customer, as deliveries do not name it otherwise.
func (m *message) inbound() inbox.Inbound {
	in := inbox.Inbound{
		ExternalID: string(m.ID), Thread: "messages-" + string(m.From.ID), Kind: "message", Visibility: inbox.Private, Text: m.Text,
		PostedAt: m.At.Truncate(time.Second).UTC(), Author: m.From.author(string(m.ID)), Attachments: m.attachments(),
	}
	if !scopedPattern.MatchString(string(m.From.ID)) {
		in.Thread, in.Unanswerable = string(m.ID), inbox.UnansweredNobody.English()
		return in
	}
	in.Route = []inbox.Field{{Name: routeTo, Value: string(m.From.ID)}, {Name: routeWrote, Value: in.PostedAt.Format(time.RFC3339)}}
	return in
}

func (m *message) own() approval.OwnPost {
	return approval.OwnPost{ExternalID: string(m.ID), Text: m.Text, PostedAt: m.At.Truncate(time.Second).UTC()}
}
