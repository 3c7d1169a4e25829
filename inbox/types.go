package inbox

import (
	"time"

	"standpunt/internal/id"
	"standpunt/people"
)

// AccountName names one configured account, "x-support".
type AccountName string

// Key is the name as a store key.
func (n AccountName) Key() []byte { return []byte(n) }

// MentionID identifies one mention.
type MentionID = id.ID[Mention]

// ConversationID identifies one conversation.
type ConversationID = id.ID[Conversation]

// NoteID identifies one internal note.
type NoteID = id.ID[Note]

// Cursor is how far a source has been read. Only its connector understands it;
// it is committed together with the mentions that it covers.
type Cursor []byte

// Visibility is who can read a mention, and therefore its answer.
type Visibility string

// Public can be read by anybody, Private by the customer and us alone.
const (
	Public  Visibility = "public"
	Private Visibility = "private"
)

// Author is the customer as the platform shows them.
type Author struct {
	ExternalID string `cbor:"1,keyasint"`           // the platform's stable id; never empty
	Handle     string `cbor:"2,keyasint,omitempty"` // "@eva", "eva@klant.test"
	Name       string `cbor:"3,keyasint,omitempty"`
	URL        string `cbor:"4,keyasint,omitempty"`
	Followers  int64  `cbor:"5,keyasint,omitempty"` // 0 when unknown
}

// Attachment is a file or picture that came with a mention. It is listed, not fetched.
type Attachment struct {
	Name      string `cbor:"1,keyasint,omitempty"`
	MediaType string `cbor:"2,keyasint,omitempty"`
	Size      int64  `cbor:"3,keyasint,omitempty"` // bytes; 0 when unknown
	URL       string `cbor:"4,keyasint,omitempty"`
	AltText   string `cbor:"5,keyasint,omitempty"`
}

// Field is one named value of a [Mention]'s route.
type Field struct {
	Name  string `cbor:"1,keyasint"`
	Value string `cbor:"2,keyasint"`
}

// Inbound is one item as a connector delivers it: a new post, a newer state of
// one delivered before, or word that it is gone. The zero values of optional
// fields mean "unknown".
type Inbound struct {
	ExternalID string // the platform's id, unique within the account; never empty
	Thread     string // the platform's thread or dialogue; empty: ExternalID begins one
	InReplyTo  string // external id of the post it answers
	Author     Author
	Kind       string // "post", "comment", "review", "message", "chat", "mail"
	Visibility Visibility
	Subject    string // mail and forums
	Text       string // plain text, as the platform shows it
	Quoted     string // quoted history that the screens fold
	Language   string // BCP 47 as told by the platform; empty: detected at ingest
	URL        string // the original on the platform
	PostedAt   time.Time
	EditedAt   time.Time // zero: never edited
	Deleted    bool      // the platform no longer shows it; other fields may be empty
	// Route holds what the connector needs to answer this item (recipient, subject, thread
	// references). It is covered by the approved envelope and shown to approvers.
	Route       []Field
	Attachments []Attachment
	// Unanswerable says, in one English sentence, why the platform will not take our answer, best
	// one of [UnansweredReasons], which the desk has words for; empty where it will.
	Unanswerable string
}

