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
)

func inboundWithRoute(id string) inbox.Inbound {
	return inbox.Inbound{
		ExternalID: id, Author: inbox.Author{ExternalID: "klant-" + id, Handle: "@klant"}, Kind: "post", Visibility: inbox.Public,
		Text: "Vraag", PostedAt: time.Now().Truncate(time.Second), Route: []inbox.Field{{Name: "To", Value: "klant@klant.test"}},
	}
}

// TestAbuse08_PowerLostBetweenClaimAndWrite asks once more right before the
// connector writes.
func TestAbuse08_PowerLostBetweenClaimAndWrite(t *testing.T) {
	for name, change := range map[string]func(r *approvaltest.Rig){
		"approver disabled": func(r *approvaltest.Rig) {
			r.Agreed("ada", "mara", approval.KindEnablement, approval.Change{Person: r.As("bert").ID})
		},
		"author lost the role": func(r *approvaltest.Rig) {
			r.Agreed("ada", "mara", approval.KindRoles, approval.Change{Person: r.As("anna").ID, Roles: []people.Role{people.Manager}})
		},
		"mention edited": func(r *approvaltest.Rig) {
			in := inboundWithRoute("1")
			in.Text, in.EditedAt = "Bent u oplichters?", time.Now()
			r.Ingest("plein", in)
		},
		"recipient changed": func(r *approvaltest.Rig) {
			in := inboundWithRoute("1")
			in.Route[0].Value, in.EditedAt = "elders@evil.test", time.Now()
			r.Ingest("plein", in)
		},
		"account reconnected": func(r *approvaltest.Rig) {
			if err := r.Approvals.RecordIdentity(r.T.Context(), "plein", "brand-2", "", ""); err != nil {
				r.T.Fatal(err)
			}
		},
		"policy changed": func(r *approvaltest.Rig) {
			p := approval.DefaultPolicy()
			p.Quorum = 3
			r.Agreed("ada", "mara", approval.KindPolicy, approval.Change{Policies: []approval.Policy{p}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := approvaltest.New(t)
			p := r.Queued(r.Ingest("plein", inboundWithRoute("1")), "Antwoord")
			rel := r.Claim()
			if err := r.Approvals.MayStillSend(t.Context(), rel); err != nil {
				t.Fatalf("nothing changed: %v", err)
			}
			change(r)
			want(t, r.Approvals.MayStillSend(t.Context(), rel), fault.WrongState)
			// The connector kept it back; queued again, it is held with the reason.
			if err := r.Approvals.RecordFailed(t.Context(), rel, approval.Failure{Kind: "temporary", Retryable: true}); err != nil {
				t.Fatal(err)
			}
			r.State(p, approval.Queued)
			want(t, r.Approvals.MayStillSend(t.Context(), rel), fault.WrongState)
			r.Replay()
		})
	}
}

func TestAbuse26_AnApprovalEndsBetweenClaimAndWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		time.Sleep(4*time.Hour - time.Second)
		rel := r.Claim()
		if err := r.Approvals.MayStillSend(t.Context(), rel); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		want(t, r.Approvals.MayStillSend(t.Context(), rel), fault.WrongState)
	})
}

// TestAbuse26_TheRecordsTimesAreMoved: somebody with the disk lengthens an
// approval or sends a scheduled answer early. The envelope knows better.
func TestAbuse26_TheRecordsTimesAreMoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		tamper := func(p *approval.View, change func(*approval.Proposal)) {
			t.Helper()
			if err := r.Approvals.Tamper(t.Context(), p.ID, change); err != nil {
				t.Fatal(err)
			}
		}
		tamper(p, func(p *approval.Proposal) { p.ExpiresAt = p.ExpiresAt.Add(100 * time.Hour) })
		time.Sleep(5 * time.Hour)
		r.NothingDue()
		r.State(p, approval.Expired)

		c := approval.Content{Text: "Later", NotBefore: time.Now().Add(2 * time.Hour)}
		talk := r.Mention("2", "Vraag")
		v := ok2(t)(r.Approvals.DraftReply(t.Context(), r.As("anna").By, talk.ID, inbox.MentionID{}, c))
		v = ok2(t)(r.As("anna").Submit(v))
		v = ok2(t)(r.As("bert").Approve(v))
		if v.Due.Before(c.NotBefore.Truncate(time.Millisecond)) || v.ExpiresAt.Sub(v.Due) != 4*time.Hour {
			t.Fatalf("due %s, ends %s", v.Due, v.ExpiresAt)
		}
		tamper(v, func(p *approval.Proposal) { p.Due = time.Now() })
		r.NothingDue()
		if v := r.State(v, approval.Held); v.Reason != approval.ReasonRecordDamaged {
			t.Fatalf("held because %q", v.Reason)
		}
	})
}

