//go:build slow

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"time"
)

// everyCall is how many calls go well, the last one excepted: reads and writes
// are counted apart, so that both are hit.
const everyCall = 10

// gauntlet stands before a platform. Every tenth read and every tenth write
// goes wrong, each time in another way.
type gauntlet struct {
	platform http.Handler
	limited  func(w http.ResponseWriter, after time.Duration) // this platform's way to ask for fewer calls
	// saw is told of each answer that the platform gave, and whether the daemon could read it.
	saw func(r *http.Request, body []byte, whole bool)
	// strike kills the daemon while one of its writes is under way; false: not now.
	strike func() bool
	// called is told of each call.
	called func()

	mu            sync.Mutex
	reads, writes int
	mishaps       map[string]int
	carried       map[string]int // how often the platform carried out each write
	twice         int            // writes that it refused since their text stands there
}

// mishap is one way to go wrong.
type mishap struct {
	name string
	do   func(g *gauntlet, w http.ResponseWriter, r *http.Request)
}

var readMishaps = []mishap{
	{"500", refused(http.StatusInternalServerError, "application/json", `{"title":"Internal Server Error","status":500}`)},
	{"truncated", truncated},
	{"HTML with 200", refused(http.StatusOK, "text/html", "<!doctype html><title>Sign in</title><p>Welcome to our hotel!")},
	{"reordered", reordered},
	{"reset before", func(_ *gauntlet, w http.ResponseWriter, _ *http.Request) { reset(w) }},
	{"429 with reset", func(g *gauntlet, w http.ResponseWriter, _ *http.Request) { g.limited(w, 2*time.Second) }},
	{"503", refused(http.StatusServiceUnavailable, "text/html", "<html><body>over capacity</body></html>")},
	{"reset after", carriedThenReset},
	{"hung", func(_ *gauntlet, w http.ResponseWriter, r *http.Request) { hang(w, r, 3*time.Second) }},
	{"empty 200", refused(http.StatusOK, "application/json", "")},
	{"429 without reset", func(g *gauntlet, w http.ResponseWriter, _ *http.Request) { g.limited(w, 0) }},
	{"time-out", func(_ *gauntlet, w http.ResponseWriter, r *http.Request) { hang(w, r, time.Minute) }},
}

var writeMishaps = []mishap{
	{"reset after", carriedThenReset},
	{"500", refused(http.StatusInternalServerError, "application/json", `{"title":"Internal Server Error","status":500}`)},
	{"truncated", truncated},
	{"429 with reset", func(g *gauntlet, w http.ResponseWriter, _ *http.Request) { g.limited(w, 2*time.Second) }},
	{"carried, then HTML", func(g *gauntlet, w http.ResponseWriter, r *http.Request) {
		g.carry(r, false)
		readMishaps[2].do(g, w, r)
	}},
	{"503", refused(http.StatusServiceUnavailable, "text/html", "<html><body>over capacity</body></html>")},
	{"reset before", func(_ *gauntlet, w http.ResponseWriter, _ *http.Request) { reset(w) }},
	{"carried, then hung", func(g *gauntlet, w http.ResponseWriter, r *http.Request) {
		g.carry(r, false)
		hang(w, r, 3*time.Second)
	}},
	{"429 without reset", func(g *gauntlet, w http.ResponseWriter, _ *http.Request) { g.limited(w, 0) }},
	{"carried, then 500", func(g *gauntlet, w http.ResponseWriter, r *http.Request) {
		g.carry(r, false)
		writeMishapOf500(g, w, r)
	}},
	{"carried, then time-out", func(g *gauntlet, w http.ResponseWriter, r *http.Request) {
		g.carry(r, false)
		hang(w, r, time.Minute)
	}},
}

var writeMishapOf500 = refused(http.StatusInternalServerError, "text/plain", "cannot handle it")

