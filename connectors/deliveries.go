package connectors

import (
	"net/http"
	"strings"
	"time"

	"standpunt/internal/fault"
)

// So many deliveries without proof, none with it in between and none for so
// long, may be the platform's own: then they are shown as a problem. An account
// whose deliveries come in has the right secret, whatever strangers send.
const (
	unprovenToTell  = 5
	provenForSoLong = 15 * time.Minute
)

// Deliveries is how an account's webhook is doing. The counts are since the
// start of the daemon.
type Deliveries struct {
	// Path is where the platform delivers, on the daemon's own host: "/hooks/fb-page". Empty:
	// the account takes no deliveries.
	Path string

	Accepted   uint64
	Unproven   uint64 // refused: the signature was missing, wrong or of another time
	Unreadable uint64 // refused: too large, broken off, or signed and without sense
	NotKept    uint64 // not taken in for our own or the platform's trouble; they come again

	LastAccepted time.Time
	LastRefused  time.Time
	LastReason   string    // why that was, one sentence that is safe to show
	Confirmed    time.Time // when the platform last checked that the address is ours
}

// URL is the whole address to give to the platform, where the daemon is found
// from outside at publicURL. It is empty where that is not an https address:
// platforms call no other.
func (d Deliveries) URL(publicURL string) string {
	if d.Path == "" || !strings.HasPrefix(publicURL, "https://") {
		return ""
	}
	return strings.TrimSuffix(publicURL, "/") + d.Path
}

// Refused is how many requests were not taken in.
func (d Deliveries) Refused() uint64 { return d.Unproven + d.Unreadable + d.NotKept }

// accepted notes a delivery that is durable, or a check of the address that
// was answered.
func (p *pulse) accepted(method string) {
	shown := false
	p.change(func(h *AccountHealth) {
		now := time.Now()
		if method == http.MethodGet {
			h.Webhook.Confirmed = now
			return
		}
		h.Webhook.Accepted++
		h.Webhook.LastAccepted = now
		p.unproven = 0
		shown = p.aside[webhookPart] != nil
	})
	if shown {
		p.beside(webhookPart, nil)
	}
}

// refused notes a request that was not taken in. A few without proof are
// strangers'; many, and none with proof in between, may be the platform's own.
func (p *pulse) refused(method string, code fault.Code, kind ErrorKind, reason, remedy string) {
	var problem *Error
	p.change(func(h *AccountHealth) {
		h.Webhook.LastRefused, h.Webhook.LastReason = time.Now(), reason
		switch {
		case kind == BadAuth, kind == NotAllowed, kind == Stale:
			h.Webhook.Unproven++
			if method == http.MethodGet {
				break // whoever sets the address up reads the answer
			}
			p.unproven++
			if p.unproven >= unprovenToTell && time.Since(h.Webhook.LastAccepted) > provenForSoLong && kind != p.asideKind(webhookPart) {
				problem = unprovenProblem(kind, remedy)
			}
		case code == fault.Unavailable, code == fault.Internal:
			h.Webhook.NotKept++
		default:
			h.Webhook.Unreadable++
		}
	})
	if problem != nil {
		p.beside(webhookPart, problem)
	}
}

// asideKind is the kind of what is noted beside polling under the name.
func (p *pulse) asideKind(name string) ErrorKind {
	if e := p.aside[name]; e != nil {
		return e.Kind
	}
	return ""
}

// unprovenProblem says what deliveries without proof can mean.
func unprovenProblem(kind ErrorKind, remedy string) *Error {
	const strangers = " If a stranger sends them, nothing of them got in: polling goes on, and your proxy can keep the stranger out."
	switch kind {
	case Stale:
		if remedy == "" {
			remedy = "Set this machine's clock right, with a time server."
		}
		return &Error{Kind: Stale, Message: "deliveries come whose signed time is too far from this machine's clock", Remedy: remedy + strangers}
	default:
		if remedy == "" {
			remedy = "If the platform sends them, the app secret in the account's settings is not that of the app which calls this address: copy it again."
		}
		return &Error{Kind: kind, Message: "deliveries come with a wrong signature, and none with a right one", Remedy: remedy + strangers}
	}
}
