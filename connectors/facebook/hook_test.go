package facebook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"standpunt/approval/approvaltest"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/facebook"
	"standpunt/connectors/facebook/replay/platform"
	"standpunt/inbox"
	"standpunt/internal/fault"
)

// pushed is a platform that delivers, with messages, and a connector to it.
func pushed(t *testing.T, o platform.Options) (*remote, *facebook.Pushed) {
	t.Helper()
	r := newRemote(t, o)
	r.private, r.pushed = true, true
	c, ok := r.Connect(t, connectors.Account{Backfill: time.Hour}).(*facebook.Pushed)
	if !ok {
		t.Fatal("with a verify_token nothing takes deliveries")
	}
	return r, c
}

// receive hands the connector a request.
func receive(t *testing.T, c *facebook.Pushed, r *http.Request) (connectors.WebhookAnswer, error) {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return c.Receive(t.Context(), r, body)
}

// delivered is what the connector makes of a delivery about one thing.
func delivered(t *testing.T, r *remote, c *facebook.Pushed, id string) connectors.Page {
	t.Helper()
	answer, err := receive(t, c, r.Notify(t, id))
	if err != nil || answer.Status != 0 {
		t.Fatalf("%d, %v", answer.Status, err)
	}
	return answer.Page
}

// raw is a signed delivery of one entry.
func raw(t *testing.T, c *facebook.Pushed, entry string) connectors.WebhookAnswer {
	t.Helper()
	body := `{"object":"page","entry":[` + entry + `]}`
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	r.Header.Set("X-Hub-Signature-256", platform.Sign(secret, []byte(body)))
	answer, err := receive(t, c, r)
	if err != nil {
		t.Fatalf("%s: %v", entry, err)
	}
	return answer
}

func feed(value string) string {
	return fmt.Sprintf(`{"id":%q,"time":%d,"changes":[{"field":"feed","value":%s}]}`, pageID, time.Now().Unix(), value)
}

// alike compares what makes two deliveries of a thing one mention.
func alike(t *testing.T, told, polled *inbox.Inbound) {
	t.Helper()
	if told == nil || polled == nil {
		t.Errorf("told %+v, polled %+v", told, polled)
		return
	}
	a, b := *told, *polled
	a.URL, b.URL = "", "" // a webhook does not tell a comment's, and it is no reason for another mention
	if fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) {
		t.Errorf("\ntold   %+v\npolled %+v", a, b)
	}
	if told.URL == "" {
		t.Errorf("%s has no address", told.ExternalID)
	}
}

// TestWhatIsToldIsWhatIsPolled also holds that a delivery which tells all costs
// no call.
func TestWhatIsToldIsWhatIsPolled(t *testing.T) {
	for _, senders := range []bool{false, true} {
		r, c := pushed(t, platform.Options{})
		r.p.Listen(platform.Push{Senders: senders})
		visit := r.p.Visit(platform.Said{Name: "Jan", Text: "op de pagina"})
		top := r.p.Comment(r.post, platform.Said{Name: "Eva", Text: "emoji 👨‍👩‍👧‍👦, שלום \u202eom\u202c"})
		things := map[string]int{ // and the calls that each costs
			visit: 0, top: 0,
			r.p.Comment(top, platform.Said{Name: "Mo", Text: "eronder"}):                   0,
			r.p.Comment(visit, platform.Said{Text: "naamloos"}):                            1,
			r.p.Comment(visit, platform.Said{Name: "Bo", Text: "met foto", Picture: true}): 1,
			r.p.Visit(platform.Said{Name: "Bo", Picture: true}):                            1,
			r.p.Tag(platform.Said{Name: "Mo", Text: "elders genoemd"}):                     1,
			r.p.Write(platform.Said{Name: "Eva", Text: "waar blijft mijn pakket?"}):        1, // her name
			r.p.Write(platform.Said{Name: "Eva", Text: "", Picture: true}):                 0,
		}
		told := make(map[string]*inbox.Inbound)
		for _, id := range order(things) {
			before := r.p.Calls()
			page := delivered(t, r, c, id)
			if told[id] = mention(page, id); len(page.Mentions) != 1 {
				t.Errorf("%d mentions of %s", len(page.Mentions), id)
			}
			if calls := r.p.Calls() - before; calls != things[id] {
				t.Errorf("%s cost %d calls, want %d", id, calls, things[id])
			}
		}
		polled := connectortest.Walk(t, r.fresh(t), nil)
		for id := range things {
			alike(t, told[id], mention(polled, id))
		}
		if again := connectortest.Walk(t, c.Connector, nil); fmt.Sprint(ids(again)) != fmt.Sprint(ids(polled)) {
			t.Errorf("after deliveries a poll brings %v, want %v", ids(again), ids(polled))
		}
	}
}

