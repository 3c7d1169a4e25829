package graphreplay

import (
	"net/http"
	"net/url"
	"strings"
)

// Field is one that a call asks for: name.limit(5){more}.
type Field struct {
	Name, Key, Arg string // key(arg) narrows the field
	Sub            []Field
}

// parseFields reads the parameter fields; ok is false where it makes no sense.
func parseFields(text string) (list []Field, ok bool) {
	for text != "" {
		f, rest, good := parseField(text)
		if !good {
			return nil, false
		}
		list, text = append(list, f), rest
	}
	return list, true
}

func parseField(text string) (f Field, rest string, ok bool) {
	end := strings.IndexAny(text, ",.{")
	if end < 0 {
		return Field{Name: text}, "", text != ""
	}
	f.Name, rest = text[:end], text[end:]
	if after, narrowed := strings.CutPrefix(rest, "."); narrowed {
		var good bool
		if f.Key, after, good = strings.Cut(after, "("); !good {
			return f, "", false
		}
		if f.Arg, rest, good = strings.Cut(after, ")"); !good {
			return f, "", false
		}
	}
	if strings.HasPrefix(rest, "{") {
		inner, after, good := braces(rest)
		if !good {
			return f, "", false
		}
		if f.Sub, good = parseFields(inner); !good {
			return f, "", false
		}
		rest = after
	}
	rest, comma := strings.CutPrefix(rest, ",")
	return f, rest, f.Name != "" && (comma == (rest != ""))
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

// Expansion is a field that leads to other nodes.
type Expansion func(f Field) (any, *Refusal)

// Asked are the fields of a view that the call's parameter fields names.
func Asked(view map[string]any, form url.Values) (any, *Refusal) {
	fields, ok := parseFields(form.Get("fields"))
	if !ok {
		return nil, Refuse(http.StatusBadRequest, 2500, 0, "Syntax error in the parameter fields")
	}
	return Pick(view, fields)
}

// Pick leaves the fields that were asked for, and the id. Fields without a value
// are left out, as the Graph API does.
func Pick(view map[string]any, fields []Field) (any, *Refusal) {
	picked := map[string]any{"id": view["id"]}
	for _, f := range fields {
		value, known := view[f.Name]
		if !known {
			return nil, invalid("Tried accessing nonexisting field (" + f.Name + ")")
		}
		if expand, leads := value.(Expansion); leads {
			var no *Refusal
			if value, no = expand(f); no != nil {
				return nil, no
			}
		}
		if value != nil {
			picked[f.Name] = value
		}
	}
	return picked, nil
}
