package audit

import (
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// sequence verifies entries and checkpoints in their order, wherever they come
// from: the recomputed tree, the continuity of numbers and times, and every
// checkpoint against the root at its size.
type sequence struct {
	report   *Report
	verifier note.Verifier
	each     func(Entry) error

	tree     tree
	last     time.Time // of the entry before
	unsigned time.Time // of the first entry behind the newest checkpoint
	silent   bool      // the silence since that checkpoint is reported
	began    bool      // a checkpoint was seen
	gap      bool      // entries are missing, so roots cannot be recomputed
}

// entry takes the leaf that stands at number. It gives the hash of the leaf's
// bytes, and the entry where they can be read as the one with that number.
func (s *sequence) entry(number uint64, data []byte) (h tlog.Hash, e Entry, readable bool) {
	h = tlog.RecordHash(data)
	if number != s.tree.size && !s.gap {
		s.report.add(s.tree.size, "entries %d to %d are missing, so later roots cannot be recomputed", s.tree.size, number-1)
		s.gap = true
	}
	if !s.gap {
		s.tree.add(h)
	}
	s.report.Size++
	e, err := ParseLeaf(data)
	if err != nil {
		s.report.add(number, "the leaf cannot be read: %v", err)
		return h, e, false
	}
	if e.Number != number {
		s.report.add(number, "the leaf says that it is entry %d", e.Number)
		return h, e, false
	}
	s.time(e)
	if s.each != nil {
		if err := s.each(e); err != nil {
			s.report.add(number, "%v", err)
		}
	}
	return h, e, true
}

// time checks that times do not decrease and that the head was signed often.
func (s *sequence) time(e Entry) {
	if s.report.First.IsZero() {
		s.report.First = e.At
	}
	if e.At.Before(s.last) {
		s.report.add(e.Number, "its time, %s, is before that of the entry before it", e.At.Format(time.RFC3339Nano))
	}
	s.last, s.report.Last = e.At, e.At
	if s.unsigned.IsZero() {
		s.unsigned = e.At
	}
	if e.At.Sub(s.unsigned) > MaxSilence && !s.silent {
		s.silent = true
		s.report.add(e.Number, "no checkpoint was signed in the %d hours before it, while the log grew", int(e.At.Sub(s.unsigned).Hours()))
	}
}

// checkpoint takes a signed checkpoint that stands behind size entries.
func (s *sequence) checkpoint(size uint64, signed []byte) {
	s.began = true
	c, err := openCheckpoint(signed, s.verifier)
	switch {
	case err != nil:
		s.report.add(NoEntry, "the checkpoint of size %d: %v", size, err)
		return
	case c.Size != size:
		s.report.add(NoEntry, "the checkpoint of size %d stands in the place of size %d", c.Size, size)
		return
	case s.gap:
		s.report.add(NoEntry, "the checkpoint of size %d cannot be checked, because entries before it are missing", size)
		return
	case size > s.tree.size:
		s.report.add(s.tree.size, "the log ends here, but a checkpoint was signed over %d entries: the tail is missing", size)
		return
	case c.Root != s.tree.root():
		s.report.add(NoEntry, "the checkpoint of size %d was signed over other entries: one before %d was changed, moved or exchanged", size, size)
		return
	}
	s.report.Checkpoints++
	s.report.Signed = size
	s.unsigned, s.silent = time.Time{}, false
}

// end completes the report.
func (s *sequence) end() {
	if !s.began {
		s.report.add(NoEntry, "there is no checkpoint, so nothing vouches for any entry")
	}
	if !s.gap {
		s.report.Root = s.tree.root().String()
	}
}
