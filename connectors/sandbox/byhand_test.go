package sandbox_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/sandbox/network"
	"standpunt/internal/fault"
	"standpunt/internal/id"
)

// byPage posts on the network's own page, as a person does, and returns where
// the browser ends up.
func byPage(t *testing.T, r *remote, form url.Values) (status int, at string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.net.URL()+"/posts", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode, r.net.URL() + answer.Header.Get("Location")
}

// TestPeopleOnly is the network's way of refusing answers from programs, as X
// does: the mention says so, the API keeps to it, and a person can answer.
func TestPeopleOnly(t *testing.T) {
	r := newRemote(t)
	made, err := r.net.Post(t.Context(), network.Draft{Author: "eva_bakker", Text: "@noordlicht klopt dit?", PeopleOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	asked := made[0].ID.String()
	c := r.Connect(t, connectors.Account{Name: account, Backfill: time.Hour})
	page, err := c.Poll(t.Context(), nil)
	if err != nil || len(page.Mentions) != 1 || page.Mentions[0].Unanswerable == "" {
		t.Fatalf("%+v, %v", page, err)
	}
	who, err := c.(connectors.Identifier).Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in := page.Mentions[0]
	in.Unanswerable = "" // nobody knew when it was written
	_, err = c.(connectors.Publisher).Publish(t.Context(), approvaltest.Release(t, account, who.RemoteID, in, "Dat klopt."))
	if connectors.KindOf(err) != connectors.NotAllowed {
		t.Fatalf("Publish: %v", err)
	}

	form := url.Values{"author": {"noordlicht"}, "text": {"Dat klopt."}, "in_reply_to": {asked}, "back": {"/posts/" + asked}}
	for _, password := range []string{"", "wrong", goodToken} {
		form.Set("password", password)
		if status, _ := byPage(t, r, form); status < 400 {
			t.Errorf("with the password %q the brand's page answers %d", password, status)
		}
	}
	form.Set("password", "a good password")
	status, at := byPage(t, r, form)
	if status != http.StatusSeeOther || !strings.Contains(at, asked+"#p-") {
		t.Fatalf("%d, %s", status, at)
	}
	located, err := c.(connectors.Locator).Locate(at)
	if err != nil || located.ExternalID == asked || time.Since(located.PostedAt).Abs() > time.Minute {
		t.Fatalf("%+v, %v", located, err)
	}
	found, err := c.(connectors.Finder).Find(context.WithoutCancel(t.Context()), approval.Attempt{
		Action: approval.ByHand, Target: asked, Text: "Dat klopt.", Receipt: located,
	})
	if err != nil || found.Outcome != connectors.Present || found.Text != "Dat klopt." {
		t.Fatalf("%+v, %v", found, err)
	}
}

func FuzzLocate(f *testing.F) {
	which := id.New[approval.Receipt]().String()
	for _, address := range []string{
		"http://localhost:8081/posts/" + which, "https://plein.test/posts/" + which + "?x#p-" + which, "http://a/posts/" + strings.ToUpper(which),
		"http://a/@eva#p-" + which, "", "http://a/posts/", "http://a/x/posts/" + which, "http://a/posts/00000000-0000-0000-0000-000000000000", "\xff",
	} {
		f.Add(address)
	}
	c := (&remote{Proxy: &connectortest.Proxy{URL: "http://plein.test"}}).connect(f, connectors.Account{Name: account}, goodToken, patient).(connectors.Locator)
	f.Fuzz(func(t *testing.T, address string) {
		r, err := c.Locate(address)
		if err != nil {
			if fault.CodeOf(err) != fault.InvalidInput {
				t.Fatal(err)
			}
			return
		}
		if len(r.ExternalID) != 36 || !strings.HasSuffix(r.URL, "/posts/"+r.ExternalID) {
			t.Fatalf("%q: %+v", address, r)
		}
		if again, err := c.Locate(r.URL); err != nil || again != r {
			t.Fatalf("%q: %+v, then %+v, %v", address, r, again, err)
		}
	})
}
