package twitter_test

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/twitter/replay/platform"
	"standpunt/inbox"
)

// outbox hands one release out, and writes down what is recorded of it.
type outbox struct {
	connectors.Outbox // for reading back, of which nothing is asked here

	mu       sync.Mutex
	due      []approval.Release
	recorded []string
}

func (o *outbox) Claim(context.Context, inbox.AccountName) (r approval.Release, ok bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.due) == 0 {
		return r, false, nil
	}
	r, o.due = o.due[0], o.due[1:]
	return r, true, nil
}

func (o *outbox) record(what string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.recorded = append(o.recorded, what)
	return nil
}

func (o *outbox) events() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.recorded)
}

func (o *outbox) RecordPublished(context.Context, approval.Release, approval.Receipt) error {
	return o.record("published")
}

func (o *outbox) RecordFailed(_ context.Context, _ approval.Release, f approval.Failure) error {
	if f.Retryable {
		return o.record("failed, to be tried again")
	}
	return o.record("failed for good")
}

func (o *outbox) RecordUnknown(context.Context, approval.Release, approval.Failure) error {
	return o.record("unknown")
}

func (o *outbox) MayStillSend(context.Context, approval.Release) error { return nil }
func (o *outbox) Wake() (<-chan struct{}, func())                      { return nil, func() {} }
func (o *outbox) RecoverInterrupted(context.Context) (int, error)      { return 0, nil }
func (o *outbox) NextDue(context.Context, inbox.AccountName) (t time.Time, ok bool, err error) {
	return t, false, nil
}

func (o *outbox) Unknown(context.Context, inbox.AccountName) ([]approval.Attempt, error) {
	return nil, nil
}

func (o *outbox) Unread(context.Context, inbox.AccountName) ([]approval.Attempt, error) {
	return nil, nil
}

// What is cut off before the post was begun certainly published nothing, and may be
// tried again; what is cut off afterwards is never sent twice.
func TestWhatACutOffMeansDependsOnWhatWasBegun(t *testing.T) {
	for name, k := range map[string]struct {
		path    string
		want    string
		answers int
	}{
		"whose account it is":  {"/2/users/me", "failed, to be tried again", 0},
		"the upload":           {"/2/media/upload", "failed, to be tried again", 0},
		"the alternative text": {"/2/media/metadata", "failed, to be tried again", 0},
		"the post":             {"/2/tweets", "unknown", 1},
	} {
		t.Run(name, func(t *testing.T) {
			r, c := play(t, platform.Options{})
			var asked atomic.Int32
			r.Writes = func(request *http.Request) bool {
				if request.URL.Path != k.path {
					return false
				}
				asked.Add(1)
				return true
			}
			target, rel := illustrated(t, r, c)
			before := asked.Load()
			r.Break(t, connectortest.AcceptedNoAnswer)
			fresh := r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
			o := &outbox{due: []approval.Release{rel}}
			d := connectors.NewDispatcher(connectors.DispatcherOptions{Outbox: o, SendTimeout: time.Hour},
				connectors.Live{Account: connectors.Account{Name: account, Log: slog.New(slog.DiscardHandler)}, Connector: fresh})
			if err := d.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			until(t, "the call", func() bool { return asked.Load() > before && len(r.x.Answers(target)) == k.answers })
			over, cancel := context.WithCancel(t.Context())
			cancel()
			_ = d.Stop(over) // gives up what is in flight at once, as the end of SendTimeout does
			until(t, "an outcome", func() bool { return len(o.events()) > 0 })
			if got := o.events(); !slices.Equal(got, []string{k.want}) {
				t.Errorf("recorded %q, want %q", got, k.want)
			}
			if got := r.x.Answers(target); len(got) != k.answers {
				t.Errorf("the answers are %q, want %d", got, k.answers)
			}
		})
	}
}
