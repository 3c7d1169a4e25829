package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const maxFile = 1 << 20

// readTree reads the file's YAML tree: a mapping, or nil for an empty file.
// The problems are those of YAML itself.
func readTree(path string) (*yaml.Node, []*Problem) {
	content, p := readFile(path)
	if p != nil {
		return nil, []*Problem{p}
	}
	root, p := parseTree(content)
	if p != nil {
		p.File = path
		return nil, []*Problem{p}
	}
	if root == nil {
		return nil, nil
	}
	v := vetting{file: path}
	v.node(root, "")
	return root, v.problems
}

func readFile(path string) ([]byte, *Problem) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, &Problem{File: path, Message: "is not a regular file", Remedy: "Name a YAML file."}
	}
	if err == nil && info.Size() > maxFile {
		return nil, &Problem{File: path, Message: "is larger than 1 MiB", Remedy: "Is this the right file?"}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		p := unreadable(path, err)
		p.File, p.Value = path, ""
		if errors.Is(err, os.ErrNotExist) {
			p.Remedy = "Copy config.example.yaml to this path, or name another file with --config."
		}
		return nil, p
	}
	return content, nil
}

func parseTree(content []byte) (*yaml.Node, *Problem) {
	if !utf8.Valid(content) {
		return nil, &Problem{Line: 1 + bytes.Count(content[:firstInvalid(content)], []byte("\n")),
			Message: "is not UTF-8 text", Remedy: "Save the file as UTF-8."}
	}
	documents := yaml.NewDecoder(bytes.NewReader(content))
	var document yaml.Node
	switch err := documents.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, syntaxProblem(err)
	}
	var second yaml.Node
	switch err := documents.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, syntaxProblem(err)
	default:
		return nil, &Problem{Line: second.Line, Message: "a second YAML document starts here", Remedy: "Keep one; delete the line with ---."}
	}
	root := &document
	if document.Kind == yaml.DocumentNode && len(document.Content) == 1 {
		root = document.Content[0]
	}
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" && root.Anchor == "" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, &Problem{Line: root.Line, Message: "the file wants keys and values at its top", Remedy: "Compare it with config.example.yaml."}
	}
	return root, nil
}

func firstInvalid(content []byte) int {
	at := 0
	for at < len(content) {
		r, size := utf8.DecodeRune(content[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntaxProblem is the parser's error without its value: an alias that does
// not exist may be a password that begins with an asterisk.
func syntaxProblem(err error) *Problem {
	text := err.Error()
	p := &Problem{Message: "is not valid YAML", Remedy: "Check indentation, colons and quotes near this line."}
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		p.Line, _ = strconv.Atoi(m[1]) // no line in the message: 0
		text = strings.TrimPrefix(text, m[0])
	}
	if strings.Contains(text, "unknown anchor") {
		p.Message = "a value begins with * and so is a YAML alias"
		p.Remedy = "Put the value in quotes."
		return p
	}
	if !strings.ContainsAny(strings.ReplaceAll(text, "':'", ""), "'\"`") {
		p.Message += ": " + shortened(text)
	}
	return p
}

// vetting walks the tree as written and collects what no key allows.
type vetting struct {
	file     string
	problems []*Problem
}

func (v *vetting) node(n *yaml.Node, key string) {
	report := func(message, remedy string) {
		v.problems = append(v.problems, &Problem{File: v.file, Line: n.Line, Key: key, Message: message, Remedy: remedy})
	}
	switch {
	case n.Kind == yaml.AliasNode:
		report("YAML aliases are not read", "Write the value out; if it is text that begins with *, put it in quotes.")
	case n.Anchor != "":
		report("YAML anchors are not read", "Delete the anchor; if it is text that begins with &, put it in quotes.")
	case n.Style&yaml.TaggedStyle != 0:
		report("YAML tags are not read", "Delete the tag; if it is text that begins with !, put it in quotes.")
	case n.Kind == yaml.MappingNode:
		v.mapping(n, key)
	case n.Kind == yaml.SequenceNode:
		for i, each := range n.Content {
			v.node(each, item(key, i))
		}
	}
}

func (v *vetting) mapping(n *yaml.Node, key string) {
	first := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		path := below(key, name.Value)
		if !isPlainKey(name) {
			v.problems = append(v.problems, &Problem{File: v.file, Line: name.Line, Key: key,
				Message: "a key here is not plain text", Remedy: "Write keys as words, without tags, anchors and brackets."})
			continue
		}
		if line, twice := first[name.Value]; twice {
			v.problems = append(v.problems, &Problem{File: v.file, Line: name.Line, Key: path,
				Message: fmt.Sprintf("the key is given twice, first on line %d", line), Remedy: "Keep one of them."})
			continue
		}
		first[name.Value] = name.Line
		v.node(value, path)
	}
}

// vetted reports whether n is read at all; what is not was reported before.
func vetted(n *yaml.Node) bool {
	return n.Kind != yaml.AliasNode && n.Anchor == "" && n.Style&yaml.TaggedStyle == 0
}

func isPlainKey(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && vetted(n) }
