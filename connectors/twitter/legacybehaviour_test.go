package twitter_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
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

func playLegacy(t *testing.T, o platform.Options) (*legacyRemote, *twitter.Legacy) {
	t.Helper()
	r := &legacyRemote{remote: newRemote(t, o)}
	l, ok := r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3]).(*twitter.Legacy)
	if !ok {
		t.Fatal("api 1.1 makes no Legacy")
	}
	return r, l
}

// legacyAt is an account whose server is h.
func legacyAt(t *testing.T, stream bool, h http.HandlerFunc) connectors.Connector {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	r := &legacyRemote{remote: &remote{Proxy: &connectortest.Proxy{URL: server.URL}}, stream: stream}
	return r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
}

// round polls to the end from a cursor on.
func round(t *testing.T, c connectors.Connector, after inbox.Cursor) ([]inbox.Inbound, []approval.OwnPost, inbox.Cursor) {
	t.Helper()
	all := connectortest.Walk(t, c, after)
	return all.Mentions, all.Own, all.Next
}

func byID(list []inbox.Inbound) map[string]inbox.Inbound {
	all := make(map[string]inbox.Inbound)
	for _, in := range list {
		all[in.ExternalID] = in
	}
	return all
}

// Both APIs bring every kind of post in the same shape, and going from one to the
// other and back brings each into a real inbox once.
func TestChangingTheAPIDuplicatesNothing(t *testing.T) {
	r, legacy := playLegacy(t, platform.Options{PageSize: 3})
	modern := r.remote.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
	brand := r.say(t, platform.Draft{Author: "noordlicht", Text: "Storing in Almere"})
	question := r.Post(t, "waarom? <b>&amp; "+strings.Repeat("lang verhaal ", 14)+"https://example.com/a?b=1&c=2 én example.org")
	answer := r.say(t, platform.Draft{Author: "noordlicht", Text: "Dat zoeken we uit", InReplyTo: question})
	r.say(t, platform.Draft{Author: "jan", Text: "dank!", InReplyTo: answer})
	r.say(t, platform.Draft{Author: "eva", Text: "wat zij zegt @noordlicht", Quotes: brand})
	r.say(t, platform.Draft{Author: "eva", Text: "hier ook @noordlicht \u202eשלום 👨‍👩‍👧‍👦", InReplyTo: brand})
	r.say(t, platform.Draft{Author: "piet", Text: "@noordlicht zie de foto's", Pictures: 2})
	edited := r.Post(t, "mijn modem is kapot")
	reply := r.say(t, platform.Draft{Author: "eva", Text: "de mijne ook @noordlicht", InReplyTo: edited})
	r.x.Revise(edited, "@noordlicht mijn modem doet het weer")

	first, ours, cursor := round(t, modern, nil)
	second, owned, other := round(t, legacy, nil)
	want, got := byID(first), byID(second)
	if len(want) != 7 || len(got) != len(want) {
		t.Fatalf("v2 brings %d mentions and v1.1 %d, want 7", len(want), len(got))
	}
	if len(ours) != 2 || len(owned) != len(ours) {
		t.Fatalf("v2 brings the own posts %+v and v1.1 %+v", ours, owned)
	}
	for i := range ours {
		ours[i].Beside, owned[i].Beside = nil, nil
		if !reflect.DeepEqual(ours[i], owned[i]) {
			t.Errorf("v1.1 brings\n%+v, v2\n%+v", owned[i], ours[i])
		}
	}
	for id, in := range want {
		if !reflect.DeepEqual(got[id], in) {
			t.Errorf("v1.1 brings\n%+v, v2\n%+v", got[id], in)
		}
	}
	if got[edited].EditedAt.IsZero() || got[reply].Thread != edited {
		t.Errorf("the edited post came as %+v, and the reply under it as %+v", got[edited], got[reply])
	}

	rig := approvaltest.New(t)
	later := r.Post(t, "en nu?")
	for i, step := range []struct {
		c     connectors.Connector
		after inbox.Cursor
		fresh int
	}{{modern, nil, 8}, {legacy, cursor, 0}, {modern, other, 0}, {legacy, nil, 0}, {legacy, inbox.Cursor(`{"since":1,"newest":9,"token":"before-9"}`), 0}} {
		came, _, _ := round(t, step.c, step.after)
		in, err := rig.Box.Ingest(t.Context(), "plein", came, nil)
		if err != nil || in.New != step.fresh || in.Edited+in.Quarantined > 0 {
			t.Errorf("step %d: %+v, %v; want %d new", i, in, err, step.fresh)
		}
		if _, ok := byID(came)[later]; !ok {
			t.Errorf("step %d skips what came since", i)
		}
	}
}

