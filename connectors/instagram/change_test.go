package instagram

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/instagram/replay/platform"
	"standpunt/inbox"
)

const ourID = "17841400000000001"

// open is a platform and a connector to it, whose methods behind the check of
// the release the tests in this file begin with; connectortest tries the check.
func open(t *testing.T, login string, more ...string) (*platform.Platform, string, *Connector) {
	t.Helper()
	o := platform.Options{Login: login, UserID: ourID, Username: "noordlicht", Token: "t", Version: "v26.0",
		Permissions: append(more, "instagram_basic", "instagram_business_basic", "instagram_manage_comments", "instagram_manage_messages", "instagram_business_manage_comments", "instagram_business_manage_messages")}
	settings := map[string]any{"login": login, "ig_user_id": ourID, "access_token": "t"}
	if login == overFacebook {
		o.PageID, settings["page_id"] = "100200300", "100200300"
	}
	p, post := platform.New(o)
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	settings["base_url"] = server.URL
	made, err := New(connectors.Account{Settings: config.NewSettings(settings), Backfill: time.Hour})
	c, ok := made.(*Connector)
	if err != nil || !ok {
		t.Fatalf("%T, %v", made, err)
	}
	return p, post, c
}

func bothLogins(t *testing.T, f func(t *testing.T, login string)) {
	t.Helper()
	for _, login := range []string{overFacebook, overInstagram} {
		t.Run(login, func(t *testing.T) { f(t, login) })
	}
}

