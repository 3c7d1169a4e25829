package mail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"

	"standpunt/connectors"
)

// session is one signed-in IMAP connection with a mailbox opened read-only. The
// client library knows no context: every call is bounded by closing the
// connection, which also ends it with ctx.
type session struct {
	c      *Connector
	ctx    context.Context
	conn   *link
	client *imapclient.Client
	detach func() bool
	late   atomic.Bool   // a call took too long
	news   chan struct{} // the server said that there are new mails

	validity uint32
	next     imap.UID // above every mail that stands there; 0 where the server does not say
}

// link remembers why reading from a connection failed: the client library
// tells it in words only.
type link struct {
	net.Conn
	failure atomic.Pointer[error]
}

func (l *link) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if err != nil {
		l.failure.CompareAndSwap(nil, &err)
	}
	return n, err
}

// open connects, signs in and opens the mailbox.
func (c *Connector) open(ctx context.Context, mailbox string) (*session, error) {
	s, err := c.signIn(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.open(mailbox); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (c *Connector) signIn(ctx context.Context) (*session, error) {
	conn, err := c.dial(ctx, c.s.imap)
	if err != nil {
		return nil, err
	}
	s := &session{c: c, ctx: ctx, conn: &link{Conn: conn}, news: make(chan struct{}, 1)}
	s.detach = context.AfterFunc(ctx, func() { _ = conn.Close() })
	options := &imapclient.Options{
		TLSConfig: c.tlsConfig(c.s.imap),
		UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages != nil {
				select {
				case s.news <- struct{}{}:
				default:
				}
			}
		}},
	}
	err = s.bounded(s.c.answerWithin, func() (err error) {
		if c.s.imap.security == startTLS {
			s.client, err = imapclient.NewStartTLS(s.conn, options)
		} else {
			s.client = imapclient.New(s.conn, options)
			err = s.greeting()
		}
		return err
	})
	var refused *imap.Error
	switch {
	case errors.As(err, &refused) && c.s.imap.security == startTLS:
		err = &connectors.Error{Kind: connectors.NotAllowed, Message: fmt.Sprintf("the mail server %s does not offer STARTTLS", c.s.imap.address()),
			Remedy: "Write imaps:// in the setting imap, with the port that speaks TLS.", Err: plainly(err)}
	case err == nil:
		err = s.authenticate()
	}
	if err != nil {
		err = s.explain(err)
		s.close()
		return nil, err
	}
	return s, nil
}

// greeting waits for the server's first words. Where they turn us away, the
// library closes the connection and then tells of the one or of the other; a
// connection that ended without a fault in reading it is one that was refused.
func (s *session) greeting() error {
	err := s.client.WaitGreeting()
	if err != nil && !errors.As(err, new(*imap.Error)) && s.client.Close() == nil && s.conn.failure.Load() == nil {
		return &imap.Error{Type: imap.StatusResponseTypeBye}
	}
	return err
}

func (s *session) authenticate() error {
	user, password := s.c.s.Username, s.c.s.Password.Reveal()
	return s.bounded(s.c.answerWithin, func() error {
		caps := s.client.Caps()
		var err error
		switch {
		case !caps.Has(imap.CapLoginDisabled):
			err = s.client.Login(user, password).Wait()
		case caps.Has(imap.AuthCap(sasl.Plain)):
			err = s.client.Authenticate(sasl.NewPlainClient("", user, password))
		default:
			return &connectors.Error{Kind: connectors.NotAllowed, Message: fmt.Sprintf("the mail server %s does not let anybody sign in with a password here", s.c.s.imap.address()),
				Remedy: "Use its TLS port: write imaps:// in the setting imap."}
		}
		var refused *imap.Error
		if errors.As(err, &refused) && refused.Type == imap.StatusResponseTypeNo {
			return s.c.notSignedIn(refused)
		}
		return err
	})
}

