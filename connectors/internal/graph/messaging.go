package graph

import (
	"encoding/json"
	"regexp"
	"time"
)

// Event is one thing that happened in a dialogue, as the messaging of an
// [Entry] tells it. At most one of Message and Postback is set; an event of
// another sort (delivered, read, a reaction) has neither.
type Event struct {
	Sender, Recipient ID
	At                time.Time // zero where Meta does not tell
	Message           *Message
	Postback          *Postback
}

// Message is what an event says of one message.
type Message struct {
	ID      string
	Text    string
	Files   []string // what came along, in Meta's words: "image", "video", "sticker"
	Echo    bool     // the account's own, whichever app or person sent it
	Deleted bool     // its sender took it back
	Edited  bool     // Text is new, and the event's time is that of the edit
}

// Postback is a press on a button that the account had offered.
type Postback struct {
	ID    string // of the message that it stands as; may be empty
	Title string
}

// messagePattern is what ids of messages consist of.
var messagePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.$:=-]{0,299}$`)

// ValidMessageID reports whether text can be the id of a message.
func ValidMessageID(text string) bool { return messagePattern.MatchString(text) }

// DecodeEvent reads one element of [Entry.Messaging]. It is false for what is
// no event, or a message without an id.
func DecodeEvent(raw json.RawMessage) (Event, bool) {
	var got struct {
		Sender    party   `json:"sender"`
		Recipient party   `json:"recipient"`
		At        Instant `json:"timestamp"`
		Message   *struct {
			ID          string `json:"mid"`
			Text        string `json:"text"`
			Echo        bool   `json:"is_echo"`
			Deleted     bool   `json:"is_deleted"`
			Attachments []struct {
				Type    string `json:"type"`
				Payload struct {
					Sticker ID `json:"sticker_id"`
				} `json:"payload"`
			} `json:"attachments"`
		} `json:"message"`
		Edit *struct {
			ID   string `json:"mid"`
			Text string `json:"text"`
		} `json:"message_edit"`
		Postback *struct {
			ID    string `json:"mid"`
			Title string `json:"title"`
		} `json:"postback"`
	}
	if json.Unmarshal(raw, &got) != nil {
		return Event{}, false
	}
	e := Event{Sender: got.Sender.ID, Recipient: got.Recipient.ID, At: got.At.Time}
	switch {
	case got.Message != nil:
		e.Message = &Message{ID: got.Message.ID, Text: got.Message.Text, Echo: got.Message.Echo, Deleted: got.Message.Deleted}
		for _, a := range got.Message.Attachments {
			if a.Payload.Sticker != "" {
				a.Type = "sticker"
			}
			e.Message.Files = append(e.Message.Files, a.Type)
		}
	case got.Edit != nil:
		e.Message = &Message{ID: got.Edit.ID, Text: got.Edit.Text, Edited: true}
	case got.Postback != nil:
		e.Postback = &Postback{ID: got.Postback.ID, Title: got.Postback.Title}
		return e, e.Postback.ID == "" || ValidMessageID(e.Postback.ID)
	}
	return e, e.Message == nil || ValidMessageID(e.Message.ID)
}

// party is one side of a dialogue.
type party struct {
	ID ID `json:"id"`
}
