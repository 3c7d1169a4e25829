package mail

import (
	"bytes"
	"fmt"
	"mime"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"standpunt/approval"
	"standpunt/connectors"
)

// outgoing is one answer, ready to be sent.
type outgoing struct {
	id  string // Message-ID without angle brackets
	to  string // the customer's address
	raw []byte // headers and body, line ends CRLF, ASCII alone
}

// compose writes the mail that a release stands for. Nothing but the release and
// the account's settings goes into it, so the same release makes the same mail,
// its Date aside.
func (c *Connector) compose(a approval.Attempt, now time.Time) (outgoing, error) {
	route := make(map[string]string)
	for _, f := range a.Route {
		if hasControl(f.Value) || hasControl(f.Name) {
			return outgoing{}, refuse("the way to the customer holds a line end or another control character")
		}
		if _, twice := route[f.Name]; twice && f.Name != listField {
			return outgoing{}, refuse("the way to the customer names its " + f.Name + " twice")
		}
		route[f.Name] = f.Value
	}
	to, ok := cleanAddress(route[toField])
	switch {
	case !ok || to != route[toField]:
		return outgoing{}, refuse("the way to the customer has no usable address")
	case !isKey(a.Key):
		return outgoing{}, refuse("the release has no key to name its mail by")
	case a.Text == "" || utf8.RuneCountInString(a.Text) > maxAnswer:
		return outgoing{}, refuse(fmt.Sprintf("an answer has 1 to %d characters", maxAnswer))
	}
	out := outgoing{id: c.messageID(a.Key), to: to}
	var b bytes.Buffer
	from := mail.Address{Name: c.s.SenderName, Address: c.s.Address}
	writeField(&b, "Date", now.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	writeField(&b, "From", from.String())
	writeField(&b, toField, "<"+to+">")
	writeField(&b, subjectField, mime.QEncoding.Encode("utf-8", route[subjectField]))
	writeField(&b, "Message-ID", "<"+out.id+">")
	for _, name := range []string{inReplyToField, referencesField} {
		if ids := (header{{name, route[name]}}).ids(name); len(ids) > 0 {
			writeField(&b, name, "<"+strings.Join(ids, "> <")+">")
		}
	}
	writeField(&b, "MIME-Version", "1.0")
	writeField(&b, "Content-Type", "text/plain; charset=utf-8")
	writeField(&b, "Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	writeText(&b, a.Text)
	out.raw = b.Bytes()
	return out, nil
}

// refuse is a release that cannot be sent as it is, for good.
func refuse(why string) error {
	return &connectors.Error{Kind: connectors.Rejected, Message: why, Remedy: "Answer from a mail program, and resolve the conversation here."}
}

// writeField writes one header field, folded at spaces where it gets long. The
// value holds no line end.
func writeField(b *bytes.Buffer, name, value string) {
	b.WriteString(name + ":")
	length := len(name) + 1
	for word := range strings.FieldsSeq(value) {
		if length+1+len(word) > 76 && length > len(name)+1 {
			b.WriteString("\r\n")
			length = 0
		}
		b.WriteString(" " + word)
		length += 1 + len(word)
	}
	b.WriteString("\r\n")
}

// maxEncodedLine is how long a line in quoted-printable may be, in bytes, without
// its CRLF (RFC 2045, section 6.7, rule 5).
const maxEncodedLine = 76

// writeText writes a text in quoted-printable: every LF of it as CRLF, one CRLF
// after it, and any other byte so that it comes back as it is. No line of it
// begins with "From ", not even after a soft break: mailbox files and old servers
// change such a line, and mime/quotedprintable writes it.
func writeText(b *bytes.Buffer, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		width := 0
		for i := range len(line) {
			c, last := line[i], i == len(line)-1
			blank := c == ' ' || c == '\t'
			encoded := string(rune(c))
			if c == '=' || c > '~' || c < ' ' && !blank || last && blank {
				encoded = fmt.Sprintf("=%02X", c)
			}
			room := maxEncodedLine - 1 // a soft break takes a byte
			if last {
				room = maxEncodedLine
			}
			if width+len(encoded) > room {
				b.WriteString("=\r\n")
				width = 0
			}
			if width == 0 && strings.HasPrefix(line[i:], "From ") {
				encoded = "=46"
			}
			b.WriteString(encoded)
			width += len(encoded)
		}
		b.WriteString("\r\n")
	}
}

// sentText is the text of a mail that we sent, as it stands in the mailbox: the
// inverse of writeText. A mail whose form was changed on its way gives what its
// reader sees.
func sentText(h header, body []byte) string {
	kind, params := h.parameters("Content-Type")
	if kind != "text/plain" || !strings.EqualFold(params["charset"], "utf-8") {
		return readParts(h, body).text
	}
	text := string(decodeTransfer(h, body))
	return strings.TrimSuffix(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
}
