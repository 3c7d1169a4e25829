package connectors

import (
	"context"
	"errors"
	"strings"
)

// Checker looks more closely than [Identifier] at what keeps an account from
// working, for `standpunt check`. Check tries what the account needs, as far as
// that changes and costs nothing, and tells everything that is wrong at once.
// The Identity is empty where it could not be learned.
type Checker interface {
	Check(ctx context.Context) (Identity, []Advice)
}

// Advice is one thing that is wrong with an account.
type Advice struct {
	// Text is one sentence that says what to do and why, safe to show.
	Text string
	Harm Harm
}

// Harm is what does not work until an advice is followed.
type Harm int

// The harms, from the least on.
const (
	HarmsLater   Harm = iota // all works now
	HarmsAnswers             // mentions come in, answers do not go out
	HarmsAll                 // nothing works
)

// AdviceOf makes an advice of an error: its remedy, then its message as the
// reason.
func AdviceOf(err error, harm Harm) Advice {
	var e *Error
	switch {
	case !errors.As(err, &e):
		return Advice{Text: "Look into the daemon's log: the account could not be tried.", Harm: harm}
	case e.Remedy == "":
		return Advice{Text: "Try again later: " + e.Message + ".", Harm: harm}
	}
	return Advice{Text: strings.TrimSuffix(e.Remedy, ".") + ": " + e.Message + ".", Harm: harm}
}

// Check asks a connector what is wrong with its account. One that is no
// [Checker] is asked for its identity alone.
func Check(ctx context.Context, live Live) (who Identity, todo []Advice) {
	if c, ok := live.Connector.(Checker); ok {
		err := guard(live.Log, "check", func() error {
			who, todo = c.Check(ctx)
			return nil
		})
		if err != nil {
			todo = append(todo, AdviceOf(err, HarmsAll))
		}
		return who, todo
	}
	who, err := Identify(ctx, live)
	switch {
	case err != nil:
		todo = append(todo, AdviceOf(err, HarmsAll))
	case who.Note != "":
		todo = append(todo, Advice{Text: who.Note})
	case !who.CanSend && is[Identifier](live.Connector):
		todo = append(todo, Advice{Text: "It cannot answer with these settings.", Harm: HarmsAnswers})
	}
	return who, todo
}
