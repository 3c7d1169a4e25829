package instagram_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"standpunt/approval/approvaltest"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/instagram"
	"standpunt/connectors/instagram/replay/platform"
	"standpunt/inbox"
	"standpunt/internal/fault"
)

// hand hands a delivery to the connector.
func hand(t *testing.T, c *instagram.Hooked, d platform.Delivery) (connectors.WebhookAnswer, error) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/ig", bytes.NewReader(nil))
	if d.Signature != "" {
		request.Header.Set("X-Hub-Signature-256", d.Signature)
	}
	return c.Receive(t.Context(), request, d.Body)
}

// delivered is all that the platform delivers by itself.
func delivered(t *testing.T, r *remote, c *instagram.Hooked) (whole connectors.Page) {
	t.Helper()
	for _, d := range r.p.Deliveries() {
		answer, err := hand(t, c, d)
		if err != nil {
			t.Fatal(err)
		}
		whole.Mentions, whole.Own = append(whole.Mentions, answer.Page.Mentions...), append(whole.Own, answer.Page.Own...)
	}
	return whole
}

func signed(body string) platform.Delivery { return platform.Sign(secret, []byte(body)) }

func TestWhatIsDeliveredIsWhatIsPolled(t *testing.T) {
	logins(t, func(t *testing.T, login string) {
		r, c := play(t, platform.Options{Login: login})
		top := r.p.Comment(r.post, platform.Said{Name: "eva", Text: "een vraag"})
		r.p.Comment(top, platform.Said{Name: "jan", Text: "ik ook"})
		r.p.Comment(r.post, platform.Said{Text: "naamloos"})
		ours := r.p.Comment(r.post, platform.Said{Name: username, Text: "Welkom!"})
		r.p.Message(platform.Said{Name: "mo", Text: "in het geheim"})
		r.p.Message(platform.Said{Name: "mo", Attachment: "image"})
		story := r.p.Message(platform.Said{Name: "mo", Attachment: "story_mention"})
		polled := connectortest.Walk(t, c, nil)
		if m := mention(polled, story); m == nil || m.Text != "" || len(m.Attachments) != 1 {
			t.Errorf("what Instagram alone shows came as %+v", m)
		}
		told := delivered(t, r, r.connect(t, connectors.Account{}, r.settings(goodToken)))
		if len(told.Mentions) != 6 || len(told.Own) != 1 || told.Own[0].ExternalID != ours {
			t.Fatalf("delivered were %+v and %+v", told.Mentions, told.Own)
		}
		for _, m := range told.Mentions {
			if want := mention(polled, m.ExternalID); want == nil || !reflect.DeepEqual(m, *want) {
				t.Errorf("delivered was\n%+v, polled\n%+v", m, want)
			}
		}
	})
}

func TestACaptionThatIsDeliveredIsWhatTheTagsTell(t *testing.T) {
	r, c := play(t, platform.Options{})
	both := r.p.Tag(platform.Said{Name: "eva", Text: "dank @" + username + "!"})
	polled, told := mention(connectortest.Walk(t, c, nil), both), mention(delivered(t, r, c), both)
	if polled == nil || told == nil || !reflect.DeepEqual(polled, told) {
		t.Errorf("polled %+v, delivered %+v", polled, told)
	}
}

