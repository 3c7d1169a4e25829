package connectors

import (
	"context"
	"time"

	"standpunt/approval"
)

// reader reads back what stands on the platform: published answers, to compare
// them with what was approved, and unknown outcomes, to settle them.
type reader struct {
	*outlet
	finder Finder
	tries  map[attemptKey]*try
	failed int    // looks that failed in a row
	said   string // the last failure as it was logged
}

// attemptKey tells attempts apart.
type attemptKey struct {
	release string
	number  int
}

// try is how one attempt's reading back goes.
type try struct {
	count int
	next  time.Time
}

// Published answers are looked at at once, unknown ones a little later: what
// is under way may still arrive. Then further and further apart.
var (
	readBackoff       = Backoff{First: 2 * time.Second, Most: 30 * time.Minute}
	settleBackoffMost = 10 * time.Minute
)

func newReader(o *outlet, f Finder) *reader {
	return &reader{outlet: o, finder: f, tries: make(map[attemptKey]*try)}
}

func (r *reader) run(ctx context.Context) {
	for ctx.Err() == nil {
		wait, err := r.round(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			r.failed++
			wait = r.d.o.Backoff.after(r.failed, err)
			if text := err.Error(); text != r.said {
				r.said = text
				r.Log.Warn("reading back does not work now", "error", err)
			}
			if !sleep(ctx, wait, nil) {
				return
			}
			continue
		}
		r.failed, r.said = 0, ""
		if !sleep(ctx, wait, r.look) {
			return
		}
	}
}

// round looks at everything that is due and returns how long there is nothing
// more to do.
func (r *reader) round(ctx context.Context) (time.Duration, error) {
	unread, err := r.d.o.Outbox.Unread(ctx, r.Name)
	if err != nil {
		return 0, err
	}
	unknown, err := r.d.o.Outbox.Unknown(ctx, r.Name)
	if err != nil {
		return 0, err
	}
	listed := make(map[attemptKey]bool)
	next := time.Now().Add(idleCheck)
	for _, work := range []struct {
		attempts []approval.Attempt
		settle   settling
		backoff  Backoff
		first    time.Duration
	}{
		{unread, r.compare, readBackoff, 0},
		{unknown, r.settle, Backoff{First: r.d.o.SettleAfter, Most: settleBackoffMost}, r.d.o.SettleAfter},
	} {
		for _, a := range work.attempts {
			key := attemptKey{a.Key, a.Number}
			listed[key] = true
			t, known := r.tries[key]
			if !known {
				t = &try{next: time.Now().Add(work.first)}
				r.tries[key] = t
			}
			if !time.Now().Before(t.next) {
				// Put off before it is tried, so that no attempt keeps the others waiting.
				t.count++
				t.next = time.Now().Add(work.backoff.after(t.count, nil))
				if err := r.lookAt(ctx, a, work.settle); err != nil {
					t.count-- // it was the platform's trouble, not this one's
					return 0, err
				}
				r.failed = 0 // one that gets on meets no outage
			}
			if t.next.Before(next) {
				next = t.next
			}
		}
	}
	for key := range r.tries {
		if !listed[key] {
			delete(r.tries, key)
		}
	}
	return max(time.Until(next), time.Millisecond), nil
}

// settling records what was found.
type settling func(context.Context, approval.Attempt, Found) error

// lookAt asks the connector what stands there, and records it. It returns the
// errors that the next attempt would meet as well.
func (r *reader) lookAt(ctx context.Context, a approval.Attempt, settle settling) error {
	findCtx, cancel := context.WithTimeout(ctx, r.d.o.FindTimeout)
	defer cancel()
	var found Found
	err := guard(r.Log, "find", func() (err error) {
		found, err = r.finder.Find(findCtx, a)
		return err
	})
	r.refused(err)
	switch kind := KindOf(err); {
	case err != nil && (kind == Temporary || kind == RateLimited || kind == BadAuth) && !panicked(err):
		return err
	case err != nil:
		r.Log.Warn("a post cannot be read back", "proposal", a.Proposal.String(), "error", err)
		return nil
	}
	err = settle(ctx, a, found)
	if err != nil && !passes(err) {
		// A person was faster, or the record moved on: the next round lists it anew.
		r.Log.Info("what was read back came too late", "proposal", a.Proposal.String(), "error", err)
		return nil
	}
	return err
}

// compare records what stands where we published. What is not there, or not
// yet, is looked for again; where a person said that it stands there, they are
// told. A post by hand that was made before its approval, and edited since, is
// none of ours to make official.
func (r *reader) compare(ctx context.Context, a approval.Attempt, found Found) error {
	if a.Action == approval.ByHand {
		made := found.Receipt.PostedAt
		early := found.Outcome == Present && !made.IsZero() && made.Before(a.Since)
		if early || found.Outcome == Absent || found.Outcome == Foreign {
			_, err := r.d.o.Outbox.RecordNotThere(ctx, a, found.Outcome != Absent)
			return err
		}
	}
	if found.Outcome != Present {
		return nil
	}
	if a.Receipt.URL == "" && found.Receipt.ExternalID == a.Receipt.ExternalID {
		a.Receipt.URL = found.Receipt.URL // some platforms tell it to readers alone
	}
	equal, err := r.d.o.Outbox.RecordReadBack(ctx, a, found.Text, found.besides()...)
	if err == nil && !equal {
		r.Log.Warn("what stands there differs from what was approved", "proposal", a.Proposal.String())
	}
	return err
}

// settle records whether an unknown attempt stands there. Where the platform
// cannot tell, a person decides.
func (r *reader) settle(ctx context.Context, a approval.Attempt, found Found) error {
	switch found.Outcome {
	case Present:
		receipt := found.Receipt
		if receipt.PostedAt.IsZero() {
			receipt.PostedAt = a.ClaimedAt
		}
		return r.d.o.Outbox.SettleFound(ctx, a, receipt, found.Text, found.besides()...)
	case Absent:
		_, err := r.d.o.Outbox.SettleAbsent(ctx, a)
		return err
	default:
		return nil
	}
}
