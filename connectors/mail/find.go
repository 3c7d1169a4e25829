package mail

import (
	"context"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"standpunt/approval"
	"standpunt/connectors"
)

// Find looks for our own copy of an attempt's mail, by its Message-ID, in the
// account's mailbox and then in the mailbox for sent mail. It answers Present,
// or else CannotTell and never Absent: between a server's 250 and the copy in
// the mailbox lie queues and filters that nobody can see into.
func (c *Connector) Find(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	nothing := connectors.Found{Outcome: connectors.CannotTell}
	if !isKey(a.Key) {
		return nothing, nil
	}
	s, err := c.open(ctx, c.s.Mailbox)
	if err != nil {
		return connectors.Found{}, err
	}
	defer s.close()
	found, err := s.copyOf(c.messageID(a.Key))
	if err != nil || found.Outcome == connectors.Present {
		return found, err
	}
	sent, err := s.sentMailbox()
	if err != nil || sent == "" || sent == c.s.Mailbox {
		return nothing, err
	}
	if err := s.open(sent); err != nil {
		return nothing, nil // a mailbox that does not open tells nothing
	}
	return s.copyOf(c.messageID(a.Key))
}

// copyOf is the first mail with that Message-ID that is from us. A later one
// could be somebody else's, who has our answer and knows its id by now.
func (s *session) copyOf(id string) (connectors.Found, error) {
	uids, err := s.withID(id)
	if connectionLost(err) {
		return connectors.Found{}, err
	}
	for _, uid := range uids[:min(len(uids), 10)] {
		mails, err := s.load([]imap.UID{uid})
		if err != nil {
			return connectors.Found{}, err
		}
		if len(mails) == 0 || mails[0].refused {
			continue
		}
		h, body := splitHeader(mails[0].raw)
		if got, own := s.c.isOwn(h); own && got == id {
			return connectors.Found{Outcome: connectors.Present, Text: sentText(h, body),
				Receipt: approval.Receipt{ExternalID: id, PostedAt: mails[0].came}}, nil
		}
	}
	return connectors.Found{Outcome: connectors.CannotTell}, nil
}

// sentMailbox is the name of the mailbox for sent mail: the one that the server
// marks, else one called Sent; empty where there is none.
func (s *session) sentMailbox() (string, error) {
	var boxes []*imap.ListData
	err := s.bounded(s.c.answerWithin, func() (err error) {
		var options *imap.ListOptions
		if caps := s.client.Caps(); caps.Has(imap.CapSpecialUse) && (caps.Has(imap.CapListExtended) || caps.Has(imap.CapIMAP4rev2)) {
			options = &imap.ListOptions{ReturnSpecialUse: true}
		}
		boxes, err = s.client.List("", "*", options).Collect()
		return err
	})
	if err = s.explain(err); err != nil {
		if connectionLost(err) {
			return "", err
		}
		return "", nil
	}
	named := ""
	for _, box := range boxes {
		if slices.Contains(box.Attrs, imap.MailboxAttrSent) {
			return box.Mailbox, nil
		}
		if strings.EqualFold(box.Mailbox, "Sent") || strings.EqualFold(box.Mailbox, "INBOX.Sent") {
			named = box.Mailbox
		}
	}
	return named, nil
}
