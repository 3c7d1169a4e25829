package store

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// migration brings a file from the layout before it to its own. Numbers begin
// at 1 and have no gaps; a migration that was released is never changed. apply
// uses no Table and no record type, since those describe the newest layout
// only: it reads and writes bytes of its own.
type migration struct {
	number uint64
	name   string
	apply  func(*Tx) error
}

// migrations are all layouts there ever were, oldest first. Buckets need no
// migration: Open makes the ones that a Schema declares and the file lacks.
var migrations = []migration{
	{number: 1, name: "first layout", apply: func(tx *Tx) error {
		return tx.Put(metaBucket, metaApplication, []byte(application))
	}},
}

func newest(list []migration) uint64 { return list[len(list)-1].number }

// migrate applies what db lacks, each migration with its number in one
// transaction. keepCopy runs before each one that changes an older file.
func (e *boltEngine) migrate(db *bbolt.DB, list []migration, schema uint64, keepCopy func(before uint64) error) error {
	for _, m := range list {
		if m.number <= schema {
			continue
		}
		if m.number > 1 && keepCopy != nil {
			if err := keepCopy(m.number); err != nil {
				return fmt.Errorf("copy before migration %d: %w", m.number, err)
			}
			keepCopy = nil
		}
		if err := e.applyMigration(db, m); err != nil {
			return fmt.Errorf("migration %d (%s): %w", m.number, m.name, err)
		}
	}
	return nil
}

func (e *boltEngine) applyMigration(db *bbolt.DB, m migration) error {
	return db.Update(func(btx *bbolt.Tx) error {
		if err := e.createBuckets(btx); err != nil {
			return err
		}
		kv := newBoltKV(btx, e.declared)
		kv.journal = &journal{}
		defer func() { kv.ended = true }()
		tx := &Tx{now: e.now(), kv: kv}
		if err := m.apply(tx); err != nil {
			return err
		}
		return tx.Put(metaBucket, metaSchema, Uint64(m.number).Key())
	})
}

func (e *boltEngine) createBuckets(btx *bbolt.Tx) error {
	for name := range e.declared {
		if _, err := btx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return fmt.Errorf("bucket %q: %w", name, err)
		}
	}
	return nil
}

// missingBuckets reports whether the file lacks a declared bucket.
func (e *boltEngine) missingBuckets(btx *bbolt.Tx) bool {
	for name := range e.declared {
		if btx.Bucket([]byte(name)) == nil {
			return true
		}
	}
	return false
}
