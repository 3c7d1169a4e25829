package approval_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/internal/fault"
)

// TestListsGiveEveryProposalOnceAPage at a time, newest change first.
func TestListsGiveEveryProposalOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		var made []approval.ProposalID
		for i := range 12 {
			talk := r.Mention(fmt.Sprint(i), "Vraag")
			switch i % 3 {
			case 0:
				made = append(made, ok2(t)(r.As("anna").Draft(talk, "Concept")).ID)
			case 1:
				made = append(made, r.As("anna").Submitted(talk, "Antwoord").ID)
			default:
				made = append(made, r.Queued(talk, "Antwoord").ID)
			}
			if i%2 == 0 { // some share their millisecond
				time.Sleep(time.Millisecond)
			}
		}
		all := func(f approval.Filter, limit int) (ids []approval.ProposalID) {
			after := ""
			for {
				page, err := r.Approvals.List(t.Context(), f, after, limit)
				if err != nil {
					t.Fatal(err)
				}
				if len(page.Items) > limit {
					t.Fatalf("%d items on a page of %d", len(page.Items), limit)
				}
				for i, v := range page.Items {
					if i > 0 && v.UpdatedAt.After(page.Items[i-1].UpdatedAt) {
						t.Fatal("not newest first")
					}
					ids = append(ids, v.ID)
				}
				if after = page.Next; after == "" {
					return ids
				}
			}
		}
		for _, limit := range []int{1, 2, 5, 12, 200} {
			ids := all(approval.Filter{}, limit)
			if len(ids) != 12 || len(slices.Compact(slices.SortedFunc(slices.Values(ids), func(a, b approval.ProposalID) int { return slices.Compare(a[:], b[:]) }))) != 12 {
				t.Errorf("pages of %d: %d proposals", limit, len(ids))
			}
		}
		for name, c := range map[string]struct {
			f approval.Filter
			n int
		}{
			"one state": {approval.Filter{States: []approval.State{approval.Draft}}, 4}, "a state named twice": {approval.Filter{States: []approval.State{approval.Draft, approval.Draft}}, 4},
			"two states": {approval.Filter{States: []approval.State{approval.Draft, approval.Queued}}, 8}, "no such account": {approval.Filter{Account: "elders"}, 0},
			"the account": {approval.Filter{Account: "plein"}, 12}, "governance": {approval.Filter{Kinds: []approval.Kind{approval.KindPolicy}}, 0},
			"for bert": {approval.Filter{WaitingFor: r.As("bert").ID}, 4}, "for the author": {approval.Filter{WaitingFor: r.As("anna").ID}, 0},
			"for a manager": {approval.Filter{WaitingFor: r.As("mara").ID}, 0},
		} {
			if got := len(all(c.f, 3)); got != c.n {
				t.Errorf("%s: %d proposals, want %d", name, got, c.n)
			}
		}
		if n, err := r.Approvals.Waiting(t.Context(), r.As("bert").ID); err != nil || n != 4 {
			t.Errorf("bert has %d waiting, %v", n, err)
		}
		_, err := r.Approvals.List(t.Context(), approval.Filter{}, "geen", 10)
		want(t, err, fault.InvalidInput)
		v, err := r.Approvals.Get(t.Context(), made[0])
		if ok(t, v, err).ID != made[0] {
			t.Fatal("another proposal")
		}
	})
}

// TestANarrowFilterLooksAtABoundedNumber of proposals and says where to go on.
func TestANarrowFilterLooksAtABoundedNumber(t *testing.T) {
	if testing.Short() {
		t.Skip("makes thousands of proposals")
	}
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		talk := r.Mention("1", "Vraag")
		oldest := ok2(t)(r.As("ada").Propose(approval.KindEnablement, approval.Change{Person: r.As("paul").ID}))
		if _, err := r.Approvals.Withdraw(t.Context(), r.As("ada").By, oldest.ID, ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		p := ok2(t)(r.As("anna").Draft(talk, "Concept"))
		if err := r.Approvals.Copies(t.Context(), p.ID, approval.ScanMost); err != nil {
			t.Fatal(err)
		}
		f := approval.Filter{Kinds: []approval.Kind{approval.KindEnablement}}
		first, err := r.Approvals.List(t.Context(), f, "", 10)
		if err != nil || len(first.Items) != 0 || first.Next == "" {
			t.Fatalf("%d items, next %q, %v", len(first.Items), first.Next, err)
		}
		second, err := r.Approvals.List(t.Context(), f, first.Next, 10)
		if err != nil || len(second.Items) != 1 || second.Next != "" || second.Items[0].ID != oldest.ID {
			t.Fatalf("%d items, next %q, %v", len(second.Items), second.Next, err)
		}
	})
}

// TestOneDamagedRecordHidesNoOther: its content cannot be shown, and a person
// can still take it out of the way.
func TestOneDamagedRecordHidesNoOther(t *testing.T) {
	r := approvaltest.New(t)
	r.As("anna").Submitted(r.Mention("1", "Vraag"), "Heel")
	p := r.As("anna").Submitted(r.Mention("2", "Vraag"), "Kapot")
	damage(t, r, "audit.sealed", p.Digest[:], []byte{0xff})
	page, err := r.Approvals.List(t.Context(), approval.Filter{States: []approval.State{approval.InReview}}, "", 10)
	if err != nil || len(page.Items) != 2 {
		t.Fatalf("%d items, %v", len(page.Items), err)
	}
	for _, v := range page.Items {
		if v.Damaged != (v.ID == p.ID) || v.Damaged != (v.Envelope == nil) {
			t.Errorf("%s: damaged %v, envelope %v", v.ID, v.Damaged, v.Envelope)
		}
	}
	if _, err := r.As("bert").Approve(p); err == nil || strings.Contains(err.Error(), "cbor") && fault.CodeOf(err) != fault.Internal {
		t.Fatalf("approved what cannot be read: %v", err)
	}
	v := ok2(t)(r.Approvals.Withdraw(t.Context(), r.As("bert").By, p.ID, "kapot"))
	if v.State != approval.Withdrawn || !v.Damaged {
		t.Fatalf("%s, damaged %v", v.State, v.Damaged)
	}
	repair(t, r, "audit.sealed", p.Digest[:])
}
