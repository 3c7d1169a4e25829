package inbox

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"standpunt/audit"
	"standpunt/store"
)

// MentionDomain separates the commitments to mentions from all others.
const MentionDomain = "standpunt/mention"

// Seal ties one version of a mention to the audit log: Commitment is
// audit.Commit([MentionDomain], Salt, Payload), it stands at Leaf in the page
// whose [PageRoot] is the digest of audit entry Entry. Salt and payload can be
// erased with the mention; the log verifies without them.
type Seal struct {
	Entry      uint64           `cbor:"1,keyasint"`
	Leaf       int              `cbor:"2,keyasint"`
	Salt       [32]byte         `cbor:"3,keyasint"`
	Commitment audit.Commitment `cbor:"4,keyasint"`
	// Payload is kept once the mention has changed; that of the present version follows from
	// its record.
	Payload []byte `cbor:"5,keyasint,omitempty"`

	mention MentionID
	version uint16
}

// Seals are the versions of a mention, oldest first, each with its payload.
func (b *Inbox) Seals(tx *store.Tx, m MentionID) ([]Seal, error) {
	var all []Seal
	for key, value := range tx.Scan(sealBucket, store.Range{Prefix: m.Key()}) {
		s, err := decodeSeal(key, value)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	if n := len(all); n > 0 && all[n-1].Payload == nil {
		record, err := b.Mention(tx, m)
		if err != nil {
			return nil, err
		}
		all[n-1].Payload = MentionPayload(record)
	}
	return all, nil
}

// Page is the list of commitments under one "inbox.ingested" entry, false where
// the entry is no such event or its page changed no mention.
func (b *Inbox) Page(tx *store.Tx, entry uint64) ([]audit.Commitment, bool) {
	value := tx.Get(pageBucket, store.Uint64(entry).Key())
	return splitPage(value), value != nil
}

func splitPage(value []byte) []audit.Commitment {
	var all []audit.Commitment
	for len(value) >= len(audit.Commitment{}) {
		all = append(all, audit.Commitment(value[:32]))
		value = value[32:]
	}
	return all
}

func sealKey(m MentionID, version uint16) []byte {
	return binary.BigEndian.AppendUint16(m.Key(), version)
}

func decodeSeal(key, value []byte) (Seal, error) {
	var s Seal
	if len(key) != 18 {
		return s, fmt.Errorf("inbox: seal key %x has %d bytes", key, len(key))
	}
	if err := store.Decode(value, &s); err != nil {
		return s, fmt.Errorf("inbox: seal %x: %w", key, err)
	}
	s.mention, s.version = MentionID(key[:16]), binary.BigEndian.Uint16(key[16:])
	return s, nil
}

func putSeal(tx *store.Tx, s *Seal) error {
	b, err := store.Encode(s)
	if err != nil {
		return err
	}
	return tx.Put(sealBucket, sealKey(s.mention, s.version), b)
}

// lastSeal is the seal of the mention's present version, nil if there is none.
func lastSeal(tx *store.Tx, m MentionID) (*Seal, error) {
	for key, value := range tx.ScanReverse(sealBucket, store.Range{Prefix: m.Key()}) {
		s, err := decodeSeal(key, value)
		return &s, err
	}
	return nil, nil //nolint:nilnil // an erased mention has none, which is no error
}

// newSeal commits to a version of a mention under a fresh salt.
func newSeal(m *Mention, version uint16) (*Seal, error) {
	s := &Seal{mention: m.ID, version: version}
	if _, err := rand.Read(s.Salt[:]); err != nil {
		return nil, fmt.Errorf("inbox: a salt: %w", err)
	}
	s.Commitment = audit.Commit(MentionDomain, s.Salt, MentionPayload(m))
	return s, nil
}
