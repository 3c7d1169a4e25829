package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/go-json-experiment/json/jsontext"

	"standpunt/internal/fault"
)

const (
	defaultBody = 1 << 20 // bytes
	deepest     = 32      // levels of a JSON value
)

// strictBody reads the request's body before huma does and refuses what is
// not one well-formed JSON value with members that the operation knows.
func (a *API) strictBody(most int64) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(ctx)
		body, err := readBody(w, r, most)
		if err == nil && (len(body) > 0 || ctx.Operation().RequestBody.Required) {
			err = checkBody(body, ctx.Operation().RequestBody.Content["application/json"].Schema, a.huma.OpenAPI().Components.Schemas)
		}
		if err != nil {
			a.WriteProblem(w, r, err)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next(ctx)
	}
}

// readBody reads at most so many bytes of a JSON body.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	if kind := r.Header.Get("Content-Type"); kind != "" {
		media, parameters, err := mime.ParseMediaType(kind)
		charset := parameters["charset"]
		if err != nil || media != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
			return nil, fault.New(fault.InvalidInput, "the body is not declared as JSON in UTF-8").At("Content-Type", kind).
				Fix("Send the header Content-Type: application/json.")
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, fault.New(fault.BodyTooLarge, "the body is larger than %d bytes", most).
			Fix("Send less at once.").With("max_body", strconv.FormatInt(most, 10))
	case err != nil:
		return nil, fault.New(fault.InvalidInput, "the body broke off").Fix("Send it again.").Because(err)
	case len(body) > 0 && r.Header.Get("Content-Type") == "":
		return nil, fault.New(fault.InvalidInput, "the body's type is missing").At("Content-Type", "").
			Fix("Send the header Content-Type: application/json.")
	}
	return body, nil
}

// checkBody refuses bytes that are not exactly one JSON value in UTF-8, objects
// that have a member twice, and members that the schema does not know, however
// they are spelled. Types are huma's to check.
func checkBody(data []byte, schema *huma.Schema, registry huma.Registry) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return fault.New(fault.MalformedJSON, "the body is empty").Fix("Send a JSON object.")
	}
	w := &walk{data: data, registry: registry, dec: jsontext.NewDecoder(bytes.NewReader(data))}
	if err := w.value(schema, "", 0); err != nil {
		return err
	}
	if _, err := w.dec.ReadToken(); !errors.Is(err, io.EOF) {
		if err == nil {
			return w.malformed(w.dec.InputOffset(), "there is something after the end of the JSON value", "")
		}
		return w.syntax(err)
	}
	return nil
}

// walk goes through a JSON value beside its schema.
type walk struct {
	data     []byte
	registry huma.Registry
	dec      *jsontext.Decoder
}

func (w *walk) value(schema *huma.Schema, path string, depth int) error {
	schema = w.resolve(schema)
	if depth > deepest {
		return w.malformed(w.dec.InputOffset(), "the JSON value is nested too deeply", path)
	}
	token, err := w.dec.ReadToken()
	if err != nil {
		return w.syntax(err)
	}
	switch token.Kind() {
	case '{':
		return w.object(schema, path, depth)
	case '[':
		var items *huma.Schema
		if schema != nil {
			items = schema.Items
		}
		for i := 0; w.dec.PeekKind() != ']'; i++ {
			if err := w.value(items, path+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
				return err
			}
		}
		_, err = w.dec.ReadToken()
		return w.syntax(err)
	}
	return nil
}

func (w *walk) object(schema *huma.Schema, path string, depth int) error {
	for w.dec.PeekKind() != '}' {
		token, err := w.dec.ReadToken()
		if err != nil {
			return w.syntax(err)
		}
		name := token.String()
		var member *huma.Schema
		if schema != nil && len(schema.Properties) > 0 {
			if member = schema.Properties[name]; member == nil {
				return w.unknown(schema, path, name)
			}
		}
		if err := w.value(member, joinField(path, name), depth+1); err != nil {
			return err
		}
	}
	_, err := w.dec.ReadToken()
	return w.syntax(err)
}

// unknown says that an object has a member that the call does not know. The
// member's value is not repeated: it may be a misspelt password's.
func (w *walk) unknown(schema *huma.Schema, path, name string) error {
	var names []string
	for known := range schema.Properties {
		names = append(names, known)
	}
	line, column := position(w.data, w.dec.InputOffset()-int64(len(name)))
	return fault.New(fault.InvalidInput, "there is no such field").At(joinField(path, name), "").
		Fix("%s", suggestion(name, names)).With("line", line).With("column", column)
}

// resolve follows a reference into the document's components.
func (w *walk) resolve(schema *huma.Schema) *huma.Schema {
	if schema != nil && schema.Ref != "" {
		return w.registry.SchemaFromRef(schema.Ref)
	}
	return schema
}

// syntax is the fault for an error of the decoder, nil for nil.
func (w *walk) syntax(err error) error {
	if err == nil {
		return nil
	}
	what, at, path := "the body is not well-formed JSON", w.dec.InputOffset(), ""
	var found *jsontext.SyntacticError
	if errors.As(err, &found) {
		at = found.ByteOffset
		path = strings.ReplaceAll(strings.TrimPrefix(string(found.JSONPointer), "/"), "/", ".")
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		what = "a field stands there twice"
	case !utf8.Valid(w.data):
		what = "the body is not valid UTF-8"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		what, at = "the JSON value breaks off", int64(len(w.data))
	}
	return w.malformed(at, what, path)
}

func (w *walk) malformed(at int64, what, path string) error {
	line, column := position(w.data, at)
	f := fault.New(fault.MalformedJSON, "%s, at line %s, column %s", what, line, column).
		Fix("Send one JSON value, with each field once.").With("line", line).With("column", column)
	f.Field = strings.ToValidUTF8(path, "?")
	return f
}

// position is the line and the column, in bytes, both from 1.
func position(data []byte, at int64) (line, column string) {
	before := data[:min(max(at, 0), int64(len(data)))]
	return strconv.Itoa(bytes.Count(before, []byte("\n")) + 1), strconv.Itoa(len(before) - bytes.LastIndexByte(before, '\n'))
}

// suggestion names the valid name that is nearest to what was sent, or all.
func suggestion(name string, valid []string) string {
	slices.Sort(valid)
	best, distance := "", 3
	for _, each := range valid {
		if d := levenshtein.ComputeDistance(strings.ToLower(name), each); d < distance {
			best, distance = each, d
		}
	}
	switch {
	case len(valid) == 0:
		return "Leave it out."
	case best != "":
		return "Did you mean " + best + "?"
	}
	return "Use " + strings.Join(valid, ", ") + "."
}
