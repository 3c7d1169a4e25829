package desk_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/web/desk/desktest"
)

// spending is a connector side whose platform charges.
type spending struct {
	troubled
	spent, budget approval.Money
}

func (s spending) Health() []connectors.AccountHealth {
	now := time.Now()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	spent := &connectors.Spending{
		Month: month, Since: month, ToDate: s.spent, Budget: s.budget, Projection: 61_234_000,
		Items: []connectors.Spent{{Name: "user_read", Count: 2_000, Cost: 20 * approval.Dollar}, {Name: "owned_read", Count: 4_015, Cost: 4_015_000}},
	}
	if s.budget > 0 {
		spent.PollEvery = 12 * time.Minute
	}
	return []connectors.AccountHealth{{Account: "plein", Kind: "twitter", State: connectors.OK, Since: now.Add(-time.Hour), LastPoll: now, LastSuccess: now, Spending: spent}}
}

// charged is what an answer on plein costs: more with a link.
func charged(_ approval.Action, _ inbox.Visibility, text string) approval.Price {
	if strings.Contains(text, "https://") {
		return approval.Price{Cost: 200_000, Link: true, WithoutLink: 10_000}
	}
	return approval.Price{Cost: 15_000}
}

func TestTheAccountsPageTellsWhatIsSpent(t *testing.T) {
	for _, c := range []struct {
		what          string
		spent, budget approval.Money
		says, not     []string
	}{
		{"no budget", 24_014_999, 0, []string{"Spent this month", "$24.02", "$61.24", "People’s names read", "4015", "$4.015"}, []string{"<progress", "Slowed down"}},
		{"within it", 24 * approval.Dollar, 50 * approval.Dollar, []string{"$24.00", "of $50.00", `value="48"`, "every 12 min"}, []string{"budget is spent"}},
		{"most of it", 45 * approval.Dollar, 50 * approval.Dollar, []string{"90% of the month’s budget is spent", "answers are always sent"}, nil},
		{"all of it", 51 * approval.Dollar, 50 * approval.Dollar, []string{"The month’s budget is spent", "once an hour"}, nil},
	} {
		d := desktest.Serve(t, approvaltest.New(t), spending{spent: c.spent, budget: c.budget}, nil)
		a := d.SignedIn("ada").Get("/settings/accounts")
		says(t, a, http.StatusOK, c.says...)
		for _, words := range c.not {
			if strings.Contains(a.Body, words) {
				t.Errorf("%s: the page says %q", c.what, words)
			}
		}
	}
}

func TestAnAnswersPriceStandsWhereItIsWrittenAndApproved(t *testing.T) {
	d := desktest.New(t)
	d.Adapt("plein", func(p *approval.Platform) { p.Price = charged })
	talk := d.Mention("1", "Is er storing?")
	anna := d.SignedIn("anna")
	here := "/inbox/" + talk.ID.String()
	const linked = "Publishing this costs $0.20, because it holds a link; $0.01 without."
	says(t, anna.Post(here+"/measure", url.Values{"text": {"Ja."}}), http.StatusOK, `"price":"Publishing this costs $0.015."`)
	says(t, anna.Post(here+"/measure", url.Values{"text": {" "}}), http.StatusOK, `"price":""`)
	says(t, anna.Post(here+"/measure", url.Values{"text": {"Zie https://noordlicht.test"}}), http.StatusOK, linked)
	says(t, anna.Post(here+"/reply", url.Values{"text": {"Zie https://noordlicht.test"}, "do": {"save"}}), http.StatusOK, linked)
	list, err := d.Approvals.OfConversation(t.Context(), talk.ID)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d proposals, %v", len(list), err)
	}
	if _, err := d.As("anna").Submit(list[0]); err != nil {
		t.Fatal(err)
	}
	says(t, d.SignedIn("bert").Get("/approvals/"+list[0].ID.String()), http.StatusOK, linked)
}
