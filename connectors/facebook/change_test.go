package facebook

import (
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/facebook/replay/platform"
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
