package approval_test

import (
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

// want fails the test unless err has the code.
func want(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); got != code {
		t.Fatalf("got %q (%v), want %q", got, err, code)
	}
}

func ok(t *testing.T, v *approval.View, err error) *approval.View {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTwoPeopleReleaseExactlyTheText(t *testing.T) {
	r := approvaltest.New(t)
	talk := r.Mention("1", "Waar blijft mijn pakket?")
	anna, bert := r.As("anna"), r.As("bert")

	p, err := anna.Draft(talk, "Het is onderweg.\r\n")
	p = ok(t, p, err)
	_, err = bert.Approve(p)
	want(t, err, fault.WrongState)
	p, err = anna.Submit(p)
	p = ok(t, p, err)
	_, err = anna.Approve(p)
	want(t, err, fault.SelfApproval)
	r.NothingDue()
	p, err = bert.Approve(p)
	p = ok(t, p, err)
	if p.State != approval.Queued || p.Basis != approval.Quorum || len(p.Endorsements) != 2 {
		t.Fatalf("state %s, basis %s, %d endorsements", p.State, p.Basis, len(p.Endorsements))
	}

	rel := r.Claim()
	a := rel.Attempt()
	if a.Text != "Het is onderweg." || a.Target != "1" || a.RemoteID != "brand-1" || a.Digest != p.Digest || len(a.Key) != 32 {
		t.Fatalf("attempt %+v", a)
	}
	if e := rel.Endorsers(); len(e) != 2 || e[0] != anna.ID || e[1] != bert.ID {
		t.Fatalf("endorsers %v", e)
	}
	r.NothingDue()
	if err := r.Approvals.RecordPublished(t.Context(), rel, approval.Receipt{ExternalID: "9", URL: "http://plein.test/9"}); err != nil {
		t.Fatal(err)
	}
	if v := r.State(p, approval.Published); v.Official() {
		t.Fatal("official before it was read back")
	}
	equal, err := r.Approvals.RecordReadBack(t.Context(), a, "Het is onderweg.")
	if err != nil || !equal {
		t.Fatalf("read back: %v, %v", equal, err)
	}
	if v := r.Get(p); !v.Official() {
		t.Fatalf("not official: %+v", v.ReadBack)
	}
	err = r.DB.View(t.Context(), func(tx *store.Tx) error {
		c, err := r.Box.Conversation(tx, talk.ID)
		if err == nil && (c.State != inbox.Waiting || !c.AwaitingSince.IsZero()) {
			t.Errorf("the conversation is %s, awaiting since %s", c.State, c.AwaitingSince)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Replay()
}

func TestPressCorrectsAndAnotherConfirms(t *testing.T) {
	r := approvaltest.New(t)
	anna, bert := r.As("anna"), r.As("bert")
	p := anna.Submitted(r.Mention("1", "Vraag"), "Concept")
	old := p
	p, err := bert.Revise(p, "Verbeterd")
	p = ok(t, p, err)
	if p.State != approval.Draft || len(p.Endorsements) != 0 || p.Author != bert.ID {
		t.Fatalf("after the correction: %s, %d endorsements", p.State, len(p.Endorsements))
	}
	_, err = anna.Submit(p)
	want(t, err, fault.NotRevisionAuthor)
	_, err = r.As("paul").Approve(old)
	want(t, err, fault.StaleDigest)
	p, err = bert.Submit(p)
	p = ok(t, p, err)
	_, err = bert.Approve(p)
	want(t, err, fault.SelfApproval)
	p, err = anna.Approve(p)
	p = ok(t, p, err)
	if p.State != approval.Queued || !p.Endorsements[1].Contributor {
		t.Fatalf("state %s, contributor %v", p.State, p.Endorsements[1].Contributor)
	}
	if got := r.Claim().Attempt().Text; got != "Verbeterd" {
		t.Fatalf("claimed %q", got)
	}
	r.Replay()
}

func TestAgentsAloneAreNotEnough(t *testing.T) {
	r := approvaltest.New(t)
	r.Hire("eva", people.Agent)
	p := r.As("anna").Submitted(r.Mention("1", "Vraag"), "Antwoord")
	p, err := r.As("eva").Approve(p)
	p = ok(t, p, err)
	if p.State != approval.InReview || p.Missing != "needs one of the role press" {
		t.Fatalf("state %s, missing %q", p.State, p.Missing)
	}
	_, err = r.As("eva").Approve(p)
	want(t, err, fault.AlreadyDecided)
	for _, who := range []string{"mara", "ada"} {
		_, err = r.As(who).Approve(p)
		want(t, err, fault.Forbidden)
	}
	p, err = r.As("paul").Approve(p)
	if p = ok(t, p, err); p.State != approval.Queued {
		t.Fatalf("state %s", p.State)
	}
	r.Replay()
}

func TestDecisionsNeedReasonsAndRejectionsStick(t *testing.T) {
	r := approvaltest.New(t)
	anna, bert := r.As("anna"), r.As("bert")
	talk := r.Mention("1", "Vraag")
	p := anna.Submitted(talk, "Wij betalen alles terug!")
	_, err := bert.Decide(p, approval.Reject, " ")
	want(t, err, fault.CommentRequired)
	_, err = bert.Decide(p, approval.RequestChanges, "Noem de voorwaarden.")
	if err != nil {
		t.Fatal(err)
	}
	r.State(p, approval.ChangesRequested)
	p, err = anna.Revise(p, "Wij betalen alles terug.")
	p = ok(t, p, err)
	p, err = anna.Submit(p)
	p = ok(t, p, err)
	if _, err = bert.Decide(p, approval.Reject, "Dit klopt niet."); err != nil {
		t.Fatal(err)
	}
	r.State(p, approval.Rejected)
	_, err = anna.Revise(p, "Anders")
	want(t, err, fault.WrongState)

	again, err := anna.Draft(talk, "wij  betalen ALLES terug")
	again = ok(t, again, err)
	found := false
	for _, f := range again.Envelope.Findings {
		found = found || f.Code == approval.FindingRejected && f.Excerpt == p.ID.String()
	}
	if !found {
		t.Fatalf("the rejected text came back unmarked: %v", again.Envelope.Findings)
	}
	r.Replay()
}

func TestHeldWhenTheWorldChanges(t *testing.T) {
	cases := map[string]struct {
		change func(r *approvaltest.Rig)
		reason string
	}{
		"mention edited": {func(r *approvaltest.Rig) {
			r.Ingest("plein", inbox.Inbound{ExternalID: "1", Author: inbox.Author{ExternalID: "klant-1", Handle: "@klant"}, Kind: "post",
				Visibility: inbox.Public, Text: "Bent u oplichters?", PostedAt: time.Now(), EditedAt: time.Now()})
		}, approval.ReasonMentionEdited},
		"mention deleted": {func(r *approvaltest.Rig) {
			r.Ingest("plein", inbox.Inbound{ExternalID: "1", Deleted: true})
		}, approval.ReasonMentionDeleted},
		"approver disabled": {func(r *approvaltest.Rig) {
			p, err := r.As("ada").Propose(approval.KindEnablement, approval.Change{Person: r.As("bert").ID})
			p = ok(r.T.(*testing.T), p, err)
			_, err = r.As("paul").Approve(p)
			ok(r.T.(*testing.T), p, err)
		}, approval.ReasonEndorserLost},
		"approver lost the role": {func(r *approvaltest.Rig) {
			p, err := r.As("ada").Propose(approval.KindRoles, approval.Change{Person: r.As("bert").ID, Roles: []people.Role{people.Agent}})
			p = ok(r.T.(*testing.T), p, err)
			_, err = r.As("mara").Approve(p)
			ok(r.T.(*testing.T), p, err)
		}, approval.ReasonEndorserLost},
		"endorsement withdrawn": {func(r *approvaltest.Rig) {
			list, err := r.Approvals.List(r.T.Context(), approval.Filter{States: []approval.State{approval.Queued}}, "", 1)
			if err == nil {
				_, err = r.Approvals.WithdrawEndorsement(r.T.Context(), r.As("bert").By, list.Items[0].ID)
			}
			if err != nil {
				r.T.Fatal(err)
			}
		}, approval.ReasonEndorsementWithdrawn},
		"account reconnected to another page": {func(r *approvaltest.Rig) {
			if err := r.Approvals.RecordIdentity(r.T.Context(), "plein", "brand-2", "@other", ""); err != nil {
				r.T.Fatal(err)
			}
			r.NothingDue()
		}, approval.ReasonAccountNotAccepted},
		"policy changed": {func(r *approvaltest.Rig) {
			strict := approval.DefaultPolicy()
			strict.Quorum = 3
			p, err := r.As("ada").Propose(approval.KindPolicy, approval.Change{Policies: []approval.Policy{strict}})
			p = ok(r.T.(*testing.T), p, err)
			_, err = r.As("mara").Approve(p)
			ok(r.T.(*testing.T), p, err)
			r.NothingDue()
		}, approval.ReasonPolicyChanged},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := approvaltest.New(t)
			p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
			c.change(r)
			if v := r.State(p, approval.Held); v.Reason != c.reason {
				t.Fatalf("held because %q, want %q", v.Reason, c.reason)
			}
			r.NothingDue()
			_, err := r.As("bert").Approve(p)
			if err == nil {
				t.Fatal("a held proposal was approved")
			}
			r.Replay()
		})
	}
}

func TestApprovalsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		time.Sleep(4*time.Hour + time.Second)
		r.NothingDue()
		if v := r.State(p, approval.Expired); v.Reason != approval.ReasonExpired {
			t.Fatalf("expired because %q", v.Reason)
		}
		_, err := r.As("bert").Approve(p)
		want(t, err, fault.WrongState)

		undecided := r.As("anna").Submitted(r.Mention("2", "Vraag"), "Antwoord")
		next, err := r.Approvals.Sweep(t.Context())
		if err != nil || time.Until(next) > time.Hour {
			t.Fatalf("next sweep %s, %v", next, err)
		}
		if _, err := r.Log.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(72*time.Hour + time.Second)
		if _, err := r.Approvals.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if v := r.State(undecided, approval.Draft); v.Reason != approval.ReasonUndecided || len(v.Endorsements) != 0 {
			t.Fatalf("undecided: %q, %d endorsements", v.Reason, len(v.Endorsements))
		}
		r.Replay()
	})
}

func TestScheduledAnswersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		talk := r.Mention("1", "Vraag")
		anna := r.As("anna")
		_, err := r.Approvals.DraftReply(t.Context(), anna.By, talk.ID, inbox.MentionID{}, approval.Content{Text: "Later", NotBefore: time.Now().Add(73 * time.Hour)})
		want(t, err, fault.InvalidInput)
		p, err := r.Approvals.DraftReply(t.Context(), anna.By, talk.ID, inbox.MentionID{}, approval.Content{Text: "Later", NotBefore: time.Now().Add(10 * time.Hour)})
		p = ok(t, p, err)
		p, err = anna.Submit(p)
		p = ok(t, p, err)
		p, err = r.As("bert").Approve(p)
		p = ok(t, p, err)
		r.NothingDue()
		time.Sleep(10 * time.Hour)
		if got := r.Claim().Attempt().Proposal; got != p.ID {
			t.Fatalf("claimed %s", got)
		}
	})
}

func TestUnknownOutcomesAreSettledOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		rel := r.Claim()
		if n, err := r.Approvals.RecoverInterrupted(t.Context()); err != nil || n != 1 {
			t.Fatalf("recovered %d, %v", n, err)
		}
		r.State(p, approval.OutcomeUnknown)
		_, err := r.Approvals.Retry(t.Context(), r.As("anna").By, p.ID)
		want(t, err, fault.WrongState)
		_, err = r.Approvals.Settle(t.Context(), r.As("anna").By, p.ID, approval.Ruling{Reason: "weet ik"})
		want(t, err, fault.SelfApproval)
		_, err = r.Approvals.Settle(t.Context(), r.As("ada").By, p.ID, approval.Ruling{Reason: "weet ik"})
		want(t, err, fault.Forbidden)

		open, err := r.Approvals.Unknown(t.Context(), "plein")
		if err != nil || len(open) != 1 || open[0].Key != rel.Attempt().Key {
			t.Fatalf("unknown: %v, %v", open, err)
		}
		for i, wantSettled := range []bool{false, false, true} {
			settled, err := r.Approvals.SettleAbsent(t.Context(), open[0])
			if err != nil || settled != wantSettled {
				t.Fatalf("absent %d: %v, %v", i, settled, err)
			}
			time.Sleep(20 * time.Second)
		}
		v := r.State(p, approval.Failed)
		if !v.Failure.Retryable {
			t.Fatalf("failure %+v", v.Failure)
		}
		if _, err := r.Approvals.Retry(t.Context(), r.As("anna").By, p.ID); err != nil {
			t.Fatal(err)
		}
		second := r.Claim()
		if second.Attempt().Key != rel.Attempt().Key || second.Attempt().Number != 2 {
			t.Fatalf("second attempt %+v", second.Attempt())
		}
		want(t, r.Approvals.RecordPublished(t.Context(), rel, approval.Receipt{ExternalID: "9"}), fault.WrongState)
		if err := r.Approvals.RecordUnknown(t.Context(), second, approval.Failure{Message: "lost"}); err != nil {
			t.Fatal(err)
		}
		if err := r.Approvals.SettleFound(t.Context(), second.Attempt(), approval.Receipt{ExternalID: "9"}, "Antwoord."); err != nil {
			t.Fatal(err)
		}
		if v := r.State(p, approval.Published); v.ReadBack.Equal || v.ReadBack.Text != "Antwoord." || v.Official() {
			t.Fatalf("read back %+v", v.ReadBack)
		}
		r.Replay()
	})
}

