package desk_test

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/people"
	"standpunt/store"
	"standpunt/web/desk/desktest"
)

func TestTheRecordIsNarrowed(t *testing.T) {
	began := time.Now().Format(time.DateOnly) // the day may end while the test runs
	s := newStage(t)
	mara := s.SignedIn("mara")
	all := mara.Get("/audit")
	says(t, all, http.StatusOK, "Give anna the roles: agent, press officer.", "Older entries", "/dossier/"+s.person.ID.String())
	bert := mara.Get("/audit?kind=proposal.&person=" + s.As("bert").ID.String())
	says(t, bert, http.StatusOK, "approved, and so stands behind it", "wrote a new revision")
	lacks(t, bert, "signed in", "Standpunt itself</span></td>")
	says(t, mara.Get("/audit?outcome=unknown"), http.StatusOK, "outcome unknown", `class="alarm"`, "/dossier/"+s.unknown.ID.String())
	lacks(t, mara.Get("/audit?outcome=unknown"), "/dossier/"+s.rich.ID.String())
	says(t, mara.Get("/audit?account=plein&kind=proposal."), http.StatusOK, "/dossier/"+s.rich.ID.String())
	lacks(t, mara.Get("/audit?account=plein&kind=proposal."), "/dossier/"+s.person.ID.String())
	now := time.Now()
	today, tomorrow := now.Format(time.DateOnly), now.AddDate(0, 0, 1).Format(time.DateOnly)
	says(t, mara.Get("/audit?from="+began+"&to="+today), http.StatusOK, "signed in")
	says(t, mara.Get("/audit?from="+tomorrow), http.StatusOK, "No entry matches")
	says(t, mara.Get("/audit?from=yesterday"), http.StatusUnprocessableEntity, "This is no day")
}

// What came in names its account and how much it was.
func TestTheRecordSaysWhatCameIn(t *testing.T) {
	d := desktest.New(t)
	d.Mention("1", "Hallo?")
	says(t, d.SignedIn("mara").Get("/audit"), http.StatusOK, "mentions came in", "plein</a>: 1 new")
}

// Every entry is met once on the way through the pages.
func TestTheRecordGoesOnByItsLink(t *testing.T) {
	s := newStage(t)
	mara := s.SignedIn("mara")
	size, err := s.Log.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]int)
	path := "/audit"
	for range 20 {
		a := mara.Get(path)
		for _, part := range strings.Split(a.Body, `<td class="number soft">`)[1:] {
			number, _, _ := strings.Cut(part, "<")
			seen[number]++
		}
		_, rest, more := strings.Cut(a.Body, `href="/audit?before=`)
		if !more {
			break
		}
		before, _, _ := strings.Cut(rest, `"`)
		path = "/audit?before=" + before
	}
	for number, times := range seen {
		if times != 1 {
			t.Errorf("entry %s is shown %d times", number, times)
		}
	}
	if uint64(len(seen)) != size {
		t.Errorf("%d of %d entries are shown", len(seen), size)
	}
}

func TestADossierTellsAWholeLife(t *testing.T) {
	s := newStage(t)
	mara := s.SignedIn("mara")
	a := mara.Get("/dossier/" + s.published.ID.String())
	says(t, a, http.StatusOK, "Official: approved, published and read back equal", "Dag Grace, ja, dat kan", "Is the app down?", "own-2",
		"equal to what was approved", "enough people stand behind it", s.published.Digest.String(), s.Log.VerifierKey()[:20])
	if a.Path != "/audit/proposals/"+s.published.ID.String() {
		t.Errorf("the dossier is at %s", a.Path)
	}
	says(t, mara.Get("/audit/proposals/"+s.rich.ID.String()), http.StatusOK, "Geen belofte over dagen, graag.", "Revision 3", "<ins>", "<del>", "asked for changes")
	says(t, mara.Get("/audit/proposals/"+s.policies.ID.String()), http.StatusOK, "an answer needs 3 different people")
	bundle, err := audit.ReadEvidence(strings.NewReader(mara.Get("/audit/proposals/" + s.published.ID.String() + "/evidence.json").Body))
	if err != nil {
		t.Fatal(err)
	}
	if err := audit.VerifyEvidence(bundle, s.Log.VerifierKey()); err != nil {
		t.Errorf("the evidence does not verify: %v", err)
	}
	if len(bundle.Leaves) < 6 || len(bundle.Contents) == 0 {
		t.Errorf("the evidence has %d entries and %d contents", len(bundle.Leaves), len(bundle.Contents))
	}
	says(t, mara.Get("/audit/proposals/"+s.published.ID.String()), http.StatusOK, "covers all of this")
}

