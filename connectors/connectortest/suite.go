package connectortest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/internal/logtest"
)

const (
	accountName = inbox.AccountName("conformance")
	callLimit   = time.Minute      // of one call into the connector
	patience    = time.Minute      // until a platform shows what happened on it
	promptly    = 10 * time.Second // until a cancelled call is back
	maxPages    = 200              // in one round of polls
)

// Run runs every case that the connector and its harness have what it takes for.
func Run(t *testing.T, h Harness) {
	t.Run("Reading", func(t *testing.T) { reading(t, h) })
	t.Run("Deliveries", func(t *testing.T) { deliveries(t, h) })
	t.Run("Publishing", func(t *testing.T) { publishing(t, h) })
	t.Run("Trouble", func(t *testing.T) { trouble(t, h) })
	t.Run("Identity", func(t *testing.T) { identity(t, h) })
	printMissing(t, h)
}

// scene is one case: a fresh platform, and all that was logged and returned.
type scene struct {
	*testing.T
	remote Remote
	log    *logtest.Buffer
}

func play(t *testing.T, name string, h Harness, f func(s *scene)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		s := &scene{T: t, remote: h(t), log: new(logtest.Buffer)}
		defer s.checkSecrets()
		f(s)
	})
}

func (s *scene) account() connectors.Account {
	return connectors.Account{
		Name: accountName, Kind: "conformance", PollEvery: time.Second, Backfill: 24 * time.Hour,
		Log: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// connect makes a connector as a fresh process does.
func (s *scene) connect() connectors.Connector {
	s.Helper()
	return s.closing(s.remote.Connect(s, s.account()))
}

func (s *scene) closing(c connectors.Connector) connectors.Connector {
	if closer, ok := c.(connectors.Closer); ok {
		s.Cleanup(func() {
			if err := closer.Close(); err != nil {
				s.Errorf("Close: %v", err)
			}
		})
	}
	return c
}

// call runs one call into the connector and notes its error.
func (s *scene) call(limit time.Duration, f func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(s.Context(), limit)
	defer cancel()
	return s.callIn(ctx, f)
}

// callIn is call with a context of the caller's.
func (s *scene) callIn(ctx context.Context, f func(ctx context.Context) error) error {
	err := f(ctx)
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		fmt.Fprintf(s.log, "error: %v %+v %#v\n", cause, cause, cause)
	}
	return err
}

// poll is one call of Poll that must succeed.
func (s *scene) poll(c connectors.Connector, after inbox.Cursor) connectors.Page {
	s.Helper()
	var page connectors.Page
	if err := s.call(callLimit, func(ctx context.Context) (err error) {
		page, err = c.Poll(ctx, after)
		return err
	}); err != nil {
		s.Fatalf("Poll: %v", err)
	}
	return page
}

// pollError is one call of Poll that must fail with an *Error.
func (s *scene) pollError(c connectors.Connector, limit time.Duration) *connectors.Error {
	s.Helper()
	return s.asError("Poll", s.call(limit, func(ctx context.Context) error {
		_, err := c.Poll(ctx, nil)
		return err
	}))
}

func (s *scene) asError(call string, err error) *connectors.Error {
	s.Helper()
	if err == nil {
		s.Fatalf("%s succeeded, want an error", call)
	}
	var e *connectors.Error
	if !errors.As(err, &e) {
		s.Fatalf("%s returned a %T (%v), want a *connectors.Error", call, err, err)
	}
	if e.Message == "" {
		s.Errorf("%s: the error says nothing", call)
	}
	return e
}

// read polls until there is no more, and returns what came and the last cursor.
func (s *scene) read(c connectors.Connector, after inbox.Cursor) ([]inbox.Inbound, inbox.Cursor) {
	s.Helper()
	var all []inbox.Inbound
	for range maxPages {
		page := s.poll(c, after)
		all = append(all, page.Mentions...)
		if len(page.Next) > 0 {
			after = page.Next
		}
		if !page.More {
			return all, after
		}
	}
	s.Fatalf("Poll still says More after %d pages", maxPages)
	return nil, nil
}

// await reads until ok holds of what came, or fails the case with what was wanted.
func (s *scene) await(c connectors.Connector, after inbox.Cursor, want string, ok func([]inbox.Inbound) bool) ([]inbox.Inbound, inbox.Cursor) {
	s.Helper()
	var all []inbox.Inbound
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(s.patience()); ; <-tick.C {
		var more []inbox.Inbound
		more, after = s.read(c, after)
		all = append(all, more...)
		if ok(all) {
			return all, after
		}
		if time.Now().After(end) {
			s.Fatalf("not within %v: %s; came: %s", s.patience(), want, ids(all))
		}
	}
}

func (s *scene) patience() time.Duration {
	if p, ok := s.remote.(Patient); ok {
		return p.Patience()
	}
	return patience
}

// mention is the customer's post as it reaches the inbox.
func (s *scene) mention(c connectors.Connector, externalID string) inbox.Inbound {
	s.Helper()
	if acceptor, ok := c.(connectors.Acceptor); ok {
		if d, ok := s.remote.(Deliverer); ok {
			items, err := acceptor.Accept(s.Context(), d.Delivery(s, externalID))
			if err != nil {
				s.Fatalf("Accept: %v", err)
			}
			return *newest(items, externalID)
		}
	}
	all, _ := s.await(c, nil, "the post "+externalID, has(externalID))
	return *newest(all, externalID)
}

// release is a real release of text as an answer to the mention.
func (s *scene) release(c connectors.Connector, target inbox.Inbound, text string) approval.Release {
	s.Helper()
	remoteID := "remote-account"
	if i, ok := c.(connectors.Identifier); ok {
		who, err := i.Identity(s.Context())
		if err != nil {
			s.Fatalf("Identity: %v", err)
		}
		remoteID = who.RemoteID
	}
	return approvaltest.Release(s, accountName, remoteID, target, text)
}

// shape is what the platform documents that it does to texts.
func (s *scene) arrives(text string) string {
	if shaper, ok := s.remote.(Shaper); ok {
		return shaper.Arrives(text)
	}
	return text
}

func (s *scene) stands(text string) string {
	if shaper, ok := s.remote.(Shaper); ok {
		return shaper.Stands(text)
	}
	return text
}

// checkSecrets fails the case when a secret was logged or returned.
func (s *scene) checkSecrets() {
	keeper, ok := s.remote.(SecretKeeper)
	if !ok {
		return
	}
	said := s.log.String()
	for _, secret := range keeper.Secrets() {
		if i := strings.Index(said, secret); secret != "" && i >= 0 {
			s.Errorf("a secret is in an error or log line: …%s<the secret>", said[max(0, i-120):i])
		}
	}
}

func newest(all []inbox.Inbound, externalID string) *inbox.Inbound {
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].ExternalID == externalID {
			return &all[i]
		}
	}
	return nil
}

