package desk_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/people"
	"standpunt/web/desk/desktest"
)

// verdict is the form of one decision.
func verdict(p *approval.View, what, comment string) url.Values {
	return url.Values{"digest": {p.Digest.String()}, "verdict": {what}, "comment": {comment}}
}

func at(p *approval.View) string { return "/approvals/" + p.ID.String() }

// says fails the test unless the answer has the status and all the texts.
func says(t *testing.T, a *desktest.Answer, status int, texts ...string) {
	t.Helper()
	if a.Status != status {
		t.Errorf("%s answers %d, want %d:\n%.1500s", a.Path, a.Status, status, text(a.Body))
	}
	for _, want := range texts {
		if !strings.Contains(a.Body, want) {
			t.Errorf("%s does not say %q:\n%.1500s", a.Path, want, text(a.Body))
		}
	}
}

// lacks fails the test where the answer has one of the texts.
func lacks(t *testing.T, a *desktest.Answer, texts ...string) {
	t.Helper()
	for _, wrong := range texts {
		if strings.Contains(a.Body, wrong) {
			t.Errorf("%s says %q:\n%.1500s", a.Path, wrong, text(a.Body))
		}
	}
}

// One answer from review to the outbox by forms alone, through the page that
// asks once more.
func TestApproveByForm(t *testing.T) {
	d := desktest.New(t)
	p := d.As("anna").Submitted(d.Say("plein", "1", "@eva", "Eva", "Hallo?", time.Hour), "Dag Eva, we zoeken het uit.")
	later := d.As("anna").Submitted(d.Say("plein", "2", "@tom", "Tom", "Hoi?", time.Minute), "Dag Tom.")
	bert := d.SignedIn("bert")
	queue := bert.Get("/approvals")
	says(t, queue, http.StatusOK, at(p), "Dag Eva, we zoeken het uit.", "Hallo?", "anna")
	if strings.Index(queue.Body, at(p)) > strings.Index(queue.Body, at(later)) {
		t.Error("who waits longest does not stand first")
	}
	page := bert.Get(at(p))
	says(t, page, http.StatusOK, "Approve and publish", "Request changes", "Reject", p.Digest.Short(), "It needs one more person: press officer.", "brand-1")
	confirm := bert.Get(at(p) + "/confirm?digest=" + hidden(t, page.Body, "digest"))
	says(t, confirm, http.StatusOK, "Do you stand behind this?", "Dag Eva, we zoeken het uit.", "<strong>plein</strong>", "@eva", `value="approve"`)
	a := bert.Post(at(p)+"/decide", verdict(p, "approve", ""))
	says(t, a, http.StatusOK, "Approved. It goes out now.")
	if a.Path != at(later) {
		t.Errorf("after a decision one is at %s, want the next one", a.Path)
	}
	d.State(p, approval.Queued)
	a = bert.Post(at(later)+"/decide", verdict(later, "reject", "Te kort."))
	says(t, a, http.StatusOK, "Rejected.", "Nothing waits for you")
	d.State(later, approval.Rejected)
	says(t, d.SignedIn("anna").Get(at(later)), http.StatusOK, "rejected this", "Te kort.")
	d.Replay()
}

func TestNobodyApprovesTheirOwn(t *testing.T) {
	d := desktest.New(t)
	p := d.As("bert").Submitted(d.Mention("1", "Hallo?"), "Dag.")
	bert := d.SignedIn("bert")
	page := bert.Get(at(p))
	says(t, page, http.StatusOK, "You wrote this revision, so somebody else decides on it.", "anna, paul")
	lacks(t, page, "Approve and publish", `value="request_changes"`, `value="reject"`)
	a := bert.Post(at(p)+"/decide", verdict(p, "approve", ""))
	says(t, a, http.StatusUnprocessableEntity, "You wrote this revision, so somebody else decides on it")
	if a := bert.Get(at(p) + "/confirm?digest=" + p.Digest.String()); a.Path != at(p) {
		t.Errorf("the author is asked to confirm at %s", a.Path)
	}
	a = bert.Post(at(p)+"/decide", verdict(p, "approve", ""))
	lacks(t, a, "Approve and publish")
	d.State(p, approval.InReview)
	d.NothingDue()
	// A new revision of one's own does not help either.
	q := d.As("anna").Submitted(d.Mention("2", "Hallo?"), "Dag.")
	a = bert.Post(at(q)+"/revise", url.Values{"digest": {q.Digest.String()}, "text": {"Dag allemaal."}, "then": {"submit"}})
	says(t, a, http.StatusOK, "Submitted. Somebody else decides.", "You wrote this revision")
	q = d.State(q, approval.InReview)
	says(t, bert.Post(at(q)+"/decide", verdict(q, "approve", "")), http.StatusUnprocessableEntity)
	d.State(q, approval.InReview)
	d.NothingDue()
}

