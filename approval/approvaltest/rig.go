// Package approvaltest sets up real stores with real people, so that tests of
// approval read as a play and tests of connectors get real releases.
package approvaltest

import (
	"context"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/id"
	"standpunt/people"
	"standpunt/store"
	"standpunt/store/storetest"
)

// Password is everybody's password in a [Rig].
const Password = "correct horse battery staple"

// Rig is a data directory with staff, without a daemon around it.
type Rig struct {
	T         testing.TB
	DB        *store.DB
	Log       *audit.Log
	Staff     *people.Staff
	Box       *inbox.Inbox
	Approvals *approval.Approvals
	cast      map[string]*Actor
}

// New makes a rig with the default policy, the accepted account "plein" and
// anna (agent), bert (press), paul (press), mara (manager) and ada (admin).
func New(t testing.TB) *Rig {
	t.Helper()
	return NewWith(t, approval.DefaultPolicy())
}

// NewWith makes a rig under other policies.
func NewWith(t testing.TB, policies ...approval.Policy) *Rig {
	t.Helper()
	plein := approval.Configured{Name: "plein", Kind: "sandbox", BaseURL: "http://plein.test"}
	return newRig(t, plein, "brand-1", policies)
}

// newRig makes a rig with one accepted account.
func newRig(t testing.TB, account approval.Configured, remoteID string, policies []approval.Policy) *Rig {
	t.Helper()
	db := storetest.Open(t, audit.Schema, people.Schema, inbox.Schema, approval.Schema)
	log, err := audit.Open(t.Context(), db, audit.Options{KeyDir: t.TempDir()})
	must(t, err)
	quiet := slog.New(slog.DiscardHandler)
	staff := people.New(db, log, people.Options{
		Hashing: people.CheapHashing(), Logger: quiet, CoolingTime: 24 * time.Hour, EndorsingPeople: []string{"anna", "bert"},
	})
	box := inbox.New(db, log, staff, inbox.Options{Logger: quiet})
	r := &Rig{T: t, DB: db, Log: log, Staff: staff, Box: box, cast: make(map[string]*Actor)}
	r.Approvals = approval.New(db, log, staff, box, approval.Options{Log: quiet})
	must(t, r.Approvals.InitPolicies(t.Context(), policies))
	must(t, r.Approvals.InitAccounts(t.Context(), []approval.Configured{account}))
	must(t, r.Approvals.RecordIdentity(t.Context(), account.Name, remoteID, "@brand", ""))
	r.Hire("anna", people.Agent)
	r.Hire("bert", people.Press)
	r.Hire("paul", people.Press)
	r.Hire("mara", people.Manager)
	r.Hire("ada", people.Admin)
	return r
}

// Hire makes a founder: enrolled, signed in, without cooling time.
func (r *Rig) Hire(login string, roles ...people.Role) *Actor {
	r.T.Helper()
	var enrolment people.Enrolment
	var person *people.Person
	must(r.T, r.DB.Update(r.T.Context(), func(tx *store.Tx) (err error) {
		person, enrolment, err = r.Staff.Create(tx, people.NewMandate("init").By("system", "cli"), people.NewPerson{Login: login, Name: login, Roles: roles, Founder: true})
		return err
	}))
	_, err := r.Staff.Enrol(r.T.Context(), enrolment.Code(), Password)
	must(r.T, err)
	a := &Actor{r: r, ID: person.ID, Login: login}
	r.cast[login] = a
	a.SignIn()
	return a
}

// As is one of the cast.
func (r *Rig) As(login string) *Actor {
	r.T.Helper()
	a := r.cast[login]
	if a == nil {
		r.T.Fatalf("nobody called %s is in the cast", login)
	}
	return a
}

// Mention lets a customer say something on the account plein.
func (r *Rig) Mention(externalID, text string) *inbox.Conversation {
	r.T.Helper()
	return r.Ingest("plein", inbox.Inbound{
		ExternalID: externalID, Author: inbox.Author{ExternalID: "klant-" + externalID, Handle: "@klant"}, Kind: "post",
		Visibility: inbox.Public, Text: text, PostedAt: time.Now(), URL: "http://plein.test/" + externalID,
	})
}

// Ingest takes one item in and returns its conversation.
func (r *Rig) Ingest(account inbox.AccountName, in inbox.Inbound) *inbox.Conversation {
	r.T.Helper()
	_, err := r.Box.Ingest(r.T.Context(), account, []inbox.Inbound{in}, nil)
	must(r.T, err)
	var c *inbox.Conversation
	must(r.T, r.DB.View(r.T.Context(), func(tx *store.Tx) error {
		m, ok, err := r.Box.MentionByExternal(tx, account, in.ExternalID)
		if err != nil || !ok {
			r.T.Fatalf("mention %s is not there: %v", in.ExternalID, err)
		}
		c, err = r.Box.Conversation(tx, m.Conversation)
		return err
	}))
	return c
}

