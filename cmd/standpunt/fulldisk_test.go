package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk is a directory on a disk of its own with 128 MiB. Where none can be
// mounted the test is skipped; where the environment says CI=true it fails instead.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=128m,mode=700", "tmpfs", dir).CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("a small disk takes root: %v: %s", err, out)
		}
		t.Skipf("a small disk takes root: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "--lazy", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

// fill writes a file until the disk is full.
func fill(t *testing.T, file string) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; size /= 2 {
		for {
			if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestFullDiskLosesNothing fills the disk below a running daemon: it reads on,
// refuses what it cannot keep, and goes on when there is room again.
func TestFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t)
	network := startPlein(t)
	s := foundSiteIn(t, disk, network.account("plein")+"  - name: duw\n    kind: push\n")
	daemon := s.serve()
	s.enrol("anna")
	anna := s.people["anna"]
	network.ask("de eerste vraag")
	conversation := waitForConversation(t, anna, "eerste")

	readiness := func() (int, string) {
		status, answer := (caller{t: t, url: s.url}).try("GET", "/readyz", nil)
		return status, fmt.Sprint(answer)
	}
	if status, why := readiness(); status != http.StatusOK {
		t.Errorf("with room on the disk: %d %s", status, why)
	}

	filler := filepath.Join(disk, "filler")
	note := map[string]string{"text": strings.Repeat("De klant belde ook. ", 150)}
	refusals := 0
	eventually(t, "a note cannot be kept", func() bool {
		fill(t, filler)
		status, answer := anna.try("POST", "/conversations/"+conversation+"/notes", note)
		if status/100 == 2 {
			return false // there was room left in the data file
		}
		if status != http.StatusServiceUnavailable || str(answer, "code") != "unavailable" {
			t.Fatalf("on a full disk: %d %v", status, answer)
		}
		refusals++
		return refusals == 3
	})
	kept := len(notes(anna, conversation))
	network.ask("de tweede vraag")
	if status, _ := (caller{t: t, url: s.url}).try("GET", "/healthz", nil); status != http.StatusOK {
		t.Errorf("healthz: %d", status)
	}
	if status, why := readiness(); status != http.StatusServiceUnavailable || !strings.Contains(why, "make room") {
		t.Errorf("readyz on a full disk: %d %s", status, why)
	}
	if code, out, errs := runOnce(t, "backup", "--data", s.data, "--out", filepath.Join(t.TempDir(), "b.db")); code != exitFailed || !strings.Contains(errs, "room") {
		t.Errorf("a backup on a full disk: %d %s%s", code, out, errs)
	}
	if n := len(notes(anna, conversation)); n != kept {
		t.Errorf("%d notes, and before %d", n, kept)
	}

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a note is kept again", func() bool {
		status, _ := anna.try("POST", "/conversations/"+conversation+"/notes", note)
		return status/100 == 2
	})
	waitForConversation(t, anna, "tweede")
	daemon.stop()
	if s.serve(); len(notes(anna, conversation)) != kept+1 {
		t.Errorf("after a restart %d notes, before %d and one more", len(notes(anna, conversation)), kept)
	}
	verified(t, "--data", s.data)
	if bytes.Contains([]byte(daemon.out.String()), []byte("panic")) {
		t.Error(fmt.Sprint("it panicked: ", daemon.out))
	}
}

func notes(c caller, conversation string) []any {
	list, _ := c.do("GET", "/conversations/"+conversation, nil, 0)["notes"].([]any)
	return list
}
