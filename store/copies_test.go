package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func TestBackupCarriesAMark(t *testing.T) {
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "standpunt.db"), filepath.Join(dir, "copy.db")
	db := openFileAt(t, path, thingsOptions())
	if err := putThing(db, "k", "v"); err != nil {
		t.Fatal(err)
	}
	// The copy is one moment of a file that is being written to: of two keys
	// that are always equal, it has equal values.
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			value := fmt.Append(nil, i)
			err := db.Update(context.Background(), func(tx *Tx) error {
				return errors.Join(tx.Put(things, []byte("left"), value), tx.Put(things, []byte("right"), value))
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	var b bytes.Buffer
	begin := time.Now().Truncate(time.Millisecond)
	for range 5 {
		b.Reset()
		if err := db.Backup(t.Context(), &b); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	writing.Wait()
	if err := os.WriteFile(copied, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	copy := openFileAt(t, copied, thingsOptions())
	if thing(t, copy, "k") != "v" || thing(t, copy, "left") != thing(t, copy, "right") {
		t.Errorf("the copy holds %q, %q, %q", thing(t, copy, "k"), thing(t, copy, "left"), thing(t, copy, "right"))
	}
	if err := copy.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if at, err := db.Restored(t.Context()); err != nil || !at.IsZero() {
		t.Errorf("the original says it was restored: %v, %v", at, err)
	}
	at, err := copy.Restored(t.Context())
	if err != nil || at.Before(begin) || at.After(time.Now()) {
		t.Errorf("the copy says %v, %v; the backup began at %v", at, err, begin)
	}
	if err := copy.Update(t.Context(), ClearRestored); err != nil {
		t.Fatal(err)
	}
	closeDB(t, copy)
	if at, err := openFileAt(t, copied, thingsOptions()).Restored(t.Context()); err != nil || !at.IsZero() {
		t.Errorf("after ClearRestored: %v, %v", at, err)
	}
	noLeftovers(t, path)
}

func TestBackupStopsWithItsContext(t *testing.T) {
	path := filled(t)
	db := openFileAt(t, path, thingsOptions())
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Backup(ctx, writerFunc(func(p []byte) (int, error) {
		cancel()
		return len(p), nil
	}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	full := errors.New("full")
	if err := db.Backup(t.Context(), writerFunc(func([]byte) (int, error) { return 0, full })); !errors.Is(err, full) {
		t.Errorf("got %v, want the writer's error", err)
	}
	noLeftovers(t, path)
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestCompactLeavesNoResidue(t *testing.T) {
	path := filled(t)
	db := openFileAt(t, path, thingsOptions())
	secret := []byte("a customer's telephone number")
	if err := putThing(db, "secret", string(secret)); err != nil {
		t.Fatal(err)
	}
	err := db.Update(t.Context(), func(tx *Tx) error { return tx.Delete(things, []byte("secret")) })
	if err != nil {
		t.Fatal(err)
	}
	residue := func() bool {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(b, secret)
	}
	if !residue() {
		t.Fatal("bbolt leaves nothing behind any more, and Compact is not needed")
	}
	if err := db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if residue() {
		t.Error("the deleted record is still in the file")
	}
	if err := putThing(db, "after", "1"); err != nil {
		t.Fatal(err)
	}
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	closeDB(t, db)
	db = openFileAt(t, path, thingsOptions())
	if thing(t, db, "after") != "1" || thing(t, db, "0499") == "" || thing(t, db, "secret") != "" {
		t.Error("the compacted file lacks something")
	}
	noLeftovers(t, path)
}

// TestCompactBesideEverything compacts while others read, write and copy.
func TestCompactBesideEverything(t *testing.T) {
	path := filled(t)
	db := openFileAt(t, path, thingsOptions())
	stop := make(chan struct{})
	var busy sync.WaitGroup
	loop := func(fn func(i int) error) {
		busy.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := fn(i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	written := 0
	loop(func(i int) error {
		written = i + 1
		return putThing(db, fmt.Sprintf("w%06d", i), "x")
	})
	loop(func(int) error {
		return db.View(context.Background(), func(tx *Tx) error {
			n := 0
			for range tx.Scan(things, Range{To: []byte("w")}) {
				n++
			}
			if n != 500 {
				return fmt.Errorf("a reader sees %d records", n)
			}
			return nil
		})
	})
	loop(func(int) error {
		return db.Backup(context.Background(), writerFunc(func(p []byte) (int, error) { return len(p), nil }))
	})
	loop(func(int) error { return db.Check(context.Background()) })
	for range 10 {
		if err := db.Compact(t.Context()); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	busy.Wait()
	for i := range written {
		if key := fmt.Sprintf("w%06d", i); thing(t, db, key) != "x" {
			t.Fatalf("%s of %d is lost", key, written)
		}
	}
	noLeftovers(t, path)
}

func TestCompactKeepsSyncing(t *testing.T) {
	o := thingsOptions()
	o.NoSync = false
	db := openFileAt(t, filepath.Join(t.TempDir(), "standpunt.db"), o)
	if err := db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if db.engine.(*boltEngine).file.db.NoSync {
		t.Error("the new file is written without fsync")
	}
}

func noLeftovers(t *testing.T, path string) {
	t.Helper()
	left, err := filepath.Glob(path + temporaryMark + "*")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// second is a migration that renames every record, as a later release might.
func second() migration {
	return migration{number: 2, name: "upper keys", apply: func(tx *Tx) error {
		var keys [][]byte
		for k := range tx.Scan(things, Range{}) {
			keys = append(keys, bytes.Clone(k))
		}
		for _, k := range keys {
			if err := errors.Join(tx.Put(things, bytes.ToUpper(k), tx.Get(things, k)), tx.Delete(things, k)); err != nil {
				return err
			}
		}
		return nil
	}}
}

func openWith(t *testing.T, path string, o Options, list ...migration) (*DB, error) {
	t.Helper()
	e, err := openEngine(t.Context(), path, o, append([]migration{migrations[0]}, list...))
	if err != nil {
		return nil, err
	}
	db := &DB{engine: e}
	t.Cleanup(func() { closeDB(t, db) })
	return db, nil
}

func TestMigrationsKeepACopy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "standpunt.db")
	old, err := openWith(t, path, thingsOptions())
	if err != nil {
		t.Fatal(err)
	}
	if err := putThing(old, "k", "v"); err != nil {
		t.Fatal(err)
	}
	closeDB(t, old)

	o := thingsOptions()
	o.ReadOnly = true
	if _, err := openWith(t, path, o, second()); err == nil {
		t.Error("an older file can be read as if it were new")
	}
	failing := migration{number: 3, name: "failing", apply: func(tx *Tx) error {
		return errors.Join(tx.Delete(things, []byte("K")), errors.New("cannot"))
	}}
	if _, err := openWith(t, path, thingsOptions(), second(), failing); err == nil {
		t.Fatal("a migration that failed counts")
	}
	migrated, err := openWith(t, path, thingsOptions(), second())
	if err != nil {
		t.Fatal(err)
	}
	if thing(t, migrated, "K") != "v" || thing(t, migrated, "k") != "" {
		t.Error("the second migration did not run once")
	}
	closeDB(t, migrated)
	if _, err := openWith(t, path, thingsOptions()); err == nil {
		t.Error("the older program opens the newer file")
	}

	before, err := openWith(t, path+".before-2", thingsOptions())
	if err != nil {
		t.Fatal(err)
	}
	if thing(t, before, "k") != "v" {
		t.Error("the copy is not the file as it was")
	}
	if info, err := os.Stat(path + ".before-2"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v", info, err)
	}
	// A new file is at the newest schema at once, and needs no copy.
	fresh := filepath.Join(t.TempDir(), "standpunt.db")
	if _, err := openWith(t, fresh, thingsOptions(), second()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(fresh + ".before-2"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a copy of a new file: %v", err)
	}
}

func TestMigrationNumbersHaveNoGaps(t *testing.T) {
	for i, m := range migrations {
		if m.number != uint64(i+1) || m.name == "" {
			t.Errorf("migration %d has number %d and name %q", i+1, m.number, m.name)
		}
	}
}
