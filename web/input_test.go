package web_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/people"
)

func TestSigningInAndOut(t *testing.T) {
	r := newRig(t)
	nobody := r.nobody()
	wrong := nobody.post("/session", obj{"login": "anna", "password": "wrong horse"}).refused(401, "unauthenticated")
	unknown := nobody.post("/session", obj{"login": "nemo", "password": "wrong horse"}).refused(401, "unauthenticated")
	if string(wrong.raw) != string(unknown.raw) {
		t.Errorf("a wrong password and an unknown login are told apart:\n%s%s", wrong.raw, unknown.raw)
	}
	anna := r.as("anna")
	me := anna.get("/me").is(200)
	if me.str("person", "login") != "anna" || me.str("roles", 0) != "agent" || me.str("via") != "desk" || me.str("language") == "" {
		t.Fatalf("anna is %s", me.raw)
	}
	if own := anna.get("/sessions").is(200); !own.yes("items", 0, "current") {
		t.Errorf("anna's newest session is not the one that asks: %s", own.raw)
	}
	anna.call("PATCH", "/me", obj{"language": "nl"}).is(200)
	if got := anna.get("/me").str("language"); got != "nl" {
		t.Errorf("anna's language is %q", got)
	}
	anna.call("DELETE", "/session", nil).is(204)
	anna.get("/me").refused(401, "unauthenticated")
}

func TestCookieIsClosedToScriptsAndOtherSites(t *testing.T) {
	r := newRig(t)
	cookie := r.nobody().post("/session", obj{"login": "anna", "password": approvaltest.Password}).is(200).header.Get("Set-Cookie")
	for _, part := range []string{"standpunt=", "HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie %q lacks %s", cookie, part)
		}
	}
}

func TestEndedSessionsAndTokensAreRefused(t *testing.T) {
	r := newRig(t)
	anna := r.as("anna")
	session := anna.get("/sessions").is(200).str("items", 0, "id")
	anna.call("DELETE", "/sessions/"+session, nil).is(204)
	anna.get("/conversations").refused(401, "unauthenticated")

	bert := r.as("bert")
	made := bert.post("/tokens", obj{"name": "script", "scopes": []string{"read"}}).is(201)
	program := r.nobody()
	program.token = made.str("secret")
	program.get("/me").is(200)
	program.post("/tokens", obj{"name": "more", "scopes": []string{"read"}}).refused(403, "forbidden")
	bert.call("DELETE", "/tokens/"+made.id(), nil).is(204)
	refusal := program.get("/me").refused(401, "unauthenticated")
	if refusal.header.Get("WWW-Authenticate") == "" {
		t.Error("the refusal does not say how to authenticate")
	}
	if list := bert.get("/tokens").is(200); list.yes("items", 0, "live") || strings.Contains(string(list.raw), made.str("secret")) {
		t.Errorf("the tokens are %s", list.raw)
	}
}

