package instagram_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/instagram/replay/platform"
	"standpunt/inbox"
)

func TestCommentsAnswersAndOurOwn(t *testing.T) {
	logins(t, func(t *testing.T, login string) {
		r, c := play(t, platform.Options{Login: login})
		top := r.p.Comment(r.post, platform.Said{Name: "eva", Text: "שלום 👨‍👩‍👧‍👦"})
		nested := r.p.Comment(top, platform.Said{Name: "jan", Text: "ik ook"})
		nameless, another := r.p.Comment(r.post, platform.Said{Text: "naamloos"}), r.p.Comment(r.post, platform.Said{Text: "nog een"})
		ours := r.p.Comment(r.post, platform.Said{Name: username, Text: "Welkom!"})
		page := connectortest.Walk(t, c, nil)
		m := mention(page, top)
		want := inbox.Inbound{
			ExternalID: top, Thread: r.post, InReplyTo: r.post, Kind: "comment", Visibility: inbox.Public, Text: "שלום 👨‍👩‍👧‍👦",
			URL: "https://www.instagram.com/p/" + r.post + "/", PostedAt: m.PostedAt,
			Author: inbox.Author{ExternalID: platform.ScopedID("eva"), Handle: "@eva", URL: "https://www.instagram.com/eva/"},
		}
		if !reflect.DeepEqual(*m, want) || time.Since(m.PostedAt).Abs() > time.Minute {
			t.Errorf("the comment came as\n%+v, want\n%+v", *m, want)
		}
		below := []inbox.Field{{Name: "Answer stands below comment", Value: top}}
		if m := mention(page, nested); m == nil || m.InReplyTo != top || m.Thread != r.post || !reflect.DeepEqual(m.Route, below) {
			t.Errorf("the answer came as %+v", m)
		}
		a, b := mention(page, nameless).Author, mention(page, another).Author
		if a.ExternalID == b.ExternalID || a.Name == "" || a.Handle != "" {
			t.Errorf("two people of whom nothing is known are %+v and %+v", a, b)
		}
		var own []string
		for _, o := range page.Own {
			own = append(own, o.ExternalID)
		}
		if mention(page, ours) != nil || !slices.Contains(own, ours) || !slices.Contains(own, r.post) {
			t.Errorf("of our own came %v, and as a mention %+v", own, mention(page, ours))
		}
	})
}

// TestAQuietWalkIsCheap also holds that what changed costs one call more.
func TestAQuietWalkIsCheap(t *testing.T) {
	for login, quiet := range map[string]int{platform.FacebookLogin: 3, platform.InstagramLogin: 2} {
		r, c := play(t, platform.Options{Login: login})
		old := time.Now().Add(-30 * 24 * time.Hour)
		for i := range 40 {
			id := r.p.Post(fmt.Sprint("bericht ", i), old)
			r.p.Comment(id, platform.Said{Name: "eva", Text: "mooi", At: old})
		}
		r.p.Message(platform.Said{Name: "eva", Text: "dag", At: time.Now().Add(-40 * time.Minute)})
		first := connectortest.Walk(t, c, nil)
		if len(first.Mentions) != 1 {
			t.Errorf("%s: what is older than the back-fill came in: %d", login, len(first.Mentions))
		}
		next := age(t, first.Next, 20*time.Minute) // beyond the time in which late comments are looked for
		before := r.p.Calls()
		next = connectortest.Walk(t, c, next).Next
		if calls := r.p.Calls() - before; calls != quiet {
			t.Errorf("%s: a quiet walk took %d calls, want %d", login, calls, quiet)
		}
		before = r.p.Calls()
		id := r.Post(t, "en deze?")
		if mention(connectortest.Walk(t, c, next), id) == nil {
			t.Errorf("%s: the new comment was skipped", login)
		}
		if calls := r.p.Calls() - before; calls != quiet+1 {
			t.Errorf("%s: a walk with one post that changed took %d calls, want %d", login, calls, quiet+1)
		}
		before = r.p.Calls()
		connectortest.Walk(t, c, age(t, next, 7*time.Hour))
		if calls := r.p.Calls() - before; calls < quiet+10 || calls > quiet+12 { // ten that are due, the one that changed, the dialogue
			t.Errorf("%s: a walk after a night took %d calls", login, calls)
		}
	}
}

