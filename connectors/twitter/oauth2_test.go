package twitter_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/twitter"
	"standpunt/connectors/twitter/replay/platform"
	"standpunt/internal/fault"
)

const (
	clientID     = "client-id-5522"
	clientSecret = "client-secret-e81a"
	redirectURL  = "http://127.0.0.1:8421/callback"
)

// signedIn is the replay server as somebody who signs in with OAuth 2.0 has it.
type signedIn struct {
	*remote
	secret string
	keep   connectors.Keep
}

func newSignedIn(t *testing.T, secret string) *signedIn {
	t.Helper()
	return &signedIn{
		newRemote(t, platform.Options{ClientID: clientID, ClientSecret: secret, RedirectURL: redirectURL}), secret, connectortest.NewKeep(t, account),
	}
}

// settings are those of an account that signs in.
func (s *signedIn) settings() map[string]any {
	set := map[string]any{"base_url": s.URL, "handle": "noordlicht", "client_id": clientID}
	if s.secret != "" {
		set["client_secret"] = s.secret
	}
	maps.Copy(set, s.more)
	return set
}

// fresh is the account in a new process.
func (s *signedIn) fresh(t testing.TB, a connectors.Account, keep connectors.Keep) connectors.Connector {
	t.Helper()
	a.Settings, a.Keep = config.NewSettings(s.settings()), keep
	made, err := twitter.New(a)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// without is the connector behind a stream, or itself.
func without(t testing.TB, c connectors.Connector) *twitter.Connector {
	t.Helper()
	switch c := c.(type) {
	case *twitter.Connector:
		return c
	case *twitter.Streaming:
		return c.Connector
	}
	t.Fatalf("New made a %T", c)
	return nil
}

func (s *signedIn) process(t testing.TB) *twitter.Connector {
	t.Helper()
	return without(t, s.fresh(t, connectors.Account{Name: account, Backfill: time.Hour}, s.keep))
}

// grants opens a sign-in's address as a browser does, and is the address that
// it ends at.
func (s *signedIn) grants(t testing.TB, l connectors.Login) string {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.URL(), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := browser.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusFound {
		t.Fatalf("the consent page answers with %s", answer.Status)
	}
	return answer.Header.Get("Location")
}

func (s *signedIn) signIn(t testing.TB, c *twitter.Connector) {
	t.Helper()
	l, err := c.BeginLogin()
	if err != nil {
		t.Fatal(err)
	}
	who, err := l.Finish(t.Context(), s.grants(t, l))
	if err != nil || who.Handle != "@noordlicht" || !who.CanSend || who.Note != "" {
		t.Fatalf("%+v, %v", who, err)
	}
}

// kept is the sign-in as it is kept, and change writes it back changed.
func (s *signedIn) kept(t testing.TB) map[string]any {
	t.Helper()
	kept, err := s.keep.Load(t.Context(), "oauth2")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(kept.Value, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func (s *signedIn) change(t testing.TB, name string, value any) {
	t.Helper()
	all := s.kept(t)
	all[name] = value
	encoded, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.keep.Save(t.Context(), "oauth2", encoded); err != nil {
		t.Fatal(err)
	}
}

// secretless fails if an error says what nobody may see.
func (s *signedIn) secretless(t testing.TB, err error) {
	t.Helper()
	for _, secret := range append(s.x.Secrets(), clientSecret) {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells a secret: %v", err)
		}
	}
}

// The conformance suite wants these.
func (s *signedIn) Connect(t testing.TB, a connectors.Account) connectors.Connector {
	c := s.fresh(t, a, s.keep)
	if kept, err := s.keep.Load(t.Context(), "oauth2"); err == nil && kept.Value == nil {
		s.signIn(t, without(t, c))
	}
	return c
}

func (s *signedIn) ConnectBadly(t testing.TB, a connectors.Account) connectors.Connector {
	s.Connect(t, a)
	other := connectortest.NewKeep(t, account)
	all := s.kept(t)
	all["access"], all["refresh"] = "never-handed-out", "never-handed-out-either"
	encoded, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Save(t.Context(), "oauth2", encoded); err != nil {
		t.Fatal(err)
	}
	return s.fresh(t, a, other)
}

func (s *signedIn) Secrets() []string {
	return append(s.x.Secrets(), clientSecret, secrets[4], "never-handed-out", "never-handed-out-either")
}

func TestConformanceSignedIn(t *testing.T) {
	for name, more := range map[string]map[string]any{
		"by poll": nil,
		"with both streams and messages": {
			"activity": true, "direct_messages": true, "keywords": []any{"noordlicht", "groene stroom"}, "bearer_token": secrets[4],
		},
	} {
		t.Run(name, func(t *testing.T) {
			connectortest.Run(t, func(t *testing.T) connectortest.Remote {
				s := newSignedIn(t, clientSecret)
				s.more = maps.Clone(more)
				return s
			})
		})
	}
}

func TestASignInOutlastsProcessesAndTokens(t *testing.T) {
	for name, secret := range map[string]string{"confidential": clientSecret, "public": ""} {
		t.Run(name, func(t *testing.T) {
			s := newSignedIn(t, secret)
			_, err := s.process(t).Poll(t.Context(), nil)
			if e := errorOf(t, err); e.Kind != connectors.BadAuth || !strings.Contains(e.Remedy, "standpunt login x") {
				t.Errorf("before anybody signed in: %v", e)
			}
			running := s.process(t)
			s.signIn(t, s.process(t)) // by another process: the command line
			s.Post(t, "eerst")
			if came := mentions(t, running); len(came) != 1 {
				t.Errorf("%d came", len(came))
			}
			for round := range 3 { // each process begins with a token that ran out
				before := s.kept(t)["refresh"]
				s.change(t, "expires", time.Now().Add(-time.Hour))
				if came := mentions(t, s.process(t)); len(came) != 1 {
					t.Errorf("round %d: %d came", round, len(came))
				}
				if s.x.Renewed() != round+1 || s.kept(t)["refresh"] == before {
					t.Errorf("round %d: renewed %d times", round, s.x.Renewed())
				}
			}
			if again := mentions(t, running); len(again) != 1 { // its own token is good still
				t.Errorf("%d came again", len(again))
			}
		})
	}
}

func TestCallersThatComeTogetherRenewOnce(t *testing.T) {
	s := newSignedIn(t, clientSecret)
	s.signIn(t, s.process(t))
	s.change(t, "expires", time.Now().Add(5*time.Minute)) // good, and soon not
	c := s.process(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := c.Identity(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := s.x.Renewed(); n != 1 {
		t.Errorf("renewed %d times", n)
	}
}

// A call that X answers late, with a token that was renewed meanwhile, is no word on the new one.
func TestALateRefusalIsOfTheTokenThatWasSent(t *testing.T) {
	s := newSignedIn(t, clientSecret)
	s.signIn(t, s.process(t))
	s.change(t, "made", time.Now().Add(-time.Hour))
	arrived, goOn := make(chan struct{}), make(chan struct{})
	var held atomic.Bool
	behind := s.x
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/2/users/me" && !held.Swap(true) {
			close(arrived)
			<-goOn
		}
		behind.ServeHTTP(w, r)
	}))
	defer front.Close()
	s.Proxy = &connectortest.Proxy{URL: front.URL}
	c := s.process(t)
	late := make(chan error)
	go func() {
		_, err := c.Identity(t.Context())
		late <- err
	}()
	<-arrived
	s.x.ExpireAccess()
	for range 2 { // one is refused, the next one renews
		_, _ = c.Identity(t.Context()) // the outcome is looked at below
	}
	close(goOn)
	err := <-late
	if e := errorOf(t, err); e.Kind != connectors.Temporary || s.x.Renewed() != 1 {
		t.Errorf("renewed %d times; the late answer: %s, %v", s.x.Renewed(), e.Kind, e)
	}
	s.secretless(t, err)
	if _, err := c.Identity(t.Context()); err != nil || s.x.Renewed() != 1 {
		t.Errorf("renewed %d times: %v", s.x.Renewed(), err)
	}
}

