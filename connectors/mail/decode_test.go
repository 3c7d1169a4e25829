package mail

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"standpunt/config"
	"standpunt/connectors"
	"standpunt/inbox"
)

// offline is a connector that no test lets connect anywhere.
func offline(t testing.TB, changed map[string]any) *Connector {
	t.Helper()
	values := map[string]any{"address": "care@brand.test", "imap": "127.0.0.1:1", "smtp": "127.0.0.1:1", "username": "care", "password": config.NewSecret("geheim")}
	for key, value := range changed {
		values[key] = value
	}
	c, err := New(connectors.Account{Name: "care", Settings: config.NewSettings(values)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var came = time.Date(2026, 11, 23, 9, 5, 0, 0, time.UTC)

// read is a raw mail as a mention, without what takes a server.
func read(t testing.TB, raw []byte) inbox.Inbound {
	t.Helper()
	c := offline(t, nil)
	m := stored{uid: 7, came: came, size: int64(len(raw)), raw: raw}
	p, _, ok := c.parse(m)
	if !ok {
		t.Fatalf("the mail could not be read:\n%s", raw)
	}
	return c.mention(p, m)
}

// shown is everything that a reader of the inbox gets to see.
func shown(in inbox.Inbound) string {
	var b strings.Builder
	fmt.Fprintf(&b, "from %q %q\nsubject %q\ntext %q\n", in.Author.Name, in.Author.ExternalID, in.Subject, in.Text)
	if in.Quoted != "" {
		fmt.Fprintf(&b, "quoted %q\n", in.Quoted)
	}
	for _, a := range in.Attachments {
		fmt.Fprintf(&b, "file %q %s %d\n", a.Name, a.MediaType, a.Size)
	}
	for _, f := range in.Route {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	if in.Unanswerable != "" {
		fmt.Fprintf(&b, "unanswerable: %s\n", in.Unanswerable)
	}
	return b.String()
}

// Each mail of testdata/mails has a .txt beside it with what is shown of it.
func TestMailsAsFoundInTheWild(t *testing.T) {
	mails, err := filepath.Glob("testdata/mails/*.eml")
	if err != nil || len(mails) < 15 {
		t.Fatalf("%d mails, %v", len(mails), err)
	}
	for _, path := range mails {
		t.Run(filepath.Base(path), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(strings.TrimSuffix(path, ".eml") + ".txt")
			if err != nil {
				t.Error(err)
			}
			if got := shown(read(t, raw)); got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			// Line ends on the wire are CRLF.
			if got := shown(read(t, []byte(strings.ReplaceAll(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n", "\r\n")))); !sameButSizes(got, string(want)) {
				t.Errorf("with CRLF got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// sameButSizes compares what is shown, the sizes of files aside: they are of
// the bytes as sent.
func sameButSizes(a, b string) bool {
	cut := func(s string) string {
		lines := strings.Split(s, "\n")
		for i, line := range lines {
			if strings.HasPrefix(line, "file ") {
				lines[i] = line[:strings.LastIndexByte(line, ' ')]
			}
		}
		return strings.Join(lines, "\n")
	}
	return cut(a) == cut(b)
}
