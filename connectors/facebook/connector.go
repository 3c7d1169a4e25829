package facebook

import (
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
	sights   *graph.Memory[sight]
	places   *graph.Memory[place]  // of customers' comments
	names    *graph.Memory[string] // of people, as far as anything told them
	ours     *graph.Memory[string] // of posts that we published or read back: the key of the release
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
		s: s, backfill: a.Backfill, client: client, ours: graph.NewMemory[string](),
		sights: graph.NewMemory[sight](), places: graph.NewMemory[place](), names: graph.NewMemory[string](),
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

// another reports whether the post is known to stand for another release.
func (c *Connector) another(externalID, key string) bool {
	known, ok := c.ours.Get(externalID)
	return ok && known != key
}
