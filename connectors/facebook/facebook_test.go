package facebook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/facebook"
	"standpunt/connectors/facebook/replay/platform"
	"standpunt/inbox"
)

const (
	pageID    = "100200300"
	goodToken = "EAAB-token-of-noordlicht-7f3a"
	badToken  = "EAAB-token-of-nobody-91bc"
	secret    = "app-secret-of-noordlicht-55d0"
	verify    = "verify-token-of-noordlicht-88e2"
)

var all = []string{"pages_manage_engagement", "pages_read_engagement", "pages_read_user_content"}

// remote is the replayed Facebook as the conformance suite wants it.
type remote struct {
	*connectortest.Proxy
	p    *platform.Platform
	post string // the Page's own

	writer  atomic.Int64
	private bool // customers write messages
	pushed  bool // Facebook delivers
}

func newRemote(t *testing.T, o platform.Options) *remote {
	t.Helper()
	o.PageID, o.PageName, o.Token, o.AppSecret, o.Version = pageID, "Noordlicht", goodToken, secret, "v26.0"
	if o.Permissions == nil {
		o.Permissions = append(slices.Clone(all), "pages_messaging", "pages_manage_metadata")
	}
	p, post := platform.New(o)
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return &remote{Proxy: connectortest.NewProxy(t, server.URL), p: p, post: post}
}

func (r *remote) settings(token string) map[string]any {
	s := map[string]any{"base_url": r.URL, "version": "v26.0", "page_id": pageID, "access_token": token, "app_secret": secret}
	if r.private {
		s["messenger"] = true
	}
	if r.pushed {
		s["verify_token"] = verify
	}
	return s
}

