package connectors

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"standpunt/internal/phrase"
)

// The defaults of [ClientOptions].
const (
	DefaultCallTimeout = 30 * time.Second
	DefaultMaxBody     = 4 << 20
	maxRedirects       = 5
)

// ClientOptions are the settings of [NewClient].
type ClientOptions struct {
	// BaseURL is where the platform's API begins: "https://social.example/api". Calls name
	// paths below it.
	BaseURL string
	// Authorize adds the credentials to a request. It runs for calls to BaseURL's own origin
	// and for no other. It may be nil.
	Authorize func(*http.Request) error
	// Classify reads a platform's own words for what went wrong out of an answer that is not
	// 2xx. It returns nil to leave the answer to [StatusError]. What it puts into an Error's
	// text is shown to staff: never the answer's body as it stands. It may be nil.
	Classify func(*Response) *Error

	Timeout time.Duration // of a whole call; 0: DefaultCallTimeout
	MaxBody int64         // of an answer, in bytes after decompression; 0: DefaultMaxBody
}

// Client speaks HTTP to one platform as every connector should: bounded in
// time and size, never to another origin, and with errors whose kind tells a
// call that certainly did nothing from one that may have.
//
// Calls that change something on the platform (Send) travel on a fresh HTTP/1.1
// connection and are written at most once: neither this client nor net/http
// below it ever repeats them, and no redirect of theirs is followed.
// A Client is safe for concurrent use.
type Client struct {
	base    *url.URL
	o       ClientOptions
	reading *http.Client
	sending *http.Client
	clock   *platformClock
}

// NewClient makes a client for one base URL.
func NewClient(o ClientOptions) (*Client, error) {
	base, err := BaseURL(o.BaseURL)
	if err != nil {
		return nil, err
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultCallTimeout
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	base.Path = strings.TrimRight(base.Path, "/")
	c := &Client{base: base, o: o, clock: &platformClock{began: time.Now()}}
	c.reading = &http.Client{Transport: Transport(false), CheckRedirect: c.sameOrigin}
	c.sending = &http.Client{Transport: Transport(true), CheckRedirect: NoRedirects}
	return c, nil
}

// Call is one request below the client's base URL.
type Call struct {
	Method string     // empty: GET
	Path   string     // below the base URL, escaped: "/posts/17"
	Query  url.Values // added to the URL
	Header http.Header
	JSON   any    // encoded as the body, unless nil
	Body   []byte // the body where JSON is nil; its type goes into Header
	// Send marks a call that publishes, edits, removes or hides. Its errors are of kind
	// Unknown as soon as the platform may have acted on it.
	Send bool
}

// ErrTooLarge is the cause of an Error whose answer was larger than MaxBody: asking for
// less at a time can help.
var ErrTooLarge = errors.New("the answer is too large")

// Response is a platform's answer, read whole.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	Sent   bool // it answers a call with Send
	// Authorization is the header of that name with which it was asked for: a credential.
	Authorization string
}

// Do performs the call and returns an answer with a 2xx status. Every error is
// an [*Error]; its text holds no URL path or query, no header and nothing that
// the platform wrote.
func (c *Client) Do(ctx context.Context, call Call) (*Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	raw, wrote, err := c.start(ctx, call)
	if err != nil {
		return nil, err
	}
	defer raw.Body.Close()
	body, err := io.ReadAll(io.LimitReader(raw.Body, c.o.MaxBody+1))
	if err != nil {
		return nil, c.broken(err, call, wrote)
	}
	answer := &Response{Status: raw.StatusCode, Header: raw.Header, Body: body, Sent: call.Send, Authorization: raw.Request.Header.Get("Authorization")}
	if int64(len(body)) > c.o.MaxBody {
		if raw.StatusCode/100 == 2 {
			e := answer.nonsense(phrase.Of(phrase.TooLong, "n", strconv.FormatInt(c.o.MaxBody, 10)))
			e.Err = ErrTooLarge
			return nil, e
		}
		answer.Body = nil
	}
	if raw.StatusCode/100 == 2 {
		return answer, nil
	}
	if c.o.Classify != nil {
		if e := c.o.Classify(answer); e != nil {
			return nil, e
		}
	}
	return nil, StatusError(answer, c.base.Host)
}

// Open performs a reading call whose answer goes on: server-sent events, a
// long poll. It is bounded by ctx alone, and the caller closes the body and
// limits what it reads.
func (c *Client) Open(ctx context.Context, call Call) (io.ReadCloser, error) {
	raw, wrote, err := c.start(ctx, call)
	if err != nil {
		return nil, err
	}
	if raw.StatusCode/100 == 2 {
		return raw.Body, nil
	}
	defer raw.Body.Close()
	body, err := io.ReadAll(io.LimitReader(raw.Body, 64<<10))
	if err != nil {
		return nil, c.broken(err, call, wrote)
	}
	answer := &Response{Status: raw.StatusCode, Header: raw.Header, Body: body, Authorization: raw.Request.Header.Get("Authorization")}
	if c.o.Classify != nil {
		if e := c.o.Classify(answer); e != nil {
			return nil, e
		}
	}
	return nil, StatusError(answer, c.base.Host)
}

