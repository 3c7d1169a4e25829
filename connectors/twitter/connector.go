package twitter

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/dghubble/oauth1"

	"standpunt/approval"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/inbox"
)

// Settings are an account's settings of kind twitter.
type Settings struct {
	BaseURL config.URL `yaml:"base_url"`               // of the API; https://api.x.com unless set
	Handle  string     `yaml:"handle" required:"true"` // the brand account, with or without @
	// The app's keys, and the brand account's own tokens for it.
	ConsumerKey       config.Secret `yaml:"consumer_key" required:"true"`
	ConsumerSecret    config.Secret `yaml:"consumer_secret" required:"true"`
	AccessToken       config.Secret `yaml:"access_token" required:"true"`
	AccessTokenSecret config.Secret `yaml:"access_token_secret" required:"true"`
	// PollEvery is the pause between polls. Each mention read costs money, an empty poll none.
	PollEvery config.Duration `yaml:"poll_every"`
	// Vocabulary is what the API calls a post in its parameters: "tweet" or "post".
	Vocabulary string `yaml:"vocabulary"`

	WiderSettings `yaml:",inline"`
}

const defaultBaseURL = "https://api.x.com"

var handlePattern = regexp.MustCompile(`^[A-Za-z0-9_]{1,15}$`)

// decode reads the settings and reports every fault at once.
func decode(from config.Settings) (Settings, error) {
	s := Settings{BaseURL: defaultBaseURL, PollEvery: config.Duration(time.Minute), Vocabulary: "tweet"}
	s.Access = accessSelfServe
	faults := []error{from.Decode(&s)}
	if len(config.Problems(faults[0])) == 0 && faults[0] != nil {
		return s, faults[0]
	}
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
	faults = append(faults, s.check(from)...)
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

	directEvery time.Duration // between two calls for messages

	mu      sync.Mutex
	self    string             // the account's id on X, once it was learned
	posted  map[string]string  // the release's key by the id of what this process posted lately
	waiting map[string]waiting // what keeps a list from being read, by its name
	cleared time.Time          // when connections of the app were last ended
	unfit   map[int]bool       // the searches that X does not take
}

// New makes a [*Connector] from an account's settings. It calls nobody.
func New(a connectors.Account) (connectors.Connector, error) {
	s, err := decode(a.Settings)
	if err != nil {
		return nil, err
	}
	c := &Connector{account: a.Name, s: s, backfill: a.Backfill, log: a.Log, posted: make(map[string]string)}
	c.waiting, c.unfit, c.directEvery = make(map[string]waiting), make(map[int]bool), leastDirectEvery
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.client, err = connectors.NewClient(connectors.ClientOptions{
		BaseURL: string(s.BaseURL), Classify: c.classify, Authorize: s.sign,
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

// sign adds the OAuth 1.0a signature of the one user to a request.
func (s *Settings) sign(r *http.Request) error {
	taken := new(signatureTaken)
	ctx := context.WithValue(r.Context(), oauth1.HTTPClient, &http.Client{Transport: taken})
	app := oauth1.NewConfig(s.ConsumerKey.Reveal(), s.ConsumerSecret.Reveal())
	signing := oauth1.NewClient(ctx, app, oauth1.NewToken(s.AccessToken.Reveal(), s.AccessTokenSecret.Reveal())).Transport
	answer, err := signing.RoundTrip(r)
	if answer != nil {
		_ = answer.Body.Close()
	}
	if !errors.Is(err, errTaken) {
		return errors.New("the request could not be signed")
	}
	r.Header.Set("Authorization", taken.authorization)
	return nil
}

// errTaken is how signatureTaken ends each request.
var errTaken = errors.New("the signature was taken")

// signatureTaken stands where oauth1 expects the network: it keeps the
// signature and sends nothing.
type signatureTaken struct{ authorization string }

func (t *signatureTaken) RoundTrip(r *http.Request) (*http.Response, error) {
	t.authorization = r.Header.Get("Authorization")
	return nil, errTaken
}

// PollEvery is what the settings ask for.
func (c *Connector) PollEvery() time.Duration { return c.s.PollEvery.Std() }

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
	if err == nil && who.CanSend && c.s.words() {
		who.Note = c.tryRules(ctx)
	}
	return who, err
}

func (c *Connector) whoami(ctx context.Context) (connectors.Identity, error) {
	answer, err := c.client.Do(ctx, connectors.Call{Path: "/2/users/me", Query: url.Values{"user.fields": {"username"}}})
	if err != nil {
		return connectors.Identity{}, err
	}
	var got struct {
		Data user `json:"data"`
	}
	if err := answer.JSON(&got); err != nil {
		return connectors.Identity{}, err
	}
	if !isID(got.Data.ID) || !handlePattern.MatchString(got.Data.Username) {
		return connectors.Identity{}, answer.Nonsense("without the account that was asked for")
	}
	who := connectors.Identity{
		RemoteID: got.Data.ID, Handle: "@" + got.Data.Username, URL: "https://x.com/" + got.Data.Username, CanSend: true,
	}
	if !strings.EqualFold(got.Data.Username, c.s.Handle) {
		who.CanSend = false
		who.Note = "The tokens belong to @" + got.Data.Username + ", the settings say @" + c.s.Handle + ". Correct handle or tokens."
		return who, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.self = got.Data.ID
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
	if !who.CanSend {
		return "", &connectors.Error{
			Kind: connectors.BadAuth, Message: "the tokens belong to another account than the settings name",
			Remedy: "Correct handle, or make access_token and access_token_secret as the brand account.",
		}
	}
	return who.RemoteID, nil
}

func (c *Connector) known() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.self
}
