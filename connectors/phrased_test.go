package connectors_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"standpunt/connectors"
	"standpunt/internal/phrase"
)

// refusing refuses every delivery with one error.
type refusing struct {
	source
	err *connectors.Error
}

func (r *refusing) Receive(context.Context, *http.Request, []byte) (connectors.WebhookAnswer, error) {
	return connectors.WebhookAnswer{}, r.err
}

// TestTroubleWithDeliveriesIsPhrased: what is shown of refused deliveries carries
// its phrase, and a remedy of the connector's own carries none.
func TestTroubleWithDeliveriesIsPhrased(t *testing.T) {
	unsigned := phrase.Of(phrase.FixUnsigned, "platform", "Meta", "secret", "app_secret")
	for _, c := range []struct {
		err  *connectors.Error
		what phrase.Code
		why  phrase.Code // within the remedy; "": it is the connector's own
	}{
		{connectors.Phrased(connectors.BadAuth, phrase.Of(phrase.DeliveryUnsigned, "secret", "app_secret"), unsigned), phrase.WrongSignatures, phrase.FixUnsigned},
		{connectors.Errorf(connectors.BadAuth, "it is unsigned"), phrase.WrongSignatures, phrase.FixSecret},
		{connectors.Errorf(connectors.Stale, "it is old"), phrase.WrongTimes, phrase.FixClock},
		{&connectors.Error{Kind: connectors.BadAuth, Message: "it is unsigned", Remedy: "Call us."}, phrase.WrongSignatures, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := newMemory()
			r := connectors.NewRunner(connectors.RunnerOptions{Inbox: m, Observer: m}, live("x", &refusing{source{poll: quiet}, c.err}))
			if err := r.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			for range 5 {
				if _, err := r.Receive("x", delivery("", "a")); err == nil {
					t.Fatal("it was taken in")
				}
			}
			h := r.Health()[0]
			if h.Webhook.LastReason != c.err.Message || h.Webhook.LastWhat.Code != c.err.What.Code {
				t.Errorf("%v: the last reason is %q, %+v", c.err, h.Webhook.LastReason, h.Webhook.LastWhat)
			}
			if h.What.Code != c.what || h.What.English() != h.Problem || h.Fix.Why != c.why || c.why != "" && h.Fix.English() != h.Remedy {
				t.Errorf("%v: the problem is %q, %+v, and the remedy %q, %+v", c.err, h.Problem, h.What, h.Remedy, h.Fix)
			}
			if !strings.Contains(h.Remedy, c.err.Remedy) || !strings.Contains(h.Remedy, " If a stranger sends them") {
				t.Errorf("%v: the remedy is %q", c.err, h.Remedy)
			}
			if err := r.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}
