package twitter

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"standpunt/connectors"
)

// scopes are what we ask for, each with what it is for.
func scopes() []scope {
	return []scope{
		{"tweet.read", "reading mentions"},
		{"tweet.write", "publishing and deleting answers"},
		{"users.read", "reading who wrote"},
		{"tweet.moderate.write", "hiding replies"},
		{"dm.read", "reading direct messages"},
		{"dm.write", "answering direct messages"},
		{"media.write", "uploading media"},
		{"offline.access", "staying signed in"},
	}
}

type scope struct{ name, use string }

func scopeNames() (names []string) {
	for _, s := range scopes() {
		names = append(names, s.name)
	}
	return names
}

// lacking names the scopes that a sign-in does not have, with their use.
func lacking(granted []string) (list []string) {
	for _, s := range scopes() {
		if !slices.Contains(granted, s.name) {
			list = append(list, s.name+" ("+s.use+")")
		}
	}
	return list
}

const (
	signInName     = "oauth2" // in the account's Keep
	early          = 10 * time.Minute
	refreshTimeout = 30 * time.Second
	bearerPrefix   = "Bearer "
	// refusedSoon is how soon after it was made a token that X refuses is no accident.
	refusedSoon = time.Minute
)

// signIn is what is kept of a sign-in.
type signIn struct {
	ClientID string    `json:"client_id"`
	UserID   string    `json:"user_id"`
	Access   string    `json:"access"`
	Refresh  string    `json:"refresh"`
	Made     time.Time `json:"made"`
	Expires  time.Time `json:"expires"`
	Scopes   []string  `json:"scopes"`
}

func (s *signIn) good(span time.Duration) bool { return s != nil && time.Until(s.Expires) > span }

// tokens are the account's access tokens. X gives each for two hours, with a
// refresh token that works once: the next pair is kept, durably, before its
// access token is used for the first time. Callers that come together refresh
// once. What [Connector.BeginLogin] kept, in this process or in another, is
// found as soon as a token is needed. A process beside the one that has the data
// open, such as standpunt check beside the daemon, renews nothing itself: see
// [connectors.Refresher].
//
// If the process dies between X's answer and the disk's, some milliseconds, the
// refresh token on disk is a used one: X refuses it, and somebody signs in
// again. Nothing can be done about that, since X gives the pair only once.
type tokens struct {
	account string
	config  oauth2.Config
	keep    connectors.Keep
	log     *slog.Logger
	http    *http.Client

	turn    chan struct{} // holds one: whoever has it may use what follows
	have    *signIn       // kept, and fit to be used
	unkept  *signIn       // given by X, and not on disk yet
	dead    string        // a refresh token that X refused
	spoiled string        // an access token that X refused
}

func newTokens(account, base, redirect, id, secret string, keep connectors.Keep, log *slog.Logger) *tokens {
	style := oauth2.AuthStyleInHeader
	if secret == "" {
		style = oauth2.AuthStyleInParams
	}
	return &tokens{
		account: account, keep: keep, log: log, turn: make(chan struct{}, 1),
		config: oauth2.Config{
			ClientID: id, ClientSecret: secret, RedirectURL: redirect, Scopes: scopeNames(),
			Endpoint: oauth2.Endpoint{AuthURL: authorizeAt(base), TokenURL: strings.TrimSuffix(base, "/") + "/2/oauth2/token", AuthStyle: style},
		},
		http: &http.Client{
			Timeout:       refreshTimeout,
			Transport:     connectors.Transport(true), // a refresh token that is sent twice ends the sign-in
			CheckRedirect: connectors.NoRedirects,     // client secret and refresh token go nowhere else
		},
	}
}

// authorizeAt is where people grant what we ask for: on x.com for X itself, at
// the same address as the API for any other server.
func authorizeAt(base string) string {
	if base == defaultBaseURL {
		return "https://x.com/i/oauth2/authorize"
	}
	return strings.TrimSuffix(base, "/") + "/i/oauth2/authorize"
}

func (t *tokens) lock(ctx context.Context) error {
	select {
	case t.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &connectors.Error{Kind: connectors.Temporary, Message: "the sign-in on X is being renewed", Err: ctx.Err()}
	}
}

func (t *tokens) unlock() { <-t.turn }

