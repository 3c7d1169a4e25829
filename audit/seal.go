package audit

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"standpunt/store"
)

// MaxPayload is the most bytes that [Log.Seal] takes.
const MaxPayload = 16 << 20

// Commit computes the commitment to a payload: SHA-256 over the domain, the
// salt and the payload, each behind its length as 8 bytes, big-endian. The
// domain says what the payload is and how it is encoded, so that the same
// bytes never mean two things.
func Commit(domain string, salt [32]byte, payload []byte) Commitment {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(domain), salt[:], payload} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write(part)
	}
	return Commitment(h.Sum(nil))
}

// String is the commitment as 64 hex digits, empty for the zero one.
func (c Commitment) String() string {
	if c == (Commitment{}) {
		return ""
	}
	return hex.EncodeToString(c[:])
}

// ParseCommitment reads what String wrote.
func ParseCommitment(s string) (Commitment, error) {
	var c Commitment
	if s == "" {
		return c, nil
	}
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(c) {
		return c, fmt.Errorf("audit: %q is no commitment", s)
	}
	copy(c[:], b)
	return c, nil
}

// MarshalText writes what String writes.
func (c Commitment) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *Commitment) UnmarshalText(b []byte) error {
	parsed, err := ParseCommitment(string(b))
	if err == nil {
		*c = parsed
	}
	return err
}

// content is a sealed payload, or what is left of it.
type content struct {
	Domain  string `cbor:"1,keyasint,omitempty"`
	Salt    []byte `cbor:"2,keyasint,omitempty"`
	Payload []byte `cbor:"3,keyasint,omitempty"`
	Erased  int64  `cbor:"4,keyasint,omitempty"` // milliseconds since 1970; the other fields are empty then
}

// Seal keeps the payload and a fresh salt where both can be erased, and gives
// the commitment that an event's Digest carries.
func (l *Log) Seal(tx *store.Tx, domain string, payload []byte) (Commitment, error) {
	if domain == "" {
		return Commitment{}, fmt.Errorf("audit: seal: the domain is empty")
	}
	if err := checkText("the domain", domain, MaxName); err != nil {
		return Commitment{}, err
	}
	if len(payload) > MaxPayload {
		return Commitment{}, fmt.Errorf("audit: seal: a payload of %d bytes, at most %d are kept", len(payload), MaxPayload)
	}
	var salt [32]byte
	_, _ = rand.Read(salt[:]) // crypto/rand.Read never fails
	c := Commit(domain, salt, payload)
	data, err := encode(content{Domain: domain, Salt: salt[:], Payload: payload})
	if err != nil {
		return Commitment{}, fmt.Errorf("audit: seal: %w", err)
	}
	if err := tx.Put(sealed, c[:], data); err != nil {
		return Commitment{}, fmt.Errorf("audit: seal: %w", err)
	}
	return c, nil
}

// Sealed is what c commits to, and false where it was erased or never sealed
// here. What does not match its commitment is an error, never an answer.
func (l *Log) Sealed(tx *store.Tx, c Commitment) (domain string, salt [32]byte, payload []byte, ok bool, err error) {
	data := tx.Get(sealed, c[:])
	if data == nil {
		return "", salt, nil, false, nil
	}
	found, err := openContent(c, data)
	if err != nil || found.Erased != 0 {
		return "", salt, nil, false, err
	}
	copy(salt[:], found.Salt)
	if found.Payload == nil {
		found.Payload = []byte{}
	}
	return found.Domain, salt, found.Payload, true, nil
}

// Erase removes payload and salt for good, and keeps that and when it was
// erased. Without the salt nothing can be learned from the commitment, and
// nobody can pass off another text for the erased one. Erasing what is not
// there is no error. The caller appends the event that says why, and compacts
// the store, which is what removes the bytes from the file.
func (l *Log) Erase(tx *store.Tx, c Commitment) error {
	data := tx.Get(sealed, c[:])
	if data == nil {
		return nil
	}
	var was content
	if decode(data, &was) == nil && was.Erased != 0 {
		return nil
	}
	left, err := encode(content{Erased: tx.Now().UnixMilli()})
	if err != nil {
		return fmt.Errorf("audit: erase: %w", err)
	}
	if err := tx.Put(sealed, c[:], left); err != nil {
		return fmt.Errorf("audit: erase: %w", err)
	}
	return nil
}

// openContent decodes a record of the bucket and holds it against its
// commitment.
func openContent(c Commitment, data []byte) (content, error) {
	var found content
	if err := decode(data, &found); err != nil {
		return content{}, fmt.Errorf("audit: the content of %s is damaged: %w", c, err)
	}
	if found.Erased != 0 {
		if found.Domain != "" || len(found.Salt) > 0 || len(found.Payload) > 0 {
			return content{}, fmt.Errorf("audit: the content of %s is marked as erased and still there", c)
		}
		return found, nil
	}
	var salt [32]byte
	if len(found.Salt) != len(salt) {
		return content{}, fmt.Errorf("audit: the content of %s has a salt of %d bytes", c, len(found.Salt))
	}
	copy(salt[:], found.Salt)
	if Commit(found.Domain, salt, found.Payload) != c {
		return content{}, fmt.Errorf("audit: the content of %s is not what it commits to", c)
	}
	return found, nil
}
