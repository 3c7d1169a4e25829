package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// environment is the environment variables by name.
type environment map[string]string

func newEnvironment(environ []string) environment {
	env := make(environment, len(environ))
	for _, each := range environ {
		if name, value, ok := strings.Cut(each, "="); ok {
			env[name] = value
		}
	}
	return env
}

// decoder puts a YAML tree into Go values and collects every problem on the
// way. Where one is found, the value stays as it was.
type decoder struct {
	file     string
	env      environment
	problems []*Problem
	misuse   error               // a type that this decoder does not know: the program's fault
	lines    map[string]int      // where each key path stands
	shown    map[*yaml.Node]bool // scalars that were read into something else than a Secret
}

func newDecoder(file string, env environment) *decoder {
	return &decoder{file: file, env: env, lines: make(map[string]int), shown: make(map[*yaml.Node]bool)}
}

// report adds a problem at n. The value is shown only where told.
func (d *decoder) report(n *yaml.Node, key string, p *Problem) {
	p.File, p.Line, p.Key = d.file, n.Line, key
	d.problems = append(d.problems, p)
}

// wrongType reports what is wanted at n and what is there.
func (d *decoder) wrongType(n *yaml.Node, key, want, remedy string) {
	p := &Problem{Message: "wants " + want + ", not " + kindOf(n), Remedy: remedy}
	if n.Kind == yaml.ScalarNode {
		p.Value = shortened(withoutPassword(n.Value))
	}
	d.report(n, key, p)
}

func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "keys and values"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!timestamp":
		return "a date"
	}
	return "text"
}

var (
	secretType   = reflect.TypeFor[Secret]()
	durationType = reflect.TypeFor[time.Duration]()
	nodeType     = reflect.TypeFor[yaml.Node]()
)

// value decodes n, which stands at key, into v.
func (d *decoder) value(n *yaml.Node, v reflect.Value, key string) {
	d.lines[key] = n.Line
	if !vetted(n) {
		return
	}
	if v.Type() == secretType {
		d.secret(n, v, key)
		return
	}
	if v.Type() == nodeType {
		v.Set(reflect.ValueOf(*n))
		return
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		d.null(n, v, key)
		return
	}
	if n.Kind == yaml.ScalarNode {
		d.shown[n] = true
	}
	if v.Type() == durationType {
		d.custom(n, (*Duration)(v.Addr().Interface().(*time.Duration)), key)
		return
	}
	switch into := v.Addr().Interface().(type) {
	case yaml.Unmarshaler:
		d.custom(n, into, key)
		return
	case encoding.TextUnmarshaler:
		d.text(n, into, key)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		before := len(d.problems)
		d.value(n, fresh.Elem(), key)
		// What holds others is kept, so that the sound ones are checked too.
		holds := fresh.Elem().Kind() == reflect.Struct || fresh.Elem().Kind() == reflect.Slice
		if holds || len(d.problems) == before {
			v.Set(fresh)
		}
	case reflect.Struct:
		d.structure(n, v, key)
	case reflect.Slice:
		d.list(n, v, key)
	case reflect.Map:
		d.table(n, v, key)
	default:
		d.scalar(n, v, key)
	}
}

// null is a key without a value: a group of keys that are all left out, and
// a fault anywhere else.
func (d *decoder) null(n *yaml.Node, v reflect.Value, key string) {
	if v.Kind() == reflect.Struct {
		d.missing(n, fieldsOf(v), nil, key)
		return
	}
	d.report(n, key, &Problem{Message: "has no value", Remedy: "Write a value, or delete the key for its default."})
}

// custom lets a type read n by itself.
func (d *decoder) custom(n *yaml.Node, into yaml.Unmarshaler, key string) {
	if err := into.UnmarshalYAML(n); err != nil {
		d.rejected(n, key, err)
	}
}

func (d *decoder) text(n *yaml.Node, into encoding.TextUnmarshaler, key string) {
	if n.Kind != yaml.ScalarNode {
		d.wrongType(n, key, "text", "Write one word or a text in quotes.")
		return
	}
	if err := into.UnmarshalText([]byte(n.Value)); err != nil {
		d.rejected(n, key, err)
	}
}

