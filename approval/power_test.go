package approval_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
)

// TestEndedSessionsDoNothing asks with what a request still holds of a session
// that was ended meanwhile.
func TestEndedSessionsDoNothing(t *testing.T) {
	r := approvaltest.New(t)
	anna, bert, ada := r.As("anna"), r.As("bert"), r.As("ada")
	draft := ok2(t)(anna.Draft(r.Mention("1", "Vraag"), "Antwoord"))
	review := anna.Submitted(r.Mention("2", "Vraag"), "Antwoord")
	queued := r.Queued(r.Mention("3", "Vraag"), "Antwoord")
	reset := r.Agreed("ada", "mara", approval.KindCredential, approval.Change{Person: r.As("paul").ID})
	for _, a := range []*approvaltest.Actor{anna, bert, ada} {
		a.SignOut()
	}
	ctx := t.Context()
	calls := map[string]func() error{
		"draft":   func() error { _, err := anna.Draft(r.Mention("4", "Vraag"), "Antwoord"); return err },
		"revise":  func() error { _, err := anna.Revise(draft, "Anders"); return err },
		"submit":  func() error { _, err := anna.Submit(draft); return err },
		"approve": func() error { _, err := bert.Approve(review); return err },
		"reject":  func() error { _, err := bert.Decide(review, approval.Reject, "nee"); return err },
		"withdraw": func() error {
			_, err := r.Approvals.Withdraw(ctx, bert.By, queued.ID, "")
			return err
		},
		"withdraw the endorsement": func() error {
			_, err := r.Approvals.WithdrawEndorsement(ctx, bert.By, queued.ID)
			return err
		},
		"retry": func() error { _, err := r.Approvals.Retry(ctx, anna.By, queued.ID); return err },
		"settle": func() error {
			_, err := r.Approvals.Settle(ctx, bert.By, queued.ID, approval.Ruling{Reason: "x"})
			return err
		},
		"propose": func() error {
			_, err := ada.Propose(approval.KindEnablement, approval.Change{Person: anna.ID})
			return err
		},
		"half": func() error { _, err := r.Approvals.Half(ctx, ada.By, reset.ID); return err },
		"stop": func() error { return r.Approvals.StopPublishing(ctx, bert.By, "crisis") },
	}
	for name, call := range calls {
		if got := fault.CodeOf(call()); got != fault.Unauthenticated {
			t.Errorf("%s: %q, want unauthenticated", name, got)
		}
	}
	r.State(review, approval.InReview)
	r.State(queued, approval.Queued)
	r.Replay()
}

// ok2 fails the test on an error and passes the proposal on.
func ok2(t *testing.T) func(*approval.View, error) *approval.View {
	t.Helper()
	return func(v *approval.View, err error) *approval.View {
		t.Helper()
		return ok(t, v, err)
	}
}

