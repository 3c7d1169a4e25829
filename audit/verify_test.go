package audit_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/audit"
	"standpunt/store"
)

const (
	entries     store.Bucket = "audit.entries"
	hashes      store.Bucket = "audit.hashes"
	checkpoints store.Bucket = "audit.checkpoints"
	sealed      store.Bucket = "audit.sealed"
	meta        store.Bucket = "audit.meta"
)

func key64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

type record struct{ key, value []byte }

func (r *room) records(b store.Bucket) (all []record) {
	r.t.Helper()
	r.view(func(tx *store.Tx) error {
		for key, value := range tx.Scan(b, store.Range{}) {
			all = append(all, record{bytes.Clone(key), bytes.Clone(value)})
		}
		return nil
	})
	return all
}

func (r *room) put(b store.Bucket, key, value []byte) {
	r.t.Helper()
	r.update(func(tx *store.Tx) error { return tx.Put(b, key, value) })
}

func (r *room) delete(b store.Bucket, key []byte) {
	r.t.Helper()
	r.update(func(tx *store.Tx) error { return tx.Delete(b, key) })
}

func TestHonestLogVerifies(t *testing.T) {
	r := newRoom(t)
	wantOK(t, r.verify())
	r.fill(20)
	report := r.verify()
	wantOK(t, report)
	if report.Size != 20 || report.Signed != 20 || report.Checkpoints < 7 || report.Sealed != 5 || report.Erased != 0 || report.Last.IsZero() {
		t.Errorf("report %+v", report)
	}
	r.append(event(20))
	report = r.verify()
	wantOK(t, report)
	if report.Size != 21 || report.Signed != 20 {
		t.Errorf("an entry behind the checkpoint: %+v", report)
	}
}

