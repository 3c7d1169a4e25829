package twitter_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/twitter"
	"standpunt/connectors/twitter/replay/platform"
)

// The brand's keys and tokens.
var secrets = []string{"consumer-key-4be1", "consumer-secret-8d02", "access-token-77aa", "token-secret-19fe"}

// remote is the replay server as the conformance suite wants it.
type remote struct {
	*connectortest.Proxy
	x          *platform.Platform
	vocabulary string
}

func newRemote(t *testing.T, o platform.Options) *remote {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	r := &remote{Proxy: connectortest.NewProxy(t, "http://"+server.Listener.Addr().String()), vocabulary: o.Vocabulary}
	o.PublicURL, o.Handle, o.Name = r.URL, "noordlicht", "Noordlicht Energie"
	o.ConsumerKey, o.ConsumerSecret, o.AccessToken, o.AccessSecret = secrets[0], secrets[1], secrets[2], secrets[3]
	r.x = platform.New(o)
	server.Config.Handler = r.x
	server.Start()
	t.Cleanup(server.Close)
	return r
}

func (r *remote) connect(t testing.TB, a connectors.Account, tokenSecret string) *twitter.Connector {
	t.Helper()
	settings := map[string]any{
		"base_url": r.URL, "handle": "@Noordlicht", "consumer_key": secrets[0], "consumer_secret": secrets[1],
		"access_token": secrets[2], "access_token_secret": tokenSecret,
	}
	if r.vocabulary != "" {
		settings["vocabulary"] = r.vocabulary
	}
	a.Settings = config.NewSettings(settings)
	made, err := twitter.New(a)
	c, ok := made.(*twitter.Connector)
	if err != nil || !ok {
		t.Fatalf("%T, %v", made, err)
	}
	return c
}

func (r *remote) Connect(t testing.TB, a connectors.Account) connectors.Connector {
	return r.connect(t, a, secrets[3])
}

func (r *remote) ConnectBadly(t testing.TB, a connectors.Account) connectors.Connector {
	return r.connect(t, a, "not-the-token-secret")
}

func (r *remote) Secrets() []string       { return append([]string{"not-the-token-secret"}, secrets...) }
func (r *remote) Patience() time.Duration { return time.Second }

func (r *remote) Post(t testing.TB, text string) string {
	t.Helper()
	return r.say(t, platform.Draft{Author: "jan", Text: r.Arrives(text)})
}

func (r *remote) say(t testing.TB, d platform.Draft) string {
	t.Helper()
	id := r.x.Say(d)
	if id == "" {
		t.Fatalf("nothing stands at %s or %s", d.InReplyTo, d.Quotes)
	}
	return id
}

func (r *remote) Answers(_ testing.TB, externalID string) []string { return r.x.Answers(externalID) }

func (r *remote) Revise(t testing.TB, externalID, text string) {
	t.Helper()
	if r.x.Revise(externalID, r.Arrives(text)) == "" {
		t.Fatal("there is no such post")
	}
}

// Arrives: a customer's post names the brand.
func (r *remote) Arrives(text string) string { return "@noordlicht " + text }

// Stands: an answer stands as it was approved.
func (r *remote) Stands(text string) string { return text }

func TestConformance(t *testing.T) {
	for name, o := range map[string]platform.Options{
		"tweets": {Vocabulary: "tweet"}, "posts, in pages of seven": {Vocabulary: "post", PageSize: 7},
	} {
		t.Run(name, func(t *testing.T) {
			connectortest.Run(t, func(t *testing.T) connectortest.Remote { return newRemote(t, o) })
		})
	}
}
