package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"standpunt/internal/browser"
	"standpunt/internal/browser/browsertest"
)

// TestStoryInTheBrowser plays the main job on the screens, as the people who
// use them all day: on the demo, with a real Chromium.
func TestStoryInTheBrowser(t *testing.T) {
	t.Parallel()
	screen := browsertest.Start(t)
	dir := t.TempDir()
	demo, f, people := playDemo(t, dir)
	s := &stage{t: t, screen: screen, url: f.URL}
	plein := caller{t: t, url: f.NetworkURL + "/api"}
	// None of the demo's own people writes of one.
	const question = "@noordlicht mijn zonneboiler bromt de hele nacht, wie helpt?"

	// A mention appears while anna looks on, without reloading.
	anna := s.enter("anna")
	s.must(anna.Go(f.URL + "/inbox"))
	s.must(anna.Await("#list"))
	s.must2(anna.Eval(`window.sameDocument = "yes"`))
	asked := plein.do("POST", "/posts", map[string]string{"author": "joris", "text": question}, 0)
	conversation := waitForConversation(t, people["anna"], "zonneboiler")
	s.eventually("the mention appears or is announced", func() bool {
		seen, err := anna.Text()
		return err == nil && (strings.Contains(seen, "zonneboiler") || strings.Contains(seen, "1 new") || strings.Contains(seen, "2 new"))
	})
	if same, err := anna.Eval(`window.sameDocument ?? "reloaded"`); err != nil || same != "yes" {
		t.Fatalf("the page was reloaded: %q %v", same, err)
	}

	// Anna drafts and submits with the keyboard.
	s.must(anna.Go(f.URL + "/inbox/" + conversation))
	s.must(anna.AwaitText("zonneboiler"))
	s.must(anna.Fill("#reply", "Wij sturen een monteur."))
	s.must(anna.Press("\r", true))
	var proposal string
	s.eventually("the answer is in review", func() bool {
		_, c := people["anna"].try("GET", "/conversations/"+conversation, nil)
		list, _ := c["proposals"].([]any)
		for _, p := range list {
			if p, ok := p.(map[string]any); ok && str(p, "state") == "in_review" {
				proposal = str(p, "id")
			}
		}
		return proposal != ""
	})

	// Anna cannot approve it: no button, and no request.
	s.must(anna.Go(f.URL + "/approvals/" + proposal))
	s.must(anna.AwaitText("Wij sturen een monteur."))
	if buttons, err := anna.Eval(`String(document.querySelectorAll("#approve, #approve-now").length)`); err != nil || buttons != "0" {
		t.Fatalf("anna sees %s buttons to approve her own answer (%v)", buttons, err)
	}
	s.refusesForgedApproval("anna", people["anna"], proposal)

	// Bert corrects the text and submits it; he cannot approve it either.
	const text = "Wat naar! Morgen tussen 8 en 10 komt er een monteur. 🔧"
	bert := s.enter("bert")
	s.must(bert.Go(f.URL + "/approvals/" + proposal))
	s.must(bert.Click("#edit"))
	s.must(bert.Fill("#text", text))
	s.must(bert.Click(`button[name=then][value=submit]`))
	s.eventually("bert's revision is in review", func() bool {
		_, p := people["bert"].try("GET", "/proposals/"+proposal, nil)
		return str(p, "state") == "in_review" && str(p, "revision", "text") == text
	})
	s.refusesForgedApproval("bert", people["bert"], proposal)

	// Anna confirms, with Ctrl+Enter and the dialog, and the network shows exactly that text.
	s.must(anna.Go(f.URL + "/approvals/" + proposal))
	s.must(anna.Await("#approve:not([disabled])"))
	s.must(anna.Press("\r", true))
	s.must(anna.Click("#approve-now"))
	_ = officially(t, people["mara"], proposal)
	public := s.open()
	s.must(public.Go(f.NetworkURL + "/posts/" + str(asked, "id")))
	s.must(public.AwaitText(text))
	if answers := items(plein.do("GET", "/posts?in_reply_to="+url.QueryEscape(str(asked, "id")), nil, 0)); len(answers) != 1 || str(answers[0], "text") != text {
		t.Fatalf("on the network stands %v", answers)
	}

	// Mara opens the dossier: who wrote, who approved, what stands there.
	mara := s.enter("mara")
	s.must(mara.Go(f.URL + "/audit/proposals/" + proposal))
	for _, words := range []string{text, "Revision 1", "Anna de Wit", "Bert van Dam", "read back"} {
		s.must(mara.AwaitText(words))
	}
	for name, page := range map[string]*browser.Page{"anna": anna, "bert": bert, "mara": mara} {
		if problems := page.Problems(); len(problems) > 0 {
			t.Errorf("%s's console: %q", name, problems)
		}
	}

	// The record verifies, and does not after one byte of the log was changed.
	demo.stop()
	data := filepath.Join(dir, "data")
	if code, out, errs := runOnce(t, "audit", "verify", "--data", data); code != exitOK {
		t.Fatalf("verify: %d\n%s%s", code, out, errs)
	}
	flipOneByte(t, filepath.Join(data, dataFile), proposal)
	if code, out, _ := runOnce(t, "audit", "verify", "--data", data); code != exitFailed {
		t.Fatalf("verify after one byte was changed: %d\n%s", code, out)
	}
}

