package people_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

func TestSignInGivesASession(t *testing.T) {
	r := newRig(t, people.Options{})
	anna := r.hire("anna", people.Agent)
	secret, p := r.signIn("anna")
	if len(secret) != 43 {
		t.Fatalf("a secret of %d characters, want 43", len(secret))
	}
	again, err := r.staff.BySession(r.ctx, secret)
	r.must(err)
	for _, p := range []people.Principal{p, again} {
		if p.ID() != anna.ID || p.Login() != "anna" || p.Actor() != anna.Actor() || p.Via() != "desk" || p.Service() != "" {
			t.Fatalf("signed in as %+v", p.Person())
		}
		r.must(p.May(people.Read))
		r.must(p.May(people.Endorse))
		r.must(p.MayEndorse())
		wantCode(t, p.May(people.Ingest), fault.Forbidden)
	}
	_, err = r.staff.BySession(r.ctx, secret+"A")
	wantCode(t, err, fault.Unauthenticated)
	r.must(r.staff.SignOut(r.ctx, secret))
	r.must(r.staff.SignOut(r.ctx, secret))
	_, err = r.staff.BySession(r.ctx, secret)
	wantCode(t, err, fault.Unauthenticated)
	if started, ended := r.recorded("session.started"), r.recorded("session.ended"); len(started) != 1 || len(ended) != 1 ||
		started[0].Facts["session"] != p.Session().String() || ended[0].Facts["reason"] != "signed_out" {
		t.Fatalf("recorded %+v and %+v", started, ended)
	}
	r.leaksNothing("anna", secret, desk.String())
}

func TestZeroPrincipalMayDoNothing(t *testing.T) {
	r := newRig(t, people.Options{})
	var nobody people.Principal
	if nobody.Valid() || nobody.Has(people.Admin) || nobody.FreshWithin(time.Hour) || nobody.Actor() != "" || nobody.Via() != "" || !nobody.ID().IsZero() {
		t.Fatal("the zero Principal is somebody")
	}
	wantCode(t, nobody.May(people.Read), fault.Unauthenticated)
	wantCode(t, nobody.MayEndorse(), fault.Unauthenticated)
	wantCode(t, nobody.MayIngest("x"), fault.Unauthenticated)
	wantCode(t, r.staff.SetLanguage(r.ctx, nobody, "nl"), fault.Unauthenticated)
	wantCode(t, r.staff.ChangePassword(r.ctx, nobody, goodPassword, otherPassword), fault.Unauthenticated)
	_, _, err := r.staff.IssueToken(r.ctx, nobody, "t", []people.Scope{people.Read}, time.Time{})
	wantCode(t, err, fault.Unauthenticated)
	_, _, err = r.staff.IssueServiceToken(r.ctx, nobody, "t", "x")
	wantCode(t, err, fault.Unauthenticated)
	_, err = r.staff.Tokens(r.ctx, nobody)
	wantCode(t, err, fault.Unauthenticated)
	_, err = r.staff.Sessions(r.ctx, nobody)
	wantCode(t, err, fault.Unauthenticated)
	r.refused(fault.Unauthenticated, func(tx *store.Tx) error {
		_, err := r.staff.Confirm(tx, nobody)
		return err
	})
}

