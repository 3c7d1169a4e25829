package connectortest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"standpunt/connectors"
	"standpunt/inbox"
)

func trouble(t *testing.T, h Harness) {
	probe := h(t)
	if can[Locksmith](probe) {
		play(t, "wrong credentials", h, (*scene).badCredentials)
	}
	if !can[Breaker](probe) {
		return
	}
	reads := !can[Deliverer](probe)
	if reads && can[Stumbler](probe) {
		for _, fault := range []Fault{ServerError, Garbage} {
			t.Run("any call of a poll: "+string(fault), func(t *testing.T) { stumbles(t, h, fault) })
		}
	}
	publishes := can[connectors.Publisher](connectorOf(t, h))
	for _, c := range []struct {
		fault Fault
		polls []connectors.ErrorKind
	}{
		{Refused, []connectors.ErrorKind{connectors.Temporary}},
		{RateLimited, []connectors.ErrorKind{connectors.RateLimited}},
		{ServerError, []connectors.ErrorKind{connectors.Temporary}},
		{Garbage, []connectors.ErrorKind{connectors.Garbage}},
		{Huge, []connectors.ErrorKind{connectors.Garbage}},
		{Redirected, []connectors.ErrorKind{connectors.NotAllowed, connectors.Garbage, connectors.Temporary}},
	} {
		if reads {
			play(t, "polling: "+string(c.fault), h, func(s *scene) { s.pollsThrough(c.fault, c.polls) })
		}
		if publishes {
			play(t, "publishing: "+string(c.fault), h, func(s *scene) { s.publishesNothing(c.fault) })
		}
	}
	if reads {
		play(t, "polling: "+string(Silent), h, (*scene).cancelsSilence)
	}
	if publishes {
		for _, fault := range []Fault{AcceptedNoAnswer, AcceptedThenError, AcceptedGarbage} {
			play(t, "publishing: "+string(fault), h, func(s *scene) { s.publishesUnknown(fault) })
		}
	}
}

func (s *scene) badCredentials() {
	id := s.remote.Post(s, "een vraag")
	good := s.connect()
	target := s.mention(good, id)
	bad := s.closing(s.remote.(Locksmith).ConnectBadly(s, s.account()))
	check := func(call string, err error) {
		s.Helper()
		if e := s.asError(call, err); e.Kind != connectors.BadAuth || e.Remedy == "" {
			s.Errorf("%s with wrong credentials: kind %s, remedy %q; want %s and a remedy", call, e.Kind, e.Remedy, connectors.BadAuth)
		}
	}
	if !can[Deliverer](s.remote) {
		check("Poll", s.pollError(bad, callLimit))
	}
	if i, ok := bad.(connectors.Identifier); ok && !can[Deliverer](s.remote) {
		check("Identity", s.call(callLimit, func(ctx context.Context) error {
			_, err := i.Identity(ctx)
			return err
		}))
	}
	if can[connectors.Publisher](bad) {
		_, err := s.publish(bad, s.release(good, target, "Nooit verstuurd."))
		check("Publish", err)
		s.stand(id)
	}
}

// broken breaks the platform, or skips the case where it cannot break so.
func (s *scene) broken(fault Fault) {
	s.Helper()
	if !s.remote.(Breaker).Break(s, fault) {
		s.Skipf("the harness has no fault %q", fault)
	}
}

// pollsThrough polls while the platform is broken, then with the same connector once it works.
func (s *scene) pollsThrough(fault Fault, kinds []connectors.ErrorKind) {
	before := s.remote.Post(s, "vóór de storing")
	c := s.connect()
	_, cursor := s.await(c, nil, "the post before", has(before))
	s.broken(fault)
	e := s.pollError(c, callLimit)
	if !slices.Contains(kinds, e.Kind) {
		s.Errorf("Poll: kind %s (%v), want one of %v", e.Kind, e, kinds)
	}
	if fault == RateLimited && e.RetryAfter != RetryAfter {
		s.Errorf("RetryAfter is %v, want %v", e.RetryAfter, RetryAfter)
	}
	s.checkOverheard()
	s.remote.(Breaker).Mend(s)
	after := s.remote.Post(s, "na de storing")
	s.await(c, cursor, "the post after the trouble", has(after))
}

// stumbles reads a burst of posts over and over, each time on a fresh platform of
// which one call goes wrong, the first, then the second, until none is left that could.
func stumbles(t *testing.T, h Harness, fault Fault) {
	const most = 60 // calls that this many posts take
	for nth := 1; nth <= most; nth++ {
		came := true
		play(t, fmt.Sprint("call ", nth), h, func(s *scene) { came = s.stumblesAt(nth, fault) })
		if !came {
			if nth == 1 {
				t.Error("no call was made")
			}
			return
		}
	}
	t.Errorf("after %d calls there was still one more", most)
}

