package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"standpunt/connectors/internal/graph/graphreplay"
)

// event is something that deliveries tell of.
type event struct {
	node   node
	unsent bool // a message that was taken back
	edited bool // a message with another text
}

// tell notes what a delivery will tell of; the caller holds the lock.
func (p *Platform) tell(n *node) { p.events = append(p.events, event{node: *n}) }

// Delivery is one that the platform makes by itself.
type Delivery struct {
	Body      []byte
	Signature string // the header X-Hub-Signature-256
}

// Deliveries are those of everything that happened since the last time, one
// each, in the login's shape. Only AppSecret makes them worth believing.
func (p *Platform) Deliveries() []Delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []Delivery
	for _, e := range p.events {
		list = append(list, Sign(p.o.AppSecret, p.envelope(e)))
	}
	p.events = nil
	return list
}

// Delivery is the one that tells of a comment, post or message as it is now.
func (p *Platform) Delivery(which string) (Delivery, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.nodes[which]
	if n == nil {
		return Delivery{}, false
	}
	return Sign(p.o.AppSecret, p.envelope(event{node: *n})), true
}

// Deliver sends them to an address, as Instagram does.
func (p *Platform) Deliver(ctx context.Context, address string) error {
	var faults []error
	for _, d := range p.Deliveries() {
		r, err := graphreplay.Delivery(ctx, address, d.Body, d.Signature)
		if err != nil {
			return err
		}
		status, _, err := graphreplay.Do(r)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("the delivery was answered with %d", status)
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// Sign makes a delivery of a body.
func Sign(secret string, body []byte) Delivery {
	return Delivery{Body: body, Signature: graphreplay.Sign(secret, body)}
}

// envelope is an event as the login's deliveries tell it.
func (p *Platform) envelope(e event) []byte {
	n := &e.node
	entry := map[string]any{"id": p.o.UserID, "time": time.Now().Unix()}
	if n.kind == message {
		entry["messaging"] = []any{p.messaging(e)}
	} else {
		name, value := p.change(n)
		if p.o.Login == InstagramLogin {
			entry["field"], entry["value"] = name, value
		} else {
			entry["changes"] = []any{map[string]any{"field": name, "value": value}}
		}
	}
	body, err := json.Marshal(map[string]any{"object": "instagram", "entry": []any{entry}})
	if err != nil {
		panic(err) // maps of texts always encode
	}
	return body
}

// change is what became of a post or comment. Over Facebook Login a comment's
// id is called comment_id; of mentions there are ids only.
func (p *Platform) change(n *node) (name string, value map[string]any) {
	switch {
	case n.kind == media:
		return "mentions", map[string]any{"media_id": n.id}
	case n.foreign:
		return "mentions", map[string]any{"media_id": n.media, "comment_id": n.id}
	}
	value = map[string]any{"id": n.id, "text": n.text, "media": map[string]any{"id": n.media, "media_product_type": "FEED"}}
	if p.o.Login == FacebookLogin {
		delete(value, "id")
		value["comment_id"] = n.id
	}
	if !n.nameless {
		value["from"] = map[string]any{"id": n.fromID, "username": n.username}
	}
	if n.parent != "" {
		value["parent_id"] = n.parent
	}
	if n.live {
		return "live_comments", value
	}
	return "comments", value
}

func (p *Platform) messaging(e event) map[string]any {
	n := &e.node
	sender, recipient := n.with, p.o.UserID
	said := map[string]any{"mid": n.id, "text": n.text}
	switch {
	case e.unsent:
		said = map[string]any{"mid": n.id, "is_deleted": true}
	case n.fromID == p.o.UserID:
		sender, recipient = recipient, sender
		said["is_echo"] = true
	}
	if n.attachment != "" && !e.unsent {
		said["attachments"] = []any{map[string]any{"type": n.attachment, "payload": map[string]any{"url": p.cdn(n)}}}
	}
	told := map[string]any{"sender": map[string]any{"id": sender}, "recipient": map[string]any{"id": recipient}, "timestamp": n.created.UnixMilli() + 123, "message": said}
	if e.edited {
		delete(told, "message")
		told["timestamp"], told["message_edit"] = time.Now().UnixMilli(), map[string]any{"mid": n.id, "text": n.text, "num_edit": 1}
	}
	return told
}
