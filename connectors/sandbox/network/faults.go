package network

import (
	"bytes"
	"errors"
	"fmt"
	"github.com/go-json-experiment/json/jsontext"
	"net/http"
	"slices"
	"sync"
	"time"

	"standpunt/internal/fault"
)

// FaultKind is one way in which the network misbehaves.
type FaultKind string

// The kinds.
const (
	TooManyRequests     FaultKind = "429"                  // refuses, with Retry-After: 1
	ServerError         FaultKind = "500"                  // fails; what was sent is not accepted
	TimeoutAfterAccept  FaultKind = "timeout_after_accept" // does what was asked, and never answers
	Slow                FaultKind = "slow"                 // answers late
	DuplicateDeliveries FaultKind = "duplicate_deliveries" // the feed delivers everything twice
	Garbage             FaultKind = "garbage"              // does what was asked, and answers nonsense
)

var faultKinds = []FaultKind{TooManyRequests, ServerError, TimeoutAfterAccept, Slow, DuplicateDeliveries, Garbage}

// UnmarshalJSON takes 429 and 500 as numbers too.
func (k *FaultKind) UnmarshalJSON(b []byte) error {
	if v := jsontext.Value(b); v.Kind() == '0' {
		*k = FaultKind(b)
		return nil
	}
	s, err := jsontext.AppendUnquote(nil, b)
	if err != nil {
		return fmt.Errorf("a fault's kind is a text: %w", err)
	}
	*k = FaultKind(s)
	return nil
}

// Fault makes the next Count requests go wrong. It concerns the API's posts and
// stream alone, never the pages, and is forgotten when the network stops.
type Fault struct {
	Kind  FaultKind `json:"kind"`
	Count int       `json:"count"` // requests left; 0 lifts the fault
	// On narrows it to "reads" or "writes"; "" is both. A time-out after accepting concerns
	// writes, duplicate deliveries concern the feed, whatever it says.
	On string `json:"on,omitempty"`
	// Account narrows it to requests with this brand account's token.
	Account Handle `json:"account,omitempty"`
}

// access is what a request does.
type access string

const (
	reads  access = "reads"  // one post or a list
	feeds  access = "feeds"  // the feed of changes: reading
	writes access = "writes" // make, edit, delete
)

// faults are the faults that are on.
type faults struct {
	mu   sync.Mutex
	list []Fault
}

func checkFault(f *Fault) error {
	if !slices.Contains(faultKinds, f.Kind) {
		return fault.New(fault.InvalidInput, "there is no such kind of fault").At("kind", string(f.Kind)).
			Fix("Use one of %v.", faultKinds)
	}
	if f.Count < 0 || f.Count > 1_000_000 {
		return fault.New(fault.InvalidInput, "the count is out of range").At("count", fmt.Sprint(f.Count)).
			Fix("Use 1 to 1000000, or 0 to lift the fault.")
	}
	if f.On != "" && f.On != string(reads) && f.On != string(writes) {
		return fault.New(fault.InvalidInput, "this is not a way to narrow a fault").At("on", f.On).
			Fix("Use reads or writes, or leave it out.")
	}
	if f.Account != "" {
		h, err := parseHandle("account", string(f.Account))
		f.Account = h
		return err
	}
	return nil
}

// set replaces the fault of the same kind.
func (f *faults) set(one Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = slices.DeleteFunc(f.list, func(old Fault) bool { return old.Kind == one.Kind })
	if one.Count > 0 {
		f.list = append(f.list, one)
	}
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = nil
}

func (f *faults) all() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.list)
}

// take uses up one of the oldest fault that fits, "" for none.
func (f *faults) take(what access, by Handle) FaultKind {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.list {
		if !f.list[i].fits(what, by) {
			continue
		}
		kind := f.list[i].Kind
		if f.list[i].Count--; f.list[i].Count == 0 {
			f.list = slices.Delete(f.list, i, i+1)
		}
		return kind
	}
	return ""
}

func (f Fault) fits(what access, by Handle) bool {
	switch {
	case f.Kind == TimeoutAfterAccept && what != writes,
		f.Kind == DuplicateDeliveries && what != feeds,
		f.On == string(reads) && what == writes,
		f.On == string(writes) && what != writes,
		f.Account != "" && f.Account != by:
		return false
	}
	return true
}

// faulty lets the faults that are on meet h. Answers of h that refuse the
// request are passed on as they are: nothing was accepted.
func (n *Network) faulty(what func(*http.Request) access, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		by, err := n.authenticate(r)
		if err != nil {
			n.fail(w, r, err) // even where nobody needs a token, a wrong one is told
			return
		}
		switch n.faults.take(what(r), by) {
		case TooManyRequests:
			w.Header().Set("Retry-After", "1")
			refuse(w, fault.New(fault.RateLimited, "too many requests (a simulated fault)").Fix("Wait a second, then try again."))
		case ServerError:
			refuse(w, errors.New("a simulated fault"))
		case Slow:
			if !n.hold(r, n.o.SlowBy) {
				panic(http.ErrAbortHandler) // the network stops: no answer rather than an empty one
			}
			h(w, r)
		case TimeoutAfterAccept:
			if n.unanswered(w, r, h) {
				n.hold(r, n.o.HangFor)
				panic(http.ErrAbortHandler)
			}
		case DuplicateDeliveries:
			h(w, r.WithContext(withRepeats(r.Context())))
		case Garbage:
			if n.unanswered(w, r, h) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(`<!doctype html><title>502</title>{"items":[{"id":12,`))
			}
		default:
			h(w, r)
		}
	}
}

// hold waits, and reports whether the request is still wanted afterwards.
func (n *Network) hold(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-n.quit.Done():
	}
	return false
}

// unanswered lets h do its work and drops the answer. It reports false, and
// answers, where h refused.
func (n *Network) unanswered(w http.ResponseWriter, r *http.Request, h http.HandlerFunc) bool {
	var a dropped
	h(&a, r)
	if a.status < 400 {
		return true
	}
	for name, values := range a.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes())
	return false
}

// dropped is an answer that nobody may get to see.
type dropped struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (d *dropped) Header() http.Header {
	if d.header == nil {
		d.header = make(http.Header)
	}
	return d.header
}

func (d *dropped) WriteHeader(status int) {
	if d.status == 0 {
		d.status = status
	}
}

func (d *dropped) Write(b []byte) (int, error) {
	d.WriteHeader(http.StatusOK)
	return d.body.Write(b)
}
