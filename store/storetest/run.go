package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"standpunt/store"
)

// Opener opens the data file in dir with the engine under test, makes it if it
// is missing, and checks and closes it when t ends. [OpenAt] is one.
type Opener func(t testing.TB, dir string, schemas ...store.Schema) *store.DB

// Run is the suite that every storage engine passes.
func Run(t *testing.T, open Opener) {
	t.Helper()
	for _, part := range []struct {
		name string
		run  func(*testing.T, Opener)
	}{
		{"Get, Put and Delete", testReadYourWrites},
		{"mistakes are refused", testMistakes},
		{"ranges in both directions", testRanges},
		{"cursors", testCursors},
		{"a failing Update leaves nothing", testRollback},
		{"a failing Update in a shared batch", testBatchMates},
		{"a transaction that outlives its function", testLeaked},
		{"a panic and a Goexit stay with their caller", testPanic},
		{"a View is a snapshot", testSnapshot},
		{"OnCommit", testOnCommit},
		{"cancelled contexts", testCancelled},
		{"contexts cancelled at any moment", testCancelledAnywhere},
		{"concurrent Updates", testConcurrency},
		{"Now", testNow},
		{"Now when the clock goes back", testClockGoesBack},
		{"a restart loses nothing", testRestart},
		{"Check", testCheck},
		{"Compact", testCompact},
		{"Close", testClose},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, open) })
	}
}

// The buckets of the suite.
const (
	here  store.Bucket = "here"
	there store.Bucket = "there"
)

func schema() store.Schema {
	return store.Schema{Room: "suite", Buckets: []store.Bucket{here, there}}
}

