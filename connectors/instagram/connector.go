package instagram

import (
	"context"
	"log/slog"
	"sync"
	"time"
	"unicode/utf16"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
	"standpunt/inbox"
)

const (
	// longestComment is how long a comment may be, in characters. Meta's reference of
	// /{ig-comment-id}/replies names no limit; it is that of captions there, and what the apps take.
	longestComment = 2200
	// longestMessage is how long a message's text may be, in bytes of UTF-8:
	// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
	longestMessage = 1000
	// answerable is for how long a message may be answered, and byPeople for how long where Meta
	// lets the app's people take their time (same source).
	answerable = 24 * time.Hour
	byPeople   = 7 * 24 * time.Hour
)

// Connector is one professional account. It is safe for concurrent use.
type Connector struct {
	s        Settings
	backfill time.Duration
	api      api

	ours *graph.Memory[string] // of posts that we published or read back: the key of the release

	mu       sync.Mutex
	username string // of the account; empty: not asked yet
}

// Hooked is a [Connector] whose settings let Meta deliver.
type Hooked struct {
	*Connector
	hook graph.Hook
	// awaited is what came of looking mentions up whose delivery comes again, so that it
	// gets further each time.
	awaited *graph.Memory[connectors.Page]
}

// What a connector of this kind can do beyond polling.
var _ interface {
	connectors.Publisher
	connectors.Finder
	connectors.PrivateReplier
	connectors.Remover
	connectors.Hider
	connectors.PrivateComposer
	connectors.Closing
	connectors.Composer
	connectors.Identifier
	connectors.Checker
	connectors.Located
	connectors.Pacer
	connectors.Renewer
} = (*Connector)(nil)

var _ interface {
	connectors.Webhook
	connectors.Addressed
} = (*Hooked)(nil)

// New makes a [*Connector], or a [*Hooked] one, from an account's settings. It
// calls nobody.
func New(a connectors.Account) (connectors.Connector, error) {
	s, err := decode(a.Settings)
	if err != nil {
		return nil, err
	}
	keep := a.Keep
	if s.Login == overFacebook {
		keep = nil // a Page's token is not renewed
	}
	log := a.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	tokens, err := newTokens(s.AccessToken.Reveal(), keep, log, s.client)
	if err != nil {
		return nil, a.Settings.Problem("base_url", string(s.BaseURL), err.Error(), "Leave it out, or write "+string(hosts[s.Login])+".")
	}
	c := &Connector{s: s, backfill: a.Backfill, api: newAPI(tokens, s.Login), ours: graph.NewMemory[string]()}
	if s.VerifyToken.Reveal() == "" {
		return c, nil
	}
	hook := graph.Hook{VerifyToken: s.VerifyToken.Reveal(), AppSecret: s.AppSecret.Reveal()}
	return &Hooked{Connector: c, hook: hook, awaited: graph.NewMemory[connectors.Page]()}, nil
}

// client is one with the token. Only Facebook takes proofs that a call is the
// app's own.
func (s Settings) client(token string) (*graph.Client, error) {
	o := graph.Options{BaseURL: string(s.BaseURL), Version: s.Version, Token: token}
	if s.Login == overFacebook {
		o.AppSecret = s.AppSecret.Reveal()
	}
	return graph.New(o)
}

// PollEvery is what the settings ask for.
func (c *Connector) PollEvery() time.Duration { return c.s.PollEvery.Std() }

// Endpoint is the Graph API's address.
func (c *Connector) Endpoint() string { return string(c.s.BaseURL) }

// Measure counts a comment in UTF-16 units, the largest count that Instagram
// may use: a text that fits here fits there.
func (c *Connector) Measure(text string) approval.Measure {
	return approval.Measure{Length: len(utf16.Encode([]rune(text))), Limit: longestComment, Unit: "characters"}
}

// MeasurePrivate counts a message as Instagram does.
func (c *Connector) MeasurePrivate(text string) approval.Measure {
	return approval.Measure{Length: len(text), Limit: longestMessage, Unit: "bytes"}
}

// Closes is when a message's time to be answered is over.
func (c *Connector) Closes(m *inbox.Mention) time.Time {
	switch {
	case m.Visibility != inbox.Private:
		return time.Time{}
	case c.s.HumanAgent:
		return m.PostedAt.Add(byPeople)
	}
	return m.PostedAt.Add(answerable)
}

// Unanswerable says whether a message's time to be answered is over.
func (c *Connector) Unanswerable(m *inbox.Mention, at time.Time) string {
	if closes := c.Closes(m); closes.IsZero() || at.Before(closes) {
		return ""
	}
	if c.s.HumanAgent {
		return inbox.UnansweredInstagramWeek.English()
	}
	return inbox.UnansweredInstagramDay.English()
}

// messenger is the node that messages go by.
func (c *Connector) messenger() string {
	if c.s.Login == overFacebook {
		return c.s.PageID
	}
	return c.s.UserID
}

// profile is the account as Instagram knows it.
type profile struct {
	ID       graph.ID `json:"id"`
	UserID   graph.ID `json:"user_id"` // over Instagram Login: the professional account, where ID is the app's own name for it
	Username string   `json:"username"`
}

// profileOf asks Instagram who the token stands for.
func (c *Connector) profileOf(ctx context.Context) (profile, error) {
	which, fields := c.s.UserID, "id,username"
	if c.s.Login == overInstagram {
		which, fields = "me", "user_id,username"
	}
	var p profile
	answer, err := c.api.get(ctx, which, graph.Params{"fields": fields}, &p)
	if err != nil {
		return profile{}, err
	}
	if c.s.Login == overInstagram {
		p.ID = p.UserID
	}
	if !idPattern.MatchString(string(p.ID)) || !usernamePattern.MatchString(p.Username) {
		return profile{}, answer.Nonsense("not about a professional account")
	}
	return p, nil
}

// handle is the account's username, asked for once. It tells our own comments
// where Instagram leaves the author's id out, and mentions in captions.
func (c *Connector) handle(ctx context.Context) (string, error) {
	c.mu.Lock()
	known := c.username
	c.mu.Unlock()
	if known != "" {
		return known, nil
	}
	p, err := c.profileOf(ctx)
	if err != nil {
		return "", err
	}
	if string(p.ID) != c.s.UserID {
		return "", otherAccount()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.username = p.Username
	return p.Username, nil
}

func otherAccount() error {
	return &connectors.Error{Kind: connectors.BadAuth, Message: "the access token belongs to another Instagram account than ig_user_id names",
		Remedy: "Correct ig_user_id or access_token, as docs/platforms/instagram.md tells."}
}

// isOurs reports whether the account itself wrote a post.
func (c *Connector) isOurs(id, fromID, username string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ours.Has(id) || fromID == c.s.UserID || username != "" && username == c.username
}

// another reports whether the post is known to stand for another release.
func (c *Connector) another(externalID, key string) bool {
	known, ok := c.ours.Get(externalID)
	return ok && known != key
}
