package twitter_test

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/twitter"
	"standpunt/connectors/twitter/replay/platform"
	"standpunt/inbox"
)

// served polls once what X answers to a poll of mentions, and returns the first mention.
func served(t *testing.T, post, more string, settings map[string]any) inbox.Inbound {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/2/users/me":
			_, _ = io.WriteString(w, `{"data":{"id":"1","username":"noordlicht"}}`)
		case strings.HasSuffix(r.URL.Path, "/mentions"):
			_, _ = io.WriteString(w, `{"data":[`+post+`],"meta":{"result_count":1}`+more+`}`)
		default:
			_, _ = io.WriteString(w, `{"meta":{"result_count":0}}`)
		}
	}))
	defer server.Close()
	r := &remote{Proxy: &connectortest.Proxy{URL: server.URL}, more: settings}
	page, err := r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3]).Poll(t.Context(), nil)
	if err != nil || len(page.Mentions) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	return page.Mentions[0]
}

// Whether the API may answer is decided by what X says of a post.
func TestWhoMayBeAnswered(t *testing.T) {
	const (
		reply = `"in_reply_to_user_id":"5","referenced_tweets":[{"type":"replied_to","id":"40"}]`
		ours  = `"in_reply_to_user_id":"1","referenced_tweets":[{"type":"replied_to","id":"40"}]`
		quote = `"referenced_tweets":[{"type":"quoted","id":"40"}]`
	)
	named := func(start string) string {
		return `"entities":{"mentions":[{"start":` + start + `,"end":20,"username":"Noordlicht","id":"1"}]}`
	}
	link := func(to string) string {
		return `"entities":{"urls":[{"url":"https://t.co/a","expanded_url":"` + to + `"}]}`
	}
	for name, c := range map[string]struct {
		post, more string
		no         bool
	}{
		"named in the text":                   {post: `"text":"hoi @noordlicht",` + named("4")},
		"named by an id that changed handle":  {post: `"text":"hoi @oudenaam","entities":{"mentions":[{"start":4,"username":"oudenaam","id":"1"}]}`},
		"named only by the thread":            {post: `"text":"@eva @noordlicht ja","display_text_range":[17,19],` + named("5") + "," + reply, no: true},
		"named by the thread and by hand":     {post: `"text":"@noordlicht dag @noordlicht","display_text_range":[12,27],"entities":{"mentions":[{"start":0,"id":"1","username":"noordlicht"},{"start":16,"id":"1","username":"noordlicht"}]},` + reply},
		"named before a reply, no range told": {post: `"text":"@eva @noordlicht ja",` + named("5") + "," + reply},
		"right under a post of ours":          {post: `"text":"@noordlicht ja","display_text_range":[12,14],` + named("0") + "," + ours},
		"a range, and no reply":               {post: `"text":"@noordlicht ja","display_text_range":[0,14],` + named("0")},
		"neither":                             {post: `"text":"stroomstoring"`, no: true},
		"a quote of ours, by its address":     {post: `"text":"kijk https://t.co/a",` + quote + "," + link("https://twitter.com/NoordLicht/status/40")},
		"a quote of theirs, by its address":   {post: `"text":"kijk https://t.co/a",` + quote + "," + link("https://x.com/eva/status/40/photo/1"), no: true},
		"a quote of whom nobody says":         {post: `"text":"kijk https://t.co/a",` + quote + "," + link("https://x.com/i/status/40")},
		"a quote of ours, told beside":        {post: `"text":"kijk",` + quote, more: `,"includes":{"tweets":[{"id":"40","author_id":"1"}]}`},
		"a quote of theirs, told beside":      {post: `"text":"kijk",` + quote, more: `,"includes":{"posts":[{"id":"40","author_id":"5"}]}`, no: true},
		"a link to a lookalike":               {post: `"text":"kijk https://t.co/a",` + quote + "," + link("https://x.com.evil.test/noordlicht/status/40")},
		"a repost":                            {post: `"text":"RT @eva: @noordlicht","referenced_tweets":[{"type":"retweeted","id":"40"}],` + named("9"), no: true},
		"in a long post": {post: `"text":"lang…","note_tweet":{"text":"lang ` + strings.Repeat("lang ", 80) +
			`@noordlicht","entities":{"mentions":[{"start":405,"username":"noordlicht","id":"1"}]}}`},
	} {
		post := `{"id":"900","author_id":"9",` + c.post + `}`
		in := served(t, post, c.more, nil)
		if (in.Unanswerable != "") != c.no {
			t.Errorf("%s: %q", name, in.Unanswerable)
		}
		if c.no && name != "a repost" && !strings.HasSuffix(in.Unanswerable, "Answer by hand on X.") {
			t.Errorf("%s: %q says not what to do", name, in.Unanswerable)
		}
		in = served(t, post, c.more, map[string]any{"access": "enterprise"})
		if (in.Unanswerable != "") != (name == "a repost") {
			t.Errorf("%s, with enterprise access: %q", name, in.Unanswerable)
		}
	}
}

