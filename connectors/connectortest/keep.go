package connectortest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/keep"
	"standpunt/inbox"
	"standpunt/store"
)

// NewKeep is an account's Keep over a data file of its own, which ends with the
// test. Hand it to every connector of the account that the test makes, as
// processes one after the other would have it. Inside a testing/synctest
// bubble, call it there.
func NewKeep(t testing.TB, account inbox.AccountName) connectors.Keep {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), filepath.Join(dir, "keep.db"), store.Options{Schemas: []store.Schema{keep.Schema}, NoSync: true})
	if err != nil {
		t.Fatalf("open a data file for what the account keeps: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := db.Check(ctx); err != nil {
			t.Errorf("what the account keeps: %v", err)
		}
		if err := db.Close(ctx); err != nil {
			t.Errorf("close what the account keeps: %v", err)
		}
	})
	keeper, err := keep.Open(t.Context(), db, keep.Options{KeyDir: filepath.Join(dir, "keys")})
	if err != nil {
		t.Fatalf("open what the account keeps: %v", err)
	}
	return keeper.Of(account)
}
