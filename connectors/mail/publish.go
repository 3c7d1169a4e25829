package mail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-smtp"

	"standpunt/approval"
	"standpunt/connectors"
)

// Publish sends the release's text as one mail, exactly once: there is one
// connection and one DATA, and no second try. Until the line that ends the mail
// is on its way every failure is certain; from then on only the server's word
// is, and without it the outcome is Unknown.
//
// A customer's address that the server refuses is Rejected. The receipt's time
// is ours: SMTP tells none.
func (c *Connector) Publish(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	if err := c.mine(r); err != nil {
		return approval.Receipt{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	now := time.Now()
	m, err := c.compose(r.Attempt(), now)
	if err != nil {
		return approval.Receipt{}, err
	}
	client, err := c.openSMTP(ctx)
	if err != nil {
		return approval.Receipt{}, unbegun(err)
	}
	defer client.close()
	data, err := client.write(m)
	if err != nil {
		return approval.Receipt{}, unbegun(err)
	}
	if _, err := data.CloseWithResponse(); err != nil {
		return approval.Receipt{}, client.afterTheDot(err)
	}
	return approval.Receipt{ExternalID: m.id, PostedAt: now.UTC()}, nil
}

// mine refuses a release that is none, or one for somebody else.
func (c *Connector) mine(r approval.Release) error {
	if !r.Valid() {
		return connectors.Errorf(connectors.NotAllowed, "this is no release")
	}
	switch a := r.Attempt(); {
	case a.Account != c.name:
		return connectors.Errorf(connectors.NotAllowed, "the release is for another account")
	case a.RemoteID != c.s.Address:
		return &connectors.Error{Kind: connectors.NotAllowed, Message: "the release was approved for another mail address than the account has now",
			Remedy: "Make a new revision; it may repeat the text."}
	case a.Action != approval.Reply && a.Action != approval.Post:
		return connectors.Errorf(connectors.NotAllowed, "a mailbox can answer, and nothing else")
	}
	return nil
}

// write gives one mail to the server, for the customer and for ourselves, all but
// the dot that ends it: until then the server may pass on nothing (RFC 5321, section
// 4.1.1.4).
func (s *submission) write(m outgoing) (*smtp.DataCommand, error) {
	utf8 := !isASCII(m.to)
	if ok, _ := s.client.Extension("SMTPUTF8"); utf8 && !ok {
		return nil, refuse("the customer's address has letters that this mail server cannot send to")
	}
	if err := s.client.Mail(s.c.s.Address, mailOptions(utf8)); err != nil {
		return nil, s.explain(err, connectors.NotAllowed, "does not let this account send from its address", "Check the setting address, and what the account may do.")
	}
	if err := s.client.Rcpt(m.to, nil); err != nil {
		return nil, s.explain(err, connectors.Rejected, "refuses the customer's address", "The customer cannot be reached there.")
	}
	if err := s.client.Rcpt(s.c.s.Address, nil); err != nil {
		return nil, s.explain(err, connectors.NotAllowed, "refuses the account's own address, so what is sent could not be read back", "Check the setting address.")
	}
	data, err := s.client.Data()
	if err != nil {
		return nil, s.explain(err, connectors.Rejected, "refuses the mail", "")
	}
	if _, err := data.Write(m.raw); err != nil {
		return nil, s.explain(err, connectors.Rejected, "refuses the mail", "")
	}
	return data, nil
}

// unbegun is an error from before the dot: what could not be sent then was not.
func unbegun(err error) error {
	var e *connectors.Error
	if !errors.As(err, &e) {
		return err
	}
	kept := *e
	kept.Unbegun = true
	return &kept
}

// afterTheDot is a failure once the whole mail is on its way: a clear refusal
// is certain, anything else is not.
func (s *submission) afterTheDot(err error) error {
	if code := codeOf(err); code >= 400 && code <= 599 {
		return s.explain(err, connectors.Rejected, "refuses the mail", "Its text may look like unwanted mail to the server.")
	}
	what := s.explain(err, connectors.Unknown, "gave an answer that makes no sense", "")
	var e *connectors.Error
	if errors.As(what, &e) {
		return &connectors.Error{Kind: connectors.Unknown, Message: e.Message + ", after it had the whole mail",
			Remedy: "It may have been sent: reading back will show, or ask the customer.", Err: e.Err}
	}
	return &connectors.Error{Kind: connectors.Unknown, Message: fmt.Sprintf("the mail server %s may have taken the mail", s.c.s.smtp.address()), Err: err}
}
