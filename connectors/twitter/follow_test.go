package twitter

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/connectors"
	"standpunt/inbox"
)

// wire is the far end of a stream that a test holds.
type wire struct {
	*io.PipeWriter
	at time.Duration // since the beginning
}

// station answers connects as a test says: an error, or a connection.
type station struct {
	mu     sync.Mutex
	began  time.Time
	fail   func(n int) error // of the n-th connect, from 1
	wires  []*wire
	tries  []time.Duration
	pages  []connectors.Page
	refuse error // of deliver
}

func (s *station) open(ctx context.Context) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries = append(s.tries, time.Since(s.began))
	if s.fail != nil {
		if err := s.fail(len(s.tries)); err != nil {
			return nil, err
		}
	}
	r, w := io.Pipe()
	context.AfterFunc(ctx, func() { _ = r.CloseWithError(ctx.Err()) })
	s.wires = append(s.wires, &wire{w, time.Since(s.began)})
	return r, nil
}

func (s *station) deliver(p connectors.Page) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages = append(s.pages, p)
	return s.refuse
}

// connects are the times of all connects so far.
func (s *station) connects() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tries)
}

// told are the pages that were delivered so far.
func (s *station) told() []connectors.Page {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.pages)
}

func (s *station) last(t *testing.T) *wire {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.wires) == 0 {
		t.Fatal("nobody connected")
	}
	return s.wires[len(s.wires)-1]
}

func (w *wire) say(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(w, line+"\r\n"); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

// followed runs one feed against a station.
func followed(t *testing.T, s *station, f func()) {
	t.Helper()
	followedLogging(t, s, io.Discard, f)
}

// followedLogging is followed with a log.
func followedLogging(t *testing.T, s *station, log io.Writer, f func()) {
	t.Helper()
	s.began = time.Now()
	ctx, stop := context.WithCancel(t.Context())
	c := &Streaming{&Connector{log: slog.New(slog.NewTextHandler(log, nil)), account: "x", s: Settings{Handle: "noordlicht"}, people: new(acquaintances)}}
	c.bill = &bill{log: c.log}
	h := &hub{deliver: s.deliver, stop: stop, pending: make(map[string]bool), troubles: make(map[string]error), seen: newSeen()}
	read := func(line []byte) (batch, error) { return c.readFiltered(t.Context(), line, "1") }
	done := make(chan struct{})
	go func() {
		c.follow(ctx, feed{"keyword stream", s.open, read}, h)
		close(done)
	}()
	f()
	stop()
	<-done
}

func ids(pages []connectors.Page) (all []string) {
	for _, p := range pages {
		for _, m := range p.Mentions {
			all = append(all, m.ExternalID)
		}
	}
	return all
}

func TestAStreamThatFallsSilentIsConnectedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(station)
		followed(t, s, func() {
			w := s.last(t)
			for range 10 {
				time.Sleep(20 * time.Second)
				w.say(t, "")
			}
			if len(s.connects()) != 1 {
				t.Fatalf("connected %d times although it gave signs of life", len(s.connects()))
			}
			time.Sleep(quiet + time.Millisecond)
			synctest.Wait()
			if len(s.connects()) != 2 || s.connects()[1] != 200*time.Second+quiet {
				t.Errorf("connected after %v, want at once after %v of silence", s.connects(), quiet)
			}
			if len(s.told()) != 2 || s.told()[0].Trouble != nil || s.told()[1].Trouble != nil {
				t.Errorf("pages %+v, want an empty one for each connect", s.told())
			}
		})
	})
}

