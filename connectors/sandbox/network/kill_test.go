package network_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"standpunt/connectors/sandbox/network"
)

const childDir = "STANDPUNT_TEST_PLEIN_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
		return
	}
	os.Exit(m.Run())
}

// child is the process that gets killed: a network that says where it is.
func child(dir string) {
	err := network.Run(context.Background(), network.Options{Dir: dir}, func(n *network.Network) {
		fmt.Println(n.Addr())
	})
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// What was answered survives kill -9, byte for byte; what was not, is there
// whole or not at all.
func TestAnsweredPostsSurviveKill(t *testing.T) {
	dir := t.TempDir()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), childDir+"="+dir)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	where, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	said := postUntilKilled(t, "http://"+strings.TrimSpace(where), func() {
		if err := command.Process.Kill(); err != nil {
			t.Error(err)
		}
	})
	_ = command.Wait() // it was killed
	if len(said) < 50 {
		t.Fatalf("only %d posts were answered before the kill", len(said))
	}
	r := start(t, func(o *network.Options) { o.Dir = dir })
	cursor := ""
	for more := true; more; {
		page := r.list("?limit=200&after=" + cursor)
		for _, p := range page.Items {
			if text, answered := said[p.ID]; answered && text != p.Text {
				t.Errorf("post %s: %q, was answered as %q", p.ID, p.Text, text)
			}
			delete(said, p.ID)
		}
		cursor, more = page.Next, page.More
	}
	if len(said) > 0 {
		t.Errorf("%d posts that were answered are gone", len(said))
	}
	r.post("eva", "en het gaat verder", "")
}

// postUntilKilled posts from several sides, kills in the middle of it, and
// returns what was answered.
func postUntilKilled(t *testing.T, base string, kill func()) map[string]string {
	t.Helper()
	var mu sync.Mutex
	said := make(map[string]string)
	var once sync.Once
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				text := fmt.Sprintf("bericht %d van %d\r\n 👩🏽‍🔧", i, w)
				p, err := postTo(t.Context(), base, text)
				if err != nil {
					return
				}
				mu.Lock()
				said[p.ID] = text
				enough := len(said) >= 80
				mu.Unlock()
				if enough {
					once.Do(kill)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Fatal("the network was not killed")
	}
	return said
}
