package store

import (
	"fmt"
	"math"
	"reflect"

	"github.com/fxamacker/cbor/v2"
)

var encoding, decoding = recordModes()

// recordModes are the two directions of the records' encoding.
//
// Written: deterministic CBOR (RFC 8949, section 4.2.1), times as RFC 3339
// text in UTC with nanoseconds, since CBOR's numeric times are floating
// point. Read: unknown fields are passed over, so that a record of a newer
// minor release loads; text that is not UTF-8 is read as it stands, since
// what was written must always be readable again.
func recordModes() (cbor.EncMode, cbor.DecMode) {
	options := cbor.CoreDetEncOptions()
	options.Time = cbor.TimeRFC3339NanoUTC
	enc, err := options.EncMode()
	if err != nil {
		panic(err)
	}
	dec, err := cbor.DecOptions{
		UTF8:             cbor.UTF8DecodeInvalid,
		MaxArrayElements: math.MaxInt32,
		MaxMapPairs:      math.MaxInt32,
		DefaultMapType:   reflect.TypeFor[map[string]any](),
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return enc, dec
}

// Encode is v as a record: deterministic CBOR, so that equal values have equal
// bytes. Struct fields are tagged with integer keys, `cbor:"1,keyasint"`, that
// are never used for anything else again; `omitempty` and `omitzero` work as
// in encoding/json. Times keep their nanoseconds and come back in UTC; the
// zero time comes back as the zero time. A nil slice or map stays nil.
func Encode(v any) ([]byte, error) {
	b, err := encoding.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("store: encode %T: %w", v, err)
	}
	return b, nil
}

// Decode reads what [Encode] wrote into the value that v points to. Nothing in
// it refers to b afterwards. Fields that v's type does not have are skipped.
func Decode(b []byte, v any) error {
	if err := decoding.Unmarshal(b, v); err != nil {
		return fmt.Errorf("store: decode %T: %w", v, err)
	}
	return nil
}
