package approval_test

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
)

// TestNobodyPublishesAloneByHand: the author records what no second person has
// seen, at every stage, and under what the second person did not see.
func TestNobodyPublishesAloneByHand(t *testing.T) {
	r := byHand(t)
	anna, bert := r.As("anna"), r.As("bert")
	p := ok2(t)(anna.DraftByHand(r.Closed("1", "Vraag"), "Antwoord"))
	refused := func(by *approvaltest.Actor, p *approval.View, code fault.Code) {
		t.Helper()
		_, err := by.PostedByHand(p, at9)
		want(t, err, code)
	}
	refused(anna, p, fault.WrongState) // a draft
	p = ok2(t)(anna.Submit(p))
	refused(anna, p, fault.WrongState) // nobody else looked
	ok2(t)(bert.Decide(p, approval.RequestChanges, "anders"))
	refused(anna, p, fault.WrongState)
	first := ok2(t)(anna.ReviseByHand(p, "Anders"))
	refused(anna, p, fault.StaleDigest)
	approved := ok2(t)(bert.Approve(ok2(t)(anna.Submit(first))))
	refused(anna, p, fault.StaleDigest) // the text that nobody approved
	refused(r.As("mara"), approved, fault.Forbidden)
	refused(r.As("ada"), approved, fault.Forbidden)
	_, err := r.Approvals.PostedByHand(t.Context(), people.Principal{}, approved.ID, approval.Posting{Digest: approved.Digest, URL: at9})
	want(t, err, fault.Unauthenticated)
	_, err = r.Approvals.PostedByHand(t.Context(), anna.Token(people.Read), approved.ID, approval.Posting{Digest: approved.Digest, URL: at9})
	want(t, err, fault.Forbidden)
	// A revision after the approval takes the approval away.
	again := ok2(t)(anna.ReviseByHand(approved, "Nog iets"))
	refused(anna, approved, fault.StaleDigest)
	refused(anna, again, fault.WrongState)
	ok2(t)(r.Approvals.Withdraw(t.Context(), bert.By, again.ID, ""))
	refused(anna, again, fault.WrongState)
	// What the daemon publishes is recorded by nobody.
	sent := r.Queued(r.Mention("2", "Vraag"), "Antwoord")
	refused(anna, sent, fault.WrongState)
	r.Replay()
}

func TestAPostThatIsNotThisAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		r.Locates(map[string]time.Time{"old": time.Now(), "future": time.Now().Add(24 * time.Hour), "zero": {}})
		time.Sleep(time.Hour)
		r.Published(r.Mention("5", "Vraag"), "Eerder antwoord", "own")
		other := ok2(t)(r.As("anna").PostedByHand(r.HandedOver(r.Closed("6", "Vraag"), "Nog een"), "http://plein.test/posts/byhand"))
		p := r.HandedOver(r.Closed("1", "Vraag"), "Antwoord")
		for address, code := range map[string]fault.Code{
			"":                                fault.InvalidInput,
			"http://elsewhere.test/posts/9":   fault.InvalidInput,
			"http://plein.test/posts/1":       fault.InvalidInput, // the mention itself
			"http://plein.test/posts/old":     fault.InvalidInput, // from before the approval
			"http://plein.test/posts/zero":    fault.InvalidInput,
			"http://plein.test/posts/future":  fault.InvalidInput,
			"http://plein.test/posts/own":     fault.Conflict,
			"http://plein.test/posts/byhand":  fault.Conflict,
			"javascript:alert(1)":             fault.InvalidInput,
			"http://plein.test/posts/9/extra": fault.InvalidInput,
		} {
			_, err := r.As("anna").PostedByHand(p, address)
			if fault.CodeOf(err) != code {
				t.Errorf("%q: %v, want %s", address, err, code)
			}
		}
		r.State(p, approval.Approved)
		r.State(other, approval.Published)
		r.Replay()
	})
}

func TestNothingIsRecordedDuringAStopOrAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := byHand(t)
		p := r.HandedOver(r.Closed("1", "Vraag"), "Antwoord")
		if err := r.Approvals.StopPublishing(t.Context(), r.As("bert").By, "crisis"); err != nil {
			t.Fatal(err)
		}
		_, err := r.As("anna").PostedByHand(p, at9)
		want(t, err, fault.PublishingStopped)
		r.Agreed("ada", "mara", approval.KindResume, approval.Change{Reason: "voorbij"})
		time.Sleep(4 * time.Hour) // and no sweep yet
		_, err = r.As("anna").PostedByHand(p, at9)
		want(t, err, fault.WrongState)
		r.State(p, approval.Expired)
		_, err = r.As("anna").PostedByHand(p, at9)
		want(t, err, fault.WrongState)

		// The policy changes, and nothing that was approved under the old one is posted.
		q := r.HandedOver(r.Closed("2", "Vraag"), "Antwoord")
		policy := approval.DefaultPolicy()
		policy.Quorum = 3
		r.Agreed("ada", "mara", approval.KindPolicy, approval.Change{Policies: []approval.Policy{policy}})
		_, err = r.As("anna").PostedByHand(q, at9)
		want(t, err, fault.StaleDigest)
		if v := r.State(q, approval.Held); v.Reason != approval.ReasonPolicyChanged {
			t.Fatal(v.Reason)
		}
		r.Replay()
	})
}

