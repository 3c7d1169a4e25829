package network

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"standpunt/internal/fault"
)

// Options are the settings of a [Network]. Dir alone is mandatory.
type Options struct {
	Dir       string       // where plein.db lives; made with mode 0700 if missing
	Listen    string       // address; "" is 127.0.0.1 on a free port
	PublicURL string       // what links begin with; "" is made from the address
	Accounts  []Account    // brand accounts that exist from the start
	Script    Script       // who talks when nobody does
	Log       *slog.Logger // "" discards
	// SlowBy is how long the fault "slow" holds an answer back; 0 is 3 s.
	SlowBy time.Duration
	// HangFor is how long the fault "timeout_after_accept" keeps a connection open; 0 is 60 s.
	HangFor time.Duration
}

// Account is a brand account. Its token is what a connector authenticates with.
type Account struct {
	Handle Handle `json:"handle"`
	Name   string `json:"name"`
	Token  string `json:"token"`
	// Password is what a person gives to post as the brand on the network's pages; "": nobody can.
	Password string `json:"password,omitzero"`
}

// Network is one running simulated network.
type Network struct {
	o        Options
	log      *slog.Logger
	board    *board
	faults   faults
	cast     *cast
	pages    *pages
	streams  atomic.Int64 // open
	listener net.Listener
	server   *http.Server
	url      string

	quit    context.Context // done once Stop begins: streams and held-back answers end
	stop    context.CancelFunc
	running sync.WaitGroup
}

// New opens the data file, makes the accounts and binds the address. Close what
// it returns with [Network.Stop], started or not. Faults: a directory that
// cannot be made, a data file that another process holds or that is not ours,
// an address in use, an account that is not valid.
func New(ctx context.Context, o Options) (*Network, error) {
	if o.Dir == "" {
		return nil, fault.New(fault.InvalidInput, "the network needs a directory").At("dir", "").Fix("Name one with --dir.")
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the network's directory: %w", err)
	}
	n := &Network{o: withDefaults(o), log: o.Log}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	b, err := openBoard(ctx, o.Dir)
	if err != nil {
		return nil, err
	}
	n.board = b
	if err := n.prepare(ctx); err != nil {
		return nil, errors.Join(err, b.db.Close(ctx))
	}
	n.quit, n.stop = context.WithCancel(context.Background())
	n.server = &http.Server{
		Handler:           n.handler(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(n.log.Handler(), slog.LevelDebug),
	}
	return n, nil
}

func withDefaults(o Options) Options {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.SlowBy == 0 {
		o.SlowBy = 3 * time.Second
	}
	if o.HangFor == 0 {
		o.HangFor = time.Minute
	}
	return o
}

func (n *Network) prepare(ctx context.Context) error {
	for _, a := range n.o.Accounts {
		if err := checkAccount(&a); err != nil {
			return err
		}
		if _, _, err := n.board.setBrand(ctx, a, "", true); err != nil {
			return err
		}
	}
	if err := n.board.introduce(ctx, people); err != nil {
		return fmt.Errorf("introduce the scripted customers: %w", err)
	}
	var err error
	if n.cast, err = newCast(n.board, n.o.Script, n.log); err != nil {
		return err
	}
	if n.pages, err = newPages(); err != nil {
		return err
	}
	if n.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", n.o.Listen); err != nil {
		return fault.New(fault.Unavailable, "the network cannot listen here").At("listen", n.o.Listen).
			Fix("Free the address or choose another with --listen.").Because(err)
	}
	n.url = strings.TrimRight(n.o.PublicURL, "/")
	if n.url == "" {
		n.url = "http://" + hostFor(n.listener.Addr())
	}
	return nil
}

// hostFor is the address as somebody on this machine types it.
func hostFor(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// URL is where the network is, without a trailing slash.
func (n *Network) URL() string { return n.url }

// Addr is the address that the network listens on.
func (n *Network) Addr() net.Addr { return n.listener.Addr() }

// Start serves and lets the scripted customers talk. It returns at once.
func (n *Network) Start() {
	n.running.Go(func() {
		if err := n.server.Serve(n.listener); !errors.Is(err, http.ErrServerClosed) {
			n.log.Error("the network stopped serving", "error", err)
		}
	})
	n.running.Go(func() { n.cast.run(n.quit) })
}

// Stop ends streams and held-back answers, lets the other requests finish as
// long as ctx allows, and closes the data file.
func (n *Network) Stop(ctx context.Context) error {
	n.stop()
	var errs []error
	if err := n.server.Shutdown(ctx); err != nil {
		errs = append(errs, fmt.Errorf("stop serving: %w", err), n.server.Close())
	}
	if err := n.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		errs = append(errs, fmt.Errorf("close the listener: %w", err))
	}
	n.running.Wait()
	if err := n.board.db.Close(ctx); err != nil {
		errs = append(errs, fmt.Errorf("close the network's data file: %w", err))
	}
	return errors.Join(errs...)
}

// Run is a network from New to Stop; it returns when ctx is done. ready, if
// not nil, is called once the network serves.
func Run(ctx context.Context, o Options, ready func(*Network)) error {
	n, err := New(ctx, o)
	if err != nil {
		return err
	}
	n.Start()
	if ready != nil {
		ready(n)
	}
	<-ctx.Done()
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return n.Stop(bounded)
}

// Post posts drafts in their order and in one transaction, as whoever they
// name, brands included: it is the way in for the demo and for tests, which
// hold the process.
func (n *Network) Post(ctx context.Context, drafts ...Draft) ([]*Post, error) {
	trusted := make([]Draft, len(drafts))
	for i, d := range drafts {
		h, err := parseHandle("author", string(d.Author))
		if err != nil {
			return nil, err
		}
		d.Author, d.trusted = h, true
		trusted[i] = d
	}
	return n.board.add(ctx, "", trusted...)
}

// Link is the public address of a post.
func (n *Network) Link(p PostID) string { return n.url + "/posts/" + p.String() }

func checkAccount(a *Account) error {
	h, err := parseHandle("handle", string(a.Handle))
	if err != nil {
		return err
	}
	a.Handle = h
	if a.Name = strings.TrimSpace(a.Name); a.Name == "" {
		a.Name = string(h)
	}
	if len([]rune(a.Name)) > 80 {
		return fault.New(fault.InvalidInput, "the name is too long").At("name", a.Name).Fix("Use at most 80 characters.")
	}
	if l := len(a.Token); l < 8 || l > 500 {
		return fault.New(fault.InvalidInput, "the token has %d bytes", l).At("token", "").
			Fix("Choose a secret of 8 to 500 bytes.")
	}
	return nil
}

// Check proves the data file's structure and that its indexes agree with the
// posts.
func (n *Network) Check(ctx context.Context) error { return n.board.db.Check(ctx) }
