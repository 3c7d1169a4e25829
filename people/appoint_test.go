package people_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

func (r *rig) setRoles(id people.ID, roles ...people.Role) error {
	return r.db.Update(r.ctx, func(tx *store.Tx) error { return r.staff.SetRoles(tx, mandate, id, roles) })
}

func (r *rig) setEnabled(id people.ID, enabled bool) error {
	return r.db.Update(r.ctx, func(tx *store.Tx) error { return r.staff.SetEnabled(tx, mandate, id, enabled) })
}

func (r *rig) reset(id people.ID) (e people.Enrolment) {
	r.t.Helper()
	r.update(func(tx *store.Tx) (err error) {
		e, err = r.staff.ResetCredentials(tx, mandate, id)
		return err
	})
	return e
}

func TestCreateRecordsWhoAndUnderWhichMandate(t *testing.T) {
	r := newRig(t, people.Options{CoolingTime: 24 * time.Hour})
	m := people.NewMandate("proposal:0190").By("person:x", "desk")
	var p *people.Person
	r.update(func(tx *store.Tx) (err error) {
		p, _, err = r.staff.Create(tx, m, people.NewPerson{
			Login: "Bert", Name: " Bert de Vries ", Roles: []people.Role{people.Press, people.Agent, people.Press}, Language: "nl",
		})
		return err
	})
	if p.Name != "Bert de Vries" || !slices.Equal(p.Roles, []people.Role{people.Agent, people.Press}) || !p.Enabled || p.Enrolled() {
		t.Fatalf("created %+v", p)
	}
	if wait := p.EndorsesFrom.Sub(p.CreatedAt); wait != 24*time.Hour {
		t.Fatalf("cools for %s", wait)
	}
	e := r.recorded("person.created")[0]
	if e.Actor != "person:x" || e.Via != "desk" || e.Subject != p.Subject() || e.Facts["roles"] != "agent,press" || e.Facts["mandate"] != "proposal:0190" {
		t.Fatalf("recorded %+v", e)
	}
	r.update(func(tx *store.Tx) error { // who it was is sealed, and can be erased
		domain, _, payload, ok, err := r.log.Sealed(tx, e.Digest)
		if !ok || domain != "standpunt/person/v1" || !strings.Contains(string(payload), "Bert de Vries") {
			t.Errorf("sealed %q %q %t", domain, payload, ok)
		}
		return err
	})
	r.leaksNothing("bert", "vries")
}

func TestCreateRefusesBadPeople(t *testing.T) {
	r := newRig(t, people.Options{})
	good := people.NewPerson{Login: "anna", Roles: []people.Role{people.Agent}}
	for name, spoil := range map[string]func(*people.NewPerson){
		"no login":       func(n *people.NewPerson) { n.Login = "" },
		"no role":        func(n *people.NewPerson) { n.Roles = nil },
		"unknown role":   func(n *people.NewPerson) { n.Roles = []people.Role{"root"} },
		"hidden in name": func(n *people.NewPerson) { n.Name = "An\u200bna" },
		"language":       func(n *people.NewPerson) { n.Language = "de" },
	} {
		n := good
		spoil(&n)
		wantCode(t, people.CheckNew(n), fault.InvalidInput)
		r.refused(fault.InvalidInput, func(tx *store.Tx) error {
			_, _, err := r.staff.Create(tx, mandate, n)
			if err == nil {
				t.Errorf("%s: accepted", name)
			}
			return err
		})
	}
	r.must(people.CheckNew(good))
	all, err := r.staff.List(r.ctx)
	r.must(err)
	if len(all) != 0 || len(r.recorded("person.created")) != 0 {
		t.Fatalf("a refused person was made: %+v", all)
	}
}

func TestGainingAPowerStartsTheCoolingTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, people.Options{CoolingTime: 24 * time.Hour})
		r.hire("ada", people.Admin)
		r.hire("abel", people.Admin)
		p := r.hire("anna", people.Agent)
		cools := func(step string, want time.Duration) {
			t.Helper()
			if got := max(0, time.Until(r.person(p.ID).EndorsesFrom)); got != want {
				t.Fatalf("%s: cools for %s, want %s", step, got, want)
			}
		}
		cools("a founder", 0)
		r.must(r.setRoles(p.ID, people.Agent, people.Press))
		cools("gained press", 24*time.Hour)
		time.Sleep(10 * time.Hour)
		r.must(r.setRoles(p.ID, people.Press))
		cools("lost agent, which is less", 14*time.Hour)
		time.Sleep(14 * time.Hour)
		r.must(r.setRoles(p.ID, people.Press, people.Agent))
		r.must(r.setRoles(p.ID, people.Press, people.Agent, people.Manager))
		cools("gained nothing that press did not have", 0)
		r.must(r.setRoles(p.ID, people.Press, people.Admin))
		cools("gained admin", 24*time.Hour)
		time.Sleep(24 * time.Hour)
		r.must(r.setEnabled(p.ID, false))
		r.must(r.setEnabled(p.ID, true))
		cools("enabled again", 24*time.Hour)
		time.Sleep(24 * time.Hour)
		r.reset(p.ID)
		cools("credentials reset", 24*time.Hour)
	})
}

func TestDisablingShutsEveryDoor(t *testing.T) {
	r := newRig(t, people.Options{})
	r.hire("ada", people.Admin)
	r.hire("abel", people.Admin)
	anna := r.as("anna", people.Agent)
	secret, _ := r.signIn("anna")
	token, _ := r.issue(anna, people.Read)
	r.must(r.setEnabled(anna.ID(), false))
	closed := func() {
		t.Helper()
		_, err := r.staff.BySession(r.ctx, secret)
		wantCode(t, err, fault.Unauthenticated)
		_, err = r.staff.ByToken(r.ctx, token)
		wantCode(t, err, fault.Unauthenticated)
		r.refused(fault.Unauthenticated, func(tx *store.Tx) error {
			_, err := r.staff.Confirm(tx, anna)
			return err
		})
	}
	closed()
	_, _, err := r.staff.SignIn(r.ctx, "anna", goodPassword, desk)
	wantCode(t, err, fault.Unauthenticated)
	r.refused(fault.WrongState, func(tx *store.Tx) error {
		_, err := r.staff.ResetCredentials(tx, mandate, anna.ID())
		return err
	})
	r.must(r.setEnabled(anna.ID(), true))
	closed() // old sessions and tokens do not come back
	r.signIn("anna")
	r.must(r.setEnabled(anna.ID(), true))
	if d, e := len(r.recorded("person.disabled")), len(r.recorded("person.enabled")); d != 1 || e != 1 {
		t.Fatalf("%d disabled and %d enabled recorded, want 1 each", d, e)
	}
}

func TestResetShutsEveryDoorUntilEnrolled(t *testing.T) {
	r := newRig(t, people.Options{})
	anna := r.as("anna", people.Agent)
	secret, _ := r.signIn("anna")
	token, _ := r.issue(anna, people.Read)
	e := r.reset(anna.ID())
	_, err := r.staff.BySession(r.ctx, secret)
	wantCode(t, err, fault.Unauthenticated)
	_, err = r.staff.ByToken(r.ctx, token)
	wantCode(t, err, fault.Unauthenticated)
	_, _, err = r.staff.SignIn(r.ctx, "anna", goodPassword, desk)
	wantCode(t, err, fault.Unauthenticated)
	_, err = r.staff.Enrol(r.ctx, e.Code(), otherPassword)
	r.must(err)
	_, err = r.staff.BySession(r.ctx, secret)
	wantCode(t, err, fault.Unauthenticated)
	_, _, err = r.staff.SignIn(r.ctx, "anna", otherPassword, desk)
	r.must(err)
}

