package audit_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"standpunt/audit"
	"standpunt/store"
)

// bundle is the evidence of proposal:1 after a trip through JSON.
func (r *room) bundle() (*audit.Evidence, []byte) {
	r.t.Helper()
	made, err := r.log.Evidence(r.t.Context(), "proposal:1")
	if err != nil {
		r.t.Fatal(err)
	}
	text, err := json.Marshal(made)
	if err != nil {
		r.t.Fatal(err)
	}
	return reread(r.t, text), text
}

func reread(t testing.TB, text []byte) *audit.Evidence {
	t.Helper()
	bundle, err := audit.ReadEvidence(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return bundle
}

func TestReadEvidenceIsStrict(t *testing.T) {
	for name, file := range map[string]string{
		"nothing": "", "another document": `{"hello":1}`, "something behind it": `{"format":"x"}{}`, "no JSON": "<html>",
	} {
		if _, err := audit.ReadEvidence(strings.NewReader(file)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func TestProofLeadsToTheCheckpoint(t *testing.T) {
	r := newRoom(t)
	for size := range uint64(20) {
		r.append(event(int(size)))
		for n := range size + 1 {
			leaf, proof, signed, err := r.log.Proof(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			c, err := audit.ParseCheckpoint(signed, r.log.VerifierKey())
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckRecord(proof, int64(c.Size), c.Root, int64(n), tlog.RecordHash(leaf)); err != nil {
				t.Errorf("entry %d of %d: %v", n, size+1, err)
			}
		}
	}
	if _, _, _, err := r.log.Proof(t.Context(), 20); err == nil {
		t.Error("a proof of an entry that does not exist")
	}
}

func TestEvidenceVerifiesByItself(t *testing.T) {
	r := newRoom(t)
	r.fill(12)
	var mention audit.Commitment
	r.update(func(tx *store.Tx) (err error) {
		if mention, err = r.log.Seal(tx, "test/mention", []byte("where is my parcel?")); err != nil {
			return err
		}
		e := event(1)
		e.Facts = map[string]string{"mention": mention.String()}
		_, err = r.log.Append(tx, e)
		return err
	})
	bundle, text := r.bundle()
	if err := audit.VerifyEvidence(bundle, r.log.VerifierKey()); err != nil {
		t.Fatal(err)
	}
	if len(bundle.Leaves) != 4 || len(bundle.Contents) != 2 || string(bundle.Contents[0].Payload) != "answer 1" || string(bundle.Contents[1].Payload) != "where is my parcel?" {
		t.Errorf("bundle %s", text)
	}
	r.update(func(tx *store.Tx) error { return r.log.Erase(tx, mention) })
	bundle, _ = r.bundle()
	if err := audit.VerifyEvidence(bundle, r.log.VerifierKey()); err != nil || len(bundle.Contents) != 1 {
		t.Errorf("after erasing: %d contents, %v", len(bundle.Contents), err)
	}
	if _, err := r.log.Evidence(t.Context(), "proposal:none"); err == nil {
		t.Error("evidence of nothing")
	}
}

// Every byte of a bundle is changed in turn: it is refused, or says the same.
func TestEveryFlippedByteOfEvidenceIsFound(t *testing.T) {
	r := newRoom(t)
	r.fill(6)
	bundle, text := r.bundle()
	if err := audit.VerifyEvidence(bundle, r.log.VerifierKey()); err != nil {
		t.Fatal(err)
	}
	for at := range text {
		spoilt := bytes.Clone(text)
		spoilt[at] ^= 1 << (at % 7)
		read, err := audit.ReadEvidence(bytes.NewReader(spoilt))
		if err != nil || audit.VerifyEvidence(read, r.log.VerifierKey()) != nil {
			continue
		}
		again, err := json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again, text) {
			t.Errorf("byte %d was changed and the bundle verifies with another meaning:\n%s", at, again)
		}
	}
}

func TestEvidenceThatWasTamperedWith(t *testing.T) {
	r, other := newRoom(t), newRoom(t)
	r.fill(12)
	other.fill(12)
	_, text := r.bundle()
	foreign, _ := other.bundle()
	for name, spoil := range map[string]func(b *audit.Evidence){
		"another text":             func(b *audit.Evidence) { b.Contents[0].Payload = []byte("answer 2") },
		"another salt":             func(b *audit.Evidence) { b.Contents[0].Salt[3]++ },
		"a salt of another length": func(b *audit.Evidence) { b.Contents[0].Salt = nil },
		"another domain":           func(b *audit.Evidence) { b.Contents[0].Domain += "x" },
		"another readable state":   func(b *audit.Evidence) { b.Leaves[1].To = "rejected" },
		"another readable number":  func(b *audit.Evidence) { b.Leaves[1].Number = 99 },
		"no leaves":                func(b *audit.Evidence) { b.Leaves = nil },
		"a leaf twice":             func(b *audit.Evidence) { b.Leaves = append(b.Leaves[:1:1], b.Leaves...) },
		"no proof":                 func(b *audit.Evidence) { b.Leaves[1].Proof = nil },
		"a proof cut short":        func(b *audit.Evidence) { b.Leaves[1].Proof = b.Leaves[1].Proof[1:] },
		"another leaf's proof":     func(b *audit.Evidence) { b.Leaves[1].Proof = b.Leaves[2].Proof },
		"another log's leaf":       func(b *audit.Evidence) { b.Leaves[0] = foreign.Leaves[0] },
		"another log's checkpoint": func(b *audit.Evidence) { b.Checkpoint = foreign.Checkpoint },
		"another log's key":        func(b *audit.Evidence) { b.Key = foreign.Key },
		"another format":           func(b *audit.Evidence) { b.Format = "standpunt-evidence/2" },
		"a content of no entry": func(b *audit.Evidence) {
			c := b.Contents[0]
			c.Commitment = audit.Commit(c.Domain, [32]byte{}, c.Payload)
			c.Salt = make([]byte, 32)
			b.Contents = append(b.Contents, c)
		},
		"a content twice": func(b *audit.Evidence) { b.Contents = append(b.Contents, b.Contents[0]) },
	} {
		t.Run(name, func(t *testing.T) {
			bundle := reread(t, text)
			spoil(bundle)
			if err := audit.VerifyEvidence(bundle, r.log.VerifierKey()); err == nil {
				t.Error("it verifies")
			}
		})
	}
	if err := audit.VerifyEvidence(foreign, r.log.VerifierKey()); err == nil {
		t.Error("another log's evidence verifies")
	}
}

func TestCommitSeparatesItsParts(t *testing.T) {
	var salt, other [32]byte
	other[0] = 1
	seen := map[audit.Commitment]string{}
	for name, c := range map[string]audit.Commitment{
		"ab+c":       audit.Commit("ab", salt, []byte("c")),
		"a+bc":       audit.Commit("a", salt, []byte("bc")),
		"a+bc other": audit.Commit("a", other, []byte("bc")),
		"a+":         audit.Commit("a", salt, nil),
		"a+NUL":      audit.Commit("a", salt, []byte{0}),
	} {
		if twin, ok := seen[c]; ok {
			t.Errorf("%s and %s have one commitment", name, twin)
		}
		seen[c] = name
	}
	// docs/audit-format.md computes it with xxd and sha256sum.
	const commitExample = "1996650cd055fef37416490b94152def34233aa180821cb54b65853bdcdb517d"
	if got := audit.Commit("a", salt, []byte("bc")).String(); got != commitExample {
		t.Errorf("the documented example is %s, computed %s", commitExample, got)
	}
}

func TestSealedComesBack(t *testing.T) {
	r := newRoom(t)
	r.update(func(tx *store.Tx) error {
		for _, payload := range []string{"text", ""} {
			c, err := r.log.Seal(tx, "test/text", []byte(payload))
			if err != nil {
				return err
			}
			domain, salt, got, ok, err := r.log.Sealed(tx, c)
			if err != nil || !ok || domain != "test/text" || string(got) != payload || got == nil || audit.Commit(domain, salt, got) != c {
				t.Errorf("sealed %q, got %q under %q, %v, %v", payload, got, domain, ok, err)
			}
			again, err := r.log.Seal(tx, "test/text", []byte(payload))
			if err != nil || again == c {
				t.Errorf("the same text twice has one commitment, %v", err)
			}
		}
		if _, err := r.log.Seal(tx, "", nil); err == nil {
			t.Error("an empty domain")
		}
		if _, err := r.log.Seal(tx, "x", make([]byte, audit.MaxPayload+1)); err == nil {
			t.Error("a payload above the limit")
		}
		_, _, _, ok, err := r.log.Sealed(tx, audit.Commitment{1})
		if ok || err != nil {
			t.Errorf("a commitment that was never sealed: %v, %v", ok, err)
		}
		return nil
	})
}