// That X does not take the app's own token leaves the account's sign-in alone.
func TestAWrongBearerTokenSpoilsNoSignIn(t *testing.T) {
	s := newSignedIn(t, clientSecret)
	s.signIn(t, s.process(t))
	s.change(t, "made", time.Now().Add(-time.Hour))
	set := s.settings()
	set["bearer_token"], set["rules"] = "not-the-bearer-token", []any{"storing"}
	c, err := twitter.New(connectors.Account{Name: account, Backfill: time.Hour, Keep: s.keep, Settings: config.NewSettings(set)})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		page, err := c.Poll(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if e := errorOf(t, page.Trouble); e.Kind != connectors.BadAuth || !strings.Contains(e.Message, "bearer_token") {
			t.Errorf("%s: %v", e.Kind, e)
		}
	}
	if n := s.x.Renewed(); n != 0 {
		t.Errorf("the sign-in was renewed %d times", n)
	}
}

// A token whose time is not over is used while X's token endpoint is down.
func TestATokenIsGoodWhileItCannotBeRenewed(t *testing.T) {
	s := newSignedIn(t, "")
	s.signIn(t, s.process(t))
	s.change(t, "expires", time.Now().Add(5*time.Minute))
	s.secret = "another-secret-than-the-app-has-none" // X takes no secret from a public client
	if _, err := s.process(t).Identity(t.Context()); err == nil || connectors.KindOf(err) != connectors.BadAuth || !strings.Contains(err.Error(), "client_secret") {
		t.Errorf("with a wrong client_secret: %v", err)
	}
	s.secret = ""
	if _, err := s.process(t).Identity(t.Context()); err != nil || s.x.Renewed() != 1 {
		t.Errorf("renewed %d times: %v", s.x.Renewed(), err)
	}
}

