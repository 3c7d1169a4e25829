package twitter

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"standpunt/approval"
	"standpunt/connectors"
)

// MediaRules are X's: four pictures in a post, of 5 MB each, with alternative
// texts of up to 1000 characters (docs.x.com, media upload and metadata).
func (c *Connector) MediaRules() approval.MediaRules {
	return approval.MediaRules{Most: 4, Types: []string{"image/jpeg", "image/png"}, MaxBytes: 5 << 20, MaxAltText: 1000}
}

// upload brings a release's pictures to X, each with its alternative text, and
// returns their ids. Nothing is published by that: what fails here certainly
// did not publish, and X forgets the upload within a day.
func (c *Connector) upload(ctx context.Context, r approval.Release) (ids []string, err error) {
	for _, m := range r.Media() {
		id, err := c.uploadOne(ctx, m)
		if err != nil {
			return nil, beforePublishing(err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (c *Connector) uploadOne(ctx context.Context, m approval.Attached) (string, error) {
	answer, err := c.client.Do(ctx, connectors.Call{Method: http.MethodPost, Path: "/2/media/upload", Send: true, JSON: map[string]any{
		"media": m.Data, "media_type": m.Type, "media_category": "tweet_image", // bytes become base64
	}})
	if err != nil {
		return "", err
	}
	var got struct {
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	if err := answer.JSON(&got); err != nil {
		return "", err
	}
	if !isID(got.Data.ID) {
		return "", answer.Nonsense("without the picture's id")
	}
	type text struct {
		Text string `json:"text"`
	}
	_, err = c.client.Do(ctx, connectors.Call{Method: http.MethodPost, Path: "/2/media/metadata", Send: true, JSON: map[string]any{
		"id": got.Data.ID, "metadata": map[string]text{"alt_text": {m.AltText}},
	}})
	return got.Data.ID, err
}

// beforePublishing is an error of a call that publishes nothing: what would be
// unknown of a post is only temporary of a picture.
func beforePublishing(err error) error {
	var e *connectors.Error
	if !errors.As(err, &e) {
		return err
	}
	kept := *e
	if kept.Kind == connectors.Unknown {
		kept.Kind, kept.Remedy = connectors.Temporary, "Nothing was published."
	}
	kept.Message = "a picture could not be brought to X: " + kept.Message
	return &kept
}

// textOf is the text beside an attempt's, without the links that X sets behind
// it for pictures if there are as many pictures as were approved. Where there
// are others, the links stay, and where there are none, that is said: what
// stands there then differs.
func (p *post) textOf(a approval.Attempt) string {
	text := p.textBeside(a.Text)
	_, found := p.written()
	var keys, links []string
	for _, u := range found.URLs {
		if u.MediaKey != "" && !slices.Contains(keys, u.MediaKey) {
			keys, links = append(keys, u.MediaKey), append(links, u.URL)
		}
	}
	switch {
	case len(keys) == 0 && len(a.Media) > 0:
		return text + "\n[without the pictures]"
	case len(keys) != len(a.Media):
		return text
	}
	for _, link := range slices.Backward(links) { // several pictures may have one link together
		if rest, ok := strings.CutSuffix(text, link); ok {
			text = strings.TrimSuffix(rest, " ")
		}
	}
	return text
}