func TestTokensAndServicesEndorseNothing(t *testing.T) {
	r := approvaltest.New(t) // the configuration lists anna and bert alone
	p := r.As("anna").Submitted(r.Mention("1", "Vraag"), "Antwoord")
	j := approval.Judgement{Verdict: approval.Approve, Digest: p.Digest}
	secret, _, err := r.Staff.IssueServiceToken(t.Context(), r.As("ada").By, "bot", "plein")
	if err != nil {
		t.Fatal(err)
	}
	service, err := r.Staff.ByToken(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, by := range map[string]people.Principal{
		"a service": service, "a token without the scope": r.As("bert").Token(people.Read, people.Write),
		"a token of somebody not listed": r.As("paul").Token(people.Read, people.Endorse), "nobody": {},
	} {
		if _, err := r.Approvals.Decide(t.Context(), by, p.ID, j); err == nil {
			t.Errorf("%s approved", name)
		}
		if _, err := r.Approvals.Propose(t.Context(), by, approval.KindEnablement, approval.Change{Person: r.As("paul").ID}); err == nil {
			t.Errorf("%s proposed", name)
		}
		if _, err := r.Approvals.WithdrawEndorsement(t.Context(), by, p.ID); err == nil {
			t.Errorf("%s withdrew an endorsement", name)
		}
	}
	r.State(p, approval.InReview)
	if _, err := r.Approvals.Decide(t.Context(), r.As("bert").Token(people.Endorse), p.ID, j); err != nil {
		t.Fatalf("a listed person's token: %v", err)
	}
	r.Replay()
}

// TestAnEndorserAgreesToLoseARole is a proposal whose effect holds what its own
// endorser stands behind: it must not hold itself.
func TestAnEndorserAgreesToLoseARole(t *testing.T) {
	for name, c := range map[string]struct {
		kind   approval.Kind
		change approval.Change
	}{
		"loses a role": {approval.KindRoles, approval.Change{Roles: []people.Role{people.Agent}}},
		"is disabled":  {approval.KindEnablement, approval.Change{}},
	} {
		t.Run(name, func(t *testing.T) {
			r := approvaltest.New(t)
			queued := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
			c.change.Person = r.As("bert").ID
			p := r.Agreed("ada", "bert", c.kind, c.change)
			r.State(p, approval.Published)
			r.State(queued, approval.Held)
			r.Replay()
		})
	}
}

func TestNewApproversWaitForEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		r.Agreed("ada", "mara", approval.KindRoles, approval.Change{Person: r.As("anna").ID, Roles: []people.Role{people.Agent, people.Press}})
		r.Hire("eva", people.Agent)
		queued := func(id string) *approval.View {
			p := r.As("eva").Submitted(r.Mention(id, "Vraag"), "Antwoord")
			return ok2(t)(r.As("bert").Approve(p))
		}
		p := queued("1")
		if err := r.Approvals.RecordUnknown(t.Context(), r.Claim(), approval.Failure{Message: "weg"}); err != nil {
			t.Fatal(err)
		}
		_, err := r.Approvals.Settle(t.Context(), r.As("anna").By, p.ID, approval.Ruling{Reason: "gezien"})
		want(t, err, fault.CoolingTime)
		_, err = r.As("anna").Approve(r.As("eva").Submitted(r.Mention("2", "Vraag"), "Antwoord"))
		want(t, err, fault.CoolingTime)
		draft := ok2(t)(r.As("anna").Draft(r.Mention("3", "Vraag"), "Antwoord"))
		_, err = r.As("anna").Submit(draft)
		want(t, err, fault.CoolingTime)
		time.Sleep(24*time.Hour + time.Second)
		r.As("anna").SignIn()
		ok2(t)(r.As("anna").Submit(draft))
	})
}

// TestAPowerThatBeganAgainDoesNotCarryOldEndorsements: a reset of credentials
// starts the cooling time, so what the person endorsed before does not leave.
func TestAPowerThatBeganAgainDoesNotCarryOldEndorsements(t *testing.T) {
	r := approvaltest.New(t)
	p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
	r.Agreed("ada", "mara", approval.KindCredential, approval.Change{Person: r.As("bert").ID})
	r.NothingDue()
	if v := r.State(p, approval.Held); v.Reason != approval.ReasonEndorserLost {
		t.Fatalf("held because %q", v.Reason)
	}
	r.Replay()
}

func TestManyEndorsersDoNotBlockTheApproval(t *testing.T) {
	r := approvaltest.New(t)
	p := r.As("anna").Submitted(r.Mention("1", "Vraag"), "Antwoord")
	for i := range 14 {
		ok2(t)(r.Hire(fmt.Sprintf("agent%d", i), people.Agent).Approve(p))
	}
	p = ok2(t)(r.As("bert").Approve(p))
	if p.State != approval.Queued || len(p.Endorsements) != 16 {
		t.Fatalf("%s with %d endorsements", p.State, len(p.Endorsements))
	}
	if got := len(r.Claim().Endorsers()); got != 16 {
		t.Fatalf("%d endorsers", got)
	}
}

