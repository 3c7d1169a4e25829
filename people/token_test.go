package people_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

func (r *rig) issue(by people.Principal, scopes ...people.Scope) (string, *people.Token) {
	r.t.Helper()
	secret, token, err := r.staff.IssueToken(r.ctx, by, "my script", scopes, time.Time{})
	r.must(err)
	return secret, token
}

func (r *rig) byToken(secret string) people.Principal {
	r.t.Helper()
	p, err := r.staff.ByToken(r.ctx, secret)
	r.must(err)
	return p
}

func TestTokenDoesNoMoreThanItsScopes(t *testing.T) {
	r := newRig(t, people.Options{})
	anna := r.as("anna", people.Agent)
	secret, token := r.issue(anna, people.Write, people.Read, people.Read)
	if !strings.HasPrefix(secret, "spt_") || len(secret) != 47 {
		t.Fatalf("the secret has the shape %q...", secret[:4])
	}
	if !slices.Equal(token.Scopes, []people.Scope{people.Read, people.Write}) {
		t.Fatalf("scopes %v", token.Scopes)
	}
	p := r.byToken(secret)
	if p.ID() != anna.ID() || p.Via() != "api" || p.FreshWithin(time.Hour) || !p.Session().IsZero() {
		t.Fatalf("the token is %v via %s", p.ID(), p.Via())
	}
	r.must(p.May(people.Read))
	r.must(p.May(people.Write))
	wantCode(t, p.May(people.Endorse), fault.Forbidden)
	wantCode(t, p.MayEndorse(), fault.Forbidden)
	wantCode(t, p.MayIngest("push"), fault.Forbidden)
	r.must(r.staff.SetLanguage(r.ctx, p, "nl"))
	reader, _ := r.issue(anna, people.Read)
	wantCode(t, r.staff.SetLanguage(r.ctx, r.byToken(reader), "en"), fault.Forbidden)
	wantCode(t, r.staff.RevokeToken(r.ctx, r.byToken(reader), token.ID), fault.Forbidden)

	// A token makes no tokens and changes no password: it would outlive its revocation.
	_, _, err := r.staff.IssueToken(r.ctx, p, "more", []people.Scope{people.Endorse}, time.Time{})
	wantCode(t, err, fault.Forbidden)
	wantCode(t, r.staff.ChangePassword(r.ctx, p, goodPassword, otherPassword), fault.Forbidden)
	r.leaksNothing("anna", "my script", secret)
}

func TestTokensAreCheckedWhenTheyAreMade(t *testing.T) {
	r := newRig(t, people.Options{})
	anna := r.as("anna", people.Agent)
	later := time.Now().Add(time.Hour)
	for _, c := range []struct {
		name    string
		scopes  []people.Scope
		expires time.Time
		code    fault.Code
	}{
		{"", []people.Scope{people.Read}, later, fault.InvalidInput},
		{"a\u202eb", []people.Scope{people.Read}, later, fault.InvalidInput},
		{strings.Repeat("n", 101), []people.Scope{people.Read}, later, fault.InvalidInput},
		{"n", nil, later, fault.InvalidInput},
		{"n", []people.Scope{"everything"}, later, fault.InvalidInput},
		{"n", []people.Scope{people.Read}, time.Now().Add(-time.Hour), fault.InvalidInput},
		{"n", []people.Scope{people.Ingest}, later, fault.Forbidden},
	} {
		_, _, err := r.staff.IssueToken(r.ctx, anna, c.name, c.scopes, c.expires)
		wantCode(t, err, c.code)
	}
	for range 100 {
		r.issue(anna, people.Read)
	}
	_, _, err := r.staff.IssueToken(r.ctx, anna, "one more", []people.Scope{people.Read}, later)
	wantCode(t, err, fault.InvalidInput)
}

func TestTokensEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, people.Options{})
		anna, bert := r.as("anna", people.Agent), r.as("bert", people.Agent)
		short, _, err := r.staff.IssueToken(r.ctx, anna, "short", []people.Scope{people.Read}, time.Now().Add(time.Hour))
		r.must(err)
		long, token := r.issue(anna, people.Read)
		time.Sleep(time.Hour)
		_, err = r.staff.ByToken(r.ctx, short)
		wantCode(t, err, fault.Unauthenticated)
		p := r.byToken(long)
		own, err := r.staff.Tokens(r.ctx, p)
		r.must(err)
		if len(own) != 2 || own[0].ID != token.ID || !own[0].UsedAt.Equal(time.Now()) || own[1].Live(time.Now()) {
			t.Fatalf("anna's tokens are %+v and %+v", own[0], own[1])
		}
		wantCode(t, r.staff.RevokeToken(r.ctx, bert, token.ID), fault.NotFound)
		r.must(r.staff.RevokeToken(r.ctx, anna, token.ID))
		r.must(r.staff.RevokeToken(r.ctx, anna, token.ID))
		_, err = r.staff.ByToken(r.ctx, long)
		wantCode(t, err, fault.Unauthenticated)
		r.refused(fault.Unauthenticated, func(tx *store.Tx) error { // a principal from before
			_, err := r.staff.Confirm(tx, p)
			return err
		})
		if n := len(r.recorded("token.revoked")); n != 1 {
			t.Fatalf("%d revocations recorded, want 1", n)
		}
		for _, bad := range []string{"", "spt_", "Bearer x", long[4:], long + "x"} {
			_, err := r.staff.ByToken(r.ctx, bad)
			wantCode(t, err, fault.Unauthenticated)
		}
	})
}

func TestServiceTokenOnlyDelivers(t *testing.T) {
	r := newRig(t, people.Options{EndorsingPeople: []string{"ada"}})
	ada, anna := r.as("ada", people.Admin), r.as("anna", people.Agent)
	_, _, err := r.staff.IssueServiceToken(r.ctx, anna, "crm", "push")
	wantCode(t, err, fault.Forbidden)
	for _, account := range []string{"", "two\nlines", strings.Repeat("x", 101)} {
		_, _, err = r.staff.IssueServiceToken(r.ctx, ada, "crm", account)
		wantCode(t, err, fault.InvalidInput)
	}
	secret, token, err := r.staff.IssueServiceToken(r.ctx, ada, "crm", "push")
	r.must(err)
	p := r.byToken(secret)
	if !p.ID().IsZero() || p.Actor() != "account:push" || p.Service() != "push" || p.Has(people.Admin) || p.Login() != "" {
		t.Fatalf("the service is %v %s", p.ID(), p.Actor())
	}
	r.must(p.MayIngest("push"))
	wantCode(t, p.MayIngest("other"), fault.Forbidden)
	for _, scope := range []people.Scope{people.Read, people.Write, people.Endorse} {
		wantCode(t, p.May(scope), fault.Forbidden)
	}
	wantCode(t, p.MayEndorse(), fault.Forbidden)
	wantCode(t, r.staff.SetLanguage(r.ctx, p, "nl"), fault.Forbidden)
	_, err = r.staff.Tokens(r.ctx, p)
	wantCode(t, err, fault.Forbidden)

	r.must(ada.MayIngest("push")) // an admin may also deliver by hand
	wantCode(t, anna.MayIngest("push"), fault.Forbidden)

	_, err = r.staff.ServiceTokens(r.ctx, anna)
	wantCode(t, err, fault.Forbidden)
	all, err := r.staff.ServiceTokens(r.ctx, ada)
	r.must(err)
	if len(all) != 1 || all[0].ID != token.ID {
		t.Fatalf("service tokens %+v", all)
	}
	wantCode(t, r.staff.RevokeToken(r.ctx, anna, token.ID), fault.NotFound)
	r.must(r.staff.RevokeToken(r.ctx, ada, token.ID))
	_, err = r.staff.ByToken(r.ctx, secret)
	wantCode(t, err, fault.Unauthenticated)
}

func TestAbuse04_TokensEndorseOnlyWhereTheConfigurationSaysSo(t *testing.T) {
	r := newRig(t, people.Options{EndorsingPeople: []string{" Bert "}})
	anna, bert := r.as("anna", people.Agent), r.as("bert", people.Press)
	unlisted, _ := r.issue(anna, people.Read, people.Write, people.Endorse)
	wantCode(t, r.byToken(unlisted).MayEndorse(), fault.Forbidden)
	listed, _ := r.issue(bert, people.Endorse)
	r.must(r.byToken(listed).MayEndorse())
	unscoped, _ := r.issue(bert, people.Read, people.Write)
	wantCode(t, r.byToken(unscoped).MayEndorse(), fault.Forbidden)
}