// TestAnotherAnswerMeanwhile: while an address is recorded, another answer may
// begin; when it proves wrong, only one of the two goes on.
func TestAnotherAnswerMeanwhile(t *testing.T) {
	r := byHand(t)
	talk := r.Closed("1", "Vraag")
	p := ok2(t)(r.As("anna").PostedByHand(r.HandedOver(talk, "Een"), at9))
	q := ok2(t)(r.As("anna").DraftByHand(talk, "Twee"))
	ok2(t)(r.As("anna").Submit(q))
	p = ok2(t)(r.Approvals.TakeAddressBack(t.Context(), r.As("anna").By, p.ID))
	_, err := r.As("anna").PostedByHand(p, at9)
	want(t, err, fault.Conflict)
	ok2(t)(r.Approvals.Withdraw(t.Context(), r.As("anna").By, q.ID, ""))
	ok2(t)(r.As("anna").PostedByHand(p, at9))
	r.Replay()
}

// TestNoConnectorEverGetsAnAnswerByHand, not even by somebody with the disk who
// puts it among what is sent.
func TestNoConnectorEverGetsAnAnswerByHand(t *testing.T) {
	for name, forge := range map[string]func(*approval.Proposal){
		"queued":                    func(p *approval.Proposal) { p.State = approval.Queued },
		"queued as any other reply": func(p *approval.Proposal) { p.State, p.ByHand = approval.Queued, false },
	} {
		t.Run(name, func(t *testing.T) {
			r := byHand(t)
			p := r.HandedOver(r.Closed("1", "Vraag"), "Antwoord")
			r.NothingDue()
			if err := r.Approvals.Tamper(t.Context(), p.ID, forge); err != nil {
				t.Fatal(err)
			}
			r.NothingDue()
			if v := r.State(p, approval.Held); v.Reason != approval.ReasonRecordDamaged {
				t.Fatal(v.Reason)
			}
		})
	}
	t.Run("a reply recorded by hand", func(t *testing.T) {
		r := byHand(t)
		p := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		if err := r.Approvals.Tamper(t.Context(), p.ID, func(p *approval.Proposal) { p.State, p.ByHand = approval.Approved, true }); err != nil {
			t.Fatal(err)
		}
		_, err := r.As("anna").PostedByHand(p, at9)
		want(t, err, fault.StaleDigest)
		r.State(p, approval.Held)
	})
}

