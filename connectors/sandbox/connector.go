package sandbox

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/rivo/uniseg"

	"standpunt/approval"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/inbox"
)

// maxLength is how many characters the network takes, as a reader counts them.
const maxLength = 500

// Settings are an account's settings of kind sandbox.
type Settings struct {
	BaseURL config.URL    `yaml:"base_url" required:"true"` // where the network is
	Handle  string        `yaml:"handle" required:"true"`   // the brand account, with or without @
	Token   config.Secret `yaml:"token" required:"true"`    // the brand account's token
	// PollEvery is the pause between polls; what the stream brings comes at once.
	PollEvery config.Duration `yaml:"poll_every"`
	// Timeout bounds one call. A request to publish that takes longer is of unknown outcome.
	Timeout config.Duration `yaml:"timeout"`
}

var handlePattern = regexp.MustCompile(`^[\p{L}\p{N}_](?:[\p{L}\p{N}_.-]{0,48}[\p{L}\p{N}_])?$`)

// decode reads the settings and reports every fault at once.
func decode(from config.Settings) (Settings, error) {
	s := Settings{PollEvery: config.Duration(2 * time.Second), Timeout: config.Duration(10 * time.Second)}
	faults := []error{from.Decode(&s)}
	if len(config.Problems(faults[0])) == 0 && faults[0] != nil {
		return s, faults[0]
	}
	typed := s.Handle
	s.Handle = strings.ToLower(strings.TrimPrefix(typed, "@"))
	if typed != "" && !handlePattern.MatchString(s.Handle) {
		faults = append(faults, from.Problem("handle", typed, "is not a handle", "Write it as the network shows it, such as noordlicht."))
	}
	for _, span := range []struct {
		key   string
		value config.Duration
	}{{"poll_every", s.PollEvery}, {"timeout", s.Timeout}} {
		if d := span.value.Std(); d < 50*time.Millisecond || d > time.Hour {
			faults = append(faults, from.Problem(span.key, span.value.String(), "is out of range", "Write a duration from 50ms to 1h."))
		}
	}
	return s, errors.Join(faults...)
}

// Connector is one account on the network. It is safe for concurrent use.
type Connector struct {
	account  inbox.AccountName
	s        Settings
	backfill time.Duration
	log      *slog.Logger
	client   *connectors.Client

	mu   sync.Mutex
	self string // the account's stable id, once [Connector.Identity] learned it
}

// New makes a [*Connector] from an account's settings. It calls nobody.
func New(a connectors.Account) (connectors.Connector, error) {
	s, err := decode(a.Settings)
	if err != nil {
		return nil, err
	}
	c := &Connector{account: a.Name, s: s, backfill: a.Backfill, log: a.Log}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.client, err = connectors.NewClient(connectors.ClientOptions{
		BaseURL:  string(s.BaseURL),
		Timeout:  s.Timeout.Std(),
		Classify: classify,
		Authorize: func(r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+s.Token.Reveal())
			return nil
		},
	})
	if err != nil {
		return nil, a.Settings.Problem("base_url", string(s.BaseURL), err.Error(), "Write the network's address, such as http://localhost:8081.")
	}
	return c, nil
}

// PollEvery is what the settings ask for.
func (c *Connector) PollEvery() time.Duration { return c.s.PollEvery.Std() }

// Ahead is how far the network's clock is ahead of ours at the least.
func (c *Connector) Ahead() (time.Duration, bool) { return c.client.Ahead() }

// Endpoint is the network's address.
func (c *Connector) Endpoint() string { return string(c.s.BaseURL) }

// Measure counts characters as the network does: a family emoji is one.
func (c *Connector) Measure(text string) approval.Measure {
	return approval.Measure{Length: uniseg.GraphemeClusterCount(text), Limit: maxLength, Unit: "characters"}
}

// Identity is the brand account that the token belongs to.
func (c *Connector) Identity(ctx context.Context) (connectors.Identity, error) {
	answer, err := c.client.Do(ctx, connectors.Call{Path: "/api/account"})
	if err != nil {
		return connectors.Identity{}, err
	}
	var a account
	if err := answer.JSON(&a); err != nil {
		return connectors.Identity{}, err
	}
	if a.ID == "" || a.Handle == "" {
		return connectors.Identity{}, answer.Nonsense("without the account that was asked for")
	}
	who := connectors.Identity{RemoteID: a.ID, Handle: "@" + a.Handle, URL: a.URL, CanSend: true}
	if a.Handle != c.s.Handle {
		who.CanSend = false
		who.Note = "The token belongs to @" + a.Handle + ", the settings say @" + c.s.Handle + ". Correct handle or token."
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.self = a.ID
	return who, nil
}

// known is the account's stable id, "" before [Connector.Identity] learned it.
func (c *Connector) known() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.self
}
