package mail

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"standpunt/inbox"
)

const (
	// maxMail is how much of one mail is fetched and read, in bytes.
	maxMail = 10 << 20
	// maxText is how much text of one mail is kept, in bytes.
	maxText        = 256 << 10
	maxDepth       = 20
	maxParts       = 500
	maxAttachments = 100
)

// contents is what the parts of one mail come to.
type contents struct {
	text        string // as it was written, line ends LF
	attachments []inbox.Attachment
}

// readParts walks a mail's MIME tree. It always comes to something: what a part
// hides behind broken syntax is left out, the rest is kept.
func readParts(h header, body []byte) contents {
	w := &walk{}
	plain := w.part(h, body, 0)
	return contents{clean(plain), w.attachments}
}

// walk is one reading of a tree.
type walk struct {
	attachments []inbox.Attachment
	parts       int
}

// part is the text that a part contributes; what is no text is listed.
func (w *walk) part(h header, body []byte, depth int) string {
	if w.parts++; w.parts > maxParts || depth > maxDepth {
		return ""
	}
	kind, params := h.parameters("Content-Type")
	if !strings.Contains(kind, "/") {
		kind = "text/plain"
	}
	disposition, given := h.parameters("Content-Disposition")
	name := given["filename"]
	if name == "" {
		name = params["name"]
	}
	switch {
	case strings.HasPrefix(kind, "multipart/") && params["boundary"] != "":
		return w.multipart(kind, splitParts(body, params["boundary"]), depth)
	case disposition == "attachment", name != "" && disposition != "inline" && kind != "text/plain" && kind != "text/html":
	case kind == "text/html":
		return htmlText(toUTF8(decodeTransfer(h, body), params["charset"]))
	case kind == "text/plain", kind == "text/enriched", strings.HasPrefix(kind, "multipart/"): // the last without a boundary
		text := normalLines(toUTF8(decodeTransfer(h, body), params["charset"]))
		if strings.EqualFold(params["format"], "flowed") {
			text = unflow(text, strings.EqualFold(params["delsp"], "yes"))
		}
		return text
	case kind == "message/rfc822" && name == "":
		inner, _ := splitHeader(body)
		name = inner.text("Subject") + ".eml"
	case kind == "message/delivery-status", kind == "text/rfc822-headers":
		return ""
	}
	w.attach(inbox.Attachment{Name: name, MediaType: kind, Size: int64(len(decodeTransfer(h, body)))})
	return ""
}

