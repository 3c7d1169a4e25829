package network_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"standpunt/connectors/sandbox/network"
	"standpunt/internal/fault"
)

// Whatever keeps a network from starting is said, and leaves nothing behind
// that keeps the next one from it.
func TestNewRefuses(t *testing.T) {
	running := start(t)
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "plein.db"), []byte(strings.Repeat("not ours ", 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for what, o := range map[string]network.Options{
		"no directory":        {},
		"an address in use":   {Dir: dir, Listen: running.net.Addr().String()},
		"a foreign data file": {Dir: foreign},
		"a short token":       {Dir: dir, Accounts: []network.Account{{Handle: "merk", Token: "kort"}}},
		"a brand's bad name":  {Dir: dir, Script: network.Script{Brand: "two words"}},
	} {
		n, err := network.New(t.Context(), o)
		if err == nil {
			t.Errorf("%s: it starts at %s", what, n.URL())
			continue
		}
		if fault.CodeOf(err) == fault.Internal && what != "a foreign data file" || strings.Contains(err.Error(), "kort\"") {
			t.Errorf("%s: %v", what, err)
		}
	}
	n, err := network.New(t.Context(), network.Options{Dir: dir, PublicURL: "https://plein.test/"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := n.Post(t.Context(), network.Draft{Author: "eva", Text: "dag"})
	if err != nil || n.Link(p[0].ID) != "https://plein.test/posts/"+p[0].ID.String() {
		t.Errorf("%v, %v", p, err)
	}
	if err := n.Stop(context.Background()); err != nil { // never started
		t.Error(err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	dir, url := t.TempDir(), ""
	if err := network.Run(ctx, network.Options{Dir: dir}, func(n *network.Network) {
		url = n.URL()
		if _, err := n.Post(ctx, network.Draft{Author: "eva", Text: "blijft"}); err != nil {
			t.Error(err)
		}
		cancel()
	}); err != nil || !strings.HasPrefix(url, "http://localhost:") {
		t.Errorf("%s: %v", url, err)
	}
	again := start(t, func(o *network.Options) { o.Dir = dir })
	if got := again.list("").Items; len(got) != 1 || got[0].Text != "blijft" {
		t.Errorf("after a restart: %+v", got)
	}
}
