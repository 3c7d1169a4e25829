// Package storetest opens data files for tests and holds the suite that every
// storage engine passes.
//
// [Open] is what a room's tests use: a real file in a directory of the test,
// checked and closed when the test ends. [Run] is the suite.
package storetest

import (
	"context"
	"path/filepath"
	"testing"

	"standpunt/store"
)

// Open opens a new data file with the given schemas for the duration of the
// test. When the test ends, [store.DB.Check] runs and the file is closed; a
// fault of either fails the test, and so does a transaction that is still
// running then. A test may close the file itself before. In a synctest bubble
// it takes the bubble's own t, so that the file is closed inside it.
func Open(t testing.TB, schemas ...store.Schema) *store.DB {
	t.Helper()
	return OpenAt(t, t.TempDir(), schemas...)
}

// OpenAt is [Open] on the file in dir, which is made if it is missing, for
// tests that close a file and open it again.
func OpenAt(t testing.TB, dir string, schemas ...store.Schema) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), filepath.Join(dir, "standpunt.db"), store.Options{
		Schemas: schemas,
		NoSync:  true, // a test's file need not outlive the machine
	})
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	t.Cleanup(func() { checkAndClose(t, db) })
	return db
}
