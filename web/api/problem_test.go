package api

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"standpunt/internal/fault"
)

// declaredCodes are the codes that the fault package's source declares.
func declaredCodes(t *testing.T) []fault.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../internal/fault/fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var codes []fault.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, fault.Code(text))
		}
		return true
	})
	return codes
}

func TestEveryCodeHasItsStatus(t *testing.T) {
	codes := declaredCodes(t)
	if len(codes) < 20 {
		t.Fatalf("found %d codes", len(codes))
	}
	known := make(map[fault.Code]bool)
	for _, code := range codes {
		known[code] = true
		if status, ok := statuses[code]; !ok || status < 400 || status > 599 {
			t.Errorf("the code %s has the status %d", code, status)
		}
	}
	for code := range statuses {
		if !known[code] {
			t.Errorf("there is no code %s", code)
		}
	}
}

// TestInternalErrorsAreLoggedAndNotShown holds for errors that are no faults
// and for faults that say they are internal, wrapped or not.
func TestInternalErrorsAreLoggedAndNotShown(t *testing.T) {
	for _, err := range []error{
		errors.New("disk /dev/sdb1 is gone"),
		fmt.Errorf("api: %w", fault.New(fault.Internal, "disk /dev/sdb1 is gone")),
	} {
		var log bytes.Buffer
		a := &API{logger: slog.New(slog.NewTextHandler(&log, nil))}
		w := httptest.NewRecorder()
		a.WriteProblem(w, httptest.NewRequest("GET", "/", nil), err)
		if w.Code != 500 || strings.Contains(w.Body.String(), "sdb1") || !strings.Contains(w.Body.String(), `"code":"internal"`) {
			t.Errorf("%v is shown as %d %s", err, w.Code, w.Body)
		}
		if !strings.Contains(log.String(), "sdb1") {
			t.Errorf("%v is not logged: %s", err, &log)
		}
	}
}

func TestFaultsAreShownWhole(t *testing.T) {
	f := fault.New(fault.RateLimited, "too many tries").At("login", "anna").Fix("Wait.").With("retry_after", "7").
		Because(errors.New("the hidden cause"))
	w := httptest.NewRecorder()
	(&API{logger: slog.New(slog.DiscardHandler)}).WriteProblem(w, httptest.NewRequest("GET", "/", nil), fmt.Errorf("web: %w", f))
	want := `{"type":"urn:standpunt:problem:rate_limited","title":"Too Many Requests","status":429,"detail":"too many tries",` +
		`"code":"rate_limited","field":"login","value":"anna","remedy":"Wait.","details":{"retry_after":"7"}}` + "\n"
	if w.Body.String() != want {
		t.Errorf("shown is\n%swant\n%s", w.Body, want)
	}
	if w.Header().Get("Retry-After") != "7" || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("the headers are %v", w.Header())
	}
}
