package approval_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

func TestAbuse01_AuthorApprovesOwnDraftByEveryCall(t *testing.T) {
	r := approvaltest.New(t)
	bert := r.As("bert") // press: holds the role that the policy asks for
	p := bert.Submitted(r.Mention("1", "Vraag"), "Antwoord")
	_, err := bert.Approve(p)
	want(t, err, fault.SelfApproval)
	_, err = bert.Submit(p)
	want(t, err, fault.WrongState)
	_, err = r.Approvals.Retry(t.Context(), bert.By, p.ID)
	want(t, err, fault.WrongState)
	_, err = r.Approvals.Settle(t.Context(), bert.By, p.ID, approval.Ruling{Posted: true, URL: "http://plein.test/1", Reason: "ik"})
	want(t, err, fault.WrongState)
	r.NothingDue()
	r.Replay()
}

func TestAbuse02_ContributorApproves(t *testing.T) {
	strict := approval.DefaultPolicy()
	strict.Independent = true
	for name, policy := range map[string]approval.Policy{"marked": approval.DefaultPolicy(), "refused": strict} {
		t.Run(name, func(t *testing.T) {
			r := approvaltest.NewWith(t, policy)
			anna, bert := r.As("anna"), r.As("bert")
			p, err := anna.Draft(r.Mention("1", "Vraag"), "Antwoord")
			p = ok(t, p, err)
			p, err = bert.Revise(p, "Antwoord.")
			p = ok(t, p, err)
			p, err = anna.Revise(p, "Antwoord")
			p = ok(t, p, err)
			p, err = anna.Submit(p)
			p = ok(t, p, err)
			got, err := bert.Approve(p)
			if name == "refused" {
				want(t, err, fault.Forbidden)
				r.NothingDue()
				if got, err = r.As("paul").Approve(p); err != nil || got.Endorsements[1].Contributor {
					t.Fatalf("an untouched approver: %v, %+v", err, got)
				}
			} else if got = ok(t, got, err); !got.Endorsements[1].Contributor {
				t.Fatal("the contributor is not marked")
			}
			r.Replay()
		})
	}
}

func TestAbuse05_ReassigningDoesNotChangeTheAuthor(t *testing.T) {
	r := approvaltest.New(t)
	talk := r.Mention("1", "Vraag")
	p := r.As("bert").Submitted(talk, "Antwoord")
	paul := r.As("paul").ID
	if _, err := r.Box.Change(t.Context(), r.As("anna").By, talk.ID, inbox.Change{Assignee: &paul}); err != nil {
		t.Fatal(err)
	}
	_, err := r.As("bert").Approve(p)
	want(t, err, fault.SelfApproval)
}

func TestAbuse06_AdminCannotGrantThemselvesAnything(t *testing.T) {
	r := approvaltest.New(t)
	ada := r.As("ada")
	lax := approval.DefaultPolicy()
	lax.Quorum = 1
	_, err := ada.Propose(approval.KindPolicy, approval.Change{Policies: []approval.Policy{lax}})
	want(t, err, fault.InvalidInput)
	p, err := ada.Propose(approval.KindRoles, approval.Change{Person: ada.ID, Roles: []people.Role{people.Admin, people.Press}})
	p = ok(t, p, err)
	_, err = ada.Approve(p)
	want(t, err, fault.SelfApproval)
	_, err = r.As("anna").Approve(p)
	want(t, err, fault.Forbidden)
	p, err = r.As("mara").Approve(p)
	p = ok(t, p, err)
	r.State(p, approval.Published)

	// Granted by two, the new approver still waits, also for what is pending.
	answer := r.As("anna").Submitted(r.Mention("1", "Vraag"), "Antwoord")
	_, err = ada.Approve(answer)
	want(t, err, fault.CoolingTime)
	r.Replay()
}

