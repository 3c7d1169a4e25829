package graph

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"syscall"
	"time"

	"standpunt/connectors"
)

const dialTimeout = 10 * time.Second

var (
	errElsewhere = errors.New("a request to another host was held back")
	errNoAnswer  = errors.New("no answer")
)

// transport is what the library's requests go through: to one origin, bounded,
// and seen by the [sighting] of their context.
type transport struct {
	scheme, host string
	maxBody      int64
	below        *http.Transport
}

// newTransport makes the one for reading or the one for sending, which keeps
// no connection: net/http repeats a request by itself only on a reused one.
func newTransport(base *url.URL, maxBody int64, sending bool) *transport {
	below := &http.Transport{
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
		below.Protocols = new(http.Protocols)
		below.Protocols.SetHTTP1(true)
	}
	return &transport{scheme: base.Scheme, host: base.Host, maxBody: maxBody, below: below}
}

// RoundTrip performs one request and reads its answer whole.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != t.scheme || r.URL.Host != t.host || (r.Host != "" && r.Host != t.host) {
		if r.Body != nil {
			_ = r.Body.Close() // a RoundTripper always does
		}
		return nil, errElsewhere
	}
	seen, watched := r.Context().Value(sightingKey{}).(*sighting)
	if !watched {
		seen = new(sighting)
	}
	r = r.Clone(r.Context())
	r.GetBody = nil // nobody below may write the body a second time
	r.Header.Set("User-Agent", "standpunt (webcare desk)")
	answer, err := t.below.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, t.maxBody+1))
	if err != nil {
		return nil, err
	}
	seen.status, seen.header = answer.StatusCode, answer.Header
	if seen.tooLarge = int64(len(body)) > t.maxBody; seen.tooLarge {
		body = nil
	}
	seen.body = body
	shown := *answer
	shown.Body = io.NopCloser(bytes.NewReader(body))
	shown.ContentLength = int64(len(body))
	return &shown, nil
}

// sighting is what the transport saw of one call.
type sighting struct {
	wrote    atomic.Bool // bytes of the request may be under way
	status   int
	header   http.Header
	body     []byte
	tooLarge bool
}

type sightingKey struct{}

// watched is a context whose one call is seen by s.
func watched(ctx context.Context, s *sighting) context.Context {
	ctx = context.WithValue(ctx, sightingKey{}, s)
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { s.wrote.Store(true) }})
}

func (s *sighting) answered() bool { return s.status != 0 }

// broken says what a call without a whole answer means, in words of ours.
func (s *sighting) broken(err error, host string, send bool) *connectors.Error {
	reason, cause := reasonOf(err)
	switch {
	case send && s.wrote.Load():
		return &connectors.Error{Kind: connectors.Unknown, Message: fmt.Sprintf("%s did not answer after the request was under way (%s)", host, reason),
			Remedy: "Reading back will show whether it was carried out.", Err: cause}
	case s.wrote.Load():
		return &connectors.Error{Kind: connectors.Temporary, Message: fmt.Sprintf("%s gave no whole answer (%s)", host, reason), Err: cause}
	}
	return &connectors.Error{Kind: connectors.Temporary, Message: fmt.Sprintf("%s cannot be reached (%s)", host, reason),
		Remedy: unreached(err), Err: cause}
}

// unreached is what to do where no connection came about.
func unreached(err error) string {
	switch {
	case errors.As(err, new(*net.DNSError)):
		return "Correct the host in base_url, or this machine's DNS."
	case errors.As(err, new(tls.RecordHeaderError)), errors.Is(err, http.ErrSchemeMismatch):
		return "Write http in place of https in base_url, or the port that speaks TLS."
	}
	return "Check the daemon's way to the internet and the account's base_url."
}

// reasonOf is why there is no answer, and a cause for the log, both free of
// URLs: the library leaves the proof in those that it quotes.
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
		return "the host name is not known", errors.New("lookup failed")
	case errors.As(err, &cert):
		return "its TLS certificate is not valid", errors.New("certificate verification failed")
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "it does not speak TLS", errors.New("no TLS record")
	case errors.As(err, &number):
		return number.Error(), number
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed", io.ErrUnexpectedEOF
	case errors.Is(err, errElsewhere):
		return errElsewhere.Error(), errElsewhere
	}
	return "what came back is not HTTP", errNoAnswer
}