// TestAnswerByHandInTheBrowser plays an answer that a person posts: through the
// demo's daemon and network, with a real Chromium on both.
func TestAnswerByHandInTheBrowser(t *testing.T) {
	t.Parallel()
	screen := browsertest.Start(t)
	dir := t.TempDir()
	demo, f, people := playDemo(t, dir)
	s := &stage{t: t, screen: screen, url: f.URL}
	plein := caller{t: t, url: f.NetworkURL + "/api"}
	asked := plein.do("POST", "/posts", map[string]any{"author": "joris", "text": "Heeft @noordlicht ook een mening over hagel?", "people_only": true}, 0)
	conversation := waitForConversation(t, people["anna"], "hagel")

	const text = "Dag Joris, hagel deert onze panelen niet. ☀️\n\nMeer op noordlicht.example/hagel"
	anna := s.enter("anna")
	s.must(anna.Go(f.URL + "/inbox/" + conversation))
	s.must(anna.AwaitText("takes no answer to this from a program"))
	s.must(anna.Click("#reply-fold > summary"))
	s.must(anna.Fill("#reply", text))
	s.must(anna.Press("\r", true))
	var proposal string
	s.eventually("the answer is in review", func() bool {
		_, c := people["anna"].try("GET", "/conversations/"+conversation, nil)
		if list := items(map[string]any{"items": c["proposals"]}); len(list) == 1 && str(list[0], "state") == "in_review" {
			proposal = str(list[0], "id")
		}
		return proposal != ""
	})
	digest := str(people["anna"].do("GET", "/proposals/"+proposal, nil, 0), "revision", "digest")
	address := "/proposals/" + proposal + "/address"
	people["anna"].refused("POST", address, map[string]string{"digest": digest, "url": f.NetworkURL + "/posts/" + proposal}, "wrong_state")

	bert := s.enter("bert")
	s.must(bert.Go(f.URL + "/approvals/" + proposal))
	s.must(bert.AwaitText("Standpunt does not send this: a person posts it by hand"))
	s.must(bert.Await("#approve:not([disabled])"))
	s.must(bert.Press("\r", true))
	s.must(bert.Click("#approve-now"))
	s.eventually("it waits for a person", func() bool {
		return str(people["anna"].do("GET", "/proposals/"+proposal, nil, 0), "state") == "approved"
	})

	// Anna follows the three steps; the first address is the customer's, the second a stranger's.
	s.must(anna.Go(f.URL + "/approvals/" + proposal + "#hand"))
	s.must(anna.Await("#hand-copy"))
	s.must2(anna.Eval(`String(navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); })`))
	s.must(anna.Click("#hand-copy"))
	copied, err := anna.Eval("window.copied")
	if s.must(err); copied != text {
		t.Fatalf("what was copied is %q", copied)
	}
	there, err := anna.Eval(`document.getElementById("hand-open").href`)
	if s.must(err); there != f.NetworkURL+"/posts/"+str(asked, "id") {
		t.Fatalf("the link leads to %s", there)
	}
	record := func(url string) {
		t.Helper()
		s.must(anna.Fill("#hand-url", url))
		s.must(anna.Click(".hand-form button"))
	}
	record(there)
	s.must(anna.AwaitText("This is the customer's post, not our answer to it"))
	stranger := plein.do("POST", "/posts", map[string]any{"author": "trol", "text": text, "in_reply_to": str(asked, "id")}, 0)
	record(f.NetworkURL + "/posts/" + str(stranger, "id"))
	s.must(anna.AwaitText("is not our answer to this message"))

	public := s.open()
	s.must(public.Go(there))
	s.must(public.Click("#p-" + str(asked, "id") + " details.do summary"))
	form := "#p-" + str(asked, "id") + " form[action='/posts'] "
	s.must(public.Fill(form+"textarea", copied))
	s.must(public.Fill(form+"input[name=author]", demoBrand))
	s.must(public.Fill(form+"input[name=password]", demoPassword))
	s.must(public.Click(form + "button"))
	var posted string
	s.eventually("the answer stands on the network", func() bool {
		posted, err = public.URL()
		return err == nil && strings.Contains(posted, "#p-") && !strings.HasSuffix(posted, str(asked, "id"))
	})
	record(posted)
	s.must(anna.AwaitText("Official: what stands there was read back"))
	final := officially(t, people["mara"], proposal)
	if str(final, "recorded_by", "login") != "anna" || str(final, "receipt", "read_back") != "equal" {
		t.Fatalf("it ends as %v", final)
	}
	s.must(anna.Go(f.URL + "/inbox/" + conversation))
	s.must(anna.AwaitText("posted by hand by Anna de Wit"))
	for name, page := range map[string]*browser.Page{"bert": bert, "public": public} {
		if problems := page.Problems(); len(problems) > 0 {
			t.Errorf("%s's console: %q", name, problems)
		}
	}
	demo.stop()
	if code, out, errs := runOnce(t, "audit", "verify", "--data", filepath.Join(dir, "data")); code != exitOK {
		t.Fatalf("verify: %d\n%s%s", code, out, errs)
	}
}

