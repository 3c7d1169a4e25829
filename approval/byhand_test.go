package approval_test

import (
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/store"
)

const at9 = "http://plein.test/posts/9"

// byHand is a rig in which answers by hand can be recorded.
func byHand(t *testing.T) *approvaltest.Rig {
	t.Helper()
	r := approvaltest.New(t)
	r.Locates(nil)
	return r
}

// talkState fails the test unless the conversation is in the state, and somebody
// waits or not.
func talkState(t *testing.T, r *approvaltest.Rig, c *inbox.Conversation, state inbox.State, waits bool) {
	t.Helper()
	if err := r.DB.View(t.Context(), func(tx *store.Tx) error {
		now, err := r.Box.Conversation(tx, c.ID)
		if err == nil && (now.State != state || now.AwaitingSince.IsZero() == waits) {
			t.Errorf("the conversation is %s and awaits since %s", now.State, now.AwaitingSince)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAnAnswerByHandIsApprovedPostedRecordedAndReadBack(t *testing.T) {
	r := byHand(t)
	talk := r.Closed("1", "Klopt dit?")
	_, err := r.As("anna").Draft(talk, "Dag!")
	want(t, err, fault.NotAnswerable)
	p := r.HandedOver(talk, "Dag, dat klopt.")
	if p.State != approval.Approved || p.Envelope.Action != approval.ByHand || p.ExpiresAt.IsZero() || p.Basis != approval.Quorum {
		t.Fatalf("state %s, action %s, expires %s", p.State, p.Envelope.Action, p.ExpiresAt)
	}
	r.NothingDue()
	talkState(t, r, talk, inbox.Open, true)
	p = ok2(t)(r.As("anna").PostedByHand(p, at9))
	if p.State != approval.Published || p.RecordedBy != r.As("anna").ID || p.Receipt.ExternalID != "9" || p.Official() {
		t.Fatalf("state %s, recorded by %s, receipt %+v, official %v", p.State, p.RecordedBy, p.Receipt, p.Official())
	}
	talkState(t, r, talk, inbox.Waiting, false)
	a := r.Unread()
	if a.Action != approval.ByHand || a.Receipt.ExternalID != "9" || a.Target != "1" {
		t.Fatalf("attempt %+v", a)
	}
	if equal, err := r.Approvals.RecordReadBack(t.Context(), a, "Dag, dat klopt."); err != nil || !equal {
		t.Fatal(equal, err)
	}
	if v := r.Get(p); !v.Official() {
		t.Fatal("it is not official")
	}
	_, err = r.Approvals.TakeAddressBack(t.Context(), r.As("anna").By, p.ID)
	want(t, err, fault.WrongState)
	r.Replay()
}

func TestATextThatWasAlteredByHandDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		r.Locates(nil)
		p := r.HandedOver(r.Closed("1", "Klopt dit?"), "Dat klopt.")
		seen(t, r, approval.OwnPost{ExternalID: "9", InReplyTo: "1", Text: "Dat klopt niet.", URL: at9})
		ok2(t)(r.As("anna").PostedByHand(p, at9))
		if equal, err := r.Approvals.RecordReadBack(t.Context(), r.Unread(), "Dat klopt niet."); err != nil || equal {
			t.Fatal(equal, err)
		}
		v := r.Get(p)
		if v.Official() || v.ReadBack.Text != "Dat klopt niet." {
			t.Fatalf("official %v, %+v", v.Official(), v.ReadBack)
		}
		wantAlarms(t, r, "9") // no release explains this text

		// Nothing official rests on it: the right one can be recorded, and the other stays an alarm.
		p = ok2(t)(r.Approvals.TakeAddressBack(t.Context(), r.As("anna").By, p.ID))
		if p.State != approval.Approved || p.ReadBack != nil || p.Remark != at9 {
			t.Fatalf("%s, %+v, %q", p.State, p.ReadBack, p.Remark)
		}
		ok2(t)(r.As("anna").PostedByHand(p, "http://plein.test/posts/10"))
		if equal, err := r.Approvals.RecordReadBack(t.Context(), r.Unread(), "Dat klopt."); err != nil || !equal {
			t.Fatal(equal, err)
		}
		if v := r.Get(p); !v.Official() {
			t.Fatal("it is not official")
		}
		wantAlarms(t, r, "9")

		// What was official once stays on record, whatever becomes of it on the platform.
		seen(t, r, approval.OwnPost{ExternalID: "10", InReplyTo: "1", Text: "Dat klopt niet meer."})
		if v := r.Get(p); v.Official() || v.ReadBack.Equal {
			t.Fatal("it is official still")
		}
		_, err := r.Approvals.TakeAddressBack(t.Context(), r.As("anna").By, p.ID)
		want(t, err, fault.WrongState)
		r.Replay()
	})
}

// TestADifferingPostTakenBackIsAnAlarm, though the source showed it while it
// stood for the answer and will not show it again.
func TestADifferingPostTakenBackIsAnAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		r.Locates(nil)
		p := ok2(t)(r.As("anna").PostedByHand(r.HandedOver(r.Closed("1", "Klopt dit?"), "Dat klopt."), at9))
		if equal, err := r.Approvals.RecordReadBack(t.Context(), r.Unread(), "Dat klopt niet."); err != nil || equal {
			t.Fatal(equal, err)
		}
		seen(t, r, approval.OwnPost{ExternalID: "9", InReplyTo: "1", Text: "Dat klopt niet.", URL: at9})
		wantAlarms(t, r)
		ok2(t)(r.Approvals.TakeAddressBack(t.Context(), r.As("anna").By, p.ID))
		wantAlarms(t, r, "9")
		list, _, err := r.Approvals.PublishedOutside(t.Context(), "", 10)
		if err != nil || len(list) != 1 || list[0].Text != "Dat klopt niet." || list[0].URL != at9 {
			t.Fatalf("%+v, %v", list, err)
		}
		r.Replay()
	})
}

