package inbox

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/people"
	"standpunt/store"
)

const (
	longestLabel = 64 // characters
	mostLabels   = 32
	longestNote  = 64 << 10 // bytes
)

// Change triages a conversation and gives it back as it then is. Each thing
// that changes is an audit event of its own; a change that changes nothing
// writes nothing. Roles agent and press triage.
//
// Faults: unauthenticated, forbidden, not_found, conflict where IfVersion is
// not the present version, invalid_input for the value at fault.
func (b *Inbox) Change(ctx context.Context, by people.Principal, v ConversationID, c Change) (*Conversation, error) {
	if err := c.normalise(); err != nil {
		return nil, err
	}
	var out *Conversation
	err := b.db.Update(ctx, func(tx *store.Tx) error {
		if err := b.mayTriage(tx, by); err != nil {
			return err
		}
		conv, err := b.Conversation(tx, v)
		if err != nil {
			return err
		}
		out = conv
		return b.change(tx, by, conv, &c)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// mayTriage asks who the principal is now, inside the transaction.
func (b *Inbox) mayTriage(tx *store.Tx, by people.Principal) error {
	if err := by.May(people.Write); err != nil {
		return err
	}
	person, err := b.staff.Confirm(tx, by)
	if err != nil {
		return err
	}
	if !person.Has(people.Agent, people.Press) {
		return fault.New(fault.Forbidden, "managers and admins read the inbox and change nothing in it").
			Fix("Ask an agent or a press officer.")
	}
	return nil
}

// normalise brings the values of a change into the form in which they are kept.
func (c *Change) normalise() error {
	if c.State != nil && !c.State.known() {
		return fault.New(fault.InvalidInput, "there is no such state of a conversation").At("state", string(*c.State)).
			Fix("Use open, waiting, snoozed or resolved.")
	}
	if c.Priority != nil && !c.Priority.known() {
		return fault.New(fault.InvalidInput, "there is no such priority").At("priority", string(*c.Priority)).
			Fix("Use low, normal, high or urgent.")
	}
	if c.SnoozedUntil != nil && c.State == nil {
		c.State = new(Snoozed)
	}
	switch {
	case c.State != nil && *c.State == Snoozed && (c.SnoozedUntil == nil || c.SnoozedUntil.IsZero()):
		return fault.New(fault.InvalidInput, "a snooze needs the time at which it ends").At("snoozed_until", "").
			Fix("Give a time in the future.")
	case c.SnoozedUntil != nil && *c.State != Snoozed:
		return fault.New(fault.InvalidInput, "only the state snoozed has an end").
			At("snoozed_until", c.SnoozedUntil.Format(time.RFC3339)).Fix("Leave it out, or snooze.")
	}
	if c.Labels == nil {
		return nil
	}
	labels, err := normalLabels(*c.Labels)
	c.Labels = &labels
	return err
}

// normalLabels are labels in NFC without surrounding space, sorted, once each.
func normalLabels(raw []string) ([]string, error) {
	var labels []string
	for _, l := range raw {
		l = strings.TrimSpace(norm.NFC.String(l))
		switch {
		case l == "":
			return nil, fault.New(fault.InvalidInput, "a label is empty").At("labels", l)
		case !utf8.ValidString(l) || strings.ContainsFunc(l, func(r rune) bool { return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) }):
			return nil, fault.New(fault.InvalidInput, "a label holds characters that cannot be seen").At("labels", strings.ToValidUTF8(l, "\uFFFD"))
		case utf8.RuneCountInString(l) > longestLabel:
			return nil, fault.New(fault.InvalidInput, "a label has at most %d characters", longestLabel).At("labels", l)
		}
		labels = append(labels, l)
	}
	slices.Sort(labels)
	labels = slices.Compact(labels)
	if len(labels) > mostLabels {
		return nil, fault.New(fault.InvalidInput, "a conversation has at most %d labels", mostLabels).At("labels", "")
	}
	return labels, nil
}

// change applies c to conv and writes it with one event for each difference.
func (b *Inbox) change(tx *store.Tx, by people.Principal, conv *Conversation, c *Change) error {
	if c.IfVersion != 0 && c.IfVersion != conv.Version {
		return fault.New(fault.Conflict, "somebody changed this conversation since you opened it").
			Fix("Look at it as it is now, then try again.")
	}
	t := &triage{b: b, tx: tx, conv: conv, actor: by.Actor(), via: by.Via()}
	steps := []func(*Change) error{t.assign, t.move, t.label, t.prioritise}
	for _, step := range steps {
		if err := step(c); err != nil {
			return err
		}
	}
	return t.save()
}

// triage is one change on its way.
type triage struct {
	b       *Inbox
	tx      *store.Tx
	conv    *Conversation
	actor   audit.Actor
	via     string
	changed bool
}

func (t *triage) event(e audit.Event) error {
	t.changed = true
	e.Actor, e.Via, e.Subject = t.actor, t.via, t.conv.subject()
	_, err := t.b.log.Append(t.tx, e)
	return err
}

func (t *triage) save() error {
	if !t.changed {
		return nil
	}
	t.conv.Version++
	return conversations.Put(t.tx, t.conv)
}

func (t *triage) assign(c *Change) error {
	if c.Assignee == nil || *c.Assignee == t.conv.Assignee {
		return nil
	}
	if to := *c.Assignee; !to.IsZero() {
		p, err := t.b.staff.Get(t.tx, to)
		if fault.Is(err, fault.NotFound) {
			return fault.New(fault.InvalidInput, "there is no such person").At("assignee", to.String())
		}
		if err != nil {
			return err
		}
		if !p.Enabled || !p.Has(people.Agent, people.Press) {
			return fault.New(fault.InvalidInput, "this person cannot take conversations").At("assignee", to.String()).
				Fix("Assign it to an agent or a press officer whose account is enabled.")
		}
	}
	was := t.conv.Assignee
	t.conv.Assignee = *c.Assignee
	return t.event(audit.Event{Kind: "conversation.assigned", From: was.String(), To: t.conv.Assignee.String()})
}

func (t *triage) move(c *Change) error {
	if c.State == nil {
		return nil
	}
	var until time.Time
	if *c.State == Snoozed {
		until = c.SnoozedUntil.UTC().Truncate(time.Millisecond)
		if !until.After(t.tx.Now()) {
			return fault.New(fault.InvalidInput, "a snooze ends in the future").
				At("snoozed_until", until.Format(time.RFC3339)).Fix("Give a time in the future.")
		}
	}
	if *c.State == t.conv.State && until.Equal(t.conv.SnoozedUntil) {
		return nil
	}
	return t.moveTo(*c.State, until)
}

// slip is how soon after a resolution opening the conversation again takes it
// back, instead of beginning a new wait.
const slip = 10 * time.Minute

// moveTo changes the state. A conversation that is resolved waits no longer;
// one that is opened by hand waits from then on, or, soon after it was
// resolved, as if it never had been.
func (t *triage) moveTo(to State, until time.Time) error {
	was := t.conv.State
	t.conv.State, t.conv.SnoozedUntil = to, until
	switch {
	case to == Resolved:
		t.conv.ResolvedAt, t.conv.WaitedSince = t.tx.Now(), t.conv.AwaitingSince
		t.conv.AwaitingSince = time.Time{}
	case was == Resolved && t.tx.Now().Sub(t.conv.ResolvedAt) <= slip && !t.conv.WaitedSince.IsZero():
		t.conv.AwaitingSince = t.conv.WaitedSince
	case to == Open && t.conv.AwaitingSince.IsZero():
		t.conv.AwaitingSince = t.tx.Now()
	}
	e := audit.Event{Kind: "conversation.state_changed", From: string(was), To: string(to)}
	if to == Snoozed {
		e.Facts = map[string]string{"until": until.Format(time.RFC3339)}
	}
	return t.event(e)
}

// label replaces the labels. They are words of staff, so the event commits to
// them and does not tell them.
func (t *triage) label(c *Change) error {
	if c.Labels == nil || slices.Equal(*c.Labels, t.conv.Labels) {
		return nil
	}
	t.conv.Labels = *c.Labels
	list, err := json.Marshal(t.conv.Labels)
	if err != nil {
		return err
	}
	digest, err := t.b.log.Seal(t.tx, "standpunt/labels", list)
	if err != nil {
		return err
	}
	return t.event(audit.Event{Kind: "conversation.labelled", Digest: digest})
}

func (t *triage) prioritise(c *Change) error {
	if c.Priority == nil || *c.Priority == t.conv.Priority {
		return nil
	}
	was := t.conv.Priority
	t.conv.Priority = *c.Priority
	return t.event(audit.Event{Kind: "conversation.prioritised", From: string(was), To: string(t.conv.Priority)})
}

func (c *Conversation) subject() audit.Subject { return audit.Subject("conversation:" + c.ID.String()) }

// TakeNext assigns the most urgent open conversation that nobody has to the
// principal: by priority, then by who waits longest. Two people who ask at once
// get two different ones. A not_found fault says that none is left.
func (b *Inbox) TakeNext(ctx context.Context, by people.Principal) (*Conversation, error) {
	var out *Conversation
	err := b.db.Update(ctx, func(tx *store.Tx) error {
		if err := b.mayTriage(tx, by); err != nil {
			return err
		}
		out = nil
		for c, err := range conversations.By(tx, urgentIndex, store.Range{}, false) {
			if err != nil {
				return err
			}
			out = c
			break
		}
		if out == nil {
			return fault.New(fault.NotFound, "no open conversation waits for somebody to take it")
		}
		return b.change(tx, by, out, &Change{Assignee: new(by.ID())})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// AddNote puts an internal remark on a conversation. Roles agent and press
// write notes. Faults as [Inbox.Change] has them, and empty_text and
// text_too_long (64 KiB).
func (b *Inbox) AddNote(ctx context.Context, by people.Principal, v ConversationID, text string) (*Note, error) {
	text = strings.TrimSpace(norm.NFC.String(strings.ToValidUTF8(text, "\uFFFD")))
	switch {
	case text == "":
		return nil, fault.New(fault.EmptyText, "a note has no text").At("text", "").Fix("Write something.")
	case len(text) > longestNote:
		return nil, fault.New(fault.TextTooLong, "a note has at most %d bytes", longestNote).At("text", text)
	}
	var note *Note
	err := b.db.Update(ctx, func(tx *store.Tx) error {
		if err := b.mayTriage(tx, by); err != nil {
			return err
		}
		conv, err := b.Conversation(tx, v)
		if err != nil {
			return err
		}
		digest, err := b.log.Seal(tx, "standpunt/note", []byte(text))
		if err != nil {
			return err
		}
		note = &Note{ID: id.At[Note](tx.Now()), Conversation: v, Author: by.ID(), Text: text, At: tx.Now()}
		t := &triage{b: b, tx: tx, conv: conv, actor: by.Actor(), via: by.Via()}
		err = t.event(audit.Event{
			Kind: "conversation.noted", Digest: digest, Facts: map[string]string{"note": note.ID.String()},
		})
		if err != nil {
			return err
		}
		return notes.Put(tx, note)
	})
	if err != nil {
		return nil, err
	}
	return note, nil
}