// Mention is one inbound item as it is kept.
type Mention struct {
	ID MentionID `cbor:"1,keyasint"`
	// Number is the order in which texts came in, from 1: what posting lists hold. An upstream
	// edit gives the mention a new one.
	Number       uint64         `cbor:"2,keyasint"`
	Account      AccountName    `cbor:"3,keyasint"`
	ExternalID   string         `cbor:"4,keyasint"`
	Conversation ConversationID `cbor:"5,keyasint"`
	Thread       string         `cbor:"6,keyasint,omitempty"`
	InReplyTo    string         `cbor:"7,keyasint,omitempty"`
	Author       Author         `cbor:"8,keyasint"`
	Kind         string         `cbor:"9,keyasint"`
	Visibility   Visibility     `cbor:"10,keyasint"`
	Subject      string         `cbor:"11,keyasint,omitempty"`
	Text         string         `cbor:"12,keyasint"`
	Quoted       string         `cbor:"13,keyasint,omitempty"`
	Language     string         `cbor:"14,keyasint,omitempty"`
	URL          string         `cbor:"15,keyasint,omitempty"`
	PostedAt     time.Time      `cbor:"16,keyasint"`
	EditedAt     time.Time      `cbor:"17,keyasint,omitzero"`
	DeletedAt    time.Time      `cbor:"18,keyasint,omitzero"` // when we learned of it
	IngestedAt   time.Time      `cbor:"19,keyasint"`
	Route        []Field        `cbor:"20,keyasint,omitempty"`
	Attachments  []Attachment   `cbor:"21,keyasint,omitempty"`
	Unanswerable string         `cbor:"22,keyasint,omitempty"`
	// Earlier are the texts before upstream edits, oldest first.
	Earlier []EarlierText `cbor:"23,keyasint,omitempty"`
	// Repairs say, one English sentence each, what ingest had to change to keep the item.
	Repairs []string `cbor:"24,keyasint,omitempty"`
}

// EarlierText is what a mention said before its author edited it.
type EarlierText struct {
	Text  string    `cbor:"1,keyasint"`
	Until time.Time `cbor:"2,keyasint"`
}

// State is where a conversation stands in triage.
type State string

// The states of a conversation.
const (
	Open     State = "open"     // the customer waits for us
	Waiting  State = "waiting"  // we answered; the customer may come back
	Snoozed  State = "snoozed"  // comes back by itself at SnoozedUntil
	Resolved State = "resolved" // done; a new mention opens it again
)

// Priority orders what to take next.
type Priority string

// The priorities.
const (
	Low    Priority = "low"
	Normal Priority = "normal"
	High   Priority = "high"
	Urgent Priority = "urgent"
)

// Conversation is one customer in one thread on one account.
type Conversation struct {
	ID           ConversationID `cbor:"1,keyasint"`
	Account      AccountName    `cbor:"2,keyasint"`
	Thread       string         `cbor:"3,keyasint"`
	Customer     Author         `cbor:"4,keyasint"`
	Visibility   Visibility     `cbor:"5,keyasint"`
	Subject      string         `cbor:"6,keyasint,omitempty"`
	Excerpt      string         `cbor:"7,keyasint"` // the first 280 characters of the newest mention
	Language     string         `cbor:"8,keyasint,omitempty"`
	State        State          `cbor:"9,keyasint"`
	Assignee     people.ID      `cbor:"10,keyasint,omitzero"`
	Labels       []string       `cbor:"11,keyasint,omitempty"` // sorted
	Priority     Priority       `cbor:"12,keyasint"`
	SnoozedUntil time.Time      `cbor:"13,keyasint,omitzero"`
	Mentions     int            `cbor:"14,keyasint"`
	CreatedAt    time.Time      `cbor:"15,keyasint"`
	// LastActivity is when we learned of the newest mention, published the newest answer or
	// the snooze ended: our clock, so that a back-dated post still comes out on top.
	LastActivity time.Time `cbor:"16,keyasint"`
	// AwaitingSince is when the oldest mention without an answer was posted; zero when none
	// waits, and while the conversation is resolved. The response clock counts from it.
	AwaitingSince time.Time `cbor:"17,keyasint,omitzero"`
	// Version counts changes, so that a stale edit is noticed.
	Version uint64 `cbor:"18,keyasint"`
	// Rank orders lists, highest first: LastActivity in microseconds, pushed up where needed
	// to be greater than every rank given before, so that no two are equal.
	Rank uint64 `cbor:"19,keyasint"`
	// ResolvedAt and WaitedSince let a resolution that was a slip be undone: the clock then goes
	// on from where it was.
	ResolvedAt  time.Time `cbor:"20,keyasint,omitzero"`
	WaitedSince time.Time `cbor:"21,keyasint,omitzero"`
}

