package audit_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"standpunt/audit"
)

// The examples in docs/audit-format.md are what the room writes; a change of
// either is a new format.
func TestDocumentedExamples(t *testing.T) {
	page, err := os.ReadFile("../docs/audit-format.md")
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := audit.Entry{Number: 5, At: time.UnixMilli(1_700_000_000_000), Event: audit.Event{
		Kind: "proposal.approved", Actor: "person:p0", Via: "desk", Subject: "proposal:3",
		From: "in_review", To: "approved", Facts: map[string]string{"revision": "3"},
	}}.Leaf()
	if err != nil {
		t.Fatal(err)
	}
	hash := tlog.RecordHash(leaf)
	for name, example := range map[string]string{
		"the leaf":        fmt.Sprintf("%x", leaf),
		"the leaf's hash": fmt.Sprintf("%x", hash[:]),
		"the commitment":  audit.Commit("a", [32]byte{}, []byte("bc")).String(),
	} {
		if !strings.Contains(string(page), "\n    "+example+"\n") {
			t.Errorf("docs/audit-format.md does not show %s as %s", name, example)
		}
	}
}
