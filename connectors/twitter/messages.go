package twitter

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/inbox"
)

const (
	// messagePrefix tells a message's id from a post's.
	messagePrefix = "dm:"
	// routeRecipient is the route's name for the account that a message goes to.
	routeRecipient = "recipient"
	messageCreate  = "MessageCreate"
)

// message is an event of direct messages.
type message struct {
	ID           string    `json:"id"`
	Type         string    `json:"event_type"`
	Text         string    `json:"text"`
	Sender       string    `json:"sender_id"`
	CreatedAt    time.Time `json:"created_at"`
	Conversation string    `json:"dm_conversation_id"`
	Participants []string  `json:"participant_ids"`
	Entities     entities  `json:"entities"`
}

// messages is one page of them.
type messages struct {
	Data     []message `json:"data"`
	Includes includes  `json:"includes"`
	Meta     *struct {
		Count int    `json:"result_count"`
		Next  string `json:"next_token"`
	} `json:"meta"`
}

// messageQuery are the parameters of every list of messages.
func messageQuery(at *mark) url.Values {
	return url.Values{
		"max_results": {strconv.Itoa(at.size())}, "event_types": {messageCreate},
		"dm_event.fields": {"id,text,event_type,created_at,sender_id,dm_conversation_id,participant_ids,entities"},
	}
}

// readDirect reads one page of the account's messages. X knows no since_id
// there: the round ends at the first page with a message that was read before.
func (c *Connector) readDirect(ctx context.Context, self string, at mark, into *connectors.Page) (mark, error) {
	at.begin(c.onX(time.Now()))
	got, err := c.messagePage(ctx, "/2/dm_events", &at)
	if err != nil && at.Token != "" && connectors.KindOf(err) == connectors.Rejected {
		at = mark{Since: at.Since}
		at.begin(c.onX(time.Now()))
		got, err = c.messagePage(ctx, "/2/dm_events", &at)
	}
	if err != nil {
		return at, err
	}
	if err := c.meetSenders(ctx, &got, self); err != nil {
		return at, err
	}
	known := false
	for i := range got.Data {
		m := &got.Data[i]
		if number(m.ID) <= at.Since {
			known = true
			continue
		}
		at.Newest = max(at.Newest, number(m.ID))
		c.sortMessage(m, &got.Includes, self, into)
	}
	if at.Token = got.Meta.Next; known || at.Token == "" {
		return at.through(), nil
	}
	return at, nil
}

func (c *Connector) messagePage(ctx context.Context, path string, at *mark) (got messages, err error) {
	q := messageQuery(at)
	if at.Token != "" {
		q.Set("pagination_token", at.Token)
	}
	answer, err := c.client.Do(ctx, connectors.Call{Path: path, Query: q})
	if at.shrink(err) {
		return c.messagePage(ctx, path, at)
	}
	if err != nil {
		return got, err
	}
	got, err = readMessages(answer, at.Token)
	for i := range got.Data {
		c.bill.read(dmRead, got.Data[i].ID)
	}
	c.bill.save(ctx)
	return got, err
}

// meetSenders puts the senders of a page among what came with it, as far as they
// are not known already: X bills each.
func (c *Connector) meetSenders(ctx context.Context, got *messages, self string) error {
	senders := timeline{Data: make([]post, len(got.Data))}
	for i := range got.Data {
		senders.Data[i].AuthorID = got.Data[i].Sender
	}
	err := c.meetAuthors(ctx, &senders, self)
	got.Includes.Users = senders.Includes.Users
	return err
}

// readMessages reads the page behind a token and refuses one that lacks anything.
func readMessages(answer *connectors.Response, token string) (got messages, err error) {
	if err := answer.JSON(&got); err != nil {
		return got, err
	}
	switch {
	case got.Meta == nil || got.Meta.Count != len(got.Data):
		return got, answer.Nonsense("not a whole page of messages")
	case got.Meta.Next != "" && (got.Meta.Next == token || len(got.Meta.Next) > 1024):
		return got, answer.Nonsense("a page that leads nowhere")
	}
	for i := range got.Data {
		if !isID(got.Data[i].ID) {
			return got, answer.Nonsense("a page with a message that has no id")
		}
	}
	return got, nil
}

// sortMessage puts a message where it belongs.
func (c *Connector) sortMessage(m *message, with *includes, self string, into *connectors.Page) {
	switch {
	case m.Type != messageCreate && m.Type != "":
	case m.Sender == self:
		into.Own = append(into.Own, approval.OwnPost{
			ExternalID: messagePrefix + m.ID, Text: m.text(), URL: m.url(self), PostedAt: m.at(), Beside: m.textBeside,
		})
	default:
		into.Mentions = append(into.Mentions, m.inbound(with, self))
	}
}

// inbound is the message as a mention.
func (m *message) inbound(with *includes, self string) inbox.Inbound {
	in := inbox.Inbound{
		ExternalID: messagePrefix + m.ID, Kind: "message", Visibility: inbox.Private, Text: m.text(), URL: m.url(self),
		PostedAt: m.at(), Author: inbox.Author{ExternalID: m.Sender}, Thread: messagePrefix + m.Sender,
		Route: []inbox.Field{{Name: routeRecipient, Value: m.Sender}},
	}
	if author, known := with.user(m.Sender); known && handlePattern.MatchString(author.Username) {
		in.Author = authorOf(author)
	}
	for _, u := range m.Entities.URLs {
		if u.MediaKey != "" {
			in.Attachments = append(in.Attachments, inbox.Attachment{URL: u.Expanded})
		}
	}
	if m.group(self) {
		in.Thread, in.Route = messagePrefix+m.Conversation, nil
		in.Unanswerable = inbox.UnansweredGroup.English()
	}
	return in
}

// group reports whether more than two people read the message. X names a
// conversation of two after both, with a dash between.
func (m *message) group(self string) bool {
	if m.Conversation != "" {
		return !strings.Contains(m.Conversation, "-")
	}
	return !slices.Contains(m.Participants, self)
}

// text is the message as its sender wrote it.
func (m *message) text() string { return m.asPost().text() }

// textBeside is the text with what X does to texts undone, as far as the
// approved text explains it.
func (m *message) textBeside(approved string) string {
	if m.Text == approved {
		return m.Text
	}
	return m.asPost().textBeside(approved)
}

func (m *message) asPost() *post { return &post{Text: m.Text, Entities: m.Entities} }

func (m *message) at() time.Time {
	if !m.CreatedAt.IsZero() {
		return m.CreatedAt
	}
	return timeOf(m.ID)
}

// url is where the conversation stands on X.
func (m *message) url(self string) string {
	if m.Conversation != "" {
		return "https://x.com/messages/" + url.PathEscape(m.Conversation)
	}
	return conversationURL(self, m.Sender)
}

// conversationURL is the address of a conversation of two, named after the lesser
// id first.
func conversationURL(self, other string) string {
	if number(other) < number(self) {
		self, other = other, self
	}
	return "https://x.com/messages/" + self + "-" + other
}
