package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/people"
	"standpunt/store"
)

// The names inside a data directory.
const (
	dataFile    = "standpunt.db"
	controlSock = "control.sock"
	keysDir     = "keys"
	blobsDir    = "blobs"
)

// anchorFile is where the newest checkpoint is kept outside the data directory
// that it vouches for.
func anchorFile(dir string) string { return filepath.Clean(dir) + ".anchor" }

func schemas() []store.Schema {
	return []store.Schema{audit.Schema, people.Schema, inbox.Schema, approval.Schema}
}

// rooms are the services over one open data directory.
type rooms struct {
	dir       string
	db        *store.DB
	log       *audit.Log
	staff     *people.Staff
	box       *inbox.Inbox
	approvals *approval.Approvals
}

// openRooms opens a data directory that init or demo founded.
func openRooms(ctx context.Context, dir string, o people.Options, log *slog.Logger) (*rooms, error) {
	path := filepath.Join(dir, dataFile)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s is no data directory: it has no %s. Found one with standpunt init", dir, dataFile)
	}
	return rooming(ctx, dir, o, log)
}

// foundRooms makes a new data directory; the directory may exist if it is empty.
func foundRooms(ctx context.Context, dir string, o people.Options, log *slog.Logger) (*rooms, error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%s exists and is not empty. Choose another directory; nothing was changed", dir)
	}
	if _, err := os.Stat(anchorFile(dir)); err == nil {
		return nil, fmt.Errorf("%s is the anchor of an earlier data directory of this name. Move it away first; nothing was changed", anchorFile(dir))
	}
	for _, d := range []string{dir, filepath.Join(dir, keysDir), filepath.Join(dir, blobsDir)} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, fmt.Errorf("make the data directory: %w", err)
		}
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a directory is entered
		return nil, fmt.Errorf("make the data directory private: %w", err)
	}
	return rooming(ctx, dir, o, log)
}

func rooming(ctx context.Context, dir string, o people.Options, log *slog.Logger) (*rooms, error) {
	db, err := store.Open(ctx, filepath.Join(dir, dataFile), store.Options{Schemas: schemas(), WaitLock: time.Second})
	if err != nil {
		return nil, err
	}
	record, err := audit.Open(ctx, db, audit.Options{
		KeyDir: filepath.Join(dir, keysDir), AnchorFile: anchorFile(dir), Logger: log,
	})
	if err != nil {
		return nil, errors.Join(err, db.Close(ctx))
	}
	o.Logger = log
	staff := people.New(db, record, o)
	box := inbox.New(db, record, staff, inbox.Options{Logger: log})
	return &rooms{
		dir: dir, db: db, log: record, staff: staff, box: box,
		approvals: approval.New(db, record, staff, box, approval.Options{Log: log}),
	}, nil
}

// close signs the record's head and lets go of the file.
func (r *rooms) close(ctx context.Context) error {
	_, err := r.log.Checkpoint(ctx)
	return errors.Join(err, r.db.Close(ctx))
}
