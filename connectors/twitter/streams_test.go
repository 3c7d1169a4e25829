package twitter_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/twitter"
	"standpunt/connectors/twitter/replay/platform"
	"standpunt/inbox"
)

// listener collects what a stream delivers.
type listener struct {
	mu    sync.Mutex
	pages []connectors.Page
}

func (l *listener) deliver(p connectors.Page) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pages = append(l.pages, p)
	return nil
}

// all are the pages so far.
func (l *listener) all() []connectors.Page {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.pages)
}

func (l *listener) mention(id string) *inbox.Inbound {
	for _, p := range l.all() {
		for i := range p.Mentions {
			if p.Mentions[i].ExternalID == id {
				return &p.Mentions[i]
			}
		}
	}
	return nil
}

// until waits for something that happens elsewhere.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// tuneIn streams with the settings until the test ends.
func tuneIn(t *testing.T, r *remote, more map[string]any) (*twitter.Connector, *listener) {
	t.Helper()
	if r.more = more; more["bearer_token"] == nil {
		more["bearer_token"] = secrets[4]
	}
	made := tuned(t, r)
	l := new(listener)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- made.Stream(ctx, nil, l.deliver) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err == nil {
			t.Error("a stream that was ended says nothing")
		}
	})
	until(t, "the first page", func() bool { return len(l.all()) > 0 })
	return made.Connector, l
}

// tuned is the account with its streams, signed in as what they bring asks for.
func tuned(t *testing.T, r *remote) *twitter.Streaming {
	t.Helper()
	a := connectors.Account{Name: account, Backfill: time.Hour}
	var made connectors.Connector
	if private, _ := r.more["activity"].(bool); private {
		made = (&signedIn{remote: r, keep: connectortest.NewKeep(t, account)}).Connect(t, a)
	} else {
		made = r.make(t, a, secrets[3])
	}
	s, ok := made.(*twitter.Streaming)
	if !ok {
		t.Fatal("no stream is made of settings that ask for one")
	}
	return s
}

// The rule of the example configuration works with the server that its reader
// tries it out with.
func TestTheRuleOfTheExampleBringsWhatItSays(t *testing.T) {
	example, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rule := regexp.MustCompile(`rules: \[\] # [^\n]*'(brand [^']+)'`).FindSubmatch(example)
	if rule == nil {
		t.Fatal("the example has no rule")
	}
	r := newRemote(t, platform.Options{})
	r.say(t, platform.Draft{Author: "kees", Text: "de brand uit het nieuws", Language: "nl"})
	c, l := tuneIn(t, r, map[string]any{"rules": []any{string(rule[1])}})
	r.say(t, platform.Draft{Author: "eva", Text: "brand new", Language: "en", Pictures: 1})
	r.say(t, platform.Draft{Author: "eva", Text: "brand!", Pictures: 1})
	found := r.say(t, platform.Draft{Author: "eva", Text: "die brand is mooi", Language: "nl", Pictures: 1})
	until(t, "the post that meets the rule", func() bool { return l.mention(found) != nil })
	came := mentions(t, c)
	if in := came[found]; len(came) != 1 || in.Language != "nl" || len(in.Attachments) != 1 {
		t.Errorf("the back-fill brings %+v", came)
	}
	for _, page := range l.all() {
		for _, m := range page.Mentions {
			if m.ExternalID != found {
				t.Errorf("the stream brings %q", m.Text)
			}
		}
	}
	if _, todo := c.Check(t.Context()); len(todo) != 0 {
		t.Errorf("check says %+v", todo)
	}
}

