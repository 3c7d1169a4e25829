package approval_test

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/audit"
	"standpunt/people"
)

// TestReplayFindsForgedAnswers forges the history of an answer that went a long
// way: three revisions, an approval that asks for somebody who wrote none of
// it, a failure, a second attempt, an outcome that a person settled.
func TestReplayFindsForgedAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policy := approval.DefaultPolicy()
		policy.Independent = true
		r := approvaltest.NewWith(t, policy)
		r.Hire("eva", people.Agent)
		p := ok2(t)(r.As("anna").Draft(r.Mention("1", "Vraag"), "Een"))
		p = ok2(t)(r.As("bert").Revise(p, "Twee"))
		p = ok2(t)(r.As("anna").Revise(p, "Drie"))
		p = ok2(t)(r.As("anna").Submit(p))
		ok2(t)(r.As("paul").Approve(p))
		if err := r.Approvals.RecordFailed(t.Context(), r.Claim(), approval.Failure{Kind: "temporary", Retryable: true}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if err := r.Approvals.RecordUnknown(t.Context(), r.Claim(), approval.Failure{Message: "weg"}); err != nil {
			t.Fatal(err)
		}
		ok2(t)(r.Approvals.Settle(t.Context(), r.As("bert").By, p.ID, approval.Ruling{Posted: true, URL: "https://plein.test/9", Reason: "gezien"}))
		entries, err := r.Log.Entries(t.Context(), audit.NoneBefore, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if kind, err := replayed(entries); err != nil {
			t.Fatalf("the true history fails at %s: %v", kind, err)
		}
		actor := func(login string) audit.Actor { return audit.Actor("person:" + r.As(login).ID.String()) }
		by := func(login string) func(*audit.Entry) { return func(e *audit.Entry) { e.Actor = actor(login) } }
		for name, c := range map[string]struct {
			forge func([]audit.Entry) []audit.Entry
			at    string
		}{
			"somebody who wrote part of it": {change("proposal.endorsed", by("bert")), "proposal.approved"},
			"nobody of press":               {change("proposal.endorsed", by("eva")), "proposal.approved"},
			"settled by its author":         {change("proposal.settled_posted", by("anna")), "proposal.settled_posted"},
			"settled by an admin":           {change("proposal.settled_posted", by("ada")), "proposal.settled_posted"},
			"settled by the daemon":         {change("proposal.settled_posted", func(e *audit.Entry) { e.Actor = audit.System }), "proposal.settled_posted"},
			"a longer life the second time": {last("proposal.queued", func(e *audit.Entry) {
				e.Facts["expires"] = time.Now().Add(23 * time.Hour).UTC().Format(time.RFC3339)
			}), "proposal.queued"},
			"an earlier beginning the second time": {last("proposal.queued", func(e *audit.Entry) {
				e.Facts["due"] = e.At.Add(-time.Hour).UTC().Format(time.RFC3339)
			}), "proposal.queued"},
			"the first approver's role went before the second attempt": {func(es []audit.Entry) []audit.Entry {
				for i, e := range es {
					if e.Kind == "proposal.failed" {
						gone := audit.Entry{At: e.At, Event: audit.Event{Kind: "person.enabled", Subject: audit.Subject(actor("paul")), Via: "cli",
							Facts: map[string]string{"mandate": "recover", "endorses_from": e.At.Add(time.Hour).Format(time.RFC3339)}}}
						stop := audit.Entry{At: e.At, Event: audit.Event{Kind: "publishing.stopped", Subject: "publishing", From: "running", To: "stopped"}}
						return append(append(append([]audit.Entry{}, es[:i+1]...), stop, gone), es[i+1:]...)
					}
				}
				return es
			}, "proposal.claimed"},
			"a revision like the one before": {last("proposal.revised", func(e *audit.Entry) { e.Digest = entries[indexOf(entries, "proposal.revised")].Digest }), "proposal.revised"},
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

func indexOf(es []audit.Entry, kind string) int {
	for i, e := range es {
		if e.Kind == kind {
			return i
		}
	}
	return -1
}