// TestOnlyWhatThePlatformRefusesIsAnsweredByHand: where the daemon can publish,
// nobody does it by hand; where it was refused for good, a revision goes on so.
func TestOnlyWhatThePlatformRefusesIsAnsweredByHand(t *testing.T) {
	r := byHand(t)
	talk := r.Mention("1", "Vraag")
	_, err := r.As("anna").DraftByHand(talk, "Antwoord")
	want(t, err, fault.InvalidInput)
	p := r.Queued(talk, "Antwoord")
	if err := r.Approvals.RecordFailed(t.Context(), r.Claim(), approval.Failure{Kind: "not_allowed", Message: "No."}); err != nil {
		t.Fatal(err)
	}
	r.State(p, approval.Failed)
	p = ok2(t)(r.Approvals.Revise(t.Context(), r.As("anna").By, p.ID, approval.Content{Text: "Antwoord", ByHand: true}))
	p = ok2(t)(r.As("bert").Revise(p, "Antwoord!")) // the daemon may try again, too
	p = ok2(t)(r.Approvals.Revise(t.Context(), r.As("bert").By, p.ID, approval.Content{Text: "Antwoord!!", ByHand: true}))
	p = ok2(t)(r.As("bert").Submit(p))
	p = ok2(t)(r.As("anna").Approve(p))
	r.State(p, approval.Approved)
	ok2(t)(r.As("bert").PostedByHand(p, at9))
	r.Replay()

	// A fresh draft knows of the refusal as well.
	other := r.Mention("2", "Vraag")
	q := r.Queued(other, "Antwoord")
	if err := r.Approvals.RecordFailed(t.Context(), r.Claim(), approval.Failure{Kind: "not_allowed", Message: "No."}); err != nil {
		t.Fatal(err)
	}
	ok2(t)(r.Approvals.Withdraw(t.Context(), r.As("anna").By, q.ID, ""))
	ok2(t)(r.As("anna").DraftByHand(other, "Antwoord"))

	// Without an address that can be read back there is no answer by hand.
	r.Adapt("plein", func(p *approval.Platform) { p.Locate = nil })
	_, err = r.As("anna").DraftByHand(r.Closed("3", "Vraag"), "Antwoord")
	want(t, err, fault.NotAnswerable)
}