// fresh is a connector as a new process has it, to which nothing is delivered.
func (r *remote) fresh(t *testing.T) *facebook.Connector {
	t.Helper()
	s := r.settings(goodToken)
	delete(s, "verify_token")
	return r.connect(t, connectors.Account{Backfill: time.Hour}, s)
}

func order(things map[string]int) (list []string) {
	for id := range things {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

func ids(p connectors.Page) (list []string) {
	for _, m := range p.Mentions {
		list = append(list, m.ExternalID)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func TestAMentionElsewhereIsAnswerable(t *testing.T) {
	r, c := pushed(t, platform.Options{})
	post, comment := r.p.Mention(platform.Said{Name: "Mo", Text: "@Noordlicht kijk hier eens"})
	m := mention(delivered(t, r, c, comment), comment)
	if m == nil || m.Thread != post || m.Author.Name != "Mo" || m.PostedAt.IsZero() || m.Kind != "comment" {
		t.Fatalf("%+v", m)
	}
	rel := approvaltest.Release(t, "page", pageID, *m, "Wij kijken mee.")
	if receipt, err := c.Publish(t.Context(), rel); err != nil || receipt.ExternalID == "" || !slices.Equal(r.p.Answers(comment), []string{"Wij kijken mee."}) {
		t.Errorf("%+v, %v, %q", receipt, err, r.p.Answers(comment))
	}
	r.p.Fail(platform.Fault{Status: 400, Body: `{"error":{"code":10}}`}) // it may not be read, and was told of all the same
	_, comment = r.p.Mention(platform.Said{Name: "Mo", Text: "@Noordlicht en hier"})
	m = mention(delivered(t, r, c, comment), comment)
	if m == nil || m.Text != "@Noordlicht en hier" || m.Author.ExternalID == "" || m.PostedAt.IsZero() {
		t.Errorf("%+v", m)
	}
}

func TestOwnPostsAreNoMentions(t *testing.T) {
	r, c := pushed(t, platform.Options{})
	ours := r.p.Comment(r.post, platform.Said{Name: "", Text: "x"})
	r.p.Erase(ours)
	own := func(entry, id, text string) {
		t.Helper()
		answer := raw(t, c, entry)
		if len(answer.Page.Mentions) != 0 || len(answer.Page.Own) != 1 || answer.Page.Own[0].ExternalID != id || answer.Page.Own[0].Text != text {
			t.Errorf("%+v", answer.Page)
		}
	}
	comment := `{"item":"comment","verb":%q,"comment_id":"3_9","post_id":"100200300_3","parent_id":"100200300_3","message":"van ons","created_time":1770000000,%s}`
	own(feed(fmt.Sprintf(comment, "add", `"from":{"id":"100200300","name":"Noordlicht"}`)), "3_9", "van ons")
	own(feed(fmt.Sprintf(comment, "add", `"sender_id":100200300,"sender_name":"Noordlicht"`)), "3_9", "van ons")
	own(feed(`{"item":"status","verb":"add","post_id":"100200300_4","from":{"id":"100200300"},"message":"nieuws","created_time":1770000000,"published":1}`), "100200300_4", "nieuws")
	echo := fmt.Sprintf(`{"id":%q,"time":1770000000000,"messaging":[{"sender":{"id":%q},"recipient":{"id":"77"},"timestamp":1770000000000,"message":{"mid":"m_1","text":"dag","is_echo":true}}]}`, pageID, pageID)
	own(echo, "m_1", "dag")
	// The echo of what we send is known by its id alone, whoever it says it is from.
	id := r.p.Write(platform.Said{Name: "Eva", Text: "vraag"})
	m := mention(delivered(t, r, c, id), id)
	receipt, err := c.Publish(t.Context(), approvaltest.Release(t, "page", pageID, *m, "antwoord"))
	if err != nil {
		t.Fatal(err)
	}
	if page := delivered(t, r, c, receipt.ExternalID); len(page.Own) != 1 || page.Own[0].ExternalID != receipt.ExternalID || len(page.Mentions) != 0 {
		t.Errorf("our own message came back as %+v", page)
	}
}

func TestEditsDeletionsAndHidings(t *testing.T) {
	r, c := pushed(t, platform.Options{})
	id := r.p.Comment(r.post, platform.Said{Name: "Eva", Text: "eerst"})
	first := delivered(t, r, c, id)
	late := r.Notify(t, id) // it was lost on its way
	r.p.Edit(id, "daarna")
	if m := mention(delivered(t, r, c, id), id); m == nil || m.Text != "daarna" || m.EditedAt.IsZero() || !m.PostedAt.Equal(first.Mentions[0].PostedAt) {
		t.Errorf("the edit came as %+v", m)
	}
	if answer, err := receive(t, c, late); err != nil || len(answer.Page.Mentions) > 0 {
		t.Errorf("what was late came as %+v, %v", answer.Page, err)
	}
	again := mention(connectortest.Walk(t, c.Connector, nil), id)
	if again.Text != "daarna" || !again.EditedAt.Equal(mention(delivered(t, r, c, id), id).EditedAt) {
		t.Errorf("polled after the edit was told: %+v", again)
	}
	for _, verb := range []string{"hide", "unhide", "mute", "block", "unblock", "follow", "like", ""} {
		change := fmt.Sprintf(`{"item":"comment","verb":%q,"comment_id":%q,"post_id":%q,"is_hidden":true}`, verb, id, r.post)
		if answer := raw(t, c, feed(change)); len(answer.Page.Mentions)+len(answer.Page.Own) > 0 {
			t.Errorf("%s brought %+v", verb, answer.Page)
		}
	}
	for _, verb := range []string{"remove", "delete"} {
		change := fmt.Sprintf(`{"item":"comment","verb":%q,"comment_id":%q,"post_id":%q}`, verb, id, r.post)
		if answer := raw(t, c, feed(change)); len(answer.Page.Mentions) != 1 || !answer.Page.Mentions[0].Deleted {
			t.Errorf("%s brought %+v", verb, answer.Page)
		}
	}
	if page := delivered(t, r, c, id); len(page.Mentions) != 0 {
		t.Errorf("what was deleted came back as %+v", page.Mentions)
	}
	mid := r.p.Write(platform.Said{Name: "Eva", Text: "getypt"})
	m := mention(delivered(t, r, c, mid), mid)
	r.p.EditMessage(mid, "verbeterd")
	e := mention(delivered(t, r, c, mid), mid)
	if e == nil || e.Text != "verbeterd" || e.EditedAt.IsZero() || !e.PostedAt.Equal(m.PostedAt) || fmt.Sprint(e.Route) != fmt.Sprint(m.Route) {
		t.Errorf("the edited message is %+v", e)
	}
	r.p.Unsend(mid)
	if g := mention(delivered(t, r, c, mid), mid); g == nil || !g.Deleted {
		t.Errorf("the withdrawn message is %+v", g)
	}
}

func TestWithoutMessengerMessagesArePassedOver(t *testing.T) {
	r := newRemote(t, platform.Options{})
	r.pushed = true
	c, ok := r.Connect(t, connectors.Account{Backfill: time.Hour}).(*facebook.Pushed)
	if !ok {
		t.Fatal("with a verify_token nothing takes deliveries")
	}
	id := r.p.Write(platform.Said{Name: "Eva", Text: "onder vier ogen"})
	if page := delivered(t, r, c, id); len(page.Mentions)+len(page.Own) > 0 {
		t.Errorf("delivered: %+v", page)
	}
	if page := connectortest.Walk(t, c.Connector, nil); mention(page, id) != nil {
		t.Error("it was polled")
	}
	m := inbox.Inbound{ExternalID: id, Thread: "messenger-77", Kind: "message", Visibility: inbox.Private, Author: inbox.Author{ExternalID: "77"}, Text: "vraag",
		Route: []inbox.Field{{Name: "Messenger recipient", Value: "77"}, {Name: "Customer wrote at", Value: time.Now().UTC().Format(time.RFC3339)}}}
	if _, err := c.Publish(t.Context(), approvaltest.Release(t, "page", pageID, m, "antwoord")); connectors.KindOf(err) != connectors.NotAllowed || !strings.Contains(err.Error(), "messenger") && !strings.Contains(err.Error(), "messages") {
		t.Errorf("it was answered: %v", err)
	}
}

func TestNonsenseFailsNothingElse(t *testing.T) {
	r, c := pushed(t, platform.Options{})
	good := fmt.Sprintf(`{"item":"comment","verb":"add","comment_id":"3_9","post_id":%q,"parent_id":%q,"message":"dag","created_time":1770000000,"from":{"id":"77"}}`, r.post, r.post)
	changes := []string{
		`{"field":"feed","value":null}`, `{"field":"feed","value":5}`, `{"field":"feed","value":{"item":{}}}`, `{"field":"feed"}`, `{"field":"unknown","value":{}}`,
		`{"field":"feed","value":{"item":"reaction","verb":"add","post_id":"100200300_3"}}`, `{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"../1","post_id":"1_2"}}`,
		`{"field":"feed","value":{"item":"share","verb":"add","post_id":"999_3","message":"gedeeld"}}`, `{"field":"feed","value":{"item":"status","verb":"add","post_id":"100200300_8","published":0,"message":"later"}}`,
		`{"field":"feed","value":` + good + `}`,
	}
	answer := raw(t, c, `{"id":"100200300","time":1,"changes":[`+strings.Join(changes, ",")+`],"messaging":[null,5,{},{"message":{"mid":"../1"}},
		{"sender":{"id":"77"},"recipient":{"id":"100200300"},"read":{"watermark":5}},{"sender":{"id":"77"},"recipient":{"id":"100200300"},"delivery":{"mids":["m_1"]}},
		{"sender":{"id":"77"},"recipient":{"id":"55"},"timestamp":1770000000000,"message":{"mid":"m_1","text":"niet voor ons"}}]}`)
	if got := ids(answer.Page); !slices.Equal(got, []string{"3_9"}) || len(answer.Page.Own) != 0 {
		t.Errorf("%v came in, and %+v", got, answer.Page.Own)
	}
	answer = raw(t, c, `{"id":"900","changes":[]},{"id":"900"},{"id":"901"},{"id":"no id"},{}`)
	if !slices.Equal(answer.Others, []string{"900", "901"}) || len(answer.Page.Mentions) != 0 {
		t.Errorf("for other Pages: %+v", answer)
	}
}

// TestAnEntryThatMakesNoSenseHoldsNothingElseUp delivers entries that are not of
// the form that Facebook's have beside a good one, to the account's address.
func TestAnEntryThatMakesNoSenseHoldsNothingElseUp(t *testing.T) {
	for _, mad := range []string{
		`3`, `"klant-eva"`, `[]`, `{"id":"100200300","changes":[3]}`, `{"id":"100200300","changes":{"klant":"eva"}}`, `{"id":"100200300","messaging":5}`,
		`{"id":"100200300","changes":[{"field":{}}]}`,
	} {
		r, c := pushed(t, platform.Options{})
		rig := approvaltest.New(t)
		runner := connectors.NewRunner(connectors.RunnerOptions{Inbox: rig.Box, Observer: rig.Approvals},
			connectors.Live{Account: connectors.Account{Name: "plein", Kind: "facebook"}, Connector: c})
		good := feed(fmt.Sprintf(`{"item":"comment","verb":"add","comment_id":"3_9","post_id":%q,"parent_id":%q,"message":"dag","created_time":1770000000,"from":{"id":"77"}}`, r.post, r.post))
		tell := func(entries string) connectors.AccountHealth {
			t.Helper()
			body := []byte(`{"object":"page","entry":[` + entries + `]}`)
			q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, address, bytes.NewReader(body))
			q.Header.Set("X-Hub-Signature-256", platform.Sign(secret, body))
			if answer, err := runner.Receive("plein", q); err != nil || answer.Status != http.StatusOK {
				t.Errorf("%s: answered with %d, %v: it comes again and again", mad, answer.Status, err)
			}
			return runner.Health()[0]
		}
		started(t, runner) // health is shown from the first poll on
		h := tell(mad + "," + good)
		if h.New != 1 || h.State != connectors.Degraded || h.ProblemKind != connectors.Garbage || h.Remedy == "" || strings.Contains(h.Problem+h.Remedy, "klant") {
			t.Errorf("%s: %+v", mad, h)
		}
		if h = tell(good); h.State != connectors.OK || h.Problem != "" {
			t.Errorf("%s: after a good delivery %+v", mad, h)
		}
	}
}

// started starts a runner for the time of the test, and waits for its first
// account's first poll.
func started(t *testing.T, runner *connectors.Runner) {
	t.Helper()
	changed, unwatch := runner.Watch()
	defer unwatch()
	if err := runner.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := runner.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	for deadline := time.After(time.Minute); runner.Health()[0].LastSuccess.IsZero(); {
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("never polled: %+v", runner.Health()[0])
		}
	}
}

func TestWhatCannotBeLearnedNowComesAgain(t *testing.T) {
	r, c := pushed(t, platform.Options{})
	nameless := r.p.Comment(r.post, platform.Said{Text: "naamloos"})
	r.p.Fail(platform.Fault{Status: 503, Body: "later"})
	whole := fmt.Sprintf(`{"item":"comment","verb":"add","comment_id":"3_9","post_id":%q,"parent_id":%q,"message":"dag","created_time":1770000000,"from":{"id":"77"}}`, r.post, r.post)
	short := fmt.Sprintf(`{"item":"comment","verb":"add","comment_id":%q,"post_id":%q,"message":"naamloos"}`, nameless, r.post)
	answer := raw(t, c, feed(short)+","+feed(whole))
	if answer.Status != http.StatusServiceUnavailable || !slices.Equal(ids(answer.Page), []string{"3_9"}) {
		t.Errorf("%d with %v", answer.Status, ids(answer.Page))
	}
	if answer = raw(t, c, feed(short)+","+feed(whole)); answer.Status != 0 || len(answer.Page.Mentions) != 2 {
		t.Errorf("%d with %v", answer.Status, ids(answer.Page))
	}
	// A batch that leaves out more than may be asked for is taken as it is told.
	var many []string
	for i := range 120 {
		many = append(many, feed(fmt.Sprintf(`{"item":"comment","verb":"add","comment_id":"3_%d","post_id":%q,"message":"kort"}`, 1000+i, r.post)))
	}
	before := r.p.Calls()
	if answer = raw(t, c, strings.Join(many, ",")); answer.Status != 0 || len(answer.Page.Mentions) != 120 {
		t.Errorf("%d with %d mentions", answer.Status, len(answer.Page.Mentions))
	}
	if calls := r.p.Calls() - before; calls > 50 {
		t.Errorf("%d calls while Facebook waits for an answer", calls)
	}
}

// TestThroughTheRunner is the whole way: Facebook's question, deliveries over
// HTTP that come twice, in the wrong order and again after trouble, and polls
// of the same things; every mention once, nothing lost.
func TestThroughTheRunner(t *testing.T) {
	r, c := pushed(t, platform.Options{})
	rig := approvaltest.New(t)
	runner := connectors.NewRunner(connectors.RunnerOptions{Inbox: rig.Box, Observer: rig.Approvals},
		connectors.Live{Account: connectors.Account{Name: "plein", Kind: "facebook"}, Connector: c})
	var broken atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if broken.Load() > 0 && broken.Add(-1) >= 0 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		answer, err := runner.Receive("plein", q)
		if err != nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", answer.Type)
		w.WriteHeader(answer.Status)
		_, _ = w.Write(answer.Body)
	}))
	defer server.Close()
	if err := r.p.Subscribe(t.Context(), platform.Push{URL: server.URL, VerifyToken: "verify-token-of-nobody"}); err == nil {
		t.Error("a wrong verify_token is taken")
	}
	if err := r.p.Subscribe(t.Context(), platform.Push{URL: server.URL, VerifyToken: verify, Duplicate: true, Shuffle: true, Batch: 7}); err != nil {
		t.Fatal(err)
	}
	want := make(map[string]string)
	for i := range 40 {
		text := fmt.Sprint("vraag ", i)
		want[r.p.Comment(r.post, platform.Said{Name: fmt.Sprint("Eva ", i), Text: text})] = text
		want[r.p.Write(platform.Said{Name: fmt.Sprint("Jan ", i), Text: text})] = text
	}
	edited := r.p.Comment(r.post, platform.Said{Name: "Mo", Text: "eerst"})
	r.p.Edit(edited, "daarna")
	want[edited] = "daarna"
	erased := r.p.Comment(r.post, platform.Said{Name: "Bo", Text: "toch niet"})
	r.p.Erase(erased)
	broken.Store(3)
	if r.p.Flush(t.Context()) == nil {
		t.Error("three deliveries were lost, and nobody noticed")
	}
	if err := r.p.Flush(t.Context()); err != nil {
		t.Error(err)
	}
	count := func() int {
		list, err := rig.Box.List(t.Context(), inbox.Filter{}, "", 200)
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, talk := range list.Items {
			found, err := rig.Box.Thread(t.Context(), talk.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range found.Mentions {
				total++
				if text, ok := want[m.ExternalID]; ok && (m.Text != text || !m.DeletedAt.IsZero()) || !ok && m.DeletedAt.IsZero() {
					t.Errorf("%s says %q, want %q", m.ExternalID, m.Text, text)
				}
				if m.ExternalID != edited && len(m.Earlier) > 0 {
					t.Errorf("%s was never edited", m.ExternalID)
				}
			}
		}
		return total
	}
	if n := count(); n != len(want) && n != len(want)+1 {
		t.Errorf("%d mentions, want %d", n, len(want))
	}
	told := count()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := runner.Start(ctx); err != nil {
		t.Fatal(err)
	}
	changed, unwatch := runner.Watch()
	defer unwatch()
	for deadline := time.After(time.Minute); runner.Health()[0].LastSuccess.IsZero(); {
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("never polled: %+v", runner.Health()[0])
		}
	}
	if err := runner.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != told {
		t.Errorf("a poll made %d mentions of %d", n, told)
	}
	list, _, err := rig.Approvals.PublishedOutside(t.Context(), "", 10)
	if err != nil || len(list) > 0 {
		t.Errorf("published outside: %+v, %v", list, err)
	}
	request := r.Notify(t, edited)
	request.Header.Set("X-Hub-Signature-256", platform.Sign("another", nil))
	if _, err := runner.Receive("plein", request); err == nil {
		t.Error("a delivery that Facebook did not sign came in")
	}
}

