package main

import (
	"log/slog"
	"testing"

	"standpunt/config"
)

// TestExampleConfigurationConnects makes every account of config.example.yaml
// with its real kind, so that the example cannot fall behind the settings.
func TestExampleConfigurationConnects(t *testing.T) {
	t.Parallel()
	conf, err := config.Load("../../config.example.yaml", []string{
		"MAIL_SERVICE_PASSWORD=x", "SANDBOX_TOKEN=y", "X_CONSUMER_KEY=a", "X_CONSUMER_SECRET=b", "X_ACCESS_TOKEN=c", "X_ACCESS_TOKEN_SECRET=d", "X_BEARER_TOKEN=e",
		"FACEBOOK_PAGE_TOKEN=z", "FACEBOOK_APP_SECRET=s",
	})
	if err != nil {
		t.Fatal(err)
	}
	lives, err := connect(conf.Accounts, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(explain(err))
	}
	seen := make(map[string]bool)
	for _, l := range lives {
		seen[l.Kind] = true
	}
	for _, k := range kinds() {
		if !seen[k.Name] {
			t.Errorf("the example has no account of kind %s", k.Name)
		}
	}
	for _, c := range configured(lives) {
		if c.Kind != "push" && c.BaseURL == "" {
			t.Errorf("account %s does not tell where it connects to", c.Name)
		}
	}
}
