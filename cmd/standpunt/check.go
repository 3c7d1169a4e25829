package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
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
	file := flags.String(configFlag, configFile, "configuration `FILE`")
	show := flags.Bool("show", false, "print the configuration in force, without secrets")
	if err := parse(flags, args, configFlag); err != nil {
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
	machine := machineAdvice(ctx, conf)
	for _, text := range machine {
		_, _ = fmt.Fprintln(c.out, text)
	}
	if len(lives) == 0 {
		_, _ = fmt.Fprintln(c.out, "It names no accounts yet, so nothing comes in and nothing can be answered. Add one under accounts:.")
	} else if err := printChecks(ctx, c, lives); err != nil {
		return err
	}
	if len(machine) > 0 {
		return errSilent
	}
	return nil
}

// checkKeeping opens what accounts keep if one of them is signed in by a
// person, or renews its token: the tokens in force are there. Without a data directory nothing is kept yet,
// and the account says so.
func checkKeeping(ctx context.Context, conf *config.Config) (kept keeping, done func()) {
	none := func() {}
	if !slices.ContainsFunc(conf.Accounts, func(a config.Account) bool { return logsIn(ctx, a) == nil || renews(ctx, a) }) {
		return nil, none
	}
	if _, err := os.Stat(filepath.Join(conf.Data, dataFile)); errors.Is(err, fs.ErrNotExist) {
		unfounded := &connectors.Error{
			Kind: connectors.BadAuth, Message: "what a sign-in gives is kept in data, and " + conf.Data + " has no " + dataFile + " yet",
			Remedy: "Run standpunt init, then standpunt login with the account's name.",
		}
		return func(inbox.AccountName) connectors.Keep { return closedKeep{unfounded} }, none
	}
	kept, end, err := openKeeping(ctx, conf.Data, slog.New(slog.DiscardHandler))
	if err != nil {
		return func(inbox.AccountName) connectors.Keep { return closedKeep{err} }, none
	}
	return kept, func() { _ = end() } // what was kept is on disk by then
}

// renews reports whether the account's token may have been renewed.
func renews(ctx context.Context, account config.Account) bool {
	lives, err := connect([]config.Account{account}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return false
	}
	defer connectors.CloseAll(context.WithoutCancel(ctx), lives) //nolint:errcheck // nothing was changed
	r, ok := lives[0].Connector.(connectors.Renewer)
	return ok && r.Renews()
}

// closedKeep is what an account keeps where that cannot be opened.
type closedKeep struct{ why error }

func (k closedKeep) Load(context.Context, string) (connectors.Kept, error) {
	if told := (*connectors.Error)(nil); errors.As(k.why, &told) {
		return connectors.Kept{}, told
	}
	return connectors.Kept{}, &connectors.Error{Kind: connectors.BadAuth, Message: "what the account keeps cannot be opened: " + k.why.Error()}
}

func (k closedKeep) Save(ctx context.Context, name string, _ []byte) error {
	_, err := k.Load(ctx, name)
	return err
}

// checked is what was found out about one account.
type checked struct {
	who  connectors.Identity
	todo []connectors.Advice
}

// works is the one word for it.
func (r *checked) works() string {
	worst := connectors.HarmsLater
	for _, each := range r.todo {
		worst = max(worst, each.Harm)
	}
	switch {
	case worst == connectors.HarmsAll:
		return "NO"
	case worst == connectors.HarmsAnswers:
		return "receives"
	case len(r.todo) > 0:
		return "partly"
	}
	return "yes"
}

// printChecks tries every account, all at once, and prints one line each, and
// one more for each further thing to do.
func printChecks(ctx context.Context, c console, lives []connectors.Live) error {
	results := make([]checked, len(lives))
	var trying sync.WaitGroup
	for i, l := range lives {
		trying.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, checkTimeout)
			defer cancel()
			results[i].who, results[i].todo = connectors.Check(ctx, l)
		})
	}
	trying.Wait()
	tellTwins(lives, results)
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ACCOUNT\tKIND\tWORKS\tAS\tWHAT TO DO")
	failed := false
	for i, l := range lives {
		r := &results[i]
		failed = failed || r.works() == "NO"
		first := ""
		if len(r.todo) > 0 {
			first = r.todo[0].Text
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", l.Name, l.Kind, r.works(), r.who.Handle, first)
		for _, more := range r.todo[min(1, len(r.todo)):] {
			_, _ = fmt.Fprintf(table, "\t\t\t\t%s\n", more.Text)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if failed {
		return errSilent
	}
	return nil
}

// tellTwins finds accounts that stand for the same one on the platform: each
// mention would come in twice.
func tellTwins(lives []connectors.Live, results []checked) {
	first := make(map[string]int)
	for i, l := range lives {
		id := results[i].who.RemoteID
		if id == "" {
			continue
		}
		key := l.Kind + "\n" + id
		if located, ok := l.Connector.(connectors.Located); ok {
			key += "\n" + located.Endpoint()
		}
		j, twice := first[key]
		if !twice {
			first[key] = i
			continue
		}
		results[i].todo = append(results[i].todo, connectors.Advice{
			Harm: connectors.HarmsAll,
			Text: fmt.Sprintf("Delete %s or %s from accounts: both are %s, and every mention would come in twice.", lives[j].Name, l.Name, results[i].who.Handle),
		})
	}
}