func TestRolesAtTheDecision(t *testing.T) {
	d := desktest.New(t)
	p := d.As("anna").Submitted(d.Mention("1", "Hallo?"), "Dag.")
	for _, login := range []string{"mara", "ada"} {
		c := d.SignedIn(login)
		page := c.Get(at(p))
		says(t, page, http.StatusOK, "Dag.", "you can read along")
		lacks(t, page, "Approve and publish", at(p)+"/edit", at(p)+"/withdraw")
		says(t, c.Post(at(p)+"/decide", verdict(p, "approve", "")), http.StatusForbidden)
		says(t, c.Post(at(p)+"/withdraw", nil), http.StatusForbidden)
		says(t, c.Get(at(p)+"/edit"), http.StatusForbidden)
	}
	says(t, d.Browser().Get(at(p)), http.StatusOK, "Sign in")
	d.State(p, approval.InReview)
	says(t, d.SignedIn("bert").Get("/approvals/nonsense"), http.StatusNotFound)
}

func TestACommentIsRequiredAndKept(t *testing.T) {
	d := desktest.New(t)
	p := d.As("anna").Submitted(d.Mention("1", "Hallo?"), "Dag.")
	bert := d.SignedIn("bert")
	says(t, bert.Post(at(p)+"/decide", verdict(p, "reject", "  ")), http.StatusUnprocessableEntity, "The author needs to know why", `id="act-reject" open`)
	d.State(p, approval.InReview)
	long := strings.Repeat("waarom ", 700)
	says(t, bert.Post(at(p)+"/decide", verdict(p, "request_changes", long)), http.StatusUnprocessableEntity, long, `id="act-changes" open`)
	says(t, bert.Post(at(p)+"/decide", verdict(p, "request_changes", "Noem een datum.")), http.StatusOK, "Sent back to its author.")
	says(t, d.SignedIn("anna").Get(at(p)), http.StatusOK, "asks for changes", "Noem een datum.", at(p)+"/edit")
}

// A text that changed under the reader's eyes is not approved; the page shows
// what changed and gives back what was typed.
func TestAStaleDecisionShowsTheDifference(t *testing.T) {
	d := desktest.New(t)
	anna := d.As("anna")
	p := anna.Submitted(d.Mention("1", "Hallo?"), "We betalen het hele bedrag terug.")
	q, err := anna.Revise(p, "We betalen een deel van het bedrag terug.")
	if err != nil {
		t.Fatal(err)
	}
	bert := d.SignedIn("bert")
	a := bert.Post(at(p)+"/decide", verdict(p, "reject", "Dit beloven we niet."))
	says(t, a, http.StatusConflict, "The text changed since you opened it", "Changed since the revision that you saw (1)", "een deel van ", "Dit beloven we niet.")
	if _, err = anna.Submit(q); err != nil {
		t.Fatal(err)
	}
	a = bert.Post(at(p)+"/decide", verdict(p, "approve", ""))
	says(t, a, http.StatusConflict, "The text changed since you opened it", "Approve and publish", q.Digest.String())
	says(t, bert.Get(at(p)+"/confirm?digest="+p.Digest.String()), http.StatusConflict, "The text changed since you opened it.")
	d.State(p, approval.InReview)
	d.NothingDue()
	says(t, bert.Post(at(p)+"/decide", verdict(q, "approve", "")), http.StatusOK, "Approved. It goes out now.")
}

