package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"standpunt/config"
)

// machineAdvice is what keeps the daemon itself from running here: one sentence
// each. Nothing is changed.
func machineAdvice(ctx context.Context, conf *config.Config) (todo []string) {
	if text := dataAdvice(conf.Data); text != "" {
		todo = append(todo, text)
	}
	if text := listenAdvice(ctx, conf); text != "" {
		todo = append(todo, text)
	}
	return todo
}

// dataAdvice is what keeps the data directory from being used.
func dataAdvice(dir string) string {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return parentAdvice(dir)
	case err != nil:
		return fmt.Sprintf("Let the daemon's user reach the data directory %s: %v.", dir, plainCause(err))
	case !info.IsDir():
		return fmt.Sprintf("Set data to a directory: %s is a file.", dir)
	}
	for _, path := range []string{dir, filepath.Join(dir, dataFile), filepath.Join(dir, keysDir), filepath.Dir(filepath.Clean(dir))} {
		if err := writable(path); err != nil {
			return fmt.Sprintf("Let the daemon's user write to %s, for example with chown: %v.", path, err)
		}
	}
	return ""
}

// parentAdvice is what keeps a data directory from being made: the nearest
// directory above that exists.
func parentAdvice(dir string) string {
	above := filepath.Dir(filepath.Clean(dir))
	for !exists(above) && above != filepath.Dir(above) {
		above = filepath.Dir(above)
	}
	info, err := os.Stat(above)
	if err == nil && !info.IsDir() {
		err = syscall.ENOTDIR
	}
	if err = errors.Join(err, writable(above)); err != nil {
		return fmt.Sprintf("Let the daemon's user write to %s, or set data to another directory: %s cannot be made there.", above, dir)
	}
	return ""
}

// listenAdvice is what keeps the listener from being bound. A daemon of this
// data directory that runs has it, and that is well.
func listenAdvice(ctx context.Context, conf *config.Config) string {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", conf.Listen)
	if err == nil {
		_ = l.Close() // it was only tried
		return ""
	}
	if running, unsure := daemonRuns(ctx, conf.Data); unsure == nil && running && errors.Is(err, syscall.EADDRINUSE) {
		return ""
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf("Set listen to another port, or end the program that has this one: %s is taken.", conf.Listen)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf("Set listen to an address of this machine, such as 127.0.0.1:8420: it has none for %s.", conf.Listen)
	case errors.Is(err, syscall.EACCES):
		return fmt.Sprintf("Set listen to a port from 1024 on, or give the daemon CAP_NET_BIND_SERVICE: it may not listen on %s.", conf.Listen)
	}
	return fmt.Sprintf("Set listen to another address: %s cannot be listened on (%v).", conf.Listen, plainCause(err))
}

// plainCause is the operating system's word, without the path and call around it.
func plainCause(err error) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number
	}
	return err
}
