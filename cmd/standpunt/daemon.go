package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/people"
	"standpunt/web"
	"standpunt/web/desk"
)

// stopTime bounds how long stopping may take in all; each step has its share,
// so that one that hangs does not take the time of those behind it.
const (
	stopSources    = 4 * time.Second
	stopOutbox     = 8 * time.Second
	stopChores     = 2 * time.Second
	stopControl    = 2 * time.Second
	stopListener   = 4 * time.Second
	stopData       = 4 * time.Second
	stopConnectors = time.Second

	stopTime = stopSources + stopOutbox + stopChores + stopControl + stopListener + stopData + stopConnectors
)

// daemon is everything that runs for one data directory.
type daemon struct {
	*rooms
	lives      []connectors.Live
	runner     *connectors.Runner
	dispatcher *connectors.Dispatcher
	server     *web.Server
	logger     *slog.Logger
	teardown   teardown
	// contradicted says that the log did not match its anchor at the start.
	contradicted bool
}

// daemonOptions are what serve and demo differ in.
type daemonOptions struct {
	config  *config.Config
	people  people.Options
	web     web.Options
	sending connectors.DispatcherOptions
	logger  *slog.Logger
	// notice stands at the top of every page; empty: none.
	notice string
	// found prepares a data directory that is new; nil demands an existing one.
	found func(context.Context, *rooms, []connectors.Live) error
}

// newDaemon opens the data directory, checks it against its anchor and binds
// the listener. Nothing is read from or sent to a platform before start.
func newDaemon(ctx context.Context, o daemonOptions) (*daemon, error) {
	d := &daemon{logger: o.logger, teardown: teardown{log: o.logger}}
	if err := d.build(ctx, o); err != nil {
		return nil, errors.Join(err, d.stop(ctx))
	}
	return d, nil
}

func (d *daemon) build(ctx context.Context, o daemonOptions) (err error) {
	if o.found != nil {
		d.rooms, err = foundRooms(ctx, o.config.Data, o.people, o.logger)
	} else {
		d.rooms, err = openRooms(ctx, o.config.Data, o.people, o.logger)
	}
	if err != nil {
		return err
	}
	d.teardown.add("data directory", stopData, d.rooms.close)
	d.teardown.add("connectors", stopConnectors, func(ctx context.Context) error { return connectors.CloseAll(ctx, d.lives) })
	if d.lives, err = connect(o.config.Accounts, o.logger, d.keeper.Of); err != nil {
		return err
	}
	if o.found != nil {
		if err := o.found(ctx, d.rooms, d.lives); err != nil {
			return err
		}
	}
	if err := d.distrust(ctx); err != nil {
		return err
	}
	if err := d.approvals.Reconcile(ctx, configured(d.lives)); err != nil {
		return err
	}
	d.join(o.sending)
	d.server, err = web.New(web.Deps{ //nolint:contextcheck // each request brings its own
		Staff: d.staff, Box: d.box, Approvals: d.approvals, Log: d.log, Sources: d.runner, Hooks: d.runner, Ready: d.notReady,
		Desk: desk.New(desk.Deps{
			Staff: d.staff, Box: d.box, Approvals: d.approvals, Log: d.log, Sources: d.runner,
			Records: records{d.rooms}, PublicURL: o.web.PublicURL, Notice: o.notice, Logger: o.logger,
		}),
	}, o.web)
	if err != nil {
		return err
	}
	d.teardown.add("listener", stopListener, d.server.Stop)
	return nil
}

