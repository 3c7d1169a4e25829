package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"standpunt/internal/fault"
	"standpunt/store"
	"standpunt/store/storetest"
)

// note is a record with one index of each shape that rooms use.
type note struct {
	ID     store.Uint64 `cbor:"1,keyasint"`
	Author string       `cbor:"2,keyasint"`
	Labels []string     `cbor:"3,keyasint,omitempty"`
	At     time.Time    `cbor:"4,keyasint,omitzero"`
}

func notes() *store.Table[store.Uint64, note] {
	return store.NewTable("notes", func(n *note) store.Uint64 { return n.ID },
		store.Index[note]{Name: "author", Entries: func(n *note) [][]byte {
			return [][]byte{append(store.Field([]byte(n.Author)), store.NewestFirst(n.At)...)}
		}},
		store.Index[note]{Name: "label", Entries: func(n *note) [][]byte {
			var all [][]byte
			for _, l := range n.Labels {
				all = append(all, append(store.Field([]byte(l)), store.NewestFirst(n.At)...))
			}
			return all
		}})
}

func notesSchema(t *store.Table[store.Uint64, note]) store.Schema {
	return store.Schema{Room: "notes", Buckets: t.Buckets(), Checks: []func(*store.Tx) error{t.Check}}
}

func update(t *testing.T, db *store.DB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := db.Update(t.Context(), fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

func view(t *testing.T, db *store.DB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := db.View(t.Context(), fn); err != nil {
		t.Fatalf("view: %v", err)
	}
}

// byIndex is the ids that an index holds for a value, in its order.
func byIndex(t *testing.T, db *store.DB, table *store.Table[store.Uint64, note], index, value string, reverse bool) []store.Uint64 {
	t.Helper()
	var ids []store.Uint64
	view(t, db, func(tx *store.Tx) error {
		ids = nil
		for n, err := range table.By(tx, index, store.Range{Prefix: store.Field([]byte(value))}, reverse) {
			if err != nil {
				return err
			}
			ids = append(ids, n.ID)
		}
		return nil
	})
	return ids
}

func TestTableKeepsEntriesInStep(t *testing.T) {
	table := notes()
	db := storetest.Open(t, notesSchema(table))
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("", 3600))
	put := func(n note) {
		t.Helper()
		update(t, db, func(tx *store.Tx) error { return table.Put(tx, &n) })
	}
	put(note{ID: 1, Author: "anna", Labels: []string{"outage", "billing", "outage"}, At: at})
	put(note{ID: 2, Author: "anna", Labels: []string{"outage"}, At: at.Add(time.Second)})
	put(note{ID: 3, Author: "an", Labels: nil, At: at.Add(time.Hour)})

	expect := func(index, value string, reverse bool, want ...store.Uint64) {
		t.Helper()
		if got := byIndex(t, db, table, index, value, reverse); !slices.Equal(got, want) {
			t.Errorf("%s=%s: got %v, want %v", index, value, got, want)
		}
	}
	expect("author", "anna", false, 2, 1)
	expect("author", "anna", true, 1, 2)
	expect("author", "an", false, 3)
	expect("label", "outage", false, 2, 1)

	put(note{ID: 1, Author: "bert", Labels: []string{"billing"}, At: at})
	expect("author", "anna", false, 2)
	expect("author", "bert", false, 1)
	expect("label", "outage", false, 2)
	expect("label", "billing", false, 1)

	update(t, db, func(tx *store.Tx) error { return table.Delete(tx, 2) })
	expect("author", "anna", false)
	expect("label", "outage", false)

	view(t, db, func(tx *store.Tx) error {
		n, err := table.Get(tx, 1)
		if err != nil {
			return err
		}
		if !n.At.Equal(at) || n.At.Location() != time.UTC || n.Author != "bert" {
			t.Errorf("got %+v", n)
		}
		if _, err := table.Get(tx, 2); !fault.Is(err, fault.NotFound) {
			t.Errorf("a deleted record: got %v, want not_found", err)
		}
		if n, ok, err := table.Lookup(tx, 2); n != nil || ok || err != nil {
			t.Errorf("lookup of a deleted record: %v, %v, %v", n, ok, err)
		}
		return nil
	})
}

func TestCheckFindsWhatIsOutOfStep(t *testing.T) {
	for name, spoil := range map[string]func(tx *store.Tx) error{
		"entry missing": func(tx *store.Tx) error {
			return tx.Delete("notes.author", firstKey(tx, "notes.author"))
		},
		"record missing": func(tx *store.Tx) error {
			return tx.Delete("notes", store.Uint64(1).Key())
		},
		"entry too many": func(tx *store.Tx) error {
			entry := append(store.Field([]byte("carl")), store.NewestFirst(time.Time{})...)
			return tx.Put("notes.author", append(entry, store.Uint64(1).Key()...), []byte{byte(len(entry))})
		},
		"entry without mark": func(tx *store.Tx) error {
			return tx.Put("notes.label", []byte("x"), nil)
		},
		"record under another key": func(tx *store.Tx) error {
			b, err := store.Encode(note{ID: 7})
			if err != nil {
				return err
			}
			return tx.Put("notes", store.Uint64(8).Key(), b)
		},
		"record unreadable": func(tx *store.Tx) error {
			return tx.Put("notes", store.Uint64(1).Key(), []byte("\xff"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			table := notes()
			db := storetest.Open(t, store.Schema{Room: "notes", Buckets: table.Buckets()})
			update(t, db, func(tx *store.Tx) error {
				return table.Put(tx, &note{ID: 1, Author: "anna", Labels: []string{"outage"}})
			})
			check := func() error { return db.View(t.Context(), table.Check) }
			if err := check(); err != nil {
				t.Fatalf("before: %v", err)
			}
			update(t, db, spoil)
			if check() == nil {
				t.Error("Check finds nothing")
			}
		})
	}
}

func firstKey(tx *store.Tx, b store.Bucket) []byte {
	for k := range tx.Scan(b, store.Range{}) {
		return slices.Clone(k)
	}
	return nil
}

// TestIntersect compares the leaps with counting.
func TestIntersect(t *testing.T) {
	const bucket = "sets"
	db := storetest.Open(t, store.Schema{Room: "sets", Buckets: []store.Bucket{bucket}})
	random := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		streams := 1 + random.IntN(4)
		count := make(map[string]int)
		update(t, db, func(tx *store.Tx) error {
			for s := range streams {
				for range random.IntN(60) {
					suffix := fmt.Sprintf("%0*d", 1+random.IntN(2), random.IntN(30))
					key := fmt.Appendf(nil, "%d/%d/%s", round, s, suffix)
					if tx.Get(bucket, key) == nil {
						count[suffix]++
					}
					if err := tx.Put(bucket, key, nil); err != nil {
						return err
					}
				}
			}
			return nil
		})
		from := ""
		if random.IntN(2) == 0 {
			from = fmt.Sprint(random.IntN(30))
		}
		var want []string
		for suffix, n := range count {
			if n == streams && suffix >= from {
				want = append(want, suffix)
			}
		}
		slices.Sort(want)
		view(t, db, func(tx *store.Tx) error {
			var got []string
			var list []store.Cursor
			for s := range streams {
				list = append(list, tx.Cursor(bucket, fmt.Appendf(nil, "%d/%d/", round, s)))
			}
			for k := range store.Intersect([]byte(from), list...) {
				got = append(got, string(k))
			}
			if !slices.Equal(got, want) {
				t.Fatalf("round %d, %d streams from %q: got %v, want %v", round, streams, from, got, want)
			}
			return nil
		})
	}
	view(t, db, func(tx *store.Tx) error {
		for k := range store.Intersect(nil) {
			t.Errorf("no streams yield %q", k)
		}
		return nil
	})
}
