package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// backUp copies the running site's data and gives the file.
func (s *site) backUp(name string) string {
	s.t.Helper()
	file := filepath.Join(s.dir, name)
	code, out, errs := runOnce(s.t, "backup", "--data", s.data, "--out", file)
	if code != exitOK || out != "" || !strings.Contains(errs, file) {
		s.t.Fatalf("backup: %d %s%s", code, out, errs)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		s.t.Fatalf("the backup: %v %v", info, err)
	}
	return file
}

// key is the file of the public key.
func (s *site) key() string { return filepath.Join(s.data, keysDir, "audit.pub") }

func copyFiles(t *testing.T, files map[string]string) {
	t.Helper()
	for from, to := range files {
		b, err := os.ReadFile(from)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(to), 0o755)
		}
		if err == nil {
			err = os.WriteFile(to, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestRestoredBackupSendsNothing takes a backup with one answer in review and
// one approved for later: what is restored revives neither, until two people
// released it and wrote and approved again (invariant 14).
func TestRestoredBackupSendsNothing(t *testing.T) {
	t.Parallel()
	network := startPlein(t)
	s := foundSite(t, network.account("plein"))
	daemon := s.serve()
	s.enrol("anna", "bert", "ada")
	asked := network.ask("wanneer komt de monteur?")
	conversation := waitForConversation(t, s.people["anna"], "monteur")
	other := network.ask("klopt mijn rekening?")
	review := s.submit(waitForConversation(t, s.people["anna"], "rekening"), map[string]any{"text": "Wij kijken het na."})
	later := s.submit(conversation, map[string]any{"text": "Morgen om tien uur.", "not_before": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)})
	if state := str(s.approve("bert", later), "state"); state != "approved" && state != "queued" {
		t.Fatalf("approved for later it is %q", state)
	}
	backup := s.backUp("backup.db")
	if code, _, errs := runOnce(t, "backup", "--data", s.data, "--out", backup); code != exitFailed || !strings.Contains(errs, "never overwritten") {
		t.Errorf("over an older backup: %d %s", code, errs)
	}
	verified(t, "--file", backup, "--key", s.key())
	daemon.stop()

	restored := filepath.Join(s.dir, "restored")
	copyFiles(t, map[string]string{backup: filepath.Join(restored, dataFile)})
	if code, _, errs := runOnce(t, "serve", "--config", s.config, "--data", restored); code != exitFailed || !strings.Contains(errs, "signing key is missing") || !strings.Contains(errs, "keys") {
		t.Errorf("restored without its keys: %d %s", code, errs)
	}
	copyFiles(t, map[string]string{
		filepath.Join(s.data, keysDir, "audit.key"): filepath.Join(restored, keysDir, "audit.key"),
		s.key(): filepath.Join(restored, keysDir, "audit.pub"),
	})
	again := s.serve("--data", restored)
	if causes := s.causes(); causes != "restored" {
		t.Errorf("stopped for %q", causes)
	}
	anna := s.people["anna"]
	for _, p := range []map[string]any{review, later} {
		if now := anna.do("GET", "/proposals/"+str(p, "id"), nil, 0); str(now, "state") != "held" || str(now, "reason") != "restored" || len(field(now, "endorsements").([]any)) != 0 {
			t.Errorf("a restored proposal is %v", now)
		}
	}
	pending := s.people["ada"].do("POST", "/publishing/resume", map[string]string{"reason": "Bijna klaar met nakijken."}, 0)
	again.stop()
	again = s.serve("--data", restored)
	if causes := s.causes(); causes != "restored" {
		t.Errorf("after a restart stopped for %q", causes)
	}
	if state := str(anna.do("GET", "/proposals/"+str(pending, "id"), nil, 0), "state"); state != "in_review" {
		t.Errorf("a restart took the proposal to resume to %q", state)
	}
	s.resume("ada")
	for _, p := range []map[string]any{review, later} {
		if state := str(anna.do("GET", "/proposals/"+str(p, "id"), nil, 0), "state"); state != "held" {
			t.Errorf("two people released the backup, and an old approval is %q", state)
		}
	}
	if n := len(network.answers(asked)) + len(network.answers(other)); n != 0 {
		t.Errorf("%d answers were sent", n)
	}
	revised := anna.do("POST", "/proposals/"+str(review, "id")+"/revisions", map[string]string{"text": "Wij kijken het na."}, 0)
	anna.do("POST", "/proposals/"+str(review, "id")+"/submit", map[string]string{"digest": str(revised, "revision", "digest")}, 0)
	s.approve("bert", revised)
	officially(t, anna, str(review, "id"))
	if n := len(network.answers(other)); n != 1 {
		t.Errorf("%d answers were sent", n)
	}
	again.stop()
	again = s.serve("--data", restored)
	if causes := s.causes(); causes != "" {
		t.Errorf("it was released, and is stopped for %q", causes)
	}
	again.stop()
	verified(t, "--data", restored)
}

// TestOlderDataUnderANewerAnchor puts an older backup back where a newer
// record was signed: somebody could have wanted to lose what came between.
func TestOlderDataUnderANewerAnchor(t *testing.T) {
	t.Parallel()
	s := foundSite(t, "  []\n")
	daemon := s.serve()
	s.enrol("anna", "bert", "ada")
	backup := s.backUp("backup.db")
	s.people["bert"].do("POST", "/publishing/stop", map[string]string{"reason": "Even wachten."}, 0)
	s.resume("ada")
	daemon.stop()
	verified(t, "--data", s.data)

	copyFiles(t, map[string]string{backup: filepath.Join(s.data, dataFile)})
	code, out, errs := runOnce(t, "audit", "verify", "--data", s.data)
	if code != exitFailed || !strings.HasPrefix(out, "FAILED.") || !strings.Contains(out, "entries are missing") || !strings.Contains(out, s.data+".anchor") {
		t.Errorf("verify: %d %s%s", code, out, errs)
	}
	daemon = s.serve()
	if causes := s.causes(); causes != "log restored" {
		t.Errorf("stopped for %q", causes)
	}
	if status, answer := (caller{t: t, url: s.url}).try("GET", "/readyz", nil); status != http.StatusServiceUnavailable {
		t.Errorf("readyz: %d %v", status, answer)
	}
	daemon.stop()
	daemon = s.serve()
	if causes := s.causes(); causes != "log restored" {
		t.Errorf("after a restart stopped for %q", causes)
	}
	s.resume("ada")
	eventually(t, "the log is signed from here on", func() bool {
		status, _ := caller{t: t, url: s.url}.try("GET", "/readyz", nil)
		return status == http.StatusOK
	})
	verified(t, "--data", s.data)
	aside, err := filepath.Glob(s.data + ".anchor.superseded-*")
	if err != nil || len(aside) != 1 {
		t.Errorf("the old anchor was put aside as %v, %v", aside, err)
	}
	daemon.stop()
	daemon = s.serve()
	if causes := s.causes(); causes != "" {
		t.Errorf("two people accepted it, and it is stopped for %q", causes)
	}
	daemon.stop()

	if err := os.Remove(s.data + ".anchor"); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := runOnce(t, "audit", "verify", "--data", s.data); code != exitFailed || !strings.Contains(out, "is gone") {
		t.Errorf("an anchor that was taken away: %d %s", code, out)
	}
}

func TestExportsVerifyAndExtendEachOther(t *testing.T) {
	t.Parallel()
	s := foundSite(t, "  []\n")
	daemon := s.serve()
	export := func(format string) string {
		t.Helper()
		file := filepath.Join(s.dir, fmt.Sprint("export-", time.Now().UnixNano(), ".", format))
		if code, out, errs := runOnce(t, "audit", "export", "--data", s.data, "--format", format, "--out", file); code != exitOK || out != "" {
			t.Fatalf("export %s: %d %s%s", format, code, out, errs)
		}
		return file
	}
	signed := func() { s.people["bert"].do("GET", "/audit/checkpoint", nil, 0) }
	s.enrol("bert")
	signed()
	older := export("jsonl")
	s.people["bert"].do("POST", "/publishing/stop", map[string]string{"reason": "Even wachten."}, 0)
	signed()
	newer := export("jsonl")
	verified(t, "--export", older, "--key", s.key())
	verified(t, "--export", newer, "--older", older, "--key", s.key())
	if code, out, errs := runOnce(t, "audit", "verify", "--export", older, "--older", newer, "--key", s.key()); code != exitFailed {
		t.Errorf("the older one extends the newer one: %d %s%s", code, out, errs)
	}
	other := foundSite(t, "  []\n")
	if code, out, errs := runOnce(t, "audit", "verify", "--export", newer, "--key", other.key()); code != exitFailed {
		t.Errorf("verified with another log's key: %d %s%s", code, out, errs)
	}
	if code, out, errs := runOnce(t, "audit", "verify", "--data", other.data, "--key", s.key()); code != exitFailed || !strings.Contains(out, "FAILED") {
		t.Errorf("verified a directory with another log's key: %d %s%s", code, out, errs)
	}

	b, err := os.ReadFile(newer)
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(s.dir, "changed.jsonl")
	if err := os.WriteFile(changed, bytes.Replace(b, []byte("person.enrolled"), []byte("person.enrolleD"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := runOnce(t, "audit", "verify", "--export", changed, "--key", s.key()); code != exitFailed {
		t.Errorf("a changed export verifies: %d %s", code, out)
	}

	table, err := os.Open(export("csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	rows, err := csv.NewReader(table).ReadAll()
	events := len(items(s.people["bert"].do("GET", "/audit/events?limit=500", nil, 0)))
	if err != nil || len(rows) != events+1 {
		t.Errorf("the CSV has %d rows for %d events: %v", len(rows), events, err)
	}
	lines, err := os.ReadFile(export("syslog"))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(lines, []byte("\n")); n != events || !bytes.HasPrefix(lines, []byte("<109>1 ")) {
		t.Errorf("syslog has %d lines for %d events: %.80s", n, events, lines)
	}
	code, out, errs := runOnce(t, "audit", "export", "--data", s.data)
	if code != exitOK || out != string(b) || errs != "" {
		t.Errorf("to standard output: %d, %d bytes instead of %d, %s", code, len(out), len(b), errs)
	}
	daemon.stop()
}

// TestStopSwitch keeps an approved answer back until two people resume.
func TestStopSwitch(t *testing.T) {
	t.Parallel()
	network := startPlein(t)
	s := foundSite(t, network.account("plein"))
	daemon := s.serve()
	s.enrol("anna", "bert", "ada")
	asked := network.ask("is er een storing?")
	conversation := waitForConversation(t, s.people["anna"], "storing")
	anna, bert := s.people["anna"], s.people["bert"]
	anna.refused("POST", "/publishing/stop", map[string]string{"reason": "Ik mag dit niet."}, "forbidden")
	bert.refused("POST", "/publishing/stop", map[string]string{"reason": " "}, "invalid_input")
	bert.do("POST", "/publishing/stop", map[string]string{"reason": "Er klopt iets niet."}, 0)
	p := s.submit(conversation, map[string]any{"text": "Ja, in Utrecht. We werken eraan."})
	if state := str(s.approve("bert", p), "state"); state != "approved" && state != "queued" {
		t.Fatalf("approved while publishing is stopped, it is %q", state)
	}
	// The feed shows what the network holds: an answer would be there before the next question.
	network.ask("en in Zwolle?")
	waitForConversation(t, anna, "Zwolle")
	daemon.stop()
	daemon = s.serve()
	network.ask("en in Assen?")
	waitForConversation(t, anna, "Assen")
	if n := len(network.answers(asked)); n != 0 || s.causes() != "person" {
		t.Fatalf("%d answers while publishing is stopped for %q", n, s.causes())
	}
	s.resume("ada")
	officially(t, anna, str(p, "id"))
	if n := len(network.answers(asked)); n != 1 {
		t.Errorf("%d answers", n)
	}
	daemon.stop()
	verified(t, "--data", s.data)
}

// TestTerminatedDaemonSignsItsRecord stops a daemon while desks listen and
// people write.
func TestTerminatedDaemonSignsItsRecord(t *testing.T) {
	t.Parallel()
	s := foundSite(t, "  []\n")
	daemon := s.serve()
	s.enrol("anna", "bert")
	request, err := http.NewRequest(http.MethodGet, s.url+"/api/v1/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.people["anna"].token)
	live, err := http.DefaultClient.Do(request)
	if err != nil || live.StatusCode != http.StatusOK {
		t.Fatalf("live events: %v %v", live, err)
	}
	defer live.Body.Close()
	s.people["bert"].do("POST", "/publishing/stop", map[string]string{"reason": "Even wachten."}, 0)
	begun := time.Now()
	daemon.stop()
	if took := time.Since(begun); took > stopTime {
		t.Errorf("it took %s", took)
	}
	if out := verified(t, "--data", s.data); strings.Contains(out, "not signed yet") {
		t.Errorf("not all is signed:\n%s", out)
	}
	if b, err := os.ReadFile(s.data + ".anchor"); err != nil || len(b) == 0 {
		t.Errorf("the anchor: %q %v", b, err)
	}
}
