package platform

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"standpunt/connectors/internal/graph/graphreplay"
)

// What Messenger allows.
const (
	window      = 24 * time.Hour
	humanWindow = 7 * 24 * time.Hour
	longest     = 2000 // UTF-16 units of a message
	detailed    = 20   // newest messages of a dialogue that are shown in full
)

// message is one in the dialogue with a person.
type message struct {
	id, person, name string
	ours             bool
	text             string
	picture, unsent  bool
	created, edited  time.Time
	edits            int
}

// Write lets a customer send the Page a message, and returns its id.
func (p *Platform) Write(s Said) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.post(&message{person: PersonID(s.Name), name: s.Name, text: s.Text, picture: s.Picture, created: s.At}).id
}

// post puts a message into its dialogue; the caller holds the lock.
func (p *Platform) post(m *message) *message {
	p.last++
	m.id = fmt.Sprintf("m_Kx-%d_z", p.last)
	if m.created.IsZero() {
		m.created = time.Now()
	}
	m.created = m.created.UTC().Truncate(time.Millisecond)
	p.messages[m.id] = m
	p.mailbox = append(p.mailbox, m)
	slices.SortStableFunc(p.mailbox, func(a, b *message) int { return a.created.Compare(b.created) })
	p.tellMessage(m, "message")
	return m
}

// EditMessage changes a message. It returns false where there is no such one.
func (p *Platform) EditMessage(which, text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.messages[which]
	if m == nil || m.unsent {
		return false
	}
	m.text, m.edited, m.edits = text, time.Now(), m.edits+1
	p.tellMessage(m, "message_edit")
	return true
}

// Unsend takes a message back; nobody sees it any more.
func (p *Platform) Unsend(which string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m := p.messages[which]; m != nil {
		m.unsent = true
		p.tellMessage(m, "unsend")
	}
}

// Messages are the texts that the Page sent to somebody, oldest first.
func (p *Platform) Messages(name string) (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.mailbox {
		if m.ours && m.person == PersonID(name) {
			texts = append(texts, m.text)
		}
	}
	return texts
}

// AnswersTo are the texts that the Page sent to whoever sent the message,
// oldest first.
func (p *Platform) AnswersTo(which string) []string {
	p.mu.Lock()
	m := p.messages[which]
	p.mu.Unlock()
	if m == nil {
		return nil
	}
	return p.Messages(m.name)
}

// with is the dialogue with a person, newest first.
func (p *Platform) with(person string) (list []*message) {
	for _, m := range slices.Backward(p.mailbox) {
		if m.person == person && !m.unsent {
			list = append(list, m)
		}
	}
	return list
}

func (p *Platform) conversations(form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "fields", "limit", "after", "platform", "user_id"); no != nil {
		return nil, no
	}
	if no := p.may("pages_messaging"); no != nil {
		return nil, no
	}
	if form.Get("platform") != "messenger" {
		return nil, refuse(100, 0, "platform must be messenger or instagram")
	}
	var list []map[string]any
	seen := make(map[string]bool)
	for _, m := range slices.Backward(p.mailbox) {
		if seen[m.person] || form.Get("user_id") != "" && form.Get("user_id") != m.person {
			continue
		}
		seen[m.person] = true
		list = append(list, map[string]any{
			"id": "t_" + m.person, "updated_time": m.created.Format(layout),
			"participants": map[string]any{"data": []any{p.who(m.person, m.name), p.who(p.o.PageID, p.o.PageName)}},
		})
	}
	return p.listOf(list, form)
}

func (p *Platform) who(id, name string) map[string]any {
	return map[string]any{"id": id, "name": name, "email": id + "@facebook.com"}
}

func (p *Platform) dialogue(person string, form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "fields", "limit", "after"); no != nil {
		return nil, no
	}
	list := p.with(person)
	if len(list) == 0 {
		return nil, graphreplay.Gone()
	}
	views := []map[string]any{}
	for _, m := range list[:min(detailed, len(list))] {
		views = append(views, p.viewMessage(m))
	}
	return p.listOf(views, form)
}

// showMessage is strict as Facebook is: beyond the newest of a dialogue it says
// that the message was deleted.
func (p *Platform) showMessage(m *message, form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "fields"); no != nil {
		return nil, no
	}
	if no := p.may("pages_messaging"); no != nil {
		return nil, no
	}
	list := p.with(m.person)
	if !slices.Contains(list[:min(detailed, len(list))], m) {
		return nil, graphreplay.Gone()
	}
	return graphreplay.Asked(p.viewMessage(m), form)
}