// Whoever comes second learns who was first, and loses no word.
func TestTwoDecideAtOnce(t *testing.T) {
	d := desktest.New(t)
	p := d.As("anna").Submitted(d.Mention("1", "Hallo?"), "Dag.")
	bert, paul := d.SignedIn("bert"), d.SignedIn("paul")
	answers := make([]*desktest.Answer, 2)
	var both sync.WaitGroup
	both.Go(func() { answers[0] = bert.Post(at(p)+"/decide", verdict(p, "approve", "")) })
	both.Go(func() {
		answers[1] = paul.Post(at(p)+"/decide", verdict(p, "reject", "Nog niet: de storing duurt voort."))
	})
	both.Wait()
	state := d.Get(p).State
	switch {
	case answers[0].Status == http.StatusOK && answers[1].Status == http.StatusConflict:
		says(t, answers[1], http.StatusConflict, "bert approved this", "Nog niet: de storing duurt voort.")
		if state != approval.Queued {
			t.Errorf("it is %s", state)
		}
	case answers[0].Status == http.StatusConflict && answers[1].Status == http.StatusOK:
		says(t, answers[0], http.StatusConflict, "paul rejected this")
		if state != approval.Rejected {
			t.Errorf("it is %s", state)
		}
	default:
		t.Errorf("both got %d and %d", answers[0].Status, answers[1].Status)
	}
	d.Replay()
}

// The text that waits is marked in the conversation as it is for deciders.
func TestLookalikesAreMarkedInTheThread(t *testing.T) {
	d := desktest.New(t)
	c := d.Mention("1", "Hallo?")
	p := d.As("anna").Submitted(c, "Mail n\u043eordlicht.")
	says(t, d.SignedIn("bert").Get("/inbox/"+c.ID.String()), http.StatusOK, `class="odd odd-alike"`, "043E</small>")
	says(t, d.SignedIn("bert").Get(at(p)), http.StatusOK, "@brand", `<small class="code soft">brand-1</small>`)
}

// TestACustomersDirectionsStayTheirs has somebody whose name, subject and text
// turn around what stands after them, on every page that shows these.
func TestACustomersDirectionsStayTheirs(t *testing.T) {
	const turn, shown = "\u202E", "<small>U+202E</small>"
	d := desktest.New(t)
	c := d.Ingest("plein", inbox.Inbound{
		ExternalID: "1", Author: inbox.Author{ExternalID: "c-in", Name: "In" + turn + "ejectie", Handle: "@in" + turn}, Kind: "post", Visibility: inbox.Public,
		Subject: "Re: " + turn + "vraag", Text: "Zie " + turn + "elpmaxe.moc", Quoted: "eerder " + turn, PostedAt: time.Now().Add(-time.Minute),
		Attachments: []inbox.Attachment{{Name: "foto" + turn + "gpj.exe", AltText: turn + "tla"}},
		Route:       []inbox.Field{{Name: "Subject", Value: "Re: " + turn + "vraag"}},
	})
	p := d.As("anna").Submitted(c, "Dag, we zoeken het uit.")
	bert := d.SignedIn("bert")
	for path, marks := range map[string]int{
		"/inbox?q=elpmaxe": 2, "/inbox/" + c.ID.String(): 6, "/approvals": 2, at(p): 6, at(p) + "/edit": 2, at(p) + "/confirm?digest=" + p.Digest.String(): 2,
		"/dossier/" + p.ID.String(): 4, "/audit": 0,
	} {
		page := bert.Get(path)
		says(t, page, http.StatusOK)
		lacks(t, page, turn)
		if n := strings.Count(page.Body, shown); n < marks {
			t.Errorf("%s shows %d turns, want %d or more", path, n, marks)
		}
	}
	says(t, bert.Get(at(p)), http.StatusOK, "<title>Answer to In\uFFFDejectie on plein")
}

