package desk_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/facebook"
	"standpunt/inbox"
	"standpunt/internal/phrase"
	"standpunt/web/desk/desktest"
)

// page is a live account of Facebook's at an address.
func page(t *testing.T, name inbox.AccountName, at string) connectors.Live {
	t.Helper()
	c, err := facebook.New(connectors.Account{Settings: config.NewSettings(map[string]any{
		"base_url": at, "page_id": "100200300", "access_token": "page-token", "app_secret": "app-secret-55d0", "verify_token": "verify-token-88e2",
	})})
	if err != nil {
		t.Fatal(err)
	}
	return connectors.Live{Account: connectors.Account{Name: name, Kind: "facebook"}, Connector: c}
}

// TestTroubleOfAnAccountIsReadInDutch: live accounts, of which one reaches nobody
// and the other is not let in, and which both refuse what is delivered to them.
func TestTroubleOfAnAccountIsReadInDutch(t *testing.T) {
	const nobody = "127.0.0.1:1" // a port that nobody is given
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":{"message":"Sorry","code":190,"error_subcode":463}}`))
	}))
	t.Cleanup(refusing.Close)
	r := approvaltest.New(t)
	if err := r.Approvals.Reconcile(t.Context(), []approval.Configured{
		{Name: "plein", Kind: "facebook", BaseURL: "http://" + nobody}, {Name: "muur", Kind: "facebook", BaseURL: refusing.URL},
	}); err != nil {
		t.Fatal(err)
	}
	runner := connectors.NewRunner(connectors.RunnerOptions{Inbox: r.Box, Observer: r.Approvals}, page(t, "plein", "http://"+nobody), page(t, "muur", refusing.URL))
	changed, unwatch := runner.Watch()
	defer unwatch()
	if err := runner.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = runner.Stop(t.Context()) }()
	for late := time.After(time.Minute); ; {
		if h := runner.Health(); h[0].Failures > 0 && h[1].Failures > 0 {
			break
		}
		select {
		case <-changed:
		case <-late:
			t.Fatal("the accounts were not polled")
		}
	}
	for name, body := range map[inbox.AccountName][]byte{"plein": make([]byte, connectors.MaxDelivery+1), "muur": []byte(`{}`)} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/"+string(name), bytes.NewReader(body))
		if _, err := runner.Receive(name, request); err == nil {
			t.Errorf("%s took the delivery in", name)
		}
	}
	d := desktest.Serve(t, r, runner, nil)
	if err := d.Staff.SetLanguage(t.Context(), d.As("anna").By, "nl"); err != nil {
		t.Fatal(err)
	}
	dutch := d.SignedIn("anna").Get("/settings/accounts")
	says(t, dutch, http.StatusOK,
		nobody+" is niet bereikbaar (verbinding geweigerd).", "Controleer de weg van de daemon naar internet, en base_url van het account.",
		"<span>De bezorging is groter dan 8 MB.</span>", "<span>Een bezorging draagt geen handtekening die met app_secret is gemaakt.</span>",
		// What Facebook's connector alone says stands in English, and says so.
		"<strong>Het platform laat het account niet toe.</strong>", `<p lang="en">The token has expired (`,
		`<span lang="en">Make a new Page access token and set it as access_token.</span>`)
	lacks(t, dutch, "cannot be reached", "larger than", "carries no signature", "phrase.")
	says(t, d.SignedIn("bert").Get("/settings/accounts"), http.StatusOK,
		nobody+" cannot be reached (connection refused).", "<span>It is larger than 8 MB.</span>",
		"<span>A delivery carries no signature made with app_secret.</span>", "<strong>The token has expired (")
}

// TestWhyAnAnswerFailedIsReadInDutch: on the answer's own page, in the thread and
// in the dossier.
func TestWhyAnAnswerFailedIsReadInDutch(t *testing.T) {
	d := desktest.New(t)
	if err := d.Staff.SetLanguage(t.Context(), d.As("anna").By, "nl"); err != nil {
		t.Fatal(err)
	}
	anna := d.SignedIn("anna")
	failed := func(id string, f approval.Failure, texts ...string) {
		t.Helper()
		talk := d.Mention(id, "Hallo?")
		p := d.Queued(talk, "Dag.")
		if err := d.Approvals.RecordFailed(t.Context(), d.Claim(), f); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{at(p), "/inbox/" + talk.ID.String(), "/audit/proposals/" + p.ID.String()} {
			says(t, anna.Get(path), http.StatusOK, texts...)
		}
	}
	what, fix := phrase.Of(phrase.NoPictures), phrase.Of(phrase.FixNoPictures)
	failed("1", approval.Failure{Kind: "not_allowed", Message: what.English(), Remedy: fix.English(), What: what, Fix: fix}, "<span>Dit soort account plaatst geen afbeeldingen.</span>")
	failed("2", approval.Failure{Kind: "gone", Message: "the post is gone"}, "Het platform toont dit niet, of niet meer. ", `<span lang="en">The post is gone.</span>`)
	p := d.Queued(d.Mention("3", "Hallo?"), "Dag.")
	d.Claim()
	if _, err := d.Approvals.RecoverInterrupted(t.Context()); err != nil {
		t.Fatal(err)
	}
	says(t, anna.Get(at(p)), http.StatusOK, "<span>De daemon stopte terwijl dit werd verstuurd.</span>")
}
