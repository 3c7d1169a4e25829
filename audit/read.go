package audit

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"sort"
	"time"

	"standpunt/store"
)

// NoneBefore stands for the place before the first entry in [Log.Entries], and
// for the place behind the newest in [Log.Search].
const NoneBefore = ^uint64(0)

// MaxPage is the most entries that one page holds.
const MaxPage = 1000

// Filter narrows a search. Every field that is set must match.
type Filter struct {
	Actor   Actor
	Subject Subject
	Kind    string    // a prefix: "proposal." or "proposal.approved"
	From    time.Time // inclusive
	To      time.Time // exclusive
}

// Entries is the page of at most limit entries behind the number after, oldest
// first. limit is at most [MaxPage]; 0 asks for that many.
func (l *Log) Entries(ctx context.Context, after uint64, limit int) (page []Entry, err error) {
	limit = clampLimit(limit)
	err = l.db.View(ctx, func(tx *store.Tx) error {
		page = nil
		for key, data := range tx.Scan(entries, store.Range{From: key64(after + 1)}) { // NoneBefore wraps to 0
			e, err := readEntry(key, data)
			if err != nil {
				return err
			}
			if page = append(page, e); len(page) == limit {
				break
			}
		}
		return nil
	})
	return page, err
}

// EntryIn is one entry, and false where the log is shorter.
func EntryIn(tx *store.Tx, number uint64) (Entry, bool, error) {
	data := tx.Get(entries, key64(number))
	if data == nil {
		return Entry{}, false, nil
	}
	e, err := readEntry(key64(number), data)
	return e, err == nil, err
}

