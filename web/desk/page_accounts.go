package desk

import (
	"net/http"
	"slices"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/people"
)

func (k *desk) accountPages() []page {
	return []page{
		{method: "GET", path: "/settings/accounts", handle: func(v *visit) error { return v.showAccounts(http.StatusOK, accountsPage{}) }},
		{method: "POST", path: "/settings/accounts/{name}/check", handle: (*visit).checkAccount},
		{method: "POST", path: "/settings/accounts/{name}/accept", handle: (*visit).proposeAccount},
		{method: "POST", path: "/settings/accounts/{name}/tokens", handle: (*visit).issueServiceToken, may: admins},
		{method: "POST", path: "/settings/accounts/tokens/{id}/revoke", handle: (*visit).revokeServiceToken, may: admins},
	}
}

// accountsPage shows how every account fares.
type accountsPage struct {
	Accounts  []accountCard
	Outside   []approval.Outside
	After     string // where the posts from outside begin; empty: with the newest
	Older     string // where those that follow do; empty at the end
	MayGovern bool
	Trouble   *trouble
	At        string // the account that the trouble is about
	Typed     string
	Issued    string // the secret of a service token just made: shown once
}

// accountCard is one account.
type accountCard struct {
	*inbox.AccountRecord
	Health   *connectors.AccountHealth // nil while its source does not run
	State    connectors.HealthState
	Proposal *queueRow // to accept it, where one is in review
	Tokens   []*people.Token
	Aside    []*inbox.Quarantined // the newest that could not become mentions, of so many
	AsideAll int
	// Hook is where the platform delivers, nil where it does not; HookURL the whole address, empty
	// while PublicURL is not one that platforms call.
	Hook      *connectors.Deliveries
	HookURL   string
	PublicURL string
}

// mostOutside is how many posts from outside the page lists at a time, mostAside
// how many items that could not become mentions, of each account.
const (
	mostOutside = 20
	mostAside   = 20
)

func (v *visit) showAccounts(status int, p accountsPage) error {
	records, err := v.d.Box.Accounts(v.ctx())
	if err != nil {
		return err
	}
	pending, err := v.underReview(people.ID{}, approval.KindAccount)
	if err != nil {
		return err
	}
	if p.After = v.form("outside"); p.After == "" {
		if err = v.seeOutside(); err != nil {
			return err
		}
	}
	if p.Outside, p.Older, err = v.d.Approvals.PublishedOutside(v.ctx(), p.After, mostOutside); err != nil {
		return err
	}
	var tokens []*people.Token
	if v.who.Has(people.Admin) {
		if tokens, err = v.d.Staff.ServiceTokens(v.ctx(), v.who); err != nil {
			return err
		}
	}
	var health []connectors.AccountHealth
	if v.d.Sources != nil {
		health = v.d.Sources.Health()
	}
	p.MayGovern = v.mayGovern()
	for _, r := range records {
		card := accountCard{AccountRecord: r, State: connectors.Stopped}
		if card.Aside, card.AsideAll, err = v.d.Box.QuarantineOf(v.ctx(), r.Name, mostAside); err != nil {
			return err
		}
		for i, h := range health {
			if h.Account == r.Name {
				card.Health, card.State = &health[i], h.State
				if h.Webhook.Path != "" {
					card.Hook, card.HookURL, card.PublicURL = &health[i].Webhook, h.Webhook.URL(v.d.PublicURL), v.d.PublicURL
				}
			}
		}
		for _, row := range pending {
			if c, ok := row.Envelope.Governance(); ok && c.Account == r.Name {
				card.Proposal = row
			}
		}
		for _, t := range tokens {
			if t.Account == string(r.Name) && t.RevokedAt.IsZero() {
				card.Tokens = append(card.Tokens, t)
			}
		}
		p.Accounts = append(p.Accounts, card)
	}
	// What needs somebody stands first.
	slices.SortStableFunc(p.Accounts, func(a, b accountCard) int { return severity(b) - severity(a) })
	return v.render(status, "accounts", v.t("frame.accounts"), p)
}

func severity(a accountCard) int {
	switch {
	case a.State == connectors.Failing:
		return 3
	case a.State == connectors.Degraded:
		return 2
	case !a.Accepted:
		return 1
	}
	return 0
}

// refusedAccount shows the page again with what was wrong, beside its account.
func (v *visit) refusedAccount(err error) error {
	if fault.Is(err, fault.Unauthenticated) {
		return err
	}
	return v.showAccounts(statusOf(err), accountsPage{Trouble: v.trouble(err), At: v.r.PathValue("name"), Typed: v.r.Form.Get("reason")})
}

func (v *visit) checkAccount() error {
	name := inbox.AccountName(v.r.PathValue("name"))
	if v.d.Sources == nil {
		return v.refusedAccount(fault.New(fault.Unavailable, "the accounts are not connected in this program"))
	}
	if err := v.d.Sources.CheckNow(name); err != nil {
		return v.refusedAccount(err)
	}
	v.done("accounts.checking", "account", string(name))
	return v.to("/settings/accounts")
}

func (v *visit) proposeAccount() error {
	p, err := v.d.Approvals.Propose(v.ctx(), v.who, approval.KindAccount, approval.Change{
		Account: inbox.AccountName(v.r.PathValue("name")), Reason: v.form("reason"),
	})
	if err != nil {
		return v.refusedAccount(err)
	}
	v.done("settings.proposed")
	return v.to("/approvals/" + p.ID.String())
}

// issueServiceToken shows the secret in the answer to the form, and no page
// ever again.
func (v *visit) issueServiceToken() error {
	name := v.r.PathValue("name")
	secret, _, err := v.d.Staff.IssueServiceToken(v.ctx(), v.who, v.form("label"), name)
	if err != nil {
		return v.refusedAccount(err)
	}
	return v.showAccounts(http.StatusOK, accountsPage{At: name, Issued: secret})
}

func (v *visit) revokeServiceToken() error {
	token, err := id.Parse[people.Token](v.r.PathValue("id"))
	if err != nil {
		return fault.New(fault.NotFound, "there is no such token")
	}
	if err := v.d.Staff.RevokeToken(v.ctx(), v.who, token); err != nil {
		return v.refusedAccount(err)
	}
	v.done("accounts.token.revoked")
	return v.to("/settings/accounts")
}
