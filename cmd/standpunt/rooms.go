package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/connectors/keep"
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
// that it vouches for. It is absolute: the log remembers where its anchor was,
// however the directory is named the next time.
func anchorFile(dir string) (string, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("the place of the data directory %s: %w", dir, err)
	}
	return path + ".anchor", nil
}

func schemas() []store.Schema {
	return []store.Schema{audit.Schema, people.Schema, inbox.Schema, approval.Schema, keep.Schema}
}

// rooms are the services over one open data directory.
type rooms struct {
	dir       string
	db        *store.DB
	log       *audit.Log
	staff     *people.Staff
	box       *inbox.Inbox
	approvals *approval.Approvals
	keeper    *keep.Keeper

	made []string // by foundRooms, in this order
}

// openRooms opens a data directory that init or demo founded.
func openRooms(ctx context.Context, dir string, o people.Options, log *slog.Logger) (*rooms, error) {
	if _, err := os.Stat(filepath.Join(dir, dataFile)); err != nil {
		return nil, noData(dir, err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, noData(dir, err)
	}
	if info.Mode().Perm()&0o077 != 0 { // somebody's copy, or a mount
		if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a directory is entered
			return nil, fmt.Errorf("others can enter the data directory %s, and that cannot be changed. Run chmod 700 on it: %w", dir, err)
		}
		log.Warn("others could enter the data directory: it is private now", slog.String("data", dir))
	}
	return rooming(ctx, dir, o, log)
}

// foundRooms makes a new data directory; the directory may exist if it is
// empty. Where it fails, nothing that it made stays.
func foundRooms(ctx context.Context, dir string, o people.Options, log *slog.Logger) (_ *rooms, err error) {
	anchor, err := anchorFile(dir)
	if err != nil {
		return nil, err
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%s exists and is not empty. Choose another directory; nothing was changed", dir)
	}
	if _, err := os.Stat(anchor); err == nil {
		return nil, fmt.Errorf("%s is the anchor of an earlier data directory of this name. Move it away first; nothing was changed", anchor)
	}
	made := missing(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, errors.Join(fmt.Errorf("make the data directory: %w", err), remove(made))
	}
	// Whoever makes the first directory inside is the one that founds it.
	for _, name := range []string{keysDir, blobsDir} {
		path := filepath.Join(dir, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			return nil, errors.Join(fmt.Errorf("make the data directory: %w", err), remove(made))
		}
		made = append(made, path)
	}
	files := []string{"audit.key", "audit.pub"}
	for i, name := range files {
		files[i] = filepath.Join(dir, keysDir, name)
	}
	made = append(made, append(files, filepath.Join(dir, dataFile), filepath.Join(dir, dataFile+".lock"), anchor)...)
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a directory is entered
		return nil, errors.Join(fmt.Errorf("make the data directory private: %w", err), remove(made))
	}
	r, err := rooming(ctx, dir, o, log)
	if err != nil {
		return nil, errors.Join(err, remove(made))
	}
	r.made = made
	return r, nil
}

// discard lets go of a directory that foundRooms made, and removes it.
func (r *rooms) discard(ctx context.Context) error {
	return errors.Join(closeFile(ctx, r.db), remove(r.made))
}

// missing lists dir and the directories above it that do not exist, outermost
// first.
func missing(dir string) []string {
	dir = filepath.Clean(dir)
	if exists(dir) || filepath.Dir(dir) == dir {
		return nil
	}
	return append(missing(filepath.Dir(dir)), dir)
}

// remove removes what was made, last first. A directory that somebody put
// something into stays.
func remove(made []string) error {
	var faults []error
	for _, path := range slices.Backward(made) {
		err := os.Remove(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

func rooming(ctx context.Context, dir string, o people.Options, log *slog.Logger) (*rooms, error) {
	anchor, err := anchorFile(dir)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, filepath.Join(dir, dataFile), store.Options{Schemas: schemas(), WaitLock: time.Second})
	if err != nil {
		return nil, err
	}
	record, err := audit.Open(ctx, db, audit.Options{
		KeyDir: filepath.Join(dir, keysDir), AnchorFile: anchor, Logger: log,
	})
	if err != nil {
		return nil, errors.Join(err, closeFile(ctx, db))
	}
	keeper, err := keep.Open(ctx, db, keep.Options{KeyDir: filepath.Join(dir, keysDir), Logger: log})
	if err != nil {
		return nil, errors.Join(err, closeFile(ctx, db))
	}
	o.Logger = log
	staff := people.New(db, record, o)
	box := inbox.New(db, record, staff, inbox.Options{Logger: log})
	return &rooms{
		dir: dir, db: db, log: record, staff: staff, box: box, keeper: keeper,
		approvals: approval.New(db, record, staff, box, approval.Options{Log: log}),
	}, nil
}

// close signs the record's head and lets go of the file. A head that
// contradicts its anchor is not signed, which is no news by then.
func (r *rooms) close(ctx context.Context) error {
	_, err := r.log.Checkpoint(ctx)
	if contradiction := (*audit.AnchorError)(nil); errors.As(err, &contradiction) {
		err = nil
	}
	return errors.Join(err, r.db.Close(ctx))
}

// closeTime is how long a command may take to close what it opened. Nobody waits for
// it as for a daemon that is to stop, and a slow disk takes its time.
const closeTime = time.Minute

// end is close for a command that was perhaps interrupted.
func (r *rooms) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	return r.close(ctx)
}