func TestLossOfPowerIsToldInTheSameTransaction(t *testing.T) {
	r := newRig(t, people.Options{})
	r.hire("ada", people.Admin)
	r.hire("abel", people.Admin)
	p := r.hire("bert", people.Agent, people.Press)
	var told []people.ID
	var veto error
	r.staff.OnPowerLoss(func(tx *store.Tx, id people.ID) error {
		now, err := r.staff.Get(tx, id)
		if err != nil {
			return err
		}
		if now.Enabled && now.Has(people.Press) {
			t.Error("told before the power was lost")
		}
		told = append(told, id)
		return veto
	})
	r.must(r.setRoles(p.ID, people.Agent, people.Press, people.Manager))
	if len(told) != 0 {
		t.Fatal("gaining a role was told as a loss")
	}
	veto = errors.New("the outbox is broken")
	if err := r.setRoles(p.ID, people.Agent); !errors.Is(err, veto) {
		t.Fatalf("got %v, want the hook's error", err)
	}
	if now := r.person(p.ID); !now.Has(people.Press) {
		t.Fatal("the role is gone although the hook failed")
	}
	veto, told = nil, nil
	r.must(r.setRoles(p.ID, people.Agent))
	r.must(r.setEnabled(p.ID, false))
	if !slices.Equal(told, []people.ID{p.ID, p.ID}) {
		t.Fatalf("told %v", told)
	}
}

func TestTheLastTwoWhoGovernStay(t *testing.T) {
	r := newRig(t, people.Options{})
	ada, bert := r.hire("ada", people.Admin), r.hire("bert", people.Agent, people.Press)
	r.hire("anna", people.Agent)
	for name, change := range map[string]func() error{
		"disable the admin":          func() error { return r.setEnabled(ada.ID, false) },
		"disable the other":          func() error { return r.setEnabled(bert.ID, false) },
		"the admin is admin no more": func() error { return r.setRoles(ada.ID, people.Press) },
		"the other governs no more":  func() error { return r.setRoles(bert.ID, people.Agent) },
	} {
		err := change()
		if fault.CodeOf(err) != fault.WrongState || !strings.Contains(err.Error(), "no two people") {
			t.Errorf("%s: %v", name, err)
		}
	}
	mara, e := r.create("mara", people.Manager)
	wantCode(t, r.setEnabled(bert.ID, false), fault.WrongState) // mara cannot sign in yet
	_, err := r.staff.Enrol(r.ctx, e.Code(), goodPassword)
	r.must(err)
	r.must(r.setEnabled(bert.ID, false))
	wantCode(t, r.setEnabled(mara.ID, false), fault.WrongState)
}

func TestMandateIsNeeded(t *testing.T) {
	r := newRig(t, people.Options{})
	r.hire("ada", people.Admin)
	r.hire("abel", people.Admin)
	p := r.hire("anna", people.Agent)
	before := len(r.events())
	for _, m := range []people.Mandate{{}, people.NewMandate(""), people.Mandate{}.By("system", "cli")} {
		r.refused(fault.Forbidden, func(tx *store.Tx) error {
			_, _, err := r.staff.Create(tx, m, people.NewPerson{Login: "new", Roles: []people.Role{people.Admin}})
			return err
		})
		r.refused(fault.Forbidden, func(tx *store.Tx) error { return r.staff.SetRoles(tx, m, p.ID, []people.Role{people.Admin}) })
		r.refused(fault.Forbidden, func(tx *store.Tx) error { return r.staff.SetEnabled(tx, m, p.ID, false) })
		r.refused(fault.Forbidden, func(tx *store.Tx) error {
			_, err := r.staff.ResetCredentials(tx, m, p.ID)
			return err
		})
	}
	if now := r.person(p.ID); !now.Enabled || now.Has(people.Admin) || !now.Enrolled() || len(r.events()) != before {
		t.Fatalf("changed without a mandate: %+v", now)
	}
}

func TestUnknownPeopleAreNotFound(t *testing.T) {
	r := newRig(t, people.Options{})
	r.hire("anna", people.Agent)
	var nobody people.ID
	_, err := r.staff.Person(r.ctx, nobody)
	wantCode(t, err, fault.NotFound)
	_, err = r.staff.ByLogin(r.ctx, "an") // a beginning is not the login
	wantCode(t, err, fault.NotFound)
	_, err = r.staff.ByLogin(r.ctx, "a\u200bnna")
	wantCode(t, err, fault.InvalidInput)
	wantCode(t, r.setEnabled(nobody, false), fault.NotFound)
	wantCode(t, r.setRoles(nobody, people.Agent), fault.NotFound)
}