func TestMessengersWindow(t *testing.T) {
	for _, c := range []struct {
		name       string
		age        time.Duration
		human      bool // in our settings
		allowed    bool // by Meta
		kind       connectors.ErrorKind
		sent       bool
		answerable bool
	}{
		{"fresh", time.Minute, false, false, "", true, true},
		{"just in time", 23 * time.Hour, false, false, "", true, true},
		{"a day old", 25 * time.Hour, false, false, connectors.NotAllowed, false, false},
		{"a day old, by a person", 25 * time.Hour, true, true, "", true, true},
		{"a day old, by a person whom Meta does not allow", 25 * time.Hour, true, false, connectors.NotAllowed, false, true},
		{"eight days old, by a person", 8 * 24 * time.Hour, true, true, connectors.NotAllowed, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRemote(t, platform.Options{HumanAgent: c.allowed})
			r.private = true
			s := r.settings(goodToken)
			s["human_agent"] = c.human
			conn := r.connect(t, connectors.Account{Backfill: 30 * 24 * time.Hour}, s)
			id := r.p.Write(platform.Said{Name: "Eva", Text: "vraag", At: time.Now().Add(-c.age)})
			m := mention(connectortest.Walk(t, conn, nil), id)
			if m == nil || m.Visibility != inbox.Private || m.Kind != "message" {
				t.Fatalf("%+v", m)
			}
			why := conn.Unanswerable(&inbox.Mention{Kind: m.Kind, Visibility: m.Visibility, PostedAt: m.PostedAt}, time.Now())
			if (why == "") != c.answerable {
				t.Errorf("unanswerable: %q", why)
			}
			rel, before := approvaltest.Release(t, "page", pageID, *m, "antwoord"), r.p.Calls()
			receipt, err := conn.Publish(t.Context(), rel)
			var e *connectors.Error
			switch {
			case c.sent && (err != nil || receipt.ExternalID == ""):
				t.Errorf("%+v, %v", receipt, err)
			case !c.sent && (!errors.As(err, &e) || e.Kind != c.kind || e.Remedy == "" || e.Kind.Retryable()):
				t.Errorf("%v, want kind %s", err, c.kind)
			case !c.sent && !c.answerable && r.p.Calls() != before:
				t.Error("it was refused by a call")
			}
			if got := r.p.Messages("Eva"); (len(got) == 1) != c.sent {
				t.Errorf("sent: %q", got)
			}
			if !c.sent {
				return
			}
			found, err := conn.Find(t.Context(), rel.Attempt())
			if err != nil || found.Outcome != connectors.Present || found.Receipt.ExternalID != receipt.ExternalID || found.Text != "antwoord" {
				t.Errorf("looked up by text and time: %+v, %v", found, err)
			}
			known := rel.Attempt()
			known.Receipt = receipt
			if found, err = conn.Find(t.Context(), known); err != nil || found.Outcome != connectors.Present || found.Text != "antwoord" {
				t.Errorf("looked up by id: %+v, %v", found, err)
			}
		})
	}
}