func (p *Platform) viewMessage(m *message) map[string]any {
	customer, page := p.who(m.person, m.name), p.who(p.o.PageID, p.o.PageName)
	v := map[string]any{
		"id": m.id, "message": m.text, "created_time": m.created.Format(layout), "attachments": nil, "sticker": nil,
		"from": customer, "to": map[string]any{"data": []any{page}},
	}
	if m.ours {
		v["from"], v["to"] = page, map[string]any{"data": []any{customer}}
	}
	if m.picture {
		v["attachments"] = map[string]any{"data": []any{map[string]any{
			"id": "9", "mime_type": "image/jpeg", "name": "image-9", "size": 0,
			"image_data": map[string]any{"url": fmt.Sprintf("https://scontent.xx.fbcdn.net/%s?oh=%d", m.id, p.front.Calls())},
		}}}
	}
	return v
}

// send is the Send API.
func (p *Platform) send(form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "recipient", "messaging_type", "message", "tag"); no != nil {
		return nil, no
	}
	if no := p.may("pages_messaging"); no != nil {
		return nil, no
	}
	var to map[string]string
	var content struct {
		Text string `json:"text"`
	}
	if json.Unmarshal([]byte(form.Get("recipient")), &to) != nil || len(to) != 1 || json.Unmarshal([]byte(form.Get("message")), &content) != nil {
		return nil, refuse(100, 0, "Invalid parameter")
	}
	if content.Text == "" || len(utf16.Encode([]rune(content.Text))) > longest {
		return nil, refuse(100, 2018109, "Length of param message[text] must be less than or equal to 2000")
	}
	sent := &message{ours: true, text: content.Text}
	switch {
	case to["id"] != "":
		last := p.lastOf(to["id"])
		if last == nil {
			return nil, refuse(100, 2018001, "No matching user found")
		}
		if no := p.inWindow(last, form); no != nil {
			return nil, no
		}
		sent.person, sent.name = last.person, last.name
	case to["comment_id"] != "" || to["post_id"] != "":
		n := p.nodes[to["comment_id"]+to["post_id"]]
		if n == nil || (n.post == "") != (to["post_id"] != "") {
			return nil, graphreplay.Gone()
		}
		if no := p.mayReplyPrivately(n); no != nil {
			return nil, no
		}
		n.answered = true
		sent.person, sent.name = n.fromID, n.fromName
	default:
		return nil, refuse(100, 0, "Invalid parameter")
	}
	return map[string]any{"recipient_id": sent.person, "message_id": p.post(sent).id}, nil
}

// lastOf is the last message that a person sent.
func (p *Platform) lastOf(person string) *message {
	for _, m := range slices.Backward(p.mailbox) {
		if m.person == person && !m.ours {
			return m
		}
	}
	return nil
}

func (p *Platform) inWindow(last *message, form url.Values) *refusal {
	age, kind, tag := time.Since(last.created), form.Get("messaging_type"), form.Get("tag")
	switch {
	case kind == "RESPONSE" && tag == "" && age < window:
		return nil
	case kind == "MESSAGE_TAG" && tag == "HUMAN_AGENT" && !p.o.HumanAgent:
		return refuse(10, 0, "To use the HUMAN_AGENT tag, your app needs to be approved")
	case kind == "MESSAGE_TAG" && tag == "HUMAN_AGENT" && age < humanWindow:
		return nil
	case kind != "RESPONSE" && kind != "MESSAGE_TAG" || strings.TrimSpace(tag) != tag:
		return refuse(100, 0, "Invalid messaging_type")
	}
	return refuse(10, 2018278, "This message is sent outside of allowed window.")
}

// mayReplyPrivately allows one message for each comment and visitor's post,
// within seven days.
func (p *Platform) mayReplyPrivately(n *node) *refusal {
	switch {
	case n.fromID == p.o.PageID, n.nameless, time.Since(n.created) > humanWindow:
		return refuse(10903, 0, "This user can't reply to this activity")
	case n.answered:
		return refuse(10900, 0, "Activity already replied to")
	}
	return nil
}
