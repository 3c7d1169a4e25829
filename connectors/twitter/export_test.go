package twitter

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	gotwitter "github.com/dghubble/go-twitter/twitter" //nolint:staticcheck // deprecated with the API that it is for

	"standpunt/connectors"
	"standpunt/inbox"
)

// Erase deletes a post as Remove does, without a release: approval makes none
// for a removal in a test.
var (
	Erase       = (*Connector).erase
	EraseLegacy = (*Legacy).erase
)

// PauseAfterSubscribing is how long a stream waits when its subscriptions are
// refused, 0 where they are not.
func PauseAfterSubscribing(ctx context.Context, s *Streaming, self string) time.Duration {
	if err := s.syncSubscriptions(ctx, self); err != nil {
		return new(retry).after(0, err)
	}
	return 0
}

// Steps is how many labels of domains, and characters of them, are looked at for
// the links of a text.
func Steps(text string) int {
	s := newScan(text)
	_ = s.links()
	return s.steps
}

// TimesNamed is how often a text names the handle.
var TimesNamed = timesNamed

// LegacySilence sets how long a stream may say nothing.
func LegacySilence(s *LegacyStream, d time.Duration) { s.silence = d }

// ReadLegacyPage reads an answer of API v1.1 as a poll does, up to the mentions.
func ReadLegacyPage(body []byte) (stripped []byte, mentions []inbox.Inbound, err error) {
	stripped, edits, err := strip(body)
	if err != nil {
		return nil, nil, err
	}
	var tweets []gotwitter.Tweet
	if err := json.Unmarshal(stripped, &tweets); err != nil {
		return stripped, nil, err
	}
	l := &Legacy{c: &Connector{s: Settings{Handle: "brand"}}}
	for i := range tweets {
		p := legacyPost(&tweets[i], edits)
		mentions = append(mentions, l.inbound(&p, "1"))
	}
	return stripped, mentions, nil
}

// ReadLegacyStream reads a stream of API v1.1 to its end, as the account with id 1.
func ReadLegacyStream(said string) (pages []connectors.Page, err error) {
	s := &LegacyStream{Legacy: &Legacy{c: &Connector{s: Settings{Handle: "brand"}, log: slog.New(slog.DiscardHandler)}}}
	s.threads.off = true
	line := &streamCarrier{watch: time.NewTimer(time.Hour), silence: time.Hour}
	defer line.watch.Stop()
	once := oneAnswer(func() (*http.Response, error) {
		if line.asked {
			return nil, line.over()
		}
		line.asked = true
		return &http.Response{StatusCode: http.StatusOK, Body: &streamBody{ReadCloser: io.NopCloser(strings.NewReader(said)), c: line}}, nil
	})
	stream, err := gotwitter.NewClient(&http.Client{Transport: once}).Streams.Filter(&gotwitter.StreamFilterParams{Track: []string{"@brand"}})
	if err != nil {
		return nil, err
	}
	in := &streamIntake{s: s, self: "1", deliver: func(p connectors.Page) error {
		pages = append(pages, p)
		return nil
	}}
	demux := in.demux()
	for message := range stream.Messages {
		if in.err == nil {
			demux.Handle(message)
		}
	}
	return pages, in.ended(nil)
}

type oneAnswer func() (*http.Response, error)

func (f oneAnswer) RoundTrip(*http.Request) (*http.Response, error) { return f() }

// ClassifyLegacy is what an error answer of API v1.1 means.
func ClassifyLegacy(status int, body []byte, sent bool) *connectors.Error {
	l := &Legacy{c: &Connector{s: Settings{Vocabulary: "tweet"}}}
	r := &connectors.Response{Status: status, Header: http.Header{}, Body: body, Sent: sent}
	if e := l.classify(r); e != nil {
		return e
	}
	return connectors.StatusError(r, "x.test")
}

// Conceal hides a reply as Hide does, without a release, for the same reason.
var Conceal = (*Connector).hide

// ReadMessagesAtOnce takes the pause between two calls for messages away.
func ReadMessagesAtOnce(c *Connector) { c.directEvery = 0 }