func TestConnectsAreSpacedAsXAsks(t *testing.T) {
	network := connectors.Errorf(connectors.Temporary, "cannot be reached")
	said := func(status int, kind connectors.ErrorKind) error {
		return &connectors.Error{Kind: kind, Message: "no", Err: &refusal{status: status}}
	}
	for _, c := range []struct {
		name  string
		err   error
		after []time.Duration
	}{
		{"network", network, []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, 750 * time.Millisecond, time.Second}},
		{"answers", said(503, connectors.Temporary), []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second, 320 * time.Second, 320 * time.Second}},
		{"limits", said(429, connectors.RateLimited), []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 16 * time.Minute}},
		{"refused", said(403, connectors.NotAllowed), []time.Duration{5 * time.Second, 10 * time.Second}},
		{"X's own limit", &connectors.Error{Kind: connectors.RateLimited, RetryAfter: 7 * time.Minute, Message: "no"}, []time.Duration{7 * time.Minute, 7 * time.Minute, 7 * time.Minute, 8 * time.Minute}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &station{fail: func(int) error { return c.err }}
				followed(t, s, func() {
					var total time.Duration
					for i, pause := range c.after {
						total += pause
						time.Sleep(time.Until(s.began.Add(total)))
						synctest.Wait()
						if len(s.connects()) != i+2 || s.connects()[i+1] != total {
							t.Fatalf("connects at %v; the %d. is due after %v more", s.connects(), i+2, pause)
						}
					}
					if !errors.Is(s.told()[0].Trouble, c.err) {
						t.Errorf("told %+v", s.told()[0])
					}
				})
			})
		})
	}
	var r retry
	for range 100 {
		_ = r.after(0, network)
	}
	if got := r.after(0, network); got != 16*time.Second {
		t.Errorf("after a hundred failures %v", got)
	}
	if got := r.after(heldFor, network); got != 0 {
		t.Errorf("after a connection that held: %v", got)
	}
	if got := r.after(0, network); got != networkStep {
		t.Errorf("the first failure after one that held: %v", got)
	}
}

// What keeps a stream away is said once, until it is something else or the
// stream was there for a while.
func TestWhatKeepsAStreamAwayIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer // read while nobody writes
		trouble := connectors.Errorf(connectors.Temporary, "the first trouble")
		s := &station{fail: func(int) error { return trouble }}
		followedLogging(t, s, &log, func() {
			said := func(after time.Duration, want ...string) {
				t.Helper()
				time.Sleep(after)
				synctest.Wait()
				lines := strings.Split(strings.TrimSpace(log.String()), "\n")
				if len(lines) != len(want) {
					t.Fatalf("after %d connects the log is\n%s", len(s.connects()), log.String())
				}
				for i, words := range want {
					if !strings.Contains(lines[i], words) {
						t.Errorf("line %d is %s, want %s", i, lines[i], words)
					}
				}
			}
			set := func(err error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.fail = func(int) error { return err }
			}
			said(10*time.Minute, "the first trouble")
			set(connectors.Errorf(connectors.Temporary, "another trouble"))
			said(10*time.Minute, "the first trouble", "another trouble")
			set(nil)
			said(time.Minute, "the first trouble", "another trouble")
			set(connectors.Errorf(connectors.Temporary, "another trouble"))
			_ = s.last(t).Close()
			said(10*time.Minute, "the first trouble", "another trouble", "another trouble")
			if n := len(s.connects()); n < 100 {
				t.Errorf("%d connects: this test shows nothing", n)
			}
		})
	})
}

// A stream that X accepts and ends at once, over and over, is no busy loop.
func TestAStreamThatEndsAtOnceIsSpacedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(station)
		followed(t, s, func() {
			for range 20 {
				_ = s.last(t).Close()
				time.Sleep(time.Second)
			}
			synctest.Wait()
			if n := len(s.connects()); n > 20 {
				t.Errorf("%d connects in 20 s", n)
			}
		})
	})
}

func TestLinesOfAnySizeDuplicatesAndNonsense(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(station)
		line := func(id, text string) string {
			return fmt.Sprintf(`{"data":{"id":%q,"author_id":"9","text":%q,"created_at":"2026-08-01T10:00:00.000Z"}}`, id, text)
		}
		followed(t, s, func() {
			w := s.last(t)
			w.say(t, line("12", "kort"))
			w.say(t, line("9007199254740995", strings.Repeat("lang ", 300_000)))
			w.say(t, line("11", "ouder, en later"))
			w.say(t, line("12", "kort"))
			w.say(t, `{"errors":[{"title":"odd","detail":"nothing of an end"}]}`)
			w.say(t, strings.Repeat("x", longestStreamLine+10))
			w.say(t, line("13", "daarna"))
			if got := ids(s.told()); !slices.Equal(got, []string{"12", "9007199254740995", "11", "13"}) {
				t.Errorf("came %v", got)
			}
			if len(s.connects()) != 1 {
				t.Errorf("%d connects", len(s.connects()))
			}
			time.Sleep(time.Minute / 2)
			synctest.Wait()
			s.last(t).say(t, `{"data":{"id":12}}`)
			time.Sleep(time.Hour / 60)
			synctest.Wait()
			if len(s.connects()) < 3 || s.told()[len(s.told())-1].Trouble != nil {
				t.Errorf("after nonsense: connects at %v, %+v", s.connects(), s.told()[len(s.told())-1])
			}
		})
	})
}

