package web_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"standpunt/approval"
)

// bring posts a file.
func (c *caller) bring(mediaType string, data []byte) *reply {
	c.r.t.Helper()
	had := c.header
	defer func() { c.header = had }()
	c.header = had.Clone()
	if c.header == nil {
		c.header = make(http.Header)
	}
	c.header.Set("Content-Type", mediaType)
	return c.send(http.MethodPost, c.r.url+"/api/v1/pictures", data)
}

func TestPicturesByAPI(t *testing.T) {
	r := newRig(t)
	r.Adapt("plein", func(p *approval.Platform) {
		p.Media = approval.MediaRules{Most: 4, Types: []string{"image/jpeg"}, MaxBytes: 5 << 20}
	})
	talk := r.Mention("m1", "Hoe ziet dat eruit?")
	anna, bert, mara := r.as("anna"), r.as("bert"), r.as("mara")
	var photo bytes.Buffer
	check(t, jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 40, 30)), nil))

	anna.bring("image/svg+xml", []byte("<svg/>")).refused(422, "invalid_input")
	anna.bring("image/jpeg", []byte("<svg/>")).refused(422, "invalid_input")
	anna.bring("image/jpeg", bytes.Repeat([]byte{0xff}, approval.MaxPicture+1)).refused(413, "body_too_large")
	mara.bring("image/jpeg", photo.Bytes()).refused(403, "forbidden")
	r.nobody().bring("image/jpeg", photo.Bytes()).refused(401, "unauthenticated")

	kept := anna.bring("image/jpeg", photo.Bytes()).is(201)
	if kept.at("width") != 40.0 || kept.str("type") != "image/jpeg" {
		t.Fatalf("the picture is %s", kept.raw)
	}
	drafts := "/conversations/" + talk.ID.String() + "/proposals"
	medium := obj{"sha256": kept.str("sha256"), "alt_text": "Een grijs vlak"}
	anna.post(drafts, obj{"kind": "reply", "text": "Zo.", "media": []obj{{"sha256": "ff", "alt_text": "x"}}}).refused(422, "invalid_input")
	anna.post(drafts, obj{"kind": "reply", "text": "Zo.", "media": []obj{{"sha256": kept.str("sha256"), "alt_text": ""}}}).refused(422, "invalid_input")
	draft := anna.post(drafts, obj{"kind": "reply", "text": "Zo.", "media": []obj{medium}}).is(201)
	if draft.str("revision", "media", 0, "alt_text") != "Een grijs vlak" {
		t.Fatalf("the draft is %s", draft.raw)
	}
	bert.decide(anna.submit(draft).is(200), "approve", "").is(200)
	if sent := r.Claim().Media(); len(sent) != 1 || sent[0].AltText != "Een grijs vlak" {
		t.Fatalf("%d pictures are sent", len(sent))
	}
	shown := mara.get("/pictures/" + kept.str("sha256"))
	if shown.status != 200 || shown.header.Get("Content-Type") != "image/jpeg" || !bytes.HasPrefix(shown.raw, []byte("\xff\xd8\xff")) {
		t.Fatalf("answered %d, %v", shown.status, shown.header)
	}
	mara.get("/pictures/"+strings.Repeat("0", 64)).refused(404, "not_found")
	mara.get("/pictures/x").refused(404, "not_found")
	r.Replay()
}

// TestManyFilesAtOnce: files that are on their way take a bounded part of the
// memory, and who comes too many is told to come back.
func TestManyFilesAtOnce(t *testing.T) {
	r := newRig(t)
	anna := r.as("anna")
	var photo bytes.Buffer
	check(t, jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 40, 30)), nil))
	// A body begins when the server asks for it, which it does once it let the file in.
	patient := *anna.http
	patient.Transport = &http.Transport{ExpectContinueTimeout: time.Minute}
	var slow []*io.PipeWriter
	var answered sync.WaitGroup
	for range 8 {
		body, sender := io.Pipe()
		slow = append(slow, sender)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/api/v1/pictures", body)
		check(t, err)
		maps.Copy(request.Header, anna.header)
		request.Header.Set("Content-Type", "image/jpeg")
		request.Header.Set("Expect", "100-continue")
		answered.Go(func() {
			defer body.Close()
			response, err := patient.Do(request)
			if err != nil {
				t.Error(err)
				return
			}
			_ = response.Body.Close()
			if response.StatusCode != http.StatusCreated {
				t.Errorf("one that was let in is answered with %d", response.StatusCode)
			}
		})
		_, err = sender.Write(photo.Bytes()[:100])
		check(t, err)
	}
	anna.bring("image/jpeg", photo.Bytes()).refused(503, "unavailable")
	for _, sender := range slow {
		_, err := sender.Write(photo.Bytes()[100:])
		check(t, err)
		check(t, sender.Close())
	}
	answered.Wait()
	anna.bring("image/jpeg", photo.Bytes()).is(201)
}
