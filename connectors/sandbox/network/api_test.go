package network_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"standpunt/connectors/sandbox/network"
)

// Texts come back byte for byte, whatever is in them.
func TestTextIsKeptByteForByte(t *testing.T) {
	r := start(t)
	for _, text := range []string{
		"Dank je! 👨‍👩‍👧‍👦", "line\r\nends\rof\nall kinds\n", "  spaces around  ", "<b>&amp;</b> \"quotes\" 'and' \\backslash",
		"e\u0301 is not é", "\u202Eright to left", "tab\tand \u0000 nul", strings.Repeat("👨‍👩‍👧‍👦", 500),
	} {
		made := r.post("eva", text, "")
		if made.Text != text {
			t.Errorf("posted %q, answered %q", text, made.Text)
		}
		if got := must[network.PostJSON](r, 200, "GET", "/api/posts/"+made.ID, "", ""); got.Text != text {
			t.Errorf("posted %q, read %q", text, got.Text)
		}
	}
}

func TestThreadsEditsAndDeletions(t *testing.T) {
	r := start(t)
	question := r.post("Eva", "Hallo @noordlicht, klopt mijn rekening?", "")
	if question.Author != "eva" || question.Thread != question.ID || question.Brand {
		t.Errorf("a question: %+v", question)
	}
	answer := r.post("noordlicht", "Die klopt.", question.ID)
	if !answer.Brand || answer.AuthorName != "Noordlicht Energie" || answer.InReplyTo != question.ID || answer.Thread != question.ID {
		t.Errorf("an answer: %+v", answer)
	}
	if want := r.net.URL() + "/posts/" + answer.ID; answer.URL != want {
		t.Errorf("URL %s, want %s", answer.URL, want)
	}
	if answer.ID <= question.ID {
		t.Errorf("ids do not sort: %s, then %s", question.ID, answer.ID)
	}
	again := r.post("eva", "Dank!", answer.ID)
	if got := ids(r.list("?in_reply_to=" + question.ID)); !slices.Equal(got, []string{answer.ID}) {
		t.Errorf("answers: %v", got)
	}
	if got := ids(r.list("?thread=" + question.ID)); !slices.Equal(got, []string{question.ID, answer.ID, again.ID}) {
		t.Errorf("thread: %v", got)
	}
	edited := must[network.PostJSON](r, 200, "PATCH", "/api/posts/"+question.ID, "", map[string]string{"text": "Anders."})
	if edited.Text != "Anders." || edited.EditedAt == nil || edited.Change <= again.Change {
		t.Errorf("edited: %+v", edited)
	}
	same := must[network.PostJSON](r, 200, "PATCH", "/api/posts/"+question.ID, "", map[string]string{"text": "Anders."})
	if same.Change != edited.Change {
		t.Error("an edit that changes nothing is a change")
	}
	removed := must[network.PostJSON](r, 200, "DELETE", "/api/posts/"+answer.ID, brandToken, "")
	if !removed.Deleted || removed.Text != "" || removed.DeletedAt == nil {
		t.Errorf("removed: %+v", removed)
	}
	if got := r.list("?in_reply_to=" + question.ID); len(got.Items) != 0 {
		t.Errorf("a deleted answer is listed: %+v", got.Items)
	}
	if got := r.list("?deleted=true&in_reply_to=" + question.ID); len(got.Items) != 1 || !got.Items[0].Deleted {
		t.Errorf("where a deleted answer stood: %+v", got.Items)
	}
	refusal(r, http.StatusGone, "gone", "in_reply_to", "POST", "/api/posts", "", draft{"eva", "Hallo?", answer.ID})
}

func ids(l network.ListJSON) []string {
	var all []string
	for _, p := range l.Items {
		all = append(all, p.ID)
	}
	return all
}

// refusal is a request that has to be refused with a code, naming field and
// remedy.
func refusal(r *rig, status int, code, field, method, path, token string, body any) {
	r.t.Helper()
	type problem struct {
		Status                                    int
		Title, Code, Detail, Field, Value, Remedy string
	}
	p := must[problem](r, status, method, path, token, body)
	if p.Status != status || p.Code != code || p.Field != field || p.Detail == "" || p.Remedy == "" {
		r.t.Errorf("%s %s %v: %+v, want code %s and field %s", method, path, body, p, code, field)
	}
}