func (g *gauntlet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		return // the daemon was killed while it wrote
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r = r.WithContext(context.WithValue(r.Context(), writeKey{}, r.URL.Path+"\n"+string(body)))
	reading := r.Method == http.MethodGet
	g.mu.Lock()
	count, list := &g.reads, readMishaps
	if !reading {
		count, list = &g.writes, writeMishaps
	}
	*count++
	n := *count
	var wrong *mishap
	if n%everyCall == 0 {
		wrong = &list[n/everyCall%len(list)]
		g.mishaps[wrong.name]++
	}
	g.mu.Unlock()
	g.called()
	switch {
	case wrong != nil:
		wrong.do(g, w, r)
	case !reading && g.strike():
		// The write was carried out or was not; its answer reaches nobody.
		if n%2 == 0 {
			g.carry(r, false)
		}
		reset(w)
	default:
		answer := g.carry(r, true)
		g.pass(w, answer)
	}
}

// writeKey is where a request's context tells what it writes where.
type writeKey struct{}

// carry lets the platform act and answer.
func (g *gauntlet) carry(r *http.Request, whole bool) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	g.platform.ServeHTTP(answer, r)
	if answer.Code/100 != 2 {
		if bytes.Contains(answer.Body.Bytes(), []byte("uplicate")) {
			g.mu.Lock()
			g.twice++
			g.mu.Unlock()
		}
		return answer
	}
	if write, ok := r.Context().Value(writeKey{}).(string); ok && r.Method != http.MethodGet {
		g.mu.Lock()
		g.carried[write]++
		g.mu.Unlock()
	}
	g.saw(r, answer.Body.Bytes(), whole)
	return answer
}

func (g *gauntlet) pass(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // who was killed reads nothing
}

func refused(status int, kind, body string) func(*gauntlet, http.ResponseWriter, *http.Request) {
	return func(_ *gauntlet, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func carriedThenReset(g *gauntlet, w http.ResponseWriter, r *http.Request) {
	g.carry(r, false)
	reset(w)
}

// truncated ends in the middle of the answer.
func truncated(g *gauntlet, w http.ResponseWriter, r *http.Request) {
	answer := g.carry(r, false)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	body := answer.Body.Bytes()
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		answer.Code, len(body), body[:len(body)/2])
}

// reordered gives the page with its items in any order and one of them twice.
func reordered(g *gauntlet, w http.ResponseWriter, r *http.Request) {
	answer := g.carry(r, true)
	var page map[string]json.RawMessage
	var items []json.RawMessage
	if json.Unmarshal(answer.Body.Bytes(), &page) != nil || json.Unmarshal(page["data"], &items) != nil || len(items) == 0 {
		g.pass(w, answer)
		return
	}
	rand.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	items = append(items, items[0])
	page["data"], _ = json.Marshal(items) // what was decoded encodes
	var meta map[string]any
	if json.Unmarshal(page["meta"], &meta) == nil {
		meta["result_count"] = len(items)
		page["meta"], _ = json.Marshal(meta)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(page)
}

// reset breaks the connection off.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// hang says nothing for a while, then breaks off.
func hang(w http.ResponseWriter, r *http.Request, most time.Duration) {
	select {
	case <-r.Context().Done():
	case <-time.After(most):
	}
	reset(w)
}

// limitedByX is X's 429.
func limitedByX(w http.ResponseWriter, after time.Duration) {
	if after > 0 {
		w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(time.Now().Add(after).Unix(), 10))
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = io.WriteString(w, `{"title":"Too Many Requests","detail":"Too Many Requests","type":"about:blank","status":429}`)
}

// limitedByFacebook is Facebook's error 32.
func limitedByFacebook(w http.ResponseWriter, after time.Duration) {
	if after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(after/time.Second)))
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusForbidden)
	_, _ = io.WriteString(w, `{"error":{"message":"(#32) Page request limit reached","type":"OAuthException","code":32,"fbtrace_id":"A"}}`)
}
