package web_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/internal/logtest"
	"standpunt/people"
	"standpunt/store"
	"standpunt/web"
)

// platform is a connector whose platform delivers mentions, signed over the raw
// body; platformSecret is what both sides know.
type platform struct {
	unwired
	mu     sync.Mutex
	bodies [][]byte
}

const platformSecret = "hook-secret-4c1e"

func (p *platform) Receive(_ context.Context, r *http.Request, body []byte) (connectors.WebhookAnswer, error) {
	var answer connectors.WebhookAnswer
	if len(r.Header["Cookie"]) > 0 {
		return answer, connectors.Errorf(connectors.NotAllowed, "a cookie came through")
	}
	if r.Method == http.MethodGet {
		if r.URL.Query().Get("token") != platformSecret {
			return answer, connectors.Errorf(connectors.BadAuth, "the token is not the one in the settings")
		}
		return connectors.WebhookAnswer{Status: http.StatusAccepted, Body: []byte(r.URL.Query().Get("challenge")), Type: "text/x-proof"}, nil
	}
	proof, err := hex.DecodeString(r.Header.Get("Signature"))
	if err != nil || !hmac.Equal(proof, sign(body)) {
		return answer, connectors.Errorf(connectors.BadAuth, "the signature is wrong")
	}
	p.mu.Lock()
	p.bodies = append(p.bodies, bytes.Clone(body))
	p.mu.Unlock()
	if err := json.Unmarshal(body, &answer.Page.Mentions); err != nil {
		return answer, connectors.Errorf(connectors.Garbage, "the delivery is not JSON")
	}
	return answer, nil
}

func sign(body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(platformSecret))
	mac.Write(body)
	return mac.Sum(nil)
}

// unwired polls nothing.
type unwired struct{}

func (unwired) Poll(context.Context, inbox.Cursor) (connectors.Page, error) {
	return connectors.Page{}, nil
}

// hooked is a server with the account plein, which takes deliveries, and muur, which takes none.
func hooked(t *testing.T, o web.Options) (*rig, *platform) {
	t.Helper()
	return hookedOver(t, o, connectors.RunnerOptions{})
}

func hookedOver(t *testing.T, o web.Options, runs connectors.RunnerOptions) (*rig, *platform) {
	t.Helper()
	p := new(platform)
	log := new(logtest.Buffer)
	account := func(name string, c connectors.Connector) connectors.Live {
		return connectors.Live{Account: connectors.Account{Name: inbox.AccountName(name), Log: slog.New(slog.NewTextHandler(log, nil))}, Connector: c}
	}
	r := newRigOver(t, o, runs, []connectors.Live{account("plein", p), account("muur", unwired{})})
	t.Cleanup(func() {
		if said := log.String() + r.log.String(); strings.Contains(said, "Waar blijft") || strings.Contains(said, platformSecret) {
			t.Errorf("the log holds a text or a secret:\n%s", said)
		}
	})
	return r, p
}

