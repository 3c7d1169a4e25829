package connectors

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/internal/phrase"
)

// HookPrefix is where platforms deliver: the account's name follows it.
const HookPrefix = "/hooks/"

// The limits on deliveries to webhooks.
const (
	webhookTimeout          = 25 * time.Second // from the request's head to the answer
	memoryWait              = 5 * time.Second  // for room to read a body into
	undisturbed             = time.Second      // that a body may come before it gives way to others
	defaultDeliveryMemory   = 64 << 20
	defaultDeliveriesAtOnce = 256
	firstRead               = 4 << 10 // bytes
	webhookPart             = phrase.PartWebhook
)

// Receive hands a platform's HTTP request to the account's connector, which
// proves who sent it, and returns what to answer once what it brought is
// durable. Its errors are faults: not_found for an account that does not exist
// and, in the same words, for one that takes no deliveries; body_too_large;
// unauthenticated; invalid_input; and unavailable, whose detail retry_after
// holds seconds. After all but the first the platform delivers again.
//
// The body is read here, at most [MaxDelivery] bytes of it and all deliveries
// together within the runner's memory for them; the caller bounds how long that
// may take. Where the memory runs out, the body that has been coming longest, and
// for more than a second, gives way and is unavailable, provided that the request's
// body is an [Interrupter]. Any number of calls may run; of each account so many as
// the options say are worked on.
func (r *Runner) Receive(name inbox.AccountName, request *http.Request) (WebhookAnswer, error) {
	a, hook := r.hooked(name)
	if hook == nil {
		return WebhookAnswer{}, fault.New(fault.NotFound, "there is no such address for deliveries")
	}
	ctx, cancel := context.WithTimeout(request.Context(), webhookTimeout)
	defer cancel()
	held := r.memory.share(interruptOf(request.Body))
	defer held.end()
	body, err := readDelivery(ctx, request, held)
	if err != nil {
		return WebhookAnswer{}, a.refuse(request.Method, err)
	}
	select {
	case a.working <- struct{}{}:
		defer func() { <-a.working }()
	case <-ctx.Done():
		return WebhookAnswer{}, a.refuse(request.Method, errBusy())
	}
	request = request.WithContext(ctx)
	answer, err := a.receive(ctx, hook, request, body)
	for _, other := range r.remotely(a, answer.Others) {
		// That one of them does not take it is its own trouble, and shown there; what could
		// not be kept for it shall come again, and holds up no other.
		if _, refused := other.receive(ctx, other.Connector.(Webhook), request, body); err == nil && fault.Is(refused, fault.Unavailable) {
			err = refused
		}
	}
	if err != nil {
		return WebhookAnswer{}, err
	}
	return answer, nil
}

// hooked is the account of the name with its webhook, nil where there is none.
func (r *Runner) hooked(name inbox.AccountName) (*accountRun, Webhook) {
	a, err := r.account(name)
	if err != nil {
		return nil, nil
	}
	hook, _ := a.Connector.(Webhook)
	return a, hook
}

// remotely are the other accounts of a's kind that take deliveries and whose
// remote id is one of those.
func (r *Runner) remotely(a *accountRun, remoteIDs []string) []*accountRun {
	var found []*accountRun
	for _, other := range r.accounts {
		if len(remoteIDs) == 0 || other == a || other.Kind != a.Kind || !is[Webhook](other.Connector) {
			continue
		}
		id := other.pulse.read().Identity.RemoteID
		if addressed, ok := other.Connector.(Addressed); ok {
			id = addressed.Addressee()
		}
		if id != "" && slices.Contains(remoteIDs, id) {
			found = append(found, other)
		}
	}
	return found
}