// TestAWrongAddressIsTakenBack: by the recorder, or because reading back finds
// nothing, or something else.
func TestAWrongAddressIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := byHand(t)
		talk := r.Closed("1", "Vraag")
		p := r.HandedOver(talk, "Antwoord")
		p = ok2(t)(r.As("anna").PostedByHand(p, at9))
		first := r.Unread()
		_, err := r.As("bert").PostedByHand(p, "http://plein.test/posts/10")
		want(t, err, fault.WrongState)
		p = ok2(t)(r.Approvals.TakeAddressBack(t.Context(), r.As("bert").By, p.ID))
		if p.State != approval.Approved || p.Remark != at9 || p.Receipt != nil {
			t.Fatalf("%s, %q, %+v", p.State, p.Remark, p.Receipt)
		}
		talkState(t, r, talk, inbox.Open, true)

		ok2(t)(r.As("anna").PostedByHand(p, "http://plein.test/posts/10"))
		// What was read at the first address says nothing of the second one.
		_, err = r.Approvals.RecordReadBack(t.Context(), first, "Antwoord")
		want(t, err, fault.WrongState)
		_, err = r.Approvals.RecordNotThere(t.Context(), first, true)
		want(t, err, fault.WrongState)
		if settled, err := r.Approvals.RecordNotThere(t.Context(), r.Unread(), true); err != nil || !settled {
			t.Fatal(settled, err)
		}
		if v := r.State(p, approval.Approved); v.Reason != approval.ReasonAddressForeign || v.Remark != "http://plein.test/posts/10" {
			t.Fatalf("%q, %q", v.Reason, v.Remark)
		}

		ok2(t)(r.As("anna").PostedByHand(p, "http://plein.test/posts/11"))
		for _, wantSettled := range []bool{false, false, true} {
			settled, err := r.Approvals.RecordNotThere(t.Context(), r.Unread(), false)
			if err != nil || settled != wantSettled {
				t.Fatalf("settled %v, %v", settled, err)
			}
			time.Sleep(20 * time.Second)
		}
		if v := r.State(p, approval.Approved); v.Reason != approval.ReasonAddressAbsent {
			t.Fatalf("%q", v.Reason)
		}

		// An address that proves wrong after the approval ended leaves nothing to use.
		ok2(t)(r.As("anna").PostedByHand(p, "http://plein.test/posts/12"))
		time.Sleep(5 * time.Hour)
		if settled, err := r.Approvals.RecordNotThere(t.Context(), r.Unread(), true); err != nil || !settled {
			t.Fatal(settled, err)
		}
		r.State(p, approval.Expired)
		r.Replay()
	})
}

// TestWhatAwaitsAHandIsHeldAndExpires as every other approval is.
func TestWhatAwaitsAHandIsHeldAndExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := byHand(t)
		expired := r.HandedOver(r.Closed("1", "Vraag"), "Antwoord")
		time.Sleep(4*time.Hour + time.Second)
		if _, err := r.Approvals.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.State(expired, approval.Expired)

		edited := r.HandedOver(r.Closed("2", "Vraag"), "Antwoord")
		r.Closed("2", "Heel iets anders")
		r.State(edited, approval.Held)

		unendorsed := r.HandedOver(r.Closed("3", "Vraag"), "Antwoord")
		ok2(t)(r.Approvals.WithdrawEndorsement(t.Context(), r.As("bert").By, unendorsed.ID))
		r.State(unendorsed, approval.Held)

		demoted := r.HandedOver(r.Closed("4", "Vraag"), "Antwoord")
		r.Agreed("ada", "mara", approval.KindEnablement, approval.Change{Person: r.As("bert").ID})
		if v := r.State(demoted, approval.Held); v.Reason != approval.ReasonEndorserLost {
			t.Fatal(v.Reason)
		}
		r.Replay()
	})
}

func TestARestoredBackupRevivesNoAnswerByHand(t *testing.T) {
	r := byHand(t)
	waiting := r.HandedOver(r.Closed("1", "Vraag"), "Antwoord")
	recorded := ok2(t)(r.As("anna").PostedByHand(r.HandedOver(r.Closed("2", "Vraag"), "Antwoord"), at9))
	if _, err := r.Approvals.HoldAll(t.Context(), approval.ReasonRestored); err != nil {
		t.Fatal(err)
	}
	r.State(waiting, approval.Held)
	r.State(recorded, approval.Published)
	ok2(t)(r.Approvals.TakeAddressBack(t.Context(), r.As("anna").By, recorded.ID))
	r.State(recorded, approval.Expired)
	r.Replay()
}

func TestAScheduledAnswerIsNotPostedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		made := make(map[string]time.Time)
		r.Locates(made)
		talk := r.Closed("1", "Vraag")
		later := time.Now().Add(2 * time.Hour)
		p := ok2(t)(r.Approvals.DraftReply(t.Context(), r.As("anna").By, talk.ID, inbox.MentionID{}, approval.Content{Text: "Dag", ByHand: true, NotBefore: later}))
		p = ok2(t)(r.As("anna").Submit(p))
		p = ok2(t)(r.As("bert").Approve(p))
		made["9"] = time.Now().Add(time.Minute)
		_, err := r.As("anna").PostedByHand(p, at9)
		want(t, err, fault.WrongState)
		time.Sleep(3 * time.Hour)
		_, err = r.As("anna").PostedByHand(p, at9) // it stood there before its time
		want(t, err, fault.InvalidInput)
		delete(made, "9")
		ok2(t)(r.As("anna").PostedByHand(p, at9))
		r.Replay()
	})
}

