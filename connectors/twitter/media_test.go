package twitter_test

import (
	"bytes"
	"image"
	"image/png"
	"slices"
	"testing"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/connectors/twitter/replay/platform"
)

// shade is a small picture that can be told from others.
func shade(t *testing.T, of uint8) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 20, 10))
	for i := range m.Pix {
		m.Pix[i] = of
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPicturesArePublishedAndReadBack(t *testing.T) {
	r, c := play(t, platform.Options{})
	who, err := c.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, with := range map[string][]approval.Attached{
		"none": nil,
		"one":  {{Media: approval.Media{AltText: "Een knop"}, Data: shade(t, 1)}},
		"two":  {{Media: approval.Media{AltText: "Een knop"}, Data: shade(t, 1)}, {Media: approval.Media{AltText: "Een kast"}, Data: shade(t, 2)}},
	} {
		t.Run(name, func(t *testing.T) {
			target := r.Post(t, "hoe ziet dat eruit, "+name+"?")
			text := "Zo: https://example.com/" + name
			rel := approvaltest.ReleaseWithPictures(t, account, who.RemoteID, mentions(t, c)[target], text, c.MediaRules(), with...)
			receipt, err := c.Publish(t.Context(), rel)
			if err != nil {
				t.Fatal(err)
			}
			var texts []string
			for _, w := range with {
				texts = append(texts, w.AltText)
			}
			if got := r.x.AltTexts(receipt.ExternalID); !slices.Equal(got, texts) {
				t.Errorf("the alternative texts are %q, want %q", got, texts)
			}
			a := rel.Attempt()
			if found, err := c.Find(t.Context(), a); err != nil || found.Outcome != connectors.Present || found.Receipt.ExternalID != receipt.ExternalID || found.Text != text {
				t.Errorf("among our posts: %+v, %v", found, err)
			}
			a.Receipt = receipt
			if found, err := c.Find(t.Context(), a); err != nil || found.Outcome != connectors.Present || found.Text != text {
				t.Errorf("read back: %+v, %v", found, err)
			}
			// With more or fewer pictures than stand there, it is not what was approved.
			for n := range 4 {
				a.Media = make([]approval.Media, n)
				if found, err := c.Find(t.Context(), a); err != nil || (found.Text == text) != (n == len(with)) {
					t.Errorf("approved with %d pictures: %q, %v", n, found.Text, err)
				}
			}
		})
	}
}
