package connectortest_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/inbox"
)

const (
	goodToken  = "book-token-7f3a"
	badToken   = "wrong-token-91bc"
	hookSecret = "hook-secret-55d0"
)

// book is the guestbook's server.
type book struct {
	mu      sync.Mutex
	entries []entry
	change  int64
}

func (b *book) write(e entry) entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.change++
	e.ID, e.Change, e.At = fmt.Sprintf("e%d", len(b.entries)+1), b.change, time.Now().UTC()
	b.entries = append(b.entries, e)
	return e
}

func (b *book) alter(id string, f func(*entry)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.entries {
		if b.entries[i].ID == id {
			b.change++
			b.entries[i].Change = b.change
			f(&b.entries[i])
		}
	}
}

func (b *book) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+goodToken {
		http.Error(w, "not with "+r.Header.Get("Authorization"), http.StatusUnauthorized)
		return
	}
	var answer any
	switch {
	case r.URL.Path == "/me":
		answer = map[string]string{"id": brand}
	case r.Method == http.MethodPost:
		var e entry
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			http.Error(w, "no JSON", http.StatusBadRequest)
			return
		}
		e.Author = brand
		answer = b.write(e)
	default:
		answer = b.list(r)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

func (b *book) list(r *http.Request) any {
	b.mu.Lock()
	defer b.mu.Unlock()
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	key := r.URL.Query().Get("key")
	found := []entry{}
	for _, e := range b.entries {
		if e.Change > after && (key == "" || e.Key == key) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b entry) int { return int(a.Change - b.Change) })
	more := len(found) > 10
	return map[string]any{"entries": found[:min(len(found), 10)], "more": more}
}

// remote is the guestbook as the suite wants it.
type remote struct {
	*connectortest.Proxy
	book   *book
	defect string
}

func newRemote(t *testing.T, defect string) connectortest.Remote {
	b := new(book)
	s := httptest.NewServer(b)
	t.Cleanup(s.Close)
	return &remote{Proxy: connectortest.NewProxy(t, s.URL), book: b, defect: defect}
}

func (r *remote) connect(t testing.TB, a connectors.Account, token string) connectors.Connector {
	a.Settings = config.NewSettings(map[string]any{"base_url": r.URL, "token": token, "hook_secret": hookSecret})
	c, err := newGuestbook(a)
	if err != nil {
		t.Fatal(err)
	}
	if r.defect == "" {
		return c
	}
	return &defective{guestbook: c.(*hookedGuestbook).guestbook, defect: r.defect, token: token}
}

func (r *remote) Connect(t testing.TB, a connectors.Account) connectors.Connector {
	return r.connect(t, a, goodToken)
}

func (r *remote) ConnectBadly(t testing.TB, a connectors.Account) connectors.Connector {
	return r.connect(t, a, badToken)
}

func (r *remote) Post(_ testing.TB, text string) string {
	return r.book.write(entry{Author: "eva", Text: text}).ID
}

func (r *remote) Answers(_ testing.TB, id string) (texts []string) {
	r.book.mu.Lock()
	defer r.book.mu.Unlock()
	for _, e := range r.book.entries {
		if e.InReplyTo == id && e.Author == brand && !e.Deleted {
			texts = append(texts, e.Text)
		}
	}
	return texts
}

func (r *remote) Revise(_ testing.TB, id, text string) {
	r.book.alter(id, func(e *entry) { e.Text, e.EditedAt = text, time.Now().UTC() })
}

func (r *remote) Erase(_ testing.TB, id string) {
	r.book.alter(id, func(e *entry) { e.Text, e.Deleted = "", true })
}

// Notify tells of the entry as it stands in the book.
func (r *remote) Notify(t testing.TB, id string) *http.Request { return r.NotifyAt(t, id, time.Now()) }

func (r *remote) NotifyAt(t testing.TB, id string, at time.Time) *http.Request {
	r.book.mu.Lock()
	defer r.book.mu.Unlock()
	told := slices.DeleteFunc(slices.Clone(r.book.entries), func(e entry) bool { return e.ID != id })
	body, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	sent := at.UTC().Format(time.RFC3339)
	request.Header.Set("Book-Time", sent)
	request.Header.Set("Book-Signature", hex.EncodeToString(bookSignature(hookSecret, sent, body)))
	return request
}

