package desk_test

import (
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/internal/browser"
	"standpunt/people"
	"standpunt/web/desk/desktest"
)

var wide = browser.Look{Width: 1440, Height: 900}

func TestTriageByKeyboard(t *testing.T) {
	d := desktest.New(t)
	all := d.Furnish()
	s := open(t, d, "anna", wide)
	now := func(c *inbox.Conversation) *inbox.Conversation {
		thread, err := d.Box.Thread(t.Context(), c.ID)
		s.must(err)
		return thread.Conversation
	}
	// The newest is first: an exchange, then what came last.
	first, second := all[len(all)-4], all[len(all)-1]
	s.press("j")
	s.await(`document.activeElement.id === "link-` + first.ID.String() + `"`)
	s.press("j")
	s.await(`document.activeElement.id === "link-` + second.ID.String() + `"`)
	s.press("\r")
	s.await(`document.getElementById("thread").dataset.id === "` + second.ID.String() + `" && location.pathname === "/inbox/` + second.ID.String() + `"`)
	s.await(`document.querySelector(".conv.current").dataset.id === "` + second.ID.String() + `"`)

	s.press("z")
	s.await(`document.getElementById("menu-snooze").open && document.activeElement.value === "hour"`)
	s.press("\r")
	s.await(`document.getElementById("toasts").textContent.includes("Snoozed.")`)
	if c := now(second); c.State != inbox.Snoozed || time.Until(c.SnoozedUntil) < 50*time.Minute {
		t.Errorf("it is %s until %s", c.State, c.SnoozedUntil)
	}
	s.click("#toasts .quiet")
	s.await(`document.getElementById("toasts").textContent.includes("Undone.")`)
	if c := now(second); c.State != inbox.Open {
		t.Errorf("after undo it is %s", c.State)
	}
	s.await(`document.getElementById("thread").dataset.state === "open"`)

	s.press("n")
	s.await(`document.activeElement.id === "note"`)
	s.must(s.Fill("#note", "Bellen"))
	s.must(s.Press("\r", true))
	s.await(`document.querySelector(".item.note")?.textContent.includes("Bellen")`)
	s.await(`document.getElementById("note").value === ""`)

	s.press("p")
	s.await(`document.getElementById("menu-priority").open && document.activeElement.value === "urgent"`)
	s.press("\r")
	s.await(`document.querySelector("#menu-priority summary").textContent.includes("Urgent") && !document.getElementById("menu-priority").open`)
	if c := now(second); c.Priority != inbox.Urgent {
		t.Errorf("its priority is %s", c.Priority)
	}

	s.press("?")
	s.await(`document.getElementById("help-dialog").open && document.getElementById("help-keys").textContent.includes("Snooze")`)
	s.press("\x1b")
	s.await(`!document.getElementById("help-dialog").open`)
	s.press("/")
	s.await(`document.activeElement.id === "search"`)
}

func TestSelectionByKeyboard(t *testing.T) {
	d := desktest.New(t)
	d.Furnish()
	s := open(t, d, "bert", wide)
	for range 3 {
		s.press("j")
		s.press("x")
	}
	s.await(`document.getElementById("bulk-count").textContent === "3 selected"`)
	ids := strings.Split(s.js(`[...document.querySelectorAll(".pick input:checked")].map(b => b.value).join(" ")`), " ")
	s.press("a")
	s.await(`document.getElementById("toasts").textContent.includes("assigned to you")`)
	for _, raw := range ids {
		c, err := inbox.ParseConversationID(raw)
		s.must(err)
		thread, err := d.Box.Thread(t.Context(), c)
		s.must(err)
		if thread.Conversation.Assignee != d.As("bert").ID {
			t.Errorf("%s is assigned to %s", raw, thread.Conversation.Assignee)
		}
	}
}

// A mention that comes in shows without reloading, and what one reads stays
// where it is.
func TestNewMentionsAppearByThemselves(t *testing.T) {
	d := desktest.New(t)
	all := d.Furnish()
	s := open(t, d, "anna", wide)
	s.js(`document.getElementById("list-scroll").scrollTo(0, 600)`)
	watched := s.js(`[...document.querySelectorAll(".conv")].find(c => c.getBoundingClientRect().top > 200).id`)
	top := func() string {
		return s.js(`Math.round(document.getElementById("` + watched + `").getBoundingClientRect().top)`)
	}
	before := top()
	d.Say("plein", "fresh-1", "@nieuw", "Nieuwe Klant", "Zojuist viel hier alles uit!", 0)
	s.await(`document.getElementById("rows").firstElementChild.textContent.includes("Nieuwe Klant")`)
	s.await(`document.getElementById("list-new").textContent === "1 new"`)
	if after := top(); after != before {
		t.Errorf("what stood at %s stands at %s", before, after)
	}
	s.click("#list-new")
	s.await(`document.getElementById("list-scroll").scrollTop === 0 && document.getElementById("list-new").hidden`)

	// The same within an open conversation, while somebody writes.
	talk := all[len(all)-1]
	s.goTo("/inbox/" + talk.ID.String())
	s.live()
	s.fill("#reply", "Ik ben nog niet klaar met")
	thread, err := d.Box.Thread(t.Context(), talk.ID)
	s.must(err)
	m := thread.Mentions[0]
	d.Ingest("plein", inbox.Inbound{
		ExternalID: "fresh-2", Thread: m.Thread, InReplyTo: m.ExternalID, Author: m.Author, Kind: "post", Visibility: inbox.Public,
		Text: "O ja, en ook de app.", PostedAt: time.Now(),
	})
	s.await(`document.getElementById("items").textContent.includes("O ja, en ook de app.")`)
	if text := s.js(`document.getElementById("reply").value`); text != "Ik ben nog niet klaar met" {
		t.Errorf("what was typed became %q", text)
	}
}

