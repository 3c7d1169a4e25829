package mail

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"standpunt/approval"
)

// Whatever arrives, it is read: bounded, as UTF-8 without control characters,
// with ids and a route that an answer can be made of.
func FuzzMail(f *testing.F) {
	mails, err := filepath.Glob("testdata/mails/*.eml")
	if err != nil || len(mails) == 0 {
		f.Fatal(mails, err)
	}
	for _, path := range mails {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	c := offline(f, nil)
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, body := parsed{}, []byte(nil)
		p.header, body = splitHeader(raw) // not parse, which would hide a panic
		p.contents = readParts(p.header, body)
		p.id = first(p.header.ids("Message-ID"))
		in := c.mention(p, stored{uid: 1, came: came, size: int64(len(raw)), raw: raw})
		for what, s := range map[string]string{"text": in.Text, "quoted": in.Quoted, "subject": in.Subject, "author": in.Author.Name} {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\r\x1b") {
				t.Errorf("%s is %q", what, s)
			}
		}
		if len(in.Text)+len(in.Quoted) > maxText+1000 || len(in.Attachments) > maxAttachments {
			t.Errorf("%d bytes of text, %d files", len(in.Text)+len(in.Quoted), len(in.Attachments))
		}
		if in.Author.ExternalID == "" || in.PostedAt.IsZero() || fingerprint(raw) == "" || strings.ContainsAny(in.Subject, "\n") {
			t.Errorf("incomplete: %+v", in)
		}
		sentText(p.header, body)
		if in.Unanswerable != "" {
			return
		}
		out, err := c.compose(approval.Attempt{Key: key, Route: in.Route, Text: "Goedendag."}, came)
		if err != nil {
			t.Fatalf("the route %v makes no mail: %v", in.Route, err)
		}
		h, body := splitHeader(out.raw)
		if got := sentText(h, body); got != "Goedendag." || len(h) > 10 || h.get("Bcc") != "" {
			t.Errorf("the answer reads %q under %v", got, h)
		}
	})
}

const key = "0123456789abcdef0123456789abcdef"

// The text of an answer comes back as it was, whatever it is.
func FuzzTextThere(f *testing.F) {
	for _, text := range []string{"Goedendag.", "a\nb", "a\n", "\n", "a \t\n b", "From here\n.\n..\nFrom", "é" + strings.Repeat("lang ", 100), "=3D =\n=", "\r\n\r", "\x00\xff", "🙂\u2028x",
		"From h" + strings.Repeat("J", 70), "From h" + strings.Repeat("J", 71), strings.Repeat("x", 75) + "From hier", strings.Repeat("x", 75) + " ", strings.Repeat("x", 72) + "=From = x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var b bytes.Buffer
		b.WriteString("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
		writeText(&b, text)
		for line := range bytes.SplitSeq(bytes.TrimSuffix(b.Bytes(), []byte("\r\n")), []byte("\r\n")) {
			if len(line) > maxEncodedLine || bytes.ContainsAny(line, "\r\n\x00") || bytes.HasPrefix(line, []byte("From ")) || !isASCII(string(line)) {
				t.Errorf("a line goes out as %q", line)
			}
		}
		h, body := splitHeader(b.Bytes())
		if got := sentText(h, body); got != text {
			t.Errorf("%q came back as %q", text, got)
		}
	})
}

// badMails are six mails whose cost grows out of hand with a careless reader.
func badMails() map[string]string {
	deep := "Content-Type: multipart/mixed; boundary=a\n\n" + strings.Repeat("--a\nContent-Type: multipart/mixed; boundary=a\n\n", 50_000) + "--a\n\nkern\n"
	lines := "Subject: x\n" + strings.Repeat(" y\n", 1<<20) + "\n" + strings.Repeat("Op ma 23 nov. schreef Jan <j@k.nl>:\n", 20_000)
	return map[string]string{
		"deep": deep, "lines": lines,
		"fields":  strings.Repeat("X: y\n", 1<<20) + "\ntekst",
		"html":    "Content-Type: text/html\n\n" + strings.Repeat("<blockquote><p><a href=https://x.test>", 100_000),
		"quoted":  "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("=\n", 2<<20),
		"no body": strings.Repeat("x", 5<<20),
	}
}

func TestHugeAndDeepMailsAreReadWithinBounds(t *testing.T) {
	for name, raw := range badMails() {
		in := read(t, []byte(raw))
		if len(in.Text) > maxText+1000 || len(in.Subject) > 4*maxSubject {
			t.Errorf("%s: %d bytes of text, %d of subject", name, len(in.Text), len(in.Subject))
		}
	}
}

// BenchmarkBadMails shows what each costs a byte, beside a mail of plain text.
func BenchmarkBadMails(b *testing.B) {
	mails := badMails()
	mails["ordinary"] = "Content-Type: text/plain\n\n" + strings.Repeat("Waar blijft mijn pakket?\n", 40_000)
	for name, raw := range mails {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				read(b, []byte(raw))
			}
		})
	}
}