// TestSomebodyWithoutANameIsNotBlank: where the platform tells neither name nor
// handle, the id stands for both, and where it tells no handle, the name does.
func TestSomebodyWithoutANameIsNotBlank(t *testing.T) {
	d := desktest.New(t)
	for _, c := range []struct{ author, name, called string }{{"777004", "", "777004"}, {"777005", "Eva Vos", "Eva Vos"}} {
		p := d.As("anna").Submitted(d.Ingest("plein", inbox.Inbound{
			ExternalID: c.author + "-1", Author: inbox.Author{ExternalID: c.author, Name: c.name}, Kind: "message", Visibility: inbox.Public,
			Text: "Hallo?", PostedAt: time.Now().Add(-time.Minute),
		}), "Dag, we zoeken het uit.")
		bert := d.SignedIn("bert")
		page := bert.Get(at(p))
		says(t, page, http.StatusOK, "<title>Answer to "+c.called, "<strong><bdi>"+c.called+"</bdi></strong>", "answers "+c.called+"<")
		lacks(t, page, "<strong></strong>", "<bdi></bdi>", `<span class="soft"> ·`)
		says(t, bert.Get("/approvals"), http.StatusOK, "<strong><bdi>"+c.called+"</bdi></strong>")
		says(t, bert.Get("/inbox/"+p.Conversation.String()), http.StatusOK, "<strong><bdi>"+c.called+"</bdi></strong>")
		says(t, bert.Get("/dossier/"+p.ID.String()), http.StatusOK, "<strong><bdi>"+c.called+"</bdi></strong>", "Answer to "+c.called+" on plein")
	}
}

func TestTooManyAttemptsSayHowLong(t *testing.T) {
	c := desktest.New(t).Browser()
	var a *desktest.Answer
	for range 40 {
		if a = c.Post("/sign-in", url.Values{"login": {"anna"}, "password": {"wrong"}}); a.Status == http.StatusTooManyRequests {
			break
		}
	}
	if a.Status != http.StatusTooManyRequests || !regexp.MustCompile(`Wait (a second|([2-9]|\d\d+) seconds), then try again`).MatchString(a.Body) {
		t.Errorf("%d: %s", a.Status, text(a.Body))
	}
}

func TestOnesOwnDecisionAgain(t *testing.T) {
	d := desktest.New(t)
	p := d.As("anna").Submitted(d.Mention("1", "Hallo?"), "Dag.")
	bert := d.SignedIn("bert")
	says(t, bert.Post(at(p)+"/decide", verdict(p, "approve", "")), http.StatusOK, "Approved.")
	a := bert.Post(at(p)+"/decide", verdict(p, "approve", ""))
	says(t, a, http.StatusConflict, "You decided this already", "bert approved this")
	lacks(t, a, "Somebody else was first")
}

func TestAFieldGivenTwiceIsRefused(t *testing.T) {
	d := desktest.New(t)
	c := d.Mention("1", "Hallo?")
	p := d.As("anna").Submitted(c, "Dag.")
	bert := d.SignedIn("bert")
	for field, again := range map[string]string{"verdict": "reject", "digest": strings.Repeat("0", 64), "comment": "Nee."} {
		form := verdict(p, "approve", "Ja.")
		form.Add(field, again)
		says(t, bert.Post(at(p)+"/decide", form), http.StatusUnprocessableEntity, "The form gives a field more than once", "one value for "+field)
		d.State(p, approval.InReview)
	}
	says(t, bert.Post(at(p)+"/decide?verdict=reject", verdict(p, "approve", "")), http.StatusUnprocessableEntity, "more than once")
	d.State(p, approval.InReview)
	other := d.Mention("2", "Hoi?")
	list := url.Values{"id": {c.ID.String(), other.ID.String()}, "do": {"mine"}}
	says(t, bert.Post("/inbox/triage", list), http.StatusOK, "2") // a list is one
	list.Add("do", "resolve")
	says(t, bert.Post("/inbox/triage", list), http.StatusUnprocessableEntity, "one value for do")
}