// brittle is a Keep whose disk is full for a while.
type brittle struct {
	connectors.Keep
	full     atomic.Bool
	restored atomic.Bool
}

func (b *brittle) Save(ctx context.Context, name string, value []byte) error {
	if b.full.Load() {
		return &connectors.Error{Kind: connectors.Temporary, Message: "the disk is full"}
	}
	return b.Keep.Save(ctx, name, value)
}

func (b *brittle) Load(ctx context.Context, name string) (connectors.Kept, error) {
	kept, err := b.Keep.Load(ctx, name)
	kept.Restored = b.restored.Load()
	return kept, err
}

func TestNoTokenIsUsedBeforeItIsKept(t *testing.T) {
	s := newSignedIn(t, clientSecret)
	s.signIn(t, s.process(t))
	s.change(t, "expires", time.Now().Add(-time.Hour))
	disk := &brittle{Keep: s.keep}
	c := without(t, s.fresh(t, connectors.Account{Name: account, Backfill: time.Hour}, disk))
	disk.full.Store(true)
	reads := s.x.Bill().Counts[platform.UserRead] + s.x.Bill().Free[platform.UserRead]
	for range 3 {
		_, err := c.Identity(t.Context())
		if e := errorOf(t, err); e.Kind != connectors.Temporary || !strings.Contains(e.Message, "disk") {
			t.Errorf("with a full disk: %v", e)
		}
	}
	bill := s.x.Bill()
	if now := bill.Counts[platform.UserRead] + bill.Free[platform.UserRead]; now != reads || s.x.Renewed() != 1 {
		t.Errorf("X was asked %d times, and renewed %d times", now-reads, s.x.Renewed())
	}
	disk.full.Store(false)
	if _, err := c.Identity(t.Context()); err != nil || s.x.Renewed() != 1 {
		t.Errorf("with room again: renewed %d times, %v", s.x.Renewed(), err)
	}
	if _, err := s.process(t).Identity(t.Context()); err != nil || s.x.Renewed() != 1 {
		t.Errorf("in the next process: renewed %d times, %v", s.x.Renewed(), err)
	}
}

// A refresh token from a backup is not tried: X would end the sign-in that took
// its place.
func TestARestoredSignInIsNotTried(t *testing.T) {
	s := newSignedIn(t, clientSecret)
	s.signIn(t, s.process(t))
	disk := &brittle{Keep: s.keep}
	disk.restored.Store(true)
	c := without(t, s.fresh(t, connectors.Account{Name: account}, disk))
	_, err := c.Identity(t.Context())
	if e := errorOf(t, err); e.Kind != connectors.BadAuth || !strings.Contains(e.Message, "backup") || !strings.Contains(e.Remedy, "standpunt login x") {
		t.Errorf("%v", e)
	}
	if s.x.Renewed() != 0 {
		t.Error("it was tried")
	}
}

