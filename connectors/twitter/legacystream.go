package twitter

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	gotwitter "github.com/dghubble/go-twitter/twitter" //nolint:staticcheck // deprecated with the API that it is for

	"standpunt/connectors"
	"standpunt/inbox"
)

const (
	// legacySilence is how long a stream may say nothing: a server sends an empty line each
	// half minute, and X's documentation asked for three of them.
	legacySilence = 90 * time.Second
	longestLine   = 1 << 20 // bytes of one message
)

// LegacyStream is a [*Legacy] whose server pushes: statuses/filter, which X
// retired in 2023 and compatible servers have. The library decodes and
// sorts its messages; to connect once, to notice silence and to end are ours, since
// the library's own way round ends for good with the first error.
type LegacyStream struct {
	*Legacy
	silence time.Duration
}

// Stream delivers posts that mention the account, our own posts, and word that a
// post is gone, until the stream ends.
func (s *LegacyStream) Stream(ctx context.Context, _ inbox.Cursor, deliver func(connectors.Page) error) error {
	self, err := s.me(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	line := &streamCarrier{ctx: ctx, l: s.Legacy, connected: make(chan struct{})}
	line.watch = time.AfterFunc(s.silence, func() { cancel(errSilent) })
	line.silence = s.silence
	stream, err := gotwitter.NewClient(&http.Client{Transport: line}).Streams.Filter(&gotwitter.StreamFilterParams{
		Track: []string{"@" + s.c.s.Handle}, StallWarnings: gotwitter.Bool(true),
	})
	if err != nil {
		cancel(nil)
		return &connectors.Error{Kind: connectors.Rejected, Message: "the request cannot be encoded", Err: err}
	}
	defer func() {
		cancel(nil)
		line.watch.Stop()
		for range stream.Messages { // its goroutine ends with the request, once nothing of it is waited for
		}
	}()
	in := &streamIntake{ctx: ctx, s: s, self: self, deliver: deliver}
	demux := in.demux()
	connected := line.connected
	for {
		select {
		case <-connected:
			connected = nil
			if err := deliver(connectors.Page{}); err != nil {
				return err
			}
			continue
		default:
		}
		select {
		case <-connected:
			connected = nil
			in.err = deliver(connectors.Page{})
		case message, ok := <-stream.Messages:
			if !ok {
				return nil
			}
			demux.Handle(message)
		}
		if in.err != nil {
			return in.ended(context.Cause(ctx))
		}
	}
}

var (
	errSilent  = errors.New("the stream fell silent")
	errEnded   = errors.New("the stream ended")
	errTooLong = errors.New("a message of the stream is too long")
)

// streamIntake is where a stream's messages go.
type streamIntake struct {
	ctx     context.Context //nolint:containedctx // of the one stream
	s       *LegacyStream
	self    string
	deliver func(connectors.Page) error
	err     error // that ends the stream
}

func (in *streamIntake) demux() gotwitter.SwitchDemux {
	d := gotwitter.NewSwitchDemux()
	d.Tweet = in.tweet
	d.StatusDeletion = func(gone *gotwitter.StatusDeletion) {
		if gone == nil {
			return
		}
		if id := legacyID(gone.IDStr, gone.ID); isID(id) {
			in.err = in.deliver(connectors.Page{Mentions: []inbox.Inbound{{ExternalID: id, Deleted: true}}})
		}
	}
	d.StreamDisconnect = func(why *gotwitter.StreamDisconnect) {
		if why != nil {
			in.s.c.log.Warn("the server ends the stream", "code", why.Code)
		}
		in.err = errEnded
	}
	d.Warning = func(*gotwitter.StallWarning) {
		in.s.c.log.Warn("the stream falls behind; polling brings what it leaves out")
	}
	d.Other = func(message any) {
		var known *connectors.Error
		switch err, failed := message.(error); {
		case !failed:
		case errors.As(err, &known):
			in.err = known
		case errors.Is(err, errEnded):
			in.err = errEnded
		default:
			in.err = &connectors.Error{
				Kind: connectors.Garbage, Message: "the stream said something that is not the JSON that was expected",
				Remedy: "Look whether base_url is the server's own, and whether a proxy stands in between.",
			}
		}
	}
	return d
}

func (in *streamIntake) tweet(t *gotwitter.Tweet) {
	p := legacyPost(t, nil)
	if !isID(p.ID) || p.AuthorID == "" || p.AuthorID != in.self && !p.names(in.self) {
		return
	}
	posts := []*post{&p}
	if in.err = in.s.threads.resolve(in.ctx, in.s.Legacy, posts); in.err == nil {
		in.err = in.deliver(in.s.sorted(posts, in.self))
	}
}

// names reports whether the post mentions the account.
func (p *post) names(id string) bool {
	for _, m := range p.Entities.Mentions {
		if m.ID == id {
			return true
		}
	}
	return false
}

// ended is the error that ended the stream, or why its context was cancelled.
func (in *streamIntake) ended(cause error) error {
	switch {
	case errors.Is(cause, errSilent):
		return &connectors.Error{Kind: connectors.Temporary, Message: "the stream said nothing for " + in.s.silence.String(), Err: errSilent}
	case errors.Is(in.err, errEnded):
		return nil
	}
	return in.err
}

// streamCarrier is the library's way to the network for a stream. It connects
// once: with the second request the library is told that it is over.
type streamCarrier struct {
	ctx       context.Context //nolint:containedctx // of the one stream
	l         *Legacy
	silence   time.Duration
	watch     *time.Timer
	connected chan struct{} // closed with the answer's head
	asked     bool
	cut       error
}

func (c *streamCarrier) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.asked {
		return nil, c.over()
	}
	c.asked = true
	call, err := legacyCall(r)
	if err != nil {
		return nil, err
	}
	call.Send = false
	body, err := c.l.client.Open(c.ctx, call)
	if errors.Is(err, errNoLegacy) || connectors.KindOf(err) == connectors.Gone {
		return nil, &connectors.Error{
			Kind: connectors.NotAllowed, Message: "the server has no stream of API v1.1, or not for this account",
			Remedy: "Take stream out of the account's settings; polling does without.", Err: errNoLegacy,
		}
	}
	if err != nil {
		return nil, err
	}
	c.watch.Reset(c.silence)
	close(c.connected)
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: &streamBody{ReadCloser: body, c: c}, ContentLength: -1, Request: r,
	}, nil
}

func (c *streamCarrier) over() error {
	if c.cut != nil {
		return &connectors.Error{Kind: connectors.Garbage, Message: c.cut.Error(), Err: c.cut}
	}
	return errEnded
}

// streamBody is what a stream says: each byte is a sign of life, and no message
// is longer than longestLine.
type streamBody struct {
	io.ReadCloser
	c    *streamCarrier
	line int // bytes since the last end of a line
}

func (b *streamBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	if n > 0 {
		b.c.watch.Reset(b.c.silence)
	}
	for _, c := range into[:n] {
		if b.line++; c == '\n' {
			b.line = 0
		}
		if b.line > longestLine {
			b.c.cut = errTooLong
			return 0, errTooLong
		}
	}
	return n, err
}