// BySubject yields the entries of one subject, oldest first. The log must not
// be appended to while the sequence runs.
func (l *Log) BySubject(tx *store.Tx, s Subject) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		prefix := indexPrefix(string(s))
		for key := range tx.ScanReverse(bySubject, store.Range{Prefix: prefix}) {
			number, err := numberOf(key[len(prefix):])
			if err != nil {
				yield(Entry{}, err)
				return
			}
			e, err := mustEntry(tx, number)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Search is the page of at most limit entries that match the filter, newest
// first, with numbers below before. Its cost follows the page, not the log.
func (l *Log) Search(ctx context.Context, f Filter, before uint64, limit int) (page []Entry, err error) {
	return search(ctx, l.db, f, before, clampLimit(limit))
}

func search(ctx context.Context, db *store.DB, f Filter, before uint64, limit int) (page []Entry, err error) {
	err = db.View(ctx, func(tx *store.Tx) error {
		page = nil
		for e, err := range searchIn(ctx, tx, f, before) {
			if err != nil {
				return err
			}
			if page = append(page, e); len(page) == limit {
				break
			}
		}
		return nil
	})
	return page, err
}

// searchIn yields what matches, newest first.
func searchIn(ctx context.Context, tx *store.Tx, f Filter, before uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		low, high, err := bounds(tx, f, before)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		if low >= high {
			return
		}
		for number, err := range numbers(tx, f, low, high) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
			e, err := mustEntry(tx, number)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// numbers yields the numbers in [low, high) that the indexes give for the
// filter, highest first.
func numbers(tx *store.Tx, f Filter, low, high uint64) iter.Seq2[uint64, error] {
	var streams []store.Cursor
	if f.Actor != "" {
		streams = append(streams, tx.Cursor(byActor, indexPrefix(string(f.Actor))))
	}
	if f.Subject != "" {
		streams = append(streams, tx.Cursor(bySubject, indexPrefix(string(f.Subject))))
	}
	if f.Kind != "" {
		streams = append(streams, kindStream(tx, f.Kind))
	}
	return func(yield func(uint64, error) bool) {
		if len(streams) == 0 {
			for n := high; n > low; n-- {
				if !yield(n-1, nil) {
					return
				}
			}
			return
		}
		for suffix := range store.Intersect(key64(^(high - 1)), streams...) {
			n, err := numberOf(suffix)
			if err == nil && n < low {
				return
			}
			if !yield(n, err) || err != nil {
				return
			}
		}
	}
}

// bounds are the lowest number and the one behind the highest that time and
// before leave. Times never decrease along the log, so both are found by
// halving.
func bounds(tx *store.Tx, f Filter, before uint64) (low, high uint64, err error) {
	size, err := SizeIn(tx)
	if err != nil {
		return 0, 0, err
	}
	first := func(t time.Time) uint64 {
		return uint64(sort.Search(int(size), func(i int) bool {
			e, failed := mustEntry(tx, uint64(i))
			if failed != nil {
				err = failed
			}
			return !e.At.Before(t)
		}))
	}
	high = min(before, size)
	if !f.From.IsZero() {
		low = first(f.From)
	}
	if !f.To.IsZero() {
		high = min(high, first(f.To))
	}
	return low, high, err
}

// kindStream is one stream over every kind that begins with prefix.
func kindStream(tx *store.Tx, prefix string) store.Cursor {
	var kinds []store.Cursor
	from := []byte(prefix)
	for {
		kind := nextKind(tx, prefix, from)
		if kind == nil {
			break
		}
		kinds = append(kinds, tx.Cursor(byKind, indexPrefix(string(kind))))
		from = append(kind, 1) // behind every key of this kind
	}
	return &union{parts: kinds}
}

// nextKind is the first kind at or behind from, nil at the end.
func nextKind(tx *store.Tx, prefix string, from []byte) []byte {
	for key := range tx.Scan(byKind, store.Range{Prefix: []byte(prefix), From: from}) {
		kind, _, _ := bytes.Cut(key, []byte{0})
		return bytes.Clone(kind)
	}
	return nil
}

// union merges ascending streams into one.
type union struct {
	parts []store.Cursor
	heads [][]byte
}

// Seek goes to the first suffix of any part that is not less than suffix.
func (u *union) Seek(suffix []byte) []byte {
	u.heads = u.heads[:0]
	for _, p := range u.parts {
		u.heads = append(u.heads, bytes.Clone(p.Seek(suffix)))
	}
	return u.least()
}

// Next goes one suffix on.
func (u *union) Next() []byte {
	now := u.least()
	for i, head := range u.heads {
		if now != nil && bytes.Equal(head, now) {
			u.heads[i] = bytes.Clone(u.parts[i].Next())
		}
	}
	return u.least()
}

func (u *union) least() []byte {
	var least []byte
	for _, head := range u.heads {
		if head != nil && (least == nil || bytes.Compare(head, least) < 0) {
			least = head
		}
	}
	return least
}

// indexKey is one index entry.
type indexKey struct {
	bucket store.Bucket
	key    []byte
}

func indexKeys(e Event, number uint64) []indexKey {
	behind := key64(^number)
	return []indexKey{
		{byActor, append(indexPrefix(string(e.Actor)), behind...)},
		{bySubject, append(indexPrefix(string(e.Subject)), behind...)},
		{byKind, append(indexPrefix(e.Kind), behind...)},
	}
}

// indexPrefix ends a value with a zero byte, which none of them holds.
func indexPrefix(value string) []byte { return append([]byte(value), 0) }

// numberOf reads the inverted number at the end of an index key.
func numberOf(suffix []byte) (uint64, error) {
	if len(suffix) != 8 {
		return 0, fmt.Errorf("audit: an index entry ends with %d bytes where 8 were expected", len(suffix))
	}
	inverted := make([]byte, 8)
	for i, b := range suffix {
		inverted[i] = ^b
	}
	return number64(inverted)
}

// checkIndexes proves that the indexes hold exactly the entries of the log.
func checkIndexes(tx *store.Tx) error {
	var count uint64
	for key, data := range tx.Scan(entries, store.Range{}) {
		e, err := readEntry(key, data)
		if err != nil {
			return err
		}
		if err := isIndexed(tx, e); err != nil {
			return err
		}
		count++
	}
	return indexesHold(tx, count)
}

func isIndexed(tx *store.Tx, e Entry) error {
	for _, x := range indexKeys(e.Event, e.Number) {
		if tx.Get(x.bucket, x.key) == nil {
			return fmt.Errorf("audit: entry %d is not in %s", e.Number, x.bucket)
		}
	}
	return nil
}

// indexesHold reports an index that does not hold count keys.
func indexesHold(tx *store.Tx, count uint64) error {
	for _, b := range []store.Bucket{byActor, bySubject, byKind} {
		var indexed uint64
		for range tx.Scan(b, store.Range{}) {
			indexed++
		}
		if indexed != count {
			return fmt.Errorf("audit: %s holds %d entries, the log %d", b, indexed, count)
		}
	}
	return nil
}

func mustEntry(tx *store.Tx, number uint64) (Entry, error) {
	e, ok, err := EntryIn(tx, number)
	if err == nil && !ok {
		err = fmt.Errorf("audit: entry %d is missing", number)
	}
	return e, err
}

func readEntry(key, data []byte) (Entry, error) {
	number, err := number64(key)
	if err != nil {
		return Entry{}, err
	}
	e, err := ParseLeaf(data)
	if err != nil {
		return Entry{}, fmt.Errorf("audit: entry %d: %w", number, err)
	}
	if e.Number != number {
		return Entry{}, fmt.Errorf("audit: entry %d says that it is entry %d", number, e.Number)
	}
	return e, nil
}

func clampLimit(limit int) int {
	if limit <= 0 || limit > MaxPage {
		return MaxPage
	}
	return limit
}
