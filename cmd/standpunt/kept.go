package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/keep"
	"standpunt/inbox"
	"standpunt/store"
)

// keptAt is where the control socket hands out what one account keeps.
const keptAt = "/keep/{account}/{name}"

// refreshAt is where the control socket takes the order to renew an account's
// sign-in: the daemon alone does that while it runs.
const refreshAt = "/refresh/{account}"

// keptAnswer is one kept value, or why there is none, on the control socket. Whoever can
// open the socket can read the data directory and its keys.
type keptAnswer struct {
	Value    []byte               `json:"value"`
	SavedAt  time.Time            `json:"saved_at,omitzero"`
	Restored bool                 `json:"restored,omitempty"`
	Kind     connectors.ErrorKind `json:"kind,omitempty"` // of an error
	Message  string               `json:"message,omitempty"`
	Remedy   string               `json:"remedy,omitempty"`
}

// serveKept is GET, PUT and DELETE of one kept value.
func (d *daemon) serveKept(w http.ResponseWriter, r *http.Request) {
	account, name := inbox.AccountName(r.PathValue("account")), r.PathValue("name")
	kept, err := connectors.Kept{}, error(nil)
	switch r.Method {
	case http.MethodGet:
		kept, err = d.keeper.Of(account).Load(r.Context(), name)
	case http.MethodPut:
		var value []byte
		if value, err = io.ReadAll(http.MaxBytesReader(w, r.Body, connectors.MaxKept+1)); err == nil {
			err = d.keeper.Of(account).Save(r.Context(), name, value)
		}
	case http.MethodDelete:
		err = d.keeper.Of(account).Save(r.Context(), name, nil)
	default:
		http.Error(w, "GET, PUT or DELETE", http.StatusMethodNotAllowed)
		return
	}
	if err == nil && r.Method == http.MethodPut {
		// Whoever waited for it need not wait until the next poll; where it may not be made now, it comes by itself.
		_ = d.runner.CheckNow(account)
	}
	d.answerKept(w, account, kept, err)
}

// serveRefresh is POST of an access token that the platform refused, or of
// nothing where it is only time to renew.
func (d *daemon) serveRefresh(w http.ResponseWriter, r *http.Request) {
	account := inbox.AccountName(r.PathValue("account"))
	refused, err := io.ReadAll(http.MaxBytesReader(w, r.Body, connectors.MaxKept))
	if err == nil {
		err = d.refresh(r.Context(), account, string(refused))
	}
	d.answerKept(w, account, connectors.Kept{}, err)
}

// refresh has the account's own connector renew the sign-in.
func (d *daemon) refresh(ctx context.Context, account inbox.AccountName, refused string) error {
	for _, l := range d.lives {
		if c, ok := l.Connector.(connectors.Refresher); ok && l.Name == account {
			return c.Refresh(ctx, refused)
		}
	}
	return &connectors.Error{Kind: connectors.NotAllowed, Message: "there is no account of this name whose sign-in could be renewed", Remedy: "Start the daemon again."}
}

