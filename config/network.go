package config

import (
	"crypto/tls"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
)

// network checks where the daemon listens, how it is reached and where its
// data lies.
func (l *loading) network() {
	s := l.settings
	l.config.Data, l.config.Listen = s.Data, s.Listen
	l.config.TLS = TLS(s.TLS)
	if s.Data == "" {
		l.fault("data", "", "is empty", "Name a directory, or delete the key for "+defaultData+".")
	}
	l.certificate()
	l.proxies()
	host, port, ok := l.listen()
	if ok && l.sound("tls") && l.sound("trusted_proxies") {
		l.plainHTTP(host)
	}
	l.publicURL(host, port, ok)
}

func (l *loading) certificate() {
	t := l.config.TLS
	switch {
	case t.CertFile == "" && t.KeyFile == "":
		return
	case t.KeyFile == "":
		l.fault("tls.cert_file", t.CertFile, "a certificate without tls.key_file", "Name the key's file too.")
		return
	case t.CertFile == "":
		l.fault("tls.key_file", t.KeyFile, "a key without tls.cert_file", "Name the certificate's file too.")
		return
	}
	readable := true
	for _, each := range []struct{ key, path string }{{"tls.cert_file", t.CertFile}, {"tls.key_file", t.KeyFile}} {
		info, err := os.Stat(each.path)
		switch {
		case err != nil:
			p := unreadable(each.path, err)
			l.fault(each.key, p.Value, p.Message, p.Remedy)
		case !info.Mode().IsRegular():
			l.fault(each.key, each.path, "is not a regular file", "Name a PEM file.")
		default:
			continue
		}
		readable = false
	}
	if !readable {
		return
	}
	if info, err := os.Stat(t.KeyFile); err == nil && info.Mode().Perm()&0o007 != 0 {
		l.fault("tls.key_file", t.KeyFile, "everybody can open the file", "Run: chmod 600 "+shellQuoted(t.KeyFile)+".")
	}
	if _, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile); err != nil {
		l.fault("tls.cert_file", t.CertFile, "certificate and key do not work together",
			"Name the PEM file of the chain, the server's certificate first, and the PEM file of its key.")
	}
}

func (l *loading) proxies() {
	const remedy = "Write an address such as 127.0.0.1, or a network such as 10.0.0.0/24."
	for i, text := range l.settings.TrustedProxies {
		key := item("trusted_proxies", i)
		if name, set := l.from["trusted_proxies"]; set {
			l.from[key] = name
		}
		prefix, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil && addr.Zone() == "" {
			addr = addr.Unmap()
			prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		switch {
		case !l.sound(key):
		case err != nil:
			l.fault(key, text, "is neither an IP address nor a network", remedy)
		case prefix.Bits() == 0:
			l.fault(key, text, "trusts every address there is", "Name the proxy's own address.")
		default:
			l.config.TrustedProxies = append(l.config.TrustedProxies, prefix.Masked())
		}
	}
}

// listen splits the listen address; ok is false where it is at fault.
func (l *loading) listen() (host, port string, ok bool) {
	const remedy = "Write host:port, such as " + defaultListen + "."
	if !l.sound("listen") {
		return "", "", false
	}
	host, port, err := net.SplitHostPort(l.settings.Listen)
	switch {
	case err != nil:
		l.fault("listen", l.settings.Listen, "is not an address to listen on", remedy)
	case !validPort(port, false):
		l.fault("listen", l.settings.Listen, "has no port from 0 to 65535", remedy)
	case strings.ContainsAny(host, " \t\r\n/@\\"):
		l.fault("listen", l.settings.Listen, "is not an address to listen on", remedy)
	default:
		return host, port, true
	}
	return "", "", false
}

func (l *loading) plainHTTP(host string) {
	if !isLoopback(host) && !l.config.TLS.Enabled() && len(l.config.TrustedProxies) == 0 {
		l.fault("listen", l.settings.Listen, "plain HTTP would be open to the network",
			"Set tls.cert_file and tls.key_file, or name the proxy in trusted_proxies, or listen on "+defaultListen+".")
	}
}

// publicURL checks public_url, or derives it from the listen address.
func (l *loading) publicURL(host, port string, listens bool) {
	text, secure := l.settings.PublicURL, l.config.TLS.Enabled()
	if !l.sound("public_url") {
		return
	}
	if text == "" {
		if listens {
			l.derivePublicURL(host, port)
		}
		return
	}
	parsed, p := parseURL(text)
	if p != nil {
		value := p.Value
		if value == "" {
			value = text
		}
		l.fault("public_url", value, p.Message, strings.Replace(p.Remedy, urlRemedy, "Write an absolute address such as https://desk.example.", 1))
		return
	}
	u, err := url.Parse(string(parsed))
	switch {
	case err != nil:
		l.fault("public_url", text, "is not a URL", urlRemedy)
	case u.Path != "":
		l.fault("public_url", text, "has a path", "The desk wants a host of its own; write "+u.Scheme+"://"+u.Host+".")
	case u.Scheme == "http" && secure:
		l.fault("public_url", text, "is http, but the daemon speaks TLS", "Write https://"+u.Host+".")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		l.fault("public_url", text, "is plain HTTP to another machine", "Write https://"+u.Host+".")
	case u.Scheme == "https" && !secure && l.sound("tls") && len(l.settings.TrustedProxies) == 0:
		l.fault("public_url", text, "is https, but neither tls nor trusted_proxies is set",
			"Set tls.cert_file and tls.key_file, or name the proxy that speaks TLS in trusted_proxies.")
	default:
		l.config.PublicURL = parsed
	}
}

func (l *loading) derivePublicURL(host, port string) {
	scheme := "http"
	if l.config.TLS.Enabled() {
		scheme = "https"
	}
	addr, err := netip.ParseAddr(host)
	switch {
	case host == "" || err == nil && addr.Unmap().IsUnspecified(),
		scheme == "http" && !isLoopback(host) && len(l.config.TrustedProxies) > 0:
		l.lines["public_url"] = l.lines["listen"]
		l.fault("public_url", "", "is missing, and listen does not tell it",
			"Write where browsers find the desk, such as https://desk.example.")
	case strings.Trim(port, "0") == "": // known when the listener is bound
	default:
		derived, p := parseURL(scheme + "://" + net.JoinHostPort(host, port))
		if p != nil {
			l.fault("listen", l.settings.Listen, "is not an address to listen on", "Write host:port, such as "+defaultListen+".")
			return
		}
		l.config.PublicURL = derived
	}
}
