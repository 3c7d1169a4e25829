package store

import (
	"bytes"
	"errors"
	"fmt"
	"iter"

	"go.etcd.io/bbolt"
)

// boltKV is one caller's part of a bbolt transaction.
type boltKV struct {
	tx       *bbolt.Tx
	declared map[Bucket]bool
	open     map[Bucket]*bbolt.Bucket
	journal  *journal // nil in a read transaction
	ended    bool
}

// journal remembers what a writing function found under the keys it touched,
// so that it can be undone while the other functions of its batch stay.
type journal struct{ steps []step }

type step struct {
	bucket Bucket
	key    []byte
	before []byte // nil where there was no such key
}

func newBoltKV(tx *bbolt.Tx, declared map[Bucket]bool) *boltKV {
	return &boltKV{tx: tx, declared: declared, open: make(map[Bucket]*bbolt.Bucket)}
}

// bucket is nil for one that is declared and not in the file, which happens
// when an older file is open for reading only.
func (kv *boltKV) bucket(name Bucket) (*bbolt.Bucket, error) {
	if kv.ended {
		return nil, errors.New("store: a transaction was used after its function had returned")
	}
	b, known := kv.open[name]
	if !known {
		if !kv.declared[name] {
			return nil, fmt.Errorf("store: bucket %q is in no Schema that Open was given", name)
		}
		b = kv.tx.Bucket([]byte(name))
		kv.open[name] = b
	}
	return b, nil
}

// reading is bucket for calls that return no error: these mistakes are the
// program's own.
func (kv *boltKV) reading(name Bucket) *bbolt.Bucket {
	b, err := kv.bucket(name)
	if err != nil {
		panic(err)
	}
	return b
}

func (kv *boltKV) get(name Bucket, key []byte) []byte {
	if b := kv.reading(name); b != nil && len(key) > 0 {
		return b.Get(key)
	}
	return nil
}

func (kv *boltKV) put(name Bucket, key, value []byte) error {
	b, err := kv.writing(name, key)
	if err != nil {
		return err
	}
	// bbolt keeps the value until the commit, long after fn may have reused it.
	if err := b.Put(key, append([]byte{}, value...)); err != nil {
		return fmt.Errorf("store: put in %s: %w", name, err)
	}
	return nil
}

func (kv *boltKV) delete(name Bucket, key []byte) error {
	b, err := kv.writing(name, key)
	if err != nil {
		return err
	}
	if err := b.Delete(key); err != nil {
		return fmt.Errorf("store: delete in %s: %w", name, err)
	}
	return nil
}

// writing records the value that a write is about to replace.
func (kv *boltKV) writing(name Bucket, key []byte) (*bbolt.Bucket, error) {
	b, err := kv.bucket(name)
	if err != nil {
		return nil, err
	}
	if kv.journal == nil {
		return nil, errors.New("store: a View cannot write")
	}
	if len(key) == 0 {
		return nil, fmt.Errorf("store: a key in %s is empty", name)
	}
	// What bbolt's Get returns stays as it is until the transaction ends.
	kv.journal.steps = append(kv.journal.steps, step{bucket: name, key: bytes.Clone(key), before: b.Get(key)})
	return b, nil
}

// undo puts back what the journal found, last step first.
func (kv *boltKV) undo() error {
	steps := kv.journal.steps
	kv.journal.steps = nil
	for i := len(steps) - 1; i >= 0; i-- {
		s := steps[i]
		b, err := kv.bucket(s.bucket)
		if err == nil && s.before == nil {
			err = b.Delete(s.key)
		} else if err == nil {
			err = b.Put(s.key, s.before)
		}
		if err != nil {
			return fmt.Errorf("store: undo in %s: %w", s.bucket, err)
		}
	}
	return nil
}

// scan follows the contract of [Range]: From is inclusive and To exclusive,
// both in the direction of the scan.
func (kv *boltKV) scan(name Bucket, r Range, reverse bool) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		b := kv.reading(name)
		if b == nil {
			return
		}
		c := b.Cursor()
		start, next := ascend, c.Next
		if reverse {
			start, next = descend, c.Prev
		}
		for k, v := start(c, r); k != nil && bytes.HasPrefix(k, r.Prefix); k, v = next() {
			if past(k, r.To, reverse) || !yield(k, v) {
				return
			}
			if kv.ended {
				panic("store: a scan went on after its transaction's function had returned")
			}
		}
	}
}

func past(k, to []byte, reverse bool) bool {
	if len(to) == 0 {
		return false
	}
	if reverse {
		return bytes.Compare(k, to) <= 0
	}
	return bytes.Compare(k, to) >= 0
}

// ascend goes to the lowest key that is in neither way below the range.
func ascend(c *bbolt.Cursor, r Range) (k, v []byte) {
	first := r.Prefix
	if bytes.Compare(r.From, first) > 0 {
		first = r.From
	}
	if len(first) == 0 {
		return c.First()
	}
	return c.Seek(first)
}

// descend goes to the highest key that is in neither way above the range.
func descend(c *bbolt.Cursor, r Range) (k, v []byte) {
	end := successor(r.Prefix)
	inclusive := false
	if len(r.From) > 0 && (end == nil || bytes.Compare(r.From, end) < 0) {
		end, inclusive = r.From, true
	}
	if end == nil {
		return c.Last()
	}
	k, v = c.Seek(end)
	switch {
	case k == nil:
		return c.Last()
	case inclusive && bytes.Equal(k, end):
		return k, v
	default:
		return c.Prev()
	}
}

// successor is the lowest key above all keys with the prefix, nil if there is
// none.
func successor(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			s := bytes.Clone(prefix[:i+1])
			s[i]++
			return s
		}
	}
	return nil
}

func (kv *boltKV) cursor(name Bucket, prefix []byte) Cursor {
	c := &boltCursor{kv: kv, target: bytes.Clone(prefix), prefix: len(prefix)}
	if b := kv.reading(name); b != nil {
		c.cursor = b.Cursor()
	}
	return c
}

// boltCursor is a [Cursor]. target begins with the prefix, and its rest is
// room for building the keys to seek.
type boltCursor struct {
	kv     *boltKV
	cursor *bbolt.Cursor // nil over a missing bucket
	target []byte
	prefix int
}

func (c *boltCursor) Seek(suffix []byte) []byte {
	if c.live() {
		c.target = append(c.target[:c.prefix], suffix...)
		return c.rest(c.cursor.Seek(c.target))
	}
	return nil
}

func (c *boltCursor) Next() []byte {
	if c.live() {
		return c.rest(c.cursor.Next())
	}
	return nil
}

func (c *boltCursor) live() bool {
	if c.kv.ended {
		panic("store: a cursor was used after its transaction's function had returned")
	}
	return c.cursor != nil
}

func (c *boltCursor) rest(k, _ []byte) []byte {
	if !bytes.HasPrefix(k, c.target[:c.prefix]) || k == nil {
		return nil
	}
	return k[c.prefix:]
}
