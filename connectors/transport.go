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
	"net/url"
	"syscall"
	"time"
)

// UserAgent is how the daemon names itself to platforms.
const UserAgent = "standpunt (webcare desk)"

const dialTimeout = 10 * time.Second

// BaseURL is the address where an API begins, without query and fragment. Its
// error is for whoever wrote the settings.
func BaseURL(text string) (*url.URL, error) {
	base, err := url.Parse(text)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") || base.User != nil {
		return nil, errors.New("base_url is not an absolute http or https address without a password")
	}
	base.RawQuery, base.Fragment = "", ""
	return base, nil
}

// Transport is net/http's own, bounded. The one for sending speaks HTTP/1.1 and
// keeps no connection, so that it writes a request at most once: net/http repeats
// one by itself only on a connection that was used before.
func Transport(sending bool) *http.Transport {
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    dialTimeout,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      !sending,
		DisableKeepAlives:      sending,
	}
	if sending {
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP1(true)
	}
	return t
}

// NoRedirects is an [http.Client]'s CheckRedirect. A redirect is an answer like
// any other: neither the request nor its credentials go where it leads.
func NoRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Unanswered is what err means to a call that got no whole answer from host.
// wrote is whether bytes of it may be under way, send whether it changes
// something: then it is of kind Unknown, else Temporary. Where no connection came
// about and err does not tell why, the Remedy is left to the caller.
//
// Its texts are ours alone: net/http's name the whole URL and quote what the
// server wrote.
func Unanswered(err error, host string, wrote, send bool) *Error {
	reason, cause := reasonOf(err)
	switch {
	case send && wrote:
		return &Error{Kind: Unknown, Message: fmt.Sprintf("%s did not answer after the request was under way (%s)", host, reason),
			Remedy: "Reading back will show whether it was carried out.", Err: cause}
	case wrote:
		return &Error{Kind: Temporary, Message: fmt.Sprintf("%s gave no whole answer (%s)", host, reason), Err: cause}
	}
	return &Error{Kind: Temporary, Message: fmt.Sprintf("%s cannot be reached (%s)", host, reason), Remedy: unreached(err), Err: cause}
}

// unreached is what to do where no connection came about, if err tells.
func unreached(err error) string {
	switch {
	case errors.As(err, new(*net.DNSError)):
		return "Correct the host in base_url, or this machine's DNS."
	case errors.As(err, new(tls.RecordHeaderError)), errors.Is(err, http.ErrSchemeMismatch):
		return "Write http in place of https in base_url, or the port that speaks TLS."
	}
	return ""
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
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return "time-out", context.DeadlineExceeded
	case errors.As(err, &dns):
		return "the host name is not known", errors.New("lookup: " + dns.Err)
	case errors.As(err, &cert), errors.As(err, new(x509.UnknownAuthorityError)), errors.As(err, new(x509.HostnameError)):
		return "its TLS certificate is not valid", errors.New("certificate verification failed")
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "it does not speak TLS", errors.New("no TLS record")
	case errors.As(err, &number):
		return number.Error(), number
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed", io.ErrUnexpectedEOF
	}
	return "what came back is not HTTP", fmt.Errorf("an error of type %T", errors.Unwrap(err))
}
