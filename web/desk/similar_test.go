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

// A shared handle, link, greeting or single word makes two questions not alike.
func TestMentionsThatShareOnlyTheHandleAreNotSimilar(t *testing.T) {
	d := desktest.New(t)
	for id, question := range map[string]string{
		"1": "@noordlicht hallo, waarom kan ik niemand bereiken vandaag? https://noordlicht.example/storingen",
		"2": "@noordlicht het logo op jullie nieuwe bus is mooi",
		"3": "@noordlicht ik wil mijn contract opzeggen, kan dat vandaag nog?",
	} {
		d.Queued(d.Say("plein", id, "@k"+id, "", question, time.Hour), "Een antwoord van toen.")
		if err := d.Approvals.RecordPublished(t.Context(), d.Claim(), approval.Receipt{ExternalID: "own-" + id, PostedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	for id, question := range map[string]string{
		"10": "@noordlicht hallo, waarom is mijn zonnepaneel vandaag uitgevallen? https://noordlicht.example/storingen",
		"11": "@noordlicht @noordlicht_service hallo?",
		"12": "@noordlicht mijn contract rammelt aan alle kanten, de opslag klopt weer eens niet",
	} {
		p := d.As("anna").Submitted(d.Say("plein", id, "@eva"+id, "Eva", question, time.Minute), "Dag Eva.")
		page := d.SignedIn("bert").Get(at(p))
		lacks(t, page, "Earlier public answers to similar questions")
		lacks(t, page, "Een antwoord van toen.")
	}
}
