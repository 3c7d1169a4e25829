package desk_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/internal/browser"
	"standpunt/web/desk/desktest"
)

// toDecide opens a proposal and waits until its page follows live events.
func (s *screen) toDecide(p *approval.View) {
	s.t.Helper()
	s.goTo(at(p))
	s.live()
	s.await(`document.getElementById("decision")`)
}

var phone = browser.Look{Width: 360, Height: 740}

func TestApproveByKeys(t *testing.T) {
	d := desktest.New(t)
	p := d.As("anna").Submitted(d.Say("plein", "1", "@eva", "Eva", "Hallo?", time.Hour), "Dag Eva, we zoeken het uit.")
	later := d.As("anna").Submitted(d.Say("plein", "2", "@tom", "Tom", "Hoi?", time.Minute), "Dag Tom.")
	s := open(t, d, "bert", wide)
	s.toDecide(p)
	s.await(`!document.getElementById("approve").disabled`)
	s.must(s.Press("\r", true))
	s.await(`document.getElementById("approve-dialog").open`)
	asked := s.js(`document.getElementById("approve-dialog").innerText`)
	for _, want := range []string{"Dag Eva, we zoeken het uit.", "plein", "Eva @eva", p.Digest.Short()} {
		if !strings.Contains(asked, want) {
			t.Errorf("the dialog does not say %q: %s", want, asked)
		}
	}
	d.State(p, approval.InReview) // asking is not deciding
	s.await(`document.activeElement.id === "approve-now"`)
	s.press("\r")
	s.await(`location.pathname === "` + at(later) + `"`)
	d.State(p, approval.Queued)
	s.must(s.AwaitText("Approved. It goes out now."))
	d.State(later, approval.InReview)
}

func TestALongTextIsReadToTheEndFirst(t *testing.T) {
	st := newStage(t)
	for _, look := range []browser.Look{wide, phone} {
		s := open(t, st.Desk, "paul", look)
		s.toDecide(st.long)
		s.await(`document.getElementById("approve").disabled && !document.getElementById("gate").hidden`)
		s.must(s.Press("\r", true))
		s.must(s.AwaitText("is unread: go to the first unread part"))
		if s.js(`document.getElementById("approve-dialog").open`) != "false" {
			t.Error("the dialog opens before the text was read")
		}
		s.js(`document.getElementById("main").scrollTo(0, 1e6)`) // jumping to the end is not reading
		s.await(`(() => { const end = document.getElementById("read-end").getBoundingClientRect(); return end.bottom < innerHeight; })()`)
		s.await(`document.getElementById("approve").disabled`)
		was := s.js(`document.getElementById("gate").textContent`)
		s.js(`document.getElementById("gate").focus()`) // by keys, the hint leads through what is unread
		s.press("\r")
		s.await(`document.getElementById("gate").textContent !== ` + strconv.Quote(was))
		s.await(`document.getElementById("approve").disabled ? void document.getElementById("gate").click() : true`)
		s.click("#approve")
		s.await(`document.getElementById("approve-dialog").open`)
		s.click("#approve-dialog [data-close]")
		st.State(st.long, approval.InReview)
	}
}

// A text that fits is read once one has scrolled past it, however fast.
func TestAShortTextBelowAnExchange(t *testing.T) {
	d := desktest.New(t)
	question := strings.Repeat("Een lange klacht over de eindafrekening.\n", 60)
	p := d.As("anna").Submitted(d.Say("plein", "1", "@eva", "Eva", question, time.Hour), "Dag Eva.")
	s := open(t, d, "bert", phone)
	s.toDecide(p)
	s.await(`document.getElementById("approve").disabled`)
	s.js(`document.getElementById("main").scrollTo(0, 1e6)`)
	s.await(`!document.getElementById("approve").disabled`)
}

func TestAColleagueDecidesMeanwhile(t *testing.T) {
	d := desktest.New(t)
	p := d.As("anna").Submitted(d.Say("plein", "1", "@eva", "Eva", "Hallo?", time.Hour), "Dag Eva.")
	s := open(t, d, "bert", wide)
	s.toDecide(p)
	s.click("#act-reject summary")
	s.fill("#reject-comment", "Nog niet: de storing duurt voort.")
	if _, err := d.As("paul").Approve(p); err != nil {
		t.Fatal(err)
	}
	s.await(`document.getElementById("decision").dataset.state === "queued"`)
	s.must(s.AwaitText("paul approved this"))
	s.must(s.AwaitText("Nog niet: de storing duurt voort.")) // what was typed is not lost
	if s.js(`document.getElementById("approve") === null`) != "true" {
		t.Error("there is still something to approve")
	}
}

