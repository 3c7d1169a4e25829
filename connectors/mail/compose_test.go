package mail

import (
	"errors"
	"net/mail"
	"strings"
	"testing"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/inbox"
)

func attempt(text string, route ...string) approval.Attempt {
	a := approval.Attempt{Account: "care", RemoteID: "care@brand.test", Action: approval.Reply, Key: key, Text: text}
	for i := 0; i+1 < len(route); i += 2 {
		a.Route = append(a.Route, inbox.Field{Name: route[i], Value: route[i+1]})
	}
	return a
}

func TestAnAnswerIsAPlainMailInItsThread(t *testing.T) {
	c := offline(t, map[string]any{"sender_name": "Brand – klantenservice", "address": "Care@Brand.test"})
	out, err := c.compose(attempt("Goedendag,\n\nhet is 5 €.", "To", "eva@klant.test", "Subject", "Re: Café", "In-Reply-To", "<b@klant.test>",
		"References", "<a@klant.test> <b@klant.test>", "List-Id", "leden"), came)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(`Date: Mon, 23 Nov 2026 09:05:00 +0000
From: =?utf-8?q?Brand_=E2=80=93_klantenservice?= <care@brand.test>
To: <eva@klant.test>
Subject: =?utf-8?q?Re:_Caf=C3=A9?=
Message-ID: <0123456789abcdef0123456789abcdef@brand.test>
In-Reply-To: <b@klant.test>
References: <a@klant.test> <b@klant.test>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Goedendag,

het is 5 =E2=82=AC.
`, "\n", "\r\n")
	if got := string(out.raw); got != want || out.to != "eva@klant.test" || out.id != key+"@brand.test" {
		t.Errorf("got %+v\n%s\nwant\n%s", out, got, want)
	}
}

func TestLongHeadersAreFoldedAndReadBack(t *testing.T) {
	c := offline(t, nil)
	var ids []string
	for i := range 20 {
		ids = append(ids, "<"+strings.Repeat("x", 60)+string(rune('a'+i))+"@klant.test>")
	}
	subject := "Re: " + strings.Repeat("lang onderwerp met é ", 14)
	out, err := c.compose(attempt("x", "To", "eva@klant.test", "Subject", subject, "References", strings.Join(ids, " ")), came)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(out.raw), "\r\n") {
		if len(line) > 100 {
			t.Errorf("a line of %d bytes: %s", len(line), line)
		}
	}
	h, _ := splitHeader(out.raw)
	if got := h.text("Subject"); got != strings.TrimSpace(subject) {
		t.Errorf("the subject came back as %q", got)
	}
	if got := h.ids("References"); len(got) != 20 || "<"+got[19]+">" != ids[19] {
		t.Errorf("the references came back as %v", got)
	}
	if _, err := mail.ReadMessage(strings.NewReader(string(out.raw))); err != nil {
		t.Error(err)
	}
}

func TestNothingCanBeSmuggledIntoAMail(t *testing.T) {
	c := offline(t, nil)
	for name, a := range map[string]approval.Attempt{
		"a line end in the address":  attempt("x", "To", "eva@klant.test\r\nBcc: all@klant.test"),
		"a line end in the subject":  attempt("x", "To", "eva@klant.test", "Subject", "Re: x\nBcc: all@klant.test"),
		"a CR in the references":     attempt("x", "To", "eva@klant.test", "References", "<a@b>\rX: y"),
		"a NUL":                      attempt("x", "To", "eva@klant.test", "Subject", "x\x00y"),
		"two addresses":              attempt("x", "To", "eva@klant.test, jan@klant.test"),
		"an SMTP parameter":          attempt("x", "To", "eva@klant.test> ORCPT=x"),
		"a name with the address":    attempt("x", "To", "Eva <eva@klant.test>"),
		"two routes":                 attempt("x", "To", "eva@klant.test", "To", "jan@klant.test"),
		"no address":                 attempt("x", "Subject", "Re: x"),
		"no text":                    attempt("", "To", "eva@klant.test"),
		"a text without end":         attempt(strings.Repeat("x", maxAnswer+1), "To", "eva@klant.test"),
		"a key that is none":         {Key: "x@y>\r\n", Text: "x", Route: []inbox.Field{{Name: "To", Value: "eva@klant.test"}}},
		"a key in capitals":          {Key: strings.ToUpper(key), Text: "x", Route: []inbox.Field{{Name: "To", Value: "eva@klant.test"}}},
		"a control in a field name":  attempt("x", "To", "eva@klant.test", "X\r\nBcc", "y"),
		"an address without a place": attempt("x", "To", "eva"),
	} {
		out, err := c.compose(a, came)
		var e *connectors.Error
		if !errors.As(err, &e) || e.Kind != connectors.Rejected {
			t.Errorf("%s: got %v and\n%s", name, err, out.raw)
		}
	}
	// What is no message id is left out, and a field of another name is not sent.
	out, err := c.compose(attempt("x", "To", "eva@klant.test", "In-Reply-To", "<a b@c> tekst", "Bcc", "all@klant.test"), came)
	if err != nil || strings.Contains(string(out.raw), "In-Reply-To") || strings.Contains(string(out.raw), "all@") {
		t.Errorf("got %v and\n%s", err, out.raw)
	}
}

func TestOwnMailsAreThoseWithAKeyFromOurAddress(t *testing.T) {
	c := offline(t, nil)
	for raw, want := range map[string]bool{
		"From: care@brand.test\nMessage-ID: <" + key + "@brand.test>\n\n":                  true,
		"From: Care <CARE@brand.test>\nMessage-ID: <" + key + "@brand.test>\n\n":           true,
		"From: eva@klant.test\nMessage-ID: <" + key + "@brand.test>\n\n":                   false,
		"From: care@brand.test, eva@klant.test\nMessage-ID: <" + key + "@brand.test>\n\n":  false,
		"From: care@brand.test\nMessage-ID: <" + key + "@klant.test>\n\n":                  false,
		"From: care@brand.test\nMessage-ID: <" + key[1:] + "@brand.test>\n\n":              false,
		"From: care@brand.test\nMessage-ID: <" + strings.ToUpper(key) + "@brand.test>\n\n": false,
		"From: care@brand.test\n\n": false,
	} {
		h, _ := splitHeader([]byte(raw))
		if _, own := c.isOwn(h); own != want {
			t.Errorf("%q: own is %v", raw, own)
		}
	}
}
