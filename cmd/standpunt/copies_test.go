package main

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"standpunt/internal/logtest"
)

// slowDaemon answers on a directory's control socket like a daemon whose copy
// never comes to its end, or is cut off after a few bytes.
func slowDaemon(t *testing.T, dir string, cut bool) {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(dir, controlSock))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte("x"), 64<<10))
		_ = http.NewResponseController(w).Flush()
		if cut {
			panic(http.ErrAbortHandler)
		}
		<-r.Context().Done()
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
}

// withTemp is the command with its own directory for temporary files.
func withTemp(t *testing.T, temp string, args ...string) (*exec.Cmd, *logtest.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := new(logtest.Buffer)
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1", "TMPDIR="+temp)
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

// TestCopiesLeaveNothing runs the commands that copy beside a stopped and a
// running daemon, and stops them while they copy.
func TestCopiesLeaveNothing(t *testing.T) {
	t.Parallel()
	s := foundSite(t, "  []\n")
	commands := func(out string) [][]string {
		return [][]string{
			{"audit", "verify", "--data", s.data},
			{"audit", "export", "--data", s.data, "--out", out + ".jsonl"},
			{"backup", "--data", s.data, "--out", out + ".db"},
		}
	}
	empty := func(what, dir string) {
		t.Helper()
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%s left %v, %v", what, left, err)
		}
	}
	complete := func() {
		t.Helper()
		for _, args := range commands(filepath.Join(t.TempDir(), "out")) {
			temp := t.TempDir()
			cmd, out := withTemp(t, temp, args...)
			if err := cmd.Run(); err != nil {
				t.Errorf("%v: %v: %s", args, err, out)
			}
			empty(args[0], temp)
		}
	}
	complete()
	daemon := s.serve()
	complete()
	daemon.stop()
	slowDaemon(t, s.data, false)
	for _, args := range commands(filepath.Join(s.dir, "out")) {
		temp := t.TempDir()
		where := temp
		if args[0] == "backup" {
			where = s.dir
		}
		before := inventory(t, where)
		cmd, out := withTemp(t, temp, args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "it copies: "+args[0], func() bool { return inventory(t, where) != before })
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		timer.Stop()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || !strings.Contains(out.String(), "interrupted") {
			t.Errorf("%v: %v: %s", args, err, out)
		}
		empty(args[0], temp)
		if after := inventory(t, where); after != before {
			t.Errorf("%v: before\n%s\nafter\n%s", args, before, after)
		}
	}
}

func TestCutOffCopiesAreNoCopies(t *testing.T) {
	t.Parallel()
	s := foundSite(t, "  []\n")
	slowDaemon(t, s.data, true)
	before := inventory(t, s.dir)
	for _, args := range [][]string{
		{"audit", "verify", "--data", s.data},
		{"audit", "export", "--data", s.data, "--out", filepath.Join(s.dir, "out")},
		{"backup", "--data", s.data, "--out", filepath.Join(s.dir, "out")},
	} {
		temp := t.TempDir()
		cmd, out := withTemp(t, temp, args...)
		err := cmd.Run()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || !strings.Contains(out.String(), "copy from the daemon") {
			t.Errorf("%v: %v: %s", args, err, out)
		}
		if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
			t.Errorf("%v left %v, %v", args, left, err)
		}
		if after := inventory(t, s.dir); after != before {
			t.Errorf("%v: before\n%s\nafter\n%s", args, before, after)
		}
	}
}