func TestBadInputIsNamed(t *testing.T) {
	r := start(t)
	p := r.post("eva", "Hallo", "")
	for _, c := range []struct {
		status             int
		code, field        string
		method, path, body string
	}{
		{422, "empty_text", "text", "POST", "/api/posts", `{"author":"eva","text":" \n"}`},
		{422, "empty_text", "text", "POST", "/api/posts", `{"author":"eva"}`},
		{422, "text_too_long", "text", "POST", "/api/posts", `{"author":"eva","text":"` + strings.Repeat("é", 501) + `"}`},
		{422, "invalid_input", "author", "POST", "/api/posts", `{"author":"Eva Bakker","text":"x"}`},
		{422, "invalid_input", "author", "POST", "/api/posts", `{"text":"x"}`},
		{422, "invalid_input", "writer", "POST", "/api/posts", `{"writer":"eva","text":"x"}`},
		{422, "invalid_input", "text", "POST", "/api/posts", `{"author":"eva","text":17}`},
		{422, "invalid_input", "in_reply_to", "POST", "/api/posts", `{"author":"eva","text":"x","in_reply_to":"17"}`},
		{404, "not_found", "in_reply_to", "POST", "/api/posts", `{"author":"eva","text":"x","in_reply_to":"0190c2d4-7b1e-7c3a-9d57-2f6f0a3b5c1d"}`},
		{400, "malformed_json", "", "POST", "/api/posts", `{"author":"eva",`},
		{400, "malformed_json", "", "POST", "/api/posts", `{"author":"eva","author":"jan","text":"x"}`},
		{400, "malformed_json", "", "POST", "/api/posts", `{"author":"eva","text":"x"} {}`},
		{400, "malformed_json", "", "POST", "/api/posts", "{\"author\":\"eva\",\"text\":\"\xff\"}"},
		{400, "malformed_json", "", "POST", "/api/posts", `{"author":"eva","text":"\ud800"}`},
		{413, "body_too_large", "", "POST", "/api/posts", `{"author":"eva","text":"` + strings.Repeat("x", 200_000) + `"}`},
		{404, "not_found", "id", "GET", "/api/posts/0190c2d4-7b1e-7c3a-9d57-2f6f0a3b5c1d", ""},
		{422, "invalid_input", "id", "DELETE", "/api/posts/17", ""},
		{422, "empty_text", "text", "PATCH", "/api/posts/" + p.ID, `{"text":""}`},
		{422, "invalid_input", "limit", "GET", "/api/posts?limit=0", ""},
		{422, "invalid_input", "limt", "GET", "/api/posts?limt=5", ""},
		{422, "invalid_input", "after", "GET", "/api/posts?after=x", ""},
		{409, "cursor_unknown", "after", "GET", "/api/posts?after=abcdefabcdef.7", ""},
		{409, "cursor_unknown", "after", "GET", "/api/posts?after=4000", ""},
		{422, "invalid_input", "since", "GET", "/api/posts?after=&since=gisteren", ""},
		{422, "invalid_input", "kind", "PUT", "/api/faults", `{"kind":"418","count":1}`},
		{422, "invalid_input", "count", "PUT", "/api/faults", `{"kind":"429","count":-1}`},
		{422, "invalid_input", "count", "POST", "/api/burst", `{"count":0,"over_seconds":5}`},
		{422, "invalid_input", "over_seconds", "POST", "/api/burst", `{"count":1,"over_seconds":-5}`},
		{422, "invalid_input", "every_seconds", "PUT", "/api/trickle", `{"every_seconds":-1}`},
		{422, "invalid_input", "token", "PUT", "/api/accounts", `{"handle":"x","name":"X","token":"short"}`},
		{404, "not_found", "path", "PUT", "/api/posts", `{}`},
		{404, "not_found", "path", "GET", "/api/nothing", ""},
	} {
		t.Run(c.method+" "+c.path[:min(len(c.path), 30)]+" "+c.code, func(t *testing.T) {
			refusal(&rig{t: t, net: r.net}, c.status, c.code, c.field, c.method, c.path, "", c.body)
		})
	}
	if got := ids(r.list("")); !slices.Equal(got, []string{p.ID}) {
		t.Errorf("after all that was refused there are %d posts", len(got))
	}
}

