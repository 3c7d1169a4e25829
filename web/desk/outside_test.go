package desk_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/internal/browser/browsertest"
	"standpunt/web/desk/desktest"
)

// watching is the watch over own posts, which raises its alarm at once: a post
// is older than the wait for its receipt when it is seen.
type watching struct {
	d *desktest.Desk
	*approval.Approvals
}

func watch(d *desktest.Desk) watching {
	d.T.Helper()
	w := watching{d, approval.New(d.DB, d.Log, d.Staff, d.Box, approval.Options{OutsideAfter: -time.Second})}
	w.sees() // first contact
	return w
}

func (w watching) sees(posts ...approval.OwnPost) {
	w.d.T.Helper()
	if err := w.Observe(w.d.T.Context(), "plein", posts); err != nil {
		w.d.T.Fatal(err)
	}
	if _, err := w.Sweep(w.d.T.Context()); err != nil {
		w.d.T.Fatal(err)
	}
}

// posted is that somebody posts on our account without approval.
func (w watching) posted(externalID, text string) {
	w.d.T.Helper()
	w.sees(approval.OwnPost{ExternalID: externalID, URL: "http://plein.test/posts/" + externalID, Text: text, PostedAt: time.Now().Add(time.Second)})
}

// A post that nobody approved is told on every page, until one was shown it.
func TestPostsFromOutsideAreToldOnEveryPage(t *testing.T) {
	d := desktest.New(t)
	w := watch(d)
	const (
		noBar, bar     = `<div id="outsidebar" class="outsidebar" role="alert" hidden>`, `<div id="outsidebar" class="outsidebar" role="alert" >`
		noBadge, badge = `<b id="outside-rail" class="badge alarm-badge" hidden>`, `<b id="outside-rail" class="badge alarm-badge" >`
	)
	pages := []string{"/inbox", "/approvals", "/audit", "/settings/people", "/publishing", "/waiting"}
	for _, path := range pages {
		says(t, d.SignedIn("bert").Get(path), http.StatusOK, noBar, noBadge)
	}
	w.posted("900", "Geheim aanbod")
	bert, mara := d.SignedIn("bert"), d.SignedIn("mara")
	for _, path := range pages {
		says(t, bert.Get(path), http.StatusOK, bar, badge, "A post on plein that nobody approved here.", `href="/settings/accounts#outside"`)
	}
	// A page that asks by itself is not somebody who looks.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.URL+"/settings/accounts", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Standpunt-Background", "1")
	says(t, bert.Ask(r), http.StatusOK, bar, "Geheim aanbod")
	says(t, bert.Get("/settings/accounts"), http.StatusOK, noBar, badge, "Geheim aanbod", `id="outside"`)
	for _, path := range pages {
		says(t, bert.Get(path), http.StatusOK, noBar, badge)
		says(t, mara.Get(path), http.StatusOK, bar, badge)
	}
	w.posted("901", "Nog een")
	says(t, bert.Get("/waiting"), http.StatusOK, bar, badge, "A post on plein", "2 posts published outside")
}

// Every post can be reached, page by page, and each stands on one page.
func TestOlderPostsFromOutsideAreReached(t *testing.T) {
	d := desktest.New(t)
	w := watch(d)
	var posts []approval.OwnPost
	for i := range 45 {
		posts = append(posts, approval.OwnPost{ExternalID: fmt.Sprint(i), Text: fmt.Sprintf("Bericht %02d.", i), PostedAt: time.Now().Add(time.Second)})
	}
	w.sees(posts[:30]...)
	w.sees(posts[30:]...)
	bert := d.SignedIn("bert")
	link := regexp.MustCompile(`<a class="button" href="(/settings/accounts\?outside=[^"#]+)#outside">Older posts</a>`)
	seen := make(map[string]int)
	path, sizes := "/settings/accounts", []int(nil)
	for path != "" && len(sizes) < 4 {
		a := bert.Get(path)
		says(t, a, http.StatusOK, `data-at="`+path+`"`)
		texts := regexp.MustCompile(`Bericht \d\d\.`).FindAllString(a.Body, -1)
		for _, text := range texts {
			seen[text]++
		}
		path, sizes = "", append(sizes, len(texts))
		if m := link.FindStringSubmatch(a.Body); m != nil {
			path = m[1]
		}
	}
	if !slices.Equal(sizes, []int{20, 20, 5}) || len(seen) != len(posts) {
		t.Errorf("pages of %v hold %d of %d posts", sizes, len(seen), len(posts))
	}
	says(t, bert.Get("/settings/accounts?outside=%2F"), http.StatusUnprocessableEntity)
}

func TestPostsFromOutsideAppearAtOnce(t *testing.T) {
	d := desktest.New(t)
	w := watch(d)
	b := browsertest.Start(t)
	bert, mara := openIn(t, b, d, "bert", wide), openIn(t, b, d, "mara", phone)
	mara.goTo("/settings/people")
	mara.live()
	for _, s := range []*screen{bert, mara} { // bert stays at the inbox
		s.await(`document.getElementById("outsidebar").hidden && document.getElementById("outside-rail").hidden`)
	}
	w.posted("900", "Geheim aanbod")
	for _, s := range []*screen{bert, mara} {
		s.await(`!document.getElementById("outsidebar").hidden && document.getElementById("outsidebar").textContent.includes("plein") && !document.getElementById("outside-rail").hidden`)
	}
	mara.js(`document.querySelector("#outsidebar a").focus()`)
	mara.await(`document.activeElement.matches("#outsidebar a")`)
	mara.press("\r")
	mara.await(`location.pathname === "/settings/accounts" && document.getElementById("outside").getBoundingClientRect().top < innerHeight`)
	mara.await(`document.getElementById("outsidebar").hidden && !document.getElementById("outside-tab").hidden`)
	if seen := mara.js(`document.getElementById("outside").innerText`); !strings.Contains(seen, "Geheim aanbod") {
		t.Errorf("the bar leads to %s", seen)
	}
}

func TestOutsideScreens(t *testing.T) {
	d := desktest.New(t)
	all := d.Furnish()
	w := watch(d)
	w.posted("900", "Tot middernacht 40% korting op het vaste tarief! Bel nu.")
	b := browsertest.Start(t)
	talk := "/inbox/" + all[len(all)-4].ID.String()
	gallery(t, b, d, []shot{{name: "outside", login: "bert", path: "/approvals"}, {name: "outside-thread", login: "bert", path: talk}})
	w.posted("901", "Wie reageert er nog?")
	for _, login := range []string{"paul", "mara"} {
		if err := d.Staff.SetLanguage(t.Context(), d.As(login).By, "nl"); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Approvals.StopPublishing(t.Context(), d.As("bert").By, "Verkeerd tarief in het standaardantwoord over de teruglevering"); err != nil {
		t.Fatal(err)
	}
	gallery(t, b, d, []shot{{name: "outside-stopped", login: "mara", path: "/inbox"}, {name: "outside-accounts", login: "paul", path: "/settings/accounts"}})
}
