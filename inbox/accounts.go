package inbox

import (
	"context"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/store"
)

// Account is the account's record in tx, and false where there is none.
func (b *Inbox) Account(tx *store.Tx, name AccountName) (*AccountRecord, bool, error) {
	return accounts.Lookup(tx, name)
}

// Accounts are all records, by name.
func (b *Inbox) Accounts(ctx context.Context) ([]*AccountRecord, error) {
	var all []*AccountRecord
	err := b.db.View(ctx, func(tx *store.Tx) error {
		all = nil
		for a, err := range accounts.Scan(tx, store.Range{}, false) {
			if err != nil {
				return err
			}
			all = append(all, a)
		}
		return nil
	})
	return all, err
}

// PutAccount writes the record and, where it says something new about the
// account, the audit event "account.recorded". The health of a known account
// stays as it is, see [Inbox.SetHealth]. It does not ask who may: `init`,
// the start of the daemon (which never sets Accepted) and the governance kinds
// of approval call it.
func (b *Inbox) PutAccount(tx *store.Tx, a *AccountRecord) error {
	if err := a.Name.valid(); err != nil {
		return err
	}
	old, known, err := accounts.Lookup(tx, a.Name)
	if err != nil {
		return err
	}
	var was AccountRecord
	if known {
		was = *old
	}
	record := *a
	if known {
		record.Health = was.Health
	}
	if !known || record != was {
		_, err = b.log.Append(tx, audit.Event{
			Kind: "account.recorded", Actor: audit.System, Via: "daemon", Subject: a.Name.subject(),
			From: acceptance(known, was.Accepted), To: acceptance(true, a.Accepted),
			Facts: map[string]string{"kind": audit.Fact(a.Kind), "base_url": audit.Fact(a.BaseURL), "remote_id": audit.Fact(a.RemoteID)},
		})
		if err != nil {
			return err
		}
	}
	return accounts.Put(tx, &record)
}

// SetHealth records how the account's connector fares. Health is not part of
// the audit log. An account without a record is a not_found fault.
func (b *Inbox) SetHealth(ctx context.Context, name AccountName, h Health) error {
	return b.db.Update(ctx, func(tx *store.Tx) error {
		a, ok, err := accounts.Lookup(tx, name)
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.NotFound, "there is no such account").At("account", string(name))
		}
		a.Health = h
		return accounts.Put(tx, a)
	})
}

func acceptance(known, accepted bool) string {
	switch {
	case !known:
		return ""
	case accepted:
		return "accepted"
	default:
		return "receives only"
	}
}

func (n AccountName) subject() audit.Subject { return audit.Subject("account:" + n) }

// valid refuses names that no configuration could hold.
func (n AccountName) valid() error {
	const most = 100
	if n == "" || len(n) > most || audit.Fact(string(n)) != string(n) {
		return fault.New(fault.InvalidInput, "an account's name has 1 to %d bytes, all of them visible", most).
			At("account", string(n))
	}
	return nil
}
