package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// room is one row of the table: which packages it covers and which packages
// of ours their shipped code may import.
//
// In a pattern "*" is one folder and a final "/..." is any depth, none
// included. In mayImport "self/..." is the folder that the pattern's fixed
// part matched, with everything below it, so that connectors/sandbox may have
// inner packages and still not import connectors/mail.
type room struct {
	packages  string
	mayImport []string
	why       string
}

// rooms is the table of allowed arrows, from the top of the house to the
// ground. The first row that matches a package counts.
//
// Tests may go wider than shipped code: they may also import test support (see
// isTestSupport) and any room that stands further down this table.
var rooms = []room{
	{"e2e/...", nil, "tests of the whole daemon from outside; no shipped code"},
	{"cmd/...", []string{"..."}, "wiring: cmd alone knows every room"},
	{"internal/screenshots", []string{"internal/..."}, "drives the finished program as a person does"},
	{"internal/browser/...", []string{"self/..."}, "a person at a screen, for pictures and tests; never part of the daemon"},

	{
		"web", []string{"self/...", "positions", "approval", "inbox", "people", "audit", "connectors", "internal/..."},
		"joins the desk, the API and the sessions to one listener",
	},
	{
		"web/api/...", []string{"self/...", "web/session", "positions", "approval", "inbox", "people", "audit", "connectors", "internal/..."},
		"programs ask the rooms through it; it knows no page",
	},
	{
		"web/desk/...", []string{"self/...", "web/session", "positions", "approval", "inbox", "people", "audit", "connectors", "internal/..."},
		"the desk asks the rooms; it never reads the store behind their backs, and config reaches it as plain values",
	},
	{"web/session", []string{"people", "audit", "internal/..."}, "who asks over HTTP; what they may do is the rooms' question"},

	{
		"connectors/internal/...", []string{"self/...", "connectors", "approval", "inbox", "config", "internal/..."},
		"what several kinds share, such as the Graph client of facebook and instagram",
	},
	{
		"connectors/sandbox/network/...", []string{"self/...", "store", "internal/..."},
		"a network that happens to ship with us: it keeps its posts and knows nothing of the desk",
	},
	{
		"connectors/keep", []string{"connectors", "inbox", "store", "internal/..."},
		"what stands behind connectors.Keep: the data file, on the connectors' behalf",
	},
	{
		"connectors/*/...", []string{"self/...", "connectors", "connectors/internal/...", "approval", "inbox", "config", "internal/..."},
		"one platform each; a kind knows the contract and no other kind",
	},
	{
		"connectors", []string{"approval", "inbox", "store", "config", "internal/..."},
		"the contract, the runner and the dispatcher know no platform",
	},

	{
		"positions", []string{"approval", "inbox", "people", "audit", "store", "internal/..."},
		"positions are proposals of a kind of their own",
	},
	{
		"approval", []string{"inbox", "people", "audit", "store", "internal/..."},
		"what a proposal is about, who decides, and the record of it",
	},
	{"inbox", []string{"people", "audit", "store", "internal/..."}, "who triages, and the record of it"},
	{"people", []string{"audit", "store", "internal/..."}, "every change of a person is in the record"},
	{"audit", []string{"store", "internal/..."}, "the record knows no room; its Actor and Subject are its own"},
	{"store", []string{"store/internal/...", "internal/fault", "internal/id"}, "bytes in order; no room's types"},
	{"store/internal/...", []string{"self/...", "internal/fault", "internal/id"}, "an engine's own parts"},
	{"config", nil, "imports nothing of ours, so that anything can be configured by it"},
	{"internal/...", []string{"internal/..."}, "ground: error kinds, clock, ids"},
}

func TestArrowsPointDown(t *testing.T) {
	report(t, checkArrows(tree(t)))
}

// checkArrows reports every import of ours that the table does not allow and
// every package of ours that the table does not know.
func checkArrows(packages []*pkg) []string {
	var faults []string
	for _, p := range packages {
		row := rowOf(p.path)
		if row < 0 && !isTestSupport(p.path) {
			faults = append(faults, fmt.Sprintf("%s: in no row of the table: add it to rooms in internal/archtest/arrows_test.go, "+
				"with what it may import and why", p.path))
			continue
		}
		for _, f := range p.files {
			for _, target := range f.ourImports() {
				if reason := arrowFault(p.path, row, target, f.isTest()); reason != "" {
					faults = append(faults, fmt.Sprintf("%s imports %s: %s", f.name, target, reason))
				}
			}
		}
	}
	return faults
}

// arrowFault says why package from, of the given row, may not import target;
// "" if it may.
func arrowFault(from string, row int, target string, inTest bool) string {
	switch {
	case from == target: // an external test imports the package it tests
		return ""
	case isTestSupport(target):
		if inTest || isTestSupport(from) {
			return ""
		}
		return "test support is for tests alone and must not be shipped"
	case strings.HasPrefix(target, "cmd/") && !strings.HasPrefix(from, "cmd/"):
		return "nothing imports cmd"
	case isTestSupport(from):
		return ""
	}
	for _, allowed := range rooms[row].mayImport {
		if own, ok := strings.CutPrefix(allowed, "self/"); ok {
			allowed = matchedFolder(rooms[row].packages, from) + "/" + own
		}
		if matches(allowed, target) {
			return ""
		}
	}
	if inTest {
		if below := rowOf(target); below > row {
			return ""
		}
		return fmt.Sprintf("a test of %s may import what %s may, test support, and rooms further down the table", from, rooms[row].packages)
	}
	return fmt.Sprintf("%s may import only [%s] of ours (%s)", rooms[row].packages, strings.Join(rooms[row].mayImport, " "), rooms[row].why)
}

