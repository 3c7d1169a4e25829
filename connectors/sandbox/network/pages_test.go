package network_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"standpunt/connectors/sandbox/network"
)

func (r *rig) page(path string, header ...string) string {
	r.t.Helper()
	status, body := r.send("GET", path, "", "", header...)
	if status != 200 {
		r.t.Fatalf("GET %s: status %d: %s", path, status, body)
	}
	return string(body)
}

// form is a form as a browser sends it.
func (r *rig) form(path string, fields ...string) (int, string) {
	r.t.Helper()
	values := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	status, body := r.send("POST", path, "", values.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	return status, string(body)
}

func TestPagesEscapeWhatPeopleWrite(t *testing.T) {
	r := start(t)
	p := r.post("eva", `<script>alert(1)</script> @noordlicht <img src=x onerror="x"> https://a.test/?q="><b>`, "")
	for _, path := range []string{"/", "/posts/" + p.ID, "/@eva"} {
		page := r.page(path)
		if strings.Contains(page, "<script>alert") || strings.Contains(page, "<img src=x") || strings.Contains(page, "<b>") {
			t.Errorf("%s is not escaped", path)
		}
		if !strings.Contains(page, `&lt;script&gt;alert(1)&lt;/script&gt; <a href="/@noordlicht" rel="nofollow noopener">@noordlicht</a> &lt;img`) {
			t.Errorf("%s does not show the text:\n%s", path, page)
		}
		if strings.Contains(page, " style=") || strings.Contains(page, "onclick=") {
			t.Errorf("%s needs what the content security policy forbids", path)
		}
	}
}

func TestPagesSpeakDutchAndEnglish(t *testing.T) {
	r := start(t)
	if _, err := r.net.Seed(t.Context(), network.History{Posts: 20, Answers: true}); err != nil {
		t.Fatal(err)
	}
	r.fault(`{"kind":"slow","count":3,"on":"reads"}`)
	missing := regexp.MustCompile(`\?[a-z_0-9]+\?`)
	for header, words := range map[string][2]string{
		"nl-BE,nl;q=0.9": {`lang="nl"`, "Reageren"}, "en-GB": {`lang="en"`, "Reply"}, "fr": {`lang="en"`, "Reply"},
	} {
		page := r.page("/", "Accept-Language", header)
		if !strings.Contains(page, words[0]) || !strings.Contains(page, words[1]) {
			t.Errorf("%s: not %v", header, words)
		}
		if m := missing.FindString(page); m != "" {
			t.Errorf("%s: no words for %s", header, m)
		}
	}
}

// Everything works with forms alone.
func TestFormsWithoutJavaScript(t *testing.T) {
	r := start(t)
	if status, body := r.form("/posts", "author", "@Piet", "text", "Regel een\r\nregel twee"); status != 303 {
		t.Fatalf("status %d: %s", status, body)
	}
	question := r.list("").Items[0]
	if question.Author != "piet" || question.Text != "Regel een\nregel twee" {
		t.Errorf("posted: %+v", question)
	}
	r.form("/posts", "author", "anna", "text", "Bij mij ook", "in_reply_to", question.ID, "back", "/posts/"+question.ID)
	replies := r.list("?in_reply_to=" + question.ID).Items
	if len(replies) != 1 || replies[0].Author != "anna" {
		t.Fatalf("replies: %+v", replies)
	}
	if page := r.page("/"); strings.Index(page, "Bij mij ook") < strings.Index(page, "regel twee") {
		t.Error("the reply does not stand below the question")
	}
	r.form("/posts/"+replies[0].ID+"/edit", "text", "Bij mij toch niet")
	if got := r.list("?in_reply_to=" + question.ID).Items[0]; got.Text != "Bij mij toch niet" || got.EditedAt == nil {
		t.Errorf("edited: %+v", got)
	}
	r.form("/posts/"+question.ID+"/delete", "back", "/")
	if page := r.page("/posts/" + question.ID); !strings.Contains(page, "This post was deleted.") || strings.Contains(page, "regel twee") {
		t.Error("a deleted question leaves no tombstone above its replies")
	}
	r.form("/posts/"+replies[0].ID+"/delete", "back", "/")
	if page := r.page("/"); strings.Contains(page, question.ID) {
		t.Error("a thread without any post left is shown")
	}
	if status, _ := r.send("GET", "/posts/"+question.ID, "", ""); status != 410 {
		t.Errorf("its page: status %d", status)
	}
}

func TestRefusedFormsKeepWhatWasTyped(t *testing.T) {
	r := start(t)
	question := r.post("eva", "Vraag", "")
	long := strings.Repeat("lang ", 120)
	status, page := r.form("/posts", "author", "jan", "text", long, "in_reply_to", question.ID)
	if status != 422 || !strings.Contains(page, long) || !strings.Contains(page, "600 characters") || !strings.Contains(page, `value="jan"`) {
		t.Errorf("status %d:\n%s", status, page)
	}
	_, dutch := r.send("POST", "/posts", "", "author=jan&text=+", "Content-Type", "application/x-www-form-urlencoded", "Accept-Language", "nl")
	if !strings.Contains(string(dutch), "De tekst is leeg.") {
		t.Errorf("in Dutch:\n%s", dutch)
	}
	for _, c := range []struct {
		status int
		path   string
		fields []string
	}{
		{422, "/posts", []string{"author", "jan", "text", ""}},
		{401, "/posts", []string{"author", "noordlicht", "text", "zogenaamd"}},
		{422, "/director", []string{"action", "burst", "count", "veel", "over_seconds", "5"}},
		{422, "/director", []string{"action", "explode"}},
	} {
		if status, page := r.form(c.path, c.fields...); status != c.status || !strings.Contains(page, "That did not work") {
			t.Errorf("%v: status %d", c, status)
		}
	}
	if got := ids(r.list("?author=noordlicht")); len(got) != 0 {
		t.Error("a form speaks for a brand")
	}
}

func TestFormsGoBackToThisNetworkAlone(t *testing.T) {
	r := start(t)
	for back, want := range map[string]string{
		"/posts/x?page=1": "/posts/x?page=1#", "//evil.test/": "/#", "https://evil.test/": "/#", "/\\evil.test": "/#", "": "/#",
	} {
		values := url.Values{"author": {"eva"}, "text": {"hoi"}, "back": {back}}
		if got := r.location("/posts", values); !strings.HasPrefix(got, want) {
			t.Errorf("back to %q goes to %q", back, got)
		}
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	r := start(t)
	for _, path := range []string{"/posts", "/director", "/api/posts"} {
		status, _ := r.send("POST", path, "", "author=eva&text=x", "Content-Type", "application/x-www-form-urlencoded",
			"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.test")
		if status != 403 {
			t.Errorf("%s: status %d", path, status)
		}
	}
	if got := r.list(""); len(got.Items) != 0 {
		t.Errorf("posted: %+v", got.Items)
	}
}
