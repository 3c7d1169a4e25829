package instagram

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/instagram/replay/platform"
)

// TestAFreshTokenIsNotReportedBeforeItsSecondDay: Instagram renews none sooner,
// and nobody told when the configured one was made.
func TestAFreshTokenIsNotReportedBeforeItsSecondDay(t *testing.T) {
	p, _ := platform.New(platform.Options{Login: overInstagram, UserID: ourID, Username: "noordlicht", Token: "t", Version: "v26.0", TokenMade: time.Now()})
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	var log bytes.Buffer
	keep := connectortest.NewKeep(t, "ig")
	started := func() *tokens {
		made, err := New(connectors.Account{
			Settings: config.NewSettings(map[string]any{"login": overInstagram, "ig_user_id": ourID, "access_token": "t", "base_url": server.URL}),
			Backfill: time.Hour, Keep: keep, Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		c, ok := made.(*Connector)
		if err != nil || !ok {
			t.Fatalf("%T, %v", made, err)
		}
		return c.api.tokens
	}
	now := time.Now()
	for _, step := range []struct {
		after time.Duration
		asked int // in all, so far
		said  int
	}{
		{0, 1, 0}, {time.Minute, 1, 0}, {tooYoung - time.Minute, 1, 0}, // each after a restart
		{tooYoung, 2, 1}, // by now it cannot be too young: something else is wrong
	} {
		started().renew(t.Context(), now.Add(step.after))
		if said := strings.Count(log.String(), "not renewed"); p.Calls() != step.asked || said != step.said || strings.Count(log.String(), "\n") != said {
			t.Errorf("after %s Instagram was asked %d times, want %d; want %d reports:\n%s", step.after, p.Calls(), step.asked, step.said, log.String())
		}
	}
}
