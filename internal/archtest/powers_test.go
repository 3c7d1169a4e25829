package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// mandateMakers are the files and folders whose shipped code may refer to
// people.NewMandate, the proof that people's privileged changes ask for: an
// approved proposal, and the commands that run before anybody can approve.
var mandateMakers = []string{
	"approval/*.go",            // applies a released proposal
	"cmd/standpunt/init.go",    // the founders
	"cmd/standpunt/demo*.go",   // seeds as init does
	"cmd/standpunt/recover.go", // the daemon is stopped, publishing stays stopped
}

func TestOnlyApprovalAndInitMakeMandates(t *testing.T) {
	report(t, checkMandates(tree(t)))
}

func TestOnlyApprovalMakesReleases(t *testing.T) {
	report(t, checkReleases(tree(t)))
}

// checkMandates reports every mention of people.NewMandate, called or taken
// as a value, in shipped code outside mandateMakers.
func checkMandates(packages []*pkg) []string {
	var faults []string
	for _, f := range shipped(packages) {
		allowed := slices.ContainsFunc(mandateMakers, func(pattern string) bool {
			ok, _ := path.Match(pattern, f.name)
			return ok
		})
		if allowed {
			continue
		}
		for _, pos := range f.mentions("people", "NewMandate") {
			faults = append(faults, fmt.Sprintf("%s:%d: people.NewMandate: only %v may make a mandate; ask for the change with a proposal",
				f.name, f.line(pos), mandateMakers))
		}
	}
	return faults
}

// checkReleases reports every way in which a Release could come from anywhere
// but approval's own constructor: a literal with fields elsewhere, an exported
// field, a method that could fill one in, and a linkname that reaches round
// the type system. Imports of unsafe are checkLibraries' business.
func checkReleases(packages []*pkg) []string {
	var faults []string
	for _, f := range shipped(packages) {
		if f.pkgPath == "approval" {
			faults = append(faults, releaseStaysClosed(f)...)
		} else {
			for _, pos := range f.filledLiterals("approval", "Release") {
				faults = append(faults, fmt.Sprintf("%s:%d: approval.Release{...} with fields: only approval makes a Release", f.name, f.line(pos)))
			}
		}
		for _, group := range f.syntax.Comments {
			for _, c := range group.List {
				if strings.HasPrefix(c.Text, "//go:linkname") {
					faults = append(faults, fmt.Sprintf("%s:%d: go:linkname reaches round what a package exports", f.name, f.line(c.Pos())))
				}
			}
		}
	}
	return faults
}

// releaseStaysClosed reports what in a file of approval opens the type Release
// to other packages.
func releaseStaysClosed(f *file) []string {
	var faults []string
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeSpec:
			body, ok := n.Type.(*ast.StructType)
			if n.Name.Name != "Release" || !ok {
				return true
			}
			for _, field := range body.Fields.List {
				for _, name := range fieldNames(field) {
					if ast.IsExported(name) {
						faults = append(faults, fmt.Sprintf("%s:%d: Release.%s is exported: anybody could set it", f.name, f.line(field.Pos()), name))
					}
				}
			}
		case *ast.FuncDecl:
			if n.Recv == nil || !n.Name.IsExported() {
				return true
			}
			if star, ok := n.Recv.List[0].Type.(*ast.StarExpr); ok && isIdent(star.X, "Release") {
				faults = append(faults, fmt.Sprintf("%s:%d: (*Release).%s has a pointer receiver: it could fill in a zero Release", f.name, f.line(n.Pos()), n.Name.Name))
			}
		}
		return true
	})
	return faults
}

// fieldNames are the names that a struct field declares, the type's own for an
// embedded one.
func fieldNames(field *ast.Field) []string {
	var names []string
	for _, n := range field.Names {
		names = append(names, n.Name)
	}
	if len(names) > 0 {
		return names
	}
	switch t := field.Type.(type) {
	case *ast.Ident:
		return []string{t.Name}
	case *ast.SelectorExpr:
		return []string{t.Sel.Name}
	case *ast.StarExpr:
		return fieldNames(&ast.Field{Type: t.X})
	}
	return nil
}

// mentions are the places where the file refers to name of our package room:
// room.name under any import name, or plain name inside room itself and behind
// a dot import. Its own declaration is none.
func (f *file) mentions(room, name string) []token.Pos {
	local, dotted := f.importedAs(room)
	plain := dotted || f.pkgPath == room
	var found []token.Pos
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.Sel.Name == name && local != "" && isIdent(n.X, local) {
				found = append(found, n.Pos())
			}
		case *ast.Ident:
			if plain && n.Name == name && !f.declares(n) {
				found = append(found, n.Pos())
			}
		}
		return true
	})
	return found
}