// Errors beside the posts, for what was deleted meanwhile, take nothing away.
func TestPostsBesideErrorsComeIn(t *testing.T) {
	in := served(t, `{"id":"900","author_id":"9","text":"@noordlicht","referenced_tweets":[{"type":"replied_to","id":"40"}]}`,
		`,"errors":[{"resource_id":"40","parameter":"referenced_tweets.id","title":"Not Found Error","type":"https://api.twitter.com/2/problems/resource-not-found"}]`, nil)
	if in.ExternalID != "900" || in.InReplyTo != "40" {
		t.Errorf("%+v", in)
	}
}

func TestLongPostsComeInWhole(t *testing.T) {
	r, c := play(t, platform.Options{})
	text := "een lang verhaal 👨‍👩‍👧‍👦 <met> & alles, " + strings.Repeat("woord ", 400) + "en https://example.com/aan/het/eind?a=1&b=2"
	target := r.Post(t, text)
	if in := mentions(t, c)[target]; in.Text != r.Arrives(text) || in.Unanswerable != "" {
		t.Errorf("%d characters came of %d: …%s", len(in.Text), len(text), in.Text[max(0, len(in.Text)-80):])
	}
}

// A dozen posts of half a megabyte each, as 25,000 characters with their links are, do
// not fit one answer; anybody can write them. They are read a few at a time, in every list.
func TestLongPostsAreReadAFewAtATime(t *testing.T) {
	const posts = 12
	entry := func(n int) string {
		return fmt.Sprintf(`{"id":"%d","author_id":"9","sender_id":"9","event_type":"MessageCreate","dm_conversation_id":"1-9","text":"@noordlicht %s"}`,
			2100000000000000000+n, strings.Repeat("故事", 100_000))
	}
	for list, more := range map[string]map[string]any{
		"/2/users/1/mentions":     nil,
		"/2/tweets/search/recent": {"rules": []any{"verhaal"}, "bearer_token": secrets[4]},
		"/2/dm_events":            {"direct_messages": true},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			from, _ := strconv.Atoi(cmp.Or(q.Get("pagination_token"), q.Get("next_token"), "0"))
			size, _ := strconv.Atoi(q.Get("max_results"))
			switch {
			case r.URL.Path == "/2/users/me":
				_, _ = io.WriteString(w, `{"data":{"id":"1","username":"noordlicht"}}`)
			case r.URL.Path != list || from >= posts:
				_, _ = io.WriteString(w, `{"meta":{"result_count":0}}`)
			case size < 5 || size > 100:
				w.WriteHeader(http.StatusBadRequest)
			default:
				var page []string
				for n := from; n < min(from+size, posts); n++ {
					page = append(page, entry(posts-n))
				}
				_, _ = fmt.Fprintf(w, `{"data":[%s],"meta":{"result_count":%d,"next_token":"%d"}}`, strings.Join(page, ","), len(page), from+len(page))
			}
		}))
		r := &remote{Proxy: &connectortest.Proxy{URL: server.URL}, more: more}
		c := r.connect(t, connectors.Account{Name: account, Backfill: time.Since(time.UnixMilli(1288834974657))}, secrets[3])
		twitter.ReadMessagesAtOnce(c)
		if came := byID(connectortest.Walk(t, c, nil).Mentions); len(came) != posts {
			t.Errorf("%s: %d of %d came", list, len(came), posts)
		}
		server.Close()
	}
}

