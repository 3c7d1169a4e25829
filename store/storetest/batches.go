package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	"standpunt/store"
)

// hold starts an Update that runs until the returned function is called, so
// that the Updates that come meanwhile wait for it together.
func hold(t testing.TB, db *store.DB) (letGo func()) {
	t.Helper()
	gate := make(chan struct{})
	ended := make(chan error)
	go func() {
		ended <- db.Update(context.Background(), func(*store.Tx) error {
			<-gate
			return nil
		})
	}()
	synctest.Wait()
	return func() {
		close(gate)
		if err := <-ended; err != nil {
			t.Errorf("the update that the others wait for: %v", err)
		}
	}
}

// testBatchMates has twenty Updates wait for one commit. Each writes a key of
// its own and one that all write; every second fails.
func testBatchMates(t *testing.T, open Opener) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		db := open(t, dir, schema())
		put(t, db, "shared", "start")
		put(t, db, "kept", "1")
		letGo := hold(t, db)
		var seen []string // what each survivor found; the engine runs one function at a time
		mine := errors.New("mine")
		outcomes := make([]error, 20)
		var all sync.WaitGroup
		for i := range outcomes {
			all.Go(func() {
				outcomes[i] = db.Update(context.Background(), func(tx *store.Tx) error {
					found := string(tx.Get(here, []byte("shared")))
					err := errors.Join(tx.Put(here, []byte("shared"), []byte(strconv.Itoa(i))),
						tx.Put(here, fmt.Appendf(nil, "own %02d", i), []byte("x")))
					if i%2 == 1 {
						return errors.Join(err, mine, tx.Put(here, []byte("shared"), []byte("again")),
							tx.Delete(here, []byte("kept")), tx.Put(here, []byte("kept"), []byte("x")), tx.Delete(here, []byte("kept")))
					}
					seen = append(seen, found+">"+strconv.Itoa(i))
					return err
				})
			})
		}
		synctest.Wait()
		letGo()
		all.Wait()
		got := dump(t, db, here)
		for i, err := range outcomes {
			_, there := got[fmt.Sprintf("own %02d", i)]
			if failed := i%2 == 1; failed != errors.Is(err, mine) || failed == there {
				t.Errorf("update %d: error %v, its key is there: %v", i, err, there)
			}
		}
		if len(seen) != 10 {
			t.Fatalf("%d functions ran to their end, want 10", len(seen))
		}
		// Each survivor found what the survivor before it wrote, whatever
		// failing ones wrote in between.
		last := "start"
		for _, step := range seen {
			if want := last + ">"; len(step) <= len(want) || step[:len(want)] != want {
				t.Errorf("step %q does not follow %q in %v", step, last, seen)
			}
			last = step[len(last)+1:]
		}
		if got["kept"] != "1" {
			t.Errorf("kept is %q after functions that failed", got["kept"])
		}
		if got["shared"] != last {
			t.Errorf("shared is %q, the last to write it was %q", got["shared"], last)
		}
	})
}

// testLeaked has one Update use the transaction of another one that waits for
// the same commit.
func testLeaked(t *testing.T, open Opener) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		db := open(t, dir, schema())
		letGo := hold(t, db)
		transactions := make(chan *store.Tx, 2)
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				err := db.Update(context.Background(), func(tx *store.Tx) error {
					transactions <- tx
					if len(transactions) == 2 {
						leaked := <-transactions
						if leaked.Put(here, []byte("late"), nil) == nil {
							t.Error("a transaction lives on after its function")
						}
						if !panics(func() { leaked.Get(here, []byte("late")) }) {
							t.Error("a transaction reads on after its function")
						}
					}
					return tx.Put(here, []byte("k"), []byte("v"))
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		letGo()
		all.Wait()
		expect(t, db, map[string]string{"k": "v"})
	})
}

func panics(fn func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	fn()
	return false
}

func testPanic(t *testing.T, open Opener) {
	db := open(t, t.TempDir(), schema())
	write := func(tx *store.Tx) {
		if err := tx.Put(here, []byte("k"), []byte("v")); err != nil {
			t.Error(err)
		}
	}
	caught := func() (caught any) {
		defer func() { caught = recover() }()
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			write(tx)
			panic("mine")
		})
		t.Errorf("Update returned %v", err)
		return nil
	}()
	if caught != "mine" {
		t.Errorf("the caller caught %v", caught)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = db.Update(t.Context(), func(tx *store.Tx) error { // it does not return
			write(tx)
			runtime.Goexit() // what t.Fatal does
			return nil
		})
	}()
	<-ended
	caught = func() (caught any) {
		defer func() { caught = recover() }()
		return db.View(t.Context(), func(*store.Tx) error { panic("in a view") })
	}()
	if caught != "in a view" {
		t.Errorf("the reader caught %v", caught)
	}
	expect(t, db, map[string]string{})
	put(t, db, "after", "1")
	expect(t, db, map[string]string{"after": "1"})
}

