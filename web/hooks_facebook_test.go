package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/facebook"
	facebookplatform "standpunt/connectors/facebook/replay/platform"
	"standpunt/web"
)

// TestFacebookDeliversToTheDaemon is Facebook's whole way in: the question
// whether the address is ours, and signed batches, each twice, over the route
// that Facebook knows.
func TestFacebookDeliversToTheDaemon(t *testing.T) {
	const secret, verify = "app-secret-55d0", "verify-token-of-ours-88e2"
	p, post := facebookplatform.New(facebookplatform.Options{
		PageID: "100200300", PageName: "Noordlicht", Token: "page-token", AppSecret: secret, Version: "v26.0",
		Permissions: []string{"pages_read_user_content", "pages_messaging"},
	})
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	page, err := facebook.New(connectors.Account{Settings: config.NewSettings(map[string]any{
		"base_url": server.URL, "page_id": "100200300", "access_token": "page-token", "app_secret": secret, "verify_token": verify, "messenger": true,
	})})
	check(t, err)
	r := newRigWith(t, web.Options{}, []connectors.Live{{Account: connectors.Account{Name: "plein", Kind: "facebook"}, Connector: page}})
	at := r.url + "/hooks/plein"
	if p.Subscribe(t.Context(), facebookplatform.Push{URL: at, VerifyToken: "another-token-than-ours"}) == nil {
		t.Error("the address says that it is ours to somebody who does not know the token")
	}
	check(t, p.Subscribe(t.Context(), facebookplatform.Push{URL: at, VerifyToken: verify, Duplicate: true, Batch: 40}))
	var ids []string
	for i := range 200 {
		ids = append(ids, p.Comment(post, facebookplatform.Said{Name: "Eva", Text: fmt.Sprint("vraag ", i)}))
	}
	check(t, p.Flush(t.Context()))
	ids = append(ids, p.Write(facebookplatform.Said{Name: "Jan", Text: "onder vier ogen"}))
	check(t, p.Flush(t.Context()))
	for i, text := range r.texts(t, ids...) {
		if want := fmt.Sprint("vraag ", i); text != want && (i < 200 || text != "onder vier ogen") {
			t.Errorf("mention %d says %q", i, text)
		}
	}
	c := r.nobody()
	c.header.Set("X-Hub-Signature-256", facebookplatform.Sign("another", []byte(`{}`)))
	c.send(http.MethodPost, at, []byte(`{}`)).is(http.StatusUnauthorized)
}

// TestAPageThatIsSubscribedSaysSoByItself subscribes the Page once the daemon has
// noted that it is not, as the documentation's order of steps has it.
func TestAPageThatIsSubscribedSaysSoByItself(t *testing.T) {
	const secret, verify = "app-secret-55d0", "verify-token-of-ours-88e2"
	p, post := facebookplatform.New(facebookplatform.Options{
		PageID: "100200300", PageName: "Noordlicht", Token: "page-token", AppSecret: secret, Version: "v26.0",
		Permissions: []string{"pages_read_engagement", "pages_read_user_content", "pages_manage_engagement", "pages_manage_metadata"},
	})
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	page, err := facebook.New(connectors.Account{Settings: config.NewSettings(map[string]any{
		"base_url": server.URL, "page_id": "100200300", "access_token": "page-token", "app_secret": secret, "verify_token": verify,
	})})
	check(t, err)
	account := connectors.Account{Name: "plein", Kind: "facebook"}
	r := newRigWith(t, web.Options{}, []connectors.Live{{Account: account, Connector: page}})
	check(t, r.runner.Start(t.Context()))
	t.Cleanup(func() { check(t, r.runner.Stop(context.WithoutCancel(t.Context()))) })
	anna := r.as("anna")
	note := func() string {
		text, _ := anna.get("/accounts").is(200).items()[0].(map[string]any)["note"].(string)
		return text
	}
	eventually(t, "it says that nothing is delivered", func() bool { return strings.Contains(note(), "Facebook does not deliver") })
	check(t, p.Subscribe(t.Context(), facebookplatform.Push{URL: r.url + "/hooks/plein", VerifyToken: verify}))
	p.Comment(post, facebookplatform.Said{Name: "Eva", Text: "vraag"})
	check(t, p.Flush(t.Context()))
	eventually(t, "a delivery makes it look again", func() bool { return note() == "" })
}