func TestWithdrawingOneOfThreeEndorsements(t *testing.T) {
	three := approval.DefaultPolicy()
	three.Quorum = 3
	r := approvaltest.NewWith(t, three)
	anna, bert, paul := r.As("anna"), r.As("bert"), r.As("paul")
	eva := r.Hire("eva", people.Agent)
	p := anna.Submitted(r.Mention("1", "Vraag"), "Antwoord")
	ok2(t)(bert.Approve(p))
	_, err := r.Approvals.WithdrawEndorsement(t.Context(), paul.By, p.ID)
	want(t, err, fault.WrongState)
	v := ok2(t)(r.Approvals.WithdrawEndorsement(t.Context(), bert.By, p.ID))
	if v.State != approval.InReview || len(v.Endorsements) != 1 {
		t.Fatalf("%s, %d endorsements", v.State, len(v.Endorsements))
	}
	ok2(t)(paul.Approve(p))
	r.NothingDue()
	v = ok2(t)(r.Approvals.WithdrawEndorsement(t.Context(), anna.By, p.ID))
	if v.State != approval.Draft || len(v.Endorsements) != 0 {
		t.Fatalf("after the author's: %s, %d endorsements", v.State, len(v.Endorsements))
	}
	v = ok2(t)(anna.Submit(p))
	ok2(t)(eva.Approve(v))
	r.State(p, approval.InReview)
	ok2(t)(bert.Approve(v))
	r.State(p, approval.Queued)
	r.Claim()
	_, err = r.Approvals.WithdrawEndorsement(t.Context(), bert.By, p.ID)
	want(t, err, fault.WrongState)
	r.Replay()
}

func TestWhoWithdraws(t *testing.T) {
	r := approvaltest.New(t)
	p := r.As("anna").Submitted(r.Mention("1", "Vraag"), "Antwoord")
	for _, who := range []string{"mara", "ada"} {
		_, err := r.Approvals.Withdraw(t.Context(), r.As(who).By, p.ID, "")
		want(t, err, fault.Forbidden)
	}
	_, err := r.Approvals.Withdraw(t.Context(), r.As("bert").By, p.ID, strings.Repeat("x", 5000))
	want(t, err, fault.InvalidInput)
	v := ok2(t)(r.Approvals.Withdraw(t.Context(), r.As("paul").By, p.ID, " niet meer nodig "))
	if v.Remark != "niet meer nodig" || len(v.Endorsements) != 0 {
		t.Fatalf("remark %q, %d endorsements", v.Remark, len(v.Endorsements))
	}
	change := ok2(t)(r.As("ada").Propose(approval.KindEnablement, approval.Change{Person: r.As("paul").ID}))
	_, err = r.Approvals.Withdraw(t.Context(), r.As("anna").By, change.ID, "")
	want(t, err, fault.Forbidden)
	ok2(t)(r.Approvals.Withdraw(t.Context(), r.As("mara").By, change.ID, ""))
	r.Replay()
}

// TestAResumeLiftsOnlyTheStopsThatItsEndorsersKnew pulls the switch again while
// a resume is being decided on.
func TestAResumeLiftsOnlyTheStopsThatItsEndorsersKnew(t *testing.T) {
	for name, again := range map[string]func(r *approvaltest.Rig) error{
		"a colleague": func(r *approvaltest.Rig) error {
			return r.Approvals.StopPublishing(r.T.Context(), r.As("paul").By, "het is erger")
		},
		"the daemon": func(r *approvaltest.Rig) error {
			return r.Approvals.StopFor(r.T.Context(), approval.CauseLog, "the log")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := approvaltest.New(t)
			if err := r.Approvals.StopPublishing(t.Context(), r.As("bert").By, "crisis"); err != nil {
				t.Fatal(err)
			}
			resume := ok2(t)(r.As("ada").Propose(approval.KindResume, approval.Change{Reason: "klaar"}))
			if err := again(r); err != nil {
				t.Fatal(err)
			}
			_, err := r.As("mara").Approve(resume)
			want(t, err, fault.Conflict)
			if stops, err := r.Approvals.Stops(t.Context()); err != nil || len(stops) == 0 {
				t.Fatalf("stops %v, %v", stops, err)
			}
			r.Agreed("ada", "mara", approval.KindResume, approval.Change{Reason: "nu echt"})
			if stops, err := r.Approvals.Stops(t.Context()); err != nil || len(stops) != 0 {
				t.Fatalf("stops %v, %v", stops, err)
			}
			r.Replay()
		})
	}
}

