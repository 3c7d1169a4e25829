package inbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"

	"standpunt/store"
)

// segment is a set of posting lists over the numbers lo to hi. Segments that
// are live cover different numbers.
type segment struct {
	lo, hi uint64
	level  byte // 0 as written by a page; a merge makes one level more
	state  segmentState
	size   uint64 // how many numbers it may hold: hi-lo+1 for a page, the sum for a merge
}

type segmentState byte

const (
	live     segmentState = 'l'
	building segmentState = 'b' // a merge writes it; not read yet
	dropped  segmentState = 'd' // merged away; its lists are being deleted
)

const blockSize = 128 // numbers in one block of a posting list

// key is the segment's key, and the beginning of the keys of its lists. A page
// and the merge that ends with it differ in level.
func (s segment) key() []byte {
	return append(binary.BigEndian.AppendUint64(nil, ^s.hi), s.level)
}

func (s segment) put(tx *store.Tx) error {
	value := binary.BigEndian.AppendUint64([]byte{byte(s.state)}, s.lo)
	return tx.Put(segmentBucket, s.key(), binary.BigEndian.AppendUint64(value, s.size))
}

func decodeSegment(key, value []byte) (segment, error) {
	if len(key) != 9 || len(value) != 17 {
		return segment{}, fmt.Errorf("inbox: segment %x is malformed", key)
	}
	return segment{
		hi: ^binary.BigEndian.Uint64(key), level: key[8], state: segmentState(value[0]),
		lo: binary.BigEndian.Uint64(value[1:]), size: binary.BigEndian.Uint64(value[9:]),
	}, nil
}

// segmentsIn are the segments in one of the states, newest first.
func segmentsIn(tx *store.Tx, states ...segmentState) ([]segment, error) {
	var all []segment
	for key, value := range tx.Scan(segmentBucket, store.Range{}) {
		s, err := decodeSegment(key, value)
		if err != nil {
			return nil, err
		}
		if slices.Contains(states, s.state) {
			all = append(all, s)
		}
	}
	return all, nil
}

// writeSegment writes a page's lists as a segment of their own.
func writeSegment(tx *store.Tx, s segment, lists map[string][]uint64) error {
	s.state, s.size = live, s.hi-s.lo+1
	terms := make([]string, 0, len(lists))
	for t := range lists {
		terms = append(terms, t)
	}
	sort.Strings(terms)
	for _, t := range terms {
		for _, b := range blocksOf(s.key(), t, lists[t]) {
			if err := tx.Put(wordBucket, b.key, b.value); err != nil {
				return err
			}
		}
	}
	return s.put(tx)
}

// block is one entry of inbox.words.
type block struct{ key, value []byte }

// listKey is the beginning of the keys of a term's blocks.
func listKey(segment []byte, term string) []byte {
	key := make([]byte, 0, len(segment)+len(term)+9)
	return append(append(append(key, segment...), term...), 0)
}

// blocksOf cuts a list, ascending, into blocks. A block's key ends with its
// inverted lowest number, so that the first block at or after ^n is the one
// that holds the highest number up to n; its value is how much each further
// number is higher than the one before, as varints.
func blocksOf(segment []byte, term string, numbers []uint64) []block {
	prefix := listKey(segment, term)
	var all []block
	for len(numbers) > 0 {
		n := min(blockSize, len(numbers))
		part := numbers[:n]
		numbers = numbers[n:]
		b := block{key: binary.BigEndian.AppendUint64(slices.Clone(prefix), ^part[0]), value: []byte{}}
		for i := 1; i < len(part); i++ {
			b.value = binary.AppendUvarint(b.value, part[i]-part[i-1])
		}
		all = append(all, b)
	}
	return all
}

var errBlock = errors.New("inbox: a block of a posting list is malformed")

// decodeBlock appends a block's numbers, ascending, to list.
func decodeBlock(list []uint64, lowest uint64, value []byte) ([]uint64, error) {
	list = append(list, lowest)
	for len(value) > 0 {
		gap, n := binary.Uvarint(value)
		if n <= 0 || gap == 0 || lowest+gap < lowest {
			return nil, errBlock
		}
		lowest += gap
		list = append(list, lowest)
		value = value[n:]
	}
	return list, nil
}

// splitBlockKey tells which segment a block belongs to and its lowest number.
func splitBlockKey(key []byte) (segment []byte, lowest uint64, err error) {
	if len(key) < 9+1+8 || key[len(key)-9] != 0 {
		return nil, 0, errBlock
	}
	return key[:9], ^binary.BigEndian.Uint64(key[len(key)-8:]), nil
}

// postings reads the list of one term in one segment.
type postings struct {
	tx     *store.Tx
	prefix []byte
	cursor store.Cursor
	loaded bool
	upper  uint64   // the block was the answer for this number
	block  []uint64 // ascending; empty: nothing at or below upper
}

func newPostings(tx *store.Tx, segment []byte, term string) *postings {
	prefix := listKey(segment, term)
	return &postings{tx: tx, prefix: prefix, cursor: tx.Cursor(wordBucket, prefix)}
}

// atMost is the highest number of the list that is not above n.
func (p *postings) atMost(n uint64) (uint64, bool, error) {
	if !p.loaded || n > p.upper || len(p.block) > 0 && n < p.block[0] {
		if err := p.load(n); err != nil {
			return 0, false, err
		}
	}
	i, exact := slices.BinarySearch(p.block, n)
	if !exact {
		i--
	}
	if i < 0 {
		return 0, false, nil
	}
	return p.block[i], true, nil
}

func (p *postings) load(n uint64) error {
	p.loaded, p.upper, p.block = true, n, p.block[:0]
	suffix := p.cursor.Seek(binary.BigEndian.AppendUint64(nil, ^n))
	if suffix == nil {
		return nil
	}
	if len(suffix) != 8 {
		return errBlock
	}
	key := append(slices.Clone(p.prefix), suffix...)
	var err error
	p.block, err = decodeBlock(p.block, ^binary.BigEndian.Uint64(suffix), p.tx.Get(wordBucket, key))
	return err
}
