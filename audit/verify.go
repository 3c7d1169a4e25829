package audit

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"standpunt/store"
)

// Verify recomputes the record in db with the public key alone and trusts
// nothing there that it can compute: every leaf's form, number and time, every
// stored hash, the root at every checkpoint, every signature, every sealed
// content that is present, and the indexes. db may be open read-only.
//
// each, if not nil, is called with every readable entry in order; its error
// becomes a problem of that entry, which is how transitions are replayed. What
// does not verify is in the report. An error means that the verification could
// not be done.
func Verify(ctx context.Context, db *store.DB, verifierKey string, each func(Entry) error) (report *Report, err error) {
	err = db.View(ctx, func(tx *store.Tx) error {
		report, err = VerifyIn(ctx, tx, verifierKey, each)
		return err
	})
	return report, err
}

// VerifyIn is [Verify] in a transaction of the caller's.
func VerifyIn(ctx context.Context, tx *store.Tx, verifierKey string, each func(Entry) error) (*Report, error) {
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		return nil, fmt.Errorf("audit: read the public key: %w", err)
	}
	report := &Report{Origin: verifier.Name(), Problems: []Problem{}}
	if named := identityIn(tx); named.key != verifierKey || named.origin != verifier.Name() {
		report.add(NoEntry, "the log names another public key or origin than it is verified with")
	}
	bad, err := verifySealed(ctx, tx, report)
	if err != nil {
		return nil, err
	}
	indexed := true
	seq := &sequence{report: report, verifier: verifier, each: func(e Entry) error {
		if indexed {
			if err := isIndexed(tx, e); err != nil {
				report.add(e.Number, "an index hides it: %v", err)
				indexed = false
			}
		}
		if what, ok := bad[e.Digest]; ok {
			delete(bad, e.Digest)
			report.add(e.Number, "%s", what)
		}
		if each == nil {
			return nil
		}
		return each(e)
	}}
	if err := verifyStored(ctx, tx, seq); err != nil {
		return nil, err
	}
	for _, what := range slices.Sorted(maps.Values(bad)) {
		report.add(NoEntry, "%s", what)
	}
	if report.OK() { // else the indexes of what is broken are no news
		if err := indexesHold(tx, report.Size); err != nil {
			report.add(NoEntry, "an index invents entries: %v", err)
		}
	}
	return report, nil
}

// verifySealed holds every sealed content against its commitment and gives the
// faulty ones.
func verifySealed(ctx context.Context, tx *store.Tx, report *Report) (map[Commitment]string, error) {
	bad := make(map[Commitment]string)
	for key, data := range tx.Scan(sealed, store.Range{}) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var c Commitment
		if len(key) != len(c) {
			report.add(NoEntry, "a sealed content stands under a key of %d bytes", len(key))
			continue
		}
		copy(c[:], key)
		found, err := openContent(c, data)
		switch {
		case err != nil && len(bad) < MaxProblems:
			bad[c] = err.Error()
		case err != nil:
			report.Unlisted++
		case found.Erased != 0:
			report.Erased++
		default:
			report.Sealed++
		}
	}
	return bad, nil
}

// verifyStored walks entries, stored hashes and checkpoints side by side.
func verifyStored(ctx context.Context, tx *store.Tx, seq *sequence) error {
	signed := newWalk(tx, checkpoints)
	defer signed.stop()
	stored := newWalk(tx, hashes)
	defer stored.stop()
	nodes := &hashCheck{report: seq.report, stored: stored}

	upTo := func(size uint64) {
		for signed.key != nil && (signed.number <= size || signed.bad) {
			if signed.bad {
				seq.report.add(NoEntry, "a checkpoint stands under a key of %d bytes that is no size", len(signed.key))
			} else {
				seq.checkpoint(signed.number, signed.value)
			}
			signed.next()
		}
	}
	upTo(0)
	for key, data := range tx.Scan(entries, store.Range{}) {
		if err := ctx.Err(); err != nil {
			return err
		}
		number, err := number64(key)
		if err != nil {
			seq.report.add(NoEntry, "an entry stands under a key that is no number")
			continue
		}
		h, _, _ := seq.entry(number, data)
		nodes.leaf(number, h)
		upTo(number + 1)
	}
	upTo(NoEntry)
	nodes.end()
	seq.end()
	return nil
}

// hashCheck holds the stored hashes against the entries (leaves) and against
// each other (inner nodes), so that a changed entry and a changed hash are told
// apart and do not spoil every node above them.
type hashCheck struct {
	report *Report
	stored *walk
	tree   tree // over the stored leaf hashes
	broken bool
}

// leaf takes the hash of the entry's bytes, at number.
func (c *hashCheck) leaf(number uint64, h tlog.Hash) {
	if c.broken || number != c.tree.size {
		c.broken = true // the missing entry is reported already
		return
	}
	at := uint64(tlog.StoredHashIndex(0, int64(number)))
	kept, ok := c.take(number, at)
	if !ok {
		return
	}
	if kept != h {
		c.report.add(number, "its hash is not the stored one: the entry or the stored hash was changed")
	}
	for level, want := range c.tree.add(kept) {
		if level == 0 {
			continue
		}
		first := number + 1 - 1<<level
		kept, ok := c.take(first, at+uint64(level))
		if !ok {
			return
		}
		if kept != want {
			c.report.add(first, "the stored hash over entries %d to %d is not that of its parts", first, number)
		}
	}
}

// take is the stored hash at index, which is about the entries from number on.
func (c *hashCheck) take(number, index uint64) (tlog.Hash, bool) {
	s := c.stored
	if s.key == nil || s.bad || s.number != index || len(s.value) != tlog.HashSize {
		c.report.add(number, "the stored hash %d is missing or damaged", index)
		c.broken = true
		return tlog.Hash{}, false
	}
	h := tlog.Hash(s.value)
	s.next()
	return h, true
}

// end reports hashes behind the last entry.
func (c *hashCheck) end() {
	if !c.broken && c.stored.key != nil {
		c.report.add(c.tree.size, "hashes are stored for entries that are not there: the tail is missing")
	}
}

// walk is a scan of a bucket with numbered keys that is read one step at a time.
type walk struct {
	key, value []byte // nil at the end
	number     uint64
	bad        bool // the key is no number
	step       func() ([]byte, []byte, bool)
	stop       func()
}

func newWalk(tx *store.Tx, b store.Bucket) *walk { return newWalkFrom(tx, b, 0) }

func newWalkFrom(tx *store.Tx, b store.Bucket, first uint64) *walk {
	w := &walk{}
	from := store.Range{}
	if first > 0 {
		from.From = key64(first)
	}
	w.step, w.stop = iter.Pull2(tx.Scan(b, from))
	w.next()
	return w
}

func (w *walk) next() {
	key, value, ok := w.step()
	if !ok {
		w.key, w.value = nil, nil
		return
	}
	number, err := number64(key)
	w.key, w.value, w.number, w.bad = key, value, number, err != nil
}