// TestAnAccountThatPostsALot has more posts than are remembered, some of which
// are deleted meanwhile: its walks go on, and the newest posts are those that
// are remembered.
func TestAnAccountThatPostsALot(t *testing.T) {
	r, c := play(t, platform.Options{Login: platform.InstagramLogin})
	var posts []string
	for i := range 2100 {
		posts = append(posts, r.p.Post("bericht", time.Now().Add(time.Duration(i-2200)*time.Minute)))
	}
	next := connectortest.Walk(t, c, nil).Next
	for _, id := range posts[2097:] {
		r.p.Erase(id)
	}
	asked := r.Post(t, "een vraag")
	page := connectortest.Walk(t, c, next)
	if mention(page, asked) == nil {
		t.Error("the comment was skipped")
	}
	id := r.p.Comment(r.p.Post("het nieuwste", time.Time{}), platform.Said{Name: "eva", Text: "mooi"})
	page = connectortest.Walk(t, c, page.Next)
	if mention(page, id) == nil {
		t.Error("the comment under the newest post was skipped")
	}
	if again := connectortest.Walk(t, c, age(t, page.Next, 20*time.Minute)); len(again.Mentions) > 0 {
		t.Errorf("the comments of a post that is not remembered are read in each walk: %d came again", len(again.Mentions))
	}
}

func TestMessagesThatAreSwitchedOffInTheMiddleOfAWalk(t *testing.T) {
	r, c := play(t, platform.Options{})
	r.p.Message(platform.Said{Name: "eva", Text: "dag"})
	page := connectors.Page{More: true}
	for page.More && !strings.Contains(string(page.Next), `"k":"m"`) {
		var err error
		if page, err = c.Poll(t.Context(), page.Next); err != nil {
			t.Fatal(err)
		}
	}
	without := newRemote(t, platform.Options{Permissions: []string{"instagram_manage_comments", "instagram_basic", "pages_read_engagement"}})
	id := without.Post(t, "een vraag")
	s := without.settings(goodToken)
	s["messages"] = false
	later := without.connect(t, connectors.Account{}, s)
	rest := connectortest.Walk(t, later, page.Next)
	if came := mention(connectortest.Walk(t, later, rest.Next), id); len(rest.Mentions) > 0 || came == nil {
		t.Errorf("the rest of the walk brought %+v, the next one %+v", rest.Mentions, came)
	}
}

func TestALateAnswerBelowAnOldCommentComesIn(t *testing.T) {
	r, c := play(t, platform.Options{})
	first := r.p.Comment(r.post, platform.Said{Name: "jan", Text: "lang geleden", At: time.Now().Add(-20 * 24 * time.Hour)})
	for i := range 170 {
		r.p.Comment(r.post, platform.Said{Name: "mo", Text: fmt.Sprint(i), At: time.Now().Add(-10 * 24 * time.Hour)})
	}
	next := connectortest.Walk(t, c, nil).Next
	late := r.p.Comment(first, platform.Said{Name: "eva", Text: "en nu?"})
	if m := mention(connectortest.Walk(t, c, next), late); m == nil || m.InReplyTo != first {
		t.Errorf("an answer on the fourth page of comments came as %+v", m)
	}
}

func TestAnswersBeyondThoseThatComeAlong(t *testing.T) {
	r, c := play(t, platform.Options{})
	top := r.p.Comment(r.post, platform.Said{Name: "jan", Text: "discussie", At: time.Now().Add(-48 * time.Hour)})
	for i := range 120 {
		r.p.Comment(top, platform.Said{Name: "mo", Text: fmt.Sprint(i), At: time.Now().Add(-40 * time.Hour)})
	}
	next := connectortest.Walk(t, c, nil).Next
	late := r.p.Comment(top, platform.Said{Name: "eva", Text: "de laatste"})
	if mention(connectortest.Walk(t, c, next), late) == nil {
		t.Error("the answer on the third page of answers was skipped")
	}
}

