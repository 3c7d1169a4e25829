package desk_test

import (
	"net/http"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/web/desk/desktest"
)

// What was answered before to such a question is shown, and what merely names
// us is not.
func TestSimilarAnswersAreOfferedToDeciders(t *testing.T) {
	d := desktest.New(t)
	publish := func(id, question, answer string) {
		d.Queued(d.Say("plein", id, "@k"+id, "", question, time.Hour), answer)
		err := d.Approvals.RecordPublished(t.Context(), d.Claim(), approval.Receipt{ExternalID: "own-" + id, PostedAt: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
	}
	publish("1", "@noordlicht mijn termijnbedrag is zomaar verdubbeld", "U past het termijnbedrag zelf aan.")
	publish("2", "@noordlicht de monteur was op tijd, bedankt", "Dat geven we door!")
	p := d.As("anna").Submitted(d.Say("plein", "3", "@eva", "Eva", "@noordlicht waarom is mijn termijnbedrag verdubbeld?", time.Minute), "Dag Eva.")
	page := d.SignedIn("bert").Get(at(p))
	says(t, page, http.StatusOK, "Earlier public answers to similar questions", "U past het termijnbedrag zelf aan.")
	lacks(t, page, "Dat geven we door!")
}
