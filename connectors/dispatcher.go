package connectors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
)

// Outbox is where releases come from and outcomes go: *approval.Approvals.
type Outbox interface {
	// Claim hands out the next release that is due, once "sending" is committed; false: none
	// is. The stop of all publishing is checked in the claiming transaction.
	Claim(ctx context.Context, account inbox.AccountName) (approval.Release, bool, error)
	// MayStillSend is asked right before the connector is: an error, such as a stop that came
	// after the claim, keeps the release from leaving.
	MayStillSend(ctx context.Context, r approval.Release) error
	RecordPublished(ctx context.Context, r approval.Release, receipt approval.Receipt) error
	RecordFailed(ctx context.Context, r approval.Release, f approval.Failure) error
	RecordUnknown(ctx context.Context, r approval.Release, why approval.Failure) error

	Unknown(ctx context.Context, account inbox.AccountName) ([]approval.Attempt, error)
	Unread(ctx context.Context, account inbox.AccountName) ([]approval.Attempt, error)
	SettleFound(ctx context.Context, a approval.Attempt, receipt approval.Receipt, text string, besides ...string) error
	SettleAbsent(ctx context.Context, a approval.Attempt) (settled bool, err error)
	RecordReadBack(ctx context.Context, a approval.Attempt, text string, besides ...string) (equal bool, err error)
	// RecordNotThere says that no answer by hand stands where a person said, or a foreign post.
	RecordNotThere(ctx context.Context, a approval.Attempt, foreign bool) (settled bool, err error)

	Wake() (<-chan struct{}, func())
	NextDue(ctx context.Context, account inbox.AccountName) (time.Time, bool, error)
	// RecoverInterrupted turns every "sending" that an earlier process left into "unknown".
	RecoverInterrupted(ctx context.Context) (int, error)
}

// DispatcherOptions are the settings of [NewDispatcher].
type DispatcherOptions struct {
	Outbox      Outbox
	SendTimeout time.Duration // of one Publish, Edit, Remove, Hide or ReplyPrivately; 0: a minute
	FindTimeout time.Duration // of one Find; 0: 30 s
	RecordFor   time.Duration // how long recording an outcome is tried again; 0: five minutes
	SettleAfter time.Duration // from an unknown outcome to the first look at what stands there; 0: 10 s
	Backoff     Backoff       // of the pause after a failure; zero: from 5 s to 5 min

	// Refused is told when a platform takes none of an account's credentials, as publishing or a
	// look at what stands there found out: [Runner.Refused]. It may be nil.
	Refused func(account inbox.AccountName, why *Error)
}

const (
	idleCheck      = time.Minute // looks into the outbox even if nothing woke us
	withheldCheck  = 5 * time.Second
	storeTimeout   = 30 * time.Second
	recordPause    = 200 * time.Millisecond
	recordPauseMax = 10 * time.Second
)

// Dispatcher takes releases out: per account one worker that claims, publishes
// outside any transaction and records the outcome, and one that reads back
// what stands there and settles unknown outcomes. Each release is given to a
// connector once; whatever then is not certain is recorded as unknown.
type Dispatcher struct {
	o        DispatcherOptions
	accounts []*outlet
	changes  watchers

	mu    sync.Mutex
	quit  context.CancelFunc // claim no more
	abort context.CancelFunc // give up what is in flight
}

