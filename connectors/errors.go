package connectors

import (
	"errors"
	"fmt"
	"time"

	"standpunt/internal/phrase"
)

// ErrorKind classifies what a platform answered; whether trying again can help
// is a property of the kind.
type ErrorKind string

// The kinds; the list only grows.
const (
	Temporary   ErrorKind = "temporary"    // network, 5xx on reading: try again later
	RateLimited ErrorKind = "rate_limited" // wait for RetryAfter
	BadAuth     ErrorKind = "bad_auth"     // credentials are wrong, expired or revoked
	NotAllowed  ErrorKind = "not_allowed"  // a permission or platform rule forbids it
	Gone        ErrorKind = "gone"         // the post answered no longer exists
	Rejected    ErrorKind = "rejected"     // the platform refuses this content, for good
	Garbage     ErrorKind = "garbage"      // the answer makes no sense
	Unknown     ErrorKind = "unknown"      // a publish may or may not have happened
	Stale       ErrorKind = "stale"        // a delivery was signed too long ago, or its clock and ours differ
)

// Retryable reports whether the same call can succeed later without anybody
// changing anything.
func (k ErrorKind) Retryable() bool { return k == Temporary || k == RateLimited || k == Garbage }

// Error is every error that a connector returns. Its text is safe to show to
// staff and free of secrets and personal data.
type Error struct {
	Kind       ErrorKind
	Message    string        // what happened, one sentence
	Remedy     string        // what to do, one sentence; may be empty
	RetryAfter time.Duration // for RateLimited; 0 when the platform did not say
	Err        error         // the cause, for the log
	// Unbegun says that it came before the call that publishes was begun. Of such an error Kind
	// counts also where the time for publishing was over.
	Unbegun bool

	// What and Fix are Message and Remedy as phrases, which staff read in their own language.
	// They count as long as their English is what Message and Remedy say; many an Error has none.
	What, Fix phrase.Phrase
}

// Phrased makes an Error of sentences that the desk has in every language. fix may
// be the zero Phrase: there is no remedy.
func Phrased(kind ErrorKind, what, fix phrase.Phrase) *Error {
	return &Error{Kind: kind, Message: what.English(), Remedy: fix.English(), What: what, Fix: fix}
}

// Because records the cause, for the log.
func (e *Error) Because(err error) *Error {
	e.Err = err
	return e
}

// Advise sets the remedy unless there is one.
func (e *Error) Advise(fix phrase.Phrase) {
	if e.Remedy == "" {
		e.Remedy, e.Fix = fix.English(), fix
	}
}

// Errorf makes an Error; a %w operand becomes the cause.
func Errorf(kind ErrorKind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Message: err.Error(), Err: errors.Unwrap(err)}
}

func (e *Error) Error() string {
	if e.Remedy == "" {
		return e.Message
	}
	return e.Message + ". " + e.Remedy
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of the first Error in err's chain, Temporary for any other.
func KindOf(err error) ErrorKind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Temporary
}
