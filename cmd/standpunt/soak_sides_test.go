//go:build slow

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	facebook "standpunt/connectors/facebook/replay/platform"
	instagram "standpunt/connectors/instagram/replay/platform"
	twitter "standpunt/connectors/twitter/replay/platform"
)

// side is one account and the platform behind it.
type side struct {
	name     string
	settings string // the account's entry in the configuration
	gauntlet *gauntlet
	say      func(n int) // a customer's n-th mention
	answers  func(target string) []string
	bill     func() twitter.Bill // nil where reading is free

	mu     sync.Mutex
	posted []string        // their ids, in order
	shown  map[string]bool // ids in answers that the daemon could read
	kept   map[string]bool // ids that it has committed, as its next poll tells
	lately []string        // shown last and perhaps not kept
	cursor string          // of the daemon, when it asked for them
	oldest int             // posted below are kept
	pages  int             // of its lists that the daemon could read
}

// mentionText holds what the inbox is searched for, first, so that the excerpt
// of a conversation has it.
func mentionText(n int) string {
	text := fmt.Sprintf("m%06d waar blijft mijn bestelling?", n)
	switch n % 7 {
	case 1:
		text += " 👨‍👩‍👧‍👦 dit is al de derde keer 😡"
	case 2:
		text += " أين طلبي؟"
	case 3:
		text += " <b>&amp; de rest</b> https://example.com/a?b=1&c=" + fmt.Sprint(n)
	}
	return text
}

// customer is who says the n-th mention: some speak twice, some ten times.
func customer(n int) string {
	if n%10 == 0 {
		return fmt.Sprintf("vast%d", n/100)
	}
	return fmt.Sprintf("klant%d", n/2)
}

func newSide(name string) *side {
	return &side{name: name, shown: make(map[string]bool), kept: make(map[string]bool)}
}