// Claim takes what is due on the account plein; it fails the test when nothing is.
func (r *Rig) Claim() approval.Release {
	r.T.Helper()
	rel, ok, err := r.Approvals.Claim(r.T.Context(), "plein")
	must(r.T, err)
	if !ok {
		r.T.Fatal("nothing is due")
	}
	return rel
}

// NothingDue fails the test when a release can be claimed.
func (r *Rig) NothingDue() {
	r.T.Helper()
	rel, ok, err := r.Approvals.Claim(r.T.Context(), "plein")
	must(r.T, err)
	if ok {
		r.T.Fatalf("a release was claimed: %s", rel.Attempt().Proposal)
	}
}

// Get is the proposal as it stands.
func (r *Rig) Get(p *approval.View) *approval.View {
	r.T.Helper()
	v, err := r.Approvals.Get(r.T.Context(), p.ID)
	must(r.T, err)
	return v
}

// State fails the test unless the proposal is in the state.
func (r *Rig) State(p *approval.View, want approval.State) *approval.View {
	r.T.Helper()
	v := r.Get(p)
	if v.State != want {
		r.T.Fatalf("the proposal is %s (%s), want %s", v.State, v.Reason, want)
	}
	return v
}

// Replay proves the whole audit log against the policies, and the log itself.
func (r *Rig) Replay() {
	r.T.Helper()
	replay := approval.NewReplay()
	report, err := audit.Verify(r.T.Context(), r.DB, r.Log.VerifierKey(), replay.Step)
	must(r.T, err)
	if len(report.Problems) > 0 {
		r.T.Fatalf("the log does not verify: %v", report.Problems)
	}
}

// Actor is one member of staff with a session.
type Actor struct {
	r     *Rig
	ID    people.ID
	Login string
	By    people.Principal
}

// SignIn starts a new session.
func (a *Actor) SignIn() {
	a.r.T.Helper()
	_, p, err := a.r.Staff.SignIn(a.r.T.Context(), a.Login, Password, netip.MustParseAddr("127.0.0.1"))
	must(a.r.T, err)
	a.By = p
}

// SignOut ends the session; By is what a request in flight still holds of it.
func (a *Actor) SignOut() {
	a.r.T.Helper()
	must(a.r.T, a.r.Staff.RevokeSession(a.r.T.Context(), a.By, a.By.Session()))
}

// Token is the person behind a new API token with the scopes.
func (a *Actor) Token(scopes ...people.Scope) people.Principal {
	a.r.T.Helper()
	secret, _, err := a.r.Staff.IssueToken(a.r.T.Context(), a.By, "test", scopes, time.Time{})
	must(a.r.T, err)
	p, err := a.r.Staff.ByToken(a.r.T.Context(), secret)
	must(a.r.T, err)
	return p
}

// Draft begins an answer.
func (a *Actor) Draft(c *inbox.Conversation, text string) (*approval.View, error) {
	return a.r.Approvals.DraftReply(a.r.T.Context(), a.By, c.ID, id.ID[inbox.Mention]{}, approval.Content{Text: text})
}

// Revise writes a new revision.
func (a *Actor) Revise(p *approval.View, text string) (*approval.View, error) {
	return a.r.Approvals.Revise(a.r.T.Context(), a.By, p.ID, approval.Content{Text: text})
}

// Submit endorses the newest revision as its author.
func (a *Actor) Submit(p *approval.View) (*approval.View, error) {
	return a.r.Approvals.Submit(a.r.T.Context(), a.By, p.ID, p.Digest)
}

// Approve endorses the revision that p shows.
func (a *Actor) Approve(p *approval.View) (*approval.View, error) {
	return a.Decide(p, approval.Approve, "")
}

// Decide gives a verdict on the revision that p shows.
func (a *Actor) Decide(p *approval.View, v approval.Verdict, comment string) (*approval.View, error) {
	return a.r.Approvals.Decide(a.r.T.Context(), a.By, p.ID, approval.Judgement{Verdict: v, Digest: p.Digest, Comment: comment})
}

// Propose makes a governance proposal.
func (a *Actor) Propose(kind approval.Kind, c approval.Change) (*approval.View, error) {
	return a.r.Approvals.Propose(a.r.T.Context(), a.By, kind, c)
}

// Submitted drafts and submits an answer, and fails the test where that fails.
func (a *Actor) Submitted(c *inbox.Conversation, text string) *approval.View {
	a.r.T.Helper()
	p, err := a.Draft(c, text)
	must(a.r.T, err)
	p, err = a.Submit(p)
	must(a.r.T, err)
	return p
}

// Queued is an answer by anna that bert approved.
func (r *Rig) Queued(c *inbox.Conversation, text string) *approval.View {
	r.T.Helper()
	p, err := r.As("bert").Approve(r.As("anna").Submitted(c, text))
	must(r.T, err)
	return p
}

// Agreed is a governance proposal by the one that the other approved.
func (r *Rig) Agreed(by, other string, kind approval.Kind, c approval.Change) *approval.View {
	r.T.Helper()
	p, err := r.As(by).Propose(kind, c)
	must(r.T, err)
	p, err = r.As(other).Approve(p)
	must(r.T, err)
	return p
}

