package mail

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/inbox"
)

// KindName is what an account's kind says.
const KindName = "mail"

// The bounds of a connection.
const (
	dialTimeout    = 15 * time.Second
	commandTimeout = 30 * time.Second // until the server answers a command
	fetchTimeout   = 90 * time.Second // one batch of mails
	publishTimeout = 3 * time.Minute  // a whole publication
	acceptTimeout  = 2 * time.Minute  // the server's word after the mail's last line
	idleFor        = 3 * time.Minute  // between two signs of life of a quiet stream
)

// maxAnswer is the longest text that is sent, in characters: 200 kB at most.
const maxAnswer = 50_000

// Connector is one mailbox. It keeps no connection between calls, except while
// it streams, and is safe for concurrent use.
type Connector struct {
	name     inbox.AccountName
	s        settings
	backfill time.Duration
	log      *slog.Logger

	roots        *x509.CertPool // nil: the system's
	answerWithin time.Duration  // commandTimeout
	idleFor      time.Duration
}

// The capabilities of a mailbox.
var (
	_ connectors.Connector  = (*Connector)(nil)
	_ connectors.Streamer   = (*Connector)(nil)
	_ connectors.Publisher  = (*Connector)(nil)
	_ connectors.Finder     = (*Connector)(nil)
	_ connectors.Composer   = (*Connector)(nil)
	_ connectors.Identifier = (*Connector)(nil)
	_ connectors.Pacer      = (*Connector)(nil)
)

// Kind is the connector kind "mail", as cmd lists it.
func Kind() connectors.Kind {
	return connectors.Kind{Name: KindName, New: func(a connectors.Account) (connectors.Connector, error) { return New(a) }}
}

// New makes a connector of an account's settings, without any network call.
// Its errors are those of [config.Settings].
func New(a connectors.Account) (*Connector, error) {
	s, err := decode(a.Settings)
	if err != nil {
		return nil, err
	}
	log := a.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Connector{name: a.Name, s: s, backfill: a.Backfill, log: log, answerWithin: commandTimeout, idleFor: idleFor}, nil
}

// Endpoint names the mailbox and both servers.
func (c *Connector) Endpoint() string {
	return strings.Join([]string{c.s.Address, c.s.IMAP, c.s.SMTP}, " ")
}

// PollEvery is the setting poll_every: a minute unless it says otherwise.
func (c *Connector) PollEvery() time.Duration { return c.s.PollEvery.Std() }

// Measure counts characters. The limit is ours: mail servers set none that an
// answer could reach.
func (c *Connector) Measure(text string) approval.Measure {
	return approval.Measure{Length: utf8.RuneCountInString(text), Limit: maxAnswer, Unit: "characters"}
}

// Identity signs in to both servers. The account is its address, in lower case.
// Where mails can be read but none sent, for a reason that does not pass by
// itself, CanSend is false and Note says why.
func (c *Connector) Identity(ctx context.Context) (connectors.Identity, error) {
	session, err := c.open(ctx, c.s.Mailbox)
	if err != nil {
		return connectors.Identity{}, err
	}
	session.close()
	who := connectors.Identity{RemoteID: c.s.Address, Handle: c.s.Address, CanSend: true}
	client, err := c.openSMTP(ctx)
	switch {
	case err == nil:
		client.close()
	case connectors.KindOf(err).Retryable():
		return connectors.Identity{}, err
	default:
		who.CanSend, who.Note = false, err.Error()
	}
	return who, nil
}

// messageID is the Message-ID that the release with this key is sent under,
// without angle brackets.
func (c *Connector) messageID(key string) string { return key + "@" + c.domain() }

func (c *Connector) domain() string { return c.s.Address[strings.LastIndexByte(c.s.Address, '@')+1:] }

// ownKey is the key of the release that a Message-ID of ours names.
func (c *Connector) ownKey(messageID string) (key string, ok bool) {
	key, domain, found := strings.Cut(messageID, "@")
	if !found || domain != c.domain() || !isKey(key) {
		return "", false
	}
	return key, true
}

// isKey reports whether s is a release's key: 32 lower-case hex digits.
func isKey(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 32 && s == strings.ToLower(s)
}