func TestIdentityTellsWhatIsNotDelivered(t *testing.T) {
	r, c := pushed(t, platform.Options{})
	note := func() string {
		who, err := c.Identity(t.Context())
		if err != nil || !who.CanSend {
			t.Fatalf("%+v, %v", who, err)
		}
		return who.Note
	}
	if got := note(); !strings.Contains(got, "feed, mention, messages, message_echoes, message_edits, messaging_postbacks") {
		t.Errorf("without any subscription: %q", got)
	}
	r.p.Listen(platform.Push{Missing: []string{"mention", "message_edits"}})
	if got := note(); !strings.Contains(got, "mention, message_edits:") || strings.Contains(got, "feed,") {
		t.Errorf("without some: %q", got)
	}
	r.p.Listen(platform.Push{})
	if got := note(); got != "" {
		t.Errorf("with all: %q", got)
	}
	// As docs/platforms/facebook.md has it done, in step 5.
	install := func(fields string) string {
		proof := strings.TrimPrefix(platform.Sign(secret, []byte(goodToken)), "sha256=")
		form := url.Values{"subscribed_fields": {fields}, "access_token": {goodToken}, "appsecret_proof": {proof}}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.URL+"/v26.0/"+pageID+"/subscribed_apps", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		said, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(said))
	}
	if said := install("feed,mention"); said != `{"success":true}` {
		t.Errorf("installing the app is answered with %s", said)
	}
	if got := note(); !strings.Contains(got, "messages, message_echoes, message_edits, messaging_postbacks:") {
		t.Errorf("installed for some: %q", got)
	}
	if said := install("feed,mentoin"); !strings.Contains(said, "must be one of") {
		t.Errorf("a field that is none is answered with %s", said)
	}
	r2, c2 := pushed(t, platform.Options{Permissions: all})
	r2.p.Listen(platform.Push{})
	who, err := c2.Identity(t.Context())
	if err != nil || !strings.Contains(who.Note, "pages_messaging, pages_manage_metadata") {
		t.Errorf("without permissions: %+v, %v", who, err)
	}
}

