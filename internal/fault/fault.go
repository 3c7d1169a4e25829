// Package fault is the one error type that Standpunt shows to people and
// programs.
//
// A [Fault] carries a stable [Code], an English sentence that is safe to show
// and, where the input caused it, the field, the value and the remedy. What
// is not a Fault is internal: it is wrapped with %w, logged, and shown only
// as [Internal]. Whether an operation can be tried again is a property of the
// code, never a second return value.
package fault

import (
	"errors"
	"fmt"
)

// Code names a kind of fault. It is part of the API: codes are added, never
// renamed or removed.
type Code string

// The codes, by what the caller can do about them.
const (
	// Who is asking.
	Unauthenticated Code = "unauthenticated" // sign in first
	Forbidden       Code = "forbidden"       // the role or scope does not allow it
	CrossSite       Code = "cross_site"      // the request came from another site
	RateLimited     Code = "rate_limited"    // wait, then try again

	// What is asked for.
	NotFound         Code = "not_found"
	MalformedJSON    Code = "malformed_json"
	BodyTooLarge     Code = "body_too_large"
	InvalidInput     Code = "invalid_input" // Field, Value and Remedy say what
	EmptyText        Code = "empty_text"
	TextTooLong      Code = "text_too_long"
	HiddenCharacters Code = "hidden_characters"
	AlreadyExists    Code = "already_exists"

	// Two-person approval.
	SelfApproval      Code = "self_approval"       // the author cannot be the second person
	NotRevisionAuthor Code = "not_revision_author" // only the author submits a revision
	StaleDigest       Code = "stale_digest"        // the text changed since it was read
	WrongState        Code = "wrong_state"         // the proposal's state does not allow it
	AlreadyDecided    Code = "already_decided"     // this person decided this revision before
	CoolingTime       Code = "cooling_time"        // a new approver's waiting time is not over
	CommentRequired   Code = "comment_required"
	NotAnswerable     Code = "not_answerable" // the platform does not let us answer this mention
	NoPolicy          Code = "no_policy"      // no policy covers this proposal, so nothing may pass

	// The state of the daemon.
	PublishingStopped Code = "publishing_stopped"
	AccountNotReady   Code = "account_not_ready" // not accepted, held or unknown
	Conflict          Code = "conflict"          // somebody else was first
	Unavailable       Code = "unavailable"       // try again later
	Internal          Code = "internal"          // logged; not the caller's fault
)

// Fault is an error that is safe to show. The zero value is not useful; make
// one with [New].
type Fault struct {
	Code    Code
	Message string // one English sentence, without personal data or secrets
	Field   string // the input field at fault, in the caller's notation; may be empty
	Value   string // the offending value, shortened; may be empty
	Remedy  string // what to do, one sentence; may be empty
	Details map[string]string
	err     error // what caused it; logged, never shown
}

// New makes a fault with a formatted message. A %w operand becomes the cause,
// but its text becomes part of the message too: use [Fault.Because] for causes
// that must not be shown.
func New(code Code, format string, args ...any) *Fault {
	err := fmt.Errorf(format, args...)
	return &Fault{Code: code, Message: err.Error(), err: errors.Unwrap(err)}
}

// At names the input field and its value, shortened to 100 characters.
func (f *Fault) At(field, value string) *Fault {
	const most = 100
	if r := []rune(value); len(r) > most {
		value = string(r[:most]) + "…"
	}
	f.Field, f.Value = field, value
	return f
}

// Fix says in one sentence what the person can do about it.
func (f *Fault) Fix(format string, args ...any) *Fault {
	f.Remedy = fmt.Sprintf(format, args...)
	return f
}

// With adds one machine-readable detail.
func (f *Fault) With(key, value string) *Fault {
	if f.Details == nil {
		f.Details = make(map[string]string)
	}
	f.Details[key] = value
	return f
}

// Because records the cause for the log. It is never shown.
func (f *Fault) Because(err error) *Fault {
	f.err = err
	return f
}

// Error is the message with field, value and remedy, as a command line shows
// it. The cause is left out; errors.Is and errors.As find it.
func (f *Fault) Error() string {
	s := f.Message
	if f.Field != "" {
		s = f.Field + ": " + s
		if f.Value != "" {
			s += fmt.Sprintf(" (got %q)", f.Value)
		}
	}
	if f.Remedy != "" {
		s += ". " + f.Remedy
	}
	return s
}

func (f *Fault) Unwrap() error { return f.err }

// CodeOf is the code of the first Fault in err's chain, Internal for any other
// error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var f *Fault
	if errors.As(err, &f) {
		return f.Code
	}
	return Internal
}

// Is reports whether err's code is code.
func Is(err error, code Code) bool { return CodeOf(err) == code }
