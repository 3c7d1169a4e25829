package desk

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/people"
)

func (k *desk) peoplePages() []page {
	return []page{
		{method: "GET", path: "/settings/people", handle: func(v *visit) error { return v.showPeople(http.StatusOK, peoplePage{}) }},
		{method: "POST", path: "/settings/people", handle: (*visit).proposePerson},
		{method: "POST", path: "/settings/people/{id}", handle: (*visit).proposeAbout},
	}
}

// everyRole is every role, in the order in which the page explains them.
var everyRole = []people.Role{people.Agent, people.Press, people.Manager, people.Admin}

// peoplePage lists who works here, and proposes changes.
type peoplePage struct {
	People    []personCard
	Joining   []*queueRow // proposals of new people
	Roles     []people.Role
	Languages []string
	MayGovern bool
	Trouble   *trouble
	At        people.ID   // the person whose form went wrong; zero: the new one's
	Typed     personTyped // what stood in it
}

type personTyped struct {
	Login, Name, Language, Reason string
	Roles                         []people.Role
}

// personCard is one person with what is proposed about them.
type personCard struct {
	*people.Person
	Cooling bool
	Pending []*queueRow
}

func (v *visit) showPeople(status int, p peoplePage) error {
	all, err := v.roster()
	if err != nil {
		return err
	}
	rows, err := v.underReview(people.ID{}, approval.KindPerson, approval.KindRoles, approval.KindEnablement, approval.KindCredential)
	if err != nil {
		return err
	}
	for _, one := range all {
		card := personCard{Person: one, Cooling: one.Enabled && time.Now().Before(one.EndorsesFrom)}
		for _, row := range rows {
			if row.About == one.ID {
				card.Pending = append(card.Pending, row)
			}
		}
		p.People = append(p.People, card)
	}
	for _, row := range rows {
		if row.Kind == approval.KindPerson {
			p.Joining = append(p.Joining, row)
		}
	}
	slices.SortStableFunc(p.People, func(a, b personCard) int {
		if a.Enabled != b.Enabled {
			if a.Enabled {
				return -1
			}
			return 1
		}
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	p.Roles, p.Languages, p.MayGovern = everyRole, languages, v.mayGovern()
	if p.Typed.Language == "" {
		p.Typed.Language = v.lang
	}
	return v.render(status, "people", v.t("frame.people"), p)
}

// formRoles are the roles that were ticked.
func (v *visit) formRoles(field string) []people.Role {
	var all []people.Role
	for _, r := range v.r.Form[field] {
		all = append(all, people.Role(r))
	}
	return all
}

func (v *visit) proposePerson() error {
	typed := personTyped{Login: v.form("login"), Name: v.form("name"), Language: v.form("language"), Reason: v.r.Form.Get("reason"), Roles: v.formRoles("roles")}
	err := people.CheckNew(people.NewPerson{Login: typed.Login, Name: typed.Name, Roles: typed.Roles, Language: typed.Language})
	return v.proposed(approval.KindPerson, approval.Change{
		Login: typed.Login, Name: typed.Name, Roles: typed.Roles, Language: typed.Language, Reason: strings.TrimSpace(typed.Reason),
	}, err, people.ID{}, typed)
}

// proposeAbout proposes what the pressed button says about the person.
func (v *visit) proposeAbout() error {
	who, err := id.Parse[people.Person](v.r.PathValue("id"))
	if err != nil {
		return fault.New(fault.NotFound, "there is no such person")
	}
	c := approval.Change{Person: who, Reason: v.form("reason")}
	kinds := map[string]approval.Kind{
		"roles": approval.KindRoles, "enable": approval.KindEnablement, "disable": approval.KindEnablement, "reset": approval.KindCredential,
	}
	kind, ok := kinds[v.form("do")]
	if !ok {
		return fault.New(fault.InvalidInput, "there is no such change").At("do", v.form("do")).Fix("Use one of the buttons.")
	}
	c.Enabled = v.form("do") == "enable"
	if kind == approval.KindRoles {
		if c.Roles = v.formRoles("roles"); len(c.Roles) == 0 {
			err = fault.New(fault.InvalidInput, "a person needs a role").At("roles", "").Fix("Choose one, or disable the person.")
		}
	}
	return v.proposed(kind, c, err, who, personTyped{Reason: v.r.Form.Get("reason"), Roles: c.Roles})
}

// proposed makes the proposal unless err says what is wrong with it, and goes
// on to it.
func (v *visit) proposed(kind approval.Kind, c approval.Change, err error, at people.ID, typed personTyped) error {
	var p *approval.View
	if err == nil {
		p, err = v.d.Approvals.Propose(v.ctx(), v.who, kind, c)
	}
	if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil {
		return v.showPeople(statusOf(err), peoplePage{Trouble: v.trouble(err), At: at, Typed: typed})
	}
	v.done("settings.proposed")
	return v.to("/approvals/" + p.ID.String())
}
