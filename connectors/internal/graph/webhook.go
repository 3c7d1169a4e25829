package graph

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"standpunt/connectors"
	"standpunt/internal/phrase"
)

// The bounds of one delivery; what exceeds them makes no sense.
const (
	mostUpdates = 1000 // https://developers.facebook.com/docs/graph-api/webhooks/getting-started
	deepest     = 32   // levels of nesting
)

// Hook proves that Meta calls, and reads what it delivers. Facebook and
// Instagram share it: they differ in what a [Change] says.
type Hook struct {
	VerifyToken string // what the app's owner wrote into Meta's console
	AppSecret   string // signs every delivery
}

// challengePattern is what is ever echoed to whoever asks.
var challengePattern = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,256}$`)

// Challenge answers Meta's one question before it delivers: a GET with the
// token that its console was told, answered with the challenge it carries.
func (h Hook) Challenge(r *http.Request) (connectors.WebhookAnswer, error) {
	if err := h.ready(); err != nil {
		return connectors.WebhookAnswer{}, err
	}
	query := r.URL.Query()
	given := func(name string) string {
		if values := query[name]; len(values) == 1 {
			return values[0]
		}
		return ""
	}
	challenge := given("hub.challenge")
	switch {
	case given("hub.mode") != "subscribe", !challengePattern.MatchString(challenge):
		return connectors.WebhookAnswer{}, refused(connectors.BadAuth, phrase.NoVerification, phrase.FixNoVerification)
	case !same([]byte(given("hub.verify_token")), []byte(h.VerifyToken)):
		return connectors.WebhookAnswer{}, refused(connectors.BadAuth, phrase.OtherToken, phrase.FixOtherToken)
	}
	return connectors.WebhookAnswer{Status: http.StatusOK, Type: "text/plain; charset=utf-8", Body: []byte(challenge)}, nil
}

// Open proves that Meta wrote the body, byte for byte, and decodes it. object
// is what the delivery must be about: "page" or "instagram". What it does not
// know, it leaves out or hands on as it stands.
func (h Hook) Open(r *http.Request, body []byte, object string) ([]Entry, error) {
	if err := h.ready(); err != nil {
		return nil, err
	}
	if !h.signed(r.Header.Values("X-Hub-Signature-256"), body) {
		return nil, refused(connectors.BadAuth, phrase.DeliveryUnsigned, phrase.FixUnsigned)
	}
	return decodeEnvelope(body, object)
}

// ready refuses everything where the settings would accept anything.
func (h Hook) ready() error {
	if h.VerifyToken == "" || h.AppSecret == "" {
		return refused(connectors.NotAllowed, phrase.DeliveriesOff, phrase.FixDeliveriesOff)
	}
	return nil
}

// refused says what is wrong with a call to the webhook, and what to do; with are
// values of the sentence beside those that each can have.
func refused(kind connectors.ErrorKind, what, fix phrase.Code, with ...string) error {
	with = append(with, "platform", "Meta", "token", "verify_token", "secret", "app_secret", "n", strconv.Itoa(mostUpdates))
	return connectors.Phrased(kind, phrase.Of(what, with...), phrase.Of(fix, with...))
}

func (h Hook) signed(signatures []string, body []byte) bool {
	if len(signatures) != 1 {
		return false
	}
	text, ok := strings.CutPrefix(signatures[0], "sha256=")
	given, err := hex.DecodeString(text)
	if !ok || err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(h.AppSecret))
	_, _ = mac.Write(body) // a hash never fails
	return hmac.Equal(given, mac.Sum(nil))
}

// same compares without telling by its time how much of the two agrees, nor
// how long they are.
func same(a, b []byte) bool {
	x, y := sha256.Sum256(a), sha256.Sum256(b)
	return hmac.Equal(x[:], y[:])
}

// Entry is what a delivery tells of one account, in Meta's order.
type Entry struct {
	ID        ID        // the Page or Instagram account
	Time      time.Time // when Meta made the delivery; zero where it does not tell
	Changes   []Change
	Messaging []json.RawMessage // messages and what happens to them
	// Trouble is what to show where a part of the entry makes no sense and was left out.
	Trouble error
}

// Change is one thing that happened. Instagram Login writes it flat on the
// entry, everybody else as one of a list; both arrive here alike.
type Change struct {
	Field string
	Value json.RawMessage
}

// decodeEnvelope reads a signed body.
func decodeEnvelope(body []byte, object string) ([]Entry, error) {
	nonsense := func(what phrase.Code) error {
		return refused(connectors.Garbage, what, phrase.FixSigned, "object", object)
	}
	if depth(body) > deepest {
		return nil, nonsense(phrase.SignedDeep)
	}
	var got struct {
		Object string            `json:"object"`
		Entry  []json.RawMessage `json:"entry"`
	}
	if err := json.Unmarshal(body, &got); err != nil {
		return nil, nonsense(phrase.SignedNoJSON)
	}
	if got.Object != object {
		return nil, nonsense(phrase.SignedOther)
	}
	entries, updates := make([]Entry, 0, len(got.Entry)), 0
	for _, raw := range got.Entry {
		entry := decodeEntry(raw)
		if updates += max(1, len(entry.Changes)+len(entry.Messaging)); updates > mostUpdates {
			return nil, nonsense(phrase.SignedMany)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// decodeEntry reads what makes sense of an entry, which is JSON.
func decodeEntry(raw json.RawMessage) Entry {
	var got struct {
		ID      ID      `json:"id"`
		Time    Instant `json:"time"`
		Changes []struct {
			Field string          `json:"field"`
			Value json.RawMessage `json:"value"`
		} `json:"changes"`
		Field     string            `json:"field"`
		Value     json.RawMessage   `json:"value"`
		Messaging []json.RawMessage `json:"messaging"`
	}
	err := json.Unmarshal(raw, &got) // what is of another type is passed over, and the rest decoded
	entry := Entry{ID: got.ID, Time: got.Time.Time, Messaging: got.Messaging}
	for _, c := range got.Changes {
		entry.Changes = append(entry.Changes, Change{Field: c.Field, Value: c.Value})
	}
	if got.Field != "" {
		entry.Changes = append(entry.Changes, Change{Field: got.Field, Value: got.Value})
	}
	if err != nil {
		entry.Trouble = refused(connectors.Garbage, phrase.SignedInPart, phrase.FixSigned)
	}
	return entry
}

// depth is how deep objects and lists are nested in what may be JSON.
func depth(body []byte) (deepest int) {
	level, quoted, escaped := 0, false, false
	for _, c := range body {
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = c == '\\', c != '"'
		case c == '"':
			quoted = true
		case c == '{', c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}', c == ']':
			level--
		}
	}
	return deepest
}

// ID is an id of Meta's, which comes as text or as a number beyond what a
// float holds. What is neither is empty.
type ID string

// UnmarshalJSON keeps every digit.
func (i *ID) UnmarshalJSON(b []byte) error {
	*i = ""
	var text string
	if json.Unmarshal(b, &text) == nil {
		*i = ID(text)
		return nil
	}
	var number json.Number
	if json.Unmarshal(b, &number) == nil && !strings.ContainsAny(number.String(), ".eE-") {
		*i = ID(number.String())
	}
	return nil // whoever needs the id asks whether there is one
}

// Instant is a time as Meta writes it: seconds or milliseconds since 1970, as a
// number or as text, or 2026-11-23T08:00:00+0000. What makes no sense is zero.
type Instant struct{ time.Time }

// instants are the layouts of times that are no numbers.
var instants = []string{"2006-01-02T15:04:05-0700", time.RFC3339}

// The years that Meta can mean, and from where a number counts milliseconds.
const (
	firstYear = 1990
	lastYear  = 9999
	millis    = 100_000_000_000
)

// UnmarshalJSON takes each form.
func (i *Instant) UnmarshalJSON(b []byte) error {
	i.Time = time.Time{}
	text := string(b)
	var quoted string
	if json.Unmarshal(b, &quoted) == nil {
		text = quoted
	}
	at, found := time.Time{}, false
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		at, found = time.Unix(n, 0), true
		if n >= millis {
			at = time.UnixMilli(n)
		}
	}
	for _, layout := range instants {
		if parsed, err := time.Parse(layout, text); err == nil && !found {
			at, found = parsed, true
		}
	}
	if at = at.UTC(); found && at.Year() >= firstYear && at.Year() <= lastYear {
		i.Time = at
	}
	return nil // whoever needs the time asks whether there is one
}
