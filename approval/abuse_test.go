package approval_test

import (
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
	if err := r.Approvals.RecordUnknown(t.Context(), r.Claim(), approval.Failure{Message: "time-out"}); err != nil {
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
