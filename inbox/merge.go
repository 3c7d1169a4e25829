package inbox

import (
	"bytes"
	"context"
	"slices"
	"sort"

	"standpunt/store"
)

// How segments grow. A run of so many of one level becomes one of the next, up
// to a size at which a word's lists in all segments are still few to visit.
const (
	mergeFrom    = 8
	mergeAtMost  = 64
	biggest      = 1 << 16 // numbers
	stepBlocks   = 4000    // so that a transaction stays short
	highestLevel = 255
)

// MergeSegments merges runs of small search segments until none is left that
// is long enough, and deletes what earlier merges left behind. It writes in
// short transactions, so that ingest goes on, and picks up what a crash
// interrupted. The daemon calls it every few seconds; searches are right
// without it, and slower.
func (b *Inbox) MergeSegments(ctx context.Context) error {
	b.merging.Lock()
	defer b.merging.Unlock()
	if err := b.sweep(ctx, dropped, building); err != nil {
		return err
	}
	for {
		run, err := b.nextRun(ctx)
		if err != nil || run == nil {
			return err
		}
		if err := b.merge(ctx, run); err != nil {
			return err
		}
		if err := b.sweep(ctx, dropped); err != nil {
			return err
		}
	}
}

// nextRun is a run of neighbouring segments of one level that is long enough to
// merge, oldest first, or nil.
func (b *Inbox) nextRun(ctx context.Context) ([]segment, error) {
	var run []segment
	err := b.db.View(ctx, func(tx *store.Tx) error {
		all, err := segmentsIn(tx, live)
		slices.Reverse(all)
		run = pickRun(all)
		return err
	})
	return run, err
}

func pickRun(oldestFirst []segment) []segment {
	for i := 0; i < len(oldestFirst); {
		size := oldestFirst[i].size
		j := i + 1
		for j < len(oldestFirst) && j-i < mergeAtMost && oldestFirst[j].level == oldestFirst[i].level &&
			size+oldestFirst[j].size <= biggest {
			size += oldestFirst[j].size
			j++
		}
		if j-i >= mergeFrom && oldestFirst[i].level < highestLevel {
			return oldestFirst[i:j]
		}
		i = j
	}
	return nil
}

// merge writes the run's lists, oldest first, as one segment and puts it in
// the run's place. Until then it is in the state building and nobody reads it.
func (b *Inbox) merge(ctx context.Context, run []segment) error {
	target := segment{
		lo: run[0].lo, hi: run[len(run)-1].hi, level: run[0].level + 1, state: building,
	}
	for _, s := range run {
		target.size += s.size
	}
	var after []byte // the last term that is written
	for {
		blocks, last, err := b.mergeStep(ctx, run, target, after)
		if err != nil {
			return err
		}
		err = b.db.Update(ctx, func(tx *store.Tx) error {
			for _, x := range blocks {
				if err := tx.Put(wordBucket, x.key, x.value); err != nil {
					return err
				}
			}
			if last != nil {
				return target.put(tx)
			}
			return replace(tx, run, target)
		})
		if err != nil || last == nil {
			return err
		}
		after = last
	}
}

// replace makes a merged segment take the place of its run.
func replace(tx *store.Tx, run []segment, target segment) error {
	for _, s := range run {
		s.state = dropped
		if err := s.put(tx); err != nil {
			return err
		}
	}
	target.state = live
	return target.put(tx)
}