func TestRevisingByForm(t *testing.T) {
	d := desktest.New(t)
	p := d.As("anna").Submitted(d.Mention("1", "Hallo?"), "We betalen terug.")
	bert, anna := d.SignedIn("bert"), d.SignedIn("anna")
	edit := bert.Get(at(p) + "/edit")
	says(t, edit, http.StatusOK, "You become the author of this revision", "We betalen terug.", "Hallo?")
	form := url.Values{"digest": {hidden(t, edit.Body, "digest")}, "text": {"We zoeken het uit.\r\nU hoort van ons."}, "then": {"keep"}}
	says(t, bert.Post(at(p)+"/revise", form), http.StatusOK, "Kept as a draft.", "Your draft.")
	q := d.State(p, approval.Draft)
	if q.Envelope.Text != "We zoeken het uit.\nU hoort van ons." || q.Author != d.As("bert").ID {
		t.Errorf("the revision is %q by %s", q.Envelope.Text, q.Author)
	}
	// Anna still has the old text open: hers is kept, and Bert's shown.
	form.Set("text", "Mijn eigen tekst.")
	a := anna.Post(at(p)+"/revise", form)
	says(t, a, http.StatusConflict, "What you wrote is still in the field", "Mijn eigen tekst.", "zoeken het uit", q.Digest.String())
	// What the checks refuse comes back too.
	form.Set("digest", q.Digest.String())
	form.Set("text", "Dag\u202e.")
	says(t, anna.Post(at(p)+"/revise", form), http.StatusUnprocessableEntity, "right-to-left override", "Dag\u202e.")
	d.State(p, approval.Draft)
	says(t, anna.Post(at(p)+"/submit", url.Values{"digest": {q.Digest.String()}}), http.StatusUnprocessableEntity, "Only the person who wrote this revision can submit it")
	says(t, bert.Post(at(p)+"/submit", url.Values{"digest": {q.Digest.String()}}), http.StatusOK, "Submitted.")
	says(t, anna.Get(at(p)), http.StatusOK, "Approve and publish", "Changed since the revision that you saw (1)")
	// An approval by somebody who wrote an earlier revision is marked.
	says(t, anna.Post(at(p)+"/decide", verdict(q, "approve", "")), http.StatusOK)
	says(t, bert.Get(at(p)), http.StatusOK, "approved by a contributor")
}

func TestWhatWasRejectedComesBackWithItsStory(t *testing.T) {
	d := desktest.New(t)
	talk := d.Mention("1", "Hallo?")
	p := d.As("anna").Submitted(talk, "We betalen alles.")
	if _, err := d.As("bert").Decide(p, approval.Reject, "Dit is niet ons standpunt."); err != nil {
		t.Fatal(err)
	}
	q := d.As("anna").Submitted(talk, "We betalen, alles!")
	says(t, d.SignedIn("paul").Get(at(q)), http.StatusOK, "This text was rejected before", "bert rejected it on", "Dit is niet ons standpunt.", at(p))
}

func TestUnknownOutcomesAreSettledByForm(t *testing.T) {
	d := desktest.New(t)
	p := d.Queued(d.Mention("1", "Hallo?"), "Dag.")
	if err := d.Approvals.RecordUnknown(t.Context(), d.Claim(), approval.Failure{Message: "The platform did not answer in time."}); err != nil {
		t.Fatal(err)
	}
	says(t, d.SignedIn("anna").Get(at(p)), http.StatusOK, "Nobody knows whether it was published.", "The platform did not answer in time.")
	lacks(t, d.SignedIn("anna").Get(at(p)), at(p)+"/settle")
	says(t, d.SignedIn("anna").Post(at(p)+"/settle", url.Values{"posted": {"no"}, "reason": {"Gekeken."}}), http.StatusUnprocessableEntity)
	d.State(p, approval.OutcomeUnknown)
	paul := d.SignedIn("paul")
	says(t, paul.Get("/approvals?show=stuck"), http.StatusOK, at(p))
	says(t, paul.Post(at(p)+"/settle", url.Values{"posted": {""}, "reason": {"Gekeken."}}), http.StatusUnprocessableEntity, "Gekeken.")
	says(t, paul.Post(at(p)+"/settle", url.Values{"posted": {"yes"}, "url": {""}, "reason": {"Het staat er."}}), http.StatusUnprocessableEntity, "Het staat er.")
	says(t, paul.Post(at(p)+"/settle", url.Values{"posted": {"no"}, "reason": {"Gekeken op de tijdlijn."}}), http.StatusOK, "The outcome is settled.", "certainly not published", "Send it again")
	d.State(p, approval.Failed)
	says(t, paul.Post(at(p)+"/retry", nil), http.StatusOK, "It is sent again.")
	d.State(p, approval.Queued)
	says(t, d.SignedIn("bert").Post(at(p)+"/unendorse", nil), http.StatusOK, "You no longer stand behind it.", "Somebody withdrew their endorsement.")
	says(t, d.SignedIn("anna").Post(at(p)+"/withdraw", url.Values{"reason": {"Niet meer nodig."}}), http.StatusOK, "It was withdrawn.", "Niet meer nodig.")
}

