//go:build unix

package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"go.etcd.io/bbolt"

	"standpunt/internal/fault"
)

// The test binary starts itself again as another process: the variables name
// what it does there and on which file.
const (
	childTask = "STORE_TEST_CHILD"
	childPath = "STORE_TEST_PATH"
)

func TestMain(m *testing.M) {
	switch os.Getenv(childTask) {
	case "write":
		os.Exit(childWrites(os.Getenv(childPath)))
	case "fill":
		os.Exit(childFillsDisk(os.Getenv(childPath)))
	}
	os.Exit(m.Run())
}

func child(t *testing.T, task, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childTask+"="+task, childPath+"="+path)
	cmd.Stderr = os.Stderr
	return cmd
}

// childWrites prints every key that Update acknowledged, until it is killed.
func childWrites(path string) int {
	o := thingsOptions()
	o.NoSync = false
	db, err := Open(context.Background(), path, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var printing sync.Mutex
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d-%06d", w, i)
				if err := putThing(db, key, strings.Repeat(key, 20)); err != nil {
					fmt.Fprintln(os.Stderr, err)
					return
				}
				printing.Lock()
				fmt.Println(key)
				printing.Unlock()
			}
		})
	}
	writers.Wait()
	return 1
}

// TestKillKeepsWhatWasAcknowledged kills a writing process a few times over
// the same file.
func TestKillKeepsWhatWasAcknowledged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "standpunt.db")
	for round := range 3 {
		cmd := child(t, "write", path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		acknowledged := make(map[string]bool)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			acknowledged[lines.Text()] = true
			if len(acknowledged) == 50*(round+1) {
				if _, err := Open(t.Context(), path, thingsOptions()); !fault.Is(err, fault.Conflict) ||
					!strings.Contains(err.Error(), strconv.Itoa(cmd.Process.Pid)) {
					t.Errorf("beside the child: got %v, want its number %d", err, cmd.Process.Pid)
				}
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("the child ended otherwise: %v", err)
		}
		if len(acknowledged) < 50 {
			t.Fatalf("the child acknowledged %d keys only", len(acknowledged))
		}
		db := openFileAt(t, path, thingsOptions())
		for key := range acknowledged {
			// A line may be cut short by the kill; whole ones have 8 bytes.
			if got := thing(t, db, key); len(key) == 8 && got != strings.Repeat(key, 20) {
				t.Errorf("round %d: %s was acknowledged and holds %q", round, key, got)
			}
		}
		if err := db.Check(t.Context()); err != nil {
			t.Error(err)
		}
		closeDB(t, db)
	}
}

// childFillsDisk writes below a limit of the file's size, which the kernel
// enforces as it does a full disk, then lifts it. The limit counts for the
// whole process, so that no test may run beside it.
func childFillsDisk(path string) int {
	signal.Ignore(syscall.SIGXFSZ) // the write fails instead
	var all syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &all); err != nil {
		return failed("getrlimit", err)
	}
	limit := func(size uint64) error {
		return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: all.Max})
	}
	db, err := Open(context.Background(), path, thingsOptions())
	if err != nil {
		return failed("open", err)
	}
	if err := errors.Join(putThing(db, "before", "1"), limit(1<<20)); err != nil {
		return failed("begin", err)
	}
	large := strings.Repeat("x", 2<<20)
	for range 3 {
		if err := putThing(db, "large", large); !fault.Is(err, fault.Unavailable) || errors.Unwrap(err) == nil {
			return failed("a full disk", err)
		}
	}
	if err := db.Compact(context.Background()); !fault.Is(err, fault.Unavailable) {
		return failed("Compact on a full disk", err)
	}
	if err := putThing(db, "small", "1"); err != nil {
		return failed("what still has room", err)
	}
	if err := errors.Join(limit(all.Cur), putThing(db, "large", large), db.Check(context.Background())); err != nil {
		return failed("after the disk has room again", err)
	}
	if err := db.Close(context.Background()); err != nil {
		return failed("close", err)
	}
	return 0
}

func failed(what string, err error) int {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
	return 1
}

