package desk_test

import (
	"strings"
	"testing"
	"time"

	"standpunt/inbox"
	"standpunt/web/desk/desktest"
)

// A conversation in which something happens waits where it is read: the pill
// brings it to the top.
func TestRowsWaitForThePill(t *testing.T) {
	d := desktest.New(t)
	low := d.Say("plein", "1", "@eva", "Eva Laag", "Hallo?", time.Hour)
	d.Say("plein", "2", "@tom", "Tom Hoog", "Hoi?", time.Minute)
	s := open(t, d, "anna", wide)
	s.live()
	first := `document.getElementById("rows").firstElementChild.textContent`
	s.await(first + `.includes("Tom Hoog")`)
	thread, err := d.Box.Thread(t.Context(), low.ID)
	s.must(err)
	m := thread.Mentions[0]
	d.Ingest("plein", inbox.Inbound{
		ExternalID: "3", Thread: m.Thread, InReplyTo: m.ExternalID, Author: m.Author, Kind: "post", Visibility: inbox.Public,
		Text: "Nog iets.", PostedAt: time.Now(),
	})
	s.await(`!document.getElementById("list-new").hidden && document.getElementById("list-new").textContent === "1 new"`)
	if top := s.js(first); !strings.Contains(top, "Tom Hoog") {
		t.Errorf("a row moved by itself; on top stands %s", top)
	}
	s.click("#list-new")
	s.await(first + `.includes("Eva Laag") && document.getElementById("list-new").hidden`)
}