// distrust stops publishing where the data cannot be taken at its word: a
// restored backup, or a log that its anchor contradicts.
func (d *daemon) distrust(ctx context.Context) error {
	restored, err := d.db.Restored(ctx)
	if err != nil {
		return err
	}
	if !restored.IsZero() {
		if err := d.distrustCopy(ctx, restored); err != nil {
			return err
		}
	}
	var anchor *audit.AnchorError
	switch err := d.log.CheckAnchor(ctx); {
	case errors.As(err, &anchor):
		d.contradicted = true
		d.logger.Error("the audit log is not what its anchor vouches for: publishing is stopped until two people release it", slog.Any("error", err))
		why := "The audit log does not match its anchor."
		if anchor.Trouble == audit.AnchorMissing || anchor.Trouble == audit.AnchorUnreadable {
			why = "The anchor of the audit log, beside the data directory, is gone or cannot be read."
		} else if err := d.distrustKept(ctx); err != nil {
			return err
		}
		return d.approvals.StopFor(ctx, approval.CauseLog, why+" Run standpunt audit verify on the data directory before you resume.")
	case err != nil:
		return fmt.Errorf("check the anchor: %w", err)
	}
	return nil
}

// distrustKept marks what connectors keep as restored, since a log that lacks
// entries may be an older copy of the whole directory: once, when it is found.
func (d *daemon) distrustKept(ctx context.Context) error {
	stops, err := d.approvals.Stops(ctx)
	if err != nil || slices.ContainsFunc(stops, func(s approval.Stop) bool { return s.Cause == approval.CauseLog }) {
		return err
	}
	return d.keeper.Distrust(ctx, time.Time{})
}

// acceptLog takes the log as it is once two people have lifted the stop that
// its contradiction with the anchor brought: the old anchor is put aside, and
// the log is signed again from here.
func (d *daemon) acceptLog(ctx context.Context) error {
	if !d.contradicted {
		return nil
	}
	stops, err := d.approvals.Stops(ctx)
	if err != nil || slices.ContainsFunc(stops, func(s approval.Stop) bool { return s.Cause == approval.CauseLog }) {
		return err
	}
	if _, err := d.log.Reanchor(ctx); err != nil {
		return err
	}
	d.contradicted = false
	d.logger.Warn("two people accepted the audit log as it is; the old anchor is kept beside the new one")
	return nil
}