// The four refusals are one answer, and each is recorded about the person,
// where there is one, without telling what was typed.
func TestRefusedSignInsAreAlike(t *testing.T) {
	r := newRig(t, people.Options{})
	anna := r.hire("anna", people.Admin)
	r.hire("ada", people.Admin)
	r.hire("abel", people.Admin)
	gone := r.hire("gone", people.Agent)
	r.update(func(tx *store.Tx) error { return r.staff.SetEnabled(tx, mandate, gone.ID, false) })
	r.create("new", people.Agent)
	var texts []string
	for _, c := range []struct{ login, password string }{
		{"anna", "not the password"},
		{"nobody", goodPassword},
		{"gone", goodPassword},
		{"new", ""},
		{"no such\x00login", goodPassword},
		{"anna", strings.Repeat("x", 5000)},
	} {
		_, p, err := r.staff.SignIn(r.ctx, c.login, c.password, desk)
		wantCode(t, err, fault.Unauthenticated)
		if p.Valid() {
			t.Fatalf("%s: a refused sign-in gave a principal", c.login)
		}
		texts = append(texts, err.Error())
	}
	for _, text := range texts {
		if text != texts[0] {
			t.Errorf("%q differs from %q", text, texts[0])
		}
	}
	refused := r.recorded("sign_in.refused")
	if len(refused) != len(texts) || refused[0].Subject != anna.Subject() || refused[1].Subject != "sign-in" || refused[2].Subject != gone.Subject() {
		t.Fatalf("recorded %+v", refused)
	}
	for _, e := range refused {
		if e.Actor != audit.System {
			t.Errorf("a refused sign-in names the actor %s", e.Actor)
		}
	}
	r.leaksNothing("anna", "nobody", "not the password", goodPassword, desk.String())
}

func retryAfter(t *testing.T, err error) time.Duration {
	t.Helper()
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != fault.RateLimited {
		t.Fatalf("got %v, want rate_limited", err)
	}
	n, err := strconv.Atoi(f.Details["retry_after"])
	if err != nil || n < 1 {
		t.Fatalf("retry_after is %q", f.Details["retry_after"])
	}
	return time.Duration(n) * time.Second
}

func TestGuessingOneLoginBecomesSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, people.Options{})
		r.hire("anna", people.Agent)
		guess := func(i int) error { // each from another network
			_, _, err := r.staff.SignIn(r.ctx, "Anna", "a guess", netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}))
			return err
		}
		i := 0
		for ; i < 6; i++ {
			wantCode(t, guess(i), fault.Unauthenticated)
		}
		for want := time.Second; want <= 8*time.Second; want *= 2 {
			if got := retryAfter(t, guess(i)); got != want {
				t.Fatalf("after %d guesses the wait is %s, want %s", i, got, want)
			}
			_, _, err := r.staff.SignIn(r.ctx, "anna", goodPassword, desk)
			wantCode(t, err, fault.RateLimited) // not even looked at
			time.Sleep(want)
			wantCode(t, guess(i), fault.Unauthenticated)
			i++
		}
		for range 30 {
			time.Sleep(5 * time.Minute)
			wantCode(t, guess(i), fault.Unauthenticated)
			i++
		}
		if got := retryAfter(t, guess(i)); got != 5*time.Minute {
			t.Fatalf("the longest wait is %s", got)
		}
		time.Sleep(5 * time.Minute)
		r.signIn("anna") // the owner is kept out no longer than that
		wantCode(t, guess(i), fault.Unauthenticated)
	})
}

func TestGuessingFromOneNetworkBecomesSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, people.Options{})
		r.hire("anna", people.Agent)
		network := netip.MustParseAddr("2001:db8:1:2::1")
		var err error
		for i := range 52 {
			_, _, err = r.staff.SignIn(r.ctx, fmt.Sprintf("login%d", i), "a guess", network)
			network = network.Next()
		}
		retryAfter(t, err)
		_, _, err = r.staff.SignIn(r.ctx, "anna", goodPassword, netip.MustParseAddr("2001:db8:1:2:ffff::"))
		retryAfter(t, err)
		r.signIn("anna") // from elsewhere
	})
}

func TestManyGuessesAtOnceGainNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, people.Options{})
		r.hire("anna", people.Agent)
		var looked, slowed int
		var mu sync.Mutex
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				_, _, err := r.staff.SignIn(r.ctx, "anna", "a guess", netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
				mu.Lock()
				defer mu.Unlock()
				if fault.Is(err, fault.RateLimited) {
					slowed++
				} else if fault.Is(err, fault.Unauthenticated) {
					looked++
				}
			})
		}
		all.Wait()
		if looked != 6 || slowed != 94 {
			t.Fatalf("%d guesses were looked at and %d slowed, want 6 and 94", looked, slowed)
		}
	})
}

