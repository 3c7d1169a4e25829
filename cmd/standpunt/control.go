package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"standpunt/store"
)

// serveControl answers the command line over a socket in the data directory,
// since only one process can have the data file open: a consistent copy of it.
func (d *daemon) serveControl() error {
	path := filepath.Join(d.dir, controlSock)
	// We hold the data file's lock, so a socket that is there was left by a daemon that died.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("control socket: %w", err)
	}
	listener, err := net.Listen("unix", path) //nolint:noctx // bound at once
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(fmt.Errorf("control socket: %w", err), listener.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /copy", func(w http.ResponseWriter, r *http.Request) {
		if err := d.db.Backup(r.Context(), w); err != nil {
			d.logger.Error("a copy for the command line failed", slog.Any("error", err))
			panic(http.ErrAbortHandler) // the reader must not take a short copy for a whole one
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			d.logger.Error("the control socket ended", slog.Any("error", err))
		}
	}()
	d.teardown.add("control socket", server.Shutdown)
	return nil
}

// copyData writes a consistent copy of a data directory's file: through the
// daemon while it runs, from the file itself while it does not.
func copyData(ctx context.Context, dir string, w io.Writer) error {
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "unix", filepath.Join(dir, controlSock))
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://daemon/copy", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return copyStopped(ctx, dir, w)
	}
	defer response.Body.Close() //nolint:errcheck // read to its end or failed already
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the daemon answered %s", response.Status)
	}
	if _, err := io.Copy(w, response.Body); err != nil {
		return fmt.Errorf("copy from the daemon: %w", err)
	}
	return nil
}

func copyStopped(ctx context.Context, dir string, w io.Writer) error {
	db, err := openStopped(ctx, dir)
	if err != nil {
		return err
	}
	return errors.Join(db.Backup(ctx, w), db.Close(ctx))
}

// openStopped opens the data file of a daemon that does not run, read-only.
func openStopped(ctx context.Context, dir string) (*store.DB, error) {
	path := filepath.Join(dir, dataFile)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("%s is no data directory: %w", dir, err)
	}
	return store.Open(ctx, path, store.Options{Schemas: schemas(), ReadOnly: true})
}