// notSignedIn is why the IMAP server refused the password.
func (c *Connector) notSignedIn(refused *imap.Error) *connectors.Error {
	switch refused.Code {
	case imap.ResponseCodeUnavailable, imap.ResponseCodeInUse, imap.ResponseCodeLimit, imap.ResponseCodeServerBug:
		return &connectors.Error{Kind: connectors.Temporary, Message: fmt.Sprintf("the mail server %s cannot sign us in now", c.s.imap.address()), Err: plainly(refused)}
	default: // servers say it in many ways
	}
	return &connectors.Error{Kind: connectors.BadAuth, Message: fmt.Sprintf("the mail server %s refuses the user name or the password", c.s.imap.address()),
		Remedy: "Check the settings username and password; many providers want an app password here.", Err: plainly(refused)}
}

// open opens a mailbox for reading alone.
func (s *session) open(mailbox string) error {
	var data *imap.SelectData
	err := s.bounded(s.c.answerWithin, func() (err error) {
		data, err = s.client.Select(mailbox, &imap.SelectOptions{ReadOnly: true}).Wait()
		return err
	})
	var refused *imap.Error
	switch {
	case errors.As(err, &refused) && refused.Type == imap.StatusResponseTypeNo && refused.Code != imap.ResponseCodeUnavailable:
		return &connectors.Error{Kind: connectors.NotAllowed, Message: fmt.Sprintf("the mail server %s does not open the mailbox %q", s.c.s.imap.address(), mailbox),
			Remedy: "Check the setting mailbox; it is INBOX where there is none.", Err: plainly(refused)}
	case err != nil:
		return s.explain(err)
	case data.UIDValidity == 0:
		return &connectors.Error{Kind: connectors.Garbage, Message: fmt.Sprintf("the mail server %s gives its mails no lasting numbers (UIDVALIDITY)", s.c.s.imap.address())}
	}
	s.validity, s.next = data.UIDValidity, data.UIDNext
	return nil
}

func (s *session) close() {
	s.detach()
	if s.client == nil {
		_ = s.conn.Close()
		return
	}
	_ = s.client.Close() // nothing is left to be written
}

// bounded runs one exchange and ends it by force after limit.
func (s *session) bounded(limit time.Duration, exchange func() error) error {
	timer := time.AfterFunc(limit, func() {
		s.late.Store(true)
		_ = s.conn.Close()
	})
	defer timer.Stop()
	return exchange()
}

// explain is err as a connector's error: the server's refusal, a lost or slow
// connection, or an answer that makes no sense.
func (s *session) explain(err error) error {
	var (
		known   *connectors.Error
		refused *imap.Error
	)
	switch failure := s.conn.failure.Load(); {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.As(err, &refused):
		return &connectors.Error{Kind: connectors.Temporary, Message: fmt.Sprintf("the mail server %s refuses a command", s.c.s.imap.address()), Err: plainly(refused)}
	case s.late.Load():
		return lost(s.ctx, s.c.s.imap, context.DeadlineExceeded)
	case failure != nil:
		return lost(s.ctx, s.c.s.imap, *failure)
	case errors.Is(err, io.ErrUnexpectedEOF) && s.ctx.Err() != nil:
		return lost(s.ctx, s.c.s.imap, s.ctx.Err())
	default:
		return lost(s.ctx, s.c.s.imap, err)
	}
}

// refusal is a server's NO or BAD without its text, which may quote addresses.
type refusal struct{ what string }

func (r *refusal) Error() string { return r.what }

func plainly(err error) error {
	var refused *imap.Error
	if !errors.As(err, &refused) {
		return fmt.Errorf("an error of type %T", err)
	}
	if refused.Code == "" {
		return &refusal{fmt.Sprintf("imap: %s", refused.Type)}
	}
	return &refusal{fmt.Sprintf("imap: %s [%s]", refused.Type, shortened(string(refused.Code), 40))}
}

