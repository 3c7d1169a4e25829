package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.etcd.io/bbolt"

	"standpunt/internal/fault"
)

const things Bucket = "things"

func thingsOptions() Options {
	return Options{Schemas: []Schema{{Room: "things", Buckets: []Bucket{things}}}, NoSync: true}
}

// openFileAt opens a file for the test.
func openFileAt(t *testing.T, path string, o Options) *DB {
	t.Helper()
	db, err := Open(t.Context(), path, o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { closeDB(t, db) })
	return db
}

func closeDB(t *testing.T, db *DB) {
	t.Helper()
	if err := db.Close(context.Background()); err != nil {
		t.Errorf("close: %v", err)
	}
}

func putThing(db *DB, key, value string) error {
	return db.Update(context.Background(), func(tx *Tx) error { return tx.Put(things, []byte(key), []byte(value)) })
}

func thing(t *testing.T, db *DB, key string) string {
	t.Helper()
	var value string
	err := db.View(t.Context(), func(tx *Tx) error {
		value = string(tx.Get(things, []byte(key)))
		return nil
	})
	if err != nil {
		t.Fatalf("view: %v", err)
	}
	return value
}

// filled is a closed data file with a few hundred records.
func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "standpunt.db")
	db := openFileAt(t, path, thingsOptions())
	err := db.Update(t.Context(), func(tx *Tx) error {
		for i := range 500 {
			if err := tx.Put(things, fmt.Appendf(nil, "%04d", i), bytes.Repeat([]byte{'x'}, 300)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	closeDB(t, db)
	return path
}

func TestOpenMakesAPrivateFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "standpunt.db")
	db := openFileAt(t, path, thingsOptions())
	if err := putThing(db, "k", "v"); err != nil {
		t.Fatal(err)
	}
	closeDB(t, db)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	db = openFileAt(t, path, thingsOptions())
	if got := thing(t, db, "k"); got != "v" {
		t.Errorf("got %q", got)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range list {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", entry.Name(), info.Mode())
		}
		names = append(names, entry.Name())
	}
	if got := strings.Join(names, " "); got != "standpunt.db standpunt.db.lock" {
		t.Errorf("the directory holds %s", got)
	}
}

func TestOpenNeedsTheDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "standpunt.db")
	_, err := Open(t.Context(), path, thingsOptions())
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
	dir := t.TempDir()
	_, err = Open(t.Context(), filepath.Join(dir, "standpunt.db"), Options{ReadOnly: true})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("reading a missing file: got %v", err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
		t.Errorf("reading a missing file leaves %v, %v", list, err)
	}
}

func TestOpenFollowsLinks(t *testing.T) {
	path := filled(t)
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	db := openFileAt(t, link, thingsOptions())
	if err := errors.Join(putThing(db, "k", "v"), db.Compact(t.Context())); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path, thingsOptions()); !fault.Is(err, fault.Conflict) {
		t.Errorf("the file behind the link: got %v", err)
	}
	closeDB(t, db)
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if got := thing(t, openFileAt(t, path, thingsOptions()), "k"); got != "v" {
		t.Errorf("got %q", got)
	}
}

// TestOpenRefuses opens files that must not be written to, both ways, and
// compares their bytes afterwards.
func TestOpenRefuses(t *testing.T) {
	edit := func(change func(b []byte) []byte) func(t *testing.T) string {
		return func(t *testing.T) string {
			path := filled(t)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, change(b), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
	}
	content := func(s string) func(t *testing.T) string {
		return edit(func([]byte) []byte { return []byte(s) })
	}
	page := os.Getpagesize()
	for name, c := range map[string]struct {
		file func(t *testing.T) string
		code fault.Code
		says string
	}{
		"empty":          {content(""), fault.InvalidInput, "empty"},
		"text":           {content(strings.Repeat("not a data file\n", 2000)), fault.InvalidInput, "not a data file of Standpunt"},
		"short text":     {content("x"), fault.InvalidInput, "not a data file of Standpunt"},
		"SQLite":         {content("SQLite format 3\x00" + strings.Repeat("\x00", 8192)), fault.InvalidInput, "not a data file of Standpunt"},
		"first 40 bytes": {edit(func(b []byte) []byte { return b[:40] }), fault.InvalidInput, "damaged"},
		"first page":     {edit(func(b []byte) []byte { return b[:page] }), fault.InvalidInput, "cut short"},
		"half":           {edit(func(b []byte) []byte { return b[:20*page] }), fault.InvalidInput, "cut short"},
		"both metas": {edit(func(b []byte) []byte {
			b[40] ^= 1
			b[page+40] ^= 1
			return b
		}), fault.InvalidInput, "damaged"},
		"all but the metas": {edit(func(b []byte) []byte {
			for i := range b[2*page:] {
				b[2*page+i] = 0xa5
			}
			return b
		}), fault.InvalidInput, "damaged"},
		"zeros after the metas": {edit(func(b []byte) []byte {
			clear(b[2*page:])
			return b
		}), fault.InvalidInput, ""},
		"another program's": {func(t *testing.T) string { return foreignBolt(t, nil) }, fault.InvalidInput, "another program"},
		"another program's with a meta bucket": {func(t *testing.T) string {
			return foreignBolt(t, map[string][]byte{"application": []byte("etcd"), "schema": Uint64(1).Key()})
		}, fault.InvalidInput, "another program"},
		"newer": {func(t *testing.T) string {
			return foreignBolt(t, map[string][]byte{"application": []byte(application), "schema": Uint64(99).Key()})
		}, fault.Conflict, "schema 99"},
		"a directory": {func(t *testing.T) string { return t.TempDir() }, fault.InvalidInput, "not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			path := c.file(t)
			before, _ := os.ReadFile(path)
			for _, readOnly := range []bool{false, true} {
				o := thingsOptions()
				o.ReadOnly = readOnly
				db, err := Open(t.Context(), path, o)
				if err == nil {
					closeDB(t, db)
					t.Fatal("it opens")
				}
				if !fault.Is(err, c.code) || !strings.Contains(message(err), c.says) || !strings.Contains(err.Error(), filepath.Base(path)) {
					t.Errorf("read-only %v: got %q (%s), want %s and %q", readOnly, err, fault.CodeOf(err), c.code, c.says)
				}
			}
			after, _ := os.ReadFile(path)
			if !bytes.Equal(before, after) {
				t.Error("the file has changed")
			}
		})
	}
}

