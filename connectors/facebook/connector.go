package facebook

import (
	"sync"
	"time"
	"unicode/utf16"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

// How long a comment and a message may be.
// https://developers.facebook.com/docs/messenger-platform/reference/send-api
const (
	maxLength  = 8000
	maxMessage = 2000
)

// Connector is one Page. It is safe for concurrent use.
type Connector struct {
	s        Settings
	backfill time.Duration
	client   *graph.Client
	sights   *memory[sight]
	places   *memory[place]  // of customers' comments
	names    *memory[string] // of people, as far as anything told them

	mu    sync.Mutex
	ours  map[string]string // external id of a post of ours: the key of the release that it stands for
	order []string          // its ids, oldest first
}

// New makes a [*Connector] from an account's settings, or a [*Pushed] where they
// have a verify_token. It calls nobody.
func New(a connectors.Account) (connectors.Connector, error) {
	s, err := decode(a.Settings)
	if err != nil {
		return nil, err
	}
	client, err := graph.New(graph.Options{
		BaseURL: string(s.BaseURL), Version: s.Version, Token: s.AccessToken.Reveal(), AppSecret: s.AppSecret.Reveal(),
	})
	if err != nil {
		return nil, a.Settings.Problem("base_url", string(s.BaseURL), err.Error(), "Leave it out, or write https://graph.facebook.com.")
	}
	c := &Connector{
		s: s, backfill: a.Backfill, client: client, ours: make(map[string]string),
		sights: newMemory[sight](remembered), places: newMemory[place](remembered), names: newMemory[string](remembered),
	}
	if s.VerifyToken.Reveal() == "" {
		return c, nil
	}
	return &Pushed{Connector: c, hook: graph.Hook{VerifyToken: s.VerifyToken.Reveal(), AppSecret: s.AppSecret.Reveal()}}, nil
}

// PollEvery is what the settings ask for.
func (c *Connector) PollEvery() time.Duration { return c.s.PollEvery.Std() }

// Endpoint is the Graph API's address.
func (c *Connector) Endpoint() string { return string(c.s.BaseURL) }

// Measure counts UTF-16 units, the largest count that Facebook may use: a text
// that fits here fits there.
func (c *Connector) Measure(text string) approval.Measure {
	return approval.Measure{Length: len(utf16.Encode([]rune(text))), Limit: maxLength, Unit: "characters"}
}

// MeasurePrivate counts in the same way up to what Messenger takes.
func (c *Connector) MeasurePrivate(text string) approval.Measure {
	m := c.Measure(text)
	m.Limit = maxMessage
	return m
}

// remembered is how many of our posts are told apart in memory.
const remembered = 4096

// remember notes which release a post of ours stands for.
func (c *Connector) remember(externalID, key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.ours[externalID]; !known {
		c.order = append(c.order, externalID)
	}
	c.ours[externalID] = key
	if len(c.order) > remembered {
		delete(c.ours, c.order[0])
		c.order = c.order[1:]
	}
}

// another reports whether the post is known to stand for another release.
func (c *Connector) another(externalID, key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.ours[externalID]
	return ok && known != key
}

// known reports whether the post is one that this process published.
func (c *Connector) known(externalID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.ours[externalID]
	return ok
}
