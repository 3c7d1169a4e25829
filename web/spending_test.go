package web_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/web"
)

// charging is an account whose platform charges.
type charging struct{}

func (charging) Poll(context.Context, inbox.Cursor) (connectors.Page, error) {
	return connectors.Page{}, nil
}

func (charging) Spending() connectors.Spending {
	month := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	return connectors.Spending{
		Month: month, Since: month.Add(time.Hour), ToDate: 12_345_000, Budget: 50 * approval.Dollar, Projection: 30 * approval.Dollar,
		PollEvery: 90 * time.Second, Items: []connectors.Spent{{Name: "user_read", Count: 3, Cost: 30_000}},
	}
}

// TestSpendingIsTold reads what an account's platform charged and what an
// answer will cost, where programs read it.
func TestSpendingIsTold(t *testing.T) {
	r := newRigWith(t, web.Options{}, []connectors.Live{{Account: connectors.Account{Name: "plein", Kind: "twitter"}, Connector: charging{}}})
	got := r.as("mara").get("/accounts").is(200)
	spent := func(path ...any) any { return got.at(append([]any{"items", 0, "spending"}, path...)...) }
	for what, want := range map[string]any{
		"month": "2026-11", "to_date_usd": 12.345, "budget_usd": 50.0, "budget_percent": 24.0, "projection_usd": 30.0, "slowed_to_seconds": 90.0,
	} {
		if spent(what) != want {
			t.Errorf("%s is %v, want %v", what, spent(what), want)
		}
	}
	if spent("items", 0, "name") != "user_read" || spent("items", 0, "cost_usd") != 0.03 {
		t.Errorf("it is made of %v", spent("items"))
	}
	metrics := string(r.nobody().send("GET", r.url+"/metrics", nil).is(200).raw)
	for _, line := range []string{
		`standpunt_account_spent_dollars{account="plein",kind="twitter"} 12.345`, `standpunt_account_budget_dollars{account="plein",kind="twitter"} 50`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}

	r.Adapt("plein", func(p *approval.Platform) {
		p.Price = func(_ approval.Action, _ inbox.Visibility, text string) approval.Price {
			if strings.Contains(text, ".nl") {
				return approval.Price{Cost: 200_000, Link: true, WithoutLink: 10_000}
			}
			return approval.Price{Cost: 10_000}
		}
	})
	path, anna := "/conversations/"+r.Mention("m1", "Hallo?").ID.String()+"/check", r.as("anna")
	if got := anna.post(path, obj{"text": "Zie wij.nl"}).is(200); got.at("price", "cost_usd") != 0.2 || got.at("price", "without_link_usd") != 0.01 {
		t.Errorf("with a link: %s", got.raw)
	}
	if got := anna.post(path, obj{"text": "Ja."}).is(200); got.at("price", "cost_usd") != 0.01 || got.at("price", "without_link_usd") != nil {
		t.Errorf("without: %s", got.raw)
	}
}
