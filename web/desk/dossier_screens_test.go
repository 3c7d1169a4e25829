package desk_test

import (
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/internal/browser/browsertest"
	"standpunt/web/desk/desktest"
)

// A dossier is read on a telephone to its right edge: the long words of Dutch,
// a long name, addresses that have no place to break, and the whole log.
func TestDossierScreens(t *testing.T) {
	d := desktest.New(t)
	address := "http://plein.test/noordlicht/berichten/" + strings.Repeat("7f3a9c", 9)
	talk := d.Ingest("plein", inbox.Inbound{
		ExternalID: strings.Repeat("1", 40), Author: inbox.Author{ExternalID: "c-1", Handle: "@bewonersvereniging_biltstraat", Name: "Bewonersvereniging Biltstraat-Wittevrouwen"},
		Kind: "post", Visibility: inbox.Public, Text: "Zie https://bewoners.example/" + strings.Repeat("storingsoverzicht-", 5) + " voor alle storingen.",
		PostedAt: time.Now().Add(-time.Hour), URL: address,
	})
	d.Queued(talk, "Dank voor het overzicht. Wij komen er morgen op terug.")
	r := d.Claim()
	receipt := approval.Receipt{ExternalID: "own-1", URL: address + "/antwoord", PostedAt: time.Now()}
	if err := d.Approvals.RecordPublished(t.Context(), r, receipt); err != nil {
		t.Fatal(err)
	}
	a := r.Attempt()
	a.Receipt = receipt
	if _, err := d.Approvals.RecordReadBack(t.Context(), a, a.Text); err != nil {
		t.Fatal(err)
	}
	list, err := d.Approvals.OfConversation(t.Context(), talk.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Staff.SetLanguage(t.Context(), d.As("mara").By, "nl"); err != nil {
		t.Fatal(err)
	}
	path := "/dossier/" + list[0].ID.String()
	b := browsertest.Start(t)
	whole := func(s *screen) {
		s.says(".dossier-head", "Officieel")
		beyond := s.js(`[...document.querySelectorAll("#dossier *")].filter((e) => !e.closest(".unseen, thead") && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 90)).join("\n")`)
		if beyond != "" {
			s.t.Errorf("at the width of %s this is cut off:\n%s", s.js("innerWidth"), beyond)
		}
	}
	gallery(t, b, d, []shot{
		{name: "dossier-dutch", login: "mara", path: path, prepare: whole},
		{name: "dossier-log", login: "mara", path: path, prepare: func(s *screen) {
			whole(s)
			s.await(`document.querySelector("#dossier tbody").scrollIntoView() || document.getElementById("main").scrollTop > 0`)
		}},
	})
}