// attach lists a file. A name is shown without the path that it may carry.
func (w *walk) attach(a inbox.Attachment) {
	if i := strings.LastIndexAny(a.Name, `/\`); i >= 0 {
		a.Name = a.Name[i+1:]
	}
	a.Name = shortened(a.Name, 200)
	a.MediaType = shortened(oneLine(a.MediaType), 100)
	if len(w.attachments) < maxAttachments {
		w.attachments = append(w.attachments, a)
	}
}

// multipart is the text of the parts: of alternatives the plain one where it
// says something, else the next that does; of others all, one after the other.
func (w *walk) multipart(kind string, parts [][]byte, depth int) string {
	var plain, rest string
	var all []string
	for _, raw := range parts {
		h, body := splitHeader(raw)
		inner, _ := h.parameters("Content-Type")
		text := w.part(h, body, depth+1)
		if strings.TrimSpace(text) == "" {
			continue
		}
		all = append(all, strings.TrimRight(text, "\n"))
		switch {
		case inner == "text/plain" || inner == "":
			plain = text
		default:
			rest = text
		}
	}
	switch {
	case kind != "multipart/alternative":
		return strings.Join(all, "\n\n")
	case plain != "":
		return plain
	}
	return rest
}

// splitParts cuts a multipart body at its boundary lines. A missing closing
// line ends with the body.
func splitParts(body []byte, boundary string) [][]byte {
	delimiter := []byte("--" + boundary)
	var parts [][]byte
	begin, at := -1, 0
	for at < len(body) && len(parts) < maxParts {
		line, after := cutLine(body[at:])
		next := len(body) - len(after)
		if after == nil {
			next = len(body)
		}
		if trimmed := bytes.TrimRight(line, " \t"); bytes.HasPrefix(trimmed, delimiter) {
			tail := trimmed[len(delimiter):]
			if last := string(tail) == "--"; len(tail) == 0 || last {
				if begin >= 0 {
					parts = append(parts, withoutLineEnd(body[begin:at]))
				}
				begin = next
				if last {
					return parts
				}
			}
		}
		at = next
	}
	if begin >= 0 && begin < len(body) && len(parts) < maxParts {
		parts = append(parts, body[begin:])
	}
	return parts
}

func withoutLineEnd(b []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(b, []byte{'\n'}), []byte{'\r'})
}

// decodeTransfer undoes a part's transfer encoding, as far as it goes.
func decodeTransfer(h header, body []byte) []byte {
	encoding, _, _ := strings.Cut(strings.ToLower(h.get("Content-Transfer-Encoding")), ";")
	switch strings.TrimSpace(encoding) {
	case "quoted-printable":
		return decodeQuotedPrintable(body)
	case "base64":
		return decodeBase64(body)
	}
	return body
}

// decodeQuotedPrintable decodes what is encoded and keeps what is not: an "="
// that begins no escape stays as it is.
func decodeQuotedPrintable(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for len(body) > 0 {
		line := body
		if i := bytes.IndexByte(body, '\n'); i >= 0 {
			line = body[:i+1]
		}
		body = body[len(line):]
		text := bytes.TrimRight(line, " \t\r\n") // spaces at a line's end are added on the way
		end := line[len(bytes.TrimRight(line, "\r\n")):]
		if bytes.HasSuffix(text, []byte{'='}) {
			text, end = text[:len(text)-1], nil
		}
		for i := 0; i < len(text); i++ {
			if text[i] == '=' && i+2 < len(text) {
				if c, err := hex.DecodeString(string(text[i+1 : i+3])); err == nil {
					out = append(out, c[0])
					i += 2
					continue
				}
			}
			out = append(out, text[i])
		}
		out = append(out, end...)
	}
	return out
}

// decodeBase64 leaves out what is no base64 and keeps whole groups of what is.
func decodeBase64(body []byte) []byte {
	digits := make([]byte, 0, len(body))
	var out []byte
	flush := func() {
		decoded, err := base64.RawStdEncoding.DecodeString(string(digits))
		if err != nil { // a lone last digit
			decoded, _ = base64.RawStdEncoding.DecodeString(string(digits[:len(digits)/4*4]))
		}
		out, digits = append(out, decoded...), digits[:0]
	}
	for _, c := range body {
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			digits = append(digits, c)
		case c == '=' && len(digits) > 0:
			flush()
		}
	}
	flush()
	return out
}

// normalLines makes every line end LF.
func normalLines(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// unflow joins the lines of a format=flowed text (RFC 3676).
func unflow(s string, delSpace bool) string {
	var out strings.Builder
	depth, open := 0, false
	for line := range strings.SplitSeq(s, "\n") {
		quoted := len(line) - len(strings.TrimLeft(line, ">"))
		text := strings.TrimPrefix(line[quoted:], " ")
		signature := text == "-- "
		if open && (quoted != depth || signature) {
			out.WriteByte('\n')
			open = false
		}
		if !open && quoted > 0 {
			out.WriteString(strings.Repeat(">", quoted) + " ")
		}
		depth = quoted
		open = strings.HasSuffix(text, " ") && !signature
		if open && delSpace {
			text = text[:len(text)-1]
		}
		out.WriteString(text)
		if !open {
			out.WriteByte('\n')
		}
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// clean is text as the inbox keeps it: no NUL and no other control character
// but tab and line end, no spaces at line ends, no empty lines around it,
// bounded.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if (r < ' ' && r != '\n' && r != '\t') || (r >= 0x7f && r < 0xa0) {
			return -1
		}
		return r
	}, s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\u00a0")
	}
	s = strings.TrimRight(strings.TrimLeft(strings.Join(lines, "\n"), "\n"), "\n")
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "\n[…]"
	}
	return s
}

// shortened is at most n characters of s.
func shortened(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
