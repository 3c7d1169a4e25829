package inbox

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"standpunt/audit"
	"standpunt/store"
)

// Ingest takes one page of items in, in any order, together with the cursor
// that covers them: all of it is durable when Ingest returns nil, and none when
// it returns an error. A nil next leaves the cursor where it is.
//
// An item that is there already, by account and external id, is a duplicate,
// an edit (its text, subject or attachments differ, or its EditedAt is later)
// or a deletion. An older state that arrives after a newer one is a duplicate,
// and so is everything that arrives after the deletion, where word of the
// deletion came first too (it is remembered for eight days). Deliveries (a nil
// next) may repeat what is long past: one with a text that an edit replaced, and
// no later EditedAt to show for it, is a duplicate; a page that was polled shows
// what stands there now. An item that cannot be kept goes to the quarantine with
// the reason; it never holds the others up.
//
// A page that changes something is one audit event, "inbox.ingested". The only
// faults are invalid_input for the account's name and what a function given to
// [Inbox.OnUpstreamChange] returns.
func (b *Inbox) Ingest(ctx context.Context, account AccountName, items []Inbound, next Cursor) (Ingested, error) {
	if err := account.valid(); err != nil {
		return Ingested{}, err
	}
	if idle, err := b.idle(ctx, account, items, next); idle || err != nil {
		return Ingested{}, err
	}
	arrivals := prepare(items, time.Now())
	var done *page
	err := b.db.Update(ctx, func(tx *store.Tx) error {
		done = newPage(b, tx, account)
		done.delivered = next == nil
		return done.take(arrivals, next)
	})
	if err != nil {
		return Ingested{}, err
	}
	for _, reason := range done.refused {
		b.logger.WarnContext(ctx, "item quarantined", "account", string(account), "reason", reason)
	}
	return done.out, nil
}

// idle reports whether there is nothing to write: an empty poll that ended
// where it began costs no transaction.
func (b *Inbox) idle(ctx context.Context, account AccountName, items []Inbound, next Cursor) (bool, error) {
	if len(items) > 0 || next == nil {
		return len(items) == 0, nil
	}
	was, err := b.Cursor(ctx, account)
	return bytes.Equal(was, next) && was != nil, err
}

// arrival is one item as far as it can be worked out before the transaction.
type arrival struct {
	in      Inbound
	notes   []string
	terms   []string
	problem string // why it cannot be kept
}

// prepare checks the items and brings them into the order in which they
// happened: posts by time, edits after what they edit, deletions last.
func prepare(items []Inbound, now time.Time) []arrival {
	all := make([]arrival, 0, len(items))
	for _, item := range items {
		in, notes, err := normalise(item, now)
		if err != nil {
			all = append(all, arrival{in: item, problem: err.Error()})
			continue
		}
		a := arrival{in: in, notes: notes}
		if !in.Deleted {
			a.terms = termsOf(in.Language, in.Subject, in.Text, in.Author.Handle, in.Author.Name)
		}
		all = append(all, a)
	}
	slices.SortStableFunc(all, func(x, y arrival) int {
		if x.in.Deleted != y.in.Deleted {
			if x.in.Deleted {
				return 1
			}
			return -1
		}
		return cmp.Or(x.in.PostedAt.Compare(y.in.PostedAt), x.in.EditedAt.Compare(y.in.EditedAt))
	})
	return all
}

// page is the work of one Ingest in its transaction.
type page struct {
	b       *Inbox
	tx      *store.Tx
	account AccountName
	// delivered tells that somebody pushed the page to us, and when, nobody knows.
	delivered bool
	out       Ingested
	number    uint64 // the last one given
	rank      uint64

	threads  map[string]*open // by thread key
	byID     map[ConversationID]*open
	order    []*open
	postings map[string][]uint64 // term -> numbers, ascending
	first    uint64              // the first number of this page
	seals    []*Seal
	sealOf   map[MentionID]*Seal // the last one of a mention, in this page
	changed  []*Mention
	refused  []string
	reopened int
}

// open is a conversation that the page touches.
type open struct {
	*Conversation
	newest time.Time // when its newest mention was posted; zero: none yet
}

func newPage(b *Inbox, tx *store.Tx, account AccountName) *page {
	p := &page{
		b: b, tx: tx, account: account,
		number:  metaNumber(tx, lastNumber),
		rank:    metaNumber(tx, lastRank),
		threads: make(map[string]*open), byID: make(map[ConversationID]*open),
		postings: make(map[string][]uint64), sealOf: make(map[MentionID]*Seal),
	}
	p.first = p.number + 1
	return p
}

