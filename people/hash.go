package people

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
)

// Hashing is what one argon2id hash costs.
type Hashing struct {
	Memory  uint32 // KiB
	Time    uint32 // passes over the memory
	Threads uint8
}

// DefaultHashing is the second recommended option of RFC 9106, section 4: 64
// MiB, 3 passes, 4 lanes. One hash takes about a tenth of a second.
func DefaultHashing() Hashing { return Hashing{Memory: 64 * 1024, Time: 3, Threads: 4} }

// CheapHashing takes well under a millisecond and protects nothing. It is for
// tests and for the demo, whose passwords everybody knows.
func CheapHashing() Hashing { return Hashing{Memory: 64, Time: 1, Threads: 1} }

// weaker reports whether h costs an attacker less than o.
func (h Hashing) weaker(o Hashing) bool {
	return uint64(h.Memory)*uint64(h.Time) < uint64(o.Memory)*uint64(o.Time)
}

const (
	saltSize = 16
	keySize  = 32
)

// phc is a parsed hash in the PHC string format.
type phc struct {
	cost Hashing
	salt []byte
	key  []byte
}

// String is "$argon2id$v=19$m=65536,t=3,p=4$<salt>$<key>", base64 without padding.
func (p phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		p.cost.Memory, p.cost.Time, p.cost.Threads, b64.EncodeToString(p.salt), b64.EncodeToString(p.key))
}

// parsePHC reads exactly what String writes. It refuses costs beyond 256 MiB,
// 16 passes and 16 lanes, so that a tampered record cannot stall the daemon.
func parsePHC(s string) (phc, error) {
	fields := strings.Split(s, "$")
	if len(fields) != 6 || fields[0] != "" || fields[1] != "argon2id" {
		return phc{}, fmt.Errorf("people: not an argon2id hash in PHC form")
	}
	costs := strings.Split(fields[3], ",")
	if len(costs) != 3 {
		return phc{}, fmt.Errorf("people: a PHC hash with %d parameters", len(costs))
	}
	var numbers [3]uint32
	for i, name := range []string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(costs[i], name)
		n, err := strconv.ParseUint(digits, 10, 32)
		if most := []uint64{256 * 1024, 16, 16}[i]; !ok || err != nil || n == 0 || n > most {
			return phc{}, fmt.Errorf("people: a PHC hash with a bad parameter %q", name)
		}
		numbers[i] = uint32(n)
	}
	p := phc{cost: Hashing{Memory: numbers[0], Time: numbers[1], Threads: uint8(numbers[2])}}
	var err error
	if p.salt, err = base64.RawStdEncoding.DecodeString(fields[4]); err != nil || len(p.salt) < 8 || len(p.salt) > 64 {
		return phc{}, fmt.Errorf("people: a PHC hash with a bad salt")
	}
	if p.key, err = base64.RawStdEncoding.DecodeString(fields[5]); err != nil || len(p.key) < 16 || len(p.key) > 64 {
		return phc{}, fmt.Errorf("people: a PHC hash with a bad key")
	}
	if p.String() != s {
		return phc{}, fmt.Errorf("people: a PHC hash that is not in canonical form")
	}
	return p, nil
}

// hasher computes and verifies password hashes, only so many at a time that a
// rush of sign-ins costs time and not all memory. None of it happens inside a
// transaction.
type hasher struct {
	cost  Hashing
	slots chan struct{}
	dummy phc           // what a password is compared with where there is none
	ran   atomic.Uint64 // hashes computed
}

func newHasher(cost Hashing) *hasher {
	salt := make([]byte, saltSize)
	key := make([]byte, keySize)
	_, _ = rand.Read(salt) // crypto/rand.Read never fails
	_, _ = rand.Read(key)
	return &hasher{
		cost:  cost,
		slots: make(chan struct{}, min(4, max(2, runtime.GOMAXPROCS(0)))),
		dummy: phc{cost: cost, salt: salt, key: key},
	}
}

// hash is the password's hash in PHC form.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	p := phc{cost: h.cost, salt: make([]byte, saltSize)}
	_, _ = rand.Read(p.salt)
	var err error
	p.key, err = h.derive(ctx, password, p.salt, p.cost, keySize)
	if err != nil {
		return "", err
	}
	return p.String(), nil
}

// verify reports whether the password belongs to the hash. An empty hash
// belongs to no password and takes as long as any other. weak is whether the
// hash costs less than new ones do.
func (h *hasher) verify(ctx context.Context, hash, password string) (ok, weak bool, err error) {
	p := h.dummy
	if hash != "" {
		if p, err = parsePHC(hash); err != nil {
			return false, false, err
		}
	}
	key, err := h.derive(ctx, password, p.salt, p.cost, uint32(len(p.key)))
	if err != nil {
		return false, false, err
	}
	equal := subtle.ConstantTimeCompare(key, p.key) == 1
	return equal && hash != "", p.cost.weaker(h.cost), nil
}

func (h *hasher) derive(ctx context.Context, password string, salt []byte, cost Hashing, size uint32) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("people: waiting to check a password: %w", ctx.Err())
	}
	h.ran.Add(1)
	return argon2.IDKey([]byte(password), salt, cost.Time, cost.Memory, cost.Threads, size), nil
}

// secretHash is SHA-256 of a secret that the daemon handed out: all that it
// keeps of one. 256 random bits need no slow hash.
type secretHash [sha256.Size]byte

// Key is the hash as a store key.
func (h secretHash) Key() []byte { return h[:] }

func hashSecret(secret string) secretHash { return sha256.Sum256([]byte(secret)) }

// newSecret is 256 random bits in base64url, 43 characters.
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}