// search is the UIDs that the server finds, ascending. A server that refuses
// the search finds nothing.
func (s *session) search(criteria *imap.SearchCriteria) ([]imap.UID, error) {
	var found []imap.UID
	err := s.bounded(fetchTimeout, func() error {
		data, err := s.client.UIDSearch(criteria, nil).Wait()
		if err == nil {
			found = data.AllUIDs()
		}
		return err
	})
	slices.Sort(found)
	return found, s.explain(err)
}

// connectionLost tells an error that ends the session from a refused command.
func connectionLost(err error) bool { return err != nil && !errors.As(err, new(*refusal)) }

// withID is the UIDs of mails with that Message-ID, ascending: few more than
// those, since servers look for it as a part of the header.
func (s *session) withID(id string) ([]imap.UID, error) {
	return s.search(&imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: "Message-ID", Value: "<" + id + ">"}}})
}

// stored is one mail as it stands in the mailbox.
type stored struct {
	uid  imap.UID
	came time.Time // when the server took it in
	size int64
	raw  []byte // at most maxMail bytes
	// refused: the server does not hand it out.
	refused bool
}

// list tells size and time of the mails that are still there.
func (s *session) list(uids []imap.UID) ([]stored, error) {
	got, err := s.fetch(uids, &imap.FetchOptions{UID: true, InternalDate: true, RFC822Size: true})
	return got, s.explain(err)
}

// load fetches the mails in full. Those that the server refuses to hand out are
// marked; those that are gone are left out.
func (s *session) load(uids []imap.UID) ([]stored, error) {
	options := &imap.FetchOptions{UID: true, InternalDate: true, RFC822Size: true, BodySection: []*imap.FetchItemBodySection{
		{Peek: true, Partial: &imap.SectionPartial{Offset: 0, Size: maxMail}},
	}}
	got, err := s.fetch(uids, options)
	var refused *imap.Error
	switch {
	case err == nil:
		for i := range got {
			got[i].refused = got[i].raw == nil
		}
		return got, nil
	case !errors.As(err, &refused) || refused.Type == imap.StatusResponseTypeBye:
		return nil, s.explain(err)
	case len(uids) == 1:
		return []stored{{uid: uids[0], came: time.Now(), refused: true}}, nil
	}
	var all []stored
	for _, uid := range uids {
		one, err := s.load([]imap.UID{uid})
		if err != nil {
			return nil, err
		}
		all = append(all, one...)
	}
	return all, nil
}

func (s *session) fetch(uids []imap.UID, options *imap.FetchOptions) ([]stored, error) {
	if len(uids) == 0 {
		return nil, nil
	}
	var all []stored
	err := s.bounded(fetchTimeout, func() error {
		cmd := s.client.Fetch(imap.UIDSetNum(uids...), options)
		for data := cmd.Next(); data != nil; data = cmd.Next() {
			one, err := readStored(data)
			if err != nil {
				_ = s.conn.Close() // so that Close does not read the rest
				_ = cmd.Close()
				return err
			}
			all = append(all, one)
		}
		return cmd.Close()
	})
	// The answers come in the server's order, and not only to what was asked.
	all = slices.DeleteFunc(all, func(m stored) bool { return !slices.Contains(uids, m.uid) })
	slices.SortFunc(all, func(a, b stored) int { return int(int64(a.uid) - int64(b.uid)) })
	return all, err
}

func readStored(data *imapclient.FetchMessageData) (stored, error) {
	var m stored
	for item := data.Next(); item != nil; item = data.Next() {
		switch item := item.(type) {
		case imapclient.FetchItemDataUID:
			m.uid = item.UID
		case imapclient.FetchItemDataInternalDate:
			m.came = item.Time.UTC()
		case imapclient.FetchItemDataRFC822Size:
			m.size = item.Size
		case imapclient.FetchItemDataBodySection:
			if item.Literal == nil {
				continue
			}
			raw, err := io.ReadAll(io.LimitReader(item.Literal, maxMail))
			if err != nil {
				return m, err
			}
			m.raw = raw
		}
	}
	return m, nil
}
