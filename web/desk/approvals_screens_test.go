package desk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/internal/browser"
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
	if err := d.Approvals.RecordUnknown(t.Context(), d.Claim(), "The platform did not answer in time."); err != nil {
		t.Fatal(err)
	}
	second := approval.DefaultPolicy()
	second.Name, second.Accounts, second.Quorum, second.Independent = "mail", []string{"plein"}, 3, true
	s.policies = done(d.As("ada").Propose(approval.KindPolicy, approval.Change{Policies: []approval.Policy{second, approval.DefaultPolicy()}, Reason: "Op plein lezen te veel mensen mee voor vier ogen."}))
	s.person = done(bert.Approve(done(d.As("ada").Propose(approval.KindPerson, approval.Change{Login: "eva", Name: "Eva Smit", Roles: []people.Role{people.Agent}, Language: "nl"}))))
	done(d.As("ada").Propose(approval.KindRoles, approval.Change{Person: anna.ID, Roles: []people.Role{people.Agent, people.Press}, Reason: "Anna neemt de avonddienst over."}))
	return s
}

func (s *stage) path(p *approval.View) string { return "/approvals/" + p.ID.String() }

// TestApprovalScreens takes pictures of approvals, audit and settings into
// SCREENSHOT_DIR, and fails on pages that are wider than the screen.
func TestApprovalScreens(t *testing.T) {
	dir := os.Getenv("SCREENSHOT_DIR")
	if dir == "" {
		t.Skip("SCREENSHOT_DIR is not set")
	}
	s := newStage(t)
	shots := []struct{ name, login, path, prepare string }{
		{"queue", "paul", "/approvals", ""},
		{"queue-mine", "anna", "/approvals?show=mine", ""},
		{"queue-stuck", "bert", "/approvals?show=stuck", ""},
		{"queue-all", "paul", "/approvals?show=all", ""},
		{"queue-empty", "mara", "/approvals?account=plein", ""},
		{"decide", "paul", s.path(s.rich), ""},
		{"decide-end", "paul", s.path(s.rich), `document.getElementById("main").scrollTo(0, 1e6)`},
		{"decide-dialog", "paul", s.path(s.rich), `(() => { document.getElementById("read-end").scrollIntoView(); setTimeout(() => document.getElementById("approve").click(), 600); })()`},
		{"decide-reject", "paul", s.path(s.rich), `document.getElementById("act-reject").open = true`},
		{"decide-long", "paul", s.path(s.long), ""},
		{"decide-self", "bert", s.path(s.rich), ""},
		{"decide-unknown", "paul", s.path(s.unknown), ""},
		{"decide-published", "anna", s.path(s.published), ""},
		{"decide-policies", "mara", s.path(s.policies), ""},
		{"decide-person", "bert", s.path(s.person), ""},
		{"audit", "mara", "/audit", ""},
		{"audit-alarm", "mara", "/audit?outcome=unknown", ""},
		{"dossier", "mara", "/audit/proposals/" + s.published.ID.String(), ""},
		{"dossier-rich", "mara", "/dossier/" + s.rich.ID.String(), ""},
		{"verified", "mara", "/audit", `document.querySelector("form[action='/audit/verify'] button").click()`},
		{"set-accounts", "ada", "/settings/accounts", ""},
		{"set-people", "ada", "/settings/people", ""},
		{"set-people-open", "ada", "/settings/people", `document.querySelectorAll(".people details")[1].open = true`},
		{"set-policies", "ada", "/settings/policies", ""},
		{"set-policies-edit", "ada", "/settings/policies/edit", ""},
		{"revise", "paul", s.path(s.rich) + "/edit", ""},
	}
	for _, width := range []int64{1440, 360} {
		for _, dark := range []bool{false, true} {
			scheme := map[bool]string{false: "light", true: "dark"}[dark]
			screens := make(map[string]*screen)
			for _, shot := range shots {
				if only := os.Getenv("SCREENSHOT_ONLY"); only != "" && !strings.HasPrefix(shot.name, only) || dark && width == 360 && shot.name != "decide" {
					continue
				}
				b := screens[shot.login]
				if b == nil {
					b = open(t, s.Desk, shot.login, browser.Look{Width: width, Height: map[int64]int64{1440: 900, 360: 740}[width], Dark: dark})
					screens[shot.login] = b
				}
				b.goTo(shot.path)
				b.live()
				if shot.prepare != "" {
					b.js(shot.prepare)
					b.await(`document.body.dataset.shot === "ready" || void setTimeout(() => { document.body.dataset.shot = "ready"; }, 900)`)
				}
				png, err := b.Picture()
				b.must(err)
				b.must(os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", shot.name, width, scheme)), png, 0o600))
				if over := b.js(`Math.max(document.documentElement.scrollWidth - document.documentElement.clientWidth, document.getElementById("main").scrollWidth - document.getElementById("main").clientWidth)`); over != "0" {
					t.Errorf("%s at %d px is %s px too wide", shot.name, width, over)
				}
				if over := b.js("document.documentElement.scrollHeight - document.documentElement.clientHeight"); over != "0" {
					t.Errorf("%s at %d px: the frame scrolls by %s px", shot.name, width, over)
				}
			}
		}
	}
}