func testSnapshot(t *testing.T, open Opener) {
	db := open(t, t.TempDir(), schema())
	put(t, db, "k", "1")
	written := make(chan struct{})
	running := make(chan struct{})
	var update sync.WaitGroup
	err := db.View(t.Context(), func(tx *store.Tx) error {
		update.Go(func() {
			err := db.Update(context.Background(), func(tx *store.Tx) error {
				err := tx.Put(here, []byte("k"), []byte("2"))
				close(running)
				<-written
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-running
		// A View beside an Update that has written neither waits for it nor sees it.
		expect(t, db, map[string]string{"k": "1"})
		close(written)
		update.Wait()
		if got := tx.Get(here, []byte("k")); string(got) != "1" {
			t.Errorf("an older View sees %q", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	expect(t, db, map[string]string{"k": "2"})
}

func testOnCommit(t *testing.T, open Opener) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		db := open(t, dir, schema())
		letGo := hold(t, db)
		var ran, called []string // the engine runs one at a time
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				name := strconv.Itoa(i)
				err := db.Update(context.Background(), func(tx *store.Tx) error {
					for _, part := range []string{"a", "b"} {
						tx.OnCommit(func() {
							called = append(called, name+part)
							if _, there := dump(t, db, here)[name]; !there {
								t.Errorf("%s is called before its write is there", name)
							}
						})
					}
					if i%3 == 0 {
						return errors.New("failed")
					}
					ran = append(ran, name+"a", name+"b")
					return tx.Put(here, []byte(name), nil)
				})
				if failed := i%3 == 0; failed != (err != nil) {
					t.Errorf("update %d: %v", i, err)
				}
				if i%3 != 0 && !slices.Contains(called, name+"b") {
					t.Errorf("update %d returned before its functions were called", i)
				}
			})
		}
		synctest.Wait()
		letGo()
		all.Wait()
		if len(ran) != 16 || !slices.Equal(called, ran) {
			t.Errorf("called %v, in the order of the commits %v", called, ran)
		}
	})
}

func testCancelled(t *testing.T, open Opener) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		db := open(t, dir, schema())
		never := func(*store.Tx) error {
			return errors.New("a function runs whose context is cancelled")
		}
		ctx, cancel := context.WithCancel(context.Background())
		letGo := hold(t, db)
		outcome := make(chan error)
		for range 3 {
			go func() { outcome <- db.Update(ctx, never) }()
		}
		synctest.Wait()
		cancel()
		for range 3 {
			if err := <-outcome; !errors.Is(err, context.Canceled) {
				t.Errorf("waiting: got %v", err)
			}
		}
		letGo()
		for range 1000 { // a cancelled Update can still win its way to the front
			if err := db.Update(ctx, never); !errors.Is(err, context.Canceled) {
				t.Errorf("Update: got %v", err)
			}
		}
		if err := db.View(ctx, never); !errors.Is(err, context.Canceled) {
			t.Errorf("View: got %v", err)
		}
		put(t, db, "after", "1")
		expect(t, db, map[string]string{"after": "1"})
	})
}

// testCancelledAnywhere has contexts end at any moment of their Updates: each
// either returns nil and is there, or returns the context's error and is not.
func testCancelledAnywhere(t *testing.T, open Opener) {
	db := open(t, t.TempDir(), schema())
	const writers, rounds = 8, 150
	want := make([]map[string]string, writers)
	var all sync.WaitGroup
	for w := range writers {
		want[w] = make(map[string]string)
		all.Go(func() {
			for i := range rounds {
				ctx, cancel := context.WithCancel(context.Background())
				all.Go(cancel)
				key := fmt.Sprintf("%d/%d", w, i)
				err := db.Update(ctx, func(tx *store.Tx) error { return tx.Put(here, []byte(key), nil) })
				switch {
				case err == nil:
					want[w][key] = ""
				case !errors.Is(err, context.Canceled):
					t.Errorf("%s: %v", key, err)
				}
				cancel()
			}
		})
	}
	all.Wait()
	for _, part := range want[1:] {
		maps.Copy(want[0], part)
	}
	expect(t, db, want[0])
}

// testConcurrency moves amounts between two keys whose sum never changes.
func testConcurrency(t *testing.T, open Opener) {
	db := open(t, t.TempDir(), schema())
	const writers, moves = 24, 25
	number := func(tx *store.Tx, key string) int {
		n, err := strconv.Atoi(string(tx.Get(here, []byte(key))))
		if err != nil {
			t.Errorf("%s: %v", key, err)
		}
		return n
	}
	set := func(tx *store.Tx, key string, n int) error {
		return tx.Put(here, []byte(key), []byte(strconv.Itoa(n)))
	}
	put(t, db, "left", "0")
	put(t, db, "right", "0")
	var writing, reading sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		reading.Go(func() {
			for {
				err := db.View(context.Background(), func(tx *store.Tx) error {
					if l, r := number(tx, "left"), number(tx, "right"); l+r != 0 {
						t.Errorf("a reader sees %d and %d", l, r)
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for range writers {
		writing.Go(func() {
			for range moves {
				err := db.Update(context.Background(), func(tx *store.Tx) error {
					return errors.Join(set(tx, "left", number(tx, "left")+1), set(tx, "right", number(tx, "right")-1))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	close(stop)
	reading.Wait()
	want := strconv.Itoa(writers * moves)
	expect(t, db, map[string]string{"left": want, "right": "-" + want})
}