// Published is an answer of anna and bert that stands on the platform under an id.
func (r *Rig) Published(c *inbox.Conversation, text, externalID string) *approval.View {
	r.T.Helper()
	p := r.Queued(c, text)
	must(r.T, r.Approvals.RecordPublished(r.T.Context(), r.Claim(), approval.Receipt{ExternalID: externalID}))
	return r.Get(p)
}

// Recovered re-enrols somebody as the command `recover` does; the caller stops
// publishing first, as it does too. They have to sign in again.
func (r *Rig) Recovered(login string) {
	r.T.Helper()
	var e people.Enrolment
	must(r.T, r.DB.Update(r.T.Context(), func(tx *store.Tx) (err error) {
		e, err = r.Staff.ResetCredentials(tx, people.NewMandate("recover").By("system", "cli"), r.As(login).ID)
		return err
	}))
	_, err := r.Staff.Enrol(r.T.Context(), e.Code(), Password)
	must(r.T, err)
	r.As(login).SignIn()
}

// Release makes a real release for a connector's tests: a mention, a draft,
// a second person, a claim. Every call has a store of its own.
func Release(t testing.TB, account inbox.AccountName, remoteID string, target inbox.Inbound, text string) approval.Release {
	t.Helper()
	_, _, rel := released(t, account, remoteID, target, text)
	return rel
}

// Released is Release, with a function that makes the next attempt: it settles
// the one before as unknown and then as not published, and has it sent again.
func Released(t testing.TB, account inbox.AccountName, remoteID string, target inbox.Inbound, text string) (first approval.Release, again func() approval.Release) {
	t.Helper()
	r, p, rel := released(t, account, remoteID, target, text)
	last := rel
	return rel, func() approval.Release {
		t.Helper()
		ctx := context.WithoutCancel(t.Context())
		must(t, r.Approvals.RecordUnknown(ctx, last, approval.Failure{Message: "no answer"}))
		_, err := r.Approvals.Settle(ctx, r.As("paul").By, p.ID, approval.Ruling{Reason: "not seen there"})
		must(t, err)
		_, err = r.Approvals.Retry(ctx, r.As("anna").By, p.ID)
		must(t, err)
		next, ok, err := r.Approvals.Claim(ctx, account)
		must(t, err)
		if !ok {
			t.Fatal("nothing is due")
		}
		last = next
		return next
	}
}

// Illustrated is Release with pictures, each under its alternative text.
func Illustrated(t testing.TB, account inbox.AccountName, remoteID string, target inbox.Inbound, text string, pictures [][]byte, altTexts ...string) approval.Release {
	t.Helper()
	r := newRig(t, approval.Configured{Name: account, Kind: "test", BaseURL: "test"}, remoteID, []approval.Policy{approval.DefaultPolicy()})
	r.Adapt(account, func(p *approval.Platform) {
		p.Media = approval.MediaRules{Most: len(pictures), Types: []string{"image/jpeg", "image/png"}, MaxBytes: approval.MaxPicture}
	})
	if target.PostedAt.IsZero() {
		target.PostedAt = time.Now()
	}
	content := approval.Content{Text: text}
	for i, data := range pictures {
		p, err := r.Approvals.AddPicture(t.Context(), r.As("anna").By, data)
		must(t, err)
		content.Media = append(content.Media, approval.Media{SHA256: p.SHA256, AltText: altTexts[i]})
	}
	p, err := r.Approvals.DraftReply(t.Context(), r.As("anna").By, r.Ingest(account, target).ID, id.ID[inbox.Mention]{}, content)
	must(t, err)
	p, err = r.As("anna").Submit(p)
	must(t, err)
	_, err = r.As("bert").Approve(p)
	must(t, err)
	rel, ok, err := r.Approvals.Claim(t.Context(), account)
	must(t, err)
	if !ok {
		t.Fatal("nothing is due")
	}
	return rel
}

func released(t testing.TB, account inbox.AccountName, remoteID string, target inbox.Inbound, text string) (*Rig, *approval.View, approval.Release) {
	t.Helper()
	r := newRig(t, approval.Configured{Name: account, Kind: "test", BaseURL: "test"}, remoteID, []approval.Policy{approval.DefaultPolicy()})
	if target.PostedAt.IsZero() {
		target.PostedAt = time.Now()
	}
	p := r.Queued(r.Ingest(account, target), text)
	rel, ok, err := r.Approvals.Claim(context.WithoutCancel(t.Context()), account)
	must(t, err)
	if !ok {
		t.Fatal("nothing is due")
	}
	return r, p, rel
}

// Adapt changes what approval knows of the account's platform.
func (r *Rig) Adapt(account inbox.AccountName, change func(*approval.Platform)) {
	p := r.Approvals.Platform(account)
	change(&p)
	r.Approvals.SetPlatform(account, p)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
