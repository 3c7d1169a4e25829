package web

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/internal/tally"
	"standpunt/web/api"
)

const (
	hookRoute = connectors.HookPrefix + "{account}" // in the log and the metrics
	// hookReadTime is how long a sender may take for a delivery's body, and hookTime how long
	// the connection is left open for the answer after that.
	hookReadTime = 10 * time.Second
	// The rest of a body that is refused unread may come for so long, with no longer break than
	// twice that, and be so large.
	hookRestTime   = 10 * time.Second
	hookRestBreak  = 2 * time.Second
	hookRestMost   = 4 * connectors.MaxDelivery
	hookTime       = 30 * time.Second
	hookRetryAfter = "30" // seconds, where nothing better is known
)

// Receiver takes what platforms deliver: *connectors.Runner.
type Receiver interface {
	// Receive hands the request to the account's connector and returns what to answer once
	// what it brought is durable; its errors are faults. It reads the body.
	Receive(account inbox.AccountName, r *http.Request) (connectors.WebhookAnswer, error)
}

// hooks answers the platforms' own requests: checks of an address (GET) and
// deliveries (POST). Nobody is signed in here and no cookie counts; the account's
// connector proves the sender. A refusal says little, since a stranger reads
// it: what is wrong stands on the accounts page.
type hooks struct {
	receiver Receiver // nil: there is no address
	readTime time.Duration
	logger   *slog.Logger
	nowhere  tally.Tally // requests to no account
}

func (h *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a, ok := w.(*answered); ok {
		a.route = hookRoute
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox") // an answer may repeat what was sent
	body := h.limitTime(w, r)
	answer, err := h.receive(r)
	if !body.whole && r.ProtoMajor == 1 && r.ContentLength != 0 {
		// Who still writes would see the connection break and no answer, so it is answered first
		// and what is on its way is then let in.
		w.Header().Set("Connection", "close")
		control := http.NewResponseController(w)
		if control.EnableFullDuplex() == nil {
			defer func() {
				if control.Flush() == nil {
					body.letIn()
				}
			}()
		}
	}
	if err != nil {
		refuseHook(w, err)
		return
	}
	kind := answer.Type
	if kind == "" {
		kind = "text/plain; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(answer.Body)))
	w.WriteHeader(answer.Status)
	_, _ = w.Write(answer.Body) // the platform is gone, or it is not
}

func (h *hooks) receive(r *http.Request) (connectors.WebhookAnswer, error) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return connectors.WebhookAnswer{}, errMethod
	}
	r.Header.Del("Cookie")
	name := strings.TrimPrefix(r.URL.Path, connectors.HookPrefix)
	if h.receiver == nil || strings.Contains(name, "/") {
		return connectors.WebhookAnswer{}, h.noAddress()
	}
	answer, err := h.receiver.Receive(inbox.AccountName(name), r)
	if fault.Is(err, fault.NotFound) {
		return connectors.WebhookAnswer{}, h.noAddress()
	}
	return answer, err
}

// noAddress notes a request to an address that no account has. What stood there
// is not logged: a stranger wrote it.
func (h *hooks) noAddress() error {
	h.nowhere.Note(func(n int) { h.logger.Warn("webhook deliveries to no account", "count", n) })
	return fault.New(fault.NotFound, "there is nothing here")
}

// limitTime gives the sender so much time for the body, and then the answer its own.
func (h *hooks) limitTime(w http.ResponseWriter, r *http.Request) *timedBody {
	control := http.NewResponseController(w)
	limit := func(d time.Duration) { _ = control.SetReadDeadline(time.Now().Add(d)) } // the server's own limit stays
	limit(h.readTime)
	body := &timedBody{ReadCloser: r.Body, limit: limit}
	r.Body = body
	return body
}

// timedBody is a request's body that notices its end. It is a
// [connectors.Interrupter].
type timedBody struct {
	io.ReadCloser
	limit func(time.Duration) // from now until the connection's reads fail
	whole bool
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF && !b.whole {
		b.whole = true
		b.limit(hookTime)
	}
	return n, err
}

// letIn takes what still comes, within bounds, and forgets it. It looks twice before a
// break is too long: the machine may have stood still while something was there.
func (b *timedBody) letIn() {
	end := time.Now().Add(hookRestTime)
	some := make([]byte, 32<<10)
	looked := false
	for left := int64(hookRestMost); left > 0 && time.Now().Before(end); {
		b.limit(hookRestBreak)
		n, err := b.ReadCloser.Read(some)
		if err != nil && (looked || !errors.Is(err, os.ErrDeadlineExceeded)) {
			return
		}
		looked = err != nil
		left -= int64(n)
	}
}

func (b *timedBody) Interrupt() { b.limit(-time.Second) }

// errMethod is not a GET and not a POST.
var errMethod = fault.New(fault.InvalidInput, "the method is not GET or POST")

// hookRefusals are the status and the words for each kind of refusal; any other is an
// internal one.
var hookRefusals = map[fault.Code]struct {
	status int
	detail string
}{
	fault.NotFound:        {http.StatusNotFound, "There is nothing here."},
	fault.Unauthenticated: {http.StatusUnauthorized, "The sender is not proven."},
	fault.BodyTooLarge:    {http.StatusRequestEntityTooLarge, "The body is too large."},
	fault.InvalidInput:    {http.StatusBadRequest, "The request is not understood."},
	fault.Unavailable:     {http.StatusServiceUnavailable, "Not now; send it again later."},
}

// refuseHook answers with a short problem.
func refuseHook(w http.ResponseWriter, err error) {
	code := fault.CodeOf(err)
	refusal, known := hookRefusals[code]
	switch {
	case err == errMethod: //nolint:errorlint // the value itself
		refusal.status, refusal.detail = http.StatusMethodNotAllowed, "Use GET or POST."
		w.Header().Set("Allow", "GET, POST")
	case !known:
		code, refusal.status, refusal.detail = fault.Internal, http.StatusInternalServerError, "Something went wrong here."
	case code == fault.Unauthenticated:
		w.Header().Set("WWW-Authenticate", "Signature")
	case code == fault.Unavailable:
		w.Header().Set("Retry-After", retryAfter(err))
	}
	text, _ := json.Marshal(api.Problem{ // nothing in it that cannot be written
		Type: "urn:standpunt:problem:" + string(code), Title: http.StatusText(refusal.status), Status: refusal.status,
		Detail: refusal.detail, Code: code,
	})
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(refusal.status)
	_, _ = w.Write(text) // the platform is gone, or it is not
}

func retryAfter(err error) string {
	if f, ok := err.(*fault.Fault); ok { //nolint:errorlint // Receive returns no other
		if _, err := strconv.Atoi(f.Details["retry_after"]); err == nil {
			return f.Details["retry_after"]
		}
	}
	return hookRetryAfter
}
