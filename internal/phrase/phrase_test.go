package phrase_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"

	"standpunt/internal/phrase"
)

// TestEveryCodeHasASentence: what is written with a code without one would be an
// empty text.
func TestEveryCodeHasASentence(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	all, found := phrase.Codes(), 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if value, ok := spec.Values[0].(*ast.BasicLit); ok {
			found++
			code, err := strconv.Unquote(value.Value)
			if err != nil || all[phrase.Code(code)] == "" {
				t.Errorf("%s has no sentence", spec.Names[0].Name)
			}
		}
		return true
	})
	if found < 50 || found != len(all) {
		t.Errorf("%d codes and %d sentences", found, len(all))
	}
}

func TestAPhraseIsFilledIn(t *testing.T) {
	p := phrase.Of(phrase.Unreached, "host", "{why}.example").Because(phrase.WhyTimeOut)
	if got := p.English(); got != "{why}.example cannot be reached (time-out)" {
		t.Errorf("English is %q", got)
	}
	dutch := map[phrase.Code]string{phrase.Unreached: "{host} is niet bereikbaar ({why})", phrase.WhyTimeOut: "geen antwoord van {host}"}
	if got := p.In(func(code phrase.Code) string { return dutch[code] }); got != "{why}.example is niet bereikbaar (geen antwoord van {why}.example)" {
		t.Errorf("Dutch is %q", got)
	}
	if got := (phrase.Phrase{}).English(); got != "" {
		t.Errorf("no phrase is %q", got)
	}
}
