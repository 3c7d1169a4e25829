package desk

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
)

//go:embed words
var wordFiles embed.FS

// languages are those of the desk, the first one for whoever asks for neither.
var languages = []string{"en", "nl"}

// wording is one sentence in each language.
type wording struct {
	EN string `json:"en"`
	NL string `json:"nl"`
}

func (p wording) in(lang string) string {
	if lang == "nl" {
		return p.NL
	}
	return p.EN
}

// catalogue is every sentence of the desk by its key. The files in words/ hold
// them, one for each page; a key begins with the name of its page.
type catalogue struct{ phrases map[string]wording }

func readWords() (*catalogue, error) {
	c := &catalogue{phrases: make(map[string]wording)}
	entries, err := wordFiles.ReadDir("words")
	if err != nil {
		return nil, fmt.Errorf("desk: words: %w", err)
	}
	for _, e := range entries {
		body, err := wordFiles.ReadFile("words/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("desk: words: %w", err)
		}
		var file map[string]wording
		if err := json.Unmarshal(body, &file); err != nil {
			return nil, fmt.Errorf("desk: words/%s: %w", e.Name(), err)
		}
		for key, p := range file {
			if _, ok := c.phrases[key]; ok {
				return nil, fmt.Errorf("desk: words/%s: the key %s is there twice", e.Name(), key)
			}
			c.phrases[key] = p
		}
	}
	return c, nil
}

// has reports whether there is a sentence with the key.
func (c *catalogue) has(key string) bool {
	_, ok := c.phrases[key]
	return ok
}

// t is the sentence with the key, in which {name} is replaced by the value
// that follows "name" in args. With a value "n", the key with ".one" behind it
// is taken where n is 1 and there is such a key. An unknown key is shown as it
// is, so that a missing sentence is seen and not a blank.
func (c *catalogue) t(lang, key string, args ...any) string {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == "n" && fmt.Sprint(args[i+1]) == "1" && c.has(key+".one") {
			key += ".one"
			break
		}
	}
	p, ok := c.phrases[key]
	if !ok {
		return key
	}
	s := p.in(lang)
	for i := 0; i+1 < len(args); i += 2 {
		s = strings.ReplaceAll(s, "{"+fmt.Sprint(args[i])+"}", fmt.Sprint(args[i+1]))
	}
	return s
}

// th is t for a sentence with HTML among its values; the others are escaped.
func (c *catalogue) th(lang, key string, args ...any) template.HTML {
	safe := make([]any, len(args))
	for i, a := range args {
		switch a.(type) {
		case template.HTML:
			safe[i] = a
		default:
			safe[i] = template.HTMLEscapeString(fmt.Sprint(a))
		}
	}
	return template.HTML(c.t(lang, key, safe...)) //nolint:gosec // values are escaped, sentences are ours
}

// under are the sentences whose key begins with a prefix, without it: what a
// module of the page needs.
func (c *catalogue) under(lang, prefix string) map[string]string {
	all := make(map[string]string)
	for key, p := range c.phrases {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			all[rest] = p.in(lang)
		}
	}
	return all
}
