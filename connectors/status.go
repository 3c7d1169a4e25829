package connectors

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// maxRetryAfter bounds what a platform can make us wait in one go.
const maxRetryAfter = 24 * time.Hour

// StatusError is what an HTTP status outside 2xx means when the platform says
// nothing more exact. For a call that changes something, a 5xx, a 408 and a
// redirect are of kind Unknown: some platforms carry it out and fail afterwards.
func StatusError(r *Response, host string) *Error {
	e := &Error{Message: fmt.Sprintf("%s answered with status %d", host, r.Status)}
	switch s := r.Status; {
	case s == http.StatusUnauthorized:
		e.Kind, e.Remedy = BadAuth, "Renew the account's credentials; they are wrong, expired or revoked."
	case s == http.StatusForbidden:
		e.Kind, e.Remedy = NotAllowed, "Check what the account's credentials may do on the platform."
	case s == http.StatusTooManyRequests:
		e.Kind, e.RetryAfter = RateLimited, RetryAfter(r.Header)
		e.Message = host + " asks for fewer requests"
	case r.Sent && (s < 400 || s == http.StatusRequestTimeout || s >= 500):
		e.Kind, e.Remedy = Unknown, "Reading back will show whether it was carried out."
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

// reasonOf is why a call got no answer, in words that come from us alone, and
// a cause for the log that quotes nothing from the network.
func reasonOf(err error) (string, error) {
	var (
		dns    *net.DNSError
		number syscall.Errno
		record tls.RecordHeaderError
		cert   *tls.CertificateVerificationError
		slow   net.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "the call was cancelled", context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return "time-out", context.DeadlineExceeded
	case errors.As(err, &dns):
		return "the host name is not known", errors.New("lookup: " + dns.Err)
	case errors.As(err, &cert), errors.As(err, new(x509.UnknownAuthorityError)), errors.As(err, new(x509.HostnameError)):
		return "its TLS certificate is not valid", errors.New("certificate verification failed")
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "it does not speak TLS", errors.New("no TLS record")
	case errors.As(err, &number):
		return number.Error(), number
	case errors.As(err, &slow) && slow.Timeout():
		return "time-out", context.DeadlineExceeded
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed", io.ErrUnexpectedEOF
	}
	return "what came back is not HTTP", fmt.Errorf("an error of type %T", errors.Unwrap(err))
}

// asError is err if it is an Error already, else one of the given kind whose
// text says what and hides err's.
func asError(err error, kind ErrorKind, what string) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: kind, Message: what, Err: err}
}
