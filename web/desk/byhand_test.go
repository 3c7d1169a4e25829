package desk_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/internal/browser/browsertest"
	"standpunt/web/desk/desktest"
)

const byHandText = "Dag Eva, dat klopt: de prijs van een vast contract blijft gelijk."

// closed lets a customer say something that takes no answer from a program.
func closed(d *desktest.Desk, id, handle, name, text string) *inbox.Conversation {
	return d.Ingest("plein", inbox.Inbound{
		ExternalID: id, Author: inbox.Author{ExternalID: "c-" + handle, Handle: handle, Name: name}, Kind: "post", Visibility: inbox.Public,
		Text: text, PostedAt: time.Now().Add(-20 * time.Minute), URL: "http://plein.test/posts/" + id,
		Unanswerable: inbox.UnansweredNotAddressed.English(),
	})
}

// inOrder fails the test unless the page has all the texts, one after the other.
func inOrder(t *testing.T, a *desktest.Answer, texts ...string) {
	t.Helper()
	at := 0
	for _, want := range texts {
		i := strings.Index(a.Body[at:], want)
		if i < 0 {
			t.Fatalf("%s does not say %q after what comes before:\n%.2500s", a.Path, want, text(a.Body))
		}
		at += i
	}
}

func recorded(p *approval.View, at string) url.Values {
	return url.Values{"digest": {p.Digest.String()}, "url": {at}}
}

// TestAnswerByHandByForm is the whole story without scripts: two people, the
// exact text, a wrong address, the right one, and what was read there.
func TestAnswerByHandByForm(t *testing.T) {
	d := desktest.New(t)
	talk := closed(d, "1", "@eva", "Eva", "Noordlicht wordt weer duurder, geloof ik.")
	anna, bert, mara := d.SignedIn("anna"), d.SignedIn("bert"), d.SignedIn("mara")
	path := "/inbox/" + talk.ID.String()
	page := anna.Get(path)
	says(t, page, http.StatusOK, "takes no answer to this from a program", "Its author neither mentioned nor quoted us: X takes no answer", "Answer by hand", `name="by_hand" value="yes"`)
	lacks(t, page, `id="reply-fold" open`)
	says(t, mara.Get(path), http.StatusOK, "Noordlicht wordt weer duurder")

	form := url.Values{"text": {""}, "target": {hidden(t, page.Body, "target")}, "by_hand": {"yes"}, "do": {"save"}, "back": {path}}
	says(t, anna.Post(path+"/reply", form), http.StatusUnprocessableEntity, "The answer is empty", `id="reply-fold" open`)
	form.Set("text", byHandText)
	says(t, anna.Post(path+"/reply", form), http.StatusOK, "Draft saved.", "Go on with the draft, to be posted by hand")
	page = anna.Get(path)
	form.Set("proposal", hidden(t, page.Body, "proposal"))
	form.Set("digest", hidden(t, page.Body, "digest"))
	form.Set("do", "submit")
	says(t, anna.Post(path+"/reply", form), http.StatusOK, "Submitted. A second person decides.", "by hand")
	all, err := d.Approvals.OfConversation(t.Context(), talk.ID)
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	p := d.State(all[0], approval.InReview)

	page = bert.Get(at(p))
	says(t, page, http.StatusOK, "Standpunt does not send this: a person posts it by hand on Sandbox, as @brand", "http://plein.test/posts/1",
		"Approve, to be posted by hand", "The exact text, as a person will post it by hand", "A person posts the answer by hand")
	lacks(t, page, "Approve and publish", `id="hand"`)
	says(t, bert.Get(at(p)+"/confirm?digest="+p.Digest.String()), http.StatusOK, "Standpunt does not send this", "Approve, to be posted by hand")
	says(t, bert.Post(at(p)+"/decide", verdict(p, "approve", "")), http.StatusOK, "Approved. A person posts it by hand now.")
	d.State(p, approval.Approved)
	says(t, anna.Get("/approvals?show=stuck"), http.StatusOK, at(p), "Approved, to be posted by hand")
	says(t, anna.Get(path), http.StatusOK, "Post it by hand", "Approved, to be posted by hand", at(p)+"#hand")

	page = anna.Get(at(p))
	says(t, page, http.StatusOK, "The approval ends in")
	inOrder(t, page, "Copy the exact text", ">"+byHandText+"</textarea>", "Open the post on Sandbox", "The address of our answer there", "Record where it stands")
	says(t, mara.Get(at(p)), http.StatusOK, "An agent or a press officer posts it by hand.")
	lacks(t, mara.Get(at(p)), "Record where it stands", `id="hand-copy"`)
	says(t, mara.Post(at(p)+"/address", recorded(p, "http://plein.test/posts/9")), http.StatusForbidden)

	refused := anna.Post(at(p)+"/address", recorded(p, "http://plein.test/posts/1"))
	says(t, refused, http.StatusUnprocessableEntity, "This is the customer&#39;s post, not our answer to it", `value="http://plein.test/posts/1"`, `aria-invalid="true"`)
	says(t, anna.Post(at(p)+"/address", recorded(p, "nergens")), http.StatusUnprocessableEntity, "This is no address of a single post", `value="nergens"`)
	says(t, anna.Post(at(p)+"/address", url.Values{"digest": {strings.Repeat("0", 64)}, "url": {"http://plein.test/posts/9"}}), http.StatusConflict, "The text changed since you opened it")
	d.State(p, approval.Approved)

	says(t, anna.Post(at(p)+"/address", recorded(p, "http://plein.test/posts/8")), http.StatusOK, "Recorded. It is being read back.",
		"Posted by hand and recorded by anna.", "Being read back.", "Wrong address: take it back")
	says(t, bert.Get(path), http.StatusOK, "Posted by hand, being read back", "posted by hand by anna")
	if _, err := d.Approvals.RecordNotThere(t.Context(), d.Unread(), true); err != nil {
		t.Fatal(err)
	}
	says(t, anna.Get(at(p)), http.StatusOK, "What stands at the address that was recorded is not our answer to this message", "anna recorded",
		`value="http://plein.test/posts/8"`, "Record the right address")
	says(t, anna.Post(at(p)+"/address", recorded(p, "http://plein.test/posts/9")), http.StatusOK, "Being read back.")
	says(t, bert.Post(at(p)+"/address/back", url.Values{}), http.StatusOK, "The address was taken back.", "Copy the exact text")
	says(t, bert.Post(at(p)+"/address", recorded(p, "http://plein.test/posts/10")), http.StatusOK, "recorded by bert")
	if _, err := d.Approvals.RecordReadBack(t.Context(), d.Unread(), byHandText); err != nil {
		t.Fatal(err)
	}
	page = anna.Get(at(p))
	says(t, page, http.StatusOK, "Official: what stands there was read back", "recorded by bert", "http://plein.test/posts/10")
	lacks(t, page, "Wrong address: take it back", "Record where it stands")
	says(t, bert.Get(path), http.StatusOK, "Official", "posted by hand by bert")
	says(t, mara.Get("/dossier/"+p.ID.String()), http.StatusOK, "Posted by hand and recorded by bert.", "A person posts the answer by hand",
		"posted by hand and recorded where", "our answer does not stand at the recorded address", "took the recorded address back", "http://plein.test/posts/10")
	d.Replay()
}

