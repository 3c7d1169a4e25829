package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"standpunt/store"
)

// evidenceFormat names the bundles that this program writes.
const evidenceFormat = "standpunt-evidence/1"

// MaxEvidence is the most entries that one bundle holds.
const MaxEvidence = 10_000

// Evidence is a bundle that verifies by itself: entries, the proof that each
// stands in the log, the checkpoint that the proofs lead to, and the contents
// that the entries commit to. As JSON it is a file that an outsider keeps.
type Evidence struct {
	Format     string           `json:"format"`
	Key        string           `json:"key"` // for the reader; a verifier uses a key that came another way
	Checkpoint string           `json:"checkpoint"`
	Leaves     []ProvenLeaf     `json:"leaves"`   // by number
	Contents   []SealedContents `json:"contents"` // in the order in which the leaves name them
}

// ProvenLeaf is an entry with the proof that the checkpoint covers it.
type ProvenLeaf struct {
	ReadableLeaf
	Proof tlog.RecordProof `json:"proof"`
}

// SealedContents is what a commitment commits to.
type SealedContents struct {
	Commitment Commitment `json:"commitment"`
	Domain     string     `json:"domain"`
	Salt       []byte     `json:"salt"`
	Payload    []byte     `json:"payload"`
}

// Proof is the inclusion proof of one entry in the newest checkpoint, with the
// leaf. An entry that no checkpoint covers yet gets one signed first.
func (l *Log) Proof(ctx context.Context, number uint64) (leaf []byte, proof tlog.RecordProof, checkpoint []byte, err error) {
	c, checkpoint, err := l.covering(ctx, number)
	if err != nil {
		return nil, nil, nil, err
	}
	err = l.db.View(ctx, func(tx *store.Tx) error {
		leaf, proof, err = prove(tx, c, number)
		return err
	})
	return leaf, proof, checkpoint, err
}

// Evidence bundles every entry about the subjects with its proof, and the
// contents that they commit to as far as those are not erased.
func (l *Log) Evidence(ctx context.Context, subjects ...Subject) (*Evidence, error) {
	numbers, err := l.numbersOf(ctx, subjects)
	if err != nil {
		return nil, err
	}
	return l.EvidenceOf(ctx, numbers...)
}

// EvidenceOf is [Log.Evidence] for entries by their numbers.
func (l *Log) EvidenceOf(ctx context.Context, numbers ...uint64) (*Evidence, error) {
	if len(numbers) == 0 {
		return nil, errors.New("audit: evidence of no entry")
	}
	if len(numbers) > MaxEvidence {
		return nil, fmt.Errorf("audit: evidence of %d entries, at most %d are bundled", len(numbers), MaxEvidence)
	}
	numbers = slices.Compact(slices.Sorted(slices.Values(numbers)))
	c, checkpoint, err := l.covering(ctx, numbers[len(numbers)-1])
	if err != nil {
		return nil, err
	}
	var bundle *Evidence
	err = l.db.View(ctx, func(tx *store.Tx) error {
		bundle = &Evidence{Format: evidenceFormat, Key: l.key, Checkpoint: string(checkpoint), Contents: []SealedContents{}}
		seen := make(map[Commitment]bool)
		for _, number := range numbers {
			data, proof, err := prove(tx, c, number)
			if err != nil {
				return err
			}
			e, err := readEntry(key64(number), data)
			if err != nil {
				return err
			}
			bundle.Leaves = append(bundle.Leaves, ProvenLeaf{readable(e, data), proof})
			if err := l.addContents(tx, bundle, e, seen); err != nil {
				return err
			}
		}
		return nil
	})
	return bundle, err
}

func (l *Log) addContents(tx *store.Tx, bundle *Evidence, e Entry, seen map[Commitment]bool) error {
	for _, c := range commitments(e.Event) {
		if seen[c] {
			continue
		}
		seen[c] = true
		domain, salt, payload, ok, err := l.Sealed(tx, c)
		if err != nil {
			return err
		}
		if ok {
			bundle.Contents = append(bundle.Contents, SealedContents{c, domain, salt[:], payload})
		}
	}
	return nil
}

// commitments are those that the event names: its digest, and the facts that
// have the form of one.
func commitments(e Event) []Commitment {
	var found []Commitment
	if e.Digest != (Commitment{}) {
		found = append(found, e.Digest)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Facts)) {
		if c, err := ParseCommitment(e.Facts[name]); err == nil && c != (Commitment{}) && c.String() == e.Facts[name] {
			found = append(found, c)
		}
	}
	return found
}

func (l *Log) numbersOf(ctx context.Context, subjects []Subject) (numbers []uint64, err error) {
	err = l.db.View(ctx, func(tx *store.Tx) error {
		numbers = nil
		for _, s := range subjects {
			for e, err := range l.BySubject(tx, s) {
				if err != nil {
					return err
				}
				if numbers = append(numbers, e.Number); len(numbers) > MaxEvidence {
					return fmt.Errorf("audit: evidence of more than %d entries", MaxEvidence)
				}
			}
		}
		return nil
	})
	return numbers, err
}

