package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryFaultIsToldAtOnce has faults on every level of one file.
func TestEveryFaultIsToldAtOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "standpunt.yaml")
	text := "dta: ./x\nlisten: nonsense\naccounts:\n" +
		"  - {name: a, kind: sandbx}\n" +
		"  - {name: b, kind: sandbox, settings: {base_ur: http://127.0.0.1:1, handle: b, token: {env: STANDPUNT_TEST_NOT_SET}}}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"check"}, {"serve"}, {"init", "--person", "anna:admin", "--person", "bert:press"}} {
		code, _, errs := runOnce(t, append(args, "--config", file)...)
		if code != exitFailed {
			t.Errorf("%s: %d", args[0], code)
		}
		for _, want := range []string{"dta", "listen", "sandbx", "base_ur", "STANDPUNT_TEST_NOT_SET"} {
			if !strings.Contains(errs, want) {
				t.Errorf("%s does not tell of %q:\n%s", args[0], want, errs)
			}
		}
	}
}

// TestOneFaultyAccountDoesNotKeepTheOthersFromBeingTried.
func TestOneFaultyAccountDoesNotKeepTheOthersFromBeingTried(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	start(t, "sandbox", "--dir", filepath.Join(t.TempDir(), "plein"), "--listen", addr, "--brand", "brand", "--token", "geheim-van-brand")
	eventually(t, "the network answers", func() bool {
		status, _ := caller{t: t, url: "http://" + addr + "/api"}.try("GET", "/posts", nil)
		return status == http.StatusOK
	})
	file := filepath.Join(t.TempDir(), "standpunt.yaml")
	text := fmt.Sprintf("accounts:\n  - {name: good, kind: sandbox, settings: {base_url: http://%s, handle: brand, token: geheim-van-brand}}\n"+
		"  - {name: bad, kind: sandbox, settings: {base_url: http://%s, handle: brand, token: {env: STANDPUNT_TEST_NOT_SET}}}\n", addr, addr)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := runOnce(t, "check", "--config", file)
	if code != exitFailed || !strings.Contains(out, "good") || !strings.Contains(out, "yes") || !strings.Contains(errs, "STANDPUNT_TEST_NOT_SET") {
		t.Errorf("check: %d\n%s%s", code, out, errs)
	}
}

// TestCheckLeavesARunningDaemonAlone: the address that is taken is its own.
func TestCheckLeavesARunningDaemonAlone(t *testing.T) {
	t.Parallel()
	s := foundSite(t, "  []\n")
	daemon := s.serve()
	code, out, errs := runOnce(t, "check", "--config", s.config)
	if code != exitOK || strings.Contains(out, "taken") {
		t.Errorf("beside the daemon: %d\n%s%s", code, out, errs)
	}
	daemon.stop()
}
