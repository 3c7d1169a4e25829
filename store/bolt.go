package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"standpunt/internal/fault"
)

// reserved is the address space that an open file gets at once where the
// machine has plenty. bbolt moves its mapping when a file outgrows it, and
// must wait for every reader then while new readers wait for it.
const reserved = 64 << 30

// boltEngine is the engine on go.etcd.io/bbolt.
type boltEngine struct {
	path     string
	options  Options
	declared map[Bucket]bool
	lock     *fileLock
	commits  *committer // nil when open for reading only
	last     atomic.Int64
	broken   atomic.Pointer[fault.Fault]

	commitHook func(*bbolt.Tx) error // what commits; tests make it fail

	mu      sync.Mutex
	file    *openFile
	older   []*openFile // replaced, and perhaps still being read
	closing bool
	closed  chan struct{} // closed when the file is let go
	closeAs error         // set before closed is closed
}

// openFile is a bbolt file with the transactions that read it. After a
// compaction the old one lives on until its last reader leaves.
type openFile struct {
	db      *bbolt.DB
	readers int           // under boltEngine.mu
	retired bool          // under boltEngine.mu
	gone    chan struct{} // closed when db is closed
	err     error         // of closing; set before gone is closed
}

func boltOptions(o Options) *bbolt.Options {
	options := &bbolt.Options{
		// Our own lock decides; bbolt's is a second line that never waits.
		Timeout:      time.Nanosecond,
		ReadOnly:     o.ReadOnly,
		NoSync:       o.NoSync,
		FreelistType: bbolt.FreelistMapType,
	}
	if runtime.GOOS != "windows" && math.MaxInt > math.MaxInt32 {
		options.InitialMmapSize = reserved & math.MaxInt
	}
	return options
}

// openBolt opens a bbolt file. Damage that makes bbolt panic is an error, and
// the file descriptor, and with it bbolt's lock, is let go in every case.
func openBolt(path string, options *bbolt.Options) (db *bbolt.DB, err error) {
	var opened *os.File
	o := *options
	o.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		f, err := os.OpenFile(name, flag, mode)
		opened = f
		return f, err
	}
	defer func() {
		if r := recover(); r != nil {
			db, err = nil, fmt.Errorf("%w: %v", errDamaged, r)
			if opened != nil {
				_ = opened.Close()
			}
		}
	}()
	return bbolt.Open(path, 0o600, &o)
}

// errDamaged marks what bbolt could not make sense of.
var errDamaged = errors.New("the structure of the file is damaged")

