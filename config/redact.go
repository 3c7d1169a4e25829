package config

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Redacted is the effective configuration as YAML, for people to read:
// defaults and overrides included, secrets hidden. A secret that comes from
// the environment or a file shows from where. Settings that their connector
// kind has not decoded read <hidden>, because any of them may be a secret.
func (c *Config) Redacted() string {
	var proxies []string
	for _, each := range c.TrustedProxies {
		proxies = append(proxies, strings.TrimSuffix(each.String(), map[bool]string{true: "/32", false: "/128"}[each.Addr().Is4()]))
	}
	var accounts, policies []table
	for _, a := range c.Accounts {
		accounts = append(accounts, table{{"name", a.Name}, {"kind", a.Kind}, {"backfill", Duration(a.Backfill)}, {"settings", a.Settings.redacted()}})
	}
	for _, p := range c.Policies {
		policies = append(policies, table{
			{"name", p.Name}, {"accounts", p.Accounts}, {"visibility", p.Visibility}, {"kinds", p.Kinds}, {"quorum", p.Quorum},
			{"roles", p.Roles}, {"independent", p.Independent}, {"valid_for", Duration(p.ValidFor)},
		})
	}
	whole := table{
		{"data", c.Data}, {"listen", c.Listen}, {"public_url", string(c.PublicURL)}, {"trusted_proxies", proxies},
		{"tls", table{{"cert_file", c.TLS.CertFile}, {"key_file", c.TLS.KeyFile}}},
		{"accounts", accounts},
		{"api", table{{"endorsing_people", c.API.EndorsingPeople}, {"max_body", c.API.MaxBody}}},
		{"policies", policies},
		{"log", table{{"level", strings.ToLower(c.Log.Level.String())}, {"format", c.Log.Format}}},
	}
	var b strings.Builder
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(whole); err != nil {
		return fmt.Sprintf("# the configuration cannot be shown: %v\n", err)
	}
	return b.String()
}

// table is keys and values in order.
type table []struct {
	key   string
	value any
}

// MarshalYAML keeps the order.
func (t table) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, each := range t {
		var key, value yaml.Node
		if err := key.Encode(each.key); err != nil {
			return nil, err
		}
		if err := value.Encode(each.value); err != nil {
			return nil, err
		}
		n.Content = append(n.Content, &key, &value)
	}
	return n, nil
}

// redacted is a copy of the settings' tree with what may be secret replaced.
func (s Settings) redacted() *yaml.Node {
	from := s.source()
	if from.node == nil {
		return &yaml.Node{Kind: yaml.MappingNode}
	}
	from.mu.Lock()
	defer from.mu.Unlock()
	return redactedNode(from.node, from.shown, from.shown != nil)
}

func redactedNode(n *yaml.Node, shown map[*yaml.Node]bool, decoded bool) *yaml.Node {
	copied := &yaml.Node{Kind: n.Kind, Tag: n.Tag, Value: n.Value}
	switch {
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			copied.Content = append(copied.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: key.Tag, Value: key.Value},
				redactedNode(n.Content[i+1], shown, decoded))
		}
	case n.Kind == yaml.SequenceNode:
		for _, each := range n.Content {
			copied.Content = append(copied.Content, redactedNode(each, shown, decoded))
		}
	case shown[n]:
		copied.Value = withoutPassword(n.Value)
	default:
		copied.Kind, copied.Tag, copied.Value = yaml.ScalarNode, "!!str", "<hidden>"
		if decoded {
			copied.Value = hiddenSecret
		}
	}
	return copied
}
