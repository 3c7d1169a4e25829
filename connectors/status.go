package connectors

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"standpunt/internal/phrase"
)

// maxRetryAfter bounds what a platform can make us wait in one go.
const maxRetryAfter = 24 * time.Hour

// StatusError is what an HTTP status outside 2xx means when the platform says
// nothing more exact. For a call that changes something, a 5xx, a 408 and a
// redirect are of kind Unknown: some platforms carry it out and fail afterwards.
func StatusError(r *Response, host string) *Error {
	e := Phrased("", phrase.Of(phrase.Status, "host", host, "status", strconv.Itoa(r.Status)), phrase.Phrase{})
	switch s := r.Status; {
	case s == http.StatusUnauthorized:
		e.Kind = BadAuth
		e.Advise(phrase.Of(phrase.FixCredentials))
	case s == http.StatusForbidden:
		e.Kind = NotAllowed
		e.Advise(phrase.Of(phrase.FixRights))
	case s == http.StatusTooManyRequests:
		e = Phrased(RateLimited, phrase.Of(phrase.FewerCalls, "host", host), phrase.Phrase{})
		e.RetryAfter = RetryAfter(r.Header)
	case r.Sent && (s < 400 || s == http.StatusRequestTimeout || s >= 500):
		e.Kind = Unknown
		e.Advise(phrase.Of(phrase.FixReadBack))
	case s == http.StatusNotFound || s == http.StatusGone:
		e.Kind = Gone
	case s == http.StatusRequestTimeout || s >= 500:
		e.Kind, e.RetryAfter = Temporary, RetryAfter(r.Header)
	case s >= 400:
		e.Kind = Rejected
	default:
		e.Kind = Garbage
	}
	return e
}

// RetryAfter is the span that an answer's Retry-After header asks for, in
// either of its forms; 0 when there is none or it makes no sense, and never
// more than a day.
func RetryAfter(h http.Header) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	wait := time.Duration(0)
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		wait = time.Duration(min(max(seconds, 0), int64(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), maxRetryAfter)
}

// asError is err if it is an Error already, else one of the given kind whose
// text says what and hides err's.
func asError(err error, kind ErrorKind, what phrase.Phrase) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Phrased(kind, what, phrase.Phrase{}).Because(err)
}
