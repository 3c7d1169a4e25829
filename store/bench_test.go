package store

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// BenchmarkWriters compares the committer with bbolt's own ways of writing one
// small record durably, by the number of writers. One operation is one record.
func BenchmarkWriters(b *testing.B) {
	value := make([]byte, 200)
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("committer/%d", writers), func(b *testing.B) {
			o := thingsOptions()
			o.NoSync = false
			db, err := Open(b.Context(), filepath.Join(b.TempDir(), "standpunt.db"), o)
			if err != nil {
				b.Fatal(err)
			}
			write(b, writers, func(key []byte) error {
				return db.Update(b.Context(), func(tx *Tx) error { return tx.Put(things, key, value) })
			})
			if err := db.Close(b.Context()); err != nil {
				b.Error(err)
			}
		})
		for name, call := range map[string]func(*bbolt.DB, func(*bbolt.Tx) error) error{
			"bbolt Batch": (*bbolt.DB).Batch, "bbolt Update": (*bbolt.DB).Update,
		} {
			b.Run(fmt.Sprintf("%s/%d", name, writers), func(b *testing.B) {
				db, err := bbolt.Open(filepath.Join(b.TempDir(), "bare.db"), 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
				if err != nil {
					b.Fatal(err)
				}
				err = db.Update(func(tx *bbolt.Tx) error {
					_, err := tx.CreateBucket([]byte(things))
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
				write(b, writers, func(key []byte) error {
					return call(db, func(tx *bbolt.Tx) error { return tx.Bucket([]byte(things)).Put(key, value) })
				})
				if err := db.Close(); err != nil {
					b.Error(err)
				}
			})
		}
	}
}

func write(b *testing.B, writers int, put func(key []byte) error) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range writers {
		all.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := put(binary.BigEndian.AppendUint64(nil, uint64(n))); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
}

// BenchmarkPage reads the first 50 records that two narrowings share, out of
// 200,000 of which one in 2 has the first and one in 100 the second.
func BenchmarkPage(b *testing.B) {
	type row struct {
		ID    Uint64 `cbor:"1,keyasint"`
		State string `cbor:"2,keyasint"`
		Label string `cbor:"3,keyasint"`
	}
	at := time.Unix(1_700_000_000, 0)
	index := func(name string, value func(*row) string) Index[row] {
		return Index[row]{Name: name, Entries: func(r *row) [][]byte {
			when := at.Add(time.Duration(r.ID) * time.Second)
			return [][]byte{append(Field([]byte(value(r))), NewestFirst(when)...)}
		}}
	}
	table := NewTable("rows", func(r *row) Uint64 { return r.ID },
		index("state", func(r *row) string { return r.State }), index("label", func(r *row) string { return r.Label }))
	db, err := Open(b.Context(), filepath.Join(b.TempDir(), "standpunt.db"),
		Options{Schemas: []Schema{{Room: "rows", Buckets: table.Buckets()}}, NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	const rows = 200_000
	for from := 0; from < rows; from += 1000 {
		err := db.Update(b.Context(), func(tx *Tx) error {
			for i := from; i < from+1000; i++ {
				r := row{ID: Uint64(i), State: fmt.Sprint(i % 2), Label: fmt.Sprint(i / 7 % 100)}
				if err := table.Put(tx, &r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		found := 0
		err := db.View(b.Context(), func(tx *Tx) error {
			found = 0
			for suffix := range Intersect(nil, table.Stream(tx, "state", Field([]byte("1"))), table.Stream(tx, "label", Field([]byte("42")))) {
				n, err := ParseUint64(suffix[8:])
				if err != nil {
					return err
				}
				if _, err := table.Get(tx, n); err != nil {
					return err
				}
				if found++; found == 50 {
					break
				}
			}
			return nil
		})
		if err != nil || found != 50 {
			b.Fatal(found, err)
		}
	}
	if err := db.Close(b.Context()); err != nil {
		b.Error(err)
	}
}
