package twitter

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"standpunt/connectors"
)

// The events of the X Activity API that concern an account.
const (
	eventMention = "post.mention.create"
	eventReply   = "post.reply.create"
	eventQuote   = "post.quote.create"
	eventMessage = "dm.received"
)

// subscription is one of the app's.
type subscription struct {
	ID     string `json:"subscription_id"`
	Type   string `json:"event_type"`
	Filter struct {
		UserID string `json:"user_id"`
	} `json:"filter"`
	Tag string `json:"tag"`
}

const (
	subscriptionsPath = "/2/activity/subscriptions"
	activityPath      = "/2/activity/stream"
)

// events are what the settings ask to be told of.
func (s *WiderSettings) events() []string {
	all := []string{eventMention, eventReply, eventQuote}
	if s.DirectMessages {
		all = append(all, eventMessage)
	}
	return all
}

// openActivity brings the subscriptions up to date and connects.
func (s *Streaming) openActivity(ctx context.Context, self string) (io.ReadCloser, error) {
	if err := s.syncSubscriptions(ctx, self); err != nil {
		return nil, err
	}
	return s.app.Open(ctx, connectors.Call{Path: activityPath})
}

// syncSubscriptions makes the app's subscriptions with our tag those of the
// settings. They are made as the brand account, since its mentions and messages
// are its own to share.
func (s *Streaming) syncSubscriptions(ctx context.Context, self string) error {
	answer, err := s.app.Do(ctx, connectors.Call{Path: subscriptionsPath})
	if err != nil {
		return err
	}
	var have struct {
		Data []subscription `json:"data"`
	}
	if err := answer.JSON(&have); err != nil {
		return err
	}
	wanted := s.s.events()
	for _, sub := range have.Data {
		if sub.Tag != s.tag() {
			continue
		}
		if i := slices.Index(wanted, sub.Type); i >= 0 && sub.Filter.UserID == self {
			wanted = slices.Delete(wanted, i, i+1)
			continue
		}
		if !isID(sub.ID) {
			return answer.Nonsense("a subscription without an id")
		}
		_, err := s.app.Do(ctx, connectors.Call{Method: http.MethodDelete, Path: subscriptionsPath + "/" + sub.ID, Send: true})
		if err != nil && connectors.KindOf(err) != connectors.Gone {
			return err
		}
	}
	for _, event := range wanted {
		body := map[string]any{"event_type": event, "filter": map[string]string{"user_id": self}, "tag": s.tag()}
		_, err := s.client.Do(ctx, connectors.Call{Method: http.MethodPost, Path: subscriptionsPath, JSON: body, Send: true})
		if connectors.KindOf(err) == connectors.NotAllowed || connectors.KindOf(err) == connectors.BadAuth {
			return &connectors.Error{
				Kind: connectors.NotAllowed, Message: "X does not let the app subscribe to " + event + " for the account",
				Remedy: "Sign in as the brand with OAuth 2.0 and grant the app that access (messages need dm.read), or set activity to false.", Err: err,
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// event is one line of the activity stream.
type event struct {
	ID     string `json:"event_uuid"`
	Type   string `json:"event_type"`
	Filter struct {
		UserID string `json:"user_id"`
	} `json:"filter"`
	Tag      string          `json:"tag"`
	Payload  json.RawMessage `json:"payload"`
	Includes includes        `json:"includes"`
}

// readActivity reads one line of the activity stream. The app's other
// subscriptions come on the same connection and are passed over.
func (s *Streaming) readActivity(ctx context.Context, line []byte, self string) (b batch, err error) {
	var got struct {
		Data *event `json:"data"`
	}
	if json.Unmarshal(line, &got) != nil {
		return b, nonsense()
	}
	e := got.Data
	if e == nil {
		return b, disconnected(line)
	}
	if e.Filter.UserID != self || !slices.Contains(s.s.events(), e.Type) {
		return b, nil
	}
	b.key = e.ID
	if e.Type == eventMessage {
		err = s.readReceived(ctx, e, self, &b)
		return b, err
	}
	var p post
	if json.Unmarshal(e.Payload, &p) != nil || !isID(p.ID) {
		return b, nonsense()
	}
	p.settle()
	s.billed(ctx, &timeline{Data: []post{p}}) // an event is billed as its post is
	s.people.meet(e.Includes.Users...)
	if p.AuthorID == self {
		b.Own = append(b.Own, s.own(&p))
	} else {
		b.Mentions = append(b.Mentions, s.inbound(&p, &e.Includes, self, e.Type == eventQuote))
	}
	return b, nil
}

// received is the payload of dm.received, in the form of the old API.
type received struct {
	Events []struct {
		Type    string `json:"type"`
		ID      string `json:"id"`
		At      string `json:"created_timestamp"` // Unix milliseconds
		Message struct {
			Target struct {
				Recipient string `json:"recipient_id"`
			} `json:"target"`
			Sender string `json:"sender_id"`
			Data   struct {
				Text     string   `json:"text"`
				Entities entities `json:"entities"`
			} `json:"message_data"`
		} `json:"message_create"`
	} `json:"direct_message_events"`
	Users map[string]user `json:"users"`
}

// readReceived reads the messages of one event.
func (s *Streaming) readReceived(ctx context.Context, e *event, self string, b *batch) error {
	var got received
	if json.Unmarshal(e.Payload, &got) != nil {
		return nonsense()
	}
	var with includes
	for _, u := range got.Users {
		with.Users = append(with.Users, u)
	}
	for i := range got.Events {
		each := &got.Events[i]
		if each.Type != "message_create" {
			continue
		}
		if !isID(each.ID) {
			return nonsense()
		}
		m := message{
			ID: each.ID, Type: messageCreate, Text: each.Message.Data.Text, Sender: each.Message.Sender, Entities: each.Message.Data.Entities,
			Participants: []string{each.Message.Sender, each.Message.Target.Recipient},
		}
		if ms, err := strconv.ParseInt(each.At, 10, 64); err == nil {
			m.CreatedAt = time.UnixMilli(ms).UTC()
		}
		s.bill.read(dmRead, m.ID)
		s.sortMessage(&m, &with, self, &b.Page)
	}
	s.people.meet(with.Users...)
	s.bill.save(ctx)
	return nil
}
