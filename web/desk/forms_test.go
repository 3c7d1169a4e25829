package desk_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/web/desk/desktest"
)

// The forms by plain HTTP, as a browser without JavaScript sends them.

func TestEveryPageAnswers(t *testing.T) {
	d := desktest.New(t)
	all := d.Furnish()
	for _, login := range []string{"anna", "bert", "mara", "ada"} {
		c := d.SignedIn(login)
		for _, path := range []string{
			"/inbox", "/inbox?view=mine", "/inbox?view=unassigned", "/inbox?view=waiting", "/inbox?view=snoozed", "/inbox?view=resolved",
			"/inbox?view=all", "/inbox?account=plein", "/inbox?q=storing", "/inbox?q=xyzzy", "/settings/me", "/publishing", "/enrol",
			"/inbox/" + all[len(all)-4].ID.String(), "/inbox/" + all[len(all)-7].ID.String(), "/inbox/" + all[len(all)-8].ID.String(),
		} {
			if a := c.Get(path); a.Status != http.StatusOK {
				t.Errorf("%s: %s answers %d:\n%s", login, path, a.Status, text(a.Body))
			}
		}
		a := c.Get("/inbox/" + all[len(all)-1].ID.String())
		if writes := strings.Contains(a.Body, `name="do" value="submit"`); writes != (login == "anna" || login == "bert") {
			t.Errorf("%s is offered the composer: %t", login, writes)
		}
		if stops := strings.Contains(a.Body, `data-dialog="stop-dialog"`); stops != (login == "bert" || login == "ada") {
			t.Errorf("%s is offered the stop switch: %t", login, stops)
		}
	}
}

func TestSignInByForm(t *testing.T) {
	d := desktest.New(t)
	c := d.Browser()
	if a := c.Get("/inbox?view=mine"); a.Path != "/sign-in?next=%2Finbox%3Fview%3Dmine" {
		t.Errorf("a stranger lands at %s", a.Path)
	}
	a := c.Post("/sign-in", url.Values{"login": {"anna"}, "password": {"wrong"}})
	if a.Status != http.StatusUnauthorized || !strings.Contains(a.Body, "The login or the password is wrong.") || !strings.Contains(a.Body, `value="anna"`) {
		t.Errorf("a wrong password: %d\n%s", a.Status, text(a.Body))
	}
	if strings.Contains(a.Body, "wrong\"") {
		t.Error("the password is given back")
	}
	for _, next := range []string{"//evil.test/", "https://evil.test/", "/\\evil.test", "inbox"} {
		fresh := d.Browser()
		a = fresh.Post("/sign-in", url.Values{"login": {"anna"}, "password": {"correct horse battery staple"}, "next": {next}})
		if a.Path != "/inbox" {
			t.Errorf("next=%s leads to %s", next, a.Path)
		}
	}
	c = d.SignedIn("anna")
	if a = c.Post("/sign-out", nil); a.Path != "/sign-in" || !strings.Contains(a.Body, "You are signed out.") {
		t.Errorf("signing out leads to %s", a.Path)
	}
	if a = c.Get("/inbox"); !strings.HasPrefix(a.Path, "/sign-in") {
		t.Errorf("after signing out the inbox is at %s", a.Path)
	}
}

// A form that comes after the session has ended gives back what was typed.
func TestAnEndedSessionKeepsWhatWasTyped(t *testing.T) {
	d := desktest.New(t)
	talk := d.Mention("1", "Hallo?")
	a := d.Browser().Post("/inbox/"+talk.ID.String()+"/reply", url.Values{"text": {"Een lang <b>antwoord</b>"}, "do": {"submit"}})
	if a.Status != http.StatusUnauthorized || !strings.Contains(a.Body, "Een lang &lt;b&gt;antwoord&lt;/b&gt;") {
		t.Errorf("%d\n%s", a.Status, text(a.Body))
	}
}

func TestLanguageBeforeSignIn(t *testing.T) {
	d := desktest.New(t)
	for accept, want := range map[string]string{
		"nl-BE,nl;q=0.9,en;q=0.5": `lang="nl"`, "en-GB": `lang="en"`, "de,nl;q=0.4": `lang="nl"`, "": `lang="en"`, "zz;;": `lang="en"`,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.URL+"/sign-in", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Language", accept)
		a := d.Browser().Ask(r)
		if !strings.Contains(a.Body, "<html "+want) {
			t.Errorf("Accept-Language %q is not answered with %s", accept, want)
		}
	}
}

