package connectors_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"standpunt/connectors"
)

// checker is a connector whose Check is a function.
type checker struct {
	source
	check func() (connectors.Identity, []connectors.Advice)
}

func (c *checker) Check(context.Context) (connectors.Identity, []connectors.Advice) { return c.check() }

func TestCheckTakesWhatAConnectorOffers(t *testing.T) {
	known := connectors.Identity{RemoteID: "1", Handle: "@brand", CanSend: true}
	for name, c := range map[string]struct {
		check func() (connectors.Identity, []connectors.Advice)
		who   string
		says  string
		harm  connectors.Harm
	}{
		"all is well": {func() (connectors.Identity, []connectors.Advice) { return known, nil }, "@brand", "", 0},
		"a remedy and its reason": {func() (connectors.Identity, []connectors.Advice) {
			err := &connectors.Error{Kind: connectors.BadAuth, Message: "it is wrong", Remedy: "Set it right."}
			return known, []connectors.Advice{connectors.AdviceOf(err, connectors.HarmsAnswers)}
		}, "@brand", "Set it right: it is wrong.", connectors.HarmsAnswers},
		"an error without a remedy": {func() (connectors.Identity, []connectors.Advice) {
			return known, []connectors.Advice{connectors.AdviceOf(connectors.Errorf(connectors.Temporary, "it is down"), connectors.HarmsAll)}
		}, "@brand", "Try again later: it is down.", connectors.HarmsAll},
		"an error that is nobody's": {func() (connectors.Identity, []connectors.Advice) {
			return known, []connectors.Advice{connectors.AdviceOf(errors.New("with a token"), connectors.HarmsAll)}
		}, "@brand", "Look into the daemon's log: the account could not be tried.", connectors.HarmsAll},
		"a panic": {func() (connectors.Identity, []connectors.Advice) { panic("with a token") }, "",
			"Report it with the stack in the daemon's log: the connector failed by a fault of its own (a value of type string).", connectors.HarmsAll},
	} {
		l := live("x", &checker{check: c.check})
		l.Log = slog.New(slog.DiscardHandler)
		who, todo := connectors.Check(t.Context(), l)
		if who.Handle != c.who || (c.says == "") != (len(todo) == 0) || len(todo) > 0 && (todo[0].Text != c.says || todo[0].Harm != c.harm) {
			t.Errorf("%s: %+v, %+v", name, who, todo)
		}
	}
	if who, todo := connectors.Check(t.Context(), live("x", &source{poll: quiet})); who != (connectors.Identity{}) || todo != nil {
		t.Errorf("a connector that cannot be checked: %+v, %+v", who, todo)
	}
}
