package facebook_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"standpunt/connectors"
	"standpunt/connectors/connectortest"
	"standpunt/connectors/facebook/replay/platform"
	"standpunt/inbox"
)

// anHourOn is a cursor as it were had everything that it knows happened an hour earlier.
func anHourOn(t *testing.T, cursor inbox.Cursor) inbox.Cursor {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(cursor))
	decoder.UseNumber()
	var w map[string]any
	if err := decoder.Decode(&w); err != nil {
		t.Fatal(err)
	}
	earlier := func(in map[string]any, name string) {
		n, ok := in[name].(json.Number)
		at, err := n.Int64()
		if !ok || err != nil {
			t.Fatalf("%s is %v", name, in[name])
		}
		in[name] = at - int64(time.Hour/time.Second)
	}
	list, _ := w["withheld"].([]any)
	for _, each := range list {
		r, ok := each.(map[string]any)
		if !ok {
			t.Fatalf("a withheld post is %v", each)
		}
		earlier(r, "at")
	}
	aged, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	return aged
}

// TestOnePostWhoseCommentsAreRefusedStopsNothing lets Facebook refuse the comments
// of one of the Page's posts, and later show them.
func TestOnePostWhoseCommentsAreRefusedStopsNothing(t *testing.T) {
	for _, code := range []int{100, 12, 10, 200} {
		r, c := play(t, platform.Options{})
		post := r.p.Visit(platform.Said{Name: "Jan", Text: "bericht"})
		other := r.p.Comment(post, platform.Said{Name: "Eva", Text: "een vraag"})
		hidden := r.Post(t, "een vraag die niet te zien is")
		r.p.Refuse(r.post, code)
		var page connectors.Page
		walk := func() (brought connectors.Page) {
			t.Helper()
			for steps := 0; ; steps++ {
				var err error
				if page, err = c.Poll(t.Context(), page.Next); err != nil || steps > 20 {
					t.Fatalf("code %d, step %d: %v", code, steps, err)
				}
				brought.Mentions = append(brought.Mentions, page.Mentions...)
				if !page.More {
					return brought
				}
			}
		}
		if mention(walk(), other) == nil {
			t.Errorf("code %d: the other post's comment did not come", code)
		}
		if page.Trouble == nil || !strings.Contains(page.Trouble.Error(), r.post) || connectors.KindOf(page.Trouble).Retryable() {
			t.Errorf("code %d: told is %v", code, page.Trouble)
		}
		later := r.Post(t, "nog een") // which lets the post be looked at again, were it not refused
		before := r.p.Calls()
		walk()
		if calls := r.p.Calls() - before; calls != 5 { // three lists, two of which name the visitor's post, which is new
			t.Errorf("code %d: the next walk took %d calls, want 5", code, calls)
		}
		if page.Trouble == nil {
			t.Errorf("code %d: the trouble is told no more", code)
		}
		r.p.Refuse(r.post, 0)
		page.Next = anHourOn(t, page.Next)
		came := walk()
		if mention(came, hidden) == nil || mention(came, later) == nil || page.Trouble != nil {
			t.Errorf("code %d: once they are shown, %v came, and told is %v", code, ids(came), page.Trouble)
		}
	}
}

// TestTheAccountsTroubleStopsTheRound has what concerns more than one post come
// where comments are asked for.
func TestTheAccountsTroubleStopsTheRound(t *testing.T) {
	for fault, kind := range map[*platform.Fault]connectors.ErrorKind{
		{Status: 400, Body: `{"error":{"code":190}}`}:   connectors.BadAuth,
		{Status: 403, Body: `{"error":{"code":80001}}`}: connectors.RateLimited,
		{Status: 500, Body: `{"error":{"code":2}}`}:     connectors.Temporary,
		{Status: 502, Body: `<html>`}:                   connectors.Temporary,
	} {
		r, c := play(t, platform.Options{})
		id := r.Post(t, "een vraag")
		page, err := c.Poll(t.Context(), nil) // the posts; their comments come next
		if err != nil {
			t.Fatal(err)
		}
		r.p.Fail(*fault)
		if _, err := c.Poll(t.Context(), page.Next); err == nil || connectors.KindOf(err) != kind {
			t.Errorf("%s: %v, want kind %s", fault.Body, err, kind)
		}
		if whole := connectortest.Walk(t, c, page.Next); mention(whole, id) == nil {
			t.Errorf("%s: the comment is lost", fault.Body)
		}
	}
}