func TestTriageByForm(t *testing.T) {
	d := desktest.New(t)
	all := d.Furnish()
	talk := all[len(all)-1]
	c := d.SignedIn("anna")
	here := "/inbox/" + talk.ID.String()
	state := func() *inbox.Conversation {
		thread, err := d.Box.Thread(t.Context(), talk.ID)
		if err != nil {
			t.Fatal(err)
		}
		return thread.Conversation
	}
	send := func(want string, fields ...string) *desktest.Answer {
		t.Helper()
		form := url.Values{"id": {talk.ID.String()}, "back": {here}}
		for i := 0; i < len(fields); i += 2 {
			form.Add(fields[i], fields[i+1])
		}
		a := c.Post("/inbox/triage", form)
		if a.Status != http.StatusOK || a.Path != here || !strings.Contains(a.Body, want) {
			t.Fatalf("%v: %d at %s, without %q:\n%s", fields, a.Status, a.Path, want, text(a.Body))
		}
		return a
	}
	a := send("Resolved.", "do", "resolve")
	if state().State != inbox.Resolved {
		t.Error("it is not resolved")
	}
	c.Post("/inbox/undo", url.Values{"undo": {hidden(t, a.Body, "undo")}, "back": {here}})
	if state().State != inbox.Open {
		t.Error("it is not open again after undo")
	}
	if a = c.Post("/inbox/undo", url.Values{"undo": {hidden(t, a.Body, "undo")}, "back": {here}}); !strings.Contains(a.Body, "too late to undo") {
		t.Error("the same is undone twice")
	}
	send("Priority changed.", "do", "priority", "priority", "urgent")
	send("Labels changed.", "do", "labels", "labels", "app", "label", "ios")
	send("Snoozed.", "do", "snooze", "snooze", "tomorrow", "zone", "60")
	send("Reopened.", "do", "reopen")
	send("Assignment changed.", "do", "assign", "assignee", d.As("bert").ID.String())
	got := state()
	if got.Priority != inbox.Urgent || strings.Join(got.Labels, " ") != "app ios" || got.State != inbox.Open || got.Assignee != d.As("bert").ID {
		t.Errorf("triage made %+v", got)
	}
	send("It was like that already.", "do", "priority", "priority", "urgent")
	if a = c.Post("/inbox/triage", url.Values{"id": {talk.ID.String()}, "do": {"snooze"}, "snooze": {"own"}, "until": {"gisteren"}}); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a snooze until nonsense: %d", a.Status)
	}
	if a = d.SignedIn("mara").Post("/inbox/triage", url.Values{"id": {talk.ID.String()}, "do": {"resolve"}}); a.Status != http.StatusForbidden {
		t.Errorf("a manager triages: %d", a.Status)
	}
}

func TestBulkTriageAndUndo(t *testing.T) {
	d := desktest.New(t)
	all := d.Furnish()
	c := d.SignedIn("bert")
	form := url.Values{"do": {"mine"}, "back": {"/inbox"}}
	for _, talk := range all[:5] {
		form.Add("id", talk.ID.String())
	}
	a := c.Post("/inbox/triage", form)
	if !strings.Contains(a.Body, "5 assigned to you.") {
		t.Fatalf("%s", text(a.Body))
	}
	if _, err := d.Box.Change(t.Context(), d.As("anna").By, all[2].ID, inbox.Change{Assignee: new(d.As("anna").ID)}); err != nil {
		t.Fatal(err)
	}
	a = c.Post("/inbox/undo", url.Values{"undo": {hidden(t, a.Body, "undo")}, "back": {"/inbox"}})
	if !strings.Contains(a.Body, "4 of 5 undone") {
		t.Errorf("anna's later change is not left alone:\n%s", text(a.Body))
	}
}

func TestTakeNextByForm(t *testing.T) {
	d := desktest.New(t)
	all := d.Furnish()
	urgent := all[len(all)-2]
	a := d.SignedIn("bert").Post("/inbox/take-next", url.Values{"back": {"/inbox"}})
	if want := "/inbox/" + urgent.ID.String() + "?view=mine"; a.Path != want || !strings.Contains(a.Body, "is yours now") {
		t.Errorf("take next leads to %s, want %s", a.Path, want)
	}
}