// distrustCopy holds what was on its way when the backup was made, at the first
// start on it, and stops publishing.
func (d *daemon) distrustCopy(ctx context.Context, made time.Time) error {
	reason := "This data directory was restored from a backup of " + made.Format(time.RFC3339) + "."
	standing, err := d.approvals.Stops(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(standing, func(s approval.Stop) bool { return s.Cause == approval.CauseRestored && s.Reason == reason }) {
		return nil // what is on its way now came after people looked
	}
	held, err := d.approvals.HoldAll(ctx, approval.ReasonRestored)
	if err != nil {
		return err
	}
	d.logger.Warn("this is a restored backup: publishing is stopped until two people release it",
		slog.Time("backup", made), slog.Int("held", held))
	return d.approvals.StopFor(ctx, approval.CauseRestored, reason)
}

// join makes the runner and the dispatcher and tells approval how each
// platform counts, what it charges and how it reads its addresses.
func (d *daemon) join(sending connectors.DispatcherOptions) {
	for _, l := range d.lives {
		d.approvals.SetPlatform(l.Name, platformOf(l.Connector))
	}
	d.runner = connectors.NewRunner(connectors.RunnerOptions{
		Inbox: d.box, Observer: d.approvals,
		Identified: func(ctx context.Context, a connectors.Account, who connectors.Identity) error {
			return d.approvals.RecordIdentity(ctx, a.Name, who.RemoteID, who.Handle, who.URL)
		},
	}, d.lives...)
	sending.Outbox, sending.Refused = d.approvals, d.runner.Refused
	d.dispatcher = connectors.NewDispatcher(sending, d.lives...)
}

// platformOf is what approval has to know of the platform behind a connector.
func platformOf(c connectors.Connector) (p approval.Platform) {
	if c, ok := c.(connectors.Composer); ok {
		p.Measure = c.Measure
	}
	if c, ok := c.(connectors.PrivateComposer); ok {
		p.MeasurePrivate = c.MeasurePrivate
	}
	if c, ok := c.(connectors.Closing); ok {
		p.Unanswerable, p.Closes = c.Unanswerable, c.Closes
	}
	if c, ok := c.(connectors.Pricer); ok {
		p.Price = c.Price
	}
	if c, ok := c.(connectors.Locator); ok {
		p.Locate = c.Locate
	}
	if c, ok := c.(connectors.Clocked); ok {
		p.Ahead = c.Ahead
	}
	if c, ok := c.(connectors.Attacher); ok {
		p.Media = c.MediaRules()
	}
	return p
}

// start begins to serve, to read and to send, in this order.
func (d *daemon) start(ctx context.Context) error {
	// What runs is ended by the teardown, in order, not by the caller's signal.
	ctx = context.WithoutCancel(ctx)
	if err := d.serveControl(); err != nil {
		return err
	}
	if err := d.server.Start(); err != nil { //nolint:contextcheck // each request brings its own
		return err
	}
	d.background(ctx)
	d.teardown.add("outbox", stopOutbox, d.dispatcher.Stop)
	if err := d.dispatcher.Start(ctx); err != nil {
		return err
	}
	d.teardown.add("sources", stopSources, d.runner.Stop)
	return d.runner.Start(ctx)
}

// background runs what time alone brings: expiry, waking snoozed
// conversations, merging search segments, signing the log.
func (d *daemon) background(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	wake, stopWake := d.approvals.Wake()
	resumed, stopResumed := d.approvals.Wake()
	chores := map[string]func(){
		"approvals": func() { every(ctx, d.logger, "approvals", time.Hour, wake, d.approvals.Sweep) },
		"anchor":    func() { every(ctx, d.logger, "anchor", time.Hour, resumed, once(d.acceptLog)) },
		"snoozed":   func() { every(ctx, d.logger, "snoozed", time.Minute, nil, d.box.WakeSnoozed) },
		"search":    func() { every(ctx, d.logger, "search", 10*time.Second, nil, once(d.box.MergeSegments)) },
		"people":    func() { every(ctx, d.logger, "people", time.Hour, nil, once(d.staff.Sweep)) },
		"checkpoints": func() {
			if err := d.log.Run(ctx); err != nil && ctx.Err() == nil {
				d.logger.Error("signing checkpoints ended", slog.Any("error", err))
			}
		},
	}
	for _, chore := range chores {
		running.Go(chore)
	}
	d.teardown.add("chores", stopChores, func(context.Context) error {
		cancel()
		stopWake()
		stopResumed()
		running.Wait()
		return nil
	})
}

// once adapts a chore that does not say when to come back.
func once(do func(context.Context) error) func(context.Context) (time.Time, error) {
	return func(ctx context.Context) (time.Time, error) { return time.Time{}, do(ctx) }
}

// every calls do when it asked to be called, when woken, and at least once per
// most, until ctx is done. A repeated failure is logged when its text changes.
func every(ctx context.Context, log *slog.Logger, chore string, most time.Duration, wake <-chan struct{}, do func(context.Context) (time.Time, error)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	last := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-wake:
		}
		next, err := do(ctx)
		text := ""
		if err != nil && ctx.Err() == nil {
			if text = err.Error(); text != last {
				log.Error("a background chore failed", slog.String("chore", chore), slog.Any("error", err))
			}
		}
		last = text
		pause := most
		if err == nil && !next.IsZero() {
			pause = min(max(time.Until(next), 100*time.Millisecond), most)
		}
		timer.Reset(pause)
	}
}

// leastFree is how much room the data file needs to go on: enough for a
// while's records, so that somebody hears of it before writing fails.
const leastFree = 64 << 20

// notReady says why the daemon should get no traffic, or needs a person.
func (d *daemon) notReady(context.Context) []string {
	var reasons []string
	if err := d.log.AnchorFault(); err != nil {
		d.logger.Debug("the anchor could not be written", slog.Any("error", err))
		reasons = append(reasons, "the newest checkpoint is not in the file beside the data directory: the log says why")
	}
	if free, known := freeBytes(d.dir); known && free < leastFree {
		reasons = append(reasons, fmt.Sprintf("the data directory's disk has %d MiB left: make room", free>>20))
	}
	return reasons
}

// stop undoes everything, within stopTime, though ctx is done.
func (d *daemon) stop(ctx context.Context) error { return d.teardown.run(ctx) }
