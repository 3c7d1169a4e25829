package connectors_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/connectors"
)

// handPlatform is a platform on which people can post by hand.
type handPlatform struct{ findingPlatform }

func (*handPlatform) Locate(url string) (approval.Receipt, error) {
	return approval.Receipt{ExternalID: url, URL: url, PostedAt: time.Now()}, nil
}

// TestAnAnswerByHandReachesNoConnectorAndIsReadBack runs the real outbox: what
// was approved to be posted by hand is never given to the connector, and what
// a person recorded is read at once.
func TestAnAnswerByHandReachesNoConnectorAndIsReadBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		r.Locates(nil)
		sent := 0
		stands := map[string]connectors.Found{
			"foreign": {Outcome: connectors.Foreign}, "absent": {Outcome: connectors.Absent}, "unclear": {Outcome: connectors.CannotTell},
			"early":   {Outcome: connectors.Present, Text: "Antwoord", Receipt: approval.Receipt{PostedAt: time.Now().Add(-2 * time.Minute)}},
			"altered": {Outcome: connectors.Present, Text: "Iets anders"}, "exact": {Outcome: connectors.Present, Text: "Antwoord"},
		}
		p := &handPlatform{findingPlatform{
			platform: platform{publish: func(ctx context.Context, rel approval.Release) (approval.Receipt, error) {
				sent++
				return accepts(ctx, rel)
			}},
			find: func(a approval.Attempt) (connectors.Found, error) { return stands[a.Receipt.ExternalID], nil },
		}}
		d := connectors.NewDispatcher(connectors.DispatcherOptions{Outbox: r.Approvals}, live("plein", p))
		if err := d.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := d.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		}()
		waiting := r.HandedOver(r.Closed("1", "Vraag"), "Antwoord")
		time.Sleep(time.Hour)
		for _, step := range []struct {
			at     string
			within time.Duration
			state  approval.State
			reason string
		}{
			{"foreign", time.Second, approval.Approved, approval.ReasonAddressForeign},
			{"early", time.Second, approval.Approved, approval.ReasonAddressForeign}, // edited since, and older than its address tells
			{"absent", 5 * time.Minute, approval.Approved, approval.ReasonAddressAbsent},
			{"exact", time.Second, approval.Published, ""},
		} {
			if _, err := r.As("anna").PostedByHand(waiting, "http://plein.test/posts/"+step.at); err != nil {
				t.Fatal(err)
			}
			time.Sleep(step.within)
			synctest.Wait()
			if v := r.State(waiting, step.state); v.Reason != step.reason {
				t.Fatalf("%s: the reason is %q", step.at, v.Reason)
			}
		}
		if v := r.Get(waiting); !v.Official() {
			t.Errorf("it is not official: %+v", v.ReadBack)
		}
		altered := r.HandedOver(r.Closed("2", "Vraag"), "Antwoord")
		if _, err := r.As("anna").PostedByHand(altered, "http://plein.test/posts/altered"); err != nil {
			t.Fatal(err)
		}
		unclear := r.HandedOver(r.Closed("3", "Vraag"), "Antwoord")
		if _, err := r.As("anna").PostedByHand(unclear, "http://plein.test/posts/unclear"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if v := r.State(altered, approval.Published); v.Official() || v.ReadBack == nil {
			t.Errorf("what was altered is official: %v, %+v", v.Official(), v.ReadBack)
		}
		if v := r.State(unclear, approval.Published); v.ReadBack != nil {
			t.Errorf("nobody can tell, and yet: %+v", v.ReadBack)
		}
		if sent != 0 {
			t.Errorf("the connector was given %d releases", sent)
		}
		r.Replay()
	})
}