func TestAnAlteredAnswerByHandDiffers(t *testing.T) {
	d := desktest.New(t)
	p := d.HandedOver(closed(d, "1", "@eva", "Eva", "Klopt dit?"), byHandText)
	anna := d.SignedIn("anna")
	anna.Post(at(p)+"/address", recorded(p, "http://plein.test/posts/9"))
	if _, err := d.Approvals.RecordReadBack(t.Context(), d.Unread(), "Dat klopt niet."); err != nil {
		t.Fatal(err)
	}
	page := anna.Get(at(p))
	says(t, page, http.StatusOK, "Not official: what stands there differs", "Dat klopt niet.")
	lacks(t, page, "Wrong address: take it back", `class="chip good"`)
	says(t, page, http.StatusOK, `<span class="chip bad">Published, and differs</span>`, "delete that post on Sandbox, post the exact text",
		"The approval holds until", "Take the address back")
	inOrder(t, page, "bert approved it", "anna posted it by hand and recorded where", "Read back: it differs from what was approved")
	for _, queue := range []*desktest.Answer{anna.Get("/approvals?show=all"), d.SignedIn("mara").Get("/dossier/" + p.ID.String())} {
		says(t, queue, http.StatusOK, "Published, and differs")
		lacks(t, queue, `class="chip good">Published`)
	}
	mara := d.SignedIn("mara").Get(at(p))
	says(t, mara, http.StatusOK, "An agent or a press officer posts it by hand.")
	lacks(t, mara, "Take the address back")
	if err := d.Staff.SetLanguage(t.Context(), d.As("anna").By, "nl"); err != nil {
		t.Fatal(err)
	}
	says(t, anna.Get(at(p)), http.StatusOK, "Gepubliceerd, wijkt af", "verwijder dat bericht op Oefennetwerk", "Teruggelezen: het wijkt af")

	// The exact text, posted after all, is official; once it was, the address stays.
	says(t, anna.Post(at(p)+"/address/back", url.Values{}), http.StatusOK, "is ingetrokken.", "Kopieer de exacte tekst")
	says(t, anna.Post(at(p)+"/address", recorded(p, "http://plein.test/posts/10")), http.StatusOK)
	unread := d.Unread()
	for _, standing := range []string{byHandText, "Veranderd."} {
		if _, err := d.Approvals.RecordReadBack(t.Context(), unread, standing); err != nil {
			t.Fatal(err)
		}
	}
	page = anna.Get(at(p))
	says(t, page, http.StatusOK, "Het was officieel en is daarna op het platform veranderd")
	lacks(t, page, "/address/back")
	says(t, anna.Post(at(p)+"/address/back", url.Values{}), http.StatusConflict)
	d.Replay()
}