func TestTheListGoesOnByItsLink(t *testing.T) {
	d := desktest.New(t)
	for i := range 95 {
		d.Say("plein", "p"+strings.Repeat("x", i%7)+string(rune('a'+i%26))+strings.Repeat("y", i/26), "@k", "Kees", "Vraag", 0)
	}
	c := d.SignedIn("anna")
	rows := regexp.MustCompile(`id="row-([0-9a-f-]+)"`)
	next := regexp.MustCompile(`id="more" href="([^"]+)"`)
	seen := make(map[string]bool)
	path, pages := "/inbox", 0
	for path != "" {
		a := c.Get(path)
		pages++
		for _, m := range rows.FindAllStringSubmatch(a.Body, -1) {
			if seen[m[1]] {
				t.Errorf("%s is listed twice", m[1])
			}
			seen[m[1]] = true
		}
		path = ""
		if m := next.FindStringSubmatch(a.Body); m != nil {
			path = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	if len(seen) != 95 || pages != 3 {
		t.Errorf("%d conversations on %d pages", len(seen), pages)
	}
}

func TestFoundWordsStandOutInListAndThread(t *testing.T) {
	d := desktest.New(t)
	talk := d.Say("plein", "1", "@eva", "Eva", "Het café <b>Noord</b> heeft storingen.", 0)
	if _, err := d.Box.AddNote(t.Context(), d.As("bert").By, talk.ID, "Storing bevestigd."); err != nil {
		t.Fatal(err)
	}
	c := d.SignedIn("anna")
	want := `Het <mark class="hit">café</mark> &lt;b&gt;Noord&lt;/b&gt; heeft <mark class="hit">storingen</mark>.`
	a := c.Get("/inbox?q=" + url.QueryEscape("Cafe storing"))
	says(t, a, http.StatusOK, want, "/inbox/"+talk.ID.String()+"?q=Cafe&#43;storing")
	a = c.Get("/inbox/" + talk.ID.String() + "?q=Cafe+storing")
	if n := strings.Count(a.Body, want); n != 2 {
		t.Errorf("they stand out %d times, want in the list and in the thread", n)
	}
	says(t, a, http.StatusOK, `<mark class="hit">Storing</mark> bevestigd.`)
	lacks(t, c.Get("/inbox/"+talk.ID.String()), `class="hit"`)
}

func TestAnswerByForm(t *testing.T) {
	d := desktest.New(t)
	talk := d.Mention("1", "Is er storing?")
	c := d.SignedIn("anna")
	here := "/inbox/" + talk.ID.String()
	a := c.Post(here+"/reply", url.Values{"text": {"Ja, in de"}, "do": {"save"}, "back": {here}})
	if a.Path != here || !strings.Contains(a.Body, "Draft saved.") || !strings.Contains(a.Body, ">Ja, in de</textarea>") {
		t.Fatalf("saving a draft: %d at %s\n%s", a.Status, a.Path, text(a.Body))
	}
	proposal, digest := hidden(t, a.Body, "proposal"), hidden(t, a.Body, "digest")
	long := strings.Repeat("te lang ", 60)
	a = c.Post(here+"/reply", url.Values{"text": {long}, "proposal": {proposal}, "digest": {digest}, "do": {"submit"}, "back": {here}})
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, strings.TrimSpace(long)) || !strings.Contains(a.Body, "the platform takes 280") {
		t.Errorf("a text that is too long: %d\n%s", a.Status, text(a.Body))
	}
	a = c.Post(here+"/reply", url.Values{"text": {"Ja\u202e verborgen"}, "proposal": {proposal}, "digest": {digest}, "do": {"submit"}, "back": {here}})
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, "U&#43;202E right-to-left override") {
		t.Errorf("a hidden character: %d\n%s", a.Status, text(a.Body))
	}
	a = c.Post(here+"/reply", url.Values{"text": {"Ja, in de binnenstad."}, "proposal": {proposal}, "digest": {strings.Repeat("0", 64)}, "do": {"submit"}, "back": {here}})
	if a.Status != http.StatusConflict || !strings.Contains(a.Body, "Ja, in de binnenstad.") {
		t.Errorf("a stale digest: %d\n%s", a.Status, text(a.Body))
	}
	a = c.Post(here+"/reply", url.Values{"text": {"Ja, in de binnenstad."}, "proposal": {proposal}, "digest": {digest}, "do": {"submit"}, "back": {here}})
	if a.Path != here || !strings.Contains(a.Body, "Submitted. A second person decides.") {
		t.Fatalf("submitting: %d at %s\n%s", a.Status, a.Path, text(a.Body))
	}
	list, err := d.Approvals.OfConversation(t.Context(), talk.ID)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d proposals, %v", len(list), err)
	}
	if p := list[0]; p.State != approval.InReview || p.Envelope.Text != "Ja, in de binnenstad." || p.Revision != 2 || p.Author != d.As("anna").ID {
		t.Errorf("the proposal is %s, revision %d, %q", p.State, p.Revision, p.Envelope.Text)
	}
	a = c.Post(here+"/withdraw", url.Values{"proposal": {proposal}, "back": {here}})
	if !strings.Contains(a.Body, "Withdrawn.") {
		t.Errorf("withdrawing: %d\n%s", a.Status, text(a.Body))
	}
}

