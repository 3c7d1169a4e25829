package web_test

import (
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/push"
	"standpunt/people"
	"standpunt/web"
)

// forum is a live account of kind push.
func forum(t *testing.T) connectors.Live {
	t.Helper()
	account := connectors.Account{Name: "forum", Kind: push.KindName, Settings: config.NewSettings(nil), Log: slog.New(slog.DiscardHandler)}
	c, err := push.New(account)
	check(t, err)
	return connectors.Live{Account: account, Connector: c}
}

func TestProgramsDeliverMentions(t *testing.T) {
	r := newRigWith(t, web.Options{}, []connectors.Live{forum(t)})
	check(t, r.Approvals.Reconcile(t.Context(), []approval.Configured{{Name: "forum", Kind: push.KindName}}))
	made := r.as("ada").post("/tokens", obj{"name": "forum", "account": "forum"}).is(201)
	program := r.nobody()
	program.token = made.str("secret")
	post := func(id, text string) obj {
		return obj{"external_id": id, "author": obj{"external_id": "k1", "handle": "@eva"}, "text": text, "visibility": "public", "posted_at": time.Now().UTC().Format(time.RFC3339)}
	}
	one, two := post("a", "De site ligt plat"), post("b", "En de app ook")
	counts := program.post("/accounts/forum/mentions", obj{"mentions": []obj{one, two}}).is(200)
	if counts.at("new") != 2.0 || counts.at("duplicates") != 0.0 {
		t.Fatalf("the delivery counts %s", counts.raw)
	}
	counts = program.post("/accounts/forum/mentions", obj{"mentions": []obj{one, two}}).is(200)
	if counts.at("new") != 0.0 || counts.at("duplicates") != 2.0 {
		t.Fatalf("the repeated delivery counts %s", counts.raw)
	}
	if found := r.as("anna").get("/conversations?account=forum&q=site").is(200); len(found.items()) != 1 {
		t.Errorf("the mention is not found: %s", found.raw)
	}
	program.post("/accounts/forum/mentions", obj{"mentions": []obj{{"external_id": "c"}}}).refused(422, "invalid_input")
	program.post("/accounts/forum/mentions", obj{"mention": []obj{one}}).refused(422, "invalid_input")
	program.post("/accounts/forum/mentions", `{"mentions": [], "mentions": []}`).refused(400, "malformed_json")
	program.post("/accounts/forum/mentions", obj{"mentions": strings.Repeat("x", 1<<20)}).refused(413, "body_too_large")
	program.post("/accounts/plein/mentions", obj{"mentions": []obj{one}}).refused(403, "forbidden")
	r.withToken("anna", people.Read, people.Write).post("/accounts/forum/mentions", obj{"mentions": []obj{one}}).refused(403, "forbidden")
	r.as("anna").post("/accounts/forum/mentions", obj{"mentions": []obj{one}}).refused(403, "forbidden")
	r.as("ada").post("/accounts/forum/mentions", obj{"mentions": []obj{one}}).is(200)
	r.as("ada").post("/accounts/nowhere/mentions", obj{"mentions": []obj{one}}).refused(404, "not_found")

	accounts := r.as("mara").get("/accounts").is(200)
	if accounts.str("items", 0, "name") != "forum" || accounts.yes("items", 0, "accepted") || accounts.str("items", 1, "name") != "plein" {
		t.Errorf("the accounts are %s", accounts.raw)
	}
	r.as("anna").post("/accounts/forum/check", nil).is(202)
	eventually(t, "the metrics count the delivery", func() bool {
		metrics := string(r.nobody().send("GET", r.url+"/metrics", nil).is(200).raw)
		return strings.Contains(metrics, `standpunt_mentions_total{account="forum",what="new"} 2`) &&
			strings.Contains(metrics, `standpunt_account_state{account="forum",kind="push",state="stopped"} 1`)
	})
}

func TestAccountIsAcceptedByTwo(t *testing.T) {
	r := newRig(t)
	check(t, r.Approvals.Reconcile(t.Context(), []approval.Configured{{Name: "late", Kind: "sandbox", BaseURL: "http://late.test"}}))
	ada := r.as("ada")
	ada.post("/accounts/late/acceptance", obj{"reason": "nieuw"}).refused(409, "account_not_ready")
	check(t, r.Approvals.RecordIdentity(t.Context(), "late", "late-1", "@late", ""))
	p := ada.post("/accounts/late/acceptance", obj{"reason": "nieuw"}).is(201)
	r.as("mara").decide(p, "approve", "").is(200)
	for _, account := range ada.get("/accounts").is(200).items() {
		if account := account.(map[string]any); account["name"] == "late" && account["remote_id"] != "late-1" || account["accepted"] == any(false) {
			t.Errorf("the account is %v", account)
		}
	}
	ada.post("/accounts/nowhere/acceptance", obj{"reason": "nieuw"}).refused(404, "not_found")
}

