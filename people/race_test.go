package people

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"standpunt/internal/fault"
	"standpunt/store"
)

// What can happen between two steps of one request, step by step.

func update(t *testing.T, s *Staff, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := s.db.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// governed is a staff of two admins and anna, who is to lose something.
func governed(t *testing.T) (*Staff, *Person) {
	t.Helper()
	s := staffFor(t, CheapHashing())
	for _, login := range []string{"ada", "abel"} {
		p := enrolled(t, s, login, "vier losse woorden samen")
		update(t, s, func(tx *store.Tx) error { return s.SetRoles(tx, NewMandate("test"), p.ID, []Role{Admin}) })
	}
	return s, enrolled(t, s, "anna", "vier losse woorden samen")
}

// A password that was right when it was checked starts no session if the
// person was disabled or the password changed before the session is written.
func TestSignInLosesAgainstAChange(t *testing.T) {
	for name, change := range map[string]func(s *Staff, tx *store.Tx, anna *Person) error{
		"reset": func(s *Staff, tx *store.Tx, anna *Person) error {
			_, err := s.ResetCredentials(tx, NewMandate("test"), anna.ID)
			return err
		},
		"disabled": func(s *Staff, tx *store.Tx, anna *Person) error {
			return s.SetEnabled(tx, NewMandate("test"), anna.ID, false)
		},
		"another password": func(s *Staff, tx *store.Tx, anna *Person) error {
			return setPassword(tx, anna, s.hasher.dummy.String())
		},
	} {
		s, anna := governed(t)
		person, hash, err := s.credentialOf(t.Context(), "anna")
		if err != nil {
			t.Fatal(err)
		}
		update(t, s, func(tx *store.Tx) error { return change(s, tx, anna) })
		if _, p, err := s.startSession(t.Context(), person, hash, "", netip.Addr{}); !errors.Is(err, errRefused) || p.Valid() {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Sessions and tokens are deleted or revoked when a person is disabled or gets
// another password. One that is there nevertheless opens nothing.
func TestLeftOverSessionsAndTokensOpenNothing(t *testing.T) {
	for name, change := range map[string]func(p *Person){
		"disabled":         func(p *Person) { p.Enabled = false },
		"another password": func(p *Person) { p.Credentials++ },
	} {
		s, anna := governed(t)
		secret, p, err := s.SignIn(t.Context(), "anna", "vier losse woorden samen", netip.Addr{})
		if err != nil {
			t.Fatal(err)
		}
		token, _, err := s.IssueToken(t.Context(), p, "mine", []Scope{Read}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		update(t, s, func(tx *store.Tx) error {
			change(anna)
			return persons.Put(tx, anna)
		})
		if _, err := s.BySession(t.Context(), secret); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: the session gives %v", name, err)
		}
		if _, err := s.ByToken(t.Context(), token); !anna.Enabled && !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("%s: the token gives %v", name, err)
		}
	}
}

// Of two changes of one password at the same time, the second is told.
func TestSecondPasswordChangeAtOnceIsAConflict(t *testing.T) {
	s, _ := governed(t)
	secret, p, err := s.SignIn(t.Context(), "anna", "vier losse woorden samen", netip.Addr{})
	if err != nil {
		t.Fatal(err)
	}
	before := p.Person()
	if err := s.ChangePassword(t.Context(), p, "vier losse woorden samen", "nog vier andere woorden"); err != nil {
		t.Fatal(err)
	}
	err = s.db.Update(t.Context(), func(tx *store.Tx) error {
		return s.changePassword(tx, p, before.Credentials, s.hasher.dummy.String())
	})
	if !fault.Is(err, fault.Conflict) {
		t.Fatalf("got %v", err)
	}
	if _, err := s.BySession(t.Context(), secret); err != nil {
		t.Fatalf("the session of the first change: %v", err)
	}
}

// A cooling time that is running is not cut short by another change, even
// when the configured one has become shorter.
func TestCoolingTimeIsNeverShortened(t *testing.T) {
	s, anna := governed(t)
	cooling := func(d time.Duration, roles ...Role) time.Time {
		t.Helper()
		daemon := New(s.db, s.log, Options{CoolingTime: d, Hashing: CheapHashing()})
		update(t, s, func(tx *store.Tx) error { return daemon.SetRoles(tx, NewMandate("test"), anna.ID, roles) })
		p, err := daemon.Person(t.Context(), anna.ID)
		if err != nil {
			t.Fatal(err)
		}
		return p.EndorsesFrom
	}
	long := cooling(24*time.Hour, Agent, Press)
	if short := cooling(time.Hour, Agent, Press, Admin); !short.Equal(long) {
		t.Fatalf("cools until %s, and then only until %s", long, short)
	}
}
