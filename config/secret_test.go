package config_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v3"

	"standpunt/config"
)

const password = "hunter2-Zebra"

// holder has a secret where fmt can call no method on it, too.
type holder struct {
	Open   config.Secret
	hidden config.Secret
	Nested map[string]*config.Secret
	Any    any
}

func newHolder() holder {
	s := config.NewSecret(password)
	return holder{s, s, map[string]*config.Secret{"key": &s}, []config.Secret{s}}
}

// leaks reports whether text holds the password in any form fmt writes.
func leaks(text string) bool {
	text = strings.ToLower(strings.ReplaceAll(text, " ", ""))
	for _, form := range []string{password, fmt.Sprintf("%x", password), fmt.Sprintf("%d", []byte(password)), "unter2"} {
		if strings.Contains(text, strings.ToLower(strings.ReplaceAll(form, " ", ""))) {
			return true
		}
	}
	return false
}

func TestNoFormattingVerbShowsASecret(t *testing.T) {
	h := newHolder()
	if !leaks(fmt.Sprintf("% x", password)) || !leaks(fmt.Sprintf("%X", password)) {
		t.Fatal("the test itself finds nothing")
	}
	for _, verb := range "vTtbcdoOqxXUeEfFgGspw!z" {
		for _, flags := range []string{"", "+", "#", "-", " ", "0", "+#", "# ", "40.30", "+040"} {
			format := "%" + flags + string(verb)
			for _, value := range []any{h.Open, &h.Open, h.hidden, h, &h, []config.Secret{h.Open}, map[config.Secret]config.Secret{h.Open: h.Open}, errors.Join(fmt.Errorf("with %v", h))} {
				if got := fmt.Sprintf(format, value); leaks(got) {
					t.Errorf("%s of %T shows %s", format, value, got)
				}
			}
		}
	}
	for _, got := range []string{fmt.Sprint(h.Open), fmt.Sprintf("%s|%v|%q", h.Open, h.Open, h.Open), h.Open.String(), h.Open.GoString()} {
		if !strings.Contains(got, "<secret>") {
			t.Errorf("got %s", got)
		}
	}
}

func TestNoEncodingShowsASecret(t *testing.T) {
	h := newHolder()
	encodings := map[string]func(any) ([]byte, error){"json": json.Marshal, "yaml": yaml.Marshal}
	for name, encode := range encodings {
		got, err := encode(h)
		if err != nil || leaks(string(got)) || !strings.Contains(string(got), "secret") {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if got, err := xml.Marshal(h.Open); err != nil || leaks(string(got)) {
		t.Errorf("xml: %s, %v", got, err)
	}
	var b bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
		slog.New(handler).Info("sign-in", "secret", h.Open, "pointer", &h.Open, "holder", h, slog.Group("group", "secret", h.hidden))
	}
	if leaks(b.String()) || !strings.Contains(b.String(), "secret=<secret>") {
		t.Errorf("slog: %s", b.String())
	}
}

// settingsOf loads one account with these settings, one line each.
func settingsOf(t *testing.T, environ []string, lines ...string) config.Settings {
	t.Helper()
	c, err := load(t, "accounts:\n- name: a\n  kind: push\n  settings:\n    "+strings.Join(lines, "\n    ")+"\n", environ...)
	if err != nil {
		t.Fatal(err)
	}
	return c.Accounts[0].Settings
}

type withSecret struct {
	Password config.Secret `yaml:"password" required:"true"`
}

func TestSecretsResolve(t *testing.T) {
	file := write(t, "password", password+"\r\n", 0o600)
	for _, line := range []string{
		"password: " + password, `password: "` + password + `"`, "password: {env: STANDPUNT_DATUM}", "password: {file: " + file + "}", "password:\n      file: " + file,
	} {
		var got withSecret
		var environ []string
		if strings.Contains(line, "DATUM") { // near an override's name, but the file names it
			environ = []string{"STANDPUNT_DATUM=" + password}
		}
		if err := settingsOf(t, environ, line).Decode(&got); err != nil || got.Password.Reveal() != password || got.Password.IsZero() {
			t.Errorf("%s: %v", line, err)
		}
	}
	// What YAML takes for a number or a truth value is a password as written.
	for _, text := range []string{"0123", "1_000", "true", "1e3", "2024-01-01"} {
		var got withSecret
		if err := settingsOf(t, nil, "password: "+text).Decode(&got); err != nil || got.Password.Reveal() != text {
			t.Errorf("%s: got %q, %v", text, got.Password.Reveal(), err)
		}
	}
	if !(withSecret{}).Password.IsZero() || (withSecret{}).Password.Reveal() != "" {
		t.Error("the zero secret is not empty")
	}
}

func TestSecretsThatDoNotResolve(t *testing.T) {
	open := write(t, "open password", password, 0o640)
	empty := write(t, "empty", "\n", 0o600)
	large := write(t, "large", strings.Repeat(password, 10000), 0o600)
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"password: ''":                           "the secret is empty. Write the text in quotes, {env: NAME} or {file: PATH}.",
		"password:":                              "the secret is empty.",
		"password: [" + password + "]":           "wants a secret, not a list.",
		"password: {" + password + ": x}":        "a secret comes from env or file, not from ",
		"password: {evn: NAME}":                  `a secret comes from env or file, not from evn. Did you mean "env"?`,
		"password: {env: A, file: B}":            "wants exactly one of env and file.",
		"password: {}":                           "wants exactly one of env and file.",
		"password: {env: }":                      "env wants a name. Write {env: NAME} or {file: PATH}.",
		"password: {env: NOT_SET}":               `the environment variable is not set (got "NOT_SET"). Set it where the daemon is started,`,
		"password: {env: BLANK}":                 `the environment variable is empty (got "BLANK").`,
		"password: {file: /no/such/file}":        `the file does not exist (got "/no/such/file"). Check the path;`,
		"password: {file: '" + open + "'}":       `others can open the file (mode 0640) (got "` + open + `"). Run: chmod 600 '` + open + `'.`,
		"password: {file: " + empty + "}":        `the file is empty (got "` + empty + `"). Write the secret into it.`,
		"password: {file: " + large + "}":        "the file is larger than 64 KiB",
		"password: {file: " + pipe + "}":         "is not a regular file",
		"password: {file: " + os.TempDir() + "}": "is not a regular file",
	} {
		var got withSecret
		problems := config.Problems(settingsOf(t, []string{"BLANK="}, line).Decode(&got))
		if len(problems) != 1 {
			t.Errorf("%s: got %v", line, problems)
			continue
		}
		p := problems[0]
		message, _ := strings.CutPrefix(p.Error(), p.File+":5: accounts[0].settings.password: ")
		if !strings.HasPrefix(message, want) || !got.Password.IsZero() {
			t.Errorf("%s: got %s", line, p)
		}
		if !strings.Contains(line, "{"+password) && leaks(p.Error()) {
			t.Errorf("%s shows the secret", p)
		}
	}
}

