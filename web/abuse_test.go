package web_test

import (
	"net/http"
	"strings"
	"testing"

	"standpunt/approval"
	"standpunt/people"
)

// TestAbuse01_AuthorApprovesOwnDraft tries every call and both ways in.
func TestAbuse01_AuthorApprovesOwnDraft(t *testing.T) {
	r := newRig(t)
	r.Mention("m1", "Hallo?")
	session, token := r.as("bert"), r.withToken("bert", people.Read, people.Write, people.Endorse)
	p := session.draft(r.Mention("m2", "Hoi"), "Dag!").is(201)
	path := "/proposals/" + p.id()
	for _, c := range []*caller{session, token} {
		c.decide(p, "approve", "").refused(403, "self_approval")
		c.post(path+"/retry", nil).refused(409, "wrong_state")
		c.post(path+"/outcome", obj{"outcome": "posted", "url": "http://plein.test/1", "reason": "zelf gezien"}).refused(409, "wrong_state")
	}
	p = session.submit(p).is(200)
	for _, c := range []*caller{session, token} {
		c.decide(p, "approve", "").refused(403, "self_approval")
		c.decide(p, "reject", "ach").refused(403, "self_approval")
		c.submit(p).refused(409, "wrong_state")
		c.post(path+"/retry", nil).refused(409, "wrong_state")
		c.post(path+"/decisions", obj{"verdict": "approve", "digest": p.digest(), "comment": "", "as": "anna"}).refused(422, "invalid_input")
		c.post(path+"/decisions", obj{"verdict": "approve", "digest": p.digest(), "person": r.As("anna").ID.String()}).refused(422, "invalid_input")
	}
	r.NothingDue()
	if got := session.get(path).is(200); got.str("state") != "in_review" || len(got.at("endorsements").([]any)) != 1 {
		t.Errorf("the proposal is %s", got.raw)
	}
	r.Replay()
}

// TestAbuse04_TokensThatMustNotApprove tries a service, a token without the
// scope, and one of a person whom the configuration does not list.
func TestAbuse04_TokensThatMustNotApprove(t *testing.T) {
	r := newRig(t)
	p := r.as("anna").draft(r.Mention("m1", "Hallo?"), "Dag!").is(201)
	r.withToken("anna", people.Read, people.Write).submit(p).refused(403, "forbidden")
	p = r.as("anna").submit(p).is(200)
	r.withToken("bert", people.Read, people.Write).decide(p, "approve", "").refused(403, "forbidden")
	r.withToken("paul", people.Read, people.Write, people.Endorse).decide(p, "approve", "").refused(403, "forbidden")
	secret, _, err := r.Staff.IssueServiceToken(t.Context(), r.As("ada").By, "bot", "plein")
	check(t, err)
	bot := r.nobody()
	bot.token = secret
	bot.decide(p, "approve", "").refused(403, "forbidden")
	if me := r.withToken("paul", people.Read, people.Endorse).get("/me").is(200); strings.Contains(string(me.raw), `"endorse"`) {
		t.Errorf("paul's token is told that it may endorse: %s", me.raw)
	}
	r.NothingDue()
	if got := r.withToken("bert", people.Read, people.Endorse).decide(p, "approve", "").is(200).str("state"); got != "queued" {
		t.Errorf("a token that may endorse leaves it %s", got)
	}
}

