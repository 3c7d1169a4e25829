//go:build slow

package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	twitter "standpunt/connectors/twitter/replay/platform"
)

var spoken = regexp.MustCompile(`\bm(\d{6})\b`)

// arrival is how long a page that a platform has shown may take to be in the
// inbox: what is asked along with it, such as its authors, can go wrong too.
const arrival = 3 * time.Minute

// everyMentionOnce demands that each account's mentions are in the inbox, each
// once.
func (s *soak) everyMentionOnce() {
	t := s.t
	deadline := time.Now().Add(arrival)
	for _, side := range s.sides {
		times, conversations := s.arrived(side)
		for len(times) < len(side.posted) && time.Now().Before(deadline) {
			time.Sleep(2 * time.Second) // of another process, which tells nobody
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

// samples are what the kernel says of the daemon's memory.
type samples struct{ list []sample }

type sample struct {
	generation          int
	at                  time.Time
	resident, anonymous int // KiB; the rest is the mapped data file
}

// watch samples twice a second until the soak ends.
func (m *samples) watch(s *soak) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.ended:
			return
		case <-tick.C:
		}
		pid, generation := s.pid()
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue // it was killed
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
}

// flat compares the memory of the process that ran last when it was warm, after
// a fifth of its life, with that at its end.
func (m *samples) flat(t *testing.T, generation int) {
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
	warmAll, warm := part(0.1, 0.3)
	endAll, end := part(0.8, 1)
	t.Logf("memory over %s: %d MiB of its own when warm, %d MiB at the end; with the mapped data file %d and %d MiB",
		of[len(of)-1].at.Sub(of[0].at).Round(time.Second), warm, end, warmAll, endAll)
	if float64(end) > flatness*float64(warm)+8 {
		t.Errorf("memory grew from %d to %d MiB", warm, end)
	}
}
