package audit

import (
	"bytes"
	"fmt"
	"sync"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// leafFormat is the version that every leaf carries.
const leafFormat = 1

// leaf is an entry as it is hashed; docs/audit-format.md describes it.
type leaf struct {
	Format  uint64            `cbor:"0,keyasint"`
	Number  uint64            `cbor:"1,keyasint"`
	At      int64             `cbor:"2,keyasint"` // milliseconds since 1970, UTC
	Kind    string            `cbor:"3,keyasint"`
	Actor   string            `cbor:"4,keyasint"`
	Via     string            `cbor:"5,keyasint"`
	Subject string            `cbor:"6,keyasint"`
	From    string            `cbor:"7,keyasint,omitempty"`
	To      string            `cbor:"8,keyasint,omitempty"`
	Digest  []byte            `cbor:"9,keyasint,omitempty"`
	Facts   map[string]string `cbor:"10,keyasint,omitempty"`
}

// codec is the one deterministic encoding of leaves and sealed contents, and a
// decoder that accepts nothing beside it.
type codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

var codecOnce = sync.OnceValues(func() (codec, error) {
	enc, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return codec{}, err
	}
	dec, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		UTF8:              cbor.UTF8RejectInvalid,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:   4,
		MaxMapPairs:       32,
		MaxArrayElements:  16,
	}.DecMode()
	return codec{enc, dec}, err
})

func encode(v any) ([]byte, error) {
	c, err := codecOnce()
	if err != nil {
		return nil, fmt.Errorf("audit: set up the encoding: %w", err)
	}
	return c.enc.Marshal(v)
}

// decode reads what encode wrote, and refuses every other encoding of the same
// values.
func decode(data []byte, into any) error {
	c, err := codecOnce()
	if err != nil {
		return fmt.Errorf("audit: set up the encoding: %w", err)
	}
	if err := c.dec.Unmarshal(data, into); err != nil {
		return err
	}
	again, err := c.enc.Marshal(into)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, data) {
		return fmt.Errorf("the bytes are not the deterministic encoding of what they say")
	}
	return nil
}

// Leaf is the entry's leaf: the bytes that the tree commits to.
func (e Entry) Leaf() ([]byte, error) {
	l := leaf{
		Format: leafFormat, Number: e.Number, At: e.At.UnixMilli(),
		Kind: e.Kind, Actor: string(e.Actor), Via: e.Via, Subject: string(e.Subject),
		From: e.From, To: e.To, Facts: e.Facts,
	}
	if e.Digest != (Commitment{}) {
		l.Digest = e.Digest[:]
	}
	return encode(l)
}

// ParseLeaf reads a leaf. It refuses whatever [Log.Append] would not have
// written: another encoding of the same values, or an event out of shape.
func ParseLeaf(data []byte) (Entry, error) {
	var l leaf
	if err := decode(data, &l); err != nil {
		return Entry{}, fmt.Errorf("audit: read a leaf: %w", err)
	}
	if l.Format != leafFormat {
		return Entry{}, fmt.Errorf("audit: read a leaf: format %d, this program knows format %d", l.Format, leafFormat)
	}
	e := Entry{Number: l.Number, At: time.UnixMilli(l.At).UTC(), Event: Event{
		Kind: l.Kind, Actor: Actor(l.Actor), Via: l.Via, Subject: Subject(l.Subject),
		From: l.From, To: l.To, Facts: l.Facts,
	}}
	switch len(l.Digest) {
	case 0:
	case len(e.Digest):
		copy(e.Digest[:], l.Digest)
		if e.Digest == (Commitment{}) {
			return Entry{}, fmt.Errorf("audit: read a leaf: a zero digest is written out")
		}
	default:
		return Entry{}, fmt.Errorf("audit: read a leaf: a digest of %d bytes", len(l.Digest))
	}
	if err := e.check(); err != nil {
		return Entry{}, fmt.Errorf("audit: read a leaf: %w", err)
	}
	return e, nil
}