// declares reports whether the identifier is the name of one of the file's own
// top-level functions.
func (f *file) declares(id *ast.Ident) bool {
	return slices.ContainsFunc(f.syntax.Decls, func(d ast.Decl) bool {
		fn, ok := d.(*ast.FuncDecl)
		return ok && fn.Name == id
	})
}

// filledLiterals are the places where the file writes room.name{...} with at
// least one element.
func (f *file) filledLiterals(room, name string) []token.Pos {
	local, dotted := f.importedAs(room)
	var found []token.Pos
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		lit, ok := n.(*ast.CompositeLit)
		if !ok || len(lit.Elts) == 0 {
			return true
		}
		sel, ok := lit.Type.(*ast.SelectorExpr)
		if (ok && sel.Sel.Name == name && local != "" && isIdent(sel.X, local)) || (dotted && isIdent(lit.Type, name)) {
			found = append(found, lit.Pos())
		}
		return true
	})
	return found
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func TestMandateRulesBite(t *testing.T) {
	const call = "package p\n\nimport \"standpunt/people\"\n\nvar m = people.NewMandate(\"x\")\n"
	for _, c := range []struct{ name, path, file, source, fault string }{
		{"approval calls it", "approval", "approval/apply.go", call, ""},
		{"init calls it", "cmd/standpunt", "cmd/standpunt/init.go", call, ""},
		{"the demo calls it", "cmd/standpunt", "cmd/standpunt/demo_people.go", call, ""},
		{"a test calls it", "people", "people/people_test.go", call, ""},
		{"the desk calls it", "web", "web/people.go", call, "web/people.go:5: people.NewMandate"},
		{"serve calls it", "cmd/standpunt", "cmd/standpunt/serve.go", call, "cmd/standpunt/serve.go:5"},
		{"the desk renames it", "web", "web/people.go", "package p\n\nimport staff \"standpunt/people\"\n\nvar m = staff.NewMandate(\"x\")\n", "web/people.go:5"},
		{"the desk takes it as a value", "web", "web/people.go", "package p\n\nimport \"standpunt/people\"\n\nvar f = people.NewMandate\n", "web/people.go:5"},
		{"the desk imports it with a dot", "web", "web/people.go", "package p\n\nimport . \"standpunt/people\"\n\nvar m = NewMandate(\"x\")\n", "web/people.go:5"},
		{"people declares it", "people", "people/mandate.go", "package people\n\nfunc NewMandate() int { return 1 }\n", ""},
		{"people calls it", "people", "people/grant.go", "package people\n\nvar m = NewMandate()\n", "people/grant.go:3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			expect(t, checkMandates([]*pkg{invent(t, c.path, map[string]string{c.file: c.source})}), c.fault)
		})
	}
}

func TestReleaseRulesBite(t *testing.T) {
	for _, c := range []struct{ name, path, file, source, fault string }{
		{"a closed Release", "approval", "approval/release.go", "package approval\n\ntype Release struct{ digest string }\n\nfunc (r Release) Digest() string { return r.digest }\n", ""},
		{"an exported field", "approval", "approval/release.go", "package approval\n\ntype Release struct{ Digest string }\n", "Release.Digest is exported"},
		{"an embedded exported type", "approval", "approval/release.go", "package approval\n\ntype Release struct{ *Envelope }\n", "Release.Envelope is exported"},
		{"a decoder", "approval", "approval/release.go", "package approval\n\nfunc (r *Release) UnmarshalJSON(b []byte) error { return nil }\n", "(*Release).UnmarshalJSON"},
		{"the zero Release elsewhere", "connectors", "connectors/dispatch.go", "package p\n\nimport \"standpunt/approval\"\n\nvar r = approval.Release{}\n", ""},
		{"a filled Release elsewhere", "connectors", "connectors/dispatch.go", "package p\n\nimport \"standpunt/approval\"\n\nvar r = approval.Release{Digest: \"x\"}\n", "connectors/dispatch.go:5: approval.Release{...}"},
		{"a filled Release behind a dot", "connectors", "connectors/dispatch.go", "package p\n\nimport . \"standpunt/approval\"\n\nvar r = Release{Digest: \"x\"}\n", "connectors/dispatch.go:5"},
		{"a linkname", "web", "web/sneak.go", "package p\n\n//go:linkname release standpunt/approval.release\nfunc release()\n", "web/sneak.go:3: go:linkname"},
	} {
		t.Run(c.name, func(t *testing.T) {
			expect(t, checkReleases([]*pkg{invent(t, c.path, map[string]string{c.file: c.source})}), c.fault)
		})
	}
}