// start writes the request and waits for the answer's head.
func (c *Client) start(ctx context.Context, call Call) (*http.Response, *atomic.Bool, error) {
	var wrote atomic.Bool
	request, err := c.request(ctx, call, &wrote)
	if err != nil {
		return nil, nil, err
	}
	client := c.reading
	if call.Send {
		client = c.sending
		request.GetBody = nil
	}
	raw, err := client.Do(request)
	if err != nil {
		return nil, nil, c.broken(err, call, &wrote)
	}
	if raw.StatusCode/100 == 2 {
		c.clock.saw(raw.Header, c.clock.moment())
	}
	return raw, &wrote, nil
}

func (c *Client) request(ctx context.Context, call Call, wrote *atomic.Bool) (*http.Request, error) {
	body := call.Body
	if call.JSON != nil {
		encoded, err := json.Marshal(call.JSON)
		if err != nil {
			return nil, Phrased(Rejected, phrase.Of(phrase.Unwritable), phrase.Phrase{}).Because(err)
		}
		body = encoded
	}
	target := c.base.String() + call.Path
	if len(call.Query) > 0 {
		target += "?" + call.Query.Encode()
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	// From the moment that a connection is ours, bytes of the request can be under way.
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { wrote.Store(true) }})
	request, err := http.NewRequestWithContext(ctx, call.Method, target, reader)
	if err != nil || request.URL.Host != c.base.Host || request.URL.Scheme != c.base.Scheme {
		return nil, Phrased(Rejected, phrase.Of(phrase.NotBelow), phrase.Phrase{})
	}
	for name, values := range call.Header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	if call.JSON != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if request.Header.Get("User-Agent") == "" {
		request.Header.Set("User-Agent", UserAgent)
	}
	if c.o.Authorize != nil {
		if err := c.o.Authorize(request); err != nil {
			return nil, asError(err, BadAuth, phrase.Of(phrase.NoCredentials))
		}
	}
	return request, nil
}

// errElsewhere is a redirect to another origin.
type errElsewhere struct{ origin string }

func (e errElsewhere) Error() string { return "redirect to " + e.origin }

// sameOrigin follows redirects of reading calls within the base URL's origin
// alone, so that no credential ever reaches another host.
func (c *Client) sameOrigin(next *http.Request, via []*http.Request) error {
	if next.URL.Scheme != c.base.Scheme || next.URL.Host != c.base.Host {
		return errElsewhere{next.URL.Scheme + "://" + next.URL.Host}
	}
	if len(via) >= maxRedirects {
		return errors.New("too many redirects")
	}
	return nil
}

// broken says what a call without an answer means.
func (c *Client) broken(err error, call Call, wrote *atomic.Bool) *Error {
	var elsewhere errElsewhere
	if errors.As(err, &elsewhere) {
		return Phrased(NotAllowed, phrase.Of(phrase.Elsewhere, "host", c.base.Host, "origin", elsewhere.origin),
			phrase.Of(phrase.FixElsewhere)).Because(elsewhere)
	}
	e := Unanswered(err, c.base.Host, wrote.Load(), call.Send)
	if !wrote.Load() {
		e.Advise(phrase.Of(phrase.FixRunning))
	}
	return e
}

// JSON decodes the body into v. An answer that is no such JSON is of kind
// Garbage, and of kind Unknown when the call may have changed something.
func (r *Response) JSON(v any) error {
	if err := json.Unmarshal(r.Body, v); err != nil {
		return r.NotJSON()
	}
	return nil
}

// NotJSON is the error for an answer that is not the JSON that was expected, of
// the kinds that [Response.JSON] has.
func (r *Response) NotJSON() *Error { return r.nonsense(phrase.Of(phrase.NotJSON)) }

// Nonsense is the error for an answer that was read but makes no sense, such
// as one without the id of what was posted: of kind Garbage, and of kind
// Unknown when the call may have changed something. what completes "the
// platform's answer is ...".
func (r *Response) Nonsense(what string) *Error {
	e := r.nonsense(phrase.Phrase{})
	e.Message = "the platform's answer is " + what
	return e
}

func (r *Response) nonsense(what phrase.Phrase) *Error {
	if r.Sent {
		return Phrased(Unknown, what, phrase.Of(phrase.FixReadBack))
	}
	return Phrased(Garbage, what, phrase.Of(phrase.FixNonsense))
}
