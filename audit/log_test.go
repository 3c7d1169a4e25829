package audit_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"standpunt/audit"
	"standpunt/store"
)

func TestEntriesComeBackAsAppended(t *testing.T) {
	r := newRoom(t)
	var digest audit.Commitment
	digest[0] = 7
	want := audit.Event{
		Kind: "mention.ingested", Actor: "account:x-support", Via: "connector", Subject: "account:x-support",
		From: "", To: "open", Digest: digest, Facts: map[string]string{"count": "12", "naam": "José 👩‍👩‍👧"},
	}
	r.append(want, event(1))
	page, err := r.log.Entries(t.Context(), audit.NoneBefore, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(page) != 2 || page[0].Number != 0 || page[1].Number != 1 {
		t.Fatalf("entries: %+v", page)
	}
	if !reflect.DeepEqual(page[0].Event, want) {
		t.Errorf("got %+v, want %+v", page[0].Event, want)
	}
	if page[0].At.IsZero() || page[0].At.Location().String() != "UTC" || page[0].At.Nanosecond()%1e6 != 0 {
		t.Errorf("time %v is not UTC to the millisecond", page[0].At)
	}
}

func TestRootIsThatOfTheSameLeavesByTlog(t *testing.T) {
	r := newRoom(t)
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(at))
		for i, x := range at {
			found[i] = stored[x]
		}
		return found, nil
	})
	for i := range 70 {
		r.append(event(i))
		page, err := r.log.Entries(t.Context(), uint64(i)-1, 1)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := page[0].Leaf()
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := tlog.StoredHashes(int64(i), leaf, read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, fresh...)
		want, err := tlog.TreeHash(int64(i)+1, read)
		if err != nil {
			t.Fatal(err)
		}
		if _, root, err := r.log.Head(t.Context()); err != nil || root != want {
			t.Fatalf("root at size %d: %v, %v; want %v", i+1, root, err, want)
		}
		if got := r.verify().Root; got != want.String() {
			t.Fatalf("recomputed root at size %d: %s, want %s", i+1, got, want)
		}
	}
}

func TestBadEventFailsTheChangeItRecords(t *testing.T) {
	r := newRoom(t)
	long := strings.Repeat("x", 257)
	for name, spoil := range map[string]func(*audit.Event){
		"no kind":                 func(e *audit.Event) { e.Kind = "" },
		"a kind without a dot":    func(e *audit.Event) { e.Kind = "approved" },
		"a kind with two dots":    func(e *audit.Event) { e.Kind = "a.b.c" },
		"a kind in capitals":      func(e *audit.Event) { e.Kind = "Proposal.approved" },
		"a kind too long":         func(e *audit.Event) { e.Kind = "a." + strings.Repeat("b", 63) },
		"no actor":                func(e *audit.Event) { e.Actor = "" },
		"an actor by name":        func(e *audit.Event) { e.Actor = "anna" },
		"an actor without id":     func(e *audit.Event) { e.Actor = "person:" },
		"another way in":          func(e *audit.Event) { e.Via = "telepathy" },
		"no subject":              func(e *audit.Event) { e.Subject = "" },
		"a subject on two lines":  func(e *audit.Event) { e.Subject = "proposal:1\nproposal:2" },
		"a subject too long":      func(e *audit.Event) { e.Subject = audit.Subject("s:" + long) },
		"a state with a tab":      func(e *audit.Event) { e.To = "a\tb" },
		"a state not in UTF-8":    func(e *audit.Event) { e.From = "\xff" },
		"a fact too long":         func(e *audit.Event) { e.Facts["x"] = long },
		"a fact with a NUL":       func(e *audit.Event) { e.Facts["x"] = "a\x00" },
		"a fact turned around":    func(e *audit.Event) { e.Facts["x"] = "a\u202eb" },
		"a fact on two lines":     func(e *audit.Event) { e.Facts["x"] = "a\u2028b" },
		"a fact not in UTF-8":     func(e *audit.Event) { e.Facts["x"] = "\xc3" },
		"a fact without name":     func(e *audit.Event) { e.Facts[""] = "x" },
		"a fact's name too long":  func(e *audit.Event) { e.Facts[strings.Repeat("n", 65)] = "x" },
		"a fact's name with a CR": func(e *audit.Event) { e.Facts["a\rb"] = "x" },
		"seventeen facts": func(e *audit.Event) {
			for i := range 17 {
				e.Facts[fmt.Sprint(i)] = ""
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := event(0)
			e.Facts = maps.Clone(e.Facts)
			spoil(&e)
			err := r.db.Update(t.Context(), func(tx *store.Tx) error {
				if _, err := r.log.Append(tx, event(1)); err != nil {
					return err
				}
				_, err := r.log.Append(tx, e)
				return err
			})
			if !errors.Is(err, audit.ErrBadEvent) {
				t.Fatalf("got %v, want ErrBadEvent", err)
			}
			if strings.Contains(err.Error(), long) {
				t.Error("the error repeats the value")
			}
			if size, err := r.log.Size(t.Context()); err != nil || size != 0 {
				t.Errorf("the change left %d entries behind, %v", size, err)
			}
		})
	}
}

