package platform

import (
	"bytes"
	"image"
	_ "image/jpeg" // what X takes
	_ "image/png"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// X's bounds of pictures.
const (
	maxImage   = 5 << 20 // bytes
	maxAltText = 1000    // characters
	maxMedia   = 4       // in a post
)

// upload is a picture that was brought in.
type upload struct {
	id, mediaType, altText string
	data                   []byte
	used                   bool
}

// key is the media_key under which a post shows it.
func (u *upload) key() string { return "3_" + u.id }

// bring takes a picture in one request, as JSON with the file in base64.
func (p *Platform) bring(c call) (int, any, *failure) {
	var body struct {
		Media    []byte `json:"media"`
		Type     string `json:"media_type"`
		Category string `json:"media_category"`
	}
	if fault := decode(c.body, &body); fault != nil {
		return 0, nil, fault
	}
	_, format, err := image.DecodeConfig(bytes.NewReader(body.Media))
	switch {
	case body.Category != "tweet_image":
		return 0, nil, invalid("media_category", "["+body.Category+"] is not one of [tweet_image]")
	case len(body.Media) == 0 || len(body.Media) > maxImage:
		return 0, nil, invalid("media", "is empty or larger than allowed")
	case err != nil || body.Type != "image/"+format:
		return 0, nil, invalid("media_type", "["+body.Type+"] is not what the file is")
	}
	id, _ := p.newID()
	p.uploads[id] = &upload{id: id, mediaType: body.Type, data: body.Media}
	return http.StatusOK, map[string]any{"data": map[string]any{
		"id": id, "media_key": p.uploads[id].key(), "size": len(body.Media), "expires_after_secs": 86400,
	}}, nil
}

// describe sets a picture's alternative text.
func (p *Platform) describe(c call) (int, any, *failure) {
	var body struct {
		ID       string `json:"id"`
		Metadata struct {
			AltText struct {
				Text string `json:"text"`
			} `json:"alt_text"`
		} `json:"metadata"`
	}
	if fault := decode(c.body, &body); fault != nil {
		return 0, nil, fault
	}
	u := p.uploads[body.ID]
	text := body.Metadata.AltText.Text
	switch {
	case u == nil || u.used:
		return 0, nil, invalid("id", "["+body.ID+"] is no picture of yours")
	case text == "" || utf8.RuneCountInString(text) > maxAltText:
		return 0, nil, invalid("metadata.alt_text.text", "has "+strconv.Itoa(utf8.RuneCountInString(text))+" characters")
	}
	u.altText = text
	return http.StatusOK, map[string]any{"data": map[string]any{"id": u.id, "associated_metadata": map[string]any{"alt_text": map[string]string{"text": text}}}}, nil
}

// attached are the uploads that a new post names.
func (p *Platform) attached(ids []string) ([]*upload, *failure) {
	var all []*upload
	for _, id := range ids {
		u := p.uploads[id]
		if u == nil || u.used || slices.Contains(all, u) {
			return nil, invalid("media.media_ids", "["+id+"] is no picture of yours")
		}
		all = append(all, u)
	}
	if len(all) > maxMedia {
		return nil, invalid("media.media_ids", "has more than 4 items")
	}
	return all, nil
}

// AltTexts are those of the pictures beside a post, in order.
func (p *Platform) AltTexts(id string) (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if found := p.byID[id]; found != nil {
		for _, u := range found.pictures {
			texts = append(texts, u.altText)
		}
	}
	return texts
}

// Describe changes the alternative text of a post's picture behind everybody's back.
func (p *Platform) Describe(id string, picture int, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byID[id].pictures[picture].altText = text
}

// showPictures is what stands beside a post, in the form of includes.media.
func (a *post) showPictures(fields string) (all []map[string]any) {
	for _, u := range a.pictures {
		shown := map[string]any{"media_key": u.key(), "type": "photo"}
		for _, field := range strings.Split(fields, ",") {
			switch field {
			case "alt_text":
				shown["alt_text"] = u.altText
			case "url":
				shown["url"] = "https://pbs.twimg.com/media/" + u.id + ".jpg"
			}
		}
		all = append(all, shown)
	}
	return all
}
