package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"
)

// Uint64 is a number key; it sorts by value.
type Uint64 uint64

// Key is the number in 8 bytes, big-endian.
func (n Uint64) Key() []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// ParseUint64 reads what [Uint64.Key] wrote.
func ParseUint64(b []byte) (Uint64, error) {
	if len(b) != 8 {
		return 0, fmt.Errorf("store: a number key has 8 bytes, not %d", len(b))
	}
	return Uint64(binary.BigEndian.Uint64(b)), nil
}

// The escape of a zero byte inside a field, and the end of a field. A field
// thus never is the beginning of another one, and fields sort as their values.
const (
	escapedZero = 0xff
	fieldEnd    = 0x01
)

// Field builds a part of a key from values of any length. The result for one
// list of values is never the beginning of the result for another list of the
// same length, so a prefix scan over it finds that list alone; the results
// sort value by value. Each value costs two bytes more than its length, and
// one more for every zero byte in it.
func Field(values ...[]byte) []byte {
	size := 0
	for _, v := range values {
		size += len(v) + 2
	}
	key := make([]byte, 0, size)
	for _, v := range values {
		for {
			i := bytes.IndexByte(v, 0)
			if i < 0 {
				break
			}
			key = append(append(key, v[:i+1]...), escapedZero)
			v = v[i+1:]
		}
		key = append(append(key, v...), 0, fieldEnd)
	}
	return key
}

// ParseField splits the first of the values that [Field] joined off key.
func ParseField(key []byte) (value, rest []byte, err error) {
	value = []byte{}
	for {
		i := bytes.IndexByte(key, 0)
		if i < 0 || i+1 == len(key) {
			return nil, nil, fmt.Errorf("store: a key field has no end")
		}
		value = append(value, key[:i]...)
		mark := key[i+1]
		key = key[i+2:]
		switch mark {
		case fieldEnd:
			return value, key, nil
		case escapedZero:
			value = append(value, 0)
		default:
			return nil, nil, fmt.Errorf("store: byte %#x does not follow a zero in a key field", mark)
		}
	}
}

// Time is t to the millisecond in 8 bytes that sort oldest first.
func Time(t time.Time) []byte { return binary.BigEndian.AppendUint64(nil, sortable(t)) }

// NewestFirst is t to the millisecond in 8 bytes that sort newest first, so
// that an ascending scan meets the latest record at once.
func NewestFirst(t time.Time) []byte { return binary.BigEndian.AppendUint64(nil, ^sortable(t)) }

// ParseTime reads what [Time] wrote, from the first 8 bytes of b.
func ParseTime(b []byte) (time.Time, error) {
	if len(b) < 8 {
		return time.Time{}, fmt.Errorf("store: a time key has 8 bytes, not %d", len(b))
	}
	return fromSortable(binary.BigEndian.Uint64(b)), nil
}

// ParseNewestFirst reads what [NewestFirst] wrote, from the first 8 bytes of b.
func ParseNewestFirst(b []byte) (time.Time, error) {
	if len(b) < 8 {
		return time.Time{}, fmt.Errorf("store: a time key has 8 bytes, not %d", len(b))
	}
	return fromSortable(^binary.BigEndian.Uint64(b)), nil
}

// sortable moves the milliseconds since 1970 so that earlier times stay below.
func sortable(t time.Time) uint64 { return uint64(t.UnixMilli()) ^ 1<<63 }

func fromSortable(n uint64) time.Time { return time.UnixMilli(int64(n ^ 1<<63)).UTC() }