// A cursor of API v1.1 that has seen nothing yet is the back-fill's to API v2.
func TestAnEmptyLegacyCursorIsNoWholeHistory(t *testing.T) {
	r, legacy := playLegacy(t, platform.Options{})
	_, _, cursor := round(t, legacy, nil)
	var kept struct{ Since, From int64 }
	if err := json.Unmarshal(cursor, &kept); err != nil || kept.Since != 0 || time.Since(time.Unix(kept.From, 0)) < 59*time.Minute {
		t.Errorf("%s, %v", cursor, err)
	}
	id := r.Post(t, "eindelijk iets")
	modern := r.remote.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
	for _, c := range []connectors.Connector{legacy, modern} {
		if came, _, _ := round(t, c, cursor); len(came) != 1 || came[0].ExternalID != id {
			t.Errorf("%T: %+v", c, came)
		}
	}
}

func TestLegacyRefusalsAreExplained(t *testing.T) {
	r, l := playLegacy(t, platform.Options{})
	target := r.Post(t, "een vraag")
	stranger := r.say(t, platform.Draft{Author: "eva", Text: "niemand genoemd"})
	gone := r.Post(t, "weg")
	came, _, _ := round(t, l, nil)
	who, err := l.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.x.Erase(gone)
	for _, c := range []struct {
		target, text string
		kind         connectors.ErrorKind
		explain      string
	}{
		{target, "Eén antwoord & <meer>.", "", ""},
		{target, "Eén antwoord & <meer>.", connectors.Rejected, "already"},
		{target, strings.Repeat("日", 141), connectors.Rejected, "280"},
		{stranger, "Ongevraagd.", connectors.NotAllowed, "only some people"},
		{gone, "Te laat.", connectors.Gone, "no longer exists"},
	} {
		in := byID(came)[target]
		in.ExternalID, in.Thread = c.target, c.target
		_, err := l.Publish(t.Context(), approvaltest.Release(t, account, who.RemoteID, in, c.text))
		if c.kind == "" {
			if err != nil {
				t.Errorf("%s: %v", c.text, err)
			}
			continue
		}
		if e := errorOf(t, err); e.Kind != c.kind || !strings.Contains(e.Error(), c.explain) || e.Remedy == "" {
			t.Errorf("%s: %s, %v", c.text, e.Kind, e)
		}
	}
	if got := r.x.Answers(target); !slices.Equal(got, []string{"Eén antwoord & <meer>."}) {
		t.Errorf("stand there: %q", got)
	}
}

// Whatever an account without API v1.1 does, it is told so.
func TestNoAccessToLegacy(t *testing.T) {
	r, l := playLegacy(t, platform.Options{NoLegacy: true})
	modern := r.remote.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
	target := r.Post(t, "een vraag")
	rel := release(t, modern, mentions(t, modern)[target], "Antwoord.")
	_, identity := l.Identity(t.Context())
	_, poll := l.Poll(t.Context(), nil)
	_, publish := l.Publish(t.Context(), rel)
	_, find := l.Find(t.Context(), rel.Attempt())
	for call, err := range map[string]error{"Identity": identity, "Poll": poll, "Publish": publish, "Find": find} {
		e := errorOf(t, err)
		if e.Kind != connectors.NotAllowed || e.Message != "your access level has no API v1.1" || !strings.Contains(e.Remedy, `api to "2"`) {
			t.Errorf("%s: %s, %v", call, e.Kind, e)
		}
	}
	if got := r.x.Answers(target); len(got) != 0 {
		t.Errorf("stand there: %q", got)
	}
}

