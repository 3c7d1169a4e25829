package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"standpunt/store"
)

// story plays the main job by API: a conversation that holds words is answered
// by anna, corrected by bert, confirmed by anna; nobody can do it alone. It
// returns the proposal's id.
func story(t *testing.T, people map[string]caller, words, text string) string {
	t.Helper()
	anna, bert := people["anna"], people["bert"]
	conversation := waitForConversation(t, anna, words)

	anna.refused("POST", "/conversations/"+conversation+"/proposals", map[string]any{"kind": "reply", "text": " \n"}, "empty_text")
	anna.refused("POST", "/conversations/"+conversation+"/proposals", map[string]any{"kind": "reply", "text": "saldo \u202e001"}, "hidden_characters")
	p := anna.do("POST", "/conversations/"+conversation+"/proposals", map[string]any{"kind": "reply", "text": "Concept van anna 👨‍👩‍👧"}, 0)
	id, digest := str(p, "id"), str(p, "revision", "digest")
	if str(p, "state") != "draft" || len(digest) != 64 {
		t.Fatalf("the draft is %v", p)
	}
	decide := func(c caller, digest string) (int, map[string]any) {
		return c.try("POST", "/proposals/"+id+"/decisions", map[string]string{"verdict": "approve", "digest": digest})
	}
	anna.do("POST", "/proposals/"+id+"/submit", map[string]string{"digest": digest}, 0)
	if _, answer := decide(anna, digest); answer["code"] != "self_approval" {
		t.Fatalf("anna approved her own: %v", answer)
	}
	p = bert.do("POST", "/proposals/"+id+"/revisions", map[string]string{"text": text}, 0)
	corrected := str(p, "revision", "digest")
	if str(p, "state") != "draft" || corrected == digest {
		t.Fatalf("after the correction: %v", p)
	}
	anna.refused("POST", "/proposals/"+id+"/submit", map[string]string{"digest": corrected}, "not_revision_author")
	bert.do("POST", "/proposals/"+id+"/submit", map[string]string{"digest": corrected}, 0)
	if _, answer := decide(bert, corrected); answer["code"] != "self_approval" {
		t.Fatalf("bert approved his own: %v", answer)
	}
	if _, answer := decide(anna, digest); answer["code"] != "stale_digest" {
		t.Fatalf("anna approved what she did not see: %v", answer)
	}
	if status, answer := decide(anna, corrected); status/100 != 2 {
		t.Fatalf("anna cannot confirm: %d %v", status, answer)
	}
	return id
}

// waitForConversation is the id of the conversation that holds the words, which
// nobody else may have written: the demo's own people write too.
func waitForConversation(t *testing.T, c caller, words string) (id string) {
	t.Helper()
	eventually(t, "the mention comes in: "+words, func() bool {
		_, answer := c.try("GET", "/conversations?q="+url.QueryEscape(words), nil)
		if list := items(answer); len(list) > 0 {
			id = str(list[0], "id")
		}
		return id != ""
	})
	return id
}

// officially waits until the answer is official.
func officially(t *testing.T, c caller, id string) map[string]any {
	t.Helper()
	var p map[string]any
	eventually(t, "the answer is published and read back", func() bool {
		_, p = c.try("GET", "/proposals/"+id, nil)
		return str(p, "state") == "published" && str(p, "receipt", "read_back") == "equal"
	})
	return p
}

// playDemo starts the demo in dir and reads its demo.json.
func playDemo(t *testing.T, dir string) (*process, demoFile, map[string]caller) {
	t.Helper()
	name := filepath.Join(dir, "demo.json")
	before, _ := os.ReadFile(name)
	args := []string{"demo", "--data", dir, "--listen", "127.0.0.1:0"}
	if before == nil { // later it is where it was
		args = append(args, "--network", freeAddr(t))
	}
	p := start(t, args...)
	var f demoFile
	eventually(t, "the demo is ready", func() bool {
		select {
		case <-p.done:
			t.Fatalf("the demo ended: %s", p.out)
		default:
		}
		b, err := os.ReadFile(name)
		return err == nil && !bytes.Equal(b, before) && json.Unmarshal(b, &f) == nil
	})
	people := make(map[string]caller)
	for _, person := range f.People {
		people[person.Login] = caller{t: t, url: f.URL + "/api/v1", token: person.Token}
	}
	return p, f, people
}

