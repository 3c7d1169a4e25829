package archtest

import (
	"fmt"
	"strings"
	"testing"
)

// confinement says which packages of ours may import a library, or anything
// below its path, in shipped code and in tests alike.
type confinement struct {
	library string
	only    []string // patterns as in rooms; none means that nobody may
	why     string
}

// confinements is the table of libraries that have a room of their own.
var confinements = []confinement{
	{"go.etcd.io/bbolt", []string{"store/..."}, "a second engine must be able to stand behind store"},
	{"github.com/spf13/viper", []string{"config"}, "the rest of the tree sees a typed Config"},
	{"github.com/dghubble/go-twitter", []string{"connectors/twitter/..."}, "one platform, one room"},
	{"github.com/huandu/facebook", []string{"connectors/internal/graph"}, "facebook and instagram share one client"},
	{"github.com/chromedp", []string{"internal/browser"}, "a browser drives tests and pictures, never the daemon"},
	{"unsafe", nil, "an unexported field of a Release is only as closed as the type system"},
	{"C", nil, "the daemon builds with Go alone"},
}

func TestLibrariesStayInTheirRooms(t *testing.T) {
	report(t, checkLibraries(tree(t)))
}

// checkLibraries reports every import of a confined library outside its room.
func checkLibraries(packages []*pkg) []string {
	var faults []string
	for _, p := range packages {
		for _, f := range p.files {
			for _, imported := range f.imports() {
				if c, ok := confined(imported); ok && !c.allows(p.path, f) {
					faults = append(faults, fmt.Sprintf("%s imports %s, which belongs to %v alone: %s", f.name, imported, c.only, c.why))
				}
			}
		}
	}
	return faults
}

// confined is the row for an imported path, and false where it is free.
func confined(imported string) (confinement, bool) {
	for _, c := range confinements {
		if imported == c.library || strings.HasPrefix(imported, c.library+"/") {
			return c, true
		}
	}
	return confinement{}, false
}

// allows reports whether the package may import the library. Browser tests may
// stand beside the page that they test.
func (c confinement) allows(path string, f *file) bool {
	for _, pattern := range c.only {
		if matches(pattern, path) {
			return true
		}
	}
	return c.library == "github.com/chromedp" && (f.isTest() || isTestSupport(path))
}

func TestLibraryRulesBite(t *testing.T) {
	for _, c := range []struct{ path, file, imports, fault string }{
		{"store", "store/bolt.go", "go.etcd.io/bbolt", ""},
		{"store/storetest", "store/storetest/suite.go", "go.etcd.io/bbolt/errors", ""},
		{"inbox", "inbox/list.go", "go.etcd.io/bbolt", "belongs to [store/...] alone"},
		{"inbox", "inbox/list_test.go", "go.etcd.io/bbolt/errors", "belongs to [store/...] alone"},
		{"config", "config/load.go", "github.com/spf13/viper", ""},
		{"cmd/standpunt", "cmd/standpunt/main.go", "github.com/spf13/viper", "belongs to [config] alone"},
		{"connectors/twitter", "connectors/twitter/poll.go", "github.com/dghubble/go-twitter/twitter", ""},
		{"connectors", "connectors/runner.go", "github.com/dghubble/go-twitter/twitter", "one platform, one room"},
		{"connectors/internal/graph", "connectors/internal/graph/graph.go", "github.com/huandu/facebook/v2", ""},
		{"connectors/facebook", "connectors/facebook/facebook.go", "github.com/huandu/facebook/v2", "share one client"},
		{"web", "web/story_test.go", "github.com/chromedp/chromedp", ""},
		{"web", "web/story.go", "github.com/chromedp/chromedp", "never the daemon"},
		{"approval", "approval/release.go", "unsafe", "only as closed as the type system"},
		{"store", "store/lock.go", "C", "builds with Go alone"},
	} {
		t.Run(c.file+" imports "+c.imports, func(t *testing.T) {
			p := invent(t, c.path, map[string]string{c.file: fmt.Sprintf("package p\n\nimport _ %q\n", c.imports)})
			expect(t, checkLibraries([]*pkg{p}), c.fault)
		})
	}
}