// TestALostPermissionStopsTheRoundInTheEnd has every post's comments refused, of
// more posts than can be one post's own trouble.
func TestALostPermissionStopsTheRoundInTheEnd(t *testing.T) {
	r, c := play(t, platform.Options{})
	posts, at := []string{r.post}, time.Now().Add(-30*time.Minute)
	for range 201 {
		posts = append(posts, r.p.Visit(platform.Said{Name: "Jan", Text: "bericht", At: at}))
	}
	comments := make([]string, len(posts))
	for i, post := range posts {
		comments[i] = r.p.Comment(post, platform.Said{Name: "Eva", Text: "een vraag", At: at})
		r.p.Refuse(post, 10)
	}
	page := connectors.Page{More: true}
	for steps := 0; page.More; steps++ {
		next, err := c.Poll(t.Context(), page.Next)
		if err != nil {
			if connectors.KindOf(err) != connectors.NotAllowed {
				t.Errorf("it stops with %v", err)
			}
			break
		}
		if page = next; !page.More || steps > 500 {
			t.Fatalf("the walk went on past everything that it could not read, and tells %v", page.Trouble)
		}
	}
	for _, post := range posts {
		r.p.Refuse(post, 0)
	}
	rest := connectortest.Walk(t, c, page.Next)
	again := connectortest.Walk(t, c, anHourOn(t, rest.Next))
	rest.Mentions = append(rest.Mentions, again.Mentions...)
	for i, id := range comments {
		if mention(rest, id) == nil {
			t.Errorf("the comment under post %d is lost", i)
		}
	}
}

// TestADialogueThatIsRefusedStopsNothing lets Facebook refuse one customer's
// messages, and later show them.
func TestADialogueThatIsRefusedStopsNothing(t *testing.T) {
	for _, code := range []int{100, 10, 200} {
		r := newRemote(t, platform.Options{})
		r.private = true
		c := r.connect(t, connectors.Account{Backfill: time.Hour}, r.settings(goodToken))
		asked := r.p.Write(platform.Said{Name: "Jan", Text: "een vraag"})
		hidden := r.p.Write(platform.Said{Name: "Eva", Text: "een vraag die niet te zien is"})
		r.p.Refuse("t_"+platform.PersonID("Eva"), code)
		page := connectortest.Walk(t, c, nil)
		if mention(page, asked) == nil {
			t.Errorf("code %d: the other customer's message did not come", code)
		}
		e := new(connectors.Error)
		if !errors.As(page.Trouble, &e) || e.Kind != connectors.NotAllowed || e.Remedy == "" || !strings.Contains(e.Message, "a dialogue in Messenger") ||
			strings.Contains(e.Error(), platform.PersonID("Eva")) {
			t.Errorf("code %d: told is %v", code, page.Trouble)
		}
		r.p.Write(platform.Said{Name: "Eva", Text: "hallo?"}) // which lets the dialogue be looked at again, were it not refused
		before := r.p.Calls()
		page = connectortest.Walk(t, c, page.Next)
		if calls := r.p.Calls() - before; calls != 6 || page.Trouble == nil { // four lists, the Page's one post, and Jan's dialogue once more
			t.Errorf("code %d: the next walk took %d calls, want 6, and tells %v", code, calls, page.Trouble)
		}
		off := r.settings(goodToken)
		off["messenger"] = false
		if without := connectortest.Walk(t, r.connect(t, connectors.Account{Backfill: time.Hour}, off), page.Next); without.Trouble != nil {
			t.Errorf("code %d: without Messenger it tells %v", code, without.Trouble)
		}
		r.p.Refuse("t_"+platform.PersonID("Eva"), 0)
		if page = connectortest.Walk(t, c, anHourOn(t, page.Next)); mention(page, hidden) == nil || page.Trouble != nil {
			t.Errorf("code %d: once they are shown, %v came, and told is %v", code, ids(page), page.Trouble)
		}
	}
}

