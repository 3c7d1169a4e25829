package facebook

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

// event takes one thing that happened in a dialogue. What was delivered, read
// or liked is none that anybody answers.
func (d *delivery) event(ctx context.Context, e graph.Entry, raw json.RawMessage) {
	ev, ok := graph.DecodeEvent(raw)
	if !ok || !d.s.Messenger {
		return
	}
	l := &letter{at: ev.At, ours: string(ev.Sender) == d.s.PageID, person: string(ev.Sender)}
	if l.ours {
		l.person = string(ev.Recipient)
	}
	if l.at.IsZero() {
		l.at = latest(e.Time, time.Time{})
	}
	if l.at.IsZero() {
		l.at = time.Now().UTC()
	}
	if !idPattern.MatchString(l.person) || !l.ours && string(ev.Recipient) != d.s.PageID {
		return
	}
	switch m := ev.Message; {
	case ev.Postback != nil:
		l.id, l.text = ev.Postback.ID, ev.Postback.Title
		if l.id == "" {
			l.id = "postback-" + l.person + "-" + strconv.FormatInt(l.at.UnixMilli(), 10)
		}
	case m == nil:
		return
	case m.Deleted:
		d.removed(m.ID)
		return
	default:
		l.id, l.text, l.files = m.ID, m.Text, files(m.Files)
		l.ours = l.ours || m.Echo
		if m.Edited {
			l = d.edited(ctx, l)
		}
	}
	d.letter(ctx, l)
}

// edited is a message that was edited, with the time that it was written at,
// which the event leaves out.
func (d *delivery) edited(ctx context.Context, l *letter) *letter {
	l.edited = l.at.UTC().Truncate(time.Second)
	if !d.mayAsk(ctx) {
		return l
	}
	var w written
	_, err := d.client.Get(ctx, l.id, graph.Params{"fields": letterFields}, &w)
	if whole, ok := w.letter(d.s.PageID); err == nil && ok && whole.id == l.id {
		whole.edited = l.edited
		return whole
	}
	return l // an edit follows the message within minutes: its time is near enough
}

// letter puts a message where it belongs.
func (d *delivery) letter(ctx context.Context, l *letter) {
	if d.outdated(l.id, latest(l.at, l.edited), l.edited) {
		return
	}
	d.sawTold(l.id, l.text, l.edited)
	switch {
	case l.ours || d.ours.Has(l.id):
		d.page.Own = append(d.page.Own, d.ownLetter(l))
		return
	case l.name == "":
		l.name = d.nameOf(ctx, l.person)
	}
	d.page.Mentions = append(d.page.Mentions, d.inboundLetter(l))
}

// nameOf is what somebody is called, "" where nobody tells.
func (d *delivery) nameOf(ctx context.Context, id string) string {
	if name, known := d.names.Get(id); known || !d.mayAsk(ctx) {
		return name
	}
	talk, err := d.dialogueWith(ctx, id)
	if err != nil {
		return "" // the name is a courtesy; the next message asks again
	}
	for _, side := range talk.Participants.Data {
		if side.ID == id {
			d.names.Put(id, side.Name)
			return side.Name
		}
	}
	return ""
}

// dialogueWith is the dialogue with a person; its id is empty where there is none.
func (c *Connector) dialogueWith(ctx context.Context, id string) (dialogue, error) {
	list, err := graph.Page[dialogue](ctx, c.client, c.s.PageID+"/"+conversations,
		graph.Params{"platform": "messenger", "user_id": id, "fields": "id,updated_time,participants", "limit": "1"}, "")
	if err != nil || len(list.Items) == 0 {
		return dialogue{}, err
	}
	if !threadPattern.MatchString(list.Items[0].ID) {
		return dialogue{}, list.Answer.Nonsense("a list with a dialogue that lacks its id")
	}
	return list.Items[0], nil
}

var (
	_ connectors.Webhook         = (*Pushed)(nil)
	_ connectors.Addressed       = (*Pushed)(nil)
	_ connectors.PrivateReplier  = (*Connector)(nil)
	_ connectors.PrivateComposer = (*Connector)(nil)
	_ connectors.Closing         = (*Connector)(nil)
)
