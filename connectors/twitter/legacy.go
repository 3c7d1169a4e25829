package twitter

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
)

// legacyVersion is what the setting api says for a [*Legacy].
const legacyVersion = "1.1"

// Legacy is one account over API v1.1, for enterprise plans and for servers
// that are compatible with it: the calls and types are those of go-twitter, the
// way to the server is ours (see carrier). What it delivers has the shape that a
// [*Connector] gives it, so that an account can go from one API to the other: no
// mention comes twice, and the cursor of either is understood by both. It is safe
// for concurrent use.
type Legacy struct {
	c       *Connector // the settings, and what was learned and posted; it has no client of its own
	client  *connectors.Client
	threads legacyThreads
}

// newLegacy makes a [*Legacy], or a [*LegacyStream] where the settings ask for one.
func newLegacy(a connectors.Account, c *Connector) (connectors.Connector, error) {
	l := &Legacy{c: c}
	base := string(c.s.BaseURL)
	if at, err := url.Parse(base); err == nil && strings.Trim(at.Path, "/") == "" {
		base = strings.TrimRight(base, "/") + "/" + legacyVersion
	}
	var err error
	l.client, err = connectors.NewClient(connectors.ClientOptions{BaseURL: base, Classify: l.classify, Authorize: l.authorize})
	if err != nil {
		return nil, a.Settings.Problem("base_url", string(c.s.BaseURL), err.Error(), "Leave it out, or write "+defaultBaseURL+".")
	}
	if c.s.Stream {
		return &LegacyStream{Legacy: l, silence: legacySilence}, nil
	}
	return l, nil
}

// authorize signs a request, its form included, as the one user.
func (l *Legacy) authorize(r *http.Request) error {
	unsigned := r.Clone(r.Context())
	if r.GetBody != nil { // signing reads the body
		body, err := r.GetBody()
		if err != nil {
			return errors.New("the request could not be signed")
		}
		unsigned.Body = body
	}
	if err := l.c.s.sign(unsigned); err != nil {
		return err
	}
	r.Header.Set("Authorization", unsigned.Header.Get("Authorization"))
	return nil
}

// PollEvery is what the settings ask for.
func (l *Legacy) PollEvery() time.Duration { return l.c.PollEvery() }

// Endpoint is the API's address.
func (l *Legacy) Endpoint() string { return l.c.Endpoint() }

// Measure counts as X does.
func (l *Legacy) Measure(text string) approval.Measure { return l.c.Measure(text) }

// Identity is the account that the tokens belong to.
func (l *Legacy) Identity(ctx context.Context) (connectors.Identity, error) {
	u, way, err := l.verify(ctx)
	if err != nil {
		return connectors.Identity{}, err
	}
	if !isID(u.ID) || !handlePattern.MatchString(u.Username) {
		return connectors.Identity{}, way.answer.Nonsense("without the account that was asked for")
	}
	return l.c.identity(u), nil
}

// me is the account's id, asked for once.
func (l *Legacy) me(ctx context.Context) (string, error) { return l.c.meBy(ctx, l.Identity) }
