package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"testing"
	"time"

	"standpunt/connectors/mail/mailtest"
)

// TestStoryByAPIOnRealMail plays the main job against servers that nobody here
// wrote: a customer's mail comes in over IMAP, and the confirmed answer
// arrives in the customer's mailbox, in its thread.
func TestStoryByAPIOnRealMail(t *testing.T) {
	t.Parallel()
	servers := mailtest.Start(t)
	s := foundSite(t, fmt.Sprintf("  - name: care\n    kind: mail\n    settings:\n      address: %s\n      imap: %s\n      smtp: %s\n      username: %s\n      password: %s\n      poll_every: 1s\n",
		mailtest.Care.Address, servers.IMAP, servers.SMTP, mailtest.Care.Username, mailtest.Care.Password))
	code, out, errs := runOnce(t, "check", "--config", s.config)
	if code != exitOK || !strings.Contains(out, mailtest.Care.Address) {
		t.Fatalf("check: %d\n%s%s", code, out, errs)
	}
	daemon := s.serve()
	s.enrol()

	asked := "From: Klant <" + mailtest.Customer.Address + ">\nTo: " + mailtest.Care.Address +
		"\nSubject: =?utf-8?q?Mijn_rekening_klopt_niet=3F?=\nMessage-ID: <vraag-1@klant.test>\nDate: " + time.Now().Format(time.RFC1123Z) +
		"\nMIME-Version: 1.0\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nEr staat =8020 te veel op mijn eindafrekening.\n"
	asked = strings.Replace(asked, "=8020", "EUR 20", 1)
	if err := servers.Deliver(mailtest.Customer.Address, mailtest.Care.Address, []byte(asked)); err != nil {
		t.Fatal(err)
	}
	text := "Beste klant,\n\nU hebt gelijk: wij storten € 20 terug. 👍\n\nVriendelijke groet,\nAnna en Bert"
	id := story(t, s.people, "eindafrekening", text)
	official := officially(t, s.people["ada"], id)
	if yes, _ := official["official"].(bool); !yes {
		t.Errorf("not official: %v", official)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	raw, err := servers.Await(ctx, mailtest.Customer, "In-Reply-To: <vraag-1@klant.test>")
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if refs := m.Header.Get("References"); !strings.Contains(refs, "<vraag-1@klant.test>") {
		t.Errorf("References: %q", refs)
	}
	if _, err := io.ReadAll(m.Body); err != nil {
		t.Error(err)
	}
	all, err := servers.Mailbox(mailtest.Customer)
	if err != nil || len(all) != 1 {
		t.Errorf("the customer got %d mails, %v", len(all), err)
	}
	daemon.stop()
	if code, out, errs := runOnce(t, "audit", "verify", "--data", s.data); code != exitOK {
		t.Fatalf("verify: %d\n%s%s", code, out, errs)
	}
}
