package facebook

import (
	"context"
	"strconv"
	"strings"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

// conversations is the edge of the Page's dialogues in Messenger.
const conversations = "conversations"

// Facebook shows the newest messages of a dialogue in full, and no others.
// https://developers.facebook.com/docs/messenger-platform/conversations
const lettersPage = 20

// dialogue is one conversation in Messenger.
type dialogue struct {
	ID        string        `json:"id"`
	UpdatedAt graph.Instant `json:"updated_time"`
	// Participants are told where they are asked for.
	Participants struct {
		Data []person `json:"data"`
	} `json:"participants"`
}

// readDialogues reads a page of the dialogues, newest first, and notes whose
// messages to read.
func (c *Connector) readDialogues(ctx context.Context, w *walk) error {
	list, err := graph.Page[dialogue](ctx, c.client, c.s.PageID+"/"+conversations,
		graph.Params{"platform": "messenger", "fields": "id,updated_time", "limit": strconv.Itoa(w.Fewer.Of(postsPage))}, w.After)
	if w.forgot(&w.After, err) || w.Fewer.After(err, postsPage) {
		return nil
	}
	if err != nil {
		return err
	}
	w.begin(list.Answer)
	older := len(list.Items) > 0
	for _, d := range list.Items {
		if !threadPattern.MatchString(d.ID) {
			return list.Answer.Nonsense("a list with a dialogue that lacks its id")
		}
		if !d.UpdatedAt.IsZero() && d.UpdatedAt.Before(time.Unix(w.Since, 0)) {
			continue
		}
		older = false
		w.add(d.ID)
	}
	w.leave(list.After, older)
	return nil
}

// readLetters reads a page of the messages of the first of the dialogues.
func (c *Connector) readLetters(ctx context.Context, w *walk, page *connectors.Page) error {
	talk := w.Posts[0]
	list, err := graph.Page[written](ctx, c.client, talk+"/messages",
		graph.Params{"fields": letterFields, "limit": strconv.Itoa(w.Fewer.Of(lettersPage))}, w.In)
	switch {
	case w.forgot(&w.In, err), w.Fewer.After(err, lettersPage):
		return nil
	case connectors.KindOf(err) == connectors.Gone:
		w.Withheld.Drop(talk)
		w.next() // it was deleted meanwhile
		return nil
	case w.refuse(err):
		return nil
	case err != nil:
		return err
	}
	since := time.Unix(w.Withheld.Since(talk, w.Since), 0)
	older := len(list.Items) > 0
	for i := range list.Items {
		l, ok := list.Items[i].letter(c.s.PageID)
		if !ok {
			continue // from a person who left, or told by an id only; it cannot be answered either
		}
		if l.at.Before(since) {
			continue
		}
		older = false
		c.sortLetter(page, l, list.Answer.At)
	}
	if w.In = list.After; w.In == "" || older {
		w.Withheld.Drop(talk)
		w.next()
	}
	return nil
}

// sortLetter puts a message where it belongs: our own, or a mention.
func (c *Connector) sortLetter(page *connectors.Page, l *letter, read time.Time) {
	l.edited = c.sawRead(l.id, l.text, read)
	if l.name != "" {
		c.names.Put(l.person, l.name)
	}
	if l.ours || c.ours.Has(l.id) {
		page.Own = append(page.Own, c.ownLetter(l))
		return
	}
	page.Mentions = append(page.Mentions, c.inboundLetter(l))
}

// isDialogue tells a dialogue from a post.
func isDialogue(id string) bool { return strings.HasPrefix(id, "t_") }