func TestSettingsOfDeliveries(t *testing.T) {
	r := newRemote(t, platform.Options{})
	for key, change := range map[string]map[string]any{
		"settings.verify_token": {"verify_token": "short"},
		"settings.app_secret":   {"verify_token": verify, "app_secret": nil},
		"settings.human_agent":  {"human_agent": true},
	} {
		s := r.settings(goodToken)
		for name, value := range change {
			if s[name] = value; value == nil {
				delete(s, name)
			}
		}
		problems := problemsOf(t, s)
		if len(problems) != 1 || problems[0].Key != key || problems[0].Remedy == "" {
			t.Errorf("%v: %v", change, problems)
		}
	}
	if _, ok := r.Connect(t, connectors.Account{}).(connectors.Webhook); ok {
		t.Error("without a verify_token there is an address for deliveries")
	}
}

func TestErrorsOfDeliveriesSayNothingOfCustomers(t *testing.T) {
	_, c := pushed(t, platform.Options{})
	for _, body := range []string{`{"object":"page","entry":"klant-eva"}`, `klant-eva`, `{"object":"klant-eva"}`} {
		for _, key := range []string{secret, "another"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
			r.Header.Set("X-Hub-Signature-256", platform.Sign(key, []byte(body)))
			_, err := c.Receive(t.Context(), r, []byte(body))
			text, _ := json.Marshal(fmt.Sprintf("%+v", err))
			if err == nil || strings.Contains(string(text), "klant") || strings.Contains(string(text), secret) {
				t.Errorf("%s: %s", body, text)
			}
		}
	}
}

