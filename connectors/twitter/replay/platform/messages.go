package platform

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// message is a direct message; to is nil in a group.
type message struct {
	id       string
	from, to *user
	group    string
	text     string
	at       time.Time
}

// Letter is a direct message that somebody writes to the brand.
type Letter struct {
	Author string `json:"author"` // handle without @
	Text   string `json:"text"`
	Group  bool   `json:"group"` // it goes to several
}

// Write sends the brand a direct message, and returns its id.
func (p *Platform) Write(l Letter) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := &message{from: p.person(l.Author, l.Author), to: p.brand(), text: l.Text}
	if l.Group {
		m.group, _ = p.newID()
	}
	p.keep(m)
	payload := map[string]any{
		"direct_message_events": []any{map[string]any{
			"type": "message_create", "id": m.id, "created_timestamp": strconv.FormatInt(m.at.UnixMilli(), 10),
			"message_create": map[string]any{
				"target": map[string]string{"recipient_id": m.recipient()}, "sender_id": m.from.id,
				"message_data": map[string]any{"text": p.messageText(m).text, "entities": p.messageText(m).entities()},
			},
		}},
		"users": map[string]any{m.from.id: map[string]any{"data": showUser(m.from)}, p.brand().id: map[string]any{"data": showUser(p.brand())}},
	}
	if p.event("dm.received", payload, nil) {
		p.charge(DMRead, m.id)
	}
	return m.id
}

// SendAsBrand sends a message as the brand, past the API.
func (p *Platform) SendAsBrand(to, text string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := &message{from: p.brand(), to: p.person(to, to), text: text}
	p.keep(m)
	return m.id
}

// Messages are the texts that the brand sent to somebody.
func (p *Platform) Messages(to string) (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.messages {
		if m.from == p.brand() && strings.EqualFold(m.to.handle, to) {
			texts = append(texts, m.text)
		}
	}
	return texts
}

func (p *Platform) keep(m *message) {
	m.id, m.at = p.newID()
	p.messages = append(p.messages, m)
}

func (m *message) recipient() string {
	if m.group != "" {
		return m.group
	}
	return m.to.id
}

// conversation is the name of what the message stands in: both ids, the lesser
// one first, or a group's own.
func (m *message) conversation() string {
	if m.group != "" {
		return m.group
	}
	a, b := m.from.id, m.to.id
	if len(a) > len(b) || len(a) == len(b) && a > b {
		a, b = b, a
	}
	return a + "-" + b
}

func (p *Platform) messageText(m *message) shown {
	return p.showText(&post{id: m.id, author: m.from, at: m.at}, m.text)
}

// listMessages is a page of the newest messages, of all or with one person.
func (p *Platform) listMessages(c call) (int, any, *failure) {
	size, before := 100, int64(1<<63-1)
	if c.query.Has("max_results") {
		n, err := strconv.Atoi(c.query.Get("max_results"))
		if err != nil || n < 1 || n > 100 {
			return 0, nil, invalid("max_results", "is not between 1 and 100")
		}
		size = n
	}
	if c.query.Has("pagination_token") {
		n, err := strconv.ParseInt(strings.TrimPrefix(c.query.Get("pagination_token"), "dm-"), 10, 64)
		if err != nil {
			return 0, nil, invalid("pagination_token", "is not valid")
		}
		before = n
	}
	if kinds := c.query.Get("event_types"); kinds != "" && kinds != "MessageCreate" {
		return 0, nil, invalid("event_types", "["+kinds+"] is not one of [MessageCreate]")
	}
	fields := []string{"id", "text", "event_type", "created_at", "sender_id", "dm_conversation_id", "participant_ids", "entities"}
	asked := make(map[string]bool)
	for field := range strings.SplitSeq(c.query.Get("dm_event.fields"), ",") {
		if field != "" && !slices.Contains(fields, field) {
			return 0, nil, invalid("dm_event.fields", "["+field+"] is not one of ["+strings.Join(fields, ",")+"]")
		}
		asked[field] = true
	}
	size = min(size, p.o.PageSize)
	data, users, meta := []map[string]any{}, map[string]any{}, map[string]any{}
	for _, m := range slices.Backward(p.messages) {
		id, _ := strconv.ParseInt(m.id, 10, 64)
		with := c.PathValue("other")
		if id >= before || with != "" && (m.group != "" || m.from.id != with && m.to.id != with) {
			continue
		}
		if len(data) == size {
			meta["next_token"] = "dm-" + data[size-1]["id"].(string)
			break
		}
		p.charge(DMRead, m.id)
		data = append(data, p.showMessage(m, asked))
		users[m.from.id] = showUser(m.from)
	}
	meta["result_count"] = len(data)
	answer := map[string]any{"meta": meta}
	if len(data) > 0 {
		answer["data"] = data
	}
	if len(data) > 0 && strings.Contains(c.query.Get("expansions"), "sender_id") {
		var list []any
		for id, u := range users {
			p.charge(UserRead, id)
			list = append(list, u)
		}
		answer["includes"] = map[string]any{"users": list}
	}
	return http.StatusOK, answer, nil
}

func (p *Platform) showMessage(m *message, asked map[string]bool) map[string]any {
	is := p.messageText(m)
	out := map[string]any{"id": m.id, "event_type": "MessageCreate", "text": is.text}
	for name, value := range map[string]any{
		"created_at": m.at.Format("2006-01-02T15:04:05.000Z"), "sender_id": m.from.id, "dm_conversation_id": m.conversation(),
	} {
		if asked[name] {
			out[name] = value
		}
	}
	if found := is.entities(); asked["entities"] && len(found) > 0 {
		out["entities"] = found
	}
	return out
}

func (p *Platform) sendMessage(c call) (int, any, *failure) {
	var body struct {
		Text string `json:"text"`
	}
	if fault := decode(c.body, &body); fault != nil {
		return 0, nil, fault
	}
	var to *user
	for _, u := range p.users {
		if u.id == c.PathValue("other") {
			to = u
		}
	}
	switch n := len(utf16.Encode([]rune(body.Text))); {
	case strings.TrimSpace(body.Text) == "" || n > 10_000:
		return 0, nil, invalid("text", "has to have 1 to 10000 characters")
	case to == nil || to == p.brand():
		return 0, nil, refuse(http.StatusBadRequest, "recipient_id is not valid")
	case !slices.ContainsFunc(p.messages, func(m *message) bool { return m.from == to }):
		return 0, nil, refuse(http.StatusForbidden, "You do not have permission to DM one or more participants.")
	}
	m := &message{from: p.brand(), to: to, text: body.Text}
	p.keep(m)
	p.charge(DMCreated, "")
	return http.StatusCreated, map[string]any{"data": map[string]string{"dm_conversation_id": m.conversation(), "dm_event_id": m.id}}, nil
}

// messageByHand lets anybody write to the brand: a Letter in JSON.
func (p *Platform) messageByHand(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var l Letter
	if fault := decode(body, &l); err != nil || fault != nil || l.Author == "" || l.Text == "" {
		invalid("body", `send {"author":"jan","text":"hello","group":false}`).write(w)
		return
	}
	writeJSON(w, "application/json", http.StatusCreated, map[string]string{"id": p.Write(l)})
}