// TestAnAnswerThatWillBeTriedAgainSaysWhyAndIsStuck: approved and failing looks
// different from approved and about to go out.
func TestAnAnswerThatWillBeTriedAgainSaysWhyAndIsStuck(t *testing.T) {
	d := desktest.New(t)
	p := d.Queued(d.Say("plein", "1", "@eva", "Eva", "Hallo?", time.Hour), "Dag Eva, we zoeken het uit.")
	fine := d.Queued(d.Say("plein", "2", "@tom", "Tom", "Hoi?", time.Minute), "Dag Tom, dat gaat goed.")
	failure := approval.Failure{Kind: "temporary", Message: "It was kept back.", Remedy: "Run standpunt login plein.", Retryable: true}
	r := d.Claim()
	if r.Attempt().Proposal != p.ID {
		t.Fatal("another one came first")
	}
	if err := d.Approvals.RecordFailed(t.Context(), r, failure); err != nil {
		t.Fatal(err)
	}
	bert := d.SignedIn("bert")
	page := bert.Get(at(p))
	says(t, page, http.StatusOK, "sending it failed", "tried again from", failure.Message, failure.Remedy, "Approved, sending fails", "It was not sent")
	lacks(t, page, "Approved, being sent", "It goes out from")
	says(t, bert.Get(at(fine)), http.StatusOK, "Approved, being sent", "It goes out from")
	stuck := bert.Get("/approvals?show=stuck")
	says(t, stuck, http.StatusOK, at(p), "Approved, sending fails", `Needs a hand <b class="near">1</b>`)
	lacks(t, stuck, at(fine))
	thread := bert.Get("/inbox/" + p.Conversation.String())
	says(t, thread, http.StatusOK, "Approved, sending fails", failure.Remedy)
	lacks(t, thread, "Approved, being sent")
	if n := strings.Count(bert.Get("/inbox?view=all").Body, "Approved, sending fails"); n != 1 {
		t.Errorf("%d rows of the inbox say that sending fails", n)
	}
	says(t, bert.Get("/api/v1/proposals/"+p.ID.String()), http.StatusOK, `"state":"queued"`, `"remedy":"`+failure.Remedy+`"`)
}

// TestAnAnswerWhoseTimeIsOverCannotBeApproved: until when it can be answered is shown
// beside a private answer, and once it is over, that.
func TestAnAnswerWhoseTimeIsOverCannotBeApproved(t *testing.T) {
	d := desktest.New(t)
	ends := time.Now().Add(time.Hour)
	d.Adapt("plein", func(p *approval.Platform) {
		p.Closes = func(*inbox.Mention) time.Time { return ends }
		p.Unanswerable = func(_ *inbox.Mention, at time.Time) string {
			if at.After(ends) {
				return "it took answers for a day"
			}
			return ""
		}
	})
	talk := d.Ingest("plein", inbox.Inbound{
		ExternalID: "1", Author: inbox.Author{ExternalID: "c-eva", Name: "Eva"}, Kind: "message", Visibility: inbox.Private, Text: "Hallo?",
		PostedAt: time.Now().Add(-time.Minute), Attachments: []inbox.Attachment{{URL: "http://plein.test/foto"}},
		Route: []inbox.Field{{Name: "Thread of it", Value: "t-1"}},
	})
	anna, bert := d.SignedIn("anna"), d.SignedIn("bert")
	says(t, anna.Get("/inbox/"+talk.ID.String()), http.StatusOK, "Can be answered until", ">file</bdi></a>")
	p := d.As("anna").Submitted(talk, "Dag Eva, we zoeken het uit.")
	page := bert.Get(at(p))
	says(t, page, http.StatusOK, "Can be answered until", `id="approve"`, `href="http://plein.test/foto"`, ">file</bdi></a>")
	lacks(t, page, `class="route"`, `id="closed"`)
	ends = time.Now().Add(-time.Minute)
	page = bert.Get(at(p))
	says(t, page, http.StatusOK, "takes this answer no longer", "it took answers for a day", `id="act-reject"`)
	lacks(t, page, `id="approve"`, `id="approve-dialog"`)
	says(t, bert.Post(at(p)+"/decide", url.Values{"digest": {p.Digest.String()}, "verdict": {"approve"}}), http.StatusUnprocessableEntity, "takes this answer no longer")
	d.State(p, approval.InReview)
}