func TestAFaultNeverShowsASecret(t *testing.T) {
	for _, line := range []string{
		"passwort: " + password, "password: &" + password, "password: !" + password, "password: *" + password, "password: {env: !x " + password + "}",
		"password: [" + password + "]", "password: {env: " + password + ", file: x}", "password: @" + password, "password: \"" + password, "password: " + password + ": x",
	} {
		c, err := load(t, "accounts:\n- name: a\n  kind: push\n  settings:\n    "+line+"\n")
		if c != nil {
			err = c.Accounts[0].Settings.Decode(&withSecret{})
		}
		if err == nil || leaks(err.Error()) {
			t.Errorf("%s: got %v", line, err)
		}
	}
}

func TestRedactedShowsNoSecret(t *testing.T) {
	c, err := load(t, `accounts:
- name: a
  kind: mail
  settings: {address: a@example.com, imap: "imaps://u:`+password+`@mail.example", password: `+password+`}
- name: b
  kind: mail
  settings: {address: b@example.com, password: {env: MAIL}}
`, "MAIL="+password)
	if err != nil {
		t.Fatal(err)
	}
	before := c.Redacted()
	if leaks(before) || strings.Contains(before, "example.com") || !strings.Contains(before, "address: <hidden>") {
		t.Errorf("before the kinds decoded:\n%s", before)
	}
	for _, a := range c.Accounts {
		var mail struct {
			Address  string        `yaml:"address"`
			IMAP     string        `yaml:"imap"`
			Password config.Secret `yaml:"password"`
		}
		if err := a.Settings.Decode(&mail); err != nil || mail.Password.Reveal() != password {
			t.Fatal(err)
		}
	}
	after := c.Redacted()
	for _, want := range []string{"address: a@example.com", "imap: imaps://u:xxxxx@mail.example", "password: <secret>", "env: MAIL"} {
		if !strings.Contains(after, want) {
			t.Errorf("no %q in\n%s", want, after)
		}
	}
	if leaks(after) || leaks(fmt.Sprintf("%v %+v %#v", c, c, c.Accounts)) {
		t.Errorf("shows the secret:\n%s", after)
	}
}