// unkept fails to keep the first page that comes.
type unkept struct {
	*inbox.Inbox
	failed atomic.Bool
}

func (u *unkept) Ingest(ctx context.Context, account inbox.AccountName, items []inbox.Inbound, next inbox.Cursor) (inbox.Ingested, error) {
	if !u.failed.Swap(true) {
		return inbox.Ingested{}, errors.New("the disk is full")
	}
	return u.Inbox.Ingest(ctx, account, items, next)
}

// TestWhatCouldNotBeKeptIsTakenWhenItComesAgain delivers something that happened
// an hour ago and that Facebook was asked about, while the disk is full.
func TestWhatCouldNotBeKeptIsTakenWhenItComesAgain(t *testing.T) {
	r, c := pushed(t, platform.Options{})
	rig := approvaltest.New(t)
	runner := connectors.NewRunner(connectors.RunnerOptions{Inbox: &unkept{Inbox: rig.Box}, Observer: rig.Approvals},
		connectors.Live{Account: connectors.Account{Name: "plein", Kind: "facebook"}, Connector: c})
	post, comment := r.p.Mention(platform.Said{Name: "Mo", Text: "@Noordlicht kijk hier eens"})
	body := fmt.Appendf(nil, `{"object":"page","entry":[{"id":%q,"time":%d,"changes":[{"field":"mention","value":{"item":"comment","verb":"add","comment_id":%q,"post_id":%q,"message":"@Noordlicht kijk hier eens"}}]}]}`,
		pageID, time.Now().Add(-time.Hour).Unix(), comment, post)
	for round := range 2 {
		q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, address, bytes.NewReader(body))
		q.Header.Set("X-Hub-Signature-256", platform.Sign(secret, body))
		if _, err := runner.Receive("plein", q); (err == nil) != (round == 1) {
			t.Errorf("delivery %d: %v", round, err)
		}
	}
	list, err := rig.Box.List(t.Context(), inbox.Filter{}, "", 10)
	if err != nil || len(list.Items) != 1 {
		t.Errorf("the mention is lost: %+v, %v", list.Items, err)
	}
}