func TestPublishingStopsAtOnceAndResumesByTwo(t *testing.T) {
	r := newRig(t)
	anna, bert, ada := r.as("anna"), r.as("bert"), r.as("ada")
	p := anna.submit(anna.draft(r.Mention("m1", "Hallo?"), "Dag!").is(201)).is(200)
	bert.decide(p, "approve", "").is(200)
	bert.post("/publishing/stop", obj{"reason": ""}).refused(422, "invalid_input")
	stopped := bert.post("/publishing/stop", obj{"reason": "verkeerde afzender"}).is(200)
	if !stopped.yes("stopped") || stopped.str("stops", 0, "by", "login") != "bert" || stopped.str("stops", 0, "reason") == "" {
		t.Fatalf("publishing is %s", stopped.raw)
	}
	r.NothingDue()
	metrics := string(r.nobody().send("GET", r.url+"/metrics", nil).is(200).raw)
	if !strings.Contains(metrics, "standpunt_publishing_stopped 1") {
		t.Error("the metrics do not say that publishing is stopped")
	}
	resume := ada.post("/publishing/resume", obj{"reason": "opgelost"}).is(201)
	r.NothingDue()
	bert.decide(resume, "approve", "").is(200)
	if anna.get("/publishing").is(200).yes("stopped") {
		t.Error("two people did not resume publishing")
	}
	r.Claim()
	ada.post("/publishing/resume", obj{"reason": "nog eens"}).refused(409, "wrong_state")
	r.Replay()
}

func TestPoliciesAreReplacedByTwo(t *testing.T) {
	r := newRig(t)
	ada := r.as("ada")
	list := ada.get("/policies").is(200)
	policy := list.items()[0].(map[string]any)
	policy["name"], policy["quorum"], policy["valid_for"] = "streng", 3, "90m"
	p := ada.call("PUT", "/policies", obj{"items": []any{policy}, "reason": "drukke dag"}).is(201)
	r.as("mara").decide(p, "approve", "").is(200)
	now := r.as("anna").get("/policies").is(200)
	if now.str("items", 0, "name") != "streng" || now.at("items", 0, "quorum") != 3.0 || now.str("items", 0, "valid_for") != "1h30m" {
		t.Errorf("the policies are %s", now.raw)
	}
}

// TestRecordIsReadable pages through the log both ways, and verifies a bundle offline.
func TestRecordIsReadable(t *testing.T) {
	r := newRig(t)
	anna, mara := r.as("anna"), r.as("mara")
	p := anna.submit(anna.draft(r.Mention("m1", "Hallo?"), "Dag!").is(201)).is(200)
	size, err := r.Log.Size(t.Context())
	check(t, err)
	seen, after := 0, "-1"
	for after != "" {
		page := mara.get("/audit/events?limit=7&after=" + after).is(200)
		for i := range page.items() {
			if page.at("items", i, "number") != float64(seen) {
				t.Fatalf("entry %v came where %d was due", page.at("items", i, "number"), seen)
			}
			seen++
		}
		after = page.str("next")
	}
	if uint64(seen) < size {
		t.Errorf("%d entries were shown of %d", seen, size)
	}
	var kinds []string
	for cursor := ""; ; {
		page := mara.get("/audit/search?kind=proposal.&actor=anna&limit=1&cursor=" + cursor).is(200)
		for i := range page.items() {
			kinds = append(kinds, page.str("items", i, "kind"))
			if page.str("items", i, "person", "login") != "anna" {
				t.Errorf("the entry is %s", page.raw)
			}
		}
		if cursor = page.str("next"); cursor == "" {
			break
		}
	}
	if got := strings.Join(kinds, " "); got != "proposal.submitted proposal.drafted" {
		t.Errorf("anna did %s", got)
	}
	mara.get("/audit/search?cursor=x").refused(422, "invalid_input")
	mara.get("/audit/search?from=yesterday").refused(422, "invalid_input")
	if got := mara.get("/audit/search?to=2000-01-01T00:00:00Z").is(200); len(got.items()) != 0 {
		t.Errorf("before the log began it holds %s", got.raw)
	}
	signed := mara.get("/audit/checkpoint").is(200)
	c, err := audit.ParseCheckpoint([]byte(signed.str("checkpoint")), signed.str("key"))
	check(t, err)
	if strconv.FormatUint(c.Size, 10) != strconv.FormatFloat(signed.at("size").(float64), 'f', -1, 64) || c.Size < size {
		t.Errorf("the checkpoint covers %d of %d entries", c.Size, size)
	}
	var bundle audit.Evidence
	check(t, json.Unmarshal(mara.get("/proposals/"+p.id()+"/evidence").is(200).raw, &bundle))
	check(t, audit.VerifyEvidence(&bundle, r.Log.VerifierKey()))
	if len(bundle.Leaves) != 2 || len(bundle.Contents) != 1 {
		t.Errorf("the bundle has %d entries and %d contents", len(bundle.Leaves), len(bundle.Contents))
	}
	mara.get("/proposals/0190a000-0000-7000-8000-000000000000/evidence").refused(404, "not_found")
}

