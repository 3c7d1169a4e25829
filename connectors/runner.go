package connectors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/internal/phrase"
)

// The defaults of [RunnerOptions] and [Account].
const (
	defaultPollEvery    = time.Minute
	defaultPollTimeout  = 2 * time.Minute
	maxPollEvery        = 5 * time.Minute // while a stream is connected
	identityPart        = phrase.PartIdentity
	ownPostsPart        = phrase.PartOwnPosts
	streamPart          = phrase.PartStream
	morePart            = phrase.PartLists
	backoffFirst        = 5 * time.Second
	backoffMost         = 15 * time.Minute
	timeoutGrace        = 30 * time.Second
	streamProvesItself  = time.Minute // connected for so long, a stream's back-off starts anew
	identityEvery       = 12 * time.Hour
	subscriptionEvery   = 5 * time.Minute // while the platform was not told to deliver all
	identityEveryFailed = 10              // polls between two tries to learn the identity
)

// credentialsPart is noted with an [Error] of its own alone, and so is no sentence's part.
const credentialsPart phrase.Code = "credentials"

// Intake is where mentions go: *inbox.Inbox.
type Intake interface {
	Ingest(ctx context.Context, account inbox.AccountName, items []inbox.Inbound, next inbox.Cursor) (inbox.Ingested, error)
	Cursor(ctx context.Context, account inbox.AccountName) (inbox.Cursor, error)
}

// Observer is who compares the account's own posts with our receipts:
// *approval.Approvals. Seeing a post twice is no event. The first call, with or without
// posts, is our first contact with the account: what was posted before is not ours to explain.
type Observer interface {
	Observe(ctx context.Context, account inbox.AccountName, posts []approval.OwnPost) error
}

// RunnerOptions are the settings of [NewRunner].
type RunnerOptions struct {
	Inbox    Intake
	Observer Observer
	// Identified is told the remote account behind the credentials, before the first poll and
	// again when a round of failures is over. An error is shown in the account's health and
	// does not stop polling. It may be nil.
	Identified func(ctx context.Context, account Account, who Identity) error

	PollTimeout time.Duration // of one Poll; 0: two minutes
	Backoff     Backoff       // zero: from 5 s to 15 min

	// DeliveryMemory is how many bytes of deliveries' bodies are held at a time; 0: 64 MiB. One
	// counts up to three times its length while it is read.
	DeliveryMemory   int64
	DeliveriesAtOnce int // how many of an account are decoded and committed side by side; 0: 256
}

// Runner brings mentions in: per account one group of loops that poll, stream
// where the connector can, and commit what came together with its cursor. One
// account's trouble, a panic or a call that never returns included, touches no
// other account.
type Runner struct {
	o        RunnerOptions
	accounts []*accountRun
	changes  watchers
	memory   *allowance

	mu     sync.Mutex
	cancel context.CancelFunc
}

// NewRunner makes a runner for the accounts. Nothing runs before Start.
func NewRunner(o RunnerOptions, lives ...Live) *Runner {
	if o.PollTimeout == 0 {
		o.PollTimeout = defaultPollTimeout
	}
	if o.Backoff == (Backoff{}) {
		o.Backoff = Backoff{First: backoffFirst, Most: backoffMost}
	}
	if o.DeliveryMemory == 0 {
		o.DeliveryMemory = defaultDeliveryMemory
	}
	if o.DeliveriesAtOnce == 0 {
		o.DeliveriesAtOnce = defaultDeliveriesAtOnce
	}
	r := &Runner{o: o, memory: newAllowance(o.DeliveryMemory)}
	for _, live := range lives {
		if live.Log == nil {
			live.Log = slog.New(slog.DiscardHandler)
		}
		a := &accountRun{Live: live, r: r, poke: make(chan struct{}, 1), again: make(chan struct{}, 1), done: make(chan struct{}),
			working: make(chan struct{}, o.DeliveriesAtOnce)}
		a.pulse = &pulse{log: live.Log, changed: r.changes.wake, aside: make(map[phrase.Code]*Error)}
		a.pulse.health = AccountHealth{Account: live.Name, Kind: live.Kind, State: Stopped, Since: time.Now()}
		if is[Webhook](live.Connector) {
			a.pulse.health.Webhook.Path = HookPrefix + string(live.Name)
		}
		r.accounts = append(r.accounts, a)
	}
	return r
}

// Start starts every account's loops. They run until Stop or the end of ctx.
// A runner is started once.
func (r *Runner) Start(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cancel != nil {
		return errors.New("connectors: the runner was started before")
	}
	ctx, r.cancel = context.WithCancel(ctx)
	for _, a := range r.accounts {
		a.pulse.change(func(*AccountHealth) { a.pulse.enter(Starting) })
		go a.run(ctx)
	}
	return nil
}