// TestAbuse25_RejectionsStick tries to bring a rejected text back.
func TestAbuse25_RejectionsStick(t *testing.T) {
	r := approvaltest.New(t)
	anna, bert := r.As("anna"), r.As("bert")
	talk := r.Mention("1", "Vraag")
	spare := ok2(t)(r.As("paul").Draft(talk, "Wij betalen alles terug!"))
	p := anna.Submitted(talk, "Wij betalen alles terug.")
	if _, err := bert.Decide(p, approval.Reject, "Onjuist."); err != nil {
		t.Fatal(err)
	}
	marked := func(v *approval.View) bool {
		for _, f := range v.Envelope.Findings {
			if f.Code == approval.FindingRejected && f.Excerpt == p.ID.String() {
				return true
			}
		}
		return false
	}
	// A draft with the same text from before the rejection does not show it.
	_, err := r.As("paul").Submit(spare)
	want(t, err, fault.StaleDigest)
	again := ok2(t)(r.As("paul").Revise(spare, "Wij betalen alles terug!"))
	if !marked(again) {
		t.Fatal("a new revision of the old draft is not marked")
	}
	again = ok2(t)(r.As("paul").Submit(again))
	if _, err := r.Approvals.Withdraw(t.Context(), anna.By, again.ID, ""); err != nil {
		t.Fatal(err)
	}
	// Neither the author nor a deletion clears it, nor spelling it otherwise.
	_, err = r.Approvals.Withdraw(t.Context(), anna.By, p.ID, "")
	want(t, err, fault.WrongState)
	_, err = anna.Submit(p)
	want(t, err, fault.WrongState)
	for _, text := range []string{
		"Wij betalen alles terug.", "wij BETALEN, alles terug", "Ｗij betalen alles terug", "Wij betalen 🙂 alles terug",
	} {
		if v := ok2(t)(anna.Draft(talk, text)); !marked(v) {
			t.Errorf("%q came back unmarked", text)
		}
	}
	// Another text, or the same one for another customer, was not rejected.
	for _, v := range []*approval.View{
		ok2(t)(anna.Draft(talk, "Wij betalen een deel terug.")), ok2(t)(anna.Draft(r.Mention("2", "Vraag"), "Wij betalen alles terug.")),
	} {
		if marked(v) {
			t.Errorf("%q is marked", v.Envelope.Text)
		}
	}
	thumb := anna.Submitted(r.Mention("3", "Vraag"), "👍")
	if _, err := bert.Decide(thumb, approval.Reject, "Zeg iets."); err != nil {
		t.Fatal(err)
	}
	for text, wanted := range map[string]int{"👍": 1, "🎉": 0} {
		if v := ok2(t)(anna.Draft(r.Mention("3", "Vraag"), text)); len(v.Envelope.Findings) != wanted {
			t.Errorf("%s: %v", text, v.Envelope.Findings)
		}
	}
	r.Replay()
}

// TestARetryBesideANewerAnswer: the first one failed, a second was approved;
// trying the first again would answer twice.
func TestARetryBesideANewerAnswer(t *testing.T) {
	r := approvaltest.New(t)
	talk := r.Mention("1", "Vraag")
	p := r.Queued(talk, "Eerste")
	fail := approval.Failure{Kind: "rejected", Retryable: false}
	if err := r.Approvals.RecordFailed(t.Context(), r.Claim(), fail); err != nil {
		t.Fatal(err)
	}
	retry := func() error {
		_, err := r.Approvals.Retry(t.Context(), r.As("anna").By, p.ID)
		return err
	}
	want(t, retry(), fault.WrongState) // for good
	if err := r.Approvals.Tamper(t.Context(), p.ID, func(p *approval.Proposal) { p.Failure.Retryable = true }); err != nil {
		t.Fatal(err)
	}
	second := ok2(t)(r.As("bert").Approve(r.As("anna").Submitted(talk, "Tweede")))
	want(t, retry(), fault.Conflict)
	rel := r.Claim()
	if rel.Attempt().Proposal != second.ID {
		t.Fatal("the first one was claimed")
	}
	want(t, retry(), fault.Conflict)
	if err := r.Approvals.RecordPublished(t.Context(), rel, approval.Receipt{ExternalID: "9"}); err != nil {
		t.Fatal(err)
	}
	want(t, retry(), fault.Conflict)
	r.NothingDue()
	// A further answer, whose approvers see the one that stands there, is fine.
	r.Queued(talk, "Nog iets")
	r.Replay()
}

func TestRetryingADefiniteFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		for range 5 {
			if err := r.Approvals.RecordFailed(t.Context(), r.Claim(), approval.Failure{Kind: "temporary", Retryable: true}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(5 * time.Minute)
		}
		r.State(p, approval.Failed)
		_, err := r.Approvals.Retry(t.Context(), r.As("mara").By, p.ID)
		want(t, err, fault.Forbidden)
		ok2(t)(r.Approvals.Retry(t.Context(), r.As("anna").By, p.ID))
		_, err = r.Approvals.Retry(t.Context(), r.As("anna").By, p.ID)
		want(t, err, fault.WrongState)
		if err := r.Approvals.RecordFailed(t.Context(), r.Claim(), approval.Failure{Kind: "temporary", Retryable: true}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Hour)
		_, err = r.Approvals.Retry(t.Context(), r.As("anna").By, p.ID)
		want(t, err, fault.WrongState)
		if _, err := r.Approvals.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.State(p, approval.Expired)
		r.Replay()
	})
}

