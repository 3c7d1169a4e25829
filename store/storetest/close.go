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
	// A test that closed the file itself has had its chance to check. A check takes as
	// long as the machine is slow.
	if err := db.Check(context.Background()); err != nil && !errors.Is(err, store.ErrClosed) {
		t.Errorf("the store does not pass its check: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := db.Close(ctx); err != nil {
		t.Errorf("close the store: %v", err)
	}
}
