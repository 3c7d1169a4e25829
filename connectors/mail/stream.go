package mail

import (
	"context"
	"errors"
	"time"

	"github.com/emersion/go-imap/v2"

	"standpunt/connectors"
	"standpunt/inbox"
)

// Stream delivers mails as the server announces them (IDLE). A quiet connection
// shows a sign of life every few minutes, so that a dead one is noticed; a
// server without IDLE is asked at the account's pace. It begins with what comes
// after it connected: what came before is the next poll's.
func (c *Connector) Stream(ctx context.Context, _ inbox.Cursor, deliver func(connectors.Page) error) error {
	s, err := c.open(ctx, c.s.Mailbox)
	if err != nil {
		return err
	}
	defer s.close()
	at := cursor{Version: cursorVersion, Validity: s.validity}
	if at.Last, err = s.last(); err != nil {
		return err
	}
	if err := deliver(connectors.Page{}); err != nil {
		return err
	}
	for {
		if err := s.wait(); err != nil {
			return s.ended(err)
		}
		s.next = 0 // what SELECT said is of long ago
		for more := true; more; {
			var page connectors.Page
			if page, at, err = s.page(at); err != nil {
				return s.ended(err)
			}
			more = page.More
			if len(page.Mentions)+len(page.Own) == 0 {
				continue
			}
			if err := deliver(page); err != nil {
				return err
			}
		}
	}
}

// last is the UID below which nothing new will come.
func (s *session) last() (imap.UID, error) {
	if s.next > 0 {
		return s.next - 1, nil
	}
	all, err := s.search(&imap.SearchCriteria{UID: []imap.UIDSet{between(1, 0)}})
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return all[len(all)-1], nil
}

// ended is why a stream ended: nothing but ctx's end where that is the cause.
func (s *session) ended(err error) error {
	if s.ctx.Err() != nil {
		return s.ctx.Err()
	}
	return err
}

// wait returns when the server has, or may have, something new.
func (s *session) wait() error {
	var caps imap.CapSet
	if err := s.bounded(s.c.answerWithin, func() error { caps = s.client.Caps(); return nil }); err != nil {
		return s.explain(err)
	}
	if caps.Has(imap.CapIdle) || caps.Has(imap.CapIMAP4rev2) {
		return s.idle()
	}
	if err := s.pause(s.c.PollEvery()); err != nil {
		return err
	}
	return s.explain(s.bounded(s.c.answerWithin, func() error { return s.client.Noop().Wait() }))
}

// pause waits for news, at most for d.
func (s *session) pause(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.news:
	case <-timer.C:
	case <-s.client.Closed():
		return s.explain(errClosed)
	}
	return nil
}

var errClosed = errors.New("mail: the connection ended")

// idle waits for the server's announcement, or for the time when a sign of life
// is due. Its beginning and its end are answered by the server, so neither can
// hang.
func (s *session) idle() error {
	for {
		var cmd interface {
			Close() error
			Wait() error
		}
		err := s.bounded(s.c.answerWithin, func() (err error) {
			cmd, err = s.client.Idle()
			return err
		})
		if err != nil {
			return s.explain(err)
		}
		announced := s.sleepUntilNews()
		err = s.bounded(s.c.answerWithin, func() error {
			if err := cmd.Close(); err != nil {
				return err
			}
			return cmd.Wait()
		})
		if err != nil {
			return s.explain(err)
		}
		if announced {
			return nil
		}
		// The answer to DONE proved that the link lives; and an announcement may have come with it.
		select {
		case <-s.news:
			return nil
		default:
		}
	}
}

// sleepUntilNews reports whether the server announced something.
func (s *session) sleepUntilNews() bool {
	timer := time.NewTimer(s.c.idleFor)
	defer timer.Stop()
	select {
	case <-s.news:
		return true
	case <-timer.C:
	case <-s.client.Closed():
	}
	return false
}
