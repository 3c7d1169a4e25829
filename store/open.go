package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"standpunt/internal/fault"
)

func open(ctx context.Context, path string, o Options) (*DB, error) {
	e, err := openEngine(ctx, path, o, migrations)
	if err != nil {
		return nil, err
	}
	return &DB{engine: e}, nil
}

// openEngine opens path with a list of migrations; tests bring their own.
func openEngine(ctx context.Context, path string, o Options, list []migration) (*boltEngine, error) {
	declared, err := declare(o.Schemas)
	if err != nil {
		return nil, err
	}
	path, err = resolve(path)
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(path) //nolint:gosec // the path is the administrator's
	if o.ReadOnly && errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "there is no data file").At("data", path)
	}
	lock, err := acquireLock(ctx, path, o)
	if err != nil {
		return nil, err
	}
	e := &boltEngine{path: path, options: o, declared: declared, lock: lock, closed: make(chan struct{})}
	db, err := e.prepare(list)
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	e.file = &openFile{db: db, gone: make(chan struct{})}
	if !o.ReadOnly {
		e.commits = newCommitter()
		go e.commits.serve(e)
	}
	return e, nil
}

// declare is the set of all buckets, each of which one room owns.
func declare(schemas []Schema) (map[Bucket]bool, error) {
	declared := map[Bucket]bool{metaBucket: true}
	for _, s := range schemas {
		for _, b := range s.Buckets {
			if declared[b] || b == "" {
				return nil, fmt.Errorf("store: room %s declares bucket %q, which is taken", s.Room, b)
			}
			declared[b] = true
		}
	}
	return declared, nil
}

// resolve follows symbolic links, since a compaction replaces the file by name.
func resolve(path string) (string, error) {
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", fault.New(fault.NotFound, "the directory of the data file cannot be opened").
			At("data", path).Fix("Make the directory first").Because(err)
	}
	full := filepath.Join(dir, filepath.Base(path))
	real, err := filepath.EvalSymlinks(full)
	if errors.Is(err, fs.ErrNotExist) {
		return full, nil
	}
	if err != nil {
		return "", openFault(path, err)
	}
	return real, nil
}

// prepare makes or inspects the file and brings it to the newest layout. The
// lock is held.
func (e *boltEngine) prepare(list []migration) (*bbolt.DB, error) {
	info, err := os.Stat(e.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !e.options.ReadOnly:
		if err := e.create(list); err != nil {
			return nil, openFault(e.path, err)
		}
	case err != nil:
		return nil, openFault(e.path, err)
	case !info.Mode().IsRegular():
		return nil, fault.New(fault.InvalidInput, "the data file is not a regular file").At("data", e.path)
	}
	found, err := e.inspect(newest(list))
	if err != nil {
		return nil, err
	}
	e.last.Store(found.lastCommit)
	if !e.options.ReadOnly {
		if err := errors.Join(removeLeftovers(e.path), os.Chmod(e.path, 0o600)); err != nil {
			return nil, openFault(e.path, err)
		}
	}
	db, err := openBolt(e.path, boltOptions(e.options))
	if err != nil {
		return nil, e.boltFault(err)
	}
	if e.options.ReadOnly {
		return db, nil
	}
	if err := e.upgrade(db, list, found.schema); err != nil {
		return nil, errors.Join(openFault(e.path, err), db.Close())
	}
	return db, nil
}

// upgrade migrates db and makes the buckets that it lacks.
func (e *boltEngine) upgrade(db *bbolt.DB, list []migration, schema uint64) error {
	err := e.migrate(db, list, schema, func(number uint64) error {
		return e.keepCopy(db, fmt.Sprintf("%s.before-%d", e.path, number))
	})
	if err != nil {
		return err
	}
	missing := false
	err = db.View(func(btx *bbolt.Tx) error {
		missing = e.missingBuckets(btx)
		return nil
	})
	if err != nil || !missing {
		return err
	}
	return db.Update(e.createBuckets)
}

// create makes a new file under another name and renames it when it is whole,
// so that a crash never leaves half of one under the right name.
func (e *boltEngine) create(list []migration) error {
	temp, err := e.temporary()
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp) }() // it is gone where all went well
	db, err := openBolt(temp, &bbolt.Options{NoSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	if err := e.migrate(db, list, 0, nil); err != nil {
		return errors.Join(err, db.Close())
	}
	if err := db.Close(); err != nil {
		return err
	}
	return e.putInPlace(temp, e.path)
}

// inspect reads what the file is without changing a byte of it, and refuses
// what this program must not write to.
func (e *boltEngine) inspect(newest uint64) (found facts, err error) {
	if err := inspectHeader(e.path); err != nil {
		return facts{}, err
	}
	// Damage can lead bbolt beyond the end of the file.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	o := boltOptions(e.options)
	o.ReadOnly, o.PreLoadFreelist = true, true
	db, err := openBolt(e.path, o)
	if err != nil {
		return facts{}, e.boltFault(err)
	}
	defer func() {
		if r := recover(); r != nil {
			err = e.boltFault(fmt.Errorf("%w: %v", errDamaged, r))
		}
		if closing := db.Close(); err == nil && closing != nil {
			err = openFault(e.path, closing)
		}
	}()
	err = db.View(func(btx *bbolt.Tx) error {
		found = readFacts(btx)
		return nil
	})
	if err != nil {
		return facts{}, e.boltFault(err)
	}
	return found, e.judge(found, newest)
}

func (e *boltEngine) judge(found facts, newest uint64) error {
	switch {
	case found.application != application || found.schema == 0:
		return fault.New(fault.InvalidInput, "the file belongs to another program; nothing was changed").
			At("data", e.path).Fix("Name the data file of Standpunt, or a new name")
	case found.schema > newest:
		return fault.New(fault.Conflict, "the data file has schema %d and this program knows only up to %d; nothing was changed",
			found.schema, newest).At("data", e.path).Fix("Start the newer program, or restore a backup")
	case found.schema < newest && e.options.ReadOnly:
		return fault.New(fault.Conflict, "the data file has the older schema %d and is open for reading only",
			found.schema).At("data", e.path).Fix("Start the daemon once, which brings it to schema %d", newest)
	}
	return nil
}

// boltFault says what an error of bbolt's Open means.
func (e *boltEngine) boltFault(err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return heldFault(e.path)
	case errors.Is(err, errDamaged), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrInvalid):
		return damagedFault(e.path).Because(err)
	}
	return openFault(e.path, err)
}

func damagedFault(path string) *fault.Fault {
	return fault.New(fault.InvalidInput, "the data file is damaged; nothing was changed").
		At("data", path).Fix("Keep the file and restore a backup")
}

func openFault(path string, err error) error {
	if f := (*fault.Fault)(nil); errors.As(err, &f) {
		return err
	}
	what := "the data file cannot be opened"
	if errors.Is(err, fs.ErrPermission) {
		what = "the data file may not be opened by this user"
	}
	return fault.New(fault.Unavailable, "%s", what).At("data", path).
		Fix("See whether the disk is full and who owns the file").Because(err)
}

// removeLeftovers removes what a crash left of a backup, a copy or a
// compaction. The lock is held, so nobody is at work on one.
func removeLeftovers(path string) error {
	dir, base := filepath.Split(path)
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range list {
		if strings.HasPrefix(entry.Name(), base+temporaryMark) {
			err = errors.Join(err, os.Remove(filepath.Join(dir, entry.Name())))
		}
	}
	return err
}