// What comes in while one opens a conversation shows too.
func TestNoNewMentionIsLostToAClick(t *testing.T) {
	d := desktest.New(t)
	d.Furnish()
	s := open(t, d, "anna", wide)
	s.js(`(() => { const ask = window.fetch; window.fetch = async (url, options) => {
		const answer = await ask(url, options);
		if (url === location.href && !window.release) await new Promise((goOn) => { window.release = goOn; });
		return answer;
	}; })()`)
	d.Say("plein", "fresh-1", "@nieuw", "Nieuwe Klant", "Zojuist viel hier alles uit!", 0)
	s.await(`window.release`)
	s.click(".conv:nth-child(2) .conv-link")
	s.await(`document.getElementById("thread").dataset.id && location.pathname !== "/inbox"`)
	s.js(`window.release()`)
	s.await(`document.getElementById("rows").firstElementChild.textContent.includes("Nieuwe Klant")`)
}

func TestDraftsAreKeptAndRestored(t *testing.T) {
	d := desktest.New(t)
	all := d.Furnish()
	talk := all[len(all)-1]
	s := open(t, d, "anna", wide)
	s.goTo("/inbox/" + talk.ID.String())
	s.live()
	s.fill("#reply", "Halverwege een zin")
	s.await(`document.getElementById("draft-status").textContent.includes("kept on this device")`)
	s.goTo("/inbox")
	s.goTo("/inbox/" + talk.ID.String())
	s.await(`document.getElementById("reply").value === "Halverwege een zin"`)
	s.await(`document.getElementById("draft-status").textContent.includes("restored")`)
	s.await(`document.getElementById("length-now").textContent === "18"`)

	s.live()
	s.fill("#reply", "Wij garanderen niets.")
	s.await(`document.getElementById("findings").textContent.includes("Words that bind the company")`)
	s.must(s.Press("\r", true))
	s.await(`document.getElementById("toasts").textContent.includes("Submitted.")`)
	s.await(`document.querySelector(".pending.state-in_review")?.textContent.includes("Wij garanderen niets.")`)
	list, err := d.Approvals.OfConversation(t.Context(), talk.ID)
	s.must(err)
	if len(list) != 1 || list[0].State != approval.InReview {
		t.Errorf("there are %d proposals", len(list))
	}
	s.goTo("/inbox/" + talk.ID.String())
	s.live()
	if text := s.js(`document.getElementById("reply").value`); text != "" {
		t.Errorf("the submitted text comes back as a draft: %q", text)
	}
	s.await(`Object.keys(localStorage).filter(k => k.startsWith("draft:")).length === 0`)
}

func TestRefusedAnswersStayInTheirField(t *testing.T) {
	d := desktest.New(t)
	all := d.Furnish()
	s := open(t, d, "anna", wide)
	s.expected = []string{"422"}
	s.goTo("/inbox/" + all[len(all)-1].ID.String())
	s.live()
	long := strings.Repeat("Dit is te lang. ", 30)
	s.fill("#reply", long)
	s.await(`document.getElementById("length").classList.contains("over")`)
	s.click("#submit")
	s.await(`document.getElementById("trouble")?.textContent.includes("the platform takes 280")`)
	if text := s.js(`document.getElementById("reply").value`); strings.TrimSpace(text) != strings.TrimSpace(long) {
		t.Errorf("the field holds %q", text)
	}
	if at := s.js("location.pathname"); at != "/inbox/"+all[len(all)-1].ID.String() {
		t.Errorf("the address is %s", at)
	}
}

// The address always names what is shown: back and forward work.
func TestBackAndForward(t *testing.T) {
	d := desktest.New(t)
	d.Furnish()
	s := open(t, d, "anna", wide)
	s.click(".conv:nth-child(2) .conv-link")
	s.await(`document.getElementById("thread").dataset.id`)
	one := s.js(`location.href`)
	s.click(".conv:nth-child(4) .conv-link")
	s.await(`location.href !== "` + one + `" && document.getElementById("thread").dataset.id === location.pathname.slice(7)`)
	s.js(`history.back()`)
	s.await(`location.href === "` + one + `" && document.getElementById("thread").dataset.id === location.pathname.slice(7)`)
	s.js(`history.back()`)
	s.await(`location.pathname === "/inbox" && !document.getElementById("thread").dataset.id`)
	s.js(`history.forward()`)
	s.await(`location.href === "` + one + `" && document.getElementById("thread").dataset.id === location.pathname.slice(7)`)
}

