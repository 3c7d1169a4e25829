package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"standpunt/internal/fault"
	"standpunt/store"
)

// maxSocketPath is how long the path of a Unix socket can be everywhere, in bytes.
const maxSocketPath = 100

// atSocket calls do with a path of the control socket that is short enough for
// the operating system: through a symbolic link where the data directory's own
// is not.
func atSocket(dir string, do func(path string) error) (err error) {
	path, err := filepath.Abs(filepath.Join(dir, controlSock))
	if err != nil || len(path) <= maxSocketPath {
		return errors.Join(err, do(path))
	}
	short, err := os.MkdirTemp("", "standpunt-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(short)) }()
	link := filepath.Join(short, "d")
	if err := os.Symlink(filepath.Dir(path), link); err != nil {
		return err
	}
	return do(filepath.Join(link, controlSock))
}

// serveControl answers the command line over a socket in the data directory,
// since only one process can have the data file open: a consistent copy of it,
// what accounts keep in it, and that the daemon renews an account's sign-in.
func (d *daemon) serveControl() error {
	path := filepath.Join(d.dir, controlSock)
	// We hold the data file's lock, so a socket that is there was left by a daemon that died.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("control socket: %w", err)
	}
	var listener *net.UnixListener
	err := atSocket(d.dir, func(short string) (err error) {
		listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
		return err
	})
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	listener.SetUnlinkOnClose(false) // the short path may be gone by then
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(fmt.Errorf("control socket: %w", err), listener.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /copy", d.serveCopy)
	mux.HandleFunc("GET /running", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc(keptAt, d.serveKept)
	mux.HandleFunc("POST "+refreshAt, d.serveRefresh)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			d.logger.Error("the control socket ended", slog.Any("error", err))
		}
	}()
	d.teardown.add("control socket", stopControl, func(ctx context.Context) error {
		err := server.Shutdown(ctx)
		if err != nil {
			err = errors.Join(fmt.Errorf("what the command line asked for was cut off: %w", err), server.Close())
		}
		return errors.Join(err, os.Remove(path))
	})
	return nil
}

// serveCopy is GET /copy.
func (d *daemon) serveCopy(w http.ResponseWriter, r *http.Request) {
	// What is handed out is signed to its last entry, where it can be.
	if _, err := d.log.Checkpoint(r.Context()); err != nil {
		d.logger.Error("a copy is not signed to its last entry", slog.Any("error", err))
	}
	out := &counted{w: w}
	err := d.db.Backup(r.Context(), out)
	if err == nil {
		return
	}
	d.logger.Error("a copy for the command line failed", slog.Any("error", err))
	if out.n > 0 {
		panic(http.ErrAbortHandler) // the reader must not take a short copy for a whole one
	}
	why := "the copy failed; the daemon's log says why"
	if f := (*fault.Fault)(nil); errors.As(err, &f) {
		why = f.Error()
	}
	http.Error(w, why, http.StatusInternalServerError)
}

// counted counts what was written.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// errNotRunning says that no daemon answers for a data directory.
var errNotRunning = errors.New("no daemon runs")

// controlClient speaks to the daemon of a data directory.
func controlClient(dir string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (conn net.Conn, err error) {
			err = atSocket(dir, func(short string) error {
				var dialer net.Dialer
				conn, err = dialer.DialContext(ctx, "unix", short)
				return err
			})
			return conn, err
		},
	}}
}

// notRunning reads a controlClient's error: [errNotRunning] where no daemon
// answers.
func notRunning(dir string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOTDIR):
		return errNotRunning
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s belongs to another user. Run this as the user that the daemon runs as: %w", filepath.Join(dir, controlSock), err)
	case err != nil:
		return fmt.Errorf("ask the daemon: %w", err)
	}
	return nil
}

// copyRunning writes a consistent copy of the data file of a running daemon;
// [errNotRunning] where there is none.
func copyRunning(ctx context.Context, dir string, w io.Writer) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://daemon/copy", nil)
	if err != nil {
		return err
	}
	response, err := controlClient(dir).Do(request)
	if err := notRunning(dir, err); err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(response.Body, 1000)) // what there is of it
		return fmt.Errorf("the daemon answered: %s", strings.TrimSpace(string(why)))
	}
	if _, err := io.Copy(w, response.Body); err != nil {
		return fmt.Errorf("copy from the daemon: %w", err)
	}
	return nil
}

// copyData writes a consistent copy of a data directory's file, which is
// marked as one: through the daemon while it runs, from the file itself while
// it does not.
func copyData(ctx context.Context, dir string, w io.Writer) error {
	err := copyRunning(ctx, dir, w)
	if !errors.Is(err, errNotRunning) {
		return err
	}
	db, err := openStopped(ctx, dir)
	if err != nil {
		return err
	}
	return errors.Join(db.Backup(ctx, w), closeFile(ctx, db))
}

// reading calls do with what a data directory holds at this moment, read-only:
// a temporary copy while the daemon runs, the file itself while it does not.
func reading(ctx context.Context, dir string, do func(*store.DB) error) error {
	file, err := os.CreateTemp("", "standpunt-copy-*.db")
	if err != nil {
		return err
	}
	defer removeCopy(file.Name())
	err = errors.Join(copyRunning(ctx, dir, file), file.Close())
	var db *store.DB
	switch {
	case errors.Is(err, errNotRunning):
		db, err = openStopped(ctx, dir)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%s has no room for a copy of the data. Set TMPDIR to a directory that has: %w", filepath.Dir(file.Name()), err)
	case err == nil:
		db, err = store.Open(ctx, file.Name(), store.Options{Schemas: schemas(), ReadOnly: true})
	}
	if err != nil {
		return err
	}
	return errors.Join(do(db), closeFile(ctx, db))
}

// removeCopy removes a temporary copy with what store put beside it.
func removeCopy(path string) {
	for _, name := range []string{path, path + ".lock"} {
		_ = os.Remove(name) // a temporary file; nothing can be done about one that stays
	}
}

// openStopped opens the data file of a daemon that does not run, read-only.
func openStopped(ctx context.Context, dir string) (*store.DB, error) {
	path := filepath.Join(dir, dataFile)
	if _, err := os.Stat(path); err != nil {
		return nil, noData(dir, err)
	}
	return store.Open(ctx, path, store.Options{Schemas: schemas(), ReadOnly: true})
}

// noData says why dir cannot be opened as a data directory.
func noData(dir string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is no data directory: it has no %s. Name another one, or found one with standpunt init", dir, dataFile)
	}
	return fmt.Errorf("open the data directory %s: %w", dir, err)
}

// closeFile closes a data file even where ctx is done.
func closeFile(ctx context.Context, db *store.DB) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	return db.Close(ctx)
}
