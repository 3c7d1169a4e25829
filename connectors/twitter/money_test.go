package twitter_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/twitter"
	"standpunt/connectors/twitter/replay/platform"
	"standpunt/inbox"
)

// inOneDay runs f at noon, which it stays: the clock of its bubble stands still
// while anybody waits for the network. At midnight X bills all that is read again.
func inOneDay(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 9, 15, 12, 0, 0, 0, time.UTC)))
		f(t)
	})
}

// process is the account as one process after another has it.
type process struct {
	*twitter.Connector
	r      *remote
	keep   connectors.Keep
	owner  bool
	cursor inbox.Cursor
}

// restart goes on in a new process, after a clean end or a crash.
func (p *process) restart(t *testing.T, clean bool) {
	t.Helper()
	if clean && p.Connector != nil {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	made, err := twitter.New(connectors.Account{
		Name: account, Backfill: time.Hour, Keep: p.keep, Settings: config.NewSettings(map[string]any{
			"base_url": p.r.URL, "handle": "noordlicht", "consumer_key": secrets[0], "consumer_secret": secrets[1],
			"access_token": secrets[2], "access_token_secret": secrets[3], "owns_app": p.owner,
		}),
	})
	c, ok := made.(*twitter.Connector)
	if err != nil || !ok {
		t.Fatal(err)
	}
	p.Connector = c
}

func (p *process) poll(t *testing.T) (came []inbox.Inbound) {
	t.Helper()
	for {
		page, err := p.Poll(t.Context(), p.cursor)
		if err != nil {
			t.Fatal(err)
		}
		came = append(came, page.Mentions...)
		if p.cursor = page.Next; !page.More {
			return came
		}
	}
}

// agree compares our count with X's bill, to the cent and below.
func (p *process) agree(t *testing.T, when string) {
	t.Helper()
	billed, counted := p.r.x.Bill(), p.Spending()
	if billed.Total != int64(counted.ToDate) {
		t.Errorf("%s: X bills $%.3f, we count %s\n%s%+v", when, float64(billed.Total)/1e6, counted.ToDate, billed, counted.Items)
	}
}

func TestOurCountIsXsBill(t *testing.T) {
	for _, owner := range []bool{true, false} {
		t.Run(fmt.Sprintf("owner %v", owner), func(t *testing.T) {
			inOneDay(t, func(t *testing.T) { testOurCountIsXsBill(t, owner) })
		})
	}
}

func testOurCountIsXsBill(t *testing.T, owner bool) {
	t.Helper()
	r := newRemote(t, platform.Options{OwnsApp: owner})
	p := &process{r: r, keep: connectortest.NewKeep(t, account), owner: owner}
	p.restart(t, true)
	who, err := p.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.agree(t, "after the first word")
	for i := range 60 {
		r.say(t, platform.Draft{Author: fmt.Sprintf("klant%d", i%25), Text: fmt.Sprintf("@noordlicht vraag %d", i)})
	}
	came := p.poll(t)
	if len(came) != 60 || came[0].Author.Handle == "" {
		t.Fatalf("%d came, the first from %+v", len(came), came[0].Author)
	}
	p.poll(t)
	p.agree(t, "after two polls")
	users := r.x.Bill().Counts[platform.UserRead]
	if users != 26 { // the customers and ourselves
		t.Errorf("%d users were billed", users)
	}

	for i, text := range []string{"Wij zoeken het uit.", "Zie https://example.com/hulp voor meer.", "Zie example.nl"} {
		rel := approvaltest.Release(t, account, who.RemoteID, came[i], text)
		if _, err := p.Publish(t.Context(), rel); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Find(t.Context(), rel.Attempt()); err != nil {
			t.Fatal(err)
		}
	}
	p.agree(t, "after three answers")
	counts := r.x.Bill().Counts
	if counts[platform.LinkPosted] != 2 || counts[platform.SummonedReply] != 1 {
		t.Errorf("answers: %v", counts)
	}

	for _, clean := range []bool{true, false} {
		p.restart(t, clean)
		p.agree(t, "after a restart")
		p.cursor = nil // all of it again, free on the same day
		if again := p.poll(t); len(again) != 60 {
			t.Errorf("%d came again", len(again))
		}
		p.agree(t, "after reading all again")
	}
	// Names are kept in memory alone, and free again on the same day.
	if free := r.x.Bill().Free[platform.UserRead]; free == 0 {
		t.Error("nobody was asked for again")
	}
	late := r.say(t, platform.Draft{Author: "klant3", Text: "@noordlicht nog iets"})
	if came := p.poll(t); came[0].ExternalID != late || came[0].Author.Handle != "@klant3" {
		t.Errorf("%+v", came)
	}
	p.agree(t, "at the end")
}

// More is read in a day than one kept value holds.
func TestThousandsAreCountedOverRestarts(t *testing.T) {
	inOneDay(t, func(t *testing.T) {
		r := newRemote(t, platform.Options{OwnsApp: true})
		p := &process{r: r, keep: connectortest.NewKeep(t, account), owner: true}
		p.restart(t, true)
		for round := range 4 {
			for i := range 600 {
				r.say(t, platform.Draft{Author: fmt.Sprintf("klant%d", (round*600+i)%1500), Text: fmt.Sprintf("@noordlicht vraag %d in %d", i, round)})
			}
			if came := p.poll(t); len(came) < 600 {
				t.Fatalf("%d came", len(came))
			}
			p.agree(t, fmt.Sprintf("round %d", round))
			p.restart(t, round%2 == 0)
			p.agree(t, fmt.Sprintf("restart %d", round))
			p.poll(t)
			p.agree(t, fmt.Sprintf("read again %d", round))
		}
		if counts := r.x.Bill().Counts; counts[platform.OwnedRead] != 2400 || counts[platform.UserRead] != 1501 {
			t.Errorf("%v", counts)
		}
	})
}

// What X names no author of is asked for with its author expanded. That a reply does
// not say either whom it answers leaves open that it is us.
func TestAuthorsThatMustBeExpanded(t *testing.T) {
	inOneDay(t, func(t *testing.T) {
		r := newRemote(t, platform.Options{Vocabulary: "post", ExpandAuthors: true})
		p := &process{r: r, keep: connectortest.NewKeep(t, account)}
		p.Connector = r.connect(t, connectors.Account{Name: account, Backfill: time.Hour, Keep: p.keep}, secrets[3])
		ours := r.say(t, platform.Draft{Author: "noordlicht", Text: "Storing in Almere"})
		found, err := p.Find(t.Context(), approval.Attempt{Action: approval.Post, Text: "Storing in Almere", Receipt: approval.Receipt{ExternalID: ours}})
		if err != nil || found.Outcome != connectors.Present {
			t.Errorf("our own post: %+v, %v", found, err)
		}
		p.agree(t, "after reading back")
		r.say(t, platform.Draft{Author: "jan", Text: "help", InReplyTo: ours})
		if came := p.poll(t); len(came) != 1 || came[0].Author.Handle != "@jan" || came[0].Unanswerable != "" {
			t.Errorf("%+v", came)
		}
		p.agree(t, "after a poll")
	})
}

func TestAnAnswersPriceIsTold(t *testing.T) {
	_, c := play(t, platform.Options{})
	for _, try := range []struct {
		action approval.Action
		text   string
		want   approval.Price
	}{
		{approval.Reply, "Wij zoeken het uit.", approval.Price{Cost: 10_000}},
		{approval.Reply, "Zie example.nl/hulp", approval.Price{Cost: 200_000, Link: true, WithoutLink: 10_000}},
		{approval.Post, "Storing", approval.Price{Cost: 15_000}},
		{approval.Post, "Storing: https://example.com", approval.Price{Cost: 200_000, Link: true, WithoutLink: 15_000}},
		{approval.PrivateReply, "Zie https://example.com", approval.Price{Cost: 15_000}},
		{approval.Remove, "https://example.com", approval.Price{Cost: 5_000}},
	} {
		if got := c.Price(try.action, inbox.Public, try.text); got != try.want {
			t.Errorf("%s %q: %+v, want %+v", try.action, try.text, got, try.want)
		}
	}
}

func TestSettingsAboutMoney(t *testing.T) {
	settings := func(more map[string]any) config.Settings {
		all := map[string]any{
			"handle": "noordlicht", "consumer_key": "a", "consumer_secret": "b", "access_token": "c", "access_token_secret": "d",
		}
		for name, value := range more {
			all[name] = value
		}
		return config.NewSettings(all)
	}
	made, err := twitter.New(connectors.Account{Name: account, Settings: settings(map[string]any{
		"monthly_budget": 50, "prices": map[string]any{"post_with_link": 0.1},
	})})
	c, ok := made.(*twitter.Connector)
	if err != nil || !ok {
		t.Fatal(err)
	}
	if price := c.Price(approval.Reply, inbox.Public, "Zie example.nl"); price.Cost != 100_000 || price.WithoutLink != 10_000 {
		t.Errorf("with a price of our own: %+v", price)
	}
	if s := c.Spending(); s.Budget != 50*approval.Dollar || s.Share() != 0 {
		t.Errorf("%+v", s)
	}
	_, err = twitter.New(connectors.Account{Name: account, Settings: settings(map[string]any{
		"api": "1.1", "owns_app": true, "monthly_budget": 5, "prices": map[string]any{"dm": 1},
	})})
	if problems := config.Problems(err); len(problems) != 3 {
		t.Errorf("with API 1.1: %v", err)
	}
	for key, more := range map[string]map[string]any{
		"monthly_budget":   {"monthly_budget": -1},
		"prices.post":      {"prices": map[string]any{"post": 1000}},
		"prices.user_read": {"prices": map[string]any{"user_read": -0.01}},
		"prices":           {"prices": map[string]any{"users": 0.01}},
	} {
		_, err := twitter.New(connectors.Account{Name: account, Settings: settings(more)})
		problems := config.Problems(err)
		if len(problems) != 1 || len(problems[0].Key) < len(key) || problems[0].Key[:len("settings."+key)] != "settings."+key || problems[0].Remedy == "" {
			t.Errorf("%s: %v", key, err)
		}
	}
}