func TestMentionsInPostsOfOthers(t *testing.T) {
	logins(t, func(t *testing.T, login string) {
		r, c := play(t, platform.Options{Login: login})
		caption := r.p.Mention(platform.Said{Name: "eva", Text: "kijk @" + username})
		unnamed := r.p.Mention(platform.Said{Name: "mo", Text: "een bijschrift dat Instagram inkort"})
		post, below := r.p.MentionBelow(platform.Said{Name: "jan", Text: "vraag het @" + username})
		page := delivered(t, r, c)
		a, b := mention(page, caption), mention(page, below)
		if m := mention(page, unnamed); m == nil || (m.Unanswerable == "") != (login == platform.FacebookLogin) {
			t.Errorf("a mention is one though the caption does not show it: %+v", m)
		}
		if a == nil || b == nil || len(page.Mentions) != 3 {
			t.Fatalf("the mentions came as %+v", page.Mentions)
		}
		if a.Kind != "post" || a.Text != "kijk "+username || a.Author.Handle != "@eva" || a.URL == "" {
			t.Errorf("the caption came as %+v", a)
		}
		route := []inbox.Field{{Name: "Mentioned in post", Value: post}, {Name: "Mentioned in comment", Value: below}}
		if b.Kind != "comment" || b.Thread != post || b.InReplyTo != post || b.Author.Handle != "@jan" || !reflect.DeepEqual(b.Route, route) {
			t.Errorf("the comment came as %+v", b)
		}
		if answerable := login == platform.FacebookLogin; (a.Unanswerable == "") != answerable || (b.Unanswerable == "") != answerable {
			t.Errorf("whether they can be answered: %q, %q", a.Unanswerable, b.Unanswerable)
		}
	})
}

