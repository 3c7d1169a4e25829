package mailtest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"standpunt/connectors/mail/mailtest"
)

func TestTwoSetsRunBesideEachOther(t *testing.T) {
	var sets [2]*mailtest.Servers
	for i := range sets {
		sets[i] = mailtest.Start(t)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for i, s := range sets {
		word := []string{"eerste", "tweede"}[i]
		if err := s.Deliver(mailtest.Customer.Address, mailtest.Care.Address, []byte("Subject: "+word+"\n\nHallo\n")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Await(ctx, mailtest.Care, "Subject: "+word, "Hallo"); err != nil {
			t.Fatal(err)
		}
		all, err := s.Mailbox(mailtest.Care)
		if err != nil || len(all) != 1 {
			t.Errorf("mailbox of set %d: %d mails, %v", i, len(all), err)
		}
	}
}

func TestTheServerRefusesWhomItDoesNotKnow(t *testing.T) {
	s := mailtest.Start(t)
	for to, code := range map[string]int{"nobody@klant.test": 550, "eva@elsewhere.test": 554, mailtest.Later: 450} {
		err := s.Deliver(mailtest.Customer.Address, to, []byte("Subject: x\n\nx\n"))
		var refused *smtp.SMTPError
		if !errors.As(err, &refused) || refused.Code != code {
			t.Errorf("%s: got %v, want %d", to, err, code)
		}
	}
	if err := s.StopSMTP(); err != nil {
		t.Fatal(err)
	}
	if err := s.Deliver(mailtest.Customer.Address, mailtest.Care.Address, nil); err == nil {
		t.Errorf("a stopped server took a mail: %v", err)
	}
}