func TestAccountsPublishOnlyAsWhomTwoPeopleAccepted(t *testing.T) {
	r := approvaltest.New(t)
	ctx := t.Context()
	again := []approval.Configured{{Name: "plein", Kind: "sandbox", BaseURL: "http://elders.test"}}
	want(t, r.Approvals.InitAccounts(ctx, again), fault.AlreadyExists)
	want(t, r.Approvals.RecordIdentity(ctx, "plein", "", "", ""), fault.AccountNotReady)
	r.Queued(r.Mention("1", "Vraag"), "Antwoord")
	if err := r.Approvals.Reconcile(ctx, again); err != nil {
		t.Fatal(err)
	}
	r.NothingDue()
	_, err := r.As("ada").Propose(approval.KindAccount, approval.Change{Account: "plein"})
	want(t, err, fault.AccountNotReady)
	identify := func(who string) {
		t.Helper()
		if err := r.Approvals.RecordIdentity(ctx, "plein", who, "@"+who, ""); err != nil {
			t.Fatal(err)
		}
	}
	identify("brand-1")
	p := ok2(t)(r.As("ada").Propose(approval.KindAccount, approval.Change{Account: "plein", RemoteID: "forged", BaseURL: "forged"}))
	if !strings.Contains(p.Envelope.Text, "(sandbox) publish as brand-1 at http://elders.test") {
		t.Fatalf("the endorsers read %q", p.Envelope.Text)
	}
	identify("brand-2")
	_, err = r.As("mara").Approve(p)
	want(t, err, fault.Conflict)
	draft := ok2(t)(r.As("anna").Draft(r.Mention("2", "Vraag"), "Antwoord"))
	_, err = r.As("anna").Submit(draft)
	want(t, err, fault.AccountNotReady)
	r.Agreed("ada", "mara", approval.KindAccount, approval.Change{Account: "plein"})
	ok2(t)(r.As("anna").Submit(draft))
	ok2(t)(r.As("bert").Approve(draft))
	if got := r.Claim().Attempt().RemoteID; got != "brand-2" {
		t.Fatalf("published as %q", got)
	}
	_, err = r.As("ada").Propose(approval.KindAccount, approval.Change{Account: "plein"})
	want(t, err, fault.WrongState)
	_, err = r.As("ada").Propose(approval.KindAccount, approval.Change{Account: "niets"})
	want(t, err, fault.NotFound)
	r.Replay()
}

// TestAnAccountThatNeverConnectedPublishesNothing: accepted by init, and nobody
// knows yet whom it publishes as.
func TestAnAccountThatNeverConnectedPublishesNothing(t *testing.T) {
	r := approvaltest.New(t)
	if err := r.Approvals.InitAccounts(t.Context(), []approval.Configured{{Name: "nieuw", Kind: "sandbox"}}); err != nil {
		t.Fatal(err)
	}
	talk := r.Ingest("nieuw", inbox.Inbound{ExternalID: "1", Author: inbox.Author{ExternalID: "k", Handle: "@k"}, Kind: "post",
		Visibility: inbox.Public, Text: "Vraag", PostedAt: time.Now()})
	p := ok2(t)(r.As("anna").Draft(talk, "Antwoord"))
	_, err := r.As("anna").Submit(p)
	want(t, err, fault.AccountNotReady)
}

