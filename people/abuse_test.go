package people_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
	"standpunt/store/storetest"
)

// The cases that are refused here; the numbers are those of the abuse
// catalogue. What two people may decide together is approval's.

func TestAbuse03_OnePersonTwoAccountsByAnotherSpelling(t *testing.T) {
	r := newRig(t, people.Options{})
	r.hire("Anna.Corné", people.Agent)
	for _, login := range []string{
		"anna.corné", " ANNA.CORNÉ ", "anna.corne\u0301", // case, space, decomposed
		"ａｎｎａ．corné",                    // full width
		"\u1d43nna.corné",               // a superscript letter
		"anna.corn\u00e9", "Anna．Corné", // the full stop of another width
	} {
		r.refused(fault.AlreadyExists, func(tx *store.Tx) error {
			_, _, err := r.staff.Create(tx, mandate, people.NewPerson{Login: login, Roles: []people.Role{people.Press}})
			return err
		})
	}
	for _, login := range []string{
		"аnna.corné",       // Cyrillic а among Latin letters
		"anna\u200b.corné", // zero width space
		"anna\u00ad.corné", // soft hyphen
		"anna\u2060.corné", // word joiner
		"anna\ufe0f.corné", // variation selector
		"anna\u202e.corné", // right-to-left override
		"anna\U000e0061.corné",
		"anna\x00.corné", "anna .corné", "anna/corné", ".anna", strings.Repeat("a", 65), "anna\xff",
	} {
		r.refused(fault.InvalidInput, func(tx *store.Tx) error {
			_, _, err := r.staff.Create(tx, mandate, people.NewPerson{Login: login, Roles: []people.Role{people.Press}})
			return err
		})
	}
	all, err := r.staff.List(r.ctx)
	r.must(err)
	if len(all) != 1 {
		t.Fatalf("%d accounts of one person", len(all))
	}
}

func TestAbuse03_OnePersonTwoAccountsByALoginThatLooksTheSame(t *testing.T) {
	r := newRig(t, people.Options{})
	r.hire("copac", people.Agent)
	r.refused(fault.AlreadyExists, func(tx *store.Tx) error { // all Cyrillic, so of one script
		_, _, err := r.staff.Create(tx, mandate, people.NewPerson{Login: "сорас", Roles: []people.Role{people.Press}})
		return err
	})
	r.hire("борис", people.Agent) // other scripts are welcome
}

func TestAbuse03_LoginOfSomebodyWhoLeftIsNotGivenOutAgain(t *testing.T) {
	r := newRig(t, people.Options{})
	r.hire("ada", people.Admin)
	r.hire("abel", people.Admin)
	left := r.hire("anna", people.Agent)
	r.must(r.setEnabled(left.ID, false))
	r.refused(fault.AlreadyExists, func(tx *store.Tx) error {
		_, _, err := r.staff.Create(tx, mandate, people.NewPerson{Login: "anna", Roles: []people.Role{people.Press}})
		return err
	})
	r.must(r.setEnabled(left.ID, true)) // the way back is the same account
	back, err := r.staff.ByLogin(r.ctx, "anna")
	r.must(err)
	if back.ID != left.ID {
		t.Fatal("anna came back as somebody else")
	}
}

func TestAbuse06_GrantedRoleCoolsEvenWhenFlippedBackAndForth(t *testing.T) {
	r := newRig(t, people.Options{CoolingTime: time.Hour})
	ada := r.hire("ada", people.Admin)
	r.hire("abel", people.Admin)
	for range 3 {
		r.must(r.setRoles(ada.ID, people.Admin, people.Press))
		if now := r.person(ada.ID); !now.EndorsesFrom.After(time.Now().Add(59 * time.Minute)) {
			t.Fatalf("a new press officer endorses from %s", now.EndorsesFrom)
		}
		r.must(r.setRoles(ada.ID, people.Admin))
	}
	changed := r.recorded("person.roles_changed")
	if len(changed) != 6 || changed[0].From != "admin" || changed[0].To != "admin,press" {
		t.Fatalf("the flips recorded are %+v", changed)
	}
}

