package network_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"strings"
	"testing"
	"time"

	"standpunt/connectors/sandbox/network"
)

func linesOf(r io.Reader) iter.Seq[string] {
	return func(yield func(string) bool) {
		for s := bufio.NewScanner(r); s.Scan(); {
			if !yield(s.Text()) {
				return
			}
		}
	}
}

func (r *rig) fault(body string) network.FaultsJSON {
	r.t.Helper()
	return must[network.FaultsJSON](r, 200, "PUT", "/api/faults", "", body)
}

func TestFaultsRefuse(t *testing.T) {
	r := start(t)
	r.fault(`{"kind":429,"count":2}`)
	for range 2 {
		refusal(r, 429, "rate_limited", "", "POST", "/api/posts", "", draft{"eva", "x", ""})
	}
	r.fault(`{"kind":"500","count":1,"on":"writes"}`)
	if got := r.list(""); len(got.Items) != 0 {
		t.Errorf("refused posts stand there: %+v", got)
	}
	refusal(r, 500, "internal", "", "POST", "/api/posts", "", draft{"eva", "x", ""})
	r.post("eva", "nu wel", "")
	if left := must[network.FaultsJSON](r, 200, "GET", "/api/faults", "", ""); len(left.Items) != 0 {
		t.Errorf("faults left: %+v", left)
	}
}

func TestFaultsAreNarrowedAndLifted(t *testing.T) {
	r := start(t)
	r.fault(`{"kind":"429","count":5,"account":"noordlicht"}`)
	r.post("eva", "klanten merken niets", "")
	refusal(r, 429, "rate_limited", "", "GET", "/api/account", brandToken, "")
	if left := r.fault(`{"kind":"429","count":0}`); len(left.Items) != 0 {
		t.Errorf("a fault with count 0 stays: %+v", left)
	}
	r.fault(`{"kind":"slow","count":9}`)
	if left := must[network.FaultsJSON](r, 200, "DELETE", "/api/faults", "", ""); len(left.Items) != 0 {
		t.Errorf("lifted faults stay: %+v", left)
	}
	if left := must[network.FaultsJSON](r, 200, "GET", "/api/faults", "", ""); len(left.Items) != 0 {
		t.Errorf("lifted faults come back: %+v", left)
	}
}

func TestTimeoutAfterAccept(t *testing.T) {
	r := start(t)
	r.fault(`{"kind":"timeout_after_accept","count":1}`)
	r.list("") // reading is not concerned
	refusal(r, 422, "empty_text", "text", "POST", "/api/posts", "", draft{"eva", "", ""})
	r.fault(`{"kind":"timeout_after_accept","count":1}`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "POST", r.address()+"/api/posts", strings.NewReader(`{"author":"eva","text":"angenomen"}`))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = answer.Body.Close()
		}
		ended <- err
	}()
	eventually(t, "the post stands there", func() bool { return len(r.list("").Items) > 0 })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatalf("answered, %v", err)
	}
	if got := r.list(""); len(got.Items) != 1 || got.Items[0].Text != "angenomen" {
		t.Errorf("accepted: %+v", got.Items)
	}
}

func TestSlow(t *testing.T) {
	r := start(t)
	r.fault(`{"kind":"slow","count":1}`)
	began := time.Now()
	r.list("")
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("took %v", took)
	}
}

func TestDuplicateDeliveries(t *testing.T) {
	r := start(t)
	p := r.post("eva", "een keer", "")
	r.fault(`{"kind":"duplicate_deliveries","count":1}`)
	if got := r.list(""); len(got.Items) != 1 {
		t.Errorf("the timeline is not the feed: %v", ids(got))
	}
	if got := ids(r.list("?after=")); len(got) != 2 || got[0] != p.ID || got[1] != p.ID {
		t.Errorf("delivered %v", got)
	}
	if got := ids(r.list("?after=")); len(got) != 1 {
		t.Errorf("delivered later %v", got)
	}
}

func TestGarbage(t *testing.T) {
	r := start(t)
	r.fault(`{"kind":"garbage","count":2}`)
	status, body := r.send("POST", "/api/posts", "", `{"author":"eva","text":"aangenomen"}`)
	if status != 200 || json.Valid(body) {
		t.Errorf("status %d, %s", status, body)
	}
	if _, body := r.send("GET", "/api/posts?after=", "", ""); json.Valid(body) {
		t.Errorf("%s", body)
	}
	if got := r.list(""); len(got.Items) != 1 {
		t.Errorf("what was answered with garbage is accepted: %v", ids(got))
	}
}

// Stop is bounded, however many answers are held back and streams are open.
func TestStopEndsWhatIsHeldBack(t *testing.T) {
	n, err := network.New(t.Context(), network.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	n.Start()
	r := &rig{t: t, net: n}
	r.fault(`{"kind":"timeout_after_accept","count":1}`)
	ended := make(chan struct{}, 2)
	for _, call := range [][2]string{{"POST", "/api/posts"}, {"GET", "/api/stream"}} {
		request, err := http.NewRequestWithContext(t.Context(), call[0], r.address()+call[1], strings.NewReader(`{"author":"eva","text":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			answer, err := http.DefaultClient.Do(request)
			if err == nil {
				_, _ = io.Copy(io.Discard, answer.Body) // until it ends, however it does
				_ = answer.Body.Close()
			}
			ended <- struct{}{}
		}()
	}
	eventually(t, "the held-back post stands there", func() bool { return len(r.list("").Items) == 1 })
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := n.Stop(ctx); err != nil {
		t.Error(err)
	}
	for range 2 {
		select {
		case <-ended:
		case <-ctx.Done():
			t.Fatal("a request outlived the network")
		}
	}
}
