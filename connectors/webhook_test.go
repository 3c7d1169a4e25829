package connectors_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/internal/logtest"
)

// appPage is a connector of an app that has several pages on one address. A
// delivery is "SIGNATURE id:mention id:mention ...".
type appPage struct {
	source
	id string
}

func (p *appPage) Identity(context.Context) (connectors.Identity, error) {
	return connectors.Identity{RemoteID: p.id}, nil
}

func (p *appPage) Receive(_ context.Context, r *http.Request, body []byte) (connectors.WebhookAnswer, error) {
	var answer connectors.WebhookAnswer
	switch r.Header.Get("Signature") {
	case "right":
	case "in part":
		return connectors.WebhookAnswer{Page: page("", false, "part"), Status: http.StatusBadGateway}, nil
	case "late":
		return answer, connectors.Errorf(connectors.Stale, "it was signed an hour ago")
	default:
		return answer, connectors.Errorf(connectors.BadAuth, "its signature is wrong")
	}
	for _, part := range strings.Fields(string(body)) {
		id, mention, _ := strings.Cut(part, ":")
		if id == p.id {
			answer.Page.Mentions = append(answer.Page.Mentions, inbox.Inbound{ExternalID: mention})
		} else if !slices.Contains(answer.Others, id) {
			answer.Others = append(answer.Others, id)
		}
	}
	return answer, nil
}

func delivery(signature, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hooks/x", strings.NewReader(body))
	r.Header.Set("Signature", signature)
	return r
}

func TestDeliveryReachesEveryAccountThatItSpeaksOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		page := func(name, kind, id string) connectors.Live {
			return connectors.Live{Account: connectors.Account{Name: inbox.AccountName(name), Kind: kind}, Connector: &appPage{source{poll: quiet}, id}}
		}
		r := connectors.NewRunner(connectors.RunnerOptions{Inbox: m, Observer: m},
			page("one", "fb", "11"), page("two", "fb", "22"), page("elsewhere", "ig", "22"), live("plain", &source{poll: quiet}))
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := r.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		if _, err := r.Receive("one", delivery("right", "11:a 22:b 11:c 33:d 22:e")); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(m.of("one"), []string{"a", "c"}) || !slices.Equal(m.of("two"), []string{"b", "e"}) || len(m.of("elsewhere")) != 0 {
			t.Errorf("one has %v, two %v, elsewhere %v", m.of("one"), m.of("two"), m.of("elsewhere"))
		}
		// What cannot be completed comes again, and what there was of it is kept.
		if _, err := r.Receive("two", delivery("in part", "")); !fault.Is(err, fault.Unavailable) || !slices.Contains(m.of("two"), "part") {
			t.Errorf("a delivery that could be taken in part: %v; two has %v", err, m.of("two"))
		}
		// What the other account cannot keep comes again as a whole.
		fails := false
		m.ingestBy = func() error {
			if fails = !fails; fails {
				return nil
			}
			return io.ErrShortWrite
		}
		if _, err := r.Receive("one", delivery("right", "11:f 22:g")); !fault.Is(err, fault.Unavailable) {
			t.Errorf("a delivery of which a part was not kept: %v", err)
		}
		if h := r.Health(); h[0].Webhook.Accepted != 2 || h[1].Webhook.Accepted != 1 || h[1].Webhook.NotKept != 2 || h[2].Webhook.Accepted != 0 || h[3].Webhook.Path != "" || h[0].Webhook.URL("https://desk.example/") != "https://desk.example/hooks/one" || h[0].Webhook.URL("http://localhost") != "" {
			t.Errorf("the deliveries are counted as %+v, %+v, %+v, %+v", h[0].Webhook, h[1].Webhook, h[2].Webhook, h[3].Webhook)
		}
	})
}

// Strangers are counted, logged once a minute, and make nothing fail; a wrong
// secret is told with a remedy.
func TestDeliveriesWithoutProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		var log logtest.Buffer
		account := live("x", &appPage{source{poll: quiet}, "11"})
		account.Log = slog.New(slog.NewTextHandler(&log, nil))
		r := connectors.NewRunner(connectors.RunnerOptions{Inbox: m, Observer: m}, account)
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		send := func(signature string, n int) {
			for range n {
				_, err := r.Receive("x", delivery(signature, "11:a"))
				if (err == nil) != (signature == "right") {
					t.Fatalf("signature %s: %v", signature, err)
				}
			}
		}
		synctest.Wait()
		send("right", 1)
		send("stranger", 1000)
		h := r.Health()[0]
		if h.State != connectors.OK || h.Webhook.Accepted != 1 || h.Webhook.Unproven != 1000 || h.Webhook.LastReason != "its signature is wrong" {
			t.Errorf("strangers changed a healthy account: %+v", h)
		}
		if n := strings.Count(log.String(), "webhook deliveries refused"); n != 1 {
			t.Errorf("%d log lines for a spray", n)
		}
		time.Sleep(90 * time.Second)
		if said := log.String(); strings.Count(said, "webhook deliveries refused") != 2 || !strings.Contains(said, "count=999") {
			t.Errorf("the log says %s", said)
		}

		time.Sleep(time.Hour)
		send("stranger", 3)
		h = r.Health()[0]
		if h.State != connectors.Degraded || h.ProblemKind != connectors.BadAuth || !strings.Contains(h.Remedy, "app secret") || h.Failures != 0 {
			t.Errorf("a secret that is wrong is shown as %+v", h)
		}
		send("late", 1)
		if h = r.Health()[0]; h.State != connectors.Degraded || h.ProblemKind != connectors.Stale || !strings.Contains(h.Remedy, "clock") {
			t.Errorf("a clock that is wrong is shown as %+v", h)
		}
		time.Sleep(2 * time.Minute) // and polls in between
		if h = r.Health()[0]; h.State != connectors.Degraded {
			t.Errorf("a poll hides the problem: %+v", h)
		}
		send("right", 1)
		if h = r.Health()[0]; h.State != connectors.OK || h.Problem != "" {
			t.Errorf("after a delivery with proof: %+v", h)
		}
		if err := r.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		time.Sleep(2 * time.Minute) // the last count is told
	})
}

