package approval

import (
	"time"

	"standpunt/inbox"
)

// Platform is what approval has to know of the platform of one account. None of
// its functions calls anybody; what the platform does not have is nil.
type Platform struct {
	// Measure counts a text; without it a text has no limit here.
	Measure func(text string) Measure
	// MeasurePrivate counts a text that the customer alone will read, where that is counted
	// otherwise.
	MeasurePrivate func(text string) Measure
	// Unanswerable says in one English sentence why the platform takes no answer to the
	// mention at that time, and is empty where it does.
	Unanswerable func(m *inbox.Mention, at time.Time) string
	// Closes is from when on Unanswerable has a reason; zero where time brings none.
	Closes func(m *inbox.Mention) time.Time
	// Price is what the platform charges; without it nothing has a price.
	Price Pricer
	// Locate reads the address of a post; see connectors.Locator. Without it nothing is
	// answered by hand there.
	Locate func(url string) (Receipt, error)
	// Ahead is the least by which the platform's clock can be ahead of ours now; see
	// connectors.Clocked.
	Ahead func() (time.Duration, bool)
	// Media is what it takes beside a text.
	Media MediaRules
}

// SetPlatform tells what the account's platform does, in place of all that was
// told before.
func (a *Approvals) SetPlatform(account inbox.AccountName, p Platform) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.platforms[account] = p
}

// Platform is what was told of the account's platform last.
func (a *Approvals) Platform(account inbox.AccountName) Platform {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.platforms[account]
}

// Measure counts a text as the account's platform does where such readers see it.
func (a *Approvals) Measure(account inbox.AccountName, readers inbox.Visibility, text string) Measure {
	p := a.Platform(account)
	switch {
	case readers == inbox.Private && p.MeasurePrivate != nil:
		return p.MeasurePrivate(text)
	case p.Measure != nil:
		return p.Measure(text)
	}
	return Measure{Length: len([]rune(text)), Unit: "characters"}
}

// Unanswerable says, in one English sentence, why the platform takes no answer
// to the mention at that time; empty where it does.
func (a *Approvals) Unanswerable(m *inbox.Mention, at time.Time) string {
	f := a.Platform(m.Account).Unanswerable
	if m.Unanswerable != "" || f == nil {
		return m.Unanswerable
	}
	return f(m, at)
}

// Closes is when the time ends in which the platform takes an answer to the
// mention; zero where it does not.
func (a *Approvals) Closes(m *inbox.Mention) time.Time {
	f := a.Platform(m.Account).Closes
	if m.Unanswerable != "" || f == nil {
		return time.Time{}
	}
	return f(m)
}

// Price is what the account's platform charges for doing action with a text.
func (a *Approvals) Price(account inbox.AccountName, action Action, visibility inbox.Visibility, text string) Price {
	if f := a.Platform(account).Price; f != nil {
		return f(action, visibility, text)
	}
	return Price{}
}

// Locates reports whether answers by hand on the account can be recorded.
func (a *Approvals) Locates(account inbox.AccountName) bool { return a.Platform(account).Locate != nil }

// MediaRules are what the account takes beside the text of an answer that is
// seen by these.
func (a *Approvals) MediaRules(account inbox.AccountName, v inbox.Visibility) MediaRules {
	if v == inbox.Private {
		return MediaRules{}
	}
	return a.Platform(account).Media
}