// TestReplayFindsForgedAnswersByHand forges the history of an answer by hand
// whose first address was wrong.
func TestReplayFindsForgedAnswersByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		made := make(map[string]time.Time)
		r.Locates(made)
		p := r.HandedOver(r.Closed("1", "Vraag"), "Antwoord")
		time.Sleep(10 * time.Minute)
		ok2(t)(r.As("anna").PostedByHand(p, at9))
		ok2(t)(r.Approvals.TakeAddressBack(t.Context(), r.As("anna").By, p.ID))
		ok2(t)(r.As("anna").PostedByHand(p, "http://plein.test/posts/10"))
		if _, err := r.Approvals.RecordReadBack(t.Context(), r.Unread(), "Antwoord"); err != nil {
			t.Fatal(err)
		}
		r.Adapt("plein", func(p *approval.Platform) {
			p.Ahead = func() (time.Duration, bool) { return 5 * time.Minute, true }
		})
		made["11"] = time.Now().Add(5 * time.Minute)
		ok2(t)(r.As("anna").PostedByHand(r.HandedOver(r.Closed("2", "Vraag"), "Nog een"), "http://plein.test/posts/11"))
		entries, err := r.Log.Entries(t.Context(), audit.NoneBefore, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if kind, err := replayed(entries); err != nil {
			t.Fatalf("the true history fails at %s: %v", kind, err)
		}
		actor := func(login string) audit.Actor { return audit.Actor("person:" + r.As(login).ID.String()) }
		fact := func(name, value string) func(*audit.Entry) { return func(e *audit.Entry) { e.Facts[name] = value } }
		drop := func(kind string) func([]audit.Entry) []audit.Entry {
			return func(es []audit.Entry) []audit.Entry {
				i := indexOf(es, kind)
				return append(append([]audit.Entry{}, es[:i]...), es[i+1:]...)
			}
		}
		before := func(kind string, forged audit.Event) func([]audit.Entry) []audit.Entry {
			return func(es []audit.Entry) []audit.Entry {
				i := indexOf(es, kind)
				return append(append(append([]audit.Entry{}, es[:i]...), audit.Entry{At: es[i].At, Event: forged}), es[i:]...)
			}
		}
		const posted = "proposal.posted_by_hand"
		for name, c := range map[string]struct {
			forge func([]audit.Entry) []audit.Entry
			at    string
		}{
			"by nobody":            {change(posted, func(e *audit.Entry) { e.Actor = "person:00000000-0000-7000-8000-000000000000" }), posted},
			"by the daemon":        {change(posted, func(e *audit.Entry) { e.Actor = audit.System }), posted},
			"by an admin":          {change(posted, func(e *audit.Entry) { e.Actor = actor("ada") }), posted},
			"without quorum":       {drop("proposal.endorsed"), "proposal.approved"},
			"without the approval": {drop("proposal.approved"), "proposal.handed_over"},
			"after its end":        {change(posted, func(e *audit.Entry) { e.At = e.At.Add(4 * time.Hour) }), posted},
			"posted before":        {change(posted, fact("posted_at", time.Now().Add(-30*time.Minute).UTC().Format(time.RFC3339))), posted},
			"seconds before, by the platform's clock": {
				last(posted, fact("posted_at", time.Now().Add(5*time.Minute-3*time.Second).UTC().Format(time.RFC3339))), posted,
			},
			"the platform's clock days off": {
				last("proposal.handed_over", fact("platform_at", time.Now().Add(-48*time.Hour).UTC().Format(time.RFC3339))), "proposal.handed_over",
			},
			"the platform's clock told twice": {
				last(posted, fact("platform_at", time.Now().UTC().Format(time.RFC3339))), posted,
			},
			"posted at no time":    {change(posted, fact("posted_at", "")), posted},
			"nowhere":              {change(posted, fact("external_id", "")), posted},
			"under another policy": {change(posted, fact("digest", "00")), posted},
			"the post of another":  {last(posted, fact("external_id", "10")), posted},
			"of another text":      {change(posted, func(e *audit.Entry) { e.Digest[0] ^= 1 }), posted},
			"during a stop":        {before(posted, audit.Event{Kind: "publishing.stopped", Subject: "publishing", From: "running", To: "stopped"}), posted},
			"approved as a reply":  {change("proposal.drafted", fact("action", "")), "proposal.handed_over"},
			"a longer life":        {change("proposal.handed_over", fact("expires", time.Now().Add(48*time.Hour).UTC().Format(time.RFC3339))), "proposal.handed_over"},
			"never handed over":    {drop("proposal.handed_over"), posted},
			"queued instead":       {change("proposal.handed_over", func(e *audit.Entry) { e.Kind, e.To = "proposal.queued", "queued" }), "proposal.queued"},
			"published instead":    {change(posted, func(e *audit.Entry) { e.Kind = "proposal.published" }), "proposal.published"},
			"read back instead":    {change(posted, func(e *audit.Entry) { e.Kind = "proposal.read_back" }), "proposal.read_back"},
			"taken back by nobody": {change("proposal.address_withdrawn", func(e *audit.Entry) { e.Actor = "person:x" }), "proposal.address_withdrawn"},
			"differing, and refuted": {func(es []audit.Entry) []audit.Entry {
				i := indexOf(es, "proposal.address_withdrawn")
				read, refuted := audit.Entry{At: es[i].At, Event: readBack(entries)}, es[i]
				read.Facts, refuted.Kind = map[string]string{"read_back": "differs"}, "proposal.address_refuted"
				return append(append(append([]audit.Entry{}, es[:i]...), read, refuted), es[i+1:]...)
			}, "proposal.address_refuted"},
			"read back, and taken back": {before("proposal.address_withdrawn", readBack(entries)), "proposal.address_withdrawn"},
		} {
			forged := make([]audit.Entry, len(entries))
			for i, e := range entries {
				e.Facts = maps.Clone(e.Facts)
				forged[i] = e
			}
			if at, err := replayed(c.forge(forged)); err == nil || at != c.at {
				t.Errorf("%s: found at %q, want %s: %v", name, at, c.at, err)
			}
		}
	})
}

func readBack(entries []audit.Entry) audit.Event {
	return entries[indexOf(entries, "proposal.read_back")].Event
}

// TestAPrivateAnswerHasNoAddress that could be recorded.
func TestAPrivateAnswerHasNoAddress(t *testing.T) {
	r := byHand(t)
	c := r.Ingest("plein", inbox.Inbound{
		ExternalID: "1", Author: inbox.Author{ExternalID: "k", Handle: "@k"}, Kind: "message", Visibility: inbox.Private, Text: "Vraag",
		PostedAt: time.Now(), Unanswerable: "The window is over.",
	})
	_, err := r.As("anna").DraftByHand(c, "Antwoord")
	want(t, err, fault.NotAnswerable)
}