// take writes the page. Nothing of it was written before, so a second run of
// the transaction's function begins with a new page.
func (p *page) take(arrivals []arrival, next Cursor) error {
	for i := range arrivals {
		if err := p.item(&arrivals[i]); err != nil {
			return err
		}
	}
	if next != nil && !bytes.Equal(p.tx.Get(cursorBucket, p.account.Key()), next) {
		if err := p.tx.Put(cursorBucket, p.account.Key(), next); err != nil {
			return err
		}
	}
	if p.out.New+p.out.Edited+p.out.Deleted+p.out.Quarantined == 0 {
		return nil
	}
	if err := p.flush(); err != nil {
		return err
	}
	for _, m := range p.changed {
		if err := p.b.upstreamChanged(p.tx, m); err != nil {
			return err
		}
	}
	return nil
}

func (p *page) item(a *arrival) error {
	if a.problem != "" {
		return p.refuse(a)
	}
	key, known, err := lookupExternal(p.tx, p.account, a.in.ExternalID)
	if err != nil {
		return err
	}
	if !known {
		return p.unknown(a)
	}
	m, err := p.b.Mention(p.tx, key)
	if err != nil {
		return err
	}
	switch {
	case !m.DeletedAt.IsZero():
		p.out.Duplicates++
		return nil
	case a.in.Deleted:
		return p.remove(m)
	case p.edits(m, &a.in):
		return p.edit(m, a)
	default:
		p.out.Duplicates++
		return nil
	}
}

// unknown takes in an item that we do not have.
func (p *page) unknown(a *arrival) error {
	if a.in.Deleted {
		return p.forestall(a.in.ExternalID)
	}
	gone, err := p.forestalled(a.in.ExternalID)
	if err != nil {
		return err
	}
	if gone {
		p.out.Duplicates++
		return nil
	}
	return p.create(a)
}

// edits reports whether in is a newer state of m than the one that is kept.
func (p *page) edits(m *Mention, in *Inbound) bool {
	switch {
	case in.EditedAt.Before(m.EditedAt):
		return false
	case in.EditedAt.After(m.EditedAt):
		return true
	case p.delivered && in.Text != m.Text && slices.ContainsFunc(m.Earlier, func(e EarlierText) bool { return e.Text == in.Text }):
		return false
	}
	return in.Text != m.Text || in.Subject != m.Subject ||
		!slices.Equal(in.Attachments, m.Attachments)
}

// flush writes what was gathered: conversations, words, seals and the event.
func (p *page) flush() error {
	for _, c := range p.order {
		c.Version++
		if err := conversations.Put(p.tx, c.Conversation); err != nil {
			return err
		}
	}
	if p.number >= p.first {
		if err := writeSegment(p.tx, segment{lo: p.first, hi: p.number}, p.postings); err != nil {
			return err
		}
		if err := putMetaNumber(p.tx, lastNumber, p.number); err != nil {
			return err
		}
	}
	if err := putMetaNumber(p.tx, lastRank, p.rank); err != nil {
		return err
	}
	return p.record()
}

// record appends the page's one event and ties every mention's seal to it.
func (p *page) record() error {
	leaves := make([]audit.Commitment, len(p.seals))
	var list []byte
	for i, s := range p.seals {
		leaves[i] = s.Commitment
		list = append(list, s.Commitment[:]...)
	}
	facts := make(map[string]string)
	for name, n := range map[string]int{
		"new": p.out.New, "edited": p.out.Edited, "deleted": p.out.Deleted, "duplicates": p.out.Duplicates,
		"quarantined": p.out.Quarantined, "reopened": p.reopened,
	} {
		if n > 0 {
			facts[name] = strconv.Itoa(n)
		}
	}
	entry, err := p.b.log.Append(p.tx, audit.Event{
		Kind: "inbox.ingested", Actor: audit.Actor("account:" + p.account), Via: "connector",
		Subject: p.account.subject(), Digest: PageRoot(leaves), Facts: facts,
	})
	if err != nil || len(p.seals) == 0 {
		return err
	}
	for i, s := range p.seals {
		s.Entry, s.Leaf = entry, i
		if err := putSeal(p.tx, s); err != nil {
			return err
		}
	}
	return p.tx.Put(pageBucket, store.Uint64(entry).Key(), list)
}
