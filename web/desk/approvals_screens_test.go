package desk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/internal/browser/browsertest"
	"standpunt/people"
	"standpunt/web/desk/desktest"
)

// stage is a desk with something in every corner of approvals and audit.
type stage struct {
	*desktest.Desk
	rich      *approval.View // revised, with findings, an odd letter and an earlier rejection
	long      *approval.View // a mail that has to be scrolled through
	published *approval.View
	unknown   *approval.View
	policies  *approval.View
	person    *approval.View // a new colleague, in force
}

func newStage(t *testing.T) *stage {
	t.Helper()
	d := desktest.New(t)
	all := d.Furnish()
	s := &stage{Desk: d}
	anna, bert, paul := d.As("anna"), d.As("bert"), d.As("paul")
	last := len(all) - 1
	done := func(p *approval.View, err error) *approval.View {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	const guarantee = "Wij garanderen dat het bedrag binnen vijf dagen terug is. Mail naar service@noordlicht.example."
	done(bert.Decide(anna.Submitted(all[last-9], guarantee), approval.Reject, "Dit beloven we nooit: zie de voorwaarden, artikel 7."))
	p := done(anna.Draft(all[last-9], "Dag! We betalen het bedrag altijd binnen vijf dagen terug. Mail naar service@noordlicht.example."))
	p = done(anna.Submit(p))
	p = done(paul.Decide(p, approval.RequestChanges, "Geen belofte over dagen, graag. En noem de storingspagina."))
	p = done(anna.Revise(p, guarantee))
	p = done(bert.Revise(p, "Dag! Wat vervelend. We zoeken uit hoe het zit met uw bedrag en u hoort vandaag van ons. Mail naar service@n\u043eordlicht.example of kijk op noordlicht.example/storingen."))
	s.rich = done(bert.Submit(p))
	var lines []string
	for i := range 120 {
		lines = append(lines, fmt.Sprintf("%d. Dit is een regel van een lange brief, die een mens tot het eind moet lezen voor hij erachter kan staan.", i+1))
	}
	d.Adapt("plein", func(p *approval.Platform) {
		p.Measure = func(text string) approval.Measure {
			return approval.Measure{Length: len([]rune(text)), Limit: 20000, Unit: "characters"}
		}
	})
	mail := d.Ingest("plein", inbox.Inbound{
		ExternalID: "mail-1", Author: inbox.Author{ExternalID: "c-mail", Handle: "saskia@klant.example", Name: "Saskia de Wit"}, Kind: "mail",
		Visibility: inbox.Private, Subject: "Klacht over eindafrekening", Text: "Geachte heer, mevrouw,\n\nIk wacht al zes weken op mijn eindafrekening.\n\nSaskia de Wit",
		PostedAt: time.Now().Add(-50 * time.Minute), Route: []inbox.Field{{Name: "To", Value: "saskia@klant.example"}, {Name: "Subject", Value: "Re: Klacht over eindafrekening"}},
	})
	s.long = anna.Submitted(mail, strings.Join(lines, "\n"))
	s.published = done(bert.Approve(anna.Submitted(all[last-10], "Dag Grace, ja, dat kan: kies in Mijn Noordlicht voor betalen in delen.")))
	r := d.Claim()
	a := r.Attempt()
	a.Receipt = approval.Receipt{ExternalID: "own-2", URL: "http://plein.test/posts/own-2", PostedAt: time.Now()}
	if err := d.Approvals.RecordPublished(t.Context(), r, a.Receipt); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Approvals.RecordReadBack(t.Context(), a, a.Text); err != nil {
		t.Fatal(err)
	}
	s.unknown = done(bert.Approve(anna.Submitted(all[last-11], "Dank voor het melden! De link is hersteld.")))
	if err := d.Approvals.RecordUnknown(t.Context(), d.Claim(), approval.Failure{Message: "The platform did not answer in time."}); err != nil {
		t.Fatal(err)
	}
	second := approval.DefaultPolicy()
	second.Name, second.Accounts, second.Quorum, second.Independent = "mail", []string{"plein"}, 3, true
	s.policies = done(d.As("ada").Propose(approval.KindPolicy, approval.Change{Policies: []approval.Policy{second, approval.DefaultPolicy()}, Reason: "Op plein lezen te veel mensen mee voor vier ogen."}))
	s.person = done(bert.Approve(done(d.As("ada").Propose(approval.KindPerson, approval.Change{Login: "eva", Name: "Eva Smit", Roles: []people.Role{people.Agent}, Language: "nl"}))))
	done(d.As("ada").Propose(approval.KindRoles, approval.Change{Person: anna.ID, Roles: []people.Role{people.Agent, people.Press}, Reason: "Anna neemt de avonddienst over."}))
	return s
}

func (s *stage) path(p *approval.View) string { return at(p) }

func TestApprovalScreens(t *testing.T) {
	s := newStage(t)
	gallery(t, browsertest.Start(t), s.Desk, []shot{
		{name: "queue", login: "paul", path: "/approvals"},
		{name: "queue-mine", login: "anna", path: "/approvals?show=mine"},
		{name: "queue-stuck", login: "bert", path: "/approvals?show=stuck"},
		{name: "queue-all", login: "paul", path: "/approvals?show=all"},
		{name: "queue-empty", login: "mara", path: "/approvals?account=plein"},
		{name: "decide", login: "paul", path: s.path(s.rich)},
		{name: "decide-end", login: "paul", path: s.path(s.rich), prepare: func(s *screen) { s.js(`document.getElementById("main").scrollTo(0, 1e6)`) }},
		{name: "decide-dialog", login: "paul", path: s.path(s.rich), prepare: (*screen).askToApprove},
		{name: "decide-reject", login: "paul", path: s.path(s.rich), prepare: func(s *screen) { s.js(`document.getElementById("act-reject").open = true`) }},
		{name: "decide-long", login: "paul", path: s.path(s.long)},
		{name: "decide-self", login: "bert", path: s.path(s.rich)},
		{name: "decide-unknown", login: "paul", path: s.path(s.unknown)},
		{name: "decide-published", login: "anna", path: s.path(s.published)},
		{name: "decide-policies", login: "mara", path: s.path(s.policies)},
		{name: "decide-person", login: "bert", path: s.path(s.person)},
		{name: "audit", login: "mara", path: "/audit"},
		{name: "audit-alarm", login: "mara", path: "/audit?outcome=unknown"},
		{name: "dossier", login: "mara", path: "/audit/proposals/" + s.published.ID.String()},
		{name: "dossier-rich", login: "mara", path: "/dossier/" + s.rich.ID.String()},
		{name: "verified", login: "mara", path: "/audit", prepare: func(s *screen) {
			s.click("form[action='/audit/verify'] button")
			s.await(`document.body.classList.contains("page-verified")`)
			s.live()
		}},
		{name: "set-accounts", login: "ada", path: "/settings/accounts"},
		{name: "set-people", login: "ada", path: "/settings/people"},
		{name: "set-people-open", login: "ada", path: "/settings/people", prepare: func(s *screen) {
			s.js(`document.querySelectorAll(".people details")[1].open = true`)
		}},
		{name: "set-policies", login: "ada", path: "/settings/policies"},
		{name: "set-policies-edit", login: "ada", path: "/settings/policies/edit"},
		{name: "revise", login: "paul", path: s.path(s.rich) + "/edit"},
	})
}

// askToApprove reads a proposal to its end and opens the question.
func (s *screen) askToApprove() {
	s.t.Helper()
	s.await(`document.getElementById("approve").disabled ? void document.getElementById("gate").click() : true`)
	s.click("#approve")
	s.await(`document.getElementById("approve-dialog").open`)
}
