package sandbox_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/sandbox"
	"standpunt/connectors/sandbox/network"
	"standpunt/inbox"
	"standpunt/internal/id"
	"standpunt/internal/logtest"
)

const (
	goodToken = "token-of-noordlicht-7f3a"
	badToken  = "token-of-nobody-at-all-91bc"
	account   = inbox.AccountName("plein")
	patient   = "5m" // the setting timeout where nothing is to depend on it
)

// remote is the simulated network as the conformance suite wants it.
type remote struct {
	*connectortest.Proxy
	net *network.Network
}

func newRemote(t *testing.T) *remote {
	t.Helper()
	n, err := network.New(t.Context(), network.Options{
		Dir: t.TempDir(), SlowBy: time.Minute,
		Accounts: []network.Account{{Handle: "noordlicht", Name: "Noordlicht Energie", Token: goodToken, Password: "a good password"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	n.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := errors.Join(n.Check(ctx), n.Stop(ctx)); err != nil {
			t.Error(err)
		}
	})
	return &remote{Proxy: connectortest.NewProxy(t, "http://"+n.Addr().String()), net: n}
}

func (r *remote) connect(t testing.TB, a connectors.Account, token, timeout string) connectors.Connector {
	t.Helper()
	a.Settings = config.NewSettings(map[string]any{"base_url": r.URL, "handle": "@Noordlicht", "token": token, "timeout": timeout})
	c, err := sandbox.New(a)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (r *remote) Connect(t testing.TB, a connectors.Account) connectors.Connector {
	t.Helper()
	return r.connect(t, a, goodToken, patient)
}

func (r *remote) ConnectBadly(t testing.TB, a connectors.Account) connectors.Connector {
	t.Helper()
	return r.connect(t, a, badToken, patient)
}

func (r *remote) Secrets() []string { return []string{goodToken, badToken} }

func (r *remote) Post(t testing.TB, text string) string {
	t.Helper()
	// A text that begins with a mention is kept byte for byte: the mention stands above it.
	above := r.say(t, network.Draft{Author: "eva", Text: "@noordlicht"})
	return r.say(t, network.Draft{Author: "jan", Text: text, InReplyTo: above}).String()
}

func (r *remote) say(t testing.TB, d network.Draft) network.PostID {
	t.Helper()
	p, err := r.net.Post(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return p[0].ID
}

func (r *remote) Answers(t testing.TB, externalID string) (texts []string) {
	t.Helper()
	for _, p := range r.api(t, "GET", "/api/posts?in_reply_to="+externalID, "").Items {
		if p.Author == "noordlicht" {
			texts = append(texts, p.Text)
		}
	}
	return texts
}

func (r *remote) Revise(t testing.TB, externalID, text string) {
	t.Helper()
	r.api(t, "PATCH", "/api/posts/"+externalID, `{"text":"`+text+`"}`)
}

func (r *remote) Erase(t testing.TB, externalID string) {
	t.Helper()
	r.api(t, "DELETE", "/api/posts/"+externalID, "")
}

func TestConformance(t *testing.T) {
	connectortest.Run(t, func(t *testing.T) connectortest.Remote { return newRemote(t) })
}

// cast is one case of the connector's own tests.
type cast struct {
	*testing.T
	*remote
	c   *sandbox.Connector
	log *logtest.Buffer
}

func play(t *testing.T) *cast {
	t.Helper()
	r, log := newRemote(t), new(logtest.Buffer)
	c, ok := r.Connect(t, connectors.Account{Name: account, Backfill: time.Hour, Log: slog.New(slog.NewTextHandler(log, nil))}).(*sandbox.Connector)
	if !ok {
		t.Fatal("the kind makes another connector")
	}
	return &cast{T: t, remote: r, c: c, log: log}
}

// released is a real release of an answer to a customer's post.
func (c *cast) released(target, text string) approval.Release {
	c.Helper()
	who, err := c.c.Identity(c.Context())
	if err != nil {
		c.Fatal(err)
	}
	return approvaltest.Release(c, account, who.RemoteID, inbox.Inbound{
		ExternalID: target, Author: inbox.Author{ExternalID: "jan"}, Kind: "comment", Visibility: inbox.Public, Text: "een vraag",
	}, text)
}

// Each of the network's own faults, met while publishing: the connector tells
// the truth about it, and reading back settles what it cannot know.
func TestPublishingThroughTheNetworksFaults(t *testing.T) {
	for fault, want := range map[string]struct {
		kind    connectors.ErrorKind
		outcome connectors.Outcome
		stands  int
		holds   bool // the answer, so that our time is over first
	}{
		"429":                  {connectors.RateLimited, connectors.Absent, 0, false},
		"500":                  {connectors.Unknown, connectors.Absent, 0, false},
		"timeout_after_accept": {connectors.Unknown, connectors.Present, 1, true},
		"garbage":              {connectors.Unknown, connectors.Present, 1, false},
		"slow":                 {connectors.Unknown, "", 0, true},
	} {
		t.Run(fault, func(t *testing.T) {
			c := play(t)
			target := c.Post(t, "een vraag")
			r := c.released(target, "Het antwoord, één keer.")
			c.api(t, "PUT", "/api/faults", `{"kind":"`+fault+`","count":1,"on":"writes"}`)
			ctx, expire := connectortest.Expiring(t.Context())
			defer expire()
			ended := make(chan error, 1)
			go func() {
				_, err := c.c.Publish(ctx, r)
				ended <- err
			}()
			for want.holds && (c.planned(t) > 0 || len(c.Answers(t, target)) < want.stands) {
				select {
				case err := <-ended:
					t.Fatalf("answered: %v", err)
				case <-time.After(10 * time.Millisecond):
				}
			}
			if want.holds {
				expire()
			}
			err := <-ended
			if err == nil || connectors.KindOf(err) != want.kind {
				t.Fatalf("kind %s (%v), want %s", connectors.KindOf(err), err, want.kind)
			}
			var e *connectors.Error
			if !errors.As(err, &e) || e.Message == "" || strings.Contains(err.Error(), goodToken) {
				t.Errorf("%v", err)
			}
			if want.outcome != "" {
				found, err := c.c.Find(t.Context(), r.Attempt())
				if err != nil || found.Outcome != want.outcome {
					t.Fatalf("Find: %+v, %v", found, err)
				}
				if found.Outcome == connectors.Present && found.Text != r.Attempt().Text {
					t.Errorf("found %q", found.Text)
				}
			}
			if got := c.Answers(t, target); len(got) != want.stands {
				t.Errorf("stand there: %q", got)
			}
			if strings.Contains(c.log.String(), goodToken) {
				t.Error("the token is in the log")
			}
		})
	}
}

func TestPollingThroughTheNetworksFaults(t *testing.T) {
	for fault, kind := range map[string]connectors.ErrorKind{
		"429": connectors.RateLimited, "500": connectors.Temporary, "garbage": connectors.Garbage, "slow": connectors.Temporary,
	} {
		t.Run(fault, func(t *testing.T) {
			c := play(t)
			target := c.Post(t, "een vraag")
			c.api(t, "PUT", "/api/faults", `{"kind":"`+fault+`","count":1}`)
			meets := connectors.Source(c.c)
			if fault == "slow" {
				meets = c.connect(t, connectors.Account{Name: account, Backfill: time.Hour, Log: slog.New(slog.DiscardHandler)}, goodToken, "300ms")
			}
			_, err := meets.Poll(t.Context(), nil)
			if err == nil || connectors.KindOf(err) != kind {
				t.Fatalf("kind %s (%v), want %s", connectors.KindOf(err), err, kind)
			}
			page, err := c.c.Poll(t.Context(), nil)
			if err != nil || len(page.Mentions) != 2 || page.Mentions[1].ExternalID != target {
				t.Errorf("afterwards: %+v, %v", page, err)
			}
		})
	}
	t.Run("duplicate_deliveries", func(t *testing.T) {
		c := play(t)
		c.Post(t, "een vraag")
		c.api(t, "PUT", "/api/faults", `{"kind":"duplicate_deliveries","count":1}`)
		page, err := c.c.Poll(t.Context(), nil)
		if err != nil || len(page.Mentions) != 4 || page.Mentions[0].ExternalID != page.Mentions[2].ExternalID {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

// The first poll goes back as far as the back-fill says, over as many pages as
// it takes, and no further.
func TestBackfillIsBounded(t *testing.T) {
	c := play(t)
	var old, young []network.Draft
	for i := range 150 {
		at := time.Now().Add(-2*time.Hour + time.Duration(i)*time.Second)
		old = append(old, network.Draft{Author: "eva", Text: "@noordlicht oud", At: at})
		young = append(young, network.Draft{Author: "eva", Text: "@noordlicht jong", At: at.Add(90 * time.Minute)})
	}
	if _, err := c.net.Post(t.Context(), append(old, young...)...); err != nil {
		t.Fatal(err)
	}
	var cursor inbox.Cursor
	count := 0
	for more := true; more; {
		page, err := c.c.Poll(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Mentions {
			if m.Text != "@noordlicht jong" {
				t.Fatalf("beyond the back-fill: %+v", m)
			}
			count++
		}
		cursor, more = page.Next, page.More
	}
	if count != 150 {
		t.Errorf("%d posts came in", count)
	}
	if _, err := c.net.Post(t.Context(), old[0]); err != nil { // posted two hours ago, told only now
		t.Fatal(err)
	}
	page, err := c.c.Poll(t.Context(), cursor)
	if err != nil || len(page.Mentions) != 1 {
		t.Errorf("after the back-fill everything counts: %+v, %v", page, err)
	}
}

func TestNetworkThatBeganAnewIsReadFromTheBeginning(t *testing.T) {
	c := play(t)
	c.Post(t, "een vraag")
	page, err := c.c.Poll(t.Context(), inbox.Cursor("0123456789ab.4000"))
	if err != nil || len(page.Mentions) != 2 {
		t.Errorf("%+v, %v", page, err)
	}
	_, err = c.c.Poll(t.Context(), inbox.Cursor("x yesterday"))
	if connectors.KindOf(err) != connectors.Garbage {
		t.Errorf("a cursor that nobody wrote: %v", err)
	}
}

func TestOwnPostsAreTold(t *testing.T) {
	c := play(t)
	target := c.say(t, network.Draft{Author: "eva", Text: "@noordlicht vraag"})
	c.say(t, network.Draft{Author: "noordlicht", Text: "buiten de desk om", InReplyTo: target})
	page, err := c.c.Poll(t.Context(), nil)
	if err != nil || len(page.Mentions) != 1 || len(page.Own) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	if own := page.Own[0]; own.Text != "buiten de desk om" || own.InReplyTo != target.String() || own.URL == "" {
		t.Errorf("%+v", own)
	}
	in := page.Mentions[0]
	if in.Author.Handle != "@eva" || in.Author.URL != c.net.URL()+"/@eva" || in.URL != c.net.Link(target) || in.Visibility != inbox.Public {
		t.Errorf("%+v", in)
	}
}

func TestStreamDelivers(t *testing.T) {
	c := play(t)
	c.Post(t, "van eerder")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var got []string
	err := c.c.Stream(ctx, nil, func(p connectors.Page) error {
		if len(p.Mentions)+len(p.Own) == 0 { // connected
			target := c.say(t, network.Draft{Author: "eva", Text: "@noordlicht nu"})
			c.say(t, network.Draft{Author: "noordlicht", Text: "antwoord", InReplyTo: target})
			c.Erase(t, target.String())
			return nil
		}
		for _, m := range p.Mentions {
			got = append(got, m.Text)
			if m.Deleted {
				return errEnough
			}
		}
		for _, o := range p.Own {
			got = append(got, "own "+o.Text)
		}
		return nil
	})
	// A reader may see only the newest state of a post that changed twice meanwhile.
	if !errors.Is(err, errEnough) || !slices.Contains(got, "own antwoord") || got[len(got)-1] != "" || slices.Contains(got, "van eerder") {
		t.Errorf("%q, %v", got, err)
	}
}

var errEnough = errors.New("enough")

func TestReleasesForOthersAreRefused(t *testing.T) {
	c := play(t)
	target := c.Post(t, "een vraag")
	if _, err := c.c.Identity(t.Context()); err != nil {
		t.Fatal(err)
	}
	in := inbox.Inbound{ExternalID: target, Author: inbox.Author{ExternalID: "jan"}, Kind: "comment", Visibility: inbox.Public, Text: "x"}
	other := approvaltest.Release(t, "elders", "elders", in, "Voor een ander account.")
	foreign := approvaltest.Release(t, account, "another-remote-id", in, "Voor een andere identiteit.")
	reply := c.released(target, "Een antwoord.")
	for what, call := range map[string]func() error{
		"another account":    func() error { _, err := c.c.Publish(t.Context(), other); return err },
		"another identity":   func() error { _, err := c.c.Publish(t.Context(), foreign); return err },
		"a reply as edit":    func() error { _, err := c.c.Edit(t.Context(), reply); return err },
		"a reply as removal": func() error { _, err := c.c.Remove(t.Context(), reply); return err },
		"nothing":            func() error { _, err := c.c.Remove(t.Context(), approval.Release{}); return err },
	} {
		if err := call(); connectors.KindOf(err) != connectors.NotAllowed || err == nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := c.Answers(t, target); len(got) != 0 {
		t.Errorf("stand there: %q", got)
	}
}

func TestAnsweringWhatIsGone(t *testing.T) {
	c := play(t)
	target := c.Post(t, "een vraag")
	r := c.released(target, "Te laat.")
	c.Erase(t, target)
	_, err := c.c.Publish(t.Context(), r)
	if err == nil || connectors.KindOf(err) != connectors.Gone {
		t.Errorf("%v", err)
	}
}

// Edits and removals are read back by what stands there; an answer that
// somebody deleted while its outcome was unknown is for a person to judge.
func TestFindTellsEditsAndRemovals(t *testing.T) {
	c := play(t)
	target := c.Post(t, "een vraag")
	r := c.released(target, "Eerst dit.")
	receipt, err := c.c.Publish(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	find := func(a approval.Attempt) connectors.Outcome {
		t.Helper()
		found, err := c.c.Find(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		return found.Outcome
	}
	lost := r.Attempt() // its receipt never came
	edit := approval.Attempt{Action: approval.Edit, Target: receipt.ExternalID, Text: "Dan dat."}
	removal := approval.Attempt{Action: approval.Remove, Target: receipt.ExternalID}
	if a, b, c := find(lost), find(edit), find(removal); a != connectors.Present || b != connectors.Absent || c != connectors.Absent {
		t.Errorf("published: %s, %s, %s", a, b, c)
	}
	c.brand(t, "PATCH", receipt.ExternalID, `{"text":"Dan dat."}`)
	if a, b := find(edit), find(removal); a != connectors.Present || b != connectors.Absent {
		t.Errorf("edited: %s, %s", a, b)
	}
	c.brand(t, "DELETE", receipt.ExternalID, "")
	if a, b, c := find(lost), find(edit), find(removal); a != connectors.CannotTell || b != connectors.Absent || c != connectors.Present {
		t.Errorf("removed: %s, %s, %s", a, b, c)
	}
	missing := approval.Attempt{Action: approval.Reply, Target: id.New[network.Post]().String(), Key: "k"}
	if got := find(missing); got != connectors.Absent {
		t.Errorf("an answer to nothing: %s", got)
	}
}

func TestIdentityTellsAWrongHandle(t *testing.T) {
	r := newRemote(t)
	made, err := sandbox.New(connectors.Account{Settings: config.NewSettings(map[string]any{"base_url": r.URL, "handle": "anders", "token": goodToken})})
	c, ok := made.(*sandbox.Connector)
	if err != nil || !ok {
		t.Fatal(err)
	}
	who, err := c.Identity(t.Context())
	if err != nil || who.CanSend || !strings.Contains(who.Note, "@noordlicht") {
		t.Errorf("%+v, %v", who, err)
	}
	if c.PollEvery() != 2*time.Second || c.Measure("👨‍👩‍👧‍👦!").Length != 2 || c.Endpoint() != r.URL {
		t.Errorf("%v, %+v, %s", c.PollEvery(), c.Measure("👨‍👩‍👧‍👦!"), c.Endpoint())
	}
}

func TestSettingsAreStrict(t *testing.T) {
	_, err := sandbox.New(connectors.Account{Settings: config.NewSettings(map[string]any{
		"base_url": "ftp://x", "handle": "two words", "tokn": goodToken, "poll_every": "1ms",
	})})
	var keys []string
	for _, p := range config.Problems(err) {
		keys = append(keys, p.Key)
		if p.Remedy == "" || strings.Contains(p.Error(), goodToken) {
			t.Errorf("%v", p)
		}
	}
	slices.Sort(keys)
	if want := []string{"settings.base_url", "settings.handle", "settings.poll_every", "settings.token", "settings.tokn"}; !slices.Equal(keys, want) {
		t.Errorf("faults at %v, want %v: %v", keys, want, err)
	}
}
