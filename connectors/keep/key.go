package keep

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"standpunt/internal/fault"
)

const (
	keyFile   = "keep.key"
	keyPrefix = "standpunt keep 1 " // before the key in base64
	keySize   = 32
	nameSize  = 8
)

// sealingKey seals with AES-256-GCM. Its nonces are random: some billions of
// values are within the bound, and a value is saved a few times a minute at most.
type sealingKey struct {
	name []byte // tells it from another; says nothing of it
	aead cipher.AEAD
}

func newSealingKey(secret []byte) (*sealingKey, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append([]byte(keyPrefix), secret...))
	return &sealingKey{sum[:nameSize], aead}, nil
}

func (k *sealingKey) seal(value, place []byte) []byte {
	return k.aead.Seal(nil, nil, value, place) //nolint:gosec // it makes a random nonce by itself, and takes none
}

func (k *sealingKey) unseal(sealed, place []byte) ([]byte, error) {
	value, err := k.aead.Open([]byte{}, nil, sealed, place)
	if err != nil {
		return nil, errors.New("it does not open")
	}
	return value, nil
}

// readKey reads the key in dir, nil where there is none.
func readKey(dir string) (*sealingKey, error) {
	path := filepath.Join(dir, keyFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("keep: read the key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Unavailable, "others can read the key that seals what accounts keep").At("keys", path).
			Fix("Run chmod 600 on the file; if others did read it, remove it and run standpunt login for each account that signs in")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("keep: read the key: %w", err)
	}
	encoded, ok := strings.CutPrefix(strings.TrimSpace(string(text)), keyPrefix)
	secret, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(secret) != keySize {
		return nil, fault.New(fault.Unavailable, "the key that seals what accounts keep is damaged").At("keys", path).
			Fix("Restore the file from the backup of the keys, or remove it and run standpunt login for each account that signs in")
	}
	return newSealingKey(secret)
}

// makeKey makes a key where there is none; it is durable when makeKey returns.
func makeKey(dir string) (*sealingKey, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("keep: make the key directory: %w", err)
	}
	secret := make([]byte, keySize)
	_, _ = rand.Read(secret) // crypto/rand.Read never fails
	if err := writeKey(dir, keyPrefix+base64.StdEncoding.EncodeToString(secret)+"\n"); err != nil {
		return nil, fmt.Errorf("keep: write the key: %w", err)
	}
	return newSealingKey(secret)
}

// writeKey puts the whole file in place or none, and overwrites none.
func writeKey(dir, text string) (err error) {
	f, err := os.CreateTemp(dir, "."+keyFile+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	if _, err := f.WriteString(text); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), filepath.Join(dir, keyFile)); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