// TestBadInputGetsAClearAnswer sends what people and programs get wrong.
func TestBadInputGetsAClearAnswer(t *testing.T) {
	r := newRig(t)
	r.Adapt("plein", func(p *approval.Platform) {
		p.Measure = func(text string) approval.Measure {
			return approval.Measure{Length: utf8.RuneCountInString(text), Limit: 100, Unit: "characters"}
		}
	})
	talk := r.Mention("m1", "Hallo?")
	anna := r.as("anna")
	drafts := "/conversations/" + talk.ID.String() + "/proposals"
	for _, c := range []struct {
		name, method, path string
		body               any
		status             int
		code, field, says  string
	}{
		{"an unknown conversation", "GET", "/conversations/0190a000-0000-7000-8000-000000000000", nil, 404, "not_found", "conversation", ""},
		{"no id at all", "GET", "/conversations/1", nil, 404, "not_found", "conversation", ""},
		{"an unknown proposal", "GET", "/proposals/0190a000-0000-7000-8000-000000000000", nil, 404, "not_found", "", ""},
		{"an id beyond 2^53", "GET", "/proposals/9007199254740993", nil, 404, "not_found", "proposal", ""},
		{"an unknown call", "GET", "/nothing", nil, 404, "not_found", "", "openapi.json"},
		{"another method", "PUT", drafts, obj{}, 405, "not_found", "", "POST"},
		{"an empty text", "POST", drafts, obj{"kind": "reply", "text": "  \n "}, 422, "empty_text", "text", ""},
		{"a long text", "POST", drafts, obj{"kind": "reply", "text": strings.Repeat("a", 101)}, 422, "text_too_long", "text", "Shorten it by 1"},
		{"a bidirectional override", "POST", drafts, obj{"kind": "reply", "text": "Dag \u202egnissor"}, 422, "hidden_characters", "text", "U+202E"},
		{"a zero-width space", "POST", drafts, obj{"kind": "reply", "text": "Dag\u200b!"}, 422, "hidden_characters", "text", "U+200B"},
		{"a wrong kind", "POST", drafts, obj{"kind": "poem", "text": "Dag"}, 422, "invalid_input", "kind", "reply"},
		{"a missing field", "POST", drafts, obj{"kind": "reply"}, 422, "invalid_input", "text", "missing"},
		{"a misspelt field", "POST", drafts, obj{"kind": "reply", "txt": "Dag"}, 422, "invalid_input", "txt", "Did you mean text?"},
		{"a field in capitals", "POST", drafts, obj{"kind": "reply", "Text": "Dag"}, 422, "invalid_input", "Text", "Did you mean text?"},
		{"a number for a text", "POST", drafts, obj{"kind": "reply", "text": 7}, 422, "invalid_input", "text", "string"},
		{"a target elsewhere", "POST", drafts, obj{"kind": "reply", "text": "Dag", "target": "x"}, 404, "not_found", "target", ""},
		{"a span in words", "POST", drafts, obj{"kind": "reply", "text": "Dag", "valid_for": "an hour"}, 422, "invalid_input", "valid_for", ""},
		{"too long a span", "POST", drafts, obj{"kind": "reply", "text": "Dag", "valid_for": "48h"}, 422, "invalid_input", "valid_for", ""},
		{"too far ahead", "POST", drafts, obj{"kind": "reply", "text": "Dag", "not_before": "2099-01-01T00:00:00Z"}, 422, "invalid_input", "not_before", "72 hours"},
		{"broken JSON", "POST", drafts, "{\"kind\": \"reply\",\n  \"text\": }", 400, "malformed_json", "", "line 2, column 11"},
		{"half a body", "POST", drafts, `{"kind": "reply"`, 400, "malformed_json", "", "breaks off"},
		{"an empty body", "POST", drafts, " ", 400, "malformed_json", "", "empty"},
		{"no body", "POST", drafts, nil, 400, "malformed_json", "", "empty"},
		{"two values", "POST", drafts, `{"kind": "reply", "text": "Dag"} {}`, 400, "malformed_json", "", "after the end"},
		{"a list", "POST", drafts, `[]`, 422, "invalid_input", "", "object"},
		{"invalid UTF-8", "POST", drafts, []byte("{\"kind\": \"reply\", \"text\": \"\xff\"}"), 400, "malformed_json", "", "UTF-8"},
		{"half a surrogate pair", "POST", drafts, `{"kind": "reply", "text": "\ud800"}`, 400, "malformed_json", "", ""},
		{"a deep value", "POST", drafts, `{"kind": ` + strings.Repeat("[", 5000), 400, "malformed_json", "", "deeply"},
		{"a large body", "POST", drafts, obj{"kind": "reply", "text": strings.Repeat("a", 2<<20)}, 413, "body_too_large", "", "1048576"},
		{"an unknown parameter", "GET", "/conversations?stat=open", nil, 422, "invalid_input", "stat", "Did you mean state?"},
		{"an unknown state", "GET", "/conversations?state=opn", nil, 422, "invalid_input", "state", "open"},
		{"an unknown proposal state", "GET", "/proposals?state=drft", nil, 422, "invalid_input", "state", "draft"},
		{"a limit of letters", "GET", "/conversations?limit=many", nil, 422, "invalid_input", "limit", ""},
		{"a limit of none", "GET", "/conversations?limit=0", nil, 422, "invalid_input", "limit", ""},
		{"a foreign cursor", "GET", "/conversations?cursor=AAAA", nil, 422, "invalid_input", "cursor", "first page"},
		{"an unknown assignee", "GET", "/conversations?assignee=nemo", nil, 404, "not_found", "assignee", ""},
		{"snoozed until never", "PATCH", "/conversations/" + talk.ID.String(), obj{"state": "snoozed"}, 422, "invalid_input", "", ""},
		{"an older version", "PATCH", "/conversations/" + talk.ID.String(), obj{"state": "resolved", "if_version": 99}, 409, "conflict", "", ""},
		{"a stranger as assignee", "PATCH", "/conversations/" + talk.ID.String(), obj{"assignee": "nemo"}, 404, "not_found", "assignee", ""},
		{"an unknown account", "POST", "/accounts/nowhere/check", nil, 404, "not_found", "account", ""},
		{"a stop by an agent", "POST", "/publishing/stop", obj{"reason": "no"}, 403, "forbidden", "", ""},
		{"not waiting any more", "POST", "/conversations/next", nil, 200, "", "", ""},
		{"nothing left to take", "POST", "/conversations/next", nil, 404, "not_found", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := anna.call(c.method, c.path, c.body)
			if c.status < 400 {
				got.is(c.status)
				return
			}
			got.t = t
			got.refused(c.status, c.code)
			if c.field != "" && got.str("field") != c.field {
				t.Errorf("the field at fault is %q, want %q: %s", got.str("field"), c.field, got.raw)
			}
			if !strings.Contains(string(got.raw), c.says) {
				t.Errorf("the answer does not say %q: %s", c.says, got.raw)
			}
		})
	}
	anna.draft(talk, "Dag! 👨‍👩‍👧‍👦").is(201)
	if large := anna.call("POST", drafts, obj{"text": strings.Repeat("a", 2<<20)}); large.str("details", "max_body") != "1048576" {
		t.Errorf("the refusal of a large body says %s", large.raw)
	}
	anna.header.Set("Content-Type", "text/plain")
	anna.call("POST", drafts, `{"kind": "reply", "text": "Dag"}`).refused(422, "invalid_input")
}

