package archtest

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// emptyNames say nothing of what is inside. A package may not have one, nor
// the plural, nor may a shipped file, except that "manager" is a role here and
// so a file may be about it.
var emptyNames = []string{"util", "helper", "manager", "common", "misc"}

func TestPackagesAreNamedAndExplained(t *testing.T) {
	report(t, checkNames(tree(t)))
}

// checkNames reports packages without a package comment and names of packages
// and files that say nothing. Test files are free.
func checkNames(packages []*pkg) []string {
	var faults []string
	for _, p := range packages {
		explained, code := false, false
		for _, f := range p.files {
			if f.isTest() {
				continue
			}
			code = true
			explained = explained || f.syntax.Doc != nil
			stem := strings.TrimSuffix(path.Base(f.name), ".go")
			if isEmptyName(f.syntax.Name.Name) {
				faults = append(faults, fmt.Sprintf("%s: package %s: name it after what it is for", f.name, f.syntax.Name.Name))
			}
			if isEmptyName(stem) && stem != "manager" {
				faults = append(faults, f.name+": name the file after the story it tells")
			}
		}
		if code && isEmptyName(path.Base(p.path)) {
			faults = append(faults, p.path+": name the folder after what it is for")
		}
		if code && !explained {
			faults = append(faults, p.path+": no package comment: say what the room is for, what comes in, what goes out, and what it never does")
		}
	}
	return faults
}

func isEmptyName(name string) bool {
	return slices.Contains(emptyNames, name) || slices.Contains(emptyNames, strings.TrimSuffix(name, "s"))
}

func TestNameRulesBite(t *testing.T) {
	const doc = "// Package p is explained.\npackage p\n"
	for _, c := range []struct{ name, path, file, source, fault string }{
		{"an explained package", "inbox", "inbox/doc.go", doc, ""},
		{"no package comment", "inbox", "inbox/list.go", "package inbox\n", "inbox: no package comment"},
		{"tests alone", "e2e", "e2e/story_test.go", "package e2e\n", ""},
		{"a folder of odds and ends", "internal/utils", "internal/utils/text.go", doc, "internal/utils: name the folder"},
		{"a package of odds and ends", "web", "web/text.go", "// Package helper helps.\npackage helper\n", "package helper: name it"},
		{"a file of odds and ends", "web", "web/helpers.go", doc, "web/helpers.go: name the file"},
		{"a file about managers", "web", "web/manager.go", doc, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			expect(t, checkNames([]*pkg{invent(t, c.path, map[string]string{c.file: c.source})}), c.fault)
		})
	}
}
