package desk_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"standpunt/web/desk/desktest"
)

func TestColleaguesSeeWhoIsReplying(t *testing.T) {
	d := desktest.New(t)
	talk := d.Mention("1", "Is er storing?")
	here := "/inbox/" + talk.ID.String()
	anna, bert, mara := d.SignedIn("anna"), d.SignedIn("bert"), d.SignedIn("mara")
	size, err := d.Log.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	types := func(c *desktest.Client, text, typing string) {
		t.Helper()
		says(t, c.Post(here+"/measure", url.Values{"text": {text}, "typing": {typing}}), http.StatusOK, `"length"`)
	}
	replying := func(c *desktest.Client, want string) {
		t.Helper()
		a := c.Get("/replying")
		if want == "" && strings.TrimSpace(a.Body) != "{}" || want != "" && !strings.Contains(a.Body, `"`+talk.ID.String()+`":"`+want+`"`) {
			t.Errorf("the answer is %s, want %q", a.Body, want)
		}
		for _, path := range []string{"/inbox", here} {
			page := c.Get(path)
			if shown := strings.Contains(page.Body, `<span class="replying-words">`+want+`</span>`); want != "" && !shown {
				t.Errorf("%s does not say %q", path, want)
			}
			if want == "" {
				lacks(t, page, "replying</span>")
			}
		}
	}
	types(anna, "Ja, in", "no") // only restored
	replying(bert, "")
	types(anna, "Ja, in de", "yes")
	replying(bert, "anna is replying")
	replying(anna, "")
	types(mara, "Ik ook", "yes") // a manager writes no answers
	replying(bert, "anna is replying")
	types(bert, "Nee", "yes")
	if a := mara.Get("/replying").Body; !strings.Contains(a, "anna and bert are replying") && !strings.Contains(a, "bert and anna are replying") {
		t.Errorf("the answer is %s", a)
	}
	types(bert, "", "yes") // deleted everything
	replying(mara, "anna is replying")
	if now, err := d.Log.Size(t.Context()); err != nil || now != size {
		t.Errorf("the log grew from %d to %d entries (%v)", size, now, err)
	}
	says(t, anna.Post(here+"/reply", url.Values{"text": {"Ja, in de stad."}, "do": {"submit"}, "back": {here}}), http.StatusOK, "Submitted.")
	replying(bert, "")
	if a := d.Browser().Get("/replying"); !strings.HasPrefix(a.Path, "/sign-in") {
		t.Errorf("a stranger is answered at %s", a.Path)
	}
}

func TestReplyingAppearsByItself(t *testing.T) {
	d := desktest.New(t)
	talk := d.Mention("1", "Is er storing?")
	here := "/inbox/" + talk.ID.String()
	if err := d.Staff.SetLanguage(t.Context(), d.As("bert").By, "nl"); err != nil {
		t.Fatal(err)
	}
	s := open(t, d, "bert", phone)
	s.goTo(here)
	s.live()
	s.await(`document.querySelector(".thread [data-replying]").hidden`)
	other := open(t, d, "anna", wide)
	other.goTo(here)
	other.live()
	other.fill("#reply", "Ja, in de binnenstad")
	s.await(`!document.querySelector(".thread [data-replying]").hidden && document.querySelector(".thread [data-replying]").textContent === "anna antwoordt"`)
	s.await(`!document.querySelector(".conv [data-replying]").hidden`)
	other.fill("#reply", "Ja, in de binnenstad en daarbuiten.")
	other.must(other.Press("\r", true))
	other.await(`document.getElementById("toasts").textContent.includes("Submitted.")`)
	s.await(`document.querySelector(".thread [data-replying]").hidden`)
}
