package inbox

import (
	"context"
	"time"

	"standpunt/audit"
	"standpunt/people"
	"standpunt/store"
)

// MostCounted is how far [Inbox.Counts] counts; a greater value means "more".
const MostCounted = 1000

// wakeStep is how many conversations wake in one transaction.
const wakeStep = 200

// Answered records that our answer to a conversation was published at a time:
// it waits for the customer, and nobody waits for us, unless a mention that was
// posted after the answer is there already. A resolved one stays resolved.
func (b *Inbox) Answered(tx *store.Tx, v ConversationID, at time.Time) error {
	conv, err := b.Conversation(tx, v)
	if err != nil {
		return err
	}
	t := &triage{b: b, tx: tx, conv: conv, actor: audit.System, via: "daemon"}
	if conv.Rank, err = nextRank(tx); err != nil {
		return err
	}
	conv.LastActivity = tx.Now()
	conv.AwaitingSince = postedAfter(tx, v, at)
	t.changed = true
	if conv.AwaitingSince.IsZero() && conv.State != Waiting && conv.State != Resolved {
		if err := t.moveTo(Waiting, time.Time{}); err != nil {
			return err
		}
	}
	if conv.State == Resolved {
		conv.AwaitingSince = time.Time{}
	}
	return t.save()
}

// Unanswered takes back what [Inbox.Answered] recorded of an answer that turned
// out not to stand: the customer waits again, since the first mention from a
// time on that still stands. A resolved conversation stays resolved.
func (b *Inbox) Unanswered(tx *store.Tx, v ConversationID, since time.Time) error {
	conv, err := b.Conversation(tx, v)
	if err != nil || conv.State == Resolved {
		return err
	}
	if conv.AwaitingSince, err = stillWaiting(tx, v, since); err != nil {
		return err
	}
	t := &triage{b: b, tx: tx, conv: conv, actor: audit.System, via: "daemon", changed: true}
	if conv.Rank, err = nextRank(tx); err != nil {
		return err
	}
	conv.LastActivity = tx.Now()
	if conv.State == Waiting && !conv.AwaitingSince.IsZero() {
		if err := t.moveTo(Open, time.Time{}); err != nil {
			return err
		}
	}
	return t.save()
}

// postedAfter is when the first mention after a time was posted, zero if none was.
func postedAfter(tx *store.Tx, v ConversationID, at time.Time) time.Time {
	from := append(v.Key(), store.Time(at.Add(time.Millisecond))...)
	for key := range tx.Scan(mentionsOfBucket, store.Range{Prefix: v.Key(), From: from}) {
		posted, err := store.ParseTime(key[len(v):])
		if err != nil {
			return time.Time{}
		}
		return posted
	}
	return time.Time{}
}

// stillWaiting is when the first mention since a time was posted that its
// author has not deleted, zero if there is none.
func stillWaiting(tx *store.Tx, v ConversationID, since time.Time) (time.Time, error) {
	from := append(v.Key(), store.Time(since)...)
	for m, err := range mentions.By(tx, conversationIndex, store.Range{Prefix: v.Key(), From: from}, false) {
		if err != nil {
			return time.Time{}, err
		}
		if m.DeletedAt.IsZero() {
			return m.PostedAt, nil
		}
	}
	return time.Time{}, nil
}

// WakeSnoozed opens the conversations whose snooze has ended, each with its
// audit event, and tells when the next one ends; the zero time: none is
// snoozed.
func (b *Inbox) WakeSnoozed(ctx context.Context) (next time.Time, err error) {
	for {
		var due bool
		err = b.db.View(ctx, func(tx *store.Tx) error {
			next, err = firstSnooze(tx)
			due = !next.IsZero() && !next.After(time.Now())
			return err
		})
		if err != nil || !due {
			return next, err
		}
		if err = b.db.Update(ctx, b.wake); err != nil {
			return time.Time{}, err
		}
	}
}

func firstSnooze(tx *store.Tx) (time.Time, error) {
	for c, err := range conversations.By(tx, snoozedIndex, store.Range{}, false) {
		if err != nil {
			return time.Time{}, err
		}
		return c.SnoozedUntil, nil
	}
	return time.Time{}, nil
}

func (b *Inbox) wake(tx *store.Tx) error {
	var due []*Conversation
	for c, err := range conversations.By(tx, snoozedIndex, store.Range{}, false) {
		if err != nil {
			return err
		}
		if c.SnoozedUntil.After(tx.Now()) || len(due) == wakeStep {
			break
		}
		due = append(due, c)
	}
	for _, c := range due {
		rank, err := nextRank(tx)
		if err != nil {
			return err
		}
		c.Rank, c.LastActivity = rank, tx.Now()
		t := &triage{b: b, tx: tx, conv: c, actor: audit.System, via: "daemon"}
		if err := t.moveTo(Open, time.Time{}); err != nil {
			return err
		}
		if err := t.save(); err != nil {
			return err
		}
	}
	return nil
}

// Counts are what the desk shows beside its views: conversations in each state
// ("open", "waiting", "snoozed", "resolved"), "awaiting", and among the open
// ones "unassigned", "mine" (assigned to by) and "account:NAME" for each
// account. Counting stops after [MostCounted]; what is greater means "more".
func (b *Inbox) Counts(ctx context.Context, by people.ID) (map[string]int, error) {
	views := map[string]Filter{
		"awaiting":   {Awaiting: true},
		"unassigned": {States: []State{Open}, Unassigned: true},
	}
	for _, s := range []State{Open, Waiting, Snoozed, Resolved} {
		views[string(s)] = Filter{States: []State{s}}
	}
	if !by.IsZero() {
		views["mine"] = Filter{States: []State{Open}, Assignee: by}
	}
	counts := make(map[string]int)
	err := b.db.View(ctx, func(tx *store.Tx) error {
		for a, err := range accounts.Scan(tx, store.Range{}, false) {
			if err != nil {
				return err
			}
			views["account:"+string(a.Name)] = Filter{States: []State{Open}, Account: a.Name}
		}
		for name, f := range views {
			n := 0
			for range store.Intersect(nil, f.streams(tx)...) {
				if n++; n > MostCounted {
					break
				}
			}
			counts[name] = n
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return counts, nil
}
