package approval_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/store"
)

// newest stands for the conversation's newest mention.
var newest inbox.MentionID

// drawn is a picture of one colour.
func drawn(t testing.TB, shade uint8) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 20, 10))
	for i := range m.Pix {
		m.Pix[i] = color.Gray{Y: shade}.Y
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var fourPictures = approval.MediaRules{Most: 4, Types: []string{"image/jpeg", "image/png"}, MaxBytes: 5 << 20, MaxAltText: 1000}

func withPictures(t *testing.T) *approvaltest.Rig {
	r := approvaltest.New(t)
	r.Adapt("plein", func(p *approval.Platform) { p.Media = fourPictures })
	return r
}

func bring(t *testing.T, r *approvaltest.Rig, who string, data []byte) approval.Hash {
	t.Helper()
	p, err := r.Approvals.AddPicture(t.Context(), r.As(who).By, data)
	if err != nil {
		t.Fatal(err)
	}
	return p.SHA256
}

func TestPicturesGoWithTheReleaseThatCoversThem(t *testing.T) {
	r := withPictures(t)
	c := r.Mention("1", "Hoe ziet dat eruit?")
	first, second := bring(t, r, "anna", drawn(t, 1)), bring(t, r, "anna", drawn(t, 2))
	media := []approval.Media{{SHA256: second, AltText: "  Een rode\nknop "}, {SHA256: first, AltText: "Een groene knop"}}
	p, err := r.Approvals.DraftReply(t.Context(), r.As("anna").By, c.ID, newest, approval.Content{Text: "Zo.", Media: media})
	if err != nil {
		t.Fatal(err)
	}
	if p.Envelope.Media[0].AltText != "Een rode knop" {
		t.Errorf("the alternative text is %q", p.Envelope.Media[0].AltText)
	}
	other, err := r.Approvals.Revise(t.Context(), r.As("anna").By, p.ID, approval.Content{Text: "Zo.", Media: media[1:]})
	if err != nil {
		t.Fatal(err)
	}
	if other.Digest == p.Digest {
		t.Error("leaving a picture out does not change the digest")
	}
	p, err = r.Approvals.Revise(t.Context(), r.As("anna").By, p.ID, approval.Content{Text: "Zo.", Media: media})
	if err != nil {
		t.Fatal(err)
	}
	if p, err = r.As("anna").Submit(p); err != nil {
		t.Fatal(err)
	}
	if _, err = r.As("bert").Approve(p); err != nil {
		t.Fatal(err)
	}
	rel := r.Claim()
	sent := rel.Media()
	if len(sent) != 2 || sent[0].SHA256 != second || sent[1].SHA256 != first {
		t.Fatalf("sent are %d pictures in another order", len(sent))
	}
	if !bytes.Equal(sent[0].Data, drawn(t, 2)) || sent[0].Type != "image/png" || sent[0].AltText != "Een rode knop" {
		t.Error("the first picture is another one than was approved")
	}
	sent[0].Data[0] ^= 1
	if !bytes.Equal(rel.Media()[0].Data, drawn(t, 2)) {
		t.Error("whoever reads the release can change it")
	}
	r.Replay()
}

func TestPicturesThatAreRefused(t *testing.T) {
	r := withPictures(t)
	c := r.Mention("1", "Hoe ziet dat eruit?")
	one, two := bring(t, r, "anna", drawn(t, 1)), bring(t, r, "anna", drawn(t, 2))
	good := approval.Media{SHA256: one, AltText: "Een knop"}
	for name, k := range map[string]struct {
		media []approval.Media
		field string
		code  fault.Code
	}{
		"no alternative text":       {[]approval.Media{{SHA256: one}}, "media[0].alt_text", fault.InvalidInput},
		"only space":                {[]approval.Media{{SHA256: one, AltText: " \n"}}, "media[0].alt_text", fault.InvalidInput},
		"an endless one":            {[]approval.Media{{SHA256: one, AltText: strings.Repeat("é", 1001)}}, "media[0].alt_text", fault.TextTooLong},
		"a hidden character":        {[]approval.Media{{SHA256: one, AltText: "rood\u202egroen"}}, "media[0].alt_text", fault.HiddenCharacters},
		"the same one twice":        {[]approval.Media{good, good}, "media[1]", fault.InvalidInput},
		"five":                      {[]approval.Media{good, good, good, good, good}, "media", fault.InvalidInput},
		"one that nobody brought":   {[]approval.Media{{SHA256: approval.Hash{7}, AltText: "x"}}, "media[0]", fault.InvalidInput},
		"the second without a text": {[]approval.Media{good, {SHA256: two}}, "media[1].alt_text", fault.InvalidInput},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Approvals.DraftReply(t.Context(), r.As("anna").By, c.ID, newest, approval.Content{Text: "Zo.", Media: k.media})
			want(t, err, k.code)
			var f *fault.Fault
			if !errors.As(err, &f) || f.Field != k.field || f.Remedy == "" {
				t.Errorf("got %v, want the field %q and a remedy", err, k.field)
			}
		})
	}
	r.Adapt("plein", func(p *approval.Platform) {
		p.Media = approval.MediaRules{Most: 4, Types: []string{"image/jpeg"}, MaxBytes: 1 << 20}
	})
	_, err := r.Approvals.DraftReply(t.Context(), r.As("anna").By, c.ID, newest, approval.Content{Text: "Zo.", Media: []approval.Media{good}})
	want(t, err, fault.InvalidInput)
	r.Adapt("plein", func(p *approval.Platform) { p.Media = approval.MediaRules{} })
	_, err = r.Approvals.DraftReply(t.Context(), r.As("anna").By, c.ID, newest, approval.Content{Text: "Zo.", Media: []approval.Media{good}})
	want(t, err, fault.InvalidInput)
	_, err = r.Approvals.AddPicture(t.Context(), r.As("mara").By, drawn(t, 3))
	want(t, err, fault.Forbidden)
	_, err = r.Approvals.AddPicture(t.Context(), r.As("anna").By, []byte("<svg onload=alert(1)>"))
	want(t, err, fault.InvalidInput)
}

