package config_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"standpunt/config"
)

// write puts text into a file of the test's own directory.
func write(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// load loads text as a configuration file.
func load(t *testing.T, text string, environ ...string) (*config.Config, error) {
	t.Helper()
	return config.Load(write(t, "standpunt.yaml", text, 0o600), environ)
}

// lines are the problems as a person reads them, without the directory.
func lines(err error) []string {
	var all []string
	for _, p := range config.Problems(err) {
		shown := *p
		if shown.File != config.Environment {
			shown.File = filepath.Base(shown.File)
		}
		all = append(all, shown.Error())
	}
	return all
}

func TestAnEmptyFileIsTheDefault(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "tls:\nlog:\n"} {
		c, err := load(t, text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		want := config.Default()
		if got := c.Redacted(); got != want.Redacted() {
			t.Errorf("%q: got\n%s\nwant\n%s", text, got, want.Redacted())
		}
		if len(c.Policies) != 1 || c.Policies[0].Quorum != 2 || !slices.Equal(c.Policies[0].Roles, []string{"press"}) || c.Policies[0].ValidFor != 4*time.Hour {
			t.Errorf("%q: the default policy is %+v", text, c.Policies)
		}
	}
}

// secretsOf gives every variable that the text takes a secret from the same value.
func secretsOf(text []byte, value string) (environ []string) {
	for _, found := range regexp.MustCompile(`\{env: ([A-Z0-9_]+)\}`).FindAllSubmatch(text, -1) {
		environ = append(environ, string(found[1])+"="+value)
	}
	return environ
}

// The accounts of the example are decoded by their real kinds in cmd/standpunt.
func TestExampleLoadsAndShowsEveryKey(t *testing.T) {
	const path = "../config.example.yaml"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path, secretsOf(text, "hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	var mail struct {
		Address  string        `yaml:"address" required:"true"`
		IMAP     string        `yaml:"imap" required:"true"`
		SMTP     string        `yaml:"smtp" required:"true"`
		Username string        `yaml:"username" required:"true"`
		Password config.Secret `yaml:"password" required:"true"`
	}
	for _, a := range c.Accounts {
		if a.Kind != "mail" {
			continue
		}
		if err := a.Settings.Decode(&mail); err != nil {
			t.Errorf("%s: %v", a.Name, err)
		}
	}
	if mail.Password.Reveal() != "hunter2" || mail.Username == "" {
		t.Errorf("decoded %+v", mail)
	}
	// The example's values are the defaults, but for the accounts.
	c.Accounts = nil
	if got, want := c.Redacted(), config.Default().Redacted(); got != want {
		t.Errorf("the example is not the default: got\n%s\nwant\n%s", got, want)
	}
	for _, variable := range config.Variables() {
		if !strings.Contains(string(text), variable) {
			t.Errorf("the example does not name %s", variable)
		}
	}
	for line := range strings.Lines(config.Default().Redacted()) {
		if key, _, isKey := strings.Cut(strings.TrimLeft(line, " -"), ":"); isKey && !strings.Contains(string(text), key+":") {
			t.Errorf("the example does not show the key %s", key)
		}
	}
}

func TestTheEnvironmentOverridesTheFile(t *testing.T) {
	c, err := load(t, "data: /from/file\nlisten: 127.0.0.1:1\nlog: {level: warn, format: json}\napi: {max_body: 2048}\n",
		"STANDPUNT_DATA=/from/env",
		"STANDPUNT_LISTEN=0.0.0.0:8420",
		"STANDPUNT_PUBLIC_URL=https://Desk.example/",
		"STANDPUNT_TRUSTED_PROXIES=10.0.0.1, 192.168.1.7/24,",
		"STANDPUNT_API_ENDORSING_PEOPLE=Anna,bert",
		"STANDPUNT_API_MAX_BODY=4096",
		"STANDPUNT_LOG_LEVEL=debug",
		"STANDPUNT_LOG_FORMAT=",
		"STANDPUNT_PORT=tcp://10.0.0.9:80", "STANDPUNT_SERVICE_HOST=10.0.0.9", "UNRELATED",
	)
	if err != nil {
		t.Fatal(err)
	}
	proxies := []string{}
	for _, p := range c.TrustedProxies {
		proxies = append(proxies, p.String())
	}
	switch {
	case c.Data != "/from/env", c.Listen != "0.0.0.0:8420", c.PublicURL != "https://desk.example",
		c.API.MaxBody != 4096, c.Log.Level != slog.LevelDebug, c.Log.Format != "json",
		!slices.Equal(c.API.EndorsingPeople, []string{"anna", "bert"}),
		!slices.Equal(proxies, []string{"10.0.0.1/32", "192.168.1.0/24"}):
		t.Errorf("got\n%s", c.Redacted())
	}
}

func TestSettingsAndNamesKeepTheirCase(t *testing.T) {
	c, err := load(t, "accounts:\n- name: a\n  kind: push\n  settings: {Handle: MixedCase}\n")
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Handle string `yaml:"Handle"`
	}
	if err := c.Accounts[0].Settings.Decode(&s); err != nil || s.Handle != "MixedCase" {
		t.Errorf("got %q, %v", s.Handle, err)
	}
}

