package main

import (
	"context"
	"errors"
	"log/slog"

	"standpunt/approval"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/facebook"
	"standpunt/connectors/mail"
	"standpunt/connectors/push"
	"standpunt/connectors/sandbox"
	"standpunt/connectors/twitter"
	"standpunt/inbox"
)

// kinds is the one list of connector kinds. A new platform is a line here.
func kinds() []connectors.Kind {
	return []connectors.Kind{
		{Name: "sandbox", New: sandbox.New},
		{Name: "mail", New: func(a connectors.Account) (connectors.Connector, error) { return mail.New(a) }},
		{Name: "push", New: push.New},
		{Name: "twitter", New: twitter.New},
		{Name: "facebook", New: facebook.New},
	}
}

// keeping gives each account its own Keep; nil gives them none.
type keeping func(inbox.AccountName) connectors.Keep

// connect makes the connector of every configured account, without any network
// call, and reports every fault of every account at once.
func connect(accounts []config.Account, log *slog.Logger, kept keeping) ([]connectors.Live, error) {
	byName := make(map[string]connectors.Kind)
	names := []string{}
	for _, k := range kinds() {
		byName[k.Name] = k
		names = append(names, k.Name)
	}
	var lives []connectors.Live
	var faults []error
	for _, a := range accounts {
		kind, ok := byName[a.Kind]
		if !ok {
			faults = append(faults, a.UnknownKind(names))
			continue
		}
		account := connectors.Account{
			Name: inbox.AccountName(a.Name), Kind: a.Kind, Settings: a.Settings, Backfill: a.Backfill,
			Log: log.With(slog.String("account", a.Name)),
		}
		if kept != nil {
			account.Keep = kept(account.Name)
		}
		c, err := kind.New(account)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		lives = append(lives, connectors.Live{Account: account, Connector: c})
	}
	return lives, errors.Join(faults...)
}

// vet looks at one account of the configuration: its kind, its settings, its
// secrets.
func vet(a config.Account) error {
	lives, err := connect([]config.Account{a}, slog.New(slog.DiscardHandler), nil)
	return errors.Join(err, connectors.CloseAll(context.Background(), lives))
}

// configured is what approval knows an account by.
func configured(lives []connectors.Live) []approval.Configured {
	list := make([]approval.Configured, len(lives))
	for i, l := range lives {
		list[i] = approval.Configured{Name: l.Name, Kind: l.Kind}
		if at, ok := l.Connector.(connectors.Located); ok {
			list[i].BaseURL = at.Endpoint()
		}
	}
	return list
}