func TestBackupVerifiesReadOnlyWhileTheLogGrows(t *testing.T) {
	r := newRoom(t)
	r.fill(8)
	path := filepath.Join(t.TempDir(), "copy.db")
	copied, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.db.Backup(t.Context(), copied), copied.Close()); err != nil {
		t.Fatal(err)
	}
	r.fill(3)
	db, err := store.Open(t.Context(), path, store.Options{Schemas: []store.Schema{audit.Schema}, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	report, err := audit.Verify(t.Context(), db, r.log.VerifierKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	wantOK(t, report)
	if report.Size != 8 || report.Signed != 8 {
		t.Errorf("report %+v", report)
	}
	if key, err := audit.VerifierKeyOf(t.Context(), db); err != nil || key != r.log.VerifierKey() {
		t.Errorf("the copy names the key %q, %v", key, err)
	}
}

// Every byte of every record of the log is changed in turn.
func TestEveryFlippedByteIsFound(t *testing.T) {
	r := damageRoom(t)
	r.fill(7)
	wantOK(t, r.verify())
	flips := 0
	for _, b := range []store.Bucket{entries, hashes, checkpoints, sealed} {
		for i, rec := range r.records(b) {
			for at := range rec.value {
				spoilt := bytes.Clone(rec.value)
				spoilt[at] ^= 1 << (at % 8)
				r.put(b, rec.key, spoilt)
				report := r.verify()
				if report.OK() {
					t.Errorf("%s, record %d: byte %d was changed from %#x to %#x and nothing was found", b, i, at, rec.value[at], spoilt[at])
				}
				if first, _ := report.FirstBad(); b == entries && first.Number != binary.BigEndian.Uint64(rec.key) {
					t.Errorf("entry %x: byte %d was changed, but the first bad entry is %v", rec.key, at, first)
				}
				if b == checkpoints && !strings.Contains(fmt.Sprint(report.Problems), "checkpoint") {
					t.Errorf("checkpoint %x: byte %d was changed, reported as %v", rec.key, at, report.Problems)
				}
				flips++
			}
			r.put(b, rec.key, rec.value)
		}
	}
	wantOK(t, r.verify())
	if flips < 1000 {
		t.Errorf("only %d bytes were changed", flips)
	}
}

// Every byte of every key is changed in turn: records that moved.
func TestEveryMovedRecordIsFound(t *testing.T) {
	r := damageRoom(t)
	r.fill(7)
	for _, b := range []store.Bucket{entries, hashes, checkpoints, sealed} {
		for _, rec := range r.records(b) {
			for at := range rec.key {
				moved := bytes.Clone(rec.key)
				moved[at] ^= 1 << (at % 8)
				var there []byte
				r.update(func(tx *store.Tx) error {
					there = bytes.Clone(tx.Get(b, moved))
					if err := tx.Delete(b, rec.key); err != nil {
						return err
					}
					return tx.Put(b, moved, rec.value)
				})
				if r.verify().OK() {
					t.Errorf("%s: the record moved from %x to %x and nothing was found", b, rec.key, moved)
				}
				r.delete(b, moved)
				if there != nil {
					r.put(b, moved, there)
				}
				r.put(b, rec.key, rec.value)
			}
		}
	}
	wantOK(t, r.verify())
}

func TestEveryMissingRecordIsFound(t *testing.T) {
	r := damageRoom(t)
	r.fill(7)
	for _, b := range []store.Bucket{entries, hashes} {
		for _, rec := range r.records(b) {
			r.delete(b, rec.key)
			report := r.verify()
			if report.OK() {
				t.Errorf("%s: the record %x is gone and nothing was found", b, rec.key)
			}
			r.put(b, rec.key, rec.value)
		}
	}
}

func TestSealedProblemNamesItsEntry(t *testing.T) {
	r := damageRoom(t)
	r.fill(3)
	number := r.say(event(3), "the text that was approved")
	r.checkpoint()
	for _, rec := range r.records(sealed) {
		if at := bytes.Index(rec.value, []byte("the text")); at >= 0 {
			rec.value[at] = 'T'
			r.put(sealed, rec.key, rec.value)
		}
	}
	wantProblem(t, r.verify(), number, "is not what it commits to")
}

func TestIndexesThatHideEntriesAreFound(t *testing.T) {
	r := damageRoom(t)
	r.fill(5)
	for _, b := range []store.Bucket{"audit.by_actor", "audit.by_subject", "audit.by_kind"} {
		rec := r.records(b)[2]
		r.delete(b, rec.key)
		number := ^binary.BigEndian.Uint64(rec.key[len(rec.key)-8:])
		wantProblem(t, r.verify(), number, "an index hides it")
		r.put(b, rec.key, []byte{})
		invented := append(bytes.Clone(rec.key[:len(rec.key)-8]), key64(^uint64(4711))...)
		r.put(b, invented, []byte{})
		wantProblem(t, r.verify(), audit.NoEntry, "an index invents")
		r.delete(b, invented)
	}
	wantOK(t, r.verify())
}

func TestVerifyWithAnotherKeyFails(t *testing.T) {
	r, other := newRoom(t), newRoom(t)
	r.fill(4)
	report, err := audit.Verify(t.Context(), r.db, other.log.VerifierKey(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if report.OK() || report.Checkpoints != 0 || report.Signed != 0 {
		t.Errorf("report %+v", report)
	}
	if _, err := audit.Verify(t.Context(), r.db, "no key", nil); err == nil {
		t.Error("a key that is none was accepted")
	}
}

func TestVerifyHandsOutEveryEntryAndTakesVerdicts(t *testing.T) {
	r := newRoom(t)
	r.fill(6)
	var numbers []uint64
	report, err := audit.Verify(t.Context(), r.db, r.log.VerifierKey(), func(e audit.Entry) error {
		numbers = append(numbers, e.Number)
		if e.Number == 4 {
			return errors.New("approved by its own author")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(numbers) != "[0 1 2 3 4 5]" {
		t.Errorf("handed out %v", numbers)
	}
	wantProblem(t, report, 4, "approved by its own author")
	if first, _ := report.FirstBad(); first.Number != 4 {
		t.Errorf("first bad entry %v", first)
	}
}

func TestReportsStayBounded(t *testing.T) {
	r := newRoom(t)
	for i := range audit.MaxProblems + 50 {
		r.append(event(i))
	}
	report, err := audit.Verify(t.Context(), r.db, r.log.VerifierKey(), func(audit.Entry) error { return errors.New("no") })
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Problems) != audit.MaxProblems || report.Unlisted != 50 {
		t.Errorf("%d problems and %d unlisted", len(report.Problems), report.Unlisted)
	}
}

func TestRunSignsAGrowingLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom(t)
		r.opts.Interval = time.Minute
		r.reopen()
		ctx, cancel := contextWithCancel(t)
		done := make(chan error, 1)
		go func() { done <- r.log.Run(ctx) }()
		r.append(event(0))
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		if c, _, err := r.log.LastCheckpoint(t.Context()); err != nil || c.Size != 1 {
			t.Errorf("after an interval: %+v, %v", c, err)
		}
		before := len(r.records(checkpoints))
		time.Sleep(time.Hour)
		synctest.Wait()
		if after := len(r.records(checkpoints)); after != before {
			t.Errorf("a log at rest was signed %d more times", after-before)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
