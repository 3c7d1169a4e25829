package connectors_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/internal/phrase"
)

// platform is a connector that publishes and finds by functions.
type platform struct {
	source
	publish func(ctx context.Context, r approval.Release) (approval.Receipt, error)
}

func (p *platform) Publish(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	return p.publish(ctx, r)
}

type findingPlatform struct {
	platform
	find func(a approval.Attempt) (connectors.Found, error)
}

func (p *findingPlatform) Find(_ context.Context, a approval.Attempt) (connectors.Found, error) {
	return p.find(a)
}

func accepts(_ context.Context, r approval.Release) (approval.Receipt, error) {
	return approval.Receipt{ExternalID: "id-" + r.Attempt().Text}, nil
}

// releases makes real releases outside the bubble of the test.
func releases(t *testing.T, texts ...string) []approval.Release {
	t.Helper()
	var all []approval.Release
	for _, text := range texts {
		target := inbox.Inbound{ExternalID: "q-" + text, Author: inbox.Author{ExternalID: "eva"}, Kind: "post", Visibility: inbox.Public,
			Text: "Waar blijft mijn pakket?", PostedAt: time.Now().Add(-time.Minute)}
		all = append(all, approvaltest.Release(t, "x", "42", target, text))
	}
	return all
}

// dispatch runs a dispatcher in the bubble around f.
func dispatch(t *testing.T, o *outbox, c connectors.Connector, f func(d *connectors.Dispatcher)) {
	t.Helper()
	d := connectors.NewDispatcher(connectors.DispatcherOptions{Outbox: o, RecordFor: time.Minute}, live("x", c))
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	f(d)
	if err := d.Stop(t.Context()); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func wantEvents(t *testing.T, o *outbox, want ...string) {
	t.Helper()
	if got := o.log(); !slices.Equal(got, want) {
		t.Errorf("recorded:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestReleasesArePublishedOnceAndReadBack(t *testing.T) {
	rs := releases(t, "één", "twee")
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(rs[0])
		p := &findingPlatform{platform: platform{publish: accepts}}
		p.find = func(a approval.Attempt) (connectors.Found, error) {
			return connectors.Found{Outcome: connectors.Present, Receipt: a.Receipt, Text: a.Text}, nil
		}
		dispatch(t, o, p, func(d *connectors.Dispatcher) {
			o.add(rs[1])
			synctest.Wait()
			if h := d.Health()[0]; h.Published != 2 || h.InFlight || !h.CanSend || !h.ReadsBack {
				t.Errorf("health %+v", h)
			}
		})
		wantEvents(t, o, "recovered", "claimed één", "published één as id-één", "read back één",
			"claimed twee", "published twee as id-twee", "read back twee")
	})
}

// A platform that tells no address when it takes a post tells it to who reads
// the post; that of another post is nobody's business.
func TestReadingBackBringsTheAddress(t *testing.T) {
	rs := releases(t, "eigen", "ander", "bekend")
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(rs...)
		p := &findingPlatform{platform: platform{publish: accepts}}
		p.publish = func(ctx context.Context, r approval.Release) (approval.Receipt, error) {
			receipt, err := accepts(ctx, r)
			if r.Attempt().Text == "bekend" {
				receipt.URL = "https://plein.test/first"
			}
			return receipt, err
		}
		p.find = func(a approval.Attempt) (connectors.Found, error) {
			found := connectors.Found{Outcome: connectors.Present, Receipt: a.Receipt, Text: a.Text}
			found.Receipt.URL = "https://plein.test/" + a.Receipt.ExternalID
			if a.Text == "ander" {
				found.Receipt.ExternalID = "another"
			}
			return found, nil
		}
		dispatch(t, o, p, func(*connectors.Dispatcher) {})
		got := slices.DeleteFunc(o.log(), func(event string) bool { return !strings.HasPrefix(event, "read back") })
		want := []string{"read back eigen at https://plein.test/id-eigen", "read back ander", "read back bekend at https://plein.test/first"}
		if !slices.Equal(got, want) {
			t.Errorf("recorded %q, want %q", got, want)
		}
	})
}

