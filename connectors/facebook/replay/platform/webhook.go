package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"standpunt/connectors/internal/graph/graphreplay"
)

// appID is the app that the token and the webhook belong to.
const appID = "5500"

// Push is how a platform tells what happens.
type Push struct {
	URL         string
	VerifyToken string
	Batch       int  // updates in one delivery at most; 0: a hundred
	Duplicate   bool // every delivery comes twice
	Shuffle     bool // what happened last comes first
	Senders     bool // who wrote is told as sender_id and sender_name
	// Missing are fields that [Platform.Listen] leaves the Page unsubscribed to.
	Missing []string
}

// push is the state of it.
type push struct {
	Push
	updates []update // not delivered yet
	failed  [][]byte // bodies that nobody took
}

// update is one change or one event of a dialogue.
type update struct {
	messaging bool
	value     any
	at        time.Time
}

// Subscribe asks the address whether it is ours, as Meta does, and from then on
// notes what happens for [Platform.Flush].
func (p *Platform) Subscribe(ctx context.Context, o Push) error {
	challenge := strconv.FormatInt(time.Now().UnixNano(), 10)
	query := url.Values{"hub.mode": {"subscribe"}, "hub.verify_token": {o.VerifyToken}, "hub.challenge": {challenge}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, o.URL+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	status, answer, err := graphreplay.Do(r)
	if err != nil {
		return err
	}
	if status != http.StatusOK || string(answer) != challenge {
		return fmt.Errorf("the callback URL could not be validated: it answered %d", status)
	}
	p.Listen(o)
	return nil
}

// pageFields are what a Page can be subscribed to, as far as it concerns what people write.
var pageFields = []string{
	"feed", "mention", "messages", "message_echoes", "message_edits", "messaging_postbacks", "message_deliveries", "message_reads",
	"message_reactions", "messaging_optins", "messaging_referrals", "standby", "ratings", "live_videos", "videos", "leadgen",
}

// listened are those of them that Listen subscribes to.
var listened = pageFields[:6]

// Listen is Subscribe without asking the address first. It installs the app on
// the Page too.
func (p *Platform) Listen(o Push) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o.Batch == 0 {
		o.Batch = 100
	}
	p.push = &push{Push: o}
	p.subscribed = slices.DeleteFunc(slices.Clone(listened), func(field string) bool { return slices.Contains(o.Missing, field) })
}

