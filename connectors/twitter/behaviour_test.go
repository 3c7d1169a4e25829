package twitter_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/twitter"
	"standpunt/connectors/twitter/replay/platform"
	"standpunt/inbox"
)

const account = inbox.AccountName("x")

func play(t *testing.T, o platform.Options) (*remote, *twitter.Connector) {
	t.Helper()
	r := newRemote(t, o)
	return r, r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
}

// mentions polls to the end and returns what came, by id.
func mentions(t *testing.T, c *twitter.Connector) map[string]inbox.Inbound {
	t.Helper()
	return byID(connectortest.Walk(t, c, nil).Mentions)
}

func release(t *testing.T, c *twitter.Connector, in inbox.Inbound, text string) approval.Release {
	t.Helper()
	who, err := c.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return approvaltest.Release(t, account, who.RemoteID, in, text)
}

func approvalRelease(t *testing.T, remoteID string, in inbox.Inbound, text string) (approval.Release, func() approval.Release) {
	t.Helper()
	return approvaltest.Released(t, account, remoteID, in, text)
}

func errorOf(t *testing.T, err error) *connectors.Error {
	t.Helper()
	var e *connectors.Error
	if !errors.As(err, &e) {
		t.Fatalf("%T: %v", err, err)
	}
	return e
}

