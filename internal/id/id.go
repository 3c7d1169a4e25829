// Package id gives every kind of record an identifier type of its own.
//
// An [ID] is a UUIDv7: 16 bytes, the first 6 the time in milliseconds, so that
// keys made from it sort by creation and bbolt appends instead of splitting
// random pages. The type parameter is a phantom: a MentionID and a ProposalID
// hold the same bytes and do not compile in each other's place.
package id

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// ID identifies a record of kind K. The zero ID means "none".
type ID[K any] [16]byte

// New makes an id for now. It panics only if the system's random source fails.
func New[K any]() ID[K] { return ID[K](uuid.Must(uuid.NewV7())) }

// At makes an id whose time part is at, for records that arrive in one
// transaction with one timestamp. Ids for one and the same newest millisecond
// sort in the order in which this process made them, 4096 of them.
func At[K any](at time.Time) ID[K] {
	v := ID[K](uuid.Must(uuid.NewV7()))
	ms := uint64(at.UnixMilli())
	for i := range 6 {
		v[i] = byte(ms >> (8 * (5 - i)))
	}
	if seq, ok := newest.next(ms); ok {
		v[6], v[7] = 0x70|byte(seq>>8), byte(seq)
	}
	return v
}

// newest counts the ids of the newest millisecond that At was asked for.
var newest sequence

type sequence struct {
	mu  sync.Mutex
	ms  uint64
	seq uint16
}

// next is the place of one more id in ms. It is false for an earlier
// millisecond and where the 12 bits are used up: such ids keep random bits.
func (s *sequence) next(ms uint64) (uint16, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case ms < s.ms:
		return 0, false
	case ms > s.ms:
		s.ms, s.seq = ms, 0
	case s.seq == 1<<12-1:
		return 0, false
	default:
		s.seq++
	}
	return s.seq, true
}

// Parse reads the canonical text form.
func Parse[K any](s string) (ID[K], error) {
	u, err := uuid.Parse(s)
	if err != nil || len(s) != 36 {
		return ID[K]{}, fmt.Errorf("id: %q is not an identifier", s)
	}
	return ID[K](u), nil
}

// FromBytes reads the 16 bytes of a key.
func FromBytes[K any](b []byte) (ID[K], error) {
	var v ID[K]
	if len(b) != len(v) {
		return v, fmt.Errorf("id: %d bytes where 16 were expected: %s", len(b), hex.EncodeToString(b))
	}
	copy(v[:], b)
	return v, nil
}

// IsZero reports whether the id means "none".
func (v ID[K]) IsZero() bool { return v == ID[K]{} }

// Key is the id as a store key.
func (v ID[K]) Key() []byte { return bytes.Clone(v[:]) }

// Time is the time part, to the millisecond.
func (v ID[K]) Time() time.Time {
	var ms int64
	for i := range 6 {
		ms = ms<<8 | int64(v[i])
	}
	return time.UnixMilli(ms).UTC()
}

// String is the canonical text form, empty for the zero id.
func (v ID[K]) String() string {
	if v.IsZero() {
		return ""
	}
	return uuid.UUID(v).String()
}

// MarshalText writes the canonical text form, empty for the zero id.
func (v ID[K]) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (v *ID[K]) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*v = ID[K]{}
		return nil
	}
	parsed, err := Parse[K](string(b))
	if err != nil {
		return err
	}
	*v = parsed
	return nil
}

// MarshalBinary writes the 16 bytes, none for the zero id: this is what CBOR
// records hold.
func (v ID[K]) MarshalBinary() ([]byte, error) {
	if v.IsZero() {
		return nil, nil
	}
	return v.Key(), nil
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (v *ID[K]) UnmarshalBinary(b []byte) error {
	if len(b) == 0 {
		*v = ID[K]{}
		return nil
	}
	parsed, err := FromBytes[K](b)
	if err != nil {
		return err
	}
	*v = parsed
	return nil
}
