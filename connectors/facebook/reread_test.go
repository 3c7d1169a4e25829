package facebook_test

import (
	"testing"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/facebook/replay/platform"
)

func TestPollsSeeEditsAndDeletionsWhereNothingElseHappened(t *testing.T) {
	r := newRemote(t, platform.Options{})
	c := r.connect(t, connectors.Account{Backfill: 3 * time.Hour}, r.settings(goodToken))
	at := time.Now().Add(-2 * time.Hour)
	visit := r.p.Visit(platform.Said{Name: "Jan", Text: "bericht", At: at})
	stays := r.p.Comment(visit, platform.Said{Name: "Eva", Text: "blijft", At: at})
	goes := r.p.Comment(visit, platform.Said{Name: "Mo", Text: "gaat", At: at.Add(time.Minute)})
	old := r.p.Comment(visit, platform.Said{Name: "Bo", Text: "van vóór onze tijd", At: time.Now().Add(-5 * time.Hour)})
	lonely := r.p.Comment(r.post, platform.Said{Name: "Bo", Text: "alleen", At: at})
	page := connectortest.Walk(t, c, nil)
	if mention(page, stays) == nil || mention(page, goes) == nil || mention(page, lonely) == nil || mention(page, old) != nil {
		t.Fatalf("the first walk brought %v", ids(page))
	}
	before := r.p.Calls()
	for range 2 {
		page = connectortest.Walk(t, c, page.Next)
	}
	if calls := r.p.Calls() - before; calls != 9 { // three lists and one turn each, and once the Page's post, which is new
		t.Errorf("two quiet walks took %d calls, want 9", calls)
	}
	r.p.Edit(stays, "veranderd")
	r.p.Erase(goes)
	r.p.Erase(lonely)
	var edited, deleted, unproven, older bool
	for range 3 { // both posts have their turn
		page = connectortest.Walk(t, c, page.Next)
		if m := mention(page, stays); m != nil && m.Text == "veranderd" && !m.EditedAt.IsZero() && m.PostedAt.Before(m.EditedAt) {
			edited = true
		}
		m := mention(page, goes)
		deleted = deleted || m != nil && m.Deleted
		unproven = unproven || mention(page, lonely) != nil && mention(page, lonely).Deleted
		older = older || mention(page, old) != nil
	}
	if !edited || !deleted || unproven || older {
		t.Errorf("edited %v, deleted %v; without proof %v, from before the back-fill %v", edited, deleted, unproven, older)
	}
}

func TestALostPermissionDeletesNothing(t *testing.T) {
	r := newRemote(t, platform.Options{})
	c := r.connect(t, connectors.Account{Backfill: time.Hour}, r.settings(goodToken))
	id := r.Post(t, "een vraag")
	other := r.Post(t, "nog een")
	page := connectortest.Walk(t, c, nil)
	r.p.Blind(true)
	for range 3 {
		page = connectortest.Walk(t, c, page.Next)
		for _, m := range page.Mentions {
			if m.Deleted {
				t.Errorf("%s is told to be gone", m.ExternalID)
			}
		}
	}
	r.p.Blind(false)
	page = connectortest.Walk(t, c, page.Next)
	if mention(page, id) == nil || mention(page, other) == nil {
		t.Errorf("after it came back a walk brings %v", ids(page))
	}
}

func TestDialoguesInPagesAndOld(t *testing.T) {
	r, c := pushed(t, platform.Options{})
	want := make(map[string]bool)
	for i := range 60 {
		want[r.p.Write(platform.Said{Name: string(rune('A' + i)), Text: "vraag"})] = true
	}
	for range 15 {
		want[r.p.Write(platform.Said{Name: "veel", Text: "vraag"})] = true
	}
	r.p.Write(platform.Said{Name: "lang", Text: "geleden", At: time.Now().Add(-2 * time.Hour)})
	page := connectortest.Walk(t, c.Connector, nil)
	for id := range want {
		m := mention(page, id)
		if m == nil || m.Author.Name == "" || m.Thread != "messenger-"+m.Author.ExternalID || m.URL == "" {
			t.Errorf("%s came as %+v", id, m)
		}
	}
	messages := 0
	for _, m := range page.Mentions {
		if m.Kind == "message" {
			messages++
		}
	}
	if messages != len(want) {
		t.Errorf("%d messages, want %d", messages, len(want))
	}
	if c.MeasurePrivate("𠜎!").Length != 3 || c.MeasurePrivate("").Limit != 2000 {
		t.Errorf("%+v", c.MeasurePrivate("𠜎!"))
	}
}

// TestADeletionThatCouldNotBeKeptIsSeenAgain asks twice for the page that tells of
// a deletion, as where it could not be kept, and then goes on.
func TestADeletionThatCouldNotBeKeptIsSeenAgain(t *testing.T) {
	r, c := play(t, platform.Options{})
	r.Post(t, "blijft")
	goes := r.Post(t, "gaat")
	page := connectortest.Walk(t, c, nil)
	r.p.Erase(goes)
	told := 0
	for more := true; more; more = page.More {
		before := page.Next
		for range 2 {
			var err error
			if page, err = c.Poll(t.Context(), before); err != nil {
				t.Fatal(err)
			}
			if m := mention(page, goes); m != nil && m.Deleted {
				told++
			}
		}
	}
	if told != 2 {
		t.Errorf("it is told %d times, want 2: once, and once more as that was not kept", told)
	}
	before := r.p.Calls()
	if m := mention(connectortest.Walk(t, c, page.Next), goes); m != nil {
		t.Errorf("it is told again after it was kept: %+v", m)
	}
	if calls := r.p.Calls() - before; calls != 4 { // three lists and the post
		t.Errorf("the walk after it took %d calls, want 4", calls)
	}
}
