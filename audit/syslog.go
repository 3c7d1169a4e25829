package audit

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"standpunt/store"
)

// syslogPriority is facility 13 (log audit), severity 5 (notice).
const syslogPriority = 13*8 + 5

// Syslog is the entry as one RFC 5424 message without a line end. host is the
// HOSTNAME field; what it may not hold is left out. All fields are structured
// data under the identifier standpunt@32473, where 32473 is the enterprise
// number that RFC 5612 reserves for examples, because Standpunt has none.
func Syslog(e Entry, host string) (string, error) {
	facts, err := factsJSON(e.Facts)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "<%d>1 %s %s standpunt - %s [standpunt@32473", syslogPriority, formatTime(e.At), printable(host, 255), printable(e.Kind, 32))
	for _, p := range []struct{ name, value string }{
		{"number", strconv.FormatUint(e.Number, 10)},
		{"kind", e.Kind},
		{"actor", string(e.Actor)},
		{"via", e.Via},
		{"subject", string(e.Subject)},
		{"from", e.From},
		{"to", e.To},
		{"digest", e.Digest.String()},
		{"facts", facts},
	} {
		if p.value != "" {
			b.WriteString(" " + p.name + `="` + escapeParam(p.value) + `"`)
		}
	}
	b.WriteString("]")
	return b.String(), nil
}

// ExportSyslog writes the entries that match the filter, newest first, one
// message a line.
func ExportSyslog(ctx context.Context, db *store.DB, w io.Writer, host string, f Filter) error {
	return pages(ctx, db, f, func(e Entry) error {
		message, err := Syslog(e, host)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, message+"\n"); err != nil {
			return fmt.Errorf("audit: write syslog: %w", err)
		}
		return nil
	})
}

// escapeParam escapes what RFC 5424, section 6.3.3, asks for, and replaces
// whatever could end a line.
func escapeParam(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		switch {
		case r == '"' || r == '\\' || r == ']':
			b.WriteRune('\\')
			b.WriteRune(r)
		case breaksLines(r):
			b.WriteRune('\ufffd')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// printable is s cut down to the PRINTUSASCII of a header field, "-" for none.
func printable(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < 33 || r > 126 {
			return -1
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), most)]
}
