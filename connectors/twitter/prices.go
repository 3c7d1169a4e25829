package twitter

import (
	"fmt"
	"math"
	"time"

	"standpunt/approval"
	"standpunt/config"
	"standpunt/inbox"
)

// charge is something that X has a price for.
type charge string

// The charges. What is read is billed once per UTC day, whatever it cost the
// first time.
const (
	ownedRead     charge = "owned_read"     // a post in the account's own timelines, if it owns the app
	postRead      charge = "post_read"      // any other post
	userRead      charge = "user_read"      // a user, expanded or looked up
	dmRead        charge = "dm_read"        // an event of a direct message
	mediaRead     charge = "media_read"     // a picture beside a post
	postCreated   charge = "post"           // a post that answers nobody
	linkPosted    charge = "post_with_link" // a post or a reply that holds a link
	summonedReply charge = "summoned_reply" // to somebody who mentioned or quoted us
	dmCreated     charge = "dm"             // a direct message
	managed       charge = "manage"         // deleting a post, hiding a reply
)

// Prices are what X charges, in US dollars. A setting replaces one where X has
// changed it or agreed to another.
type Prices struct {
	OwnedRead     float64 `yaml:"owned_read"`
	PostRead      float64 `yaml:"post_read"`
	UserRead      float64 `yaml:"user_read"`
	DMRead        float64 `yaml:"dm_read"`
	MediaRead     float64 `yaml:"media_read"`
	Post          float64 `yaml:"post"`
	PostWithLink  float64 `yaml:"post_with_link"`
	SummonedReply float64 `yaml:"summoned_reply"`
	DM            float64 `yaml:"dm"`
	Manage        float64 `yaml:"manage"`
}

// listPrices are X's own for pay per use: docs.x.com/x-api/getting-started/pricing,
// with the owned reads, links and summoned replies as X announced them for 20
// April 2026; seen on 22 August 2026. That a deletion and a hiding count as
// "Content: Manage" is our reading of that list.
func listPrices() Prices {
	return Prices{
		OwnedRead: 0.001, PostRead: 0.005, UserRead: 0.010, DMRead: 0.010, MediaRead: 0.005,
		Post: 0.015, PostWithLink: 0.200, SummonedReply: 0.010, DM: 0.015, Manage: 0.005,
	}
}

// tariff is one charge with its price.
type tariff struct {
	charge charge
	price  float64
}

// tariffs are all of them, in the order of the settings.
func (p Prices) tariffs() []tariff {
	return []tariff{
		{ownedRead, p.OwnedRead},
		{postRead, p.PostRead},
		{userRead, p.UserRead},
		{dmRead, p.DMRead},
		{mediaRead, p.MediaRead},
		{postCreated, p.Post},
		{linkPosted, p.PostWithLink},
		{summonedReply, p.SummonedReply},
		{dmCreated, p.DM},
		{managed, p.Manage},
	}
}

func (p Prices) of(c charge) approval.Money {
	for _, t := range p.tariffs() {
		if t.charge == c {
			return dollars(t.price)
		}
	}
	return 0
}

// chargeFor is what X bills an action as. What comes into the inbox mentions
// us, so that a reply is always one that was called for.
func chargeFor(action approval.Action, visibility inbox.Visibility, text string) charge {
	switch {
	case action == approval.Remove || action == approval.Hide:
		return managed
	case action == approval.PrivateReply || visibility == inbox.Private:
		return dmCreated
	case len(Links(text)) > 0:
		return linkPosted
	case action == approval.Post:
		return postCreated
	}
	return summonedReply
}

// dollars is an amount in dollars, rounded to the millionth.
func dollars(d float64) approval.Money {
	return approval.Money(math.Round(d * float64(approval.Dollar)))
}

const (
	dearest    = 100       // dollars that any one thing can cost
	mostBudget = 1_000_000 // dollars
)

// vetMoney reports what is wrong with the settings about money.
func vetMoney(s *Settings, from config.Settings) (faults []error) {
	for _, t := range s.Prices.tariffs() {
		if !(t.price >= 0 && t.price <= dearest) { // nor is it NaN
			faults = append(faults, from.Problem("prices."+string(t.charge), fmt.Sprint(t.price), "is no price",
				"Write dollars from 0 to 100, such as 0.005, or leave it out for X's list price."))
		}
	}
	if !(s.MonthlyBudget >= 0 && s.MonthlyBudget <= mostBudget) {
		faults = append(faults, from.Problem("monthly_budget", fmt.Sprint(s.MonthlyBudget), "is no budget",
			"Write dollars per month, such as 50, or leave it out for none."))
	}
	return faults
}

// slowest is the longest pause between polls that a budget brings about.
const slowest = time.Hour

// outlook is where a month's spending leads.
type outlook struct {
	projection approval.Money
	pause      time.Duration // between polls
}

// foresee tells, from what was spent since counting began, what the month will
// come to, and how long to pause so that the rest of the budget lasts: the
// settings' own pause, times what is still to be spent at this rate over what
// is left, and an hour at most. Less than a day's spending is taken as a day's.
func foresee(now, since time.Time, spent, budget approval.Money, base time.Duration) outlook {
	const least = 24 * time.Hour
	rate := float64(spent) / float64(max(now.Sub(since), least))
	ahead := rate * float64(monthOf(now).AddDate(0, 1, 0).Sub(now))
	look := outlook{spent + approval.Money(math.Round(ahead)), base}
	left := float64(budget - spent)
	switch {
	case budget <= 0:
	case left <= 0:
		look.pause = max(base, slowest)
	case ahead > left:
		look.pause = max(base, time.Duration(min(float64(base)*ahead/left, float64(slowest))).Round(time.Second))
	}
	return look
}

// monthOf is the first moment of the UTC month.
func monthOf(t time.Time) time.Time {
	y, m, _ := t.UTC().Date()
	return time.Date(y, m, 1, 0, 0, 0, 0, time.UTC)
}