func TestAbuse07_OneHalfOfACodeEnrolsNobody(t *testing.T) {
	r := newRig(t, people.Options{})
	p := r.hire("anna", people.Agent)
	r.reset(p.ID)
	take := func(which int) (half string, err error) {
		err = r.db.Update(r.ctx, func(tx *store.Tx) error {
			half, err = r.staff.TakeHalf(tx, p.ID, which)
			return err
		})
		return half, err
	}
	first, err := take(0)
	r.must(err)
	for _, guess := range []string{first, first + "-", first + "-" + first, "-" + first} {
		_, err := r.staff.Enrol(r.ctx, guess, otherPassword)
		wantCode(t, err, fault.NotFound)
	}
	_, err = take(0) // nor is it read twice
	wantCode(t, err, fault.NotFound)
	_, err = take(2)
	wantCode(t, err, fault.InvalidInput)
	second, err := take(1)
	r.must(err)
	if first == second {
		t.Fatal("both halves are the same")
	}
	_, err = r.staff.Enrol(r.ctx, first+"-"+second, otherPassword)
	r.must(err)
	taken := r.recorded("credentials.half_taken")
	if len(taken) != 2 || taken[0].Subject != p.Subject() {
		t.Fatalf("recorded %+v", taken)
	}
	r.leaksNothing(first, second)
}

func TestAbuse07_FoundersCodeIsNotKept(t *testing.T) {
	r := newRig(t, people.Options{})
	p, _ := r.create("ada", people.Admin)
	r.refused(fault.NotFound, func(tx *store.Tx) error {
		_, err := r.staff.TakeHalf(tx, p.ID, 0)
		return err
	})
}

func TestAbuse08_PowerLostMeanwhileIsNoticedInTheTransaction(t *testing.T) {
	r := newRig(t, people.Options{EndorsingPeople: []string{"bert"}})
	r.hire("ada", people.Admin)
	r.hire("abel", people.Admin)
	bert := r.as("bert", people.Agent, people.Press)
	secret, _ := r.issue(bert, people.Endorse)
	byToken := r.byToken(secret)
	r.must(r.setRoles(bert.ID(), people.Agent))
	if !bert.Has(people.Press) {
		t.Fatal("the case needs a principal from before")
	}
	for _, p := range []people.Principal{bert, byToken} {
		r.update(func(tx *store.Tx) error {
			now, err := r.staff.Confirm(tx, p)
			if err == nil && now.Has(people.Press) {
				t.Error("a role that was taken away is still confirmed")
			}
			return err
		})
	}
	r.must(r.setEnabled(bert.ID(), false))
	for _, p := range []people.Principal{bert, byToken} {
		r.refused(fault.Unauthenticated, func(tx *store.Tx) error {
			_, err := r.staff.Confirm(tx, p)
			return err
		})
	}
}

func TestAbuse40_NobodyIsDeletedAndPastActsKeepTheirActor(t *testing.T) {
	r := newRig(t, people.Options{})
	r.hire("ada", people.Admin)
	r.hire("abel", people.Admin)
	anna := r.as("anna", people.Agent)
	r.must(r.staff.SetLanguage(r.ctx, anna, "nl")) // stands for any act of hers
	r.must(r.setRoles(anna.ID(), people.Manager))
	r.must(r.setEnabled(anna.ID(), false))
	all, err := r.staff.List(r.ctx)
	r.must(err)
	if len(all) != 3 || all[2].ID != anna.ID() || all[2].Enabled {
		t.Fatalf("the staff is %+v", all)
	}
	acts := r.recorded("person.language_changed")
	if len(acts) != 1 || acts[0].Actor != anna.Actor() {
		t.Fatalf("her act is recorded as %+v", acts)
	}
	if still := r.person(anna.ID()); still.Login != "anna" {
		t.Fatalf("the actor of it is now %+v", still)
	}
}

// Whoever reads the data file finds no password, session or token in it.
func TestSecretsAreNotInTheDataFile(t *testing.T) {
	dir := t.TempDir()
	db := storetest.OpenAt(t, dir, audit.Schema, people.Schema)
	log, err := audit.Open(t.Context(), db, audit.Options{KeyDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, ctx: t.Context(), db: db, log: log, staff: people.New(db, log, people.Options{Hashing: people.CheapHashing()})}
	_, e := r.create("anna", people.Agent)
	_, err = r.staff.Enrol(r.ctx, e.Code(), goodPassword)
	r.must(err)
	session, p := r.signIn("anna")
	token, _ := r.issue(p, people.Read)
	file, err := os.ReadFile(filepath.Join(dir, "standpunt.db"))
	r.must(err)
	if !bytes.Contains(file, []byte("anna")) {
		t.Fatal("the file that was read does not hold anna at all")
	}
	for name, secret := range map[string]string{
		"password": goodPassword, "session": session, "token": token, "first half": e.Halves[0], "second half": e.Halves[1],
	} {
		if bytes.Contains(file, []byte(secret)) {
			t.Errorf("the %s is in the data file", name)
		}
	}
}
