package desk_test

import (
	"testing"
	"time"

	"standpunt/web/desk/desktest"
)

// On a telephone the whole question and both buttons are in sight, in the
// language with the longer words.
func TestTheQuestionFitsATelephone(t *testing.T) {
	d := desktest.New(t)
	p := d.As("anna").Submitted(d.Say("plein", "1", "@fatima", "Fatima El Idrissi", "Hallo?", time.Hour), "Dag Fatima, morgen om negen uur volgt de uitslag. U leest hem op onze site.")
	if err := d.Staff.SetLanguage(t.Context(), d.As("bert").By, "nl"); err != nil {
		t.Fatal(err)
	}
	s := open(t, d, "bert", phone)
	s.toDecide(p)
	s.js(`document.getElementById("approve-dialog").showModal()`)
	s.await(`document.getElementById("approve-dialog").open && document.getAnimations().length === 0`)
	if wide := s.js(`(() => { const edge = document.getElementById("approve-dialog").getBoundingClientRect().right;
		return [...document.querySelectorAll("#approve-dialog *")].filter(e => e.getBoundingClientRect().right > edge).map(e => e.tagName).join(" "); })()`); wide != "" {
		t.Errorf("over the edge of the dialog: %s", wide)
	}
}
