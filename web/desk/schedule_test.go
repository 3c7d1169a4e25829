package desk_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/web/desk/desktest"
)

const localMinute = "2006-01-02T15:04"

// inZone is a time as somebody an hour east of UTC types it.
func inZone(at time.Time) string { return at.In(time.FixedZone("", 3600)).Format(localMinute) }

func TestSchedulingInTheComposer(t *testing.T) {
	d := desktest.New(t)
	talk := d.Mention("1", "Wanneer komt de uitslag?")
	c := d.SignedIn("anna")
	here := "/inbox/" + talk.ID.String()
	says(t, c.Get(here), http.StatusOK, `name="not_before" value=""`, "At most 72 hours ahead")
	send := func(at, do string) *desktest.Answer {
		form := url.Values{"text": {"Morgen om negen uur."}, "do": {do}, "back": {here}, "not_before": {at}, "zone": {"60"}}
		if list, err := d.Approvals.OfConversation(t.Context(), talk.ID); err != nil {
			t.Fatal(err)
		} else if len(list) > 0 {
			form.Set("proposal", list[0].ID.String())
			form.Set("digest", list[0].Digest.String())
		}
		return c.Post(here+"/reply", form)
	}
	now := time.Now()
	for at, want := range map[string]string{
		inZone(now.Add(73 * time.Hour)): "at most 72 hours ahead",
		inZone(now.Add(-time.Hour)):     "This time has passed already",
		"morgen":                        "This is no time",
	} {
		says(t, send(at, "submit"), http.StatusUnprocessableEntity, want, `name="not_before" value="`+at+`"`, `name="zone" value="60"`, "Morgen om negen uur.")
	}
	if list, err := d.Approvals.OfConversation(t.Context(), talk.ID); err != nil || len(list) != 0 {
		t.Fatalf("a refused time made %d proposals (%v)", len(list), err)
	}
	first, second := now.Add(20*time.Hour).Truncate(time.Minute), now.Add(30*time.Hour).Truncate(time.Minute)
	for _, step := range []struct {
		at       string
		want     time.Time
		revision int
	}{{inZone(first), first, 1}, {inZone(first), first, 1}, {inZone(second), second, 2}, {"", time.Time{}, 3}, {inZone(second), second, 4}} {
		says(t, send(step.at, "save"), http.StatusOK, "Draft saved.")
		list, err := d.Approvals.OfConversation(t.Context(), talk.ID)
		if err != nil || len(list) != 1 {
			t.Fatalf("%d proposals (%v)", len(list), err)
		}
		if p := list[0]; !p.Envelope.NotBefore.Equal(step.want) || p.Revision != step.revision {
			t.Errorf("%q: revision %d is not before %s, want revision %d and %s", step.at, p.Revision, p.Envelope.NotBefore, step.revision, step.want)
		}
	}
	stamp := `datetime="` + second.UTC().Format(time.RFC3339) + `"`
	says(t, c.Get(here), http.StatusOK, `data-at="`+second.UTC().Format(time.RFC3339)+`"`, stamp)
	says(t, send(inZone(second), "submit"), http.StatusOK, "Submitted.")
	list, err := d.Approvals.OfConversation(t.Context(), talk.ID)
	if err != nil {
		t.Fatal(err)
	}
	p := list[0]
	bert := d.SignedIn("bert")
	page := bert.Get(at(p))
	says(t, page, http.StatusOK, `<p class="mark-line">`, stamp, `id="approve-dialog"`)
	if _, dialog, _ := strings.Cut(page.Body, `id="approve-dialog"`); !strings.Contains(dialog, stamp) {
		t.Error("the dialog does not say when")
	}
	says(t, bert.Get(at(p)+"/confirm?digest="+p.Digest.String()), http.StatusOK, "Not before", stamp)
	says(t, bert.Post(at(p)+"/decide", url.Values{"digest": {p.Digest.String()}, "verdict": {"approve"}}), http.StatusOK, "It goes out on")
	if q := d.State(p, approval.Queued); !q.Due.Equal(second) {
		t.Errorf("it is due at %s, want %s", q.Due, second)
	}
	dossier := bert.Get("/dossier/" + p.ID.String())
	says(t, dossier, http.StatusOK, stamp, `datetime="`+first.UTC().Format(time.RFC3339)+`"`)
}

// A time after the platform's own end for answers is said to be too late, and
// not that the end has come.
func TestSchedulingAfterThePlatformCloses(t *testing.T) {
	d := desktest.New(t)
	talk := d.Mention("1", "Waar blijft mijn pakket?")
	closes := time.Now().Add(23 * time.Hour).Truncate(time.Minute)
	d.Adapt("plein", func(p *approval.Platform) {
		p.Closes = func(*inbox.Mention) time.Time { return closes }
		p.Unanswerable = func(_ *inbox.Mention, at time.Time) string {
			if at.Before(closes) {
				return ""
			}
			return inbox.UnansweredMessengerDay.English()
		}
	})
	c, here, late := d.SignedIn("anna"), "/inbox/"+talk.ID.String(), inZone(time.Now().Add(30*time.Hour))
	hour := closes.In(time.FixedZone("", 3600)).Format("15:04")
	for _, step := range []struct{ lang, until, fix string }{
		{"en", "The platform takes an answer to this until ", "Choose an earlier moment"}, {"nl", "Het platform neemt hierop een antwoord aan tot ", "Kies een eerder tijdstip"},
	} {
		c.Post("/settings/me/language", url.Values{"language": {step.lang}})
		form := url.Values{"text": {"Morgen."}, "do": {"submit"}, "back": {here}, "not_before": {late}, "zone": {"60"}}
		a := c.Post(here+"/reply", form)
		says(t, a, http.StatusUnprocessableEntity, step.until, hour, step.fix, `name="not_before" value="`+late+`"`)
		if strings.Contains(a.Body, "they are over") || strings.Contains(a.Body, "{until}") {
			t.Errorf("%s: it says that the end has come:\n%s", step.lang, a.Body)
		}
	}
}