// Flush delivers what happened, and again what was not taken before. What
// fails stays for the next time.
func (p *Platform) Flush(ctx context.Context) error {
	p.mu.Lock()
	if p.push == nil {
		p.mu.Unlock()
		return nil
	}
	o, bodies, updates := p.push.Push, p.push.failed, p.push.updates
	p.push.failed, p.push.updates = nil, nil
	p.mu.Unlock()
	if o.Shuffle {
		slices.Reverse(updates)
	}
	for batch := range slices.Chunk(updates, o.Batch) {
		body := p.envelope(batch)
		bodies = append(bodies, body)
		if o.Duplicate {
			bodies = append(bodies, body)
		}
	}
	var failed [][]byte
	var faults []error
	for _, body := range bodies {
		r, err := p.request(ctx, o.URL, body)
		if err != nil {
			return err
		}
		status, _, err := graphreplay.Do(r)
		if err == nil && status/100 == 2 {
			continue
		}
		failed = append(failed, body)
		faults = append(faults, fmt.Errorf("a delivery was answered with %d (%w)", status, errors.Join(err, errNotTaken)))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.push.failed = append(failed, p.push.failed...)
	return errors.Join(faults...)
}

var errNotTaken = errors.New("it comes again")

// request is a signed delivery.
func (p *Platform) request(ctx context.Context, address string, body []byte) (*http.Request, error) {
	return graphreplay.Delivery(ctx, address, body, Sign(p.o.AppSecret, body))
}

// Sign is the signature of a delivery.
func Sign(secret string, body []byte) string { return graphreplay.Sign(secret, body) }

// Notify is the request that tells of a post, comment or message as it is now:
// new, edited or gone. It is nil where there never was such a thing.
func (p *Platform) Notify(ctx context.Context, address, which string) (*http.Request, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var u update
	switch n, m := p.nodes[which], p.messages[which]; {
	case n != nil && n.edited.IsZero():
		u = p.changeOf(n, "add")
	case n != nil:
		u = p.changeOf(n, "edited")
	case p.erased[which] != nil:
		u = p.changeOf(p.erased[which], "remove")
	case m != nil && m.unsent:
		u = p.eventOf(m, "unsend")
	case m != nil && !m.edited.IsZero():
		u = p.eventOf(m, "message_edit")
	case m != nil:
		u = p.eventOf(m, "message")
	default:
		return nil, errors.New("there never was such a thing")
	}
	return p.request(ctx, address, p.envelope([]update{u}))
}

// envelope is the body of one delivery.
func (p *Platform) envelope(batch []update) []byte {
	var entries []any
	for _, u := range batch {
		if u.messaging {
			entries = append(entries, map[string]any{"id": p.o.PageID, "time": u.at.UnixMilli(), "messaging": []any{u.value}})
			continue
		}
		entries = append(entries, map[string]any{"id": p.o.PageID, "time": u.at.Unix(), "changes": []any{u.value}})
	}
	body, err := json.Marshal(map[string]any{"object": "page", "entry": entries})
	if err != nil {
		panic(err) // strings and numbers can be written
	}
	return body
}

// tell notes a change of a post or comment; the caller holds the lock.
func (p *Platform) tell(n *node, verb string) {
	if p.push == nil || n.elsewhere && n.post == "" {
		return
	}
	u := p.changeOf(n, verb)
	if field, _ := u.value.(map[string]any)["field"].(string); slices.Contains(p.subscribed, field) {
		p.push.updates = append(p.push.updates, u)
	}
}

func (p *Platform) changeOf(n *node, verb string) update {
	now := time.Now()
	value := map[string]any{"verb": verb, "created_time": n.created.Unix(), "message": n.message, "item": "status", "post_id": n.id}
	if verb == "remove" {
		delete(value, "message")
	}
	if verb == "edited" {
		value["edited_time"] = n.edited.Unix()
	}
	if verb == "hide" || verb == "unhide" {
		value["is_hidden"] = n.hidden
	}
	if n.picture {
		value["photo"] = "https://scontent.xx.fbcdn.net/" + n.id
	}
	post := p.nodes[n.post]
	if n.post != "" {
		value["item"], value["comment_id"], value["post_id"], value["parent_id"] = "comment", n.id, n.post, n.post
		if n.parent != "" {
			value["parent_id"] = n.parent
		}
	}
	switch {
	case n.nameless:
	case p.push != nil && p.push.Senders:
		value["sender_id"], value["sender_name"] = n.fromID, n.fromName
	default:
		value["from"] = map[string]any{"id": n.fromID, "name": n.fromName}
	}
	field := "feed"
	if n.tagged || post != nil && post.elsewhere {
		field = "mention"
		for _, name := range []string{"from", "sender_id", "sender_name", "created_time", "parent_id"} {
			delete(value, name) // as it was observed
		}
	}
	return update{value: map[string]any{"field": field, "value": value}, at: now}
}

// tellMessage notes what happened to a message; the caller holds the lock.
func (p *Platform) tellMessage(m *message, what string) {
	if p.push != nil && slices.Contains(p.subscribed, "messages") {
		p.push.updates = append(p.push.updates, p.eventOf(m, what))
	}
}

func (p *Platform) eventOf(m *message, what string) update {
	sender, recipient := m.person, p.o.PageID
	if m.ours {
		sender, recipient = recipient, sender
	}
	event := map[string]any{"sender": map[string]any{"id": sender}, "recipient": map[string]any{"id": recipient}, "timestamp": m.created.UnixMilli()}
	content := map[string]any{"mid": m.id}
	switch what {
	case "message_edit":
		event["timestamp"] = m.edited.UnixMilli()
		content["text"], content["num_edit"] = m.text, m.edits
	case "unsend":
		what, content["is_deleted"] = "message", true
	default:
		if m.text != "" {
			content["text"] = m.text
		}
		if m.picture {
			content["attachments"] = []any{map[string]any{"type": "image", "payload": map[string]any{"url": "https://scontent.xx.fbcdn.net/" + m.id}}}
		}
	}
	if m.ours {
		content["is_echo"], content["app_id"] = true, 5500
	}
	event[what] = content
	return update{messaging: true, value: event, at: time.Now()}
}

// subscriptions are the fields that the Page told its app to be told of.
func (p *Platform) subscriptions(form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "fields", "limit", "after"); no != nil {
		return nil, no
	}
	if no := p.may("pages_manage_metadata"); no != nil {
		return nil, no
	}
	if len(p.subscribed) == 0 {
		return map[string]any{"data": []any{}}, nil
	}
	return map[string]any{"data": []any{map[string]any{"id": appID, "name": "Standpunt", "subscribed_fields": p.subscribed}}}, nil
}

// subscribe installs the app on the Page.
func (p *Platform) subscribe(form url.Values) (any, *refusal) {
	if no := p.may("pages_manage_metadata"); no != nil {
		return nil, no
	}
	fields, no := graphreplay.Subscribe(form, pageFields)
	if no != nil {
		return nil, no
	}
	p.subscribed = fields
	return map[string]any{"success": true}, nil
}