// TestAbuse06_AdminWidensOwnPower tries what an admin alone must not get.
func TestAbuse06_AdminWidensOwnPower(t *testing.T) {
	r := newRig(t)
	r.stop("bert")
	ada := r.as("ada")
	before := string(ada.get("/policies").is(200).raw)
	lax := obj{
		"name": "lax", "accounts": []string{"*"}, "visibility": "*", "kinds": []string{"*"}, "quorum": 1, "roles": []string{"agent"}, "valid_for": "4h",
	}
	ada.call("PUT", "/policies", obj{"items": []obj{lax}}).refused(422, "invalid_input")
	lax["quorum"] = 2
	for _, p := range []*reply{
		ada.post("/people/ada/roles", obj{"roles": []string{"admin", "press"}}),
		ada.post("/people", obj{"login": "ada2", "name": "Ada Twee", "roles": []string{"press"}}),
		ada.post("/people/bert/credential", obj{"reason": "vergeten"}),
		ada.post("/people/bert/enablement", obj{"enabled": false}),
		ada.call("PUT", "/policies", obj{"items": []obj{lax}}),
		ada.post("/publishing/resume", obj{"reason": "het kan weer"}),
	} {
		p.is(201)
		ada.decide(p, "approve", "").refused(403, "self_approval")
		ada.post("/proposals/"+p.id()+"/enrolment", nil).refused(409, "wrong_state")
		if got := ada.get("/proposals/" + p.id()).str("state"); got != "in_review" {
			t.Errorf("%s is %s", p.what, got)
		}
	}
	if roles := ada.get("/me").is(200).at("roles").([]any); len(roles) != 1 {
		t.Errorf("ada has the roles %v", roles)
	}
	if after := string(ada.get("/policies").raw); after != before {
		t.Errorf("the policies are %s", after)
	}
	if !ada.get("/publishing").yes("stopped") {
		t.Error("publishing was resumed by one person")
	}
	r.as("anna").post("/people", obj{"login": "zed", "name": "Zed", "roles": []string{"press"}}).refused(403, "forbidden")
}

// TestNewPersonTakesTwo hires somebody: each of the two gets one half of the code, once.
func TestNewPersonTakesTwo(t *testing.T) {
	r := newRig(t)
	ada, mara := r.as("ada"), r.as("mara")
	p := ada.post("/people", obj{"login": "zed", "name": "Zed", "roles": []string{"agent"}, "language": "en"}).is(201)
	if got := mara.decide(p, "approve", "").is(200); got.str("state") != "published" || got.str("about", "login") != "zed" {
		t.Fatalf("the decided proposal is %s", got.raw)
	}
	take := "/proposals/" + p.id() + "/enrolment"
	first, second := ada.post(take, nil).is(200).str("half"), mara.post(take, nil).is(200).str("half")
	ada.post(take, nil).refused(404, "not_found")
	r.as("bert").post(take, nil).refused(403, "forbidden")
	nobody := r.nobody()
	nobody.post("/enrol", obj{"code": first, "password": "vier woorden zonder verband"}).refused(404, "not_found")
	nobody.post("/enrol", obj{"code": first + "-" + second, "password": "kort"}).refused(422, "invalid_input")
	nobody.post("/enrol", obj{"code": first + "-" + second, "password": "vier woorden zonder verband"}).is(200)
	nobody.post("/enrol", obj{"code": first + "-" + second, "password": "vier woorden zonder verband"}).refused(404, "not_found")
	nobody.post("/session", obj{"login": "zed", "password": "vier woorden zonder verband"}).is(200)
	r.Replay()
}

// TestAbuse10_SamePersonCountsOnce has one person approve by session and by token.
func TestAbuse10_SamePersonCountsOnce(t *testing.T) {
	three := approval.DefaultPolicy()
	three.Quorum = 3
	r := newRig(t, three)
	p := r.as("anna").draft(r.Mention("m1", "Hallo?"), "Dag!").is(201)
	p = r.as("anna").submit(p).is(200)
	if got := r.as("bert").decide(p, "approve", "").is(200); got.str("state") != "in_review" || got.str("missing") == "" {
		t.Fatalf("after two of three it is %s", got.raw)
	}
	r.as("bert").decide(p, "approve", "").refused(409, "already_decided")
	r.withToken("bert", people.Endorse).decide(p, "approve", "").refused(409, "already_decided")
	r.NothingDue()
	r.as("paul").decide(p, "approve", "").is(200)
	r.Claim()
}

