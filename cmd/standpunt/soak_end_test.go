//go:build slow

package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	twitter "standpunt/connectors/twitter/replay/platform"
)

var spoken = regexp.MustCompile(`\bm(\d{6})\b`)

// again is how many pages an account's platform may show, when it has shown all
// mentions, until they are in the inbox. What is asked along with a page, such as its
// authors, goes wrong too, and then the page is the next one to be read.
const again = 10

// everyMentionOnce demands that each account's mentions are in the inbox, each
// once.
func (s *soak) everyMentionOnce() {
	t := s.t
	for _, side := range s.sides {
		times, conversations := s.arrived(side)
		for range again {
			if len(times) >= len(side.posted) {
				break
			}
			pages := side.shownPages()
			t.Logf("%s: %d of %d mentions are in the inbox: another page may bring the others", side.name, len(times), len(side.posted))
			s.progress(side.name+" showed another page", func() bool { return side.shownPages() > pages })
			times, conversations = s.arrived(side)
		}
		wrong := 0
		for n := range side.posted {
			if times[n] != 1 {
				if wrong++; wrong <= 10 {
					t.Errorf("%s: mention %d of %d is in the inbox %d times", side.name, n, len(side.posted), times[n])
				}
			}
		}
		if len(times) != len(side.posted) {
			t.Errorf("%s: %d mentions are in the inbox, %d were said", side.name, len(times), len(side.posted))
		}
		t.Logf("%s: %d mentions in %d conversations, %d of them wrong", side.name, len(times), conversations, wrong)
	}
}

// arrived is how often each of an account's mentions is in the inbox. Those of
// conversations with several are looked up there.
func (s *soak) arrived(side *side) (times map[int]int, conversations int) {
	times = make(map[int]int)
	note := func(text string) {
		for _, found := range spoken.FindAllStringSubmatch(text, -1) {
			n, err := strconv.Atoi(found[1])
			if err != nil {
				s.t.Fatal(err)
			}
			times[n]++
		}
	}
	s.pages("/conversations?account="+side.name, func(c map[string]any) {
		conversations++
		if count, _ := c["mention_count"].(float64); count == 1 {
			note(str(c, "excerpt"))
			return
		}
		_, thread := s.insist(s.site.people["anna"], "GET", "/conversations/"+str(c, "id"), nil)
		mentions, _ := thread["mentions"].([]any)
		for _, m := range mentions {
			if m, ok := m.(map[string]any); ok {
				note(str(m, "text"))
			}
		}
	})
	return times, conversations
}

// overpaid is by how much more than the least X may bill.
const overpaid = 0.02

// paid demands that X was paid for hardly more than must be read: every mention
// with its author once a day, our own account, and each answer that stands,
// which is read back.
func (s *soak) paid() {
	billed, free, least, mentions := 0, 0, 0, 0
	midnight := s.began.UTC().Day() != time.Now().UTC().Day()
	for _, side := range s.sides {
		if side.bill == nil {
			continue
		}
		authors := make(map[string]bool)
		for n := range side.posted {
			authors[customer(n)] = true
		}
		bill := side.bill()
		for _, read := range []twitter.Charge{twitter.OwnedRead, twitter.PostRead, twitter.UserRead} {
			billed += bill.Counts[read]
			free += bill.Free[read]
		}
		least += len(side.posted) + len(authors) + 1 + len(side.gauntlet.carried)
		if midnight { // what was said in its last minute is read again after it, and costs again
			least += 2 * min(xLists, len(side.posted))
		}
		mentions += len(side.posted)
	}
	more := float64(billed)/float64(least) - 1
	s.t.Logf("X bills %d resources, %.2f %% more than the least, which is %d (%d more were free, being read again)", billed, 100*more, least, free)
	if more > overpaid || billed < mentions {
		s.t.Errorf("X bills %d resources for %d mentions, and %.2f %% more than it must", billed, mentions, 100*more)
	}
}

// flatness is how much larger the last process's own memory may be at the end
// than it was when it was warm.
const flatness = 1.5

// sampleEvery is how many calls of the daemon lie between two samples: its life
// is measured by what it did, and not by how fast the machine is.
const sampleEvery = 4

// samples are what the kernel says of the daemon's memory.
type samples struct {
	mu    sync.Mutex
	calls int
	list  []sample
}

type sample struct {
	generation          int
	at                  time.Time
	resident, anonymous int // KiB; the rest is the mapped data file
}

// called takes a sample at every few of the daemon's calls.
func (m *samples) called(s *soak) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.calls++; m.calls%sampleEvery != 0 {
		return
	}
	pid, generation, alive := s.pid()
	if !alive {
		return
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return // it was killed
	}
	one := sample{generation: generation, at: time.Now()}
	for line := range strings.Lines(string(status)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		kib, _ := strconv.Atoi(words[1]) // 0 for lines without a number
		switch words[0] {
		case "VmRSS:":
			one.resident = kib
		case "RssAnon:":
			one.anonymous = kib
		}
	}
	if one.anonymous > 0 {
		m.list = append(m.list, one)
	}
}

// flat compares the memory of the process that ran last when it was warm, from a
// fifth to two fifths of its calls, with that of its last fifth.
func (m *samples) flat(t *testing.T, generation int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var of []sample
	for _, one := range m.list {
		if one.generation == generation {
			of = append(of, one)
		}
	}
	if len(of) < 50 {
		t.Fatalf("%d samples of the daemon's memory", len(of))
	}
	part := func(from, to float64) (resident, anonymous int) {
		cut := of[int(from*float64(len(of))):int(to*float64(len(of)))]
		var r, a []int
		for _, one := range cut {
			r, a = append(r, one.resident), append(a, one.anonymous)
		}
		slices.Sort(r)
		slices.Sort(a)
		return r[len(r)/2] >> 10, a[len(a)/2] >> 10
	}
	warmAll, warm := part(0.2, 0.4)
	endAll, end := part(0.8, 1)
	t.Logf("memory over %d calls in %s: %d MiB of its own when warm, %d MiB at the end; with the mapped data file %d and %d MiB",
		len(of)*sampleEvery, of[len(of)-1].at.Sub(of[0].at).Round(time.Second), warm, end, warmAll, endAll)
	if float64(end) > flatness*float64(warm)+8 {
		t.Errorf("memory grew from %d to %d MiB", warm, end)
	}
}