// What is not certain is unknown; what is certain says whether trying again can help.
func TestOutcomesAreToldApart(t *testing.T) {
	for _, c := range []struct {
		name    string
		publish func(ctx context.Context, r approval.Release) (approval.Receipt, error)
		want    string
	}{
		{"refused", fails(connectors.Temporary), "failed x: temporary, retryable"},
		{"rate limited", fails(connectors.RateLimited), "failed x: rate_limited, retryable"},
		{"bad credentials", fails(connectors.BadAuth), "failed x: bad_auth, retryable"},
		{"gone", fails(connectors.Gone), "failed x: gone"},
		{"doubt", fails(connectors.Unknown), "unknown x"},
		{"an error without a kind", func(context.Context, approval.Release) (approval.Receipt, error) {
			return approval.Receipt{}, errors.New("read: connection reset")
		}, "unknown x"},
		{"no id", func(context.Context, approval.Release) (approval.Receipt, error) { return approval.Receipt{}, nil }, "unknown x"},
		{"a panic", func(context.Context, approval.Release) (approval.Receipt, error) { panic("boom") }, "unknown x"},
		{"a time-out", func(ctx context.Context, _ approval.Release) (approval.Receipt, error) {
			<-ctx.Done()
			return approval.Receipt{}, ctx.Err()
		}, "unknown x"},
		{"a time-out that claims to be certain", func(ctx context.Context, _ approval.Release) (approval.Receipt, error) {
			<-ctx.Done()
			return approval.Receipt{}, connectors.Errorf(connectors.Temporary, "too slow: %w", ctx.Err())
		}, "unknown x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rs := releases(t, "x")
			synctest.Test(t, func(t *testing.T) {
				o := newOutbox(rs...)
				dispatch(t, o, &platform{publish: c.publish}, func(*connectors.Dispatcher) {
					time.Sleep(10 * time.Minute)
					synctest.Wait()
				})
				wantEvents(t, o, "recovered", "claimed x", c.want)
			})
		})
	}
}

func fails(kind connectors.ErrorKind) func(context.Context, approval.Release) (approval.Receipt, error) {
	return func(context.Context, approval.Release) (approval.Receipt, error) {
		return approval.Receipt{}, connectors.Errorf(kind, "the platform said no")
	}
}

func TestAbuse31_AStopAfterTheClaimKeepsThePostBack(t *testing.T) {
	rs := releases(t, "x")
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(rs[0])
		o.stopped = fault.New(fault.PublishingStopped, "publishing was stopped before this was sent")
		sent := 0
		p := &platform{publish: func(ctx context.Context, r approval.Release) (approval.Receipt, error) {
			sent++
			return accepts(ctx, r)
		}}
		dispatch(t, o, p, func(*connectors.Dispatcher) {})
		if sent != 0 {
			t.Errorf("%d posts left after the stop was acknowledged", sent)
		}
		wantEvents(t, o, "recovered", "claimed x", "failed x: temporary, retryable")
		if o.why.What.Code != phrase.KeptStopped || o.why.Message != o.why.What.English() {
			t.Errorf("the reason is %+v", o.why)
		}
	})
}

func TestAnOutageDoesNotUseUpTheQueue(t *testing.T) {
	rs := releases(t, "a", "b")
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(rs...)
		var times []time.Time
		p := &platform{publish: func(context.Context, approval.Release) (approval.Receipt, error) {
			times = append(times, time.Now())
			return approval.Receipt{}, &connectors.Error{Kind: connectors.RateLimited, Message: "slow down", RetryAfter: 10 * time.Minute}
		}}
		dispatch(t, o, p, func(d *connectors.Dispatcher) {
			if until := d.Health()[0].PausedUntil; time.Until(until) < 10*time.Minute {
				t.Errorf("paused until %v", until)
			}
			time.Sleep(11 * time.Minute)
			synctest.Wait()
		})
		if len(times) != 2 || times[1].Sub(times[0]) < 10*time.Minute {
			t.Errorf("published at %v", times)
		}
	})
}