// TestTriage takes, assigns, labels, snoozes and resolves, and adds a note.
func TestTriage(t *testing.T) {
	r := newRig(t)
	talk := r.Mention("m1", "De app doet niets")
	r.Mention("m2", "Compliment!")
	anna := r.as("anna")
	path := "/conversations/" + talk.ID.String()
	changed := anna.call("PATCH", path, obj{"assignee": "bert", "labels": []string{"storing"}, "priority": "high"}).is(200)
	if changed.str("assignee", "login") != "bert" || changed.str("labels", 0) != "storing" || changed.str("priority") != "high" {
		t.Fatalf("the conversation is %s", changed.raw)
	}
	for query, want := range map[string]int{
		"": 2, "?assignee=bert": 1, "?assignee=none": 1, "?assignee=me": 0, "?label=storing": 1, "?q=app": 1, "?q=trein": 0,
		"?state=open,waiting": 2, "?priority=high&awaiting=true": 1, "?account=plein": 2, "?account=elders": 0,
	} {
		if got := len(anna.get("/conversations" + query).is(200).items()); got != want {
			t.Errorf("GET /conversations%s finds %d, want %d", query, got, want)
		}
	}
	if got := anna.call("PATCH", path, `{"assignee": null}`).is(200); got.at("assignee") != nil {
		t.Errorf("still assigned: %s", got.raw)
	}
	snoozed := anna.call("PATCH", path, obj{"snoozed_until": "2099-01-01T00:00:00Z"}).is(200)
	if snoozed.str("state") != "snoozed" || snoozed.str("snoozed_until") != "2099-01-01T00:00:00.000Z" {
		t.Errorf("the snoozed conversation is %s", snoozed.raw)
	}
	if got := anna.call("PATCH", path, `{"snoozed_until": null}`).is(200).str("state"); got != "open" {
		t.Errorf("after the snooze it is %s", got)
	}
	anna.post(path+"/notes", obj{"text": "Belt terug"}).is(201)
	if thread := anna.get(path).is(200); thread.str("notes", 0, "text") != "Belt terug" || thread.str("notes", 0, "author", "login") != "anna" {
		t.Errorf("the thread is %s", thread.raw)
	}
	if got := anna.call("PATCH", path, obj{"state": "resolved"}).is(200).str("state"); got != "resolved" {
		t.Errorf("resolved, it is %s", got)
	}
	if counts := anna.get("/counts").is(200); counts.at("open") != 1.0 || counts.at("resolved") != 1.0 {
		t.Errorf("the counts are %s", counts.raw)
	}
	page := anna.get("/conversations?limit=1").is(200)
	rest := anna.get("/conversations?limit=1&cursor=" + page.str("next")).is(200)
	if page.str("items", 0, "id") == rest.str("items", 0, "id") || rest.at("next") != nil {
		t.Errorf("the pages are %s and %s", page.raw, rest.raw)
	}
	r.as("mara").call("PATCH", path, obj{"state": "open"}).refused(403, "forbidden")
}

// TestLogsHoldNothingPrivate looks for passwords, tokens, texts, ids and names in the request log.
func TestLogsHoldNothingPrivate(t *testing.T) {
	r := newRig(t)
	talk := r.Mention("m1", "Mijn geheime vraag")
	anna := r.as("anna")
	p := anna.draft(talk, "Het geheime antwoord").is(201)
	program := r.withToken("anna", people.Read)
	program.get("/proposals/" + p.id()).is(200)
	program.get("/conversations?q=geheime").is(200)
	anna.post("/session", `{"login": "anna", "passwrod": "hunter2hunter2"}`).refused(422, "invalid_input")
	log := r.log.String()
	if !strings.Contains(log, "route=/api/v1/proposals/{id}") {
		t.Fatalf("the log does not tell of the requests:\n%s", log)
	}
	for _, secret := range []string{approvaltest.Password, program.token, "geheime", p.id(), talk.ID.String(), "anna", "hunter2"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}