// TestAListWhoseRestIsAlwaysRefusedStopsNothing lets Facebook show the newest fifty
// comments under a post, and take no cursor for more.
func TestAListWhoseRestIsAlwaysRefusedStopsNothing(t *testing.T) {
	r, c := play(t, platform.Options{})
	first := r.Post(t, "vraag 0")
	for i := range 59 {
		r.Post(t, "vraag "+strconv.Itoa(i+1))
	}
	visit := r.p.Visit(platform.Said{Name: "Jan", Text: "bericht", At: time.Now().Add(-time.Minute)})
	other := r.p.Comment(visit, platform.Said{Name: "Eva", Text: "een vraag"})
	r.p.RefuseRest(r.post, 100)
	came, rounds := false, 0
	var page connectors.Page
	for ; rounds < 20 && !strings.Contains(string(page.Next), "withheld"); rounds++ {
		page = connectortest.Walk(t, c, page.Next)
		came = came || mention(page, other) != nil
	}
	if !came || page.Trouble == nil || !strings.Contains(page.Trouble.Error(), r.post) {
		t.Errorf("after %d rounds the other post's comment came: %v, and told is %v", rounds, came, page.Trouble)
	}
	later := r.p.Comment(visit, platform.Said{Name: "Eva", Text: "en nu?"})
	before := r.p.Calls()
	page = connectortest.Walk(t, c, anHourOn(t, page.Next))
	if calls := r.p.Calls() - before; mention(page, later) == nil || calls > 9 || strings.Contains(string(page.Next), `"posts"`) { // three lists, two posts, and the rest refused twice
		t.Errorf("an hour later, asking for it again held the others up: %v came with %d calls, and next is %s", ids(page), calls, page.Next)
	}
	r.p.Refuse(r.post, 0)
	if page = connectortest.Walk(t, c, anHourOn(t, page.Next)); mention(page, first) == nil || page.Trouble != nil {
		t.Errorf("once the rest is shown, the first comment came: %v, and told is %v", mention(page, first) != nil, page.Trouble)
	}
}

// TestTheRestBelowAnothersPostIsNotLost has Facebook show the newest fifty comments
// under a post that tags the Page, and take no cursor for more.
func TestTheRestBelowAnothersPostIsNotLost(t *testing.T) {
	r, c := play(t, platform.Options{})
	at := time.Now().Add(-30 * time.Minute) // which the next walk does not look back to
	tag := r.p.Tag(platform.Said{Name: "Jan", Text: "elders genoemd", At: at})
	first := r.p.Comment(tag, platform.Said{Name: "Eva", Text: "vraag 0", At: at})
	for i := range 59 {
		r.p.Comment(tag, platform.Said{Name: "Eva", Text: "vraag " + strconv.Itoa(i+1), At: at})
	}
	r.p.RefuseRest(tag, 100)
	var page connectors.Page
	for rounds := 0; rounds < 20 && !strings.Contains(string(page.Next), "withheld"); rounds++ {
		page = connectortest.Walk(t, c, page.Next)
	}
	r.p.Refuse(tag, 0)
	if page = connectortest.Walk(t, c, anHourOn(t, page.Next)); mention(page, first) == nil || page.Trouble != nil {
		t.Errorf("once the rest is shown, the first comment came: %v, and told is %v", mention(page, first) != nil, page.Trouble)
	}
}

// TestPostsThatAreAlwaysRefusedWaitForTheNextRound has Facebook show the newest posts
// of each list, and take no cursor for more.
func TestPostsThatAreAlwaysRefusedWaitForTheNextRound(t *testing.T) {
	r, c := play(t, platform.Options{})
	first := ""
	for range 30 {
		made := r.p.Comment(r.p.Visit(platform.Said{Name: "Jan", Text: "bericht"}), platform.Said{Name: "Eva", Text: "een vraag"})
		first = cmp.Or(first, made)
	}
	r.p.RefuseRest(pageID, 100)
	var page connectors.Page
	for range 3 {
		before := r.p.Calls()
		page = connectortest.Walk(t, c, page.Next)
		if calls := r.p.Calls() - before; calls > 2*(25+2) || page.Trouble == nil {
			t.Errorf("a round took %d calls, and told is %v", calls, page.Trouble)
		}
	}
	r.p.RefuseRest(pageID, 0)
	if page = connectortest.Walk(t, c, page.Next); mention(page, first) == nil || page.Trouble != nil {
		t.Errorf("once they are shown, the first comment came: %v, and told is %v", mention(page, first) != nil, page.Trouble)
	}
}