func find(t *testing.T, c *Connector, a approval.Attempt) connectors.Found {
	t.Helper()
	found, err := c.Find(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// polled is the mention as polling brings it in.
func polled(t *testing.T, c *Connector, id string) inbox.Inbound {
	t.Helper()
	var after inbox.Cursor
	for range 100 {
		page, err := c.Poll(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Mentions {
			if m.ExternalID == id {
				return m
			}
		}
		if after = page.Next; !page.More {
			break
		}
	}
	t.Fatalf("%s did not come in", id)
	return inbox.Inbound{}
}

// answerTo is an attempt to answer a mention.
func answerTo(m inbox.Inbound, text string) approval.Attempt {
	return approval.Attempt{Action: approval.Reply, RemoteID: ourID, Target: m.ExternalID, Thread: m.Thread, Route: m.Route, Visibility: m.Visibility,
		Text: text, Key: "key of " + text, ClaimedAt: time.Now()}
}

func TestAnAnswerToAnAnswerStandsBelowTheirComment(t *testing.T) {
	bothLogins(t, func(t *testing.T, login string) {
		p, post, c := open(t, login)
		top := p.Comment(post, platform.Said{Name: "eva", Text: "een vraag"})
		nested := p.Comment(top, platform.Said{Name: "jan", Text: "ik ook"})
		a := answerTo(polled(t, c, nested), "Wij zoeken het uit.")
		receipt, err := c.perform(t.Context(), a)
		if err != nil || !slices.Equal(p.Answers(top), []string{"Wij zoeken het uit."}) {
			t.Fatalf("%+v, %v, %q", receipt, err, p.Answers(top))
		}
		for range 2 {
			if found := find(t, c, a); found.Outcome != connectors.Present || found.Receipt.ExternalID != receipt.ExternalID || found.Text != a.Text ||
				found.Receipt.URL != "https://www.instagram.com/p/"+post+"/" {
				t.Errorf("%+v", found)
			}
			a.Receipt = receipt
		}
		p.Erase(top)
		if _, err := c.perform(t.Context(), answerTo(inbox.Inbound{ExternalID: nested, Thread: post, Route: a.Route}, "te laat")); connectors.KindOf(err) != connectors.Gone {
			t.Errorf("an answer below a comment that is gone: %v", err)
		}
	})
}

func TestAnswersToMentionsInPostsOfOthers(t *testing.T) {
	p, _, c := open(t, overFacebook)
	caption := p.Mention(platform.Said{Name: "eva", Text: "kijk @noordlicht"})
	post, below := p.MentionBelow(platform.Said{Name: "jan", Text: "vraag het @noordlicht"})
	for _, m := range []inbox.Inbound{
		{ExternalID: caption, Thread: caption, Route: []inbox.Field{{Name: routePost, Value: caption}}},
		{ExternalID: below, Thread: post, Route: []inbox.Field{{Name: routePost, Value: post}, {Name: routeSaid, Value: below}}},
	} {
		a := answerTo(m, "Dank je!")
		receipt, err := c.perform(t.Context(), a)
		if err != nil || !slices.Equal(p.Answers(m.ExternalID), []string{"Dank je!"}) {
			t.Fatalf("%+v, %v, %q", receipt, err, p.Answers(m.ExternalID))
		}
		if found := find(t, c, a); found.Outcome != connectors.CannotTell {
			t.Errorf("lost, where Instagram lists nothing: %+v", found)
		}
		a.Receipt = receipt
		if found := find(t, c, a); found.Outcome != connectors.Present || found.Text != a.Text {
			t.Errorf("with its receipt: %+v", found)
		}
	}
}

func TestMessagesAreAnsweredInsideTheirWindow(t *testing.T) {
	bothLogins(t, func(t *testing.T, login string) {
		p, _, c := open(t, login)
		m := polled(t, c, p.Message(platform.Said{Name: "eva", Text: "een vraag"}))
		a := answerTo(m, `"Dag" <Eva> & 👨‍👩‍👧‍👦`)
		receipt, err := c.perform(t.Context(), a)
		if err != nil || !slices.Equal(p.Told("eva"), []string{a.Text}) {
			t.Fatalf("%+v, %v, %q", receipt, err, p.Told("eva"))
		}
		for range 2 {
			if found := find(t, c, a); found.Outcome != connectors.Present || found.Receipt.ExternalID != receipt.ExternalID || found.Text != a.Text {
				t.Errorf("%+v", found)
			}
			a.Receipt = receipt
		}
		if _, err := c.perform(t.Context(), answerTo(m, strings.Repeat("é", 501))); connectors.KindOf(err) != connectors.Rejected {
			t.Errorf("1002 bytes: %v", err)
		}
		old := answerTo(inbox.Inbound{ExternalID: p.Message(platform.Said{Name: "jan", Text: "lang geleden", At: time.Now().Add(-25 * time.Hour)}),
			Route: []inbox.Field{{Name: routeTo, Value: platform.ScopedID("jan")}}, Visibility: inbox.Private}, "te laat")
		if _, err := c.perform(t.Context(), old); connectors.KindOf(err) != connectors.NotAllowed || len(p.Told("jan")) > 0 {
			t.Errorf("outside the window: %v, %q", err, p.Told("jan"))
		}
		at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
		for later, open := range map[time.Duration]bool{23 * time.Hour: true, 25 * time.Hour: false} {
			for visibility, always := range map[inbox.Visibility]bool{inbox.Private: false, inbox.Public: true} {
				if why := c.Unanswerable(&inbox.Mention{Visibility: visibility, PostedAt: at}, at.Add(later)); (why == "") != (open || always) {
					t.Errorf("after %v a %s one: %q", later, visibility, why)
				}
			}
		}
	})
}

func TestPeopleMayTakeSevenDaysWhereMetaLetsThem(t *testing.T) {
	bothLogins(t, func(t *testing.T, login string) {
		p, _, c := open(t, login, "human_agent")
		m := polled(t, c, p.Message(platform.Said{Name: "eva", Text: "een vraag"}))
		m.ExternalID = p.Message(platform.Said{Name: "jan", Text: "lang geleden", At: time.Now().Add(-6 * 24 * time.Hour)})
		m.Route = []inbox.Field{{Name: routeTo, Value: platform.ScopedID("jan")}, {Name: routeWrote, Value: time.Now().Add(-6 * 24 * time.Hour).Format(time.RFC3339)}}
		if _, err := c.perform(t.Context(), answerTo(m, "te laat")); connectors.KindOf(err) != connectors.NotAllowed {
			t.Errorf("after six days, without the setting: %v", err)
		}
		c.s.HumanAgent = true
		if _, err := c.perform(t.Context(), answerTo(m, "op tijd")); err != nil || !slices.Equal(p.Told("jan"), []string{"op tijd"}) {
			t.Errorf("after six days: %v, %q", err, p.Told("jan"))
		}
		at := time.Now()
		late := &inbox.Mention{Visibility: inbox.Private, PostedAt: at}
		if c.Unanswerable(late, at.Add(6*24*time.Hour)) != "" || c.Unanswerable(late, at.Add(8*24*time.Hour)) == "" {
			t.Error("it is not answerable for seven days")
		}
	})
}

func TestACommentGetsOnePrivateAnswer(t *testing.T) {
	bothLogins(t, func(t *testing.T, login string) {
		p, post, c := open(t, login)
		id := p.Comment(post, platform.Said{Name: "eva", Text: "een vraag"})
		a := answerTo(polled(t, c, id), "Stuur ons je nummer.")
		a.Action = approval.PrivateReply
		receipt, err := c.perform(t.Context(), a)
		if err != nil || !slices.Equal(p.Told("eva"), []string{a.Text}) || len(p.Answers(post)) > 0 {
			t.Fatalf("%+v, %v, %q", receipt, err, p.Told("eva"))
		}
		for range 2 {
			if found := find(t, c, a); found.Outcome != connectors.Present || found.Receipt.ExternalID != receipt.ExternalID {
				t.Errorf("%+v", found)
			}
			a.Receipt = receipt
		}
		a.Text = "Nog iets."
		if _, err := c.perform(t.Context(), a); connectors.KindOf(err).Retryable() || connectors.KindOf(err) == connectors.Unknown || len(p.Told("eva")) != 1 {
			t.Errorf("a second one: %v, %q", err, p.Told("eva"))
		}
		a.Target = p.Comment(post, platform.Said{Name: "jan", Text: "oud", At: time.Now().Add(-8 * 24 * time.Hour)})
		if _, err := c.perform(t.Context(), a); connectors.KindOf(err).Retryable() || connectors.KindOf(err) == connectors.Unknown || len(p.Told("jan")) > 0 {
			t.Errorf("after eight days: %v", err)
		}
	})
}

func TestHidingAndRemoving(t *testing.T) {
	bothLogins(t, func(t *testing.T, login string) {
		p, post, c := open(t, login)
		theirs := p.Comment(post, platform.Said{Name: "eva", Text: "lelijk"})
		ours := p.Comment(post, platform.Said{Name: "noordlicht", Text: "tijdelijk"})
		hiding := approval.Attempt{Action: approval.Hide, RemoteID: ourID, Target: theirs, Thread: post}
		removal := approval.Attempt{Action: approval.Remove, RemoteID: ourID, Target: ours, Thread: post}
		if a, b := find(t, c, hiding), find(t, c, removal); a.Outcome != connectors.CannotTell || b.Outcome != connectors.CannotTell {
			t.Errorf("before: %+v, %+v", a, b)
		}
		p.Fail(platform.Fault{Status: 200, Body: `{"success":false}`}, platform.Fault{Status: 200, Body: `<html>`}, platform.Fault{Status: 500, Body: `{"error":{"code":2}}`})
		for range 3 {
			if _, err := c.perform(t.Context(), hiding); connectors.KindOf(err) != connectors.Unknown {
				t.Errorf("half an answer: %v", err)
			}
		}
		for _, a := range []approval.Attempt{hiding, removal} {
			receipt, err := c.perform(t.Context(), a)
			if err != nil || receipt.ExternalID != a.Target || receipt.PostedAt.IsZero() {
				t.Errorf("%s: %+v, %v", a.Action, receipt, err)
			}
			if found := find(t, c, a); found.Outcome != connectors.Present || found.Text != "" {
				t.Errorf("%s: %+v", a.Action, found)
			}
		}
		if !p.Hidden(theirs) {
			t.Error("the comment is not hidden")
		}
		gone := hiding
		gone.Target = "17900000009999999"
		if _, err := c.perform(t.Context(), gone); connectors.KindOf(err) != connectors.Gone {
			t.Errorf("hiding what is gone: %v", err)
		}
		removal.Thread = "17900000009999999"
		if found := find(t, c, removal); found.Outcome != connectors.CannotTell {
			t.Errorf("removed from a post that nobody can read: %+v", found)
		}
	})
}

func TestOneOfTwoThatFitIsNobodysAnswer(t *testing.T) {
	p, post, c := open(t, overInstagram)
	m := polled(t, c, p.Comment(post, platform.Said{Name: "eva", Text: "een vraag"}))
	lost := answerTo(m, "Dag!")
	p.Comment(m.ExternalID, platform.Said{Name: "noordlicht", Text: "Dag!"})
	if found := find(t, c, lost); found.Outcome != connectors.Present {
		t.Errorf("one fits: %+v", found)
	}
	early := lost
	if early.ClaimedAt = time.Now().Add(time.Hour); find(t, c, early).Outcome != connectors.CannotTell {
		t.Error("one fits that was there before")
	}
	p.Comment(m.ExternalID, platform.Said{Name: "noordlicht", Text: "Dag!"})
	if found := find(t, c, lost); found.Outcome != connectors.CannotTell {
		t.Errorf("two fit: %+v", found)
	}
}

func TestWhatGoesNowhereIsRefusedBeforeAnybodyIsAsked(t *testing.T) {
	p, _, c := open(t, overFacebook)
	to := func(action approval.Action, target string, visibility inbox.Visibility, route ...inbox.Field) approval.Attempt {
		return approval.Attempt{Action: action, RemoteID: ourID, Target: target, Visibility: visibility, Route: route, Text: "dag"}
	}
	mine := inbox.Field{Name: routeTo, Value: "9007199254740993"}
	elsewhere := inbox.Field{Name: routePost, Value: "17900000000000001"}
	foreign := to(approval.Reply, "1", inbox.Public)
	foreign.RemoteID = "17841400000000002"
	for name, a := range map[string]approval.Attempt{
		"another account":            foreign,
		"a path as target":           to(approval.Reply, "1/../2", inbox.Public),
		"a path as route":            to(approval.Reply, "1", inbox.Public, inbox.Field{Name: routeBelow, Value: "../2"}),
		"a mention in a path":        to(approval.Reply, "1", inbox.Public, inbox.Field{Name: routePost, Value: "1){id}"}),
		"a message to a name":        to(approval.Reply, "aWdf", inbox.Private, inbox.Field{Name: routeTo, Value: "eva"}),
		"a message to nobody":        to(approval.Reply, "1", inbox.Private),
		"hiding a message":           to(approval.Hide, "aWdf", inbox.Private, mine),
		"removing a message":         to(approval.Remove, "aWdf", inbox.Private),
		"hiding under others' posts": to(approval.Hide, "1", inbox.Public, elsewhere),
		"a private answer there":     to(approval.PrivateReply, "1", inbox.Public, elsewhere),
	} {
		if _, err := c.perform(t.Context(), a); connectors.KindOf(err) != connectors.NotAllowed || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.accept(approval.Release{}, approval.Reply); connectors.KindOf(err) != connectors.NotAllowed {
		t.Errorf("without a release: %v", err)
	}
	if p.Calls() > 0 {
		t.Errorf("%d calls went out", p.Calls())
	}
}
