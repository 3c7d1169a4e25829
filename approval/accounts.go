package approval

import (
	"context"
	"strings"

	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/store"
)

// Configured is an account as the configuration file has it.
type Configured struct {
	Name    inbox.AccountName
	Kind    string
	BaseURL string // where it connects to; for kinds without one, its address
}

// InitAccounts accepts the accounts that the file names when the data
// directory is founded. Which remote identity stands behind each is fixed at
// the first contact.
func (a *Approvals) InitAccounts(ctx context.Context, list []Configured) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		for _, c := range list {
			if err := a.putAccount(tx, &inbox.AccountRecord{Name: c.Name, Kind: c.Kind, BaseURL: c.BaseURL, Accepted: true}, "account.accepted", "cli"); err != nil {
				return err
			}
		}
		return nil
	})
}

// Reconcile brings the accounts of the configuration file to the store at
// start-up. A new one, or one that connects elsewhere than before, only
// receives until two people accept it.
func (a *Approvals) Reconcile(ctx context.Context, list []Configured) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		for _, c := range list {
			have, ok, err := a.box.Account(tx, c.Name)
			if err != nil {
				return err
			}
			switch {
			case !ok:
				have = &inbox.AccountRecord{Name: c.Name, Kind: c.Kind, BaseURL: c.BaseURL}
				err = a.putAccount(tx, have, "account.added", "daemon")
			case have.Kind != c.Kind || have.BaseURL != c.BaseURL:
				have.Kind, have.BaseURL, have.Accepted, have.RemoteID, have.Handle = c.Kind, c.BaseURL, false, "", ""
				err = a.putAccount(tx, have, "account.changed", "daemon")
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// RecordIdentity notes which remote account the credentials belong to. The
// first one is fixed; another one later takes the account's acceptance away.
func (a *Approvals) RecordIdentity(ctx context.Context, name inbox.AccountName, remoteID, handle, url string) error {
	same := false
	err := a.db.View(ctx, func(tx *store.Tx) error {
		have, ok, err := a.box.Account(tx, name)
		same = ok && have.RemoteID == remoteID && have.Handle == handle && have.URL == url
		return err
	})
	if err != nil || same {
		return err
	}
	return a.db.Update(ctx, func(tx *store.Tx) error {
		have, ok, err := a.box.Account(tx, name)
		if err != nil || !ok {
			return err
		}
		event := "account.identified"
		if have.RemoteID != "" && have.RemoteID != remoteID {
			event, have.Accepted = "account.identity_changed", false
		}
		have.RemoteID, have.Handle, have.URL = remoteID, handle, url
		return a.putAccount(tx, have, event, "connector")
	})
}

func (a *Approvals) putAccount(tx *store.Tx, r *inbox.AccountRecord, event, via string) error {
	if err := a.box.PutAccount(tx, r); err != nil {
		return err
	}
	to := "receiving"
	if r.Accepted {
		to = "accepted"
	}
	digest, err := a.log.Seal(tx, "standpunt/account/v1", []byte(strings.Join([]string{r.Kind, r.BaseURL, r.RemoteID}, "\n")))
	if err != nil {
		return err
	}
	_, err = a.log.Append(tx, audit.Event{
		Kind: event, Actor: audit.System, Via: via, Subject: audit.Subject("account:" + string(r.Name)), To: to, Digest: digest,
		Facts: map[string]string{"kind": r.Kind},
	})
	tx.OnCommit(a.wakeAll)
	return err
}