func TestAConnectorThatCannotPublishIsNeverGivenARelease(t *testing.T) {
	rs := releases(t, "x")
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(rs...)
		dispatch(t, o, &source{poll: quiet}, func(d *connectors.Dispatcher) {
			time.Sleep(time.Hour)
			if h := d.Health()[0]; h.CanSend || h.ReadsBack {
				t.Errorf("health %+v", h)
			}
		})
		wantEvents(t, o, "recovered")
	})
}

func TestRecordingIsTriedAgainForABoundedTime(t *testing.T) {
	rs := releases(t, "a", "b")
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		o := newOutbox(rs...)
		o.refuse = func(event string) error {
			switch {
			case strings.HasPrefix(event, "published a") && time.Since(began) < 20*time.Second:
				return errors.New("the disk is full")
			case strings.HasPrefix(event, "published b"):
				return errors.New("the disk is full")
			}
			return nil
		}
		sent := 0
		p := &platform{publish: func(ctx context.Context, r approval.Release) (approval.Receipt, error) {
			sent++
			return accepts(ctx, r)
		}}
		dispatch(t, o, p, func(*connectors.Dispatcher) {
			time.Sleep(10 * time.Minute)
			synctest.Wait()
		})
		// b stays "sending": the next start makes it unknown.
		wantEvents(t, o, "recovered", "claimed a", "published a as id-a", "claimed b")
		if sent != 2 {
			t.Errorf("published %d times, want once each", sent)
		}
	})
}

func TestARefusedRecordIsNotInsistedOn(t *testing.T) {
	rs := releases(t, "a")
	synctest.Test(t, func(t *testing.T) {
		o, tries := newOutbox(rs...), 0
		o.refuse = func(event string) error {
			if !strings.HasPrefix(event, "published") {
				return nil
			}
			tries++
			return fault.New(fault.WrongState, "somebody settled it")
		}
		dispatch(t, o, &platform{publish: accepts}, func(*connectors.Dispatcher) { time.Sleep(10 * time.Minute) })
		if tries != 1 {
			t.Errorf("recorded %d times, want once", tries)
		}
	})
}

func TestUnknownOutcomesAreSettledByReadingBack(t *testing.T) {
	rs := releases(t, "stands", "lost", "unclear")
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(rs...)
		p := &findingPlatform{platform: platform{publish: fails(connectors.Unknown)}}
		finds := map[string]int{}
		p.find = func(a approval.Attempt) (connectors.Found, error) {
			finds[a.Text]++
			switch a.Text {
			case "stands":
				if finds[a.Text] == 1 {
					return connectors.Found{}, connectors.Errorf(connectors.Garbage, "nonsense")
				}
				return connectors.Found{Outcome: connectors.Present, Receipt: approval.Receipt{ExternalID: "9"}, Text: a.Text}, nil
			case "lost":
				return connectors.Found{Outcome: connectors.Absent}, nil
			}
			return connectors.Found{Outcome: connectors.CannotTell}, nil
		}
		dispatch(t, o, p, func(*connectors.Dispatcher) {
			time.Sleep(24 * time.Hour)
			synctest.Wait()
		})
		wantEvents(t, o, "recovered", "claimed stands", "unknown stands", "claimed lost", "unknown lost", "claimed unclear", "unknown unclear",
			"found stands as 9", "absent lost")
		if n := finds["unclear"]; n < 10 || n > 24*12*3 {
			t.Errorf("looked %d times in a day for the one that nobody can tell", n)
		}
		if len(o.unknown) != 1 {
			t.Errorf("%d unknown left, want the one that a person has to settle", len(o.unknown))
		}
	})
}

