package approval_test

import (
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/internal/fault"
)

// watched is a rig whose account was seen for the first time a minute ago.
func watched(t *testing.T) *approvaltest.Rig {
	t.Helper()
	r := approvaltest.New(t)
	seen(t, r)
	time.Sleep(time.Minute)
	return r
}

func seen(t *testing.T, r *approvaltest.Rig, posts ...approval.OwnPost) {
	t.Helper()
	for i := range posts {
		if posts[i].PostedAt.IsZero() {
			posts[i].PostedAt = time.Now()
		}
	}
	if err := r.Approvals.Observe(t.Context(), "plein", posts); err != nil {
		t.Fatal(err)
	}
}

// alarms are the ids of the posts that count as published outside, after the
// wait.
func alarms(t *testing.T, r *approvaltest.Rig) (ids []string) {
	t.Helper()
	time.Sleep(3 * time.Minute)
	if _, err := r.Approvals.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, _, err := r.Approvals.PublishedOutside(t.Context(), "", 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list {
		ids = append(ids, o.ExternalID)
	}
	return ids
}

func wantAlarms(t *testing.T, r *approvaltest.Rig, want ...string) {
	t.Helper()
	got := alarms(t, r)
	if len(got) != len(want) || len(want) > 0 && got[0] != want[0] {
		t.Fatalf("alarms %v, want %v", got, want)
	}
}

// TestAbuse34_TheSameTextPostedOutside hides a post of a stolen token behind an
// answer of ours with the same text, before and after it was read back.
func TestAbuse34_TheSameTextPostedOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		p := r.Published(r.Mention("1", "Vraag"), "Antwoord", "9")
		seen(t, r, approval.OwnPost{ExternalID: "10", Text: "Antwoord", InReplyTo: "1"})
		wantAlarms(t, r, "10")
		if p.ReadBack != nil {
			t.Fatal("it was read back")
		}
		r.Replay()
	})
}

// TestReadingBackCompletesAReceipt with the address that the platform told no
// sooner: of that post alone, one that can be opened, and once.
func TestReadingBackCompletesAReceipt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		rel := r.Claim()
		if err := r.Approvals.RecordPublished(t.Context(), rel, approval.Receipt{ExternalID: "9"}); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			told approval.Receipt
			want string
		}{
			{approval.Receipt{ExternalID: "10", URL: "https://plein.test/10"}, ""},
			{approval.Receipt{ExternalID: "9", URL: "javascript:alert(1)"}, ""},
			{approval.Receipt{ExternalID: "9", URL: "https://plein.test/9"}, "https://plein.test/9"},
			{approval.Receipt{ExternalID: "9", URL: "https://elders.test/9"}, "https://plein.test/9"},
			{approval.Receipt{}, "https://plein.test/9"},
		} {
			a := rel.Attempt()
			a.Receipt = step.told
			if equal, err := r.Approvals.RecordReadBack(t.Context(), a, "Antwoord"); err != nil || !equal {
				t.Fatalf("read back: %v, %v", equal, err)
			}
			if v := r.Get(p); v.Receipt.URL != step.want || v.Receipt.ExternalID != "9" || !v.Official() {
				t.Errorf("after %+v the receipt is %+v, want the address %q", step.told, v.Receipt, step.want)
			}
		}
		r.Replay()
	})
}

// TestWhatThePlatformAlwaysAddsIsNoEdit: a platform that puts names before an
// answer and shortens its links has not edited it.
func TestWhatThePlatformAlwaysAddsIsNoEdit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		rel := r.Claim()
		if err := r.Approvals.RecordPublished(t.Context(), rel, approval.Receipt{ExternalID: "9"}); err != nil {
			t.Fatal(err)
		}
		if equal, err := r.Approvals.RecordReadBack(t.Context(), rel.Attempt(), "Antwoord"); err != nil || !equal {
			t.Fatalf("read back: %v, %v", equal, err)
		}
		stands := func(text string) approval.OwnPost {
			return approval.OwnPost{ExternalID: "9", Text: "@jan " + text, Beside: func(string) string { return text }}
		}
		seen(t, r, stands("Antwoord"))
		if v := r.Get(p); !v.ReadBack.Equal {
			t.Fatalf("it counts as edited: %+v", v.ReadBack)
		}
		seen(t, r, stands("Leugens"))
		if v := r.Get(p); v.ReadBack.Equal || v.ReadBack.Text != "Leugens" {
			t.Fatalf("an edit outside was missed: %+v", v.ReadBack)
		}
		r.Replay()
	})
}

