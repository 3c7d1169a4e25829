package twitter_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/connectors"
	"standpunt/connectors/twitter"
	"standpunt/connectors/twitter/replay/platform"
	"standpunt/inbox"
)

func shade(t *testing.T, y uint8) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 8, 8))
	for i := range m.Pix {
		m.Pix[i] = y
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// illustrated is a release with two pictures, for a mention that stands there.
func illustrated(t *testing.T, r *remote, c *twitter.Connector) (string, approval.Release) {
	t.Helper()
	target := r.Post(t, "hoe ziet dat eruit?")
	who, err := c.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	in := mentions(t, c)[target]
	return target, approvaltest.Illustrated(t, account, who.RemoteID, in, "Zo & zo, zie noordlicht.nl", [][]byte{shade(t, 1), shade(t, 2)}, "De rode knop", "De groene knop & lamp")
}

func TestPicturesArePublishedAndReadBack(t *testing.T) {
	for _, vocabulary := range []string{"tweet", "post"} {
		t.Run(vocabulary, func(t *testing.T) {
			r, c := play(t, platform.Options{Vocabulary: vocabulary})
			target, rel := illustrated(t, r, c)
			receipt, err := c.Publish(t.Context(), rel)
			if err != nil {
				t.Fatal(err)
			}
			if got := r.x.AltTexts(receipt.ExternalID); len(got) != 2 || got[0] != "De rode knop" || got[1] != "De groene knop & lamp" {
				t.Errorf("beside it stand %q", got)
			}
			if answers := r.x.Answers(target); len(answers) != 1 {
				t.Errorf("the answers are %q", answers)
			}
			attempt := rel.Attempt()
			found := find(t, c, attempt)
			if found.Outcome != connectors.Present || found.Text != attempt.Text || found.Differs != "" {
				t.Errorf("without the receipt it is found as %+v", found)
			}
			attempt.Receipt = receipt
			if found := find(t, c, attempt); found.Outcome != connectors.Present || found.Text != attempt.Text || found.Differs != "" {
				t.Errorf("read back as %+v", found)
			}
			r.x.Describe(receipt.ExternalID, 1, "Iets heel anders")
			if found := find(t, c, attempt); !strings.Contains(found.Differs, "alternative text") {
				t.Errorf("another alternative text is read back as %+v", found)
			}
			attempt.Media = attempt.Media[:1]
			if found := find(t, c, attempt); found.Differs != "It was approved with one picture and stands there with two pictures." {
				t.Errorf("a picture too many is read back as %+v", found)
			}
		})
	}
}

func find(t *testing.T, c *twitter.Connector, a approval.Attempt) connectors.Found {
	t.Helper()
	found, err := c.Find(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// What goes wrong with a picture certainly published nothing, whatever X says.
func TestPicturesThatCannotBeBroughtPublishNothing(t *testing.T) {
	for name, k := range map[string]struct {
		path   string
		status int
		body   string
		kind   connectors.ErrorKind
	}{
		"the upload breaks":               {"/2/media/upload", http.StatusBadGateway, "<html>", connectors.Temporary},
		"the upload is refused":           {"/2/media/upload", http.StatusBadRequest, `{"title":"Invalid Request","detail":"bad","type":"about:blank","status":400}`, connectors.Rejected},
		"the upload answers with a page":  {"/2/media/upload", http.StatusOK, "<html>", connectors.Temporary},
		"the upload answers without id":   {"/2/media/upload", http.StatusOK, `{"data":{}}`, connectors.Temporary},
		"the alternative text breaks":     {"/2/media/metadata", http.StatusServiceUnavailable, "", connectors.Temporary},
		"the alternative text is refused": {"/2/media/metadata", http.StatusForbidden, `{"title":"Forbidden","detail":"Forbidden","status":403}`, connectors.NotAllowed},
		"too many calls":                  {"/2/media/upload", http.StatusTooManyRequests, `{"title":"Too Many Requests","status":429}`, connectors.RateLimited},
	} {
		t.Run(name, func(t *testing.T) {
			r, c := play(t, platform.Options{})
			target, rel := illustrated(t, r, c)
			r.instead.Store(&canned{k.path, k.status, k.body})
			_, err := c.Publish(t.Context(), rel)
			if e := errorOf(t, err); e.Kind != k.kind || !strings.Contains(e.Message, "picture") {
				t.Errorf("%s: %v", e.Kind, e)
			}
			if answers := r.x.Answers(target); len(answers) != 0 {
				t.Errorf("published all the same: %q", answers)
			}
		})
	}
}

func TestOwnPostsWithPicturesAreNoNews(t *testing.T) {
	r, c := play(t, platform.Options{})
	_, rel := illustrated(t, r, c)
	receipt, err := c.Publish(t.Context(), rel)
	if err != nil {
		t.Fatal(err)
	}
	cursor, seen := inbox.Cursor(nil), false
	for {
		page, err := c.Poll(t.Context(), cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, own := range page.Own {
			if own.ExternalID == receipt.ExternalID {
				seen = true
				if got := own.Beside(rel.Attempt().Text); got != rel.Attempt().Text {
					t.Errorf("held against the approved text it is %q", got)
				}
			}
		}
		if cursor = page.Next; !page.More {
			break
		}
	}
	if !seen {
		t.Error("it is not among the account's own posts")
	}
	if c.Spending().ToDate == 0 || time.Since(receipt.PostedAt) > time.Hour {
		t.Error("nothing was counted")
	}
}
