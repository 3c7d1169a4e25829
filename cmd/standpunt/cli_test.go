package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWrongCommandLinesExitWithTwo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, says string }{
		{"", "Begin with: standpunt demo"},
		{"publish", `no command "publish"`},
		{"audit", `no command "audit"`},
		{"serve", "--config is missing, and no standpunt.yaml is here"},
		{"check", "--config is missing"},
		{"init --person a:admin", "--config is missing"},
		{"serve --config a b", `"b"`},
		{"serve --confg a", "--confg"},
		{"init --config a", "--person is missing"},
		{"backup --data a", "--out is missing"},
		{"recover --data a", "--person is missing"},
		{"audit verify", "name one of --data, --file and --export"},
		{"audit verify --data a --file b", "name one of --data, --file and --export"},
		{"audit verify --file b", "--key is missing"},
		{"audit verify --data a --older b", "--older goes with --export"},
		{"audit export --data a --format xml", `"xml" is none of jsonl, csv and syslog`},
	} {
		code, out, errs := runOnce(t, strings.Fields(c.line)...)
		if code != exitUsage || !strings.Contains(errs, c.says) || out != "" {
			t.Errorf("standpunt %s: exit %d, printed %q and %q, want it to say %q", c.line, code, out, errs, c.says)
		}
	}
	for _, line := range []string{"help", "serve --help", "version"} {
		if code, out, errs := runOnce(t, strings.Fields(line)...); code != exitOK || out+errs == "" {
			t.Errorf("standpunt %s: exit %d, printed %q and %q", line, code, out, errs)
		}
	}
}

