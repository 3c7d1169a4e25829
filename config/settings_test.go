package config_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"standpunt/config"
)

// polled is what kinds share.
type polled struct {
	BaseURL   config.URL      `yaml:"base_url" required:"true"`
	PollEvery config.Duration `yaml:"poll_every"`
}

type everything struct {
	Shared   polled        `yaml:",inline"`
	Handle   string        `yaml:"handle" required:"true"`
	Token    config.Secret `yaml:"token" required:"true"`
	Limit    int           `yaml:"limit"`
	Small    uint8         `yaml:"small"`
	Share    float64       `yaml:"share"`
	Stream   bool          `yaml:"stream"`
	Wait     time.Duration `yaml:"wait"`
	Boxes    []string      `yaml:"boxes"`
	Address  netip.Addr    `yaml:"address"`
	Optional *int          `yaml:"optional"`
	Labels   map[string]string
	Names    map[string]string `yaml:"names"`
	Sub      struct {
		Deep string `yaml:"deep" required:"true"`
	} `yaml:"sub"`
}

func TestSettingsDecodeEveryType(t *testing.T) {
	s := settingsOf(t, nil, "base_url: HTTPS://Social.example/api/", "poll_every: 30s", "handle: x", "token: t", "limit: -5", "small: 0x1f", "share: 0.5",
		"stream: true", "wait: 1m", "boxes: [a, b]", "address: 192.0.2.1", "optional: 7", "names: {Anna: a}", "sub: {deep: d}")
	var got everything
	if err := s.Decode(&got); err != nil {
		t.Fatal(err)
	}
	seven := 7
	want := everything{Shared: polled{"https://social.example/api", config.Duration(30 * time.Second)}, Handle: "x", Token: got.Token, Limit: -5, Small: 31,
		Share: 0.5, Stream: true, Wait: time.Minute, Boxes: []string{"a", "b"}, Address: netip.MustParseAddr("192.0.2.1"), Optional: &seven, Names: map[string]string{"Anna": "a"}}
	want.Sub.Deep = "d"
	if !reflect.DeepEqual(got, want) || got.Token.Reveal() != "t" {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSettingsKeepWhatIsNotGiven(t *testing.T) {
	got := everything{Limit: 20, Boxes: []string{"INBOX"}, Shared: polled{PollEvery: config.Duration(time.Minute)}}
	s := config.NewSettings(map[string]any{"base_url": config.URL("http://127.0.0.1:1"), "handle": "h", "token": config.NewSecret("t"),
		"wait": 90 * time.Second, "small": 3, "stream": true, "share": 1.5, "names": map[string]any{"a": "b"}, "sub": map[string]any{"deep": "123"}})
	if err := s.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Limit != 20 || got.Boxes[0] != "INBOX" || got.Shared.PollEvery.Std() != time.Minute || got.Optional != nil {
		t.Errorf("defaults were lost: %+v", got)
	}
	if got.Token.Reveal() != "t" || got.Wait != 90*time.Second || got.Small != 3 || !got.Stream || got.Share != 1.5 || got.Names["a"] != "b" || got.Sub.Deep != "123" {
		t.Errorf("values were lost: %+v", got)
	}
}

func TestSettingsReportEveryFaultAtOnce(t *testing.T) {
	s := settingsOf(t, nil, "base_url: social.example", "poll_every: often", "imap_host: x", "limit: ten", "small: 256", "stream: 'yes'", "share: lots",
		"wait: -1s", "boxes:", "- a", "- 5", "address: home", "optional: no", "names: {a: [b]}", "sub: {depe: x}")
	got := everything{Limit: 3, Small: 4}
	want := []string{
		`:5: accounts[0].settings.base_url: is not an http or https URL (got "social.example"). Write an absolute address such as https://social.example.`,
		`:5: accounts[0].settings.handle: is missing. Add handle here.`,
		`:5: accounts[0].settings.token: is missing. Add token here.`,
		`:6: accounts[0].settings.poll_every: is not a duration (got "often"). Write a number and a unit, such as 30s, 5m or 24h.`,
		`:7: accounts[0].settings.imap_host: unknown key. Valid keys: base_url, poll_every, handle,`,
		`:8: accounts[0].settings.limit: wants a whole number, not text (got "ten").`,
		`:9: accounts[0].settings.small: the number does not fit (got "256").`,
		`:10: accounts[0].settings.stream: wants true or false, not text (got "yes"). Write true or false, without quotes.`,
		`:11: accounts[0].settings.share: wants a number, not text (got "lots").`,
		`:12: accounts[0].settings.wait: is a negative duration (got "-1s"). Write a duration of 0s or more.`,
		`:15: accounts[0].settings.boxes[1]: wants text, not a number (got "5"). Put it in quotes: "5".`,
		`:16: accounts[0].settings.address: ParseAddr("home"): unable to parse IP (got "home")`,
		`:17: accounts[0].settings.optional: wants a whole number, not text (got "no").`,
		`:18: accounts[0].settings.names.a: wants text, not a list.`,
		`:19: accounts[0].settings.sub.depe: unknown key. Did you mean "deep"? Valid keys: deep.`,
		`:19: accounts[0].settings.sub.deep: is missing. Add deep here.`,
	}
	problems := lines(s.Decode(&got))
	for i := range max(len(problems), len(want)) {
		if i >= len(problems) || i >= len(want) {
			t.Fatalf("got\n%s", strings.Join(problems, "\n"))
		}
		if !strings.HasPrefix(problems[i], "standpunt.yaml"+want[i]) {
			t.Errorf("%d:\n got %s\nwant %s", i, problems[i], want[i])
		}
	}
	if got.Limit != 3 || got.Small != 4 {
		t.Errorf("a fault changed a value: %+v", got)
	}
}

func TestAKindPointsAtItsOwnFaults(t *testing.T) {
	s := settingsOf(t, nil, "handle: h", "boxes:", "- a", "- b")
	var got struct {
		Handle string   `yaml:"handle"`
		Boxes  []string `yaml:"boxes"`
	}
	if err := s.Decode(&got); err != nil {
		t.Fatal(err)
	}
	for key, line := range map[string]int{"handle": 5, "boxes": 6, "boxes[1]": 8, "absent": 4, "": 4} {
		p := s.Problem(key, "v", "is wrong", "Change it.")
		if p.Line != line || p.Value != "v" || !strings.HasPrefix(p.Key, "accounts[0].settings") || !strings.HasSuffix(p.Key, key) {
			t.Errorf("%s: got %v", key, p)
		}
	}
	c, err := load(t, "accounts:\n- name: a\n  kind: mial\n")
	if err != nil {
		t.Fatal(err)
	}
	got2 := lines(c.Accounts[0].UnknownKind([]string{"mail", "push"}))
	if len(got2) != 1 || got2[0] != `standpunt.yaml:3: accounts[0].kind: unknown kind (got "mial"). Did you mean "mail"? Valid kinds: mail, push.` {
		t.Errorf("got %v", got2)
	}
	missing := lines(c.Accounts[0].Settings.Decode(&withSecret{}))
	if len(missing) != 1 || missing[0] != "standpunt.yaml:2: accounts[0].settings.password: is missing. Add password here." {
		t.Errorf("got %v", missing)
	}
}

func TestDecodeRefusesWhatItCannotFill(t *testing.T) {
	s := config.NewSettings(map[string]any{"a": "b"})
	for _, into := range []any{nil, 5, everything{}, (*everything)(nil), new(string), &struct {
		A chan int `yaml:"a"`
	}{}} {
		if err := s.Decode(into); err == nil || len(config.Problems(err)) > 0 {
			t.Errorf("%T: got %v", into, err)
		}
	}
	var zero config.Settings
	if err := zero.Decode(&struct{}{}); err != nil {
		t.Errorf("the zero settings: %v", err)
	}
	if err := zero.Decode(&withSecret{}); err == nil || !strings.Contains(err.Error(), "settings.password: is missing") {
		t.Errorf("the zero settings: %v", err)
	}
	if got, err := json.Marshal(s); err != nil || string(got) != `"\u003csettings\u003e"` {
		t.Errorf("settings marshal as %s, %v", got, err)
	}
}

func TestNearest(t *testing.T) {
	keys := []string{"address", "imap", "smtp", "username", "password", "poll_every"}
	for word, want := range map[string]string{
		"imap_host": "imap", "PASSWORD": "password", "pasword": "password", "poll-every": "poll_every", "user": "username", "smpt": "smtp", "x": "", "": "", "addresss": "address",
	} {
		if got := config.Nearest(word, keys); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

func TestPlainHTTPToAnotherMachineIsRefused(t *testing.T) {
	s := config.NewSettings(map[string]any{})
	for address, fits := range map[config.URL]bool{
		"": true, "https://graph.facebook.com": true, "http://127.0.0.1:8440": true, "http://[::1]:8440": true, "http://localhost:8440": true,
		"http://graph.facebook.com": false, "http://10.0.0.7": false, "http://localhost.example": false, "http://127.0.0.1.example": false,
	} {
		err := s.Encrypted("base_url", address)
		if fits != (err == nil) {
			t.Errorf("%s: %v", address, err)
		}
		var p *config.Problem
		if err != nil && (!errors.As(err, &p) || p.Remedy == "" || p.Value != string(address)) {
			t.Errorf("%s: %+v", address, p)
		}
	}
}

func TestSettingsSayWhatWasPastedWithAToken(t *testing.T) {
	s := settingsOf(t, nil, "token: t")
	for value, want := range map[string]string{
		"": "", "AAAA%2Fbb==": "", "EAAB|x": "", `it's"one`: "", "'": "", "Bearer": "",
		"Bearer abc-7f3a": "begins with the word Bearer", "bearer abc-7f3a": "begins with the word bearer", " OAuth abc-7f3a": "begins with the word OAuth",
		`"abc-7f3a"`: "has quotes", "'abc-7f3a'": "has quotes", "abc-7f3a ": "begins or ends", "\tabc-7f3a": "begins or ends", "abc-7f3a\u00a0": "begins or ends",
		"abc 7f3a": "holds a space", "abc\n7f3a": "holds a space", "abc\u200b-7f3a": "holds a space", "\u201cabc-7f3a\u201d": "holds a space",
	} {
		err := s.Token("token", config.NewSecret(value))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), "token: "+want) {
			t.Errorf("%q: %v, want %q", value, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "abc") || strings.Contains(err.Error(), "7f3a")) {
			t.Errorf("it tells the secret: %v", err)
		}
	}
}
