package connectortest

import (
	"net/http"
	"testing"
	"time"

	"standpunt/connectors"
)

// Harness starts a fresh platform with one account of ours and customers who
// know it. It is called once per case and cleans up with t.Cleanup.
type Harness func(t *testing.T) Remote

// Remote is one running platform. Its methods fail the test where they fail.
type Remote interface {
	// Connect makes a new connector with good credentials, as a fresh process does. The
	// account brings name, back-fill and logger; the settings are the harness's.
	Connect(t testing.TB, a connectors.Account) connectors.Connector
	// Post lets a customer address the account, and returns the post's external id.
	Post(t testing.TB, text string) string
	// Answers are the texts of our answers under a customer's post, as its readers see them.
	Answers(t testing.TB, externalID string) []string
}

// Reviser is a Remote whose customers can edit what they posted.
type Reviser interface {
	Revise(t testing.TB, externalID, text string)
}

// Eraser is a Remote whose customers can delete what they posted.
type Eraser interface {
	Erase(t testing.TB, externalID string)
}

// Locksmith is a Remote that refuses wrong credentials.
type Locksmith interface {
	ConnectBadly(t testing.TB, a connectors.Account) connectors.Connector
}

// SecretKeeper is a Remote that tells which values nobody may ever see in an
// error or a log line.
type SecretKeeper interface {
	Secrets() []string
}

// Shaper is a Remote whose platform changes texts by what its connector
// documents. Without it texts arrive and stand byte for byte.
type Shaper interface {
	Arrives(text string) string // what a customer's text is when it reaches the inbox
	Stands(text string) string  // what readers see of an answer with the text
}

// Patient is a Remote on which the suite waits for another time than a minute until it
// shows what happened on it.
type Patient interface {
	Patience() time.Duration
}

// Deliverer is a Remote of an Acceptor: what a program hands to our API for a post.
type Deliverer interface {
	Delivery(t testing.TB, externalID string) []byte
}

// Notifier is a Remote whose platform calls us: a [connectors.Webhook]'s.
type Notifier interface {
	// Notify is the request, signed as the platform signs it, that tells of a customer's post
	// as it is now: new, edited or gone. It is made anew at each call.
	Notify(t testing.TB, externalID string) *http.Request
}

// Challenger is a Notifier whose platform checks with a request of its own that
// the address is ours. Challenge is that request, with the right token or with a
// wrong one, and the body that proves us.
type Challenger interface {
	Challenge(t testing.TB, right bool) (r *http.Request, proof string)
}

// Timekeeper is a Notifier whose platform signs the time of each delivery: NotifyAt
// is a Notify that was signed at another time.
type Timekeeper interface {
	NotifyAt(t testing.TB, externalID string, at time.Time) *http.Request
}

// Breaker is a Remote that can be broken on demand.
type Breaker interface {
	// Break breaks it until Mend. It returns false where the platform cannot break this way.
	Break(t testing.TB, f Fault) bool
	Mend(t testing.TB)
}

// Stumbler is a Remote of which a single call can go wrong. A [Proxy] is one.
type Stumbler interface {
	// Stumble breaks the nth call from now, from 1, and none after it; 0: none at all.
	Stumble(nth int, f Fault)
	// Stumbled reports whether that call came.
	Stumbled() bool
}

// Eavesdropper is a Breaker that tells everything that reached the other host to which
// [Redirected] sent the connector.
type Eavesdropper interface {
	Overheard() string
}

// Fault is one way in which a platform breaks.
type Fault string

// The faults. Those that accept carry a post out before they go wrong.
const (
	Refused           Fault = "connections refused"
	RateLimited       Fault = "429 with Retry-After"
	ServerError       Fault = "500 on everything"
	Garbage           Fault = "garbage instead of answers"
	Huge              Fault = "a body of 10 MB"
	Silent            Fault = "no answer"
	Redirected        Fault = "redirects to another host"
	AcceptedNoAnswer  Fault = "accepted, then no answer"
	AcceptedThenError Fault = "accepted, then 500"
	AcceptedGarbage   Fault = "accepted, then garbage"
)

// RetryAfter is what the fault [RateLimited] asks for.
const RetryAfter = 7 * time.Second
