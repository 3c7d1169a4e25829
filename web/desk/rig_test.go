package desk_test

import (
	"strings"
	"testing"
	"time"

	"standpunt/approval/approvaltest"
	"standpunt/internal/browser"
	"standpunt/internal/browser/browsertest"
	"standpunt/web/desk/desktest"
)

// patience is how long a page may take for one thing on a busy machine.
const patience = 45 * time.Second

// screen is one person's browser window, signed in.
type screen struct {
	*browser.Page
	t        *testing.T
	url      string
	expected []string // parts of what the console says because the test provokes it
}

// open starts a browser and signs in by the form. The test is skipped where
// there is no Chromium. Whatever the console complains about fails the test.
func open(t *testing.T, d *desktest.Desk, login string, look browser.Look) *screen {
	t.Helper()
	return openIn(t, browsertest.Start(t), d, login, look)
}

// openIn is open for one more person in a browser that runs.
func openIn(t *testing.T, b *browser.Browser, d *desktest.Desk, login string, look browser.Look) *screen {
	t.Helper()
	page, err := b.Open(look)
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{Page: page, t: t, url: d.URL}
	t.Cleanup(func() {
		for _, line := range page.Problems() {
			if !s.provoked(line) {
				t.Errorf("the console says: %s", line)
			}
		}
		page.Close()
	})
	s.goTo("/sign-in")
	s.fill("#login", login)
	s.fill("#password", approvaltest.Password)
	s.press("\r")
	s.await(`location.pathname === "/inbox" && document.getElementById("panes")`)
	s.live()
	return s
}

func (s *screen) provoked(line string) bool {
	for _, part := range s.expected {
		if strings.Contains(line, part) {
			return true
		}
	}
	return false
}

func (s *screen) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *screen) goTo(path string) {
	s.t.Helper()
	s.must(s.Go(s.url + path))
}

// live waits until the page has its modules running and its events flowing.
func (s *screen) live() {
	s.t.Helper()
	s.await(`document.getElementById("connection").dataset.state === "live"`)
}

func (s *screen) fill(selector, text string) {
	s.t.Helper()
	s.must(s.Fill(selector, text))
}

func (s *screen) press(key string) {
	s.t.Helper()
	s.must(s.Press(key, false))
}

func (s *screen) click(selector string) {
	s.t.Helper()
	s.must(s.Click(selector))
}

// js evaluates an expression and gives it as text.
func (s *screen) js(expression string) string {
	s.t.Helper()
	text, err := s.Eval("String(" + expression + ")")
	s.must(err)
	return text
}

// await waits until an expression holds.
func (s *screen) await(expression string) {
	s.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); ; <-tick.C {
		text, err := s.Eval("String(Boolean(" + expression + "))")
		if err == nil && text == "true" {
			return
		}
		if time.Now().After(end) {
			at, _ := s.URL()
			seen, _ := s.Eval(`(document.querySelector("#toasts").innerText + "\n" + document.querySelector("main").innerText).slice(0, 1200)`)
			s.t.Fatalf("waited in vain for %s (%v) at %s, which says:\n%s\n%v", expression, err, at, seen, s.Problems())
		}
	}
}
