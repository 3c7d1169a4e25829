package connectors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"standpunt/config"
	"standpunt/inbox"
	"standpunt/internal/phrase"
)

// Account is what a connector is made from: one configured account.
type Account struct {
	Name     inbox.AccountName
	Kind     string
	Settings config.Settings
	// PollEvery is the pause between polls where the connector is no [Pacer]; 0: a minute.
	PollEvery time.Duration
	// Backfill is how far back a first poll goes.
	Backfill time.Duration
	// Keep holds the account's small values over restarts. It is nil where the account is only
	// looked at, such as when its configuration is read: New does not use it.
	Keep Keep
	// Log already names the account. A connector logs no text of a post, no name of a
	// customer and no secret.
	Log *slog.Logger
}

// Kind is one kind of connector, as cmd lists them.
type Kind struct {
	Name string // what an account's kind says: "mail"
	// New decodes the settings strictly and makes the connector, without any network call.
	// Its errors are those of config.Settings: each names file, line, key, value and remedy.
	New func(Account) (Connector, error)
}

// Live is one account with its connector.
type Live struct {
	Account
	Connector Connector
}

// CloseAll closes every connector that is a [Closer], all at once, after runner
// and dispatcher have stopped. It returns when ctx is done even if one of them
// does not, and names each that failed.
func CloseAll(ctx context.Context, lives []Live) error {
	type closed struct {
		name inbox.AccountName
		err  error
	}
	waiting := make(map[inbox.AccountName]bool)
	results := make(chan closed, len(lives))
	for _, live := range lives {
		if c, ok := live.Connector.(Closer); ok {
			waiting[live.Name] = true
			go func() { results <- closed{live.Name, guard(live.Log, "close", c.Close)} }()
		}
	}
	var faults []error
	for len(waiting) > 0 {
		select {
		case r := <-results:
			delete(waiting, r.name)
			if r.err != nil {
				faults = append(faults, fmt.Errorf("account %s: %w", r.name, r.err))
			}
		case <-ctx.Done():
			for name := range waiting {
				faults = append(faults, fmt.Errorf("account %s: closing: %w", name, ctx.Err()))
			}
			return errors.Join(faults...)
		}
	}
	return errors.Join(faults...)
}

// Identify asks a connector which remote account it speaks for, within a
// minute. A connector that is no [Identifier] has the empty Identity.
func Identify(ctx context.Context, live Live) (Identity, error) {
	c, ok := live.Connector.(Identifier)
	if !ok {
		return Identity{}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var who Identity
	err := guard(live.Log, "identity", func() (err error) {
		who, err = c.Identity(ctx)
		return err
	})
	return who, err
}

// errPanicked is a connector's panic as an error.
type errPanicked struct{ what string }

func (e *errPanicked) Error() string { return "panic: " + e.what }

// guard runs one call into a connector. A panic is logged with its stack and
// becomes an error; its value only if the runtime wrote it, since a connector's
// own could hold anything.
func guard(log *slog.Logger, call string, f func() error) (err error) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		what := fmt.Sprintf("a value of type %T", value)
		if r, ok := value.(runtime.Error); ok {
			what = r.Error()
		}
		log.Error("connector panicked", "call", call, "panic", what, "stack", string(debug.Stack()))
		err = Phrased(Temporary, phrase.Of(phrase.Crashed, "what", what), phrase.Of(phrase.FixCrashed)).Because(&errPanicked{what})
	}()
	return f()
}

func panicked(err error) bool { return errors.As(err, new(*errPanicked)) }
