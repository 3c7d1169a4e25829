//go:build slow

package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The share of the soak that every change passes; STANDPUNT_SOAK asks for more.
const (
	soakEnv   = "STANDPUNT_SOAK"
	soakShare = 10_000
)

// soak is one daemon on its data directory, the platforms that it talks to, and
// the staff that answers.
type soak struct {
	t     *testing.T
	site  *site
	sides []*side
	total int // mentions in all

	generation atomic.Int64 // of the daemon
	calls      atomic.Int64 // that all daemons made
	life       sync.Mutex   // held while the daemon is started or ended
	daemon     *process
	strikes    atomic.Int64 // how often it may still be killed while it sends
	stage      atomic.Int64 // per cent of the answers that may be given by now, so that each life has some
	kills      map[string]int
	memory     samples
	ended      chan struct{} // the soak is over
	began      time.Time
}

// TestSoak lets customers say many thousand things on X, Facebook and Instagram
// while
// every tenth call goes wrong and the daemon is killed and stopped again and
// again. In the end every mention is in the inbox once, no answer stands twice,
// the record verifies, memory is as it was, and X has been paid for nothing
// that need not be read. docs/soak.md tells how it is run in full.
func TestSoak(t *testing.T) {
	s, restarts := newSoak(t)
	s.start()
	s.site.enrol("anna", "bert", "ada")
	var watching sync.WaitGroup
	answering := newStaff(s, s.total/50)
	watching.Go(answering.work)

	half, said := make(chan struct{}), make(chan struct{})
	var feeding sync.WaitGroup
	for i, side := range s.sides {
		feeding.Go(func() { s.feed(i, side, half) })
	}
	go func() {
		feeding.Wait()
		close(said)
	}()
	s.restartOften(restarts, answering.upToDate)
	calm := int(s.generation.Load())
	close(half)
	s.progress("everything was said", func() bool { return closed(said) })
	s.progress("everything was shown", func() bool {
		left := 0
		for _, side := range s.sides {
			left += side.left()
		}
		return left == 0
	})
	answering.settle()
	took := time.Since(s.began).Round(time.Second)
	close(s.ended)
	watching.Wait()

	s.everyMentionOnce()
	answering.everyAnswerOnce()
	s.paid()
	s.memory.flat(t, calm)
	s.daemon.stop()
	t.Log(verified(t, "--data", s.site.data))
	calls, mishaps := 0, make(map[string]int)
	for _, side := range s.sides {
		side.gauntlet.mu.Lock()
		calls += side.gauntlet.reads + side.gauntlet.writes
		for name, n := range side.gauntlet.mishaps {
			mishaps[name] += n
		}
		side.gauntlet.mu.Unlock()
	}
	t.Logf("%d mentions on %d accounts in %s; %d calls, of which went wrong: %v; restarts: %v",
		s.total, len(s.sides), took, calls, mishaps, s.kills)
}

