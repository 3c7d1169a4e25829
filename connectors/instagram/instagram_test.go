package instagram_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/instagram"
	"standpunt/connectors/instagram/replay/platform"
	"standpunt/inbox"
)

const (
	userID    = "17841400000000001"
	pageID    = "100200300"
	username  = "noordlicht.nl"
	goodToken = "IGAA-token-of-noordlicht-7f3a"
	badToken  = "IGAA-token-of-nobody-91bc"
	secret    = "app-secret-of-noordlicht-55d0"
	verify    = "what-the-console-was-told-08ef"
)

// permissions are all that the connector works with, by login.
var permissions = map[string][]string{
	platform.FacebookLogin:  {"instagram_manage_comments", "instagram_basic", "pages_read_engagement", "instagram_manage_messages", "pages_manage_metadata"},
	platform.InstagramLogin: {"instagram_business_basic", "instagram_business_manage_comments", "instagram_business_manage_messages"},
}

// remote is the replayed Instagram as the conformance suite wants it.
type remote struct {
	*connectortest.Proxy
	p     *platform.Platform
	login string
	post  string // the account's own
}

func newRemote(t *testing.T, o platform.Options) *remote {
	t.Helper()
	return newRemoteWith(t, o, goodToken)
}

// newRemoteWith is a remote that takes another token.
func newRemoteWith(t *testing.T, o platform.Options, token string) *remote {
	t.Helper()
	if o.Login == "" {
		o.Login = platform.FacebookLogin
	}
	o.UserID, o.Username, o.Token, o.AppSecret, o.Version = userID, username, token, secret, "v26.0"
	if o.PageID == "" && o.Login == platform.FacebookLogin {
		o.PageID = pageID
	}
	if o.Permissions == nil {
		o.Permissions = permissions[o.Login]
	}
	if o.Subscribed == nil {
		o.Subscribed = []string{"comments", "messages"}
	}
	p, post := platform.New(o)
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return &remote{Proxy: connectortest.NewProxy(t, server.URL), p: p, login: o.Login, post: post}
}

func (r *remote) settings(token string) map[string]any {
	s := map[string]any{"login": r.login, "ig_user_id": userID, "access_token": token, "app_secret": secret, "verify_token": verify, "base_url": r.URL, "version": "v26.0"}
	if r.login == platform.FacebookLogin {
		s["page_id"] = pageID
	}
	return s
}

func (r *remote) connect(t testing.TB, a connectors.Account, settings map[string]any) *instagram.Hooked {
	t.Helper()
	a.Settings = config.NewSettings(settings)
	made, err := instagram.New(a)
	if err != nil {
		t.Fatal(err)
	}
	c, ok := made.(*instagram.Hooked)
	if !ok {
		t.Fatalf("the kind makes a %T", made)
	}
	return c
}

func (r *remote) Connect(t testing.TB, a connectors.Account) connectors.Connector {
	t.Helper()
	return r.connect(t, a, r.settings(goodToken))
}

func (r *remote) ConnectBadly(t testing.TB, a connectors.Account) connectors.Connector {
	t.Helper()
	return r.connect(t, a, r.settings(badToken))
}

func (r *remote) Secrets() []string { return []string{goodToken, badToken, secret, verify} }

func (r *remote) Post(t testing.TB, text string) string {
	t.Helper()
	made := r.p.Comment(r.post, platform.Said{Name: "eva", Text: text})
	if made == "" {
		t.Fatal("the comment does not stand")
	}
	return made
}

func (r *remote) Answers(_ testing.TB, externalID string) []string { return r.p.Answers(externalID) }

// Notify is the delivery of a comment or message.
func (r *remote) Notify(t testing.TB, externalID string) *http.Request {
	t.Helper()
	d, ok := r.p.Delivery(externalID)
	if !ok {
		t.Fatalf("there is no %s", externalID)
	}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/ig", bytes.NewReader(d.Body))
	request.Header.Set("X-Hub-Signature-256", d.Signature)
	return request
}

// Challenge is how Meta's console asks for the address.
func (r *remote) Challenge(t testing.TB, right bool) (request *http.Request, proof string) {
	t.Helper()
	token := verify
	if !right {
		token = "another-token-than-verify"
	}
	return httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/hooks/ig?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="+token, nil), "1158201444"
}

// logins runs a test over each.
func logins(t *testing.T, f func(t *testing.T, login string)) {
	t.Helper()
	for _, login := range []string{platform.FacebookLogin, platform.InstagramLogin} {
		t.Run(login, func(t *testing.T) { f(t, login) })
	}
}

func TestConformance(t *testing.T) {
	logins(t, func(t *testing.T, login string) {
		connectortest.Run(t, func(t *testing.T) connectortest.Remote { return newRemote(t, platform.Options{Login: login}) })
	})
}

// messenger is a Remote whose customers write in private.
type messenger struct{ *remote }

func (m messenger) Post(t testing.TB, text string) string {
	t.Helper()
	return m.p.Message(platform.Said{Name: "eva" + text, Text: text})
}

// TestConformanceOfMessages runs what of the suite asks for no more messages
// of one dialogue than Instagram tells about.
func TestConformanceOfMessages(t *testing.T) {
	logins(t, func(t *testing.T, login string) {
		connectortest.Run(t, func(t *testing.T) connectortest.Remote {
			return messenger{newRemote(t, platform.Options{Login: login})}
		})
	})
}

// play is a platform and a connector to it.
func play(t *testing.T, o platform.Options) (*remote, *instagram.Hooked) {
	t.Helper()
	r := newRemote(t, o)
	return r, r.connect(t, connectors.Account{Backfill: time.Hour}, r.settings(goodToken))
}

func mention(p connectors.Page, id string) *inbox.Inbound {
	i := slices.IndexFunc(p.Mentions, func(m inbox.Inbound) bool { return m.ExternalID == id })
	if i < 0 {
		return nil
	}
	return &p.Mentions[i]
}
