package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	"standpunt/config"
	"standpunt/connectors"
	"standpunt/inbox"
)

// checkTimeout bounds the look at one account.
const checkTimeout = 45 * time.Second

func checkCommand(ctx context.Context, c console, flags *pflag.FlagSet, args []string) error {
	file := flags.String("config", "standpunt.yaml", "configuration `FILE`")
	show := flags.Bool("show", false, "print the configuration in force, without secrets")
	if err := parse(flags, args, "config"); err != nil {
		return err
	}
	conf, faults := config.Load(*file, c.environ, vet)
	if faults != nil {
		// What is wrong with one account's settings does not keep us from trying the others.
		var err error
		if conf, err = config.Load(*file, c.environ); err != nil {
			return explain(faults)
		}
	}
	kept, done := checkKeeping(ctx, conf)
	defer done()
	// Its faults are among those above.
	lives, _ := connect(conf.Accounts, slog.New(slog.DiscardHandler), kept)
	defer connectors.CloseAll(context.WithoutCancel(ctx), lives) //nolint:errcheck // nothing was changed
	if *show {
		_, _ = fmt.Fprintln(c.out, conf.Redacted())
	}
	if faults != nil {
		if len(lives) > 0 {
			_ = printChecks(ctx, c, lives) // the faults fail the command anyhow
		}
		return explain(faults)
	}
	_, _ = fmt.Fprintf(c.out, "%s is well-formed: data in %s, desk on %s.\n", *file, conf.Data, conf.Listen)
	if len(lives) == 0 {
		_, _ = fmt.Fprintln(c.out, "It names no accounts yet, so nothing comes in and nothing can be answered. Add one under accounts:.")
		return nil
	}
	return printChecks(ctx, c, lives)
}

// checkKeeping opens what accounts keep if one of them is signed in by a
// person: its tokens are there. Without a data directory nothing is kept yet,
// and the account says so.
func checkKeeping(ctx context.Context, conf *config.Config) (kept keeping, done func()) {
	none := func() {}
	if !slices.ContainsFunc(conf.Accounts, func(a config.Account) bool { return logsIn(ctx, a) == nil }) {
		return nil, none
	}
	kept, end, err := openKeeping(ctx, conf.Data, slog.New(slog.DiscardHandler))
	if err != nil {
		return func(inbox.AccountName) connectors.Keep { return closedKeep{err} }, none
	}
	return kept, func() { _ = end() } // what was kept is on disk by then
}

// closedKeep is what an account keeps where that cannot be opened.
type closedKeep struct{ why error }

func (k closedKeep) Load(context.Context, string) (connectors.Kept, error) {
	return connectors.Kept{}, &connectors.Error{Kind: connectors.BadAuth, Message: "what the account keeps cannot be opened: " + k.why.Error()}
}

func (k closedKeep) Save(ctx context.Context, name string, _ []byte) error {
	_, err := k.Load(ctx, name)
	return err
}

// printChecks tries every account, all at once, and prints one line each.
func printChecks(ctx context.Context, c console, lives []connectors.Live) error {
	type result struct {
		works, identity, todo string
	}
	results := make([]result, len(lives))
	done := make(chan struct{})
	for i, l := range lives {
		go func() {
			defer func() { done <- struct{}{} }()
			ctx, cancel := context.WithTimeout(ctx, checkTimeout)
			defer cancel()
			who, err := connectors.Identify(ctx, l)
			var fault *connectors.Error
			switch {
			case errors.As(err, &fault):
				results[i] = result{"NO", "", fault.Error()}
			case err != nil:
				results[i] = result{"NO", "", err.Error()}
			case who.Note != "":
				results[i] = result{"partly", who.Handle, who.Note}
			case !who.CanSend:
				results[i] = result{"receives", who.Handle, "It cannot answer with these settings."}
			default:
				results[i] = result{"yes", who.Handle, ""}
			}
		}()
	}
	for range lives {
		<-done
	}
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ACCOUNT\tKIND\tWORKS\tAS\tWHAT TO DO")
	failed := false
	for i, l := range lives {
		r := results[i]
		failed = failed || r.works == "NO"
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", l.Name, l.Kind, r.works, r.identity, r.todo)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if failed {
		return errSilent
	}
	return nil
}
