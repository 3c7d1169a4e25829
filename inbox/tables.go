package inbox

import (
	"encoding/binary"

	"standpunt/internal/id"
	"standpunt/store"
)

// The buckets that are not tables.
const (
	cursorBucket   store.Bucket = "inbox.cursors"
	externalBucket store.Bucket = "inbox.external"
	numberBucket   store.Bucket = "inbox.numbers"
	segmentBucket  store.Bucket = "inbox.segments"
	wordBucket     store.Bucket = "inbox.words"
	sealBucket     store.Bucket = "inbox.seals"
	pageBucket     store.Bucket = "inbox.pages"
	metaBucket     store.Bucket = "inbox.meta"
)

// The names of indexes.
const (
	byIndex           = "by"
	threadIndex       = "thread"
	urgentIndex       = "urgent"
	snoozedIndex      = "snoozed"
	conversationIndex = "conversation"
	accountIndex      = "account"
	digestIndex       = "digest"
	atIndex           = "at"
)

// threadBucket is where the thread index of conversations lies, for lookups
// that need no record.
const threadBucket store.Bucket = "inbox.conversations." + threadIndex

// mentionsOfBucket is where the conversation index of mentions lies.
const mentionsOfBucket store.Bucket = "inbox.mentions." + conversationIndex

var (
	accounts = store.NewTable("inbox.accounts", func(a *AccountRecord) AccountName { return a.Name })

	conversations = store.NewTable("inbox.conversations", func(c *Conversation) ConversationID { return c.ID },
		store.Index[Conversation]{Name: byIndex, Entries: narrowings},
		store.Index[Conversation]{Name: threadIndex, Entries: func(c *Conversation) [][]byte {
			return [][]byte{threadKey(c.Account, c.Thread, c.Customer.ExternalID, c.Visibility)}
		}},
		store.Index[Conversation]{Name: urgentIndex, Entries: urgency},
		store.Index[Conversation]{Name: snoozedIndex, Entries: func(c *Conversation) [][]byte {
			if c.State != Snoozed {
				return nil
			}
			return [][]byte{store.Time(c.SnoozedUntil)}
		}},
	)

	mentions = store.NewTable("inbox.mentions", func(m *Mention) MentionID { return m.ID },
		store.Index[Mention]{Name: conversationIndex, Entries: func(m *Mention) [][]byte {
			key := append(m.Conversation.Key(), store.Time(m.PostedAt)...)
			return [][]byte{binary.BigEndian.AppendUint64(key, m.Number)}
		}},
	)

	notes = store.NewTable("inbox.notes", func(n *Note) NoteID { return n.ID },
		store.Index[Note]{Name: conversationIndex, Entries: func(n *Note) [][]byte {
			return [][]byte{n.Conversation.Key()}
		}},
	)

	quarantine = store.NewTable("inbox.quarantine", func(q *Quarantined) QuarantineID { return q.ID },
		store.Index[Quarantined]{Name: accountIndex, Entries: func(q *Quarantined) [][]byte {
			return [][]byte{append(store.Field(q.Account.Key()), store.NewestFirst(q.At)...)}
		}},
		store.Index[Quarantined]{Name: digestIndex, Entries: func(q *Quarantined) [][]byte {
			return [][]byte{rawDigest(q.Account, q.Raw)}
		}},
	)
)

// Schema is what the inbox keeps in the store.
var Schema = store.Schema{
	Room: "inbox",
	Buckets: join(
		accounts.Buckets(), conversations.Buckets(), mentions.Buckets(), notes.Buckets(), quarantine.Buckets(), deletions.Buckets(),
		[]store.Bucket{cursorBucket, externalBucket, numberBucket, segmentBucket, wordBucket, sealBucket, pageBucket, metaBucket},
	),
	Checks: []func(*store.Tx) error{
		accounts.Check, conversations.Check, mentions.Check, notes.Check, quarantine.Check, deletions.Check,
		checkMentions, checkSegments, checkPages,
	},
}