func (d *daemon) answerKept(w http.ResponseWriter, account inbox.AccountName, kept connectors.Kept, err error) {
	answer := keptAnswer{Value: kept.Value, SavedAt: kept.SavedAt, Restored: kept.Restored}
	if err != nil {
		d.logger.Warn("the command line could not have what an account keeps", slog.String("account", string(account)), slog.Any("error", err))
		answer.Kind, answer.Message = connectors.Temporary, "the daemon could not; its log says why"
		if e := (*connectors.Error)(nil); errors.As(err, &e) {
			answer.Kind, answer.Message, answer.Remedy = e.Kind, e.Message, e.Remedy
		}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // a command line that went away misses it
}

// daemonKeep is what an account keeps, through the daemon that has the file
// open: it is a [connectors.Refresher].
type daemonKeep struct {
	dir     string
	account inbox.AccountName
}

func (k daemonKeep) Load(ctx context.Context, name string) (connectors.Kept, error) {
	answer, err := k.ask(ctx, http.MethodGet, "keep", name, nil)
	if err != nil {
		return connectors.Kept{}, err
	}
	return connectors.Kept{Value: answer.Value, SavedAt: answer.SavedAt, Restored: answer.Restored}, nil
}

func (k daemonKeep) Save(ctx context.Context, name string, value []byte) error {
	method := http.MethodPut
	if value == nil {
		method = http.MethodDelete
	}
	_, err := k.ask(ctx, method, "keep", name, value)
	return err
}

// Refresh has the daemon renew the sign-in, by the settings that it was started with.
func (k daemonKeep) Refresh(ctx context.Context, refused string) error {
	_, err := k.ask(ctx, http.MethodPost, "refresh", "", []byte(refused))
	if e := (*connectors.Error)(nil); errors.As(err, &e) && !e.Kind.Retryable() {
		e.Message += ", says the daemon by the settings that it was started with"
	}
	return err
}

// ask calls /what/ACCOUNT, or /what/ACCOUNT/NAME where there is a name.
func (k daemonKeep) ask(ctx context.Context, method, what, name string, body []byte) (*keptAnswer, error) {
	trouble := func(err error) error {
		return &connectors.Error{Kind: connectors.Temporary, Message: "the daemon that has the data open does not answer",
			Remedy: "Try again, or stop the daemon.", Err: err}
	}
	path := "http://control/" + what + "/" + url.PathEscape(string(k.account))
	if name != "" {
		path += "/" + url.PathEscape(name)
	}
	request, err := http.NewRequestWithContext(ctx, method, path, bytes.NewReader(body))
	if err != nil {
		return nil, trouble(err)
	}
	response, err := controlClient(k.dir).Do(request)
	if err != nil {
		return nil, trouble(err)
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotFound {
		return nil, &connectors.Error{Kind: connectors.Temporary, Message: "the daemon that runs is of another version, and does not know what it is asked for",
			Remedy: "Start the daemon again, with this version."}
	}
	var answer keptAnswer
	if err := json.NewDecoder(io.LimitReader(response.Body, 4*connectors.MaxKept)).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
		return nil, trouble(errors.Join(err, errors.New(response.Status)))
	}
	if answer.Kind != "" {
		return nil, &connectors.Error{Kind: answer.Kind, Message: answer.Message, Remedy: answer.Remedy}
	}
	return &answer, nil
}

// openKeeping is what accounts keep in a data directory: through the daemon
// while it runs, in the file itself while it does not. done lets go of it.
func openKeeping(ctx context.Context, dir string, log *slog.Logger) (kept keeping, done func() error, err error) {
	running, err := daemonRuns(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	if running {
		return func(account inbox.AccountName) connectors.Keep { return daemonKeep{dir, account} }, func() error { return nil }, nil
	}
	path := filepath.Join(dir, dataFile)
	if _, err := os.Stat(path); err != nil {
		return nil, nil, noData(dir, err)
	}
	db, err := store.Open(ctx, path, store.Options{Schemas: schemas(), WaitLock: time.Second})
	if err != nil {
		return nil, nil, err
	}
	keeper, err := keep.Open(ctx, db, keep.Options{KeyDir: filepath.Join(dir, keysDir), Logger: log})
	if err != nil {
		return nil, nil, errors.Join(err, closeFile(ctx, db))
	}
	return keeper.Of, func() error { return closeFile(ctx, db) }, nil
}

// daemonRuns reports whether a daemon answers for the data directory.
func daemonRuns(ctx context.Context, dir string) (bool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://control/running", nil)
	if err != nil {
		return false, err
	}
	response, err := controlClient(dir).Do(request)
	if err := notRunning(dir, err); err != nil {
		if errors.Is(err, errNotRunning) {
			return false, nil
		}
		return false, err
	}
	return true, response.Body.Close()
}
