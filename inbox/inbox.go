package inbox

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"standpunt/audit"
	"standpunt/people"
	"standpunt/store"
)

// Options are the settings of [New]. The zero Options are usable.
type Options struct {
	Logger *slog.Logger // slog.Default() if nil
}

// Inbox holds mentions and conversations.
type Inbox struct{}

var errLanding = errors.New("inbox: landing in the next commit")

// New makes the inbox of an open store.
func New(db *store.DB, log *audit.Log, staff *people.Staff, o Options) *Inbox { return &Inbox{} }

// Schema is what the inbox keeps in the store.
var Schema = store.Schema{Room: "inbox"}

func (b *Inbox) Ingest(ctx context.Context, account AccountName, items []Inbound, next Cursor) (Ingested, error) {
	return Ingested{}, errLanding
}
func (b *Inbox) Cursor(ctx context.Context, account AccountName) (Cursor, error) {
	return nil, errLanding
}
func (b *Inbox) List(ctx context.Context, f Filter, after string, limit int) (List, error) {
	return List{}, errLanding
}
func (b *Inbox) Thread(ctx context.Context, id ConversationID) (Thread, error) {
	return Thread{}, errLanding
}
func (b *Inbox) Change(ctx context.Context, by people.Principal, id ConversationID, c Change) (*Conversation, error) {
	return nil, errLanding
}
func (b *Inbox) AddNote(ctx context.Context, by people.Principal, id ConversationID, text string) (*Note, error) {
	return nil, errLanding
}
func (b *Inbox) TakeNext(ctx context.Context, by people.Principal) (*Conversation, error) {
	return nil, errLanding
}
func (b *Inbox) Counts(ctx context.Context, by people.ID) (map[string]int, error) {
	return nil, errLanding
}
func (b *Inbox) Mention(tx *store.Tx, id MentionID) (*Mention, error) { return nil, errLanding }
func (b *Inbox) Conversation(tx *store.Tx, id ConversationID) (*Conversation, error) {
	return nil, errLanding
}
func (b *Inbox) NewestMention(tx *store.Tx, id ConversationID) (*Mention, error) {
	return nil, errLanding
}
func (b *Inbox) MentionByExternal(tx *store.Tx, account AccountName, externalID string) (*Mention, bool, error) {
	return nil, false, errLanding
}
func (b *Inbox) Answered(tx *store.Tx, id ConversationID, at time.Time) error { return errLanding }
func (b *Inbox) OnUpstreamChange(f func(tx *store.Tx, m *Mention) error)      {}
func (b *Inbox) Account(tx *store.Tx, name AccountName) (*AccountRecord, bool, error) {
	return nil, false, errLanding
}
func (b *Inbox) Accounts(ctx context.Context) ([]*AccountRecord, error)          { return nil, errLanding }
func (b *Inbox) PutAccount(tx *store.Tx, a *AccountRecord) error                 { return errLanding }
func (b *Inbox) SetHealth(ctx context.Context, name AccountName, h Health) error { return errLanding }
func (b *Inbox) Quarantine(ctx context.Context) ([]*Quarantined, error)          { return nil, errLanding }
func (b *Inbox) WakeSnoozed(ctx context.Context) (time.Time, error)              { return time.Time{}, errLanding }
func (b *Inbox) MergeSegments(ctx context.Context) error                         { return errLanding }
func MentionPayload(m *Mention) []byte                                           { return nil }