// A press officer settles an unknown outcome as not posted, and is mistaken:
// the customer still sees one answer.
func TestAMistakenSettlementDoesNotAnswerTwice(t *testing.T) {
	for name, find := range map[string]func(a approval.Attempt) (connectors.Found, error){
		"it stands there": func(a approval.Attempt) (connectors.Found, error) {
			return connectors.Found{Outcome: connectors.Present, Receipt: approval.Receipt{ExternalID: "9"}, Text: a.Text}, nil
		},
		"nobody can look": func(approval.Attempt) (connectors.Found, error) {
			return connectors.Found{}, connectors.Errorf(connectors.Garbage, "nonsense")
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := approvaltest.New(t)
				v := r.Queued(r.Mention("1", "Vraag"), "Antwoord")
				if err := r.Approvals.RecordUnknown(t.Context(), r.Claim(), approval.Failure{Message: "time-out"}); err != nil {
					t.Fatal(err)
				}
				if _, err := r.Approvals.Settle(t.Context(), r.As("paul").By, v.ID, approval.Ruling{Reason: "Ik zie het niet staan."}); err != nil {
					t.Fatal(err)
				}
				if _, err := r.Approvals.Retry(t.Context(), r.As("anna").By, v.ID); err != nil {
					t.Fatal(err)
				}
				sent := 0
				p := &findingPlatform{find: find, platform: platform{publish: func(ctx context.Context, rel approval.Release) (approval.Receipt, error) {
					sent++
					return accepts(ctx, rel)
				}}}
				d := connectors.NewDispatcher(connectors.DispatcherOptions{Outbox: r.Approvals}, live("plein", p))
				if err := d.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if err := d.Stop(t.Context()); err != nil {
					t.Error(err)
				}
				if sent != 0 {
					t.Errorf("it was sent %d more times", sent)
				}
				if got := r.Get(v); name == "it stands there" && (got.State != approval.Published || got.Receipt.ExternalID != "9") {
					t.Errorf("it is %s with the receipt %+v", got.State, got.Receipt)
				}
			})
		})
	}
}

func TestOneThatCannotBeReadKeepsNoOtherWaiting(t *testing.T) {
	rs := releases(t, "bad", "good")
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(rs...)
		p := &findingPlatform{platform: platform{publish: accepts}}
		p.find = func(a approval.Attempt) (connectors.Found, error) {
			if a.Text == "bad" {
				panic("boom")
			}
			return connectors.Found{Outcome: connectors.Present, Text: a.Text + "!"}, nil
		}
		dispatch(t, o, p, func(*connectors.Dispatcher) { time.Sleep(5 * time.Minute) })
		if !slices.Contains(o.log(), "read back good!") {
			t.Errorf("recorded %v", o.log())
		}
	})
}

// One call in three fails: the pauses stay short, since the others tell something.
func TestReadingBackGetsOnOnAShakyLine(t *testing.T) {
	var texts []string
	for i := range 40 {
		texts = append(texts, fmt.Sprint("t", i))
	}
	rs := releases(t, texts...)
	synctest.Test(t, func(t *testing.T) {
		o, calls := newOutbox(rs...), 0
		p := &findingPlatform{platform: platform{publish: fails(connectors.Unknown)}}
		p.find = func(a approval.Attempt) (connectors.Found, error) {
			if calls++; calls%3 == 0 {
				return connectors.Found{}, connectors.Errorf(connectors.Temporary, "the line broke")
			}
			return connectors.Found{Outcome: connectors.Present, Receipt: approval.Receipt{ExternalID: "9" + a.Text}, Text: a.Text}, nil
		}
		dispatch(t, o, p, func(*connectors.Dispatcher) {
			time.Sleep(5 * time.Minute)
			synctest.Wait()
		})
		if len(o.unknown) != 0 {
			t.Errorf("%d of %d are unknown after five minutes", len(o.unknown), len(rs))
		}
	})
}

