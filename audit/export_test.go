package audit_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"standpunt/audit"
)

func (r *room) export() []byte {
	r.t.Helper()
	var b bytes.Buffer
	if err := audit.ExportJSONL(r.t.Context(), r.db, &b); err != nil {
		r.t.Fatalf("export: %v", err)
	}
	return b.Bytes()
}

func (r *room) csv(f audit.Filter) [][]string {
	r.t.Helper()
	var b bytes.Buffer
	if err := audit.ExportCSV(r.t.Context(), r.db, &b, f); err != nil {
		r.t.Fatalf("export CSV: %v", err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		r.t.Fatalf("read the CSV back: %v", err)
	}
	return rows
}

func (r *room) syslog() []string {
	r.t.Helper()
	var b strings.Builder
	if err := audit.ExportSyslog(r.t.Context(), r.db, &b, "desk.example", audit.Filter{}); err != nil {
		r.t.Fatalf("export syslog: %v", err)
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

func (r *room) file() []byte {
	r.t.Helper()
	b, err := os.ReadFile(filepath.Join(r.dir, "standpunt.db"))
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

var syslogShape = regexp.MustCompile(`^<109>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [!-~]{1,255} standpunt - [!-~]{1,32} \[standpunt@32473((?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")+)\]$`)

var syslogParam = regexp.MustCompile(` ([a-z]+)="((?:[^"\\\]]|\\["\\\]])*)"`)

// parseSyslog reads the structured data of one RFC 5424 message.
func parseSyslog(t *testing.T, message string) map[string]string {
	t.Helper()
	whole := syslogShape.FindStringSubmatch(message)
	if whole == nil {
		t.Fatalf("not one RFC 5424 message: %q", message)
	}
	fields := map[string]string{}
	for _, p := range syslogParam.FindAllStringSubmatch(whole[1], -1) {
		fields[p[1]] = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\]`, `]`).Replace(p[2])
	}
	return fields
}

func verifyBytes(t *testing.T, export []byte, key string) (*audit.Report, error) {
	t.Helper()
	return audit.VerifyExport(bytes.NewReader(export), key, nil)
}

func TestExportVerifiesOffline(t *testing.T) {
	r := newRoom(t)
	for _, more := range []int{0, 1, 30, 2 * audit.MaxPage} {
		for i := range more {
			if i%100 == 3 {
				r.checkpoint()
			}
			r.append(event(i))
		}
		r.checkpoint()
		var seen uint64
		report, err := audit.VerifyExport(bytes.NewReader(r.export()), r.log.VerifierKey(), func(e audit.Entry) error {
			if e.Number != seen {
				return fmt.Errorf("handed out as number %d", seen)
			}
			seen++
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		wantOK(t, report)
		stored := r.verify()
		if report.Size != stored.Size || report.Root != stored.Root || report.Checkpoints != stored.Checkpoints || report.Signed != stored.Size || seen != stored.Size {
			t.Errorf("the export says %+v, the log %+v", report, stored)
		}
	}
}

func TestExportNeverHoldsContents(t *testing.T) {
	r := newRoom(t)
	r.say(event(0), "KERKSTRAAT")
	if bytes.Contains(r.export(), []byte("KERKSTRAAT")) {
		t.Error("the export holds a sealed text")
	}
}

// Every byte of an export is changed in turn.
func TestEveryFlippedByteOfAnExportIsFound(t *testing.T) {
	r := newRoom(t)
	r.fill(5)
	export, key := r.export(), r.log.VerifierKey()
	for at := range export {
		spoilt := bytes.Clone(export)
		spoilt[at] ^= 1 << (at % 7)
		if report, err := verifyBytes(t, spoilt, key); err == nil && report.OK() {
			t.Errorf("byte %d was changed from %q to %q and nothing was found, near %q", at, export[at], spoilt[at], export[max(0, at-30):min(len(export), at+10)])
		}
	}
}

func TestEveryTruncatedExportIsFound(t *testing.T) {
	r := newRoom(t)
	r.fill(5)
	export, key := r.export(), r.log.VerifierKey()
	for size := range export {
		report, err := verifyBytes(t, export[:size], key)
		if err == nil && report.OK() && report.Size == 5 && report.Signed == 5 {
			t.Errorf("the first %d of %d bytes pass for the whole", size, len(export))
		}
		if cut := bytes.Count(export[:size], []byte(`"leaf"`)); err == nil && cut < 5 && report.OK() {
			t.Errorf("the first %d of %d bytes verify", size, len(export))
		}
	}
}

func TestExportLinesCannotBeMoved(t *testing.T) {
	r, other := newRoom(t), newRoom(t)
	r.fill(6)
	other.fill(6)
	key := r.log.VerifierKey()
	lines := bytes.SplitAfter(r.export(), []byte("\n"))
	lines = lines[:len(lines)-1]
	foreign := bytes.SplitAfter(other.export(), []byte("\n"))
	build := func(change func(l [][]byte) [][]byte) []byte {
		return bytes.Join(change(append([][]byte(nil), lines...)), nil)
	}
	for name, export := range map[string][]byte{
		"two entries exchanged":   build(func(l [][]byte) [][]byte { l[2], l[3] = l[3], l[2]; return l }),
		"an entry twice":          build(func(l [][]byte) [][]byte { return append(l[:4:4], l[3:]...) }),
		"an entry left out":       build(func(l [][]byte) [][]byte { return append(l[:3:3], l[4:]...) }),
		"no checkpoints":          build(func(l [][]byte) [][]byte { return without(l, `"checkpoint"`) }),
		"a checkpoint twice":      build(func(l [][]byte) [][]byte { return append(l, l[len(l)-1]) }),
		"an empty line":           build(func(l [][]byte) [][]byte { return append(l, []byte("\n")) }),
		"a line of another kind":  build(func(l [][]byte) [][]byte { return append(l, []byte("{}\n")) }),
		"another log's header":    build(func(l [][]byte) [][]byte { l[0] = foreign[0]; return l }),
		"another log's signature": build(func(l [][]byte) [][]byte { l[len(l)-1] = foreign[len(foreign)-2]; return l }),
		"spaces in a line":        build(func(l [][]byte) [][]byte { l[3] = bytes.Replace(l[3], []byte(":"), []byte(": "), 1); return l }),
		"a name twice in a line": build(func(l [][]byte) [][]byte {
			l[3] = bytes.Replace(l[3], []byte(`"to":`), []byte(`"to":"rejected","to":`), 1)
			return l
		}),
	} {
		t.Run(name, func(t *testing.T) {
			if report, err := verifyBytes(t, export, key); err != nil || report.OK() {
				t.Errorf("nothing was found: %+v, %v", report, err)
			}
		})
	}
}

func without(lines [][]byte, part string) (kept [][]byte) {
	for _, l := range lines {
		if !bytes.Contains(l, []byte(part)) {
			kept = append(kept, l)
		}
	}
	return kept
}

func TestFilesThatAreNoExport(t *testing.T) {
	r := newRoom(t)
	for name, file := range map[string]string{
		"empty": "", "text": "hello\n", "JSON": "{}\n", "a newer format": `{"format":"standpunt-audit","version":2,"origin":"o","key":"k","size":0}` + "\n",
		"a line without end": strings.Repeat("x", 1<<20),
	} {
		if _, err := verifyBytes(t, []byte(file), r.log.VerifierKey()); !errors.Is(err, audit.ErrNoExport) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNewerExportExtendsTheOlder(t *testing.T) {
	r := newRoom(t)
	r.fill(5)
	older := r.export()
	r.fill(4)
	newer := r.export()
	key := r.log.VerifierKey()
	report, err := audit.CompareExports(bytes.NewReader(older), bytes.NewReader(newer), key)
	if err != nil {
		t.Fatal(err)
	}
	wantOK(t, report)
	if report.Size != 9 {
		t.Errorf("report %+v", report)
	}
	if report, err = audit.CompareExports(bytes.NewReader(newer), bytes.NewReader(older), key); err != nil || report.OK() {
		t.Errorf("the other way round: %+v, %v", report, err)
	}
	torn := newer[:len(newer)-10]
	if report, err = audit.CompareExports(bytes.NewReader(torn), bytes.NewReader(newer), key); err != nil || report.OK() {
		t.Errorf("an older export that does not verify: %+v, %v", report, err)
	}
}

func TestCSVAndSyslogFollowTheFilter(t *testing.T) {
	r := newRoom(t)
	r.fill(9)
	rows := r.csv(audit.Filter{Actor: "person:p1"})
	if len(rows) != 4 || rows[0][0] != "number" || rows[1][0] != "7" || rows[3][0] != "1" || rows[1][9] != `{"revision":"7"}` {
		t.Errorf("rows %q", rows)
	}
	messages := r.syslog()
	if len(messages) != 9 {
		t.Fatalf("%d messages", len(messages))
	}
	fields := parseSyslog(t, messages[0])
	if fields["number"] != "8" || fields["actor"] != "person:p2" || fields["kind"] != "proposal.approved" {
		t.Errorf("fields %v", fields)
	}
	message, err := audit.Syslog(audit.Entry{Event: event(1)}, "bad host\n<34>")
	if err != nil {
		t.Fatal(err)
	}
	parseSyslog(t, message)
}
