package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	fb "github.com/huandu/facebook/v2"

	"standpunt/connectors"
)

// Options are what [New] needs.
type Options struct {
	BaseURL   string // "https://graph.facebook.com"
	Version   string // "v26.0"
	Token     string // the Page's access token
	AppSecret string // proves that a call is the app's own; may be empty

	Timeout time.Duration // of a whole call; 0: connectors.DefaultCallTimeout
	MaxBody int64         // of an answer, in bytes; 0: connectors.DefaultMaxBody
}

// Params are a call's parameters. They are never changed.
type Params map[string]string

// Client calls the Graph API with one token. It is safe for concurrent use.
type Client struct {
	host    string
	token   string
	timeout time.Duration
	reading *fb.Session
	sending *fb.Session

	mu    sync.Mutex
	pause pause
}

var (
	versionPattern = regexp.MustCompile(`^v[0-9]{1,3}\.[0-9]{1,2}$`)
	pathPattern    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.$:=-]*(?:/[A-Za-z0-9_]+)?$`) // a message's id is of more than digits
)

// ValidVersion reports whether text is a version of the Graph API, such as v26.0.
func ValidVersion(text string) bool { return versionPattern.MatchString(text) }

// New makes a client. It calls nobody.
func New(o Options) (*Client, error) {
	base, err := connectors.BaseURL(o.BaseURL)
	if err != nil {
		return nil, err
	}
	if !ValidVersion(o.Version) {
		return nil, errors.New("version is not one of the Graph API's")
	}
	if o.Timeout == 0 {
		o.Timeout = connectors.DefaultCallTimeout
	}
	if o.MaxBody == 0 {
		o.MaxBody = connectors.DefaultMaxBody
	}
	c := &Client{host: base.Host, token: o.Token, timeout: o.Timeout}
	c.reading = session(o, base, false)
	c.sending = session(o, base, true)
	return c, nil
}

// session is one of the library's, with our transport below it.
func session(o Options, base *url.URL, sending bool) *fb.Session {
	s := fb.New("", o.AppSecret).Session(o.Token)
	s.BaseURL = strings.TrimRight(base.String(), "/") + "/"
	s.Version = o.Version
	s.UseAuthorizationHeader()
	if o.AppSecret != "" {
		_ = s.EnableAppsecretProof(true) // fails without an app only, and this one has its own
		_ = s.AppsecretProof()           // computed once, here: the library does so lazily, without a lock
	}
	s.HttpClient = &http.Client{
		Transport:     newTransport(base, o.MaxBody, sending),
		CheckRedirect: connectors.NoRedirects,
	}
	return s
}

// Host is where the client calls.
func (c *Client) Host() string { return c.host }

// Answer is what Facebook answered, in full.
type Answer struct {
	Body []byte
	At   time.Time // Facebook's own clock; zero where it did not tell
	sent bool
}

// Get asks for path, such as "1234/comments", and decodes the answer into v.
// While the usage headers ask for fewer calls it fails with kind RateLimited
// and calls nobody; for an answer ([ForAnswer]) while they ask for none.
func (c *Client) Get(ctx context.Context, path string, params Params, v any) (Answer, error) {
	if wait := c.held(forAnswer(ctx)); wait > 0 {
		return Answer{}, &connectors.Error{Kind: connectors.RateLimited, RetryAfter: wait,
			Message: c.host + " counts nearly as many calls as it allows, so reading waits", Remedy: "Reading goes on by itself; a longer poll_every avoids this."}
	}
	return c.call(ctx, c.reading, path, fb.GET, params, false, v)
}

type answerKey struct{}

// ForAnswer is a context whose reading calls are for an answer: whether it stands
// there, or may be sent. They wait no longer than the answer itself.
func ForAnswer(ctx context.Context) context.Context {
	return context.WithValue(ctx, answerKey{}, true)
}

func forAnswer(ctx context.Context) bool { return ctx.Value(answerKey{}) != nil }

// Post changes something at path, at most once.
func (c *Client) Post(ctx context.Context, path string, params Params, v any) (Answer, error) {
	return c.send(ctx, path, fb.POST, params, v)
}

// Delete deletes what stands at path, at most once.
func (c *Client) Delete(ctx context.Context, path string, v any) (Answer, error) {
	return c.send(ctx, path, fb.DELETE, nil, v)
}

func (c *Client) send(ctx context.Context, path string, method fb.Method, params Params, v any) (Answer, error) {
	if wait := c.held(true); wait > 0 {
		return Answer{}, &connectors.Error{Kind: connectors.RateLimited, RetryAfter: wait,
			Message: c.host + " has no calls left for this account", Remedy: "It is sent by itself once Facebook takes calls again."}
	}
	return c.call(ctx, c.sending, path, method, params, true, v)
}

func (c *Client) call(ctx context.Context, s *fb.Session, path string, method fb.Method, params Params, send bool, v any) (Answer, error) {
	if !pathPattern.MatchString(path) {
		return Answer{}, &connectors.Error{Kind: connectors.Rejected, Message: "the id is none of Facebook's", Remedy: "Look at the conversation again."}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	given := make(fb.Params, len(params)+4)
	for key, value := range params {
		given[key] = value
	}
	seen := new(sighting)
	// The library's error says less than what the transport saw, and quotes more than may be shown.
	_, err := s.WithContext(watched(ctx, seen)).Api(path, method, given)
	if !seen.answered() {
		if err == nil {
			err = errNoAnswer
		}
		return Answer{}, seen.broken(err, c.host, send)
	}
	c.note(seen.header)
	response := &connectors.Response{Status: seen.status, Header: seen.header, Body: seen.body, Sent: send}
	if seen.tooLarge {
		response.Body = nil
		if seen.status/100 == 2 {
			return Answer{}, response.Nonsense("larger than is reasonable")
		}
	}
	if e := c.classify(response); e != nil {
		return Answer{}, e
	}
	if err := json.Unmarshal(response.Body, v); err != nil {
		return Answer{}, response.NotJSON()
	}
	return Answer{Body: response.Body, At: dateOf(seen.header), sent: send}, nil
}

// classify is nil for an answer that carries no error. A redirect is one: it
// is never followed. That something is gone or not allowed is Facebook's word
// alone: the page of a proxy that says so makes no sense.
func (c *Client) classify(r *connectors.Response) error {
	f, told := decodeFailure(r.Body)
	if told {
		if e := f.classify(r, c.host); e != nil {
			return e
		}
	}
	switch kind := r.Status / 100; {
	case kind == 2 && !told:
		return nil
	case kind == 2:
		return r.Nonsense("an error that says nothing")
	case kind == 3 && !r.Sent:
		return &connectors.Error{Kind: connectors.Garbage, Message: fmt.Sprintf("%s redirects elsewhere instead of answering", c.host),
			Remedy: "Set the account's base_url to https://graph.facebook.com, without a path."}
	}
	e := connectors.StatusError(r, c.host)
	if !told && !r.Sent && (e.Kind == connectors.Gone || e.Kind == connectors.NotAllowed || e.Kind == connectors.Rejected) {
		return r.Nonsense(fmt.Sprintf("not the Graph API's (status %d)", r.Status))
	}
	return e
}

// Nonsense is the error for an answer without what it must hold.
func (a Answer) Nonsense(what string) error {
	return (&connectors.Response{Body: a.Body, Sent: a.sent}).Nonsense(what)
}

func dateOf(h http.Header) time.Time {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return at
}