// TestNothingIsPostedByHandWhere: a stop, a schedule, an end.
func TestNothingIsPostedByHandWhere(t *testing.T) {
	d := desktest.New(t)
	anna := d.SignedIn("anna")
	p := d.HandedOver(closed(d, "1", "@eva", "Eva", "Klopt dit?"), byHandText)
	later := closed(d, "2", "@tom", "Tom", "Is this right?")
	q, err := d.Approvals.DraftReply(t.Context(), d.As("anna").By, later.ID, inbox.MentionID{}, approval.Content{Text: "Yes.", ByHand: true, NotBefore: time.Now().Add(time.Hour)})
	if err == nil {
		q, err = d.As("anna").Submit(q)
	}
	if err == nil {
		q, err = d.As("bert").Approve(q)
	}
	if err != nil {
		t.Fatal(err)
	}
	early := anna.Get(at(q))
	says(t, early, http.StatusOK, "It is not to be posted before")
	lacks(t, early, "Record where it stands")
	if err := d.Approvals.StopPublishing(t.Context(), d.As("bert").By, "crisis"); err != nil {
		t.Fatal(err)
	}
	stopped := anna.Get(at(p))
	says(t, stopped, http.StatusOK, "Publishing is stopped, by hand too: post nothing until two people have lifted the stop.")
	lacks(t, stopped, "Record where it stands", `id="hand-copy"`)
	says(t, anna.Post(at(p)+"/address", recorded(p, "http://plein.test/posts/9")), http.StatusConflict, "Publishing is stopped, by hand too")
	if err := d.Staff.SetLanguage(t.Context(), d.As("anna").By, "nl"); err != nil {
		t.Fatal(err)
	}
	says(t, anna.Get(at(p)), http.StatusOK, "Publiceren is gestopt, ook met de hand", "Goedgekeurd, met de hand te plaatsen")
}

// TestARefusedAnswerGoesOnByHand: the platform took it from no program after two
// people approved it.
func TestARefusedAnswerGoesOnByHand(t *testing.T) {
	d := desktest.New(t)
	talk := d.Say("plein", "1", "@eva", "Eva", "Klopt dit?", time.Hour)
	p := d.Queued(talk, byHandText)
	if err := d.Approvals.RecordFailed(t.Context(), d.Claim(), approval.Failure{Kind: "not_allowed", Message: "The platform takes no answer here."}); err != nil {
		t.Fatal(err)
	}
	bert := d.SignedIn("bert")
	says(t, bert.Get(at(p)), http.StatusOK, "Answer by hand instead")
	inThread := "/inbox/" + talk.ID.String()
	says(t, bert.Get(inThread), http.StatusOK, "edit="+p.ID.String()+"&amp;by_hand=yes")
	says(t, bert.Get(inThread+"?edit="+p.ID.String()+"&by_hand=yes"), http.StatusOK, `name="by_hand" value="yes"`, byHandText)
	lacks(t, bert.Get(inThread+"?edit="+p.ID.String()), `name="by_hand" value="yes"`)
	edit := bert.Get(at(p) + "/edit?by_hand=yes")
	says(t, edit, http.StatusOK, `name="by_hand" value="yes"`, "A person posts this by hand on Sandbox")
	says(t, bert.Post(at(p)+"/revise", url.Values{"digest": {p.Digest.String()}, "text": {byHandText}, "by_hand": {"yes"}, "then": {"submit"}}), http.StatusOK, "Submitted.")
	if v := d.State(p, approval.InReview); !v.ByHand || v.Envelope.Action != approval.ByHand {
		t.Fatalf("by hand %v, action %s", v.ByHand, v.Envelope.Action)
	}
	// Where two people could not have it read back, nobody is asked to.
	d.Adapt("plein", func(p *approval.Platform) { p.Locate = nil })
	mute := bert.Get("/inbox/" + closed(d, "3", "@tom", "Tom", "Is this right?").ID.String())
	says(t, mute, http.StatusOK, "could not be read back here")
	lacks(t, mute, "reply-fold")
}