// TestAPostOfOpenOutcomeRaisesNoFalseAlarm: what may be ours waits until the
// outcome is settled, whatever the platform made of the text.
func TestAPostOfOpenOutcomeRaisesNoFalseAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		rel := r.Claim()
		seen(t, r, approval.OwnPost{ExternalID: "9", Text: "Antwoord (ingekort)", InReplyTo: "1"},
			approval.OwnPost{ExternalID: "10", Text: "Antwoord"}, approval.OwnPost{ExternalID: "11", Text: "Iets anders", InReplyTo: "2"})
		wantAlarms(t, r, "11")
		if err := r.Approvals.RecordUnknown(t.Context(), rel, approval.Failure{Message: "weg"}); err != nil {
			t.Fatal(err)
		}
		wantAlarms(t, r, "11")
		if err := r.Approvals.SettleFound(t.Context(), rel.Attempt(), approval.Receipt{ExternalID: "9"}, "Antwoord (ingekort)"); err != nil {
			t.Fatal(err)
		}
		wantAlarms(t, r, "10", "11")
		r.Replay()
	})
}

// TestAnAnswerSettledByHandFindsItsPost: nobody knew the id when a press
// officer settled it; the post is seen later, and explains one post only.
func TestAnAnswerSettledByHandFindsItsPost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		rel := r.Claim()
		if err := r.Approvals.RecordUnknown(t.Context(), rel, approval.Failure{Message: "weg"}); err != nil {
			t.Fatal(err)
		}
		_, err := r.Approvals.Settle(t.Context(), r.As("paul").By, p.ID, approval.Ruling{Posted: true, URL: "https://plein.test/9", Reason: "gezien"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Approvals.RecordReadBack(t.Context(), rel.Attempt(), "Antwoord"); err != nil {
			t.Fatal(err)
		}
		seen(t, r, approval.OwnPost{ExternalID: "9", Text: "Antwoord", InReplyTo: "1"})
		wantAlarms(t, r)
		if v := r.Get(p); v.Receipt.ExternalID != "9" || !v.Official() {
			t.Fatalf("receipt %+v, official %v", v.Receipt, v.Official())
		}
		seen(t, r, approval.OwnPost{ExternalID: "10", Text: "Antwoord", InReplyTo: "1"})
		wantAlarms(t, r, "10")
		seen(t, r, approval.OwnPost{ExternalID: "12", Text: "Antwoord!", InReplyTo: "1"})
		wantAlarms(t, r, "12", "10")
		r.Replay()
	})
}

// TestAbuse33_APublishedAnswerIsEditedOutside is seen by the source and
// recorded: the answer is official no more.
func TestAbuse33_APublishedAnswerIsEditedOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		rel := r.Claim()
		if err := r.Approvals.RecordPublished(t.Context(), rel, approval.Receipt{ExternalID: "9"}); err != nil {
			t.Fatal(err)
		}
		seen(t, r, approval.OwnPost{ExternalID: "9", Text: "nog niet gelezen"})
		if v := r.Get(p); v.ReadBack != nil {
			t.Fatalf("the source's first sight was taken for a reading: %+v", v.ReadBack)
		}
		if equal, err := r.Approvals.RecordReadBack(t.Context(), rel.Attempt(), "Antwoord"); err != nil || !equal {
			t.Fatalf("read back: %v, %v", equal, err)
		}
		seen(t, r, approval.OwnPost{ExternalID: "9", Text: "Antwoord"})
		if v := r.Get(p); !v.Official() {
			t.Fatal("an unchanged post is not official")
		}
		at := r.Get(p).UpdatedAt
		for range 2 {
			time.Sleep(time.Second)
			seen(t, r, approval.OwnPost{ExternalID: "9", Text: "Leugens"})
			v := r.Get(p)
			if v.Official() || v.ReadBack.Equal || v.ReadBack.Text != "Leugens" {
				t.Fatalf("after the edit: %+v", v.ReadBack)
			}
			if !at.Before(v.UpdatedAt) || v.UpdatedAt.Before(time.Now().Add(-2*time.Second)) {
				t.Fatal("it was recorded again without news")
			}
		}
		seen(t, r, approval.OwnPost{ExternalID: "9", Text: "Antwoord"})
		if v := r.Get(p); !v.Official() {
			t.Fatal("set right again, and not official")
		}
		wantAlarms(t, r)
		r.Replay()
	})
}