// pageOf is a Page of an app that has several, and the account that it is.
func pageOf(t *testing.T, name, page string) (p *platform.Platform, post string, account connectors.Live) {
	t.Helper()
	p, post = platform.New(platform.Options{PageID: page, PageName: name, Token: goodToken, AppSecret: secret, Version: "v26.0", Permissions: all})
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	made, err := facebook.New(connectors.Account{Settings: config.NewSettings(map[string]any{
		"base_url": server.URL, "page_id": page, "access_token": goodToken, "app_secret": secret, "verify_token": verify,
	})})
	if err != nil {
		t.Fatal(err)
	}
	return p, post, connectors.Live{Account: connectors.Account{Name: inbox.AccountName(name), Kind: "facebook"}, Connector: made}
}

// TestOnePagesTroubleKeepsNothingFromAnother delivers for two Pages at once, to
// the address of the one whose token is dead, before either said who it is.
func TestOnePagesTroubleKeepsNothingFromAnother(t *testing.T) {
	rig := approvaltest.New(t)
	p, post, first := pageOf(t, "plein", "100")
	_, other, second := pageOf(t, "markt", "200")
	runner := connectors.NewRunner(connectors.RunnerOptions{Inbox: rig.Box, Observer: rig.Approvals}, first, second)
	p.Revoke()
	change := `{"id":%q,"time":%d,"changes":[{"field":"feed","value":{"item":"comment","verb":"add","comment_id":"7_8","post_id":%q%s}}]}`
	body := fmt.Appendf(nil, `{"object":"page","entry":[`+change+`,`+change+`]}`, "100", time.Now().Unix(), post, "",
		"200", time.Now().Unix(), other, fmt.Sprintf(`,"parent_id":%q,"message":"een vraag","created_time":%d,"from":{"id":"77"}`, other, time.Now().Unix()))
	q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, address, bytes.NewReader(body))
	q.Header.Set("X-Hub-Signature-256", platform.Sign(secret, body))
	if _, err := runner.Receive("plein", q); !fault.Is(err, fault.Unavailable) {
		t.Errorf("what could not be learned was answered with %v", err)
	}
	list, err := rig.Box.List(t.Context(), inbox.Filter{}, "", 10)
	if err != nil || len(list.Items) != 1 || list.Items[0].Account != "markt" {
		t.Errorf("%+v, %v", list.Items, err)
	}
}

