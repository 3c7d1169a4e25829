package connectortest

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"standpunt/internal/freeport"
)

// Proxy stands before an HTTP platform and is a [Breaker] for it: embed it in
// the Remote and give the connector URL as its base URL.
type Proxy struct {
	URL string
	// Writes tells which requests publish. nil: every one that is not GET, HEAD or OPTIONS.
	Writes func(*http.Request) bool

	backend *httputil.ReverseProxy
	address string
	other   *httptest.Server

	mu       sync.Mutex
	server   *http.Server // nil while connections are refused
	fault    Fault
	stumble  Fault
	sound    int // calls until the one that stumbles; 0: none does
	mended   chan struct{}
	overhear strings.Builder
}

// NewProxy starts a proxy on loopback before the server at backend.
func NewProxy(t testing.TB, backend string) *Proxy {
	t.Helper()
	target, err := url.Parse(backend)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{mended: make(chan struct{})}
	// Nobody else is to listen on it while connections are refused.
	if p.address, err = freeport.Addr(); err != nil {
		t.Fatal(err)
	}
	p.backend = &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, FlushInterval: -1}
	p.other = httptest.NewServer(http.HandlerFunc(p.overheardRequest))
	p.listen(t)
	p.URL = "http://" + p.address
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		close(p.mended)
		if p.server != nil {
			_ = p.server.Close() // it is going away
		}
		p.other.Close()
	})
	return p
}

func (p *Proxy) listen(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	go p.server.Serve(l) //nolint:errcheck // ends with Close
}

// Break breaks the platform until Mend.
func (p *Proxy) Break(t testing.TB, f Fault) bool {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
	if f == Refused && p.server != nil {
		_ = p.server.Close() // and with it every connection
		p.server = nil
	}
	return true
}

// Mend makes it work again.
func (p *Proxy) Mend(t testing.TB) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = ""
	close(p.mended)
	p.mended = make(chan struct{})
	if p.server == nil {
		p.listen(t)
	}
}

// Stumble lets the nth call from now go wrong.
func (p *Proxy) Stumble(nth int, f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sound, p.stumble = nth, f
}

// Stumbled reports whether it came to that.
func (p *Proxy) Stumbled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sound == 0
}

// stumbles counts a call, and reports whether it is the one that goes wrong.
func (p *Proxy) stumbles() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sound == 0 {
		return false
	}
	p.sound--
	return p.sound == 0
}

// Overheard is every request that reached the other host.
func (p *Proxy) Overheard() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.overhear.String()
}

func (p *Proxy) overheardRequest(_ http.ResponseWriter, r *http.Request) {
	dump, err := httputil.DumpRequest(r, true)
	if err != nil {
		dump = []byte("a request that could not be read")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.overhear.Write(dump)
}

func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	fault, mended, stumble := p.fault, p.mended, p.stumble
	p.mu.Unlock()
	if p.stumbles() {
		p.breakAnswer(w, r, stumble, mended)
		return
	}
	writes := r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
	if p.Writes != nil {
		writes = p.Writes(r)
	}
	switch fault {
	case AcceptedNoAnswer, AcceptedThenError, AcceptedGarbage:
		if !writes {
			break
		}
		accepted := httptest.NewRecorder()
		p.backend.ServeHTTP(accepted, r)
		if accepted.Code/100 == 2 {
			p.breakAnswer(w, r, fault, mended)
			return
		}
		w.WriteHeader(accepted.Code)
		_, _ = w.Write(accepted.Body.Bytes())
		return
	case "":
	default:
		_, _ = io.Copy(io.Discard, r.Body)
		p.breakAnswer(w, r, fault, mended)
		return
	}
	p.backend.ServeHTTP(w, r)
}

func (p *Proxy) breakAnswer(w http.ResponseWriter, r *http.Request, fault Fault, mended <-chan struct{}) {
	switch fault {
	case RateLimited:
		w.Header().Set("Retry-After", strconv.Itoa(int(RetryAfter/time.Second)))
		http.Error(w, "slow down", http.StatusTooManyRequests)
	case ServerError, AcceptedThenError:
		// A server in trouble may quote what it was sent.
		http.Error(w, "cannot handle "+r.URL.String()+" with "+r.Header.Get("Authorization"), http.StatusInternalServerError)
	case Garbage, AcceptedGarbage:
		_, _ = io.WriteString(w, "<!doctype html><p>Welcome to our café! "+r.Header.Get("Authorization"))
	case Huge:
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"a":"`+strings.Repeat("a", 10<<20)+`"}`)
	case Redirected:
		http.Redirect(w, r, p.other.URL+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	case Silent, AcceptedNoAnswer:
		select {
		case <-r.Context().Done():
		case <-mended:
		}
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close() // without an answer
		}
	default: // refused connections never get here
	}
}
