package graph

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"standpunt/connectors"
	"standpunt/internal/phrase"
)

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

// newTransport makes the one for reading or the one for sending.
func newTransport(base *url.URL, maxBody int64, sending bool) *transport {
	return &transport{scheme: base.Scheme, host: base.Host, maxBody: maxBody, below: connectors.Transport(sending)}
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
	r.Header.Set("User-Agent", connectors.UserAgent)
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
	if errors.Is(err, errElsewhere) {
		return &connectors.Error{Kind: connectors.Temporary, Message: host + " cannot be reached (" + errElsewhere.Error() + ")",
			Remedy: "Report it: the daemon asks nobody but base_url.", Err: errElsewhere}
	}
	e := connectors.Unanswered(err, host, s.wrote.Load(), send)
	if !s.wrote.Load() {
		e.Advise(phrase.Of(phrase.FixWay))
	}
	return e
}
