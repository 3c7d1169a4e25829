package desk_test

import (
	"testing"
	"time"

	"standpunt/internal/browser/browsertest"
	"standpunt/web/desk/desktest"
)

func TestScreens(t *testing.T) {
	d := desktest.New(t)
	all := d.Furnish()
	last := len(all) - 1
	talk := func(i int) string { return "/inbox/" + all[i].ID.String() }
	mail, changed := d.Mail(), d.Changed()
	d.Say("plein", "again", "@roos_k2", "Roos Kuipers", "Eerdere vraag over de rekening van oktober.", 9*24*time.Hour)
	b := browsertest.Start(t)
	gallery(t, b, d, []shot{
		{name: "inbox", login: "anna", path: "/inbox"},
		{name: "thread", login: "anna", path: talk(last - 3)},
		{name: "review", login: "anna", path: talk(last - 6)},
		{name: "changes", login: "anna", path: talk(last - 7)},
		{name: "writing", login: "anna", path: talk(last), prepare: func(s *screen) {
			s.fill("#reply", "We guarantee that the app works again tonight. Call 0800-1234567.")
			s.await(`document.querySelectorAll("#findings li").length > 0`)
		}},
		{name: "mail", login: "anna", path: "/inbox/" + mail.ID.String()},
		{name: "changed", login: "anna", path: "/inbox/" + changed.ID.String()},
		{name: "menu", login: "anna", path: talk(last - 1), prepare: func(s *screen) { s.js(`document.getElementById("menu-snooze").open = true`) }},
		{name: "select", login: "anna", path: "/inbox", prepare: func(s *screen) {
			s.js(`document.querySelectorAll(".pick input").forEach((box, i) => { if (i === 1 || i === 3) box.click(); })`)
			s.await(`document.getElementById("bulk-count").textContent === "2 selected"`)
		}},
		{name: "help", login: "anna", path: "/inbox", prepare: func(s *screen) {
			s.js(`document.querySelector("[data-help]").click()`)
			s.await(`document.getElementById("help-dialog").open`)
		}},
		{name: "search", login: "anna", path: "/inbox?q=storing"},
		{name: "nothing", login: "anna", path: "/inbox?q=xyzzy"},
		{name: "me", login: "anna", path: "/settings/me"},
		{name: "fault", login: "anna", path: "/inbox/00000000-0000-7000-8000-000000000000", provokes: "404"},
		{name: "publishing", login: "anna", path: "/publishing"},
		{name: "stop", login: "bert", path: "/inbox", prepare: func(s *screen) {
			s.js(`document.querySelector("a.button.stop").click()`)
			s.await(`document.getElementById("stop-dialog").open`)
		}},
	})
	if err := d.Approvals.StopPublishing(t.Context(), d.As("bert").By, "Verkeerd tarief in het standaardantwoord over de teruglevering"); err != nil {
		t.Fatal(err)
	}
	if err := d.Staff.SetLanguage(t.Context(), d.As("bert").By, "nl"); err != nil {
		t.Fatal(err)
	}
	gallery(t, b, d, []shot{{name: "stopped", login: "bert", path: "/publishing"}, {name: "dutch", login: "bert", path: talk(last - 6)}})
}