// TestNobodyPublishesFirstAndCollectsTheApprovalAfterwards: with the platform's
// clock known, seconds count, however wrong ours is; what one person published
// stays an alarm, and what was posted right after the approval is taken.
func TestNobodyPublishesFirstAndCollectsTheApprovalAfterwards(t *testing.T) {
	const slack = 1500 * time.Millisecond // what the comparison of the clocks leaves open
	for name, c := range map[string]struct {
		ahead time.Duration // the platform's clock
		later bool          // known only when the address is recorded
	}{
		"our clock is right": {0, false}, "ours is behind": {5 * time.Minute, false}, "ours is ahead": {-5 * time.Minute, false},
		"known later": {5 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := watched(t)
				time.Sleep(10 * time.Minute) // the alarm is not told of posts from before the first contact
				theirs := func() time.Time { return time.Now().Add(c.ahead) }
				made := make(map[string]time.Time)
				r.Locates(made)
				known := !c.later
				r.Adapt("plein", func(p *approval.Platform) {
					p.Ahead = func() (time.Duration, bool) { return c.ahead - slack, known }
				})
				talk := r.Closed("1", "Vraag")
				made["first"] = theirs()
				seen(t, r, approval.OwnPost{ExternalID: "first", InReplyTo: "1", Text: "Antwoord", PostedAt: made["first"]})
				time.Sleep(2 * time.Second)
				p := r.HandedOver(talk, "Antwoord")
				made["after"] = theirs()
				time.Sleep(30 * time.Second)
				known = true
				_, err := r.As("anna").PostedByHand(p, "http://plein.test/posts/first")
				want(t, err, fault.InvalidInput)
				wantAlarms(t, r, "first")
				p = ok2(t)(r.As("anna").PostedByHand(p, "http://plein.test/posts/after"))
				since := r.Unread().Since
				if since.After(made["after"]) || !since.After(made["first"]) {
					t.Errorf("it is taken since %s; %v", since, made)
				}
				// What is recorded again rests on the same comparison.
				known = false
				ok2(t)(r.Approvals.TakeAddressBack(t.Context(), r.As("anna").By, p.ID))
				_, err = r.As("anna").PostedByHand(p, "http://plein.test/posts/first")
				want(t, err, fault.InvalidInput)
				ok2(t)(r.As("anna").PostedByHand(p, "http://plein.test/posts/after"))
				if equal, err := r.Approvals.RecordReadBack(t.Context(), r.Unread(), "Antwoord"); err != nil || !equal {
					t.Fatal(equal, err)
				}
				wantAlarms(t, r, "first")

				// A new revision rests on a comparison of its own.
				q := r.HandedOver(r.Closed("2", "Vraag"), "Nog een")
				made["between"] = theirs().Add(time.Second)
				time.Sleep(10 * time.Second)
				q = ok2(t)(r.As("anna").ReviseByHand(q, "Nog een!"))
				q = ok2(t)(r.As("anna").Submit(q))
				known = true
				q = ok2(t)(r.As("bert").Approve(q))
				_, err = r.As("anna").PostedByHand(q, "http://plein.test/posts/between")
				want(t, err, fault.InvalidInput)
				r.Replay()
			})
		})
	}
}

// TestTheAlarmBeforeTheAddressIsTakenBack: the source sees the post before
// anybody records where it stands.
func TestTheAlarmBeforeTheAddressIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := watched(t)
		r.Locates(nil)
		post := approval.OwnPost{ExternalID: "9", InReplyTo: "1", Text: "Antwoord", URL: at9}
		p := r.HandedOver(r.Closed("1", "Vraag"), "Antwoord")
		seen(t, r, post)
		wantAlarms(t, r, "9")
		ok2(t)(r.As("anna").PostedByHand(p, at9))
		wantAlarms(t, r, "9") // somebody says so, and nothing was read yet
		if _, err := r.Approvals.RecordReadBack(t.Context(), r.Unread(), "Antwoord"); err != nil {
			t.Fatal(err)
		}
		wantAlarms(t, r)
		seen(t, r, post)
		wantAlarms(t, r)
		entries, err := r.Log.Entries(t.Context(), audit.NoneBefore, 100)
		if err != nil || indexOf(entries, "account.explained") < 0 {
			t.Fatalf("the log does not tell: %v", err)
		}

		// Recorded before it is seen, and quickly: no alarm at all.
		q := r.HandedOver(r.Closed("2", "Vraag"), "Antwoord")
		ok2(t)(r.As("anna").PostedByHand(q, "http://plein.test/posts/10"))
		seen(t, r, approval.OwnPost{ExternalID: "10", InReplyTo: "2", Text: "Antwoord"})
		if _, err := r.Approvals.RecordReadBack(t.Context(), r.Unread(), "Antwoord"); err != nil {
			t.Fatal(err)
		}
		wantAlarms(t, r)
		r.Replay()
	})
}
