package web_test

import (
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/people"
)

// TestNobodyIsToldToPostWhatNothingProves: where an answer by hand is no way out,
// the refusal does not send one person off to publish alone.
func TestNobodyIsToldToPostWhatNothingProves(t *testing.T) {
	r := newRig(t)
	anna := r.as("anna")
	const alone, together = "raises an alarm", "Propose it as an answer by hand"
	remedy := func(c *inbox.Conversation, byHand bool, want string) {
		t.Helper()
		got := anna.post("/conversations/"+c.ID.String()+"/proposals", obj{"kind": "reply", "text": "Dag!", "by_hand": byHand}).refused(409, "not_answerable")
		if said := got.str("remedy"); !strings.Contains(said, want) || want == alone && strings.Contains(strings.ToLower(said), "by hand") {
			t.Errorf("by hand %v: %s", byHand, got.raw)
		}
	}
	public := r.Closed("m1", "Klopt dit?")
	remedy(public, false, alone) // a kind of account whose posts have no addresses that could be read
	remedy(public, true, alone)
	r.Locates(nil)
	remedy(public, false, together)
	private := r.Ingest("plein", inbox.Inbound{
		ExternalID: "m2", Author: inbox.Author{ExternalID: "k", Handle: "@k"}, Kind: "message", Visibility: inbox.Private, Text: "Vraag",
		PostedAt: time.Now(), Unanswerable: "The window is over.",
	})
	remedy(private, false, alone)
	remedy(private, true, alone)
	open := r.Mention("m3", "Vraag")
	r.Adapt("plein", func(p *approval.Platform) {
		p.Unanswerable = func(*inbox.Mention, time.Time) string { return "The window is over." }
	})
	remedy(open, false, alone)
}

// TestAnswerByHandByAPI plays an answer that a person posts through the API
// alone, and what programs must not do with it.
func TestAnswerByHandByAPI(t *testing.T) {
	r := newRig(t)
	r.Locates(nil)
	talk := r.Closed("m1", "Klopt dit?")
	anna, bert := r.as("anna"), r.as("bert")
	thread := anna.get("/conversations/" + talk.ID.String()).is(200)
	if thread.str("mentions", 0, "unanswerable") == "" || thread.str("mentions", 0, "unanswerable_code") != "not_addressed" {
		t.Fatalf("the mention says nothing of it: %s", thread.raw)
	}
	anna.draft(talk, "Dat klopt.").refused(409, "not_answerable")
	draft := anna.post("/conversations/"+talk.ID.String()+"/proposals", obj{"kind": "reply", "text": "Dat klopt.", "by_hand": true}).is(201)
	path := "/proposals/" + draft.id()
	if !draft.yes("by_hand") || draft.str("target", "action") != "by_hand" {
		t.Fatalf("the draft is %s", draft.raw)
	}
	record := func(c *caller, shown *reply, url string) *reply {
		return c.post(path+"/address", obj{"digest": shown.str("revision", "digest"), "url": url})
	}
	const at9 = "http://plein.test/posts/9"
	record(anna, draft, at9).refused(409, "wrong_state")
	submitted := anna.submit(draft).is(200)
	record(anna, submitted, at9).refused(409, "wrong_state")
	approved := bert.decide(submitted, "approve", "").is(200)
	if approved.str("state") != "approved" || approved.str("expires_at") == "" {
		t.Fatalf("the approved answer is %s", approved.raw)
	}
	record(r.as("mara"), approved, at9).refused(403, "forbidden")
	record(r.withToken("anna", people.Read), approved, at9).refused(403, "forbidden")
	record(anna, approved, "http://plein.test/posts/m1").refused(422, "invalid_input")
	record(anna, approved, "nowhere").refused(422, "invalid_input")
	anna.post(path+"/address", obj{"digest": "0000000000000000000000000000000000000000000000000000000000000000", "url": at9}).refused(409, "stale_digest")
	bert.post("/publishing/stop", obj{"reason": "crisis"}).is(200)
	record(anna, approved, at9).refused(409, "publishing_stopped")
	resume := r.as("ada").post("/publishing/resume", obj{"reason": "voorbij"}).is(201)
	bert.decide(resume, "approve", "").is(200)

	recorded := record(anna, approved, at9).is(200)
	if recorded.str("state") != "published" || recorded.yes("official") || recorded.str("recorded_by", "login") != "anna" || recorded.str("receipt", "read_back") != "pending" {
		t.Fatalf("the recorded answer is %s", recorded.raw)
	}
	record(bert, approved, at9).refused(409, "wrong_state")
	back := bert.call("DELETE", path+"/address", nil).is(200)
	if back.str("state") != "approved" || back.str("remark") != at9 {
		t.Fatalf("taken back it is %s", back.raw)
	}
	bert.call("DELETE", path+"/address", nil).refused(409, "wrong_state")
	record(r.withToken("bert", people.Write), approved, at9).is(200)
	if _, err := r.Approvals.RecordReadBack(t.Context(), r.Unread(), "Dat klopt."); err != nil {
		t.Fatal(err)
	}
	if final := anna.get(path).is(200); !final.yes("official") || final.str("recorded_by", "login") != "bert" {
		t.Fatalf("it is %s", final.raw)
	}
	bert.call("DELETE", path+"/address", nil).refused(409, "wrong_state")
	r.Replay()
}
