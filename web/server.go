package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/people"
	"standpunt/web/api"
	"standpunt/web/session"
)

// Deps are the rooms that the web asks. All but Hooks, Desk and Ready are required.
type Deps struct {
	Staff     *people.Staff
	Box       *inbox.Inbox
	Approvals *approval.Approvals
	Log       *audit.Log
	Sources   api.Sources // *connectors.Runner
	// Hooks takes what platforms deliver below /hooks/: *connectors.Runner. Nil: nothing is there.
	Hooks Receiver
	// Desk makes the pages, which are served below "/". Nil serves the API alone.
	Desk func(*session.Sessions) (http.Handler, error)
	// Ready gives the reasons why the daemon is not ready, in words that are safe to show;
	// none when it is. It may be nil.
	Ready func(context.Context) []string
}

// Options are the settings of [New].
type Options struct {
	Listen         string // "127.0.0.1:8080"; port 0 picks a free one
	PublicURL      string // what browsers use, "https://desk.example"; empty: the listener's own
	TrustedProxies []netip.Prefix
	CertFile       string // TLS; both or none
	KeyFile        string
	MaxBody        int64         // bytes of an API request's body; 0: 1 MiB
	HookReadTime   time.Duration // that a platform may take for a delivery's body; 0: ten seconds
	Version        string        // of the program, for OpenAPI
	Logger         *slog.Logger
}

// The limits of every connection. Live events set write deadlines of their own.
const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 30 * time.Second
	writeTimeout   = 60 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
)

// Server is the listener with everything behind it.
type Server struct {
	listener net.Listener
	http     *http.Server
	api      *api.API
	logger   *slog.Logger
	url      string

	mu      sync.Mutex
	started bool
	served  chan struct{}
	fault   error // why serving ended, other than by Stop
}

// New makes the server and binds its listener, so that its address is known
// and a port in use is an error here. Nothing is answered before Start.
func New(d Deps, o Options) (*Server, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("web: listen on %s: %w", o.Listen, err)
	}
	s := &Server{listener: listener, logger: o.Logger, url: publicURL(o, listener), served: make(chan struct{})}
	handler, err := s.handler(d, o)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.http = &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
	}
	if o.CertFile != "" || o.KeyFile != "" {
		certificate, err := newCertificate(o.CertFile, o.KeyFile)
		if err != nil {
			return nil, errors.Join(err, listener.Close())
		}
		s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate.get}
	}
	return s, nil
}

func publicURL(o Options, listener net.Listener) string {
	if o.PublicURL != "" {
		return strings.TrimSuffix(o.PublicURL, "/")
	}
	scheme := "http"
	if o.CertFile != "" {
		scheme = "https"
	}
	return scheme + "://" + listener.Addr().String()
}

// Addr is the address that the listener is bound to.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// URL is where browsers reach the desk, without a final slash.
func (s *Server) URL() string { return s.url }

// Start begins to answer. It returns at once.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started {
		return errors.New("web: the server was started before")
	}
	s.started = true
	s.api.Start()
	go func() {
		defer close(s.served)
		if err := s.serve(); !errors.Is(err, http.ErrServerClosed) {
			s.mu.Lock()
			s.fault = fmt.Errorf("web: serve: %w", err)
			s.mu.Unlock()
		}
	}()
	return nil
}

func (s *Server) serve() error {
	if s.http.TLSConfig != nil {
		return s.http.ServeTLS(s.listener, "", "") // the configuration has the certificate
	}
	return s.http.Serve(s.listener)
}

// Done is closed when the server has ended; Err then says why, nil after Stop.
func (s *Server) Done() <-chan struct{} { return s.served }

// Err is why serving ended, nil while it runs and after Stop.
func (s *Server) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// Stop ends live events, lets running requests finish and closes the rest when
// ctx is done. A server that was never started only releases its address.
func (s *Server) Stop(ctx context.Context) error {
	s.mu.Lock()
	started := s.started
	s.started = true
	s.mu.Unlock()
	s.api.Stop()
	if !started {
		close(s.served)
		return s.listener.Close()
	}
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(fmt.Errorf("web: requests were cut off: %w", err), s.http.Close())
	}
	<-s.served
	return err
}
