package mail

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/transform"
)

// encodingOf is the encoding that a label names, as browsers read labels:
// ISO-8859-1 is windows-1252, which contains it. nil stands for UTF-8 and for
// what nobody knows.
func encodingOf(label string) encoding.Encoding {
	label = strings.ToLower(strings.TrimSpace(label))
	if label == "utf-7" || label == "replacement" {
		return nil
	}
	e, err := htmlindex.Get(label)
	if err != nil {
		if e, err = ianaindex.MIME.Encoding(label); err != nil {
			return nil
		}
	}
	if name, err := htmlindex.Name(e); e == nil || (err == nil && (name == "utf-8" || name == "replacement")) {
		return nil
	}
	return e
}

// toUTF8 reads bytes in the named character set. An unknown, missing or wrong
// label is read as UTF-8 where that fits and as windows-1252 where it does not.
func toUTF8(b []byte, label string) string {
	e := encodingOf(label)
	if e == nil || (utf8.Valid(b) && hasMultibyte(b) && singleByte(label)) {
		return guessUTF8(string(b))
	}
	decoded, _, err := transform.Bytes(e.NewDecoder(), b)
	if err != nil {
		return guessUTF8(string(b))
	}
	return strings.ToValidUTF8(string(decoded), "\uFFFD")
}

// singleByte reports whether the label is the usual wrong one: Latin 1 or
// US-ASCII on a text that is UTF-8.
func singleByte(label string) bool {
	switch strings.ToLower(strings.TrimSpace(label)) {
	case "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252":
		return true
	}
	return false
}

func hasMultibyte(b []byte) bool {
	return bytes.ContainsFunc(b, func(r rune) bool { return r >= utf8.RuneSelf })
}

// guessUTF8 is s if that is UTF-8, else s read as windows-1252.
func guessUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	decoded, err := charmap.Windows1252.NewDecoder().String(s)
	if err != nil {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return decoded
}

// charsetReader is what the decoder of encoded words asks for other character
// sets.
func charsetReader(label string, input io.Reader) (io.Reader, error) {
	b, err := io.ReadAll(input)
	return strings.NewReader(toUTF8(b, label)), err
}
