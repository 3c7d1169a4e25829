package desk

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestEverySentenceIsThereInBothLanguages(t *testing.T) {
	c, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.phrases) < 100 {
		t.Fatalf("the catalogue holds %d sentences", len(c.phrases))
	}
	value := regexp.MustCompile(`\{[a-z]+\}`)
	for key, p := range c.phrases {
		if strings.TrimSpace(p.EN) == "" || strings.TrimSpace(p.NL) == "" {
			t.Errorf("%s: a language is missing: %+v", key, p)
		}
		en, nl := value.FindAllString(p.EN, -1), value.FindAllString(p.NL, -1)
		slices.Sort(en)
		slices.Sort(nl)
		if !slices.Equal(slices.Compact(en), slices.Compact(nl)) {
			t.Errorf("%s: the languages have other values: %v and %v", key, en, nl)
		}
	}
}

// keysInTemplates finds {{t "key"}}, {{th "key"}} and, with a final dot,
// {{word "prefix"}}.
var keysInTemplates = regexp.MustCompile(`[{(]-?\s*(?:[^{}"]*\s)?(t|th|word) "([^"]+)"`)

func TestTemplatesUseSentencesThatExist(t *testing.T) {
	c, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range glob(t, templateFiles, "templates/*.html") {
		body, err := fs.ReadFile(templateFiles, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range keysInTemplates.FindAllStringSubmatch(string(body), -1) {
			found++
			if m[1] == "word" && !slices.ContainsFunc(keys(c), func(k string) bool { return strings.HasPrefix(k, m[2]+".") }) {
				t.Errorf("%s: no sentence begins with %s.", file, m[2])
			}
			if m[1] != "word" && !c.has(m[2]) {
				t.Errorf("%s: there is no sentence %s", file, m[2])
			}
		}
	}
	if found < 100 {
		t.Errorf("the templates use %d sentences; is the pattern wrong?", found)
	}
}

func TestCodeUsesSentencesThatExist(t *testing.T) {
	c, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			name, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"t", "done", "warn"}, name.Sel.Name) {
				return true
			}
			literal, ok := call.Args[0].(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			key, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			found++
			if !c.has(key) && !slices.ContainsFunc(keys(c), func(k string) bool { return strings.HasSuffix(key, ".") && strings.HasPrefix(k, key) }) {
				t.Errorf("%s: there is no sentence %s", file, key)
			}
			return true
		})
	}
	if found < 10 {
		t.Errorf("the code uses %d sentences; does the search still work?", found)
	}
}

// modules use t("key") for sentences under "js." and "time.".
func TestModulesUseSentencesThatExist(t *testing.T) {
	c, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile("\\bt\\(\"([^\"]+)\"")
	found := 0
	for _, file := range glob(t, os.DirFS("."), "static/*.js") {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range call.FindAllStringSubmatch(string(body), -1) {
			found++
			if !c.has("js."+m[1]) && !c.has("time."+m[1]) {
				t.Errorf("%s: there is no sentence js.%s", file, m[1])
			}
		}
	}
	if found < 5 {
		t.Errorf("the modules use %d sentences; is the pattern wrong?", found)
	}
}

func TestIconsExist(t *testing.T) {
	symbols, err := fs.ReadFile(templateFiles, "templates/part_symbols.html")
	if err != nil {
		t.Fatal(err)
	}
	used := regexp.MustCompile(`icon "([a-z-]+)"`)
	for _, file := range glob(t, templateFiles, "templates/*.html") {
		body, err := fs.ReadFile(templateFiles, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range used.FindAllStringSubmatch(string(body), -1) {
			if !strings.Contains(string(symbols), `id="i-`+m[1]+`"`) {
				t.Errorf("%s: there is no symbol %s", file, m[1])
			}
		}
		for _, forbidden := range []string{" style=", "<style", " onclick=", "javascript:"} {
			if strings.Contains(string(body), forbidden) {
				t.Errorf("%s holds %q, which the content policy forbids", file, forbidden)
			}
		}
	}
}

func TestSentencesTakeValuesAndOne(t *testing.T) {
	c := &catalogue{phrases: map[string]wording{
		"a":     {EN: "{n} wait", NL: "{n} wachten"},
		"a.one": {EN: "one waits", NL: "een wacht"},
		"b":     {EN: "by {name}", NL: "door {name}"},
	}}
	for got, want := range map[string]string{
		c.t("nl", "a", "n", 3):                         "3 wachten",
		c.t("en", "a", "n", 1):                         "one waits",
		c.t("en", "nothing"):                           "nothing",
		string(c.th("en", "b", "name", "<script>x")):   "by &lt;script&gt;x",
		string(c.th("nl", "b", "name", icon("x")))[:9]: "door <svg",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func glob(t *testing.T, files fs.FS, pattern string) []string {
	t.Helper()
	names, err := fs.Glob(files, pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(names), err)
	}
	return names
}

func keys(c *catalogue) []string {
	var all []string
	for k := range c.phrases {
		all = append(all, k)
	}
	return all
}
