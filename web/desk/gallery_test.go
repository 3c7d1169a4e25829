package desk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"standpunt/internal/browser"
	"standpunt/web/desk/desktest"
)

// shot is a page as one person sees it after they have done something there.
type shot struct {
	name, login, path string
	prepare           func(*screen) // nil shows the page as it opens
	provokes          string        // part of what the console says to it; empty where it says nothing
}

// fits are what a page must be at every width, with what is measured: each
// expression gives by how many pixels it is not.
var fits = map[string]string{
	"the page is too wide":      `document.documentElement.scrollWidth - document.documentElement.clientWidth`,
	"what it shows is too wide": `document.getElementById("main").scrollWidth - document.getElementById("main").clientWidth`,
	"the frame scrolls":         `document.documentElement.scrollHeight - document.documentElement.clientHeight`,
	"the tab that is open is out of sight": `Math.max(0, ...[...document.querySelectorAll(":is(.tabs, .subnav, .views) [aria-current]")].map((tab) => {
		const row = tab.closest("nav").getBoundingClientRect(), at = tab.getBoundingClientRect();
		return Math.ceil(Math.max(at.right - row.right, row.left - at.left));
	}))`,
}

// gallery shows the shots one after the other on a desktop and on a telephone, in light
// and in dark, and fails on those that do not fit the screen. Each person has a tab
// of their own.
func gallery(t *testing.T, b *browser.Browser, d *desktest.Desk, shots []shot) {
	t.Helper()
	screens := make(map[string]*screen)
	for _, shot := range shots {
		tab := screens[shot.login]
		if tab == nil {
			tab = openIn(t, b, d, shot.login, wide)
			screens[shot.login] = tab
		}
		if shot.provokes != "" {
			tab.expected = append(tab.expected, shot.provokes)
		}
		t.Run(shot.name, func(t *testing.T) {
			s := *tab
			s.t = t
			for _, look := range []browser.Look{wide, phone} {
				s.must(s.Resize(look))
				s.goTo(shot.path)
				s.live()
				if shot.prepare != nil {
					shot.prepare(&s)
				}
				for _, look.Dark = range []bool{false, true} {
					s.must(s.Resize(look))
					s.await(`document.getAnimations().every((a) => a.effect.getComputedTiming().iterations === Infinity)`)
					scheme := map[bool]string{false: "light", true: "dark"}[look.Dark]
					keepPicture(&s, fmt.Sprintf("%s-%d-%s", shot.name, look.Width, scheme))
					for wrong, measure := range fits {
						if by := s.js(measure); by != "0" {
							t.Errorf("at %d pixels, %s: %s, by %s pixels", look.Width, scheme, wrong, by)
						}
					}
				}
			}
		})
	}
}

// keepPicture writes what the window shows to the folder that SCREENSHOT_DIR
// names, for people to look at. Without that variable it takes no picture.
func keepPicture(s *screen, name string) {
	s.t.Helper()
	folder := os.Getenv("SCREENSHOT_DIR")
	if folder == "" {
		return
	}
	shot, err := s.Picture()
	s.must(err)
	s.must(os.WriteFile(filepath.Join(folder, name+".png"), shot, 0o600))
}
