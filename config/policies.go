package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// policy is one of the file's policies as it is written.
type policy struct {
	Name        string    `yaml:"name" required:"true"`
	Accounts    *words    `yaml:"accounts"`
	Visibility  *string   `yaml:"visibility"`
	Kinds       *words    `yaml:"kinds"`
	Quorum      *int      `yaml:"quorum"`
	Roles       *[]string `yaml:"roles"`
	Independent bool      `yaml:"independent"`
	ValidFor    *Duration `yaml:"valid_for"`
}

// words is a list of texts, or "*" alone.
type words []string

// UnmarshalYAML reads the list; its error is a [*Problem].
func (w *words) UnmarshalYAML(n *yaml.Node) error {
	const remedy = `Write a list such as [a, b], or "*" for all.`
	if n.Kind == yaml.ScalarNode && n.Value == Any {
		*w = words{Any}
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		return &Problem{Message: "wants a list, not " + kindOf(n), Remedy: remedy}
	}
	list := make(words, 0, len(n.Content))
	for _, each := range n.Content {
		if each.Kind != yaml.ScalarNode || each.Tag != "!!str" || !vetted(each) {
			return &Problem{Message: "wants a list of texts, not of " + strings.TrimPrefix(kindOf(each), "a "), Remedy: remedy}
		}
		list = append(list, each.Value)
	}
	*w = list
	return nil
}

const maxQuorum = 10

var (
	policyRoles        = []string{"agent", "press", "manager", "admin"}
	policyKinds        = []string{"reply", "correction", "removal", "position", "template", "campaign"}
	policyVisibilities = []string{"public", "private", Any}
)

func (l *loading) policies(written *[]*policy) {
	if written == nil {
		l.config.Policies = []Policy{defaultPolicy()}
		return
	}
	if len(*written) == 0 {
		if !l.sound("policies") {
			return
		}
		l.fault("policies", "", "is an empty list, so nothing could ever be published",
			"Delete the key for the default policy, or write one.")
		return
	}
	names := make(taken)
	for i, each := range *written {
		key := item("policies", i)
		if each == nil {
			continue // an empty item or no mapping: reported when it was decoded
		}
		l.name(below(key, "name"), each.Name, names)
		l.config.Policies = append(l.config.Policies, l.policy(key, each))
	}
}

func (l *loading) policy(key string, w *policy) Policy {
	p := defaultPolicy()
	p.Name, p.Independent = w.Name, w.Independent
	if w.Accounts != nil {
		p.Accounts = *w.Accounts
		l.accountNames(below(key, "accounts"), p.Accounts)
	}
	if w.Visibility != nil {
		p.Visibility = *w.Visibility
		l.oneOf(below(key, "visibility"), p.Visibility, "visibilities", policyVisibilities)
	}
	if w.Kinds != nil {
		p.Kinds = *w.Kinds
		l.choice(below(key, "kinds"), p.Kinds, "kinds", append(slices.Clone(policyKinds), Any))
	}
	if w.Quorum != nil {
		p.Quorum = *w.Quorum
		l.quorum(below(key, "quorum"), p.Quorum)
	}
	if w.Roles != nil {
		p.Roles = *w.Roles
		l.choice(below(key, "roles"), p.Roles, "roles", policyRoles)
	}
	if w.ValidFor != nil {
		p.ValidFor = w.ValidFor.Std()
		if *w.ValidFor > maxValidFor || *w.ValidFor < minValidFor {
			l.fault(below(key, "valid_for"), w.ValidFor.String(), "is out of bounds",
				"Write a duration from "+minValidFor.String()+" to "+maxValidFor.String()+".")
		}
	}
	return p
}

func (l *loading) quorum(key string, n int) {
	switch {
	case n < 2:
		l.fault(key, fmt.Sprint(n), "is less than two people", "Write 2 or more: nobody publishes alone.")
	case n > maxQuorum:
		l.fault(key, fmt.Sprint(n), fmt.Sprintf("is more than %d people", maxQuorum), fmt.Sprintf("Write 2 to %d.", maxQuorum))
	}
}

// accountNames checks that each name is an account's.
func (l *loading) accountNames(key string, names []string) {
	valid := make([]string, 0, len(l.config.Accounts)+1)
	for _, each := range l.config.Accounts {
		valid = append(valid, each.Name)
	}
	l.choice(key, names, "accounts", append(valid, Any))
}

// choice checks a list of words: none unknown, none twice, "*" only alone,
// and never empty.
func (l *loading) choice(key string, list []string, what string, valid []string) {
	if len(list) == 0 && l.sound(key) {
		l.fault(key, "", "is an empty list", "Write one or more of: "+strings.Join(valid, ", ")+".")
	}
	for i, word := range list {
		path := item(key, i)
		if _, known := l.lines[path]; !known {
			l.lines[path] = l.lines[key]
		}
		switch {
		case !l.sound(path):
		case !slices.Contains(valid, word):
			l.oneOf(path, word, what, valid)
		case slices.Contains(list[:i], word):
			l.fault(path, word, "is named twice", "Keep one of them.")
		case word == Any && len(list) > 1:
			l.fault(path, word, "means all, so it stands alone", "Keep it alone, or delete it.")
		}
	}
}