func TestTheStopBarAppearsEverywhereAtOnce(t *testing.T) {
	d := desktest.New(t)
	s := open(t, d, "bert", wide)
	s.click("a.button.stop")
	s.await(`document.getElementById("stop-dialog").open && document.activeElement.id === "stop-reason"`)
	s.fill("#stop-reason", "Verkeerd tarief")
	s.click("#stop-dialog button.danger")
	s.await(`!document.getElementById("stopbar").hidden && document.getElementById("stopbar").textContent.includes("Verkeerd tarief")`)

	other := open(t, d, "mara", wide)
	other.goTo("/settings/me")
	other.live()
	other.await(`!document.getElementById("stopbar").hidden`)
	ada := d.As("ada")
	p, err := ada.Propose(approval.KindResume, approval.Change{Reason: "Hersteld"})
	other.must(err)
	_, err = d.As("bert").Approve(p)
	other.must(err)
	other.await(`document.getElementById("stopbar").hidden`)
}

// On a telephone the panes are pages.
func TestPanesArePagesOnATelephone(t *testing.T) {
	d := desktest.New(t)
	d.Furnish()
	s := open(t, d, "bert", browser.Look{Width: 360, Height: 740})
	visible := func(id string) string {
		return `document.getElementById("` + id + `").getClientRects().length > 0`
	}
	s.await(visible("list") + ` && !(` + visible("thread") + `)`)
	s.click(".conv:nth-child(2) .conv-link")
	s.await(visible("thread") + ` && !(` + visible("list") + `)`)
	s.click(".thread-head .back")
	s.await(visible("list") + ` && !(` + visible("thread") + `)`)
	if over := s.js("document.documentElement.scrollWidth"); over != "360" {
		t.Errorf("the page is %s px wide", over)
	}
}

// What assistive technology needs, on every page of the desk.
func TestPagesCanBeUsedByEverybody(t *testing.T) {
	d := desktest.New(t)
	all := d.Furnish()
	s := open(t, d, "ada", wide)
	paths := []string{"/inbox", "/inbox/" + all[len(all)-4].ID.String(), "/settings/me", "/publishing"}
	check := func(s *screen, path string) {
		t.Helper()
		s.goTo(path)
		s.live()
		for what, expression := range map[string]string{
			"one main":               `document.querySelectorAll("main").length === 1 && document.querySelector("header") && document.querySelector("nav[aria-label]")`,
			"a language and a title": `document.documentElement.lang && document.title.length > 3`,
			"one h1 at most":         `document.querySelectorAll("h1").length <= 1`,
		} {
			if s.js("Boolean("+expression+")") != "true" {
				t.Errorf("%s: %s is missing", path, what)
			}
		}
		if bad := s.js(unnamed); bad != "" {
			t.Errorf("%s: without a name for readers aloud:\n%s", path, bad)
		}
		if bad := s.js(`[...document.querySelectorAll("[id]")].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i).join(" ")`); bad != "" {
			t.Errorf("%s: ids that are there twice: %s", path, bad)
		}
		if bad := s.js(small); bad != "" {
			t.Errorf("%s: targets of less than 24 px:\n%s", path, bad)
		}
	}
	for _, path := range paths {
		check(s, path)
	}
	anna := open(t, d, "anna", wide)
	for _, path := range paths {
		check(anna, path)
	}
	if !d.As("ada").By.Has(people.Admin) {
		t.Error("ada is no admin")
	}
}

// unnamed lists fields, buttons and links that have no accessible name.
const unnamed = `[...document.querySelectorAll("input:not([type=hidden]), textarea, select, button, a[href], summary")].filter(e => {
	const label = e.labels?.length ? [...e.labels].map(l => l.textContent).join("") : "";
	const named = (e.getAttribute("aria-labelledby") ?? "").split(" ").map(id => document.getElementById(id)?.textContent ?? "").join("");
	const own = ["INPUT", "TEXTAREA", "SELECT"].includes(e.tagName) ? "" : e.textContent;
	return !e.closest("[hidden]") && !(label + named + own + (e.getAttribute("aria-label") ?? "")).trim();
}).map(e => e.outerHTML.slice(0, 160)).join("\n")`

// small lists what is pressed and smaller than 24 px, except links in running
// text and boxes whose label is big enough.
const small = `[...document.querySelectorAll("button, summary, select, a[href], input:not([type=hidden])")].filter(e => {
	const big = b => b.width >= 24 && b.height >= 24;
	const own = e.getBoundingClientRect();
	if (!own.width || e.closest("p, dd, td, .unseen, .skip") || getComputedStyle(e).position === "absolute" && e.className === "skip") return false;
	return !big(own) && ![...(e.labels ?? [])].some(l => big(l.getBoundingClientRect())) && !e.closest("label") && e.tagName !== "USE";
}).map(e => e.outerHTML.slice(0, 120) + " " + Math.round(e.getBoundingClientRect().width) + "x" + Math.round(e.getBoundingClientRect().height)).join("\n")`