// newSoak founds a site with accounts on X, Facebook and Instagram. restarts is how often
// the daemon is to end in each of the ways.
func newSoak(t *testing.T) (s *soak, restarts int) {
	s = &soak{t: t, total: soakShare, kills: make(map[string]int), ended: make(chan struct{}), began: time.Now()}
	each, pageSize, restarts := 2, 25, 3
	if asked := os.Getenv(soakEnv); asked != "" {
		n, err := strconv.Atoi(asked)
		if err != nil || n < 1000 {
			t.Fatalf("%s=%q is no number of mentions from 1000 on", soakEnv, asked)
		}
		if s.total = n; n > 5*soakShare {
			each, pageSize, restarts = 4, 100, 12
		}
	}
	accounts := ""
	for i := range each {
		s.sides = append(s.sides, newX(t, i, pageSize), newFacebook(t, i), newInstagram(t, i))
	}
	for _, side := range s.sides {
		side.gauntlet.strike = s.strike
		side.gauntlet.called = s.called
		accounts += side.settings
	}
	s.site = foundSite(t, accounts+"log:\n  level: error\n")
	return s, restarts
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// start starts the daemon anew.
func (s *soak) start() {
	s.life.Lock()
	defer s.life.Unlock()
	s.startLocked()
}

func (s *soak) startLocked() {
	s.generation.Add(1)
	s.daemon = s.site.serve()
}

// pid is the running daemon's, and which one it is; not alive: it is being
// started or ended.
func (s *soak) pid() (pid, generation int, alive bool) {
	if !s.life.TryLock() {
		return 0, 0, false
	}
	defer s.life.Unlock()
	return s.daemon.cmd.Process.Pid, int(s.generation.Load()), true
}

// called counts a call of the daemon.
func (s *soak) called() {
	s.calls.Add(1)
	s.memory.called(s)
}

// strike kills the daemon in the middle of a write, where that is due.
func (s *soak) strike() bool {
	if s.strikes.Load() <= 0 || !s.life.TryLock() {
		return false
	}
	s.strikes.Add(-1)
	_ = s.daemon.cmd.Process.Signal(syscall.SIGKILL) // whoever waits for it starts another
	s.life.Unlock()
	return true
}

// lifetime is how many calls the daemon makes at least until it is ended: what a
// life brings about is not to depend on how fast the machine is.
const lifetime = 100

// restartOften ends the daemon again and again: as a power cut does and as systemd
// does, when it has made its calls and all answers are given that may be by then, and
// while it sends. No life lasts longer than a minute.
func (s *soak) restartOften(times int, answered func() bool) {
	for i := range 3 * times {
		s.stage.Store(int64(100 * (i + 1) / (3*times + 1)))
		how := []string{"SIGKILL", "SIGTERM", "SIGKILL while sending"}[i%3]
		until := s.calls.Load() + int64(lifetime+20*(i%5))
		lived := func() bool { return s.calls.Load() >= until && answered() }
		if i%3 == 2 {
			s.strikes.Store(1)
			lived = func() bool { return false } // until it writes
		}
		s.live(lived)
		s.life.Lock()
		select {
		case <-s.daemon.done:
		default:
			switch how {
			case "SIGTERM":
				s.daemon.stop()
			default:
				how = "SIGKILL"
				s.daemon.kill()
			}
		}
		s.strikes.Store(0)
		s.kills[how]++
		s.startLocked()
		s.life.Unlock()
		s.report("started again after " + how)
	}
	s.stage.Store(100)
}

// live waits until the daemon has lived enough or ended, at most a minute.
func (s *soak) live(enough func() bool) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	over := time.After(time.Minute)
	for !enough() {
		select {
		case <-tick.C:
		case <-s.daemon.done:
			return
		case <-over:
			return
		}
	}
}

// feed lets customers speak on one side: half of it while the daemon is
// restarted, the rest when that is over.
func (s *soak) feed(i int, side *side, half <-chan struct{}) {
	count := s.total / len(s.sides)
	if i < s.total%len(s.sides) {
		count++
	}
	for n := 0; n < count; {
		if n >= count/2 {
			select {
			case <-half:
			case <-s.t.Context().Done():
				return
			}
		}
		for range min(side.room(), 50, count-n) {
			side.say(n)
			n++
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-s.t.Context().Done():
			return
		}
	}
}

// progress waits until done, and tells now and then how far it is.
func (s *soak) progress(what string, done func() bool) {
	s.t.Helper()
	deadline, ok := s.t.Deadline()
	if !ok {
		deadline = time.Now().Add(6 * time.Hour)
	}
	told := time.Now()
	for !done() {
		if time.Now().After(deadline.Add(-30 * time.Second)) {
			s.report("the time is over")
			s.t.Fatalf("it never happened: %s", what)
		}
		if time.Since(told) > 30*time.Second {
			s.report("waiting: " + what)
			told = time.Now()
		}
		select {
		case <-s.daemon.done:
			s.t.Fatalf("the daemon ended: %s", s.daemon.out)
		case <-time.After(time.Second):
		}
	}
}

func (s *soak) report(what string) {
	line := fmt.Sprintf("%s: %s;", time.Since(s.began).Round(time.Second), what)
	for _, side := range s.sides {
		side.gauntlet.mu.Lock()
		line += fmt.Sprintf(" %s %d reads, %d writes, %d not shown;", side.name, side.gauntlet.reads, side.gauntlet.writes, side.left())
		side.gauntlet.mu.Unlock()
	}
	s.t.Log(line)
}

// insist calls the API until the daemon answers.
func (s *soak) insist(c caller, method, path string, in any) (int, map[string]any) {
	for {
		status, answer := c.try(method, path, in)
		if status != 0 && status != http.StatusServiceUnavailable {
			return status, answer
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-s.t.Context().Done():
			return 0, nil
		}
	}
}