func TestBrandsNeedTheirToken(t *testing.T) {
	r := start(t)
	question := r.post("eva", "Hallo", "")
	answer := r.post("noordlicht", "Dag", question.ID)
	own := "/api/posts/" + answer.ID
	refusal(r, 401, "unauthenticated", "author", "POST", "/api/posts", "", draft{"noordlicht", "x", ""})
	refusal(r, 401, "unauthenticated", "author", "POST", "/api/posts", "", draft{"@NoordLicht", "x", ""})
	refusal(r, 401, "unauthenticated", "", "POST", "/api/posts", "wrong-token", draft{"noordlicht", "x", ""})
	refusal(r, 401, "unauthenticated", "", "GET", "/api/posts?after=", "wrong-token", "")
	refusal(r, 403, "forbidden", "author", "POST", "/api/posts", brandToken, draft{"eva", "x", ""})
	refusal(r, 401, "unauthenticated", "id", "PATCH", own, "", map[string]string{"text": "x"})
	refusal(r, 401, "unauthenticated", "id", "DELETE", own, "", "")
	refusal(r, 403, "forbidden", "id", "DELETE", "/api/posts/"+question.ID, brandToken, "")
	refusal(r, 401, "unauthenticated", "Authorization", "GET", "/api/account", "", "")
	refusal(r, 403, "forbidden", "handle", "PUT", "/api/accounts", "", network.Account{Handle: "noordlicht", Name: "Mine", Token: "another-token"})
	refusal(r, 409, "already_exists", "handle", "PUT", "/api/accounts", "", network.Account{Handle: "eva", Name: "Eva BV", Token: "another-token"})
	refusal(r, 409, "already_exists", "token", "PUT", "/api/accounts", "", network.Account{Handle: "tweede", Name: "Tweede", Token: brandToken})
	made := must[network.AccountJSON](r, 201, "PUT", "/api/accounts", "", network.Account{Handle: "tweede", Name: "Tweede", Token: "another-token"})
	if who := must[network.AccountJSON](r, 200, "GET", "/api/account", "another-token", ""); who != made || !who.Brand {
		t.Errorf("made %+v, is %+v", made, who)
	}
	must[network.AccountJSON](r, 200, "PUT", "/api/accounts", "another-token", network.Account{Handle: "tweede", Name: "Tweede", Token: "a-newer-token"})
	refusal(r, 401, "unauthenticated", "", "GET", "/api/account", "another-token", "")
	if status, page := r.send("GET", "/posts/"+answer.ID, "", ""); status != 200 ||
		!strings.Contains(string(page), question.ID+"/edit") || strings.Contains(string(page), answer.ID+"/edit") {
		t.Errorf("the page offers to edit the brand's post, or not the customer's (status %d)", status)
	}
}

// The feed never skips: however many write at once, reading page by page by
// cursor sees every post, every edit and every deletion.
func TestFeedNeverSkips(t *testing.T) {
	r := start(t)
	const writers, each = 6, 12
	done := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	wanted := make(map[string]string) // id -> newest text, "" when deleted
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				p := r.post(fmt.Sprintf("klant%d", w), fmt.Sprintf("@noordlicht %d", i), "")
				text := p.Text
				if i%3 == 1 {
					text = must[network.PostJSON](r, 200, "PATCH", "/api/posts/"+p.ID, "", map[string]string{"text": "bewerkt"}).Text
				}
				if i%3 == 2 {
					text = must[network.PostJSON](r, 200, "DELETE", "/api/posts/"+p.ID, "", "").Text
				}
				mu.Lock()
				wanted[p.ID] = text
				mu.Unlock()
			}
		})
	}
	go func() { wg.Wait(); close(done) }()
	seen := make(map[string]string)
	cursor, last := "", uint64(0)
	for finished := false; ; {
		page := r.list("?limit=5&concerning=noordlicht&after=" + url.QueryEscape(cursor))
		for _, p := range page.Items {
			if p.Change <= last {
				t.Errorf("change %d after %d", p.Change, last)
			}
			seen[p.ID], last = p.Text, p.Change
		}
		cursor = page.Next
		if page.More {
			continue
		}
		if finished {
			break
		}
		select {
		case <-done:
			finished = true // one more round: it sees everything
		default:
		}
	}
	if len(wanted) != writers*each || len(seen) != len(wanted) {
		t.Fatalf("%d posts made, %d wanted, %d seen", len(wanted), writers*each, len(seen))
	}
	for id, text := range wanted {
		if seen[id] != text {
			t.Errorf("post %s: seen %q, want %q", id, seen[id], text)
		}
	}
}

