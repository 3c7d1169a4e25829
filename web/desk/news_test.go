package desk_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"standpunt/inbox"
	"standpunt/web/desk/desktest"
)

// Open desks ask for the badge and the red bar at each change: the answer has
// both, and nothing of the page around them.
func TestWhatWaitsIsASmallAnswer(t *testing.T) {
	d := desktest.New(t)
	c := d.SignedIn("bert")
	a := c.Get("/waiting")
	says(t, a, http.StatusOK, `<b id="waiting" class="badge" hidden>`, `id="stopbar" class="stopbar" role="alert" hidden>`, `data-person="`+d.As("bert").ID.String())
	d.As("anna").Submitted(d.Mention("1", "Hallo?"), "Dag.")
	if err := d.Approvals.StopPublishing(t.Context(), d.As("paul").By, "Verkeerd <tarief>"); err != nil {
		t.Fatal(err)
	}
	a = c.Get("/waiting")
	says(t, a, http.StatusOK, `<b id="waiting" class="badge" ><span aria-hidden="true">1</span>`, "Verkeerd &lt;tarief&gt;", "paul")
	if len(a.Body) > 2000 || strings.Contains(a.Body, "<main") {
		t.Errorf("the answer has %d bytes:\n%s", len(a.Body), a.Body)
	}
	if a = d.Browser().Get("/waiting"); !strings.HasPrefix(a.Path, "/sign-in") {
		t.Errorf("a stranger is answered at %s", a.Path)
	}
}

// TestNoChangeIsLostBetweenAPageAndItsEvents: live changes go on with what the
// page does not show yet, also with what happened while it was put together.
func TestNoChangeIsLostBetweenAPageAndItsEvents(t *testing.T) {
	const answers = 30
	d := desktest.New(t)
	anna, bert := d.As("anna"), d.SignedIn("bert")
	sizes := make([]uint64, answers) // of the record once that answer waited
	var talks []*inbox.Conversation
	for i := range answers {
		talks = append(talks, d.Mention(strconv.Itoa(i), "Hallo?"))
	}
	done := make(chan error, 1)
	go func() {
		done <- func() error {
			for i, talk := range talks {
				p, err := anna.Draft(talk, "Dag.")
				if err == nil {
					_, err = anna.Submit(p)
				}
				if err == nil {
					sizes[i], err = d.Log.Size(t.Context())
				}
				if err != nil {
					return err
				}
			}
			return nil
		}()
	}()
	begins := regexp.MustCompile(`data-change="(\d+)"`)
	type seen struct{ rows, from int }
	var pages []seen
	for writing := true; writing; {
		select {
		case err := <-done:
			if writing = false; err != nil {
				t.Fatal(err)
			}
		default:
		}
		a := bert.Get("/approvals")
		from, err := strconv.Atoi(begins.FindStringSubmatch(a.Body)[1])
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, seen{strings.Count(a.Body, "data-row"), from})
	}
	if last := pages[len(pages)-1]; last.rows != answers {
		t.Fatalf("at the end %d answers wait, not %d", last.rows, answers)
	}
	for _, p := range pages {
		if p.rows < answers && uint64(p.from) >= sizes[p.rows] {
			t.Errorf("a page shows %d answers and follows what changes from %d on: the next one waited before %d", p.rows, p.from, sizes[p.rows])
		}
	}
}
