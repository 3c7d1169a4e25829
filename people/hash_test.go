package people

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"standpunt/audit"
	"standpunt/store"
	"standpunt/store/storetest"
)

func TestDefaultHashingIsTheOneOfTheRFC(t *testing.T) {
	h := newHasher(DefaultHashing())
	hash, err := h.hash(t.Context(), "vier losse woorden samen")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=3,p=4$") {
		t.Fatalf("the hash is %s", hash)
	}
	if ok, weak, err := h.verify(t.Context(), hash, "vier losse woorden samen"); !ok || weak || err != nil {
		t.Fatalf("the right password: %t %t %v", ok, weak, err)
	}
	if ok, _, err := h.verify(t.Context(), hash, "vier losse woorden Samen"); ok || err != nil {
		t.Fatalf("a wrong password: %t %v", ok, err)
	}
}

// The reference implementation's own test vector, in PHC form.
func TestHashesOfOthersVerify(t *testing.T) {
	const reference = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	h := newHasher(CheapHashing())
	if ok, _, err := h.verify(t.Context(), reference, "password"); !ok || err != nil {
		t.Fatalf("got %t %v", ok, err)
	}
}

func TestTamperedHashesAreRefused(t *testing.T) {
	const good = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	if _, err := parsePHC(good); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{"argon2id", "argon2i"}, {"v=19", "v=16"}, {"m=64", "m=4294967295"}, {"m=64", "m=064"}, {"m=64", "m=-64"},
		{"t=1", "t=0"}, {"t=1", "t=1000"}, {"p=1", "p=255"}, {"p=1", "p=1,x=2"}, {"m=64,t=1", "t=1,m=64"},
		{"c29tZXNhbHQ", "c29t"}, {"c29tZXNhbHQ", "c29tZXNhbHQ="}, {"c29tZXNhbHQ", "c29t\nZXNhbHQ"}, {"HGi/4", "HGi/5"}, {"$nf65", ""},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if _, err := parsePHC(bad); err == nil {
			t.Errorf("accepted %q", bad)
		} else if strings.Contains(err.Error(), "nf65") {
			t.Errorf("the error tells the hash: %v", err)
		}
	}
}

func TestWaitingForASlotEndsWithTheRequest(t *testing.T) {
	h := newHasher(CheapHashing())
	for range cap(h.slots) {
		h.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.hash(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if h.ran.Load() != 0 {
		t.Fatal("a hash was computed without a slot")
	}
	if n := cap(h.slots); n < 2 || n > 4 {
		t.Fatalf("%d hashes at a time, want 2 to 4", n)
	}
}

func staffFor(t *testing.T, hashing Hashing) *Staff {
	t.Helper()
	db := storetest.Open(t, audit.Schema, Schema)
	log, err := audit.Open(t.Context(), db, audit.Options{KeyDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return New(db, log, Options{Hashing: hashing})
}

func enrolled(t *testing.T, s *Staff, login, password string) *Person {
	t.Helper()
	var e Enrolment
	err := s.db.Update(t.Context(), func(tx *store.Tx) (err error) {
		_, e, err = s.Create(tx, NewMandate("test"), NewPerson{Login: login, Roles: []Role{Agent}, Founder: true})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Enrol(t.Context(), e.Code(), password)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Time tells nothing about whether a login exists: each refused sign-in costs
// exactly one hash of the same cost and one entry in the log.
func TestRefusedSignInsCostTheSame(t *testing.T) {
	s := staffFor(t, CheapHashing())
	anna := enrolled(t, s, "anna", "vier losse woorden samen")
	c := mustCredential(t, s, anna.ID)
	if kept, err := parsePHC(c.Hash); err != nil || kept.cost != s.hasher.dummy.cost || len(kept.key) != len(s.hasher.dummy.key) {
		t.Fatalf("the dummy costs %+v, a hash %+v (%v)", s.hasher.dummy.cost, kept.cost, err)
	}
	for _, login := range []string{"anna", "nobody", "no\x00login", strings.Repeat("x", 10_000)} {
		hashes := s.hasher.ran.Load()
		entries, err := s.log.Size(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.SignIn(t.Context(), login, "a guess", netip.MustParseAddr("192.0.2.1")); err == nil {
			t.Fatal("a guess was right")
		}
		after, err := s.log.Size(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if ran := s.hasher.ran.Load() - hashes; ran != 1 || after-entries != 1 {
			t.Errorf("%.10q: %d hashes and %d entries, want 1 each", login, ran, after-entries)
		}
	}
}

func mustCredential(t *testing.T, s *Staff, person ID) (c *credential) {
	t.Helper()
	err := s.db.View(t.Context(), func(tx *store.Tx) (err error) {
		c, err = credentials.Get(tx, person)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSignInStrengthensAWeakHash(t *testing.T) {
	s := staffFor(t, CheapHashing())
	anna := enrolled(t, s, "anna", "vier losse woorden samen")
	dearer := Hashing{Memory: 128, Time: 2, Threads: 1}
	later := New(s.db, s.log, Options{Hashing: dearer}) // a later release
	for range 2 {
		secret, _, err := later.SignIn(t.Context(), "anna", "vier losse woorden samen", netip.Addr{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := later.BySession(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		if p, err := parsePHC(mustCredential(t, s, anna.ID).Hash); err != nil || p.cost != dearer {
			t.Fatalf("the hash costs %+v (%v), want %+v", p.cost, err, dearer)
		}
	}
}

// A code is used once, however many use it at the same time.
func TestEnrolmentIsUsedOnceByMany(t *testing.T) {
	s := staffFor(t, CheapHashing())
	var e Enrolment
	if err := s.db.Update(t.Context(), func(tx *store.Tx) (err error) {
		_, e, err = s.Create(tx, NewMandate("test"), NewPerson{Login: "anna", Roles: []Role{Agent}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	results := make(chan error, 16)
	var all sync.WaitGroup
	for range cap(results) {
		all.Go(func() {
			_, err := s.Enrol(t.Context(), e.Code(), "vier losse woorden samen")
			results <- err
		})
	}
	all.Wait()
	close(results)
	won := 0
	for err := range results {
		if err == nil {
			won++
		}
	}
	if won != 1 {
		t.Fatalf("%d enrolled with one code", won)
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	f.Add("$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzYWx0c2E$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	f.Add("$argon2i$v=19$m=0,t=,p=4$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err != nil {
			return
		}
		if p.String() != s {
			t.Fatalf("%q reads as %q", s, p)
		}
		if p.cost.Memory > 256*1024 || p.cost.Time == 0 || p.cost.Time > 16 || p.cost.Threads == 0 || p.cost.Threads > 16 {
			t.Fatalf("%q costs %+v", s, p.cost)
		}
	})
}
