package desk

import (
	"context"
	"slices"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/people"
)

// roster is everybody who works here, to name and to choose from.
type roster []*people.Person

func (v *visit) roster() (roster, error) { return v.d.Staff.List(v.ctx()) }

// find is the person with the id, nil where nobody has it.
func (all roster) find(who people.ID) *people.Person {
	for _, p := range all {
		if p.ID == who {
			return p
		}
	}
	return nil
}

// name is what the person is called, the id where nobody has it.
func (all roster) name(who people.ID) string {
	if p := all.find(who); p != nil {
		return p.Name
	}
	return who.String()
}

// changeSentence says in one sentence what a governance proposal changes.
func (v *visit) changeSentence(p *approval.View, all roster) string {
	c, ok := p.Envelope.Governance()
	if !ok {
		return v.t("decision.erased")
	}
	names := make([]string, len(c.Roles))
	for i, r := range c.Roles {
		names[i] = v.t("role." + string(r))
	}
	roles := strings.Join(names, ", ")
	switch p.Kind {
	case approval.KindPerson:
		return v.t("change.person", "name", c.Name, "login", c.Login, "roles", roles)
	case approval.KindRoles:
		return v.t("change.roles", "name", all.name(c.Person), "roles", roles)
	case approval.KindEnablement:
		if c.Enabled {
			return v.t("change.enable", "name", all.name(c.Person))
		}
		return v.t("change.disable", "name", all.name(c.Person))
	case approval.KindCredential:
		return v.t("change.credential", "name", all.name(c.Person))
	case approval.KindPolicy:
		return v.t("change.policy", "n", len(c.Policies))
	case approval.KindResume:
		return v.t("change.resume")
	case approval.KindAccount:
		return v.t("change.account", "account", string(c.Account), "remote", c.RemoteID, "url", c.BaseURL)
	case approval.KindReply: // is no change
	}
	return p.Envelope.Text
}

// governors are the roles that stand behind changes of the daemon itself.
var governors = []people.Role{people.Admin, people.Press, people.Manager}

// deciders are the roles that can stand behind a proposal.
func deciders(p *approval.View) []people.Role {
	if p.Governs() {
		return governors
	}
	return writers
}

// canDecide are the people, other than its author and those who endorsed it,
// who can decide on a proposal now.
func (all roster) canDecide(p *approval.View) []*people.Person {
	var can []*people.Person
	for _, one := range all {
		ended := slices.ContainsFunc(p.Endorsements, func(e approval.Endorsement) bool { return e.Person == one.ID })
		own := p.Kind == approval.KindCredential && p.About == one.ID
		if one.Enabled && one.Has(deciders(p)...) && one.ID != p.Author && !ended && !own && !time.Now().Before(one.EndorsesFrom) {
			can = append(can, one)
		}
	}
	return can
}

// still says what a proposal in review still needs: so many people, and
// somebody of each role that nobody behind it holds.
func (v *visit) still(p *approval.View, all roster) string {
	if p.Quorum == 0 {
		return v.t("decision.nopolicy")
	}
	var missing []string
	for _, role := range p.Roles {
		held := slices.ContainsFunc(p.Endorsements, func(e approval.Endorsement) bool {
			one := all.find(e.Person)
			return one != nil && one.Has(role)
		})
		if !held {
			missing = append(missing, v.t("role."+string(role)))
		}
	}
	n := max(p.Quorum-len(p.Endorsements), len(missing), 1)
	if len(missing) == 0 {
		return v.t("decision.still", "n", n)
	}
	return v.t("decision.stillrole", "n", n, "roles", strings.Join(missing, ", "))
}

// policyOf is the policy in force that decides on an answer, nil for none.
func policyOf(ctx context.Context, a *approval.Approvals, e *approval.Envelope) (*approval.Policy, error) {
	list, err := a.Policies(ctx)
	if err != nil || e == nil {
		return nil, err
	}
	in := func(list []string, value string) bool {
		return slices.Contains(list, approval.Any) || slices.Contains(list, value)
	}
	for i, p := range list {
		if in(p.Accounts, string(e.Account)) && in(p.Kinds, string(e.Kind)) && (p.Visibility == approval.Any || p.Visibility == string(e.Visibility)) {
			return &list[i], nil
		}
	}
	return nil, nil //nolint:nilnil // no policy covers it
}
