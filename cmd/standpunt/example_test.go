package main

import (
	"log/slog"
	"os"
	"regexp"
	"strings"
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
		environ = append(environ, string(found[1])+"=0123456789abcdef") // as long as the longest that is asked for
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

// TestReplayServersRunBesideEachOther looks at where the platforms' replay
// servers listen unless told otherwise: each elsewhere, and where its page of
// the documentation says.
func TestReplayServersRunBesideEachOther(t *testing.T) {
	t.Parallel()
	listens := regexp.MustCompile(`"listen", "(127\.0\.0\.1:[0-9]+)"`)
	named := regexp.MustCompile(`127\.0\.0\.1:[0-9]+/(customer|replay|control)`)
	taken := make(map[string]string)
	for kind, page := range map[string]string{"twitter": "x.md", "facebook": "facebook.md", "instagram": "instagram.md"} {
		source, err := os.ReadFile("../../connectors/" + kind + "/replay/main.go")
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile("../../docs/platforms/" + page)
		if err != nil {
			t.Fatal(err)
		}
		found := listens.FindSubmatch(source)
		if found == nil {
			t.Fatalf("%s: the replay server has no address", kind)
		}
		at := string(found[1])
		if other := taken[at]; other != "" {
			t.Errorf("%s and %s both listen at %s", kind, other, at)
		}
		taken[at] = kind
		all := append(named.FindAll(text, -1), named.FindAll(source, -1)...)
		if len(all) == 0 {
			t.Errorf("%s does not say where customers speak", page)
		}
		for _, each := range all {
			if !strings.HasPrefix(string(each), at+"/") {
				t.Errorf("%s or its replay server names %s, and it listens at %s", page, each, at)
			}
		}
	}
}