// bearer is an access token that is good for now, and whose it is. Its errors are certain:
// nothing was asked of the API.
func (t *tokens) bearer(ctx context.Context) (access, user string, err error) {
	if err := t.lock(ctx); err != nil {
		return "", "", err
	}
	defer t.unlock()
	s, err := t.current(ctx)
	if err != nil {
		return "", "", err
	}
	return s.Access, s.UserID, nil
}

// Refresh renews the sign-in where a process beside this one asks for it.
func (c *Connector) Refresh(ctx context.Context, refused string) error {
	if c.tokens == nil {
		return &connectors.Error{Kind: connectors.NotAllowed, Message: "the account signs with four keys, which are never renewed", Remedy: "Start the daemon again."}
	}
	return c.tokens.refresh(ctx, refused)
}

func (t *tokens) refresh(ctx context.Context, refused string) error {
	if err := t.lock(ctx); err != nil {
		return err
	}
	defer t.unlock()
	if refused != "" {
		t.spoiled = refused
	}
	_, err := t.current(ctx)
	return err
}

func (t *tokens) usable(s *signIn, span time.Duration) bool {
	return s.good(span) && s.Access != t.spoiled
}

// current is the sign-in in force, renewed where it is time. The lock is held.
func (t *tokens) current(ctx context.Context) (*signIn, error) {
	if t.unkept != nil {
		if err := t.store(ctx, t.unkept); err != nil {
			return nil, err
		}
	}
	kept, err := t.load(ctx)
	again := err == nil && t.have != nil && kept.Made.After(t.have.Made) // somebody signed in meanwhile, perhaps with other scopes
	if !again && t.usable(t.have, early) {
		return t.have, nil
	}
	if err != nil {
		return nil, err
	}
	t.have = kept
	if t.usable(kept, early) {
		return kept, nil
	}
	if kept.Refresh == t.dead {
		return nil, t.ended()
	}
	err = t.renew(ctx, kept)
	if err != nil && t.usable(kept, 0) && connectors.KindOf(err) != connectors.BadAuth && t.unkept == nil {
		t.log.Warn("the sign-in on X could not be renewed yet; the old one is good for a while", "error", err, "until", kept.Expires)
		return kept, nil
	}
	if err != nil {
		return nil, err
	}
	return t.have, nil
}

// load reads what is kept, and refuses what must not be used.
func (t *tokens) load(ctx context.Context) (*signIn, error) {
	login := "Run standpunt login " + t.account + "."
	if t.keep == nil {
		return nil, &connectors.Error{Kind: connectors.BadAuth, Message: "there is nowhere to keep a sign-in on X", Remedy: login}
	}
	kept, err := t.keep.Load(ctx, signInName)
	if err != nil {
		return nil, err
	}
	if kept.Value == nil {
		return nil, &connectors.Error{Kind: connectors.BadAuth, Message: "nobody has signed this account in on X yet", Remedy: login}
	}
	if kept.Restored {
		return nil, &connectors.Error{
			Kind: connectors.BadAuth, Remedy: login,
			Message: "the sign-in on X comes from a backup, and X gives a refresh token for one use alone",
		}
	}
	var s signIn
	if err := json.Unmarshal(kept.Value, &s); err != nil || s.Refresh == "" {
		return nil, &connectors.Error{Kind: connectors.BadAuth, Message: "the sign-in on X that was kept cannot be read", Remedy: login}
	}
	if s.ClientID != t.config.ClientID {
		return nil, &connectors.Error{Kind: connectors.BadAuth, Message: "the sign-in on X was made for another client_id", Remedy: login}
	}
	return &s, nil
}

// store keeps a sign-in; only then is it used.
func (t *tokens) store(ctx context.Context, s *signIn) error {
	t.unkept = s
	encoded, err := json.Marshal(s)
	if err == nil {
		err = t.keep.Save(ctx, signInName, encoded)
	}
	if err != nil {
		return err
	}
	t.have, t.unkept = s, nil
	return nil
}

// renew asks for the next pair and keeps it, or has that done where the data is
// open. The caller's end does not cut it short: half of it would cost the sign-in.
func (t *tokens) renew(ctx context.Context, old *signIn) error {
	if holder, beside := t.keep.(connectors.Refresher); beside {
		return t.renewBy(ctx, holder)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTimeout)
	defer cancel()
	given, err := t.config.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, t.http), &oauth2.Token{RefreshToken: old.Refresh}).Token()
	if err != nil {
		e := tokenError(err)
		if e.Kind == connectors.BadAuth && errorCode(err) != "invalid_client" && errorCode(err) != "unauthorized_client" {
			t.dead = old.Refresh
			return t.ended()
		}
		return e
	}
	next := t.signInOf(given, old.UserID)
	if len(next.Scopes) == 0 {
		next.Scopes = old.Scopes
	}
	return t.store(ctx, next)
}