func TestGovernanceContentIsRefusedWhenItIsProposed(t *testing.T) {
	r := approvaltest.New(t)
	ada, bert := r.As("ada"), r.As("bert").ID
	for name, c := range map[string]struct {
		kind   approval.Kind
		change approval.Change
		code   fault.Code
	}{
		"no login":           {approval.KindPerson, approval.Change{Name: "Eva", Roles: []people.Role{people.Agent}}, fault.InvalidInput},
		"a login with bidi":  {approval.KindPerson, approval.Change{Login: "e\u202eva", Name: "Eva", Roles: []people.Role{people.Agent}}, fault.HiddenCharacters},
		"a name that hides":  {approval.KindPerson, approval.Change{Login: "eva", Name: "E\u200bva", Roles: []people.Role{people.Agent}}, fault.HiddenCharacters},
		"no role at all":     {approval.KindRoles, approval.Change{Person: bert}, fault.InvalidInput},
		"a role that is not": {approval.KindRoles, approval.Change{Person: bert, Roles: []people.Role{"root"}}, fault.InvalidInput},
		"nobody":             {approval.KindRoles, approval.Change{Roles: []people.Role{people.Agent}}, fault.NotFound},
		"no policies":        {approval.KindPolicy, approval.Change{}, fault.InvalidInput},
		"not stopped":        {approval.KindResume, approval.Change{Reason: "zomaar"}, fault.WrongState},
		"own credentials":    {approval.KindCredential, approval.Change{Person: ada.ID}, fault.SelfApproval},
		"a reply":            {approval.KindReply, approval.Change{}, fault.InvalidInput},
	} {
		_, err := ada.Propose(c.kind, c.change)
		if got := fault.CodeOf(err); got != c.code {
			t.Errorf("%s: %q (%v), want %q", name, got, err, c.code)
		}
	}
	if err := r.Approvals.StopPublishing(t.Context(), r.As("bert").By, "crisis"); err != nil {
		t.Fatal(err)
	}
	_, err := ada.Propose(approval.KindResume, approval.Change{Reason: "klaar\u202e.neeN"})
	want(t, err, fault.HiddenCharacters)
	_, err = ada.Propose(approval.KindResume, approval.Change{Reason: " "})
	want(t, err, fault.InvalidInput)
}

// TestNobodyHelpsToResetThemselves: whoever the reset concerns can refuse it,
// and cannot be one of the two behind it.
func TestNobodyHelpsToResetThemselves(t *testing.T) {
	r := approvaltest.New(t)
	p := ok2(t)(r.As("ada").Propose(approval.KindCredential, approval.Change{Person: r.As("mara").ID}))
	_, err := r.As("mara").Approve(p)
	want(t, err, fault.SelfApproval)
	if _, err := r.As("mara").Decide(p, approval.Reject, "Ik weet het nog."); err != nil {
		t.Fatal(err)
	}
	r.State(p, approval.Rejected)
	_, err = r.Approvals.Half(t.Context(), r.As("ada").By, p.ID)
	want(t, err, fault.WrongState)
	r.Replay()
}

// TestAuthorsSubmitWhatTheyWereShown: an author, too, signs what they were shown.
func TestAuthorsSubmitWhatTheyWereShown(t *testing.T) {
	r := approvaltest.New(t)
	anna := r.As("anna")
	first := ok2(t)(anna.Draft(r.Mention("1", "Vraag"), "Eerste"))
	second := ok2(t)(anna.Revise(first, "Tweede"))
	_, err := anna.Submit(first)
	want(t, err, fault.StaleDigest)
	ok2(t)(anna.Submit(second))
}

// TestAnotherKindOfAccountIsAnotherAccount: the same name, address and identity
// behind another connector were not accepted.
func TestAnotherKindOfAccountIsAnotherAccount(t *testing.T) {
	r := approvaltest.New(t)
	now := func(kind string) {
		t.Helper()
		err := r.Approvals.Reconcile(t.Context(), []approval.Configured{{Name: "plein", Kind: kind, BaseURL: "http://plein.test"}})
		if err == nil {
			err = r.Approvals.RecordIdentity(t.Context(), "plein", "brand-1", "", "")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	now("mail")
	p := ok2(t)(r.As("ada").Propose(approval.KindAccount, approval.Change{Account: "plein"}))
	now("push")
	_, err := r.As("mara").Approve(p)
	want(t, err, fault.Conflict)
}

func TestAPolicyForAnAccountThatNobodyKnowsIsRefused(t *testing.T) {
	r := approvaltest.New(t)
	typo := approval.DefaultPolicy()
	typo.Accounts = []string{"plien"}
	_, err := r.As("ada").Propose(approval.KindPolicy, approval.Change{Policies: []approval.Policy{typo}})
	want(t, err, fault.InvalidInput)
	if !strings.Contains(err.Error(), "plien") {
		t.Errorf("the refusal does not name the account: %v", err)
	}
	right := approval.DefaultPolicy()
	right.Accounts = []string{"plein"}
	if _, err := r.As("ada").Propose(approval.KindPolicy, approval.Change{Policies: []approval.Policy{right}}); err != nil {
		t.Fatal(err)
	}
}