func TestFloodOfGuessesDoesNotFloodTheRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, people.Options{})
		r.hire("anna", people.Agent)
		guess := func(i int) {
			_, _, err := r.staff.SignIn(r.ctx, fmt.Sprintf("login%d", i), "x", netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
			wantCode(t, err, fault.Unauthenticated)
		}
		for i := range 200 {
			guess(i)
		}
		if n := len(r.recorded("sign_in.refused")); n != 60 {
			t.Fatalf("%d of 200 refusals recorded, want 60", n)
		}
		time.Sleep(time.Minute)
		guess(1000)
		refused := r.recorded("sign_in.refused")
		if got := refused[len(refused)-1].Facts["unrecorded"]; got != "140" {
			t.Fatalf("the next one says that %q were not recorded, want 140", got)
		}
	})
}

func TestSessionEndsByTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, people.Options{SessionIdle: time.Hour, SessionLife: 5 * time.Hour})
		r.hire("anna", people.Agent)
		idle, _ := r.signIn("anna")
		used, p := r.signIn("anna")
		if !p.FreshWithin(time.Minute) {
			t.Fatal("a new session is not fresh")
		}
		for i := range 5 {
			time.Sleep(59 * time.Minute)
			if _, err := r.staff.BySession(r.ctx, used); err != nil {
				t.Fatalf("a session in use ended: %v", err)
			}
			if _, err := r.staff.PeekSession(r.ctx, idle); (err == nil) != (i == 0) { // an open page is no use
				t.Fatalf("after %d hours the idle session: %v", i+1, err)
			}
		}
		if p.FreshWithin(time.Hour) {
			t.Fatal("a principal stays fresh for ever")
		}
		_, err := r.staff.BySession(r.ctx, idle)
		wantCode(t, err, fault.Unauthenticated)
		time.Sleep(10 * time.Minute)
		_, err = r.staff.BySession(r.ctx, used)
		wantCode(t, err, fault.Unauthenticated)
		r.must(r.staff.Sweep(r.ctx))
		if ended := r.recorded("session.ended"); len(ended) != 2 || ended[0].Facts["reason"] != "expired" || ended[0].Actor != audit.System {
			t.Fatalf("recorded %+v", ended)
		}
	})
}

func TestLookupsSeldomWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, people.Options{})
		r.hire("anna", people.Agent)
		secret, p := r.signIn("anna")
		start := time.Now()
		seen := func() time.Duration {
			own, err := r.staff.Sessions(r.ctx, p)
			r.must(err)
			return own[0].SeenAt.Sub(start).Round(time.Second)
		}
		for range 59 {
			time.Sleep(time.Second)
			_, err := r.staff.BySession(r.ctx, secret)
			r.must(err)
		}
		if seen() != 0 {
			t.Fatalf("written within a minute: %s", seen())
		}
		time.Sleep(time.Second)
		_, err := r.staff.BySession(r.ctx, secret)
		r.must(err)
		if seen() != time.Minute {
			t.Fatalf("last use %s, want 1m", seen())
		}
	})
}

func TestOwnSessionsCanBeRevoked(t *testing.T) {
	r := newRig(t, people.Options{})
	anna, bert := r.as("anna", people.Agent), r.as("bert", people.Press)
	lost, _ := r.signIn("anna")
	own, err := r.staff.Sessions(r.ctx, anna)
	r.must(err)
	if len(own) != 2 || own[1].ID != anna.Session() || own[0].From != desk.String() {
		t.Fatalf("anna's sessions are %+v", own)
	}
	wantCode(t, r.staff.RevokeSession(r.ctx, bert, own[0].ID), fault.NotFound)
	r.must(r.staff.RevokeSession(r.ctx, anna, own[0].ID))
	_, err = r.staff.BySession(r.ctx, lost)
	wantCode(t, err, fault.Unauthenticated)
	own, err = r.staff.Sessions(r.ctx, anna)
	r.must(err)
	if len(own) != 1 || own[0].ID != anna.Session() {
		t.Fatalf("left %+v", own)
	}
}

func TestOldestSessionsMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, people.Options{})
		r.hire("anna", people.Agent)
		oldest, _ := r.signIn("anna")
		var p people.Principal
		for range 50 {
			time.Sleep(time.Second)
			_, p = r.signIn("anna")
		}
		own, err := r.staff.Sessions(r.ctx, p)
		r.must(err)
		if len(own) != 50 || own[0].ID != p.Session() {
			t.Fatalf("%d sessions, want 50 and the newest first", len(own))
		}
		_, err = r.staff.BySession(r.ctx, oldest)
		wantCode(t, err, fault.Unauthenticated)
		if ended := r.recorded("session.ended"); len(ended) != 1 || ended[0].Facts["reason"] != "too_many" {
			t.Fatalf("recorded %+v", ended)
		}
	})
}

func TestChangedPasswordEndsTheOtherSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, people.Options{})
		r.hire("anna", people.Agent)
		other, _ := r.signIn("anna")
		own, p := r.signIn("anna")
		wantCode(t, r.staff.ChangePassword(r.ctx, p, "not it, sorry", otherPassword), fault.InvalidInput)
		wantCode(t, r.staff.ChangePassword(r.ctx, p, goodPassword, "kort"), fault.InvalidInput)
		r.must(r.staff.ChangePassword(r.ctx, p, goodPassword, otherPassword))
		_, err := r.staff.BySession(r.ctx, other)
		wantCode(t, err, fault.Unauthenticated)
		_, err = r.staff.BySession(r.ctx, own)
		r.must(err)
		_, _, err = r.staff.SignIn(r.ctx, "anna", goodPassword, desk)
		wantCode(t, err, fault.Unauthenticated)
		_, _, err = r.staff.SignIn(r.ctx, "anna", otherPassword, desk)
		r.must(err)
		for range 7 { // a stolen session does not get to guess
			err = r.staff.ChangePassword(r.ctx, p, "a guess", otherPassword)
		}
		retryAfter(t, err)
		r.leaksNothing("anna", goodPassword, otherPassword, "a guess")
	})
}

func TestLanguageIsOnesOwn(t *testing.T) {
	r := newRig(t, people.Options{})
	anna := r.as("anna", people.Agent)
	wantCode(t, r.staff.SetLanguage(r.ctx, anna, "tlh"), fault.InvalidInput)
	r.must(r.staff.SetLanguage(r.ctx, anna, "nl"))
	r.must(r.staff.SetLanguage(r.ctx, anna, "nl"))
	if got := r.person(anna.ID()).Language; got != "nl" {
		t.Fatalf("language %q", got)
	}
	if n := len(r.recorded("person.language_changed")); n != 1 {
		t.Fatalf("%d changes recorded, want 1", n)
	}
}

// A rush of everybody at once, while sessions end and people look.
func TestManyAtOnce(t *testing.T) {
	r := newRig(t, people.Options{})
	var everybody []string
	for i := range 12 {
		everybody = append(everybody, r.hire(fmt.Sprintf("person%d", i), people.Agent).Login)
	}
	var all sync.WaitGroup
	for i := range 48 {
		all.Go(func() {
			secret, p, err := r.staff.SignIn(r.ctx, everybody[i%len(everybody)], goodPassword, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
			if err != nil {
				t.Errorf("sign in: %v", err)
				return
			}
			token, _, err := r.staff.IssueToken(r.ctx, p, "mine", []people.Scope{people.Read}, time.Time{})
			if err != nil {
				t.Errorf("issue: %v", err)
				return
			}
			if q, err := r.staff.ByToken(r.ctx, token); err != nil || q.ID() != p.ID() {
				t.Errorf("by token: %v %v", q.ID(), err)
			}
			if err := r.staff.SignOut(r.ctx, secret); err != nil {
				t.Errorf("sign out: %v", err)
			}
		})
	}
	all.Wait()
	if s, e := len(r.recorded("session.started")), len(r.recorded("session.ended")); s != 48 || e != 48 {
		t.Fatalf("%d sessions started and %d ended, want 48 each", s, e)
	}
}
