package twitter

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/dghubble/oauth1"

	"standpunt/config"
)

// The ways of signing, as the setting auth names them.
const (
	authOAuth1 = "oauth1"
	authOAuth2 = "oauth2"
)

// Credentials are the settings by which X knows the app and the account.
type Credentials struct {
	// Auth is "oauth1" or "oauth2"; empty: told by what else is given.
	Auth string `yaml:"auth"`
	// OAuth 1.0a: the app's keys, and the brand account's own tokens for it.
	ConsumerKey       config.Secret `yaml:"consumer_key"`
	ConsumerSecret    config.Secret `yaml:"consumer_secret"`
	AccessToken       config.Secret `yaml:"access_token"`
	AccessTokenSecret config.Secret `yaml:"access_token_secret"`
	// OAuth 2.0: the app; the account signs in with standpunt login. A public client has no secret.
	ClientID     string        `yaml:"client_id"`
	ClientSecret config.Secret `yaml:"client_secret"`
	// RedirectURL is where X sends the browser after a sign-in, as the app's settings have it.
	RedirectURL config.URL `yaml:"redirect_url"`
}

const defaultRedirectURL = "http://127.0.0.1:8421/callback"

// credential is one of the settings, with the way of signing that it is for.
type credential struct {
	key, auth string
	given     bool
	optional  bool
}

func (c *Credentials) all() []credential {
	return []credential{
		{"consumer_key", authOAuth1, !c.ConsumerKey.IsZero(), false},
		{"consumer_secret", authOAuth1, !c.ConsumerSecret.IsZero(), false},
		{"access_token", authOAuth1, !c.AccessToken.IsZero(), false},
		{"access_token_secret", authOAuth1, !c.AccessTokenSecret.IsZero(), false},
		{"client_id", authOAuth2, c.ClientID != "", false},
		{"client_secret", authOAuth2, !c.ClientSecret.IsZero(), true},
		{"redirect_url", authOAuth2, c.RedirectURL != "", true},
	}
}

// vetCredentials settles how the account signs, and reports what is missing for
// it and what is not used by it. known are the faults that were found before.
func vetCredentials(s *Settings, from config.Settings, known []*config.Problem) (faults []error) {
	c := &s.Credentials
	faults = append(faults, from.Token("consumer_key", c.ConsumerKey), from.Token("consumer_secret", c.ConsumerSecret),
		from.Token("access_token", c.AccessToken), from.Token("access_token_secret", c.AccessTokenSecret),
		from.Token("client_secret", c.ClientSecret), from.Token("bearer_token", s.BearerToken))
	if c.Auth == "" {
		c.Auth = authOAuth1
		tried := func(auth string) bool {
			return slices.ContainsFunc(c.all(), func(each credential) bool { return each.auth == auth && (each.given || reported(known, each.key)) })
		}
		two := tried(authOAuth2)
		if two && tried(authOAuth1) {
			return append(faults, from.Problem("auth", "", "is missing, and there are keys for both ways of signing", "Write auth: oauth1 or auth: oauth2, and remove the keys of the other."))
		}
		if two {
			c.Auth = authOAuth2
		}
	}
	if c.Auth != authOAuth1 && c.Auth != authOAuth2 {
		return append(faults, from.Problem("auth", c.Auth, "is not known", "Write oauth1 or oauth2."))
	}
	for _, each := range c.all() {
		switch {
		case each.auth != c.Auth && each.given:
			faults = append(faults, from.Problem(each.key, "", "is not used with auth: "+c.Auth, "Remove it."))
		case each.auth == c.Auth && !each.given && !each.optional && !reported(known, each.key):
			faults = append(faults, from.Problem(each.key, "", "is missing", "Add "+each.key+" here."))
		}
	}
	if c.Auth == authOAuth2 && c.RedirectURL == "" {
		c.RedirectURL = defaultRedirectURL
	}
	return faults
}

// reported tells whether something is known to be wrong with the key, such as
// an environment variable that is not set.
func reported(known []*config.Problem, key string) bool {
	return slices.ContainsFunc(known, func(p *config.Problem) bool { return strings.HasSuffix(p.Key, "."+key) })
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