func TestARevokedSignInAsksForAnother(t *testing.T) {
	s := newSignedIn(t, clientSecret)
	s.signIn(t, s.process(t))
	c := s.process(t)
	if _, err := c.Identity(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.x.Revoke()
	for range 4 {
		_, err := c.Identity(t.Context())
		if e := errorOf(t, err); e.Kind != connectors.BadAuth || !strings.Contains(e.Remedy, "standpunt login x") {
			t.Errorf("%v", e)
		}
		s.secretless(t, err)
	}
	s.signIn(t, s.process(t))
	if _, err := c.Identity(t.Context()); err != nil {
		t.Errorf("after signing in again: %v", err)
	}

	s.x.ExpireAccess() // revoked in mid-life, and renewable
	_, err := c.Identity(t.Context())
	s.secretless(t, err)
	if err == nil {
		t.Error("X took a token that it has ended")
	}
	if _, err := c.Identity(t.Context()); err != nil || s.x.Renewed() != 1 {
		t.Errorf("renewed %d times: %v", s.x.Renewed(), err)
	}
}

func TestWhatAPersonGetsWrongWhenSigningIn(t *testing.T) {
	s := newSignedIn(t, clientSecret)
	c := s.process(t)
	begin := func() connectors.Login {
		l, err := c.BeginLogin()
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	for _, try := range []struct {
		what    string
		consent func()
		address func(l connectors.Login) string
		says    string
	}{
		{"nothing", nil, func(connectors.Login) string { return "" }, "address bar"},
		{"the code alone", nil, func(connectors.Login) string { return "code-ABCDEF" }, "address bar"},
		{"another sign-in's", nil, func(connectors.Login) string { return s.grants(t, begin()) }, "another sign-in"},
		{"no code", nil, func(l connectors.Login) string { return strings.Replace(s.grants(t, l), "code=", "kode=", 1) }, "no code"},
		{"another code", nil, func(l connectors.Login) string { return s.grants(t, l) + "x" + "&code=" }, "another sign-in"},
		{"denied", func() { s.x.Consent("", true) }, func(l connectors.Login) string { return s.grants(t, l) }, "refused on X"},
		{"another account", func() { s.x.Consent("jan", false) }, func(l connectors.Login) string { return s.grants(t, l) }, "sign in there as @noordlicht"},
		{"no refresh token", func() { s.x.Consent("", false, "offline.access") }, func(l connectors.Login) string { return s.grants(t, l) }, "offline.access"},
	} {
		s.x.Consent("", false)
		if try.consent != nil {
			try.consent()
		}
		l := begin()
		who, err := l.Finish(t.Context(), try.address(l))
		if err == nil || !strings.Contains(err.Error(), try.says) {
			t.Errorf("%s: %+v, %v", try.what, who, err)
		}
		s.secretless(t, err)
		if kept, err := s.keep.Load(t.Context(), "oauth2"); err != nil || kept.Value != nil {
			t.Errorf("%s: something was kept", try.what)
		}
	}
	s.x.Consent("", false)
	l := begin()
	address := s.grants(t, l)
	if _, err := l.Finish(t.Context(), "https://example.com/?a=b"); err == nil {
		t.Error("a wrong address was taken")
	}
	if _, err := l.Finish(t.Context(), " "+address+"\n"); err != nil {
		t.Errorf("the right one after a wrong one: %v", err)
	}
	if _, err := l.Finish(t.Context(), address); err == nil || !strings.Contains(err.Error(), "works once") {
		t.Errorf("the same once more: %v", err)
	}
}

func TestScopesThatAreMissingAreNamed(t *testing.T) {
	s := newSignedIn(t, clientSecret)
	s.x.Consent("", false, "tweet.write", "media.write")
	c := s.process(t)
	l, err := c.BeginLogin()
	if err != nil {
		t.Fatal(err)
	}
	who, err := l.Finish(t.Context(), s.grants(t, l))
	if err != nil || !strings.Contains(who.Note, "tweet.write") {
		t.Fatalf("%+v, %v", who, err)
	}
	who, err = c.Identity(t.Context())
	if err != nil || who.CanSend || !strings.Contains(who.Note, "tweet.write (publishing and deleting answers), media.write") || strings.Contains(who.Note, "dm.read") {
		t.Errorf("%+v, %v", who, err)
	}
	id := s.Post(t, "hallo")
	in := mentions(t, c)[id]
	_, err = c.Publish(t.Context(), release(t, c, in, "Dag."))
	if e := errorOf(t, err); e.Kind != connectors.NotAllowed || !strings.Contains(e.Message, "tweet.write") || !strings.Contains(e.Remedy, "standpunt login x") {
		t.Errorf("an answer: %v", e)
	}
}

// beside is the Keep of a process beside the one that has the data open.
type beside struct {
	connectors.Keep
	holder connectors.Refresher
	asked  []string
	fails  error
}

func (b *beside) Refresh(ctx context.Context, refused string) error {
	b.asked = append(b.asked, refused)
	if b.fails != nil {
		return b.fails
	}
	return b.holder.Refresh(ctx, refused)
}

func TestAProcessBesideAsksForARenewedSignIn(t *testing.T) {
	s := newSignedIn(t, clientSecret)
	holder := s.process(t)
	s.signIn(t, holder)
	there := &beside{Keep: s.keep, holder: holder}
	try := func(what, refused string, asked, renewed int) {
		t.Helper()
		if who, todo := without(t, s.fresh(t, connectors.Account{Name: account}, there)).Check(t.Context()); len(todo) != 0 || who.Handle != "@noordlicht" {
			t.Errorf("%s: %+v, as %+v", what, todo, who)
		}
		if len(there.asked) != asked || s.x.Renewed() != renewed {
			t.Errorf("%s: asked for with %q, renewed %d times", what, there.asked, s.x.Renewed())
		}
		if asked > 0 && there.asked[asked-1] != refused {
			t.Errorf("%s: %q is told as refused", what, there.asked[asked-1])
		}
	}
	try("a good token", "", 0, 0)

	s.change(t, "made", time.Now().Add(-time.Hour))
	s.x.ExpireAccess()
	refused, _ := s.kept(t)["access"].(string)
	try("a token that X refuses", refused, 1, 1)
	try("the renewed one", refused, 1, 1)

	s.change(t, "expires", time.Now().Add(5*time.Minute))
	there.holder = s.process(t)
	try("a token that ends soon", "", 2, 2)

	there.fails = &connectors.Error{Kind: connectors.Temporary, Message: "the daemon is busy"}
	s.change(t, "expires", time.Now().Add(5*time.Minute))
	try("one that is good while it cannot be renewed", "", 4, 2) // by both calls of a check
	s.change(t, "expires", time.Now().Add(-time.Hour))
	if _, todo := without(t, s.fresh(t, connectors.Account{Name: account}, there)).Check(t.Context()); len(todo) != 1 || !strings.Contains(todo[0].Text, "the daemon is busy") {
		t.Errorf("one that ended and cannot be renewed: %+v", todo)
	}
	there.fails = nil
	s.x.Revoke()
	_, todo := without(t, s.fresh(t, connectors.Account{Name: account}, &beside{Keep: s.keep, holder: s.process(t)})).Check(t.Context())
	if len(todo) != 1 || !strings.Contains(todo[0].Text, "Run standpunt login x") {
		t.Errorf("a revoked one: %+v", todo)
	}
	if _, c := play(t, platform.Options{}); connectors.KindOf(c.Refresh(t.Context(), "")) != connectors.NotAllowed {
		t.Error("four keys are renewed")
	}
}

func TestCheckNamesMissingScopesAndRulesThatAreRefused(t *testing.T) {
	s := newSignedIn(t, clientSecret)
	s.x.Consent("", false, "tweet.write")
	c := s.process(t)
	l, err := c.BeginLogin()
	if err == nil {
		_, err = l.Finish(t.Context(), s.grants(t, l))
	}
	if err != nil {
		t.Fatal(err)
	}
	_, todo := c.Check(t.Context())
	if len(todo) != 1 || todo[0].Harm != connectors.HarmsAnswers || !strings.Contains(todo[0].Text, "tweet.write") {
		t.Errorf("a missing scope is told as %+v", todo)
	}
}

func TestCheckTellsARevokedSignInFromARefusedToken(t *testing.T) {
	s := newSignedIn(t, clientSecret)
	s.signIn(t, s.process(t))
	s.change(t, "made", time.Now().Add(-time.Hour))
	s.x.ExpireAccess()
	if who, todo := s.process(t).Check(t.Context()); len(todo) != 0 || who.Handle != "@noordlicht" || s.x.Renewed() != 1 {
		t.Errorf("a refused token that can be renewed is told as %+v, as %+v", todo, who)
	}
	s.x.Revoke()
	for _, when := range []string{"made", "expires"} { // the token is in mid-life, then at its end
		s.change(t, when, time.Now().Add(-time.Hour))
		_, todo := s.process(t).Check(t.Context())
		if len(todo) != 1 || todo[0].Harm != connectors.HarmsAll || !strings.HasPrefix(todo[0].Text, "Run standpunt login x: X no longer accepts the account's sign-in") {
			t.Errorf("a revoked sign-in (%s) is told as %+v", when, todo)
		}
	}
}

func TestASignInBesideARunningProcessCountsAtOnce(t *testing.T) {
	s := newSignedIn(t, clientSecret)
	running := s.process(t)
	s.signIn(t, running)
	if who, err := running.Identity(t.Context()); err != nil || !who.CanSend {
		t.Fatalf("%+v, %v", who, err)
	}
	s.x.Consent("", false, "tweet.write")
	l, err := s.process(t).BeginLogin()
	if err == nil {
		_, err = l.Finish(t.Context(), s.grants(t, l))
	}
	if err != nil {
		t.Fatal(err)
	}
	if who, err := running.Identity(t.Context()); err != nil || who.CanSend || !strings.Contains(who.Note, "tweet.write") {
		t.Errorf("the running process goes on with the old sign-in: %+v, %v", who, err)
	}
}

func TestCredentialsMustFitTogether(t *testing.T) {
	four := map[string]any{"consumer_key": "a", "consumer_secret": "b", "access_token": "c", "access_token_secret": "d"}
	for _, c := range []struct {
		what     string
		settings map[string]any
		four     bool
		keys     string // with problems
	}{
		{"OAuth 1.0a", nil, true, ""},
		{"OAuth 1.0a by name", map[string]any{"auth": "oauth1"}, true, ""},
		{"a public client", map[string]any{"client_id": "a"}, false, ""},
		{"a confidential client", map[string]any{"client_id": "a", "client_secret": "b", "redirect_url": "http://127.0.0.1:9000/"}, false, ""},
		{"nothing", nil, false, "consumer_key consumer_secret access_token access_token_secret"},
		{"both", map[string]any{"client_id": "a"}, true, "auth"},
		{"both, and one named", map[string]any{"client_id": "a", "auth": "oauth1"}, true, "client_id"},
		{"the other", map[string]any{"auth": "oauth2"}, true, "consumer_key consumer_secret access_token access_token_secret client_id"},
		{"unknown", map[string]any{"auth": "basic"}, true, "auth"},
		{"a secret alone", map[string]any{"client_secret": "a"}, false, "client_id"},
		{"a secret that is not set", map[string]any{"client_id": map[string]any{"env": "NOT_SET"}}, false, "client_id"},
	} {
		all := map[string]any{"handle": "noordlicht"}
		for name, value := range c.settings {
			all[name] = value
		}
		for name, value := range four {
			if c.four {
				all[name] = value
			}
		}
		_, err := twitter.New(connectors.Account{Name: account, Settings: config.NewSettings(all)})
		var keys []string
		for _, p := range config.Problems(err) {
			keys = append(keys, strings.TrimPrefix(p.Key, "settings."))
			if p.Remedy == "" {
				t.Errorf("%s: no remedy in %v", c.what, p)
			}
		}
		if strings.Join(keys, " ") != c.keys || (err != nil) != (c.keys != "") {
			t.Errorf("%s: problems with %v, want %q: %v", c.what, keys, c.keys, err)
		}
	}
	_, c := play(t, platform.Options{})
	if _, err := c.BeginLogin(); err == nil || !strings.Contains(err.Error(), "OAuth 1.0a") || errors.Is(err, context.Canceled) {
		t.Errorf("signing in with OAuth 1.0a: %v", err)
	}
}

// Whatever comes back from a browser or a keyboard is refused with a remedy, and
// nothing is asked of X, unless it holds this sign-in's own state.
func FuzzAnAddressThatCameBack(f *testing.F) {
	made, err := twitter.New(connectors.Account{Name: account, Settings: config.NewSettings(map[string]any{
		"base_url": "http://127.0.0.1:1", "handle": "noordlicht", "client_id": clientID,
	})})
	c, ok := made.(*twitter.Connector)
	if err != nil || !ok {
		f.Fatal(err)
	}
	l, err := c.BeginLogin()
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		"", "code-ABC", redirectURL, redirectURL + "?state=&code=x", redirectURL + "?state=a&state=b&code=x", redirectURL + "?error=access_denied",
		"http://[::1/?code=x", "%zz?state=%zz", "?\x00=\x00", "\u202e?code=\u202e",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, returned string) {
		_, err := l.Finish(t.Context(), returned)
		var e *fault.Fault
		if !errors.As(err, &e) || e.Remedy == "" || e.Code != fault.InvalidInput {
			t.Errorf("%q: %v", returned, err)
		}
	})
}
