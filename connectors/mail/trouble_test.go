package mail

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/inbox"
)

// scripted is a tiny TCP server: for each connection it says the greeting, then
// for each line that it reads the answer whose key the line begins with. The
// answer "hang up" closes the connection, "say nothing" is no answer.
type scripted struct {
	address string
	silent  context.Context //nolint:containedctx // its time is over when an answer is due and the server says nothing
	silence func()
	mu      sync.Mutex
	heard   []string
}

func script(t testing.TB, greeting string, answers map[string]string) *scripted {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{address: l.Addr().String()}
	s.silent, s.silence = connectortest.Expiring(t.Context())
	ctx, cancel := context.WithCancel(context.Background())
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			open.Go(func() {
				defer stop()
				defer conn.Close()
				s.talk(conn, greeting, answers)
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); cancel(); open.Wait() })
	return s
}

func (s *scripted) talk(conn net.Conn, greeting string, answers map[string]string) {
	if greeting == "" {
		s.silence()
	}
	if _, err := fmt.Fprint(conn, greeting); err != nil {
		return
	}
	lines := bufio.NewScanner(conn)
	data := false
	for lines.Scan() {
		line := lines.Text()
		s.mu.Lock()
		s.heard = append(s.heard, line)
		s.mu.Unlock()
		tag := ""
		if fields := strings.SplitN(line, " ", 2); len(fields) == 2 && strings.HasPrefix(fields[0], "T") {
			tag, line = fields[0], fields[1]
		}
		if data && line != "." {
			continue
		}
		answer := "say nothing"
		for begin, each := range answers {
			if strings.HasPrefix(line, begin) {
				answer = each
			}
		}
		data = line == "DATA" && strings.HasPrefix(answer, "354")
		switch answer {
		case "hang up":
			return
		case "say nothing":
			s.silence()
			continue
		}
		if _, err := fmt.Fprint(conn, strings.ReplaceAll(answer, "TAG", tag)); err != nil {
			return
		}
	}
}

// smtpAnswers are those of a server that takes everything.
func smtpAnswers(changed map[string]string) map[string]string {
	all := map[string]string{
		"EHLO": "250-mx.test\r\n250 AUTH PLAIN LOGIN\r\n", "AUTH": "235 2.7.0 ok\r\n", "MAIL": "250 ok\r\n", "RCPT TO:<eva": "250 ok\r\n", "RCPT TO:<care": "250 ok\r\n",
		"DATA": "354 go\r\n", ".": "250 2.0.0 queued\r\n",
	}
	for key, value := range changed {
		all[key] = value
	}
	return all
}

var question = inbox.Inbound{
	ExternalID: "vraag@klant.test", Author: inbox.Author{ExternalID: "eva@klant.test"}, Kind: "mail", Visibility: inbox.Private, Text: "Waar blijft het?",
	Route: []inbox.Field{{Name: "To", Value: "eva@klant.test"}, {Name: "Subject", Value: "Re: x"}, {Name: "In-Reply-To", Value: "<vraag@klant.test>"}},
}