func update(t testing.TB, db *store.DB, fn func(*store.Tx) error) {
	t.Helper()
	if err := db.Update(context.Background(), fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

func put(t testing.TB, db *store.DB, key, value string) {
	t.Helper()
	update(t, db, func(tx *store.Tx) error { return tx.Put(here, []byte(key), []byte(value)) })
}

// dump is all of a bucket.
func dump(t testing.TB, db *store.DB, b store.Bucket) map[string]string {
	t.Helper()
	var all map[string]string
	err := db.View(context.Background(), func(tx *store.Tx) error {
		all = make(map[string]string)
		for k, v := range tx.Scan(b, store.Range{}) {
			all[string(k)] = string(v)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("view: %v", err)
	}
	return all
}

func expect(t testing.TB, db *store.DB, want map[string]string) {
	t.Helper()
	if got := dump(t, db, here); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func testReadYourWrites(t *testing.T, open Opener) {
	db := open(t, t.TempDir(), schema())
	put(t, db, "old", "1")
	update(t, db, func(tx *store.Tx) error {
		value := []byte("2")
		if err := errors.Join(tx.Put(here, []byte("new"), value), tx.Put(here, []byte("empty"), nil)); err != nil {
			return err
		}
		value[0] = 'x' // the caller's bytes are the caller's again
		if got := tx.Get(here, []byte("new")); string(got) != "2" {
			t.Errorf("new: got %q", got)
		}
		if got := tx.Get(here, []byte("empty")); got == nil || len(got) != 0 {
			t.Errorf("empty: got %v, which does not tell it from a missing key", got)
		}
		if tx.Get(there, []byte("new")) != nil {
			t.Error("the other bucket has it too")
		}
		if err := errors.Join(tx.Delete(here, []byte("old")), tx.Delete(here, []byte("never was"))); err != nil {
			return err
		}
		if tx.Get(here, []byte("old")) != nil {
			t.Error("old is still there")
		}
		var keys []string
		for k := range tx.Scan(here, store.Range{}) {
			keys = append(keys, string(k))
		}
		if !slices.Equal(keys, []string{"empty", "new"}) {
			t.Errorf("the scan has %q", keys)
		}
		return nil
	})
	expect(t, db, map[string]string{"empty": "", "new": "2"})
	err := db.View(t.Context(), func(tx *store.Tx) error {
		if got := tx.Get(here, []byte("empty")); got == nil || len(got) != 0 {
			t.Errorf("empty after the commit: got %v", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func testMistakes(t *testing.T, open Opener) {
	db := open(t, t.TempDir(), schema())
	for name, fn := range map[string]func(*store.Tx) error{
		"an empty key":         func(tx *store.Tx) error { return tx.Put(here, nil, []byte("x")) },
		"an undeclared bucket": func(tx *store.Tx) error { return tx.Put("nowhere", []byte("k"), nil) },
	} {
		if err := db.Update(t.Context(), fn); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if err := db.View(t.Context(), func(tx *store.Tx) error { return tx.Put(here, []byte("k"), nil) }); err == nil {
		t.Error("a View writes")
	}
	if err := db.View(t.Context(), func(tx *store.Tx) error { return tx.Delete(here, []byte("k")) }); err == nil {
		t.Error("a View deletes")
	}
	var leaked *store.Tx
	err := db.View(t.Context(), func(tx *store.Tx) error {
		leaked = tx
		if !panics(func() { tx.Get("nowhere", []byte("k")) }) {
			t.Error("an undeclared bucket can be read")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if !panics(func() { leaked.Get(here, []byte("k")) }) {
		t.Error("a View reads on after its function")
	}
	expect(t, db, map[string]string{})
}

// testRanges compares scans with a sorted list.
func testRanges(t *testing.T, open Opener) {
	db := open(t, t.TempDir(), schema())
	random := rand.New(rand.NewPCG(3, 4))
	alphabet := []byte{0x00, 'a', 'b', 0xff}
	word := func(most int) []byte {
		w := make([]byte, random.IntN(most+1))
		for i := range w {
			w[i] = alphabet[random.IntN(len(alphabet))]
		}
		return w
	}
	var keys []string
	update(t, db, func(tx *store.Tx) error {
		keys = nil
		for range 120 {
			if k := word(5); len(k) > 0 {
				keys = append(keys, string(k))
				if err := tx.Put(here, k, k); err != nil {
					return err
				}
			}
		}
		return nil
	})
	slices.Sort(keys)
	keys = slices.Compact(keys)
	err := db.View(t.Context(), func(tx *store.Tx) error {
		for range 5000 {
			r := store.Range{Prefix: word(2), From: word(3), To: word(3)}
			compareRange(t, tx, keys, r)
		}
		compareRange(t, tx, keys, store.Range{})
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func compareRange(t *testing.T, tx *store.Tx, keys []string, r store.Range) {
	t.Helper()
	var up, down []string
	for _, k := range keys {
		key := []byte(k)
		if !bytes.HasPrefix(key, r.Prefix) {
			continue
		}
		if bytes.Compare(key, r.From) >= 0 && (len(r.To) == 0 || bytes.Compare(key, r.To) < 0) {
			up = append(up, k)
		}
		if (len(r.From) == 0 || bytes.Compare(key, r.From) <= 0) && (len(r.To) == 0 || bytes.Compare(key, r.To) > 0) {
			down = append(down, k)
		}
	}
	slices.Reverse(down)
	var got []string
	for k, v := range tx.Scan(here, r) {
		if !bytes.Equal(k, v) {
			t.Fatalf("key %q comes with the value %q", k, v)
		}
		got = append(got, string(k))
	}
	if !slices.Equal(got, up) {
		t.Fatalf("%q ascending: got %q, want %q", r, got, up)
	}
	got = nil
	for k := range tx.ScanReverse(here, r) {
		got = append(got, string(k))
	}
	if !slices.Equal(got, down) {
		t.Fatalf("%q descending: got %q, want %q", r, got, down)
	}
}

func testCursors(t *testing.T, open Opener) {
	db := open(t, t.TempDir(), schema())
	update(t, db, func(tx *store.Tx) error {
		for _, k := range []string{"a", "p", "p1", "p3", "p5", "q"} {
			if err := tx.Put(here, []byte(k), nil); err != nil {
				return err
			}
		}
		return nil
	})
	err := db.View(t.Context(), func(tx *store.Tx) error {
		c := tx.Cursor(here, []byte("p"))
		for i, step := range []struct {
			got  []byte
			want string
		}{
			{c.Seek(nil), ""}, {c.Next(), "1"}, {c.Seek([]byte("2")), "3"}, {c.Seek([]byte("3")), "3"},
			{c.Next(), "5"}, {c.Next(), "end"}, {c.Seek([]byte("6")), "end"}, {c.Seek([]byte("0")), "1"},
		} {
			if got := string(step.got); step.got == nil && step.want != "end" || step.got != nil && got != step.want {
				t.Errorf("step %d: got %q, want %q", i, got, step.want)
			}
		}
		if got := tx.Cursor(there, nil).Seek(nil); got != nil {
			t.Errorf("a cursor over nothing yields %q", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func testRollback(t *testing.T, open Opener) {
	db := open(t, t.TempDir(), schema())
	put(t, db, "kept", "1")
	put(t, db, "changed", "1")
	mine := fmt.Errorf("mine")
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(
			tx.Put(here, []byte("changed"), []byte("2")), tx.Put(here, []byte("changed"), []byte("3")),
			tx.Delete(here, []byte("kept")), tx.Put(here, []byte("kept"), []byte("4")), tx.Delete(here, []byte("kept")),
			tx.Put(here, []byte("added"), []byte("5")), tx.Put(there, []byte("added"), []byte("6")),
			mine)
	})
	if !errors.Is(err, mine) {
		t.Errorf("got %v, want the function's own error", err)
	}
	expect(t, db, map[string]string{"kept": "1", "changed": "1"})
	if got := dump(t, db, there); len(got) != 0 {
		t.Errorf("the other bucket has %v", got)
	}
}