func item(id, text string) inbox.Inbound {
	return inbox.Inbound{ExternalID: id, Kind: "post", Visibility: inbox.Public, Author: inbox.Author{ExternalID: "eva"}, Text: text,
		PostedAt: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
}

func bodyOf(items ...inbox.Inbound) []byte {
	body, err := json.Marshal(items)
	if err != nil {
		panic(err)
	}
	return body
}

// deliver POSTs a body with its signature.
func (r *rig) deliver(account string, body []byte) *reply {
	r.t.Helper()
	c := r.nobody()
	c.header.Set("Signature", hex.EncodeToString(sign(body)))
	return c.send(http.MethodPost, r.url+"/hooks/"+account, body)
}

func (r *rig) texts(t *testing.T, ids ...string) []string {
	t.Helper()
	var texts []string
	check(t, r.DB.View(t.Context(), func(tx *store.Tx) error {
		texts = nil
		for _, id := range ids {
			m, ok, err := r.Box.MentionByExternal(tx, "plein", id)
			if err != nil {
				return err
			}
			if !ok {
				return fmt.Errorf("there is no mention %s", id)
			}
			texts = append(texts, m.Text)
		}
		return nil
	}))
	return texts
}

func TestHookAnswersAsTheConnectorSays(t *testing.T) {
	r, p := hooked(t, web.Options{})
	got := r.nobody().send(http.MethodGet, r.url+"/hooks/plein?challenge=42&token="+platformSecret, nil).is(http.StatusAccepted)
	if string(got.raw) != "42" || got.header.Get("Content-Type") != "text/x-proof" || !strings.Contains(got.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("the challenge was answered %q as %v", got.raw, got.header)
	}
	// The signature is over the bytes, so none may change on the way.
	body := []byte("[ {\"ExternalID\":\"1\",\r\n \"Kind\":\"post\", \"Visibility\":\"public\",\"Author\":{\"ExternalID\":\"eva\"}, \"Text\":\"Waar blijft het? \\u00e9 é 👍\" ,\"PostedAt\":\"2026-03-02T12:00:00Z\"} ]\n\n")
	r.deliver("plein", body).is(http.StatusOK)
	if !bytes.Equal(p.bodies[0], body) {
		t.Errorf("the connector was given %q", p.bodies[0])
	}
	if got := r.texts(t, "1"); got[0] != "Waar blijft het? é é 👍" {
		t.Errorf("the mention says %q", got)
	}
}

func TestHookIsOutsideOfSignInAndSameSite(t *testing.T) {
	r, _ := hooked(t, web.Options{PublicURL: "https://desk.example"})
	body := bodyOf(item("1", "Waar blijft het?"))
	c := r.nobody()
	c.header.Set("Signature", hex.EncodeToString(sign(body)))
	for name, value := range map[string]string{
		"Origin": "https://platform.example", "Sec-Fetch-Site": "cross-site", "Cookie": "__Host-standpunt=stale; other=1", "Authorization": "Bearer nonsense",
		"Content-Type": "text/plain", "Content-Encoding": "gzip",
	} {
		c.header.Set(name, value)
	}
	got := c.send(http.MethodPost, r.url+"/hooks/plein", body).is(http.StatusOK)
	if len(got.header["Set-Cookie"]) > 0 {
		t.Error("a platform was given a cookie")
	}
	if texts := r.texts(t, "1"); texts[0] != "Waar blijft het?" {
		t.Errorf("the mention says %q", texts)
	}
}

func TestHookRefusesWithoutTellingWhy(t *testing.T) {
	r, _ := hooked(t, web.Options{})
	r.Box.OnUpstreamChange(func(*store.Tx, *inbox.Mention) error { return errors.New("the disk is full") })
	r.deliver("plein", bodyOf(item("1", "Waar blijft het?"))).is(http.StatusOK)
	changed := item("1", "Waar blijft hij?")
	changed.EditedAt = changed.PostedAt.Add(time.Minute)
	forged := func() *reply {
		c := r.nobody()
		c.header.Set("Signature", hex.EncodeToString(sign([]byte("another"))))
		return c.send(http.MethodPost, r.url+"/hooks/plein", bodyOf(item("2", "x")))
	}
	for _, c := range []struct {
		name   string
		got    *reply
		status int
		code   string
	}{
		{"a wrong token", r.nobody().send(http.MethodGet, r.url+"/hooks/plein?challenge=42&token=no", nil), 401, "unauthenticated"},
		{"no signature", r.nobody().send(http.MethodPost, r.url+"/hooks/plein", bodyOf(item("2", "x"))), 401, "unauthenticated"},
		{"a signature for another body", forged(), 401, "unauthenticated"},
		{"signed nonsense", r.deliver("plein", []byte("<html>")), 400, "invalid_input"},
		{"the store cannot keep it", r.deliver("plein", bodyOf(changed)), 503, "unavailable"},
		{"no account", r.deliver("nobody", bodyOf(item("2", "x"))), 404, "not_found"},
		{"an account without webhook", r.deliver("muur", bodyOf(item("2", "x"))), 404, "not_found"},
		{"below an account", r.deliver("plein/x", bodyOf(item("2", "x"))), 404, "not_found"},
		{"no name", r.deliver("", bodyOf(item("2", "x"))), 404, "not_found"},
	} {
		c.got.refused(c.status, c.code)
		if said := string(c.got.raw); len(said) > 200 || strings.Contains(said, "disk") || strings.Contains(said, "settings") || strings.Contains(said, "signature") {
			t.Errorf("%s: a stranger is told %s", c.name, said)
		}
	}
	if got := r.deliver("plein", bodyOf(changed)).refused(503, "unavailable"); got.header.Get("Retry-After") == "" {
		t.Error("nobody says when to come back")
	}
	none, without := r.deliver("nobody", nil).refused(404, "not_found"), r.deliver("muur", nil).refused(404, "not_found")
	for _, each := range []*reply{none, without} {
		each.header.Del("Date")
	}
	if !bytes.Equal(none.raw, without.raw) || fmt.Sprint(none.header) != fmt.Sprint(without.header) {
		t.Errorf("an account without webhook can be told from none:\n%s %v\n%s %v", none.raw, none.header, without.raw, without.header)
	}
	if texts := r.texts(t, "1"); texts[0] != "Waar blijft het?" {
		t.Errorf("what was refused changed the mention: %q", texts)
	}
}

func TestHookTakesGetAndPostAlone(t *testing.T) {
	r, _ := hooked(t, web.Options{})
	for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "PROPFIND"} {
		got := r.nobody().send(method, r.url+"/hooks/plein", nil).refused(http.StatusMethodNotAllowed, "invalid_input")
		if got.header.Get("Allow") != "GET, POST" {
			t.Errorf("%s: allowed is %q", method, got.header.Get("Allow"))
		}
	}
	if got := r.nobody().send(http.MethodHead, r.url+"/hooks/plein", nil).is(http.StatusMethodNotAllowed); got.header.Get("Allow") != "GET, POST" {
		t.Errorf("HEAD: %v", got.header)
	}
}