func TestWhatXSaysBeforeItEndsAStream(t *testing.T) {
	for line, want := range map[string]struct {
		kind  connectors.ErrorKind
		words string
	}{
		`{"errors":[{"title":"operational-disconnect","disconnect_type":"UpstreamOperationalDisconnect","detail":"..."}]}`: {connectors.Temporary, "ended"},
		`{"title":"ConnectionException","connection_issue":"TooManyConnections"}`:                                          {connectors.RateLimited, "one connection"},
		`not JSON`: {connectors.Garbage, "no sense"},
		`{}`:       {"", ""},
	} {
		err := disconnected([]byte(line))
		if want.kind == "" {
			if err != nil {
				t.Errorf("%s: %v", line, err)
			}
			continue
		}
		if err == nil || connectors.KindOf(err) != want.kind || !strings.Contains(err.Error(), want.words) {
			t.Errorf("%s: %v", line, err)
		}
		if errors.Is(err, errTooMany) != strings.Contains(line, "TooMany") {
			t.Errorf("%s is %v", line, err)
		}
	}
}

// What deliver refuses ends the stream, and is not counted as delivered.
func TestWhatCannotBeKeptEndsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("the disk is full")
		s := &station{refuse: full}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		h := &hub{deliver: s.deliver, stop: stop, pending: make(map[string]bool), troubles: make(map[string]error), seen: newSeen()}
		one := batch{Page: connectors.Page{Mentions: []inbox.Inbound{{ExternalID: "1"}}}, key: "event"}
		if err := h.take(one); !errors.Is(err, full) || ctx.Err() == nil {
			t.Errorf("%v, %v", err, ctx.Err())
		}
		if h.seen.has("1") || h.seen.has("event") {
			t.Error("what was not kept counts as seen")
		}
	})
}

func TestTheSeenAreBounded(t *testing.T) {
	s := newSeen()
	for i := range mostSeen + 10 {
		s.add(fmt.Sprint(i))
		s.add(fmt.Sprint(i))
	}
	if len(s.known) != mostSeen || s.has("9") || !s.has("10") || !s.has(fmt.Sprint(mostSeen+9)) {
		t.Errorf("%d are known", len(s.known))
	}
}

func TestNextLine(t *testing.T) {
	var text bytes.Buffer
	text.WriteString("eerste\r\n\r\n" + strings.Repeat("y", 70<<10) + "\n" + strings.Repeat("z", 200<<10) + "\nlaatste\nzonder einde")
	lines := bufio.NewReaderSize(&text, 64<<10)
	var got []int
	for {
		line, err := nextLine(lines, 100<<10)
		if errors.Is(err, errLongLine) {
			got = append(got, -1)
			continue
		}
		if err != nil {
			break
		}
		got = append(got, len(line))
	}
	if want := []int{8, 2, 70<<10 + 1, -1, 8}; !slices.Equal(got, want) {
		t.Errorf("lines of %v bytes, want %v", got, want)
	}
}

func TestFiltersHoldTheKeywords(t *testing.T) {
	s := Settings{Handle: "noordlicht"}
	s.Keywords = []string{"noordlicht", "groene  stroom", "#energie", "OR", "a-b"}
	s.Rules = []string{" from:eva has:images ", "from:eva has:images"}
	want := []string{`(noordlicht OR "groene stroom" OR #energie OR "OR" OR "a-b") -is:retweet -from:noordlicht`, "from:eva has:images"}
	if got := s.filters(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for i := range 100 {
		s.Keywords = append(s.Keywords, fmt.Sprintf("woord%090d", i))
	}
	for _, f := range s.queries() {
		if n := len([]rune(f)); n > longestQuery || !strings.HasSuffix(f, "-from:noordlicht") && f != want[1] {
			t.Errorf("%d characters: %s", n, f)
		}
	}
	joined := strings.Join(s.filters(), "\n")
	for _, k := range s.Keywords {
		if !strings.Contains(joined, term(k)) {
			t.Errorf("%q is in no filter", k)
		}
	}
}
