package mail

import (
	"bytes"
	"mime"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/idna"
)

// header is a mail's or part's header fields, in their order, unfolded, with
// their bytes as they came. Reading one never fails: a line that is no field
// counts as a continuation of the one before it, or is left out.
type header []field

type field struct{ name, value string }

const (
	maxFields     = 1000
	maxFieldBytes = 64 << 10
)

// splitHeader cuts raw into header and body at the first empty line. A mail
// that begins with no field at all has an empty header and is all body.
func splitHeader(raw []byte) (header, []byte) {
	var h header
	var value []byte // of the last field, as it grows
	done := func() header {
		if len(h) > 0 {
			h[len(h)-1].value = string(value)
		}
		return h
	}
	rest := raw
	for len(rest) > 0 {
		line, after := cutLine(rest)
		if len(line) == 0 {
			return done(), after
		}
		switch name, first, isField := bytes.Cut(line, []byte{':'}); {
		case line[0] == ' ' || line[0] == '\t' || !isField || !validName(bytes.TrimRight(name, " \t")):
			if len(h) == 0 {
				if bytes.HasPrefix(line, []byte("From ")) { // an mbox separator
					break
				}
				return nil, raw
			}
			if len(value)+len(line) < maxFieldBytes {
				value = append(append(value, ' '), bytes.TrimSpace(line)...)
			}
		case len(h) < maxFields:
			h = append(done(), field{name: string(bytes.TrimRight(name, " \t"))})
			first = bytes.TrimSpace(first)
			value = append(value[:0], first[:min(len(first), maxFieldBytes)]...)
		}
		rest = after
	}
	return done(), nil
}

// cutLine is the first line without its end, and what follows.
func cutLine(b []byte) (line, after []byte) {
	line, after, _ = bytes.Cut(b, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'}), after
}

func validName(name []byte) bool {
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return len(name) > 0
}

// get is the first field of that name; names are equal whatever their case.
func (h header) get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// has reports whether there is a field of that name, be it empty.
func (h header) has(name string) bool {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			return true
		}
	}
	return false
}

// text is a field for people: encoded words decoded, bytes beyond ASCII read
// as UTF-8 or else windows-1252, no control characters.
func (h header) text(name string) string { return decodeWords(h.get(name)) }

func decodeWords(s string) string {
	d := mime.WordDecoder{CharsetReader: charsetReader}
	s = guessUTF8(s)
	if decoded, err := d.DecodeHeader(s); err == nil {
		s = decoded
	}
	return oneLine(s)
}

// oneLine makes every run of spaces and control characters one space.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}

// date is when the mail says that it was written; zero where it says nothing
// that can be read.
func (h header) date() time.Time {
	at, err := mail.ParseDate(h.get("Date"))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// mailbox is one name and address, as addr@domain with the domain in lower
// case and, where it has letters beyond ASCII, in its ASCII form.
type mailbox struct{ name, address string }

// mailboxes are the addresses of a field. Where the field breaks the rules,
// what looks like an address is taken.
func (h header) mailboxes(name string) []mailbox {
	value := h.get(name)
	if value == "" {
		return nil
	}
	p := mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: charsetReader}}
	var all []mailbox
	if list, err := p.ParseList(guessUTF8(value)); err == nil {
		for _, each := range list {
			if address, ok := cleanAddress(each.Address); ok {
				all = append(all, mailbox{oneLine(each.Name), address})
			}
		}
		return all
	}
	for _, word := range strings.FieldsFunc(guessUTF8(value), func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`<>,;:"()[]`, r)
	}) {
		if address, ok := cleanAddress(word); ok {
			shown, _, _ := strings.Cut(value, "<")
			return []mailbox{{strings.Trim(decodeWords(shown), `" `), address}}
		}
	}
	return nil
}

// maxAddress is the longest address in bytes that an SMTP command can name (RFC
// 5321, section 4.5.3.1.3, without its angle brackets).
const maxAddress = 254

// cleanAddress is an address as it can stand in a header and in an SMTP
// command, and whether it can. The local part keeps its case.
func cleanAddress(s string) (string, bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || len(s) > maxAddress {
		return "", false
	}
	local, domain := s[:at], s[at+1:]
	for _, r := range local {
		if unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`<>()[]\,;:"@`, r) || r == unicode.ReplacementChar {
			return "", false
		}
	}
	domain, err := idna.Lookup.ToASCII(strings.TrimSuffix(domain, "."))
	if err != nil || strings.Contains("."+domain+".", "..") { // a label that is empty
		return "", false
	}
	clean := local + "@" + strings.ToLower(domain)
	return clean, len(clean) <= maxAddress // a domain in another script grows in ASCII
}

// ids are the message ids of a field, without their angle brackets, in their
// order, each once.
func (h header) ids(name string) []string {
	var all []string
	seen := make(map[string]bool)
	for rest := h.get(name); ; {
		_, after, begins := strings.Cut(rest, "<")
		id, next, ends := strings.Cut(after, ">")
		if !begins || !ends {
			return all
		}
		if id = strings.TrimSpace(id); validID(id) && !seen[id] {
			seen[id] = true
			all = append(all, id)
		}
		rest = next
	}
}

// validID reports whether id can stand between angle brackets in a header and
// in a search.
func validID(id string) bool {
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`<>"\`, c) >= 0 {
			return false
		}
	}
	return len(id) > 0 && len(id) <= 500
}

// parameters reads a field such as Content-Type: its value in lower case and
// its parameters, RFC 2231 and encoded words decoded. What cannot be read is
// left out.
func (h header) parameters(name string) (string, map[string]string) {
	raw := guessUTF8(h.get(name))
	value, params, err := mime.ParseMediaType(raw)
	if err != nil {
		head, tail, _ := strings.Cut(raw, ";")
		value, params = strings.ToLower(strings.TrimSpace(head)), looseParameters(tail)
	}
	for key, each := range params {
		params[key] = decodeWords(each)
	}
	return value, params
}

// looseParameters reads key=value pairs where the strict reader gave up:
// unquoted spaces, stray characters, repeated names.
func looseParameters(s string) map[string]string {
	params := make(map[string]string)
	for each := range strings.SplitSeq(s, ";") {
		key, value, found := strings.Cut(each, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		if _, known := params[key]; found && key != "" && !known {
			params[key] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return params
}