// Stop ends all loops and waits for them, at most until ctx is done; its error
// names the accounts whose connector did not come back. What a poll brought
// is either committed or comes again with the next start.
func (r *Runner) Stop(ctx context.Context) error {
	r.mu.Lock()
	cancel := r.cancel
	r.mu.Unlock()
	if cancel == nil {
		return nil
	}
	cancel()
	var faults []error
	for _, a := range r.accounts {
		select {
		case <-a.done:
			continue
		default:
		}
		select {
		case <-a.done:
		case <-ctx.Done():
			faults = append(faults, fmt.Errorf("stop source %s: %w", a.Name, ctx.Err()))
		}
	}
	return errors.Join(faults...)
}

// Health is how every account is doing, in the order of the configuration.
func (r *Runner) Health() []AccountHealth {
	all := make([]AccountHealth, len(r.accounts))
	for i, a := range r.accounts {
		all[i] = a.pulse.read()
		all[i].Spending = a.spending()
	}
	return all
}

// Watch wakes, coalesced, whenever Health has changed, until the function it
// returns is called.
func (r *Runner) Watch() (<-chan struct{}, func()) { return r.changes.watch() }

// Connector is the account's connector, for what its capabilities tell.
func (r *Runner) Connector(name inbox.AccountName) (Connector, bool) {
	a, err := r.account(name)
	if err != nil {
		return nil, false
	}
	return a.Connector, true
}

// CheckNow asks again who the account is, polls it and tries a stream that is away as soon as it can, whatever
// their back-off, and does not wait for it. While a platform's own waiting time runs it is refused.
func (r *Runner) CheckNow(name inbox.AccountName) error {
	a, err := r.account(name)
	if err != nil {
		return err
	}
	if wait := time.Until(a.notBefore()); wait > 0 {
		return fault.New(fault.RateLimited, "the platform asked us to wait").
			Fix("Try again in %s.", wait.Round(time.Second))
	}
	a.askAgain.Store(true)
	a.pokeNow()
	a.endStuckStream()
	a.streamAgain()
	return nil
}

// Refused notes that the platform took none of the account's credentials for a
// call outside the runner. The account shows it from now on; it is asked anew who
// it is, and polled, as soon as that can be, and where both go well, it works again.
func (r *Runner) Refused(name inbox.AccountName, why *Error) {
	a, err := r.account(name)
	if err != nil || a.pulse.refuses() {
		return
	}
	a.pulse.beside(credentialsPart, why)
	a.askAgain.Store(true)
	a.pokeNow()
}

// Deliver takes in mentions that a program hands to an account whose connector
// is an [Acceptor]; when it returns they are durable. Its errors are faults.
func (r *Runner) Deliver(ctx context.Context, name inbox.AccountName, body []byte) (inbox.Ingested, error) {
	a, err := r.account(name)
	if err != nil {
		return inbox.Ingested{}, err
	}
	acceptor, ok := a.Connector.(Acceptor)
	if !ok {
		return inbox.Ingested{}, fault.New(fault.NotFound, "the account takes no delivered mentions").
			Fix("Use an account of kind push.")
	}
	var items []inbox.Inbound
	err = guard(a.Log, "accept", func() (err error) {
		items, err = acceptor.Accept(ctx, body)
		return err
	})
	if panicked(err) {
		return inbox.Ingested{}, fault.New(fault.Internal, "the delivery could not be read").Because(err)
	}
	if err != nil {
		return inbox.Ingested{}, err
	}
	t, err := a.takeIn(ctx, Page{Mentions: items}, nil)
	if fault.Is(err, fault.Internal) {
		err = fault.New(fault.Unavailable, "the delivery could not be kept").Fix("Deliver it again.").Because(err)
	}
	return t.Ingested, err
}

func (r *Runner) account(name inbox.AccountName) (*accountRun, error) {
	i := slices.IndexFunc(r.accounts, func(a *accountRun) bool { return a.Name == name })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "there is no such account").At("account", string(name))
	}
	return r.accounts[i], nil
}

// label names what an account's kind can do, for the log.
func label(c Connector) string {
	parts := []string{"poll"}
	for _, each := range []struct {
		name string
		has  bool
	}{
		{"stream", is[Streamer](c)},
		{"webhook", is[Webhook](c)},
		{"accept", is[Acceptor](c)},
		{"publish", is[Publisher](c)},
		{"find", is[Finder](c)},
		{"edit", is[Editor](c)},
		{"remove", is[Remover](c)},
		{"hide", is[Hider](c)},
		{"private reply", is[PrivateReplier](c)},
	} {
		if each.has {
			parts = append(parts, each.name)
		}
	}
	return strings.Join(parts, ", ")
}

func is[T any](c Connector) bool {
	_, ok := c.(T)
	return ok
}