// TestAnAnswerToWhatWasDeletedCanOnlyBeWithdrawn holds that nothing else is advised or offered.
func TestAnAnswerToWhatWasDeletedCanOnlyBeWithdrawn(t *testing.T) {
	d := desktest.New(t)
	talk := d.Say("plein", "1", "@eva", "Eva", "Hallo?", time.Hour)
	p := d.As("anna").Submitted(talk, "Dag Eva, we zoeken het uit.")
	d.Ingest("plein", inbox.Inbound{ExternalID: "1", Deleted: true})
	d.State(p, approval.Held)
	anna := d.SignedIn("anna")
	page := anna.Get(at(p))
	says(t, page, http.StatusOK, "The customer deleted the message.", "withdraw it and resolve the conversation", `id="act-withdraw"`)
	lacks(t, page, "A new revision", `id="edit"`)
	says(t, anna.Post(at(p)+"/revise", url.Values{"digest": {p.Digest.String()}, "text": {"Dag Eva."}, "then": {"save"}}), http.StatusUnprocessableEntity, "The customer deleted this mention", "Resolve the conversation.")
}

func TestHalvesAreShownOnce(t *testing.T) {
	d := desktest.New(t)
	ada, bert, paul := d.SignedIn("ada"), d.SignedIn("bert"), d.SignedIn("paul")
	a := ada.Post("/settings/people", url.Values{"login": {"eva"}, "name": {"Eva Smit"}, "roles": {"agent"}, "language": {"nl"}, "reason": {"Avonddienst"}})
	says(t, a, http.StatusOK, "Proposed. A second person decides.", "Make Eva Smit (eva) a colleague with the roles: agent.", "Avonddienst")
	path := strings.SplitN(a.Path, "?", 2)[0]
	lacks(t, a, "Show my half")
	says(t, bert.Get("/approvals"), http.StatusOK, "Changes of Standpunt itself", "Make Eva Smit (eva) a colleague")
	page := bert.Get(path)
	a = bert.Post(path+"/decide", url.Values{"digest": {hidden(t, page.Body, "digest")}, "verdict": {"approve"}})
	says(t, a, http.StatusOK, "Approved, and in force.", "Show my half, once")
	if a.Path != path {
		t.Errorf("the approver is led to %s, away from their half", a.Path)
	}
	says(t, paul.Post(path+"/half", nil), http.StatusForbidden)
	first, second := bert.Post(path+"/half", nil), ada.Post(path+"/half", nil)
	says(t, first, http.StatusOK, "It is not shown again.")
	if first.Header.Get("Cache-Control") != "no-store" {
		t.Error("the half can be cached")
	}
	says(t, bert.Post(path+"/half", nil), http.StatusConflict, "Your half was shown before")
	code := secretIn(t, second.Body) + "-" + secretIn(t, first.Body)
	if _, err := d.Staff.Enrol(t.Context(), code, "vier losse woorden samen"); err != nil {
		t.Errorf("the two halves do not enrol: %v", err)
	}
}