func join(lists ...[]store.Bucket) []store.Bucket {
	var all []store.Bucket
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// narrow is one way of narrowing a list of conversations.
type narrow byte

const (
	byAll      narrow = 'a' // no value: every conversation
	byAccount  narrow = 'c'
	byLanguage narrow = 'g'
	byLabel    narrow = 'l'
	byPriority narrow = 'p'
	byState    narrow = 's'
	byAwaiting narrow = 't' // no value: those in which a mention waits
	byAuthor   narrow = 'u' // account and external id
	byAssignee narrow = 'w' // zero id: nobody
)

// narrowPrefix is the part of an index entry before the rank.
func narrowPrefix(n narrow, values ...[]byte) []byte {
	return store.Field(append([][]byte{{byte(n)}}, values...)...)
}

// narrowings are the entries of a conversation, one for each way in which a
// list can be narrowed to it, all of them newest first.
func narrowings(c *Conversation) [][]byte {
	rank := binary.BigEndian.AppendUint64(nil, ^c.Rank)
	var all [][]byte
	add := func(n narrow, values ...[]byte) {
		all = append(all, append(narrowPrefix(n, values...), rank...))
	}
	add(byAll)
	add(byAccount, c.Account.Key())
	add(byState, []byte(c.State))
	add(byPriority, []byte(c.Priority))
	add(byAssignee, c.Assignee[:])
	add(byAuthor, c.Account.Key(), []byte(c.Customer.ExternalID))
	if c.Language != "" {
		add(byLanguage, []byte(c.Language))
	}
	for _, l := range c.Labels {
		add(byLabel, []byte(l))
	}
	if !c.AwaitingSince.IsZero() {
		add(byAwaiting)
	}
	return all
}

// urgency orders what [Inbox.TakeNext] hands out: by priority, then who waits
// longest.
func urgency(c *Conversation) [][]byte {
	if c.State != Open || !c.Assignee.IsZero() {
		return nil
	}
	since := c.AwaitingSince
	if since.IsZero() {
		since = c.LastActivity
	}
	return [][]byte{append([]byte{urgencyOf(c.Priority)}, store.Time(since)...)}
}

func urgencyOf(p Priority) byte {
	switch p {
	case Urgent:
		return 0
	case High:
		return 1
	case Low:
		return 3
	default:
		return 2
	}
}

// threadKey finds the conversation that an item belongs to. Visibility is part
// of it: what is private never shares a conversation with what is public.
func threadKey(account AccountName, thread, customer string, v Visibility) []byte {
	return store.Field(account.Key(), []byte(thread), []byte(customer), []byte(v))
}

// externalKey finds a mention by the platform's id. Most platforms give ids
// that grow with time, so new keys fall together without a time in front.
func externalKey(account AccountName, externalID string) []byte {
	return append(store.Field(account.Key()), externalID...)
}

// place is what inbox.numbers tells of a number.
type place struct {
	mention      MentionID
	conversation ConversationID
}

// placeOf looks a number up; false: its text was edited or erased since.
func placeOf(tx *store.Tx, number uint64) (place, bool) {
	b := tx.Get(numberBucket, store.Uint64(number).Key())
	if len(b) != 2*len(MentionID{}) {
		return place{}, false
	}
	return place{mention: MentionID(b[:16]), conversation: ConversationID(b[16:])}, true
}

func putPlace(tx *store.Tx, m *Mention) error {
	return tx.Put(numberBucket, store.Uint64(m.Number).Key(), append(m.ID.Key(), m.Conversation[:]...))
}

// The keys of inbox.meta.
var (
	lastNumber = []byte("number")
	lastRank   = []byte("rank")
)

func metaNumber(tx *store.Tx, key []byte) uint64 {
	b := tx.Get(metaBucket, key)
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

func putMetaNumber(tx *store.Tx, key []byte, n uint64) error {
	return tx.Put(metaBucket, key, store.Uint64(n).Key())
}

// rankAfter is the rank that follows last at the transaction's time.
func rankAfter(tx *store.Tx, last uint64) uint64 {
	return max(last+1, uint64(tx.Now().UnixMicro()))
}

// nextRank gives a conversation the highest rank so far.
func nextRank(tx *store.Tx) (uint64, error) {
	rank := rankAfter(tx, metaNumber(tx, lastRank))
	return rank, putMetaNumber(tx, lastRank, rank)
}

// lookupExternal is the id behind a platform's id.
func lookupExternal(tx *store.Tx, account AccountName, externalID string) (MentionID, bool, error) {
	b := tx.Get(externalBucket, externalKey(account, externalID))
	if b == nil {
		return MentionID{}, false, nil
	}
	v, err := id.FromBytes[Mention](b)
	return v, err == nil, err
}