// acquire is the current file, which stays open until release.
func (e *boltEngine) acquire() (*openFile, error) {
	if f := e.broken.Load(); f != nil {
		return nil, f
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closing {
		return nil, closedFault()
	}
	e.file.readers++
	return e.file, nil
}

func (e *boltEngine) release(f *openFile) {
	e.mu.Lock()
	f.readers--
	last := f.retired && f.readers == 0
	e.mu.Unlock()
	if last {
		f.close()
	}
}

// retire closes f as soon as nobody reads it any more.
func (e *boltEngine) retire(f *openFile) {
	e.mu.Lock()
	f.retired = true
	last := f.readers == 0
	e.mu.Unlock()
	if last {
		f.close()
	}
}

func (f *openFile) close() {
	f.err = f.db.Close()
	close(f.gone)
}

func (f *openFile) isGone() bool {
	select {
	case <-f.gone:
		return true
	default:
		return false
	}
}

func (e *boltEngine) view(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := e.acquire()
	if err != nil {
		return err
	}
	defer e.release(f)
	tx := &Tx{now: e.now()}
	if err := e.read(f.db, tx, fn); err != nil {
		return err
	}
	for _, f := range tx.onCommit {
		f()
	}
	return nil
}

// read runs fn on a snapshot of db.
func (e *boltEngine) read(db *bbolt.DB, tx *Tx, fn func(*Tx) error) error {
	btx, err := db.Begin(false)
	if err != nil {
		return fault.New(fault.Unavailable, "the data file cannot be read").Because(err)
	}
	kv := newBoltKV(btx, e.declared)
	tx.kv = kv
	defer func() {
		kv.ended = true
		_ = btx.Rollback() // fails only where the transaction has ended already
	}()
	return fn(tx)
}

func (e *boltEngine) update(ctx context.Context, fn func(*Tx) error) error {
	if e.commits == nil {
		return fault.New(fault.Unavailable, "the data file is open for reading only")
	}
	return e.commits.update(ctx, fn)
}

// now is the wall clock to the millisecond, and never before the last commit.
func (e *boltEngine) now() time.Time {
	return time.UnixMilli(max(time.Now().UnixMilli(), e.last.Load())).UTC()
}

// beginWrite begins the transaction of one batch. Only the committer and the
// jobs that it runs use it.
func (e *boltEngine) beginWrite() (*bbolt.Tx, error) {
	if f := e.broken.Load(); f != nil {
		return nil, f
	}
	btx, err := e.file.db.Begin(true)
	if err != nil {
		return nil, writeFault(err)
	}
	return btx, nil
}

// finish makes a batch durable together with its time, or drops a transaction
// in which nothing was written.
func (e *boltEngine) finish(btx *bbolt.Tx, now time.Time, written bool) error {
	if !written {
		if err := btx.Rollback(); err != nil {
			return writeFault(err)
		}
		return nil
	}
	err := btx.Bucket([]byte(metaBucket)).Put(metaLastCommit, Time(now))
	if err != nil {
		_ = btx.Rollback() // the first error says more
		return writeFault(err)
	}
	if err := e.commit(btx); err != nil {
		return err
	}
	e.last.Store(now.UnixMilli())
	return nil
}

// commit commits btx. If the failure leaves open whether the transaction will
// be there after a restart, which a failed fsync does, the engine answers
// nothing more: who reads on would see what may not last.
func (e *boltEngine) commit(btx *bbolt.Tx) (err error) {
	txid := btx.ID()
	db := e.file.db
	defer func() {
		if r := recover(); r != nil {
			err = e.fail(fmt.Errorf("bbolt gave up: %v", r))
			defer func() { _ = recover() }() // best effort: without it Close waits as long as it may
			_ = btx.Rollback()
		}
	}()
	commit := e.commitHook
	if commit == nil {
		commit = (*bbolt.Tx).Commit
	}
	if err = commit(btx); err == nil {
		return nil
	}
	_ = btx.Rollback() // bbolt has done so itself on most of its ways out
	after, begin := db.Begin(false)
	if begin != nil {
		return e.fail(fmt.Errorf("%w; then: %w", err, begin))
	}
	defer func() { _ = after.Rollback() }() // fails only where it has ended already
	if after.ID() >= txid {
		return e.fail(err)
	}
	return writeFault(err)
}

// fail ends all use of the file until it is opened again.
func (e *boltEngine) fail(cause error) error {
	f := fault.New(fault.Unavailable, "the data file could not be written, and what it holds must be read again").
		Fix("Look after the disk, then restart the daemon").Because(cause)
	e.broken.Store(f)
	return f
}

func writeFault(cause error) error {
	if errors.Is(cause, berrors.ErrDatabaseNotOpen) {
		return closedFault()
	}
	return fault.New(fault.Unavailable, "the data file could not be written; nothing was changed").
		Fix("See whether the disk is full, then try again").Because(cause)
}

func (e *boltEngine) close(ctx context.Context) error {
	e.mu.Lock()
	first := !e.closing
	e.closing = true
	e.mu.Unlock()
	if first {
		go e.letGo()
	}
	select {
	case <-e.closed:
		return e.closeAs
	case <-ctx.Done():
		return fmt.Errorf("store: close: transactions are still running: %w", ctx.Err())
	}
}

// letGo waits for the committer and all readers, closes the file and gives the
// lock back.
func (e *boltEngine) letGo() {
	if e.commits != nil {
		close(e.commits.closing)
		<-e.commits.done
	}
	e.retire(e.file)
	var errs []error
	for _, f := range append(e.older, e.file) {
		<-f.gone
		errs = append(errs, f.err)
	}
	errs = append(errs, e.lock.release())
	e.closeAs = errors.Join(errs...)
	close(e.closed)
}
