package connectors_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/internal/fault"
)

// hook takes deliveries with the right signature.
type hook struct{ source }

func (h *hook) Receive(_ context.Context, r *http.Request, body []byte) (connectors.WebhookAnswer, error) {
	switch {
	case r.Header.Get("Signature") == "panic":
		panic("boom")
	case r.Header.Get("Signature") != "right":
		return connectors.WebhookAnswer{}, connectors.Errorf(connectors.BadAuth, "the signature is wrong")
	}
	return connectors.WebhookAnswer{Page: page("7", false, string(body)), Body: []byte("ok")}, nil
}

func TestWebhookIsAnsweredOnceDurable(t *testing.T) {
	m := newMemory()
	r := connectors.NewRunner(connectors.RunnerOptions{Inbox: m, Observer: m}, live("x", &hook{source{poll: quiet}}), live("y", &source{poll: quiet}))
	deliver := func(account inbox.AccountName, signature, body string) (connectors.WebhookAnswer, error) {
		request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		request.Header.Set("Signature", signature)
		return r.Receive(account, request)
	}
	for _, c := range []struct {
		account   inbox.AccountName
		signature string
		body      string
		want      fault.Code
	}{
		{"x", "wrong", "a", fault.Unauthenticated},
		{"x", "panic", "a", fault.Unavailable},
		{"x", "right", strings.Repeat("a", connectors.MaxDelivery+1), fault.BodyTooLarge},
		{"y", "right", "a", fault.NotFound},
		{"z", "right", "a", fault.NotFound},
	} {
		if _, err := deliver(c.account, c.signature, c.body); !fault.Is(err, c.want) {
			t.Errorf("%s, signature %s, %d bytes: %v, want %s", c.account, c.signature, len(c.body), err, c.want)
		}
	}
	m.ingestBy = func() error { return errors.New("the disk is full") }
	if _, err := deliver("x", "right", "a"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a delivery that was not kept was answered: %v", err)
	}
	m.ingestBy = nil
	answer, err := deliver("x", "right", "a")
	if err != nil || answer.Status != http.StatusOK || string(answer.Body) != "ok" {
		t.Errorf("answer %+v, %v", answer, err)
	}
	if !slices.Equal(m.of("x"), []string{"a"}) || m.cursors["x"] != nil {
		t.Errorf("ingested %v, cursor %q; a webhook moves none", m.of("x"), m.cursors["x"])
	}
}

// mailbox takes mentions from any program.
type mailbox struct{ source }

func (m *mailbox) Accept(_ context.Context, body []byte) ([]inbox.Inbound, error) {
	switch string(body) {
	case "panic":
		panic("boom")
	case "":
		return nil, fault.New(fault.InvalidInput, "there is nothing in it").At("mentions", "").Fix("Write one.")
	}
	return page("", false, string(body)).Mentions, nil
}

func TestDeliveredMentionsAreDurableWhenDeliverReturns(t *testing.T) {
	m := newMemory()
	r := connectors.NewRunner(connectors.RunnerOptions{Inbox: m, Observer: m}, live("x", &mailbox{source{poll: quiet}}), live("y", &source{poll: quiet}))
	for _, c := range []struct {
		account inbox.AccountName
		body    string
		want    fault.Code
	}{
		{"x", "", fault.InvalidInput},
		{"x", "panic", fault.Internal},
		{"y", "a", fault.NotFound},
		{"z", "a", fault.NotFound},
	} {
		if _, err := r.Deliver(t.Context(), c.account, []byte(c.body)); !fault.Is(err, c.want) {
			t.Errorf("%s, %q: %v, want %s", c.account, c.body, err, c.want)
		}
	}
	m.ingestBy = func() error { return errors.New("the disk is full") }
	if _, err := r.Deliver(t.Context(), "x", []byte("a")); !fault.Is(err, fault.Unavailable) || strings.Contains(err.Error(), "disk") {
		t.Errorf("a delivery that was not kept: %v", err)
	}
	m.ingestBy = nil
	for want := range 2 {
		in, err := r.Deliver(t.Context(), "x", []byte("a"))
		if err != nil || in.Duplicates != want {
			t.Errorf("delivery %d: %+v, %v", want+1, in, err)
		}
	}
	if h := r.Health()[0]; h.New != 1 || h.Duplicates != 1 {
		t.Errorf("health %+v", h)
	}
}
