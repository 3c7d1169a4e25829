package people

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/audit"
	"standpunt/internal/id"
	"standpunt/store"
	"standpunt/store/storetest"
)

func TestSweepGoesThroughAllSessions(t *testing.T) {
	s := staffFor(t, CheapHashing())
	anna := enrolled(t, s, "anna", "vier losse woorden samen")
	const old, live = 2*sweepMost + 7, 11
	if err := s.db.Update(t.Context(), func(tx *store.Tx) error {
		for i := range old + live {
			v := &Session{ID: id.New[Session](), Secret: hashSecret(fmt.Sprint(i)), Person: anna.ID, StartedAt: tx.Now(), SeenAt: tx.Now(), Credentials: anna.Credentials}
			if i < old {
				v.SeenAt = tx.Now().Add(-s.o.SessionIdle)
			}
			if err := sessions.Put(tx, v); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left []*Session
	if err := s.db.View(t.Context(), func(tx *store.Tx) (err error) {
		left, err = sessionsOf(tx, anna.ID)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(left) != live {
		t.Fatalf("%d sessions left, want %d", len(left), live)
	}
	if _, err := s.BySession(t.Context(), fmt.Sprint(old)); err != nil {
		t.Fatalf("a live session: %v", err)
	}
}

// Where nothing can be written any more, people can still read.
func TestLookupsGoOnWhereNothingCanBeWritten(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.OpenAt(t, dir, audit.Schema, Schema)
		log, err := audit.Open(t.Context(), db, audit.Options{KeyDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		s := New(db, log, Options{Hashing: CheapHashing()})
		anna := enrolled(t, s, "anna", "vier losse woorden samen")
		session, p, err := s.SignIn(t.Context(), "anna", "vier losse woorden samen", netip.Addr{})
		if err != nil {
			t.Fatal(err)
		}
		token, _, err := s.IssueToken(t.Context(), p, "mine", []Scope{Read}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * touchEvery)
		full, err := store.Open(t.Context(), filepath.Join(dir, "standpunt.db"), store.Options{Schemas: []store.Schema{audit.Schema, Schema}, ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := full.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}()
		var lines bytes.Buffer
		s = New(full, log, Options{Hashing: CheapHashing(), Logger: slog.New(slog.NewTextHandler(&lines, nil))})
		for range 2 {
			if p, err := s.BySession(t.Context(), session); err != nil || p.ID() != anna.ID {
				t.Fatalf("by session: %v", err)
			}
			if p, err := s.ByToken(t.Context(), token); err != nil || p.ID() != anna.ID {
				t.Fatalf("by token: %v", err)
			}
		}
		if n := strings.Count(lines.String(), "level=WARN"); n != 1 {
			t.Errorf("%d warnings, want 1:\n%s", n, lines.String())
		}
		for _, secret := range []string{session, token, "anna"} {
			if strings.Contains(lines.String(), secret) {
				t.Errorf("a log line tells a secret or a login:\n%s", lines.String())
			}
		}
	})
}

func BenchmarkByToken(b *testing.B) {
	db := storetest.Open(b, audit.Schema, Schema)
	log, err := audit.Open(b.Context(), db, audit.Options{KeyDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	s := New(db, log, Options{Hashing: CheapHashing()})
	var e Enrolment
	if err := db.Update(b.Context(), func(tx *store.Tx) (err error) {
		_, e, err = s.Create(tx, NewMandate("bench"), NewPerson{Login: "anna", Roles: []Role{Agent}, Founder: true})
		return err
	}); err != nil {
		b.Fatal(err)
	}
	if _, err := s.Enrol(b.Context(), e.Code(), "vier losse woorden samen"); err != nil {
		b.Fatal(err)
	}
	_, p, err := s.SignIn(b.Context(), "anna", "vier losse woorden samen", netip.Addr{})
	if err != nil {
		b.Fatal(err)
	}
	secret, _, err := s.IssueToken(b.Context(), p, "bench", []Scope{Read}, time.Time{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.ByToken(b.Context(), secret); err != nil {
			b.Fatal(err)
		}
	}
}