func TestTemporaryFailuresAreTriedAgainWithTheSameKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		key := ""
		for i := 1; i <= 5; i++ {
			rel := r.Claim()
			if key != "" && rel.Attempt().Key != key {
				t.Fatal("the key changed")
			}
			key = rel.Attempt().Key
			if err := r.Approvals.RecordFailed(t.Context(), rel, approval.Failure{Kind: "temporary", Message: "down", Retryable: true}); err != nil {
				t.Fatal(err)
			}
			r.NothingDue()
			time.Sleep(15 * time.Minute)
		}
		p = r.State(p, approval.Failed)

		// Another revision is another release: its own key, its own tries.
		p, err := r.As("anna").Revise(p, "Antwoord, nog eens")
		p = ok(t, p, err)
		p, err = r.As("anna").Submit(p)
		p = ok(t, p, err)
		p, err = r.As("bert").Approve(p)
		p = ok(t, p, err)
		rel := r.Claim()
		if rel.Attempt().Key == key || rel.Attempt().Number != 6 {
			t.Fatalf("the new revision's attempt is %d under the key %s", rel.Attempt().Number, rel.Attempt().Key)
		}
		if err := r.Approvals.RecordFailed(t.Context(), rel, approval.Failure{Kind: "temporary", Message: "down", Retryable: true}); err != nil {
			t.Fatal(err)
		}
		r.State(p, approval.Queued)
		r.Replay()
	})
}

