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

	"standpunt/internal/phrase"
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
	why, cause := reasonOf(err)
	what := func(code phrase.Code) phrase.Phrase {
		p := phrase.Of(code, "host", host).Because(why)
		if why == "" {
			p.With["why"] = cause.Error() // the operating system's words
		}
		return p
	}
	switch {
	case send && wrote:
		return Phrased(Unknown, what(phrase.UnderWay), phrase.Of(phrase.FixReadBack)).Because(cause)
	case wrote:
		return Phrased(Temporary, what(phrase.Halfway), phrase.Phrase{}).Because(cause)
	}
	return Phrased(Temporary, what(phrase.Unreached), unreached(err)).Because(cause)
}

// unreached is what to do where no connection came about, if err tells.
func unreached(err error) phrase.Phrase {
	switch {
	case errors.As(err, new(*net.DNSError)):
		return phrase.Of(phrase.FixHost)
	case errors.As(err, new(tls.RecordHeaderError)), errors.Is(err, http.ErrSchemeMismatch):
		return phrase.Of(phrase.FixScheme)
	}
	return phrase.Phrase{}
}

// reasonOf is why a call got no answer, empty where it is an error of the operating
// system that has no words of ours, and a cause for the log that quotes nothing
// from the network.
func reasonOf(err error) (phrase.Code, error) {
	var (
		dns    *net.DNSError
		number syscall.Errno
		record tls.RecordHeaderError
		cert   *tls.CertificateVerificationError
		slow   net.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return phrase.WhyCancelled, context.Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return phrase.WhyTimeOut, context.DeadlineExceeded
	case errors.As(err, &dns):
		return phrase.WhyNoHost, errors.New("lookup: " + dns.Err)
	case errors.As(err, &cert), errors.As(err, new(x509.UnknownAuthorityError)), errors.As(err, new(x509.HostnameError)):
		return phrase.WhyCertificate, errors.New("certificate verification failed")
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return phrase.WhyNoTLS, errors.New("no TLS record")
	case errors.As(err, &number):
		return numbered[number], number
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return phrase.WhyClosed, io.ErrUnexpectedEOF
	}
	return phrase.WhyNotHTTP, fmt.Errorf("an error of type %T", errors.Unwrap(err))
}

// numbered are the operating system's errors that every language has words for.
var numbered = map[syscall.Errno]phrase.Code{
	syscall.ECONNREFUSED: phrase.WhyRefused,
	syscall.ECONNRESET:   phrase.WhyReset,
	syscall.EHOSTUNREACH: phrase.WhyNoRoute,
	syscall.ENETUNREACH:  phrase.WhyNoNetwork,
}
