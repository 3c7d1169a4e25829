package desk_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"testing"

	"standpunt/approval"
	"standpunt/internal/browser"
	"standpunt/web/desk/desktest"
)

// fuseBox is a picture that can be told from others.
func fuseBox(t *testing.T, shade uint8) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 320, 200))
	for y := range 200 {
		for x := range 320 {
			m.Set(x, y, color.NRGBA{R: shade, G: uint8(x), B: uint8(y), A: 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func takingPictures(t *testing.T) *desktest.Desk {
	d := desktest.New(t)
	d.Adapt("plein", func(p *approval.Platform) {
		p.Media = approval.MediaRules{
			Most: 2, Types: []string{"image/jpeg", "image/png"}, MaxBytes: 5 << 20, MaxAltText: 1000,
		}
	})
	return d
}

// choose puts a file into the composer's field as somebody who chose it does.
func (s *screen) choose(data []byte) {
	s.t.Helper()
	s.await(`document.getElementById("picture")`)
	_, err := s.Eval(`(() => {
		const bytes = Uint8Array.from(atob("` + base64.StdEncoding.EncodeToString(data) + `"), (c) => c.charCodeAt(0));
		const all = new DataTransfer();
		all.items.add(new File([bytes], "picture.png", { type: "image/png" }));
		const field = document.getElementById("picture");
		field.files = all.files;
		field.dispatchEvent(new Event("change", { bubbles: true }));
		return "";
	})()`)
	s.must(err)
}

func TestPicturesInTheBrowser(t *testing.T) {
	d := takingPictures(t)
	c := d.Furnish()[0]
	anna := open(t, d, "anna", wide)
	anna.goTo("/inbox/" + c.ID.String())
	anna.live()
	anna.fill("#reply", "Zo ziet de knop eruit.")
	anna.choose(fuseBox(t, 200))
	anna.await(`document.querySelectorAll(".picture").length === 1 && document.querySelector(".picture img").naturalWidth === 320`)
	anna.await(`document.getElementById("reply").value === "Zo ziet de knop eruit." && location.pathname === "/inbox/` + c.ID.String() + `"`)
	anna.choose(fuseBox(t, 100))
	anna.await(`document.querySelectorAll(".picture").length === 2 && !document.getElementById("picture")`)
	anna.fill("#alt-0", "Een groepenkast met één rode knop")
	anna.fill("#alt-1", "Iets anders")
	anna.click(".picture:nth-of-type(2) button[name=drop]")
	anna.await(`document.querySelectorAll(".picture").length === 1 && document.getElementById("alt-0").value === "Een groepenkast met één rode knop"`)
	keepPicture(anna, "pictures-composer")
	anna.click("#submit")
	anna.await(`document.querySelector(".pending .shown-picture img")?.naturalWidth === 320`)

	bert := open(t, d, "bert", browser.Look{Width: 360, Height: 780, Dark: true})
	bert.goTo("/approvals")
	bert.click("a[href^='/approvals/']:not([href='/approvals'])")
	bert.await(`document.querySelector("#post .shown-picture img")?.naturalWidth === 320`)
	bert.await(`document.querySelector("#post figcaption").textContent.includes("Een groepenkast met één rode knop")`)
	keepPicture(bert, "pictures-decision")
	all, err := d.Approvals.OfConversation(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	p := all[len(all)-1]
	if len(p.Envelope.Media) != 1 || p.Envelope.Media[0].AltText != "Een groepenkast met één rode knop" {
		t.Fatalf("under review are %+v", p.Envelope.Media)
	}
	// A correction of the words keeps the picture.
	bert.goTo("/approvals/" + p.ID.String() + "/edit")
	bert.fill("#text", "Zo ziet de rode knop eruit.")
	bert.click("button[value=submit]")
	bert.await(`document.querySelector("#post .shown-picture img")?.naturalWidth === 320`)
	if v := d.Get(p); len(v.Envelope.Media) != 1 || v.Revision != p.Revision+1 {
		t.Errorf("revision %d has %d pictures", v.Revision, len(v.Envelope.Media))
	}
}

// upload posts a form with a file as a browser without JavaScript does.
func upload(t *testing.T, who *desktest.Client, path string, fields map[string]string, file []byte) (int, string) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if file != nil {
		part, err := form.CreateFormFile("picture", "a.png")
		if err == nil {
			_, err = part.Write(file)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, who.URL+path, &body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	answer := who.Ask(r)
	return answer.Status, answer.Body
}

func TestPicturesWithoutJavaScript(t *testing.T) {
	d := takingPictures(t)
	c := d.Furnish()[0]
	path, anna := "/inbox/"+c.ID.String()+"/attach", d.SignedIn("anna")
	fields := map[string]string{"text": "Getypt maar niet bewaard", "pictures": "yes"}
	for name, k := range map[string]struct {
		file   []byte
		status int
		says   string
	}{
		"a picture":     {fuseBox(t, 1), http.StatusOK, `name="media" value="`},
		"none":          {nil, http.StatusUnprocessableEntity, "No picture was chosen"},
		"a web page":    {[]byte("<script>alert(1)</script>"), http.StatusUnprocessableEntity, "neither a JPEG nor a PNG"},
		"half of one":   {fuseBox(t, 1)[:400], http.StatusUnprocessableEntity, "broken or incomplete"},
		"far too large": {append(fuseBox(t, 1), make([]byte, approval.MaxPicture)...), http.StatusRequestEntityTooLarge, "larger than 8 MB"},
	} {
		t.Run(name, func(t *testing.T) {
			status, page := upload(t, anna, path, fields, k.file)
			if status != k.status || !strings.Contains(page, k.says) {
				t.Errorf("answered %d without %q", status, k.says)
			}
			if !strings.Contains(page, "Getypt maar niet bewaard") {
				t.Error("what was typed is gone")
			}
		})
	}
	if status, _ := upload(t, d.SignedIn("mara"), path, fields, fuseBox(t, 1)); status != http.StatusForbidden {
		t.Errorf("a manager attaches: %d", status)
	}
}

func TestPicturesAreServedToStaffAlone(t *testing.T) {
	d := takingPictures(t)
	p, err := d.Approvals.AddPicture(t.Context(), d.As("anna").By, fuseBox(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	path := "/pictures/" + p.SHA256.String()
	if answer := d.Browser().Get(path); answer.Header.Get("Content-Type") == "image/png" {
		t.Error("a stranger sees it")
	}
	answer := d.SignedIn("mara").Get(path)
	if answer.Status != http.StatusOK || answer.Body != string(fuseBox(t, 1)) {
		t.Errorf("a colleague gets %d with %d bytes", answer.Status, len(answer.Body))
	}
	if h := answer.Header; h.Get("Content-Type") != "image/png" || h.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || !strings.Contains(h.Get("Cache-Control"), "immutable") {
		t.Errorf("headers %v", h)
	}
	if answer := d.SignedIn("mara").Get("/pictures/" + strings.Repeat("0", 64)); answer.Status != http.StatusNotFound {
		t.Errorf("one that nobody brought is answered with %d", answer.Status)
	}
}

// TestUploadsLeaveNothingBehind: a form's files wait in the temporary directory,
// and go with the visit, whether it is taken or refused.
func TestUploadsLeaveNothingBehind(t *testing.T) {
	d := takingPictures(t)
	c := d.Furnish()[0]
	waiting := t.TempDir()
	t.Setenv("TMPDIR", waiting)
	anna := d.SignedIn("anna")
	large := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 3<<20)...)
	for _, path := range []string{"/inbox/" + c.ID.String() + "/attach", "/inbox/nowhere/attach"} {
		for _, fields := range []map[string]string{{"text": "x", "pictures": "yes"}, {"text": "x", "drop": "y"}} {
			status, _ := upload(t, anna, path, fields, large)
			if status == http.StatusInternalServerError {
				t.Errorf("%s is answered with %d", path, status)
			}
		}
	}
	left, err := os.ReadDir(waiting)
	if err != nil || len(left) > 0 {
		t.Errorf("%d files are left: %v, %v", len(left), left, err)
	}
}
