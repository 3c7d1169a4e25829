package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"
)

// Settings are the settings of one account as the file has them, for the
// account's connector kind to decode. The zero Settings has no keys. Printed
// or marshalled it reads <settings>: nobody knows yet which of its values are
// secrets.
type Settings struct {
	from *settingsSource
}

type settingsSource struct {
	node *yaml.Node // a mapping, or nil for none
	file string
	line int    // of the settings, or of the account where there are none
	key  string // such as accounts[2].settings
	env  environment

	mu    sync.Mutex
	lines map[string]int      // grows with Decode
	shown map[*yaml.Node]bool // grows with Decode
}

// NewSettings makes settings of plain values, for tests and the demo. Values
// are what YAML has (text, numbers, booleans, lists, maps), and [Secret],
// [Duration], [URL] and [time.Duration]. No environment variable is set
// behind {env: NAME}.
func NewSettings(values map[string]any) Settings {
	return Settings{&settingsSource{node: nodeOf(values), key: "settings"}}
}

// Decode puts the settings into the struct that into points to. Its fields
// carry `yaml:"name"` tags; fields without one are left alone, and
// `yaml:",inline"` takes in the fields of an inner struct. A field of a key
// that is not given keeps its value, unless it is tagged `required:"true"`.
//
// Fields are strings, booleans, numbers, [Secret], [Duration],
// [time.Duration], [URL], types that read text or YAML by themselves, and
// pointers, lists, structs and string-keyed maps of these.
//
// All faults come at once, each a [*Problem], joined: see [Problems]. Any
// other error means that into is of a type that cannot be decoded into.
func (s Settings) Decode(into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("config: settings cannot be decoded into %T", into)
	}
	from := s.source()
	d := newDecoder(from.file, from.env)
	if from.node != nil {
		d.structure(from.node, v.Elem(), from.key)
	} else {
		d.missing(&yaml.Node{Line: from.line}, fieldsOf(v.Elem()), nil, from.key)
	}
	from.mu.Lock()
	defer from.mu.Unlock()
	if from.lines == nil {
		from.lines, from.shown = make(map[string]int), make(map[*yaml.Node]bool)
	}
	maps.Copy(from.lines, d.lines)
	maps.Copy(from.shown, d.shown)
	return errors.Join(joined(d.problems), d.misuse)
}

// Encrypted refuses the address of another machine that is plain http: what is
// said there, credentials included, could be read and changed on the way. It is
// nil for https, for this machine and for none.
func (s Settings) Encrypted(key string, u URL) error {
	parsed, err := url.Parse(string(u))
	if err != nil || parsed.Scheme != "http" || isLoopback(parsed.Hostname()) {
		return nil //nolint:nilerr // what is no address is refused where it is read
	}
	return s.Problem(key, string(u), "is not encrypted, so that anybody on the way could read the account's credentials",
		"Write https://, or an address of this machine such as http://127.0.0.1:8440.")
}

// Token refuses a secret that a platform hands out as one word, such as a key or a
// token, where its shape shows that something was pasted with it. It is nil for
// none. The problem tells where the secret is wrong, and nothing of what it says.
func (s Settings) Token(key string, token Secret) error {
	text := token.Reveal()
	word, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	quoted := len(text) > 1 && text[0] == text[len(text)-1] && strings.ContainsRune("\"'`", rune(text[0]))
	message, remedy := "", ""
	switch {
	case text == "":
	case rest != "" && slices.Contains([]string{"bearer", "basic", "oauth"}, strings.ToLower(word)):
		message, remedy = "begins with the word "+word+", which is not part of it", "Write what stands behind it alone."
	case strings.TrimSpace(text) != text:
		message, remedy = "begins or ends with a space or a line end", "Take that away, and look that nothing else is missing."
	case quoted:
		message, remedy = "has quotes that are part of it", "Take them away: around a value in this file one pair is enough, in a variable or a file there is none."
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		message, remedy = "holds a space, a line end or a character that none has", "Copy it again, in one piece and nothing else."
	}
	if message == "" {
		return nil
	}
	return s.Problem(key, "", message, remedy)
}

// Problem is a fault that a connector kind found in a decoded setting: at the
// line of key, which is relative to the settings ("imap", "boxes[1]"). The
// value is shown; leave it empty for secrets.
func (s Settings) Problem(key, value, message, remedy string) *Problem {
	from := s.source()
	p := &Problem{File: from.file, Line: from.line, Key: from.key, Value: shortened(value), Message: message, Remedy: remedy}
	if key == "" {
		return p
	}
	p.Key += "." + key
	from.mu.Lock()
	defer from.mu.Unlock()
	if line, known := from.lines[p.Key]; known {
		p.Line = line
	}
	return p
}

func (s Settings) source() *settingsSource {
	if s.from == nil {
		return &settingsSource{key: "settings"}
	}
	return s.from
}

const hiddenSettings = "<settings>"

// String is <settings>.
func (s Settings) String() string { return hiddenSettings }

// Format writes <settings> for every verb and flag.
func (s Settings) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hiddenSettings) }

// MarshalText is <settings>, in JSON and YAML too.
func (s Settings) MarshalText() ([]byte, error) { return []byte(hiddenSettings), nil }

// LogValue is <settings>.
func (s Settings) LogValue() slog.Value { return slog.StringValue(hiddenSettings) }

// nodeOf is value as a YAML tree.
func nodeOf(value any) *yaml.Node {
	text := func(s, tag string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: s} }
	switch v := value.(type) {
	case nil:
		return text("null", "!!null")
	case Secret:
		return text(v.Reveal(), "!!str")
	case Duration:
		return text(v.String(), "!!str")
	case time.Duration:
		return text(Duration(v).String(), "!!str")
	}
	v := reflect.ValueOf(value)
	switch {
	case v.Kind() == reflect.String:
		return text(v.String(), "!!str")
	case v.Kind() == reflect.Bool:
		return text(fmt.Sprint(v.Bool()), "!!bool")
	case v.CanInt(), v.CanUint():
		return text(fmt.Sprint(value), "!!int")
	case v.CanFloat():
		return text(fmt.Sprint(value), "!!float")
	case v.Kind() == reflect.Slice:
		list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for i := range v.Len() {
			list.Content = append(list.Content, nodeOf(v.Index(i).Interface()))
		}
		return list
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
		table := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int {
			if a.String() < b.String() {
				return -1
			}
			return 1
		})
		for _, key := range keys {
			table.Content = append(table.Content, text(key.String(), "!!str"), nodeOf(v.MapIndex(key).Interface()))
		}
		return table
	}
	// A type that no setting can have: it fails when it is decoded.
	return text(fmt.Sprintf("%T", value), "!!null")
}
