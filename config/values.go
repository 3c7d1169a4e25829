package config

import (
	"net/netip"
	"net/url"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Duration is a span of time, written in YAML as 30s, 5m or 24h. It is never
// negative.
type Duration time.Duration

// Std is the duration as the standard library has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String is the shortest form that reads back as the same duration: 24h, not
// 24h0m0s.
func (d Duration) String() string {
	s := d.Std().String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalYAML writes what UnmarshalYAML reads.
func (d Duration) MarshalYAML() (any, error) { return d.String(), nil }

// UnmarshalYAML reads a duration; its error is a [*Problem].
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return &Problem{Message: "wants a duration", Remedy: "Write a number and a unit, such as 30s, 5m or 24h."}
	}
	span, err := time.ParseDuration(n.Value)
	switch {
	case err != nil:
		return &Problem{Message: "is not a duration", Remedy: "Write a number and a unit, such as 30s, 5m or 24h."}
	case span < 0:
		return &Problem{Message: "is a negative duration", Remedy: "Write a duration of 0s or more."}
	}
	*d = Duration(span)
	return nil
}

// URL is an absolute http or https address without user, query, fragment and
// trailing slash. It may have a path. Its host is in lower case and a port that
// the scheme implies is left out, as browsers write an origin.
type URL string

// UnmarshalYAML reads a URL; its error is a [*Problem].
func (u *URL) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return &Problem{Message: "wants a URL", Remedy: urlRemedy}
	}
	parsed, p := parseURL(n.Value)
	if p != nil {
		return p
	}
	*u = parsed
	return nil
}

const urlRemedy = "Write an absolute address such as https://social.example."

func parseURL(text string) (URL, *Problem) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "", &Problem{Message: "is not a URL", Remedy: urlRemedy}
	case u.Scheme != "http" && u.Scheme != "https":
		return "", &Problem{Message: "is not an http or https URL", Remedy: urlRemedy}
	case u.User != nil:
		return "", &Problem{Value: u.Redacted(), Message: "a user or password does not belong in a URL",
			Remedy: "Use the settings that are meant for credentials."}
	case u.Hostname() == "" || u.Opaque != "" || strings.ContainsAny(u.Host, " \\"):
		return "", &Problem{Message: "is a URL without a host", Remedy: urlRemedy}
	case !validPort(u.Port(), true):
		return "", &Problem{Message: "is a URL with an impossible port", Remedy: urlRemedy}
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		return "", &Problem{Message: "is a URL with a query or a fragment", Remedy: "Leave out everything from ? or # on."}
	}
	// As browsers write an origin: lower case, without the scheme's own port.
	u.Host = strings.ToLower(u.Host)
	if own := map[string]string{"http": "80", "https": "443"}[u.Scheme]; u.Port() == own || u.Port() == "" {
		u.Host = strings.TrimSuffix(strings.TrimSuffix(u.Host, ":"+own), ":")
	}
	return URL(strings.TrimRight(u.String(), "/")), nil
}

// withoutPassword is text, with the password masked if it is a URL that has one.
func withoutPassword(text string) string {
	if u, err := url.Parse(text); err == nil && u.User != nil {
		return u.Redacted()
	}
	return text
}

// isLoopback reports whether host can be reached from this machine alone.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// validPort reports whether port is a decimal number that fits.
func validPort(port string, orNone bool) bool {
	if port == "" {
		return orNone
	}
	if len(port) > 5 || strings.Trim(port, "0123456789") != "" {
		return false
	}
	n := 0
	for _, digit := range port {
		n = n*10 + int(digit-'0')
	}
	return n <= 65535
}