func TestKeywordsBringWhatDoesNotNameUs(t *testing.T) {
	r := newRemote(t, platform.Options{})
	foreign := r.x.AddRule("from:someone", "theirs")
	stale := r.x.AddRule("oud", "standpunt:x")
	if foreign == "" || stale == "" {
		t.Fatal("the rules were not set")
	}
	more := map[string]any{"keywords": []any{"stroomstoring", "noordlicht"}}
	c, l := tuneIn(t, r, more)
	if got := r.x.Rules("theirs"); !slices.Equal(got, []string{"from:someone"}) {
		t.Errorf("a stranger's rules are now %q", got)
	}
	if got := r.x.Rules("standpunt:x"); len(got) != 1 || !strings.Contains(got[0], "stroomstoring OR noordlicht") {
		t.Errorf("our rules are %q", got)
	}
	stranger := r.say(t, platform.Draft{Author: "eva", Text: "alweer een stroomstoring, dank Noordlicht!"})
	quoted := r.say(t, platform.Draft{Author: "noordlicht", Text: "wij werken aan de stroomstoring"})
	quoting := r.say(t, platform.Draft{Author: "kees", Text: "stroomstoring in Emmen", Quotes: quoted})
	other := r.say(t, platform.Draft{Author: "kees", Text: "stroomstoring in Assen", Quotes: stranger})
	until(t, "four posts", func() bool { return l.mention(other) != nil })
	if in := l.mention(stranger); !strings.HasSuffix(in.Unanswerable, "Answer by hand on X.") || in.Author.Handle != "@eva" {
		t.Errorf("%+v", in)
	}
	if in := l.mention(quoting); in.Unanswerable != "" || !strings.Contains(in.Quoted, "/status/"+quoted) {
		t.Errorf("a quote of ours: %+v", in)
	}
	if in := l.mention(other); in.Unanswerable == "" {
		t.Errorf("a quote of somebody else's: %+v", in)
	}
	// The back-fill finds the same, by the search, and each keeps its place in the cursor.
	came := mentions(t, c)
	for _, id := range []string{stranger, quoting, other} {
		if _, ok := came[id]; !ok {
			t.Errorf("the back-fill lacks %s", id)
		}
	}
	r.more["access"] = "enterprise"
	if in := mentions(t, r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3]))[stranger]; in.Unanswerable != "" || in.ExternalID == "" {
		t.Errorf("with enterprise access: %+v", in)
	}
}

// X that refuses a subscription has answered: connecting anew is spaced as after
// its answers, not as after trouble of the network.
func TestARefusedSubscriptionIsTriedAgainAsSlowlyAsXAsks(t *testing.T) {
	r := newRemote(t, platform.Options{})
	r.more = map[string]any{"activity": true, "bearer_token": secrets[4]}
	made := tuned(t, r)
	who, err := made.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for self, want := range map[string]time.Duration{who.RemoteID: 0, "17": 5 * time.Second} {
		if got := twitter.PauseAfterSubscribing(t.Context(), made, self); got != want {
			t.Errorf("subscribed as %s: a pause of %v, want %v", self, got, want)
		}
	}
}

func TestActivityBringsWhatConcernsUs(t *testing.T) {
	r := newRemote(t, platform.Options{})
	c, l := tuneIn(t, r, map[string]any{"activity": true, "direct_messages": true})
	if got := r.x.Subscriptions("standpunt:x"); len(got) != 4 {
		t.Fatalf("subscribed to %v", got)
	}
	ours := r.say(t, platform.Draft{Author: "noordlicht", Text: "een bericht van ons <3"})
	named := r.say(t, platform.Draft{Author: "jan", Text: "@noordlicht hallo 👋 & dag", Pictures: 2})
	reply := r.say(t, platform.Draft{Author: "eva", Text: "zonder naam", InReplyTo: ours})
	quote := r.say(t, platform.Draft{Author: "kees", Text: "kijk nou", Quotes: ours})
	letter := "dm:" + r.x.Write(platform.Letter{Author: "mia", Text: "in het geheim: https://example.com/a?b=1&c=2 <b>"})
	until(t, "the message", func() bool { return l.mention(letter) != nil })
	if in := l.mention(named); in.Unanswerable != "" || len(in.Attachments) != 2 || in.Attachments[1].AltText != "beschrijving 2" || in.Text == "" {
		t.Errorf("named: %+v", in)
	}
	if in := l.mention(reply); in.Unanswerable != "" || in.InReplyTo != ours || in.Author.Handle != "@eva" {
		t.Errorf("a reply: %+v", in)
	}
	if in := l.mention(quote); in.Unanswerable != "" || in.Quoted != "@noordlicht: een bericht van ons <3\nhttps://x.com/noordlicht/status/"+ours {
		t.Errorf("a quote: %+v", in)
	}
	in := l.mention(letter)
	if in.Visibility != inbox.Private || in.Kind != "message" || in.Author.Handle != "@mia" || in.Text != "in het geheim: https://example.com/a?b=1&c=2 <b>" || in.Unanswerable != "" {
		t.Errorf("a message: %+v", in)
	}
	// The same message by the list is the same mention.
	if again, ok := mentions(t, c)[letter]; !ok || again.Text != in.Text || again.Thread != in.Thread || again.URL != in.URL {
		t.Errorf("by the list: %+v\nby the stream: %+v", again, in)
	}
	for _, p := range l.all() {
		if p.Trouble != nil {
			t.Errorf("trouble: %v", p.Trouble)
		}
	}
}