// TestAbuse13_StaleTab approves a revision that is no longer the newest.
func TestAbuse13_StaleTab(t *testing.T) {
	r := newRig(t)
	anna, bert := r.as("anna"), r.as("bert")
	seen := anna.submit(anna.draft(r.Mention("m1", "Hallo?"), "Dag!").is(201)).is(200)
	newer := anna.post("/proposals/"+seen.id()+"/revisions", obj{"text": "Dag, u krijgt niets!"}).is(201)
	bert.decide(seen, "approve", "").refused(409, "stale_digest")
	anna.submit(newer).is(200)
	refusal := bert.decide(seen, "approve", "").refused(409, "stale_digest")
	if refusal.str("details", "digest") != newer.digest() || refusal.str("details", "text") != "Dag, u krijgt niets!" || refusal.str("details", "shown_text") != "Dag!" {
		t.Errorf("the refusal does not show the difference: %s", refusal.raw)
	}
	anna.submit(seen).refused(409, "wrong_state")
	r.NothingDue()
	if list := bert.get("/proposals/" + seen.id() + "/revisions").is(200); list.str("items", 0, "digest") != seen.digest() || list.str("items", 1, "digest") != newer.digest() {
		t.Errorf("the revisions are %s", list.raw)
	}
	bert.decide(newer, "approve", "").is(200)
	if got := r.Claim().Attempt().Text; got != "Dag, u krijgt niets!" {
		t.Errorf("what is sent is %q", got)
	}
}

// TestAbuse19_BodiesThatReadTwoWays sends bodies that two parsers read differently.
func TestAbuse19_BodiesThatReadTwoWays(t *testing.T) {
	r := newRig(t)
	anna, bert := r.as("anna"), r.as("bert")
	p := anna.submit(anna.draft(r.Mention("m1", "Hallo?"), "Dag!").is(201)).is(200)
	decisions := "/proposals/" + p.id() + "/decisions"
	for _, c := range []struct {
		body   string
		status int
		code   string
	}{
		{`{"verdict":"reject","digest":"D","comment":"nee","verdict":"approve"}`, 400, "malformed_json"},
		{`{"verdict":"approve","digest":"D","\u0076erdict":"reject"}`, 400, "malformed_json"},
		{`{"verdict":"reject","Verdict":"approve","digest":"D","comment":"nee"}`, 422, "invalid_input"},
		{`{"VERDICT":"approve","digest":"D"}`, 422, "invalid_input"},
		{`{"verdict":"approve","digest":"D","digest ":"E"}`, 422, "invalid_input"},
		{`{"verdict":"approve","digest":"D"}` + "\x00", 400, "malformed_json"},
		{`{"verdict":"approve\u0000","digest":"D"}`, 422, "invalid_input"},
		{`{"verdict":"approve","digest":"D"}{"verdict":"reject"}`, 400, "malformed_json"},
		{`{"verdict":["approve"],"digest":"D"}`, 422, "invalid_input"},
		{`{"verdict":"approve","digest":"D\u0000"}`, 422, "invalid_input"},
		{`{"verdict":"approve","digest":12345678901234567890}`, 422, "invalid_input"},
		{"\ufeff" + `{"verdict":"approve","digest":"D"}`, 400, "malformed_json"},
		{`{'verdict':'approve','digest':'D'}`, 400, "malformed_json"},
		{`{"verdict":"approve","digest":"D",}`, 400, "malformed_json"},
		{`{"verdict":"approve",/* ! */"digest":"D"}`, 400, "malformed_json"},
	} {
		bert.post(decisions, strings.ReplaceAll(c.body, "D", p.digest())).refused(c.status, c.code)
	}
	if got := bert.get("/proposals/" + p.id()).is(200); got.str("state") != "in_review" || len(got.at("decisions").([]any)) != 0 {
		t.Errorf("one of them decided: %s", got.raw)
	}
	r.NothingDue()
}

