package desk_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/web/desk/desktest"
)

// troubled is a connector side on which the account plein does not work.
type troubled struct{}

func (troubled) Health() []connectors.AccountHealth {
	now := time.Now()
	return []connectors.AccountHealth{{
		Account: "plein", Kind: "sandbox", State: connectors.Failing, Since: now.Add(-time.Hour), Failures: 12,
		Problem: "the platform refused the credentials", Remedy: "Put a new token into the configuration and restart.", ProblemSince: now.Add(-time.Hour),
		LastPoll: now.Add(-time.Minute), LastSuccess: now.Add(-time.Hour), NextTry: now.Add(10 * time.Minute), LastNews: now.Add(-2 * time.Hour), Quarantined: 3,
	}}
}

func (troubled) CheckNow(inbox.AccountName) error {
	return fault.New(fault.RateLimited, "the platform asked us to wait").Fix("Try again in ten minutes.")
}

func (troubled) Deliver(context.Context, inbox.AccountName, []byte) (inbox.Ingested, error) {
	return inbox.Ingested{}, nil
}

func TestAnAccountThatDoesNotWorkSaysWhatToDo(t *testing.T) {
	c := desktest.Serve(t, approvaltest.New(t), troubled{}, nil).SignedIn("ada")
	says(t, c.Get("/settings/accounts"), http.StatusOK, "Does not work", "The platform refused the credentials", "Put a new token into the configuration and restart.",
		"12 attempts in a row failed.", "Put aside")
	a := c.Post("/settings/accounts/plein/check", nil)
	says(t, a, http.StatusTooManyRequests, "The platform asked us to wait", "Try again in ten minutes.")
	// Without the record at hand the page names the command.
	says(t, c.Get("/audit"), http.StatusOK, "standpunt audit verify")
	if strings.Contains(c.Get("/audit").Body, "/audit/export.csv") {
		t.Error("a download is offered that cannot be made")
	}
	says(t, c.Post("/audit/verify", nil), http.StatusServiceUnavailable)
}

// TestWhatWasPutAsideSaysWhy: a message that could not become a mention is seen
// where the account is, with its reason.
func TestWhatWasPutAsideSaysWhy(t *testing.T) {
	d := desktest.New(t)
	lacks(t, d.SignedIn("ada").Get("/settings/accounts"), "could not be taken in")
	deliver := func(id string) {
		t.Helper()
		in, err := d.Box.Ingest(t.Context(), "plein", []inbox.Inbound{{ExternalID: id, Kind: "post", Visibility: inbox.Public, Text: "Wie ben ik?"}}, nil)
		if err != nil || in.Quarantined != 1 {
			t.Fatalf("%+v, %v", in, err)
		}
	}
	const why = "The author&#39;s external id is empty."
	deliver("zonder")
	page := d.SignedIn("ada").Get("/settings/accounts")
	says(t, page, http.StatusOK, "One message could not be taken in", why, "zonder<")
	lacks(t, page, "Wie ben ik?", "These are the newest")
	for i := range 21 {
		deliver(fmt.Sprint("meer-", i))
	}
	page = d.SignedIn("ada").Get("/settings/accounts")
	says(t, page, http.StatusOK, "22 messages could not be taken in", "These are the newest 20")
	if n := strings.Count(page.Body, why); n != 20 {
		t.Errorf("%d reasons are listed", n)
	}
}
