// Package browsertest starts the browser for a test.
package browsertest

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"standpunt/internal/browser"
)

// Install is the command that installs what the browser needs.
const Install = "apt-get install -y chromium"

// Start starts Chromium for one test and ends it with the test. Where there is
// none the test is skipped, with the line that installs it; where the
// environment says CI=true it fails instead.
func Start(t testing.TB) *browser.Browser {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is missing: " + Install)
		}
		t.Skip("chromium is missing: " + Install)
	}
	// Not t.TempDir: it fails the test when Chromium's last processes still write while it goes.
	dir, err := os.MkdirTemp("", "standpunt-browser-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	b, err := browser.Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.Close()
		for range 50 {
			if os.RemoveAll(dir) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	return b
}