// TestAnswerByHandByKeys plays it in a browser: each step on its key, the
// countdown, and what reading back brings shows by itself.
func TestAnswerByHandByKeys(t *testing.T) {
	d := desktest.New(t)
	talk := closed(d, "1", "@eva", "Eva", "Klopt dit?")
	s := open(t, d, "anna", wide)
	s.goTo("/inbox/" + talk.ID.String())
	s.live()
	s.press("r")
	s.await(`document.getElementById("reply-fold").open && document.activeElement.id === "reply"`)
	s.fill("#reply", byHandText)
	s.must(s.Press("\r", true))
	s.await(`document.querySelector(".pending.state-in_review")?.textContent.includes("by hand")`)
	all, err := d.Approvals.OfConversation(t.Context(), talk.ID)
	if err != nil || len(all) != 1 {
		t.Fatal(len(all), err)
	}
	p := all[0]
	if _, err := d.As("bert").Approve(p); err != nil {
		t.Fatal(err)
	}
	s.await(`document.querySelector(".pending.state-approved a.primary")?.textContent.includes("Post it by hand")`)
	s.click(".pending.state-approved a.primary")
	s.await(`location.pathname === "` + at(p) + `" && document.getElementById("hand-copy") && !document.getElementById("hand-copy").hidden`)
	s.live()
	s.await(`/The approval ends in 3 h 5\d min/.test(document.getElementById("hand-left").textContent)`)
	s.js(`navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }`)
	s.press("c")
	s.await(`window.copied === ` + `"` + byHandText + `"` + ` && document.getElementById("hand-copied").textContent === "The exact text is copied."`)
	s.js(`document.getElementById("hand-open").addEventListener("click", (event) => { event.preventDefault(); window.opened = event.currentTarget.href; })`)
	s.press("o")
	s.await(`window.opened === "http://plein.test/posts/1"`)
	s.press("?")
	s.await(`document.getElementById("help-keys").textContent.includes("To the field for the address")`)
	s.press("\x1b")
	s.await(`!document.getElementById("help-dialog").open`)
	s.press("u")
	s.await(`document.activeElement.id === "hand-url"`)
	s.fill("#hand-url", "http://plein.test/posts/8")
	s.press("\r")
	s.await(`document.getElementById("hand-reading") && document.getElementById("decision").dataset.state === "published"`)
	s.live()
	if _, err := d.Approvals.RecordNotThere(t.Context(), d.Unread(), true); err != nil {
		t.Fatal(err)
	}
	s.await(`document.querySelector("#hand [role=alert]")?.textContent.includes("is not our answer") && document.getElementById("hand-url").value === "http://plein.test/posts/8"`)
	s.press("u")
	s.fill("#hand-url", "http://plein.test/posts/9")
	s.press("\r")
	s.await(`document.getElementById("hand-reading")`)
	s.live()
	if _, err := d.Approvals.RecordReadBack(t.Context(), d.Unread(), byHandText); err != nil {
		t.Fatal(err)
	}
	s.must(s.AwaitText("Official: what stands there was read back"))

	// A browser that does not copy shows the text; a stop takes the steps away at once.
	q := d.HandedOver(closed(d, "2", "@tom", "Tom", "Is this right?"), "Yes, it is.")
	s.goTo(at(q))
	s.live()
	s.js(`(() => { navigator.clipboard.writeText = () => Promise.reject(new Error("no")); document.execCommand = () => false; })()`)
	s.click("#hand-copy")
	s.await(`document.getElementById("hand-text").closest("details").open && document.getElementById("hand-text").selectionEnd === 11`)
	s.must(s.AwaitText("select the text yourself"))
	if err := d.Approvals.StopPublishing(t.Context(), d.As("bert").By, "crisis"); err != nil {
		t.Fatal(err)
	}
	s.await(`!document.getElementById("hand-url") && document.getElementById("hand").textContent.includes("Publishing is stopped, by hand too")`)
}

