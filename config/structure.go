package config

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// field is one key of a struct.
type field struct {
	name     string
	required bool
	value    reflect.Value
}

// fieldsOf lists the keys of a struct in order: the exported fields with a
// yaml tag, and those of structs tagged ",inline".
func fieldsOf(v reflect.Value) []field {
	var fields []field
	for i := range v.NumField() {
		kind := v.Type().Field(i)
		tag, tagged := kind.Tag.Lookup("yaml")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case !tagged || name == "-" || !kind.IsExported():
		case slices.Contains(strings.Split(options, ","), "inline") && kind.Type.Kind() == reflect.Struct:
			fields = append(fields, fieldsOf(v.Field(i))...)
		case name != "":
			fields = append(fields, field{name, kind.Tag.Get("required") == "true", v.Field(i)})
		}
	}
	return fields
}

func (d *decoder) structure(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.MappingNode {
		d.wrongType(n, key, "keys and values", "Write one key: value a line below it.")
		return
	}
	fields := fieldsOf(v)
	names := make([]string, len(fields))
	for i, each := range fields {
		names[i] = each.name
	}
	given := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		if !isPlainKey(name) || given[name.Value] {
			continue // reported when the tree was read
		}
		given[name.Value] = true
		at := slices.Index(names, name.Value)
		if at < 0 {
			d.report(name, below(key, name.Value), &Problem{Message: "unknown key", Remedy: suggestion(name.Value, "keys", names)})
			continue
		}
		path := below(key, name.Value)
		d.value(value, fields[at].value, path)
		if value.Kind != yaml.ScalarNode { // a list's line is its key's
			d.lines[path] = name.Line
		}
		if fields[at].required && value.Kind == yaml.ScalarNode && value.Tag == "!!str" && value.Value == "" && fields[at].value.Type() != secretType {
			d.report(value, path, &Problem{Message: "is empty", Remedy: "Write a value."})
		}
	}
	d.missing(n, fields, given, key)
}

func (d *decoder) missing(n *yaml.Node, fields []field, given map[string]bool, key string) {
	for _, each := range fields {
		if each.required && !given[each.name] {
			d.report(n, below(key, each.name), &Problem{Message: "is missing", Remedy: "Add " + each.name + " here."})
		}
	}
}