// message is a fault's message without the path, which has the test's name.
func message(err error) string {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f.Message
	}
	return err.Error()
}

// foreignBolt is a bbolt file that Open did not make.
func foreignBolt(t *testing.T, meta map[string][]byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "foreign.db")
	// Without a synced freelist, opening it for writing would write to it.
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoFreelistSync: true})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("meta"))
		for k, v := range meta {
			err = errors.Join(err, b.Put([]byte(k), v))
		}
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheckFindsDamage(t *testing.T) {
	path := filled(t)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Two keys of one page change places.
	i, j := bytes.Index(b, []byte("0100xxx")), bytes.Index(b, []byte("0101xxx"))
	if i < 0 || j < 0 {
		t.Fatal("no such keys in the file")
	}
	b[i+3], b[j+3] = '1', '0'
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := openFileAt(t, path, thingsOptions()).Check(t.Context()); !errors.Is(err, errDamaged) {
		t.Errorf("got %v", err)
	}
}

func TestSecondOpenNamesTheFirst(t *testing.T) {
	path := filled(t)
	db := openFileAt(t, path, thingsOptions())
	for _, readOnly := range []bool{false, true} {
		o := thingsOptions()
		o.ReadOnly = readOnly
		_, err := Open(t.Context(), path, o)
		if !fault.Is(err, fault.Conflict) {
			t.Fatalf("got %v", err)
		}
		for _, want := range []string{fmt.Sprintf("process %d", os.Getpid()), "since 20", "Stop it first; audit verify, audit export and backup also work while it runs"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q does not say %q", err, want)
			}
		}
	}
	closeDB(t, db)
	if b, err := os.ReadFile(lockPath(path)); err != nil || len(b) > 0 {
		t.Errorf("the lock still names %s, %v", b, err)
	}

	o := thingsOptions()
	o.ReadOnly = true
	first, second := openFileAt(t, path, o), openFileAt(t, path, o)
	if thing(t, first, "0001") == "" || thing(t, second, "0001") == "" {
		t.Error("two readers do not both read")
	}
	if err := putThing(first, "k", "v"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("writing to what is open for reading: %v", err)
	}
	if err := first.Check(t.Context()); err != nil {
		t.Errorf("Check of what is open for reading: %v", err)
	}
	if _, err := Open(t.Context(), path, thingsOptions()); !fault.Is(err, fault.Conflict) {
		t.Errorf("a writer beside readers: got %v", err)
	}
}

func TestWaitLock(t *testing.T) {
	path := filled(t)
	synctest.Test(t, func(t *testing.T) {
		db, err := Open(t.Context(), path, thingsOptions())
		if err != nil {
			t.Fatal(err)
		}
		o := thingsOptions()
		o.WaitLock = time.Minute
		begin := time.Now()
		if _, err := Open(t.Context(), path, o); !fault.Is(err, fault.Conflict) || time.Since(begin) != time.Minute {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := Open(ctx, path, o); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		time.AfterFunc(10*time.Second, func() { closeDB(t, db) })
		begin = time.Now()
		db, err = Open(t.Context(), path, o)
		if err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(begin); waited < 10*time.Second || waited > 11*time.Second {
			t.Errorf("waited %v", waited)
		}
		closeDB(t, db)
	})
}

func TestSchemasShareNoBucket(t *testing.T) {
	for _, second := range []Bucket{"things", metaBucket, ""} {
		o := thingsOptions()
		o.Schemas = append(o.Schemas, Schema{Room: "other", Buckets: []Bucket{second}})
		if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "standpunt.db"), o); err == nil {
			t.Errorf("bucket %q can be declared", second)
		}
	}
}

func TestOpenRemovesLeftovers(t *testing.T) {
	path := filled(t)
	left := path + temporaryMark + "123"
	if err := os.WriteFile(left, []byte("half a copy"), 0o600); err != nil {
		t.Fatal(err)
	}
	openFileAt(t, path, thingsOptions())
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}