// TestTwoPagesOfOneApp holds that what is about another Page reaches its
// account over the one address that the app has, and comes again where that
// one could not learn all of it.
func TestTwoPagesOfOneApp(t *testing.T) {
	rig := approvaltest.New(t)
	_, _, first := pageOf(t, "plein", "100")
	p, post, second := pageOf(t, "markt", "200")
	runner := connectors.NewRunner(connectors.RunnerOptions{Inbox: rig.Box, Observer: rig.Approvals}, first, second)
	changed, unwatch := runner.Watch()
	defer unwatch()
	if err := runner.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.After(time.Minute); runner.Health()[1].LastSuccess.IsZero() || runner.Health()[1].Identity.RemoteID == ""; {
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%+v", runner.Health()[1])
		}
	}
	if err := runner.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	nameless := p.Comment(post, platform.Said{Text: "op de andere pagina"})
	told := func() error {
		body := fmt.Appendf(nil, `{"object":"page","entry":[{"id":"200","time":%d,"changes":[{"field":"feed","value":{"item":"comment","verb":"add","comment_id":%q,"post_id":%q,"message":"op de andere pagina"}}]}]}`, time.Now().Unix(), nameless, post)
		q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, address, bytes.NewReader(body))
		q.Header.Set("X-Hub-Signature-256", platform.Sign(secret, body))
		_, err := runner.Receive("plein", q)
		return err
	}
	p.Fail(platform.Fault{Status: 503, Body: "later"})
	if err := told(); !fault.Is(err, fault.Unavailable) {
		t.Errorf("what could not be learned was answered with %v", err)
	}
	if err := told(); err != nil {
		t.Errorf("the second time it was answered with %v", err)
	}
	list, err := rig.Box.List(t.Context(), inbox.Filter{}, "", 10)
	if err != nil || len(list.Items) != 1 || list.Items[0].Account != "markt" {
		t.Errorf("%+v, %v", list.Items, err)
	}
}
