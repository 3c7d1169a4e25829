package inbox_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/people"
	"standpunt/store"
	"standpunt/store/storetest"
)

// crashDir names the data directory to the child process of TestKillLosesNothing.
const crashDir = "STANDPUNT_TEST_INBOX_CRASH"

// source is a platform: page n has the posts from n*pageSize on, and repeats
// the last ones of the page before.
const pageSize, repeated = 20, 5

func sourcePage(n int) []inbox.Inbound {
	var items []inbox.Inbound
	for i := max(0, n*pageSize-repeated); i < (n+1)*pageSize; i++ {
		items = append(items, inThread(fmt.Sprint("t", i%31), post(fmt.Sprint(i), fmt.Sprint("text number ", i), i)))
	}
	return items
}

func openInbox(ctx context.Context, dir string) (*store.DB, *inbox.Inbox, error) {
	db, err := store.Open(ctx, filepath.Join(dir, "standpunt.db"), store.Options{
		Schemas: []store.Schema{audit.Schema, people.Schema, inbox.Schema}, WaitLock: 10 * time.Second,
	})
	if err != nil {
		return nil, nil, err
	}
	log, err := audit.Open(ctx, db, audit.Options{Origin: "standpunt/test", KeyDir: filepath.Join(dir, "keys")})
	if err != nil {
		return nil, nil, err
	}
	return db, inbox.New(db, log, people.New(db, log, people.Options{}), inbox.Options{}), nil
}

// child reads the source from the stored cursor on until it is killed, and
// prints each page number once its page is durable.
func child(dir string) error {
	ctx := context.Background()
	_, box, err := openInbox(ctx, dir)
	if err != nil {
		return err
	}
	for {
		cursor, err := box.Cursor(ctx, shop)
		if err != nil {
			return err
		}
		next := 0
		if cursor != nil {
			if next, err = strconv.Atoi(string(cursor)); err != nil {
				return err
			}
		}
		if _, err := box.Ingest(ctx, shop, sourcePage(next), inbox.Cursor(strconv.Itoa(next+1))); err != nil {
			return err
		}
		fmt.Println(next)
		if next%20 == 19 {
			if err := box.MergeSegments(ctx); err != nil {
				return err
			}
		}
	}
}

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Fprintln(os.Stderr, child(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// The process is killed at any moment, several times over: what it said was
// durable is there, nothing is there twice, and the cursor covers exactly what
// is there.
func TestKillLosesNothing(t *testing.T) {
	dir := t.TempDir()
	acknowledged := -1
	for round := range 6 {
		acknowledged = max(acknowledged, runAndKill(t, dir, 3+rand.IntN(25), round))
	}
	if acknowledged < 12 {
		t.Fatalf("the child came to page %d only", acknowledged)
	}
	r := rigOnKilled(t, dir)
	cursor, err := r.box.Cursor(t.Context(), shop)
	r.must(err)
	pages, err := strconv.Atoi(string(cursor))
	r.must(err)
	if pages <= acknowledged {
		t.Fatalf("page %d was durable and the cursor is %d", acknowledged, pages)
	}
	for i := range pages * pageSize {
		if m := r.mention(fmt.Sprint(i)); m.Text != fmt.Sprint("text number ", i) {
			t.Fatalf("mention %d says %q", i, m.Text)
		}
	}
	total := 0
	for _, c := range r.all(inbox.Filter{}, 50) {
		total += c.Mentions
	}
	if total != pages*pageSize {
		t.Fatalf("the inbox holds %d mentions of %d", total, pages*pageSize)
	}
	r.must(r.box.MergeSegments(t.Context()))
	if found := r.all(inbox.Filter{Words: fmt.Sprint("number ", pages*pageSize-1)}, 50); len(found) != 1 {
		t.Fatalf("the newest mention is found %d times", len(found))
	}
}

// runAndKill starts a child, lets it take some pages and kills it; it returns
// the last page that the child said was durable.
func runAndKill(t *testing.T, dir string, pages, round int) int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	var trouble strings.Builder
	cmd.Stderr = &trouble
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	last := -1
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		last = n
		if pages--; pages == 0 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || pages > 0 {
		t.Fatalf("round %d: the child ended by itself: %v %s", round, err, trouble.String())
	}
	return last
}

func rigOnKilled(t *testing.T, dir string) *rig {
	t.Helper()
	db := storetest.OpenAt(t, dir, audit.Schema, people.Schema, inbox.Schema)
	log, err := audit.Open(t.Context(), db, audit.Options{Origin: "standpunt/test", KeyDir: filepath.Join(dir, "keys")})
	if err != nil {
		t.Fatal(err)
	}
	staff := people.New(db, log, people.Options{})
	return &rig{TB: t, db: db, log: log, staff: staff, box: inbox.New(db, log, staff, inbox.Options{})}
}
