package twitter_test

import (
	"testing"

	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/twitter"
	"standpunt/connectors/twitter/replay/platform"
)

// legacyRemote is the replay server as an account with api 1.1 sees it.
type legacyRemote struct {
	*remote
	stream bool
}

func (r *legacyRemote) settings(tokenSecret string) map[string]any {
	return map[string]any{
		"api": "1.1", "stream": r.stream, "base_url": r.URL, "handle": "@Noordlicht", "consumer_key": secrets[0], "consumer_secret": secrets[1],
		"access_token": secrets[2], "access_token_secret": tokenSecret,
	}
}

func (r *legacyRemote) connect(t testing.TB, a connectors.Account, tokenSecret string) connectors.Connector {
	t.Helper()
	a.Settings = config.NewSettings(r.settings(tokenSecret))
	c, err := twitter.New(a)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (r *legacyRemote) Connect(t testing.TB, a connectors.Account) connectors.Connector {
	return r.connect(t, a, secrets[3])
}

func (r *legacyRemote) ConnectBadly(t testing.TB, a connectors.Account) connectors.Connector {
	return r.connect(t, a, "not-the-token-secret")
}

func TestLegacyConformance(t *testing.T) {
	for name, c := range map[string]struct {
		o      platform.Options
		stream bool
	}{
		"polling": {}, "polling in pages of seven": {o: platform.Options{PageSize: 7}}, "with a stream": {stream: true},
	} {
		t.Run(name, func(t *testing.T) {
			connectortest.Run(t, func(t *testing.T) connectortest.Remote { return &legacyRemote{newRemote(t, c.o), c.stream} })
		})
	}
}
