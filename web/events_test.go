package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"standpunt/people"
)

// listener is one open stream of live events.
type listener struct {
	t      *testing.T
	res    *http.Response
	lines  *bufio.Scanner
	cancel context.CancelFunc
}

// arrival is one event.
type arrival struct {
	id, event string
	data      obj
}

// follow opens a stream; lastID is sent as Last-Event-ID unless it is empty.
func (c *caller) follow(path, lastID string) *listener {
	c.r.t.Helper()
	ctx, cancel := context.WithCancel(c.r.t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", c.r.url+"/api/v1"+path, nil)
	check(c.r.t, err)
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	client := &http.Client{Jar: c.http.Jar}
	res, err := client.Do(req) //nolint:bodyclose // listener.close does
	check(c.r.t, err)
	l := &listener{t: c.r.t, res: res, lines: bufio.NewScanner(res.Body), cancel: cancel}
	c.r.t.Cleanup(l.close)
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		c.r.t.Fatalf("the stream answers %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	return l
}

func (l *listener) close() {
	l.cancel()
	_ = l.res.Body.Close()
}

// next waits for an event; ok is false at the end of the stream.
func (l *listener) next() (a arrival, ok bool) {
	for l.lines.Scan() {
		name, value, _ := strings.Cut(l.lines.Text(), ": ")
		switch name {
		case "id":
			a.id = value
		case "event":
			a.event = value
		case "data":
			check(l.t, json.Unmarshal([]byte(value), &a.data))
		case "":
			if a.data != nil {
				return a, true
			}
			a = arrival{}
		}
	}
	return a, false
}

func TestLiveEventsResumeExactly(t *testing.T) {
	r := newRig(t)
	anna := r.as("anna")
	size, err := r.Log.Size(t.Context())
	check(t, err)
	stream := anna.follow("/events", "")
	r.Mention("m1", "Een")
	first, ok := stream.next()
	if !ok || first.id != strconv.FormatUint(size, 10) || first.event != "change" || first.data["kind"] != "inbox.ingested" {
		t.Fatalf("the first event is %v", first)
	}
	for _, name := range []string{"number", "kind", "subject", "from", "to", "at"} {
		if _, has := first.data[name]; !has {
			t.Errorf("the event lacks %s: %v", name, first.data)
		}
	}
	stream.close()
	for i := range 1200 { // more than one page of the log
		r.Mention("n"+strconv.Itoa(i), "Nog een")
	}
	for _, resumed := range []*listener{
		anna.follow("/events", first.id), anna.follow("/events?after="+first.id, ""), anna.follow("/events?after=0", first.id),
	} {
		want := size + 1
		for range 1200 {
			e, ok := resumed.next()
			if !ok || e.id != strconv.FormatUint(want, 10) || e.data["number"] != float64(want) {
				t.Fatalf("event %v came where %d was due", e, want)
			}
			want++
		}
		r.Mention("live"+strconv.FormatUint(want, 10)+resumed.res.Request.URL.RawQuery, "Live")
		end, err := r.Log.Size(t.Context())
		check(t, err)
		for ; want < end; want++ {
			if e, ok := resumed.next(); !ok || e.id != strconv.FormatUint(want, 10) {
				t.Fatalf("live event %v came where %d was due", e, want)
			}
		}
	}
	beginning := anna.follow("/events?after=-1", "")
	if e, ok := beginning.next(); !ok || e.id != "0" {
		t.Errorf("from the beginning comes %v", e)
	}
	anna.get("/events?after=999999999").refused(422, "invalid_input")
	anna.get("/events?after=soon").refused(422, "invalid_input")
}

// TestLiveEventsWhileTheLogGrows joins many readers while somebody writes: none
// misses an event and none gets one twice.
func TestLiveEventsWhileTheLogGrows(t *testing.T) {
	r := newRig(t)
	anna := r.as("anna")
	var readers sync.WaitGroup
	for range 20 {
		readers.Go(func() {
			stream := anna.follow("/events?after=-1", "")
			for want := range 150 {
				if e, ok := stream.next(); !ok || e.id != strconv.Itoa(want) {
					t.Errorf("event %v came where %d was due", e, want)
					return
				}
			}
		})
	}
	for i := range 200 {
		r.Mention("m"+strconv.Itoa(i), "Hallo")
	}
	readers.Wait()
}

func TestLiveEventsEndWithTheSession(t *testing.T) {
	r := newRig(t)
	anna := r.as("anna")
	stream := anna.follow("/events", "")
	anna.call("DELETE", "/session", nil).is(204)
	ends(t, stream)

	program := r.withToken("bert", people.Read)
	stream = program.follow("/events", "")
	bert := r.as("bert")
	token := bert.get("/tokens").is(200).str("items", 0, "id")
	bert.call("DELETE", "/tokens/"+token, nil).is(204)
	ends(t, stream)
}

func TestLiveEventsEndWithTheServer(t *testing.T) {
	r := newRig(t)
	stream := r.as("anna").follow("/events", "")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	check(t, r.server.Stop(ctx))
	ends(t, stream)
	if err := r.server.Err(); err != nil {
		t.Errorf("after a stop the server says %v", err)
	}
}

// ends waits for the end of the stream.
func ends(t *testing.T, stream *listener) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			if _, ok := stream.next(); !ok {
				return
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("the stream goes on")
	}
}