func TestPostsFromBeforeAreNotOursToExplain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		seen(t, r, approval.OwnPost{ExternalID: "oud", PostedAt: time.Now().Add(-2 * time.Minute)}, approval.OwnPost{Text: "zonder id"},
			approval.OwnPost{ExternalID: "nieuw", PostedAt: time.Now().Add(-30 * time.Second)})
		wantAlarms(t, r, "nieuw")
		seen(t, r, approval.OwnPost{ExternalID: "nieuw"})
		wantAlarms(t, r, "nieuw")
	})
}

// TestOnePostStandsForOneAnswer: a platform or connector that names a post of
// another answer has not shown where this one stands.
func TestOnePostStandsForOneAnswer(t *testing.T) {
	r := approvaltest.New(t)
	first := r.Published(r.Mention("1", "Vraag"), "Antwoord", "9")
	p := r.Queued(r.Mention("2", "Vraag"), "Antwoord")
	rel := r.Claim()
	if err := r.Approvals.RecordPublished(t.Context(), rel, approval.Receipt{ExternalID: "9"}); err != nil {
		t.Fatal(err)
	}
	r.State(p, approval.OutcomeUnknown)
	want(t, r.Approvals.SettleFound(t.Context(), rel.Attempt(), approval.Receipt{ExternalID: "9"}, "Antwoord"), fault.Conflict)
	if err := r.Approvals.SettleFound(t.Context(), rel.Attempt(), approval.Receipt{ExternalID: "10"}, "Antwoord"); err != nil {
		t.Fatal(err)
	}
	if v := r.State(first, approval.Published); v.Receipt.ExternalID != "9" {
		t.Fatalf("the first answer's receipt is %+v", v.Receipt)
	}
	r.Replay()
}

// TestReadingBackIsHeldAgainstTheRecord: whoever reads back cannot say what was
// approved.
func TestReadingBackIsHeldAgainstTheRecord(t *testing.T) {
	r := approvaltest.New(t)
	p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
	rel := r.Claim()
	if err := r.Approvals.RecordPublished(t.Context(), rel, approval.Receipt{ExternalID: "9"}); err != nil {
		t.Fatal(err)
	}
	forged := rel.Attempt()
	forged.Text = "Leugens"
	if equal, err := r.Approvals.RecordReadBack(t.Context(), forged, "Leugens"); err != nil || equal {
		t.Fatalf("equal %v, %v", equal, err)
	}
	if v := r.Get(p); v.Official() || v.ReadBack.Text != "Leugens" {
		t.Fatalf("read back %+v", v.ReadBack)
	}
	forged.Digest[0] ^= 1
	_, err := r.Approvals.RecordReadBack(t.Context(), forged, "Antwoord")
	want(t, err, fault.WrongState)
}

// TestAReleaseCannotBeChangedByWhoHoldsIt changes what Attempt gave.
func TestAReleaseCannotBeChangedByWhoHoldsIt(t *testing.T) {
	r := approvaltest.New(t)
	in := inboundWithRoute("1")
	r.Queued(r.Ingest("plein", in), "Antwoord")
	rel := r.Claim()
	rel.Attempt().Route[0].Value = "elders@evil.test"
	rel.Endorsers()[0] = r.As("mara").ID
	if got := rel.Attempt().Route[0].Value; got != in.Route[0].Value {
		t.Fatalf("the route became %q", got)
	}
	if rel.Endorsers()[0] != r.As("anna").ID {
		t.Fatal("the endorsers changed")
	}
}

func TestPublishedOutsideRaisesTheAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		observe := func(posts ...approval.OwnPost) {
			t.Helper()
			if err := r.Approvals.Observe(t.Context(), "plein", posts); err != nil {
				t.Fatal(err)
			}
		}
		observe(approval.OwnPost{ExternalID: "old", PostedAt: time.Now().Add(-time.Hour)})
		time.Sleep(time.Minute)
		p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		rel := r.Claim()
		observe(approval.OwnPost{ExternalID: "9", Text: "Antwoord", PostedAt: time.Now()},
			approval.OwnPost{ExternalID: "10", Text: "Buiten om", PostedAt: time.Now()})
		if err := r.Approvals.RecordPublished(t.Context(), rel, approval.Receipt{ExternalID: "9"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Minute)
		if _, err := r.Approvals.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, _, err := r.Approvals.PublishedOutside(t.Context(), "", 10)
		if err != nil || len(list) != 1 || list[0].ExternalID != "10" {
			t.Fatalf("outside: %+v, %v", list, err)
		}
		observe(approval.OwnPost{ExternalID: "10", Text: "Buiten om", PostedAt: time.Now()})
		r.State(p, approval.Published)
		r.Replay()
	})
}

// TestTheNewestIsReadBackFirst, so that posts that nobody will ever find do not
// keep the others waiting; what is of unknown outcome is settled in order.
func TestTheNewestIsReadBackFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		for _, id := range []string{"1", "2", "3"} {
			r.Published(r.Mention(id, "Vraag"), "Antwoord", "r"+id)
			time.Sleep(time.Second)
		}
		list, err := r.Approvals.Unread(t.Context(), "plein")
		if err != nil || len(list) != 3 || list[0].Target != "3" || list[2].Target != "1" {
			t.Fatalf("unread %v, %v", list, err)
		}
		for _, id := range []string{"4", "5"} {
			r.Queued(r.Mention(id, "Vraag"), "Antwoord")
			if err := r.Approvals.RecordUnknown(t.Context(), r.Claim(), approval.Failure{Message: "weg"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		list, err = r.Approvals.Unknown(t.Context(), "plein")
		if err != nil || len(list) != 2 || list[0].Target != "4" {
			t.Fatalf("unknown %v, %v", list, err)
		}
	})
}

// TestAbsenceIsFoundTwiceInOneAttempt: what the first attempt's reading back
// did not find says nothing about the second.
func TestAbsenceIsFoundTwiceInOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		absent := func() bool {
			t.Helper()
			rel := r.Claim()
			if err := r.Approvals.RecordUnknown(t.Context(), rel, approval.Failure{Message: "weg"}); err != nil {
				t.Fatal(err)
			}
			settled, err := r.Approvals.SettleAbsent(t.Context(), rel.Attempt())
			if err != nil {
				t.Fatal(err)
			}
			return settled
		}
		absent()
		ok2(t)(r.Approvals.Settle(t.Context(), r.As("paul").By, p.ID, approval.Ruling{Reason: "staat er niet"}))
		ok2(t)(r.Approvals.Retry(t.Context(), r.As("anna").By, p.ID))
		time.Sleep(time.Hour)
		if absent() {
			t.Fatal("one look settled the second attempt")
		}
		r.State(p, approval.OutcomeUnknown)
	})
}

// TestCountingWhatIsOutside: a count tells what came since somebody looked, and
// goes no further than it is asked to.
func TestCountingWhatIsOutside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		count := func(seen time.Time, limit int) approval.OutsideCount {
			t.Helper()
			n, err := r.Approvals.CountOutside(t.Context(), seen, limit)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := count(time.Time{}, 10); n != (approval.OutsideCount{}) {
			t.Fatalf("of nothing there are %+v", n)
		}
		seen(t, r, approval.OwnPost{ExternalID: "10", Text: "Een"}, approval.OwnPost{ExternalID: "11", Text: "Twee"})
		wantAlarms(t, r, "10", "11")
		first := count(time.Time{}, 10)
		if first.All != 2 || first.Unseen != 2 {
			t.Fatalf("of two there are %+v", first)
		}
		seen(t, r, approval.OwnPost{ExternalID: "12", Text: "Drie"})
		if n := count(first.Newest, 10); n.All != 2 || n.Unseen != 0 {
			t.Fatalf("what waits for its receipt is counted: %+v", n)
		}
		wantAlarms(t, r, "12", "10", "11")
		if n := count(first.Newest, 10); n.All != 3 || n.Unseen != 1 || !n.Newest.After(first.Newest) {
			t.Fatalf("of three of which two were seen there are %+v", n)
		}
		if n := count(time.Time{}, 2); n.All != 2 || n.Unseen != 2 {
			t.Fatalf("at most two are %+v", n)
		}
	})
}