func TestStopIsCheckedWhenClaiming(t *testing.T) {
	r := approvaltest.New(t)
	p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
	want(t, r.Approvals.StopPublishing(t.Context(), r.As("anna").By, "ik wil het"), fault.Forbidden)
	want(t, r.Approvals.StopPublishing(t.Context(), r.As("bert").By, ""), fault.InvalidInput)
	if err := r.Approvals.StopPublishing(t.Context(), r.As("bert").By, "crisis"); err != nil {
		t.Fatal(err)
	}
	r.NothingDue()
	_, err := r.As("anna").Propose(approval.KindResume, approval.Change{Reason: "klaar"})
	want(t, err, fault.Forbidden)
	resume, err := r.As("bert").Propose(approval.KindResume, approval.Change{Reason: "klaar"})
	resume = ok(t, resume, err)
	_, err = r.As("bert").Approve(resume)
	want(t, err, fault.SelfApproval)
	resume, err = r.As("mara").Approve(resume)
	if resume = ok(t, resume, err); resume.State != approval.InReview {
		t.Fatalf("a stop was lifted without an admin: %s", resume.State)
	}
	r.NothingDue()
	resume, err = r.As("ada").Approve(resume)
	if resume = ok(t, resume, err); resume.State != approval.Published {
		t.Fatalf("resume is %s", resume.State)
	}
	if got := r.Claim().Attempt().Proposal; got != p.ID {
		t.Fatalf("claimed %s", got)
	}
	r.Replay()
}

func TestOneAnswerToOneMention(t *testing.T) {
	r := approvaltest.New(t)
	talk := r.Mention("1", "Vraag")
	r.As("anna").Submitted(talk, "Eerste")
	p, err := r.As("paul").Draft(talk, "Tweede")
	p = ok(t, p, err)
	_, err = r.As("paul").Submit(p)
	want(t, err, fault.Conflict)
}
