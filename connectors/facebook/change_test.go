package facebook

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/facebook/replay/platform"
	"standpunt/inbox"
)

// TestChangesAreCarriedOutAndReadBack begins behind the check of the release,
// which facebook_test.go tries.
func TestChangesAreCarriedOutAndReadBack(t *testing.T) {
	p, post := platform.New(platform.Options{PageID: "1", PageName: "Noordlicht", Token: "t", Version: "v26.0", Permissions: needed})
	server := httptest.NewServer(p)
	defer server.Close()
	made, err := New(connectors.Account{Settings: config.NewSettings(map[string]any{"base_url": server.URL, "page_id": "1", "access_token": "t"})})
	c, ok := made.(*Connector)
	if err != nil || !ok {
		t.Fatal(err)
	}
	theirs := p.Comment(post, platform.Said{Name: "Eva", Text: "lelijk"})
	ours := p.Comment(post, platform.Said{Text: "tijdelijk"})
	do := func(action approval.Action, target, text string) (approval.Attempt, error) {
		t.Helper()
		a := approval.Attempt{Action: action, Target: target, Thread: post, Text: text}
		receipt, err := c.perform(t.Context(), a)
		if err == nil && (receipt.ExternalID != target || receipt.PostedAt.IsZero()) {
			t.Errorf("%s: the receipt is %+v", action, receipt)
		}
		return a, err
	}
	find := func(a approval.Attempt) connectors.Found {
		t.Helper()
		found, err := c.Find(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	hiding, err := do(approval.Hide, theirs, "")
	if err != nil || !p.Hidden(theirs) || find(hiding).Outcome != connectors.Present || find(hiding).Text != "" {
		t.Errorf("hiding: %v, %+v", err, find(hiding))
	}
	if _, err := do(approval.Edit, theirs, "mooier"); connectors.KindOf(err) != connectors.NotAllowed {
		t.Errorf("a customer's comment was edited: %v", err)
	}
	if _, err := do(approval.Hide, "1_404", ""); connectors.KindOf(err) != connectors.Gone {
		t.Errorf("what is gone was hidden: %v", err)
	}
	removal, err := do(approval.Remove, ours, "")
	if err != nil || find(removal).Outcome != connectors.Present {
		t.Errorf("removing: %v, %+v", err, find(removal))
	}
	p.Fail(platform.Fault{Status: 200, Body: `{"success":false}`}, platform.Fault{Status: 200, Body: `<html>`})
	for range 2 {
		if _, err := do(approval.Hide, theirs, ""); connectors.KindOf(err) != connectors.Unknown {
			t.Errorf("half an answer: %v", err)
		}
	}
	var published struct {
		ID string `json:"id"`
	}
	if _, err := c.client.Post(t.Context(), theirs+"/comments", map[string]string{"message": "Eerst."}, &published); err != nil {
		t.Fatal(err)
	}
	edit, err := do(approval.Edit, published.ID, "Daarna.")
	if err != nil || find(edit).Text != "Daarna." || !slices.Equal(p.Answers(theirs), []string{"Daarna."}) {
		t.Errorf("editing: %v, %+v, %q", err, find(edit), p.Answers(theirs))
	}
	lost := approval.Attempt{Action: approval.Reply, Target: theirs, Text: "Daarna.", Key: "k", ClaimedAt: time.Now()}
	if found := find(lost); found.Outcome != connectors.Present || found.Receipt.ExternalID != published.ID {
		t.Errorf("one comment fits: %+v", found)
	}
	old := lost
	if old.ClaimedAt = time.Now().Add(time.Hour); find(old).Outcome != connectors.CannotTell {
		t.Errorf("one fits that was there before: %+v", find(old))
	}
	if _, err := c.client.Post(t.Context(), theirs+"/comments", map[string]string{"message": "Eerst."}, &published); err != nil {
		t.Fatal(err)
	}
	if _, err := do(approval.Edit, published.ID, "Daarna."); err != nil || find(lost).Outcome != connectors.CannotTell {
		t.Errorf("two comments fit: %v, %+v", err, find(lost))
	}
}

func TestAPrivateReplyIsSentOnceAndReadBack(t *testing.T) {
	p, post := platform.New(platform.Options{PageID: "1", PageName: "Noordlicht", Token: "t", Version: "v26.0", Permissions: append(slices.Clone(needed), "pages_messaging")})
	server := httptest.NewServer(p)
	defer server.Close()
	connect := func(messenger bool) *Connector {
		made, err := New(connectors.Account{Settings: config.NewSettings(map[string]any{"base_url": server.URL, "page_id": "1", "access_token": "t", "messenger": messenger})})
		c, ok := made.(*Connector)
		if err != nil || !ok {
			t.Fatal(err)
		}
		return c
	}
	c := connect(true)
	attempt := func(target, thread, text string) approval.Attempt {
		return approval.Attempt{Action: approval.PrivateReply, Target: target, Thread: thread, Text: text, Key: target, Visibility: "public", ClaimedAt: time.Now()}
	}
	comment := p.Comment(post, platform.Said{Name: "Eva", Text: "waar is het?"})
	visit := p.Visit(platform.Said{Name: "Jan", Text: "en hier?"})
	for _, a := range []approval.Attempt{attempt(comment, post, "Wij zoeken het uit."), attempt(visit, visit, "Wij ook.")} {
		receipt, err := c.replyPrivately(t.Context(), a)
		if err != nil || receipt.ExternalID == "" {
			t.Fatalf("%+v, %v", receipt, err)
		}
		for _, known := range []approval.Receipt{{}, receipt} {
			a.Receipt = known
			if found, err := c.Find(t.Context(), a); err != nil || found.Outcome != connectors.Present || found.Receipt.ExternalID != receipt.ExternalID || found.Text != a.Text {
				t.Errorf("%+v, %v", found, err)
			}
		}
		if _, err := c.replyPrivately(t.Context(), a); connectors.KindOf(err) != connectors.NotAllowed {
			t.Errorf("a second time: %v", err)
		}
	}
	if !slices.Equal(p.Messages("Eva"), []string{"Wij zoeken het uit."}) || !slices.Equal(p.Messages("Jan"), []string{"Wij ook."}) {
		t.Errorf("%q and %q", p.Messages("Eva"), p.Messages("Jan"))
	}
	old := p.Comment(post, platform.Said{Name: "Mo", Text: "lang geleden", At: time.Now().Add(-8 * 24 * time.Hour)})
	fresh := p.Comment(post, platform.Said{Name: "Bo", Text: "net"})
	for name, try := range map[string]struct {
		c    *Connector
		a    approval.Attempt
		kind connectors.ErrorKind
	}{
		"after seven days": {c, attempt(old, post, "dag"), connectors.NotAllowed},
		"without messages": {connect(false), attempt(fresh, post, "dag"), connectors.NotAllowed},
		"too long":         {c, attempt(fresh, post, strings.Repeat("é", 2001)), connectors.Rejected},
		"gone":             {c, attempt("1_404", post, "dag"), connectors.Gone},
	} {
		if _, err := try.c.replyPrivately(t.Context(), try.a); connectors.KindOf(err) != try.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The answer gets lost: it may stand there, and is never sent again.
	p.Fail(platform.Fault{}, platform.Fault{Status: 500, Body: "oops", Carried: true})
	lost := attempt(fresh, post, "Eenmaal.")
	if _, err := c.replyPrivately(t.Context(), lost); connectors.KindOf(err) != connectors.Unknown {
		t.Errorf("a lost outcome: %v", err)
	}
	if found, err := c.Find(t.Context(), lost); err != nil || found.Outcome != connectors.Present || !slices.Equal(p.Messages("Bo"), []string{"Eenmaal."}) {
		t.Errorf("%+v, %v, %q", found, err, p.Messages("Bo"))
	}
}

func TestALostMessageIsToldOnlyWhereExactlyOneFits(t *testing.T) {
	p, _ := platform.New(platform.Options{PageID: "1", PageName: "Noordlicht", Token: "t", Version: "v26.0", Permissions: append(slices.Clone(needed), "pages_messaging")})
	server := httptest.NewServer(p)
	defer server.Close()
	made, err := New(connectors.Account{Settings: config.NewSettings(map[string]any{"base_url": server.URL, "page_id": "1", "access_token": "t", "messenger": true})})
	c, ok := made.(*Connector)
	if err != nil || !ok {
		t.Fatal(err)
	}
	target := p.Write(platform.Said{Name: "Eva", Text: "Antwoord."})
	lost := approval.Attempt{Action: approval.Reply, Target: target, Visibility: "private", Text: "Antwoord.", Key: "k", ClaimedAt: time.Now(),
		Route: []inbox.Field{{Name: routePerson, Value: platform.PersonID("Eva")}}}
	find := func(a approval.Attempt) connectors.Outcome {
		t.Helper()
		found, err := c.Find(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		return found.Outcome
	}
	if got := find(lost); got != connectors.CannotTell {
		t.Errorf("the customer's own words are taken for ours: %s", got)
	}
	send := func(key string) {
		t.Helper()
		if _, err := c.send(t.Context(), approval.Attempt{Text: "Antwoord.", Key: key}, map[string]string{"messaging_type": "RESPONSE"}, map[string]string{"id": platform.PersonID("Eva")}); err != nil {
			t.Fatal(err)
		}
	}
	send("another release")
	if got := find(lost); got != connectors.CannotTell {
		t.Errorf("a message that stands for another release fits: %s", got)
	}
	send("k")
	if got := find(lost); got != connectors.Present {
		t.Errorf("one fits: %s", got)
	}
	later := lost
	if later.ClaimedAt = time.Now().Add(time.Hour); find(later) != connectors.CannotTell {
		t.Error("one fits that was there before")
	}
	send("k")
	if got := find(lost); got != connectors.CannotTell {
		t.Errorf("two fit: %s", got)
	}
	stranger := lost
	if stranger.Route = []inbox.Field{{Name: routePerson, Value: "404"}}; find(stranger) != connectors.CannotTell {
		t.Error("a dialogue that there is not told something")
	}
	if stranger.Route = nil; find(stranger) != connectors.CannotTell {
		t.Error("nobody told something")
	}
}