// TestAFailureNearTheEndIsNotQueuedPastIt: no attempt is planned for when the
// approval is over.
func TestAFailureNearTheEndIsNotQueuedPastIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		time.Sleep(4*time.Hour - 20*time.Second)
		if err := r.Approvals.RecordFailed(t.Context(), r.Claim(), approval.Failure{Kind: "temporary", Retryable: true}); err != nil {
			t.Fatal(err)
		}
		r.State(p, approval.Failed)
	})
}

// TestAbuse29_ARestoredBackupRevivesNothing: what waited is held, and what was
// being sent cannot be sent again under its old approval.
func TestAbuse29_ARestoredBackupRevivesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		ctx := t.Context()
		sending := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		r.Claim()
		lost := r.Queued(r.Mention("2", "Vraag"), "Antwoord")
		if err := r.Approvals.RecordUnknown(ctx, r.Claim(), approval.Failure{Message: "weg"}); err != nil {
			t.Fatal(err)
		}
		queued := r.Queued(r.Mention("3", "Vraag"), "Antwoord")
		review := r.As("anna").Submitted(r.Mention("4", "Vraag"), "Antwoord")
		draft := ok2(t)(r.As("anna").Draft(r.Mention("5", "Vraag"), "Antwoord"))
		change := ok2(t)(r.As("ada").Propose(approval.KindEnablement, approval.Change{Person: r.As("paul").ID}))

		if n, err := r.Approvals.HoldAll(ctx, approval.ReasonRestored); err != nil || n != 3 {
			t.Fatalf("held %d, %v", n, err)
		}
		if err := r.Approvals.StopFor(ctx, approval.CauseRestored, "restored"); err != nil {
			t.Fatal(err)
		}
		for _, p := range []*approval.View{queued, review, change} {
			if v := r.State(p, approval.Held); v.Reason != approval.ReasonRestored || len(v.Endorsements) != 0 {
				t.Fatalf("%s: %q, %d endorsements", p.ID, v.Reason, len(v.Endorsements))
			}
		}
		r.State(draft, approval.Draft)
		if n, err := r.Approvals.RecoverInterrupted(ctx); err != nil || n != 1 {
			t.Fatalf("recovered %d, %v", n, err)
		}
		open, err := r.Approvals.Unknown(ctx, "plein")
		if err != nil || len(open) != 2 {
			t.Fatalf("unknown %d, %v", len(open), err)
		}
		for range 2 {
			for _, attempt := range open {
				if _, err := r.Approvals.SettleAbsent(ctx, attempt); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Minute)
		}
		for _, p := range []*approval.View{sending, lost} {
			_, err := r.Approvals.Retry(ctx, r.As("anna").By, p.ID)
			want(t, err, fault.WrongState)
		}
		r.NothingDue()
		r.Agreed("ada", "bert", approval.KindResume, approval.Change{Reason: "gecontroleerd"})
		r.NothingDue()
		r.Replay()
	})
}

// TestHeldAndExpiredAreLeftOnlyByANewRevision, which is signed anew.
func TestHeldAndExpiredAreLeftOnlyByANewRevision(t *testing.T) {
	r := approvaltest.New(t)
	anna, bert := r.As("anna"), r.As("bert")
	p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
	ok2(t)(r.Approvals.WithdrawEndorsement(t.Context(), bert.By, p.ID))
	for _, call := range []func() (*approval.View, error){
		func() (*approval.View, error) { return anna.Submit(p) },
		func() (*approval.View, error) { return bert.Approve(p) },
		func() (*approval.View, error) { return r.Approvals.Retry(t.Context(), anna.By, p.ID) },
	} {
		_, err := call()
		want(t, err, fault.WrongState)
	}
	v := ok2(t)(bert.Revise(p, "Antwoord"))
	if v.Digest == p.Digest || len(v.Endorsements) != 0 || v.Reason != "" || !v.ExpiresAt.IsZero() || v.Basis != "" {
		t.Fatalf("the new revision carries something over: %+v", v.Proposal)
	}
	ok2(t)(bert.Submit(v))
	_, err := anna.Approve(p)
	want(t, err, fault.StaleDigest)
	ok2(t)(anna.Approve(v))
	r.Claim()
	r.Replay()
}

func TestAbuse36_ADecisionNamesWhoAndWhen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		p := r.As("anna").Submitted(r.Mention("1", "Vraag"), "Antwoord")
		time.Sleep(3 * time.Second)
		p = ok2(t)(r.As("bert").Approve(p))
		d := p.Decisions[0]
		if d.Person != r.As("bert").ID || d.At.Sub(p.SubmittedAt) != 3*time.Second || d.Digest != p.Digest {
			t.Fatalf("decision %+v, submitted %s", d, p.SubmittedAt)
		}
	})
}
