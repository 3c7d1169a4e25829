package store

import (
	"context"
	"io"
	"iter"
	"time"
)

// Bucket names one ordered key space. Every bucket is declared in a [Schema]
// and drawn in the package documentation.
type Bucket string

// Range limits a scan. The zero Range is the whole bucket.
type Range struct {
	Prefix []byte // only keys that begin with it
	From   []byte // first key, inclusive, in the scan's direction; nil is the edge
	To     []byte // key to stop before, exclusive, in the scan's direction; nil is the edge
}

// Schema is what one room keeps in the store: its buckets and the checks that
// prove its indexes in step. Rooms export one and cmd hands them all to [Open].
type Schema struct {
	Room    string
	Buckets []Bucket
	Checks  []func(*Tx) error // run by [DB.Check]; each reports the first fault it finds
}

// Options are the settings of [Open]. The zero Options are usable.
type Options struct {
	Schemas  []Schema
	ReadOnly bool
	// NoSync leaves out the fsync, for throw-away files in tests. Never elsewhere.
	NoSync bool
	// WaitLock is how long Open waits for another process to let go of the file,
	// by default not at all.
	WaitLock time.Duration
}

// DB is one open data file.
type DB struct{ engine engine }

// Open opens or creates the data file at path with mode 0600, brings it to the
// newest schema version (after copying the file beside itself) and creates the
// buckets that are missing. The directory must exist; symbolic links are
// followed. Faults: conflict names the process that holds the file, or the
// newer schema; invalid_input says that the file is foreign, damaged, cut short
// or empty; not_found, that there is no directory, or nothing to read. None of
// them changes the file. Inside a testing/synctest bubble, close the file there
// too: Open starts a goroutine that Close ends.
func Open(ctx context.Context, path string, o Options) (*DB, error) { return open(ctx, path, o) }

// View runs fn on a consistent snapshot, which sees every Update that returned
// before it began. It never waits for writers. fn's error is returned as it
// is. A View that runs for long keeps the space of what is deleted meanwhile
// from being used again, so nothing slow belongs in fn.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error { return db.engine.view(ctx, fn) }

// Update runs fn in a transaction that is durable when Update returns nil, and
// leaves nothing behind when it returns an error. fn may run more than once
// and so has no effects outside tx; what must happen once, after the commit,
// goes into [Tx.OnCommit]. Concurrent Updates share one fsync and see each
// other's writes in the order in which they run. fn never blocks on the
// network or on another transaction: an Update inside an Update waits for
// itself.
//
// fn's error is returned as it is, and a panic in fn reaches the caller; both
// undo fn's writes alone. A context that ends before fn has begun keeps it from
// running and is what Update returns; one that ends later changes nothing.
// unavailable means that the disk took nothing (it may be full: try again) or,
// after a failed fsync, that the file must be opened again.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error { return db.engine.update(ctx, fn) }

// Check proves the file's own structure, while Updates wait, and every Schema's
// checks, on a snapshot beside them. It reads the whole file.
func (db *DB) Check(ctx context.Context) error { return db.engine.check(ctx) }

// Backup writes a consistent copy while the daemon goes on. The copy carries a
// mark that [DB.Restored] reports when somebody opens it. The copy is written
// beside the data file first, which needs free space for it and reads the
// records twice, so that a slow w holds nothing up. What a deleted record left
// in the file is in the copy too; after erasing, Compact first. w's error is
// returned as it is.
func (db *DB) Backup(ctx context.Context, w io.Writer) error { return db.engine.backup(ctx, w) }

// Restored is when the open file was copied by [DB.Backup], and the zero time
// for a file that is the original or whose mark was lifted by [ClearRestored].
func (db *DB) Restored(ctx context.Context) (time.Time, error) { return db.engine.restored(ctx) }

// Compact rewrites the file so that no deleted record leaves bytes behind. It
// takes the write lock meanwhile and needs free space for a second copy; Views
// go on. ctx counts until the rewriting begins. The data file is a new one
// afterwards, and the old one's blocks are the file system's.
func (db *DB) Compact(ctx context.Context) error { return db.engine.compact(ctx) }

// Close waits for running transactions, at most as long as ctx allows, and
// lets go of the file. If ctx ends first, the file is let go when the last
// transaction ends. From the call on, all other calls return [ErrClosed].
func (db *DB) Close(ctx context.Context) error { return db.engine.close(ctx) }

// Tx is one transaction. It is not safe for concurrent use and dead when the
// function that received it returns.
type Tx struct {
	now      time.Time
	kv       kv
	onCommit []func()
}

// Now is the transaction's only timestamp, in UTC to the millisecond. It never
// runs backwards from one Update to the next: when the wall clock does, Now
// stays at the last commit's time.
func (tx *Tx) Now() time.Time { return tx.now }

// Get is the value under key, nil if there is none; an empty value is not nil.
// The bytes are valid until the transaction ends and must not be changed. Get,
// Scan and Cursor panic on a bucket that is in no [Schema].
func (tx *Tx) Get(b Bucket, key []byte) []byte { return tx.kv.get(b, key) }

// Put sets the value under key; key is not empty. Both are copied.
func (tx *Tx) Put(b Bucket, key, value []byte) error { return tx.kv.put(b, key, value) }

// Delete removes key; a missing key is no error.
func (tx *Tx) Delete(b Bucket, key []byte) error { return tx.kv.delete(b, key) }

// Scan yields keys in ascending order. The bucket must not be written to while
// the scan runs; collect first. The bytes are valid for one step.
func (tx *Tx) Scan(b Bucket, r Range) iter.Seq2[[]byte, []byte] { return tx.kv.scan(b, r, false) }

// ScanReverse yields keys in descending order; r.From is the highest key.
func (tx *Tx) ScanReverse(b Bucket, r Range) iter.Seq2[[]byte, []byte] {
	return tx.kv.scan(b, r, true)
}

// OnCommit registers f to run once after the transaction is durable, in the
// order of registration; those of an earlier commit run before those of a later
// one, and Update returns after its own. It does not run if the transaction
// fails. f may call View; it is quick and calls no Update, which waits for it.
func (tx *Tx) OnCommit(f func()) { tx.onCommit = append(tx.onCommit, f) }

// engine is what a storage engine does; storetest is the suite that it passes.
type engine interface {
	view(ctx context.Context, fn func(*Tx) error) error
	update(ctx context.Context, fn func(*Tx) error) error
	check(ctx context.Context) error
	backup(ctx context.Context, w io.Writer) error
	restored(ctx context.Context) (time.Time, error)
	compact(ctx context.Context) error
	close(ctx context.Context) error
}

// kv is one engine transaction.
type kv interface {
	get(b Bucket, key []byte) []byte
	put(b Bucket, key, value []byte) error
	delete(b Bucket, key []byte) error
	scan(b Bucket, r Range, reverse bool) iter.Seq2[[]byte, []byte]
	cursor(b Bucket, prefix []byte) Cursor
}

// Cursor walks the keys under one prefix in ascending order and can jump
// ahead, which is what intersecting several ordered streams needs.
type Cursor interface {
	// Seek goes to the first key whose part after the prefix is not less than
	// suffix, and returns that part, or nil at the end.
	Seek(suffix []byte) []byte
	// Next goes one key on.
	Next() []byte
}

// Cursor opens a cursor on the keys under prefix. Seek first.
func (tx *Tx) Cursor(b Bucket, prefix []byte) Cursor { return tx.kv.cursor(b, prefix) }