func TestByHandScreens(t *testing.T) {
	d := desktest.New(t)
	talk := closed(d, "10", "@eva_v", "Eva Verbeek", "Noordlicht wordt weer duurder, geloof ik. Heeft iemand ervaring met overstappen?")
	review, err := d.As("anna").DraftByHand(closed(d, "11", "@tom.h", "Tom Hughes", "Is it just me or is Noordlicht down?"), "Hi Tom, there is an outage in your street. We expect it to be over at 14:00.")
	if err == nil {
		review, err = d.As("anna").Submit(review)
	}
	if err != nil {
		t.Fatal(err)
	}
	approvedTalk := closed(d, "12", "@fatima", "Fatima El Idrissi", "Mijn termijnbedrag is verdubbeld bij Noordlicht. Meer mensen?")
	approved := d.HandedOver(approvedTalk, byHandText+"\n\nKijk op noordlicht.example/termijnbedrag.")
	wrong := d.HandedOver(closed(d, "13", "@jan", "Jan de Groot", "Vraagje over Noordlicht"), byHandText)
	record := func(p *approval.View, at string) {
		t.Helper()
		if _, err := d.As("anna").PostedByHand(p, at); err != nil {
			t.Fatal(err)
		}
	}
	record(wrong, "http://plein.test/posts/90")
	if _, err := d.Approvals.RecordNotThere(t.Context(), d.Unread(), true); err != nil {
		t.Fatal(err)
	}
	official := d.HandedOver(closed(d, "14", "@linh", "Linh Nguyen", "Noordlicht, iemand?"), byHandText)
	record(official, "http://plein.test/posts/91")
	if _, err := d.Approvals.RecordReadBack(t.Context(), d.Unread(), byHandText); err != nil {
		t.Fatal(err)
	}
	differs := d.HandedOver(closed(d, "15", "@roos", "Roos Kuipers", "Hoe lang nog, Noordlicht?"), byHandText)
	record(differs, "http://plein.test/posts/92")
	if _, err := d.Approvals.RecordReadBack(t.Context(), d.Unread(), "Dag Roos, dat klopt. Groetjes!"); err != nil {
		t.Fatal(err)
	}
	reading := d.HandedOver(closed(d, "16", "@bram", "Bram Visser", "Noordlicht?"), byHandText)
	record(reading, "http://plein.test/posts/93")
	refused := d.Queued(d.Say("plein", "17", "@sanne", "Sanne Bakker", "@brand hoe zeg ik op?", time.Hour), byHandText)
	if err := d.Approvals.RecordFailed(t.Context(), d.Claim(), approval.Failure{
		Kind: "not_allowed", Message: "X takes no answer here through the API.", Remedy: "Open the post on X and answer by hand.",
	}); err != nil {
		t.Fatal(err)
	}
	if err := d.Staff.SetLanguage(t.Context(), d.As("paul").By, "nl"); err != nil {
		t.Fatal(err)
	}
	gallery(t, browsertest.Start(t), d, []shot{
		{name: "hand-thread", login: "anna", path: "/inbox/" + talk.ID.String()},
		{name: "hand-compose", login: "anna", path: "/inbox/" + talk.ID.String(), prepare: func(s *screen) { s.js(`document.getElementById("reply-fold").open = true`) }},
		{name: "hand-review", login: "bert", path: at(review)},
		{name: "hand-confirm", login: "bert", path: at(review), prepare: (*screen).askToApprove},
		{name: "hand-pending", login: "anna", path: "/inbox/" + approvedTalk.ID.String()},
		{name: "hand-steps", login: "anna", path: at(approved), prepare: func(s *screen) {
			s.js(`navigator.clipboard.writeText = () => Promise.resolve()`)
			s.click("#hand-copy")
			s.await(`document.getElementById("hand-copied").textContent`)
		}},
		{name: "hand-wrong", login: "anna", path: at(wrong)},
		{name: "hand-reading", login: "anna", path: at(reading)},
		{name: "hand-official", login: "anna", path: at(official)},
		{name: "hand-differs", login: "anna", path: at(differs)},
		{name: "hand-refused", login: "bert", path: at(refused)},
		{name: "hand-switch", login: "bert", path: at(refused) + "/edit?by_hand=yes"},
		{name: "hand-dossier", login: "mara", path: "/dossier/" + official.ID.String()},
		{name: "hand-queue", login: "bert", path: "/approvals?show=stuck"},
		{name: "hand-dutch", login: "paul", path: at(approved)},
	})
}

// TestADutchThreadSaysWhyInDutch: the platform's reason is no English sentence there.
func TestADutchThreadSaysWhyInDutch(t *testing.T) {
	d := desktest.New(t)
	if err := d.Staff.SetLanguage(t.Context(), d.As("anna").By, "nl"); err != nil {
		t.Fatal(err)
	}
	talk := closed(d, "1", "@eva", "Eva", "Klopt dit?")
	page := d.SignedIn("anna").Get("/inbox/" + talk.ID.String())
	says(t, page, http.StatusOK, "De schrijver noemde of citeerde ons niet")
	lacks(t, page, "neither mentioned nor quoted")
}