func TestHookIsCountedWhereStaffLook(t *testing.T) {
	r, _ := hooked(t, web.Options{PublicURL: "https://desk.example/"})
	r.deliver("plein", bodyOf(item("1", "Waar blijft het?"))).is(http.StatusOK)
	r.nobody().send(http.MethodGet, r.url+"/hooks/plein?token="+platformSecret, nil).is(http.StatusAccepted)
	r.deliver("plein", []byte("{")).is(http.StatusBadRequest)
	for range 3 {
		r.nobody().send(http.MethodPost, r.url+"/hooks/plein", []byte("[]")).is(http.StatusUnauthorized)
	}
	withToken := r.withToken("mara", people.Read)
	got := withToken.get("/accounts").is(http.StatusOK)
	hook := func(name string) any { return got.at("items", 0, "webhook", name) }
	if hook("url") != "https://desk.example/hooks/plein" || hook("path") != "/hooks/plein" || hook("accepted") != 1.0 || hook("unproven") != 3.0 ||
		hook("unreadable") != 1.0 || hook("not_kept") != 0.0 || hook("last_reason") != "the signature is wrong" || hook("last_accepted") == nil || hook("confirmed") == nil {
		t.Errorf("the account is %s", got.raw)
	}
	metrics := string(r.nobody().send("GET", r.url+"/metrics", nil).is(200).raw)
	for _, want := range []string{
		`standpunt_webhook_deliveries_total{account="plein",outcome="accepted"} 1`, `standpunt_webhook_deliveries_total{account="plein",outcome="unproven"} 3`,
		`standpunt_http_requests_total{method="POST",route="/hooks/{account}",status="401"} 3`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics do not have %s", want)
		}
	}
	if strings.Contains(metrics, `account="muur",outcome`) {
		t.Error("an account without webhook has metrics of one")
	}
}

// raw opens a connection and sends the head of a delivery with a body of so many bytes.
func (r *rig) raw(account string, length int) net.Conn {
	r.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	check(r.t, err)
	r.t.Cleanup(func() { _ = conn.Close() })
	check(r.t, conn.SetDeadline(time.Now().Add(45*time.Second)))
	_, err = fmt.Fprintf(conn, "POST /hooks/%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", account, length)
	check(r.t, err)
	return conn
}