func TestLinksAndNamesReadBackAsApproved(t *testing.T) {
	r, c := play(t, platform.Options{})
	target := r.Post(t, "zie <a> & https://example.com/x?a=1&b=2")
	in := mentions(t, c)[target]
	if want := "@noordlicht zie <a> & https://example.com/x?a=1&b=2"; in.Text != want || in.Author.Handle != "@jan" || in.Unanswerable != "" {
		t.Errorf("%+v", in)
	}
	const text = "@jan zie example.com/hulp & https://Example.com/a?b=1&c=2, <b>dank</b>"
	rel := release(t, c, in, text)
	if _, err := c.Publish(t.Context(), rel); err != nil {
		t.Fatal(err)
	}
	again := r.connect(t, connectors.Account{Name: account}, secrets[3])
	found, err := again.Find(t.Context(), rel.Attempt())
	if err != nil || found.Outcome != connectors.Present || found.Text != text {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestXRefusesAnswers(t *testing.T) {
	r, c := play(t, platform.Options{})
	stranger := r.say(t, platform.Draft{Author: "eva", Text: "niemand genoemd"})
	gone := r.Post(t, "weg")
	came := mentions(t, c)
	in := came[gone]
	r.x.Erase(gone)
	_, err := c.Publish(t.Context(), release(t, c, in, "Te laat."))
	if e := errorOf(t, err); e.Kind != connectors.Gone || e.Remedy == "" {
		t.Errorf("an answer to what is gone: %s, %v", e.Kind, e)
	}
	in.ExternalID = stranger
	_, err = c.Publish(t.Context(), release(t, c, in, "Ongevraagd."))
	if e := errorOf(t, err); e.Kind != connectors.NotAllowed || !strings.Contains(e.Remedy, "by hand") {
		t.Errorf("an answer to a stranger: %s, %v", e.Kind, e)
	}
	quoting := r.say(t, platform.Draft{Author: "eva", Text: "@noordlicht kijk"})
	in = mentions(t, c)[quoting]
	for i, want := range []connectors.ErrorKind{"", connectors.Rejected} {
		_, err = c.Publish(t.Context(), release(t, c, in, "Twee keer hetzelfde."))
		if (err == nil) != (want == "") || err != nil && errorOf(t, err).Kind != want {
			t.Errorf("time %d: %v", i+1, err)
		}
	}
	if got := r.x.Answers(quoting); len(got) != 1 {
		t.Errorf("stand there: %q", got)
	}
}

func TestAnAnswerGoesUnderTheVersionThatWasRead(t *testing.T) {
	r, c := play(t, platform.Options{})
	first := r.Post(t, "mijn pakket is weg")
	latest := r.x.Revise(first, "@noordlicht mijn pakket is er")
	in := mentions(t, c)[first]
	if in.EditedAt.IsZero() || !slices.Contains(in.Route, inbox.Field{Name: "post", Value: latest}) {
		t.Fatalf("%+v", in)
	}
	rel := release(t, c, in, "Fijn!")
	if _, err := c.Publish(t.Context(), rel); err != nil {
		t.Fatal(err)
	}
	if found, err := c.Find(t.Context(), rel.Attempt()); err != nil || found.Outcome != connectors.Present {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestRateLimitSaysWhenItEnds(t *testing.T) {
	_, c := play(t, platform.Options{Limits: map[string]int{"GET /2/users/{id}/mentions": 1}})
	_ = mentions(t, c)
	_, err := c.Poll(t.Context(), nil)
	const told = 3 * time.Second // how exactly X's clock is known
	if e := errorOf(t, err); e.Kind != connectors.RateLimited || e.RetryAfter < 14*time.Minute || e.RetryAfter > 15*time.Minute+told {
		t.Errorf("%s, %v: %v", e.Kind, e.RetryAfter, e)
	}
}

// Answers that X gives, word for word, and what staff read.
func TestErrorsAreExplained(t *testing.T) {
	for _, c := range []struct {
		status  int
		body    string
		kind    connectors.ErrorKind
		explain string
	}{
		{403, `{"errors":[{"code":453,"message":"You currently have access to a subset of X API V2 endpoints"}]}`, connectors.NotAllowed, "access level"},
		{401, `{"errors":[{"code":135,"message":"Timestamp out of bounds."}]}`, connectors.BadAuth, "NTP"},
		{401, `{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}`, connectors.BadAuth, "consumer_key"},
		{403, `{"title":"Forbidden","type":"https://api.twitter.com/2/problems/oauth1-permissions","status":403,"detail":"Your client app is not configured with the appropriate oauth1 app permissions for this endpoint."}`, connectors.NotAllowed, "Read and write"},
		{429, `{"title":"UsageCapExceeded","type":"https://api.twitter.com/2/problems/usage-capped"}`, connectors.RateLimited, "usage cap"},
		{402, `{"title":"CreditsDepleted"}`, connectors.NotAllowed, "credits"},
		{403, `{"errors":[{"code":326,"message":"locked"}]}`, connectors.BadAuth, "x.com"},
		{400, `{"errors":[{"message":"The query parameter [tweet.fields] is not one of [post.fields]"}],"title":"Invalid Request"}`, connectors.Rejected, "vocabulary to post"},
		{403, `{"detail":"You are not allowed to create a Tweet with duplicate content.","type":"about:blank","title":"Forbidden","status":403}`, connectors.Rejected, "already"},
		{403, `{"detail":"Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to.","type":"about:blank","title":"Forbidden","status":403}`, connectors.NotAllowed, "Propose it as an answer by hand"},
		{403, `{"detail":"You can only reply to or quote posts where you are mentioned or are the author.","type":"about:blank","title":"Forbidden","status":403}`, connectors.NotAllowed, "by hand"},
		{403, `{"errors":[{"code":385,"message":"You attempted to reply to a Tweet that is deleted or not visible to you."}]}`, connectors.Gone, "conversation"},
		{403, `{"detail":"You do not have permission to DM one or more participants.","title":"Forbidden","type":"about:blank","status":403}`, connectors.NotAllowed, "messages"},
		{403, `{"errors":[{"code":349,"message":"You cannot send messages to this user."}]}`, connectors.NotAllowed, "messages"},
		{403, `{"title":"Unsupported Authentication","type":"https://api.twitter.com/2/problems/unsupported-authentication","status":403,"detail":"Authenticating with OAuth 1.0a User Context is forbidden for this endpoint. Supported authentication types are [OAuth 2.0 Application-Only]."}`, connectors.NotAllowed, "another kind of sign-in"},
		{403, `{"detail":"The original Tweet author restricted who can reply to this Tweet.","type":"about:blank","title":"Forbidden","status":403}`, connectors.NotAllowed, "by hand"},
		{403, `{"errors":[{"code":433,"message":"The original Tweet author restricted who can reply to this Tweet."}]}`, connectors.NotAllowed, "by hand"},
		{403, `{"errors":[{"code":136,"message":"You have been blocked from the author of this Tweet."}]}`, connectors.NotAllowed, "blocked"},
		{403, `{"errors":[{"code":226,"message":"This request looks like it might be automated."}]}`, connectors.NotAllowed, "robot"},
		{403, `{"errors":[{"code":185,"message":"User is over daily status update limit."}]}`, connectors.RateLimited, "fewer"},
		{403, `{"errors":[{"code":93,"message":"This application is not allowed to access or delete your direct messages."}]}`, connectors.NotAllowed, "direct messages"},
		{403, `{"something":"new"}`, connectors.NotAllowed, "credentials"},
		{400, `{"errors":[{"parameters":{"since_id":["1"]},"message":"'since_id' must be a tweet id"}],"title":"Invalid Request","type":"https://api.twitter.com/2/problems/invalid-request"}`, connectors.Rejected, "400"},
		{429, `{"errors":[{"code":88,"message":"Rate limit exceeded"}]}`, connectors.RateLimited, "fewer"},
		{403, `{"errors":[{"code":187,"message":"Status is a duplicate."}]}`, connectors.Rejected, "already"},
		// Of fields that are of another type than X documents, the others still tell.
		{403, `{"errors":[{"code":187,"message":{"text":"Status is a duplicate."}}]}`, connectors.Rejected, "already"},
		{403, `{"errors":[7,{"code":"187","message":"You are not allowed to create a Tweet with duplicate content."}],"title":403}`, connectors.Rejected, "already"},
		{403, `{"detail":"You are not allowed to create a Tweet with duplicate content.","type":7,"errors":"none"}`, connectors.Rejected, "already"},
		{403, `{"errors":[{"code":186,"message":"Tweet needs to be a bit shorter."}]}`, connectors.Rejected, "280"},
		{403, `{"errors":[{"code":261,"message":"Application cannot perform write actions."}]}`, connectors.NotAllowed, "Read and write"},
		{404, `{"errors":[{"code":144,"message":"No status found with that ID."}]}`, connectors.Gone, "no longer"},
		{503, `<html>over capacity</html>`, connectors.Temporary, "503"},
		{200, `<html>sign in</html>`, connectors.Garbage, "proxy"},
		{200, `{"errors":[{"title":"Forbidden","type":"about:blank"}]}`, connectors.Garbage, "account"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		r := &remote{Proxy: &connectortest.Proxy{URL: server.URL}}
		_, err := r.connect(t, connectors.Account{}, secrets[3]).Identity(t.Context())
		if e := errorOf(t, err); e.Kind != c.kind || !strings.Contains(e.Error(), c.explain) {
			t.Errorf("%d %s: %s, %v", c.status, c.body, e.Kind, e)
		}
		server.Close()
	}
}

func TestClockSkewIsToldFromWrongKeys(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	r := &remote{Proxy: &connectortest.Proxy{URL: server.URL}}
	_, err := r.connect(t, connectors.Account{}, secrets[3]).Identity(t.Context())
	if e := errorOf(t, err); e.Kind != connectors.BadAuth || !strings.Contains(e.Message, "clock is off by 1h0m") {
		t.Errorf("%v", e)
	}
}

func TestSettingsAreStrict(t *testing.T) {
	_, err := twitter.New(connectors.Account{Settings: config.NewSettings(map[string]any{
		"base_url": "ftp://x", "handle": "two words", "consumer_kye": secrets[0], "poll_every": "1s", "vocabulary": "toot",
	})})
	var keys []string
	for _, p := range config.Problems(err) {
		keys = append(keys, strings.TrimPrefix(p.Key, "settings."))
		if p.Remedy == "" || strings.Contains(p.Error(), secrets[0]) {
			t.Errorf("%v", p)
		}
	}
	slices.Sort(keys)
	want := []string{"access_token", "access_token_secret", "base_url", "consumer_key", "consumer_kye", "consumer_secret", "handle", "poll_every", "vocabulary"}
	if !slices.Equal(keys, want) {
		t.Errorf("faults at %v, want %v: %v", keys, want, err)
	}
}

func TestStreamSettingsAreStrict(t *testing.T) {
	good := map[string]any{
		"handle": "noordlicht", "consumer_key": secrets[0], "consumer_secret": secrets[1], "access_token": secrets[2], "access_token_secret": secrets[3],
	}
	many := make([]any, 1001)
	for i := range many {
		many[i] = "from:someone"
	}
	for name, c := range map[string]struct {
		more map[string]any
		want []string
	}{
		"no bearer token": {map[string]any{"activity": true}, []string{"bearer_token"}},
		"keywords": {map[string]any{"bearer_token": "b", "keywords": []any{"goed", " ", `"aan"`, strings.Repeat("x", 200)}},
			[]string{"keywords[1]", "keywords[2]", "keywords[3]"}},
		"rules":    {map[string]any{"bearer_token": "b", "rules": []any{"", strings.Repeat("x", 1025), strings.Repeat("y", 1024)}}, []string{"rules[0]", "rules[1]"}},
		"too many": {map[string]any{"bearer_token": "b", "rules": many}, []string{"keywords"}},
		"access":   {map[string]any{"access": "gold"}, []string{"access"}},
		"all well": {map[string]any{"bearer_token": "b", "activity": true, "direct_messages": true, "keywords": []any{"storm"}}, nil},
	} {
		settings := maps.Clone(good)
		maps.Copy(settings, c.more)
		_, err := twitter.New(connectors.Account{Settings: config.NewSettings(settings)})
		var keys []string
		for _, p := range config.Problems(err) {
			keys = append(keys, strings.TrimPrefix(p.Key, "settings."))
			if p.Remedy == "" {
				t.Errorf("%s: %v", name, p)
			}
		}
		slices.Sort(keys)
		if !slices.Equal(keys, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: faults at %v, want %v: %v", name, keys, c.want, err)
		}
	}
}

func TestAnotherAccountsTokensAreToldAndNotUsed(t *testing.T) {
	r := newRemote(t, platform.Options{})
	made, err := twitter.New(connectors.Account{Name: account, Settings: config.NewSettings(map[string]any{
		"base_url": r.URL, "handle": "anders", "consumer_key": secrets[0], "consumer_secret": secrets[1],
		"access_token": secrets[2], "access_token_secret": secrets[3],
	})})
	c, ok := made.(*twitter.Connector)
	if err != nil || !ok {
		t.Fatal(err)
	}
	who, err := c.Identity(t.Context())
	if err != nil || who.CanSend || !strings.Contains(who.Note, "@noordlicht") {
		t.Errorf("%+v, %v", who, err)
	}
	_, err = c.Poll(t.Context(), nil)
	if e := errorOf(t, err); e.Kind != connectors.BadAuth || e.Remedy == "" {
		t.Errorf("%v", e)
	}
}

func TestARemovalIsReadBack(t *testing.T) {
	r, c := play(t, platform.Options{})
	target := r.Post(t, "een vraag")
	reply := release(t, c, mentions(t, c)[target], "Een antwoord.")
	receipt, err := c.Publish(t.Context(), reply)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Remove(t.Context(), reply); err == nil || errorOf(t, err).Kind != connectors.NotAllowed {
		t.Errorf("a reply as removal: %v", err)
	}
	removal := approval.Attempt{Action: approval.Remove, Target: receipt.ExternalID}
	for i, want := range []connectors.Outcome{connectors.CannotTell, connectors.Present} {
		found, err := c.Find(t.Context(), removal)
		if err != nil || found.Outcome != want {
			t.Errorf("time %d: %+v, %v", i+1, found, err)
		}
		if i == 0 {
			if _, err := twitter.Erase(c, t.Context(), receipt.ExternalID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := r.x.Answers(target); len(got) != 0 {
		t.Errorf("stand there: %q", got)
	}
	if _, err := twitter.Erase(c, t.Context(), receipt.ExternalID); err == nil || errorOf(t, err).Kind != connectors.Gone {
		t.Errorf("a second removal: %v", err)
	}
	// The reply's receipt names a post that is gone, but so young that X may not show it yet.
	lost := reply.Attempt()
	lost.Receipt = receipt
	if found, err := c.Find(t.Context(), lost); err != nil || found.Outcome != connectors.CannotTell {
		t.Errorf("%+v, %v", found, err)
	}
}

// A page that came while X would not say who wrote it is not kept in part: the
// cursor stays before it, and the next poll, of this process or of another one,
// brings it with its authors.
func TestAPageWaitsForItsAuthors(t *testing.T) {
	r := newRemote(t, platform.Options{PageSize: 5})
	for i := range 17 { // the last page, the oldest posts, has two
		r.say(t, platform.Draft{Author: fmt.Sprint("klant", i), Text: fmt.Sprintf("@noordlicht vraag %d", i)})
	}
	connect := func() *twitter.Connector {
		return r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
	}
	c := connect()
	var cursor inbox.Cursor
	var came []string
	for n, more := 0, true; more; n++ {
		for _, trouble := range [][]canned{
			{{"/2/users", 503, "over capacity"}, {"/2/users", 200, "<html>"}}, {{"/2/users", 429, "{}"}, {"/2/users", 500, ""}},
		}[n%2] {
			r.instead.Store(&trouble)
			if page, err := c.Poll(t.Context(), cursor); err == nil || len(page.Mentions) > 0 || page.Next != nil {
				t.Fatalf("page %d without its authors: %v, %+v", n, err, page)
			}
		}
		r.instead.Store(nil)
		if n%2 == 1 {
			c = connect()
		}
		page, err := c.Poll(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Mentions {
			came = append(came, m.Author.Handle)
		}
		cursor, more = page.Next, page.More
	}
	slices.Sort(came)
	if came = slices.Compact(came); len(came) != 17 || came[0] != "@klant0" {
		t.Errorf("came from %v", came)
	}
}

// Where X tells nobody who people are, mentions are late by two polls and then come in
// without names; as soon as it tells again, with them.
func TestMentionsDoNotWaitForNamesForever(t *testing.T) {
	r, c := play(t, platform.Options{PageSize: 5})
	for i := range 12 {
		r.say(t, platform.Draft{Author: fmt.Sprint("klant", i), Text: fmt.Sprintf("@noordlicht vraag %d", i)})
	}
	r.instead.Store(&canned{"/2/users", 503, "over capacity"})
	for range 2 {
		if _, err := c.Poll(t.Context(), nil); connectors.KindOf(err) != connectors.Temporary {
			t.Fatalf("without its authors: %v", err)
		}
	}
	var cursor inbox.Cursor
	for n := range 3 {
		if n == 2 {
			r.instead.Store(nil)
		}
		page, err := c.Poll(t.Context(), cursor)
		if err != nil || len(page.Mentions) == 0 || page.More != (n < 2) {
			t.Fatalf("page %d: %v, %+v", n, err, page)
		}
		for _, m := range page.Mentions {
			if m.Author.ExternalID == "" || (m.Author.Handle != "") != (n == 2) {
				t.Errorf("page %d came from %+v", n, m.Author)
			}
		}
		cursor = page.Next
	}
	r.instead.Store(&canned{"/2/users", 503, "over capacity"})
	r.say(t, platform.Draft{Author: "nieuw", Text: "@noordlicht nog iets"})
	if _, err := c.Poll(t.Context(), cursor); connectors.KindOf(err) != connectors.Temporary {
		t.Errorf("after a lookup that went well the next trouble is waited out: %v", err)
	}
}