func TestEveryFaultIsReportedAtOnce(t *testing.T) {
	_, err := load(t, `datta: x
listen: 0.0.0.0:80
public_url: ftp://desk.example
accounts:
- name: X-Support
  kind: push
  backfil: 2h
- name: x-support
  backfill: 31d
- null
policies:
- name: one
  quorum: 1
  roles: []
- name: ONE
  quorum: many
log: {level: loud}
`, "STANDPUNT_API_MAX_BODY=big", "STANDPUNT_LOG_FORMAT=xml", "STANDPUNT_LISTNE=:80")
	want := []string{
		`standpunt.yaml:1: datta: unknown key. Did you mean "data"? Valid keys: data, listen,`,
		`standpunt.yaml:2: listen: plain HTTP would be open to the network (got "0.0.0.0:80"). Set tls.cert_file`,
		`standpunt.yaml:3: public_url: is not an http or https URL (got "ftp://desk.example"). Write an absolute address such as https://desk.example.`,
		`standpunt.yaml:5: accounts[0].name: is not a name (got "X-Support"). Write 1 to 40 lower-case`,
		`standpunt.yaml:7: accounts[0].backfil: unknown key. Did you mean "backfill"? Valid keys: name, kind, backfill, settings.`,
		`standpunt.yaml:8: accounts[1].kind: is missing. Add kind here.`,
		`standpunt.yaml:8: accounts[1].name: the name is taken by accounts[0].name on line 5 (got "x-support"). Give each`,
		`standpunt.yaml:9: accounts[1].backfill: is not a duration (got "31d"). Write a number and a unit, such as 30s, 5m or 24h.`,
		`standpunt.yaml:10: accounts[2].name: is missing. Add name here.`,
		`standpunt.yaml:10: accounts[2].kind: is missing. Add kind here.`,
		`standpunt.yaml:13: policies[0].quorum: is less than two people (got "1"). Write 2 or more`,
		`standpunt.yaml:14: policies[0].roles: is an empty list. Write one or more of: agent, press, manager, admin.`,
		`standpunt.yaml:15: policies[1].name: the name is taken by policies[0].name on line 12 (got "ONE"). Give each`,
		`standpunt.yaml:16: policies[1].quorum: wants a whole number, not text (got "many"). Write digits alone`,
		`standpunt.yaml:17: log.level: is none of the levels there are (got "loud"). Valid levels: debug, info, warn, error.`,
		`environment: STANDPUNT_LISTNE: unknown variable. Did you mean "STANDPUNT_LISTEN"? Valid variables: STANDPUNT_DATA,`,
		`environment: STANDPUNT_API_MAX_BODY: wants a whole number, not text (got "big"). Write digits`,
		`environment: STANDPUNT_LOG_FORMAT: is none of the formats there are (got "xml"). Valid formats: text, json.`,
	}
	got := lines(err)
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("missing: %s", want[i])
		case i >= len(want):
			t.Errorf("unexpected: %s", got[i])
		case !strings.HasPrefix(got[i], want[i]):
			t.Errorf("%d:\n got %s\nwant %s", i, got[i], want[i])
		}
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.yaml")
	_, err := config.Load(missing, nil)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "none.yaml: the file does not exist. Copy config.example.yaml") {
		t.Errorf("got %v", err)
	}
	if _, err := config.Load(t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "is not a regular file") {
		t.Errorf("a directory: got %v", err)
	}
	if _, err := load(t, strings.Repeat("# ten bytes", 1<<17)); err == nil || !strings.Contains(err.Error(), "is larger than 1 MiB") {
		t.Errorf("a huge file: got %v", err)
	}
}

func TestProblemsFindsThemHoweverWrapped(t *testing.T) {
	a, b := &config.Problem{Message: "a"}, &config.Problem{Message: "b"}
	err := errors.Join(errors.New("other"), wrapped{errors.Join(a, wrapped{b})})
	if got := config.Problems(err); !slices.Equal(got, []*config.Problem{a, b}) {
		t.Errorf("got %v", got)
	}
	if got := config.Problems(nil); got != nil {
		t.Errorf("of nil: got %v", got)
	}
}

type wrapped struct{ err error }

func (w wrapped) Error() string { return "wrapped: " + w.err.Error() }
func (w wrapped) Unwrap() error { return w.err }