func TestATextIsQuotedWithinBounds(t *testing.T) {
	in := served(t, `{"id":"900","author_id":"9","text":"@noordlicht kijk","referenced_tweets":[{"type":"quoted","id":"40"}]}`,
		`,"includes":{"users":[{"data":{"id":"5","username":"eva","name":"Eva"}}],"tweets":[{"id":"40","author_id":"5","text":"`+strings.Repeat("é", 3000)+`"}]}`, nil)
	if n := len([]rune(in.Quoted)); n > 1100 || !strings.HasPrefix(in.Quoted, "@eva: é") || !strings.HasSuffix(in.Quoted, "…\nhttps://x.com/eva/status/40") {
		t.Errorf("%d characters: %.80s", n, in.Quoted)
	}
	in = served(t, `{"id":"900","author_id":"9","text":"@noordlicht kijk","referenced_tweets":[{"type":"quoted","id":"40"}]}`, "", nil)
	if in.Quoted != "https://x.com/i/status/40" {
		t.Errorf("%q", in.Quoted)
	}
}

// A post without an author is not made up: the inbox puts it into quarantine.
func TestAPostWithoutAnAuthorIsHandedOnAsItIs(t *testing.T) {
	in := served(t, `{"id":"9007199254740993","text":"@noordlicht"}`, "", nil)
	if in.Author != (inbox.Author{}) || in.ExternalID != "9007199254740993" {
		t.Errorf("%+v", in)
	}
}

// The thread's names before a reply come from X and from nobody else.
func TestTheThreadsNamesAreNotTheAuthors(t *testing.T) {
	r, c := play(t, platform.Options{})
	first := r.Post(t, "eerste")
	inherited := r.say(t, platform.Draft{Author: "eva", Text: "ik ook", InReplyTo: first})
	explicit := r.say(t, platform.Draft{Author: "eva", Text: "hallo @noordlicht", InReplyTo: first})
	came := mentions(t, c)
	if in := came[inherited]; !strings.Contains(in.Unanswerable, "the thread names us") || in.Text != "@jan @noordlicht ik ook" {
		t.Errorf("%+v", in)
	}
	if in := came[explicit]; in.Unanswerable != "" {
		t.Errorf("%+v", in)
	}
	in := came[inherited]
	in.Unanswerable = ""
	_, err := c.Publish(t.Context(), release(t, c, in, "Toch."))
	if e := errorOf(t, err); e.Kind != connectors.NotAllowed || !strings.Contains(e.Remedy, "by hand") {
		t.Errorf("%s: %v", e.Kind, e)
	}
}

func TestANameEndsWhereXEndsIt(t *testing.T) {
	for text, want := range map[string]int{
		"@noordlicht":                        1,
		"hallo @Noordlicht!":                 1,
		"＠noordlicht waar":                   1,
		".@noordlicht, @noordlicht @eva":     2,
		"(@noordlicht)@noordlicht":           2,
		"日@noordlicht日":                      1,
		"@noordlicht's":                      1,
		"@noordlichten":                      0,
		"@noordlicht_nl en @noordlicht2":     0,
		"@noordlichté":                       0,
		"post@noordlicht.nl":                 0,
		"@@noordlicht":                       0,
		"@noordlicht@elders":                 0,
		"@noordlicht://x":                    0,
		"noordlicht":                         0,
		"":                                   0,
		"@noordlichten zegt het @noordlicht": 1,
	} {
		if got := twitter.TimesNamed(text, "NoordLicht"); got != want {
			t.Errorf("%q names us %d times, want %d", text, got, want)
		}
	}
}

// A name that begins as ours is another's, where X lists no names too.
func TestALongerNameIsNotOurs(t *testing.T) {
	for text, named := range map[string]bool{"@noordlichten, waar blijft het?": false, "@noordlicht, waar blijft het?": true} {
		in := served(t, `{"id":"900","author_id":"9","text":"`+text+`"}`, "", nil)
		if (in.Unanswerable == "") != named {
			t.Errorf("%q: %q", text, in.Unanswerable)
		}
	}
}
