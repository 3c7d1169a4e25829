package instagram_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/instagram"
	"standpunt/connectors/instagram/replay/platform"
	"standpunt/internal/logtest"
)

func keeping(t *testing.T, r *remote, keep connectors.Keep, token string) (*instagram.Hooked, *logtest.Buffer) {
	t.Helper()
	log := new(logtest.Buffer)
	return r.connect(t, connectors.Account{Name: "ig", Backfill: time.Hour, Keep: keep, Log: slog.New(slog.NewTextHandler(log, nil))}, r.settings(token)), log
}

func TestATokenIsRenewedAndOutlivesTheProcess(t *testing.T) {
	r := newRemote(t, platform.Options{Login: platform.InstagramLogin, TokenMade: time.Now().Add(-40 * 24 * time.Hour)})
	keep := connectortest.NewKeep(t, "ig")
	c, log := keeping(t, r, keep, goodToken)
	next := connectortest.Walk(t, c, nil).Next
	r.p.Forget() // the configured token has ended
	id := r.Post(t, "een vraag")
	if mention(connectortest.Walk(t, c, next), id) == nil {
		t.Error("the comment did not come in by the renewed token")
	}
	restarted, _ := keeping(t, r, keep, goodToken)
	before := r.p.Calls()
	who, err := restarted.Identity(t.Context())
	if err != nil || !who.CanSend || who.Note != "" {
		t.Errorf("after a restart: %+v, %v", who, err)
	}
	if mention(connectortest.Walk(t, restarted, nil), id) == nil {
		t.Error("after a restart the comment did not come in")
	}
	if calls := r.p.Calls() - before; calls > 6 {
		t.Errorf("a token that was renewed just now is renewed again: %d calls", calls)
	}
	kept, err := keep.Load(t.Context(), "access-token")
	if err != nil || strings.Contains(log.String(), string(kept.Value)) || strings.Contains(log.String(), goodToken) {
		t.Errorf("the log tells a token: %s, %v", log.String(), err)
	}
}

func TestANewConfiguredTokenTakesTheRenewedOnesPlace(t *testing.T) {
	r := newRemote(t, platform.Options{Login: platform.InstagramLogin, TokenMade: time.Now().Add(-40 * 24 * time.Hour)})
	keep := connectortest.NewKeep(t, "ig")
	c, _ := keeping(t, r, keep, goodToken)
	connectortest.Walk(t, c, nil)
	other, _ := keeping(t, r, keep, badToken)
	if _, err := other.Poll(t.Context(), nil); connectors.KindOf(err) != connectors.BadAuth {
		t.Errorf("the renewed token of another is used: %v", err)
	}
}

// TestATokenThatIsNotRenewedIsStillUsed holds for one that is too young, for
// trouble on the way, and for a keep that cannot be written.
func TestATokenThatIsNotRenewedIsStillUsed(t *testing.T) {
	old := time.Now().Add(-40 * 24 * time.Hour)
	for _, c := range []struct {
		name  string
		made  time.Time
		fault *platform.Fault
		keep  func(connectors.Keep) connectors.Keep
		tries int // of two walks
	}{
		{"too young", time.Now(), nil, nil, 1},
		{"a fault of Instagram's", old, &platform.Fault{Status: 500, Body: "oops"}, nil, 2},
		{"no sense", old, &platform.Fault{Status: 200, Body: `{"access_token":5}`}, nil, 2},
		{"no token", old, &platform.Fault{Status: 200, Body: `{}`}, nil, 1},
		{"it cannot be kept", old, nil, func(k connectors.Keep) connectors.Keep { return forgetful{k} }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRemote(t, platform.Options{Login: platform.InstagramLogin, TokenMade: c.made})
			keep := connectortest.NewKeep(t, "ig")
			if c.keep != nil {
				keep = c.keep(keep)
			}
			conn, _ := keeping(t, r, keep, goodToken)
			id := r.Post(t, "een vraag")
			if c.fault != nil {
				r.p.Fail(*c.fault)
			}
			first := connectortest.Walk(t, conn, nil)
			if mention(first, id) == nil {
				t.Error("the comment did not come in")
			}
			before := r.p.Calls()
			connectortest.Walk(t, conn, age(t, first.Next, time.Hour))
			if calls := r.p.Calls() - before; calls != 2+c.tries-1 {
				t.Errorf("the second walk took %d calls", calls)
			}
		})
	}
}

// forgetful keeps nothing.
type forgetful struct{ connectors.Keep }

func (forgetful) Save(context.Context, string, []byte) error {
	return connectors.Errorf(connectors.Temporary, "the disk is full")
}