// The brand is the same account to a replay server that is started anew.
func TestActivityGoesOnWhenTheReplayStartsAnew(t *testing.T) {
	var x atomic.Pointer[platform.Platform]
	begin := func() {
		x.Store(platform.New(platform.Options{
			Handle: "noordlicht", Name: "Noordlicht Energie", BearerToken: secrets[4],
			ClientID: clientID, RedirectURL: redirectURL,
		}))
	}
	begin()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { x.Load().ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	r := &remote{Proxy: &connectortest.Proxy{URL: server.URL}}
	c, l := tuneIn(t, r, map[string]any{"activity": true})
	before := len(l.all())
	begin()
	(&signedIn{remote: r}).signIn(t, c) // sign-ins end with the server
	server.CloseClientConnections()
	until(t, "the stream is there again", func() bool {
		pages := l.all()
		return len(pages) > before && pages[len(pages)-1].Trouble == nil
	})
	id := x.Load().Say(platform.Draft{Author: "jan", Text: "@noordlicht en nu?"})
	until(t, "what came after", func() bool { return l.mention(id) != nil })
}

// Polls become rarer only beside a stream that brings what they look for.
func TestOnlyActivityStandsInForPolls(t *testing.T) {
	for name, c := range map[string]struct {
		more    map[string]any
		partial bool
	}{
		"keywords":              {map[string]any{"keywords": []any{"storm"}}, true},
		"rules and messages":    {map[string]any{"rules": []any{"from:eva"}, "direct_messages": true}, true},
		"activity":              {map[string]any{"activity": true, "direct_messages": true}, false},
		"activity and keywords": {map[string]any{"activity": true, "keywords": []any{"storm"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, l := tuneIn(t, newRemote(t, platform.Options{}), c.more)
			if p := l.all()[0]; p.Partial != c.partial || p.Trouble != nil {
				t.Errorf("the first page is %+v", p)
			}
		})
	}
}

func TestStreamsDuplicateReorderAndBreak(t *testing.T) {
	r := newRemote(t, platform.Options{KeepAlive: 10 * time.Millisecond})
	_, l := tuneIn(t, r, map[string]any{"activity": true, "keywords": []any{"storm"}})
	r.x.Upset(platform.Mischief{Duplicate: true, Reorder: 4})
	var want []string
	for i := range 10 {
		want = append(want, r.say(t, platform.Draft{Author: "jan", Text: fmt.Sprintf("@noordlicht storm %d", i)}))
	}
	r.x.Upset(platform.Mischief{})
	all := func() bool { return !slices.ContainsFunc(want, func(id string) bool { return l.mention(id) == nil }) }
	until(t, "ten posts", all)
	times := make(map[string]int)
	for _, p := range l.all() {
		for _, m := range p.Mentions {
			times[m.ExternalID]++
		}
	}
	for id, n := range times {
		if n != 1 {
			t.Errorf("%s came %d times", id, n)
		}
	}
	before := r.x.Connects("/2/activity/stream")
	r.x.Upset(platform.Mischief{Cut: true, Say: `{"errors":[{"title":"operational-disconnect","disconnect_type":"UpstreamOperationalDisconnect"}]}`})
	until(t, "a new connect", func() bool { return r.x.Connected("/2/activity/stream") && r.x.Connects("/2/activity/stream") > before })
	r.x.Upset(platform.Mischief{Cut: true})
	until(t, "another connect", func() bool { return r.x.Connected("/2/tweets/search/stream") && r.x.Connected("/2/activity/stream") })
	want = append(want, r.say(t, platform.Draft{Author: "jan", Text: "@noordlicht na de storing"}))
	until(t, "the post after the break", all)
}

func TestAStreamThatIsTakenIsTakenBackOnce(t *testing.T) {
	r := newRemote(t, platform.Options{})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.URL+"/2/activity/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secrets[4])
	stale, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer stale.Body.Close()
	_, one := tuneIn(t, r, map[string]any{"activity": true})
	if p := one.all()[0]; p.Trouble != nil || r.x.Connects("/2/activity/stream") != 2 {
		t.Fatalf("%+v after %d connects", p, r.x.Connects("/2/activity/stream"))
	}
	// A second process with the same app does the same, once. One of the two then keeps the
	// stream, and the other says why it has none: they would else have it in turns.
	_, other := tuneIn(t, r, map[string]any{"activity": true})
	until(t, "word of it", func() bool {
		for _, l := range []*listener{one, other} {
			e := new(connectors.Error)
			all := l.all()
			if errors.As(all[len(all)-1].Trouble, &e) && e.Kind == connectors.RateLimited && strings.Contains(e.Remedy, "no other program") {
				return true
			}
		}
		return false
	})
	if n := r.x.Connects("/2/activity/stream"); n > 5 {
		t.Errorf("%d connects", n)
	}
}

func TestAWrongBearerTokenIsTold(t *testing.T) {
	r := newRemote(t, platform.Options{})
	c, l := tuneIn(t, r, map[string]any{"activity": true, "keywords": []any{"storm"}, "bearer_token": "not-the-bearer-token"})
	e := errorOf(t, l.all()[0].Trouble)
	if e.Kind != connectors.BadAuth || !strings.Contains(e.Error(), "bearer_token") || strings.Contains(fmt.Sprintf("%v %+v %#v", e, e.Err, e.Err), "not-the-bearer") {
		t.Errorf("%v", e)
	}
	page, err := c.Poll(t.Context(), nil)
	if err != nil || page.Trouble == nil {
		t.Errorf("mentions need no bearer token: %v, %v", err, page.Trouble)
	}
	who, err := c.Identity(t.Context())
	if err != nil || !who.CanSend || !strings.Contains(who.Note, "keywords") {
		t.Errorf("%+v, %v", who, err)
	}
}

func TestARuleThatXRefusesIsNamedAndTakesNoOther(t *testing.T) {
	r := newRemote(t, platform.Options{})
	c, l := tuneIn(t, r, map[string]any{"keywords": []any{"storm"}, "rules": []any{"(half", "from:eva"}})
	if got := r.x.Rules("standpunt:x"); len(got) != 2 {
		t.Errorf("rules: %q", got)
	}
	id := r.say(t, platform.Draft{Author: "eva", Text: "iets"})
	until(t, "eva's post", func() bool { return l.mention(id) != nil })
	who, err := c.Identity(t.Context())
	if err != nil || !strings.Contains(who.Note, "(half") || strings.Contains(who.Note, "from:eva") {
		t.Errorf("%+v, %v", who, err)
	}
	if len(r.x.Rules("standpunt:x")) != 2 {
		t.Error("a trial changed the rules")
	}
	var cursor inbox.Cursor
	found := false
	for range 10 {
		page, err := c.Poll(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		found = found || slices.ContainsFunc(page.Mentions, func(m inbox.Inbound) bool { return m.ExternalID == id })
		if cursor = page.Next; !page.More {
			break
		}
	}
	if !found {
		t.Error("the search behind the refused one was not made")
	}
}

// What stands on the account and was not approved is seen, although it names nobody.
func TestOwnPostsAreWatched(t *testing.T) {
	r, c := play(t, platform.Options{PageSize: 3})
	target := r.Post(t, "een vraag")
	rel := release(t, c, mentions(t, c)[target], "Zie example.com/hulp")
	receipt, err := c.Publish(t.Context(), rel)
	if err != nil {
		t.Fatal(err)
	}
	rogue := r.say(t, platform.Draft{Author: "noordlicht", Text: "gratis stroom voor iedereen"})
	for i := range 5 {
		r.say(t, platform.Draft{Author: "noordlicht", Text: fmt.Sprintf("reclame %d", i)})
	}
	edited := r.x.Revise(rogue, "gratis stroom voor niemand")
	own := make(map[string]approval.OwnPost)
	var cursor inbox.Cursor
	for more := true; more; {
		page, err := c.Poll(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Own {
			own[o.ExternalID] = o
		}
		cursor, more = page.Next, page.More
	}
	if o := own[receipt.ExternalID]; o.Beside == nil || o.Beside("Zie example.com/hulp") != "Zie example.com/hulp" || o.InReplyTo != target {
		t.Errorf("our answer reads as %+v", o)
	}
	if o := own[rogue]; o.Text != "gratis stroom voor niemand" || !strings.HasSuffix(o.URL, edited) || len(own) != 7 {
		t.Errorf("%d own posts, the edited one as %+v", len(own), o)
	}
	// Cursors of before the own posts were read still read.
	page, err := c.Poll(t.Context(), inbox.Cursor(`{"since":1,"newest":2}`))
	if err != nil || len(page.Own) == 0 {
		t.Errorf("%v, %d own posts", err, len(page.Own))
	}
}

// A list that cannot be read takes nothing from the others, and is left alone
// for a while.
func TestOneListsTroubleIsNotTheOthers(t *testing.T) {
	r := newRemote(t, platform.Options{Limits: map[string]int{"GET /2/dm_events": 0}})
	r.more = map[string]any{"direct_messages": true}
	c := r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
	twitter.ReadMessagesAtOnce(c)
	id := r.Post(t, "een vraag")
	for range 3 {
		page, err := c.Poll(t.Context(), nil)
		if err != nil || len(page.Mentions) != 1 || page.Mentions[0].ExternalID != id || page.More {
			t.Fatalf("%+v, %v", page, err)
		}
		if e := errorOf(t, page.Trouble); e.Kind != connectors.RateLimited {
			t.Errorf("%v", e)
		}
	}
}

// A page of a search that X no longer has when its turn comes, as after a long
// pause, is no refusal of the search: it begins again, and nothing is passed over.
func TestASearchWhosePageIsGoneBeginsAgain(t *testing.T) {
	r := newRemote(t, platform.Options{PageSize: 5})
	r.more = map[string]any{"rules": []any{"storing", "uitval"}, "bearer_token": secrets[4]}
	var said []string
	for i := range 12 {
		said = append(said, r.say(t, platform.Draft{Author: "eva", Text: fmt.Sprintf("storing %d", i)}),
			r.say(t, platform.Draft{Author: "eva", Text: fmt.Sprintf("uitval %d", i)}))
	}
	for gone := 1; gone <= 5; gone++ { // two searches of three pages each
		c := r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
		var came []inbox.Inbound
		var at inbox.Cursor
		for n := 0; n <= gone; n++ {
			if n == gone {
				r.instead.Store(&canned{"/2/tweets/search/recent?next_token", http.StatusBadRequest,
					`{"errors":[{"parameters":{"next_token":["b26v89"]},"message":"invalid 'next_token'"}],"title":"Invalid Request"}`})
			}
			page, err := c.Poll(t.Context(), at)
			r.instead.Store(nil)
			if err != nil || page.Trouble != nil {
				t.Fatal(err, page.Trouble)
			}
			came, at = append(came, page.Mentions...), page.Next
		}
		found := byID(append(came, connectortest.Walk(t, c, at).Mentions...))
		for _, id := range said {
			if _, ok := found[id]; !ok {
				t.Errorf("with page %d gone, %s is passed over", gone+1, id)
			}
		}
	}
}

// Whoever changes the rules while a round over several searches is under way misses
// nothing of what the new ones find.
func TestRulesThatChangeInMidRoundSkipNoSearch(t *testing.T) {
	before := []any{"storing", "uitval", "lekkage"}
	for _, after := range [][]any{{"uitval", "lekkage"}, {"lekkage", "uitval", "storing"}, {"storing", "uitval"}, before} {
		for polls := 1; polls < len(before); polls++ {
			r := newRemote(t, platform.Options{})
			r.more = map[string]any{"rules": before, "bearer_token": secrets[4]}
			said := make(map[any]string)
			for _, word := range before {
				said[word] = r.say(t, platform.Draft{Author: "eva", Text: word.(string) + " in de straat"})
			}
			var came []inbox.Inbound
			var at inbox.Cursor
			c := r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
			for range polls {
				page, err := c.Poll(t.Context(), at)
				if err != nil || page.Trouble != nil || !page.More {
					t.Fatal(err, page.Trouble, "or the round is through")
				}
				came, at = append(came, page.Mentions...), page.Next
			}
			r.more["rules"] = after
			c = r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
			rest := connectortest.Walk(t, c, at).Mentions
			found := byID(append(came, rest...))
			for _, word := range after {
				if _, ok := found[said[word]]; !ok {
					t.Errorf("after %d polls by %v, %v passes %v over", polls, before, after, word)
				}
			}
			if again := len(before) - polls; slices.Equal(after, before) && len(rest) != again {
				t.Errorf("by the same rules, %d posts came after %d polls, want %d", len(rest), polls, again)
			}
		}
	}
}

func TestMessagesAreAnsweredAndReadBack(t *testing.T) {
	r := newRemote(t, platform.Options{PageSize: 4})
	r.more = map[string]any{"direct_messages": true}
	c := r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
	twitter.ReadMessagesAtOnce(c)
	var letters []string
	for i := range 10 {
		letters = append(letters, "dm:"+r.x.Write(platform.Letter{Author: "mia", Text: fmt.Sprintf("vraag %d", i)}))
	}
	group := "dm:" + r.x.Write(platform.Letter{Author: "mia", Text: "aan allen", Group: true})
	outside := "dm:" + r.x.SendAsBrand("mia", "buiten om")
	came, own := make(map[string]inbox.Inbound), []string{}
	var cursor inbox.Cursor
	for more := true; more; {
		page, err := c.Poll(t.Context(), cursor)
		if err != nil || page.Trouble != nil {
			t.Fatal(err, page.Trouble)
		}
		for _, m := range page.Mentions {
			came[m.ExternalID] = m
		}
		for _, o := range page.Own {
			own = append(own, o.ExternalID)
		}
		cursor, more = page.Next, page.More
	}
	for _, id := range letters {
		if came[id].Visibility != inbox.Private || came[id].Unanswerable != "" {
			t.Errorf("%s: %+v", id, came[id])
		}
	}
	if came[group].Unanswerable != inbox.UnansweredGroup.English() || !slices.Equal(own, []string{outside}) {
		t.Errorf("the group's: %+v; own %v", came[group], own)
	}
	const text = "Uw code staat op https://example.com/a?b=1&c=2 <hier> & daar"
	rel := release(t, c, came[letters[3]], text)
	receipt, err := c.Publish(t.Context(), rel)
	if err != nil || !strings.HasPrefix(receipt.ExternalID, "dm:") {
		t.Fatalf("%+v, %v", receipt, err)
	}
	if got := r.x.Messages("mia"); !slices.Equal(got, []string{"buiten om", text}) {
		t.Errorf("sent: %q", got)
	}
	if got := r.x.Answers(letters[3]); len(got) != 0 {
		t.Errorf("a private answer stands in public: %q", got)
	}
	for name, receipt := range map[string]approval.Receipt{"by its id": receipt, "by what was sent": {}} {
		a := rel.Attempt()
		a.Receipt = receipt
		found, err := r.connect(t, connectors.Account{Name: account}, secrets[3]).Find(t.Context(), a)
		if err != nil || found.Outcome != connectors.Present || found.Text != text {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
	if m := c.MeasurePrivate("👍a"); m.Length != 3 || m.Limit != 10_000 {
		t.Errorf("%+v", m)
	}
	r.more = nil
	off := r.connect(t, connectors.Account{Name: account}, secrets[3])
	if _, err := off.Publish(t.Context(), release(t, off, came[letters[4]], "Nee.")); errorOf(t, err).Kind != connectors.NotAllowed {
		t.Errorf("with direct_messages off: %v", err)
	}
	in := came[letters[5]]
	in.ExternalID, in.Route = "17", nil
	if _, err := c.Publish(t.Context(), release(t, c, in, "Nee.")); errorOf(t, err).Kind != connectors.NotAllowed {
		t.Errorf("a public answer to a private mention: %v", err)
	}
}

func TestALostMessageIsSettledByReadingBack(t *testing.T) {
	r := newRemote(t, platform.Options{})
	r.more = map[string]any{"direct_messages": true}
	c := r.connect(t, connectors.Account{Name: account, Backfill: time.Hour}, secrets[3])
	letter := "dm:" + r.x.Write(platform.Letter{Author: "mia", Text: "vraag"})
	rel := release(t, c, mentions(t, c)[letter], "Antwoord.")
	r.Break(t, connectortest.AcceptedThenError)
	_, err := c.Publish(t.Context(), rel)
	if e := errorOf(t, err); e.Kind != connectors.Unknown {
		t.Fatalf("%v", e)
	}
	r.Mend(t)
	if found, err := c.Find(t.Context(), rel.Attempt()); err != nil || found.Outcome != connectors.Present || found.Receipt.ExternalID == "" {
		t.Errorf("%+v, %v", found, err)
	}
	r.x.SendAsBrand("mia", "Antwoord.") // two that fit are for a person to judge
	if found, err := c.Find(t.Context(), rel.Attempt()); err != nil || found.Outcome != connectors.CannotTell {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestOnlyRepliesUnderOurPostsAreHidden(t *testing.T) {
	r, c := play(t, platform.Options{})
	ours := r.say(t, platform.Draft{Author: "noordlicht", Text: "nieuws"})
	rude := r.say(t, platform.Draft{Author: "jan", Text: "scheldwoord", InReplyTo: ours})
	receipt, err := twitter.Conceal(c, t.Context(), rude)
	if err != nil || receipt.ExternalID != rude || !r.x.Hidden(rude) {
		t.Errorf("%+v, %v", receipt, err)
	}
	elsewhere := r.Post(t, "eigen bericht")
	_, err = twitter.Conceal(c, t.Context(), elsewhere)
	if e := errorOf(t, err); e.Kind != connectors.NotAllowed || !strings.Contains(e.Message, "itself began") || r.x.Hidden(elsewhere) {
		t.Errorf("%v", e)
	}
	if _, err := twitter.Conceal(c, t.Context(), "17"); errorOf(t, err).Kind != connectors.Gone {
		t.Errorf("%v", err)
	}
	if _, err := c.Hide(t.Context(), release(t, c, mentions(t, c)[elsewhere], "Antwoord.")); errorOf(t, err).Kind != connectors.NotAllowed {
		t.Errorf("a reply as hiding: %v", err)
	}
}

// A text that stands there already is, at the second attempt, perhaps the first
// one's doing.
func TestADuplicateAtTheSecondAttemptIsUnknown(t *testing.T) {
	r, c := play(t, platform.Options{})
	target := r.Post(t, "een vraag")
	in := mentions(t, c)[target]
	who, err := c.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first, again := approvalRelease(t, who.RemoteID, in, "Antwoord.")
	r.Break(t, connectortest.AcceptedNoAnswer)
	ctx, expire := connectortest.Expiring(t.Context())
	defer expire()
	ended := make(chan error, 1)
	go func() {
		_, err := c.Publish(ctx, first)
		ended <- err
	}()
	until(t, "the answer stands there", func() bool { return len(r.x.Answers(in.ExternalID)) == 1 })
	expire()
	if err := <-ended; errorOf(t, err).Kind != connectors.Unknown {
		t.Fatalf("%v", err)
	}
	r.Mend(t)
	second := again()
	_, err = c.Publish(t.Context(), second)
	if e := errorOf(t, err); second.Attempt().Number != 2 || e.Kind != connectors.Unknown {
		t.Errorf("attempt %d: %v", second.Attempt().Number, e)
	}
	if found, err := c.Find(t.Context(), second.Attempt()); err != nil || found.Outcome != connectors.Present {
		t.Errorf("%+v, %v", found, err)
	}
	if got := r.x.Answers(in.ExternalID); len(got) != 1 {
		t.Errorf("stand there: %q", got)
	}
}

// What streams, searches and messages cost is counted as X counts it. X bills all that
// is read again on another day: where one begins meanwhile, it is done once more.
func TestStreamsSearchesAndMessagesAreOnTheBill(t *testing.T) {
	today := func() int { return time.Now().UTC().Day() }
	for day := -1; day != today(); {
		day = today()
		billStreams(t, func() bool { return day != today() })
	}
}

// billStreams waits until our bill of streams, searches and messages is X's, or moot.
func billStreams(t *testing.T, moot func() bool) {
	t.Helper()
	r := newRemote(t, platform.Options{})
	c, l := tuneIn(t, r, map[string]any{"activity": true, "direct_messages": true, "keywords": []any{"storm"}})
	twitter.ReadMessagesAtOnce(c)
	ours := r.say(t, platform.Draft{Author: "noordlicht", Text: "er komt storm"})
	for i := range 5 {
		r.say(t, platform.Draft{Author: fmt.Sprintf("klant%d", i), Text: "storm"})
		r.say(t, platform.Draft{Author: "jan", Text: fmt.Sprintf("@noordlicht storm %d", i), InReplyTo: ours})
		r.x.Write(platform.Letter{Author: "mia", Text: fmt.Sprint(i)})
	}
	last := "dm:" + r.x.Write(platform.Letter{Author: "mia", Text: "slot"})
	until(t, "the last message", func() bool { return l.mention(last) != nil })
	came := mentions(t, c)
	if _, err := c.Publish(t.Context(), release(t, c, came[last], "Antwoord.")); err != nil {
		t.Fatal(err)
	}
	rude := r.say(t, platform.Draft{Author: "eva", Text: "boe", InReplyTo: ours})
	if _, err := twitter.Conceal(c, t.Context(), rude); err != nil {
		t.Fatal(err)
	}
	until(t, "eva's reply", func() bool { return l.mention(rude) != nil })
	until(t, "the same bill", func() bool {
		counted, billed := make(map[string]int), make(map[string]int)
		for _, i := range c.Spending().Items {
			counted[i.Name] = i.Count
		}
		for what, n := range r.x.Bill().Counts {
			billed[string(what)] = n
		}
		return moot() || maps.Equal(counted, billed) && counted["dm"] == 1 && counted["dm_read"] == 6 && counted["manage"] == 1
	})
}