func TestSchedulingInEdit(t *testing.T) {
	d := desktest.New(t)
	talk := d.Mention("1", "Wanneer komt de uitslag?")
	first := time.Now().Add(20*time.Hour + 17*time.Second).Truncate(time.Second)
	anna := d.As("anna")
	p, err := d.Approvals.DraftReply(t.Context(), anna.By, talk.ID, inbox.MentionID{}, approval.Content{Text: "Morgen.", Language: "nl", NotBefore: first})
	if err != nil {
		t.Fatal(err)
	}
	if p, err = anna.Submit(p); err != nil {
		t.Fatal(err)
	}
	bert := d.SignedIn("bert")
	says(t, bert.Get(at(p)+"/edit"), http.StatusOK, `name="not_before" value="`+first.Local().Format(localMinute)+`"`)
	revise := func(want int, notBefore time.Time, fields ...string) *desktest.Answer {
		t.Helper()
		p, err := d.Approvals.Get(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		form := url.Values{"digest": {p.Digest.String()}, "text": {"Overmorgen."}, "then": {"keep"}}
		for i := 0; i < len(fields); i += 2 {
			form.Set(fields[i], fields[i+1])
		}
		a := bert.Post(at(p)+"/revise", form)
		says(t, a, want)
		if p, err = d.Approvals.Get(t.Context(), p.ID); err != nil || !p.Envelope.NotBefore.Equal(notBefore) {
			t.Errorf("%v: it is not before %s, want %s (%v)", fields, p.Envelope.NotBefore, notBefore, err)
		}
		return a
	}
	second := time.Now().Add(40 * time.Hour).Truncate(time.Minute)
	late := inZone(time.Now().Add(80 * time.Hour))
	a := revise(http.StatusUnprocessableEntity, first, "not_before", late, "zone", "60")
	says(t, a, http.StatusUnprocessableEntity, "at most 72 hours ahead", `value="`+late+`"`, "Overmorgen.")
	revise(http.StatusOK, first, "not_before", inZone(first), "zone", "60") // to the second, though the field has minutes
	revise(http.StatusOK, first)                                            // a form that does not ask
	a = revise(http.StatusOK, second, "not_before", inZone(second), "zone", "60")
	says(t, a, http.StatusOK, "<del><time", `datetime="`+second.UTC().Format(time.RFC3339)+`"`)
	revise(http.StatusOK, time.Time{}, "not_before", "")
	if err := d.Staff.SetLanguage(t.Context(), d.As("bert").By, "nl"); err != nil {
		t.Fatal(err)
	}
	a = revise(http.StatusUnprocessableEntity, time.Time{}, "not_before", late, "zone", "60")
	says(t, a, http.StatusUnprocessableEntity, "Kies een tijdstip binnen de komende 72 uur", "Later publiceren")
}

// In a browser the field is in the reader's own zone.
func TestSchedulingInTheOwnZone(t *testing.T) {
	d := desktest.New(t)
	talk := d.Mention("1", "Wanneer komt de uitslag?")
	s := open(t, d, "anna", wide)
	s.goTo("/inbox/" + talk.ID.String())
	s.live()
	s.fill("#reply", "Morgen om negen uur.")
	s.click(".schedule summary")
	year, month, day := time.Now().Date()
	chosen := time.Date(year, month, day+1, 12, 0, 0, 0, time.Local) // no clock is put back at noon
	s.js(`(() => { const field = document.getElementById("not-before"); const at = new Date(` + chosen.UTC().Format(`"2006-01-02T15:04:05Z"`) + `);
		field.value = new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16); field.dispatchEvent(new Event("input", {bubbles: true})); })()`)
	s.await(`document.querySelector("#composer [data-zone]").value === String(-new Date(document.getElementById("not-before").value).getTimezoneOffset())`)
	s.await(`document.querySelector("[data-zone-name]").textContent === Intl.DateTimeFormat().resolvedOptions().timeZone`)
	typed := s.js(`document.getElementById("not-before").value`)
	s.click(`#composer button[value="save"]`)
	s.await(`document.getElementById("toasts").textContent.includes("Draft saved.")`)
	s.await(`document.getElementById("not-before").value === "` + typed + `" && document.querySelector(".schedule").open`)
	list, err := d.Approvals.OfConversation(t.Context(), talk.ID)
	s.must(err)
	if len(list) != 1 || !list[0].Envelope.NotBefore.Equal(chosen) {
		t.Errorf("%d proposals, the first not before %s, want %s", len(list), list[0].Envelope.NotBefore, chosen)
	}
	if over := s.js("document.documentElement.scrollWidth - document.documentElement.clientWidth"); over != "0" {
		t.Errorf("the page is %s px too wide", over)
	}
}