func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "standpunt.db")
	if err := child(t, "fill", path).Run(); err != nil {
		t.Fatal(err)
	}
	db := openFileAt(t, path, thingsOptions())
	noLeftovers(t, path)
	if thing(t, db, "before") != "1" || thing(t, db, "small") != "1" || len(thing(t, db, "large")) != 2<<20 {
		t.Error("a record is missing")
	}
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestFailingCommit fails commits before and after they have reached the file.
func TestFailingCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "standpunt.db")
	db := openFileAt(t, path, thingsOptions())
	e := db.engine.(*boltEngine)
	cause := errors.New("no space")
	if err := putThing(db, "k", "1"); err != nil {
		t.Fatal(err)
	}

	e.commitHook = func(*bbolt.Tx) error { return cause }
	called := false
	err := db.Update(t.Context(), func(tx *Tx) error {
		tx.OnCommit(func() { called = true })
		return tx.Put(things, []byte("k"), []byte("2"))
	})
	if !fault.Is(err, fault.Unavailable) || !errors.Is(err, cause) || called {
		t.Errorf("got %v, OnCommit called: %v", err, called)
	}
	if got := thing(t, db, "k"); got != "1" {
		t.Errorf("the failed Update left %q", got)
	}
	e.commitHook = nil
	if err := putThing(db, "k", "3"); err != nil {
		t.Errorf("after the failure: %v", err)
	}

	// What a failed fsync does: the records are visible and may not last.
	e.commitHook = func(tx *bbolt.Tx) error { return errors.Join(tx.Commit(), cause) }
	if err := putThing(db, "k", "4"); !fault.Is(err, fault.Unavailable) || !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
	e.commitHook = nil
	if err := putThing(db, "k", "5"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("an Update after a failed fsync: %v", err)
	}
	if err := db.View(t.Context(), func(*Tx) error { return nil }); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a View after a failed fsync: %v", err)
	}
	closeDB(t, db)
	if got := thing(t, openFileAt(t, path, thingsOptions()), "k"); got != "4" && got != "3" {
		t.Errorf("opened again: %q", got)
	}
}

func TestPanicInsideACommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "standpunt.db")
	db := openFileAt(t, path, thingsOptions())
	db.engine.(*boltEngine).commitHook = func(*bbolt.Tx) error { panic("a broken page") }
	if err := putThing(db, "k", "1"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	closeDB(t, db)
	if got := thing(t, openFileAt(t, path, thingsOptions()), "k"); got != "" {
		t.Errorf("got %q", got)
	}
}

// TestRefusalWaitsForWhatItRestsOn lets an Update refuse because of what
// another in its batch wrote. The refusal is told once that is durable, and is
// not told at all when it never becomes so.
func TestRefusalWaitsForWhatItRestsOn(t *testing.T) {
	refusal := errors.New("taken")
	for name, hook := range map[string]func(*bbolt.Tx) error{
		"durable": nil,
		"lost":    func(*bbolt.Tx) error { return errors.New("no space") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db := openFileAt(t, filepath.Join(t.TempDir(), "standpunt.db"), thingsOptions())
				committed, toldAfter := false, false
				db.engine.(*boltEngine).commitHook = func(tx *bbolt.Tx) error {
					committed = true
					if hook != nil {
						return hook(tx)
					}
					return tx.Commit()
				}
				second := make(chan error, 1)
				err := db.Update(t.Context(), func(tx *Tx) error {
					go func() {
						err := db.Update(t.Context(), func(tx *Tx) error {
							if tx.Get(things, []byte("k")) == nil {
								return errors.New("the two did not share a batch")
							}
							return refusal
						})
						toldAfter = committed
						second <- err
					}()
					synctest.Wait() // the second one stands in the queue
					return tx.Put(things, []byte("k"), []byte("1"))
				})
				refused := <-second
				if !toldAfter {
					t.Error("the refusal was told before the commit")
				}
				if hook == nil && (err != nil || !errors.Is(refused, refusal)) {
					t.Errorf("got %v and %v", err, refused)
				}
				if hook != nil && (!fault.Is(err, fault.Unavailable) || !fault.Is(refused, fault.Unavailable)) {
					t.Errorf("got %v and %v", err, refused)
				}
				db.engine.(*boltEngine).commitHook = nil
				closeDB(t, db)
			})
		})
	}
}
