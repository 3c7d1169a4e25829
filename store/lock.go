package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"standpunt/internal/fault"
)

// lockRetry is how often a locked file is tried again while Open waits.
const lockRetry = 50 * time.Millisecond

// fileLock is the lock on a data file: an advisory lock on PATH.lock, which
// says who holds it. It lies on a file of its own because a compaction
// replaces the data file. The lock file stays when the lock is let go: removing
// it would let two processes lock two files of the same name.
type fileLock struct {
	file  *os.File // nil where a read-only directory has no lock file
	owner []byte
}

// holder is the content of the lock file.
type holder struct {
	PID     int       `json:"pid"`
	Program string    `json:"program"`
	Host    string    `json:"host"`
	Since   time.Time `json:"since"`
}

func lockPath(path string) string { return path + ".lock" }

// acquireLock takes the lock, exclusively unless the file is only read, and
// waits for it as long as the options and ctx allow.
func acquireLock(ctx context.Context, path string, o Options) (*fileLock, error) {
	f, err := os.OpenFile(lockPath(path), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the path is the administrator's
	if o.ReadOnly && (errors.Is(err, fs.ErrPermission) || isReadOnlyFS(err)) {
		return &fileLock{}, nil // bbolt's own lock on the data file remains
	}
	if err != nil {
		return nil, openFault(path, err)
	}
	if err := waitLock(ctx, f, path, o); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	l := &fileLock{file: f}
	if err := l.sign(); err != nil {
		return nil, errors.Join(openFault(path, err), f.Close())
	}
	return l, nil
}

func waitLock(ctx context.Context, f *os.File, path string, o Options) error {
	until := time.Now().Add(o.WaitLock)
	for {
		got, err := tryLock(f, !o.ReadOnly)
		if err != nil {
			return openFault(path, err)
		}
		if got {
			return nil
		}
		left := time.Until(until)
		if left <= 0 {
			return heldFault(path)
		}
		again := time.NewTimer(min(left, lockRetry))
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return ctx.Err()
		}
	}
}

// sign writes who holds the lock.
func (l *fileLock) sign() error {
	host, err := os.Hostname()
	if err != nil {
		host = "" // it only helps to read the message
	}
	l.owner, err = json.Marshal(holder{
		PID:     os.Getpid(),
		Program: filepath.Base(os.Args[0]),
		Host:    host,
		Since:   time.Now().UTC().Truncate(time.Second),
	})
	if err != nil {
		return err
	}
	return overwrite(l.file, l.owner)
}

// release takes our name away, unless another reader has signed since, and
// lets go.
func (l *fileLock) release() error {
	if l.file == nil {
		return nil
	}
	content := make([]byte, len(l.owner)+1)
	n, err := l.file.ReadAt(content, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err == nil && string(content[:n]) == string(l.owner) {
		err = l.file.Truncate(0)
	}
	return errors.Join(err, l.file.Close())
}

func overwrite(f *os.File, b []byte) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(b, 0)
	return err
}

// heldFault names the process that holds the lock on path.
func heldFault(path string) error {
	who := "another process"
	var h holder
	b, err := os.ReadFile(lockPath(path)) //nolint:gosec // the path is the administrator's
	if err == nil && json.Unmarshal(b, &h) == nil && h.PID != 0 {
		who = fmt.Sprintf("process %d (%s) since %s", h.PID, h.Program, h.Since.Format(time.RFC3339))
		if own, err := os.Hostname(); err == nil && h.Host != own {
			who += " on " + h.Host
		}
	}
	f := fault.New(fault.Conflict, "the data file is in use by %s", who).At("data", path).
		Fix("Stop it first; audit verify, audit export and backup also work while it runs")
	if h.PID != 0 {
		f = f.With("pid", fmt.Sprint(h.PID))
	}
	return f
}
