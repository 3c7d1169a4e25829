package store

import (
	"iter"
)

// Key is anything that has a sortable byte form: an id.ID, [String], [Uint64].
type Key interface{ Key() []byte }

// String is a text key.
type String string

// Key is the text's bytes.
func (s String) Key() []byte { return []byte(s) }

// Index is one way of narrowing a [Table]. Entries gives the index keys of a
// record, without the record's own key, which the table appends.
type Index[V any] struct {
	Name    string
	Entries func(*V) [][]byte
}

// Table keeps records of type V, encoded as CBOR with integer keys
// (`cbor:"1,keyasint"`), under sortable keys, and every index entry in step
// with them: Put reads the old record and removes the entries it no longer has.
// Records live in the bucket NAME, entries of an index in NAME.INDEX.
type Table[K Key, V any] struct {
	name    string
	key     func(*V) K
	indexes []Index[V]
}

// NewTable declares a table.
func NewTable[K Key, V any](name string, key func(*V) K, indexes ...Index[V]) *Table[K, V] {
	return &Table[K, V]{name: name, key: key, indexes: indexes}
}

// Buckets are the table's buckets, for a [Schema].
func (t *Table[K, V]) Buckets() []Bucket { return t.buckets() }

// Check proves that records and index entries agree in both directions.
func (t *Table[K, V]) Check(tx *Tx) error { return t.check(tx) }

// Get is the record under k, or a not_found fault.
func (t *Table[K, V]) Get(tx *Tx, k K) (*V, error) { return t.get(tx, k) }

// Lookup is the record under k, and false where there is none.
func (t *Table[K, V]) Lookup(tx *Tx, k K) (*V, bool, error) { return t.lookup(tx, k) }

// Put inserts or replaces the record.
func (t *Table[K, V]) Put(tx *Tx, v *V) error { return t.put(tx, v) }

// Delete removes the record and its entries; a missing one is no error.
func (t *Table[K, V]) Delete(tx *Tx, k K) error { return t.delete(tx, k) }

// Scan yields the records in the order of their keys, descending if reverse.
func (t *Table[K, V]) Scan(tx *Tx, r Range, reverse bool) iter.Seq2[*V, error] {
	return t.scan(tx, r, reverse)
}

// By yields the records that index holds under a prefix of entry keys, in the
// order of the entries, descending if reverse.
func (t *Table[K, V]) By(tx *Tx, index string, r Range, reverse bool) iter.Seq2[*V, error] {
	return t.by(tx, index, r, reverse)
}

// Stream opens a cursor on the entries of index under prefix; what it yields
// is the rest of the entry key followed by the record's key. See [Intersect].
func (t *Table[K, V]) Stream(tx *Tx, index string, prefix []byte) Cursor {
	return tx.Cursor(t.indexBucket(index), prefix)
}

// Intersect yields, in ascending order, the suffixes that every stream has, by
// leaping each stream to the others' next candidate: its cost follows the page
// that is read, not the size of the streams. It starts at from (nil: the
// beginning). Without streams it yields nothing.
func Intersect(from []byte, streams ...Cursor) iter.Seq[[]byte] { return intersect(from, streams) }
