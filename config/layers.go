package config

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"
)

// document is the file as it is written; nil is what it leaves out.
type document struct {
	Data           *string    `yaml:"data"`
	Listen         *string    `yaml:"listen"`
	PublicURL      *string    `yaml:"public_url"`
	TrustedProxies *[]string  `yaml:"trusted_proxies"`
	TLS            tlsEntry   `yaml:"tls"`
	Accounts       []account  `yaml:"accounts"`
	API            apiEntry   `yaml:"api"`
	Policies       *[]*policy `yaml:"policies"`
	Log            logEntry   `yaml:"log"`
}

type tlsEntry struct {
	CertFile *string `yaml:"cert_file"`
	KeyFile  *string `yaml:"key_file"`
}

type apiEntry struct {
	EndorsingPeople *[]string `yaml:"endorsing_people"`
	MaxBody         *int64    `yaml:"max_body"`
}

type logEntry struct {
	Level  *string `yaml:"level"`
	Format *string `yaml:"format"`
}

// layered is what defaults, file and environment come to.
type layered struct {
	Data           string   `mapstructure:"data"`
	Listen         string   `mapstructure:"listen"`
	PublicURL      string   `mapstructure:"public_url"`
	TrustedProxies []string `mapstructure:"trusted_proxies"`
	TLS            struct {
		CertFile string `mapstructure:"cert_file"`
		KeyFile  string `mapstructure:"key_file"`
	} `mapstructure:"tls"`
	API struct {
		EndorsingPeople []string `mapstructure:"endorsing_people"`
		MaxBody         int64    `mapstructure:"max_body"`
	} `mapstructure:"api"`
	Log struct {
		Level  string `mapstructure:"level"`
		Format string `mapstructure:"format"`
	} `mapstructure:"log"`
}

// setting is one key that an environment variable can override. Its default
// tells its type: text, a number, or a list, written a,b in a variable.
type setting struct {
	key     string
	initial any
	written func(*document) any // a pointer; nil where the file leaves it out
}

func settings() []setting {
	return []setting{
		{"data", defaultData, func(d *document) any { return d.Data }},
		{"listen", defaultListen, func(d *document) any { return d.Listen }},
		{"public_url", "", func(d *document) any { return d.PublicURL }},
		{"trusted_proxies", []string{}, func(d *document) any { return d.TrustedProxies }},
		{"tls.cert_file", "", func(d *document) any { return d.TLS.CertFile }},
		{"tls.key_file", "", func(d *document) any { return d.TLS.KeyFile }},
		{"api.endorsing_people", []string{}, func(d *document) any { return d.API.EndorsingPeople }},
		{"api.max_body", int64(defaultMaxBody), func(d *document) any { return d.API.MaxBody }},
		{"log.level", "info", func(d *document) any { return d.Log.Level }},
		{"log.format", "text", func(d *document) any { return d.Log.Format }},
	}
}

const variablePrefix = "STANDPUNT_"

func variableOf(key string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// Variables are the environment variables that override the file, in the
// order of its keys.
func Variables() []string {
	var names []string
	for _, each := range settings() {
		names = append(names, variableOf(each.key))
	}
	return names
}

// layers lays defaults, file and environment over each other.
func (l *loading) layers(doc document) {
	l.from = make(map[string]string)
	v, file := viper.New(), viper.New()
	for _, each := range settings() {
		v.SetDefault(each.key, each.initial)
		if written := reflect.ValueOf(each.written(&doc)); !written.IsNil() {
			file.Set(each.key, written.Elem().Interface())
		}
		name := variableOf(each.key)
		if text := l.env[name]; text != "" {
			if value := l.fromVariable(name, text, each.initial); value != nil {
				v.Set(each.key, value)
				l.from[each.key] = name
			}
		}
	}
	err := v.MergeConfigMap(file.AllSettings())
	if err == nil {
		err = v.UnmarshalExact(&l.settings)
	}
	if err != nil {
		l.problems = append(l.problems, &Problem{File: l.file, Message: "the settings cannot be put together", err: err})
	}
}

// fromVariable is text as the type of like; nil if it is none, which is
// reported.
func (l *loading) fromVariable(name, text string, like any) any {
	switch like.(type) {
	case []string:
		list := strings.Split(text, ",")
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
		}
		return slices.DeleteFunc(list, func(s string) bool { return s == "" })
	case int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			l.problems = append(l.problems, &Problem{File: Environment, Key: name, Value: shortened(text),
				Message: "wants a whole number, not text", Remedy: "Write digits alone, without unit."})
			return nil
		}
		return n
	}
	return text
}

// variables reports variables that look like a misspelt override. Others may
// begin with the prefix: secrets that the file names, and what container
// platforms set for a service of this name.
func (l *loading) variables(tree *yaml.Node) {
	valid := Variables()
	named := make(map[string]bool)
	namedVariables(tree, named)
	var misspelt []string
	for name := range l.env {
		if strings.HasPrefix(name, variablePrefix) && !slices.Contains(valid, name) && !named[name] {
			misspelt = append(misspelt, name)
		}
	}
	slices.Sort(misspelt)
	for _, name := range misspelt {
		if near := Nearest(name, valid); near != "" && levenshtein.ComputeDistance(name, near) <= 2 {
			l.problems = append(l.problems, &Problem{File: Environment, Key: name, Message: "unknown variable",
				Remedy: suggestion(name, "variables", valid)})
		}
	}
}

// namedVariables collects every NAME of {env: NAME} in the tree.
func namedVariables(n *yaml.Node, into map[string]bool) {
	if n == nil {
		return
	}
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "env" {
		into[n.Content[1].Value] = true
	}
	for _, each := range n.Content { // an alias is a leaf here: its target is not in Content
		namedVariables(each, into)
	}
}

func valueOf[T any](pointer *T) reflect.Value { return reflect.ValueOf(pointer).Elem() }