// stage is where the people of a browser test stand.
type stage struct {
	t      *testing.T
	screen *browser.Browser
	url    string
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) must2(_ string, err error) {
	s.t.Helper()
	s.must(err)
}

func (s *stage) eventually(what string, ok func() bool) {
	s.t.Helper()
	eventually(s.t, what, ok)
}

func (s *stage) open() *browser.Page {
	s.t.Helper()
	page, err := s.screen.Open(browser.Look{Width: 1440, Height: 900})
	s.must(err)
	s.t.Cleanup(page.Close)
	return page
}

// enter signs somebody in on a tab of their own.
func (s *stage) enter(login string) *browser.Page {
	s.t.Helper()
	page := s.open()
	s.must(page.Go(s.url + "/"))
	s.must(page.Fill("input[name=login]", login))
	s.must(page.Fill("input[name=password]", demoPassword))
	s.must(page.Press("\r", false))
	s.must(page.Await("nav"))
	return page
}

// refusesForgedApproval posts what the missing button would post, with the
// person's own session, as a form and over the API.
func (s *stage) refusesForgedApproval(login string, api caller, proposal string) {
	s.t.Helper()
	p := api.do("GET", "/proposals/"+proposal, nil, 0)
	digest := str(p, "revision", "digest")
	api.refused("POST", "/proposals/"+proposal+"/decisions", map[string]string{"verdict": "approve", "digest": digest}, "self_approval")

	jar, err := cookiejar.New(nil)
	s.must(err)
	client := &http.Client{Jar: jar}
	post := func(path string, form url.Values) string {
		s.t.Helper()
		response, err := client.PostForm(s.url+path, form)
		s.must(err)
		defer response.Body.Close()
		b, err := io.ReadAll(response.Body)
		s.must(err)
		return fmt.Sprintf("%d %s", response.StatusCode, b)
	}
	post("/sign-in", url.Values{"login": {login}, "password": {demoPassword}})
	answer := post("/approvals/"+proposal+"/decide", url.Values{"verdict": {"approve"}, "digest": {digest}})
	if state := str(api.do("GET", "/proposals/"+proposal, nil, 0), "state"); state != "in_review" {
		s.t.Fatalf("a forged form took it to %s: %.300s", state, answer)
	}
	if strings.HasPrefix(answer, "2") {
		s.t.Fatalf("the forged form was answered with %.300s", answer)
	}
}