// Each way in which an SMTP server can say no, or say nothing, has its kind:
// certain up to the last line of the mail, unknown after it.
func TestWhatAServersAnswerToAMailMeans(t *testing.T) {
	release := approvaltest.Release(t, "care", "care@brand.test", question, "Goedendag.")
	for name, c := range map[string]struct {
		changed map[string]string
		kind    connectors.ErrorKind
		says    string
	}{
		"no greeting":                {map[string]string{"greeting": "554 5.7.1 go away eva@klant.test\r\n"}, connectors.NotAllowed, "554 5.7.1"},
		"busy":                       {map[string]string{"greeting": "421 4.3.2 later\r\n"}, connectors.Temporary, "421"},
		"garbage":                    {map[string]string{"greeting": "* OK what?\r\n"}, connectors.Garbage, "no sense"},
		"no AUTH":                    {map[string]string{"EHLO": "250 mx.test\r\n"}, connectors.NotAllowed, "sign in"},
		"wrong password":             {map[string]string{"AUTH": "535 5.7.8 bad eva@klant.test\r\n", "*": "501 ok\r\n"}, connectors.BadAuth, "app password"},
		"sign-in broken":             {map[string]string{"AUTH": "454 4.7.0 later\r\n", "*": "501 ok\r\n"}, connectors.Temporary, "later"},
		"sender refused":             {map[string]string{"MAIL": "550 5.7.1 not you\r\n"}, connectors.NotAllowed, "address"},
		"customer refused":           {map[string]string{"RCPT TO:<eva": "550 5.1.1 <eva@klant.test> unknown\r\n"}, connectors.Rejected, "550 5.1.1"},
		"customer greylisted":        {map[string]string{"RCPT TO:<eva": "450 4.2.0 later\r\n"}, connectors.Temporary, "450 4.2.0"},
		"own copy refused":           {map[string]string{"RCPT TO:<care": "550 no\r\n"}, connectors.NotAllowed, "read back"},
		"mail refused":               {map[string]string{"DATA": "552 too much\r\n"}, connectors.Rejected, "552"},
		"lost before the mail":       {map[string]string{"DATA": "hang up"}, connectors.Temporary, "closed"},
		"refused after the dot":      {map[string]string{".": "554 5.7.1 spam\r\n"}, connectors.Rejected, "554 5.7.1"},
		"put off after the dot":      {map[string]string{".": "451 4.3.0 disk\r\n"}, connectors.Temporary, "451 4.3.0"},
		"lost after the dot":         {map[string]string{".": "hang up"}, connectors.Unknown, "whole mail"},
		"nothing after the dot":      {map[string]string{".": "say nothing"}, connectors.Unknown, "in time"},
		"garbage after the dot":      {map[string]string{".": "thanks!\r\n"}, connectors.Unknown, "whole mail"},
		"another 2xx after the dot":  {map[string]string{".": "251 forwarded\r\n"}, connectors.Unknown, "whole mail"},
		"silence before the mail":    {map[string]string{"RCPT TO:<eva": "say nothing"}, connectors.Temporary, "in time"},
		"accepted":                   {nil, "", ""},
		"accepted after LOGIN alone": {map[string]string{"EHLO": "250-mx.test\r\n250 AUTH LOGIN\r\n", "AUTH": "334 UGFzc3dvcmQ6\r\n", "Z2VoZWlt": "235 ok\r\n"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			greeting := "220 mx.test ESMTP\r\n"
			if g := c.changed["greeting"]; g != "" {
				greeting = g
			}
			server := script(t, greeting, smtpAnswers(c.changed))
			mailbox := offline(t, map[string]any{"smtp": server.address})
			receipt, err := mailbox.Publish(server.silent, release)
			if c.kind == "" {
				if err != nil || receipt.ExternalID != release.Attempt().Key+"@brand.test" || receipt.PostedAt.IsZero() {
					t.Errorf("got %+v, %v", receipt, err)
				}
			} else {
				checkError(t, err, c.kind, c.says)
				_, ended := c.changed["."]
				if e := new(connectors.Error); errors.As(err, &e) && e.Unbegun == ended {
					t.Errorf("that it was not begun is %v", e.Unbegun)
				}
			}
			server.mu.Lock()
			defer server.mu.Unlock()
			if n := strings.Count(strings.Join(server.heard, "\n"), "DATA"); n > 1 {
				t.Errorf("%d mails were begun:\n%s", n, strings.Join(server.heard, "\n"))
			}
		})
	}
}

// checkError wants a connector's error that quotes neither addresses nor
// secrets, in no part of its chain.
func checkError(t *testing.T, err error, kind connectors.ErrorKind, says string) {
	t.Helper()
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != kind || !strings.Contains(e.Error(), says) {
		t.Errorf("got kind %s, %v; want %s, %q", connectors.KindOf(err), err, kind, says)
	}
	for cause := err; cause != nil; cause = errors.Unwrap(cause) {
		if s := fmt.Sprintf("%v %+v", cause, cause); strings.Contains(s, "klant.test") || strings.Contains(s, "geheim") {
			t.Errorf("the error says too much: %s", s)
		}
	}
}

