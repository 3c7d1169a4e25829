package audit_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"standpunt/audit"
	"standpunt/store"
	"standpunt/store/storetest"
)

// room is one log in a real data file.
type room struct {
	t    testing.TB
	dir  string
	db   *store.DB
	log  *audit.Log
	opts audit.Options
}

// newRoom opens a log whose data file is checked when the test ends.
func newRoom(t testing.TB) *room {
	t.Helper()
	dir := t.TempDir()
	return openRoom(t, dir, storetest.OpenAt(t, dir, audit.Schema))
}

// damageRoom opens a log that the test is going to damage, so that its file is
// closed without a check.
func damageRoom(t testing.TB) *room {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), filepath.Join(dir, "standpunt.db"), store.Options{Schemas: []store.Schema{audit.Schema}, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return openRoom(t, dir, db)
}

func openRoom(t testing.TB, dir string, db *store.DB) *room {
	t.Helper()
	r := &room{t: t, dir: dir, db: db, opts: audit.Options{
		Origin:     "standpunt/test",
		KeyDir:     filepath.Join(dir, "keys"),
		AnchorFile: filepath.Join(t.TempDir(), "anchor"),
	}}
	r.reopen()
	return r
}

// reopen opens the log anew, as the daemon does at its next start.
func (r *room) reopen() {
	r.t.Helper()
	log, err := audit.Open(r.t.Context(), r.db, r.opts)
	if err != nil {
		r.t.Fatalf("open the log: %v", err)
	}
	r.log = log
}

func (r *room) update(fn func(*store.Tx) error) {
	r.t.Helper()
	if err := r.db.Update(r.t.Context(), fn); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) view(fn func(*store.Tx) error) {
	r.t.Helper()
	if err := r.db.View(r.t.Context(), fn); err != nil {
		r.t.Fatal(err)
	}
}

// append appends the events in one transaction and gives the last number.
func (r *room) append(events ...audit.Event) (number uint64) {
	r.t.Helper()
	r.update(func(tx *store.Tx) (err error) {
		for _, e := range events {
			if number, err = r.log.Append(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	return number
}

// say appends an event whose content is sealed.
func (r *room) say(e audit.Event, text string) (number uint64) {
	r.t.Helper()
	r.update(func(tx *store.Tx) (err error) {
		if e.Digest, err = r.log.Seal(tx, "test/text", []byte(text)); err != nil {
			return err
		}
		number, err = r.log.Append(tx, e)
		return err
	})
	return number
}

func (r *room) checkpoint() []byte {
	r.t.Helper()
	signed, err := r.log.Checkpoint(r.t.Context())
	if err != nil {
		r.t.Fatalf("checkpoint: %v", err)
	}
	return signed
}

func (r *room) verify() *audit.Report {
	r.t.Helper()
	report, err := audit.Verify(r.t.Context(), r.db, r.log.VerifierKey(), nil)
	if err != nil {
		r.t.Fatalf("verify: %v", err)
	}
	return report
}

// wantOK fails the test unless the report has no problem.
func wantOK(t testing.TB, report *audit.Report) {
	t.Helper()
	for _, p := range report.Problems {
		t.Errorf("an honest record: %s", p)
	}
}

// wantProblem fails the test unless a problem of the entry says part.
func wantProblem(t testing.TB, report *audit.Report, number uint64, part string) {
	t.Helper()
	for _, p := range report.Problems {
		if p.Number == number && strings.Contains(p.What, part) {
			return
		}
	}
	t.Errorf("no problem of entry %d says %q; found %v", number, part, report.Problems)
}

func event(n int) audit.Event {
	return audit.Event{
		Kind: "proposal.approved", Actor: audit.Actor(fmt.Sprintf("person:p%d", n%3)), Via: "desk",
		Subject: audit.Subject(fmt.Sprintf("proposal:%d", n%5)), From: "in_review", To: "approved",
		Facts: map[string]string{"revision": fmt.Sprint(n)},
	}
}

// fill appends count events, some of them sealed, with a checkpoint behind
// every third.
func (r *room) fill(count int) {
	r.t.Helper()
	for i := range count {
		if i%4 == 1 {
			r.say(event(i), fmt.Sprintf("answer %d", i))
		} else {
			r.append(event(i))
		}
		if i%3 == 2 {
			r.checkpoint()
		}
	}
	r.checkpoint()
}
