package desk

import (
	"fmt"
	"slices"
	"time"

	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/people"
)

// mostAtOnce bounds how many conversations one form triages.
const mostAtOnce = 200

// triage changes the conversations that the form names: one from its thread,
// many from the list. What it did can be undone from the toast.
func (v *visit) triage() error {
	ids, err := v.chosen()
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		v.warn("inbox.nothingselected")
		return v.to(v.back("/inbox"))
	}
	var was []restored
	for _, c := range ids {
		r, err := v.triageOne(c)
		if err != nil {
			return v.partly(err, was)
		}
		if r != nil {
			was = append(was, *r)
		}
	}
	if len(was) == 0 {
		v.done("inbox.unchanged")
		return v.to(v.back("/inbox"))
	}
	v.undoable("inbox.did."+v.form("do"), was)
	if next := local(v.form("next"), ""); next != "" {
		return v.to(next)
	}
	return v.to(v.back("/inbox"))
}

// partly reports a triage that failed on the way: what was done stays done and
// can be undone.
func (v *visit) partly(err error, was []restored) error {
	if len(was) == 0 {
		return err
	}
	v.logFault(err)
	v.undoable("inbox.did.partly", was)
	return v.to(v.back("/inbox"))
}

func (v *visit) undoable(key string, was []restored) {
	v.setFlash(flash{Kind: "done", Text: v.t(key, "n", len(was)), Undo: v.undo.remember(v.who.ID(), was)})
}

func (v *visit) chosen() ([]inbox.ConversationID, error) {
	raw := v.r.PostForm["id"]
	if len(raw) > mostAtOnce {
		return nil, fault.New(fault.InvalidInput, "at most %d conversations can be changed at once", mostAtOnce).Fix("Select fewer.")
	}
	var ids []inbox.ConversationID
	for _, s := range raw {
		c, err := inbox.ParseConversationID(s)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, c) {
			ids = append(ids, c)
		}
	}
	return ids, nil
}

// triageOne makes the form's change on one conversation and gives what would
// restore it, nil where nothing changed.
func (v *visit) triageOne(c inbox.ConversationID) (*restored, error) {
	t, err := v.d.Box.Thread(v.ctx(), c)
	if err != nil {
		return nil, err
	}
	before := *t.Conversation
	change, err := v.change(&before)
	if err != nil {
		return nil, err
	}
	after, err := v.d.Box.Change(v.ctx(), v.who, c, change)
	if err != nil || after.Version == before.Version {
		return nil, err
	}
	r := restored{id: c, change: inbox.Change{
		Assignee: &before.Assignee, Labels: &before.Labels, Priority: &before.Priority, State: &before.State, IfVersion: after.Version,
	}}
	if before.State == inbox.Snoozed {
		if !before.SnoozedUntil.After(time.Now().Add(time.Second)) {
			r.change.State = new(inbox.Open)
		} else {
			r.change.SnoozedUntil = &before.SnoozedUntil
		}
	}
	return &r, nil
}

// change is what the form asks for, seen from the conversation as it is.
func (v *visit) change(c *inbox.Conversation) (inbox.Change, error) {
	switch do := v.form("do"); do {
	case "mine":
		return inbox.Change{Assignee: new(v.who.ID())}, nil
	case "assign":
		if v.form("assignee") == "" {
			return inbox.Change{Assignee: new(people.ID{})}, nil
		}
		to, err := id.Parse[people.Person](v.form("assignee"))
		if err != nil {
			return inbox.Change{}, fault.New(fault.InvalidInput, "there is no such person").At("assignee", v.form("assignee"))
		}
		return inbox.Change{Assignee: &to}, nil
	case "resolve":
		return inbox.Change{State: new(inbox.Resolved)}, nil
	case "reopen":
		return inbox.Change{State: new(inbox.Open)}, nil
	case "priority":
		return inbox.Change{Priority: new(inbox.Priority(v.form("priority")))}, nil
	case "snooze":
		until, err := snoozeEnd(v.form("snooze"), v.form("until"), v.form("zone"), time.Now())
		return inbox.Change{SnoozedUntil: &until}, err
	case "labels":
		labels := slices.DeleteFunc(append(slices.Clone(v.r.PostForm["labels"]), v.form("label")), func(l string) bool { return l == "" })
		return inbox.Change{Labels: &labels}, nil
	case "label": // adds one and leaves the others
		labels := append(slices.Clone(c.Labels), v.form("label"))
		return inbox.Change{Labels: &labels}, nil
	default:
		return inbox.Change{}, fault.New(fault.InvalidInput, "the form asks for something that triage does not do").At("do", do)
	}
}

// snoozeEnd is when a snooze ends: a preset, or a time of the visitor's own in
// the form of an input of type datetime-local. zone is the visitor's distance
// from UTC in minutes, empty for the server's zone.
func snoozeEnd(preset, until, zone string, now time.Time) (time.Time, error) {
	where := zoneOf(zone)
	now = now.In(where)
	morning := func(days int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()+days, 9, 0, 0, 0, where)
	}
	switch preset {
	case "hour":
		return now.Add(time.Hour), nil
	case "three":
		return now.Add(3 * time.Hour), nil
	case "tomorrow":
		return morning(1), nil
	case "monday":
		return morning((8-int(now.Weekday())-1)%7 + 1), nil
	case "week":
		return morning(7), nil
	}
	at, err := time.ParseInLocation(localMinute, until, where)
	if err != nil {
		return time.Time{}, fault.New(fault.InvalidInput, "this is no time").At("until", until).Fix("Choose a day and a time.")
	}
	return at, nil
}

// undoTriage puts back what a triage changed, except where somebody has
// changed it again since.
func (v *visit) undoTriage() error {
	was, ok := v.undo.take(v.who.ID(), v.form("undo"))
	if !ok {
		v.warn("inbox.undo.late")
		return v.to(v.back("/inbox"))
	}
	done := 0
	for _, r := range was {
		_, err := v.d.Box.Change(v.ctx(), v.who, r.id, r.change)
		switch {
		case fault.Is(err, fault.Conflict), fault.Is(err, fault.NotFound):
		case err != nil:
			return fmt.Errorf("desk: undo: %w", err)
		default:
			done++
		}
	}
	if done < len(was) {
		v.warn("inbox.undo.partly", "done", done, "all", len(was))
	} else {
		v.done("inbox.undone")
	}
	return v.to(v.back("/inbox"))
}