func TestAlteredPictureIsNotSent(t *testing.T) {
	r := withPictures(t)
	c := r.Mention("1", "Hoe ziet dat eruit?")
	h := bring(t, r, "anna", drawn(t, 1))
	p, err := r.Approvals.DraftReply(t.Context(), r.As("anna").By, c.ID, newest, approval.Content{Text: "Zo.", Media: []approval.Media{{SHA256: h, AltText: "Een knop"}}})
	if err != nil {
		t.Fatal(err)
	}
	if p, err = r.As("anna").Submit(p); err != nil {
		t.Fatal(err)
	}
	if p, err = r.As("bert").Approve(p); err != nil {
		t.Fatal(err)
	}
	if err := r.DB.Update(t.Context(), func(tx *store.Tx) error { return approval.SwapPicture(tx, h, drawn(t, 9)) }); err != nil {
		t.Fatal(err)
	}
	r.NothingDue()
	if v := r.State(p, approval.Held); v.Reason != approval.ReasonRecordDamaged {
		t.Errorf("held for %q", v.Reason)
	}
}

func TestUnusedPicturesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := withPictures(t)
		c := r.Mention("1", "Hoe ziet dat eruit?")
		used, idle := bring(t, r, "anna", drawn(t, 1)), bring(t, r, "anna", drawn(t, 2))
		if _, err := r.Approvals.DraftReply(t.Context(), r.As("anna").By, c.ID, newest, approval.Content{Text: "Zo.", Media: []approval.Media{{SHA256: used, AltText: "Een knop"}}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(49 * time.Hour)
		if _, err := r.Approvals.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, data, err := r.Approvals.Picture(t.Context(), used); err != nil || len(data) == 0 {
			t.Errorf("the picture of a draft is gone: %v", err)
		}
		_, _, err := r.Approvals.Picture(t.Context(), idle)
		want(t, err, fault.NotFound)
		r.As("anna").SignIn()
		r.As("bert").SignIn()
		for i := range 40 {
			bring(t, r, "anna", drawn(t, uint8(100+i)))
		}
		_, err = r.Approvals.AddPicture(t.Context(), r.As("anna").By, drawn(t, 99))
		want(t, err, fault.Conflict)
		if _, err := r.Approvals.AddPicture(t.Context(), r.As("bert").By, drawn(t, 99)); err != nil {
			t.Errorf("one person's pictures keep another's out: %v", err)
		}
	})
}