// receive takes in one request whose body is read. The answer's Others are told
// beside an error too, where the sender is proven.
func (a *accountRun) receive(ctx context.Context, hook Webhook, request *http.Request, body []byte) (WebhookAnswer, error) {
	var answer WebhookAnswer
	err := guard(a.Log, "webhook", func() (err error) {
		answer, err = hook.Receive(ctx, request, body)
		return err
	})
	if err != nil {
		return WebhookAnswer{}, a.refuse(request.Method, err)
	}
	t, err := a.takeIn(ctx, answer.Page, nil)
	if err = errors.Join(err, t.problem); err != nil {
		return answer, a.refuse(request.Method, Phrased(Temporary, phrase.Of(phrase.DeliveryNotKept), phrase.Phrase{}).Because(err))
	}
	switch {
	case answer.Status == 0:
		answer.Status = http.StatusOK
	case answer.Status >= http.StatusInternalServerError:
		if answer.Page.Trouble != nil {
			a.pulse.beside(webhookPart, answer.Page.Trouble)
		}
		return answer, a.refuse(request.Method, Phrased(Temporary, phrase.Of(phrase.DeliveryInPart), phrase.Phrase{}))
	}
	if a.pulse.accepted(request.Method, answer.Page.Trouble) { // perhaps the platform was just told to deliver
		a.askAgain.Store(true)
		a.pokeNow()
	}
	return answer, nil
}

// refuse notes that a request was not taken in and makes the fault that its
// sender is told.
func (a *accountRun) refuse(method string, err error) error {
	told, why := webhookFault(err), asError(err, Temporary, phrase.Of(phrase.DeliveryNotNow))
	a.pulse.refused(method, told.Code, why)
	a.refusals.Note(func(n int) {
		a.Log.Warn("webhook deliveries refused", "count", n, "code", told.Code, "reason", why.Message, "cause", why.Err)
	})
	return told
}

// Interrupter is a request's body of which a Read that waits can be ended:
// Interrupt makes it, and those that follow, fail. It may be called beside Read,
// and does not wait.
type Interrupter interface{ Interrupt() }

// interruptOf is the way to interrupt the body, nil where there is none.
func interruptOf(body io.Reader) func() {
	if i, ok := body.(Interrupter); ok {
		return i.Interrupt
	}
	return nil
}

// readDelivery reads a request's body into memory that held holds then, also
// where it fails.
func readDelivery(ctx context.Context, request *http.Request, held *share) (body []byte, err error) {
	if request.ContentLength > MaxDelivery {
		return nil, errTooLong()
	}
	if request.Body == nil || request.Body == http.NoBody {
		return nil, nil
	}
	for {
		if len(body) > MaxDelivery {
			return nil, errTooLong()
		}
		if len(body) == cap(body) {
			// A body that grows is held twice while it moves, and counts twice.
			before, size := cap(body), min(max(2*cap(body), firstRead), MaxDelivery+1)
			if !held.take(ctx, int64(size)) {
				return nil, errBusy()
			}
			body = append(make([]byte, 0, size), body...)
			held.give(int64(before))
		}
		n, err := request.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case err == nil || len(body) > MaxDelivery:
			continue
		case !held.whole():
			return nil, errBusy()
		case errors.Is(err, io.EOF):
			return body, nil
		default:
			return nil, notRead(fault.InvalidInput, Phrased(Temporary, phrase.Of(phrase.DeliveryBroken), phrase.Phrase{}).Because(err))
		}
	}
}

func errTooLong() *fault.Fault {
	return notRead(fault.BodyTooLarge, Phrased(Rejected, phrase.Of(phrase.DeliveryTooLarge, "n", strconv.Itoa(MaxDelivery>>20)), phrase.Phrase{}))
}

// notRead is the fault of a delivery whose body was not read to its end.
func notRead(code fault.Code, e *Error) *fault.Fault {
	return fault.New(code, "%s", e.Message).Because(e)
}

func errBusy() *Error {
	e := Phrased(RateLimited, phrase.Of(phrase.DeliveriesAtOnce), phrase.Phrase{})
	e.RetryAfter = time.Minute
	return e
}

// webhookFault is a refusal as the sender may see it.
func webhookFault(err error) *fault.Fault {
	var known *fault.Fault
	if errors.As(err, &known) {
		return known
	}
	switch KindOf(err) {
	case BadAuth, NotAllowed:
		return fault.New(fault.Unauthenticated, "the delivery's sender is not proven").Because(err)
	case Garbage, Rejected, Stale, Gone:
		return fault.New(fault.InvalidInput, "the delivery makes no sense").Because(err)
	default: // for a while
	}
	later := fault.New(fault.Unavailable, "the delivery could not be taken in now").Fix("Deliver it again.").Because(err)
	var e *Error
	if errors.As(err, &e) && e.RetryAfter > 0 {
		later = later.With("retry_after", strconv.Itoa(int(min(e.RetryAfter, maxRetryAfter)/time.Second)))
	}
	return later
}