func TestHookDoesNotWaitForSlowSenders(t *testing.T) {
	for _, c := range []struct {
		account  string
		readTime time.Duration
		length   int
		status   int
	}{
		{"plein", 300 * time.Millisecond, 1000, http.StatusBadRequest},
		// These are answered at once, without a byte of the body.
		{"nobody", time.Minute, 1000, http.StatusNotFound},
		{"muur", time.Minute, 1000, http.StatusNotFound},
		{"plein", time.Minute, connectors.MaxDelivery + 1, http.StatusRequestEntityTooLarge},
	} {
		r, _ := hooked(t, web.Options{HookReadTime: c.readTime})
		conn := r.raw(c.account, c.length)
		_, err := conn.Write([]byte("["))
		check(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		check(t, err)
		_, err = io.Copy(io.Discard, answer.Body)
		check(t, errors.Join(err, answer.Body.Close()))
		if answer.StatusCode != c.status || !answer.Close {
			t.Errorf("%s, %d bytes: status %d, closing %v", c.account, c.length, answer.StatusCode, answer.Close)
		}
		var late net.Error
		if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil || errors.As(err, &late) && late.Timeout() {
			t.Errorf("%s: the connection goes on: %v", c.account, err)
		}
	}
}

// A sender that writes its whole body before it reads anything, as many do, gets
// the answer and no broken connection.
func TestHookAnswersWhoStillWrites(t *testing.T) {
	for _, c := range []struct {
		account string
		length  int
		status  int
	}{
		{"plein", 2 * connectors.MaxDelivery, http.StatusRequestEntityTooLarge},
		{"nobody", connectors.MaxDelivery, http.StatusNotFound},
	} {
		r, _ := hooked(t, web.Options{})
		conn := r.raw(c.account, c.length)
		_, err := conn.Write(bytes.Repeat([]byte(" "), c.length))
		check(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		check(t, err)
		text, err := io.ReadAll(answer.Body)
		check(t, errors.Join(err, answer.Body.Close()))
		if answer.StatusCode != c.status || !answer.Close || !json.Valid(text) {
			t.Errorf("%s, %d bytes: status %d, closing %v, %s", c.account, c.length, answer.StatusCode, answer.Close, text)
		}
	}
}

// Who holds the memory for deliveries and does not go on is sent away, and no
// delivery is refused for it.
func TestHookSendsSlowSendersAwayForOthers(t *testing.T) {
	r, _ := hookedOver(t, web.Options{HookReadTime: time.Minute}, connectors.RunnerOptions{DeliveryMemory: 50 << 10})
	conn := r.raw("plein", connectors.MaxDelivery)
	_, err := conn.Write(make([]byte, 4<<10))
	check(t, err)
	r.deliverUntilSentAway(func() (int, error) {
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return 0, err
		}
		return answer.StatusCode, answer.Body.Close()
	}, func(body []byte) { r.deliver("plein", body).is(http.StatusOK) })
}

// deliverUntilSentAway delivers, with bodies that want the slow sender's memory,
// until he has his answer, which has to be that he comes again.
func (r *rig) deliverUntilSentAway(slow func() (status int, err error), deliver func(body []byte)) {
	r.t.Helper()
	sentAway := make(chan error, 1)
	go func() {
		status, err := slow()
		if err == nil && status != http.StatusServiceUnavailable {
			err = fmt.Errorf("status %d", status)
		}
		sentAway <- err
	}()
	for {
		deliver(append(bytes.Repeat([]byte(" "), 30<<10), bodyOf(item("1", "Waar blijft het?"))...)) // 16 KiB and 32 while it grows to that
		select {
		case err := <-sentAway:
			if err != nil {
				r.t.Errorf("the slow sender: %v", err)
			}
			r.texts(r.t, "1")
			return
		default:
		}
	}
}

// A chunked body tells no length; the limit holds while it is read.
func TestHookLimitsABodyOfUnknownLength(t *testing.T) {
	r, p := hooked(t, web.Options{})
	for size, want := range map[int]int{connectors.MaxDelivery: http.StatusBadRequest, connectors.MaxDelivery + 1: http.StatusRequestEntityTooLarge, 64 << 20: http.StatusRequestEntityTooLarge} {
		body := bytes.Repeat([]byte(" "), size)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/hooks/plein", io.MultiReader(bytes.NewReader(body)))
		check(t, err)
		request.Header.Set("Signature", hex.EncodeToString(sign(body)))
		answer, err := http.DefaultClient.Do(request)
		if err != nil && size > 16<<20 {
			continue // the server hung up while we went on sending
		}
		check(t, err)
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%d bytes: status %d, want %d", size, answer.StatusCode, want)
		}
	}
	if len(p.bodies) != 1 {
		t.Errorf("the connector was given %d bodies", len(p.bodies))
	}
}

