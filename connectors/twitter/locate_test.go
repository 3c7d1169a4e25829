package twitter_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/twitter/replay/platform"
	"standpunt/internal/fault"
)

// locator is the connector of @noordlicht, without a network.
func locator(t testing.TB) connectors.Locator {
	t.Helper()
	r := &remote{Proxy: &connectortest.Proxy{URL: "https://x.test"}}
	return r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
}

const someID = "1892345678901234567"

func TestLocate(t *testing.T) {
	r := &legacyRemote{remote: &remote{Proxy: &connectortest.Proxy{URL: "https://x.test"}}}
	for api, c := range map[string]any{"2": locator(t), "1.1": r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])} {
		t.Run(api, func(t *testing.T) {
			l, ok := c.(connectors.Locator)
			if !ok {
				t.Fatal("it reads no addresses")
			}
			testLocate(t, l)
		})
	}
}

func testLocate(t *testing.T, c connectors.Locator) {
	t.Helper()
	for _, address := range []string{
		"https://x.com/noordlicht/status/" + someID,
		"https://x.com/Noordlicht/status/" + someID + "?s=20&t=abc",
		"https://x.com/noordlicht/status/" + someID + "/photo/1",
		"https://x.com/noordlicht/status/" + someID + "/",
		"http://twitter.com/noordlicht/status/" + someID,
		"https://www.twitter.com/noordlicht/statuses/" + someID,
		"https://mobile.twitter.com/noordlicht/status/" + someID + "#x",
		"https://mobile.x.com/noordlicht/status/" + someID,
		"https://m.twitter.com/noordlicht/status/" + someID,
		"https://X.COM/i/status/" + someID,
		"https://x.com/i/web/status/" + someID,
		"  x.com/noordlicht/status/" + someID + "\n",
	} {
		r, err := c.Locate(address)
		if err != nil {
			t.Errorf("%q: %v", address, err)
			continue
		}
		if r.ExternalID != someID || r.URL != "https://x.com/Noordlicht/status/"+someID || r.PostedAt.Year() != 2025 {
			t.Errorf("%q: %+v", address, r)
		}
	}
	for _, address := range []string{
		"https://x.com/noordlicht", "https://x.com/noordlicht/status/", "https://x.com/noordlicht/status/x", "https://x.com/noordlicht/status/-5",
		"https://x.com/noordlicht/status/+5", "https://x.com/noordlicht/status/0", "https://x.com/noordlicht/status/00" + someID,
		"https://x.com/noordlicht/status/99999999999999999999", // beyond 2^63
		"https://x.com/noordlicht/status/" + strings.Replace(someID, "5", "%2F", 1),
		"https://x.com/eva/status/" + someID, "https://x.com/ev%20a/status/" + someID, "https://x.com//status/" + someID,
		"https://x.com.voorbeeld.test/noordlicht/status/" + someID, "https://notx.com/noordlicht/status/" + someID,
		"https://x.com:8443/noordlicht/status/" + someID, "https://noordlicht@x.com/noordlicht/status/" + someID,
		"ftp://x.com/noordlicht/status/" + someID, "https://voorbeeld.test/?u=https://x.com/noordlicht/status/" + someID,
		"https://x.com/search?q=/status/" + someID, "https://t.co/abc", "https://x.com/i/web/" + someID,
	} {
		if r, err := c.Locate(address); fault.CodeOf(err) != fault.InvalidInput {
			t.Errorf("%q: %+v, %v", address, r, err)
		}
	}
}

func FuzzLocate(f *testing.F) {
	for _, address := range []string{
		"https://x.com/noordlicht/status/" + someID, "x.com/i/web/status/1", "https://mobile.twitter.com/noordlicht/status/1?s=20",
		"https://x.com/noordlicht/status/99999999999999999999", "https://x.com/%2e%2e/status/1", "//x.com/noordlicht/status/1", "https://x.com/i/web",
		"https://www.m.twitter.com/noordlicht/statuses/9223372036854775807/analytics", "", "\xff://", "https://x.com/\u202e/status/1",
	} {
		f.Add(address)
	}
	c := locator(f)
	f.Fuzz(func(t *testing.T, address string) {
		r, err := c.Locate(address)
		if err != nil {
			if fault.CodeOf(err) != fault.InvalidInput {
				t.Fatal(err)
			}
			return
		}
		if strings.Trim(r.ExternalID, "0123456789") != "" || r.ExternalID == "" || !strings.Contains(address, r.ExternalID) {
			t.Fatalf("%q names %q", address, r.ExternalID)
		}
		if again, err := c.Locate(r.URL); err != nil || again != r {
			t.Fatalf("%q: %+v, then %+v, %v", address, r, again, err)
		}
		if r.PostedAt.Before(time.UnixMilli(1288834974657)) {
			t.Fatalf("%q was posted at %s", address, r.PostedAt)
		}
	})
}

// byHander is what an answer by hand needs of a connector.
type byHander interface {
	connectors.Identifier
	connectors.Locator
	connectors.Finder
}