// serve puts the platform behind its gauntlet on a port that no restart changes.
func (s *side) serve(t *testing.T, platform http.Handler, limited func(http.ResponseWriter, time.Duration)) string {
	t.Helper()
	s.gauntlet = &gauntlet{
		platform: platform, limited: limited, mishaps: make(map[string]int), carried: make(map[string]int),
		saw: func(*http.Request, []byte, bool) {}, strike: func() bool { return false }, called: func() {},
	}
	server := httptest.NewServer(s.gauntlet)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

// xLists is how many mentions X lists at most; older ones are lost to whoever
// did not read them.
const xLists = 800

// newX is an account on X.
func newX(t *testing.T, i, pageSize int) *side {
	t.Helper()
	handle := fmt.Sprintf("merk%d", i)
	many := 1 << 30
	x := twitter.New(twitter.Options{
		Handle: handle, Name: "Merk", ConsumerKey: "ck", ConsumerSecret: "cs", AccessToken: "at", AccessSecret: "as", PageSize: pageSize,
		Limits: map[string]int{
			"GET /2/users/me": many, "GET /2/users/{id}/mentions": many, "GET /2/users/{id}/tweets": many, "GET /2/tweets/{id}": many,
			"POST /2/tweets": many,
		},
	})
	s := newSide(fmt.Sprintf("x-%d", i))
	s.bill = x.Bill
	url := s.serve(t, x, limitedByX)
	s.settings = fmt.Sprintf("  - name: %s\n    kind: twitter\n    settings: {base_url: %q, handle: %s, consumer_key: ck, consumer_secret: cs, "+
		"access_token: at, access_token_secret: as, poll_every: 3s}\n", s.name, url, handle)
	s.gauntlet.saw = func(r *http.Request, body []byte, whole bool) {
		if r.Method == http.MethodGet && whole && strings.HasSuffix(r.URL.Path, "/mentions") {
			s.show(idsOf(body), r.URL.Query().Get("since_id")+" "+r.URL.Query().Get("pagination_token"))
		}
	}
	thread := ""
	s.say = func(n int) {
		d := twitter.Draft{Author: customer(n), Text: "@" + handle + " " + mentionText(n)}
		if n%20 == 1 && thread != "" && customer(n) == customer(n-1) {
			d.InReplyTo = thread
		}
		thread = x.Say(d)
		s.post(thread)
	}
	s.answers = x.Answers
	return s
}

// newFacebook is an account of a Page.
func newFacebook(t *testing.T, i int) *side {
	t.Helper()
	page := fmt.Sprintf("10020030%02d", i)
	p, first := facebook.New(facebook.Options{
		PageID: page, PageName: "Merk", Token: "page-token", AppSecret: "app-secret", Version: "v26.0",
		Permissions: []string{"pages_manage_engagement", "pages_read_engagement", "pages_read_user_content"},
	})
	s := newSide(fmt.Sprintf("facebook-%d", i))
	url := s.serve(t, p, limitedByFacebook)
	s.settings = fmt.Sprintf("  - name: %s\n    kind: facebook\n    settings: {base_url: %q, page_id: %q, access_token: page-token, "+
		"app_secret: app-secret, poll_every: 5s}\n", s.name, url, page)
	s.gauntlet.saw = s.sawList
	under := first
	s.say = func(n int) {
		said := facebook.Said{Name: customer(n), Text: mentionText(n)}
		if n%50 == 7 {
			said.Name = "" // Facebook often does not tell who wrote
		}
		var made string
		if n%400 == 0 {
			made = p.Visit(said)
			under = made
		} else {
			made = p.Comment(under, said)
		}
		s.post(made)
	}
	s.answers = p.Answers
	return s
}

// newInstagram is a professional account, reached by its Page.
func newInstagram(t *testing.T, i int) *side {
	t.Helper()
	user := fmt.Sprintf("178414000000000%02d", i)
	p, under := instagram.New(instagram.Options{
		Login: instagram.FacebookLogin, UserID: user, Username: "merk", Token: "page-token", AppSecret: "app-secret", Version: "v26.0",
		Permissions: []string{"instagram_manage_comments", "instagram_basic", "pages_read_engagement"},
	})
	s := newSide(fmt.Sprintf("instagram-%d", i))
	url := s.serve(t, p, limitedByFacebook)
	s.settings = fmt.Sprintf("  - name: %s\n    kind: instagram\n    settings: {base_url: %q, login: facebook, ig_user_id: %q, access_token: page-token, "+
		"app_secret: app-secret, messages: false, poll_every: 5s}\n", s.name, url, user)
	s.gauntlet.saw = s.sawList
	s.say = func(n int) {
		if n%400 == 399 {
			under = p.Post(fmt.Sprint("Nieuws ", n), time.Time{})
		}
		s.post(p.Comment(under, instagram.Said{Name: customer(n), Text: mentionText(n)}))
	}
	s.answers = p.Answers
	return s
}

// sawList notes what a list of the Graph API shows.
func (s *side) sawList(r *http.Request, body []byte, whole bool) {
	var list struct {
		Data []struct{ ID string } `json:"data"`
	}
	if r.Method != http.MethodGet || !whole || json.Unmarshal(body, &list) != nil {
		return
	}
	var ids []string
	for _, each := range list.Data {
		ids = append(ids, each.ID)
	}
	s.show(ids, r.URL.Path+r.URL.Query().Get("after"))
}

func (s *side) post(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.posted = append(s.posted, id)
}

// show notes a page of a poll and where the daemon's cursor stood when it asked
// for it. If the cursor has moved since the page before, that one was committed.
func (s *side) show(ids []string, cursor string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages++
	if cursor != s.cursor {
		for _, id := range s.lately {
			s.kept[id] = true
		}
	}
	for _, id := range ids {
		s.shown[id] = true
	}
	s.lately, s.cursor = ids, cursor
	for s.oldest < len(s.posted) && s.kept[s.posted[s.oldest]] {
		delete(s.kept, s.posted[s.oldest])
		s.oldest++
	}
}

// room is how many mentions may be said now without X leaving one out that the
// daemon has not kept.
func (s *side) room() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bill == nil {
		return 1000
	}
	return xLists*3/4 - (len(s.posted) - s.oldest)
}

// left is how many mentions no answer has shown yet.
func (s *side) left() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.posted {
		if !s.shown[id] {
			n++
		}
	}
	return n
}

// shownPages is how many pages of its lists the platform has shown.
func (s *side) shownPages() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pages
}

// idsOf are the posts in an answer of X.
func idsOf(body []byte) (ids []string) {
	var answer struct {
		Data []struct{ ID string }
	}
	if json.Unmarshal(body, &answer) != nil {
		return nil
	}
	for _, p := range answer.Data {
		ids = append(ids, p.ID)
	}
	return ids
}
