package desk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"standpunt/internal/browser"
	"standpunt/web/desk/desktest"
)

// TestScreens takes pictures of the pages into SCREENSHOT_DIR, for people to
// look at, and fails on pages that are wider than the screen.
func TestScreens(t *testing.T) {
	dir := os.Getenv("SCREENSHOT_DIR")
	if dir == "" {
		t.Skip("SCREENSHOT_DIR is not set")
	}
	d := desktest.New(t)
	all := d.Furnish()
	last := len(all) - 1
	mail, changed := d.Mail(), d.Changed()
	d.Say("plein", "again", "@roos_k2", "Roos Kuipers", "Eerdere vraag over de rekening van oktober.", 9*24*time.Hour)
	pages := []struct{ name, path, prepare string }{
		{"inbox", "/inbox", ""},
		{"thread", "/inbox/" + all[last-3].ID.String(), ""},
		{"review", "/inbox/" + all[last-6].ID.String(), ""},
		{"changes", "/inbox/" + all[last-7].ID.String(), ""},
		{"writing", "/inbox/" + all[last].ID.String(), `(() => { const r = document.getElementById("reply");
			r.value = "We guarantee that the app works again tonight. Call 0800-1234567."; r.dispatchEvent(new Event("input", {bubbles: true})); })()`},
		{"mail", "/inbox/" + mail.ID.String(), ""},
		{"changed", "/inbox/" + changed.ID.String(), ""},
		{"menu", "/inbox/" + all[last-1].ID.String(), `document.getElementById("menu-snooze").open = true`},
		{"select", "/inbox", `document.querySelectorAll(".pick input").forEach((box, i) => { if (i === 1 || i === 3) box.click(); })`},
		{"help", "/inbox", `document.querySelector("[data-help]").click()`},
		{"search", "/inbox?q=storing", ""},
		{"nothing", "/inbox?q=xyzzy", ""},
		{"me", "/settings/me", ""},
		{"fault", "/inbox/00000000-0000-7000-8000-000000000000", ""},
		{"publishing", "/publishing", ""},
	}
	for _, width := range []int64{1440, 360} {
		for _, scheme := range []string{"light", "dark"} {
			s := open(t, d, "anna", browser.Look{Width: width, Height: map[int64]int64{1440: 900, 360: 740}[width], Dark: scheme == "dark"})
			s.expected = []string{"404"}
			for _, p := range pages {
				s.goTo(p.path)
				s.live()
				if p.prepare != "" {
					s.js(p.prepare)
				}
				if p.name == "writing" {
					s.await(`document.querySelectorAll("#findings li").length > 0`)
				}
				png, err := s.Picture()
				s.must(err)
				s.must(os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", p.name, width, scheme)), png, 0o600))
				if over := s.js("document.documentElement.scrollWidth - document.documentElement.clientWidth"); over != "0" {
					t.Errorf("%s at %d px is %s px too wide", p.name, width, over)
				}
			}
		}
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	press := open(t, d, "bert", browser.Look{Width: 1440, Height: 900})
	press.js(`document.querySelector("a.button.stop").click()`)
	press.await(`document.getElementById("stop-dialog").open`)
	png, err := press.Picture()
	must(err)
	must(os.WriteFile(filepath.Join(dir, "stop.png"), png, 0o600))
	must(d.Approvals.StopPublishing(t.Context(), d.As("bert").By, "Verkeerd tarief in het standaardantwoord over de teruglevering"))
	must(d.Staff.SetLanguage(t.Context(), d.As("bert").By, "nl"))
	for _, look := range []browser.Look{{Width: 1440, Height: 900}, {Width: 360, Height: 740, Dark: true}} {
		s := open(t, d, "bert", look)
		for name, path := range map[string]string{"stopped": "/publishing", "dutch": "/inbox/" + all[last-6].ID.String()} {
			s.goTo(path)
			s.live()
			png, err := s.Picture()
			s.must(err)
			s.must(os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", name, look.Width)), png, 0o600))
		}
	}
}