// mergeStep merges the lists of the terms after a given one until it has
// enough blocks for one transaction; last is the term it came to, nil at the
// end. Numbers that no text has any more are left out.
func (b *Inbox) mergeStep(ctx context.Context, run []segment, target segment, after []byte) (blocks []block, last []byte, err error) {
	err = b.db.View(ctx, func(tx *store.Tx) error {
		blocks, last = nil, nil
		dead := deadIn(tx)
		sources := make([]*source, len(run))
		for i, s := range run {
			sources[i] = newSource(tx, s, after)
		}
		for {
			var term []byte
			for _, s := range sources {
				if s.term != nil && (term == nil || bytes.Compare(s.term, term) < 0) {
					term = s.term
				}
			}
			if term == nil {
				last = nil
				return nil
			}
			if len(blocks) >= b.step {
				return nil
			}
			last = bytes.Clone(term)
			var numbers []uint64
			for _, s := range sources { // oldest first, so ascending
				if !bytes.Equal(s.term, last) {
					continue
				}
				if numbers, err = s.take(numbers); err != nil {
					return err
				}
			}
			numbers = slices.DeleteFunc(numbers, dead)
			blocks = append(blocks, blocksOf(target.key(), string(last), numbers)...)
		}
	})
	return blocks, last, err
}

// deadIn tells which numbers no text has any more, asking once for each.
func deadIn(tx *store.Tx) func(uint64) bool {
	known := make(map[uint64]bool)
	return func(n uint64) bool {
		dead, ok := known[n]
		if !ok {
			_, alive := placeOf(tx, n)
			dead = !alive
			known[n] = dead
		}
		return dead
	}
}

// source walks the terms of one segment.
type source struct {
	tx     *store.Tx
	prefix []byte
	cursor store.Cursor
	suffix []byte // of the block at hand
	term   []byte // nil at the end
}

func newSource(tx *store.Tx, s segment, after []byte) *source {
	src := &source{tx: tx, prefix: s.key()}
	src.cursor = tx.Cursor(wordBucket, src.prefix)
	var from []byte
	if after != nil {
		from = append(bytes.Clone(after), 1) // past every block of that term
	}
	src.at(src.cursor.Seek(from))
	return src
}

func (s *source) at(suffix []byte) {
	s.suffix, s.term = bytes.Clone(suffix), nil
	if suffix != nil {
		s.term = s.suffix[:max(len(suffix)-9, 0)]
	}
}

// take appends the numbers of the term at hand, ascending, and goes on to the
// next term.
func (s *source) take(list []uint64) ([]uint64, error) {
	begin := len(list)
	for term := s.term; bytes.Equal(s.term, term) && s.term != nil; s.at(s.cursor.Next()) {
		key := append(bytes.Clone(s.prefix), s.suffix...)
		_, lowest, err := splitBlockKey(key)
		if err != nil {
			return nil, err
		}
		if list, err = decodeBlock(list, lowest, s.tx.Get(wordBucket, key)); err != nil {
			return nil, err
		}
	}
	part := list[begin:] // the blocks came newest first
	sort.Slice(part, func(i, j int) bool { return part[i] < part[j] })
	return list, nil
}

// sweep deletes the lists of segments in the given states, and then the
// segments.
func (b *Inbox) sweep(ctx context.Context, states ...segmentState) error {
	for {
		var more bool
		// Looking first spares the daemon a commit every few seconds.
		err := b.db.View(ctx, func(tx *store.Tx) error {
			all, err := segmentsIn(tx, states...)
			more = len(all) > 0
			return err
		})
		if err != nil || !more {
			return err
		}
		err = b.db.Update(ctx, func(tx *store.Tx) error { return sweepStep(tx, b.step, states) })
		if err != nil {
			return err
		}
	}
}

func sweepStep(tx *store.Tx, left int, states []segmentState) error {
	all, err := segmentsIn(tx, states...)
	if err != nil {
		return err
	}
	for _, s := range all {
		var keys [][]byte
		for key := range tx.Scan(wordBucket, store.Range{Prefix: s.key()}) {
			if keys = append(keys, bytes.Clone(key)); len(keys) == left {
				break
			}
		}
		for _, key := range keys {
			if err := tx.Delete(wordBucket, key); err != nil {
				return err
			}
		}
		if left -= len(keys); left == 0 {
			return nil
		}
		if err := tx.Delete(segmentBucket, s.key()); err != nil {
			return err
		}
	}
	return nil
}
