package connectors_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/inbox"
)

// memory is an Intake and Observer that keeps what it is given.
type memory struct {
	mu       sync.Mutex
	cursors  map[inbox.AccountName]inbox.Cursor
	seen     map[inbox.AccountName][]string
	own      []string
	contacts []int // how many posts each call of Observe brought
	ingestBy func() error
	observed func() error
}

func newMemory() *memory {
	return &memory{cursors: map[inbox.AccountName]inbox.Cursor{}, seen: map[inbox.AccountName][]string{}}
}

func (m *memory) Cursor(_ context.Context, a inbox.AccountName) (inbox.Cursor, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursors[a], nil
}

func (m *memory) Ingest(_ context.Context, a inbox.AccountName, items []inbox.Inbound, next inbox.Cursor) (inbox.Ingested, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var in inbox.Ingested
	if m.ingestBy != nil {
		if err := m.ingestBy(); err != nil {
			return in, err
		}
	}
	for _, item := range items {
		if slices.Contains(m.seen[a], item.ExternalID) {
			in.Duplicates++
			continue
		}
		m.seen[a] = append(m.seen[a], item.ExternalID)
		in.New++
	}
	if next != nil {
		m.cursors[a] = next
	}
	return in, nil
}

func (m *memory) Observe(_ context.Context, _ inbox.AccountName, posts []approval.OwnPost) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.observed != nil {
		if err := m.observed(); err != nil {
			return err
		}
	}
	m.contacts = append(m.contacts, len(posts))
	for _, p := range posts {
		m.own = append(m.own, p.ExternalID)
	}
	return nil
}

func (m *memory) of(a inbox.AccountName) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.seen[a])
}

// source is a connector whose Poll is a function, and which notes when it was called.
type source struct {
	poll func(ctx context.Context, n int, after inbox.Cursor) (connectors.Page, error)

	mu    sync.Mutex
	calls []time.Time
}

func (s *source) Poll(ctx context.Context, after inbox.Cursor) (connectors.Page, error) {
	s.mu.Lock()
	s.calls = append(s.calls, time.Now())
	n := len(s.calls)
	s.mu.Unlock()
	return s.poll(ctx, n, after)
}

func (s *source) times() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

func quiet(context.Context, int, inbox.Cursor) (connectors.Page, error) {
	return connectors.Page{}, nil
}

func page(next string, more bool, ids ...string) connectors.Page {
	p := connectors.Page{Next: inbox.Cursor(next), More: more}
	for _, id := range ids {
		p.Mentions = append(p.Mentions, inbox.Inbound{ExternalID: id})
	}
	return p
}

func live(name string, c connectors.Connector) connectors.Live {
	return connectors.Live{Account: connectors.Account{Name: inbox.AccountName(name), PollEvery: time.Minute}, Connector: c}
}

// outbox is an Outbox that hands out the releases it was given and writes down
// what is recorded.
type outbox struct {
	mu      sync.Mutex
	due     []approval.Release
	unread  []approval.Attempt
	unknown []approval.Attempt
	why     approval.Failure // the last one
	absents map[string][]time.Time
	events  []string
	refuse  func(event string) error // fails a recording
	stopped error                    // the stop that came after the claim
	wake    chan struct{}
}

func newOutbox(due ...approval.Release) *outbox {
	return &outbox{due: due, absents: map[string][]time.Time{}, wake: make(chan struct{}, 1)}
}

func (o *outbox) record(event string, f func()) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.refuse != nil {
		if err := o.refuse(event); err != nil {
			return err
		}
	}
	o.events = append(o.events, event)
	f()
	return nil
}

func (o *outbox) log() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.events)
}

func (o *outbox) add(r approval.Release) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.due = append(o.due, r)
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) Claim(_ context.Context, account inbox.AccountName) (approval.Release, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, r := range o.due {
		if r.Attempt().Account == account {
			o.due = slices.Delete(o.due, i, i+1)
			o.events = append(o.events, "claimed "+r.Attempt().Text)
			return r, true, nil
		}
	}
	return approval.Release{}, false, nil
}

func (o *outbox) MayStillSend(context.Context, approval.Release) error { return o.stopped }

func (o *outbox) RecordPublished(_ context.Context, r approval.Release, receipt approval.Receipt) error {
	a := r.Attempt()
	a.Receipt = receipt
	return o.record("published "+a.Text+" as "+receipt.ExternalID, func() { o.unread = append(o.unread, a) })
}

func (o *outbox) RecordFailed(_ context.Context, r approval.Release, f approval.Failure) error {
	event := "failed " + r.Attempt().Text + ": " + f.Kind
	if f.Retryable {
		event += ", retryable"
	}
	return o.record(event, func() { o.why = f })
}

func (o *outbox) RecordUnknown(_ context.Context, r approval.Release, f approval.Failure) error {
	return o.record("unknown "+r.Attempt().Text, func() { o.unknown, o.why = append(o.unknown, r.Attempt()), f })
}

func (o *outbox) Unknown(context.Context, inbox.AccountName) ([]approval.Attempt, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.unknown), nil
}

func (o *outbox) Unread(context.Context, inbox.AccountName) ([]approval.Attempt, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.unread), nil
}

func drop(list []approval.Attempt, a approval.Attempt) []approval.Attempt {
	return slices.DeleteFunc(list, func(each approval.Attempt) bool { return each.Key == a.Key })
}

func (o *outbox) SettleFound(_ context.Context, a approval.Attempt, receipt approval.Receipt, text string, _ ...string) error {
	return o.record("found "+text+" as "+receipt.ExternalID, func() { o.unknown = drop(o.unknown, a) })
}

// SettleAbsent settles at the second absent that is ten minutes after the first.
func (o *outbox) SettleAbsent(_ context.Context, a approval.Attempt) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.absents[a.Key] = append(o.absents[a.Key], time.Now())
	if time.Since(o.absents[a.Key][0]) < 10*time.Minute {
		return false, nil
	}
	o.events = append(o.events, "absent "+a.Text)
	o.unknown = drop(o.unknown, a)
	return true, nil
}

func (o *outbox) RecordReadBack(_ context.Context, a approval.Attempt, text string, _ ...string) (bool, error) {
	event := "read back " + text
	if a.Receipt.URL != "" {
		event += " at " + a.Receipt.URL
	}
	return text == a.Text, o.record(event, func() { o.unread = drop(o.unread, a) })
}

func (o *outbox) RecordNotThere(_ context.Context, a approval.Attempt, foreign bool) (bool, error) {
	return true, o.record(fmt.Sprintf("not there, foreign %v", foreign), func() { o.unread = drop(o.unread, a) })
}

func (o *outbox) Wake() (<-chan struct{}, func()) { return o.wake, func() {} }

func (o *outbox) NextDue(context.Context, inbox.AccountName) (time.Time, bool, error) {
	return time.Time{}, false, nil
}

func (o *outbox) RecoverInterrupted(context.Context) (int, error) {
	return 0, o.record("recovered", func() {})
}
