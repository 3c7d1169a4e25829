package audit_test

import (
	"bytes"
	"testing"
	"time"

	"standpunt/audit"
)

// FuzzVerifyExport feeds files that nobody wrote. Whatever verifies holds
// exactly the entries that were signed.
func FuzzVerifyExport(f *testing.F) {
	r := newRoom(f)
	r.fill(5)
	export, key := r.export(), r.log.VerifierKey()
	honest, err := audit.VerifyExport(bytes.NewReader(export), key, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(export)
	f.Add(export[:len(export)/2])
	f.Add([]byte{})
	f.Add(bytes.ReplaceAll(export, []byte("approved"), []byte("rejected")))
	f.Fuzz(func(t *testing.T, file []byte) {
		report, err := audit.VerifyExport(bytes.NewReader(file), key, nil)
		if err != nil || !report.OK() {
			return
		}
		if report.Signed > honest.Size {
			t.Errorf("%d entries pass for signed, %d were", report.Signed, honest.Size)
		}
		if report.Signed == honest.Size && report.Size == honest.Size && report.Root != honest.Root {
			t.Errorf("another log passes for the signed one: %+v", report)
		}
		if _, err := audit.CompareExports(bytes.NewReader(file), bytes.NewReader(export), key); err != nil {
			t.Errorf("a file that verifies cannot be compared: %v", err)
		}
	})
}

// FuzzParseCheckpoint feeds notes. Whatever opens is one that was signed.
func FuzzParseCheckpoint(f *testing.F) {
	r := newRoom(f)
	signed := map[audit.Checkpoint]bool{}
	for i := range 4 {
		note := r.checkpoint()
		c, err := audit.ParseCheckpoint(note, r.log.VerifierKey())
		if err != nil {
			f.Fatal(err)
		}
		signed[c] = true
		f.Add(note)
		f.Add(append(note, "— witness AAAAAAAA\n"...))
		r.append(event(i))
	}
	f.Add([]byte("\n\n— \n"))
	f.Fuzz(func(t *testing.T, note []byte) {
		c, err := audit.ParseCheckpoint(note, r.log.VerifierKey())
		if err == nil && !signed[c] {
			t.Errorf("a checkpoint that nobody signed: %+v", c)
		}
	})
}

// FuzzParseLeaf feeds leaves. Whatever is read has one encoding: its own.
func FuzzParseLeaf(f *testing.F) {
	e := audit.Entry{Number: 5, At: time.UnixMilli(1_700_000_000_000), Event: event(3)}
	for range 2 {
		leaf, err := e.Leaf()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(leaf)
		e.Facts, e.Digest = nil, audit.Commitment{1}
	}
	f.Fuzz(func(t *testing.T, leaf []byte) {
		e, err := audit.ParseLeaf(leaf)
		if err != nil {
			return
		}
		again, err := e.Leaf()
		if err != nil || !bytes.Equal(again, leaf) {
			t.Errorf("%x was read and is written as %x, %v", leaf, again, err)
		}
		if _, err := audit.Syslog(e, "host"); err != nil {
			t.Error(err)
		}
	})
}
