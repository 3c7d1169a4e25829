package mail

import (
	"context"
	"time"

	"github.com/emersion/go-imap/v2"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/inbox"
)

const (
	pageMails = 50       // mails in one page, at most
	pageBytes = 16 << 20 // and their bytes, unless one mail alone has more
)

// Poll reads the mails above the cursor's UID, a page of them at a time.
func (c *Connector) Poll(ctx context.Context, after inbox.Cursor) (connectors.Page, error) {
	at, err := parseCursor(after)
	if err != nil { // of another version: what it covers is read again and recognised
		c.log.Warn("mail cursor not understood; reading the back-fill window again", "error", err)
	}
	s, err := c.open(ctx, c.s.Mailbox)
	if err != nil {
		return connectors.Page{}, err
	}
	defer s.close()
	if s.next == 0 {
		last, err := s.last()
		if err != nil {
			return connectors.Page{}, err
		}
		s.next = last + 1
	}
	at = at.under(s.validity, s.next, time.Now(), c.backfill)
	page, at, err := s.page(at)
	if err != nil {
		return connectors.Page{}, err
	}
	page.Next, err = at.encode()
	return page, err
}

// page reads what comes next and moves the cursor over it.
func (s *session) page(at cursor) (connectors.Page, cursor, error) {
	uids, err := s.after(at)
	if err != nil {
		return connectors.Page{}, at, err
	}
	more := len(uids) > pageMails
	listed, err := s.list(uids[:min(len(uids), pageMails)])
	if err != nil {
		return connectors.Page{}, at, err
	}
	var wanted []imap.UID
	last, bytes := at.Last, int64(0)
	if !more && len(uids) > 0 {
		last = uids[len(uids)-1]
	}
	for _, m := range listed {
		if bytes += min(m.size, maxMail); bytes > pageBytes && len(wanted) > 0 {
			more = true
			break
		}
		last = max(m.uid, at.Last)
		if m.uid > at.FillTo || !m.came.Before(at.From) {
			wanted = append(wanted, m.uid)
		}
	}
	if more && len(listed) == 0 { // all of them are gone meanwhile
		last = uids[pageMails-1]
	}
	mails, err := s.load(wanted)
	if err != nil {
		return connectors.Page{}, at, err
	}
	page := connectors.Page{More: more}
	for _, m := range mails {
		if err := s.take(&page, m); err != nil {
			return connectors.Page{}, at, err
		}
		if m.came.After(at.Newest) && !m.came.After(time.Now()) {
			at.Newest = m.came
		}
	}
	at.Last = last
	if !more && s.next > 0 {
		at.Last = max(last, at.FillTo)
	}
	if at.Last >= at.FillTo {
		at.FillTo, at.From = 0, time.Time{}
	}
	return page, at, nil
}

// after is the UIDs above the cursor, ascending, without those that the
// back-fill window leaves out.
func (s *session) after(at cursor) ([]imap.UID, error) {
	var all []imap.UID
	if at.Last < at.FillTo {
		// SEARCH knows whole days, in the server's time zone: a day more, and page looks closer.
		found, err := s.search(&imap.SearchCriteria{UID: []imap.UIDSet{between(at.Last+1, at.FillTo)}, Since: at.From.AddDate(0, 0, -1)})
		if err != nil {
			return nil, err
		}
		all = found
	}
	begin := max(at.Last, at.FillTo) + 1
	if s.next > 0 && begin >= s.next {
		return all, nil
	}
	found, err := s.search(&imap.SearchCriteria{UID: []imap.UIDSet{between(begin, 0)}})
	if err != nil {
		return nil, err
	}
	for _, uid := range found {
		if uid >= begin { // n:* always has the last mail, whatever n is
			all = append(all, uid)
		}
	}
	return all, nil
}

// between is the UIDs from a to b; b 0 stands for the last one.
func between(a, b imap.UID) imap.UIDSet {
	var set imap.UIDSet
	set.AddRange(a, b)
	return set
}

// take puts one mail where it belongs: our own copies of what we sent to Own,
// anything else to Mentions.
func (s *session) take(page *connectors.Page, m stored) error {
	if m.refused {
		page.Mentions = append(page.Mentions, s.unreadable(m))
		return nil
	}
	h, body, ok := s.c.parse(m)
	if !ok {
		page.Mentions = append(page.Mentions, s.unreadable(m))
		return nil
	}
	if id, own := s.c.isOwn(h.header); own {
		page.Own = append(page.Own, approval.OwnPost{ExternalID: id, InReplyTo: first(h.header.ids("In-Reply-To")), Text: sentText(h.header, body), PostedAt: m.came})
		return nil
	}
	in := s.c.mention(h, m)
	if err := s.settleID(&in, h, m); err != nil {
		return err
	}
	if err := s.settleThread(&in, h); err != nil {
		return err
	}
	page.Mentions = append(page.Mentions, in)
	return nil
}
