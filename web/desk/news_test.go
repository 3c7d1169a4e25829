package desk_test

import (
	"net/http"
	"strings"
	"testing"

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
