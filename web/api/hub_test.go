package api

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"standpunt/audit"
	"standpunt/store"
	"standpunt/store/storetest"
)

// newLog is a real audit log and a function that appends to it, all in one
// transaction.
func newLog(t *testing.T) (*audit.Log, func(n int)) {
	t.Helper()
	db := storetest.Open(t, audit.Schema)
	log, err := audit.Open(t.Context(), db, audit.Options{KeyDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return log, func(n int) {
		t.Helper()
		err := db.Update(t.Context(), func(tx *store.Tx) error {
			for i := range n {
				_, err := log.Append(tx, audit.Event{Kind: "test.done", Actor: audit.System, Via: "daemon", Subject: audit.Subject("test:" + strconv.Itoa(i))})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// receive counts what comes until the channel closes or n events came, and
// fails the test on a gap.
func receive(t *testing.T, c *client, n int) (got int, closed bool) {
	t.Helper()
	late := time.After(time.Minute)
	for got < n {
		select {
		case e, open := <-c.events:
			if !open {
				return got, true
			}
			if want := c.from + uint64(got); e.number != want {
				t.Fatalf("event %d came where %d was due", e.number, want)
			}
			got++
		case <-late:
			t.Fatalf("%d events came, %d are due", got, n)
		}
	}
	return got, false
}

// TestSlowReaderIsDropped has one reader that keeps up and one that does not
// read: that one is let go, and neither costs the other anything.
func TestSlowReaderIsDropped(t *testing.T) {
	log, add := newLog(t)
	h := newHub(log, slog.New(slog.DiscardHandler), nil)
	h.start()
	defer h.stop()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	quick, ok := h.join(ctx)
	slow, okToo := h.join(ctx)
	if !ok || !okToo || h.count() != 2 {
		t.Fatal("nobody can join")
	}
	for range 8 {
		add(100)
		if got, closed := receive(t, quick, 100); got != 100 || closed {
			t.Fatalf("the quick reader got %d events and is let go: %v", got, closed)
		}
		quick.from += 100
	}
	if h.count() != 1 {
		t.Errorf("%d readers are left, want the quick one", h.count())
	}
	if got, closed := receive(t, slow, 10_000); !closed || got != pending {
		t.Errorf("the slow reader had %d events waiting (let go: %v), at most %d wait", got, closed, pending)
	}
	h.leave(slow) // leaving twice is no harm
	h.leave(quick)
	if h.count() != 0 {
		t.Errorf("%d readers are left", h.count())
	}
}

// TestOneReaderForAll opens as many connections as there can be desks: each
// entry is read once, whoever follows.
func TestOneReaderForAll(t *testing.T) {
	log, add := newLog(t)
	read := 0 // by the one reader alone; looked at after it stopped
	h := newHub(log, slog.New(slog.DiscardHandler), func(page []audit.Entry) { read += len(page) })
	h.start()
	var all []*client
	for range 1000 {
		c, ok := h.join(t.Context())
		if !ok {
			t.Fatal("nobody can join")
		}
		all = append(all, c)
	}
	add(50)
	for _, c := range all {
		if got, _ := receive(t, c, 50); got != 50 {
			t.Fatalf("a reader got %d of 50", got)
		}
	}
	h.stop()
	if read != 50 {
		t.Errorf("the log was read %d times over", read/50)
	}
	if _, open := <-all[0].events; open || h.count() != 0 {
		t.Error("after the stop connections are open")
	}
	if _, ok := h.join(t.Context()); ok {
		t.Error("after the stop somebody could join")
	}
	h.stop() // twice is no harm
}