func TestFactMakesAnyTextAcceptable(t *testing.T) {
	r := newRoom(t)
	if got := audit.Fact("1234@mail.example"); got != "1234@mail.example" {
		t.Errorf("an acceptable value became %q", got)
	}
	e := event(0)
	e.Facts = map[string]string{
		"long": audit.Fact(strings.Repeat("é", 200)), "torn": audit.Fact("\xff\xfe"), "lines": audit.Fact("a\r\nb"),
	}
	if len(e.Facts["lines"]) != len("sha256:")+64 || e.Facts["lines"] == e.Facts["torn"] {
		t.Errorf("unexpected facts %v", e.Facts)
	}
	r.append(e)
}

func TestNumbersStayContiguousUnderManyWriters(t *testing.T) {
	const writers, each = 50, 200 // 10,000
	r := newRoom(t)
	stop := make(chan struct{})
	var checkpoints sync.WaitGroup
	checkpoints.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := r.log.Checkpoint(t.Context()); err != nil {
				t.Error(err)
				return
			}
		}
	})
	seen := make([][]uint64, writers)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				var number uint64
				err := r.db.Update(t.Context(), func(tx *store.Tx) (err error) {
					number, err = r.log.Append(tx, event(i))
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
				seen[w] = append(seen[w], number)
			}
		})
	}
	all.Wait()
	close(stop)
	checkpoints.Wait()
	taken := make(map[uint64]bool)
	for _, numbers := range seen {
		for i, n := range numbers {
			if taken[n] || n >= writers*each || (i > 0 && n <= numbers[i-1]) {
				t.Fatalf("number %d was given twice, out of order or out of range", n)
			}
			taken[n] = true
		}
	}
	r.checkpoint()
	report := r.verify()
	wantOK(t, report)
	if report.Size != writers*each || report.Signed != report.Size {
		t.Errorf("report %+v", report)
	}
}

func TestWatchCoalescesWakeUps(t *testing.T) {
	r := newRoom(t)
	woken, end := r.log.Watch()
	r.append(event(0), event(1))
	r.append(event(2))
	<-woken
	select {
	case <-woken:
		t.Error("two wake-ups where nobody had received the first")
	default:
	}
	if err := r.db.Update(t.Context(), func(tx *store.Tx) error {
		if _, err := r.log.Append(tx, event(3)); err != nil {
			return err
		}
		return errors.New("the change fails")
	}); err == nil {
		t.Fatal("the change went through")
	}
	select {
	case <-woken:
		t.Error("a wake-up for a change that failed")
	default:
	}
	r.append(event(4))
	<-woken
	end()
	r.append(event(5))
	select {
	case <-woken:
		t.Error("a wake-up after the end of the watch")
	default:
	}
}

func TestOpenKeepsKeyAndOrigin(t *testing.T) {
	r := newRoom(t)
	r.append(event(0))
	key := r.log.VerifierKey()
	r.opts.Origin = ""
	r.reopen()
	if r.log.VerifierKey() != key || r.log.Origin() != "standpunt/test" {
		t.Errorf("reopened as %s, was %s", r.log.VerifierKey(), key)
	}
	info, err := os.Stat(filepath.Join(r.opts.KeyDir, "audit.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("audit.key: %v, %v", info.Mode(), err)
	}
	public := filepath.Join(r.opts.KeyDir, "audit.pub")
	if err := os.WriteFile(public, []byte("forged"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.reopen()
	if b, err := os.ReadFile(public); err != nil || string(b) != key+"\n" {
		t.Errorf("audit.pub holds %q, %v", b, err)
	}
}

func TestOpenRefusesAnotherKey(t *testing.T) {
	r := newRoom(t)
	secret := filepath.Join(r.opts.KeyDir, "audit.key")
	for name, change := range map[string]func(o *audit.Options){
		"another origin": func(o *audit.Options) { o.Origin = "standpunt/other" },
		"no key":         func(o *audit.Options) { o.KeyDir = filepath.Join(r.dir, "empty") },
		"another key": func(o *audit.Options) {
			other := newRoom(t)
			o.KeyDir = other.opts.KeyDir
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := r.opts
			change(&o)
			if _, err := audit.Open(t.Context(), r.db, o); !errors.Is(err, audit.ErrKeyChanged) {
				t.Errorf("got %v, want ErrKeyChanged", err)
			}
		})
	}
	if err := os.Chmod(secret, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Open(t.Context(), r.db, r.opts); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: %v", err)
	}
	if err := os.WriteFile(secret, []byte("PRIVATE+KEY+x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(secret, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Open(t.Context(), r.db, r.opts); err == nil || strings.Contains(err.Error(), "PRIVATE") {
		t.Errorf("a damaged key: %v", err)
	}
}
