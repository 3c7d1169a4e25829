package twitter_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/twitter"
	"standpunt/connectors/twitter/replay/platform"
)

// The brand's keys and tokens.
var secrets = []string{"consumer-key-4be1", "consumer-secret-8d02", "access-token-77aa", "token-secret-19fe", "bearer-token-60c3"}

// canned is an answer that one path gives instead of X's.
type canned struct {
	path   string // "/2/users?ids": where the request has that parameter
	status int
	body   string
}

// remote is the replay server as the conformance suite wants it.
type remote struct {
	instead atomic.Pointer[canned]
	*connectortest.Proxy
	x          *platform.Platform
	vocabulary string
	more       map[string]any // settings beside the necessary ones
}

func (r *remote) serve(w http.ResponseWriter, request *http.Request) {
	if c := r.instead.Load(); c != nil {
		path, parameter, _ := strings.Cut(c.path, "?")
		if path == request.URL.Path && (parameter == "" || request.URL.Query().Has(parameter)) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
			return
		}
	}
	r.x.ServeHTTP(w, request)
}

func newRemote(t *testing.T, o platform.Options) *remote {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	r := &remote{Proxy: connectortest.NewProxy(t, "http://"+server.Listener.Addr().String()), vocabulary: o.Vocabulary}
	o.PublicURL, o.Handle, o.Name = r.URL, "noordlicht", "Noordlicht Energie"
	o.ConsumerKey, o.ConsumerSecret, o.AccessToken, o.AccessSecret = secrets[0], secrets[1], secrets[2], secrets[3]
	o.BearerToken = secrets[4]
	if o.ClientID == "" {
		o.ClientID, o.RedirectURL = clientID, redirectURL
	}
	r.x = platform.New(o)
	server.Config.Handler = http.HandlerFunc(r.serve)
	server.Start()
	t.Cleanup(server.Close)
	return r
}

func (r *remote) connect(t testing.TB, a connectors.Account, tokenSecret string) *twitter.Connector {
	t.Helper()
	return without(t, r.make(t, a, tokenSecret))
}

func (r *remote) make(t testing.TB, a connectors.Account, tokenSecret string) connectors.Connector {
	t.Helper()
	settings := map[string]any{
		"base_url": r.URL, "handle": "@Noordlicht", "consumer_key": secrets[0], "consumer_secret": secrets[1],
		"access_token": secrets[2], "access_token_secret": tokenSecret,
	}
	if r.vocabulary != "" {
		settings["vocabulary"] = r.vocabulary
	}
	maps.Copy(settings, r.more)
	a.Settings = config.NewSettings(settings)
	made, err := twitter.New(a)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (r *remote) Connect(t testing.TB, a connectors.Account) connectors.Connector {
	return r.make(t, a, secrets[3])
}

func (r *remote) ConnectBadly(t testing.TB, a connectors.Account) connectors.Connector {
	return r.make(t, a, "not-the-token-secret")
}

func (r *remote) Secrets() []string { return append([]string{"not-the-token-secret"}, secrets...) }

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
	for _, c := range []struct {
		name string
		o    platform.Options
		more map[string]any
	}{
		{"tweets", platform.Options{Vocabulary: "tweet"}, nil},
		{"posts, in pages of seven", platform.Options{Vocabulary: "post", PageSize: 7}, nil},
		{"with the keyword stream", platform.Options{Vocabulary: "post"}, map[string]any{
			"rules": []any{"@noordlicht -is:retweet"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			connectortest.Run(t, func(t *testing.T) connectortest.Remote {
				r := newRemote(t, c.o)
				if r.more = maps.Clone(c.more); r.more != nil {
					r.more["bearer_token"] = secrets[4]
				}
				return r
			})
		})
	}
}