func TestLegacyErrorsAreExplained(t *testing.T) {
	reset := strconv.FormatInt(time.Now().Add(5*time.Minute).Unix(), 10)
	for _, c := range []struct {
		status  int
		body    string
		kind    connectors.ErrorKind
		explain string
	}{
		{403, `{"errors":[{"code":453,"message":"You currently have access to a subset of X API V2 endpoints"}]}`, connectors.NotAllowed, "access level"},
		{410, `{"errors":[{"code":68,"message":"The Twitter REST API v1 is no longer active."}]}`, connectors.NotAllowed, "access level"},
		{410, `<html>gone</html>`, connectors.NotAllowed, "access level"},
		{429, `{"errors":[{"code":88,"message":"Rate limit exceeded"}]}`, connectors.RateLimited, "fewer"},
		{200, `{"errors":[{"code":88,"message":"Rate limit exceeded"}]}`, connectors.RateLimited, "fewer"},
		{420, `Enhance your calm`, connectors.RateLimited, "fewer"},
		{401, `{"errors":[{"code":32,"message":"Could not authenticate you."}]}`, connectors.BadAuth, "consumer_key"},
		{401, `{"errors":[{"code":89,"message":"Invalid or expired token."}]}`, connectors.BadAuth, "access_token"},
		{400, `{"errors":[{"code":215,"message":"Bad Authentication data."}]}`, connectors.BadAuth, "consumer_key"},
		{401, `{"errors":[{"code":135,"message":"Timestamp out of bounds."}]}`, connectors.BadAuth, "NTP"},
		{403, `{"errors":[{"code":326,"message":"To protect our users from spam..."}]}`, connectors.BadAuth, "x.com"},
		{403, `{"errors":[{"code":226,"message":"This request looks like it might be automated."}]}`, connectors.NotAllowed, "propose it as an answer by hand"},
		{403, `{"errors":[{"code":433,"message":"The original Tweet author restricted who can reply to this Tweet."}]}`, connectors.NotAllowed, "propose it as an answer by hand"},
		{404, `{"errors":[{"code":34,"message":"Sorry, that page does not exist."}]}`, connectors.NotAllowed, "base_url"},
		{404, `<html>nothing here</html>`, connectors.NotAllowed, "base_url"},
		{500, `{"errors":[{"code":131,"message":"Internal error"}]}`, connectors.Temporary, "500"},
		{503, `{"errors":[{"code":130,"message":"Over capacity"}]}`, connectors.Temporary, "503"},
		{200, `<html>sign in</html>`, connectors.Garbage, "proxy"},
		{200, `null`, connectors.Garbage, "proxy"},
		{200, ``, connectors.Garbage, "proxy"},
		{200, `{}`, connectors.Garbage, "account"},
		{200, `[]`, connectors.Garbage, "v1.1"},
		{200, `{"id":1,"id_str":"1","screen_name":"noordlicht"}<html>`, connectors.Garbage, "JSON"},
		{200, `{"errors":[{"code":9999,"message":"odd"}]}`, connectors.Garbage, "success"},
	} {
		l := legacyAt(t, false, func(w http.ResponseWriter, _ *http.Request) {
			if c.status == 429 {
				w.Header().Set("X-Rate-Limit-Reset", reset)
			}
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		})
		_, err := l.Poll(t.Context(), nil)
		e := errorOf(t, err)
		if e.Kind != c.kind || !strings.Contains(e.Error(), c.explain) {
			t.Errorf("%d %s: %s, %v", c.status, c.body, e.Kind, e)
		}
		if c.status == 429 && (e.RetryAfter < 4*time.Minute || e.RetryAfter > 5*time.Minute) {
			t.Errorf("wait for %v", e.RetryAfter)
		}
	}
}