func TestChallengeIsNoDelivery(t *testing.T) {
	m := newMemory()
	r := connectors.NewRunner(connectors.RunnerOptions{Inbox: m, Observer: m}, live("x", &appPage{source{poll: quiet}, "11"}))
	for range 10 {
		check := httptest.NewRequest(http.MethodGet, "/hooks/x?token=wrong", nil)
		if _, err := r.Receive("x", check); !fault.Is(err, fault.Unauthenticated) {
			t.Fatal(err)
		}
	}
	check := httptest.NewRequest(http.MethodGet, "/hooks/x", nil)
	check.Header.Set("Signature", "right")
	if _, err := r.Receive("x", check); err != nil {
		t.Fatal(err)
	}
	if h := r.Health()[0]; h.Webhook.Accepted != 0 || h.Webhook.Unproven != 10 || h.Webhook.Confirmed.IsZero() || h.Problem != "" {
		t.Errorf("checks of the address are counted as %+v", h)
	}
}

// drip is a body that never ends until it is released.
type drip struct {
	sent    atomic.Int64
	release chan struct{}
}

func (d *drip) Read(b []byte) (int, error) {
	select {
	case <-d.release:
		return 0, io.EOF
	default:
	}
	if d.sent.Load() >= 1<<20 {
		<-d.release
		return 0, io.EOF
	}
	n := min(len(b), 16<<10)
	d.sent.Add(int64(n))
	return n, nil
}

func TestDeliveriesTogetherStayWithinTheMemoryForThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const memory = 8 << 20
		m := newMemory()
		r := connectors.NewRunner(connectors.RunnerOptions{Inbox: m, Observer: m, DeliveryMemory: memory}, live("x", &appPage{source{poll: quiet}, "11"}))
		body := &drip{release: make(chan struct{})}
		bodies := make([]*drip, 50)
		var busy atomic.Int64
		var all sync.WaitGroup
		for i := range bodies {
			bodies[i] = &drip{release: body.release}
			all.Go(func() {
				request := httptest.NewRequest(http.MethodPost, "/hooks/x", bodies[i])
				request.ContentLength = -1
				_, err := r.Receive("x", request)
				if fault.Is(err, fault.Unavailable) {
					busy.Add(1)
				}
			})
		}
		synctest.Wait()
		held := int64(0)
		for _, b := range bodies {
			held += b.sent.Load()
		}
		if held > memory {
			t.Errorf("%d bytes of bodies are held where %d are allowed", held, memory)
		}
		time.Sleep(10 * time.Second)
		if busy.Load() == 0 {
			t.Error("nobody was told to come back later")
		}
		close(body.release)
		all.Wait()
		// All of it is given back.
		if _, err := r.Receive("x", delivery("right", strings.Repeat(" ", 2<<20)+"11:z")); err != nil {
			t.Errorf("after the burst: %v", err)
		}
		if !slices.Equal(m.of("x"), []string{"z"}) {
			t.Errorf("ingested %v", m.of("x"))
		}
	})
}

// trickle is a body that stops after so many bytes, and can be interrupted.
type trickle struct {
	left              int
	interrupted, over chan struct{}
}

func (b *trickle) Read(p []byte) (int, error) {
	n := min(len(p), b.left)
	if b.left -= n; n > 0 {
		return n, nil
	}
	select {
	case <-b.interrupted:
		return 0, os.ErrDeadlineExceeded
	case <-b.over:
		return 0, io.ErrUnexpectedEOF
	}
}

func (b *trickle) Close() error { return nil }

func (b *trickle) Interrupt() { close(b.interrupted) }