func TestFeedConcerning(t *testing.T) {
	r := start(t)
	asked := r.post("eva", "Wat vindt @Noordlicht, hiervan?", "")
	r.post("jan", "mail naar care@noordlicht.test en @noordlicht_fan en /@noordlicht", "")
	aside := r.post("jan", "Hier ook!", asked.ID)
	plain := r.post("jan", "niets", "")
	proactive := r.post("noordlicht", "Goedemorgen", "")
	below := r.post("jan", "Morgen", proactive.ID)
	got := r.list("?after=&concerning=noordlicht")
	if want := []string{asked.ID, aside.ID, proactive.ID, below.ID}; !slices.Equal(ids(got), want) {
		t.Errorf("concerning: %v, want %v", ids(got), want)
	}
	must[network.PostJSON](r, 200, "PATCH", "/api/posts/"+plain.ID, "", map[string]string{"text": "toch iets voor @noordlicht."})
	if later := r.list("?concerning=noordlicht&after=" + got.Next); !slices.Equal(ids(later), []string{plain.ID}) {
		t.Errorf("an edit that mentions: %v", ids(later))
	}
	future := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	if none := r.list("?after=&since=" + future); len(none.Items) != 0 || none.More {
		t.Errorf("since an hour from now: %+v", none)
	}
}

func TestTimelineIsPaged(t *testing.T) {
	r := start(t)
	if _, err := r.net.Seed(t.Context(), network.History{Posts: 40, Answers: true, Seed: 7}); err != nil {
		t.Fatal(err)
	}
	var all []network.PostJSON
	for next := "start"; next != ""; {
		path := "?limit=7"
		if next != "start" {
			path += "&page=" + next
		}
		page := r.list(path)
		all, next = append(all, page.Items...), page.Next
	}
	if len(all) < 39 || !slices.IsSortedFunc(all, func(a, b network.PostJSON) int { return b.PostedAt.Compare(a.PostedAt) }) {
		t.Errorf("%d posts, newest first", len(all))
	}
	answered := 0
	for _, p := range r.list("?author=noordlicht&limit=200").Items {
		if p.Author != "noordlicht" || p.InReplyTo == "" || !p.PostedAt.Before(time.Now()) {
			t.Errorf("an invented answer: %+v", p)
		}
		answered++
	}
	if answered < 10 {
		t.Errorf("%d invented answers", answered)
	}
}

func TestStreamBringsEveryChange(t *testing.T) {
	r := start(t)
	before := r.post("eva", "@noordlicht eerder", "")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", r.address()+"/api/stream?after=&concerning=noordlicht", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if got := answer.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatal(got)
	}
	events := make(chan network.PostJSON)
	go read(answer.Body, events)
	if p := <-events; p.ID != before.ID {
		t.Errorf("first event: %+v", p)
	}
	r.post("jan", "niets voor jullie", "")
	mine := r.post("jan", "@noordlicht nu", "")
	if p := <-events; p.ID != mine.ID || p.Text != mine.Text {
		t.Errorf("second event: %+v", p)
	}
	must[network.PostJSON](r, 200, "DELETE", "/api/posts/"+mine.ID, "", "")
	if p := <-events; p.ID != mine.ID || !p.Deleted {
		t.Errorf("third event: %+v", p)
	}
}

func read(body interface{ Read([]byte) (int, error) }, events chan<- network.PostJSON) {
	defer close(events)
	for line := range linesOf(body) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			var p network.PostJSON
			if json.Unmarshal([]byte(data), &p) == nil {
				events <- p
			}
		}
	}
}
