package push

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
)

// SignatureHeader carries what [Sign] makes.
const SignatureHeader = "X-Standpunt-Signature"

// Sign is the signature of what is sent at the given time: "t=1700000000,v1=HEX", where
// HEX is HMAC-SHA-256 under the account's secret over the decimal seconds, a dot and the
// payload: the body of a POST, the raw query of a GET. A receiver compares in
// constant time and refuses a time more than five minutes away.
func Sign(secret string, at time.Time, payload []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(seconds + "."))
	mac.Write(payload)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Outgoing is an approved answer as publish_url receives it. Key is the same for every
// attempt of one release: a key that was seen before must not be posted again.
type Outgoing struct {
	Key        string `json:"key"`
	Account    string `json:"account"`
	RemoteID   string `json:"remote_id"`
	Action     string `json:"action"` // "reply"
	InReplyTo  string `json:"in_reply_to"`
	Thread     string `json:"thread,omitempty"`
	Visibility string `json:"visibility"`
	Language   string `json:"language,omitempty"`
	Text       string `json:"text"` // to be posted byte for byte
}

// posted is what publish_url and find_url answer.
type posted struct {
	Outcome    string    `json:"outcome"`
	ExternalID string    `json:"external_id"`
	URL        string    `json:"url"`
	PostedAt   time.Time `json:"posted_at"`
	Text       string    `json:"text"`
}

func (p posted) receipt() approval.Receipt {
	r := approval.Receipt{ExternalID: p.ExternalID, URL: p.URL, PostedAt: p.PostedAt}
	if r.PostedAt.IsZero() {
		r.PostedAt = time.Now().UTC()
	}
	return r
}

// publisher is an account that also answers.
type publisher struct {
	*receiver
	client *connectors.Client
}

// Publish hands the answer to publish_url, once.
func (p *publisher) Publish(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	if !r.Valid() {
		return approval.Receipt{}, connectors.Errorf(connectors.Rejected, "there is no release")
	}
	a := r.Attempt()
	body, err := json.Marshal(Outgoing{
		Key: a.Key, Account: string(a.Account), RemoteID: a.RemoteID, Action: string(a.Action), InReplyTo: a.Target,
		Thread: a.Thread, Visibility: string(a.Visibility), Language: a.Language, Text: a.Text,
	})
	if err != nil {
		return approval.Receipt{}, &connectors.Error{Kind: connectors.Rejected, Message: "the answer cannot be encoded", Err: err}
	}
	header := http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {a.Key}}
	header.Set(SignatureHeader, Sign(p.s.Secret.Reveal(), time.Now(), body))
	answer, err := p.client.Do(ctx, connectors.Call{Method: http.MethodPost, Header: header, Body: body, Send: true})
	if err != nil {
		return approval.Receipt{}, err
	}
	var done posted
	if err := answer.JSON(&done); err != nil {
		return approval.Receipt{}, err
	}
	if done.ExternalID == "" {
		return approval.Receipt{}, answer.Nonsense("without external_id")
	}
	return done.receipt(), nil
}

// finder is an account whose program tells what stands there.
type finder struct {
	*publisher
	client *connectors.Client
}

// Find asks find_url by the attempt's key. Whether absent is final is the
// program's to say: it answers cannot_tell when it does not read its own writes.
func (f *finder) Find(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	query := url.Values{"key": {a.Key}}
	header := http.Header{}
	header.Set(SignatureHeader, Sign(f.s.Secret.Reveal(), time.Now(), []byte(query.Encode())))
	answer, err := f.client.Do(ctx, connectors.Call{Query: query, Header: header})
	if err != nil {
		return connectors.Found{}, err
	}
	var seen posted
	if err := answer.JSON(&seen); err != nil {
		return connectors.Found{}, err
	}
	switch outcome := connectors.Outcome(seen.Outcome); outcome {
	case connectors.Present:
		if seen.ExternalID == "" {
			return connectors.Found{}, answer.Nonsense("without external_id")
		}
		return connectors.Found{Outcome: outcome, Receipt: seen.receipt(), Text: seen.Text}, nil
	case connectors.Absent, connectors.CannotTell:
		return connectors.Found{Outcome: outcome}, nil
	case connectors.Foreign: // nothing is posted by hand here
	}
	return connectors.Found{}, answer.Nonsense("without one of the outcomes found, absent and cannot_tell")
}
