package push

import (
	"context"
	"errors"
	"time"

	"standpunt/config"
	"standpunt/connectors"
	"standpunt/inbox"
)

// KindName is what an account's kind says.
const KindName = "push"

// Settings are an account's settings of kind push.
type Settings struct {
	// RemoteID is the stable name of the account that we answer as, wherever the program
	// takes the answers; the account's own name if it is not given.
	RemoteID string `yaml:"remote_id"`
	Handle   string `yaml:"handle"` // what people see: "@brand"
	// PublishURL takes approved answers; without it the account only receives.
	PublishURL config.URL    `yaml:"publish_url"`
	FindURL    config.URL    `yaml:"find_url"` // tells what stands there
	Secret     config.Secret `yaml:"secret"`   // signs what we send; needed with publish_url
	// Timeout bounds one call of ours; 30 s if it is not given.
	Timeout config.Duration `yaml:"timeout"`
}

const minSecret = 16 // bytes

// Kind is the kind's entry in cmd's list.
func Kind() connectors.Kind { return connectors.Kind{Name: KindName, New: New} }

// New makes a connector whose type has no more capabilities than the settings:
// publishing with a publish_url, reading back with a find_url too.
func New(a connectors.Account) (connectors.Connector, error) {
	var s Settings
	if err := errors.Join(a.Settings.Decode(&s), s.check(a.Settings)); err != nil {
		return nil, err
	}
	r := &receiver{account: a, s: s}
	if s.PublishURL == "" {
		return r, nil
	}
	client, err := connectors.NewClient(connectors.ClientOptions{BaseURL: string(s.PublishURL), Timeout: s.Timeout.Std()})
	if err != nil {
		return nil, a.Settings.Problem("publish_url", string(s.PublishURL), err.Error(), "")
	}
	p := &publisher{receiver: r, client: client}
	if s.FindURL == "" {
		return p, nil
	}
	finding, err := connectors.NewClient(connectors.ClientOptions{BaseURL: string(s.FindURL), Timeout: s.Timeout.Std()})
	if err != nil {
		return nil, a.Settings.Problem("find_url", string(s.FindURL), err.Error(), "")
	}
	return &finder{publisher: p, client: finding}, nil
}

func (s Settings) check(from config.Settings) error {
	var faults []error
	fault := func(key, value, message, remedy string) {
		faults = append(faults, from.Problem(key, value, message, remedy))
	}
	secret := len(s.Secret.Reveal())
	switch {
	case s.PublishURL != "" && secret == 0:
		fault("secret", "", "is missing, and what goes to publish_url is signed with it", "Make one with: openssl rand -hex 32.")
	case secret > 0 && secret < minSecret:
		fault("secret", "", "is shorter than 16 characters", "Make one with: openssl rand -hex 32.")
	}
	if s.FindURL != "" && s.PublishURL == "" {
		fault("find_url", string(s.FindURL), "is given without publish_url", "Give both, or leave it out.")
	}
	if !isWord(s.RemoteID, maxID) && s.RemoteID != "" {
		fault("remote_id", s.RemoteID, "is not an id", "Write at most 512 bytes without control characters.")
	}
	return errors.Join(faults...)
}

// receiver is an account that only receives.
type receiver struct {
	account connectors.Account
	s       Settings
}

// Poll returns nothing: mentions are delivered.
func (r *receiver) Poll(ctx context.Context, after inbox.Cursor) (connectors.Page, error) {
	if ctx.Err() != nil {
		return connectors.Page{}, connectors.Errorf(connectors.Temporary, "the poll was cancelled: %w", ctx.Err())
	}
	return connectors.Page{Next: after}, nil
}

// PollEvery is an hour: there is nothing to see.
func (r *receiver) PollEvery() time.Duration { return time.Hour }

// Endpoint is where approved answers go, empty where they go nowhere.
func (r *receiver) Endpoint() string { return string(r.s.PublishURL) }

// Identity is what the settings say.
func (r *receiver) Identity(context.Context) (connectors.Identity, error) {
	who := connectors.Identity{RemoteID: r.s.RemoteID, Handle: r.s.Handle, CanSend: r.s.PublishURL != ""}
	if who.RemoteID == "" {
		who.RemoteID = string(r.account.Name)
	}
	if !who.CanSend {
		who.Note = "The account only receives. Give it a publish_url and a secret to answer."
	}
	return who, nil
}

// Accept reads one delivery. Its errors are faults.
func (r *receiver) Accept(_ context.Context, body []byte) ([]inbox.Inbound, error) {
	items, err := decode(body)
	if err != nil {
		return nil, err
	}
	if r.s.PublishURL == "" {
		for i := range items {
			items[i].Unanswerable = inbox.UnansweredReceivesOnly.English()
		}
	}
	return items, nil
}