// has reports whether every one of the posts came.
func has(externalIDs ...string) func([]inbox.Inbound) bool {
	return func(all []inbox.Inbound) bool {
		return !slices.ContainsFunc(externalIDs, func(id string) bool { return newest(all, id) == nil })
	}
}

func ids(all []inbox.Inbound) string {
	var list []string
	for _, each := range all {
		list = append(list, each.ExternalID)
	}
	return strings.Join(list, ", ")
}

// printMissing says which cases had nothing to run on.
func printMissing(t *testing.T, h Harness) {
	remote := h(t)
	c := remote.Connect(t, connectors.Account{Name: accountName, Backfill: time.Hour, Log: slog.New(slog.DiscardHandler)})
	if closer, ok := c.(connectors.Closer); ok {
		defer closer.Close()
	}
	var missing []string
	note := func(name string, has bool) {
		if !has {
			missing = append(missing, name)
		}
	}
	note("Publisher", can[connectors.Publisher](c))
	note("Finder", can[connectors.Finder](c))
	note("Streamer", can[connectors.Streamer](c))
	note("Webhook", can[connectors.Webhook](c))
	note("Editor", can[connectors.Editor](c))
	note("Remover", can[connectors.Remover](c))
	note("Hider", can[connectors.Hider](c))
	note("PrivateReplier", can[connectors.PrivateReplier](c))
	note("Composer", can[connectors.Composer](c))
	note("Identifier", can[connectors.Identifier](c))
	note("harness: Reviser", can[Reviser](remote))
	note("harness: Eraser", can[Eraser](remote))
	if can[connectors.Webhook](c) {
		note("harness: Notifier", can[Notifier](remote))
		note("harness: Challenger", can[Challenger](remote))
		note("harness: Timekeeper", can[Timekeeper](remote))
	}
	note("harness: Breaker", can[Breaker](remote))
	note("harness: Locksmith", can[Locksmith](remote))
	note("harness: SecretKeeper", can[SecretKeeper](remote))
	if len(missing) > 0 {
		t.Logf("without: %s", strings.Join(missing, ", "))
	}
}

func can[T any](v any) bool {
	_, ok := v.(T)
	return ok
}
