package session

import (
	"net/http"
	"net/netip"
	"strings"

	"standpunt/internal/fault"
)

// SameSite lets a request through unless it changes something and a browser
// sent it from another site; refused is then called with the cross_site fault.
// GET, HEAD and OPTIONS change nothing and pass. What is no browser passes:
// it has no cookie that a foreign site could ride on.
func (s *Sessions) SameSite(next http.Handler, refused func(http.ResponseWriter, *http.Request, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.crossSite.Check(r); err != nil {
			refused(w, r, fault.New(fault.CrossSite, "the request came from another site").
				Fix("Do it on the desk itself. If this is the desk, set public_url to the address in the browser.").Because(err))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// client is the address of whoever asks: the peer's or, where the peer is a
// trusted proxy, the last one in X-Forwarded-For that is none.
func (s *Sessions) client(r *http.Request) netip.Addr {
	peer := peerOf(r)
	if !s.trusted(peer) {
		return peer
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		addr, ok := parseHop(hops[i])
		if !ok {
			break
		}
		if peer = addr; !s.trusted(addr) {
			break
		}
	}
	return peer
}

// secure reports whether the client's own connection is TLS.
func (s *Sessions) secure(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if !s.trusted(peerOf(r)) {
		return false
	}
	proto, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	return strings.EqualFold(strings.TrimSpace(proto), "https")
}

func (s *Sessions) trusted(addr netip.Addr) bool {
	for _, p := range s.o.TrustedProxies {
		if addr.IsValid() && p.Contains(addr) {
			return true
		}
	}
	return false
}

// Direct reports whether the request came straight from this machine: from a
// loopback address, and with no header that a proxy adds.
func Direct(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	peer := peerOf(r)
	return peer.IsValid() && peer.IsLoopback()
}

func peerOf(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

// parseHop reads one entry of X-Forwarded-For, some of which name a port.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}, false
	}
	return addr.Unmap().WithZone(""), true
}
