package desk_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/internal/browser/browsertest"
	"standpunt/web/desk/desktest"
)

// delivering is a connector side whose account plein takes deliveries, some of
// which were refused, and whose account muur takes none.
type delivering struct{}

func (delivering) Health() []connectors.AccountHealth {
	now := time.Now()
	return []connectors.AccountHealth{{
		Account: "plein", Kind: "facebook", State: connectors.Degraded, Since: now.Add(-time.Hour),
		Problem: "deliveries come with a wrong signature, and none with a right one", ProblemSince: now.Add(-time.Hour),
		Remedy:   "If the platform sends them, the app secret in the account's settings is not that of the app which calls this address: copy it again.",
		LastPoll: now.Add(-time.Minute), LastSuccess: now.Add(-time.Minute), NextTry: now.Add(time.Minute), New: 212,
		Webhook: connectors.Deliveries{
			Path: "/hooks/plein", Accepted: 1204, Unproven: 17, Unreadable: 2, NotKept: 1, Confirmed: now.Add(-26 * time.Hour),
			LastAccepted: now.Add(-3 * time.Hour), LastRefused: now.Add(-2 * time.Minute), LastReason: "the signature is wrong",
		},
	}, {
		Account: "muur", Kind: "facebook", State: connectors.OK, Since: now.Add(-time.Hour), LastPoll: now.Add(-time.Minute), LastSuccess: now.Add(-time.Minute),
		Webhook: connectors.Deliveries{Path: "/hooks/muur"},
	}, {
		Account: "klok", Kind: "mail", State: connectors.OK, Since: now.Add(-time.Hour), LastPoll: now.Add(-time.Minute), LastSuccess: now.Add(-time.Minute),
	}}
}

func (delivering) CheckNow(inbox.AccountName) error { return nil }

func (delivering) Deliver(context.Context, inbox.AccountName, []byte) (inbox.Ingested, error) {
	return inbox.Ingested{}, nil
}

// withHooks serves a desk of three accounts at the public URL.
func withHooks(t *testing.T, publicURL string) *desktest.Desk {
	t.Helper()
	r := approvaltest.New(t)
	if err := r.Approvals.Reconcile(t.Context(), []approval.Configured{
		{Name: "plein", Kind: "facebook", BaseURL: "https://graph.facebook.com"}, {Name: "muur", Kind: "facebook", BaseURL: "https://graph.facebook.com"},
		{Name: "klok", Kind: "mail", BaseURL: "imaps://mail.example"},
	}); err != nil {
		t.Fatal(err)
	}
	return desktest.ServeAt(t, publicURL, r, delivering{}, nil)
}

func TestAccountsSayWhereThePlatformDelivers(t *testing.T) {
	c := withHooks(t, "https://desk.example").SignedIn("ada")
	a := c.Get("/settings/accounts")
	says(t, a, http.StatusOK, "https://desk.example/hooks/plein", "https://desk.example/hooks/muur", "The address to give to the platform", "1204",
		"Refused: 17 without proof of the sender, 2 unreadable, 1 put off", "The signature is wrong.", "Deliveries come with a wrong signature")
	if strings.Contains(a.Body, "/hooks/klok") || strings.Count(a.Body, "Taken in since start") != 2 || strings.Count(a.Body, "Refused: ") != 1 {
		t.Error("an account that takes no deliveries, or that refused none, says that it does")
	}
	for publicURL, want := range map[string]string{
		"":                      "public_url is not set in the configuration",
		"http://localhost:8420": "public_url in the configuration is http://localhost:8420",
	} {
		a := withHooks(t, publicURL).SignedIn("ada").Get("/settings/accounts")
		says(t, a, http.StatusOK, want, "The platform cannot deliver yet.", "that one followed by /hooks/plein")
		if strings.Contains(a.Body, "The address to give") {
			t.Errorf("with the public URL %q an address is shown that no platform reaches", publicURL)
		}
	}
}

func TestAccountScreens(t *testing.T) {
	d, local := withHooks(t, "https://desk.noordlicht-energie.example"), withHooks(t, "http://localhost:8420")
	b := browsertest.Start(t)
	gallery(t, b, d, []shot{{name: "accounts", login: "ada", path: "/settings/accounts"}})
	gallery(t, b, local, []shot{{name: "accounts-http", login: "ada", path: "/settings/accounts"}})
	if err := d.Staff.SetLanguage(t.Context(), d.As("ada").By, "nl"); err != nil {
		t.Fatal(err)
	}
	gallery(t, b, d, []shot{{name: "accounts-dutch", login: "ada", path: "/settings/accounts"}})
}
