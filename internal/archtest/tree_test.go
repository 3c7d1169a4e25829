package archtest

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	// module is the module's path, and what every import of ours begins with.
	module = "standpunt"
	// root is the module's folder, seen from this one.
	root = "../.."
	// tags are the build tags that the tree uses, so that what stands behind
	// them is looked at too.
	tags = "slow,networks"
)

// pkg is one package of ours; path is without the module's name.
type pkg struct {
	path  string
	files []*file
}

// file is one Go file; name is its path from the root, with slashes.
type file struct {
	name    string
	pkgPath string
	set     *token.FileSet
	syntax  *ast.File
}

func (f *file) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

func (f *file) line(p token.Pos) int { return f.set.Position(p).Line }

// imports are the paths that the file imports.
func (f *file) imports() []string {
	var paths []string
	for _, spec := range f.syntax.Imports {
		paths = append(paths, importPath(spec))
	}
	return paths
}

// ourImports are the packages of ours that the file imports, without the
// module's name.
func (f *file) ourImports() []string {
	var paths []string
	for _, p := range f.imports() {
		if own, ok := strings.CutPrefix(p, module+"/"); ok {
			paths = append(paths, own)
		}
	}
	return paths
}

// importedAs is the name under which the file imports our package room, "" if
// it does not, and whether it does so with a dot.
func (f *file) importedAs(room string) (name string, dotted bool) {
	for _, spec := range f.syntax.Imports {
		switch {
		case importPath(spec) != module+"/"+room:
		case spec.Name == nil:
			name = path.Base(room)
		case spec.Name.Name == ".":
			dotted = true
		default:
			name = spec.Name.Name
		}
	}
	return name, dotted
}

func importPath(spec *ast.ImportSpec) string {
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return p
}

// shipped are the files that are neither tests nor test support.
func shipped(packages []*pkg) []*file {
	var files []*file
	for _, p := range packages {
		for _, f := range p.files {
			if !f.isTest() && !isTestSupport(p.path) {
				files = append(files, f)
			}
		}
	}
	return files
}

// tree is the module's packages, read once.
func tree(t *testing.T) []*pkg {
	t.Helper()
	packages, err := readTree()
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

var readTree = sync.OnceValues(func() ([]*pkg, error) {
	// -e: a package that does not compile is for the compiler to report.
	list := exec.Command("go", "list", "-e", "-tags", tags,
		"-json=ImportPath,Dir,GoFiles,CgoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles", "./...")
	list.Dir = root
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, err
	}
	var packages []*pkg
	seen := map[string]bool{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var listed struct {
			ImportPath, Dir                                              string
			GoFiles, CgoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
		}
		if err := dec.Decode(&listed); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		p := &pkg{path: strings.TrimPrefix(listed.ImportPath, module+"/")}
		for _, name := range slices.Concat(listed.GoFiles, listed.CgoFiles, listed.IgnoredGoFiles, listed.TestGoFiles, listed.XTestGoFiles) {
			source, err := os.ReadFile(filepath.Join(listed.Dir, name))
			if err != nil {
				return nil, err
			}
			f, err := parse(p.path, p.path+"/"+name, source)
			if err != nil {
				return nil, err
			}
			p.files = append(p.files, f)
		}
		seen[p.path] = true
		packages = append(packages, p)
	}
	return packages, everyFolderListed(seen)
})

// everyFolderListed fails when a folder holds Go files that go list did not
// name, because all of them stand behind a build tag that tags lacks. Walking
// the tree also tells the test cache which folders the result depends on.
func everyFolderListed(seen map[string]bool) error {
	return filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return enter(name, entry.Name())
		}
		folder, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		if strings.HasSuffix(name, ".go") && !seen[filepath.ToSlash(folder)] {
			return errors.New(filepath.ToSlash(folder) + ": go list does not see this folder: add its build tag to tags in internal/archtest/tree_test.go")
		}
		return nil
	})
}

// enter is fs.SkipDir for folders that are not part of the module's packages.
func enter(name, base string) error {
	if name == root {
		return nil
	}
	if base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
		return fs.SkipDir // a module of its own
	}
	return nil
}

func parse(pkgPath, name string, source []byte) (*file, error) {
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &file{name: name, pkgPath: pkgPath, set: set, syntax: syntax}, nil
}

// invent makes a package from sources in memory, to show that a rule bites.
func invent(t *testing.T, pkgPath string, sources map[string]string) *pkg {
	t.Helper()
	p := &pkg{path: pkgPath}
	for name, source := range sources {
		f, err := parse(pkgPath, name, []byte(source))
		if err != nil {
			t.Fatal(err)
		}
		p.files = append(p.files, f)
	}
	return p
}

// report fails the test with every fault on a line of its own.
func report(t *testing.T, faults []string) {
	t.Helper()
	for _, f := range faults {
		t.Error(f)
	}
}

// expect fails the test unless there is exactly one fault that contains part,
// or none when part is empty.
func expect(t *testing.T, faults []string, part string) {
	t.Helper()
	switch {
	case part == "" && len(faults) > 0:
		t.Errorf("allowed, but reported: %q", faults)
	case part != "" && (len(faults) != 1 || !strings.Contains(faults[0], part)):
		t.Errorf("reported %q, want one fault that contains %q", faults, part)
	}
}