func TestStoryByAPIOnTheDemo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	demo, f, people := playDemo(t, dir)
	if !strings.Contains(demo.out.String(), "This is a demo") {
		t.Errorf("it does not say that it is a demo: %s", demo.out)
	}
	plein := caller{t: t, url: f.NetworkURL + "/api"}
	asked := plein.do("POST", "/posts", map[string]string{"author": "fatima", "text": "@noordlicht mijn dakpaneeltjes leveren niets terug, hoe kan dat?"}, 0)
	text := "Wat vervelend! Zet de omvormer even uit en aan; blijft hij op rood staan, dan sturen wij een monteur. 👩🏽‍🔧"
	id := story(t, people, "dakpaneeltjes", text)
	_ = officially(t, people["mara"], id)

	answers := items(plein.do("GET", "/posts?in_reply_to="+url.QueryEscape(str(asked, "id")), nil, 0))
	if len(answers) != 1 || str(answers[0], "text") != text {
		t.Fatalf("on the network stands %v", answers)
	}
	page, err := http.Get(f.NetworkURL + "/posts/" + str(asked, "id"))
	if err != nil || page.StatusCode != http.StatusOK {
		t.Fatalf("the public page: %v %v", page, err)
	}
	page.Body.Close()

	data := filepath.Join(dir, "data")
	code, out, errs := runOnce(t, "audit", "verify", "--data", data)
	if code != exitOK || !strings.HasPrefix(out, "OK.") || strings.Contains(out, "not signed yet") {
		t.Fatalf("verify on the running daemon: %d\n%s%s", code, out, errs)
	}
	export := filepath.Join(dir, "record.jsonl")
	if code, out, errs = runOnce(t, "audit", "export", "--data", data, "--out", export); code != exitOK {
		t.Fatalf("export: %d\n%s%s", code, out, errs)
	}
	demo.stop()

	if code, out, errs = runOnce(t, "audit", "verify", "--export", export, "--key", filepath.Join(data, "keys", "audit.pub")); code != exitOK {
		t.Fatalf("verify the export: %d\n%s%s", code, out, errs)
	}
	if code, out, _ = runOnce(t, "audit", "verify", "--data", data); code != exitOK {
		t.Fatalf("verify the stopped directory: %d\n%s", code, out)
	}
	flipOneByte(t, filepath.Join(data, dataFile), id)
	code, out, errs = runOnce(t, "audit", "verify", "--data", data)
	if code != exitFailed || !strings.HasPrefix(out, "FAILED. The first bad entry:") {
		t.Fatalf("verify after one byte was changed: %d\n%s%s", code, out, errs)
	}
}

// flipOneByte changes one byte of the audit log in the data file: in the last
// entry that names the proposal.
func flipOneByte(t *testing.T, file, proposal string) {
	t.Helper()
	db, err := store.Open(t.Context(), file, store.Options{Schemas: schemas(), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	var entry []byte
	err = db.View(t.Context(), func(tx *store.Tx) error {
		for _, v := range tx.ScanReverse("audit.entries", store.Range{}) {
			if bytes.Contains(v, []byte(proposal)) {
				entry = bytes.Clone(v)
				break
			}
		}
		return nil
	})
	if err != nil || entry == nil {
		t.Fatalf("find an entry of %s: %v", proposal, err)
	}
	if err := db.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; ; {
		i := bytes.Index(b[at:], entry)
		if i < 0 {
			break
		}
		where := at + i + bytes.Index(entry, []byte(proposal))
		b[where] ^= 1 // every copy, since an older page may hold the entry too
		at += i + len(entry)
	}
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDemoSurvivesARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	demo, f, people := playDemo(t, dir)
	before := len(items(people["mara"].do("GET", "/proposals?limit=100", nil, 0)))
	if before == 0 {
		t.Fatal("the demo is not furnished")
	}
	demo.stop()
	again, g, people := playDemo(t, dir)
	if g.NetworkURL != f.NetworkURL || g.People[0].Token != f.People[0].Token {
		t.Fatalf("before %+v, after %+v", f, g)
	}
	if after := len(items(people["mara"].do("GET", "/proposals?limit=100", nil, 0))); after != before {
		t.Fatalf("%d proposals before, %d after", before, after)
	}
	again.stop()
}