func TestWhoTakesTheRecordAway(t *testing.T) {
	s := newStage(t)
	anna := s.SignedIn("anna")
	lacks(t, anna.Get("/audit"), "/audit/export.csv", "/audit/verify")
	for _, path := range []string{"/audit/export.csv", "/audit/export.jsonl", "/audit/proposals/" + s.published.ID.String() + "/evidence.json"} {
		says(t, anna.Get(path), http.StatusForbidden)
	}
	says(t, anna.Post("/audit/verify", nil), http.StatusForbidden)
	bert := s.SignedIn("bert")
	file := bert.Get("/audit/export.jsonl")
	says(t, file, http.StatusOK)
	if !strings.HasPrefix(file.Header.Get("Content-Disposition"), "attachment;") {
		t.Errorf("the export is no download: %v", file.Header)
	}
	report, err := audit.VerifyExport(bytes.NewReader([]byte(file.Body)), s.Log.VerifierKey(), approval.NewReplay().Step)
	if err != nil || !report.OK() {
		t.Errorf("the export does not verify: %v %+v", err, report)
	}
	table := bert.Get("/audit/export.csv?kind=proposal.approved")
	rows, err := csv.NewReader(strings.NewReader(table.Body)).ReadAll()
	if err != nil || len(rows) < 3 {
		t.Fatalf("the table has %d rows: %v", len(rows), err)
	}
	for _, row := range rows[1:] {
		if row[2] != "proposal.approved" {
			t.Errorf("the table has a row of %s", row[2])
		}
	}
}