// What happens meanwhile moves nobody within what they write.
func TestOneGoesOnWritingWhereOneWas(t *testing.T) {
	d := desktest.New(t)
	p := d.As("anna").Submitted(d.Say("plein", "1", "@eva", "Eva", "Hallo?", time.Hour), "Dag Eva.")
	s := open(t, d, "bert", wide)
	s.toDecide(p)
	s.click("#act-reject summary")
	s.fill("#reject-comment", "Nog niet: de storing duurt voort.")
	s.js(`document.getElementById("reject-comment").setSelectionRange(4, 8)`)
	s.js(`document.getElementById("decision").dataset.old = "yes"`)
	if err := d.Approvals.StopPublishing(t.Context(), d.As("paul").By, "Verkeerd tarief"); err != nil {
		t.Fatal(err)
	}
	s.await(`!document.getElementById("decision").dataset.old`)
	if at := s.js(`[document.activeElement.id, document.activeElement.value, document.activeElement.selectionStart, document.activeElement.selectionEnd].join("|")`); at != "reject-comment|Nog niet: de storing duurt voort.|4|8" {
		t.Errorf("one goes on at %s", at)
	}
}

func TestTheTextChangesMeanwhile(t *testing.T) {
	d := desktest.New(t)
	p := d.As("anna").Submitted(d.Say("plein", "1", "@eva", "Eva", "Hallo?", time.Hour), "We betalen alles terug.")
	s := open(t, d, "bert", wide)
	s.toDecide(p)
	s.click("#act-changes summary")
	s.fill("#changes-comment", "Noem een datum.")
	q, err := d.As("anna").Revise(p, "We betalen een deel terug.")
	if err != nil {
		t.Fatal(err)
	}
	s.await(`document.getElementById("decision").dataset.revision === "2"`)
	s.must(s.AwaitText("Changed since the revision that you saw (1)"))
	s.must(s.AwaitText("Noem een datum."))
	if s.js(`document.getElementById("approve") === null`) != "true" {
		t.Error("a draft can be approved")
	}
	if _, err := d.As("anna").Submit(q); err != nil {
		t.Fatal(err)
	}
	s.await(`document.getElementById("approve") && !document.getElementById("approve").disabled`)
	if got := s.js(`document.querySelector("#approve-dialog [name=digest]").value`); got != q.Digest.String() {
		t.Errorf("the dialog would approve %s", got)
	}
	s.must(s.AwaitText("een deel"))
	// Coming back later, the page still compares with what one saw last.
	if _, err := d.As("anna").Revise(q, "We betalen de helft terug."); err != nil {
		t.Fatal(err)
	}
	s.await(`document.getElementById("decision").dataset.revision === "3"`)
}

func TestTheQueueAndItsBadgeAreLive(t *testing.T) {
	d := desktest.New(t)
	s := open(t, d, "bert", phone)
	s.goTo("/approvals")
	s.live()
	s.must(s.AwaitText("Nothing waits for you"))
	p := d.As("anna").Submitted(d.Mention("1", "Hallo?"), "Dag.")
	s.await(`document.querySelector('[data-row][href="` + at(p) + `"]')`)
	s.await(`!document.getElementById("waiting").hidden && document.getElementById("waiting").textContent.startsWith("1")`)
	s.press("j")
	s.await(`document.activeElement.matches("[data-row]")`)
	s.press("\r")
	s.await(`location.pathname === "` + at(p) + `" && document.getElementById("decision")`)
	s.live()
	s.await(`!document.getElementById("approve").disabled`)
	s.click("#approve")
	s.await(`document.getElementById("approve-dialog").open`)
	s.click("#approve-now")
	s.must(s.AwaitText("Nothing waits for you"))
	d.State(p, approval.Queued)
	s.goTo("/settings/people") // the badge follows on every page
	s.live()
	d.As("anna").Submitted(d.Mention("2", "Hallo?"), "Dag!")
	s.await(`!document.getElementById("waiting").hidden && document.getElementById("waiting").textContent.startsWith("1")`)
}

// Whoever goes through the queue by keys while it is being brought up to date stays where they are.
func TestTheQueueKeepsItsPlace(t *testing.T) {
	d := desktest.New(t)
	p := d.As("anna").Submitted(d.Mention("1", "Hallo?"), "Dag.")
	s := open(t, d, "bert", wide)
	s.goTo("/approvals")
	s.live()
	s.js(`(() => { const ask = window.fetch; window.fetch = async (url, options) => {
		const answer = await ask(url, options);
		if (url === location.href && !window.release) await new Promise((goOn) => { window.release = goOn; });
		return answer;
	}; })()`)
	d.As("anna").Submitted(d.Mention("2", "Hoi?"), "Dag!")
	s.await(`window.release`)
	s.press("j")
	s.await(`document.activeElement.matches("[data-row]")`)
	s.js(`document.activeElement.dataset.old = "yes"`)
	s.js(`window.release()`)
	s.await(`!document.querySelector("[data-old]")`)
	if here := s.js(`document.activeElement.getAttribute("href")`); here != at(p) {
		t.Errorf("one is at %s, want %s", here, at(p))
	}
}