// covering is the newest checkpoint, after signing the head if the newest does
// not cover the entry.
func (l *Log) covering(ctx context.Context, number uint64) (Checkpoint, []byte, error) {
	c, signed, err := l.LastCheckpoint(ctx)
	if err != nil || number < c.Size {
		return c, signed, err
	}
	if signed, err = l.Checkpoint(ctx); err != nil {
		return c, nil, err
	}
	if c, err = openCheckpoint(signed, l.verifier); err == nil && number >= c.Size {
		err = fmt.Errorf("audit: there is no entry %d", number)
	}
	return c, signed, err
}

// prove is the leaf and its inclusion proof, which is checked before it is
// handed out.
func prove(tx *store.Tx, c Checkpoint, number uint64) ([]byte, tlog.RecordProof, error) {
	data := bytes.Clone(tx.Get(entries, key64(number)))
	if data == nil || number >= c.Size {
		return nil, nil, fmt.Errorf("audit: there is no entry %d under the checkpoint of size %d", number, c.Size)
	}
	size, n := int64(c.Size), int64(number)
	proof, err := tlog.ProveRecord(size, n, storedHashes(tx))
	if err != nil {
		return nil, nil, fmt.Errorf("audit: prove entry %d: %w", number, err)
	}
	if err := tlog.CheckRecord(proof, size, c.Root, n, tlog.RecordHash(data)); err != nil {
		return nil, nil, fmt.Errorf("audit: entry %d is not the one that the checkpoint of size %d covers: %w", number, c.Size, err)
	}
	return data, proof, nil
}

// VerifyEvidence verifies a bundle with the public key alone: the checkpoint's
// signature, each leaf's form, readable fields and inclusion, and that each
// content is what one of the leaves commits to. It gives the first fault.
func VerifyEvidence(bundle *Evidence, verifierKey string) error {
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		return fmt.Errorf("audit: read the public key: %w", err)
	}
	if bundle.Format != evidenceFormat {
		return fmt.Errorf("audit: evidence in the format %q, this program knows %q", bundle.Format, evidenceFormat)
	}
	if bundle.Key != verifierKey {
		return errors.New("audit: the evidence names another public key than it is verified with")
	}
	c, err := openCheckpoint([]byte(bundle.Checkpoint), verifier)
	if err != nil {
		return err
	}
	if len(bundle.Leaves) == 0 {
		return errors.New("audit: the evidence holds no entry")
	}
	named := make(map[Commitment]bool)
	next := uint64(0)
	for _, l := range bundle.Leaves {
		e, err := verifyLeaf(l, c, next)
		if err != nil {
			return err
		}
		next = e.Number + 1
		for _, commitment := range commitments(e.Event) {
			named[commitment] = true
		}
	}
	for _, content := range bundle.Contents {
		var salt [32]byte
		if len(content.Salt) != len(salt) {
			return fmt.Errorf("audit: the content of %s has a salt of %d bytes", content.Commitment, len(content.Salt))
		}
		copy(salt[:], content.Salt)
		if Commit(content.Domain, salt, content.Payload) != content.Commitment {
			return fmt.Errorf("audit: the content of %s is not what it commits to", content.Commitment)
		}
		if !named[content.Commitment] {
			return fmt.Errorf("audit: no entry of the evidence commits to the content of %s", content.Commitment)
		}
		delete(named, content.Commitment) // each stands once
	}
	return nil
}

// verifyLeaf checks one leaf, whose number is not below least.
func verifyLeaf(l ProvenLeaf, c Checkpoint, least uint64) (Entry, error) {
	e, err := ParseLeaf(l.Leaf)
	if err != nil {
		return Entry{}, fmt.Errorf("audit: entry %d of the evidence: %w", l.Number, err)
	}
	said, err := line(l.ReadableLeaf)
	if err != nil {
		return Entry{}, err
	}
	written, err := line(readable(e, l.Leaf))
	if err != nil {
		return Entry{}, err
	}
	switch {
	case !bytes.Equal(said, written):
		return Entry{}, fmt.Errorf("audit: entry %d of the evidence: the readable fields are not what the leaf says", e.Number)
	case e.Number < least:
		return Entry{}, fmt.Errorf("audit: entry %d of the evidence stands twice, or out of order", e.Number)
	case e.Number >= c.Size:
		return Entry{}, fmt.Errorf("audit: entry %d of the evidence lies behind its checkpoint", e.Number)
	}
	if err := tlog.CheckRecord(l.Proof, int64(c.Size), c.Root, int64(e.Number), tlog.RecordHash(l.Leaf)); err != nil {
		return Entry{}, fmt.Errorf("audit: entry %d of the evidence is not in the log that was signed: %w", e.Number, err)
	}
	return e, nil
}

// maxEvidence bounds a bundle's file, in bytes.
const maxEvidence = 256 << 20

// ReadEvidence reads a bundle's file, strictly: an unknown field or anything
// behind the bundle is an error. [VerifyEvidence] tells what it is worth.
func ReadEvidence(r io.Reader) (*Evidence, error) {
	dec := json.NewDecoder(io.LimitReader(r, maxEvidence))
	dec.DisallowUnknownFields()
	var bundle Evidence
	if err := dec.Decode(&bundle); err != nil {
		return nil, fmt.Errorf("audit: read the evidence: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("audit: read the evidence: something stands behind the bundle")
	}
	return &bundle, nil
}