// burst sends deliveries all at once, each twice, and tells how long the slowest took.
func burst(t testing.TB, url string, n int) time.Duration {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	start := make(chan struct{})
	var mu sync.Mutex
	var slowest time.Duration
	var all sync.WaitGroup
	for i := range 2 * n {
		all.Go(func() {
			body := bodyOf(item(fmt.Sprintf("burst-%d", i%n), fmt.Sprintf("Waar blijft pakket %d?", i%n)))
			send := func() (int, error) {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/hooks/plein", bytes.NewReader(body))
				if err != nil {
					return 0, err
				}
				request.Header.Set("Signature", hex.EncodeToString(sign(body)))
				answer, err := client.Do(request)
				if err != nil {
					return 0, err
				}
				return answer.StatusCode, answer.Body.Close()
			}
			<-start
			began := time.Now()
			status, err := send()
			for tries := 1; err == nil && status == http.StatusServiceUnavailable && tries < 3; tries++ {
				t.Logf("delivery %d was put off: this machine is busy", i)
				status, err = send() // as a platform does
			}
			if err != nil || status != http.StatusOK {
				t.Errorf("delivery %d: status %d, %v", i, status, err)
			}
			mu.Lock()
			defer mu.Unlock()
			slowest = max(slowest, time.Since(began))
		})
	}
	close(start)
	all.Wait()
	return slowest
}

func TestABurstOfDeliveriesIsAbsorbed(t *testing.T) {
	r, _ := hooked(t, web.Options{})
	const n = 500 // each twice: 1,000 deliveries
	began := time.Now()
	slowest := burst(t, r.url, n)
	t.Logf("%d deliveries in %v, the slowest answered after %v", 2*n, time.Since(began), slowest)
	seen := make(map[string]bool)
	check(t, r.DB.View(t.Context(), func(tx *store.Tx) error {
		for i := range n {
			m, ok, err := r.Box.MentionByExternal(tx, "plein", fmt.Sprintf("burst-%d", i))
			if err != nil || !ok {
				return fmt.Errorf("delivery %d is lost: %w", i, err)
			}
			seen[m.ID.String()] = true
		}
		return nil
	}))
	list, after := 0, ""
	for {
		page, err := r.Box.List(t.Context(), inbox.Filter{Account: "plein"}, after, 100)
		check(t, err)
		list += len(page.Items)
		if after = page.Next; after == "" {
			break
		}
	}
	if len(seen) != n || list != n {
		t.Errorf("%d mentions in %d conversations, want %d of both", len(seen), list, n)
	}
	h := r.runner.Health()[slices.IndexFunc(r.runner.Health(), func(h connectors.AccountHealth) bool { return h.Account == "plein" })]
	if h.Webhook.Accepted != 2*n || h.New != n || h.Duplicates != n || h.Webhook.Unproven+h.Webhook.Unreadable != 0 {
		t.Errorf("the burst is counted as %+v", h)
	}
	if lines := strings.Count(r.log.String(), "/hooks/"); lines > 0 {
		t.Errorf("%d log lines for a burst", lines)
	}
	check(t, r.DB.Check(t.Context()))
}

// BenchmarkHooks is one delivery of one mention from many senders, over HTTP
// and with fsync.
func BenchmarkHooks(b *testing.B) {
	r := approvaltest.New(b)
	p := connectors.Live{Account: connectors.Account{Name: "plein"}, Connector: new(platform)}
	runner := connectors.NewRunner(connectors.RunnerOptions{Inbox: r.Box, Observer: r.Approvals}, p)
	server, err := web.New(web.Deps{Staff: r.Staff, Box: r.Box, Approvals: r.Approvals, Log: r.Log, Sources: runner, Hooks: runner}, web.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := server.Stop(context.Background()); err != nil {
			b.Error(err)
		}
	}()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	var n atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			body := bodyOf(item(fmt.Sprintf("bench-%d", n.Add(1)), "Waar blijft mijn pakket?"))
			request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL()+"/hooks/plein", bytes.NewReader(body))
			if err != nil {
				b.Error(err)
				return
			}
			request.Header.Set("Signature", hex.EncodeToString(sign(body)))
			answer, err := client.Do(request)
			if err != nil {
				b.Error(err)
				return
			}
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				b.Errorf("status %d", answer.StatusCode)
			}
		}
	})
}