func (r *remote) Challenge(_ testing.TB, right bool) (*http.Request, string) {
	secret := hookSecret
	if !right {
		secret = badToken
	}
	return httptest.NewRequest(http.MethodGet, "/?challenge=1158201444&secret="+secret, nil), "1158201444"
}

// Patience is shorter where the connector has a defect, which nobody has to wait for.
func (r *remote) Patience() time.Duration {
	if r.defect != "" {
		return 5 * time.Second
	}
	return time.Minute
}

func (r *remote) Secrets() []string { return []string{goodToken, badToken, hookSecret} }

func TestGuestbook(t *testing.T) {
	connectortest.Run(t, func(t *testing.T) connectortest.Remote { return newRemote(t, "") })
}

func TestGuestbookSettingsAreStrict(t *testing.T) {
	_, err := newGuestbook(connectors.Account{Settings: config.NewSettings(map[string]any{"base_url": "http://x.test", "tokn": "a"})})
	if err == nil || !strings.Contains(err.Error(), "token") {
		t.Errorf("a misspelt key: %v", err)
	}
}

// defective is the guestbook's connector with one fault that the suite has to find.
type defective struct {
	*guestbook
	defect string
	token  string
	calls  atomic.Int64 // of Receive
}

// defects maps each fault to the case that finds it.
var defects = map[string]string{
	"skips the last of a full page":     "nothing_is_skipped",
	"forgets edits":                     "an_edit_upstream",
	"trims texts":                       "texts_arrive",
	"takes own answers for mentions":    "an_own_answer_is_no_mention",
	"tries again after a time-out":      "accepted,_then_no_answer",
	"is sure when it is not":            "accepted,_then_500",
	"finds by text":                     "equal_texts",
	"publishes without a release":       "no_release",
	"shows the token in an error":       "wrong_credentials",
	"logs the token":                    "Reading",
	"drops Retry-After":                 "429_with_Retry-After",
	"ignores cancellation":              "no_answer",
	"adds a signature":                  "texts_stand",
	"says absent while the post stands": "accepted,_then_garbage",
	"believes every delivery":           "what_the_platform_did_not_sign",
	"decodes before it checks":          "what_the_platform_did_not_sign",
	"answers every challenge":           "the_check_of_the_address",
	"takes deliveries of any time":      "a_delivery_that_was_signed_long_ago",
	"delivers other ids than it polls":  "a_delivery_and_a_poll",
	"delivers edits without a time":     "a_delivery_that_comes_again",
	"panics on an empty delivery":       "what_the_platform_did_not_sign",
	"loses deliveries of a burst":       "deliveries_are_received_side_by_side",
}

func (d *defective) Poll(ctx context.Context, after inbox.Cursor) (connectors.Page, error) {
	switch d.defect {
	case "ignores cancellation":
		ctx = d.deaf(ctx)
	case "logs the token":
		d.account.Log.Info("polling", "token", d.token)
	}
	p, err := d.guestbook.Poll(ctx, after)
	switch d.defect {
	case "skips the last of a full page":
		if len(p.Mentions) == 10 {
			p.Mentions = p.Mentions[:9]
		}
	case "forgets edits":
		p.Mentions = slices.DeleteFunc(p.Mentions, func(m inbox.Inbound) bool { return !m.EditedAt.IsZero() })
	case "trims texts":
		for i := range p.Mentions {
			p.Mentions[i].Text = strings.TrimSpace(p.Mentions[i].Text)
		}
	case "takes own answers for mentions":
		for _, own := range p.Own {
			p.Mentions = append(p.Mentions, inbox.Inbound{ExternalID: own.ExternalID, Author: inbox.Author{ExternalID: brand}, Text: own.Text})
		}
	}
	return p, d.spoil(err)
}

// deaf is a context that goes on for longer than the suite waits, whatever ctx does.
func (d *defective) deaf(ctx context.Context) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	context.AfterFunc(ctx, cancel)
	return ctx
}

func (d *defective) spoil(err error) error {
	var e *connectors.Error
	if !errors.As(err, &e) {
		return err
	}
	changed := *e
	switch {
	case d.defect == "shows the token in an error":
		changed.Err = fmt.Errorf("refused with token %s", d.token)
	case d.defect == "drops Retry-After":
		changed.RetryAfter = 0
	case d.defect == "is sure when it is not" && e.Kind == connectors.Unknown:
		changed.Kind = connectors.Temporary
	}
	return &changed
}