// TestTheConfigurationInTheWorkingDirectoryNeedsNoNaming holds for every
// command that reads one; another that is named goes before it.
func TestTheConfigurationInTheWorkingDirectoryNeedsNoNaming(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, data string) {
		if err := os.WriteFile(name, []byte("data: "+filepath.Join(dir, data)+"\nlisten: 127.0.0.1:0\naccounts: []\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("standpunt.yaml", "here")
	write("other.yaml", "elsewhere")
	for _, c := range []struct {
		line string
		code int
		says string
	}{
		{"check", exitOK, "standpunt.yaml is well-formed: data in " + filepath.Join(dir, "here")},
		{"check --config other.yaml", exitOK, "other.yaml is well-formed: data in " + filepath.Join(dir, "elsewhere")},
		{"login x", exitFailed, "add one under accounts"},
		{"serve", exitFailed, filepath.Join(dir, "here")},
		{"init --person ada:admin --person bert:press", exitOK, filepath.Join(dir, "here")},
	} {
		code, out, errs := runOnce(t, strings.Fields(c.line)...)
		if code != c.code || !strings.Contains(out+errs, c.says) || strings.Contains(errs, "--config is missing") {
			t.Errorf("standpunt %s: exit %d, printed %q and %q, want %d and %q", c.line, code, out, errs, c.code, c.says)
		}
	}
}

// inventory lists what is in a directory and below, by path.
func inventory(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		fmt.Fprintln(&b, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestInitRefusesAndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	config := path("standpunt.yaml")
	if err := os.WriteFile(config, []byte("data: "+path("data")+"\naccounts: []\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"empty", "full"} {
		if err := os.Mkdir(path(d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"full/letter", "anchored.anchor", "file"} {
		if err := os.WriteFile(path(f), []byte("of somebody"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := inventory(t, dir)
	for _, c := range []struct {
		data, persons string
		code          int
		says          string
	}{
		{"full", "ada:admin bert:press", exitFailed, "is not empty"},
		{"anchored", "ada:admin bert:press", exitFailed, "anchor of an earlier data directory"},
		{"file", "ada:admin bert:press", exitFailed, "file"},
		{"data", "ada:admin", exitUsage, "everything that matters takes two people"},
		{"data", "ada:admin anna:agent", exitUsage, "everything that matters takes two people"},
		{"data", "mara:manager bert:press", exitUsage, "name an admin"},
		{"data", "ada:admin bert:boss", exitUsage, `"boss" is no role. Use agent, press, manager or admin`},
		{"data", "ada:admin bert", exitUsage, "write LOGIN:ROLE,ROLE"},
		{"data", "ada:admin bert:", exitUsage, "write LOGIN:ROLE,ROLE"},
		{"data", "ada:admin :press", exitUsage, "write LOGIN:ROLE,ROLE"},
		{"data", "ada:admin ADA:press", exitFailed, "--person ADA: login: this login, or one that looks the same"},
		{"a/new/place", "ada:admin ada:press", exitFailed, "nothing was founded"},
		{"empty", "ada:admin b\u202eert:press", exitFailed, "login"},
	} {
		args := []string{"init", "--config", config, "--data", path(c.data)}
		for _, p := range strings.Fields(c.persons) {
			args = append(args, "--person", p)
		}
		code, out, errs := runOnce(t, args...)
		if code != c.code || out != "" || !strings.Contains(errs, c.says) {
			t.Errorf("%s in %s: exit %d, printed %q and %q, want %d and %q", c.persons, c.data, code, out, errs, c.code, c.says)
		}
		if after := inventory(t, dir); after != before {
			t.Errorf("%s in %s left behind:\n%s\nbefore:\n%s", c.persons, c.data, after, before)
		}
	}
	code, out, errs := runOnce(t, "init", "--config", config, "--data", path("empty"), "--person", "ada:admin", "--person", "bert:press")
	if code != exitOK {
		t.Fatalf("an empty directory: %d %s %s", code, out, errs)
	}
}

func TestInitPrintsCodesThatWorkOnce(t *testing.T) {
	t.Parallel()
	s := foundSite(t, "  []\n")
	for name, want := range map[string]os.FileMode{
		s.data: 0o700, filepath.Join(s.data, dataFile): 0o600, filepath.Join(s.data, keysDir): 0o700,
		filepath.Join(s.data, keysDir, "audit.key"): 0o600, filepath.Join(s.data, blobsDir): 0o700,
	} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v, want mode %o", name, info.Mode(), err, want)
		}
	}
	if err := os.Chmod(s.data, 0o755); err != nil { // as a restored copy may be
		t.Fatal(err)
	}
	daemon := s.serve()
	for name, want := range map[string]os.FileMode{s.data: 0o700, filepath.Join(s.data, controlSock): 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("while it runs %s: %v, %v, want mode %o", name, info.Mode(), err, want)
		}
	}
	nobody := caller{t: t, url: s.url + "/api/v1"}
	code := s.people["anna"].token
	nobody.refused("POST", "/enrol", map[string]string{"code": code, "password": "kort"}, "invalid_input")
	s.enrol("anna")
	nobody.refused("POST", "/enrol", map[string]string{"code": code, "password": sitePassword}, "not_found")
	if login := str(s.people["anna"].do("GET", "/me", nil, 0), "person", "login"); login != "anna" {
		t.Errorf("anna is %q", login)
	}
	if code, _, errs := runOnce(t, "init", "--config", s.config, "--person", "ada:admin", "--person", "bert:press"); code != exitFailed || !strings.Contains(errs, "is not empty") {
		t.Errorf("init over a running daemon: %d %s", code, errs)
	}
	daemon.stop()
	if _, err := os.Stat(filepath.Join(s.data, controlSock)); err == nil {
		t.Error("the control socket outlives the daemon")
	}
}

func TestRecoverStopsPublishingUntilTwoPeopleResume(t *testing.T) {
	t.Parallel()
	s := foundSite(t, "  []\n")
	daemon := s.serve()
	s.enrol()
	recovered := func(login string) (int, string, string) {
		return runOnce(t, "recover", "--data", s.data, "--person", login)
	}
	if code, _, errs := recovered("ada"); code != exitFailed || !strings.Contains(errs, fmt.Sprint("process ", daemon.cmd.Process.Pid)) {
		t.Errorf("while the daemon runs: %d %s", code, errs)
	}
	daemon.stop()
	for login, says := range map[string]string{"bert": "bert is no admin", "niemand": "niemand"} {
		if code, out, errs := recovered(login); code != exitFailed || out != "" || !strings.Contains(errs, says) {
			t.Errorf("recover %s: %d %q %q", login, code, out, errs)
		}
	}
	code, out, errs := recovered("ada")
	var made invitation
	if err := json.Unmarshal([]byte(out), &made); code != exitOK || err != nil || made.Login != "ada" {
		t.Fatalf("recover: %d %q %q %v", code, out, errs, err)
	}
	if left := time.Until(made.EndorsesFrom); left > coolingTime || left < coolingTime-time.Hour {
		t.Errorf("ada endorses again in %s", left)
	}
	halves := strings.Split(made.Code, "-")
	file, err := os.ReadFile(filepath.Join(s.data, dataFile))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(file, []byte(made.Code)) || len(halves) != 2 {
		t.Errorf("the data file holds the whole code, or it has %d halves", len(halves))
	}

	daemon = s.serve()
	if causes := s.causes(); causes != "recover" {
		t.Fatalf("stopped for %q", causes)
	}
	s.people["ada"].refused("GET", "/me", nil, "unauthenticated")
	nobody := caller{t: t, url: s.url + "/api/v1"}
	nobody.refused("POST", "/session", map[string]string{"login": "ada", "password": sitePassword}, "unauthenticated")
	nobody.do("POST", "/enrol", map[string]string{"code": made.Code, "password": sitePassword + " twee"}, 0)
	nobody.refused("POST", "/enrol", map[string]string{"code": made.Code, "password": sitePassword + " drie"}, "not_found")
	s.resume("otto")
	kinds := make(map[any]int)
	for _, e := range items(s.people["bert"].do("GET", "/audit/events?limit=500", nil, 0)) {
		kinds[e["kind"]]++
	}
	for _, kind := range []string{"credentials.reset", "publishing.stopped", "publishing.resumed"} {
		if kinds[kind] != 1 {
			t.Errorf("the record holds %s %d times: %v", kind, kinds[kind], kinds)
		}
	}
	if kinds["credentials.half_taken"] != 2 {
		t.Errorf("%d halves were taken out of the data file", kinds["credentials.half_taken"])
	}
	daemon.stop()
	verified(t, "--data", s.data)
}

func TestCheckSaysWhatWorksAndWhatToDo(t *testing.T) {
	t.Parallel()
	network := startPlein(t)
	dir := t.TempDir()
	config := filepath.Join(dir, "standpunt.yaml")
	check := func(accounts string) (int, string, string) {
		text := "data: " + filepath.Join(dir, "data") + "\nlisten: 127.0.0.1:0\naccounts:\n" + accounts
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return runOnce(t, "check", "--config", config)
	}
	down := freeAddr(t)
	code, out, errs := check(network.account("goed") + sandboxAccount("dicht", "http://"+network.addr, "verkeerd-token") +
		sandboxAccount("weg", "http://"+down, "x") + "  - name: duw\n    kind: push\n")
	if code != exitFailed || errs != "" {
		t.Errorf("exit %d, %q", code, errs)
	}
	for name, words := range map[string][]string{
		"goed":  {"yes", "brand"},
		"dicht": {"NO", "token"},
		"weg":   {"NO", down, "base_url"},
		"duw":   {"partly", "publish_url"},
	} {
		line := ""
		for _, l := range strings.Split(out, "\n") {
			if strings.HasPrefix(l, name+" ") {
				line = l
			}
		}
		for _, word := range words {
			if !strings.Contains(line, word) {
				t.Errorf("%s: %q does not say %q", name, line, word)
			}
		}
	}
	if strings.Contains(out+errs, "verkeerd-token") || strings.Contains(out+errs, pleinToken) {
		t.Errorf("it printed a token: %s%s", out, errs)
	}
	if code, out, _ := check(network.account("goed")); code != exitOK || !strings.Contains(out, "well-formed") {
		t.Errorf("when all works: exit %d, %s", code, out)
	}
	for accounts, says := range map[string][]string{
		"  - {name: a, kind: sandbx}\n":             {config + ":4:", "accounts[0].kind", `"sandbox"`},
		"  - {name: a, kind: sandbox, setings: {}}": {"accounts[0].setings", `"settings"`},
		"  - {name: a, kind: sandbox, settings: {base_ulr: \"http://127.0.0.1:1\", handle: h, token: t}}":                   {"base_ulr", `"base_url"`},
		"  - {name: a, kind: sandbox, settings: {base_url: \"http://127.0.0.1:1\", handle: h, token: {env: NOT_SET_HERE}}}": {"NOT_SET_HERE"},
		"  - {name: a, kind: sandbx}\n  - {name: b, kind: sandbox, settings: {base_url: \"http://127.0.0.1:1\", token: t}}": {"2 faults", "accounts[0].kind", "handle"},
	} {
		code, out, errs := check(accounts)
		if code != exitFailed || out != "" {
			t.Errorf("%s: exit %d, printed %q", accounts, code, out)
		}
		for _, word := range says {
			if !strings.Contains(errs, word) {
				t.Errorf("%s: %q does not say %q", accounts, errs, word)
			}
		}
	}
}

// TestInterruptedStartEndsWell has the signal come before the data file is
// open: there is nothing to complain about, and nothing stays behind.
func TestInterruptedStartEndsWell(t *testing.T) {
	t.Parallel()
	s := foundSite(t, "  []\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	if code := run(ctx, console{out: &out, err: &errs}, []string{"serve", "--config", s.config}); code != exitOK {
		t.Errorf("serve: exit %d: %s", code, errs.String())
	}
	backup := filepath.Join(s.dir, "backup.db")
	if code := run(ctx, console{out: &out, err: &errs}, []string{"backup", "--data", s.data, "--out", backup}); code != exitFailed || !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("backup: exit %d: %s", code, errs.String())
	}
	if _, err := os.Stat(backup); err == nil {
		t.Error("half a backup was left")
	}
	s.serve().stop()
}
