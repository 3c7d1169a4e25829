package inbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/store"
)

const (
	usualPage   = 50
	biggestPage = 200
)

// List is one page of the conversations that the filter lets through, newest
// activity first; with Words, in the order of their newest mention that has all
// of them. limit is at most 200; 0 means 50. after is the Next of the page
// before, empty for the first one. Walking through the pages shows no
// conversation twice; one that moves up meanwhile is found by starting again.
//
// A malformed filter or an after that belongs to another list is an
// invalid_input fault.
func (b *Inbox) List(ctx context.Context, f Filter, after string, limit int) (List, error) {
	f.Labels = slices.Clone(f.Labels)
	for i, l := range f.Labels {
		f.Labels[i] = norm.NFC.String(l)
	}
	if err := f.valid(); err != nil {
		return List{}, err
	}
	at, err := parseListCursor(f, after)
	if err != nil {
		return List{}, err
	}
	switch {
	case limit <= 0:
		limit = usualPage
	case limit > biggestPage:
		limit = biggestPage
	}
	var page List
	err = b.db.View(ctx, func(tx *store.Tx) error {
		page = List{}
		if strings.TrimSpace(f.Words) != "" {
			return b.search(ctx, tx, f, at, limit, &page)
		}
		return b.browse(tx, f, at, limit, &page)
	})
	return page, err
}

// browse intersects the filter's streams.
func (b *Inbox) browse(tx *store.Tx, f Filter, at []byte, limit int, page *List) error {
	var from, last []byte
	if at != nil {
		from = append(bytes.Clone(at), 0)
	}
	for suffix := range store.Intersect(from, f.streams(tx)...) {
		if len(page.Items) == limit {
			page.Next = f.cursor(last)
			return nil
		}
		c, err := b.behind(tx, suffix)
		if err != nil {
			return err
		}
		page.Items = append(page.Items, c)
		last = append(last[:0], suffix...)
	}
	return nil
}

// behind is the conversation that an entry of the narrowing index stands for.
func (b *Inbox) behind(tx *store.Tx, suffix []byte) (*Conversation, error) {
	v, err := id.FromBytes[Conversation](suffix[min(8, len(suffix)):])
	if err != nil {
		return nil, err
	}
	return b.Conversation(tx, v)
}

func (f *Filter) valid() error {
	for _, s := range f.States {
		if !s.known() {
			return fault.New(fault.InvalidInput, "there is no such state of a conversation").At("state", string(s)).
				Fix("Use open, waiting, snoozed or resolved.")
		}
	}
	if f.Priority != "" && !f.Priority.known() {
		return fault.New(fault.InvalidInput, "there is no such priority").At("priority", string(f.Priority)).
			Fix("Use low, normal, high or urgent.")
	}
	if f.Unassigned && !f.Assignee.IsZero() {
		return fault.New(fault.InvalidInput, "a conversation cannot be both unassigned and assigned to somebody").
			At("assignee", f.Assignee.String())
	}
	if f.Author != "" && f.Account == "" {
		return fault.New(fault.InvalidInput, "an author is known by account and external id").
			At("author", "").Fix("Name the account too.")
	}
	return nil
}

func (s State) known() bool { return s == Open || s == Waiting || s == Snoozed || s == Resolved }

func (p Priority) known() bool { return p == Low || p == Normal || p == High || p == Urgent }

// streams are the ordered streams whose common entries the filter lets through.
// A filter that narrows nothing has one, of everything.
func (f *Filter) streams(tx *store.Tx) []store.Cursor {
	var all []store.Cursor
	stream := func(n narrow, values ...[]byte) store.Cursor {
		return conversations.Stream(tx, byIndex, narrowPrefix(n, values...))
	}
	add := func(n narrow, values ...[]byte) { all = append(all, stream(n, values...)) }
	if f.Account != "" {
		add(byAccount, f.Account.Key())
	}
	if f.Author != "" {
		add(byAuthor, f.Account.Key(), []byte(f.Author))
	}
	if f.Unassigned || !f.Assignee.IsZero() {
		add(byAssignee, f.Assignee[:])
	}
	for _, l := range f.Labels {
		add(byLabel, []byte(l))
	}
	if f.Priority != "" {
		add(byPriority, []byte(f.Priority))
	}
	if f.Language != "" {
		add(byLanguage, []byte(f.Language))
	}
	if f.Awaiting {
		add(byAwaiting)
	}
	if states := f.states(); len(states) > 0 {
		var u union
		for _, s := range states {
			u.streams = append(u.streams, stream(byState, []byte(s)))
		}
		all = append(all, &u)
	}
	if len(all) == 0 {
		add(byAll)
	}
	return all
}

// states are the wanted states without repeats, none where all are wanted.
func (f *Filter) states() []State {
	states := slices.Clone(f.States)
	slices.Sort(states)
	states = slices.Compact(states)
	if len(states) == 4 {
		return nil
	}
	return states
}

// narrows reports whether anything but words narrows the list.
func (f *Filter) narrows() bool {
	return f.Account != "" || f.Author != "" || f.Unassigned || !f.Assignee.IsZero() || len(f.Labels) > 0 ||
		f.Priority != "" || f.Language != "" || f.Awaiting || len(f.states()) > 0
}

// admits reports whether the filter, but for its words, lets c through.
func (f *Filter) admits(c *Conversation) bool {
	states := f.states()
	return (len(states) == 0 || slices.Contains(states, c.State)) &&
		(f.Account == "" || c.Account == f.Account) &&
		(f.Author == "" || c.Customer.ExternalID == f.Author) &&
		(!f.Unassigned || c.Assignee.IsZero()) &&
		(f.Assignee.IsZero() || c.Assignee == f.Assignee) &&
		(f.Priority == "" || c.Priority == f.Priority) &&
		(f.Language == "" || c.Language == f.Language) &&
		(!f.Awaiting || !c.AwaitingSince.IsZero()) &&
		!slices.ContainsFunc(f.Labels, func(l string) bool { return !slices.Contains(c.Labels, l) })
}

// listCursorVersion is the first byte of a list's cursor; it changes when what
// follows means something else.
const listCursorVersion = 1

// fingerprint ties a cursor to the list that it continues.
func (f *Filter) fingerprint() []byte {
	b, _ := json.Marshal(f) //nolint:errchkjson // a Filter holds nothing that JSON cannot
	sum := sha256.Sum256(b)
	return sum[:4]
}

// cursor is the opaque form of a place in the list.
func (f *Filter) cursor(at []byte) string {
	b := append([]byte{listCursorVersion}, f.fingerprint()...)
	return base64.RawURLEncoding.EncodeToString(append(b, at...))
}

// parseListCursor reads what [Filter.cursor] wrote for the same filter; nil
// stands for the beginning.
func parseListCursor(f Filter, s string) ([]byte, error) {
	if s == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	length := 8 + len(ConversationID{})
	if strings.TrimSpace(f.Words) != "" {
		length = 8
	}
	if strings.ContainsAny(s, "\r\n") { // which base64 passes over
		err = base64.CorruptInputError(0)
	}
	if err != nil || len(b) != 1+4+length || b[0] != listCursorVersion || !bytes.Equal(b[1:5], f.fingerprint()) {
		return nil, fault.New(fault.InvalidInput, "this is no page of this list").At("cursor", s).
			Fix("Start at the first page, without a cursor.")
	}
	return b[5:], nil
}
