package inbox

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/people"
	"standpunt/store"
)

// MostInThread is how many mentions [Inbox.Thread] returns at most.
const MostInThread = 1000

// Options are the settings of [New]. The zero Options are usable.
type Options struct {
	// Logger receives what was quarantined, without content; nil is [slog.Default].
	Logger *slog.Logger
}

// Inbox holds mentions and conversations. It is safe for concurrent use.
type Inbox struct {
	db     *store.DB
	log    *audit.Log
	staff  *people.Staff
	logger *slog.Logger

	mu       sync.RWMutex
	onChange []func(*store.Tx, *Mention) error

	merging sync.Mutex // one merge at a time
	step    int        // blocks that a merge writes or deletes in one transaction
}

// New makes the inbox of an open store that has [Schema].
func New(db *store.DB, log *audit.Log, staff *people.Staff, o Options) *Inbox {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Inbox{db: db, log: log, staff: staff, logger: o.Logger, step: stepBlocks}
}

// OnUpstreamChange registers f to run inside the transaction that records an
// upstream edit or deletion, after everything else of the page is written. An
// error of f refuses the whole page. Register before the first Ingest.
func (b *Inbox) OnUpstreamChange(f func(tx *store.Tx, m *Mention) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.onChange = append(b.onChange, f)
}

func (b *Inbox) upstreamChanged(tx *store.Tx, m *Mention) error {
	b.mu.RLock()
	hooks := slices.Clone(b.onChange)
	b.mu.RUnlock()
	for _, f := range hooks {
		if err := f(tx, m); err != nil {
			return err
		}
	}
	return nil
}

// Mention is the mention in tx, or a not_found fault.
func (b *Inbox) Mention(tx *store.Tx, id MentionID) (*Mention, error) {
	m, ok, err := mentions.Lookup(tx, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "there is no such mention").At("mention", id.String())
	}
	return m, err
}

// Conversation is the conversation in tx, or a not_found fault.
func (b *Inbox) Conversation(tx *store.Tx, id ConversationID) (*Conversation, error) {
	c, ok, err := conversations.Lookup(tx, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "there is no such conversation").At("conversation", id.String())
	}
	return c, err
}

// NewestMention is the conversation's mention with the latest platform time, or
// a not_found fault. Deleted ones count.
func (b *Inbox) NewestMention(tx *store.Tx, id ConversationID) (*Mention, error) {
	for m, err := range mentions.By(tx, conversationIndex, store.Range{Prefix: id.Key()}, true) {
		return m, err
	}
	return nil, fault.New(fault.NotFound, "there is no such conversation").At("conversation", id.String())
}

// MentionByExternal is the mention with the platform's id, and false where the
// account has none.
func (b *Inbox) MentionByExternal(tx *store.Tx, account AccountName, externalID string) (*Mention, bool, error) {
	key, ok, err := lookupExternal(tx, account, externalID)
	if err != nil || !ok {
		return nil, false, err
	}
	return mentions.Lookup(tx, key)
}

// Thread is the conversation with its mentions and notes, or a not_found fault.
func (b *Inbox) Thread(ctx context.Context, id ConversationID) (Thread, error) {
	var t Thread
	err := b.db.View(ctx, func(tx *store.Tx) error {
		t = Thread{}
		var err error
		if t.Conversation, err = b.Conversation(tx, id); err != nil {
			return err
		}
		for m, err := range mentions.By(tx, conversationIndex, store.Range{Prefix: id.Key()}, true) {
			if err != nil {
				return err
			}
			if t.Cut = len(t.Mentions) == MostInThread; t.Cut {
				break
			}
			t.Mentions = append(t.Mentions, m)
		}
		slices.Reverse(t.Mentions)
		for n, err := range notes.By(tx, conversationIndex, store.Range{Prefix: id.Key()}, false) {
			if err != nil {
				return err
			}
			t.Notes = append(t.Notes, n)
		}
		return nil
	})
	return t, err
}

// Cursor is how far the account has been read, nil before its first page.
func (b *Inbox) Cursor(ctx context.Context, account AccountName) (Cursor, error) {
	var c Cursor
	err := b.db.View(ctx, func(tx *store.Tx) error {
		c = Cursor(slices.Clone(tx.Get(cursorBucket, account.Key())))
		return nil
	})
	return c, err
}

// ParseConversationID reads the text form of a conversation's id; a not_found
// fault says that no conversation can have it.
func ParseConversationID(s string) (ConversationID, error) {
	v, err := id.Parse[Conversation](s)
	if err != nil {
		return v, fault.New(fault.NotFound, "there is no such conversation").At("conversation", s).Because(err)
	}
	return v, nil
}
