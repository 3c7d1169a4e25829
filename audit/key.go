package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"standpunt/internal/fault"
	"standpunt/store"
)

// ErrKeyChanged is what [Open] answers when the key directory does not hold
// the key, or the settings name another origin, than the log was begun with.
var ErrKeyChanged = errors.New("audit: not the key that the log was begun with")

const (
	keyFile    = "audit.key"
	publicFile = "audit.pub"
)

// identity is what the store remembers of the log's key; empty for a new log.
type identity struct{ origin, key string }

func readIdentity(ctx context.Context, db *store.DB) (known identity, err error) {
	err = db.View(ctx, func(tx *store.Tx) error {
		known = identityIn(tx)
		return nil
	})
	return known, err
}

func identityIn(tx *store.Tx) identity {
	return identity{string(tx.Get(meta, []byte("origin"))), string(tx.Get(meta, []byte("key")))}
}

// VerifierKeyOf is the public key that the log in db names as its own, empty
// for a log that was never opened. Whoever verifies uses a key that came
// another way; this one only tells whether the two differ.
func VerifierKeyOf(ctx context.Context, db *store.DB) (string, error) {
	known, err := readIdentity(ctx, db)
	return known.key, err
}

// keys is an opened key pair.
type keys struct {
	signer   note.Signer
	verifier note.Verifier
	public   string
}

// openKey reads the key pair in dir, and makes one only for a new log.
func openKey(dir, origin string, known identity) (keys, error) {
	if dir == "" {
		return keys{}, fault.New(fault.InvalidInput, "the audit log needs a directory for its signing key")
	}
	path := filepath.Join(dir, keyFile)
	secret, err := readSecret(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && known.key == "":
		if secret, err = makeKey(path, origin); err != nil {
			return keys{}, err
		}
	case errors.Is(err, fs.ErrNotExist):
		return keys{}, fault.New(fault.Unavailable, "the audit log's signing key is missing").At("keys", path).
			Fix("Restore the file from the backup of the keys; a new key would make a record that no longer verifies").Because(ErrKeyChanged)
	case err != nil:
		return keys{}, err
	}
	k, err := parseKey(secret)
	if err != nil {
		return keys{}, fault.New(fault.Unavailable, "the audit log's signing key is damaged").At("keys", path).
			Fix("Restore the file from the backup of the keys").Because(err)
	}
	if (known.key != "" && k.public != known.key) || (origin != "" && origin != k.verifier.Name()) {
		return keys{}, fault.New(fault.Unavailable, "the audit log was begun with another key or origin").At("keys", path).
			Fix("Use the key and the origin of this data directory").Because(ErrKeyChanged)
	}
	public := filepath.Join(dir, publicFile)
	if there, err := os.ReadFile(public); err != nil || string(there) != k.public+"\n" {
		if err := writeFile(public, []byte(k.public+"\n"), 0o644); err != nil {
			return keys{}, fmt.Errorf("audit: write the public key: %w", err)
		}
	}
	return k, nil
}

// readSecret reads the signing key, which nobody but the owner may read.
func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("audit: read the signing key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fault.New(fault.Unavailable, "others can read the audit log's signing key").At("keys", path).
			Fix("Run chmod 600 on the file, and find out who read it")
	}
	secret, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("audit: read the signing key: %w", err)
	}
	return strings.TrimSuffix(string(secret), "\n"), nil
}

func makeKey(path, origin string) (secret string, err error) {
	if origin == "" {
		var random [8]byte
		_, _ = rand.Read(random[:]) // crypto/rand.Read never fails
		origin = "standpunt/" + hex.EncodeToString(random[:])
	}
	secret, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return "", fmt.Errorf("audit: make the signing key: %w", err)
	}
	if _, err := note.NewVerifier(public); err != nil {
		return "", fault.New(fault.InvalidInput, "an origin has no spaces and no plus signs").At("origin", origin).Because(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", fmt.Errorf("audit: make the key directory: %w", err)
	}
	if err := writeFile(path, []byte(secret+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("audit: write the signing key: %w", err)
	}
	return secret, nil
}

// parseKey reads the signing key in the form of golang.org/x/mod/sumdb/note,
// PRIVATE+KEY+name+hash+base64, and derives the public one.
func parseKey(secret string) (keys, error) {
	signer, err := note.NewSigner(secret)
	if err != nil {
		return keys{}, fmt.Errorf("audit: read the signing key: %w", err)
	}
	parts := strings.SplitN(secret, "+", 5)
	raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return keys{}, errors.New("audit: the signing key is not an ed25519 key")
	}
	public, err := note.NewEd25519VerifierKey(signer.Name(), ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey))
	if err != nil {
		return keys{}, fmt.Errorf("audit: derive the public key: %w", err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		return keys{}, fmt.Errorf("audit: derive the public key: %w", err)
	}
	return keys{signer: signer, verifier: verifier, public: public}, nil
}

// writeFile puts data at path at once: readers see the old file or the new one
// whole, and the new one survives a crash when writeFile returns nil.
func writeFile(path string, data []byte, mode fs.FileMode) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if err = f.Chmod(mode); err != nil {
		return err
	}
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}
