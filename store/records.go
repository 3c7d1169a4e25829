package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"standpunt/internal/fault"
)

func (t *Table[K, V]) recordBucket() Bucket { return Bucket(t.name) }

func (t *Table[K, V]) indexBucket(index string) Bucket { return Bucket(t.name + "." + index) }

func (t *Table[K, V]) buckets() []Bucket {
	list := []Bucket{t.recordBucket()}
	for _, x := range t.indexes {
		list = append(list, t.indexBucket(x.Name))
	}
	return list
}

func (t *Table[K, V]) get(tx *Tx, k K) (*V, error) {
	v, ok, err := t.lookup(tx, k)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "there is no such record in %s", t.name)
	}
	return v, err
}

func (t *Table[K, V]) lookup(tx *Tx, k K) (*V, bool, error) {
	return t.read(tx, k.Key())
}

func (t *Table[K, V]) read(tx *Tx, key []byte) (*V, bool, error) {
	b := tx.Get(t.recordBucket(), key)
	if b == nil {
		return nil, false, nil
	}
	v, err := t.decode(key, b)
	return v, err == nil, err
}

func (t *Table[K, V]) decode(key, b []byte) (*V, error) {
	v := new(V)
	if err := Decode(b, v); err != nil {
		return nil, fmt.Errorf("record %x of %s: %w", key, t.name, err)
	}
	return v, nil
}

func (t *Table[K, V]) put(tx *Tx, v *V) error {
	key := t.key(v).Key()
	if len(key) == 0 {
		return fmt.Errorf("store: a record of %s has an empty key", t.name)
	}
	b, err := Encode(v)
	if err != nil {
		return fmt.Errorf("record %x of %s: %w", key, t.name, err)
	}
	old := tx.Get(t.recordBucket(), key)
	if old != nil && bytes.Equal(old, b) {
		return nil
	}
	if err := t.reindex(tx, key, old, b); err != nil {
		return err
	}
	return tx.Put(t.recordBucket(), key, b)
}

func (t *Table[K, V]) delete(tx *Tx, k K) error {
	key := k.Key()
	old := tx.Get(t.recordBucket(), key)
	if old == nil {
		return nil
	}
	if err := t.reindex(tx, key, old, nil); err != nil {
		return err
	}
	return tx.Delete(t.recordBucket(), key)
}

// reindex removes the entries that only the old record has and adds those that
// only the new one has. Both are read back from their bytes, so that an entry
// never depends on something that the record does not keep.
func (t *Table[K, V]) reindex(tx *Tx, key, before, after []byte) error {
	if len(t.indexes) == 0 {
		return nil
	}
	old, err := t.entries(key, before)
	if err != nil {
		return err
	}
	now, err := t.entries(key, after)
	if err != nil {
		return err
	}
	for i, x := range t.indexes {
		bucket := t.indexBucket(x.Name)
		for entry := range old[i] {
			if _, stays := now[i][entry]; !stays {
				if err := tx.Delete(bucket, []byte(entry)); err != nil {
					return err
				}
			}
		}
		for entry, mark := range now[i] {
			if _, was := old[i][entry]; !was {
				if err := tx.Put(bucket, []byte(entry), mark); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// entries are the index entries of a record's bytes, per index: the entry's
// key and, as its value, the length of the part that is not the record's key.
func (t *Table[K, V]) entries(key, b []byte) ([]map[string][]byte, error) {
	all := make([]map[string][]byte, len(t.indexes))
	if b == nil {
		return all, nil
	}
	v, err := t.decode(key, b)
	if err != nil {
		return nil, err
	}
	for i, x := range t.indexes {
		all[i] = make(map[string][]byte)
		for _, part := range x.Entries(v) {
			all[i][string(part)+string(key)] = binary.AppendUvarint(nil, uint64(len(part)))
		}
	}
	return all, nil
}

// recordKey is the record's key at the end of an index entry.
func recordKey(entry, mark []byte) ([]byte, error) {
	n, size := binary.Uvarint(mark)
	if size != len(mark) || size == 0 || n >= uint64(len(entry)) {
		return nil, errors.New("the entry does not say where its record's key begins")
	}
	return entry[n:], nil
}

func (t *Table[K, V]) scan(tx *Tx, r Range, reverse bool) iter.Seq2[*V, error] {
	return func(yield func(*V, error) bool) {
		for key, b := range tx.kv.scan(t.recordBucket(), r, reverse) {
			if v, err := t.decode(key, b); !yield(v, err) || err != nil {
				return
			}
		}
	}
}

func (t *Table[K, V]) by(tx *Tx, index string, r Range, reverse bool) iter.Seq2[*V, error] {
	return func(yield func(*V, error) bool) {
		for entry, mark := range tx.kv.scan(t.indexBucket(index), r, reverse) {
			if v, err := t.behind(tx, index, entry, mark); !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// behind is the record that an index entry stands for.
func (t *Table[K, V]) behind(tx *Tx, index string, entry, mark []byte) (*V, error) {
	key, err := recordKey(entry, mark)
	if err != nil {
		return nil, fmt.Errorf("index %s.%s, entry %x: %w", t.name, index, entry, err)
	}
	v, ok, err := t.read(tx, key)
	if err == nil && !ok {
		err = fmt.Errorf("index %s.%s, entry %x: there is no such record", t.name, index, entry)
	}
	return v, err
}

func (t *Table[K, V]) check(tx *Tx) error {
	for key, b := range tx.Scan(t.recordBucket(), Range{}) {
		v, err := t.decode(key, b)
		if err != nil {
			return err
		}
		if own := t.key(v).Key(); !bytes.Equal(own, key) {
			return fmt.Errorf("record %x of %s says that its key is %x", key, t.name, own)
		}
		all, err := t.entries(key, b)
		if err != nil {
			return err
		}
		for i, x := range t.indexes {
			for entry, mark := range all[i] {
				if !bytes.Equal(tx.Get(t.indexBucket(x.Name), []byte(entry)), mark) {
					return fmt.Errorf("record %x of %s has no entry %x in index %s", key, t.name, entry, x.Name)
				}
			}
		}
	}
	for i, x := range t.indexes {
		for entry, mark := range tx.Scan(t.indexBucket(x.Name), Range{}) {
			if err := t.checkEntry(tx, i, entry, mark); err != nil {
				return fmt.Errorf("index %s.%s, entry %x: %w", t.name, x.Name, entry, err)
			}
		}
	}
	return nil
}

// checkEntry proves that the record behind an entry has that entry.
func (t *Table[K, V]) checkEntry(tx *Tx, index int, entry, mark []byte) error {
	key, err := recordKey(entry, mark)
	if err != nil {
		return err
	}
	b := tx.Get(t.recordBucket(), key)
	if b == nil {
		return errors.New("there is no such record")
	}
	all, err := t.entries(key, b)
	if err != nil {
		return err
	}
	if _, ok := all[index][string(entry)]; !ok {
		return errors.New("the record does not have this entry")
	}
	return nil
}
