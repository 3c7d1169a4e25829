package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/connectors/mail/mailtest"
	"standpunt/inbox"
)

const patience = time.Minute

// deliver lets the customer send a mail with these headers.
func (p *place) deliver(t testing.TB, headers, text string) {
	t.Helper()
	raw := fmt.Sprintf("From: Klant <%s>\nTo: <%s>\n%s\n\n%s\n", p.customer.Address, p.care.Address, headers, text)
	if err := p.Deliver(p.customer.Address, p.care.Address, []byte(raw)); err != nil {
		t.Fatal(err)
	}
}

// await polls until n mentions came, and fails the test if more did.
func await(t testing.TB, c *Connector, after inbox.Cursor, n int) (connectors.Page, inbox.Cursor) {
	t.Helper()
	var all connectors.Page
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		page, err := c.Poll(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		after = page.Next
		all.Mentions, all.Own = append(all.Mentions, page.Mentions...), append(all.Own, page.Own...)
		if len(all.Mentions) >= n && !page.More || time.Now().After(end) {
			break
		}
	}
	if len(all.Mentions) != n {
		t.Fatalf("%d mentions came, want %d: %+v", len(all.Mentions), n, all.Mentions)
	}
	return all, after
}

// The whole way: a customer writes, is answered by a real release, finds the
// answer in the thread, answers back, and the copy in our mailbox is known.
func TestAMailIsAnsweredInItsThread(t *testing.T) {
	p := newPlace(t)
	c := p.connect(t, map[string]any{"sender_name": "Brand klantenservice"})
	p.deliver(t, "Subject: Waar blijft het?\nMessage-ID: <een@klant.test>", "Ik wacht al een week.")
	page, cursor := await(t, c, nil, 1)
	m := page.Mentions[0]
	if m.ExternalID != "een@klant.test" || m.Author.Name != "Klant" || m.Visibility != inbox.Private || m.Thread != "" || m.Unanswerable != "" {
		t.Errorf("the mention is %+v", m)
	}
	const text = "Goedendag,\n\nhet komt morgen. Met vriendelijke groet \n.\nFrom nu af 5 € minder…\n"
	r := approvaltest.Release(t, "care", p.care.Address, m, text)
	receipt, err := c.Publish(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	raw, err := p.Await(ctx, p.customer, "<"+receipt.ExternalID+">")
	if err != nil {
		t.Fatal(err)
	}
	h, body := splitHeader(raw)
	if got := sentText(h, body); got != r.Attempt().Text {
		t.Errorf("the customer reads %q", got)
	}
	for name, want := range map[string]string{"In-Reply-To": "<een@klant.test>", "References": "<een@klant.test>", "Subject": "Re: Waar blijft het?", "To": "<" + p.customer.Address + ">", "Cc": "", "Bcc": "",
		"From": fmt.Sprintf("%q <%s>", "Brand klantenservice", p.care.Address)} {
		if got := h.get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	found := findUntilPresent(t, c, r.Attempt())
	if found.Text != r.Attempt().Text || found.Receipt.ExternalID != receipt.ExternalID {
		t.Errorf("read back %+v", found)
	}
	// The customer's program names only the mail that it answers.
	p.deliver(t, "Subject: Re: Waar blijft het?\nMessage-ID: <twee@klant.test>\nIn-Reply-To: <"+receipt.ExternalID+">", "Dank u!\n\nOp maandag schreef Brand <"+p.care.Address+">:\n> Goedendag")
	page, _ = await(t, c, cursor, 1)
	if len(page.Own) != 1 || page.Own[0].ExternalID != receipt.ExternalID || page.Own[0].Text != r.Attempt().Text || page.Own[0].InReplyTo != "een@klant.test" {
		t.Errorf("our own copy came as %+v", page.Own)
	}
	if m := page.Mentions[0]; m.Thread != "een@klant.test" || m.InReplyTo != receipt.ExternalID || m.Text != "Dank u!" || m.Quoted == "" {
		t.Errorf("the second mail came as %+v", m)
	}
}

func findUntilPresent(t testing.TB, c *Connector, a approval.Attempt) connectors.Found {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		found, err := c.Find(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if found.Outcome == connectors.Present {
			return found
		}
	}
	t.Fatal("the answer is not found")
	return connectors.Found{}
}

// A crash between the server's word and our note of it, and somebody who sends
// again: the two mails have one Message-ID, and reading back finds the first.
func TestOneReleaseHasOneMessageID(t *testing.T) {
	p := newPlace(t)
	r := approvaltest.Release(t, "care", p.care.Address, inbox.Inbound{ExternalID: "x@klant.test", Author: inbox.Author{ExternalID: "k"}, Kind: "mail", Visibility: inbox.Private, Text: "?",
		Route: []inbox.Field{{Name: "To", Value: p.customer.Address}}}, "Goedendag.")
	if found, err := p.connect(t, nil).Find(t.Context(), r.Attempt()); err != nil || found.Outcome != connectors.CannotTell {
		t.Errorf("before anything was sent: %+v, %v", found, err)
	}
	for range 2 {
		if _, err := p.connect(t, nil).Publish(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	var mails [][]byte
	for end := time.Now().Add(patience); len(mails) < 2 && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var err error
		if mails, err = p.Mailbox(p.customer); err != nil {
			t.Fatal(err)
		}
	}
	if len(mails) != 2 {
		t.Fatalf("%d mails came", len(mails))
	}
	for _, raw := range mails {
		h, _ := splitHeader(raw)
		if got := h.get("Message-ID"); got != "<"+r.Attempt().Key+"@brand.test>" {
			t.Errorf("Message-ID %s", got)
		}
	}
	if found := findUntilPresent(t, p.connect(t, nil), r.Attempt()); found.Text != "Goedendag." {
		t.Errorf("found %+v", found)
	}
}

// Somebody who has our answer sends us another text under its id: reading back
// shows what the server had from us.
func TestAForgedCopyIsNotReadBack(t *testing.T) {
	p := newPlace(t)
	c := p.connect(t, nil)
	forged := func(from string) []byte {
		return []byte("From: " + from + "\r\nMessage-ID: <" + key + "@brand.test>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nvals\r\n")
	}
	if err := p.Append(p.care, "INBOX", forged(p.customer.Address), time.Now()); err != nil {
		t.Fatal(err)
	}
	found, err := c.Find(t.Context(), approval.Attempt{Key: key})
	if err != nil || found.Outcome != connectors.CannotTell {
		t.Errorf("found %+v, %v", found, err)
	}
	page, _ := await(t, c, nil, 1) // and it is a mention like any other
	if len(page.Own) != 0 || page.Mentions[0].Text != "vals" {
		t.Errorf("came as %+v", page)
	}
	// In the mailbox for sent mail it is found as well.
	if err := p.Append(p.care, "Sent", forged(p.care.Address), time.Now()); err != nil {
		t.Fatal(err)
	}
	if found, err := c.Find(t.Context(), approval.Attempt{Key: key}); err != nil || found.Outcome != connectors.Present || found.Text != "vals" {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestNewUIDVALIDITYReadsTheWindowAgainAndKeepsTheIds(t *testing.T) {
	p := newPlace(t)
	add := func(id string, ago time.Duration) {
		raw := "From: " + p.customer.Address + "\r\nSubject: " + id + "\r\nMessage-ID: <" + id + "@klant.test>\r\n\r\ntekst\r\n"
		if err := p.Append(p.care, "INBOX", []byte(raw), time.Now().Add(-ago)); err != nil {
			t.Fatal(err)
		}
	}
	add("oud", 72*time.Hour)
	add("gisteren", 20*time.Hour)
	add("nu", time.Minute)
	if err := p.Recreate(p.care, "Klanten"); err != nil {
		t.Fatal(err)
	}
	c := p.connect(t, map[string]any{"mailbox": "Klanten"})
	first, cursor := await(t, c, nil, 2)
	if first.Mentions[0].ExternalID != "gisteren@klant.test" || first.Mentions[1].ExternalID != "nu@klant.test" {
		t.Errorf("the first poll brought %+v", first.Mentions)
	}
	if again, _ := await(t, c, cursor, 0); len(again.Mentions) != 0 {
		t.Errorf("came again: %+v", again.Mentions)
	}
	add("later", 0)
	if err := p.Recreate(p.care, "Klanten"); err != nil {
		t.Fatal(err)
	}
	second, after := await(t, c, cursor, 3)
	if second.Mentions[0].ExternalID != "gisteren@klant.test" || second.Mentions[2].ExternalID != "later@klant.test" {
		t.Errorf("after the change came %+v", second.Mentions)
	}
	if string(after) == string(cursor) {
		t.Error("the cursor did not move")
	}
	// A foreign cursor is the window again.
	if foreign, _ := await(t, c, inbox.Cursor("{}"), 3); len(foreign.Mentions) != 3 {
		t.Errorf("a foreign cursor brought %+v", foreign.Mentions)
	}
}

func TestManyMailsComeInPagesAndNoneTwice(t *testing.T) {
	p := newPlace(t)
	const n = 2*pageMails + 7
	for i := range n {
		raw := fmt.Sprintf("From: %s\r\nMessage-ID: <%d@klant.test>\r\n\r\ntekst %d\r\n", p.customer.Address, i, i)
		if err := p.Append(p.care, "INBOX", []byte(raw), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	c := p.connect(t, nil)
	var cursor inbox.Cursor
	seen := make(map[string]bool)
	for pages := 1; ; pages++ {
		page, err := c.Poll(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Mentions) > pageMails {
			t.Errorf("a page of %d", len(page.Mentions))
		}
		for _, m := range page.Mentions {
			if seen[m.ExternalID] {
				t.Errorf("%s came twice", m.ExternalID)
			}
			seen[m.ExternalID] = true
		}
		if cursor = page.Next; !page.More {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if len(seen) != n {
		t.Errorf("%d mails came, want %d", len(seen), n)
	}
}

func TestMailsWithoutOrWithAUsedMessageIDAreToldApart(t *testing.T) {
	p := newPlace(t)
	for _, raw := range []string{
		"Message-ID: <zelfde@klant.test>\r\nSubject: een\r\n\r\neerste",
		"Received: by list\r\nMessage-ID: <zelfde@klant.test>\r\nSubject: een\r\n\r\neerste\r\n", // the same mail, by another way
		"Message-ID: <zelfde@klant.test>\r\nSubject: twee\r\n\r\ntweede",
		"Subject: drie\r\n\r\nderde", "Subject: drie\r\n\r\nderde", "Subject: vier\r\n\r\nvierde",
	} {
		if err := p.Append(p.care, "INBOX", []byte("From: "+p.customer.Address+"\r\n"+raw), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	for range 2 { // the ids are the same every time
		page, _ := await(t, p.connect(t, nil), nil, 6)
		for i, m := range page.Mentions {
			if len(ids) > i && len(ids) >= 6 && ids[i] != m.ExternalID {
				t.Errorf("mail %d was %s and is %s", i, ids[i], m.ExternalID)
			}
			ids = append(ids, m.ExternalID)
		}
	}
	if ids[0] != "zelfde@klant.test" || ids[1] != ids[0] || ids[2] == ids[0] || ids[3] != ids[4] || ids[5] == ids[4] || !strings.HasPrefix(ids[3], "sha256:") {
		t.Errorf("the ids are %q", ids[:6])
	}
}

func TestADeliveryReportCannotBeAnswered(t *testing.T) {
	p := newPlace(t)
	if err := p.Deliver("", p.care.Address, []byte("From: MAILER-DAEMON@klant.test\nSubject: Undelivered\nMessage-ID: <b@klant.test>\n\nniet bezorgd\n")); err != nil {
		t.Fatal(err)
	}
	page, _ := await(t, p.connect(t, nil), nil, 1)
	if m := page.Mentions[0]; m.Text != "niet bezorgd" || !strings.Contains(m.Unanswerable, "empty return path") {
		t.Errorf("came as %+v", m)
	}
}

func TestTLSWorksAndIsDemanded(t *testing.T) {
	p := newPlace(t)
	port := func(address string) string { _, port, _ := net.SplitHostPort(address); return port }
	c := p.connect(t, map[string]any{"imap": "imaps://" + p.IMAPS, "smtp": "smtps://localhost:" + port(p.SMTPS)})
	_, err := c.Poll(t.Context(), nil)
	checkError(t, err, connectors.NotAllowed, "certificate")
	c.roots = p.Roots
	who, err := c.Identity(t.Context())
	if err != nil || !who.CanSend || who.RemoteID != p.care.Address {
		t.Errorf("over TLS: %+v, %v", who, err)
	}
	// STARTTLS is never chosen for loopback by settings, so it is chosen here.
	c.s.imap, c.s.smtp = endpoint{"imap", "127.0.0.1", port(p.IMAP), startTLS}, endpoint{"smtp", "127.0.0.1", port(p.SMTP), startTLS}
	if who, err := c.Identity(t.Context()); err != nil || !who.CanSend {
		t.Errorf("over STARTTLS: %+v, %v", who, err)
	}
	c.roots = nil
	if _, err := c.Poll(t.Context(), nil); err == nil {
		t.Error("STARTTLS took a certificate that nobody vouches for")
	} else {
		checkError(t, err, connectors.NotAllowed, "certificate")
	}
	if _, err := c.openSMTP(t.Context()); err == nil {
		t.Error("SMTP took a certificate that nobody vouches for")
	} else {
		checkError(t, err, connectors.NotAllowed, "certificate")
	}
	c = p.connect(t, map[string]any{"imap": "imaps://" + p.IMAP})
	_, err = c.Poll(t.Context(), nil)
	checkError(t, err, connectors.NotAllowed, "imap://")
}

func TestWhoMayReadButNotSendIsTold(t *testing.T) {
	p := newPlace(t)
	server := script(t, "220 mx.test ESMTP\r\n", smtpAnswers(map[string]string{"AUTH": "535 5.7.8 no\r\n", "*": "501 ok\r\n"}))
	who, err := p.connect(t, map[string]any{"smtp": server.address}).Identity(t.Context())
	if err != nil || who.CanSend || who.RemoteID != p.care.Address || !strings.Contains(who.Note, "password") {
		t.Errorf("got %+v, %v", who, err)
	}
	_, err = p.connect(t, map[string]any{"smtp": "127.0.0.1:1"}).Identity(t.Context())
	checkError(t, err, connectors.Temporary, "refused")
}

func TestTheStreamBringsMailsAsTheyCome(t *testing.T) {
	for name, withIdle := range map[string]bool{"IDLE": true, "without IDLE": false} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.deliver(t, "Subject: x\nMessage-ID: <voor@klant.test>", "van voor de verbinding")
			_, cursor := await(t, p.connect(t, nil), nil, 1)
			changed := map[string]any{"poll_every": time.Second}
			if !withIdle {
				changed["imap"] = forgetIdle(t, p.IMAP)
			}
			c := p.connect(t, changed)
			c.idleFor = 100 * time.Millisecond // many signs of life in one test
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			var got []string
			err := c.Stream(ctx, cursor, func(page connectors.Page) error {
				for _, m := range page.Mentions {
					got = append(got, m.ExternalID)
				}
				switch len(got) {
				case 0, 1:
					p.deliver(t, fmt.Sprintf("Subject: x\nMessage-ID: <%d@klant.test>", len(got)), "tijdens")
					return nil
				}
				return errEnough
			})
			if !errors.Is(err, errEnough) || strings.Join(got, " ") != "0@klant.test 1@klant.test" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

var errEnough = errors.New("enough")

func TestADeadStreamIsNoticed(t *testing.T) {
	p := newPlace(t)
	var dead atomic.Bool
	between := newProxy(t, p.IMAP, func(answer []byte) []byte {
		if dead.Load() {
			return nil
		}
		return answer
	})
	c := p.connect(t, map[string]any{"imap": between.address})
	c.idleFor = 50 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := c.Stream(ctx, nil, func(connectors.Page) error {
		between.hangUp()
		return nil
	})
	checkError(t, err, connectors.Temporary, "")
	// A link that carries nothing any more looks just like a quiet one.
	patiently := c.answerWithin
	c.answerWithin = time.Second
	err = c.Stream(ctx, nil, func(connectors.Page) error { dead.Store(true); return nil })
	checkError(t, err, connectors.Temporary, "in time")
	dead.Store(false)
	c.answerWithin = patiently
	// And a stream ends with its context at once.
	ctx, cancel = context.WithCancel(t.Context())
	err = c.Stream(ctx, nil, func(connectors.Page) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled stream says %v", err)
	}
}

func TestServersThatAreDown(t *testing.T) {
	s := mailtest.Start(t)
	p := &place{s, mailtest.Care, mailtest.Customer}
	c := p.connect(t, nil)
	if err := s.StopSMTP(); err != nil {
		t.Fatal(err)
	}
	_, err := c.Publish(t.Context(), approvaltest.Release(t, "care", p.care.Address, question, "x"))
	checkError(t, err, connectors.Temporary, "refused")
	if err := s.StopIMAP(); err != nil {
		t.Fatal(err)
	}
	_, err = c.Poll(t.Context(), nil)
	checkError(t, err, connectors.Temporary, "refused")
}