// TestAPageThatIsNotInstagramsLosesNothing lets a proxy answer for Instagram.
func TestAPageThatIsNotInstagramsLosesNothing(t *testing.T) {
	for _, status := range []int{302, 400, 403, 404, 410} {
		r, c := play(t, platform.Options{})
		old := r.p.Post("gisteren", time.Now().Add(-24*time.Hour))
		id := r.p.Comment(old, platform.Said{Name: "eva", Text: "een vraag", At: time.Now().Add(-40 * time.Minute)})
		fault := platform.Fault{Status: status, Body: "<html>the proxy knows no such page"}
		page, err := c.Poll(t.Context(), nil) // the posts; their comments come next
		if err != nil || !page.More {
			t.Fatalf("%+v, %v", page, err)
		}
		before := page.Next
		r.p.Fail(fault)
		if _, err = c.Poll(t.Context(), before); connectors.KindOf(err) != connectors.Garbage || err == nil {
			t.Errorf("%d: taken in with %v", status, err)
		}
		if mention(connectortest.Walk(t, c, before), id) == nil {
			t.Errorf("%d: the comment is lost", status)
		}
		elsewhere := r.p.Mention(platform.Said{Name: "eva", Text: "kijk @" + username})
		all := r.p.Deliveries()
		r.p.Fail(fault)
		if answer, err := hand(t, c, all[len(all)-1]); err == nil && answer.Status < 500 {
			t.Errorf("%d: a mention that nobody could look up is answered with %d, and never comes again", status, answer.Status)
		}
		if answer, err := hand(t, c, all[len(all)-1]); err != nil || mention(answer.Page, elsewhere) == nil {
			t.Errorf("%d: delivered again: %+v, %v", status, answer, err)
		}
	}
}

// TestOneLessAndOneMoreIsNoticed holds that a count that stands still hides
// nothing for longer than six hours.
func TestOneLessAndOneMoreIsNoticed(t *testing.T) {
	r, c := play(t, platform.Options{})
	first := r.p.Comment(r.post, platform.Said{Name: "jan", Text: "weg ermee"})
	next := age(t, connectortest.Walk(t, c, nil).Next, time.Hour)
	r.p.Erase(first)
	hidden := r.p.Comment(r.post, platform.Said{Name: "eva", Text: "in de plaats"})
	again := connectortest.Walk(t, c, next)
	if mention(again, hidden) != nil {
		t.Fatal("the count stands still, and the comments were read: the test tests nothing")
	}
	if mention(connectortest.Walk(t, c, age(t, again.Next, 7*time.Hour)), hidden) == nil {
		t.Error("the comment was skipped")
	}
}

// TestAListThatWasCutShortIsReadAgain shows fewer comments than the count tells.
func TestAListThatWasCutShortIsReadAgain(t *testing.T) {
	r, c := play(t, platform.Options{})
	next := age(t, connectortest.Walk(t, c, nil).Next, time.Hour)
	id := r.Post(t, "verstopt")
	page, err := c.Poll(t.Context(), next) // the posts
	if err != nil {
		t.Fatal(err)
	}
	r.p.Fail(platform.Fault{Status: 200, Body: `{"data":[]}`}) // its comments
	rest := connectortest.Walk(t, c, page.Next)
	if mention(rest, id) != nil {
		t.Fatal("the comment came though the list was cut: the test tests nothing")
	}
	if mention(connectortest.Walk(t, c, age(t, rest.Next, 20*time.Minute)), id) == nil {
		t.Error("the comment was skipped")
	}
}

// TestACommentThatIsShownLateComesIn shows one that was written before the
// last reading.
func TestACommentThatIsShownLateComesIn(t *testing.T) {
	r, c := play(t, platform.Options{})
	next := connectortest.Walk(t, c, nil).Next
	id := r.p.Comment(r.post, platform.Said{Name: "eva", Text: "traag", At: time.Now().Add(-10 * time.Minute)})
	said := r.p.Message(platform.Said{Name: "jan", Text: "ook traag", At: time.Now().Add(-10 * time.Minute)})
	page := connectortest.Walk(t, c, next)
	if mention(page, id) == nil || mention(page, said) == nil {
		t.Errorf("of what was written ten minutes before came %+v", page.Mentions)
	}
}

// TestACommentThatIsApprovedLaterComesIn shows one that the count told all along.
func TestACommentThatIsApprovedLaterComesIn(t *testing.T) {
	r, c := play(t, platform.Options{})
	next := connectortest.Walk(t, c, nil).Next
	id := r.p.Comment(r.post, platform.Said{Name: "eva", Text: "wacht op goedkeuring", At: time.Now().Add(-50 * time.Minute)})
	r.p.Hide(id)
	next = connectortest.Walk(t, c, next).Next
	r.p.Show(id)
	if mention(connectortest.Walk(t, c, age(t, next, 20*time.Minute)), id) == nil {
		t.Error("the comment was skipped")
	}
}

// TestAPostThatChangedIsReadForAWhile exchanges one comment for another within minutes.
func TestAPostThatChangedIsReadForAWhile(t *testing.T) {
	r, c := play(t, platform.Options{})
	first := r.Post(t, "weg ermee")
	next := connectortest.Walk(t, c, nil).Next
	r.p.Erase(first)
	second := r.Post(t, "in de plaats")
	if mention(connectortest.Walk(t, c, age(t, next, 5*time.Minute)), second) == nil {
		t.Error("the comment did not come in at once")
	}
}