func TestReleasesForOthersAreNotSent(t *testing.T) {
	server := script(t, "220 mx.test ESMTP\r\n", smtpAnswers(nil))
	mailbox := offline(t, map[string]any{"smtp": server.address})
	for name, r := range map[string]approval.Release{
		"none":            {},
		"another account": approvaltest.Release(t, "other", "care@brand.test", question, "x"),
		"another address": approvaltest.Release(t, "care", "press@brand.test", question, "x"),
	} {
		_, err := mailbox.Publish(t.Context(), r)
		if connectors.KindOf(err) != connectors.NotAllowed || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if server.mu.Lock(); len(server.heard) > 0 {
		t.Errorf("the server heard %q", server.heard)
	}
	server.mu.Unlock()
}

func TestWhatAnIMAPServersAnswerMeans(t *testing.T) {
	greeting := "* OK [CAPABILITY IMAP4rev1 IDLE] hi\r\n"
	login := "TAG OK [CAPABILITY IMAP4rev1 IDLE] in\r\n"
	selected := "* 0 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 1] ok\r\nTAG OK [READ-ONLY] done\r\n"
	for name, c := range map[string]struct {
		greeting string
		answers  map[string]string
		kind     connectors.ErrorKind
		says     string
	}{
		"garbage":              {"220 mx.test ESMTP\r\n", nil, connectors.Garbage, "no sense"},
		"bye":                  {"* BYE busy klant.test\r\n", nil, connectors.Temporary, ""},
		"silence":              {"", nil, connectors.Temporary, "in time"},
		"wrong password":       {greeting, map[string]string{"LOGIN": "TAG NO [AUTHENTICATIONFAILED] eva@klant.test\r\n"}, connectors.BadAuth, "app password"},
		"sign-in broken":       {greeting, map[string]string{"LOGIN": "TAG NO [UNAVAILABLE] later\r\n"}, connectors.Temporary, "cannot sign us in now"},
		"no password allowed":  {"* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi\r\n", nil, connectors.NotAllowed, "TLS port"},
		"no such mailbox":      {greeting, map[string]string{"LOGIN": login, "EXAMINE": "TAG NO [NONEXISTENT] klant.test\r\n"}, connectors.NotAllowed, "setting mailbox"},
		"no lasting numbers":   {greeting, map[string]string{"LOGIN": login, "EXAMINE": "* 0 EXISTS\r\nTAG OK done\r\n"}, connectors.Garbage, "UIDVALIDITY"},
		"lost while searching": {greeting, map[string]string{"LOGIN": login, "EXAMINE": strings.Replace(selected, "UIDNEXT 1", "UIDNEXT 9", 1), "UID SEARCH": "hang up"}, connectors.Temporary, "closed"},
		"garbage in a search":  {greeting, map[string]string{"LOGIN": login, "EXAMINE": strings.Replace(selected, "UIDNEXT 1", "UIDNEXT 9", 1), "UID SEARCH": "* SEARCH x y z\r\nTAG OK\r\n"}, connectors.Garbage, "no sense"},
		"nothing there":        {greeting, map[string]string{"LOGIN": login, "EXAMINE": selected}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := script(t, c.greeting, c.answers)
			page, err := offline(t, map[string]any{"imap": server.address}).Poll(server.silent, nil)
			if c.kind != "" {
				checkError(t, err, c.kind, c.says)
			} else if err != nil || len(page.Mentions) != 0 || len(page.Next) == 0 {
				t.Errorf("got %+v, %v", page, err)
			}
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		_, err := offline(t, nil).Poll(t.Context(), nil)
		checkError(t, err, connectors.Temporary, "refused")
	})
	t.Run("no such host", func(t *testing.T) {
		_, err := offline(t, map[string]any{"imap": "imaps://nothing.invalid"}).Poll(t.Context(), nil)
		checkError(t, err, connectors.Temporary, "imap")
	})
}

// The server hands out one mail and not the other, and does not say which UID
// is next.
func TestAMailThatCannotBeHadDoesNotStopTheOthers(t *testing.T) {
	whole := "From: eva@klant.test\r\nMessage-ID: <goed@klant.test>\r\n\r\ngoed\r\n"
	server := script(t, "* OK [CAPABILITY IMAP4rev1] hi\r\n", map[string]string{
		"LOGIN": "TAG OK [CAPABILITY IMAP4rev1] in\r\n", "EXAMINE": "* 2 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\nTAG OK done\r\n",
		"UID SEARCH UID": "* SEARCH 1 2\r\nTAG OK done\r\n", "UID SEARCH HEADER": "TAG NO no\r\n",
		"UID FETCH 1:2": fmt.Sprintf("* 1 FETCH (UID 1 INTERNALDATE \"23-Nov-2026 09:05:00 +0000\" RFC822.SIZE 9)\r\n"+
			"* 2 FETCH (UID 2 INTERNALDATE \"23-Nov-2026 09:06:00 +0000\" RFC822.SIZE %d BODY[]<0> {%[1]d}\r\n%s)\r\nTAG OK done\r\n", len(whole), whole),
	})
	c := offline(t, map[string]any{"imap": server.address})
	c.backfill = time.Since(came) + time.Hour
	page, err := c.Poll(t.Context(), nil)
	if err != nil || len(page.Mentions) != 2 {
		t.Fatalf("got %+v, %v", page, err)
	}
	if bad, good := page.Mentions[0], page.Mentions[1]; bad.ExternalID != "uid:7:1" || bad.Unanswerable == "" || bad.Text == "" || good.ExternalID != "goed@klant.test" || good.Text != "goed" {
		t.Errorf("got %+v", page.Mentions)
	}
	again, err := c.Poll(t.Context(), page.Next)
	if err != nil || len(again.Mentions) != 0 || again.More {
		t.Errorf("then %+v, %v", again, err)
	}
}

func TestWhereTheCursorCannotBeTrustedTheWindowIsReadAgain(t *testing.T) {
	now := came
	at := cursor{Version: cursorVersion, Validity: 7, Last: 40, Newest: now.Add(-time.Hour)}
	if got := at.under(7, 41, now, 24*time.Hour); got != at {
		t.Errorf("a good cursor became %+v", got)
	}
	for name, c := range map[string]struct {
		at       cursor
		validity uint32
		next     uint32
		from     time.Time
	}{
		"empty":                 {cursor{}, 7, 41, now.Add(-24 * time.Hour)},
		"new UIDVALIDITY":       {at, 8, 41, now.Add(-25 * time.Hour)},
		"a restored mailbox":    {at, 7, 30, now.Add(-25 * time.Hour)},
		"an emptied mailbox":    {at, 8, 1, now.Add(-25 * time.Hour)},
		"nothing read for long": {cursor{Version: 1, Validity: 7, Newest: now.Add(-90 * 24 * time.Hour)}, 8, 41, now.Add(-91 * 24 * time.Hour)},
	} {
		got := c.at.under(c.validity, imap.UID(c.next), now, 24*time.Hour)
		if got.Validity != c.validity || got.Last != 0 || got.FillTo != imap.UID(c.next-1) || !got.From.Equal(c.from) {
			t.Errorf("%s: got %+v, want from %v", name, got, c.from)
		}
	}
}