// Strangers who hold the memory with bodies that do not end keep no delivery out:
// each gives way after a second, the one that came first before the others.
func TestBodiesThatDoNotEndGiveWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		r := connectors.NewRunner(connectors.RunnerOptions{Inbox: m, Observer: m, DeliveryMemory: 8<<20 + 512<<10}, live("x", &appPage{source{poll: quiet}, "11"}))
		var mu sync.Mutex
		var cut []int
		over := make(chan struct{})
		var all sync.WaitGroup
		stall := func(who, bytes int) {
			request := delivery("stranger", "")
			request.Body, request.ContentLength = &trickle{bytes, make(chan struct{}), over}, connectors.MaxDelivery
			all.Go(func() {
				if _, err := r.Receive("x", request); fault.Is(err, fault.Unavailable) {
					mu.Lock()
					defer mu.Unlock()
					cut = append(cut, who)
				}
			})
			synctest.Wait()
		}
		for i := range 8 { // they hold 1 MB each
			stall(i, 1<<20-1)
			time.Sleep(time.Millisecond)
		}
		for i := range 128 { // and these all that is left
			stall(8+i, 1)
			time.Sleep(time.Millisecond)
		}
		began := time.Now()
		for i := range 1000 {
			all.Go(func() {
				if _, err := r.Receive("x", delivery("right", fmt.Sprintf("11:%d", i))); err != nil {
					t.Errorf("delivery %d: %v", i, err)
				}
			})
		}
		synctest.Wait()
		if kept := len(m.of("x")); kept != 0 {
			t.Errorf("%d deliveries were taken in where there was no memory: this test shows nothing", kept)
		}
		time.Sleep(time.Second - time.Since(began))
		synctest.Wait()
		gaveWay := func() []int {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(cut)
		}
		before := gaveWay()
		if kept := len(m.of("x")); kept != 1000 || len(before) == 0 || len(before) > 5 || before[0] != 0 || !slices.IsSorted(before) {
			t.Errorf("a second later %d deliveries of 1,000 are kept, and %v gave way; want as many of the first as are needed", kept, before)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if now := gaveWay(); len(now) != len(before) {
			t.Errorf("%v gave way, and nobody needed it", now)
		}
		if _, err := r.Receive("x", delivery("right", strings.Repeat(" ", 3<<20)+"11:z")); err != nil {
			t.Errorf("a large delivery: %v", err)
		}
		if now := gaveWay(); len(now) < len(before)+3 || slices.Max(now) > 7 {
			t.Errorf("%v gave way to a large delivery", now)
		}
		close(over)
		all.Wait()
	})
}

// A delivery that came before the body that stands in its way is not the one to give
// way: it only waits for memory.
func TestABodyThatDoesNotEndGivesWayToOneThatCameBeforeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		r := connectors.NewRunner(connectors.RunnerOptions{Inbox: m, Observer: m, DeliveryMemory: 16 << 10}, live("x", &appPage{source{poll: quiet}, "11"}))
		var both sync.WaitGroup
		first, pause := delivery("right", strings.Repeat(" ", 6<<10)+"11:z"), make(chan struct{}) // 8 KiB, after 4
		first.Body = &paused{first.Body, pause}
		both.Go(func() {
			if _, err := r.Receive("x", first); err != nil {
				t.Errorf("the delivery that came first: %v", err)
			}
		})
		synctest.Wait() // it holds 4 KiB
		stranger := delivery("stranger", "")
		stranger.Body, stranger.ContentLength = &trickle{7 << 10, make(chan struct{}), make(chan struct{})}, connectors.MaxDelivery
		both.Go(func() {
			if _, err := r.Receive("x", stranger); !fault.Is(err, fault.Unavailable) {
				t.Errorf("the body that does not end: %v", err)
			}
		})
		synctest.Wait() // it holds 8 KiB
		close(pause)
		both.Wait()
		if !slices.Equal(m.of("x"), []string{"z"}) {
			t.Errorf("ingested %v", m.of("x"))
		}
	})
}

// paused is a body whose first read returns when it may go on.
type paused struct {
	io.ReadCloser
	goOn chan struct{}
}

func (b *paused) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	<-b.goOn
	return n, err
}

func (b *paused) Interrupt() {}

// slow is an intake that is slow, and counts who is in it.
type slow struct {
	*memory
	inside, most atomic.Int64
}

func (s *slow) Ingest(ctx context.Context, a inbox.AccountName, items []inbox.Inbound, next inbox.Cursor) (inbox.Ingested, error) {
	n := s.inside.Add(1)
	defer s.inside.Add(-1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	time.Sleep(100 * time.Millisecond)
	return s.memory.Ingest(ctx, a, items, next)
}

func TestSoManyDeliveriesAreWorkedOnAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &slow{memory: newMemory()}
		r := connectors.NewRunner(connectors.RunnerOptions{Inbox: m, Observer: m, DeliveriesAtOnce: 10}, live("x", &appPage{source{poll: quiet}, "11"}))
		var all sync.WaitGroup
		for i := range 1000 {
			all.Go(func() {
				if _, err := r.Receive("x", delivery("right", fmt.Sprintf("11:%d", i))); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if m.most.Load() != 10 || len(m.of("x")) != 1000 {
			t.Errorf("%d at once, %d kept", m.most.Load(), len(m.of("x")))
		}
	})
}