func TestAPostThatGoesInMidWalkEndsNothing(t *testing.T) {
	r, c := play(t, platform.Options{})
	other := r.p.Post("nog een", time.Now().Add(-time.Minute))
	r.Post(t, "verdwijnt")
	id := r.p.Comment(other, platform.Said{Name: "eva", Text: "blijft"})
	page, err := c.Poll(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.p.Erase(r.post)
	if mention(connectortest.Walk(t, c, page.Next), id) == nil {
		t.Error("the other post's comment was skipped")
	}
}

func TestAForgottenCursorBeginsThePostsAnew(t *testing.T) {
	r, c := play(t, platform.Options{})
	var posts, ids []string
	for i := range 70 {
		posts = append(posts, r.p.Post(fmt.Sprint("bericht ", i), time.Now().Add(time.Duration(i-100)*time.Hour)))
		ids = append(ids, r.p.Comment(posts[i], platform.Said{Name: "eva", Text: "mooi"}))
	}
	page, err := c.Poll(t.Context(), nil) // the first post of all, and 49 of these
	if err != nil {
		t.Fatal(err)
	}
	r.p.Erase(posts[70-49]) // what the cursor stands on
	came := connectortest.Walk(t, c, page.Next)
	for i, id := range ids {
		if i != 70-49 && mention(came, id) == nil {
			t.Errorf("comment %d was skipped", i)
		}
	}
}

// TestAnswersThatDoNotNameTheirComment come below it all the same.
func TestAnswersThatDoNotNameTheirComment(t *testing.T) {
	r, c := play(t, platform.Options{})
	r.Post(t, "een vraag")
	page, err := c.Poll(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().UTC().Format(time.RFC3339)
	r.p.Fail(platform.Fault{Status: 200, Body: `{"data":[{"id":"17","text":"a","timestamp":"` + at + `","replies":{"data":[{"id":"18","text":"b","timestamp":"` + at + `"}]}}]}`})
	if page, err = c.Poll(t.Context(), page.Next); err != nil {
		t.Fatal(err)
	}
	if m := mention(page, "18"); m == nil || m.InReplyTo != "17" || len(m.Route) != 1 || m.Route[0].Value != "17" {
		t.Errorf("the answer came as %+v", m)
	}
}

func TestAForgottenCursorBeginsTheListAnew(t *testing.T) {
	r, c := play(t, platform.Options{})
	var ids []string
	for i := range 160 {
		ids = append(ids, r.Post(t, fmt.Sprint("vraag ", i)))
	}
	var came []inbox.Inbound
	var after inbox.Cursor
	for step := range 50 {
		page, err := c.Poll(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		came = append(came, page.Mentions...)
		if after = page.Next; !page.More {
			break
		}
		if step == 1 {
			r.p.Erase(ids[110]) // what the cursor stands on
		}
	}
	for i, id := range ids {
		if i != 110 && mention(connectors.Page{Mentions: came}, id) == nil {
			t.Errorf("comment %d was skipped", i)
		}
	}
}

// TestAListThatIsForgottenAgainAndAgain deletes what a cursor stands on four times
// in a row, in the list of posts and in that of comments: that is told, and the
// walk gets to its end all the same.
func TestAListThatIsForgottenAgainAndAgain(t *testing.T) {
	for _, list := range []struct {
		name, mark string // in a cursor that stands in the list
		listed     int    // of the sixty, on its first page
	}{{"posts", `"after":`, 49}, {"comments", `"a":`, 50}} { // the newest post is the first one of all
		r, c := play(t, platform.Options{})
		var ids []string
		for i := range 60 {
			if list.name == "posts" {
				ids = append(ids, r.p.Post("bericht", time.Now().Add(time.Duration(i-100)*time.Second)))
			} else {
				ids = append(ids, r.Post(t, fmt.Sprint("vraag ", i)))
			}
		}
		came, told := make(map[string]bool), 0
		page := connectors.Page{More: true}
		for rounds, erased := 0, 0; page.More || page.Trouble != nil; rounds++ {
			var err error
			if page, err = c.Poll(t.Context(), page.Next); err != nil || rounds == 60 {
				t.Fatalf("%s: the walk does not end: %v", list.name, err)
			}
			for _, m := range page.Mentions {
				came[m.ExternalID] = true
			}
			for _, o := range page.Own {
				came[o.ExternalID] = true
			}
			if page.Trouble != nil {
				told++
			}
			if strings.Contains(string(page.Next), list.mark) && erased < 4 {
				r.p.Erase(ids[len(ids)-list.listed-erased]) // the last of those that are listed
				erased++
			}
		}
		if told != 3 {
			t.Errorf("%s: it is told %d times that the list begins anew and anew, want 3", list.name, told)
		}
		for i, id := range ids[:6] {
			if !came[id] {
				t.Errorf("%s: number %d was skipped", list.name, i)
			}
		}
	}
}

// TestLessIsAskedForWhereInstagramCannotGiveSoMuch has Instagram give few items
// at once, or none.
func TestLessIsAskedForWhereInstagramCannotGiveSoMuch(t *testing.T) {
	for _, heavy := range []int{1, 4} {
		r, c := play(t, platform.Options{Heavy: heavy})
		var want []string
		for i := range 60 { // more pages of one than a walk reads of fifty
			want = append(want, r.Post(t, fmt.Sprint("vraag ", i)))
		}
		for i := range 8 {
			want = append(want, r.p.Tag(platform.Said{Name: "jan", Text: fmt.Sprint("bericht ", i)}), r.p.Message(platform.Said{Name: "mo", Text: fmt.Sprint("onder vier ogen ", i)}))
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
	if _, err := c.Identity(t.Context()); err != nil {
		t.Fatal(err)
	}
	start := connectortest.Walk(t, c, nil).Next
	nothing := platform.Fault{Status: 500, Body: `{"error":{"code":1,"message":"Please reduce the amount of data you're asking for, then retry your request"}}`}
	r.p.Fail(nothing, nothing, nothing, nothing, nothing, nothing)
	page, err := connectors.Page{Next: start}, error(nil)
	steps := 0
	for ; err == nil && steps < 10; steps++ {
		page, err = c.Poll(t.Context(), page.Next)
	}
	if steps != 6 || connectors.KindOf(err) != connectors.Temporary { // 50, 25, 12, 6, 3 and 1
		t.Errorf("asked for less and less, it ends after %d calls with %v", steps, err)
	}
}

func TestTroubleInMidWalk(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault platform.Fault
		kind  connectors.ErrorKind
	}{
		{"HTML with status 200", platform.Fault{Status: 200, Body: "<html>Sign in"}, connectors.Garbage},
		{"half a list", platform.Fault{Status: 200, Body: `{"data":[{"id":"1","timestamp":"2026-11`}, connectors.Garbage},
		{"a list without ids", platform.Fault{Status: 200, Body: `{"data":[{"text":"x"}]}`}, connectors.Garbage},
		{"a list without times", platform.Fault{Status: 200, Body: `{"data":[{"id":"17"}]}`}, connectors.Garbage},
		{"ids that are paths", platform.Fault{Status: 200, Body: `{"data":[{"id":"1/../2","timestamp":"2026-01-01T00:00:00+0000"}]}`}, connectors.Garbage},
		{"the rate limit with a time", platform.Fault{Status: 400, Body: `{"error":{"code":4}}`, Header: map[string]string{"Retry-After": "60"}}, connectors.RateLimited},
		{"the rate limit without one", platform.Fault{Status: 403, Body: `{"error":{"code":80002}}`}, connectors.RateLimited},
		{"an error as a word", platform.Fault{Status: 400, Body: `{"error":"invalid_request"}`}, connectors.Rejected},
		{"the older shape of errors", platform.Fault{Status: 200, Body: `{"error_code":190}`}, connectors.BadAuth},
		{"an expired token", platform.Fault{Status: 400, Body: `{"error":{"code":190,"error_subcode":463}}`}, connectors.BadAuth},
		{"a sunset version", platform.Fault{Status: 400, Body: `{"error":{"code":2635}}`}, connectors.NotAllowed},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, conn := play(t, platform.Options{})
			id := r.Post(t, "een vraag")
			next := connectortest.Walk(t, conn, nil).Next
			later := r.Post(t, "nog een")
			r.p.Fail(c.fault)
			_, err := conn.Poll(t.Context(), next)
			var e *connectors.Error
			if !errors.As(err, &e) || e.Kind != c.kind || strings.Contains(err.Error(), "Facebook") || strings.Contains(err.Error(), "page_id") {
				t.Errorf("%v, want kind %s in Instagram's words", err, c.kind)
			}
			if page := connectortest.Walk(t, conn, next); mention(page, later) == nil || mention(page, id) == nil {
				t.Error("a comment is lost")
			}
		})
	}
}

func TestARevokedTokenAndAWrongSecretSayWhatToDo(t *testing.T) {
	logins(t, func(t *testing.T, login string) {
		r, c := play(t, platform.Options{Login: login})
		next := connectortest.Walk(t, c, nil).Next
		r.p.Revoke()
		_, err := c.Poll(t.Context(), next)
		var e *connectors.Error
		if !errors.As(err, &e) || e.Kind != connectors.BadAuth || e.Remedy == "" || login == platform.InstagramLogin && strings.Contains(err.Error(), "Page") {
			t.Errorf("a revoked token: %v", err)
		}
	})
	r := newRemote(t, platform.Options{})
	wrong := r.settings(goodToken)
	wrong["app_secret"] = "of-another-app"
	_, err := r.connect(t, connectors.Account{}, wrong).Poll(t.Context(), nil)
	if connectors.KindOf(err) != connectors.BadAuth || !strings.Contains(err.Error(), "app_secret") {
		t.Errorf("a wrong app_secret: %v", err)
	}
	other := r.settings(goodToken)
	other["ig_user_id"] = "17841400000000002"
	if _, err := r.connect(t, connectors.Account{}, other).Poll(t.Context(), nil); err == nil {
		t.Error("another account's id is read with our token")
	}
	login := newRemote(t, platform.Options{Login: platform.InstagramLogin})
	other = login.settings(goodToken)
	other["ig_user_id"] = "17841400000000002"
	_, err = login.connect(t, connectors.Account{}, other).Poll(t.Context(), nil)
	if connectors.KindOf(err) != connectors.BadAuth || !strings.Contains(err.Error(), "ig_user_id") {
		t.Errorf("a token of another account: %v", err)
	}
}

func TestTagsComeInAndSayWhetherTheyCanBeAnswered(t *testing.T) {
	r, c := play(t, platform.Options{})
	before := r.p.Tag(platform.Said{Name: "jan", Text: "vakantie", At: time.Now().Add(-5 * 24 * time.Hour)})
	tagged := r.p.Tag(platform.Said{Name: "mo", Text: "mooie winkel"})
	both := r.p.Tag(platform.Said{Name: "eva", Text: "dank @" + username + "!"})
	first := connectortest.Walk(t, c, nil)
	if mention(first, before) != nil {
		t.Error("a tag from before the back-fill came in")
	}
	if m := mention(first, tagged); m == nil || m.Unanswerable == "" || m.Kind != "post" || m.Author.Handle != "@mo" || m.Thread != tagged {
		t.Errorf("the tag came as %+v", m)
	}
	if m := mention(first, both); m == nil || m.Unanswerable != "" || len(m.Route) != 1 {
		t.Errorf("the tag with a mention came as %+v", m)
	}
	again := connectortest.Walk(t, c, first.Next)
	late := r.p.Tag(platform.Said{Name: "jan", Text: "nu pas getagd", At: time.Now().Add(-4 * 24 * time.Hour)})
	last := connectortest.Walk(t, c, again.Next)
	if mention(last, late) == nil {
		t.Error("an old post that was tagged only now was skipped")
	}
	if mention(last, before) != nil || mention(connectortest.Walk(t, c, last.Next), late) != nil {
		t.Error("tags that are known came again")
	}
}

func TestMessagesComeInAndTheOldestOfManyAreToldByNobody(t *testing.T) {
	logins(t, func(t *testing.T, login string) {
		r, c := play(t, platform.Options{Login: login})
		var ids []string
		for i := range 25 {
			ids = append(ids, r.p.Message(platform.Said{Name: "eva", Text: fmt.Sprint("regel ", i), At: time.Now().Add(time.Duration(i-30) * time.Second)}))
		}
		picture := r.p.Message(platform.Said{Name: "mo", Attachment: "image"})
		page := connectortest.Walk(t, c, nil)
		for i, id := range ids {
			if m := mention(page, id); (m != nil) != (i >= 5) {
				t.Errorf("message %d of 25 came as %+v", i, m)
			}
		}
		m := mention(page, ids[24])
		want := inbox.Inbound{
			ExternalID: ids[24], Thread: "messages-" + platform.ScopedID("eva"), Kind: "message", Visibility: inbox.Private, Text: "regel 24", PostedAt: m.PostedAt,
			Author: inbox.Author{ExternalID: platform.ScopedID("eva"), Handle: "@eva", URL: "https://www.instagram.com/eva/"},
			Route: []inbox.Field{{Name: "Message goes to Instagram user", Value: platform.ScopedID("eva")},
				{Name: "Customer wrote at", Value: m.PostedAt.Format(time.RFC3339)}},
		}
		if !reflect.DeepEqual(*m, want) {
			t.Errorf("the message came as\n%+v, want\n%+v", *m, want)
		}
		a := mention(page, picture)
		if a == nil || len(a.Attachments) != 1 || a.Attachments[0].Name != "Picture" {
			t.Fatalf("the picture came as %+v", a)
		}
		if b := mention(connectortest.Walk(t, c, page.Next), picture); b == nil || !reflect.DeepEqual(a, b) {
			t.Errorf("read again, it is another: %+v", b)
		}
		settings := r.settings(goodToken)
		settings["messages"] = false
		if page := connectortest.Walk(t, r.connect(t, connectors.Account{Backfill: time.Hour}, settings), nil); len(page.Mentions) > 0 {
			t.Errorf("messages are left out and came: %+v", page.Mentions)
		}
	})
}

func TestReadingRestsBeforeInstagramRefuses(t *testing.T) {
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

// TestAnAnswerIsReadBackWhileReadingRests holds that what keeps polls back keeps no
// answer back that is tried again, which is looked for first.
func TestAnAnswerIsReadBackWhileReadingRests(t *testing.T) {
	r, c := play(t, platform.Options{})
	id := r.Post(t, "een vraag")
	page := connectortest.Walk(t, c, nil)
	rel := approvaltest.Release(t, "ig", userID, *mention(page, id), "Wij zoeken het uit.")
	receipt, err := c.Publish(t.Context(), rel)
	if err != nil {
		t.Fatal(err)
	}
	r.p.Fail(platform.Fault{Status: 200, Body: `{"data":[]}`, Header: map[string]string{"X-App-Usage": `{"call_count":80}`}})
	if _, err = c.Poll(t.Context(), page.Next); err != nil {
		t.Fatal(err)
	}
	if _, err = c.Poll(t.Context(), page.Next); connectors.KindOf(err) != connectors.RateLimited {
		t.Errorf("reading goes on: %v", err)
	}
	if found, err := c.Find(t.Context(), rel.Attempt()); err != nil || found.Receipt.ExternalID != receipt.ExternalID {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestTheStandInEndsItsTokenByHand, so that who tries a configuration out sees
// what is said of it, and what helps.
func TestTheStandInEndsItsTokenByHand(t *testing.T) {
	logins(t, func(t *testing.T, login string) {
		for path, says := range map[string]string{"/replay/revoke": "does not accept the token", "/replay/expire": "the token has expired"} {
			r, c := play(t, platform.Options{Login: login})
			connectortest.Walk(t, c, nil)
			byHand(t, r.p, path)
			if _, err := c.Poll(t.Context(), nil); connectors.KindOf(err) != connectors.BadAuth || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, want it to say %q", path, err, says)
			}
			byHand(t, r.p, "/replay/token?token=another")
			connectortest.Walk(t, r.connect(t, connectors.Account{Backfill: time.Hour}, r.settings("another")), nil)
		}
	})
}

func byHand(t *testing.T, p *platform.Platform, path string) {
	t.Helper()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
}

// TestAListWhoseRestIsAlwaysRefusedStopsNothing has Instagram show the newest fifty
// comments under a post, and take no cursor for more.
func TestAListWhoseRestIsAlwaysRefusedStopsNothing(t *testing.T) {
	r, c := play(t, platform.Options{})
	var ids []string
	for i := range 60 {
		ids = append(ids, r.Post(t, fmt.Sprint("vraag ", i)))
	}
	other := r.p.Comment(r.p.Post("bericht", time.Now().Add(-time.Hour)), platform.Said{Name: "eva", Text: "mooi"})
	refusal := platform.Fault{Status: 400, Body: `{"error":{"code":100,"message":"Invalid cursor"}}`}
	var whole, page connectors.Page
	told := 0
	for polls := 0; page.More || page.Trouble != nil || page.Next == nil; polls++ {
		if strings.Contains(string(page.Next), `"a":`) {
			r.p.Fail(refusal)
		}
		var err error
		if page, err = c.Poll(t.Context(), page.Next); err != nil || polls == 60 {
			t.Fatalf("the walk does not end: %v", err)
		}
		whole.Mentions = append(whole.Mentions, page.Mentions...)
		if page.Trouble != nil {
			told++
		}
	}
	if mention(whole, other) == nil || told == 0 || mention(whole, ids[0]) != nil {
		t.Errorf("the other post's comment came: %v; it is told %d times", mention(whole, other) != nil, told)
	}
	if later := connectortest.Walk(t, c, age(t, page.Next, 10*time.Minute)); mention(later, ids[0]) == nil {
		t.Error("once the rest is shown, the first comment is lost")
	}
}

// TestDialoguesThatAreAlwaysRefusedWaitForTheNextRound has Instagram show the fifty
// dialogues that were used last, and take no cursor for more.
func TestDialoguesThatAreAlwaysRefusedWaitForTheNextRound(t *testing.T) {
	r, c := play(t, platform.Options{})
	first := r.p.Message(platform.Said{Name: "jan", Text: "een vraag", At: time.Now().Add(-time.Minute)})
	for i := range 50 {
		r.p.Message(platform.Said{Name: fmt.Sprint("eva", i), Text: "een vraag"})
	}
	refusal := platform.Fault{Status: 400, Body: `{"error":{"code":100,"message":"Invalid cursor"}}`}
	var page connectors.Page
	for rounds, polls := 0, 0; rounds < 3; polls++ {
		if next := string(page.Next); strings.Contains(next, `"after":`) && !strings.Contains(next, `"tasks":`) {
			r.p.Fail(refusal)
		}
		var err error
		if page, err = c.Poll(t.Context(), page.Next); err != nil || polls > 2*(50+5) {
			t.Fatalf("round %d does not end: %v", rounds, err)
		}
		if !page.More {
			if rounds, polls = rounds+1, 0; page.Trouble == nil {
				t.Errorf("round %d tells nothing", rounds)
			}
		}
	}
	if page = connectortest.Walk(t, c, page.Next); mention(page, first) == nil {
		t.Error("once they are shown, the first message is lost")
	}
}

// TestADialogueThatIsRefusedStopsNothing lets Instagram refuse one customer's messages,
// and later show them.
func TestADialogueThatIsRefusedStopsNothing(t *testing.T) {
	for _, code := range []string{"100", "10", "200"} {
		r, c := play(t, platform.Options{})
		at := time.Now().Add(-30 * time.Minute) // which the next walk does not look back to
		other := r.p.Message(platform.Said{Name: "jan", Text: "een vraag", At: at.Add(-time.Minute)})
		hidden := r.p.Message(platform.Said{Name: "eva", Text: "een vraag die niet te zien is", At: at})
		refusal := platform.Fault{Status: 400, Body: `{"error":{"code":` + code + `,"message":"Not shown"}}`}
		// The first dialogue that a walk reads is the one that was used last, or was refused before.
		walk := func(after inbox.Cursor, refused int) (whole connectors.Page) {
			t.Helper()
			for polls := 0; ; polls++ {
				if strings.Contains(string(after), `"k":"m"`) && refused > 0 {
					r.p.Fail(refusal)
					refused--
				}
				page, err := c.Poll(t.Context(), after)
				if err != nil || polls > 20 {
					t.Fatalf("code %s, poll %d: %v", code, polls, err)
				}
				whole.Mentions = append(whole.Mentions, page.Mentions...)
				after, whole.Next, whole.Trouble = page.Next, page.Next, page.Trouble
				if !page.More {
					return whole
				}
			}
		}
		page := walk(nil, 1)
		e := new(connectors.Error)
		if mention(page, other) == nil || !errors.As(page.Trouble, &e) || e.Kind != connectors.NotAllowed || e.Remedy == "" || !strings.Contains(e.Message, "a dialogue") {
			t.Errorf("code %s: %v came, and told is %v", code, page.Mentions, page.Trouble)
		}
		r.p.Message(platform.Said{Name: "eva", Text: "hallo?"}) // which lets the dialogue be looked at again, were it not refused
		before := r.p.Calls()
		page = walk(page.Next, 0)
		if calls := r.p.Calls() - before; calls != 3 || page.Trouble == nil {
			t.Errorf("code %s: while it rests a walk takes %d calls, and tells %v", code, calls, page.Trouble)
		}
		if page = walk(rested(t, page.Next), 1); page.Trouble == nil {
			t.Errorf("code %s: refused again, it tells nothing", code)
		}
		settings := r.settings(goodToken)
		settings["messages"] = false
		if without := connectortest.Walk(t, r.connect(t, connectors.Account{Backfill: time.Hour}, settings), page.Next); without.Trouble != nil {
			t.Errorf("code %s: without messages it tells %v", code, without.Trouble)
		}
		if page = walk(rested(t, page.Next), 0); mention(page, hidden) == nil || page.Trouble != nil {
			t.Errorf("code %s: once they are shown, %v came, and told is %v", code, page.Mentions, page.Trouble)
		}
	}
}
