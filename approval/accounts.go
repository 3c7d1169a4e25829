package approval

import (
	"context"

	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/store"
)

// Configured is an account as the configuration file has it.
type Configured struct {
	Name    inbox.AccountName
	Kind    string
	BaseURL string // where it connects to; for kinds without one, its address
}

// What the log says of an account.
const (
	receiving = "receiving"
	accepted  = "accepted"
)

// InitAccounts accepts the accounts that the file names when the data
// directory is founded. Which remote identity stands behind each is fixed at
// the first contact. It refuses an account that is known: from then on
// accepting one takes two people.
func (a *Approvals) InitAccounts(ctx context.Context, list []Configured) error {
	return a.db.Update(ctx, func(tx *store.Tx) error {
		for _, c := range list {
			if _, known, err := a.box.Account(tx, c.Name); err != nil || known {
				if err == nil {
					err = fault.New(fault.AlreadyExists, "the account %s is known already", c.Name).Fix("Propose at the desk that it may publish.")
				}
				return err
			}
			if err := a.putAccount(tx, &inbox.AccountRecord{Name: c.Name, Kind: c.Kind, BaseURL: c.BaseURL, Accepted: true}, "account.accepted", "cli", nil); err != nil {
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
				err = a.putAccount(tx, have, "account.added", "daemon", nil)
			case have.Kind != c.Kind || have.BaseURL != c.BaseURL:
				have.Kind, have.BaseURL, have.Accepted, have.RemoteID, have.Handle = c.Kind, c.BaseURL, false, "", ""
				err = a.putAccount(tx, have, "account.changed", "daemon", nil)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// RecordIdentity notes which remote account the credentials belong to. The
// first one is fixed; another one later takes the account's acceptance away. A
// connector that cannot tell is an account_not_ready fault.
func (a *Approvals) RecordIdentity(ctx context.Context, name inbox.AccountName, remoteID, handle, url string) error {
	if remoteID == "" {
		return fault.New(fault.AccountNotReady, "the account %s does not tell whom it publishes as", name)
	}
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
		return a.putAccount(tx, have, event, "connector", nil)
	})
}

// putAccount stores the record and says what happened to it, by the proposal
// p where it is not nil.
func (a *Approvals) putAccount(tx *store.Tx, r *inbox.AccountRecord, event, via string, p *Proposal) error {
	if err := a.box.PutAccount(tx, r); err != nil {
		return err
	}
	to := receiving
	if r.Accepted {
		to = accepted
	}
	var identity writer
	identity.text(r.Kind)
	identity.text(r.BaseURL)
	identity.text(r.RemoteID)
	digest, err := a.log.Seal(tx, "standpunt/account/v1", identity.b)
	if err != nil {
		return err
	}
	facts := map[string]string{"kind": r.Kind}
	if p != nil {
		facts["proposal"] = string(p.subject())
	}
	_, err = a.log.Append(tx, audit.Event{
		Kind: event, Actor: audit.System, Via: via, Subject: audit.Subject("account:" + string(r.Name)), To: to, Digest: digest, Facts: facts,
	})
	tx.OnCommit(a.wakeAll)
	return err
}