// TestAnAnswerByHandIsReadBack: the API refuses the answer, a person posts it.
func TestAnAnswerByHandIsReadBack(t *testing.T) {
	t.Run("2", func(t *testing.T) {
		r, c := play(t, platform.Options{})
		testByHand(t, r, c)
	})
	t.Run("2, which names no author unasked", func(t *testing.T) {
		r, c := play(t, platform.Options{Vocabulary: "post", ExpandAuthors: true})
		testByHand(t, r, c)
	})
	t.Run("1.1", func(t *testing.T) {
		r, c := playLegacy(t, platform.Options{})
		testByHand(t, r.remote, c)
	})
}

func testByHand(t *testing.T, r *remote, c byHander) {
	t.Helper()
	asked := r.say(t, platform.Draft{Author: "jan", Text: "Noordlicht is weer eens duur."})
	another := r.say(t, platform.Draft{Author: "eva", Text: "@noordlicht klopt dit?"})
	const text = "Dag Jan, zie noordlicht.example & vergelijk zelf."
	who, err := c.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	find := func(d platform.Draft) connectors.Found {
		t.Helper()
		located, err := c.Locate("https://x.com/i/web/status/" + r.say(t, d))
		if err != nil {
			t.Fatal(err)
		}
		found, err := c.Find(t.Context(), approval.Attempt{
			Account: account, RemoteID: who.RemoteID, Action: approval.ByHand, Target: asked, Text: text, Receipt: located,
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if got := find(platform.Draft{Author: "noordlicht", Text: text, InReplyTo: asked}); got.Outcome != connectors.Present || got.Text != text {
		t.Errorf("the answer is %q and reads %q", got.Outcome, got.Text)
	}
	if got := find(platform.Draft{Author: "noordlicht", Text: "Dag Jan!", InReplyTo: asked}); got.Outcome != connectors.Present || got.Text != "Dag Jan!" {
		t.Errorf("an altered answer is %q and reads %q", got.Outcome, got.Text)
	}
	revised := r.say(t, platform.Draft{Author: "noordlicht", Text: text, InReplyTo: asked})
	r.x.Revise(revised, "Dag Jan, toch niet.")
	located, err := c.Locate("https://x.com/noordlicht/status/" + revised)
	if err != nil {
		t.Fatal(err)
	}
	edited, err := c.Find(t.Context(), approval.Attempt{
		Account: account, RemoteID: who.RemoteID, Action: approval.ByHand, Target: asked, Text: text, Receipt: located,
	})
	if err != nil || edited.Outcome != connectors.Present || edited.Text != "Dag Jan, toch niet." || edited.Receipt.ExternalID != revised {
		t.Errorf("an answer that was edited since: %+v, %v", edited, err)
	}
	// The address of a later version tells a later time; the post is as old as its first.
	for !time.Now().Truncate(time.Millisecond).After(located.PostedAt) { // an id tells the millisecond
		runtime.Gosched()
	}
	later, err := c.Locate("https://x.com/noordlicht/status/" + r.x.Revise(revised, text))
	if err != nil {
		t.Fatal(err)
	}
	version, err := c.Find(t.Context(), approval.Attempt{
		Account: account, RemoteID: who.RemoteID, Action: approval.ByHand, Target: asked, Text: text, Receipt: later,
	})
	if err != nil || version.Outcome != connectors.Present || !version.Receipt.PostedAt.Equal(located.PostedAt) || !located.PostedAt.Before(later.PostedAt) {
		t.Errorf("an older post, edited, whose address tells %s: %+v, %v", later.PostedAt, version, err)
	}
	for name, d := range map[string]platform.Draft{
		"of somebody else":        {Author: "eva", Text: text, InReplyTo: asked},
		"under another post":      {Author: "noordlicht", Text: text, InReplyTo: another},
		"under no post":           {Author: "noordlicht", Text: text},
		"a quote and no answer":   {Author: "noordlicht", Text: text, Quotes: asked},
		"under our own post only": {Author: "noordlicht", Text: text, InReplyTo: r.say(t, platform.Draft{Author: "noordlicht", Text: "Eerst dit."})},
	} {
		if got := find(d); got.Outcome != connectors.Foreign {
			t.Errorf("%s: %q, want foreign", name, got.Outcome)
		}
	}
	gone := r.say(t, platform.Draft{Author: "noordlicht", Text: text, InReplyTo: asked})
	r.x.Erase(gone)
	a := approval.Attempt{Account: account, Action: approval.ByHand, Target: asked, Text: text}
	for id, want := range map[string]connectors.Outcome{gone: connectors.CannotTell, someID: connectors.Absent} {
		if a.Receipt, err = c.Locate("https://x.com/i/status/" + id); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Find(t.Context(), a); err != nil || got.Outcome != want {
			t.Errorf("%s is %q (%v), want %q: X may show a fresh post late", id, got.Outcome, err, want)
		}
	}
}
