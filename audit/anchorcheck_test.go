package audit_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"standpunt/audit"
	"standpunt/store"
)

// copied opens a copy of the room's data file for reading only, as whoever
// verifies beside a running daemon does.
func (r *room) copied() *store.DB {
	r.t.Helper()
	var b bytes.Buffer
	if err := r.db.Backup(r.t.Context(), &b); err != nil {
		r.t.Fatal(err)
	}
	path := filepath.Join(r.t.TempDir(), "copy.db")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		r.t.Fatal(err)
	}
	db, err := store.Open(r.t.Context(), path, store.Options{Schemas: []store.Schema{audit.Schema}, ReadOnly: true})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if err := db.Close(context.Background()); err != nil {
			r.t.Error(err)
		}
	})
	return db
}

func TestCopyIsHeldAgainstTheAnchor(t *testing.T) {
	r := damageRoom(t)
	r.fill(6)
	key, file := r.log.VerifierKey(), r.opts.AnchorFile
	anchor := audit.ReadAnchor(file)
	if c, err := anchor.Check(t.Context(), r.copied(), key); err != nil || c == nil || c.Size != 6 {
		t.Fatalf("an honest copy: %+v, %v", c, err)
	}
	r.append(event(6))
	if c, err := anchor.Check(t.Context(), r.copied(), key); err != nil || c == nil || c.Size != 6 {
		t.Errorf("a log that went on: %+v, %v", c, err)
	}
	trouble := func(what string, a audit.Anchor, want audit.AnchorTrouble) {
		t.Helper()
		var e *audit.AnchorError
		if _, err := a.Check(t.Context(), r.copied(), key); !errors.As(err, &e) || e.Trouble != want {
			t.Errorf("%s: %v, want trouble %s", what, err, want)
		}
	}
	other := newRoom(t)
	other.fill(2)
	trouble("another log's anchor", audit.ReadAnchor(other.opts.AnchorFile), audit.AnchorForeign)
	r.cutTail(4)
	trouble("a log that was cut", anchor, audit.AnchorLonger)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	trouble("an anchor that was taken away", audit.ReadAnchor(file), audit.AnchorMissing)
	elsewhere := audit.ReadAnchor(filepath.Join(t.TempDir(), "anchor"))
	if c, err := elsewhere.Check(t.Context(), r.copied(), key); err != nil || c != nil {
		t.Errorf("where no anchor ever was: %+v, %v", c, err)
	}
	if _, err := anchor.Check(t.Context(), r.copied(), "no key"); err == nil {
		t.Error("checked without a key")
	}
}
