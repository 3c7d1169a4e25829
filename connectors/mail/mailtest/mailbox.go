package mailtest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-smtp"
)

// Deliver hands a mail to the SMTP server as another server on the internet
// would: without signing in. from may be empty, as in a bounce. Line ends are
// made CRLF; nothing else is touched.
func (s *Servers) Deliver(from, to string, raw []byte) error {
	conn, err := net.DialTimeout("tcp", s.SMTP, time.Minute)
	if err != nil {
		return fmt.Errorf("mailtest: deliver: %w", err)
	}
	c := smtp.NewClient(conn)
	defer c.Close()
	c.CommandTimeout, c.SubmissionTimeout = time.Minute, time.Minute
	raw = bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	if err := c.SendMail(from, []string{to}, bytes.NewReader(raw)); err != nil {
		return fmt.Errorf("mailtest: deliver: %w", err)
	}
	return nil
}

// Mailbox is every mail in a user's INBOX, the oldest first.
func (s *Servers) Mailbox(u User) ([][]byte, error) {
	c, err := s.signIn(u)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	selected, err := c.Select("INBOX", &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return nil, fmt.Errorf("mailtest: mailbox: %w", err)
	}
	if selected.NumMessages == 0 {
		return nil, nil
	}
	var set imap.SeqSet
	set.AddRange(1, selected.NumMessages)
	body := &imap.FetchItemBodySection{Peek: true}
	got, err := c.Fetch(set, &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{body}}).Collect()
	if err != nil {
		return nil, fmt.Errorf("mailtest: mailbox: %w", err)
	}
	var all [][]byte
	for _, each := range got {
		all = append(all, each.FindBodySection(body))
	}
	return all, nil
}

// Await reads a user's INBOX until a mail in it contains every one of words,
// and returns the first that does.
func (s *Servers) Await(ctx context.Context, u User, words ...string) ([]byte, error) {
	for {
		all, err := s.Mailbox(u)
		if err != nil {
			return nil, err
		}
		for _, raw := range all {
			if containsAll(raw, words) {
				return raw, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("mailtest: no mail with %q among the %d of %s: %w", words, len(all), u.Address, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func containsAll(raw []byte, words []string) bool {
	for _, each := range words {
		if !bytes.Contains(raw, []byte(each)) {
			return false
		}
	}
	return true
}

// Append puts a mail straight into a user's mailbox, with the time at which the
// server is to say that it came, whatever it contains.
func (s *Servers) Append(u User, mailbox string, raw []byte, came time.Time) error {
	return s.with(u, func(c *imapclient.Client) error {
		cmd := c.Append(mailbox, int64(len(raw)), &imap.AppendOptions{Time: came})
		if _, err := cmd.Write(raw); err != nil {
			return err
		}
		if err := cmd.Close(); err != nil {
			return err
		}
		_, err := cmd.Wait()
		return err
	})
}

// Recreate makes a mailbox other than INBOX anew, so that its UIDVALIDITY
// changes, and copies every mail of INBOX into it.
func (s *Servers) Recreate(u User, mailbox string) error {
	return s.with(u, func(c *imapclient.Client) error {
		_ = c.Delete(mailbox).Wait() // it need not exist
		if err := c.Create(mailbox, nil).Wait(); err != nil {
			return err
		}
		selected, err := c.Select("INBOX", nil).Wait()
		if err != nil || selected.NumMessages == 0 {
			return err
		}
		var set imap.SeqSet
		set.AddRange(1, selected.NumMessages)
		_, err = c.Copy(set, mailbox).Wait()
		return err
	})
}

func (s *Servers) with(u User, do func(*imapclient.Client) error) error {
	c, err := s.signIn(u)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := do(c); err != nil {
		return fmt.Errorf("mailtest: %w", err)
	}
	return nil
}

func (s *Servers) signIn(u User) (*imapclient.Client, error) {
	c, err := imapclient.DialInsecure(s.IMAP, nil)
	if err != nil {
		return nil, fmt.Errorf("mailtest: %w", err)
	}
	if err := c.Login(u.Username, u.Password).Wait(); err != nil {
		return nil, fmt.Errorf("mailtest: sign in: %w", err)
	}
	return c, nil
}
