package mail

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"standpunt/connectors"
)

// submission is one signed-in SMTP connection. Like a [session] it ends with its
// context, by closing the connection.
type submission struct {
	c      *Connector
	ctx    context.Context
	conn   *link
	client *smtp.Client
	detach func() bool
}

// openSMTP connects and signs in.
func (c *Connector) openSMTP(ctx context.Context) (*submission, error) {
	conn, err := c.dial(ctx, c.s.smtp)
	if err != nil {
		return nil, err
	}
	s := &submission{c: c, ctx: ctx, conn: &link{Conn: conn}}
	s.detach = context.AfterFunc(ctx, func() { _ = conn.Close() })
	if err := s.greet(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *submission) greet() error {
	if s.c.s.smtp.security == startTLS {
		if err := s.startTLS(); err != nil {
			return err
		}
	} else {
		s.client = smtp.NewClient(s.conn)
	}
	s.client.CommandTimeout, s.client.SubmissionTimeout = commandTimeout, acceptTimeout
	if err := s.client.Hello(s.c.domain()); err != nil {
		return s.explain(err, connectors.NotAllowed, "does not talk to us", "Ask its operator why.")
	}
	return s.signIn()
}

func (s *submission) startTLS() error {
	timer := time.AfterFunc(commandTimeout, func() { _ = s.conn.Close() }) // the library would wait for minutes
	defer timer.Stop()
	var err error
	if s.client, err = smtp.NewClientStartTLS(s.conn, s.c.tlsConfig(s.c.s.smtp)); err == nil {
		return nil
	}
	if s.conn.failure.Load() == nil && codeOf(err) == 0 && !errors.As(err, new(textproto.ProtocolError)) {
		return &connectors.Error{Kind: connectors.NotAllowed, Message: fmt.Sprintf("the mail server %s does not offer STARTTLS", s.c.s.smtp.address()),
			Remedy: "Write smtps:// in the setting smtp, with the port that speaks TLS."}
	}
	return s.explain(err, connectors.NotAllowed, "does not begin TLS", "Write smtps:// in the setting smtp, with the port that speaks TLS.")
}

func (s *submission) signIn() error {
	user, password := s.c.s.Username, s.c.s.Password.Reveal()
	var mechanism sasl.Client
	switch {
	case s.client.SupportsAuth(sasl.Plain):
		mechanism = sasl.NewPlainClient("", user, password)
	case s.client.SupportsAuth(sasl.Login):
		mechanism = sasl.NewLoginClient(user, password)
	default:
		return &connectors.Error{Kind: connectors.NotAllowed, Message: fmt.Sprintf("the mail server %s does not let anybody sign in with a password here", s.c.s.smtp.address()),
			Remedy: "Use the port for sending mail with a password, 465 or 587, in the setting smtp."}
	}
	if err := s.client.Auth(mechanism); err != nil {
		return s.explain(err, connectors.BadAuth, "refuses the user name or the password for sending",
			"Check the settings username and password; many providers want an app password here.")
	}
	return nil
}

func (s *submission) close() {
	s.detach()
	_ = s.conn.Close()
}

// explain is err as a connector's error. A lasting refusal (5xx) is of the
// given kind, with what the server does and what to do about it; a passing one
// (4xx) is Temporary; else the connection broke, or the answer made no sense.
func (s *submission) explain(err error, lasting connectors.ErrorKind, does, remedy string) error {
	host := s.c.s.smtp.address()
	var refused *smtp.SMTPError
	if errors.As(err, &refused) && refused.Code >= 400 && refused.Code < 600 {
		e := &connectors.Error{Kind: lasting, Message: fmt.Sprintf("the mail server %s %s (%s)", host, does, status(refused)), Remedy: remedy,
			Err: errors.New("smtp: " + status(refused))}
		if refused.Code < 500 {
			e.Kind, e.Remedy = connectors.Temporary, "The server says that it may work later."
		}
		return e
	}
	e := lost(s.ctx, s.c.s.smtp, err)
	if failure := s.conn.failure.Load(); failure != nil && e.Kind == connectors.Garbage {
		e = lost(s.ctx, s.c.s.smtp, *failure)
	}
	return e
}

// status is the server's code alone: its text often quotes addresses.
func status(e *smtp.SMTPError) string {
	if e.EnhancedCode == (smtp.EnhancedCode{}) || e.EnhancedCode == smtp.NoEnhancedCode {
		return fmt.Sprint(e.Code)
	}
	return fmt.Sprintf("%d %d.%d.%d", e.Code, e.EnhancedCode[0], e.EnhancedCode[1], e.EnhancedCode[2])
}

// codeOf is the reply code in err; 0 where the server gave none.
func codeOf(err error) int {
	var refused *smtp.SMTPError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return 0
}

func mailOptions(utf8 bool) *smtp.MailOptions {
	if !utf8 {
		return nil
	}
	return &smtp.MailOptions{UTF8: true}
}
