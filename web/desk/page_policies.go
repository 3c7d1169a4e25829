package desk

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
)

func (k *desk) policyPages() []page {
	return []page{
		{method: "GET", path: "/settings/policies", handle: (*visit).policies},
		{method: "GET", path: "/settings/policies/edit", handle: (*visit).editPolicies, may: governors},
		{method: "POST", path: "/settings/policies/edit", handle: (*visit).changePolicies, may: governors},
	}
}

// policiesPage shows the rules as sentences.
type policiesPage struct {
	Policies  []policyShown
	Pending   []*queueRow
	MayGovern bool
}

type policyShown struct {
	approval.Policy
	Sentence string
}

func (v *visit) policies() error {
	list, err := v.d.Approvals.Policies(v.ctx())
	if err != nil {
		return err
	}
	p := policiesPage{MayGovern: v.mayGovern()}
	for _, one := range list {
		p.Policies = append(p.Policies, policyShown{one, v.policySentence(one)})
	}
	if p.Pending, err = v.underReview(people.ID{}, approval.KindPolicy); err != nil {
		return err
	}
	return v.show("policies", v.t("frame.policies"), p)
}

// policiesForm is the list of rules being changed. It lives in the form alone
// until it is proposed.
type policiesForm struct {
	Policies     []policyForm
	Accounts     []*inbox.AccountRecord
	Roles        []people.Role
	Visibilities []string
	Reason       string
	Trouble      *trouble
}

// policyForm is one rule with its place in the list.
type policyForm struct {
	approval.Policy
	Number      int // from 1
	First, Last bool
	Minutes     int
	Everywhere  bool
	Sentence    string
}

// Covers reports whether the rule names the account.
func (p policyForm) Covers(account inbox.AccountName) bool {
	return slices.Contains(p.Accounts, string(account))
}

// Asks reports whether the rule asks for the role.
func (p policyForm) Asks(role people.Role) bool { return slices.Contains(p.Roles, role) }

func (v *visit) editPolicies() error {
	list, err := v.d.Approvals.Policies(v.ctx())
	if err != nil {
		return err
	}
	return v.showPolicyForm(http.StatusOK, list, nil)
}

func (v *visit) showPolicyForm(status int, list []approval.Policy, problem *trouble) error {
	p := policiesForm{
		Roles: everyRole, Visibilities: []string{approval.Any, string(inbox.Public), string(inbox.Private)},
		Reason: v.r.Form.Get("reason"), Trouble: problem,
	}
	var err error
	if p.Accounts, err = v.d.Box.Accounts(v.ctx()); err != nil {
		return err
	}
	for i, one := range list {
		p.Policies = append(p.Policies, policyForm{
			Policy: one, Number: i + 1, First: i == 0, Last: i == len(list)-1, Minutes: int(one.ValidFor.Minutes()),
			Everywhere: slices.Contains(one.Accounts, approval.Any), Sentence: v.policySentence(one),
		})
	}
	return v.render(status, "policies_edit", v.t("policies.edit"), p)
}

// changePolicies takes the form: it adds, removes or moves a rule in it, or
// proposes the list.
func (v *visit) changePolicies() error {
	list := v.policiesTyped()
	do, which, _ := strings.Cut(v.form("do"), " ")
	i, err := strconv.Atoi(which)
	i--
	there := err == nil && i >= 0 && i < len(list)
	switch {
	case do == "add":
		fresh := approval.DefaultPolicy()
		fresh.Name = fmt.Sprintf("%s %d", v.t("policies.rule"), len(list)+1)
		list = slices.Insert(list, 0, fresh)
	case do == "remove" && there:
		list = slices.Delete(list, i, i+1)
	case do == "up" && there && i > 0:
		list[i-1], list[i] = list[i], list[i-1]
	case do == "propose":
		p, err := v.d.Approvals.Propose(v.ctx(), v.who, approval.KindPolicy, approval.Change{Policies: list, Reason: v.form("reason")})
		if fault.Is(err, fault.Unauthenticated) {
			return err
		}
		if err != nil {
			return v.showPolicyForm(statusOf(err), list, v.trouble(err))
		}
		v.done("settings.proposed")
		return v.to("/approvals/" + p.ID.String())
	}
	return v.showPolicyForm(http.StatusOK, list, nil)
}

// mostPolicies bounds the form.
const mostPolicies = 50

// policiesTyped are the rules as the form has them; what is wrong with them is
// approval's to say.
func (v *visit) policiesTyped() []approval.Policy {
	n, err := strconv.Atoi(v.form("count"))
	if err != nil {
		return nil
	}
	list := make([]approval.Policy, 0, min(max(n, 0), mostPolicies))
	for i := range cap(list) {
		field := func(name string) string { return fmt.Sprintf("%s.%d", name, i+1) }
		quorum, err := strconv.Atoi(v.form(field("quorum")))
		if err != nil {
			quorum = 0
		}
		minutes, err := strconv.Atoi(v.form(field("minutes")))
		if err != nil || minutes < 0 || minutes > 7*24*60 {
			minutes = 0
		}
		p := approval.Policy{
			Name: v.form(field("name")), Accounts: v.r.Form[field("account")], Visibility: v.form(field("visibility")),
			Kinds: v.r.Form[field("kind")], Quorum: quorum, Roles: v.formRoles(field("role")),
			Independent: v.form(field("independent")) != "", ValidFor: time.Duration(minutes) * time.Minute,
		}
		if slices.Contains(p.Accounts, approval.Any) {
			p.Accounts = []string{approval.Any}
		}
		list = append(list, p)
	}
	return list
}
