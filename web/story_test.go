package web_test

import (
	"testing"

	"standpunt/approval"
)

// TestStoryByAPI plays the main story through the API alone.
func TestStoryByAPI(t *testing.T) {
	r := newRig(t)
	talk := r.Mention("m1", "Waarom is mijn trein vertraagd?")
	anna, bert, mara := r.as("anna"), r.as("bert"), r.as("mara")

	inbox := anna.get("/conversations?state=open").is(200)
	if len(inbox.items()) != 1 || inbox.str("items", 0, "id") != talk.ID.String() {
		t.Fatalf("the inbox shows %s", inbox.raw)
	}
	draft := anna.draft(talk, "De trein staat stil door een storing.").is(201)
	if draft.str("state") != "draft" || draft.str("revision", "author", "login") != "anna" {
		t.Fatalf("the draft is %s", draft.raw)
	}
	submitted := anna.submit(draft).is(200)
	anna.decide(submitted, "approve", "").refused(403, "self_approval")

	path := "/proposals/" + draft.id()
	revised := bert.post(path+"/revisions", obj{"text": "De trein staat stil door een seinstoring."}).is(201)
	if revised.str("state") != "draft" || len(revised.at("endorsements").([]any)) != 0 {
		t.Fatalf("the revision is %s", revised.raw)
	}
	anna.submit(revised).refused(403, "not_revision_author")
	inReview := bert.submit(revised).is(200)
	bert.decide(inReview, "approve", "").refused(403, "self_approval")
	if waiting := anna.get("/me").is(200); waiting.at("waiting") != 1.0 {
		t.Fatalf("anna is told %s", waiting.raw)
	}
	released := anna.decide(inReview, "approve", "").is(200)
	if released.str("state") != "queued" || released.str("basis") != "quorum" || len(released.at("endorsements").([]any)) != 2 {
		t.Fatalf("the released proposal is %s", released.raw)
	}

	claimed := r.Claim()
	if got := claimed.Attempt().Text; got != "De trein staat stil door een seinstoring." {
		t.Fatalf("what is sent is %q", got)
	}
	check(t, r.Approvals.RecordPublished(t.Context(), claimed, approval.Receipt{ExternalID: "p1", URL: "http://plein.test/p1"}))
	_, err := r.Approvals.RecordReadBack(t.Context(), claimed.Attempt(), claimed.Attempt().Text)
	check(t, err)
	final := mara.get(path).is(200)
	if !final.yes("official") || final.str("receipt", "external_id") != "p1" || final.str("receipt", "read_back") != "equal" {
		t.Fatalf("the published proposal is %s", final.raw)
	}
	thread := mara.get("/conversations/" + talk.ID.String()).is(200)
	if thread.str("state") != "waiting" || thread.str("proposals", 0, "state") != "published" || thread.str("mentions", 0, "external_id") != "m1" {
		t.Fatalf("the thread is %s", thread.raw)
	}
	r.Replay()
}
