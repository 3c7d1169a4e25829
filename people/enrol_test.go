package people_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

func TestEnrolmentSetsThePasswordOnce(t *testing.T) {
	r := newRig(t, people.Options{})
	created, e := r.create("Anna", people.Agent)
	if created.Enrolled() || created.Login != "anna" {
		t.Fatalf("a new person is %+v", created)
	}
	_, _, err := r.staff.SignIn(r.ctx, "anna", "", desk)
	wantCode(t, err, fault.Unauthenticated)

	// As it comes out of a mail: capitals, a line end, a space.
	enrolled, err := r.staff.Enrol(r.ctx, " "+strings.ToUpper(e.Code())+"\n", goodPassword)
	r.must(err)
	if enrolled.ID != created.ID || !enrolled.Enrolled() {
		t.Fatalf("enrolled %+v", enrolled)
	}
	r.signIn("ANNA ")
	_, err = r.staff.Enrol(r.ctx, e.Code(), otherPassword)
	wantCode(t, err, fault.NotFound)
	r.signIn("anna") // the old password still

	events := r.recorded("person.enrolled")
	if len(events) != 1 || events[0].Actor != created.Actor() || events[0].Subject != created.Subject() {
		t.Fatalf("recorded %+v", events)
	}
	r.leaksNothing("anna", goodPassword, e.Halves[0], e.Halves[1])
}

func TestEnrolmentExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, people.Options{})
		p, e := r.create("anna", people.Agent)
		time.Sleep(people.EnrolmentLife)
		_, err := r.staff.Enrol(r.ctx, e.Code(), goodPassword)
		wantCode(t, err, fault.NotFound)
		r.must(r.staff.Sweep(r.ctx))
		if n := len(r.recorded("enrolment.expired")); n != 1 {
			t.Fatalf("%d enrolments expired, want 1", n)
		}
		r.refused(fault.NotFound, func(tx *store.Tx) error {
			_, err := r.staff.TakeHalf(tx, p.ID, 0)
			return err
		})
	})
}

func TestNewerEnrolmentVoidsTheOlder(t *testing.T) {
	r := newRig(t, people.Options{})
	p, older := r.create("anna", people.Agent)
	var newer people.Enrolment
	r.update(func(tx *store.Tx) (err error) {
		newer, err = r.staff.ResetCredentials(tx, mandate, p.ID)
		return err
	})
	_, err := r.staff.Enrol(r.ctx, older.Code(), goodPassword)
	wantCode(t, err, fault.NotFound)
	_, err = r.staff.Enrol(r.ctx, newer.Code(), goodPassword)
	r.must(err)
}

func TestUnknownCodesAreThrottledAndTheRightOneIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, people.Options{})
		_, e := r.create("anna", people.Agent)
		var err error
		for range 40 {
			_, err = r.staff.Enrol(r.ctx, "no-such-code", goodPassword)
		}
		wantCode(t, err, fault.RateLimited)
		_, err = r.staff.Enrol(r.ctx, e.Code(), goodPassword)
		r.must(err)
		time.Sleep(time.Minute)
		_, err = r.staff.Enrol(r.ctx, "no-such-code", goodPassword)
		wantCode(t, err, fault.NotFound)
	})
}

func TestWeakPasswordsAreRefusedWithTheReason(t *testing.T) {
	r := newRig(t, people.Options{})
	_, e := r.create("annabel", people.Agent)
	for _, c := range []struct{ password, why string }{
		{"", "needed"},
		{"kort", "too short"},
		{"negentien", "too short"},
		{"Annabel2026", "login"},
		{"annabelannabel", "login"},
		{"Wachtwoord2026!", "attacker"},
		{"QWERTYuiop", "attacker"},
		{"1234567890", "attacker"},
		{"abababababab", "attacker"},
		{"tabs\tand\x00controls", "control"},
		{strings.Repeat("lang wachtwoord ", 100), "longer"},
	} {
		_, err := r.staff.Enrol(r.ctx, e.Code(), c.password)
		wantCode(t, err, fault.InvalidInput)
		if !strings.Contains(err.Error(), c.why) || !strings.HasPrefix(err.Error(), "password: ") {
			t.Errorf("%q: %v, want the reason %q", c.password, err, c.why)
		}
		if c.password != "" && strings.Contains(err.Error(), c.password) {
			t.Errorf("the fault repeats the password: %v", err)
		}
	}
	_, err := r.staff.Enrol(r.ctx, e.Code(), goodPassword)
	r.must(err) // refused passwords did not use the code up
}

func TestDemoTakesDemo(t *testing.T) {
	r := newRig(t, people.Options{AllowWeak: true})
	_, e := r.create("demo", people.Agent)
	_, err := r.staff.Enrol(r.ctx, e.Code(), "")
	wantCode(t, err, fault.InvalidInput)
	_, err = r.staff.Enrol(r.ctx, e.Code(), "demo")
	r.must(err)
	_, _, err = r.staff.SignIn(r.ctx, "demo", "demo", desk)
	r.must(err)
}

func TestPasswordIsTheSameOnEveryKeyboard(t *testing.T) {
	r := newRig(t, people.Options{})
	_, e := r.create("anna", people.Agent)
	_, err := r.staff.Enrol(r.ctx, e.Code(), "ge\u0301e\u0301n gewoon woord") // decomposed
	r.must(err)
	_, _, err = r.staff.SignIn(r.ctx, "anna", "géén gewoon woord", desk) // composed
	r.must(err)
	_, _, err = r.staff.SignIn(r.ctx, "anna", "Géén gewoon woord", desk) // another case is another password
	wantCode(t, err, fault.Unauthenticated)
}
