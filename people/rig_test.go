package people_test

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
	"standpunt/store/storetest"
)

// rig is a staff on a real data file with a real audit log.
type rig struct {
	t     *testing.T
	ctx   context.Context
	db    *store.DB
	log   *audit.Log
	staff *people.Staff
}

const (
	goodPassword  = "vier losse woorden samen"
	otherPassword = "nog vier andere woorden"
)

var desk = netip.MustParseAddr("192.0.2.7")

func newRig(t *testing.T, o people.Options) *rig {
	t.Helper()
	db := storetest.Open(t, audit.Schema, people.Schema)
	log, err := audit.Open(t.Context(), db, audit.Options{KeyDir: t.TempDir()})
	if err != nil {
		t.Fatalf("open the log: %v", err)
	}
	if o.Hashing == (people.Hashing{}) {
		o.Hashing = people.CheapHashing()
	}
	return &rig{t: t, ctx: t.Context(), db: db, log: log, staff: people.New(db, log, o)}
}

var mandate = people.NewMandate("proposal:test")

// update runs fn in a transaction that must succeed.
func (r *rig) update(fn func(tx *store.Tx) error) {
	r.t.Helper()
	if err := r.db.Update(r.ctx, fn); err != nil {
		r.t.Fatalf("update: %v", err)
	}
}

// refused runs fn in a transaction that must fail with the code.
func (r *rig) refused(code fault.Code, fn func(tx *store.Tx) error) {
	r.t.Helper()
	wantCode(r.t, r.db.Update(r.ctx, fn), code)
}

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Fatalf("got %v (code %q), want the code %q", err, fault.CodeOf(err), code)
	}
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// create makes a founder who has not enrolled.
func (r *rig) create(login string, roles ...people.Role) (p *people.Person, e people.Enrolment) {
	r.t.Helper()
	r.update(func(tx *store.Tx) (err error) {
		p, e, err = r.staff.Create(tx, mandate, people.NewPerson{Login: login, Roles: roles, Founder: true})
		return err
	})
	return p, e
}

// hire makes a founder who has enrolled with goodPassword.
func (r *rig) hire(login string, roles ...people.Role) *people.Person {
	r.t.Helper()
	_, e := r.create(login, roles...)
	p, err := r.staff.Enrol(r.ctx, e.Code(), goodPassword)
	r.must(err)
	return p
}

// signIn starts a session with goodPassword.
func (r *rig) signIn(login string) (string, people.Principal) {
	r.t.Helper()
	secret, p, err := r.staff.SignIn(r.ctx, login, goodPassword, desk)
	r.must(err)
	return secret, p
}

// as hires and signs in.
func (r *rig) as(login string, roles ...people.Role) people.Principal {
	r.t.Helper()
	r.hire(login, roles...)
	_, p := r.signIn(login)
	return p
}

func (r *rig) person(id people.ID) *people.Person {
	r.t.Helper()
	p, err := r.staff.Person(r.ctx, id)
	r.must(err)
	return p
}

func (r *rig) events() []audit.Entry {
	r.t.Helper()
	all, err := r.log.Entries(r.ctx, audit.NoneBefore, 10_000)
	r.must(err)
	return all
}

// events of the kind, the oldest first.
func (r *rig) recorded(kind string) []audit.Entry {
	r.t.Helper()
	return slices.DeleteFunc(r.events(), func(e audit.Entry) bool { return e.Kind != kind })
}

// leaksNothing proves that none of the words is in any leaf of the log.
func (r *rig) leaksNothing(words ...string) {
	r.t.Helper()
	all := r.events()
	if len(all) == 0 {
		r.t.Fatal("nothing was recorded")
	}
	for _, e := range all {
		texts := slices.Concat([]string{e.Kind, string(e.Actor), e.Via, string(e.Subject), e.From, e.To},
			slices.Collect(maps.Keys(e.Facts)), slices.Collect(maps.Values(e.Facts)))
		for _, word := range words {
			if strings.Contains(strings.ToLower(strings.Join(texts, "\n")), strings.ToLower(word)) {
				r.t.Errorf("entry %d (%s) tells %q", e.Number, e.Kind, word)
			}
		}
	}
}
