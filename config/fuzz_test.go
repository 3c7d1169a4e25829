package config_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"standpunt/config"
)

// lineEnds counts what YAML 1.1 ends lines with, a CRLF twice.
func lineEnds(text []byte) (n int) {
	for _, end := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
		n += bytes.Count(text, []byte(end))
	}
	return n
}

// FuzzLoad: whatever is in the file, Load and Decode either succeed or name
// problems, and what they accept reads back the same once it is written out.
func FuzzLoad(f *testing.F) {
	example, err := os.ReadFile("../config.example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	for _, each := range refusals {
		f.Add([]byte(each.text))
	}
	for _, text := range []string{"a: &a [*a]\n", "<<: {data: x}\n", "{", "\x00", "accounts: [{name: a, kind: b, settings: {password: {env: X}}}]"} {
		f.Add([]byte(text))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(dir, "standpunt.yaml")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(path, []string{"X=y"})
		if err != nil {
			if len(config.Problems(err)) == 0 || c != nil {
				t.Fatalf("an error without a problem: %v", err)
			}
			for _, p := range config.Problems(err) {
				if strings.ContainsAny(p.Key+p.Message, "\n\r\x00") || p.Message == "" || p.Line > lineEnds(text)+2 {
					t.Errorf("an unreadable problem: %q at %d", p.Error(), p.Line)
				}
			}
			return
		}
		for _, a := range c.Accounts {
			var into everything
			if err := a.Settings.Decode(&into); err != nil && len(config.Problems(err)) == 0 {
				t.Fatalf("an error without a problem: %v", err)
			}
		}
		// Accounts' settings are hidden where they may be secret; the rest
		// is whole.
		for i := range c.Accounts {
			c.Accounts[i].Settings = config.Settings{}
		}
		again := filepath.Join(dir, "again.yaml")
		if err := os.WriteFile(again, []byte(c.Redacted()), 0o600); err != nil {
			t.Fatal(err)
		}
		second, err := config.Load(again, nil)
		if err != nil {
			t.Fatalf("what was accepted is refused once written out: %v\n%s", err, c.Redacted())
		}
		if second.Redacted() != c.Redacted() {
			t.Errorf("reads back differently:\n%s\n%s", c.Redacted(), second.Redacted())
		}
	})
}