// renewBy has the process that has the data open renew the sign-in, and takes
// what that kept.
func (t *tokens) renewBy(ctx context.Context, holder connectors.Refresher) error {
	if err := holder.Refresh(ctx, t.spoiled); err != nil {
		return err
	}
	kept, err := t.load(ctx)
	if err != nil {
		return err
	}
	if !t.usable(kept, 0) {
		return &connectors.Error{Kind: connectors.Temporary, Message: "the daemon has not renewed the sign-in on X", Remedy: "Try again in a minute."}
	}
	t.have = kept
	return nil
}

func (t *tokens) signInOf(given *oauth2.Token, user string) *signIn {
	granted, _ := given.Extra("scope").(string)
	expires := given.Expiry
	if expires.IsZero() {
		expires = time.Now().Add(2 * time.Hour)
	}
	return &signIn{
		ClientID: t.config.ClientID, UserID: user, Access: given.AccessToken, Refresh: given.RefreshToken,
		Made: time.Now(), Expires: expires, Scopes: strings.Fields(granted),
	}
}

func (t *tokens) ended() *connectors.Error {
	return &connectors.Error{
		Kind: connectors.BadAuth, Message: "X no longer accepts the account's sign-in: it was revoked, or its refresh token was used before",
		Remedy: "Run standpunt login " + t.account + ".",
	}
}

// refused notes that the API did not take the access token, and says what that
// means: the next call renews it, unless another call has. One that was as good as
// new was revoked.
func (t *tokens) refused(access string) *connectors.Error {
	t.turn <- struct{}{}
	defer t.unlock()
	if t.have == nil {
		return t.ended()
	}
	if access == t.have.Access {
		t.spoiled = access
		if time.Since(t.have.Made) < refusedSoon {
			return t.ended()
		}
	}
	return &connectors.Error{
		Kind: connectors.Temporary, Message: "X no longer accepts the access token; a new one is asked for", Err: errSpoiled,
	}
}

// errSpoiled is what an error holds after which the next call renews the access token.
var errSpoiled = errors.New("the access token was refused")

// granted are the scopes of the sign-in in force, nil where there is none.
func (t *tokens) granted(ctx context.Context) []string {
	if t.lock(ctx) != nil {
		return nil
	}
	defer t.unlock()
	if t.have == nil {
		return nil
	}
	return t.have.Scopes
}

// errorCode is the error's name of RFC 6749, section 5.2; "" where there is none.
func errorCode(err error) string {
	if e := (*oauth2.RetrieveError)(nil); errors.As(err, &e) {
		return e.ErrorCode
	}
	return ""
}

// tokenError is what an answer of the token endpoint means. Of what X wrote it
// takes over nothing, since that may quote a token.
func tokenError(err error) *connectors.Error {
	var e *oauth2.RetrieveError
	if !errors.As(err, &e) || e.Response == nil {
		return &connectors.Error{Kind: connectors.Temporary, Message: "X gave no token that can be read", Err: errors.New("the token endpoint did not answer as it should")}
	}
	status := e.Response.StatusCode
	switch {
	case e.ErrorCode == "invalid_client" || e.ErrorCode == "unauthorized_client" || e.ErrorCode == "" && status == http.StatusUnauthorized:
		return &connectors.Error{
			Kind: connectors.BadAuth, Message: "X does not know the app by client_id and client_secret",
			Remedy: "Copy both anew from X's developer console, OAuth 2.0 Client ID and Client Secret; a Native App has no secret, every other type has one.",
		}
	case e.ErrorCode == "invalid_grant" || e.ErrorCode == "invalid_request":
		return &connectors.Error{Kind: connectors.BadAuth, Message: "X no longer takes this code or refresh token"}
	case status == http.StatusTooManyRequests:
		return &connectors.Error{Kind: connectors.RateLimited, Message: "X asks for fewer requests", RetryAfter: connectors.RetryAfter(e.Response.Header)}
	}
	return &connectors.Error{
		Kind: connectors.Temporary, Message: "X gave no token",
		Err: errors.New("the token endpoint answered with status " + http.StatusText(status)),
	}
}
