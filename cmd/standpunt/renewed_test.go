package main

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"standpunt/connectors/instagram/replay/platform"
)

// TestCheckUsesTheTokenThatTheDaemonRenewed: the configured one has ended since.
func TestCheckUsesTheTokenThatTheDaemonRenewed(t *testing.T) {
	t.Parallel()
	p, _ := platform.New(platform.Options{
		Login: platform.InstagramLogin, UserID: "17841400000000001", Username: "noordlicht", Token: "IGAA-configured-7f3a", Version: "v26.0",
		Permissions: []string{"instagram_business_basic", "instagram_business_manage_comments", "instagram_business_manage_messages"},
		TokenMade:   time.Now().Add(-40 * 24 * time.Hour),
	})
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	s := foundSite(t, fmt.Sprintf("  - name: ig\n    kind: instagram\n    settings: {login: instagram, ig_user_id: \"17841400000000001\", "+
		"access_token: IGAA-configured-7f3a, base_url: %q, version: v26.0, poll_every: 24h}\n", server.URL))
	check := func(when string) {
		t.Helper()
		if code, out, errs := runOnce(t, "check", "--config", s.config); code != exitOK || !strings.Contains(out, " yes ") {
			t.Errorf("check %s: %d\n%s%s", when, code, out, errs)
		}
	}
	check("before the daemon ran")
	daemon := s.serve()
	s.enrol("anna")
	eventually(t, "the first poll is through", func() bool {
		return str(items(s.people["anna"].do("GET", "/accounts", nil, 0))[0], "last_success") != ""
	})
	p.Forget()
	check("beside the daemon")
	daemon.stop()
	check("with the daemon stopped")
}