func TestAbuse07_AdminCannotEnrolInSomebodysPlace(t *testing.T) {
	r := approvaltest.New(t)
	ada, mara := r.As("ada"), r.As("mara")
	p, err := ada.Propose(approval.KindCredential, approval.Change{Person: r.As("bert").ID})
	p = ok(t, p, err)
	_, err = r.Approvals.Half(t.Context(), ada.By, p.ID)
	want(t, err, fault.WrongState)
	p, err = mara.Approve(p)
	p = ok(t, p, err)
	first, err := r.Approvals.Half(t.Context(), ada.By, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Approvals.Half(t.Context(), ada.By, p.ID)
	if err == nil {
		t.Fatal("the same half was shown twice")
	}
	_, err = r.Approvals.Half(t.Context(), r.As("paul").By, p.ID)
	want(t, err, fault.Forbidden)
	if _, err := r.Staff.Enrol(t.Context(), first+"-"+first, approvaltest.Password+"x"); err == nil {
		t.Fatal("half a code enrolled")
	}
	second, err := r.Approvals.Half(t.Context(), mara.By, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Staff.Enrol(t.Context(), first+"-"+second, approvaltest.Password+"x"); err != nil {
		t.Fatal(err)
	}
}

func TestAbuse10_OnePersonCountsOnce(t *testing.T) {
	three := approval.DefaultPolicy()
	three.Quorum = 3
	r := approvaltest.NewWith(t, three)
	p := r.As("anna").Submitted(r.Mention("1", "Vraag"), "Antwoord")
	p, err := r.As("bert").Approve(p)
	p = ok(t, p, err)
	_, err = r.As("bert").Approve(p)
	want(t, err, fault.AlreadyDecided)
	r.As("bert").SignIn()
	_, err = r.As("bert").Approve(p)
	want(t, err, fault.AlreadyDecided)
	r.State(p, approval.InReview)
	p, err = r.As("paul").Approve(p)
	p = ok(t, p, err)
	r.State(p, approval.Queued)
}

func TestAbuse11_NothingPassesVacuously(t *testing.T) {
	for name, spoil := range map[string]func(*approval.Policy){
		"quorum 0":      func(p *approval.Policy) { p.Quorum = 0 },
		"quorum -1":     func(p *approval.Policy) { p.Quorum = -1 },
		"quorum 1":      func(p *approval.Policy) { p.Quorum = 1 },
		"no roles":      func(p *approval.Policy) { p.Roles = nil },
		"unknown role":  func(p *approval.Policy) { p.Roles = []people.Role{"everybody"} },
		"no lifetime":   func(p *approval.Policy) { p.ValidFor = 0 },
		"endless":       func(p *approval.Policy) { p.ValidFor = 25 * time.Hour },
		"covers nobody": func(p *approval.Policy) { p.Accounts = nil },
	} {
		t.Run(name, func(t *testing.T) {
			r := approvaltest.New(t)
			p := approval.DefaultPolicy()
			spoil(&p)
			_, err := r.As("ada").Propose(approval.KindPolicy, approval.Change{Policies: []approval.Policy{p}})
			want(t, err, fault.InvalidInput)
		})
	}
	t.Run("no policy matches", func(t *testing.T) {
		other := approval.DefaultPolicy()
		other.Accounts = []string{"elsewhere"}
		r := approvaltest.NewWith(t, other)
		_, err := r.As("anna").Draft(r.Mention("1", "Vraag"), "Antwoord")
		want(t, err, fault.NoPolicy)
	})
	t.Run("the stored policies are damaged", func(t *testing.T) {
		r := approvaltest.New(t)
		p := r.As("anna").Submitted(r.Mention("1", "Vraag"), "Antwoord")
		damage(t, r, "approval.policies", []byte("current"), []byte{0xff})
		if _, err := r.As("bert").Approve(p); err == nil {
			t.Fatal("approved under a policy that cannot be read")
		}
		noEntry(t, r, p, "proposal.approved")
		repair(t, r, "approval.policies", []byte("current"))
	})
}

// damage overwrites a stored value; repair puts the first one back, so that the
// store's own check at the end of the test passes.
var undamaged sync.Map

func damage(t *testing.T, r *approvaltest.Rig, b store.Bucket, key, value []byte) {
	t.Helper()
	err := r.DB.Update(t.Context(), func(tx *store.Tx) error {
		undamaged.LoadOrStore(fmt.Sprintf("%p/%s/%x", r, b, key), append([]byte(nil), tx.Get(b, key)...))
		return tx.Put(b, key, value)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func repair(t *testing.T, r *approvaltest.Rig, b store.Bucket, key []byte) {
	t.Helper()
	old, _ := undamaged.Load(fmt.Sprintf("%p/%s/%x", r, b, key))
	damage(t, r, b, key, old.([]byte))
}

func TestAbuse12_TheStoredTextIsSwapped(t *testing.T) {
	r := approvaltest.New(t)
	p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
	var original []byte
	err := r.DB.View(t.Context(), func(tx *store.Tx) error {
		original = append(original, tx.Get("audit.sealed", p.Digest[:])...)
		return nil
	})
	if err != nil || len(original) == 0 {
		t.Fatalf("the sealed envelope: %d bytes, %v", len(original), err)
	}
	swapped := strings.Replace(string(original), "Antwoord", "Leugens!", 1)
	if swapped == string(original) {
		t.Fatal("the text is not in the sealed bytes")
	}
	damage(t, r, "audit.sealed", p.Digest[:], []byte(swapped))
	r.NothingDue()
	if v, err := held(r, p); err != nil || v != approval.ReasonRecordDamaged {
		t.Fatalf("held because %q, %v", v, err)
	}
	repair(t, r, "audit.sealed", p.Digest[:])
	r.NothingDue()
}

// held is why the proposal is held, found without reading its content.
func held(r *approvaltest.Rig, p *approval.View) (reason string, err error) {
	entries, err := r.Log.Search(r.T.Context(), audit.Filter{Subject: audit.Subject("proposal:" + p.ID.String())}, 1<<62, 1)
	if err != nil || len(entries) == 0 || entries[0].To != string(approval.Held) {
		return "", errors.Join(err, fmt.Errorf("not held: %+v", entries))
	}
	return entries[0].Facts["reason"], nil
}

// TestAbuse13 races a revision, an approval and the claim: whatever the order,
// what is claimed is the text that two different people endorsed.
func TestAbuse13_EditApproveClaimRace(t *testing.T) {
	r := approvaltest.New(t)
	rounds := 150
	if testing.Short() {
		rounds = 20
	}
	for i := range rounds {
		talk := r.Mention(fmt.Sprintf("m%d", i), "Vraag")
		p := r.As("anna").Submitted(talk, "Eerste tekst")
		var race sync.WaitGroup
		start := make(chan struct{})
		var claimed []approval.Release
		actions := []func(){
			func() { _, _ = r.As("bert").Approve(p) },
			func() { _, _ = r.As("paul").Revise(p, "Tweede tekst") },
			func() {
				for range 3 {
					if rel, got, err := r.Approvals.Claim(t.Context(), "plein"); err == nil && got {
						claimed = append(claimed, rel)
					}
				}
			},
		}
		rand.Shuffle(len(actions), func(a, b int) { actions[a], actions[b] = actions[b], actions[a] })
		for _, act := range actions {
			race.Go(func() { <-start; act() })
		}
		close(start)
		race.Wait()
		if len(claimed) > 1 {
			t.Fatalf("round %d: claimed %d times", i, len(claimed))
		}
		for _, rel := range claimed {
			if a := rel.Attempt(); a.Text != "Eerste tekst" || a.Digest != p.Digest || len(rel.Endorsers()) != 2 {
				t.Fatalf("round %d: claimed %q of %s", i, a.Text, a.Digest.Short())
			}
			if err := r.Approvals.RecordPublished(t.Context(), rel, approval.Receipt{ExternalID: fmt.Sprintf("r%d", i)}); err != nil {
				t.Fatal(err)
			}
		}
		if v := r.Get(p); len(claimed) == 0 && v.State == approval.Queued {
			if rel := r.Claim(); rel.Attempt().Text != "Eerste tekst" {
				t.Fatalf("round %d: %q", i, rel.Attempt().Text)
			}
		}
	}
	r.Replay()
}

func TestAbuse19_EnvelopesDoNotCollide(t *testing.T) {
	base := approval.Envelope{Kind: approval.KindReply, Account: "a", Target: "b", Text: "c", Revision: 1}
	variants := map[string]func(*approval.Envelope){
		"moved between fields":  func(e *approval.Envelope) { e.Account, e.Target = "ab", "" },
		"trailing NUL":          func(e *approval.Envelope) { e.Text = "c\x00" },
		"route split otherwise": func(e *approval.Envelope) { e.Route = []inbox.Field{{Name: "To", Value: "x"}} },
		"route joined":          func(e *approval.Envelope) { e.Route = []inbox.Field{{Name: "Tox"}} },
		"two findings for one":  func(e *approval.Envelope) { e.Findings = []approval.Finding{{Code: "a"}, {Code: "b"}} },
		"one finding for two":   func(e *approval.Envelope) { e.Findings = []approval.Finding{{Code: "a", Excerpt: "b"}} },
		"scheduled":             func(e *approval.Envelope) { e.NotBefore = time.UnixMilli(1) },
		"other visibility":      func(e *approval.Envelope) { e.Visibility = inbox.Private },
		"a link":                func(e *approval.Envelope) { e.Links = []approval.Link{{Shown: "a", Expanded: "b"}} },
		"a medium":              func(e *approval.Envelope) { e.Media = []approval.Media{{AltText: "a"}} },
		"a position":            func(e *approval.Envelope) { e.Positions = []approval.Citation{{Position: "p", Version: 1}} },
	}
	seen := map[string]string{string(base.Bytes()): "base"}
	for name, change := range variants {
		e := base
		change(&e)
		b := e.Bytes()
		if other, dup := seen[string(b)]; dup {
			t.Errorf("%q encodes like %q", name, other)
		}
		seen[string(b)] = name
		back, err := approval.ParseEnvelope(b)
		if err != nil || string(back.Bytes()) != string(b) {
			t.Errorf("%q does not read back: %v", name, err)
		}
		for _, bad := range [][]byte{append(b, 0), b[:len(b)-1], b[1:]} {
			if _, err := approval.ParseEnvelope(bad); err == nil {
				t.Errorf("%q: a damaged encoding was read", name)
			}
		}
	}
}

// TestEnvelopeIsStable rebuilds a digest as docs/envelope.md describes it, with
// nothing of the package, and compares.
func TestEnvelopeIsStable(t *testing.T) {
	e := approval.Envelope{Revision: 2, Kind: approval.KindReply, Platform: "mail", Account: "care", RemoteID: "care@brand.test",
		Action: approval.Reply, Target: "<1@klant.test>", Route: []inbox.Field{{Name: "To", Value: "klant@klant.test"}},
		Visibility: inbox.Private, Language: "nl", Text: "Dank u.", ValidFor: 4 * time.Hour}
	e.Proposal[0], e.Mention[0], e.Policy[0] = 1, 2, 3

	field := func(b ...byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...) }
	text := func(s string) []byte { return field([]byte(s)...) }
	number := func(n uint64) []byte { return field(binary.BigEndian.AppendUint64(nil, n)...) }
	list := func(n uint64, parts ...[]byte) []byte {
		in := number(n)
		for _, p := range parts {
			in = append(in, p...)
		}
		return field(in...)
	}
	long := func(first byte, n int) []byte { b := make([]byte, n); b[0] = first; return field(b...) }
	var byHand []byte
	for _, part := range [][]byte{
		long(1, 16), number(2), text("reply"), text("mail"), text("care"), text("care@brand.test"), text("reply"),
		text("<1@klant.test>"), text(""), list(1, text("To"), text("klant@klant.test")), long(2, 32), text("private"), text("nl"),
		text("Dank u."), list(0), list(0), list(0), list(0), long(3, 32), number(14400), number(0), text(""),
	} {
		byHand = append(byHand, part...)
	}
	if string(byHand) != string(e.Bytes()) {
		t.Fatalf("the document says\n%x\nthe code makes\n%x", byHand, e.Bytes())
	}
	salt := [32]byte{7}
	part := func(b []byte) []byte { return append(binary.BigEndian.AppendUint64(nil, uint64(len(b))), b...) }
	sum := sha256.Sum256(append(append(part([]byte("standpunt/envelope/v1")), part(salt[:])...), part(byHand)...))
	if got := audit.Commit("standpunt/envelope/v1", salt, e.Bytes()); sum != [32]byte(got) {
		t.Fatalf("the document's digest is %s, the code's %s", hex.EncodeToString(sum[:]), hex.EncodeToString(got[:]))
	}
}

func TestAbuse26_TheClockIsMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		time.Sleep(4*time.Hour - time.Second)
		if v := r.Get(p); v.State != approval.Queued || v.Lives(time.Now()) != time.Second {
			t.Fatalf("%s, lives %s", v.State, v.Lives(time.Now()))
		}
		time.Sleep(time.Second)
		r.NothingDue()
		r.State(p, approval.Expired)
	})
}

func TestAbuse27_DoubleClickAndTwoWorkers(t *testing.T) {
	r := approvaltest.New(t)
	p := r.As("anna").Submitted(r.Mention("1", "Vraag"), "Antwoord")
	var clicks sync.WaitGroup
	var mu sync.Mutex
	passed, claimed := 0, 0
	for range 20 {
		clicks.Go(func() {
			if _, err := r.As("bert").Approve(p); err == nil {
				mu.Lock()
				passed++
				mu.Unlock()
			}
			if _, got, err := r.Approvals.Claim(t.Context(), "plein"); err == nil && got {
				mu.Lock()
				claimed++
				mu.Unlock()
			}
		})
	}
	clicks.Wait()
	if passed != 1 || claimed != 1 {
		t.Fatalf("%d approvals passed, %d claims", passed, claimed)
	}
	r.Replay()
}

func TestAbuse30_UnknownIsNotSentAgain(t *testing.T) {
	r := approvaltest.New(t)
	p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
	if err := r.Approvals.RecordUnknown(t.Context(), r.Claim(), "time-out"); err != nil {
		t.Fatal(err)
	}
	r.NothingDue()
	_, err := r.Approvals.Retry(t.Context(), r.As("bert").By, p.ID)
	want(t, err, fault.WrongState)
	_, err = r.As("anna").Revise(p, "Antwoord")
	want(t, err, fault.WrongState)
	_, err = r.Approvals.Withdraw(t.Context(), r.As("anna").By, p.ID, "")
	want(t, err, fault.WrongState)
	_, err = r.Approvals.Settle(t.Context(), r.As("paul").By, p.ID, approval.Ruling{Posted: true, URL: "javascript:alert(1)", Reason: "gezien"})
	want(t, err, fault.InvalidInput)
	if _, err = r.Approvals.Settle(t.Context(), r.As("paul").By, p.ID, approval.Ruling{Posted: true, URL: "http://plein.test/9", Reason: "gezien"}); err != nil {
		t.Fatal(err)
	}
	if v := r.State(p, approval.Published); v.Official() || v.SettledBy != r.As("paul").ID {
		t.Fatalf("official %v, settled by %s", v.Official(), v.SettledBy)
	}
	r.Replay()
}

func TestAbuse31_StopBetweenApproveAndClaim(t *testing.T) {
	r := approvaltest.New(t)
	for i := range 20 {
		r.Queued(r.Mention(fmt.Sprintf("m%d", i), "Vraag"), "Antwoord")
	}
	var sending sync.WaitGroup
	stopped := make(chan struct{})
	var mu sync.Mutex
	after := 0
	for range 4 {
		sending.Go(func() {
			for {
				late := false
				select {
				case <-stopped:
					late = true
				default:
				}
				_, got, err := r.Approvals.Claim(t.Context(), "plein")
				if err != nil || !got {
					return
				}
				if late {
					mu.Lock()
					after++
					mu.Unlock()
				}
			}
		})
	}
	if err := r.Approvals.StopPublishing(t.Context(), r.As("bert").By, "crisis"); err != nil {
		t.Fatal(err)
	}
	close(stopped)
	sending.Wait()
	if after > 0 {
		t.Fatalf("%d claims after the stop was acknowledged", after)
	}
	r.NothingDue()
	r.Replay()
}

func FuzzParseEnvelope(f *testing.F) {
	e := approval.Envelope{Revision: 1, Kind: approval.KindReply, Text: "Dank u.", Route: []inbox.Field{{Name: "To", Value: "x"}}}
	f.Add(e.Bytes())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := approval.ParseEnvelope(b); err == nil && string(e.Bytes()) != string(b) {
			t.Fatal("read an envelope that encodes otherwise")
		}
	})
}

func FuzzCheckText(f *testing.F) {
	for _, s := range []string{"hallo", "👨‍👩‍👧", "\u202e", "NL91 ABNA 0417 1643 00", "https://a@b.c/", "pаypal", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := approval.Normalize(s)
		if again := approval.Normalize(text); again != text {
			t.Fatalf("normalizing twice changes %q to %q", text, again)
		}
		_ = approval.CheckText(text, approval.Measure{})
		for _, finding := range approval.Check(text) {
			if finding.Code == "" {
				t.Fatal("a finding without a code")
			}
		}
	})
}

// noEntry fails the test if the proposal's log has an entry of the kind.
func noEntry(t *testing.T, r *approvaltest.Rig, p *approval.View, kind string) {
	t.Helper()
	entries, err := r.Log.Search(t.Context(), audit.Filter{Subject: audit.Subject("proposal:" + p.ID.String())}, 1<<62, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Kind == kind {
			t.Fatalf("there is an entry %s", kind)
		}
	}
}