// TestAbuse24_CrossSite rides on a cookie from another site.
func TestAbuse24_CrossSite(t *testing.T) {
	r := newRig(t)
	anna, bert := r.as("anna"), r.as("bert")
	p := anna.submit(anna.draft(r.Mention("m1", "Hallo?"), "Dag!").is(201)).is(200)
	for _, header := range []http.Header{
		{"Sec-Fetch-Site": {"cross-site"}},
		{"Sec-Fetch-Site": {"same-site"}},
		{"Origin": {"https://evil.test"}},
		{"Origin": {"null"}},
	} {
		bert.header = header
		bert.decide(p, "approve", "").refused(403, "cross_site")
		bert.post("/session", obj{"login": "anna", "password": "x"}).refused(403, "cross_site")
	}
	bert.header = http.Header{"Content-Type": {"text/plain"}}
	bert.decide(p, "approve", "").refused(422, "invalid_input")
	bert.header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	bert.post("/proposals/"+p.id()+"/decisions", "verdict=approve&digest="+p.digest()).refused(422, "invalid_input")
	r.NothingDue()
	bert.header = http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {r.url}}
	got := bert.decide(p, "approve", "").is(200)
	if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") || got.header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("the desk can be framed: %q", policy)
	}
}

// TestAbuse25_RejectionSticks tries to get a rejected text through.
func TestAbuse25_RejectionSticks(t *testing.T) {
	r := newRig(t)
	anna, bert := r.as("anna"), r.as("bert")
	talk := r.Mention("m1", "Hallo?")
	p := anna.submit(anna.draft(talk, "U krijgt uw geld terug.").is(201)).is(200)
	bert.decide(p, "reject", "").refused(422, "comment_required")
	if got := bert.decide(p, "reject", "Dat beloven wij niet.").is(200); got.str("state") != "rejected" || got.str("decisions", 0, "comment") == "" {
		t.Fatalf("the rejected proposal is %s", got.raw)
	}
	path := "/proposals/" + p.id()
	anna.submit(p).refused(409, "wrong_state")
	anna.post(path+"/revisions", obj{"text": "Dag!"}).refused(409, "wrong_state")
	anna.post(path+"/withdraw", nil).refused(409, "wrong_state")
	anna.post(path+"/retry", nil).refused(409, "wrong_state")
	anna.call("DELETE", path+"/endorsement", nil).refused(409, "wrong_state")
	bert.decide(p, "approve", "").refused(409, "wrong_state")
	again := anna.draft(talk, "u krijgt  uw geld terug!").is(201)
	if findings := string(again.raw); !strings.Contains(findings, "previously_rejected") || !strings.Contains(findings, p.id()) {
		t.Errorf("the same text comes back as if it were new: %s", findings)
	}
	r.NothingDue()
}

// TestAbuse30_UnknownIsNotSentAgain lets the author settle what may stand there.
func TestAbuse30_UnknownIsNotSentAgain(t *testing.T) {
	r := newRig(t)
	bert := r.as("bert")
	p := bert.submit(bert.draft(r.Mention("m1", "Hallo?"), "Dag!").is(201)).is(200)
	r.as("anna").decide(p, "approve", "").is(200)
	check(t, r.Approvals.RecordUnknown(t.Context(), r.Claim(), approval.Failure{Message: "the answer was lost"}))
	path := "/proposals/" + p.id()
	absent := obj{"outcome": "not_posted", "reason": "Ik zie niets."}
	bert.post(path+"/retry", nil).refused(409, "wrong_state")
	bert.post(path+"/revisions", obj{"text": "Dag!"}).refused(409, "wrong_state")
	bert.post(path+"/outcome", absent).refused(403, "self_approval")
	r.as("anna").post(path+"/outcome", absent).refused(403, "forbidden")
	r.as("paul").post(path+"/outcome", obj{"outcome": "posted", "reason": "gezien"}).refused(422, "invalid_input")
	r.as("paul").post(path+"/outcome", obj{"outcome": "not_posted", "reason": " "}).refused(422, "invalid_input")
	r.NothingDue()
	settled := r.as("paul").post(path+"/outcome", absent).is(200)
	if settled.str("state") != "failed" || !settled.yes("failure", "retryable") || settled.str("settled_by", "login") != "paul" {
		t.Fatalf("the settled proposal is %s", settled.raw)
	}
	if got := r.as("anna").post(path+"/retry", nil).is(200).str("state"); got != "queued" {
		t.Errorf("retried, it is %s", got)
	}
	r.Claim()
}
