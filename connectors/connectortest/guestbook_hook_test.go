package connectortest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"standpunt/connectors"
)

// The worked example goes on here: the guestbook calls us.

// hookedGuestbook is one whose book calls us, too.
type hookedGuestbook struct{ *guestbook }

// clockDrift is how far the time of a delivery may be from ours.
const clockDrift = 5 * time.Minute

// Receive takes a list of entries, signed together with the time at which the
// book sent it, or the book's question whether the address is ours.
func (g *hookedGuestbook) Receive(_ context.Context, r *http.Request, body []byte) (answer connectors.WebhookAnswer, err error) {
	if r.Method == http.MethodGet {
		query := r.URL.Query()
		if subtle.ConstantTimeCompare([]byte(query.Get("secret")), []byte(g.settings.HookSecret.Reveal())) != 1 {
			return answer, connectors.Errorf(connectors.BadAuth, "the secret in the check of the address is wrong")
		}
		return connectors.WebhookAnswer{Body: []byte(query.Get("challenge"))}, nil
	}
	sent := r.Header.Get("Book-Time")
	proof, err := hex.DecodeString(r.Header.Get("Book-Signature"))
	if err != nil || !hmac.Equal(proof, bookSignature(g.settings.HookSecret.Reveal(), sent, body)) {
		e := connectors.Errorf(connectors.BadAuth, "the signature is missing or wrong")
		e.Remedy = "Copy hook_secret again from the book's settings."
		return answer, e
	}
	at, err := time.Parse(time.RFC3339, sent)
	if err != nil || time.Since(at).Abs() > clockDrift {
		return answer, connectors.Errorf(connectors.Stale, "the delivery was not signed within the last %v", clockDrift)
	}
	var told []entry
	if err := json.Unmarshal(body, &told); err != nil {
		return answer, connectors.Errorf(connectors.Garbage, "the delivery is not a list of entries")
	}
	for _, e := range told {
		e.into(&answer.Page)
	}
	return answer, nil
}

// bookSignature is the HMAC over the time and the body as they were sent.
func bookSignature(secret, sent string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(sent + "\n"))
	mac.Write(body)
	return mac.Sum(nil)
}