func TestAMailShowsWhereTheAnswerGoes(t *testing.T) {
	d := desktest.New(t)
	talk := d.Mail()
	a := d.SignedIn("anna").Get("/inbox/" + talk.ID.String())
	seen := text(a.Body)
	for _, want := range []string{"h.smit@klant.test", "Re: Meterstanden kloppen niet", "Quoted history", "meter.jpg", "Private"} {
		if !strings.Contains(seen, want) {
			t.Errorf("%q is not shown:\n%s", want, seen)
		}
	}
	if strings.Contains(seen, "In-Reply-To") {
		t.Error("the composer shows what only machines read")
	}
}

func TestUpstreamChangesShow(t *testing.T) {
	d := desktest.New(t)
	talk := d.Changed()
	a := d.SignedIn("anna").Get("/inbox/" + talk.ID.String())
	seen := text(a.Body)
	for _, want := range []string{"Edited", "Jullie zijn oplichters.", "Ik vind dit tarief onbegrijpelijk.", "Deleted by its author"} {
		if !strings.Contains(seen, want) {
			t.Errorf("%q is not shown:\n%s", want, seen)
		}
	}
}

// An answer goes to the newest mention that still stands; where none does,
// nothing can be answered.
func TestAnswersGoToWhatStillStands(t *testing.T) {
	d := desktest.New(t)
	talk := d.Changed()
	c := d.SignedIn("anna")
	thread, err := d.Box.Thread(t.Context(), talk.ID)
	if err != nil {
		t.Fatal(err)
	}
	first := thread.Mentions[0]
	if target := hidden(t, c.Get("/inbox/"+talk.ID.String()).Body, "target"); target != first.ID.String() {
		t.Errorf("the answer goes to %s, want %s", target, first.ID)
	}
	d.Ingest("plein", inbox.Inbound{ExternalID: first.ExternalID, Deleted: true})
	if a := c.Get("/inbox/" + talk.ID.String()); !strings.Contains(a.Body, "there is nothing to answer") || strings.Contains(a.Body, `id="reply"`) {
		t.Errorf("an answer is offered to nothing:\n%s", text(a.Body))
	}
}

// A double click makes one proposal.
func TestTheSameDraftTwiceIsOne(t *testing.T) {
	d := desktest.New(t)
	talk := d.Mention("1", "Is er storing?")
	c := d.SignedIn("anna")
	for range 2 {
		c.Post("/inbox/"+talk.ID.String()+"/reply", url.Values{"text": {"Ja."}, "do": {"save"}})
	}
	list, err := d.Approvals.OfConversation(t.Context(), talk.ID)
	if err != nil || len(list) != 1 {
		t.Errorf("%d proposals, %v", len(list), err)
	}
}

func TestMeasureTellsWhatTheChecksSay(t *testing.T) {
	d := desktest.New(t)
	talk := d.Mention("1", "Is er storing?")
	a := d.SignedIn("anna").Post("/inbox/"+talk.ID.String()+"/measure", url.Values{"text": {"Wij garanderen\u200b dat."}})
	for _, want := range []string{`"length":20`, `"limit":280`, `"code":"promise"`, `"excerpt":"garanderen"`, `"at":15`, "U+200B"} {
		if !strings.Contains(a.Body, want) {
			t.Errorf("%s is missing in %s", want, a.Body)
		}
	}
}

func TestNotesByForm(t *testing.T) {
	d := desktest.New(t)
	talk := d.Mention("1", "Is er storing?")
	c := d.SignedIn("anna")
	here := "/inbox/" + talk.ID.String()
	if a := c.Post(here+"/notes", url.Values{"text": {"Bel <Kees> hierover."}, "back": {here}}); !strings.Contains(a.Body, "Bel &lt;Kees&gt; hierover.") {
		t.Errorf("the note is not there:\n%s", text(a.Body))
	}
	if a := c.Post(here+"/notes", url.Values{"text": {"  "}, "back": {here}}); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("an empty note: %d", a.Status)
	}
}

