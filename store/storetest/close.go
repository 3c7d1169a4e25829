package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"standpunt/store"
)

// patience is how long the end of a test waits for running transactions.
const patience = 30 * time.Second

func checkAndClose(t testing.TB, db *store.DB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	// A test that closed the file itself has had its chance to check.
	if err := db.Check(ctx); err != nil && !errors.Is(err, store.ErrClosed) {
		t.Errorf("the store does not pass its check: %v", err)
	}
	if err := db.Close(ctx); err != nil {
		t.Errorf("close the store: %v", err)
	}
}
