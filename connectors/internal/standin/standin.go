// Package standin runs the stand-in for a platform as a command, so that a
// configuration can be tried out by hand.
//
// In come what the command does and the server to run; out go its exit code and
// the one line of an error. It knows no platform, and the daemon never uses it.
package standin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"
)

// Main is a command's main: it ends run's context at Ctrl+C, and the program with
// 1 where run fails.
func Main(run func(ctx context.Context, args []string) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, pflag.ErrHelp) {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Serve serves until ctx ends, and drops what is under way then. began is called
// once with where it listens, "127.0.0.1:8440".
func Serve(ctx context.Context, address string, h http.Handler, began func(at string)) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	began(l.Addr().String())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
