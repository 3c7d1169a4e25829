package mail

import (
	"strings"
	"testing"
	"time"

	"standpunt/config"
	"standpunt/connectors"
)

func TestServersAndTheirProtection(t *testing.T) {
	for text, want := range map[string]endpoint{
		"imaps://mail.example.com:993": {"imap", "mail.example.com", "993", implicitTLS},
		"imaps://mail.example.com":     {"imap", "mail.example.com", "993", implicitTLS},
		"imap://mail.example.com":      {"imap", "mail.example.com", "143", startTLS},
		"imap://mail.example.com:1143": {"imap", "mail.example.com", "1143", startTLS},
		"mail.example.com":             {"imap", "mail.example.com", "993", implicitTLS},
		"mail.example.com:143":         {"imap", "mail.example.com", "143", startTLS},
		"127.0.0.1:10143":              {"imap", "127.0.0.1", "10143", plainText},
		"imap://localhost":             {"imap", "localhost", "143", plainText},
		"imaps://127.0.0.1:10993":      {"imap", "127.0.0.1", "10993", implicitTLS},
		"[::1]:10143":                  {"imap", "::1", "10143", plainText},
		"imaps://[2001:db8::1]:993":    {"imap", "2001:db8::1", "993", implicitTLS},
	} {
		if got, message := parseEndpoint(text, "imap", "993", "143"); got != want || message != "" {
			t.Errorf("%s: got %+v %q, want %+v", text, got, message, want)
		}
	}
	for text, want := range map[string]string{
		"mail.example.com:1143": "does not say", "smtp://mail.example.com": "scheme", "imaps://": "no host", "imaps://host:0": "port", "imaps://host:99999": "port",
		"imaps://user:pw@host": "not a server", "imaps://host/INBOX": "not a server", "host name": "not a server", "https://host": "scheme",
	} {
		if _, message := parseEndpoint(text, "imap", "993", "143"); !strings.Contains(message, want) {
			t.Errorf("%s: got %q, want %q", text, message, want)
		}
	}
}

func TestEveryFaultOfTheSettingsIsNamed(t *testing.T) {
	_, err := New(connectors.Account{Settings: config.NewSettings(map[string]any{
		"address": "nobody", "imap": "imaps://user:geheim@host", "smtp": "ftp://host", "username": "a\nb", "password": config.NewSecret("geheim"),
		"mailbox": "", "poll_every": 100 * time.Millisecond, "sender_name": "a\nb", "imap_port": 993,
	})})
	var keys []string
	for _, p := range config.Problems(err) {
		keys = append(keys, strings.TrimPrefix(p.Key, "settings."))
		if p.Remedy == "" || strings.Contains(p.Error(), "geheim") {
			t.Errorf("problem %q", p)
		}
	}
	if got, want := strings.Join(keys, " "), "imap_port address imap smtp username mailbox sender_name poll_every"; got != want {
		t.Errorf("got %s, want %s\n%v", got, want, err)
	}
	_, err = New(connectors.Account{Settings: config.NewSettings(nil)})
	if n := len(config.Problems(err)); n != 5 {
		t.Errorf("empty settings have %d problems, want the five required keys: %v", n, err)
	}
}

func TestDefaultsOfTheSettings(t *testing.T) {
	c := offline(t, nil)
	if c.s.Mailbox != "INBOX" || c.PollEvery() != time.Minute {
		t.Errorf("got %q, %v", c.s.Mailbox, c.PollEvery())
	}
	if m := c.Measure("één 🙂"); m.Length != 5 || m.Unit != "characters" || m.Limit != maxAnswer {
		t.Errorf("measured %+v", m)
	}
}
