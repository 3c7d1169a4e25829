package mail

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"standpunt/config"
)

// settings are an account's settings as the file has them.
type settings struct {
	Address    string          `yaml:"address" required:"true"`
	IMAP       string          `yaml:"imap" required:"true"`
	SMTP       string          `yaml:"smtp" required:"true"`
	Username   string          `yaml:"username" required:"true"`
	Password   config.Secret   `yaml:"password" required:"true"`
	Mailbox    string          `yaml:"mailbox"`
	PollEvery  config.Duration `yaml:"poll_every"`
	SenderName string          `yaml:"sender_name"`

	imap, smtp endpoint
}

// security is how a connection is protected.
type security string

const (
	implicitTLS security = "TLS"
	startTLS    security = "STARTTLS"
	plainText   security = "plain text" // on loopback alone
)

// endpoint is one server.
type endpoint struct {
	key      string // the setting that names it
	host     string
	port     string
	security security
}

func (e endpoint) address() string { return net.JoinHostPort(e.host, e.port) }

// decode reads and checks an account's settings; every fault at once.
func decode(from config.Settings) (settings, error) {
	s := settings{Mailbox: "INBOX", PollEvery: config.Duration(time.Minute)}
	faults := []error{from.Decode(&s)}
	fault := func(key, value, message, remedy string) {
		faults = append(faults, from.Problem(key, value, message, remedy))
	}
	if faults[0] != nil && len(config.Problems(faults[0])) == 0 {
		return s, faults[0]
	}
	if s.Address != "" {
		address, ok := cleanAddress(s.Address)
		if !ok || !isASCII(address) {
			fault("address", s.Address, "is not a mail address", "Write an address such as service@example.com.")
		}
		s.Address = strings.ToLower(address)
	}
	for _, each := range []struct {
		value          string
		into           *endpoint
		key, tls, open string // the key is also the scheme, "imap"
	}{{s.IMAP, &s.imap, "imap", "993", "143"}, {s.SMTP, &s.smtp, "smtp", "465", "587"}} {
		if each.value == "" {
			continue
		}
		var message string
		if *each.into, message = parseEndpoint(each.value, each.key, each.tls, each.open); message != "" {
			fault(each.key, withoutUser(each.value), message, "Write "+each.key+"s://HOST:PORT for TLS, or "+each.key+"://HOST:PORT for STARTTLS.")
		}
	}
	if hasControl(s.Username) || hasControl(s.Password.Reveal()) {
		fault("username", "", "user name or password hold a line end or another control character", "Write each on one line.")
	}
	if s.Mailbox == "" || hasControl(s.Mailbox) {
		fault("mailbox", s.Mailbox, "is not the name of a mailbox", "Write INBOX, or leave it out.")
	}
	if hasControl(s.SenderName) || len(s.SenderName) > 200 {
		fault("sender_name", s.SenderName, "is not a name", "Write at most 200 bytes on one line.")
	}
	if s.PollEvery.Std() < time.Second {
		fault("poll_every", s.PollEvery.String(), "is less than a second", "Write 1s or more; a minute is usual.")
	}
	return s, errors.Join(faults...)
}

// parseEndpoint reads host:port or scheme://host:port. message says what is
// wrong with it, empty when nothing is.
func parseEndpoint(text, key, tlsPort, openPort string) (e endpoint, message string) {
	e.key = key
	scheme, rest, hasScheme := strings.Cut(text, "://")
	if !hasScheme {
		scheme, rest = "", text
	}
	host, port, err := net.SplitHostPort(rest)
	if err != nil {
		host, port = strings.Trim(rest, "[]"), ""
	}
	switch {
	case strings.ContainsAny(rest, "@/?# ") || hasControl(rest):
		return e, "is not a server's address"
	case host == "" || (strings.Contains(host, ":") && !isIP(host)):
		return e, "names no host"
	case port != "" && !validPort(port):
		return e, "has an impossible port"
	}
	e.host, e.port = host, port
	loopback := isLoopback(host)
	switch strings.ToLower(scheme) {
	case key + "s":
		e.security = implicitTLS
	case key:
		e.security = startTLS
		if loopback {
			e.security = plainText
		}
	case "":
		switch {
		case port == "" || port == tlsPort:
			e.security = implicitTLS
		case port == "143" || port == "587" || port == "25":
			e.security = startTLS
		case !loopback:
			return e, "does not say whether the port speaks TLS from the start"
		}
		if loopback && e.security != implicitTLS {
			e.security = plainText
		}
	default:
		return e, "has a scheme that this setting does not know"
	}
	if port == "" {
		e.port = openPort
		if e.security == implicitTLS {
			e.port = tlsPort
		}
	}
	return e, ""
}

// withoutUser is text without what stands before an "@": it could be a password.
func withoutUser(text string) string {
	if i := strings.LastIndexByte(text, '@'); i >= 0 {
		return "…" + text[i:]
	}
	return text
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || (err == nil && addr.Unmap().IsLoopback())
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}