func (d *decoder) rejected(n *yaml.Node, key string, err error) {
	var p *Problem
	if !errors.As(err, &p) {
		p = &Problem{Message: err.Error()}
	}
	if p.Value == "" && n.Kind == yaml.ScalarNode {
		p.Value = shortened(withoutPassword(n.Value))
	}
	d.report(n, key, p)
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, key string) {
	switch {
	case v.Kind() == reflect.String:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
			remedy := "Write one text."
			if n.Kind == yaml.ScalarNode {
				remedy = fmt.Sprintf("Put it in quotes: %q.", shortened(n.Value))
			}
			d.wrongType(n, key, "text", remedy)
			return
		}
		v.SetString(n.Value)
	case v.Kind() == reflect.Bool:
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
			d.wrongType(n, key, "true or false", "Write true or false, without quotes.")
			return
		}
		d.number(n, v, key)
	case v.CanInt() || v.CanUint():
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" {
			d.wrongType(n, key, "a whole number", "Write digits alone, without quotes and unit.")
			return
		}
		d.number(n, v, key)
	case v.CanFloat():
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" && n.Tag != "!!float" {
			d.wrongType(n, key, "a number", "Write a number, without quotes and unit.")
			return
		}
		d.number(n, v, key)
	default:
		d.misuse = errors.Join(d.misuse, fmt.Errorf("config: %s cannot be decoded into %s", key, v.Type()))
	}
}

func (d *decoder) number(n *yaml.Node, v reflect.Value, key string) {
	fresh := reflect.New(v.Type())
	if err := n.Decode(fresh.Interface()); err != nil {
		d.report(n, key, &Problem{Value: shortened(n.Value), Message: "the number does not fit", Remedy: "Write a smaller one, or a positive one."})
		return
	}
	v.Set(fresh.Elem())
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.SequenceNode {
		remedy := "Write a list: one value a line, each after a dash, or [a, b]."
		if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
			remedy = fmt.Sprintf("Write [%q].", shortened(n.Value))
		}
		d.wrongType(n, key, "a list", remedy)
		return
	}
	fresh := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, each := range n.Content {
		d.value(each, fresh.Index(i), item(key, i))
	}
	v.Set(fresh)
}

func (d *decoder) table(n *yaml.Node, v reflect.Value, key string) {
	if v.Type().Key().Kind() != reflect.String {
		d.misuse = errors.Join(d.misuse, fmt.Errorf("config: %s cannot be decoded into %s", key, v.Type()))
		return
	}
	if n.Kind != yaml.MappingNode {
		d.wrongType(n, key, "keys and values", "Write one key: value a line below it.")
		return
	}
	fresh := reflect.MakeMap(v.Type())
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !isPlainKey(n.Content[i]) {
			continue
		}
		name := n.Content[i].Value
		value := reflect.New(v.Type().Elem()).Elem()
		d.value(n.Content[i+1], value, below(key, name))
		fresh.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), value)
	}
	v.Set(fresh)
}

func (d *decoder) secret(n *yaml.Node, v reflect.Value, key string) {
	const remedy = "Write the text in quotes, {env: NAME} or {file: PATH}."
	var secret Secret
	var p *Problem
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag != "!!null":
		// 0123 and true are passwords too: the text as it is written.
		secret = NewSecret(n.Value)
		if n.Value == "" {
			p = &Problem{Message: "the secret is empty", Remedy: remedy}
		}
	case n.Kind == yaml.ScalarNode:
		p = &Problem{Message: "the secret is empty", Remedy: remedy}
	case n.Kind != yaml.MappingNode:
		p = &Problem{Message: "wants a secret, not a list", Remedy: remedy}
	case len(n.Content) != 2 || !isPlainKey(n.Content[0]):
		p = &Problem{Message: "wants exactly one of env and file", Remedy: remedy}
	default:
		secret, p = d.reference(n.Content[0].Value, n.Content[1])
	}
	if p != nil {
		d.report(n, key, p)
		return
	}
	v.Set(reflect.ValueOf(secret))
}

// reference resolves {source: value}. The value is shown in problems once it
// is known to name something and so is not the secret itself.
func (d *decoder) reference(source string, value *yaml.Node) (Secret, *Problem) {
	if source != "env" && source != "file" {
		return Secret{}, &Problem{Message: "a secret comes from env or file, not from " + step(source),
			Remedy: suggestion(source, "keys", []string{"env", "file"})}
	}
	if value.Kind != yaml.ScalarNode || !vetted(value) || value.Tag == "!!null" || value.Value == "" {
		return Secret{}, &Problem{Message: source + " wants a name", Remedy: "Write {env: NAME} or {file: PATH}."}
	}
	var secret Secret
	var p *Problem
	if source == "env" {
		secret, p = secretFromEnv(value.Value, d.env)
	} else {
		secret, p = secretFromFile(value.Value)
	}
	if p == nil {
		d.shown[value] = true
	}
	return secret, p
}