// TestProposalsAreTakenBack withdraws endorsements and proposals, with and without a body.
func TestProposalsAreTakenBack(t *testing.T) {
	r := newRig(t)
	anna, bert := r.as("anna"), r.as("bert")
	talk := r.Mention("m1", "Hallo?")
	p := anna.submit(anna.draft(talk, "Dag!").is(201)).is(200)
	path := "/proposals/" + p.id()
	if got := anna.call("DELETE", path+"/endorsement", nil).is(200).str("state"); got != "draft" {
		t.Errorf("without its author's endorsement it is %s", got)
	}
	anna.submit(p).is(200)
	bert.decide(p, "approve", "").is(200)
	if got := bert.call("DELETE", path+"/endorsement", nil).is(200); got.str("state") != "held" || got.str("reason") == "" {
		t.Errorf("without an approval it is %s", got.raw)
	}
	r.NothingDue()
	if got := anna.post(path+"/withdraw", nil).is(200).str("state"); got != "withdrawn" {
		t.Errorf("withdrawn, it is %s", got)
	}
	other := anna.draft(talk, "Dag dag!").is(201)
	if got := anna.post("/proposals/"+other.id()+"/withdraw", obj{"reason": "dubbel"}).is(200); got.str("remark") != "dubbel" {
		t.Errorf("withdrawn, it is %s", got.raw)
	}
	asked := anna.submit(anna.draft(talk, "Tot ziens!").is(201)).is(200)
	if waiting := bert.get("/proposals?waiting=true").is(200); len(waiting.items()) != 1 || waiting.str("items", 0, "id") != asked.id() {
		t.Errorf("for bert waits %s", waiting.raw)
	}
	if got := bert.decide(asked, "request_changes", "Vriendelijker graag.").is(200).str("state"); got != "changes_requested" {
		t.Errorf("after the request it is %s", got)
	}
	for query, want := range map[string]int{"": 3, "?state=withdrawn": 2, "?state=withdrawn,changes_requested": 3, "?kind=resume": 0, "?account=plein&limit=200": 3} {
		if got := len(anna.get("/proposals" + query).is(200).items()); got != want {
			t.Errorf("GET /proposals%s finds %d, want %d", query, got, want)
		}
	}
	later := time.Now().Add(2 * time.Hour).UTC().Truncate(time.Second)
	planned := anna.post("/conversations/"+talk.ID.String()+"/proposals", obj{
		"kind": "reply", "text": "Dag!", "language": "en", "not_before": later.Format(time.RFC3339), "valid_for": "30m", "target": p.str("target", "mention_id"),
	}).is(201)
	if planned.str("revision", "language") != "en" || planned.str("revision", "valid_for") != "30m" || planned.str("revision", "not_before") != later.Format("2006-01-02T15:04:05.000Z") {
		t.Errorf("the planned one is %s", planned.raw)
	}
}

// TestTextsAreCheckedWhileTyped measures and checks without leaving a trace.
func TestTextsAreCheckedWhileTyped(t *testing.T) {
	r := newRig(t)
	r.Adapt("plein", func(p *approval.Platform) {
		p.Measure = func(text string) approval.Measure {
			return approval.Measure{Length: 2 * len(text), Limit: 100, Unit: "halves"}
		}
	})
	path := "/conversations/" + r.Mention("m1", "Hallo?").ID.String() + "/check"
	anna := r.as("anna")
	size, err := r.Log.Size(t.Context())
	check(t, err)
	got := anna.post(path, obj{"text": " Bel 0612345678.\r\n"}).is(200)
	if got.str("text") != "Bel 0612345678." || got.at("length") != 30.0 || got.at("limit") != 100.0 || got.str("unit") != "halves" ||
		got.str("findings", 0, "code") != "phone_number" || got.at("refused") != nil {
		t.Errorf("the check says %s", got.raw)
	}
	if got := anna.post(path, obj{"text": strings.Repeat("a", 51)}).is(200); got.str("refused", "code") != "text_too_long" {
		t.Errorf("the check of a long text says %s", got.raw)
	}
	if got := anna.post(path, obj{"text": "Dag\u200b"}).is(200); got.str("refused", "code") != "hidden_characters" {
		t.Errorf("the check of a hidden character says %s", got.raw)
	}
	after, err := r.Log.Size(t.Context())
	check(t, err)
	if after != size {
		t.Errorf("checking left %d audit entries", after-size)
	}
}