// TestAnAnswerByHandTakesNoPictures: which picture a person posted is proven by
// nobody, so what is official has none; also where a text with one is rewritten
// to be posted by hand.
func TestAnAnswerByHandTakesNoPictures(t *testing.T) {
	r := byHand(t)
	r.Adapt("plein", func(p *approval.Platform) { p.Media = fourPictures })
	media := []approval.Media{{SHA256: bring(t, r, "anna", drawn(t, 1)), AltText: "Een knop"}}
	closed := r.Closed("1", "Hoe ziet dat eruit?")
	_, err := r.Approvals.DraftReply(t.Context(), r.As("anna").By, closed.ID, newest, approval.Content{Text: "Zo.", Media: media, ByHand: true})
	want(t, err, fault.InvalidInput)
	p := ok2(t)(r.As("anna").DraftByHand(closed, "Zo."))
	_, err = r.Approvals.Revise(t.Context(), r.As("anna").By, p.ID, approval.Content{Text: "Zo.", Media: media, ByHand: true})
	want(t, err, fault.InvalidInput)
	if v := r.Get(p); v.Revision != 1 || len(v.Envelope.Media) != 0 {
		t.Errorf("revision %d has %d pictures", v.Revision, len(v.Envelope.Media))
	}
	r.Replay()
}

func TestPictureThatDiffersIsNotOfficial(t *testing.T) {
	r := withPictures(t)
	c := r.Mention("1", "Hoe ziet dat eruit?")
	h := bring(t, r, "anna", drawn(t, 1))
	p, err := r.Approvals.DraftReply(t.Context(), r.As("anna").By, c.ID, newest, approval.Content{Text: "Zo.", Media: []approval.Media{{SHA256: h, AltText: "Een knop"}}})
	if err == nil {
		p, err = r.As("anna").Submit(p)
	}
	if err == nil {
		_, err = r.As("bert").Approve(p)
	}
	if err != nil {
		t.Fatal(err)
	}
	rel := r.Claim()
	if err := r.Approvals.RecordPublished(t.Context(), rel, approval.Receipt{ExternalID: "9"}); err != nil {
		t.Fatal(err)
	}
	own := []approval.OwnPost{{ExternalID: "9", Text: "Zo.", PostedAt: time.Now()}}
	if err := r.Approvals.Observe(t.Context(), "plein", own); err != nil {
		t.Fatal(err)
	}
	if v := r.Get(p); v.Official() {
		t.Error("the text alone makes it official, though nobody compared the picture")
	}
	equal, err := r.Approvals.RecordReadBack(t.Context(), rel.Attempt(), "Zo.", "A picture is missing.")
	if err != nil || equal {
		t.Fatalf("a missing picture is read back as equal: %v", err)
	}
	if err := r.Approvals.Observe(t.Context(), "plein", own); err != nil {
		t.Fatal(err)
	}
	if v := r.Get(p); v.Official() || v.ReadBack.Text != "" || len(v.ReadBack.Besides) != 1 {
		t.Errorf("it stands as %+v", v.ReadBack)
	}
	r.Replay()
}
