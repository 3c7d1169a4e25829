package twitter

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"standpunt/approval"
	"standpunt/config"
	"standpunt/connectors"
)

// What the setting api says.
const (
	modernVersion = "2"
	legacyVersion = "1.1"
)

// LegacySettings choose and concern API v1.1.
type LegacySettings struct {
	// API is the version that the server speaks: "2", or "1.1" for enterprise plans and compatible servers.
	API string `yaml:"api"`
	// Stream asks a server of API 1.1 to push mentions; X itself no longer does.
	Stream bool `yaml:"stream"`
}

// vetLegacy reports what is wrong with them.
func vetLegacy(s *Settings, from config.Settings) (faults []error) {
	switch {
	case s.API != modernVersion && s.API != legacyVersion:
		faults = append(faults, from.Problem("api", s.API, "is not known", `Write "2", or "1.1" for an enterprise plan or a compatible server.`))
	case s.API == modernVersion && s.Stream:
		faults = append(faults, from.Problem("stream", "true", "is of API 1.1 alone", `Leave it out, or set api to "1.1".`))
	}
	if s.API != legacyVersion {
		return faults
	}
	const leaveIt, contract = `Leave it out, or set api to "2".`, "What API 1.1 costs stands in your contract; leave it out."
	for _, modern := range []struct {
		key    string
		given  bool
		remedy string
	}{
		{"auth", s.Auth == authOAuth2, "API 1.1 signs with the four keys of OAuth 1.0a."},
		{"owns_app", s.OwnsApp, contract}, {"monthly_budget", s.MonthlyBudget != 0, contract}, {"prices", s.Prices != listPrices(), contract},
		{"bearer_token", !s.BearerToken.IsZero(), leaveIt}, {"keywords", len(s.Keywords) > 0, leaveIt}, {"rules", len(s.Rules) > 0, leaveIt},
		{"activity", s.Activity, leaveIt}, {"direct_messages", s.DirectMessages, leaveIt},
	} {
		if modern.given {
			faults = append(faults, from.Problem(modern.key, "", "is of API 2 alone", modern.remedy))
		}
	}
	return faults
}

// Legacy is one account over API v1.1, for enterprise plans and for servers
// that are compatible with it: the calls and types are those of go-twitter, the
// way to the server is ours (see carrier). What it delivers has the shape that a
// [*Connector] gives it, so that an account can go from one API to the other: no
// mention comes twice, and the cursor of either is understood by both. It is safe
// for concurrent use.
type Legacy struct {
	c       *Connector // the settings, and what was learned and posted; its client is this one's
	client  *connectors.Client
	threads legacyThreads
	quotas  quotas
	// ownHidden says why the server shows no list of our own posts; nil where it does.
	ownHidden atomic.Pointer[connectors.Error]
}

// newLegacy makes a [*Legacy], or a [*LegacyStream] where the settings ask for one.
func newLegacy(a connectors.Account, c *Connector) (connectors.Connector, error) {
	l := &Legacy{c: c}
	c.s.Access = accessEnterprise
	base := string(c.s.BaseURL)
	if at, err := url.Parse(base); err == nil && strings.Trim(at.Path, "/") == "" {
		base = strings.TrimRight(base, "/") + "/" + legacyVersion
	}
	var err error
	l.client, err = connectors.NewClient(connectors.ClientOptions{BaseURL: base, Classify: l.classify, Authorize: l.authorize})
	if err != nil {
		return nil, a.Settings.Problem("base_url", string(c.s.BaseURL), err.Error(), "Leave it out, or write "+defaultBaseURL+".")
	}
	c.client = l.client
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

// PollEvery is what the settings ask for, or longer where the server would soon
// refuse calls that come as often: X takes 75 for mentions in 15 minutes.
func (l *Legacy) PollEvery() time.Duration {
	return max(l.c.s.PollEvery.Std(), l.quotas.pause(l.c.onX(time.Now())))
}

// Ahead is how far the server's clock is ahead of ours at the least.
func (l *Legacy) Ahead() (time.Duration, bool) { return l.c.Ahead() }

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
	who := connectors.Identity{RemoteID: u.ID, Handle: "@" + u.Username, URL: "https://x.com/" + u.Username, CanSend: true}
	if !strings.EqualFold(u.Username, l.c.s.Handle) {
		who.CanSend = false
		who.Note = "The tokens belong to @" + u.Username + ", the settings say @" + l.c.s.Handle + ". Correct handle or tokens."
		return who, nil
	}
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	l.c.self = u.ID
	return who, nil
}

// me is the account's id, asked for once.
func (l *Legacy) me(ctx context.Context) (string, error) {
	if id := l.c.known(); id != "" {
		return id, nil
	}
	who, err := l.Identity(ctx)
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