// Stop lets a post in flight finish, and marks one that does not as unknown.
func TestStopDealsWithPostsInFlight(t *testing.T) {
	for _, c := range []struct {
		name  string
		takes time.Duration
		want  string
	}{
		{"finishes", 5 * time.Second, "published x as id-x"},
		{"is given up", 50 * time.Second, "unknown x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rs := releases(t, "x", "y")
			synctest.Test(t, func(t *testing.T) {
				o := newOutbox(rs...)
				p := &platform{publish: func(ctx context.Context, r approval.Release) (approval.Receipt, error) {
					select {
					case <-ctx.Done():
						return approval.Receipt{}, ctx.Err()
					case <-time.After(c.takes):
						return accepts(ctx, r)
					}
				}}
				d := connectors.NewDispatcher(connectors.DispatcherOptions{Outbox: o}, live("x", p))
				if err := d.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				if err := d.Stop(ctx); err != nil {
					t.Errorf("Stop: %v", err)
				}
				wantEvents(t, o, "recovered", "claimed x", c.want)
			})
		})
	}
}

func TestStopIsBoundedWhenAConnectorIgnoresIt(t *testing.T) {
	rs := releases(t, "x")
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		p := &platform{publish: func(context.Context, approval.Release) (approval.Receipt, error) {
			<-release
			return approval.Receipt{ExternalID: "1"}, nil
		}}
		d := connectors.NewDispatcher(connectors.DispatcherOptions{Outbox: newOutbox(rs...)}, live("x", p))
		if err := d.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := d.Stop(ctx); err == nil || !strings.Contains(err.Error(), "finish posts of x") {
			t.Errorf("Stop: %v", err)
		}
		close(release)
	})
}

func TestNothingStartsWhenRecoveryFails(t *testing.T) {
	rs := releases(t, "x")
	o := newOutbox(rs...)
	o.refuse = func(string) error { return errors.New("the store is locked") }
	d := connectors.NewDispatcher(connectors.DispatcherOptions{Outbox: o}, live("x", &platform{publish: accepts}))
	if err := d.Start(t.Context()); err == nil {
		t.Fatal("Start went on")
	}
	wantEvents(t, o)
}

// The real thing: HTTP, a server that accepts and never answers, and a look at
// what stands there.
func TestAcceptedButUnansweredIsFoundOverHTTP(t *testing.T) {
	var mu sync.Mutex
	var posts []string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body)
			mu.Lock()
			posts = append(posts, string(body))
			mu.Unlock()
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				conn.Close()
			}
			return
		}
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.WriteString(w, strings.Join(posts, "\n"))
	})
	c := client(t, s.URL, nil)
	p := &findingPlatform{}
	p.publish = func(ctx context.Context, r approval.Release) (approval.Receipt, error) {
		_, err := c.Do(ctx, connectors.Call{Method: "POST", Body: []byte(r.Attempt().Text), Send: true})
		return approval.Receipt{ExternalID: "never known"}, err
	}
	p.find = func(a approval.Attempt) (connectors.Found, error) {
		answer, err := c.Do(t.Context(), connectors.Call{})
		if err != nil || string(answer.Body) == "" {
			return connectors.Found{Outcome: connectors.Absent}, err
		}
		return connectors.Found{Outcome: connectors.Present, Receipt: approval.Receipt{ExternalID: "1"}, Text: string(answer.Body)}, nil
	}
	o := newOutbox()
	r := releases(t, "Dag Eva 👨‍👩‍👧")[0]
	o.add(r)
	d := connectors.NewDispatcher(connectors.DispatcherOptions{Outbox: o, SettleAfter: 10 * time.Millisecond}, live("x", p))
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	within(t, time.Minute, func() bool { return len(o.log()) == 4 })
	if err := d.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	text := r.Attempt().Text
	wantEvents(t, o, "recovered", "claimed "+text, "unknown "+text, "found "+text+" as 1")
	if !slices.Equal(posts, []string{text}) {
		t.Errorf("the platform has %q", posts)
	}
}

// within waits for a real process until ok, at most for d.
func within(t *testing.T, d time.Duration, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(d); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not within %v", d)
		}
	}
}
