package facebook

import (
	"slices"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
)

// The names of a message's route, as approvers read them.
const (
	routePerson = "Messenger recipient"
	routeWrote  = "Customer wrote at"
)

// How long Messenger takes answers after what the customer wrote last.
// https://developers.facebook.com/docs/messenger-platform/policy/policy-overview
const (
	standardWindow = 24 * time.Hour
	humanWindow    = 7 * 24 * time.Hour
)

// letter is one message in the dialogue with a customer.
type letter struct {
	id, person, name string // of the customer
	ours             bool
	text             string
	files            []inbox.Attachment
	at, edited       time.Time
}

// inboxURL is where a person finds the Page's messages. Facebook tells no
// address of a single one.
func (c *Connector) inboxURL() string {
	return "https://business.facebook.com/latest/inbox/all?asset_id=" + c.s.PageID
}

// inbound is the letter as a mention.
func (c *Connector) inboundLetter(l *letter) inbox.Inbound {
	at := l.at.Truncate(time.Second).UTC() // a poll and a webhook tell the time unequally well
	return inbox.Inbound{
		ExternalID: l.id, Thread: "messenger-" + l.person, Kind: "message", Visibility: inbox.Private,
		Author: inbox.Author{ExternalID: l.person, Name: l.name}, Text: l.text, Attachments: l.files,
		URL: c.inboxURL(), PostedAt: at, EditedAt: l.edited,
		Route: []inbox.Field{{Name: routePerson, Value: l.person}, {Name: routeWrote, Value: at.Format(time.RFC3339)}},
	}
}

func (c *Connector) ownLetter(l *letter) approval.OwnPost {
	return approval.OwnPost{ExternalID: l.id, Text: l.text, URL: c.inboxURL(), PostedAt: l.at.Truncate(time.Second).UTC()}
}

// file is what came with a message. Its address is left out: Facebook signs a
// new one for every answer, and each would look like an edit.
func file(sort string) inbox.Attachment {
	names := map[string]string{"image": "Picture", "video": "Video", "audio": "Audio", "sticker": "Sticker"}
	name, known := names[sort]
	if !known {
		name = "File"
	}
	return inbox.Attachment{Name: name}
}

// files are a webhook's attachments. A link's preview is none: the link stands
// in the text.
func files(sorts []string) (list []inbox.Attachment) {
	for _, sort := range sorts {
		if slices.Contains([]string{"image", "video", "audio", "file", "sticker"}, sort) {
			list = append(list, file(sort))
		}
	}
	return list
}

// written is a message as the Graph API shows it.
type written struct {
	ID        string        `json:"id"`
	Message   string        `json:"message"`
	CreatedAt graph.Instant `json:"created_time"`
	From      person        `json:"from"`
	To        struct {
		Data []person `json:"data"`
	} `json:"to"`
	Sticker     string `json:"sticker"`
	Attachments struct {
		Data []struct {
			Type string `json:"mime_type"`
		} `json:"data"`
	} `json:"attachments"`
}

// person is one side of a dialogue.
type person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

const letterFields = "id,message,created_time,from,to,attachments,sticker"

// letter is the message as one of a dialogue with the Page; false where it is
// none that can be kept.
func (w *written) letter(page string) (*letter, bool) {
	l := &letter{id: w.ID, text: w.Message, at: w.CreatedAt.Time, ours: w.From.ID == page, person: w.From.ID, name: w.From.Name}
	if l.ours {
		l.person, l.name = "", ""
		if len(w.To.Data) > 0 {
			l.person, l.name = w.To.Data[0].ID, w.To.Data[0].Name
		}
	}
	for _, a := range w.Attachments.Data {
		sort, _, _ := strings.Cut(a.Type, "/")
		l.files = append(l.files, file(sort))
	}
	if w.Sticker != "" && len(l.files) == 0 {
		l.files = []inbox.Attachment{file("sticker")}
	}
	return l, graph.ValidMessageID(l.id) && !l.at.IsZero() && idPattern.MatchString(l.person)
}

// Closes is when a message will be too old to be answered.
func (c *Connector) Closes(m *inbox.Mention) time.Time {
	if m.Kind != "message" {
		return time.Time{}
	}
	return m.PostedAt.Add(c.window())
}

// Unanswerable says that a message is too old to be answered.
func (c *Connector) Unanswerable(m *inbox.Mention, at time.Time) string {
	if closes := c.Closes(m); closes.IsZero() || at.Before(closes) {
		return ""
	}
	if c.s.HumanAgent {
		return inbox.UnansweredMessengerWeek.English()
	}
	return inbox.UnansweredMessengerDay.English()
}

func (c *Connector) window() time.Duration {
	if c.s.HumanAgent {
		return humanWindow
	}
	return standardWindow
}
