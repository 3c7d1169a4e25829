package audit

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"standpunt/store"
)

const (
	entries     store.Bucket = "audit.entries"
	hashes      store.Bucket = "audit.hashes"
	byActor     store.Bucket = "audit.by_actor"
	bySubject   store.Bucket = "audit.by_subject"
	byKind      store.Bucket = "audit.by_kind"
	checkpoints store.Bucket = "audit.checkpoints"
	sealed      store.Bucket = "audit.sealed"
	meta        store.Bucket = "audit.meta"
)

// Schema is what the room keeps in the store.
var Schema = store.Schema{
	Room:    "audit",
	Buckets: []store.Bucket{entries, hashes, byActor, bySubject, byKind, checkpoints, sealed, meta},
	Checks:  []func(*store.Tx) error{checkIndexes},
}

// DefaultInterval is how often a growing log is signed.
const DefaultInterval = 5 * time.Minute

// Options are the settings of [Open]. KeyDir alone is required.
type Options struct {
	// Origin names the log in every checkpoint, "standpunt/<random id>". Empty
	// keeps the log's own, or makes one for a new log.
	Origin string
	// KeyDir holds audit.key (the signing key, mode 0600) and audit.pub (the
	// verifier's). Both are made for a new log.
	KeyDir string
	// AnchorFile receives every signed checkpoint. It lies outside the data
	// directory, best on other storage. Empty: no anchor.
	AnchorFile string
	Interval   time.Duration // between checkpoints of a growing log; 0 is DefaultInterval
	Logger     *slog.Logger  // nil is slog.Default()
}

// Log is the record of one data directory. It is safe for concurrent use.
type Log struct {
	db       *store.DB
	signer   note.Signer
	verifier note.Verifier
	key      string // the verifier's, as in audit.pub
	options  Options

	signing sync.Mutex // one checkpoint at a time, in the order of their sizes

	mu       sync.Mutex
	watchers map[chan struct{}]struct{}
	fault    error // of the last attempt to write the anchor
}

// Open opens the record in db, which is open for writing and holds [Schema].
// A new log gets its key and its first checkpoint, of size 0. Open fails when
// the key is missing or another one than the log was begun with: a new key
// would make a record that no longer verifies.
func Open(ctx context.Context, db *store.DB, o Options) (*Log, error) {
	if o.Interval <= 0 {
		o.Interval = DefaultInterval
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	known, err := readIdentity(ctx, db)
	if err != nil {
		return nil, err
	}
	k, err := openKey(o.KeyDir, o.Origin, known)
	if err != nil {
		return nil, err
	}
	l := &Log{db: db, signer: k.signer, verifier: k.verifier, key: k.public, options: o, watchers: make(map[chan struct{}]struct{})}
	if known.key == "" {
		if err := l.begin(ctx); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Origin is the log's name in its checkpoints.
func (l *Log) Origin() string { return l.verifier.Name() }

// VerifierKey is the public key that all verification asks for, in the form
// "origin+hash+base64" of golang.org/x/mod/sumdb/note.
func (l *Log) VerifierKey() string { return l.key }

// Append writes the event as the next entry, in the transaction of the change
// that it records. The number is final once the transaction commits. An event
// out of shape is [ErrBadEvent], which the caller returns, so that the change
// fails with its record.
func (l *Log) Append(tx *store.Tx, e Event) (number uint64, err error) {
	if err := e.check(); err != nil {
		return 0, err
	}
	number, err = SizeIn(tx)
	if err != nil {
		return 0, err
	}
	data, err := Entry{Number: number, At: tx.Now(), Event: e}.Leaf()
	if err != nil {
		return 0, fmt.Errorf("audit: encode entry %d: %w", number, err)
	}
	fresh, err := tlog.StoredHashes(int64(number), data, storedHashes(tx))
	if err != nil {
		return 0, fmt.Errorf("audit: hash entry %d: %w", number, err)
	}
	if err := tx.Put(entries, key64(number), data); err != nil {
		return 0, fmt.Errorf("audit: append entry %d: %w", number, err)
	}
	at := uint64(tlog.StoredHashIndex(0, int64(number)))
	for i := range fresh {
		if err := tx.Put(hashes, key64(at+uint64(i)), fresh[i][:]); err != nil {
			return 0, fmt.Errorf("audit: store a hash of entry %d: %w", number, err)
		}
	}
	for _, x := range indexKeys(e, number) {
		if err := tx.Put(x.bucket, x.key, []byte{}); err != nil {
			return 0, fmt.Errorf("audit: index entry %d: %w", number, err)
		}
	}
	tx.OnCommit(l.wake)
	return number, nil
}

// SizeIn is the number of entries that tx sees.
func SizeIn(tx *store.Tx) (uint64, error) {
	for key := range tx.ScanReverse(entries, store.Range{}) {
		n, err := number64(key)
		return n + 1, err
	}
	return 0, nil
}

// Size is the number of entries; the newest has the number Size-1.
func (l *Log) Size(ctx context.Context) (size uint64, err error) {
	err = l.db.View(ctx, func(tx *store.Tx) error {
		size, err = SizeIn(tx)
		return err
	})
	return size, err
}

// Head is the log's size and the root of the tree of that size.
func (l *Log) Head(ctx context.Context) (size uint64, root tlog.Hash, err error) {
	err = l.db.View(ctx, func(tx *store.Tx) error {
		if size, err = SizeIn(tx); err != nil {
			return err
		}
		root, err = rootAt(tx, size)
		return err
	})
	return size, root, err
}

// Watch gives a channel that receives after commits that appended entries.
// Wake-ups that nobody has received yet become one; whoever is woken reads
// [Log.Entries] from the last number that it saw. The function ends the watch.
func (l *Log) Watch() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watchers[c] = struct{}{}
	return c, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.watchers, c)
	}
}

func (l *Log) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.watchers {
		select {
		case c <- struct{}{}:
		default: // it has a wake-up waiting
		}
	}
}

// storedHashes reads the tree's hashes from tx.
func storedHashes(tx *store.Tx) tlog.HashReader {
	return tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(at))
		for i, index := range at {
			h := tx.Get(hashes, key64(uint64(index)))
			if len(h) != tlog.HashSize {
				return nil, fmt.Errorf("audit: the stored hash %d is missing or damaged", index)
			}
			copy(found[i][:], h)
		}
		return found, nil
	})
}

// rootAt is the root of the tree over the first size entries, from its stored
// hashes.
func rootAt(tx *store.Tx, size uint64) (tlog.Hash, error) {
	root, err := tlog.TreeHash(int64(size), storedHashes(tx))
	if err != nil {
		return tlog.Hash{}, fmt.Errorf("audit: compute the root at size %d: %w", size, err)
	}
	return root, nil
}

func key64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// number64 reads a key of eight bytes below 2^62, so that arithmetic on it and
// on indexes of stored hashes cannot overflow.
func number64(key []byte) (uint64, error) {
	if len(key) != 8 || key[0] >= 1<<6 {
		return 0, fmt.Errorf("audit: a key of %d bytes is no number", len(key))
	}
	return binary.BigEndian.Uint64(key), nil
}