// secretIn is what the page shows once.
func secretIn(t *testing.T, body string) string {
	t.Helper()
	_, rest, ok := strings.Cut(body, `class="code secret"`)
	if !ok {
		t.Fatalf("no secret is shown:\n%s", text(body))
	}
	_, rest, _ = strings.Cut(rest, ">")
	secret, _, _ := strings.Cut(rest, "<")
	return secret
}

func TestTheMailsWayIsShown(t *testing.T) {
	d := desktest.New(t)
	mail := d.Ingest("plein", inbox.Inbound{
		ExternalID: "m1", Author: inbox.Author{ExternalID: "c", Handle: "eva@klant.example", Name: "Eva"}, Kind: "mail", Visibility: inbox.Private,
		Subject: "Klacht", Text: "Waar blijft het?", PostedAt: time.Now(),
		Route: []inbox.Field{{Name: "To", Value: "ander@klant.example"}, {Name: "Subject", Value: "Re: Klacht"}},
	})
	p := d.As("anna").Submitted(mail, "Dag Eva.")
	says(t, d.SignedIn("bert").Get(at(p)), http.StatusOK, "ander@klant.example", "Re: Klacht", "Private")
}

// keyLike finds a sentence that is missing and a value that was not put in.
var keyLike = regexp.MustCompile(`\b(?:decision|approvals|change|policies|people|accounts|audit|event|proposal|finding|reason|route|platform|action|unit)\.[a-z]+|\{[a-z]+\}`)

func TestTheQueueNarrows(t *testing.T) {
	s := newStage(t)
	paul := s.SignedIn("paul")
	says(t, paul.Get("/approvals"), http.StatusOK, s.path(s.rich), s.path(s.long), s.path(s.policies))
	lacks(t, paul.Get("/approvals"), s.path(s.published), s.path(s.unknown))
	says(t, paul.Get("/approvals?account=elsewhere"), http.StatusOK, "Nothing waits for you")
	says(t, paul.Get("/approvals?show=all&state=published"), http.StatusOK, s.path(s.published), s.path(s.person))
	lacks(t, paul.Get("/approvals?show=all&state=published"), s.path(s.rich))
	says(t, s.SignedIn("anna").Get("/approvals?show=mine"), http.StatusOK, s.path(s.long))
	lacks(t, s.SignedIn("anna").Get("/approvals?show=mine"), s.path(s.rich)) // Bert is its author now
	policies := s.SignedIn("mara").Get(s.path(s.policies))
	says(t, policies, http.StatusOK, "an answer needs 3 different people", "Op plein lezen te veel mensen mee voor vier ogen.")
	for _, lang := range []string{"nl", "en"} {
		if err := s.Staff.SetLanguage(t.Context(), s.As("paul").By, lang); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/approvals", "/approvals?show=all", s.path(s.rich), s.path(s.long), s.path(s.unknown), s.path(s.published), s.path(s.policies), s.path(s.person), s.path(s.rich) + "/edit"} {
			a := paul.Get(path)
			says(t, a, http.StatusOK)
			if missing := keyLike.FindString(text(a.Body)); missing != "" {
				t.Errorf("%s shows %q", path, missing)
			}
		}
	}
}

func TestPeopleWhoAreNewWait(t *testing.T) {
	d := desktest.New(t)
	if _, err := d.As("bert").Approve(propose(t, d, approval.KindRoles, approval.Change{Person: d.As("mara").ID, Roles: []people.Role{people.Press}})); err != nil {
		t.Fatal(err)
	}
	p := d.As("anna").Submitted(d.Mention("1", "Hallo?"), "Dag.")
	mara := d.SignedIn("mara")
	page := mara.Get(at(p))
	says(t, page, http.StatusOK, "Whoever is new waits a day")
	lacks(t, page, "Approve and publish")
	says(t, mara.Post(at(p)+"/decide", verdict(p, "approve", "")), http.StatusUnprocessableEntity)
	d.State(p, approval.InReview)
}

func propose(t *testing.T, d *desktest.Desk, kind approval.Kind, c approval.Change) *approval.View {
	t.Helper()
	p, err := d.As("ada").Propose(kind, c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
