package twitter

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"standpunt/approval"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/inbox"
)

// Settings are an account's settings of kind twitter.
type Settings struct {
	BaseURL     config.URL `yaml:"base_url"`               // of the API; https://api.x.com unless set
	Handle      string     `yaml:"handle" required:"true"` // the brand account, with or without @
	Credentials `yaml:",inline"`
	// PollEvery is the pause between polls. Each mention read costs money, an empty poll none.
	PollEvery config.Duration `yaml:"poll_every"`
	// Vocabulary is what the API calls a post in its parameters: "tweet" or "post".
	Vocabulary string `yaml:"vocabulary"`
	// OwnsApp says that the brand account owns the developer app: it reads its own timelines cheaply then.
	OwnsApp bool `yaml:"owns_app"`
	// MonthlyBudget, in US dollars per UTC month, slows polls down when it will not last; 0: none.
	MonthlyBudget float64 `yaml:"monthly_budget"`
	Prices        Prices  `yaml:"prices"`

	WiderSettings  `yaml:",inline"`
	LegacySettings `yaml:",inline"`
}

const defaultBaseURL = "https://api.x.com"

var handlePattern = regexp.MustCompile(`^[A-Za-z0-9_]{1,15}$`)

// decode reads the settings and reports every fault at once.
func decode(from config.Settings) (Settings, error) {
	s := Settings{BaseURL: defaultBaseURL, PollEvery: config.Duration(time.Minute), Vocabulary: "tweet", Prices: listPrices()}
	s.Access, s.API = accessSelfServe, modernVersion
	faults := []error{from.Decode(&s)}
	if len(config.Problems(faults[0])) == 0 && faults[0] != nil {
		return s, faults[0]
	}
	faults = append(faults, from.Encrypted("base_url", s.BaseURL))
	typed := s.Handle
	s.Handle = strings.TrimPrefix(typed, "@")
	if typed != "" && !handlePattern.MatchString(s.Handle) {
		faults = append(faults, from.Problem("handle", typed, "is not a handle", "Write it as X shows it, such as @noordlicht."))
	}
	if d := s.PollEvery.Std(); d < 3*time.Second || d > time.Hour {
		faults = append(faults, from.Problem("poll_every", s.PollEvery.String(), "is out of range",
			"Write a duration from 3s, which is as often as X allows, to 1h."))
	}
	if s.Vocabulary != "tweet" && s.Vocabulary != "post" {
		faults = append(faults, from.Problem("vocabulary", s.Vocabulary, "is not known", "Write tweet or post."))
	}
	faults = append(faults, vetCredentials(&s, from, config.Problems(faults[0]))...)
	faults = append(faults, vetMoney(&s, from)...)
	faults = append(faults, s.check(from, config.Problems(faults[0]))...)
	faults = append(faults, vetLegacy(&s, from)...)
	return s, errors.Join(faults...)
}

// Connector is one account on X. It is safe for concurrent use.
type Connector struct {
	account  inbox.AccountName
	s        Settings
	backfill time.Duration
	log      *slog.Logger
	client   *connectors.Client
	app      *connectors.Client // as the app itself; nil without bearer_token
	tokens   *tokens            // nil: OAuth 1.0a
	bill     *bill
	people   *acquaintances

	directEvery time.Duration // between two calls for messages

	mu      sync.Mutex
	self    string             // the account's id on X, once it was learned
	posted  map[string]sent    // by the id of what this process posted lately
	waiting map[string]waiting // what keeps a list from being read, by its name
	cleared time.Time          // when connections of the app were last ended
	unfit   map[int]bool       // the searches that X does not take
}

// sent is which release a post of ours is, and when it went out.
type sent struct {
	key string
	at  time.Time
}

// New makes a [*Connector] from an account's settings, or a [*Legacy] where they
// ask for API 1.1. It calls nobody.
func New(a connectors.Account) (connectors.Connector, error) {
	s, err := decode(a.Settings)
	if err != nil {
		return nil, err
	}
	c := &Connector{account: a.Name, s: s, backfill: a.Backfill, log: a.Log, posted: make(map[string]sent)}
	c.waiting, c.unfit, c.directEvery = make(map[string]waiting), make(map[int]bool), leastDirectEvery
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.bill = &bill{keep: a.Keep, prices: s.Prices, owner: s.OwnsApp, budget: dollars(s.MonthlyBudget), log: c.log}
	c.people = new(acquaintances)
	if s.Auth == authOAuth2 {
		c.tokens = newTokens(string(a.Name), string(s.BaseURL), string(s.RedirectURL), s.ClientID, s.ClientSecret.Reveal(), a.Keep, c.log)
	}
	if s.API == legacyVersion {
		return newLegacy(a, c)
	}
	c.client, err = connectors.NewClient(connectors.ClientOptions{
		BaseURL: string(s.BaseURL), Classify: c.answered, Authorize: c.authorize,
	})
	if err != nil {
		return nil, a.Settings.Problem("base_url", string(s.BaseURL), err.Error(), "Leave it out, or write "+defaultBaseURL+".")
	}
	if c.app, err = c.asApp(); err != nil {
		return nil, err
	}
	if s.streams() {
		return &Streaming{c}, nil
	}
	return c, nil
}