// NewDispatcher makes a dispatcher for the accounts. Nothing runs before Start.
func NewDispatcher(o DispatcherOptions, lives ...Live) *Dispatcher {
	if o.SendTimeout == 0 {
		o.SendTimeout = time.Minute
	}
	if o.FindTimeout == 0 {
		o.FindTimeout = 30 * time.Second
	}
	if o.RecordFor == 0 {
		o.RecordFor = 5 * time.Minute
	}
	if o.SettleAfter == 0 {
		o.SettleAfter = 10 * time.Second
	}
	if o.Backoff == (Backoff{}) {
		o.Backoff = Backoff{First: backoffFirst, Most: 5 * time.Minute}
	}
	d := &Dispatcher{o: o}
	for _, live := range lives {
		if live.Log == nil {
			live.Log = slog.New(slog.DiscardHandler)
		}
		out := &outlet{Live: live, d: d, look: make(chan struct{}, 1), done: make(chan struct{})}
		out.health = SendingHealth{Account: live.Name, CanSend: canSend(live.Connector), ReadsBack: is[Finder](live.Connector)}
		d.accounts = append(d.accounts, out)
	}
	return d
}

// Start turns what an earlier process left in "sending" into "unknown", then
// starts every account's workers. Where that fails, nothing is started. They run
// until Stop or the end of ctx. A dispatcher is started once.
func (d *Dispatcher) Start(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.quit != nil {
		return errors.New("connectors: the dispatcher was started before")
	}
	interrupted, err := d.o.Outbox.RecoverInterrupted(ctx)
	if err != nil {
		return fmt.Errorf("recover interrupted publications: %w", err)
	}
	if interrupted > 0 {
		slogOf(d.accounts).Warn("publications were interrupted; their outcome is unknown until it is read back", "count", interrupted)
	}
	ctx, d.quit = context.WithCancel(ctx)
	var flight context.Context
	flight, d.abort = context.WithCancel(context.WithoutCancel(ctx))
	for _, out := range d.accounts {
		go out.run(ctx, flight)
	}
	return nil
}

// Stop claims nothing more and waits for the posts in flight. When three
// quarters of ctx's time are over, it gives up on those that are left, and has
// the last one to record them as unknown.
// Its error names the accounts whose connector did not come back; theirs stay
// "sending", which the next Start turns into unknown.
func (d *Dispatcher) Stop(ctx context.Context) error {
	d.mu.Lock()
	quit, abort := d.quit, d.abort
	d.mu.Unlock()
	if quit == nil {
		return nil
	}
	quit()
	defer abort()
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		defer time.AfterFunc(left-left/4, abort).Stop()
	} else {
		defer context.AfterFunc(ctx, abort)()
	}
	var faults []error
	for _, out := range d.accounts {
		select {
		case <-out.done:
			continue
		default:
		}
		select {
		case <-out.done:
		case <-ctx.Done():
			faults = append(faults, fmt.Errorf("finish posts of %s: %w", out.Name, ctx.Err()))
		}
	}
	return errors.Join(faults...)
}

// SendingHealth is how one account's way out is doing.
type SendingHealth struct {
	Account   inbox.AccountName
	CanSend   bool // the connector is a Publisher
	ReadsBack bool // the connector is a Finder; otherwise outcomes stay unread
	InFlight  bool

	Problem     string // why the last release did not go out; empty after one that did
	Remedy      string
	PausedUntil time.Time // no release is claimed before; zero: not paused
	LastSent    time.Time
	// Counts since the start.
	Published, Failed, Unknown uint64
}

// Health is how every account's way out is doing, in the order of the
// configuration.
func (d *Dispatcher) Health() []SendingHealth {
	all := make([]SendingHealth, len(d.accounts))
	for i, out := range d.accounts {
		out.mu.Lock()
		all[i] = out.health
		out.mu.Unlock()
	}
	return all
}

// Watch wakes, coalesced, whenever Health has changed, until the function it
// returns is called.
func (d *Dispatcher) Watch() (<-chan struct{}, func()) { return d.changes.watch() }

// canSend reports whether a connector takes any release at all.
func canSend(c Connector) bool {
	return is[Publisher](c) || is[Editor](c) || is[Remover](c) || is[Hider](c) || is[PrivateReplier](c)
}

func slogOf(outlets []*outlet) *slog.Logger {
	if len(outlets) == 0 {
		return slog.New(slog.DiscardHandler)
	}
	return outlets[0].Log
}