// rowOf is the number of the first row that covers the package, -1 for none.
func rowOf(path string) int {
	return slices.IndexFunc(rooms, func(r room) bool { return matches(r.packages, path) })
}

// isTestSupport reports whether the package is named as the standard library
// names its own (httptest, iotest): storetest, connectortest. Such a package
// may import every room, and only tests and other test support import it.
func isTestSupport(path string) bool {
	last := path[strings.LastIndex(path, "/")+1:]
	return strings.HasSuffix(last, "test")
}

// matches reports whether the package path fits the pattern; see [room].
func matches(pattern, path string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, w := range want {
		switch {
		case w == "...":
			return true
		case i == len(have), w != "*" && w != have[i]:
			return false
		}
	}
	return len(want) == len(have)
}

// matchedFolder is the part of path that the pattern's segments before "..."
// stand for.
func matchedFolder(pattern, path string) string {
	n := len(strings.Split(strings.TrimSuffix(pattern, "/..."), "/"))
	return strings.Join(strings.Split(path, "/")[:n], "/")
}

func TestArrowRulesBite(t *testing.T) {
	for _, c := range []struct {
		name, path, file, imports string
		fault                     string // a part of the message; "" when the import is allowed
	}{
		{"the desk asks a room", "web/desk", "web/desk/list.go", "standpunt/inbox", ""},
		{"the desk reads the store", "web/desk", "web/desk/list.go", "standpunt/store", "web/desk/... may import only"},
		{"the API knows a page", "web/api", "web/api/people.go", "standpunt/web/desk", "web/api/... may import only"},
		{"a session knows a proposal", "web/session", "web/session/session.go", "standpunt/approval", "web/session may import only"},
		{"the listener joins its parts", "web", "web/server.go", "standpunt/web/api", ""},
		{"the desk's test opens a store", "web", "web/desk_test.go", "standpunt/store", ""},
		{"the desk's test runs a sandbox", "web", "web/desk_test.go", "standpunt/connectors/sandbox", ""},
		{"a room looks up", "inbox", "inbox/ingest.go", "standpunt/approval", "inbox may import only"},
		{"a room's test looks up", "inbox", "inbox/ingest_test.go", "standpunt/web", "a test of inbox may import"},
		{"config knows an id", "config", "config/config.go", "standpunt/internal/id", "config may import only"},
		{"the store knows a room", "store", "store/store.go", "standpunt/inbox", "store may import only"},
		{"the store makes a fault", "store", "store/store.go", "standpunt/internal/fault", ""},
		{"the contract knows a platform", "connectors", "connectors/runner.go", "standpunt/connectors/mail", "connectors may import only"},
		{"a kind knows the contract", "connectors/mail", "connectors/mail/mail.go", "standpunt/connectors", ""},
		{"a kind knows its inner package", "connectors/mail", "connectors/mail/mail.go", "standpunt/connectors/mail/mime", ""},
		{"a kind knows another kind", "connectors/mail", "connectors/mail/mail.go", "standpunt/connectors/sandbox", "connectors/*/... may import only"},
		{"a kind shares the graph client", "connectors/facebook", "connectors/facebook/facebook.go", "standpunt/connectors/internal/graph", ""},
		{"a kind opens the store", "connectors/mail", "connectors/mail/mail.go", "standpunt/store", "connectors/*/... may import only"},
		{"a kind goes round its keep", "connectors/mail", "connectors/mail/mail.go", "standpunt/connectors/keep", "connectors/*/... may import only"},
		{"the keep opens the store", "connectors/keep", "connectors/keep/keep.go", "standpunt/store", ""},
		{"the keep knows a platform", "connectors/keep", "connectors/keep/keep.go", "standpunt/connectors/mail", "connectors/keep may import only"},
		{"the simulated network keeps its posts", "connectors/sandbox/network", "connectors/sandbox/network/board.go", "standpunt/store", ""},
		{"the simulated network knows the desk", "connectors/sandbox/network", "connectors/sandbox/network/board.go", "standpunt/inbox", "connectors/sandbox/network/... may import only"},
		{"the desk's test runs the simulated network", "web", "web/desk_test.go", "standpunt/connectors/sandbox/network", ""},
		{"test support is shipped", "connectors", "connectors/runner.go", "standpunt/connectors/connectortest", "test support is for tests alone"},
		{"test support is used", "connectors/mail", "connectors/mail/mail_test.go", "standpunt/connectors/connectortest", ""},
		{"test support makes a release", "connectors/connectortest", "connectors/connectortest/suite.go", "standpunt/people", ""},
		{"a room imports main", "web", "web/desk.go", "standpunt/cmd/standpunt", "nothing imports cmd"},
		{"cmd wires everything", "cmd/standpunt", "cmd/standpunt/main.go", "standpunt/connectors/mail", ""},
		{"a new room", "billing", "billing/billing.go", "fmt", "in no row of the table"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := invent(t, c.path, map[string]string{c.file: fmt.Sprintf("package p\n\nimport _ %q\n", c.imports)})
			expect(t, checkArrows([]*pkg{p}), c.fault)
		})
	}
}