func (d *defective) Receive(ctx context.Context, r *http.Request, body []byte) (connectors.WebhookAnswer, error) {
	switch {
	case d.defect == "panics on an empty delivery":
		_ = body[0]
	case d.defect == "decodes before it checks" && !json.Valid(body):
		return connectors.WebhookAnswer{}, connectors.Errorf(connectors.Garbage, "the delivery is not JSON")
	case d.defect == "believes every delivery" && r.Method == http.MethodPost, d.defect == "takes deliveries of any time" && r.Method == http.MethodPost:
		if d.defect == "takes deliveries of any time" && r.Header.Get("Book-Signature") == "" {
			break
		}
		now := time.Now().UTC().Format(time.RFC3339)
		r.Header.Set("Book-Time", now)
		r.Header.Set("Book-Signature", hex.EncodeToString(bookSignature(hookSecret, now, body)))
	case d.defect == "answers every challenge" && r.Method == http.MethodGet:
		return connectors.WebhookAnswer{Body: []byte(r.URL.Query().Get("challenge"))}, nil
	case d.defect == "loses deliveries of a burst":
		if d.calls.Add(1)%10 == 0 {
			return connectors.WebhookAnswer{}, nil
		}
	}
	answer, err := (&hookedGuestbook{d.guestbook}).Receive(ctx, r, body)
	for i := range answer.Page.Mentions {
		switch d.defect {
		case "delivers other ids than it polls":
			answer.Page.Mentions[i].ExternalID = "hook-" + answer.Page.Mentions[i].ExternalID
		case "delivers edits without a time":
			answer.Page.Mentions[i].EditedAt, answer.Page.Mentions[i].Text = time.Time{}, answer.Page.Mentions[i].Text+" "+time.Now().String()
		}
	}
	return answer, err
}

func (d *defective) Publish(ctx context.Context, r approval.Release) (approval.Receipt, error) {
	if d.defect == "publishes without a release" && !r.Valid() {
		written := entry{Text: "surprise", InReplyTo: "e1"}
		_, err := d.client.Do(ctx, connectors.Call{Method: "POST", Path: "/entries", JSON: written, Send: true})
		return approval.Receipt{}, errors.Join(err, connectors.Errorf(connectors.Rejected, "there is no release"))
	}
	receipt, err := d.guestbook.Publish(ctx, r)
	switch {
	case d.defect == "tries again after a time-out" && connectors.KindOf(err) == connectors.Unknown && err != nil:
		_, _ = d.guestbook.Publish(d.deaf(ctx), r)
	case d.defect == "adds a signature" && err == nil:
		_, err = d.client.Do(ctx, connectors.Call{Method: "POST", Path: "/entries", JSON: entry{Text: "^Team", InReplyTo: r.Attempt().Target}, Send: true})
	}
	return receipt, d.spoil(err)
}

func (d *defective) Find(ctx context.Context, a approval.Attempt) (connectors.Found, error) {
	switch d.defect {
	case "says absent while the post stands":
		return connectors.Found{Outcome: connectors.Absent}, nil
	case "finds by text":
		list, err := d.entries(ctx, nil)
		if err != nil {
			return connectors.Found{}, err
		}
		for _, e := range *list.Entries {
			if e.Text == a.Text && e.Author == brand {
				return connectors.Found{Outcome: connectors.Present, Text: e.Text, Receipt: approval.Receipt{ExternalID: e.ID}}, nil
			}
		}
	}
	return d.guestbook.Find(ctx, a)
}

// TestDefective runs the suite on one defective connector; TestTheSuiteBites starts it
// in a process of its own and expects it to fail.
func TestDefective(t *testing.T) {
	defect := os.Getenv("CONNECTORTEST_DEFECT")
	if defect == "" {
		t.Skip("runs as a process of TestTheSuiteBites")
	}
	connectortest.Run(t, func(t *testing.T) connectortest.Remote { return newRemote(t, defect) })
}

func TestTheSuiteBites(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process per defect")
	}
	for defect, finder := range defects {
		t.Run(defect, func(t *testing.T) {
			t.Parallel()
			pattern := "^TestDefective$/./" + finder
			if finder == "Reading" {
				pattern = "^TestDefective$/^Reading$/first"
			}
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+pattern)
			cmd.Env = append(os.Environ(), "CONNECTORTEST_DEFECT="+defect)
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !strings.Contains(string(out), "--- FAIL: TestDefective/") {
				t.Errorf("a connector that %s passes (%v):\n%s", defect, err, out)
			}
		})
	}
}
