package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/spf13/pflag"

	"standpunt/config"
	"standpunt/people"
	"standpunt/web"
)

// coolingTime is how long a new approver waits (DESIGN.md, invariant 7).
const coolingTime = 24 * time.Hour

func serveCommand(ctx context.Context, c console, flags *pflag.FlagSet, args []string) error {
	file := flags.String(configFlag, configFile, "configuration `FILE`")
	data := flags.String("data", "", "data `DIR`, over the configuration's")
	if err := parse(flags, args, configFlag); err != nil {
		return err
	}
	conf, err := config.Load(*file, c.environ, vet)
	if err != nil {
		return explain(err)
	}
	if *data != "" {
		conf.Data = *data
	}
	logger := newLogger(c, conf.Log)
	d, err := newDaemon(ctx, daemonOptions{
		config: conf, logger: logger, web: webOptions(conf, logger),
		people: people.Options{EndorsingPeople: conf.API.EndorsingPeople, CoolingTime: coolingTime},
	})
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		logger.Info("stopped before it was running")
		return nil
	}
	if err != nil {
		return explain(err)
	}
	return d.runUntilDone(ctx, func() {
		logger.Info("standpunt is running", slog.String("url", d.server.URL()), slog.String("data", conf.Data), slog.Int("accounts", len(d.lives)))
	})
}

// runUntilDone starts the daemon and stops it when ctx is done or the listener
// dies.
func (d *daemon) runUntilDone(ctx context.Context, ready func()) error {
	if err := d.start(ctx); err != nil {
		return errors.Join(err, d.stop(ctx))
	}
	ready()
	var died error
	select {
	case <-ctx.Done():
		d.logger.Info("stopping")
	case <-d.server.Done():
		died = d.server.Err()
	}
	return errors.Join(died, d.stop(ctx))
}

func webOptions(conf *config.Config, logger *slog.Logger) web.Options {
	return web.Options{
		Listen: conf.Listen, PublicURL: string(conf.PublicURL), TrustedProxies: conf.TrustedProxies,
		CertFile: conf.TLS.CertFile, KeyFile: conf.TLS.KeyFile, MaxBody: conf.API.MaxBody, Logger: logger, Version: version(),
	}
}

func newLogger(c console, o config.Log) *slog.Logger {
	options := &slog.HandlerOptions{Level: o.Level}
	if o.Format == "json" {
		return slog.New(slog.NewJSONHandler(c.err, options))
	}
	return slog.New(slog.NewTextHandler(c.err, options))
}

// explain puts every fault of a configuration on a line of its own.
func explain(err error) error {
	problems := config.Problems(err)
	if len(problems) == 0 {
		return err
	}
	text := fmt.Sprintf("the configuration has %d faults:", len(problems))
	if len(problems) == 1 {
		text = "the configuration has a fault:"
	}
	for _, p := range problems {
		text += "\n  " + p.Error()
	}
	return errors.New(text)
}

func versionCommand(_ context.Context, c console, flags *pflag.FlagSet, args []string) error {
	if err := parse(flags, args); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(c.out, "standpunt", version())
	return nil
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return info.Main.Version
}