// stumblesAt lets the nth call of one round go wrong, and reports whether it came to
// that. What came before that call counts, with its cursor, and the poll after it, by
// the same process or by another one, goes on from there: the round brings every post.
func (s *scene) stumblesAt(nth int, fault Fault) bool {
	const burst = 20
	var want []string
	for i := range burst {
		want = append(want, s.remote.Post(s, fmt.Sprintf("melding %d", i)))
	}
	s.await(s.connect(), nil, "the whole burst", has(want...))
	platform, c := s.remote.(Stumbler), s.connect()
	platform.Stumble(nth, fault)
	var got []inbox.Inbound
	var cursor inbox.Cursor
	failed := 0
	for range maxPages {
		var page connectors.Page
		if err := s.call(callLimit, func(ctx context.Context) (err error) {
			page, err = c.Poll(ctx, slices.Clone(cursor))
			return err
		}); err != nil {
			_ = s.asError("Poll", err) // that it is one is the point
			if failed++; failed > 1 {
				s.Fatalf("one call went wrong, and two polls failed, the second with %v", err)
			}
			if nth%2 == 0 {
				c = s.connect()
			}
			continue
		}
		got = append(got, page.Mentions...)
		if len(page.Next) > 0 {
			cursor = page.Next
		}
		if !page.More {
			break
		}
	}
	if !has(want...)(got) {
		s.Errorf("a round in which one call went wrong skipped posts; of %v came %s", want, ids(got))
	}
	return platform.Stumbled()
}

// publishesNothing publishes while the platform carries nothing out: any kind
// but Unknown is the truth, and Unknown is allowed where bytes went out.
func (s *scene) publishesNothing(fault Fault) {
	const text = "Goedendag."
	id := s.remote.Post(s, "een vraag")
	c := s.connect()
	target := s.mention(c, id)
	r := s.release(c, target, text)
	s.broken(fault)
	_, err := s.publish(c, r)
	e := s.asError("Publish", err)
	switch {
	case fault == Refused && (e.Kind == connectors.Unknown || !e.Kind.Retryable()):
		s.Errorf("a refused connection is certain and passes; got kind %s (%v)", e.Kind, e)
	case fault == RateLimited && (e.Kind != connectors.RateLimited || e.RetryAfter != RetryAfter):
		s.Errorf("got kind %s, RetryAfter %v; want %s, %v", e.Kind, e.RetryAfter, connectors.RateLimited, RetryAfter)
	}
	s.checkOverheard()
	s.remote.(Breaker).Mend(s)
	s.stand(id)
	a := s.mustPublish(c, s.release(c, target, text+" Nu wel."))
	s.stand(id, text+" Nu wel.")
	s.present(c, a)
}

// publishesUnknown publishes while the platform carries it out and does not say so.
func (s *scene) publishesUnknown(fault Fault) {
	const text = "Goedendag, wij zoeken het uit."
	id := s.remote.Post(s, "een vraag")
	c := s.connect()
	r := s.release(c, s.mention(c, id), text)
	s.broken(fault)
	ctx, expire := Expiring(s.Context())
	defer expire()
	ended := make(chan error, 1)
	go func() {
		ended <- s.callIn(ctx, func(ctx context.Context) error {
			_, err := c.(connectors.Publisher).Publish(ctx, r)
			return err
		})
	}()
	left := callLimit
	if fault == AcceptedNoAnswer { // the time is over once the post stands there
		s.stand(id, text)
		expire()
		left = promptly
	}
	var err error
	select {
	case err = <-ended:
	case <-time.After(left):
		s.Fatalf("Publish goes on %v after it was answered, or its context was over", left)
	}
	if e := s.asError("Publish", err); e.Kind != connectors.Unknown {
		s.Errorf("the post stands there, and Publish says that it certainly does not: kind %s (%v)", e.Kind, e)
	}
	s.remote.(Breaker).Mend(s)
	s.stand(id, text)
	s.present(c, r.Attempt())
	s.present(s.connect(), r.Attempt()) // after a restart
	s.stand(id, text)
}

func (s *scene) cancelsSilence() {
	c := s.connect()
	s.broken(Silent)
	began := time.Now()
	if e := s.pollError(c, 300*time.Millisecond); e.Kind != connectors.Temporary {
		s.Errorf("a Poll without an answer: kind %s (%v)", e.Kind, e)
	}
	if took := time.Since(began); took > promptly {
		s.Errorf("Poll took %v where its context had 0.3 s", took)
	}
}

// checkOverheard fails the case when a credential reached another host.
func (s *scene) checkOverheard() {
	s.Helper()
	other, ok := s.remote.(Eavesdropper)
	keeper, keeps := s.remote.(SecretKeeper)
	if !ok || !keeps {
		return
	}
	heard := other.Overheard()
	for _, secret := range keeper.Secrets() {
		if secret != "" && strings.Contains(heard, secret) {
			s.Error("another host was given the account's credentials")
		}
	}
}

func identity(t *testing.T, h Harness) {
	if !can[connectors.Identifier](connectorOf(t, h)) {
		return
	}
	play(t, "it is stable", h, func(s *scene) {
		var seen []connectors.Identity
		for range 2 {
			c := s.connect()
			if err := s.call(callLimit, func(ctx context.Context) error {
				who, err := c.(connectors.Identifier).Identity(ctx)
				seen = append(seen, who)
				return err
			}); err != nil {
				s.Fatalf("Identity: %v", err)
			}
			if seen[0].RemoteID == "" || seen[len(seen)-1].RemoteID != seen[0].RemoteID {
				s.Errorf("the remote accounts are %+v", seen)
			}
			if seen[0].CanSend != can[connectors.Publisher](c) && seen[0].Note == "" {
				s.Errorf("CanSend is %v, and no Note says what to do", seen[0].CanSend)
			}
		}
	})
}
