package audit_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"standpunt/audit"
	"standpunt/store"
)

func contextWithCancel(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// wantTrouble fails the test unless the check of the anchor reports it.
func (r *room) wantTrouble(want audit.AnchorTrouble) {
	r.t.Helper()
	var e *audit.AnchorError
	if err := r.log.CheckAnchor(r.t.Context()); !errors.As(err, &e) || e.Trouble != want || e.Error() == "" {
		r.t.Errorf("CheckAnchor: %v, want trouble %s", err, want)
	}
}

func TestAnchorFollowsTheCheckpoints(t *testing.T) {
	r := newRoom(t)
	if err := r.log.CheckAnchor(t.Context()); err != nil {
		t.Fatalf("the first start: %v", err)
	}
	for i := range 5 {
		r.append(event(i))
		signed := r.checkpoint()
		anchor, err := os.ReadFile(r.opts.AnchorFile)
		if err != nil || !bytes.Equal(anchor, signed) {
			t.Fatalf("the anchor holds %q, %v; signed was %q", anchor, err, signed)
		}
		if c, err := audit.ParseCheckpoint(anchor, r.log.VerifierKey()); err != nil || c.Size != uint64(i)+1 {
			t.Fatalf("the anchor says %+v, %v", c, err)
		}
	}
	r.reopen()
	if err := r.log.CheckAnchor(t.Context()); err != nil {
		t.Errorf("an honest log: %v", err)
	}
	if again := r.checkpoint(); len(r.records(checkpoints)) != 6 || len(again) == 0 {
		t.Errorf("a log at rest has %d checkpoints", len(r.records(checkpoints)))
	}
	leftovers, err := os.ReadDir(filepath.Dir(r.opts.AnchorFile))
	if err != nil || len(leftovers) != 1 {
		t.Errorf("beside the anchor: %v, %v", leftovers, err)
	}
}

func TestKilledDaemonSignsAtTheNextStart(t *testing.T) {
	r := newRoom(t)
	if err := r.log.CheckAnchor(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.append(event(0), event(1))
	r.reopen()
	if err := r.log.CheckAnchor(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c, _, err := r.log.LastCheckpoint(t.Context()); err != nil || c.Size != 2 {
		t.Errorf("signed %+v, %v", c, err)
	}
}

func TestAnchorOutOfReachIsReportedAndNotFatal(t *testing.T) {
	r := newRoom(t)
	storage := filepath.Join(r.dir, "storage")
	r.opts.AnchorFile = filepath.Join(storage, "anchor")
	r.reopen()
	r.append(event(0))
	r.checkpoint()
	if r.log.AnchorFault() == nil {
		t.Error("no fault while the storage is away")
	}
	if err := os.Mkdir(storage, 0o700); err != nil {
		t.Fatal(err)
	}
	r.checkpoint()
	if err := r.log.AnchorFault(); err != nil {
		t.Errorf("the storage is back: %v", err)
	}
	away := storage + ".away"
	if err := os.Rename(storage, away); err != nil {
		t.Fatal(err)
	}
	r.append(event(1))
	r.checkpoint()
	if r.log.AnchorFault() == nil {
		t.Error("no fault while the storage is away again")
	}
	r.wantTrouble(audit.AnchorMissing)
	if err := os.Rename(away, storage); err != nil {
		t.Fatal(err)
	}
	r.append(event(2))
	signed := r.checkpoint()
	if anchor, err := os.ReadFile(r.opts.AnchorFile); err != nil || !bytes.Equal(anchor, signed) {
		t.Errorf("the anchor holds %q, %v", anchor, err)
	}
}

func TestForgedAnchorIsForeign(t *testing.T) {
	r, other := newRoom(t), newRoom(t)
	r.fill(3)
	other.fill(3)
	forged, err := os.ReadFile(other.opts.AnchorFile)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"another key's": forged, "garbage": []byte("garbage"), "empty": nil} {
		if err := os.WriteFile(r.opts.AnchorFile, content, 0o600); err != nil {
			t.Fatal(err)
		}
		t.Log(name)
		r.wantTrouble(audit.AnchorForeign)
		if _, err := r.log.Checkpoint(t.Context()); err == nil {
			t.Errorf("signed over an anchor that is %s", name)
		}
		if r.log.AnchorFault() == nil {
			t.Errorf("no fault is shown for an anchor that is %s", name)
		}
	}
}

func TestReanchorAcceptsTheLogAndKeepsTheOldAnchor(t *testing.T) {
	r := damageRoom(t)
	r.fill(6)
	old, err := os.ReadFile(r.opts.AnchorFile)
	if err != nil {
		t.Fatal(err)
	}
	r.cutTail(4)
	r.wantTrouble(audit.AnchorLonger)
	if _, err := r.log.Reanchor(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.log.CheckAnchor(t.Context()); err != nil {
		t.Errorf("after people accepted the log: %v", err)
	}
	aside, err := filepath.Glob(r.opts.AnchorFile + ".superseded-*")
	if err != nil || len(aside) != 1 {
		t.Fatalf("put aside: %v, %v", aside, err)
	}
	kept, err := os.ReadFile(aside[0])
	if err != nil || !bytes.Equal(kept, old) {
		t.Errorf("the old anchor: %q, %v", kept, err)
	}
}

// cutTail removes everything behind the first size entries, so that the rest
// is consistent in itself: what somebody with the disk can do.
func (r *room) cutTail(size uint64) {
	r.t.Helper()
	drop := func(b store.Bucket, from uint64) {
		for _, rec := range r.records(b) {
			if bytes.Compare(rec.key, key64(from)) >= 0 {
				r.delete(b, rec.key)
			}
		}
	}
	drop(entries, size)
	drop(hashes, uint64(tlog.StoredHashIndex(0, int64(size))))
	drop(checkpoints, size+1)
	for _, b := range []store.Bucket{"audit.by_actor", "audit.by_subject", "audit.by_kind"} {
		for _, rec := range r.records(b) {
			inverted := bytes.Clone(rec.key[len(rec.key)-8:])
			for i := range inverted {
				inverted[i] ^= 0xff
			}
			if bytes.Compare(inverted, key64(size)) >= 0 {
				r.delete(b, rec.key)
			}
		}
	}
}

// rewrite replaces the log by one over other leaves, with hashes recomputed
// and checkpoints signed anew with the real key where there were some.
func (r *room) rewrite(leaves [][]byte) {
	r.t.Helper()
	signed := r.records(checkpoints)
	for _, b := range []store.Bucket{entries, hashes, checkpoints} {
		for _, rec := range r.records(b) {
			r.delete(b, rec.key)
		}
	}
	next := 0
	sign := func(size uint64) {
		for next < len(signed) && bytes.Equal(signed[next].key, key64(size)) {
			anchor := r.opts.AnchorFile
			r.opts.AnchorFile = ""
			r.reopen()
			r.checkpoint()
			r.opts.AnchorFile = anchor
			next++
		}
	}
	sign(0)
	for i, leaf := range leaves {
		r.update(func(tx *store.Tx) error {
			read := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
				found := make([]tlog.Hash, len(at))
				for j, x := range at {
					copy(found[j][:], tx.Get(hashes, key64(uint64(x))))
				}
				return found, nil
			})
			fresh, err := tlog.StoredHashes(int64(i), leaf, read)
			if err != nil {
				return err
			}
			for j, h := range fresh {
				at := uint64(tlog.StoredHashIndex(0, int64(i))) + uint64(j)
				if err := tx.Put(hashes, key64(at), h[:]); err != nil {
					return err
				}
			}
			return tx.Put(entries, key64(uint64(i)), leaf)
		})
		sign(uint64(i) + 1)
	}
	r.reopen()
}