func TestAMentionThatCannotBeLookedUpIsDeliveredAgain(t *testing.T) {
	r, c := play(t, platform.Options{})
	id := r.p.Mention(platform.Said{Name: "eva", Text: "kijk @" + username})
	if _, err := c.Identity(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := r.p.Deliveries()[0]
	for _, fault := range []platform.Fault{{Status: 500, Body: "oops"}, {Status: 400, Body: `{"error":{"code":190}}`}, {Status: 200, Body: "<html>"}} {
		r.p.Fail(fault, fault)
		if answer, err := hand(t, c, d); err != nil || answer.Status != http.StatusServiceUnavailable || len(answer.Page.Mentions) > 0 {
			t.Errorf("%s: %+v, %v", fault.Body, answer, err)
		}
	}
	answer, err := hand(t, c, d)
	if err != nil || answer.Status != http.StatusOK || mention(answer.Page, id) == nil {
		t.Errorf("delivered again: %+v, %v", answer, err)
	}
	r.p.Erase(id)
	if answer, err := hand(t, c, d); err != nil || len(answer.Page.Mentions) > 0 {
		t.Errorf("deleted meanwhile: %+v, %v", answer, err)
	}
}

// TestAMentionComesOnceAPermissionIsBack delivers mentions while the token lacks
// the permission to look them up.
func TestAMentionComesOnceAPermissionIsBack(t *testing.T) {
	r := newRemote(t, platform.Options{})
	settings := r.settings(goodToken)
	settings["poll_every"] = "24h" // no poll takes the faults
	c := r.connect(t, connectors.Account{Backfill: time.Hour}, settings)
	rig := approvaltest.New(t)
	runner := connectors.NewRunner(connectors.RunnerOptions{Inbox: rig.Box, Observer: rig.Approvals},
		connectors.Live{Account: connectors.Account{Name: "plein", Kind: "instagram"}, Connector: c})
	changed, unwatch := runner.Watch()
	defer unwatch()
	if err := runner.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.After(time.Minute); runner.Health()[0].LastSuccess.IsZero(); {
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("never polled: %+v", runner.Health()[0])
		}
	}
	for _, code := range []int{10, 200} {
		r.p.Mention(platform.Said{Name: "eva", Text: "kijk @" + username})
		_, below := r.p.MentionBelow(platform.Said{Name: "jan", Text: "vraag het @" + username})
		tell := func(d platform.Delivery) error {
			q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/plein", bytes.NewReader(d.Body))
			q.Header.Set("X-Hub-Signature-256", d.Signature)
			_, err := runner.Receive("plein", q)
			return err
		}
		for _, d := range r.p.Deliveries() {
			before := runner.Health()[0].New
			lost := platform.Fault{Status: 400, Body: fmt.Sprintf(`{"error":{"code":%d}}`, code)}
			r.p.Fail(lost)
			if bytes.Contains(d.Body, []byte(below)) {
				r.p.Fail(lost) // it is asked for as a comment under a post of ours, too
			}
			if err := tell(d); !fault.Is(err, fault.Unavailable) {
				t.Errorf("code %d: answered with %v, after which it does not come again", code, err)
			}
			if h := runner.Health()[0]; h.State != connectors.Degraded || h.ProblemKind != connectors.NotAllowed || !strings.Contains(h.Problem, "permission") || h.Remedy == "" || h.Webhook.NotKept == 0 {
				t.Errorf("code %d: shown is %+v", code, h)
			}
			if err := tell(d); err != nil {
				t.Errorf("code %d: delivered again it is answered with %v", code, err)
			}
			if h := runner.Health()[0]; h.State != connectors.OK || h.New != before+1 {
				t.Errorf("code %d: once the permission is back %+v", code, h)
			}
		}
	}
	if err := runner.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestWhatWaitsHoldsNothingElseUp delivers a mention that cannot be looked up
// beside a comment and another account's entry.
func TestWhatWaitsHoldsNothingElseUp(t *testing.T) {
	r, c := play(t, platform.Options{})
	if _, err := c.Identity(t.Context()); err != nil {
		t.Fatal(err)
	}
	told := r.Post(t, "een vraag")
	connectortest.Walk(t, c, nil) // it asks who the account is, which is then known
	id := r.p.Mention(platform.Said{Name: "eva", Text: "kijk @" + username})
	d := signed(`{"object":"instagram","entry":[{"id":"17841400000000009","time":1,"changes":[]},{"id":"` + userID + `","time":1763884800,"changes":[
		{"field":"comments","value":{"comment_id":"` + told + `","text":"een vraag","media":{"id":"` + r.post + `"}}},{"field":"mentions","value":{"media_id":"` + id + `"}}]}]}`)
	r.p.Fail(platform.Fault{Status: 500, Body: "oops"})
	answer, err := hand(t, c, d)
	if err != nil || answer.Status != http.StatusServiceUnavailable || len(answer.Page.Mentions) != 1 || mention(answer.Page, told) == nil || len(answer.Others) != 1 {
		t.Errorf("%+v, %v", answer, err)
	}
	answer, err = hand(t, c, d)
	if err != nil || answer.Status != http.StatusOK || len(answer.Page.Mentions) != 2 || mention(answer.Page, id) == nil {
		t.Errorf("delivered again: %+v, %v", answer, err)
	}
}

// TestABatchOfMentionsGetsFurtherEachTime delivers more than can be looked up
// while Instagram waits, with mentions in it that it does not show.
func TestABatchOfMentionsGetsFurtherEachTime(t *testing.T) {
	r, c := play(t, platform.Options{})
	var changes []string
	want := make(map[string]bool)
	for i := range 120 {
		changes = append(changes, fmt.Sprintf(`{"field":"comments","value":{"comment_id":"%d","text":"golf","media":{"id":"%s"}}}`, 17900000000100000+i, r.post))
		id := fmt.Sprint(17900000000900000 + i)
		if i >= 60 {
			id = r.p.Mention(platform.Said{Name: "eva", Text: "kijk @" + username})
			want[id] = true
		}
		changes = append(changes, fmt.Sprintf(`{"field":"mentions","value":{"media_id":"%s"}}`, id))
	}
	d := signed(`{"object":"instagram","entry":[{"id":"` + userID + `","time":1763884800,"changes":[` + strings.Join(changes, ",") + `]}]}`)
	for round := 1; ; round++ {
		answer, err := hand(t, c, d)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range answer.Page.Mentions {
			delete(want, m.ExternalID)
		}
		if answer.Status == http.StatusOK {
			break
		}
		if round == 3 {
			t.Fatalf("delivered three times, it is still put off, and %d mentions never came", len(want))
		}
	}
	if len(want) > 0 {
		t.Errorf("%d mentions never came", len(want))
	}
}

// TestADeliveryOutlivesTheAPI delivers while nothing can be looked up.
func TestADeliveryOutlivesTheAPI(t *testing.T) {
	logins(t, func(t *testing.T, login string) {
		r, c := play(t, platform.Options{Login: login})
		top := r.p.Comment(r.post, platform.Said{Name: "eva", Text: "een vraag"})
		nested := r.p.Comment(top, platform.Said{Name: "jan", Text: "ik ook"})
		said := r.p.Message(platform.Said{Name: "mo", Text: "in het geheim", Attachment: "video"})
		polled := connectortest.Walk(t, c, nil)
		r.Break(t, connectortest.ServerError)
		told := delivered(t, r, r.connect(t, connectors.Account{}, r.settings(goodToken)))
		r.Mend(t)
		for _, id := range []string{top, nested, said} {
			m, want := mention(told, id), mention(polled, id)
			if m == nil {
				t.Fatalf("%s did not come", id)
			}
			if m.PostedAt.IsZero() || m.PostedAt.Sub(want.PostedAt).Abs() > time.Minute {
				t.Errorf("it was posted at %v", m.PostedAt)
			}
			m.PostedAt, m.URL, m.Author.Handle, m.Author.URL = want.PostedAt, want.URL, want.Author.Handle, want.Author.URL
			if !reflect.DeepEqual(m, want) {
				t.Errorf("delivered was\n%+v, polled\n%+v", m, want)
			}
		}
	})
}

func TestLiveAndHiddenCommentsTakeNoAnswer(t *testing.T) {
	logins(t, func(t *testing.T, login string) {
		r, c := play(t, platform.Options{Login: login})
		onLive := r.p.Comment(r.p.Live(), platform.Said{Name: "eva", Text: "hoi"})
		hidden := r.p.Comment(r.post, platform.Said{Name: "jan", Text: "lelijk"})
		r.p.Hide(hidden)
		page := delivered(t, r, c)
		for _, id := range []string{onLive, hidden} {
			if m := mention(page, id); m == nil || m.Unanswerable == "" {
				t.Errorf("%s came as %+v", id, m)
			}
		}
	})
}

func TestMessagesThatAreTakenBackAndEchoes(t *testing.T) {
	logins(t, func(t *testing.T, login string) {
		r, c := play(t, platform.Options{Login: login})
		said := r.p.Message(platform.Said{Name: "eva", Text: "toch niet"})
		delivered(t, r, c)
		r.p.Erase(said)
		m := mention(delivered(t, r, c), said)
		if m == nil || !m.Deleted || m.Visibility != inbox.Private {
			t.Errorf("taken back, it came as %+v", m)
		}
		answer, err := hand(t, c, signed(`{"object":"instagram","entry":[{"id":"`+userID+`","time":1,"messaging":[{"sender":{"id":"`+userID+`"},"recipient":{"id":"9"},"timestamp":1700000000000,"message":{"mid":"aWd-7_x=","text":"van ons","is_echo":true}}]}]}`))
		if err != nil || len(answer.Page.Mentions) > 0 || len(answer.Page.Own) != 1 || answer.Page.Own[0].Text != "van ons" {
			t.Errorf("our own message came as %+v, %v", answer, err)
		}
	})
}

func TestMessagesThatAreEditedAndButtonsThatArePressed(t *testing.T) {
	r, c := play(t, platform.Options{Login: platform.InstagramLogin})
	said := r.p.Message(platform.Said{Name: "eva", Text: "eerst", At: time.Now().Add(-time.Minute)})
	before := mention(delivered(t, r, c), said)
	r.p.Revise(said, "daarna")
	d := r.p.Deliveries()[0]
	answer, err := hand(t, c, d)
	if err != nil {
		t.Fatal(err)
	}
	m := mention(answer.Page, said)
	if m == nil || m.Text != "daarna" || !m.EditedAt.After(m.PostedAt) || !m.PostedAt.Equal(before.PostedAt) {
		t.Errorf("edited, it came as %+v", m)
	}
	r.p.Fail(platform.Fault{Status: 500, Body: "oops"})
	if answer, err := hand(t, c, d); err != nil || answer.Status != http.StatusServiceUnavailable || len(answer.Page.Mentions) > 0 {
		t.Errorf("an edit that cannot be looked up: %+v, %v", answer, err)
	}
	r.p.Fail(platform.Fault{Status: 400, Body: `{"error":{"code":100,"error_subcode":33}}`}) // nor ever will be
	if answer, err := hand(t, c, d); err != nil || answer.Status != http.StatusOK || mention(answer.Page, said) == nil || mention(answer.Page, said).Text != "daarna" {
		t.Errorf("an edit of a message that is not shown any more: %+v, %v", answer, err)
	}
	answer, err = hand(t, c, signed(`{"object":"instagram","entry":[{"id":"`+userID+`","time":1,"messaging":[
		{"sender":{"id":"9"},"timestamp":1700000000000,"postback":{"mid":"aWdf","title":"Openingstijden","payload":"x"}},{"sender":{"id":"9"},"timestamp":1,"read":{"mid":"aWdf"}}]}]}`))
	if err != nil || len(answer.Page.Mentions) != 1 || answer.Page.Mentions[0].Text != "Openingstijden" || answer.Page.Mentions[0].ExternalID != "aWdf" {
		t.Errorf("a button came as %+v, %v", answer, err)
	}
}

func TestOurOwnCommentIsToldByItsAuthorsID(t *testing.T) {
	r, c := play(t, platform.Options{})
	answer, err := hand(t, c, signed(`{"object":"instagram","entry":[{"id":"`+userID+`","time":1,"changes":[{"field":"comments",
		"value":{"comment_id":"17","text":"van ons","from":{"id":"`+userID+`","username":"hernoemd"},"media":{"id":"`+r.post+`"}}}]}]}`))
	if err != nil || len(answer.Page.Mentions) > 0 || len(answer.Page.Own) != 1 {
		t.Errorf("%+v, %v", answer, err)
	}
}

// TestALargeDeliveryIsLookedUpInPart hands over a thousand comments at once.
func TestALargeDeliveryIsLookedUpInPart(t *testing.T) {
	r, c := play(t, platform.Options{})
	var changes []string
	for i := range 1000 {
		changes = append(changes, fmt.Sprintf(`{"field":"comments","value":{"comment_id":"%d","text":"golf","media":{"id":"%s"}}}`, 17900000000100000+i, r.post))
	}
	began, before := time.Now(), r.p.Calls()
	answer, err := hand(t, c, signed(`{"object":"instagram","entry":[{"id":"`+userID+`","time":1763884800,"changes":[`+strings.Join(changes, ",")+`]}]}`))
	if err != nil || len(answer.Page.Mentions) != 1000 || r.p.Calls()-before > 60 || time.Since(began) > 20*time.Second {
		t.Errorf("%d of 1000 came, in %d calls and %v: %v", len(answer.Page.Mentions), r.p.Calls()-before, time.Since(began), err)
	}
}

func TestOnlyWhatIsProvenIsTaken(t *testing.T) {
	r, c := play(t, platform.Options{})
	r.Post(t, "een vraag")
	good := r.p.Deliveries()[0]
	for name, d := range map[string]platform.Delivery{
		"no signature":              {Body: good.Body},
		"another secret":            platform.Sign("of-another-app", good.Body),
		"a changed body":            {Body: append(bytes.Clone(good.Body), ' '), Signature: good.Signature},
		"the old kind of signature": {Body: good.Body, Signature: strings.Replace(good.Signature, "sha256", "sha1", 1)},
	} {
		_, err := hand(t, c, d)
		var e *connectors.Error
		if !errors.As(err, &e) || e.Kind != connectors.BadAuth || e.Remedy == "" || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, body := range []string{`<html>`, `[]`, `{"object":"page","entry":[]}`, strings.Repeat("[", 100000)} {
		if _, err := hand(t, c, signed(body)); connectors.KindOf(err) != connectors.Garbage || err == nil {
			t.Errorf("%.20s: %v", body, err)
		}
	}
	ask := func(query string) (connectors.WebhookAnswer, error) {
		return c.Receive(t.Context(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/hooks/ig?"+query, nil), nil)
	}
	answer, err := ask("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=" + verify)
	if err != nil || string(answer.Body) != "1158201444" {
		t.Errorf("the verification: %+v, %v", answer, err)
	}
	if _, err := ask("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=wrong"); connectors.KindOf(err) != connectors.BadAuth {
		t.Errorf("a wrong token: %v", err)
	}
}

func TestOneEntryThatMakesNoSenseDoesNotFailTheOthers(t *testing.T) {
	r, c := play(t, platform.Options{})
	id := r.Post(t, "een vraag")
	body := `{"object":"instagram","entry":[
		{"id":"17841400000000009","time":1,"changes":[{"field":"comments","value":{"id":"1"}}]},
		{"id":"../etc","time":1,"field":"comments","value":{"id":"2"}}, 3, {"id":"` + userID + `","changes":[3]}, {"id":"` + userID + `","messaging":{}},
		{"id":"` + userID + `","time":"soon","changes":[{"field":"comments","value":"no object"},{"field":"comments","value":{"id":"1/../2"}},{"field":"mentions","value":[]},
			{"field":"story_insights","value":{}},{"field":"comments","value":{"comment_id":99999999999999999999999999}}],
			"messaging":[{"read":{}},5,{"message":{"mid":"a b"}}]},
		{"id":` + userID + `,"time":1763884800,"field":"comments","value":{"id":` + id + `,"text":"een vraag","media":{"id":"` + r.post + `"}}}]}`
	answer, err := hand(t, c, signed(body))
	if err != nil || len(answer.Page.Mentions) != 1 || answer.Page.Mentions[0].ExternalID != id {
		t.Errorf("%+v, %v", answer, err)
	}
	if answer.Status != http.StatusOK || connectors.KindOf(answer.Page.Trouble) != connectors.Garbage {
		t.Errorf("answered with %d, told %v", answer.Status, answer.Page.Trouble)
	}
	if !reflect.DeepEqual(answer.Others, []string{"17841400000000009"}) {
		t.Errorf("others are %v", answer.Others)
	}
}

// TestTheDocumentedDeliveries takes those of Meta's documentation, whose
// comment stands under an advert: nobody can look it up.
func TestTheDocumentedDeliveries(t *testing.T) {
	files, err := filepath.Glob("testdata/webhooks/*.json")
	if err != nil || len(files) != 4 {
		t.Fatal(files, err)
	}
	filled := strings.NewReplacer("<IG_ID>", userID, "17841405726653026", userID, "<COMMENT_ID>", "17894227972186120", "<MEDIA_ID>", "17918195224117851",
		"<IGSID>", "9007199254740993", "<PARENT>", "17894227972186000", "<USERNAME>", "eva", "<COMMENT_TEXT>", "Mooi!", "<TEXT>", "Mooi!")
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, c := play(t, platform.Options{})
		answer, err := hand(t, c, signed(filled.Replace(string(body))))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if strings.Contains(file, "mention") {
			if len(answer.Page.Mentions) > 0 {
				t.Errorf("%s: a mention that Instagram does not show came as %+v", file, answer.Page.Mentions)
			}
			continue
		}
		if len(answer.Page.Mentions) != 1 {
			t.Errorf("%s: %+v", file, answer)
			continue
		}
		m := answer.Page.Mentions[0]
		below := strings.Contains(file, "changes")
		if m.ExternalID != "17894227972186120" || m.Text != "Mooi!" || m.Author.ExternalID != "9007199254740993" || m.Author.Handle != "@eva" ||
			m.Thread != "17918195224117851" || m.PostedAt.IsZero() || (len(m.Route) == 1) != below {
			t.Errorf("%s came as %+v", file, m)
		}
	}
}

func TestWithoutAVerifyTokenThereIsNoWebhook(t *testing.T) {
	r := newRemote(t, platform.Options{})
	settings := r.settings(goodToken)
	delete(settings, "verify_token")
	made, err := instagram.New(connectors.Account{Settings: config.NewSettings(settings)})
	if _, hooked := made.(connectors.Webhook); err != nil || hooked {
		t.Errorf("%T, %v", made, err)
	}
}
