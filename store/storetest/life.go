package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/store"
)

// now is the time of an Update that writes something.
func now(t testing.TB, db *store.DB) time.Time {
	t.Helper()
	var at time.Time
	update(t, db, func(tx *store.Tx) error {
		at = tx.Now()
		return tx.Put(here, []byte("at"), store.Time(at))
	})
	return at
}

func testNow(t *testing.T, open Opener) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		db := open(t, dir, schema())
		time.Sleep(1234567 * time.Nanosecond) // the bubble's clock
		want := time.Now().UTC().Truncate(time.Millisecond)
		if got := now(t, db); !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("got %v, want %v", got, want)
		}
		update(t, db, func(tx *store.Tx) error {
			before := tx.Now()
			time.Sleep(time.Hour)
			if !tx.Now().Equal(before) {
				t.Error("the time moves inside a transaction")
			}
			return nil
		})
		err := db.View(t.Context(), func(tx *store.Tx) error {
			if want := want.Add(time.Hour); !tx.Now().Equal(want) {
				t.Errorf("View: got %v, want %v", tx.Now(), want)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// testClockGoesBack writes at the machine's time and opens the file again in a
// bubble, where it is the year 2000.
func testClockGoesBack(t *testing.T, open Opener) {
	dir := t.TempDir()
	db := open(t, dir, schema())
	last := now(t, db)
	synctest.Test(t, func(t *testing.T) {
		err := db.View(t.Context(), func(tx *store.Tx) error {
			if tx.Now().Before(last) {
				t.Errorf("beside the Update: got %v, want the last commit's %v", tx.Now(), last)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	if err := db.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		if !time.Now().Before(last) {
			t.Fatalf("the bubble's clock says %v", time.Now())
		}
		db := open(t, dir, schema())
		for range 3 {
			if got := now(t, db); !got.Equal(last) {
				t.Errorf("Update: got %v, want the last commit's %v", got, last)
			}
			time.Sleep(time.Second)
		}
		err := db.View(t.Context(), func(tx *store.Tx) error {
			if !tx.Now().Equal(last) {
				t.Errorf("View: got %v, want the last commit's %v", tx.Now(), last)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func testRestart(t *testing.T, open Opener) {
	dir := t.TempDir()
	want := make(map[string]string)
	for round := range 3 {
		db := open(t, dir, schema())
		expect(t, db, want)
		for i := range 50 {
			key := fmt.Sprintf("%d/%d", round, i)
			put(t, db, key, "x")
			want[key] = "x"
		}
		if err := db.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// A room that is new gets its buckets in the file that is there.
	db := open(t, dir, schema(), store.Schema{Room: "new", Buckets: []store.Bucket{"new"}})
	expect(t, db, want)
	update(t, db, func(tx *store.Tx) error { return tx.Put("new", []byte("k"), nil) })
}

func testCheck(t *testing.T, open Opener) {
	mine := errors.New("mine")
	var fails error
	s := schema()
	s.Checks = []func(*store.Tx) error{
		func(tx *store.Tx) error { return fails },
		func(tx *store.Tx) error {
			if tx.Get(here, []byte("bad")) != nil {
				return errors.New("a bad record")
			}
			return nil
		},
	}
	db := open(t, t.TempDir(), s)
	if err := db.Check(t.Context()); err != nil {
		t.Errorf("got %v", err)
	}
	fails = mine
	if err := db.Check(t.Context()); !errors.Is(err, mine) {
		t.Errorf("got %v, want the room's error", err)
	}
	fails = nil
	put(t, db, "bad", "")
	if db.Check(t.Context()) == nil {
		t.Error("Check does not read the records")
	}
	update(t, db, func(tx *store.Tx) error { return tx.Delete(here, []byte("bad")) })
}

func testCompact(t *testing.T, open Opener) {
	dir := t.TempDir()
	db := open(t, dir, schema())
	large := string(bytes.Repeat([]byte("x"), 2000))
	want := make(map[string]string)
	for i := range 200 {
		key := fmt.Sprintf("%03d", i)
		put(t, db, key, large)
		if i%10 == 0 {
			want[key] = large
		}
	}
	update(t, db, func(tx *store.Tx) error {
		for i := range 200 {
			if key := fmt.Sprintf("%03d", i); want[key] == "" {
				if err := tx.Delete(here, []byte(key)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	err := db.View(t.Context(), func(tx *store.Tx) error {
		for range 2 {
			if err := db.Compact(t.Context()); err != nil {
				return err
			}
			put(t, db, "later", "1") // in the new file
		}
		if tx.Get(here, []byte("later")) != nil || len(tx.Get(here, []byte("190"))) != len(large) {
			t.Error("a View that began before sees another file")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	want["later"] = "1"
	expect(t, db, want)
	if err := errors.Join(db.Check(t.Context()), db.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	expect(t, open(t, dir, schema()), want)
}

func testClose(t *testing.T, open Opener) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		db := open(t, dir, schema())
		put(t, db, "k", "v")
		gate := make(chan struct{})
		ended := make(chan error)
		go func() {
			ended <- db.View(context.Background(), func(tx *store.Tx) error {
				<-gate
				if string(tx.Get(here, []byte("k"))) != "v" {
					t.Error("the file is gone under a View")
				}
				return nil
			})
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := db.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Close beside a View: got %v", err)
		}
		nothing := func(*store.Tx) error { return nil }
		if err := db.View(t.Context(), nothing); !errors.Is(err, store.ErrClosed) {
			t.Errorf("View: got %v", err)
		}
		if err := db.Update(t.Context(), nothing); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Update: got %v", err)
		}
		close(gate)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := db.Close(t.Context()); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		for _, call := range []func(context.Context) error{db.Check, db.Compact} {
			if err := call(t.Context()); !errors.Is(err, store.ErrClosed) {
				t.Errorf("got %v", err)
			}
		}
	})
}
