package instagram

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/internal/graph"
)

// A token of Instagram Login lives for 60 days and can be renewed from its
// second day on, as long as it lives:
// https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token
const (
	renewEvery = 7 * 24 * time.Hour // a token that works
	tooYoung   = 24 * time.Hour     // in which Instagram renews none
	retryAfter = 24 * time.Hour     // one that Instagram did not renew
	mostLives  = 400 * 24 * 3600    // seconds that a token can be told to live
	keptToken  = "access-token"
)

// Renews reports whether the account's own token is used, which is renewed.
func (c *Connector) Renews() bool { return c.s.Login == overInstagram }

// kept is the token in force as it is kept over restarts: a renewed one, or the
// configured one that was not renewed yet.
type kept struct {
	Of    string `json:"of"` // SHA-256 of the configured one that it came from, in hex
	Token string `json:"token"`
	Ends  int64  `json:"ends"`            // seconds; 0 for the configured one
	Next  int64  `json:"next"`            // when it is to be renewed again
	Asked int64  `json:"asked,omitempty"` // when renewing the configured one was first refused
}

// mayBeYoung reports whether the token can be too young to be renewed, for all
// that is known at that time.
func (k kept) mayBeYoung(now time.Time) bool {
	return k.Ends == 0 && (k.Asked == 0 || now.Unix() < k.Asked+int64(tooYoung/time.Second))
}

// tokens is which token is in force. It is safe for concurrent use.
type tokens struct {
	keep connectors.Keep // nil: none is renewed, as it could not be kept
	log  *slog.Logger
	make func(token string) (*graph.Client, error)

	renewing sync.Mutex // held while a new one is asked for

	mu     sync.Mutex
	client *graph.Client
	kept   kept
	loaded bool
}

func newTokens(given string, keep connectors.Keep, log *slog.Logger, clientOf func(token string) (*graph.Client, error)) (*tokens, error) {
	client, err := clientOf(given)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(given))
	return &tokens{keep: keep, log: log, make: clientOf, client: client, kept: kept{Of: hex.EncodeToString(sum[:]), Token: given}, loaded: keep == nil}, nil
}

// now is the client with the token in force: the configured one, or what it
// was renewed to.
func (k *tokens) now(ctx context.Context) (*graph.Client, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.loaded {
		return k.client, nil
	}
	found, err := k.keep.Load(ctx, keptToken)
	switch {
	case connectors.KindOf(err) == connectors.BadAuth:
		k.log.Warn("the renewed access token cannot be opened; the configured one is used", "error", err)
	case err != nil:
		return nil, err
	}
	k.loaded = true
	var renewed kept
	if len(found.Value) == 0 || json.Unmarshal(found.Value, &renewed) != nil || renewed.Of != k.kept.Of || renewed.Token == "" {
		return k.client, nil // nothing is kept, or the configured token was replaced since
	}
	client, err := k.make(renewed.Token)
	if err != nil {
		return nil, err
	}
	k.client, k.kept = client, renewed
	return client, nil
}

// renew renews the token in force where that is due. What goes wrong leaves
// it as it is: it still lives, or the next call tells that it does not.
func (k *tokens) renew(ctx context.Context, now time.Time) {
	if k.keep == nil || !k.renewing.TryLock() {
		return
	}
	defer k.renewing.Unlock()
	client, err := k.now(ctx)
	if err != nil {
		return
	}
	k.mu.Lock()
	next := k.kept
	k.mu.Unlock()
	if now.Unix() < next.Next {
		return
	}
	var got struct {
		Token string `json:"access_token"`
		Lives int64  `json:"expires_in"` // seconds
	}
	_, err = client.Get(ctx, "refresh_access_token", graph.Params{"grant_type": "ig_refresh_token", "access_token": next.Token}, &got)
	if err != nil && connectors.KindOf(err).Retryable() {
		return // the next walk tries again
	}
	if err != nil && next.mayBeYoung(now) {
		k.wait(ctx, next, now)
		return
	}
	if err == nil && got.Token != "" && got.Lives > 0 && got.Lives < mostLives {
		next.Token, next.Ends, next.Next, next.Asked = got.Token, now.Unix()+got.Lives, now.Add(renewEvery).Unix(), 0
		if client, err = k.take(ctx, next); err == nil {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.client, k.kept = client, next
			return
		}
	}
	k.log.Warn("the access token was not renewed", "error", err)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept.Next = now.Add(retryAfter).Unix()
}

// wait leaves a token that Instagram may find too young until it no longer can
// be, over restarts too.
func (k *tokens) wait(ctx context.Context, young kept, now time.Time) {
	if young.Asked == 0 {
		young.Asked = now.Unix()
	}
	young.Next = young.Asked + int64(tooYoung/time.Second)
	value, err := json.Marshal(young)
	if err == nil {
		err = k.keep.Save(ctx, keptToken, value)
	}
	if err != nil {
		k.log.Warn("when the access token is to be renewed cannot be kept", "error", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.kept = young
}

// take keeps a renewed token, and makes the client that uses it from then on.
func (k *tokens) take(ctx context.Context, renewed kept) (*graph.Client, error) {
	client, err := k.make(renewed.Token)
	if err != nil {
		return nil, err
	}
	value, err := json.Marshal(renewed)
	if err != nil {
		return nil, err
	}
	return client, k.keep.Save(ctx, keptToken, value)
}

// ends is when the token in force ends; zero where nobody told.
func (k *tokens) ends() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept.Ends == 0 {
		return time.Time{}
	}
	return time.Unix(k.kept.Ends, 0).UTC()
}