func TestLegacyClockSkewIsSaidInWords(t *testing.T) {
	l := legacyAt(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(20*time.Minute).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"errors":[{"code":32,"message":"Could not authenticate you."}]}`)
	})
	_, err := l.Poll(t.Context(), nil)
	if e := errorOf(t, err); e.Kind != connectors.BadAuth || !strings.Contains(e.Message, "clock is off by ") {
		t.Errorf("%v", e)
	}
}

// A refusal beside a success, or behind a status that does not say so, is no proof
// that nothing stands there.
func TestLegacyPublicationsInDoubtAreUnknown(t *testing.T) {
	r, l := playLegacy(t, platform.Options{})
	target := r.Post(t, "een vraag")
	came, _, _ := round(t, l, nil)
	who, err := l.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, body := range []string{
		`{"errors":[{"code":187,"message":"Status is a duplicate."}]}`, `<html>`, `{}`, ``, `null`, `{"id_str":"x"}`, `{"id_str":7}`, `[]`,
		`{"id":18446744073709551616}`,
	} {
		calls := 0
		c := legacyAt(t, false, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				_, _ = fmt.Fprintf(w, `{"id":%s,"id_str":"%s","screen_name":"noordlicht"}`, who.RemoteID, who.RemoteID)
				return
			}
			calls++
			_, _ = io.WriteString(w, body)
		})
		_, err := c.(connectors.Publisher).Publish(t.Context(), approvaltest.Release(t, account, who.RemoteID, byID(came)[target], "Antwoord."))
		if e := errorOf(t, err); e.Kind != connectors.Unknown || calls != 1 {
			t.Errorf("case %d: %d calls, %s, %v", i, calls, e.Kind, e)
		}
	}
	for _, status := range []int{302, 408, 500, 503} {
		if e := twitter.ClassifyLegacy(status, []byte(`{"errors":[{"code":187,"message":"Status is a duplicate."}]}`), true); e.Kind != connectors.Unknown {
			t.Errorf("status %d: %s", status, e.Kind)
		}
	}
}

func TestALegacyRemovalIsReadBack(t *testing.T) {
	r, l := playLegacy(t, platform.Options{})
	target := r.Post(t, "een vraag")
	came, _, _ := round(t, l, nil)
	who, err := l.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rel := approvaltest.Release(t, account, who.RemoteID, byID(came)[target], "Een antwoord.")
	receipt, err := l.Publish(t.Context(), rel)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Remove(t.Context(), rel); errorOf(t, err).Kind != connectors.NotAllowed {
		t.Errorf("a reply as removal: %v", err)
	}
	removal := approval.Attempt{Action: approval.Remove, Target: receipt.ExternalID}
	for i, want := range []connectors.Outcome{connectors.CannotTell, connectors.Present} {
		if found, err := l.Find(t.Context(), removal); err != nil || found.Outcome != want {
			t.Errorf("time %d: %+v, %v", i+1, found, err)
		}
		if i == 0 {
			if _, err := twitter.EraseLegacy(l, t.Context(), receipt.ExternalID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := twitter.EraseLegacy(l, t.Context(), receipt.ExternalID); errorOf(t, err).Kind != connectors.Gone {
		t.Errorf("a second removal: %v", err)
	}
	if _, err := twitter.EraseLegacy(l, t.Context(), target); errorOf(t, err).Kind != connectors.NotAllowed {
		t.Errorf("a customer's post removed: %v", err)
	}
	lost := rel.Attempt()
	for age, want := range map[time.Duration]connectors.Outcome{0: connectors.CannotTell, time.Hour: connectors.Absent} {
		lost.Receipt = receipt
		lost.Receipt.PostedAt = time.Now().Add(-age)
		if found, err := l.Find(t.Context(), lost); err != nil || found.Outcome != want {
			t.Errorf("after %v: %+v, %v", age, found, err)
		}
	}
}

// small is a server that is not X: ids that count from 1, fields of other types
// than the library thinks, no look-up, missing authors.
func small(t *testing.T, newest int, seen *[]string) http.HandlerFunc {
	t.Helper()
	old := time.Now().Add(-48 * time.Hour)
	return func(w http.ResponseWriter, r *http.Request) {
		*seen = append(*seen, r.URL.Path+"?"+r.URL.RawQuery)
		switch r.URL.Path {
		case "/1.1/account/verify_credentials.json":
			_, _ = io.WriteString(w, `{"id":1,"screen_name":"noordlicht","name":"N","status":{"id":"not a number"}}`)
		case "/1.1/statuses/mentions_timeline.json":
			since, _ := strconv.Atoi(r.URL.Query().Get("since_id"))
			highest, err := strconv.Atoi(r.URL.Query().Get("max_id"))
			if err != nil {
				highest = newest
			}
			var page []string
			for id := highest; id > since && id > 0 && len(page) < 5; id-- {
				at, author := time.Now(), fmt.Sprintf(`{"id":%d,"screen_name":"klant%d","name":"Klant"}`, id+100, id)
				if id <= 3 {
					at = old
				}
				if id == newest {
					author = "null"
				}
				page = append(page, fmt.Sprintf(`{"id":%d,"created_at":%q,"text":"@noordlicht %d","user":%s,"in_reply_to_status_id":%s,
					"entities":{"polls":[{"duration_minutes":60}],"user_mentions":[{"id":1,"screen_name":"noordlicht","indices":["a"]}]},
					"place":{"bounding_box":7},"coordinates":"here"}`, id, at.Format(time.RubyDate), id, author, map[bool]string{true: "2", false: "null"}[id == 5]))
			}
			_, _ = io.WriteString(w, "["+strings.Join(page, ",")+"]")
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}
}

func TestACompatibleServerWithSmallIDs(t *testing.T) {
	var seen []string
	l := legacyAt(t, false, small(t, 14, &seen))
	came, _, cursor := round(t, l, nil)
	if got := byID(came); len(got) != 11 || got["4"].Author.Handle != "@klant4" || got["4"].Author.ExternalID != "104" || got["14"].Author.ExternalID != "" ||
		got["5"].Thread != "" || got["5"].InReplyTo != "2" || time.Since(got["4"].PostedAt) > time.Minute {
		t.Errorf("%d came: %+v", len(got), got)
	}
	lookups := 0
	for range 2 {
		_, _, cursor = round(t, l, cursor)
	}
	for _, call := range seen {
		if strings.Contains(call, "lookup") {
			lookups++
		}
		if strings.Contains(call, "since_id") {
			t.Errorf("since_id in %s, where nothing is old enough to be behind us", call)
		}
	}
	if lookups != 1 {
		t.Errorf("%d look-ups at a server that has none", lookups)
	}
	page, err := l.Poll(t.Context(), cursor)
	if e := errorOf(t, page.Trouble); err != nil || e.Kind != connectors.NotAllowed || !strings.Contains(e.Message, "published outside") {
		t.Errorf("a server without our own posts: %v, %v", page.Trouble, err)
	}
}

// Posts of half a megabyte each do not fit one answer either, in any list.
func TestLegacyLongPostsAreReadAFewAtATime(t *testing.T) {
	const posts, first = 12, 1000 // the id of the first one
	for list, author := range map[string]string{"/1.1/statuses/mentions_timeline.json": "9", "/1.1/statuses/user_timeline.json": "1"} {
		l := legacyAt(t, false, func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			highest, err := strconv.Atoi(q.Get("max_id"))
			if err != nil {
				highest = first + posts - 1
			}
			size, _ := strconv.Atoi(q.Get("count"))
			switch r.URL.Path {
			case "/1.1/account/verify_credentials.json":
				_, _ = io.WriteString(w, `{"id_str":"1","screen_name":"noordlicht"}`)
			case list:
				var page []string
				for n := highest; n >= first && len(page) < size; n-- {
					text := "@noordlicht " + strings.Repeat("故事", 100_000)
					if n == first {
						text = "kort"
					}
					page = append(page, fmt.Sprintf(`{"id_str":"%d","created_at":%q,"user":{"id_str":%q},"full_text":%q}`, n, time.Now().Format(time.RubyDate), author, text))
				}
				_, _ = io.WriteString(w, "["+strings.Join(page, ",")+"]")
			default:
				_, _ = io.WriteString(w, "[]")
			}
		})
		came, own, _ := round(t, l, nil)
		if len(came)+len(own) != posts {
			t.Errorf("%s: %d of %d came", list, len(came)+len(own), posts)
		}
		if author != "1" {
			continue
		}
		a := approval.Attempt{Account: account, Action: approval.Post, RemoteID: "1", Text: "kort", ClaimedAt: time.Now()}
		if found, err := l.(connectors.Finder).Find(t.Context(), a); err != nil || found.Outcome != connectors.Present || found.Receipt.ExternalID != "1000" {
			t.Errorf("an answer below long posts: %+v, %v", found, err)
		}
	}
}

// What was deleted is taken out of a page after it was counted, so that a page of
// few, as there are among long posts, can be empty before the last one. What stands
// behind it comes in all the same.
func TestLegacySmallPagesThatAreEmpty(t *testing.T) {
	const first, last = 1000, 1060 // ids; what is between them was deleted
	calls := 0
	l := legacyAt(t, false, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		highest, err := strconv.Atoi(q.Get("max_id"))
		if err != nil {
			highest = last
		}
		size, _ := strconv.Atoi(q.Get("count"))
		switch r.URL.Path {
		case "/1.1/account/verify_credentials.json":
			_, _ = io.WriteString(w, `{"id_str":"1","screen_name":"noordlicht"}`)
		case "/1.1/statuses/mentions_timeline.json":
			calls++
			var page []string
			for _, n := range []int{last, first} {
				if n <= highest && n > highest-size {
					page = append(page, fmt.Sprintf(`{"id_str":"%d","created_at":%q,"user":{"id_str":"9"},"full_text":"@noordlicht"}`, n, time.Now().Format(time.RubyDate)))
				}
			}
			_, _ = io.WriteString(w, "["+strings.Join(page, ",")+"]")
		default:
			_, _ = io.WriteString(w, "[]")
		}
	})
	came, _, _ := round(t, l, inbox.Cursor(`{"since":5,"max":1060,"size":5}`))
	if got := byID(came); len(got) != 2 || got["1000"].Text != "@noordlicht" || calls != 4 {
		t.Errorf("%d of 2 came, with %d calls", len(got), calls)
	}
}

func TestLegacyPagesThatLeadNowhere(t *testing.T) {
	const self = `{"id":1,"screen_name":"noordlicht"}`
	at := time.Now().Format(time.RubyDate)
	for name, page := range map[string]string{
		"max_id is not kept to": `[{"id":90,"id_str":"90","created_at":"` + at + `","text":"@noordlicht","user":{"id":2}}]`,
		"a post without an id":  `[{"text":"@noordlicht"}]`,
		"no list":               `{"statuses":[]}`,
		"a list of nothing":     `[1,2]`,
	} {
		l := legacyAt(t, false, func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "account") {
				_, _ = io.WriteString(w, self)
				return
			}
			_, _ = io.WriteString(w, page)
		})
		_, err := l.Poll(t.Context(), inbox.Cursor(`{"since":5,"max":50}`))
		if e := errorOf(t, err); e.Kind != connectors.Garbage {
			t.Errorf("%s: %s, %v", name, e.Kind, e)
		}
	}
}

// Ids beyond 2^53 come as they are, from the string or the number; posts in any
// order are read alike.
func TestLegacyIDsAndOrder(t *testing.T) {
	at := time.Now().Format(time.RubyDate)
	l := legacyAt(t, false, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "account"):
			_, _ = io.WriteString(w, `{"id":1,"screen_name":"noordlicht"}`)
		case r.URL.Query().Has("max_id"):
			_, _ = io.WriteString(w, `[]`)
		default:
			_, _ = fmt.Fprintf(w, `[{"id":9007199254740993,"created_at":%q,"text":"a","user":{"id":9007199254740995}},
				{"id":9223372036854775807,"id_str":"9223372036854775807","created_at":%q,"text":"b","user":{"id_str":"9007199254740997"}},
				{"id":9007199254740992,"id_str":"9007199254740994","created_at":%q,"text":"c","user":{"id":2}}]`, at, at, at)
		}
	})
	came, _, _ := round(t, l, nil)
	got := byID(came)
	if len(got) != 3 || got["9007199254740993"].Author.ExternalID != "9007199254740995" ||
		got["9223372036854775807"].Author.ExternalID != "9007199254740997" || got["9007199254740994"].Text != "c" {
		t.Errorf("%+v", got)
	}
}

// The conversation that a reply belongs to is found over several posts, and is
// unknown below one that is gone.
func TestLegacyThreads(t *testing.T) {
	r, l := playLegacy(t, platform.Options{})
	root := r.say(t, platform.Draft{Author: "eva", Text: "wie heeft er ook geen stroom"})
	at := root
	for i := range 6 {
		at = r.say(t, platform.Draft{Author: []string{"jan", "piet"}[i%2], Text: fmt.Sprintf("ik ook %d", i), InReplyTo: at})
	}
	deep := r.say(t, platform.Draft{Author: "kees", Text: "@noordlicht wanneer weer", InReplyTo: at})
	gone := r.say(t, platform.Draft{Author: "eva", Text: "dit gaat weg"})
	orphan := r.say(t, platform.Draft{Author: "kees", Text: "@noordlicht zie boven", InReplyTo: gone})
	r.x.Erase(gone)
	for range 2 {
		came, _, _ := round(t, l, nil)
		if got := byID(came); got[deep].Thread != root || got[orphan].Thread != "" || got[orphan].InReplyTo != gone {
			t.Errorf("%+v", got)
		}
	}
}

func TestLegacyTokensOfAnotherAccount(t *testing.T) {
	var asked []string
	l := legacyAt(t, false, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		_, _ = io.WriteString(w, `{"id":7,"id_str":"7","screen_name":"anders"}`)
	})
	who, err := l.(connectors.Identifier).Identity(t.Context())
	if err != nil || who.CanSend || !strings.Contains(who.Note, "@anders") {
		t.Errorf("%+v, %v", who, err)
	}
	_, err = l.Poll(t.Context(), nil)
	if e := errorOf(t, err); e.Kind != connectors.BadAuth || e.Remedy == "" || len(asked) != 2 {
		t.Errorf("%v, after %v", e, asked)
	}
}

// What the account posts comes in over all pages, from the back-fill on, and once it
// is old enough not again.
func TestLegacyWatchesOurOwnPosts(t *testing.T) {
	r, l := playLegacy(t, platform.Options{PageSize: 3})
	var want []string
	for i := range 8 {
		want = append(want, r.say(t, platform.Draft{Author: "noordlicht", Text: fmt.Sprintf("bericht %d", i)}))
		r.Post(t, fmt.Sprintf("vraag %d", i))
	}
	came, own, cursor := round(t, l, nil)
	var got []string
	for _, o := range own {
		got = append(got, o.ExternalID)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) || len(byID(came)) != 8 {
		t.Errorf("own posts %v, want %v; %d mentions", got, want, len(came))
	}
	var at struct{ Own struct{ Since, From int64 } }
	if err := json.Unmarshal(cursor, &at); err != nil || at.Own.Since != 0 || at.Own.From == 0 {
		t.Errorf("the cursor %s, %v, leaves posts behind that are younger than a minute", cursor, err)
	}
	if _, own, _ = round(t, l, inbox.Cursor(`{"since":1,"own":{"since":`+want[6]+`}}`)); len(own) != 1 || own[0].ExternalID != want[7] {
		t.Errorf("behind %s came %+v", want[6], own)
	}
}

// An answer that somebody edited on X is found with the text that it has now, and
// one of many is found without a receipt.
func TestLegacyReadsBackWhatStandsNow(t *testing.T) {
	r, l := playLegacy(t, platform.Options{PageSize: 3})
	target := r.Post(t, "een vraag")
	came, _, _ := round(t, l, nil)
	who, err := l.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rel := approvaltest.Release(t, account, who.RemoteID, byID(came)[target], "zie example.com en https://example.org/a?b=1&c=2")
	receipt, err := l.Publish(t.Context(), rel)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 7 {
		r.say(t, platform.Draft{Author: "noordlicht", Text: fmt.Sprintf("bericht %d", i)})
	}
	lost, known := rel.Attempt(), rel.Attempt()
	known.Receipt = receipt
	for _, a := range []approval.Attempt{lost, known} {
		if found, err := l.Find(t.Context(), a); err != nil || found.Outcome != connectors.Present || found.Text != a.Text || found.Receipt != receipt {
			t.Errorf("%+v, %v", found, err)
		}
	}
	r.x.Revise(receipt.ExternalID, "zie ergens anders")
	if found, err := l.Find(t.Context(), known); err != nil || found.Outcome != connectors.Present || found.Text != "zie ergens anders" ||
		found.Receipt.ExternalID != receipt.ExternalID {
		t.Errorf("%+v, %v", found, err)
	}
	for range 4 { // more pages than are read
		for range 5 {
			r.say(t, platform.Draft{Author: "noordlicht", Text: "nog een bericht"})
		}
	}
	if found, err := l.Find(t.Context(), lost); err != nil || found.Outcome != connectors.CannotTell {
		t.Errorf("behind five pages: %+v, %v", found, err)
	}
}

// A look-up that fails for now fails the poll, so that no reply lands in a wrong
// conversation; posts that answer each other in a circle belong to none.
func TestLegacyThreadsInTrouble(t *testing.T) {
	status, lookups := 503, 0
	at := time.Now().Format(time.RubyDate)
	l := legacyAt(t, false, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "account"):
			_, _ = io.WriteString(w, `{"id":1,"screen_name":"noordlicht"}`)
		case strings.Contains(r.URL.Path, "lookup"):
			lookups++
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `[{"id":5,"created_at":"`+at+`","in_reply_to_status_id":4},{"id":4,"created_at":"`+at+`","in_reply_to_status_id":5}]`)
		case r.URL.Query().Has("max_id") || strings.Contains(r.URL.Path, "user_timeline"):
			_, _ = io.WriteString(w, `[]`)
		default:
			_, _ = io.WriteString(w, `[{"id":6,"created_at":"`+at+`","text":"@noordlicht","user":{"id":2},"in_reply_to_status_id":5}]`)
		}
	})
	_, err := l.Poll(t.Context(), nil)
	if e := errorOf(t, err); e.Kind != connectors.Temporary || lookups != 1 {
		t.Errorf("%d look-ups, %s, %v", lookups, e.Kind, e)
	}
	status = 200
	for range 2 {
		if came, _, _ := round(t, l, nil); len(came) != 1 || came[0].Thread != "" || came[0].InReplyTo != "5" {
			t.Errorf("%+v", came)
		}
	}
	if lookups != 2 {
		t.Errorf("%d look-ups", lookups)
	}
}

func TestLegacySettings(t *testing.T) {
	r := newRemote(t, platform.Options{})
	for _, c := range []struct {
		api, base, key string
		stream         bool
	}{
		{"1", "https://x.test", "settings.api", false}, {"1.1", "ftp://x.test", "settings.base_url", false}, {"2", r.URL, "settings.stream", true},
	} {
		settings := (&legacyRemote{remote: r, stream: c.stream}).settings(secrets[3])
		settings["api"], settings["base_url"] = c.api, c.base
		_, err := twitter.New(connectors.Account{Settings: config.NewSettings(settings)})
		faults := config.Problems(err)
		if len(faults) != 1 || !strings.HasSuffix(faults[0].Key, strings.TrimPrefix(c.key, "settings.")) || faults[0].Remedy == "" {
			t.Errorf("%+v: %v", c, err)
		}
	}
	settings := (&legacyRemote{remote: r}).settings(secrets[3])
	for key, value := range map[string]any{
		"bearer_token": "b", "keywords": []any{"stroom"}, "rules": []any{"stroom lang:nl"}, "activity": true, "direct_messages": true,
		"owns_app": true, "monthly_budget": 5,
	} {
		settings[key] = value
	}
	_, err := twitter.New(connectors.Account{Settings: config.NewSettings(settings)})
	if faults := config.Problems(err); len(faults) != 7 || faults[0].Remedy == "" {
		t.Errorf("what is of API v2 alone: %v", err)
	}
	var path string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { path = r.URL.Path }))
	defer server.Close()
	settings = (&legacyRemote{remote: &remote{Proxy: &connectortest.Proxy{URL: server.URL}}}).settings(secrets[3])
	settings["base_url"] = server.URL + "/api"
	l, err := twitter.New(connectors.Account{Settings: config.NewSettings(settings)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Poll(t.Context(), nil); err == nil || path != "/api/account/verify_credentials.json" {
		t.Errorf("asked %s, %v", path, err)
	}
}

// Polls that go on at the pace that they are asked for meet no limit of X's,
// however often the settings want them.
func TestLegacyPollsLastUntilTheLimitIsNew(t *testing.T) {
	for name, c := range map[string]struct {
		limits   map[string]int
		at, most time.Duration
	}{
		"as X has it":            {nil, 11 * time.Second, 13 * time.Second},
		"fewer mentions":         {map[string]int{"GET /1.1/statuses/mentions_timeline.json": 15}, 60 * time.Second, 75 * time.Second},
		"fewer posts of our own": {map[string]int{"GET /1.1/statuses/user_timeline.json": 20}, 45 * time.Second, 55 * time.Second},
		"more than enough":       {map[string]int{"GET /1.1/statuses/mentions_timeline.json": 5000}, 3 * time.Second, 3 * time.Second},
		"used up":                {map[string]int{"GET /1.1/statuses/mentions_timeline.json": 1}, 13 * time.Minute, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRemote(t, platform.Options{Limits: c.limits})
			settings := (&legacyRemote{remote: r}).settings(secrets[3])
			settings["poll_every"] = "3s"
			l, err := twitter.New(connectors.Account{Settings: config.NewSettings(settings)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.Poll(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			if got := l.(connectors.Pacer).PollEvery(); got < c.at || got > c.most {
				t.Errorf("polls come every %v, want %v to %v", got, c.at, c.most)
			}
		})
	}
}

// A server that tells no limit, or none that makes sense, is polled as the
// settings say, and rests no longer than a limit of X's lasts.
func TestLegacyLimitsThatMakeNoSense(t *testing.T) {
	soon := strconv.FormatInt(time.Now().Add(30*time.Second).Unix(), 10) // well within the pause that the settings ask for
	for _, c := range []struct {
		left, reset string
		most        time.Duration
	}{
		{"", soon, time.Minute}, {"many", soon, time.Minute}, {"5", "", time.Minute}, {"5", "Mon, 2 Nov", time.Minute},
		{"0", "1", time.Minute}, {"-7", soon, time.Minute}, {"3", "9223372036854775807", 15 * time.Minute}, {"3", "-9223372036854775808", time.Minute},
	} {
		l := legacyAt(t, false, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Rate-Limit-Remaining", c.left)
			w.Header().Set("X-Rate-Limit-Reset", c.reset)
			if strings.HasSuffix(r.URL.Path, "verify_credentials.json") {
				_, _ = io.WriteString(w, `{"id":1,"id_str":"1","screen_name":"noordlicht"}`)
				return
			}
			_, _ = io.WriteString(w, "[]")
		})
		if _, err := l.Poll(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if got := l.(connectors.Pacer).PollEvery(); got < time.Minute || got > c.most {
			t.Errorf("%q left until %q: polls come every %v, want up to %v", c.left, c.reset, got, c.most)
		}
	}
}

// A call ends with its context, though the library knows of none.
func TestLegacyCallsEndWithTheirContext(t *testing.T) {
	release := make(chan struct{})
	l := legacyAt(t, false, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := l.Poll(ctx, nil)
		ended <- err
	}()
	cancel(errors.New("enough"))
	select {
	case err := <-ended:
		if e := errorOf(t, err); e.Kind != connectors.Temporary {
			t.Errorf("%s, %v", e.Kind, e)
		}
	case <-time.After(time.Minute):
		t.Fatal("the call goes on")
	}
}
