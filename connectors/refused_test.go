package connectors_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/inbox"
)

// revocable is a platform whose credentials can be revoked, and given anew.
type revocable struct {
	findingPlatform
	revoked atomic.Bool
	sent    atomic.Int32
}

const signInAgain = "Sign in again."

func (p *revocable) signedIn() error {
	if p.revoked.Load() {
		return &connectors.Error{Kind: connectors.BadAuth, Message: "the sign-in was revoked", Remedy: signInAgain}
	}
	return nil
}

// TestARevokedSignInIsShownByWhoeverMeetsIt has nobody poll for an hour: the
// way out is the first to meet that the account's sign-in was revoked.
func TestARevokedSignInIsShownByWhoeverMeetsIt(t *testing.T) {
	for name, c := range map[string]struct {
		hiccup bool // the first attempt meets a hiccup, the look before the second one the revocation
		read   bool // the answer is out, and reading it back meets it
	}{
		"sending":                   {},
		"looking before the second": {hiccup: true},
		"reading back":              {read: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := approvaltest.New(t)
				v := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
				p := new(revocable)
				p.poll = func(context.Context, int, inbox.Cursor) (connectors.Page, error) {
					return connectors.Page{}, p.signedIn()
				}
				p.publish = func(ctx context.Context, rel approval.Release) (approval.Receipt, error) {
					if c.hiccup && rel.Attempt().Number == 1 {
						p.revoked.Store(true)
						return approval.Receipt{}, connectors.Errorf(connectors.Temporary, "the token was just renewed")
					}
					if err := p.signedIn(); err != nil {
						return approval.Receipt{}, err
					}
					p.sent.Add(1)
					p.revoked.Store(c.read)
					return accepts(ctx, rel)
				}
				p.find = func(a approval.Attempt) (connectors.Found, error) {
					if p.sent.Load() == 0 {
						return connectors.Found{Outcome: connectors.Absent}, p.signedIn()
					}
					return connectors.Found{Outcome: connectors.Present, Receipt: a.Receipt, Text: a.Text}, p.signedIn()
				}
				account := live("plein", p)
				account.PollEvery = time.Hour
				runner := connectors.NewRunner(connectors.RunnerOptions{Inbox: r.Box, Observer: r.Approvals}, account)
				d := connectors.NewDispatcher(connectors.DispatcherOptions{Outbox: r.Approvals, Refused: runner.Refused}, account)
				must(t, runner.Start(t.Context()))
				synctest.Wait()
				if h := runner.Health()[0]; h.State != connectors.OK {
					t.Fatalf("before: %+v", h)
				}
				p.revoked.Store(!c.hiccup && !c.read)
				must(t, d.Start(t.Context()))
				time.Sleep(time.Minute) // the pause before a second attempt is in it
				synctest.Wait()
				if h := runner.Health()[0]; h.State != connectors.Failing || h.Remedy != signInAgain || h.Failures == 0 {
					t.Errorf("the account does not say that it is signed out: %+v", h)
				}
				switch got := r.Get(v); {
				case c.read:
					if got.State != approval.Published {
						t.Errorf("it is %s", got.State)
					}
				case got.Failure == nil || got.Failure.Remedy != signInAgain || got.Failure.Message != "the sign-in was revoked":
					t.Errorf("it is %s, and its failure %+v does not say what to do", got.State, got.Failure)
				case !got.Retrying():
					t.Errorf("it is %s, and not tried again by itself", got.State)
				}

				p.revoked.Store(false)
				time.Sleep(time.Hour)
				synctest.Wait()
				if h := runner.Health()[0]; h.State != connectors.OK || h.Problem != "" {
					t.Errorf("signed in again, the account is %s: %s", h.State, h.Problem)
				}
				if got, sent := r.Get(v), p.sent.Load(); !got.Official() || sent != 1 {
					t.Errorf("signed in again, it is %s, sent %d times", got.State, sent)
				}
				must(t, d.Stop(t.Context()))
				must(t, runner.Stop(t.Context()))
			})
		})
	}
}

// TestAPollThatGoesWellClearsARefusal: what was refused once, and is taken now,
// keeps no account in trouble.
func TestAPollThatGoesWellClearsARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		taken := make(chan struct{})
		s := &source{poll: func(_ context.Context, n int, _ inbox.Cursor) (connectors.Page, error) {
			if n > 1 {
				<-taken
			}
			return connectors.Page{}, nil
		}}
		run(t, newMemory(), func(r *connectors.Runner) {
			r.Refused("x", &connectors.Error{Kind: connectors.BadAuth, Message: "no", Remedy: signInAgain})
			if h := r.Health()[0]; h.State != connectors.Degraded || h.Remedy != signInAgain {
				t.Errorf("refused: %+v", h)
			}
			close(taken)
			synctest.Wait()
			if h := r.Health()[0]; h.State != connectors.OK || len(s.times()) != 2 {
				t.Errorf("after a poll: %+v, polls at %v", h, s.times())
			}
		}, live("x", s))
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