func (r *remote) made(t testing.TB, a connectors.Account, settings map[string]any) connectors.Connector {
	t.Helper()
	a.Settings = config.NewSettings(settings)
	made, err := facebook.New(a)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// connect is an account to which nothing is delivered.
func (r *remote) connect(t testing.TB, a connectors.Account, settings map[string]any) *facebook.Connector {
	t.Helper()
	c, ok := r.made(t, a, settings).(*facebook.Connector)
	if !ok {
		t.Fatal("the kind makes something else")
	}
	return c
}

func (r *remote) Connect(t testing.TB, a connectors.Account) connectors.Connector {
	t.Helper()
	return r.made(t, a, r.settings(goodToken))
}

func (r *remote) ConnectBadly(t testing.TB, a connectors.Account) connectors.Connector {
	t.Helper()
	return r.made(t, a, r.settings(badToken))
}

func (r *remote) Secrets() []string { return []string{goodToken, badToken, secret, verify} }

func (r *remote) Post(t testing.TB, text string) string {
	t.Helper()
	if r.private {
		return r.p.Write(platform.Said{Name: "Eva " + fmt.Sprint(r.writer.Add(1)), Text: text})
	}
	made := r.p.Comment(r.post, platform.Said{Name: "Eva", Text: text})
	if made == "" {
		t.Fatal("the comment does not stand")
	}
	return made
}

func (r *remote) Answers(_ testing.TB, externalID string) []string {
	if r.private {
		return r.p.AnswersTo(externalID)
	}
	return r.p.Answers(externalID)
}

func (r *remote) Revise(t testing.TB, externalID, text string) {
	t.Helper()
	if !r.p.Edit(externalID, text) && !r.p.EditMessage(externalID, text) {
		t.Fatal("there is nothing to edit")
	}
}

const address = "http://standpunt.test/hooks/page"

func (r *remote) Notify(t testing.TB, externalID string) *http.Request {
	t.Helper()
	request, err := r.p.Notify(t.Context(), address, externalID)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func (r *remote) Challenge(t testing.TB, right bool) (*http.Request, string) {
	t.Helper()
	token := verify
	if !right {
		token = "verify-token-of-nobody"
	}
	return httptest.NewRequestWithContext(t.Context(), http.MethodGet,
		address+"?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="+token, nil), "1158201444"
}

// commented is a remote whose comments can be deleted. What is missing from a
// list is looked up only while another customer's comment is in it.
type commented struct{ *remote }

func (c commented) Erase(_ testing.TB, externalID string) { c.p.Erase(externalID) }

func TestConformance(t *testing.T) {
	connectortest.Run(t, func(t *testing.T) connectortest.Remote {
		r := newRemote(t, platform.Options{})
		r.pushed = true
		r.p.Comment(r.post, platform.Said{Name: "Jan", Text: "ik stond er al", At: time.Now().Add(-time.Minute)})
		return commented{r}
	})
}

func TestConformanceOfMessenger(t *testing.T) {
	connectortest.Run(t, func(t *testing.T) connectortest.Remote {
		r := newRemote(t, platform.Options{})
		r.private, r.pushed = true, true
		return r
	})
}

// play is a platform and a connector to it.
func play(t *testing.T, o platform.Options) (*remote, *facebook.Connector) {
	t.Helper()
	r := newRemote(t, o)
	return r, r.connect(t, connectors.Account{Backfill: time.Hour}, r.settings(goodToken))
}

func mention(p connectors.Page, id string) *inbox.Inbound {
	i := slices.IndexFunc(p.Mentions, func(m inbox.Inbound) bool { return m.ExternalID == id })
	if i < 0 {
		return nil
	}
	return &p.Mentions[i]
}

func TestPostsTagsAndNestedComments(t *testing.T) {
	r, c := play(t, platform.Options{})
	visit := r.p.Visit(platform.Said{Name: "Jan", Text: "op de pagina"})
	tag := r.p.Tag(platform.Said{Name: "Mo", Text: "elders genoemd"})
	top := r.p.Comment(visit, platform.Said{Text: "naamloos"})
	other := r.p.Comment(visit, platform.Said{Text: "nog een"})
	nested := r.p.Comment(top, platform.Said{Name: "Eva", Text: "eronder"})
	page := connectortest.Walk(t, c, nil)
	for _, want := range []struct{ id, kind, thread, parent string }{
		{visit, "post", visit, ""}, {tag, "post", tag, ""}, {top, "comment", visit, visit}, {nested, "comment", visit, top},
	} {
		m := mention(page, want.id)
		if m == nil || m.Kind != want.kind || m.Thread != want.thread || m.InReplyTo != want.parent || m.Author.ExternalID == "" || m.URL == "" {
			t.Errorf("%+v came as %+v", want, m)
		}
	}
	if a, b := mention(page, top).Author, mention(page, other).Author; a.ExternalID == b.ExternalID || a.Name == "" {
		t.Errorf("two people of whom nothing is known are %+v and %+v", a, b)
	}
	if len(page.Own) == 0 || page.Own[0].ExternalID != r.post {
		t.Errorf("the Page's own post is %+v", page.Own)
	}
	if route := mention(page, nested).Route; len(route) != 1 || route[0].Value != top {
		t.Errorf("the nested comment's route is %+v", route)
	}
}

func TestAnAnswerToAnAnswerStandsBelowTheirComment(t *testing.T) {
	r, c := play(t, platform.Options{})
	top := r.Post(t, "een vraag")
	nested := r.p.Comment(top, platform.Said{Name: "Jan", Text: "ik ook"})
	m := mention(connectortest.Walk(t, c, nil), nested)
	rel := approvaltest.Release(t, "page", pageID, *m, "Wij zoeken het uit.")
	receipt, err := c.Publish(t.Context(), rel)
	if err != nil || !slices.Equal(r.p.Answers(top), []string{"Wij zoeken het uit."}) {
		t.Fatalf("%+v, %v, %q", receipt, err, r.p.Answers(top))
	}
	found, err := c.Find(t.Context(), rel.Attempt())
	if err != nil || found.Outcome != connectors.Present || found.Receipt.ExternalID != receipt.ExternalID {
		t.Errorf("%+v, %v", found, err)
	}
	known := rel.Attempt()
	known.Receipt = receipt
	for name, a := range map[string]approval.Attempt{"by its id": known, "by what was sent": rel.Attempt()} {
		if found, err := c.Find(t.Context(), a); err != nil || found.Receipt.URL != "https://www.facebook.com/"+receipt.ExternalID {
			t.Errorf("the address of the answer found %s: %+v, %v", name, found, err)
		}
	}
}

// TestALateCommentUnderAnOldPostComesIn also holds that a quiet walk asks for
// no comments: three lists, three calls.
func TestALateCommentUnderAnOldPostComesIn(t *testing.T) {
	r, c := play(t, platform.Options{})
	old := r.p.Visit(platform.Said{Name: "Jan", Text: "lang geleden", At: time.Now().Add(-60 * 24 * time.Hour)})
	for i := range 60 {
		r.p.Visit(platform.Said{Name: "Jan", Text: fmt.Sprint("bericht ", i), At: time.Now().Add(-50 * 24 * time.Hour)})
	}
	first := connectortest.Walk(t, c, nil)
	if mention(first, old) != nil {
		t.Error("a post from before the back-fill came in")
	}
	before := r.p.Calls()
	late := r.p.Comment(old, platform.Said{Name: "Eva", Text: "en nu?"})
	if mention(connectortest.Walk(t, c, first.Next), late) == nil {
		t.Error("the late comment was skipped")
	}
	if calls := r.p.Calls() - before; calls > 10 {
		t.Errorf("a walk with two posts that changed took %d calls", calls)
	}
}

func TestACursorThatFacebookForgotBeginsTheListAnew(t *testing.T) {
	r, c := play(t, platform.Options{})
	var ids []string
	for i := range 120 {
		ids = append(ids, r.Post(t, fmt.Sprint("vraag ", i)))
	}
	var after inbox.Cursor
	var came []string
	for step := range 50 {
		page, err := c.Poll(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Mentions {
			came = append(came, m.ExternalID)
		}
		if after = page.Next; !page.More {
			break
		}
		if step == 1 {
			r.p.Erase(ids[70]) // what the cursor stands on
		}
	}
	for i, id := range ids {
		if i != 70 && !slices.Contains(came, id) {
			t.Errorf("comment %d was skipped", i)
		}
	}
}

// TestACursorThatFacebookForgetsAgainAndAgain deletes what the cursor stands on
// four times in a row: that is told, and the walk gets to its end all the same.
func TestACursorThatFacebookForgetsAgainAndAgain(t *testing.T) {
	r, c := play(t, platform.Options{})
	var ids []string
	for i := range 60 {
		ids = append(ids, r.p.Comment(r.post, platform.Said{Name: "Eva", Text: fmt.Sprint("vraag ", i)}))
	}
	came, told := make(map[string]bool), 0
	page := connectors.Page{More: true}
	for rounds, erased := 0, 0; page.More || page.Trouble != nil; rounds++ {
		var err error
		if page, err = c.Poll(t.Context(), page.Next); err != nil || rounds == 60 {
			t.Fatalf("the walk does not end: %v", err)
		}
		for _, m := range page.Mentions {
			came[m.ExternalID] = true
		}
		if page.Trouble != nil {
			told++
		}
		if strings.Contains(string(page.Next), `"in":`) && erased < 4 {
			r.p.Erase(ids[len(ids)-50-erased]) // the last of the fifty that are listed
			erased++
		}
	}
	if told != 3 {
		t.Errorf("it is told %d times that a list begins anew and anew, want 3", told)
	}
	for i, id := range ids[:6] {
		if !came[id] {
			t.Errorf("comment %d was skipped", i)
		}
	}
}

func TestAListOfPostsWhoseCursorIsForgottenBeginsAnew(t *testing.T) {
	r, c := play(t, platform.Options{})
	var ids []string
	for i := range 60 {
		ids = append(ids, r.p.Visit(platform.Said{Name: "Jan", Text: fmt.Sprint("bericht ", i), At: time.Now().Add(time.Duration(i-60) * time.Second)}))
	}
	page, err := c.Poll(t.Context(), nil) // the Page's own, and 24 of the visitors'
	if err != nil || !page.More {
		t.Fatalf("%+v, %v", page, err)
	}
	came := page.Mentions
	r.p.Erase(ids[60-24]) // what the cursor stands on
	came = append(came, connectortest.Walk(t, c, page.Next).Mentions...)
	for _, id := range ids {
		if id != ids[60-24] && mention(connectors.Page{Mentions: came}, id) == nil {
			t.Errorf("%s was skipped", id)
		}
	}
}

// TestAPermissionForAnotherPageIsNone has a token whose maker chose another Page
// when asked which ones the app may answer for.
func TestAPermissionForAnotherPageIsNone(t *testing.T) {
	r, c := play(t, platform.Options{})
	for grants, lacking := range map[string]bool{
		`{"scope":"pages_manage_engagement","target_ids":["77"]}`:                                                  true,
		`{"scope":"pages_manage_engagement","target_ids":["77",` + pageID + `]}`:                                   false,
		`{"scope":"pages_manage_engagement"},{"scope":"pages_show_list","target_ids":["77"]}`:                      false,
		`{"scope":"business_management","target_ids":["5"]},{"scope":"instagram_manage_comments","target_ids":[]}`: false,
	} {
		told := platform.Fault{Status: 200, Body: `{"data":{"app_id":"5500","type":"PAGE","is_valid":true,"profile_id":"` + pageID +
			`","scopes":["` + strings.Join(all, `","`) + `"],"granular_scopes":[` + grants + `]}}`}
		r.p.Fail(told) // in place of the first answer, to what the token is
		if _, todo := c.Check(t.Context()); (len(todo) > 0) != lacking || lacking && !strings.Contains(todo[0].Text, "pages_manage_engagement") {
			t.Errorf("%s: %+v", grants, todo)
		}
	}
}

// TestAListThatIsLongerThanAskedForIsWalked holds that no cursor is written
// that cannot be read.
func TestAListThatIsLongerThanAskedForIsWalked(t *testing.T) {
	r, c := play(t, platform.Options{})
	id := r.Post(t, "een vraag")
	var posts []string
	for i := range 400 {
		posts = append(posts, fmt.Sprintf(`{"id":"%s_%d","created_time":%q}`, pageID, 5000+i, time.Now().UTC().Format("2006-01-02T15:04:05-0700")))
	}
	r.p.Fail(platform.Fault{Status: 200, Body: `{"data":[` + strings.Join(posts, ",") + `]}`})
	page, err := c.Poll(t.Context(), nil)
	for steps := 0; err == nil && page.More && steps < 1000; steps++ {
		page, err = c.Poll(t.Context(), page.Next)
	}
	if err != nil || page.More {
		t.Fatalf("the walk does not end: %v", err)
	}
	if mention(connectortest.Walk(t, c, page.Next), id) == nil {
		t.Error("the comment is lost")
	}
}

// TestAPageThatIsNotFacebooksDeletesNothing lets a proxy answer for Facebook.
func TestAPageThatIsNotFacebooksDeletesNothing(t *testing.T) {
	for _, status := range []int{302, 400, 403, 404, 410} {
		r, c := play(t, platform.Options{})
		visit := r.p.Visit(platform.Said{Name: "Jan", Text: "gisteren", At: time.Now().Add(-24 * time.Hour)})
		id := r.p.Comment(visit, platform.Said{Name: "Eva", Text: "een vraag", At: time.Now().Add(-40 * time.Minute)})
		page, err := c.Poll(t.Context(), nil) // the posts; their comments come next
		if err != nil || !page.More {
			t.Fatalf("%+v, %v", page, err)
		}
		before := page.Next
		r.p.Fail(platform.Fault{Status: status, Body: "<html>the proxy knows no such page"})
		if _, err = c.Poll(t.Context(), before); connectors.KindOf(err) != connectors.Garbage || err == nil {
			t.Errorf("%d: taken in with %v", status, err)
		}
		if mention(connectortest.Walk(t, c, before), id) == nil {
			t.Errorf("%d: the comment is lost", status)
		}
	}
}

func TestTroubleInMidWalk(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault platform.Fault
		kind  connectors.ErrorKind
	}{
		{"HTML with status 200", platform.Fault{Status: 200, Body: "<html>Sign in"}, connectors.Garbage},
		{"a list without ids", platform.Fault{Status: 200, Body: `{"data":[{"message":"x"}]}`}, connectors.Garbage},
		{"ids that are paths", platform.Fault{Status: 200, Body: `{"data":[{"id":"1/../2","created_time":"2026-01-01T00:00:00+0000"}]}`}, connectors.Garbage},
		{"the rate limit", platform.Fault{Status: 403, Body: `{"error":{"code":80001}}`, Header: map[string]string{"Retry-After": "60"}}, connectors.RateLimited},
		{"a sunset version", platform.Fault{Status: 400, Body: `{"error":{"code":2635}}`}, connectors.NotAllowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, conn := play(t, platform.Options{})
			id := r.Post(t, "een vraag")
			r.p.Fail(c.fault)
			if _, err := conn.Poll(t.Context(), nil); connectors.KindOf(err) != c.kind || err == nil {
				t.Errorf("%v, want kind %s", err, c.kind)
			}
			if mention(connectortest.Walk(t, conn, nil), id) == nil {
				t.Error("the comment is lost")
			}
		})
	}
	r, c := play(t, platform.Options{})
	wrong := r.settings(goodToken)
	wrong["app_secret"] = "of-another-app"
	if _, err := r.connect(t, connectors.Account{}, wrong).Poll(t.Context(), nil); connectors.KindOf(err) != connectors.BadAuth || !strings.Contains(err.Error(), "app_secret") {
		t.Errorf("a wrong app_secret: %v", err)
	}
	first := connectortest.Walk(t, c, nil)
	r.p.Revoke()
	_, err := c.Poll(t.Context(), first.Next)
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != connectors.BadAuth || e.Remedy == "" {
		t.Errorf("a revoked token: %v", err)
	}
}

// TestLessIsAskedForWhereFacebookCannotGiveSoMuch has Facebook give few items at
// once, or none.
func TestLessIsAskedForWhereFacebookCannotGiveSoMuch(t *testing.T) {
	for _, heavy := range []int{1, 4} {
		r := newRemote(t, platform.Options{Heavy: heavy})
		r.private = true
		c := r.connect(t, connectors.Account{Backfill: time.Hour}, r.settings(goodToken))
		var want []string
		for i := range 8 {
			want = append(want, r.p.Visit(platform.Said{Name: "Jan", Text: fmt.Sprint("bericht ", i)}), r.p.Comment(r.post, platform.Said{Name: "Eva", Text: fmt.Sprint("vraag ", i)}),
				r.p.Write(platform.Said{Name: "Mo", Text: fmt.Sprint("onder vier ogen ", i)}))
		}
		whole := connectortest.Walk(t, c, nil)
		for _, id := range want {
			if mention(whole, id) == nil {
				t.Errorf("with %d at once %s did not come", heavy, id)
			}
		}
		if strings.Contains(string(whole.Next), "fewer") {
			t.Errorf("the next walk begins with %s", whole.Next)
		}
	}
	r, c := play(t, platform.Options{})
	nothing := platform.Fault{Status: 500, Body: `{"error":{"code":1,"message":"Please reduce the amount of data you're asking for, then retry your request"}}`}
	r.p.Fail(nothing, nothing, nothing, nothing, nothing)
	page, err := connectors.Page{}, error(nil)
	steps := 0
	for ; err == nil && steps < 10; steps++ {
		page, err = c.Poll(t.Context(), page.Next)
	}
	if steps != 5 || connectors.KindOf(err) != connectors.Temporary { // 25, 12, 6, 3 and 1
		t.Errorf("asked for less and less, it ends after %d calls with %v", steps, err)
	}
}

func TestEditHideAndRemove(t *testing.T) {
	r, c := play(t, platform.Options{})
	id := r.Post(t, "een vraag")
	m := *mention(connectortest.Walk(t, c, nil), id)
	rel := approvaltest.Release(t, "page", pageID, m, "Eerste tekst.")
	receipt, err := c.Publish(t.Context(), rel)
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range []func(context.Context, approval.Release) (approval.Receipt, error){c.Edit, c.Remove, c.Hide} {
		if _, err := call(t.Context(), rel); connectors.KindOf(err) != connectors.NotAllowed {
			t.Errorf("a release of an answer was taken for something else: %v", err)
		}
	}
	find := func(a approval.Attempt) connectors.Outcome {
		t.Helper()
		f, err := c.Find(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		return f.Outcome
	}
	edit := approval.Attempt{Action: approval.Edit, Target: receipt.ExternalID, Thread: r.post, Text: "Andere tekst."}
	removal := approval.Attempt{Action: approval.Remove, Target: receipt.ExternalID, Thread: r.post}
	hiding := approval.Attempt{Action: approval.Hide, Target: id, Thread: r.post}
	if a, b, d := find(edit), find(removal), find(hiding); a != connectors.CannotTell || b != connectors.CannotTell || d != connectors.CannotTell {
		t.Errorf("before: %s, %s, %s", a, b, d)
	}
	r.p.Erase(receipt.ExternalID)
	if a, b := find(edit), find(removal); a != connectors.CannotTell || b != connectors.Present {
		t.Errorf("removed: %s, %s", a, b)
	}
	if got := find(approval.Attempt{Action: approval.Remove, Target: receipt.ExternalID, Thread: "1_2"}); got != connectors.CannotTell {
		t.Errorf("removed from a thread that nobody can read: %s", got)
	}
}

func TestIdentityTellsTheTokensHealth(t *testing.T) {
	for _, c := range []struct {
		name    string
		o       platform.Options
		canSend bool
		note    string
	}{
		{"well", platform.Options{}, true, ""},
		{"a permission for answers is lost", platform.Options{Permissions: all[1:]}, false, "pages_manage_engagement"},
		{"a permission for reading is lost", platform.Options{Permissions: all[:2]}, true, "pages_read_user_content"},
		{"it ends soon", platform.Options{TokenEnds: time.Now().Add(72 * time.Hour)}, true, "The token ends on"},
		{"it ends later", platform.Options{TokenEnds: time.Now().Add(50 * 24 * time.Hour)}, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, conn := play(t, c.o)
			who, err := conn.Identity(t.Context())
			if err != nil || who.RemoteID != pageID || who.Handle != "Noordlicht" || who.CanSend != c.canSend {
				t.Errorf("%+v, %v", who, err)
			}
			if (c.note == "") != (who.Note == "") || !strings.Contains(who.Note, c.note) {
				t.Errorf("the note is %q", who.Note)
			}
		})
	}
}

func TestReadingRestsBeforeFacebookRefuses(t *testing.T) {
	r, c := play(t, platform.Options{Calls: 20})
	var after inbox.Cursor
	for range 40 {
		page, err := c.Poll(t.Context(), after)
		if connectors.KindOf(err) == connectors.RateLimited && err != nil {
			if calls := r.p.Calls(); calls < 10 || calls > 16 {
				t.Errorf("reading rests after %d of 20 calls", calls)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		after = page.Next
	}
	t.Error("reading never rested")
}

func TestSettingsAreStrict(t *testing.T) {
	_, err := facebook.New(connectors.Account{Settings: config.NewSettings(map[string]any{
		"base_url": "ftp://x", "page_id": "noordlicht", "version": "26", "acces_token": goodToken, "poll_every": "1s",
	})})
	var keys []string
	for _, p := range config.Problems(err) {
		keys = append(keys, p.Key)
		if p.Remedy == "" || strings.Contains(p.Error(), goodToken) {
			t.Errorf("%v", p)
		}
	}
	slices.Sort(keys)
	want := []string{"settings.acces_token", "settings.access_token", "settings.base_url", "settings.page_id", "settings.poll_every", "settings.version"}
	if !slices.Equal(keys, want) {
		t.Errorf("faults at %v, want %v: %v", keys, want, err)
	}
	r := newRemote(t, platform.Options{})
	c := r.connect(t, connectors.Account{}, r.settings(goodToken))
	if c.PollEvery() != time.Minute || c.Endpoint() != r.URL || c.Measure("𠜎!").Length != 3 || c.Measure("").Limit != 8000 {
		t.Errorf("%v, %s, %+v", c.PollEvery(), c.Endpoint(), c.Measure("𠜎!"))
	}
}

func problemsOf(t *testing.T, settings map[string]any) []*config.Problem {
	t.Helper()
	_, err := facebook.New(connectors.Account{Settings: config.NewSettings(settings)})
	return config.Problems(err)
}

// TestTheStandInEndsItsTokenByHand, so that who tries a configuration out sees
// what is said of it, and what helps.
func TestTheStandInEndsItsTokenByHand(t *testing.T) {
	for path, says := range map[string]string{"/replay/revoke": "does not accept the token", "/replay/expire": "the token has expired"} {
		r, c := play(t, platform.Options{})
		connectortest.Walk(t, c, nil)
		byHand(t, r.p, path)
		if _, err := c.Poll(t.Context(), nil); connectors.KindOf(err) != connectors.BadAuth || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want it to say %q", path, err, says)
		}
		byHand(t, r.p, "/replay/token?token=another")
		connectortest.Walk(t, r.connect(t, connectors.Account{Backfill: time.Hour}, r.settings("another")), nil)
	}
}

func byHand(t *testing.T, p *platform.Platform, path string) {
	t.Helper()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
}

// A page_id that is not the token's Page is a matter of the settings, not of a post.
func TestAPageThatTheTokenDoesNotShowIsTold(t *testing.T) {
	r := newRemote(t, platform.Options{})
	settings := r.settings(goodToken)
	settings["page_id"] = "999000111222"
	c := r.connect(t, connectors.Account{Backfill: time.Hour}, settings)
	_, polled := c.Poll(t.Context(), nil)
	_, asked := c.Identity(t.Context())
	for call, err := range map[string]error{"Poll": polled, "Identity": asked} {
		var e *connectors.Error
		if !errors.As(err, &e) || e.Kind != connectors.NotAllowed || !strings.Contains(e.Message, "999000111222") || !strings.Contains(e.Remedy, "page_id") {
			t.Errorf("%s: %v", call, err)
		}
	}
}

// TestAnAnswerIsReadBackWhileReadingRests holds that what keeps polls back keeps no
// answer back that is tried again, which is looked for first.
func TestAnAnswerIsReadBackWhileReadingRests(t *testing.T) {
	r, c := play(t, platform.Options{})
	id := r.Post(t, "een vraag")
	rel := approvaltest.Release(t, "page", pageID, *mention(connectortest.Walk(t, c, nil), id), "Wij zoeken het uit.")
	receipt, err := c.Publish(t.Context(), rel)
	if err != nil {
		t.Fatal(err)
	}
	for usage, finds := range map[string]bool{`{"call_count":80}`: true, `{"call_count":100}`: false} {
		r.p.Fail(platform.Fault{Status: 200, Body: `{"success":true}`, Header: map[string]string{"X-App-Usage": usage}})
		again := r.connect(t, connectors.Account{Backfill: time.Hour}, r.settings(goodToken))
		if _, err := again.Poll(t.Context(), nil); connectors.KindOf(err) != connectors.Garbage {
			t.Fatal(err)
		}
		if _, err := again.Poll(t.Context(), nil); connectors.KindOf(err) != connectors.RateLimited {
			t.Errorf("%s: reading goes on: %v", usage, err)
		}
		found, err := again.Find(t.Context(), rel.Attempt())
		if (err == nil) != finds || finds != (found.Receipt.ExternalID == receipt.ExternalID) || !finds && connectors.KindOf(err) != connectors.RateLimited {
			t.Errorf("%s: %+v, %v", usage, found, err)
		}
	}
}

// TestAnAnswerInAnothersNameIsNotWhatWasApproved has the token be another Page's, as
// whose the comment then stands there.
func TestAnAnswerInAnothersNameIsNotWhatWasApproved(t *testing.T) {
	r, c := play(t, platform.Options{})
	id := r.Post(t, "een vraag")
	rel := approvaltest.Release(t, "page", pageID, *mention(connectortest.Walk(t, c, nil), id), "Wij zoeken het uit.")
	a := rel.Attempt()
	var err error
	if a.Receipt, err = c.Publish(t.Context(), rel); err != nil {
		t.Fatal(err)
	}
	for from, differs := range map[string]bool{`"from":{"id":"` + pageID + `"},`: false, ``: false, `"from":{"id":"77","name":"Zuidlicht"},`: true} {
		r.p.Fail(platform.Fault{Status: 200, Body: `{"id":"` + a.Receipt.ExternalID + `",` + from + `"message":"Wij zoeken het uit.","created_time":"2026-11-23T08:00:00+0000"}`})
		found, err := c.Find(t.Context(), a)
		if err != nil || found.Outcome != connectors.Present || found.Text != a.Text || (found.Differs != "") != differs {
			t.Errorf("%s: %+v, %v", from, found, err)
		}
	}
}
