package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"standpunt/internal/fault"
)

// temporaryMark follows the data file's name in the names of files that are
// being written; Open removes what a crash left of them.
const temporaryMark = ".tmp-"

// compactBatch is how many bytes a compaction copies between two commits.
const compactBatch = 16 << 20

// temporary makes an empty file beside the data file, mode 0600.
func (e *boltEngine) temporary() (string, error) {
	f, err := os.CreateTemp(filepath.Dir(e.path), filepath.Base(e.path)+temporaryMark+"*")
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close()
}

// putInPlace renames a whole file, durably.
func (e *boltEngine) putInPlace(temp, path string) error {
	if !e.options.NoSync {
		if err := syncPath(temp); err != nil {
			return err
		}
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	if e.options.NoSync {
		return nil
	}
	return syncPath(filepath.Dir(path))
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// copyTo writes db's present content into a file.
func copyTo(db *bbolt.DB, path string) error {
	return db.View(func(btx *bbolt.Tx) error {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return err
		}
		_, err = btx.WriteTo(f)
		return errors.Join(err, f.Close())
	})
}

// keepCopy copies db to path, replacing an older copy of that name.
func (e *boltEngine) keepCopy(db *bbolt.DB, path string) error {
	temp, err := e.temporary()
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp) }() // it is gone where all went well
	if err := copyTo(db, temp); err != nil {
		return err
	}
	return e.putInPlace(temp, path)
}

// backup copies to a file beside the data file first: the mark has to be in
// it, and a slow reader of w must not hold a transaction open, which would
// keep the data file from using its free pages again.
func (e *boltEngine) backup(ctx context.Context, w io.Writer) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	temp, err := e.temporary()
	if err != nil {
		return copyFault(err)
	}
	defer func() { _ = os.Remove(temp) }() // it is only a step on the way to w
	if err := e.markedCopy(temp); err != nil {
		return copyFault(err)
	}
	f, err := os.Open(temp)
	if err != nil {
		return copyFault(err)
	}
	_, err = io.Copy(w, &untilDone{ctx: ctx, r: f})
	return errors.Join(err, f.Close())
}

// markedCopy copies the data file to path and marks it as a copy.
func (e *boltEngine) markedCopy(path string) error {
	f, err := e.acquire()
	if err != nil {
		return err
	}
	at := e.now()
	err = copyTo(f.db, path)
	e.release(f)
	if err != nil {
		return err
	}
	db, err := openBolt(path, &bbolt.Options{Timeout: time.Nanosecond, NoSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	err = db.Update(func(btx *bbolt.Tx) error {
		return btx.Bucket([]byte(metaBucket)).Put(metaCopied, Time(at))
	})
	return errors.Join(err, db.Close())
}

// untilDone reads r until ctx is done.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u *untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

func (e *boltEngine) compact(ctx context.Context) error {
	if e.commits == nil {
		return fault.New(fault.Unavailable, "the data file is open for reading only")
	}
	return e.commits.alone(ctx, func() error {
		if f := e.broken.Load(); f != nil {
			return f
		}
		if err := e.rewrite(); err != nil {
			return copyFault(err)
		}
		return nil
	})
}

// rewrite copies every record into a new file, puts it in the old one's place
// and goes on with it. Readers of the old file finish there.
func (e *boltEngine) rewrite() error {
	temp, err := e.temporary()
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp) }() // it is gone where all went well
	o := boltOptions(e.options)
	o.NoSync = true // one fsync at the end, before the file has its name
	db, err := openBolt(temp, o)
	if err != nil {
		return err
	}
	if err := bbolt.Compact(db, e.file.db, compactBatch); err != nil {
		return errors.Join(err, db.Close())
	}
	if err := e.putInPlace(temp, e.path); err != nil {
		return errors.Join(err, db.Close())
	}
	db.NoSync = e.options.NoSync
	old := e.file
	e.mu.Lock()
	e.file = &openFile{db: db, gone: make(chan struct{})}
	e.older = append(slices.DeleteFunc(e.older, (*openFile).isGone), old)
	e.mu.Unlock()
	e.retire(old)
	return nil
}

// copyFault is the fault of a backup or a compaction that did not happen.
func copyFault(err error) error {
	if f := (*fault.Fault)(nil); errors.As(err, &f) || errors.Is(err, context.Canceled) {
		return err
	}
	return fault.New(fault.Unavailable, "the data file could not be copied; it goes on unchanged").
		Fix("See whether the disk has room for a second copy").Because(err)
}

// check proves bbolt's structure while no Update runs, since bbolt compares
// with the pages that are free at the moment, and then, on a snapshot beside
// running Updates, what the rooms know about their records.
func (e *boltEngine) check(ctx context.Context) error {
	structure := func() error {
		f, err := e.acquire()
		if err != nil {
			return err
		}
		defer e.release(f)
		return checkStructure(f.db)
	}
	var err error
	if e.commits != nil {
		err = e.commits.alone(ctx, structure)
	} else {
		err = structure()
	}
	if err != nil {
		return err
	}
	return e.view(ctx, func(tx *Tx) error {
		var errs []error
		for _, s := range e.options.Schemas {
			for _, check := range s.Checks {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := check(tx); err != nil {
					errs = append(errs, fmt.Errorf("check of %s: %w", s.Room, err))
				}
			}
		}
		return errors.Join(errs...)
	})
}

func checkStructure(db *bbolt.DB) error {
	const most = 10 // one damaged page can make thousands of errors
	return db.View(func(btx *bbolt.Tx) error {
		var errs []error
		for err := range btx.Check() { // bbolt's goroutine ends only when all are taken
			if len(errs) < most {
				errs = append(errs, err)
			}
		}
		if len(errs) > 0 {
			return fmt.Errorf("%w: %w", errDamaged, errors.Join(errs...))
		}
		return nil
	})
}
