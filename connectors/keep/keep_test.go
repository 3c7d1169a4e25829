package keep_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/keep"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/store"
)

const (
	account = inbox.AccountName("brand-x")
	secret  = "refresh-c2VjcmV0LXRoYXQtbm9ib2R5LXNlZXM"
)

// directory is a data directory of the test's own.
type directory struct{ path string }

func newDirectory(t *testing.T) directory { return directory{t.TempDir()} }

func (d directory) keyFile() string { return filepath.Join(d.path, "keys", "keep.key") }

// open opens the directory until close, which proves the file.
func (d directory) open(t *testing.T, file string) (k *keep.Keeper, db *store.DB) {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(d.path, file), store.Options{Schemas: []store.Schema{keep.Schema}})
	if err != nil {
		t.Fatal(err)
	}
	k, err = keep.Open(t.Context(), db, keep.Options{KeyDir: filepath.Join(d.path, "keys")})
	if err != nil {
		shut(t, db)
		t.Fatal(err)
	}
	return k, db
}

func shut(t *testing.T, db *store.DB) {
	t.Helper()
	if err := db.Check(context.Background()); err != nil {
		t.Error(err)
	}
	if err := db.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func save(t *testing.T, k *keep.Keeper, name, value string) {
	t.Helper()
	if err := k.Of(account).Save(t.Context(), name, []byte(value)); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, k *keep.Keeper, name string) connectors.Kept {
	t.Helper()
	kept, err := k.Of(account).Load(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

func TestWhatIsKeptOutlastsTheProcess(t *testing.T) {
	d := newDirectory(t)
	k, db := d.open(t, "standpunt.db")
	if _, err := os.Stat(d.keyFile()); err == nil {
		t.Error("a key was made before anything was kept")
	}
	if kept := load(t, k, "token"); kept.Value != nil || !kept.SavedAt.IsZero() {
		t.Errorf("before anything was saved: %+v", kept)
	}
	save(t, k, "token", "the first")
	save(t, k, "token", secret)
	save(t, k, "empty", "")
	shut(t, db)

	info, err := os.Stat(d.keyFile())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key file: %v, %v", info, err)
	}
	raw, err := os.ReadFile(filepath.Join(d.path, "standpunt.db"))
	if err != nil || bytes.Contains(raw, []byte(secret)) || bytes.Contains(raw, []byte("the first")) {
		t.Errorf("the value stands in the data file as it is (%v)", err)
	}

	k, db = d.open(t, "standpunt.db")
	defer shut(t, db)
	kept := load(t, k, "token")
	if string(kept.Value) != secret || kept.SavedAt.IsZero() || kept.Restored {
		t.Errorf("after a restart: %+v", kept)
	}
	if kept := load(t, k, "empty"); kept.Value == nil || len(kept.Value) != 0 {
		t.Errorf("an empty value is no missing one: %+v", kept)
	}
	if other, err := k.Of("another").Load(t.Context(), "token"); err != nil || other.Value != nil {
		t.Errorf("another account sees it: %+v, %v", other, err)
	}
	if err := k.Of(account).Save(t.Context(), "token", nil); err != nil {
		t.Fatal(err)
	}
	if kept := load(t, k, "token"); kept.Value != nil {
		t.Errorf("forgotten and still there: %+v", kept)
	}
}

func TestNamesAndSizesAreBounded(t *testing.T) {
	k, db := newDirectory(t).open(t, "standpunt.db")
	defer shut(t, db)
	a := k.Of(account)
	for _, name := range []string{"", "Token", "a/b", "a\x00b", strings.Repeat("a", 65)} {
		if err := a.Save(t.Context(), name, []byte("x")); connectors.KindOf(err) != connectors.Rejected {
			t.Errorf("name %q: %v", name, err)
		}
		if _, err := a.Load(t.Context(), name); connectors.KindOf(err) != connectors.Rejected {
			t.Errorf("loading name %q: %v", name, err)
		}
	}
	if err := a.Save(t.Context(), "large", make([]byte, connectors.MaxKept+1)); connectors.KindOf(err) != connectors.Rejected {
		t.Errorf("a value past the limit: %v", err)
	}
	if err := a.Save(t.Context(), "large", make([]byte, connectors.MaxKept)); err != nil {
		t.Errorf("a value at the limit: %v", err)
	}
}

func TestAnotherKeyOpensNothing(t *testing.T) {
	d := newDirectory(t)
	k, db := d.open(t, "standpunt.db")
	save(t, k, "token", secret)
	shut(t, db)
	if err := os.Remove(d.keyFile()); err != nil {
		t.Fatal(err)
	}

	k, db = d.open(t, "standpunt.db")
	defer shut(t, db)
	for _, when := range []string{"missing", "another"} {
		_, err := k.Of(account).Load(t.Context(), "token")
		if connectors.KindOf(err) != connectors.BadAuth || !strings.Contains(err.Error(), "standpunt login brand-x") || strings.Contains(err.Error(), secret) {
			t.Errorf("with the key %s: %v", when, err)
		}
		save(t, k, "other", "makes a new key") // for the second round
	}
	save(t, k, "token", "signed in again")
	if kept := load(t, k, "token"); string(kept.Value) != "signed in again" {
		t.Errorf("after signing in again: %+v", kept)
	}
}

func TestAMovedValueDoesNotOpen(t *testing.T) {
	d := newDirectory(t)
	k, db := d.open(t, "standpunt.db")
	defer shut(t, db)
	save(t, k, "one", secret)
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		for key, value := range tx.Scan("keep.values", store.Range{}) {
			moved := bytes.Replace(value, []byte("one"), []byte("two"), 1)
			return tx.Put("keep.values", bytes.Replace(key, []byte("one"), []byte("two"), 1), moved)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := k.Of(account).Load(t.Context(), "two"); connectors.KindOf(err) != connectors.BadAuth {
		t.Errorf("a value under another name opened: %+v, %v", kept, err)
	}
}

func TestABackupsValuesAreMarked(t *testing.T) {
	d := newDirectory(t)
	k, db := d.open(t, "standpunt.db")
	save(t, k, "token", secret)
	copied, err := os.Create(filepath.Join(d.path, "restored.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	_ = copied.Close()
	if kept := load(t, k, "token"); kept.Restored {
		t.Error("making a backup marks the original")
	}
	shut(t, db)

	k, db = d.open(t, "restored.db")
	if kept := load(t, k, "token"); string(kept.Value) != secret || !kept.Restored {
		t.Errorf("on the copy: %+v", kept)
	}
	if err := db.Update(t.Context(), store.ClearRestored); err != nil { // two people released it
		t.Fatal(err)
	}
	shut(t, db)
	k, db = d.open(t, "restored.db")
	defer shut(t, db)
	if kept := load(t, k, "token"); !kept.Restored {
		t.Error("releasing the stop makes an old token new")
	}
	save(t, k, "token", "signed in again")
	if kept := load(t, k, "token"); kept.Restored {
		t.Error("what was saved since is marked")
	}
	if err := k.Distrust(t.Context(), time.Time{}); err != nil {
		t.Fatal(err)
	}
	if kept := load(t, k, "token"); !kept.Restored {
		t.Error("what is distrusted is not marked")
	}
}

func TestBadKeyFilesAreExplained(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		says string
	}{
		"readable by others": {"x", 0o644, "chmod 600"},
		"cut short":          {"standpunt keep 1 AAAA\n", 0o600, "damaged"},
		"another file":       {"PRIVATE+KEY+standpunt\n", 0o600, "damaged"},
		"empty":              {"", 0o600, "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDirectory(t)
			_, db := d.open(t, "standpunt.db")
			defer shut(t, db)
			if err := os.MkdirAll(filepath.Dir(d.keyFile()), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(d.keyFile(), []byte(c.text), c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := keep.Open(t.Context(), db, keep.Options{KeyDir: filepath.Dir(d.keyFile())})
			if !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("opening: %v", err)
			}
		})
	}
}

// A data file from before this room existed opens, read-only too, and holds
// nothing.
func TestAnOlderFileOpens(t *testing.T) {
	d := newDirectory(t)
	path := filepath.Join(d.path, "standpunt.db")
	old, err := store.Open(t.Context(), path, store.Options{Schemas: []store.Schema{{Room: "inbox", Buckets: []store.Bucket{"inbox.meta"}}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), path, store.Options{Schemas: []store.Schema{keep.Schema}, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	shut(t, db)
	k, db := d.open(t, "standpunt.db")
	defer shut(t, db)
	if kept := load(t, k, "token"); kept.Value != nil {
		t.Errorf("it holds %+v", kept)
	}
	save(t, k, "token", secret)
}