// Note is an internal remark on a conversation; the customer never sees it.
type Note struct {
	ID           NoteID         `cbor:"1,keyasint"`
	Conversation ConversationID `cbor:"2,keyasint"`
	Author       people.ID      `cbor:"3,keyasint"`
	Text         string         `cbor:"4,keyasint"`
	At           time.Time      `cbor:"5,keyasint"`
}

// Ingested counts what one page changed.
type Ingested struct {
	New         int
	Edited      int
	Deleted     int
	Duplicates  int // delivered before and unchanged
	Quarantined int // refused, kept with the reason; see [Inbox.Quarantine]
}

// Filter narrows [Inbox.List]; everything that is set must hold. The zero
// Filter is the whole inbox.
type Filter struct {
	States     []State // any of them; none: all
	Account    AccountName
	Assignee   people.ID
	Unassigned bool
	Labels     []string // all of them
	Priority   Priority
	Language   string // "nl", "en", as [Conversation.Language] has it
	Author     string // the customer's external id; needs Account
	Words      string // each word, in any inflection, in one and the same mention
	Awaiting   bool   // a mention waits for an answer
}

// List is one page. Next continues it and is empty at the end; a page can be
// shorter than asked for while there is a Next.
type List struct {
	Items []*Conversation
	Next  string
}

// Thread is one conversation with what belongs to it.
type Thread struct {
	Conversation *Conversation
	Mentions     []*Mention // oldest first, by the platform's time
	Notes        []*Note    // oldest first
	Cut          bool       // there are older mentions than the newest [MostInThread]
}

// Change is what triage changes on a conversation; nil leaves a value as it is.
type Change struct {
	Assignee *people.ID // the zero ID takes the assignment away
	State    *State
	Labels   *[]string // all of them, replacing the old ones
	Priority *Priority
	// SnoozedUntil is required with the state snoozed, and means that state where State is nil.
	SnoozedUntil *time.Time
	// IfVersion refuses the change with a conflict unless the conversation still has this
	// version; 0 asks for no check.
	IfVersion uint64
}

// AccountRecord is what the daemon knows about one configured account.
type AccountRecord struct {
	Name     AccountName `cbor:"1,keyasint"`
	Kind     string      `cbor:"2,keyasint"` // the connector's kind, "mail"
	BaseURL  string      `cbor:"3,keyasint,omitempty"`
	RemoteID string      `cbor:"4,keyasint,omitempty"` // the remote identity that envelopes name
	Handle   string      `cbor:"5,keyasint,omitempty"`
	URL      string      `cbor:"6,keyasint,omitempty"`
	// Accepted accounts publish; others only receive, until two people accept them.
	Accepted bool   `cbor:"7,keyasint,omitempty"`
	Health   Health `cbor:"8,keyasint"`
}

// Health is how an account's connector fares.
type Health struct {
	TriedAt  time.Time `cbor:"1,keyasint,omitzero"` // last attempt to read
	WorkedAt time.Time `cbor:"2,keyasint,omitzero"` // last one that succeeded
	RetryAt  time.Time `cbor:"3,keyasint,omitzero"` // when the next attempt is due after trouble
	// Trouble is the error kind, Message one safe sentence and Remedy what to do; empty when
	// all is well.
	Trouble string `cbor:"4,keyasint,omitempty"`
	Message string `cbor:"5,keyasint,omitempty"`
	Remedy  string `cbor:"6,keyasint,omitempty"`
}

// Quarantined is one delivered item that could not become a mention.
type Quarantined struct {
	ID         QuarantineID `cbor:"1,keyasint"`
	Account    AccountName  `cbor:"2,keyasint"`
	ExternalID string       `cbor:"3,keyasint,omitempty"` // shortened
	Author     string       `cbor:"4,keyasint,omitempty"` // external id, shortened
	Reason     string       `cbor:"5,keyasint"`
	Raw        []byte       `cbor:"6,keyasint"` // the item as JSON, at most 16 KiB of it
	At         time.Time    `cbor:"7,keyasint"`
}

// QuarantineID identifies one quarantined item.
type QuarantineID = id.ID[Quarantined]
