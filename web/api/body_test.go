package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"standpunt/connectors/push"
	"standpunt/internal/fault"
)

// sample has everything that bodies have: members, lists, references.
type sample struct {
	Text  string     `json:"text"`
	Inner sampleIn   `json:"inner"`
	List  []sampleIn `json:"list"`
}

type sampleIn struct {
	Quorum int `json:"quorum"`
}

func sampleSchema() (*huma.Schema, huma.Registry) {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	return registry.Schema(reflect.TypeFor[sample](), true, ""), registry
}

func TestCheckBody(t *testing.T) {
	schema, registry := sampleSchema()
	for _, c := range []struct {
		body  string
		code  fault.Code
		field string
		says  string
	}{
		{`{"text": "a", "inner": {"quorum": 2}, "list": [{"quorum": 3}, {}]}`, "", "", ""},
		{" \n{}\t", "", "", ""},
		{`null`, "", "", ""}, // types are checked later
		{`{"inner": {"quorm": 2}}`, fault.InvalidInput, "inner.quorm", "Did you mean quorum?"},
		{"{\n \"list\": [{}, {\"nothing\": 2}]}", fault.InvalidInput, "list[1].nothing", "Use quorum."},
		{`{"list": [{"quorum": 1, "quorum": 2}]}`, fault.MalformedJSON, "list.0.quorum", "twice"},
		{"{\n\"text\": tru}", fault.MalformedJSON, "", "line 2"},
		{`{"text": 01}`, fault.MalformedJSON, "", ""},
		{`{"text": "` + "\x01" + `"}`, fault.MalformedJSON, "", ""},
		{`{"text": NaN}`, fault.MalformedJSON, "", ""},
		{`{}]`, fault.MalformedJSON, "", "line 1, column 3"},
		{`{} {}`, fault.MalformedJSON, "", "after the end"},
	} {
		err := checkBody([]byte(c.body), schema, registry)
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want the code %q", c.body, err, c.code)
			continue
		}
		if f := (*fault.Fault)(nil); errors.As(err, &f) && (f.Field != c.field && c.field != "" || !strings.Contains(f.Error(), c.says)) {
			t.Errorf("%s: %v about %q, want %q about %q", c.body, f, f.Field, c.says, c.field)
		}
	}
}

// FuzzCheckBody looks for bodies that pass and that a reader could take for
// something else: not UTF-8, not one value, a member twice or in another
// spelling, unknown members.
func FuzzCheckBody(f *testing.F) {
	for _, seed := range []string{
		`{"text": "a", "inner": {"quorum": 2}, "list": [{"quorum": 3}]}`, `{"text":"a","text":"b"}`, `{"Text":"a"}`, `{}{}`, "{\"text\":\"\xff\"}",
		`{"te\u0078t":"a","text":"b"}`, `[1,2,{"a":[null,true]}]`, `"\ud800"`, `1e999`, "\ufeff{}", strings.Repeat("[", 100), ``, `{"inner":{"x":1}}`,
	} {
		f.Add([]byte(seed))
	}
	schema, registry := sampleSchema()
	f.Fuzz(func(t *testing.T, body []byte) {
		err := checkBody(body, schema, registry)
		if err != nil {
			var known *fault.Fault
			if !errors.As(err, &known) || known.Code != fault.MalformedJSON && known.Code != fault.InvalidInput {
				t.Fatalf("refused with %v", err)
			}
			if !utf8.ValidString(known.Field) || !utf8.ValidString(known.Message) {
				t.Fatalf("the refusal is not valid UTF-8: %q %q", known.Field, known.Message)
			}
			return
		}
		if !utf8.Valid(body) || !json.Valid(body) {
			t.Fatalf("passed: %q", body)
		}
		members(t, json.NewDecoder(bytes.NewReader(body)), map[string]bool{"text": true, "inner": true, "list": true})
	})
}

// members fails the test when an object of the value has a member twice, or
// the outermost one a member that is not known.
func members(t *testing.T, dec *json.Decoder, known map[string]bool) {
	t.Helper()
	dec.UseNumber()
	type level struct {
		object, key bool
		seen        map[string]bool
	}
	var stack []*level
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		top := &level{}
		if len(stack) > 0 {
			top = stack[len(stack)-1]
		}
		if name, ok := token.(string); ok && top.object && top.key {
			if top.seen[name] || len(stack) == 1 && !known[name] {
				t.Fatalf("passed with the member %q", name)
			}
			top.seen[name], top.key = true, false
			continue
		}
		top.key = true // behind a value comes a key
		switch token {
		case json.Delim('{'):
			stack = append(stack, &level{object: true, key: true, seen: make(map[string]bool)})
		case json.Delim('['):
			stack = append(stack, &level{})
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
		}
	}
}

// TestDeliveriesAreDocumentedAsTheyAreRead holds the documented form of
// deliveries against what the connector decodes.
func TestDeliveriesAreDocumentedAsTheyAreRead(t *testing.T) {
	documented, read := shape(reflect.TypeFor[Delivery]()), shape(reflect.TypeFor[push.Delivery]())
	if !reflect.DeepEqual(documented, read) {
		t.Errorf("documented is %v, read is %v", documented, read)
	}
}

// shape is the tree of member names of a type.
func shape(typ reflect.Type) map[string]any {
	for typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || typ.String() == "time.Time" {
		return nil
	}
	names := make(map[string]any)
	for i := range typ.NumField() {
		name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
		names[name] = shape(typ.Field(i).Type)
	}
	return names
}
