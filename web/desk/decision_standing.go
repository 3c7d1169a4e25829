package desk

import (
	"slices"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/people"
)

// describeStanding adds who stands behind the proposal, who can, and what the
// visitor can do with it.
func (v *visit) describeStanding(p *decisionPage, staff roster) {
	me := staff.find(v.who.ID())
	if me == nil {
		return
	}
	p.Can = staff.canDecide(p.P)
	if p.P.State == approval.InReview {
		p.Still = v.still(p.P, staff)
		p.Lapses = p.P.SubmittedAt.Add(approval.ReviewTime)
	}
	for i, d := range p.P.Decisions {
		if d.Digest == p.P.Digest {
			p.Decided = &p.P.Decisions[i]
			p.Repeated = p.Repeated || d.Person == me.ID
		}
	}
	p.May = mayDo(p.P, me)
	if p.Target != nil && !p.Target.DeletedAt.IsZero() {
		p.May.Revise = false
	}
	p.May.Decide = p.P.State == approval.InReview && slices.Contains(p.Can, me)
	if p.P.State == approval.InReview && !p.May.Decide {
		p.Reader = v.whyOnlyReading(p.P, me)
	}
}

// mayDo is what the page offers a person besides deciding.
func mayDo(p *approval.View, me *people.Person) may {
	mine := p.Author == me.ID
	endorsed := slices.ContainsFunc(p.Endorsements, func(e approval.Endorsement) bool { return e.Person == me.ID })
	first := slices.IndexFunc(p.Endorsements, func(e approval.Endorsement) bool { return e.Person == me.ID })
	concerned := slices.Contains(p.Contributors, me.ID) || me.Has(deciders(p)...)
	in := func(states ...approval.State) bool { return slices.Contains(states, p.State) }
	open := in(approval.Draft, approval.InReview, approval.ChangesRequested, approval.Approved, approval.Queued, approval.Failed, approval.Held, approval.Expired)
	return may{
		Revise:    p.Kind == approval.KindReply && open && me.Has(writers...),
		Submit:    p.State == approval.Draft && mine && me.Has(deciders(p)...) && !time.Now().Before(me.EndorsesFrom),
		Withdraw:  open && concerned,
		Unendorse: endorsed && in(approval.InReview, approval.Approved, approval.Queued, approval.Failed),
		Retry: p.State == approval.Failed && p.Failure != nil && p.Failure.Retryable && p.ExpiresAt.After(time.Now()) &&
			me.Has(writers...),
		Settle: p.State == approval.OutcomeUnknown && me.Has(people.Press) && !mine,
		ByHand: p.Refused && !p.ByHand && p.State == approval.Failed && me.Has(writers...),
		Half:   p.State == approval.Published && (p.Kind == approval.KindPerson || p.Kind == approval.KindCredential) && first >= 0 && first <= 1,
	}
}

// whyOnlyReading says why somebody cannot decide on what is in review.
func (v *visit) whyOnlyReading(p *approval.View, me *people.Person) string {
	endorsed := slices.ContainsFunc(p.Endorsements, func(e approval.Endorsement) bool { return e.Person == me.ID && !e.Author })
	switch {
	case p.Author == me.ID:
		return v.t("decision.self")
	case p.Kind == approval.KindCredential && p.About == me.ID:
		return v.t("decision.owncredential")
	case endorsed:
		return v.t("decision.endorsed")
	case !me.Has(deciders(p)...) && p.Governs():
		return v.t("decision.notgovernor")
	case !me.Has(deciders(p)...):
		return v.t("decision.notwriter")
	case time.Now().Before(me.EndorsesFrom):
		return v.t("decision.cooling", "time", (&scribe{lang: v.lang, words: v.words}).exact(me.EndorsesFrom))
	}
	return ""
}

// changeRow is one value that a governance proposal changes.
type changeRow struct{ Name, From, To string }

// describeChange adds what a governance proposal changes, from what to what.
func (v *visit) describeChange(p *decisionPage, staff roster) error {
	p.Sentence = v.changeSentence(p.P, staff)
	p.Policy = v.t("decision.governance")
	c, ok := p.P.Envelope.Governance()
	if !ok {
		return nil
	}
	p.Reason = c.Reason
	row := func(key, from, to string) { p.Changes = append(p.Changes, changeRow{v.t(key), from, to}) }
	switch p.P.Kind {
	case approval.KindPerson:
		row("people.login", "", c.Login)
		row("people.name", "", c.Name)
		row("people.roles", "", v.roleNames(c.Roles))
	case approval.KindRoles:
		row("people.name", "", staff.name(c.Person))
		if one := staff.find(c.Person); one != nil && p.P.State != approval.Published {
			row("people.roles", v.roleNames(one.Roles), v.roleNames(c.Roles))
		} else {
			row("people.roles", "", v.roleNames(c.Roles))
		}
	case approval.KindEnablement, approval.KindCredential:
		row("people.name", "", staff.name(c.Person))
		if one := staff.find(c.Person); one != nil {
			row("people.login", "", one.Login)
			row("people.roles", "", v.roleNames(one.Roles))
		}
	case approval.KindAccount:
		row("accounts.account", "", string(c.Account))
		row("accounts.remote", "", c.RemoteID)
		row("accounts.url", "", c.BaseURL)
	case approval.KindPolicy:
		now, err := v.d.Approvals.Policies(v.ctx())
		if err != nil {
			return err
		}
		if p.P.State == approval.Published {
			now = c.Policies
		}
		p.Rules = difference(v.policyLines(now), v.policyLines(c.Policies))
	case approval.KindResume, approval.KindReply: // the sentence says it all
	}
	return nil
}

func (v *visit) roleNames(all []people.Role) string {
	return (&scribe{lang: v.lang, words: v.words}).roles(all)
}

// policyLines are the policies as sentences, one a line.
func (v *visit) policyLines(all []approval.Policy) string {
	lines := make([]string, len(all))
	for i, p := range all {
		lines[i] = p.Name + ": " + v.policySentence(p)
	}
	return strings.Join(lines, "\n")
}

// policySentence is a policy as one sentence in the visitor's language.
func (v *visit) policySentence(p approval.Policy) string {
	accounts := v.t("policies.allaccounts")
	if !slices.Contains(p.Accounts, approval.Any) {
		accounts = strings.Join(p.Accounts, ", ")
	}
	visibility := "any"
	if p.Visibility != approval.Any {
		visibility = p.Visibility
	}
	s := v.t("policies.sentence", "where", v.t("policies.on."+visibility), "accounts", accounts, "n", p.Quorum, "roles", v.roleNames(p.Roles))
	if p.Independent {
		s += " " + v.t("policies.independent.sentence")
	}
	return s + " " + v.t("policies.lives", "time", v.span(p.ValidFor))
}

// span is a time in words, "4 h" or "90 min".
func (v *visit) span(d time.Duration) string {
	if d >= time.Hour && d%time.Hour == 0 {
		return v.t("time.hours", "n", int(d.Hours()))
	}
	return v.t("time.minutes", "n", int(d.Minutes()))
}