// PollEvery is what the settings ask for, or longer where the month's budget
// would not last.
func (c *Connector) PollEvery() time.Duration {
	base := c.s.PollEvery.Std()
	return max(base, c.Spending().PollEvery)
}

// Spending is what X has charged this month, as it was counted here.
func (c *Connector) Spending() connectors.Spending { return c.bill.spending(c.s.PollEvery.Std()) }

// Price is what X charges for an answer: more, if it holds a link.
func (c *Connector) Price(action approval.Action, visibility inbox.Visibility, text string) approval.Price {
	if action == approval.ByHand { // X charges nothing for what a person posts
		return approval.Price{}
	}
	what := chargeFor(action, visibility, text)
	if what != linkPosted {
		return approval.Price{Cost: c.s.Prices.of(what)}
	}
	return approval.Price{Cost: c.s.Prices.of(what), Link: true, WithoutLink: c.s.Prices.of(chargeFor(action, visibility, ""))}
}

// Close keeps what was counted.
func (c *Connector) Close() error {
	c.bill.save(context.Background())
	return nil
}

// Ahead is how far X's clock, which ids tell the time of, is ahead of ours at
// the least.
func (c *Connector) Ahead() (time.Duration, bool) { return c.client.Ahead() }

// onX is what X's clock, which ids tell the time of, shows at one of our times, at
// the earliest; our own time where the difference is not known.
func (c *Connector) onX(ours time.Time) time.Time {
	if ahead, known := c.Ahead(); known {
		return ours.Add(ahead)
	}
	return ours
}

// Endpoint is the API's address.
func (c *Connector) Endpoint() string { return string(c.s.BaseURL) }

// Measure counts as X does.
func (c *Connector) Measure(text string) approval.Measure {
	return approval.Measure{Length: WeightedLength(text), Limit: Limit, Unit: "weighted characters"}
}

// Identity is the account that the tokens belong to. Its Note tells too which
// keyword or rule X would not take.
func (c *Connector) Identity(ctx context.Context) (connectors.Identity, error) {
	who, err := c.whoami(ctx)
	if err == nil && who.CanSend && who.Note == "" && c.s.words() {
		who.Note = c.tryRules(ctx)
	}
	return who, err
}

func (c *Connector) whoami(ctx context.Context) (connectors.Identity, error) {
	who, err := c.identify(ctx, c.client)
	if err != nil || !who.CanSend {
		return who, err
	}
	if c.tokens != nil {
		granted := c.tokens.granted(ctx)
		if list := lacking(granted); granted != nil && len(list) > 0 {
			who.CanSend, who.Note = slices.Contains(granted, "tweet.write"), lacks(list, string(c.account))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.self = who.RemoteID
	return who, nil
}

// identify asks X whose credentials the client has.
func (c *Connector) identify(ctx context.Context, client *connectors.Client) (connectors.Identity, error) {
	answer, err := client.Do(ctx, connectors.Call{Path: "/2/users/me", Query: url.Values{"user.fields": {"username"}}})
	if err != nil {
		return connectors.Identity{}, err
	}
	var got struct {
		Data user `json:"data"`
	}
	if err := answer.JSON(&got); err != nil {
		return connectors.Identity{}, err
	}
	c.bill.read(userRead, got.Data.ID)
	defer c.bill.save(ctx)
	if !isID(got.Data.ID) || !handlePattern.MatchString(got.Data.Username) {
		return connectors.Identity{}, answer.Nonsense("without the account that was asked for")
	}
	who := connectors.Identity{
		RemoteID: got.Data.ID, Handle: "@" + got.Data.Username, URL: "https://x.com/" + got.Data.Username, CanSend: true,
	}
	if !strings.EqualFold(got.Data.Username, c.s.Handle) {
		who.CanSend = false
		who.Note = "The tokens belong to @" + got.Data.Username + ", the settings say @" + c.s.Handle + ". Correct handle or tokens."
	}
	return who, nil
}

// me is the account's id on X, asked for once.
func (c *Connector) me(ctx context.Context) (string, error) {
	if id := c.known(); id != "" {
		return id, nil
	}
	who, err := c.whoami(ctx)
	if err != nil {
		return "", err
	}
	if !strings.EqualFold(who.Handle, "@"+c.s.Handle) {
		return "", &connectors.Error{
			Kind: connectors.BadAuth, Message: "the tokens belong to another account than the settings name",
			Remedy: "Correct handle, or make the tokens as the brand account.",
		}
	}
	return who.RemoteID, nil
}

func (c *Connector) known() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.self
}
