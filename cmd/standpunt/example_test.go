package main

import (
	"log/slog"
	"os"
	"regexp"
	"testing"

	"standpunt/config"
)

// TestExampleConfigurationConnects makes every account of config.example.yaml
// with its real kind, so that the example cannot fall behind the settings.
func TestExampleConfigurationConnects(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var environ []string
	for _, found := range regexp.MustCompile(`\{env: ([A-Z0-9_]+)\}`).FindAllSubmatch(text, -1) {
		environ = append(environ, string(found[1])+"=x")
	}
	conf, err := config.Load("../../config.example.yaml", environ)
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
