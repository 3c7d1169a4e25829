package connectors

import (
	"net/http"
	"strings"
	"time"

	"standpunt/internal/fault"
	"standpunt/internal/phrase"
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
	LastReason   string        // why that was, one sentence that is safe to show
	LastWhat     phrase.Phrase // LastReason as a phrase, as [Error] has it
	Confirmed    time.Time     // when the platform last checked that the address is ours
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

// accepted notes a delivery that is durable, with what of it made trouble, or a
// check of the address that was answered. It reports whether deliveries begin to
// come though the platform was last known not to be told to deliver all.
func (p *pulse) accepted(method string, trouble error) (unexpected bool) {
	shown := false
	p.change(func(h *AccountHealth) {
		now := time.Now()
		if method == http.MethodGet {
			h.Webhook.Confirmed = now
			return
		}
		unexpected = h.Identity.Unsubscribed && now.Sub(h.Webhook.LastAccepted) > subscriptionEvery
		h.Webhook.Accepted++
		h.Webhook.LastAccepted = now
		p.unproven = 0
		shown = p.aside[webhookPart] != nil || trouble != nil
	})
	if shown {
		p.beside(webhookPart, trouble)
	}
	return unexpected
}

// refused notes a request that was not taken in. A few without proof are
// strangers'; many, and none with proof in between, may be the platform's own.
func (p *pulse) refused(method string, code fault.Code, why *Error) {
	var problem *Error
	p.change(func(h *AccountHealth) {
		h.Webhook.LastRefused, h.Webhook.LastReason, h.Webhook.LastWhat = time.Now(), why.Message, why.What
		switch kind := why.Kind; {
		case kind == BadAuth, kind == NotAllowed, kind == Stale:
			h.Webhook.Unproven++
			if method == http.MethodGet {
				break // whoever sets the address up reads the answer
			}
			p.unproven++
			if p.unproven >= unprovenToTell && time.Since(h.Webhook.LastAccepted) > provenForSoLong && kind != p.asideKind(webhookPart) {
				problem = unprovenProblem(why)
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
func (p *pulse) asideKind(name phrase.Code) ErrorKind {
	if e := p.aside[name]; e != nil {
		return e.Kind
	}
	return ""
}

// unprovenProblem says what deliveries without proof can mean.
func unprovenProblem(why *Error) *Error {
	told := *why
	what := phrase.Of(phrase.WrongSignatures)
	if why.Kind == Stale {
		what = phrase.Of(phrase.WrongTimes)
		told.Advise(phrase.Of(phrase.FixClock))
	}
	told.Advise(phrase.Of(phrase.FixSecret))
	if told.Fix.English() != told.Remedy { // it is the connector's own, and has no words in other languages
		return &Error{Kind: why.Kind, Message: what.English(), What: what, Remedy: phrase.Of(phrase.OrStrangers, "why", told.Remedy).English()}
	}
	fix := told.Fix
	fix.Code, fix.Why = phrase.OrStrangers, fix.Code
	return Phrased(why.Kind, what, fix)
}