func TestStopAndResumeByForm(t *testing.T) {
	d := desktest.New(t)
	bert := d.SignedIn("bert")
	if a := bert.Post("/publishing/stop", url.Values{"reason": {" "}}); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("a stop without a reason: %d", a.Status)
	}
	if a := d.SignedIn("anna").Post("/publishing/stop", url.Values{"reason": {"zomaar"}}); a.Status != http.StatusForbidden || !strings.Contains(a.Body, "zomaar") {
		t.Errorf("an agent stops publishing: %d\n%s", a.Status, text(a.Body))
	}
	if a := bert.Post("/publishing/stop", url.Values{"reason": {"Verkeerd tarief"}, "back": {"/inbox?view=mine"}}); a.Path != "/inbox?view=mine" {
		t.Errorf("stopping leads to %s", a.Path)
	}
	a := d.SignedIn("mara").Get("/inbox")
	if !strings.Contains(a.Body, "Stopped by bert") || !strings.Contains(a.Body, "Verkeerd tarief") {
		t.Errorf("mara does not see that publishing is stopped:\n%s", text(a.Body))
	}
	if a = d.SignedIn("ada").Post("/publishing/resume", url.Values{"reason": {"Hersteld"}}); !strings.HasPrefix(a.Path, "/approvals/") {
		t.Errorf("proposing to resume leads to %s", a.Path)
	}
	if a = bert.Get("/publishing"); !strings.Contains(a.Body, "ada proposes to resume") {
		t.Errorf("the proposal is not shown:\n%s", text(a.Body))
	}
}

func TestMySettingsByForm(t *testing.T) {
	d := desktest.New(t)
	c := d.SignedIn("anna")
	if a := c.Post("/settings/me/language", url.Values{"language": {"nl"}}); !strings.Contains(a.Body, "Taal gewijzigd.") || !strings.Contains(a.Body, `<html lang="nl">`) {
		t.Errorf("the language stays:\n%s", text(a.Body))
	}
	c.Post("/settings/me/language", url.Values{"language": {"en"}})
	if a := c.Post("/settings/me/password", url.Values{"current": {"wrong"}, "new": {"vier losse woorden samen"}, "again": {"vier losse woorden samen"}}); a.Status == http.StatusOK {
		t.Error("a wrong password changes the password")
	}
	a := c.Post("/settings/me/tokens", url.Values{"name": {"Rapport"}, "scope": {"read"}, "days": {"30"}})
	secret := regexp.MustCompile(`spt_[A-Za-z0-9_-]+`).FindString(a.Body)
	if a.Status != http.StatusCreated || secret == "" {
		t.Fatalf("making a token: %d\n%s", a.Status, text(a.Body))
	}
	if a = c.Get("/settings/me"); strings.Contains(a.Body, secret) || !strings.Contains(a.Body, "Rapport") {
		t.Error("the token's secret is shown again, or the token is not listed")
	}
	revoke := regexp.MustCompile(`/settings/me/tokens/[0-9a-f-]+/revoke`).FindString(a.Body)
	if a = c.Post(revoke, nil); !strings.Contains(a.Body, "no longer works") {
		t.Errorf("revoking: %d\n%s", a.Status, text(a.Body))
	}
	d.SignedIn("anna")
	a = c.Get("/settings/me")
	end := regexp.MustCompile(`/settings/me/sessions/[0-9a-f-]+/end`).FindString(a.Body)
	if a = c.Post(end, nil); !strings.Contains(a.Body, "That session has ended.") {
		t.Errorf("ending a session: %d\n%s", a.Status, text(a.Body))
	}
}

// What customers and colleagues write is text, never markup or a header.
func TestWhatPeopleWriteIsEscaped(t *testing.T) {
	d := desktest.New(t)
	evil := `</textarea><script>alert(1)</script><img src=x onerror=alert(1)>`
	talk := d.Say("plein", "e1", `@"><b>`, evil, evil, 0)
	c := d.SignedIn("anna")
	for _, path := range []string{"/inbox", "/inbox/" + talk.ID.String(), "/inbox?q=" + url.QueryEscape(evil)} {
		if a := c.Get(path); strings.Contains(a.Body, "<script>alert") || strings.Contains(a.Body, "<img src=x") {
			t.Errorf("%s holds markup that a customer wrote", path)
		}
	}
	ftp := d.Ingest("plein", inbox.Inbound{
		ExternalID: "e2", Author: inbox.Author{ExternalID: "e", URL: "javascript:alert(2)"}, Kind: "post", Visibility: inbox.Public, Text: "x", URL: "javascript:alert(1)",
	})
	if a := c.Get("/inbox/" + ftp.ID.String()); strings.Contains(a.Body, `href="javascript:`) {
		t.Error("a link of a customer runs a script")
	}
}

var space = regexp.MustCompile(`\s+`)

// text is a page without its marks, for messages.
func text(body string) string {
	if i := strings.Index(body, "<main"); i > 0 {
		body = body[i:]
	}
	return space.ReplaceAllString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, " "), " ")
}

// hidden is the value of a hidden field.
func hidden(t *testing.T, body, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("there is no field %s in\n%s", name, text(body))
	}
	return m[1]
}
