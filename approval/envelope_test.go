package approval_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/inbox"
)

func TestAbuse19_EnvelopesDoNotCollide(t *testing.T) {
	base := approval.Envelope{Kind: approval.KindReply, Account: "a", Target: "b", Text: "c", Revision: 1}
	variants := map[string]func(*approval.Envelope){
		"moved between fields":  func(e *approval.Envelope) { e.Account, e.Target = "ab", "" },
		"trailing NUL":          func(e *approval.Envelope) { e.Text = "c\x00" },
		"route split otherwise": func(e *approval.Envelope) { e.Route = []inbox.Field{{Name: "To", Value: "x"}} },
		"route joined":          func(e *approval.Envelope) { e.Route = []inbox.Field{{Name: "Tox"}} },
		"two findings for one":  func(e *approval.Envelope) { e.Findings = []approval.Finding{{Code: "a"}, {Code: "b"}} },
		"one finding for two":   func(e *approval.Envelope) { e.Findings = []approval.Finding{{Code: "a", Excerpt: "b"}} },
		"scheduled":             func(e *approval.Envelope) { e.NotBefore = time.UnixMilli(1) },
		"other visibility":      func(e *approval.Envelope) { e.Visibility = inbox.Private },
		"a link":                func(e *approval.Envelope) { e.Links = []approval.Link{{Shown: "a", Expanded: "b"}} },
		"a medium":              func(e *approval.Envelope) { e.Media = []approval.Media{{AltText: "a"}} },
		"a position":            func(e *approval.Envelope) { e.Positions = []approval.Citation{{Position: "p", Version: 1}} },
	}
	seen := map[string]string{string(base.Bytes()): "base"}
	for name, change := range variants {
		e := base
		change(&e)
		b := e.Bytes()
		if other, dup := seen[string(b)]; dup {
			t.Errorf("%q encodes like %q", name, other)
		}
		seen[string(b)] = name
		back, err := approval.ParseEnvelope(b)
		if err != nil || string(back.Bytes()) != string(b) {
			t.Errorf("%q does not read back: %v", name, err)
		}
		for _, bad := range [][]byte{append(b, 0), b[:len(b)-1], b[1:]} {
			if _, err := approval.ParseEnvelope(bad); err == nil {
				t.Errorf("%q: a damaged encoding was read", name)
			}
		}
	}
}

// TestEnvelopeIsStable rebuilds a digest as docs/envelope.md describes it, with
// nothing of the package, and compares.
func TestEnvelopeIsStable(t *testing.T) {
	e := approval.Envelope{Revision: 2, Kind: approval.KindReply, Platform: "mail", Account: "care", RemoteID: "care@brand.test",
		Action: approval.Reply, Target: "<1@klant.test>", Route: []inbox.Field{{Name: "To", Value: "klant@klant.test"}},
		Visibility: inbox.Private, Language: "nl", Text: "Dank u.", ValidFor: 4 * time.Hour}
	e.Proposal[0], e.Mention[0], e.Policy[0] = 1, 2, 3

	field := func(b ...byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...) }
	text := func(s string) []byte { return field([]byte(s)...) }
	number := func(n uint64) []byte { return field(binary.BigEndian.AppendUint64(nil, n)...) }
	list := func(n uint64, parts ...[]byte) []byte {
		in := number(n)
		for _, p := range parts {
			in = append(in, p...)
		}
		return field(in...)
	}
	long := func(first byte, n int) []byte { b := make([]byte, n); b[0] = first; return field(b...) }
	var byHand []byte
	for _, part := range [][]byte{
		long(1, 16), number(2), text("reply"), text("mail"), text("care"), text("care@brand.test"), text("reply"),
		text("<1@klant.test>"), text(""), list(1, text("To"), text("klant@klant.test")), long(2, 32), text("private"), text("nl"),
		text("Dank u."), list(0), list(0), list(0), list(0), long(3, 32), number(14400), number(0), text(""),
	} {
		byHand = append(byHand, part...)
	}
	if string(byHand) != string(e.Bytes()) {
		t.Fatalf("the document says\n%x\nthe code makes\n%x", byHand, e.Bytes())
	}
	salt := [32]byte{7}
	part := func(b []byte) []byte { return append(binary.BigEndian.AppendUint64(nil, uint64(len(b))), b...) }
	sum := sha256.Sum256(append(append(part([]byte("standpunt/envelope/v1")), part(salt[:])...), part(byHand)...))
	if got := audit.Commit("standpunt/envelope/v1", salt, e.Bytes()); sum != [32]byte(got) {
		t.Fatalf("the document's digest is %s, the code's %s", hex.EncodeToString(sum[:]), hex.EncodeToString(got[:]))
	}
}

func FuzzParseEnvelope(f *testing.F) {
	e := approval.Envelope{Revision: 1, Kind: approval.KindReply, Text: "Dank u.", Route: []inbox.Field{{Name: "To", Value: "x"}}}
	f.Add(e.Bytes())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := approval.ParseEnvelope(b); err == nil && string(e.Bytes()) != string(b) {
			t.Fatal("read an envelope that encodes otherwise")
		}
	})
}

func FuzzCheckText(f *testing.F) {
	for _, s := range []string{"hallo", "👨‍👩‍👧", "\u202e", "NL91 ABNA 0417 1643 00", "https://a@b.c/", "pаypal", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := approval.Normalize(s)
		if again := approval.Normalize(text); again != text {
			t.Fatalf("normalizing twice changes %q to %q", text, again)
		}
		_ = approval.CheckText(text, approval.Measure{})
		for _, finding := range approval.Check(text) {
			if finding.Code == "" {
				t.Fatal("a finding without a code")
			}
		}
	})
}