func TestVerifyAtTheDesk(t *testing.T) {
	s := newStage(t)
	mara := s.SignedIn("mara")
	says(t, mara.Post("/audit/verify", nil), http.StatusOK, "The record holds", "steps of proposals were replayed", "approvals: behind each stood")
	// Somebody with the disk changes one entry.
	err := s.DB.Update(t.Context(), func(tx *store.Tx) error {
		for key, leaf := range tx.Scan("audit.entries", store.Range{}) {
			if i := bytes.LastIndex(leaf, []byte("rejected")); i > 0 && !bytes.HasSuffix(leaf[:i], []byte("proposal.")) {
				changed := bytes.Clone(leaf)
				copy(changed[i:], "approved")
				return tx.Put("audit.entries", bytes.Clone(key), changed)
			}
		}
		t.Error("nothing was rejected")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	says(t, mara.Post("/audit/verify", nil), http.StatusOK, "The record does not hold", "What is wrong")
}

func TestAccountsAndTheirAcceptance(t *testing.T) {
	d := desktest.New(t)
	err := d.Approvals.Reconcile(t.Context(), []approval.Configured{{Name: "plein", Kind: "sandbox", BaseURL: "http://plein.test"}, {Name: "nieuw", Kind: "push", BaseURL: "here"}})
	if err != nil {
		t.Fatal(err)
	}
	ada, bert := d.SignedIn("ada"), d.SignedIn("bert")
	says(t, ada.Get("/settings/accounts"), http.StatusOK, "plein", "Works", "nieuw", "receives only", "Once it has connected")
	says(t, ada.Post("/settings/accounts/nieuw/accept", url.Values{"reason": {"Voor de app."}}), http.StatusUnprocessableEntity, "The account has not connected yet")
	if err := d.Approvals.RecordIdentity(t.Context(), "nieuw", "brand-2", "@brand2", ""); err != nil {
		t.Fatal(err)
	}
	a := ada.Post("/settings/accounts/nieuw/accept", url.Values{"reason": {"Voor de app."}})
	says(t, a, http.StatusOK, "Let the account nieuw publish, as brand-2 at here.", "Voor de app.")
	says(t, ada.Get("/settings/accounts"), http.StatusOK, "ada proposes it; a second person decides.")
	path := strings.SplitN(a.Path, "?", 2)[0]
	says(t, bert.Post(path+"/decide", url.Values{"digest": {hidden(t, bert.Get(path).Body, "digest")}, "verdict": {"approve"}}), http.StatusOK, "Approved, and in force.")
	lacks(t, ada.Get("/settings/accounts"), "receives only")
	says(t, d.SignedIn("anna").Post("/settings/accounts/plein/accept", nil), http.StatusForbidden)
	says(t, bert.Post("/settings/accounts/plein/check", nil), http.StatusOK, "plein is being checked.")
	// A program's key is shown once, to an admin.
	says(t, bert.Post("/settings/accounts/nieuw/tokens", url.Values{"label": {"app"}}), http.StatusForbidden)
	made := ada.Post("/settings/accounts/nieuw/tokens", url.Values{"label": {"de app"}})
	says(t, made, http.StatusOK, "It is not shown again.", "de app")
	secret := secretIn(t, made.Body)
	if _, err := d.Staff.ByToken(t.Context(), secret); err != nil {
		t.Errorf("the token does not work: %v", err)
	}
	lacks(t, ada.Get("/settings/accounts"), secret)
	_, rest, _ := strings.Cut(made.Body, "/settings/accounts/tokens/")
	which, _, _ := strings.Cut(rest, "/")
	says(t, ada.Post("/settings/accounts/tokens/"+which+"/revoke", nil), http.StatusOK, "The token no longer works.")
	if _, err := d.Staff.ByToken(t.Context(), secret); err == nil {
		t.Error("the revoked token works")
	}
}

func TestWhatWasPublishedOutsideStandsOnTop(t *testing.T) {
	d := desktest.New(t)
	watch := approval.New(d.DB, d.Log, d.Staff, d.Box, approval.Options{OutsideAfter: time.Nanosecond})
	post := approval.OwnPost{ExternalID: "rogue", Text: "Wij betalen <b>alles</b>!", URL: "http://plein.test/rogue", PostedAt: time.Now().Add(time.Hour)}
	for _, posts := range [][]approval.OwnPost{nil, {post}} {
		if err := watch.Observe(t.Context(), "plein", posts); err != nil {
			t.Fatal(err)
		}
	}
	bert := d.SignedIn("bert")
	lacks(t, bert.Get("/settings/accounts"), "Published outside") // a receipt may still explain it
	if _, err := watch.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	says(t, bert.Get("/settings/accounts"), http.StatusOK, "Published outside", "Wij betalen &lt;b&gt;alles&lt;/b&gt;!")
	says(t, bert.Get("/audit?account=plein&kind=account."), http.StatusOK, "a post appeared that nobody here approved", `class="alarm"`)
}

func TestPeopleAreProposed(t *testing.T) {
	d := desktest.New(t)
	ada, anna := d.SignedIn("ada"), d.SignedIn("anna")
	says(t, anna.Get("/settings/people"), http.StatusOK, "press officer", "What each role may do")
	lacks(t, anna.Get("/settings/people"), "Propose a change", "Propose a new colleague")
	says(t, anna.Post("/settings/people", url.Values{"login": {"eva"}, "name": {"Eva"}, "roles": {"admin"}}), http.StatusForbidden)
	bad := ada.Post("/settings/people", url.Values{"login": {"e v a"}, "name": {"Eva Smit"}, "roles": {"press"}, "language": {"nl"}, "reason": {"Avonddienst"}})
	says(t, bad, http.StatusUnprocessableEntity, "Eva Smit", "Avonddienst", `value="press" checked`)
	who := d.As("anna").ID.String()
	says(t, ada.Post("/settings/people/"+who, url.Values{"do": {"roles"}, "reason": {"Zo"}}), http.StatusUnprocessableEntity, "A person needs a role", "Zo")
	says(t, ada.Post("/settings/people/"+who, url.Values{"do": {"nonsense"}}), http.StatusUnprocessableEntity)
	says(t, ada.Post("/settings/people/nobody", url.Values{"do": {"disable"}}), http.StatusNotFound)
	for do, sentence := range map[string]string{
		"roles": "Give anna the roles: agent, press officer.", "disable": "Disable anna: all their sessions end.", "reset": "Let anna choose a new password.",
	} {
		a := ada.Post("/settings/people/"+who, url.Values{"do": {do}, "roles": {"agent", "press"}})
		says(t, a, http.StatusOK, sentence, "You wrote this revision, so somebody else decides on it.")
	}
	says(t, ada.Get("/settings/people"), http.StatusOK, "Give anna the roles", "ada proposes it; a second person decides.")
	if p, err := d.Staff.Person(t.Context(), d.As("anna").ID); err != nil || p.Has(people.Press) || !p.Enabled {
		t.Errorf("a proposal alone changed %+v, %v", p, err)
	}
}

func TestRulesAreProposed(t *testing.T) {
	d := desktest.New(t)
	ada, bert := d.SignedIn("ada"), d.SignedIn("bert")
	says(t, ada.Get("/settings/policies"), http.StatusOK, "an answer needs 2 different people, its author included; among them: press officer.")
	says(t, d.SignedIn("anna").Get("/settings/policies/edit"), http.StatusForbidden)
	form := url.Values{
		"count": {"1"}, "name.1": {"default"}, "visibility.1": {"*"}, "account.1": {"*"}, "kind.1": {"*"}, "quorum.1": {"2"}, "role.1": {"press"}, "minutes.1": {"240"},
		"reason": {"Drie lezen beter."}, "do": {"add"},
	}
	a := ada.Post("/settings/policies/edit", form)
	says(t, a, http.StatusOK, `name="name.2" value="default"`, "Drie lezen beter.")
	form.Set("count", "2")
	for name, value := range map[string]string{"name": "strict", "visibility": "public", "account": "plein", "kind": "*", "quorum": "1", "role": "press", "minutes": "60", "independent": "yes"} {
		form.Set(name+".2", value)
	}
	form.Set("do", "propose")
	says(t, ada.Post("/settings/policies/edit", form), http.StatusUnprocessableEntity, "A quorum is 2 to 10 different people", "Drie lezen beter.", `value="strict"`)
	form.Set("quorum.2", "3")
	form.Set("do", "up 2")
	a = ada.Post("/settings/policies/edit", form)
	says(t, a, http.StatusOK, `name="name.1" value="strict"`)
	form.Set("do", "remove 1")
	says(t, ada.Post("/settings/policies/edit", form), http.StatusOK, `name="count" value="1"`)
	form.Set("do", "propose")
	says(t, ada.Post("/settings/policies/edit", form), http.StatusUnprocessableEntity, "never applies") // the wide one stands above
	for _, name := range []string{"name", "visibility", "account", "kind", "quorum", "role", "minutes"} {
		form[name+".1"], form[name+".2"] = form[name+".2"], form[name+".1"]
	}
	form.Set("independent.1", "yes")
	form.Del("independent.2")
	a = ada.Post("/settings/policies/edit", form)
	says(t, a, http.StatusOK, "Replace the rules for approval by a list of 2.", "Drie lezen beter.", "Whoever approves wrote no part of it.")
	path := strings.SplitN(a.Path, "?", 2)[0]
	says(t, ada.Post(path+"/decide", url.Values{"digest": {""}, "verdict": {"approve"}}), http.StatusUnprocessableEntity)
	says(t, bert.Post(path+"/decide", url.Values{"digest": {hidden(t, bert.Get(path).Body, "digest")}, "verdict": {"approve"}}), http.StatusOK, "Approved, and in force.")
	list, err := d.Approvals.Policies(t.Context())
	if err != nil || len(list) != 2 || list[0].Name != "strict" || list[0].Quorum != 3 || !list[0].Independent || list[0].ValidFor != time.Hour || list[0].Accounts[0] != "plein" || list[1].Independent {
		t.Errorf("the rules are %+v, %v", list, err)
	}
}
