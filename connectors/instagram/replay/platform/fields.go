package platform

import (
	"net/http"
	"strings"
)

// field is one that a call asks for: name.limit(5){more}.
type field struct {
	name, key, arg string // key(arg) narrows the field
	sub            []field
}

// parseFields reads the parameter fields; ok is false where it makes no sense.
func parseFields(text string) (list []field, ok bool) {
	for text != "" {
		f, rest, good := parseField(text)
		if !good {
			return nil, false
		}
		list, text = append(list, f), rest
	}
	return list, true
}

func parseField(text string) (f field, rest string, ok bool) {
	end := strings.IndexAny(text, ",.{")
	if end < 0 {
		return field{name: text}, "", text != ""
	}
	f.name, rest = text[:end], text[end:]
	if after, narrowed := strings.CutPrefix(rest, "."); narrowed {
		var good bool
		if f.key, after, good = strings.Cut(after, "("); !good {
			return f, "", false
		}
		if f.arg, rest, good = strings.Cut(after, ")"); !good {
			return f, "", false
		}
	}
	if strings.HasPrefix(rest, "{") {
		inner, after, good := braces(rest)
		if !good {
			return f, "", false
		}
		if f.sub, good = parseFields(inner); !good {
			return f, "", false
		}
		rest = after
	}
	rest, comma := strings.CutPrefix(rest, ",")
	return f, rest, f.name != "" && (comma == (rest != ""))
}

// braces splits what stands between a pair of braces from what follows.
func braces(text string) (inner, after string, ok bool) {
	depth := 0
	for i, c := range text {
		switch c {
		case '{':
			depth++
		case '}':
			depth--
		}
		if depth == 0 {
			return text[1:i], text[i+1:], true
		}
	}
	return "", "", false
}

// expansion is a field that leads to other nodes.
type expansion func(f field) (any, *refusal)

// pick leaves the fields that were asked for. Fields without a value are left
// out, as Instagram does.
func pick(view map[string]any, fields []field) (map[string]any, *refusal) {
	picked := map[string]any{"id": view["id"]}
	for _, f := range fields {
		value, known := view[f.name]
		if !known {
			return nil, refuse(http.StatusBadRequest, 100, 0, "Tried accessing nonexisting field ("+f.name+")")
		}
		if expand, leads := value.(expansion); leads {
			var no *refusal
			if value, no = expand(f); no != nil {
				return nil, no
			}
		}
		if value != nil {
			picked[f.name] = value
		}
	}
	return picked, nil
}
