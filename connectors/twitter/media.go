package twitter

import (
	"context"
	"errors"
	"net/http"
	"net/url"
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
			return nil, unbegun(err, "a picture could not be brought to X")
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

// unbegun is an error of a call that publishes nothing and comes before the one
// that does: what would be unknown of a post is only temporary of it. what went
// wrong with it begins the message, unless it is "".
func unbegun(err error, what string) error {
	var e *connectors.Error
	if !errors.As(err, &e) {
		return err
	}
	kept := *e
	if kept.Unbegun = true; kept.Kind == connectors.Unknown {
		kept.Kind, kept.Remedy = connectors.Temporary, "Nothing was published."
	}
	if what != "" {
		kept.Message = what + ": " + kept.Message
	}
	return &kept
}

// photoKey begins the media_key of a picture.
const photoKey = "3_"

// mediaKeys are what X shows beside the post, in order.
func (p *post) mediaKeys() (keys []string) {
	_, found := p.written()
	for _, u := range found.URLs {
		if u.MediaKey != "" && !slices.Contains(keys, u.MediaKey) {
			keys = append(keys, u.MediaKey)
		}
	}
	return keys
}

// besides compares what stands beside a post of ours with what was approved and
// says what differs, "" where nothing does. It asks X only where the number of
// pictures is right, since X bills each of them.
func (c *Connector) besides(ctx context.Context, p *post, approved []approval.Media) (string, error) {
	keys := p.mediaKeys()
	if len(keys) != len(approved) {
		return "It was approved with " + pictures(len(approved)) + " and stands there with " + pictures(len(keys)) + ".", nil
	}
	if len(keys) == 0 {
		return "", nil
	}
	name, fields := c.s.fields()
	answer, err := c.client.Do(ctx, connectors.Call{Path: "/2/tweets/" + p.ID, Query: url.Values{
		name: {fields}, "expansions": {"attachments.media_keys"}, "media.fields": {"alt_text,type"},
	}})
	if err != nil {
		return "", err
	}
	var got struct {
		Includes includes `json:"includes"`
	}
	if err := answer.JSON(&got); err != nil {
		return "", err
	}
	c.bill.read(postRead, p.ID)
	defer c.bill.save(ctx)
	for i, key := range keys {
		shown := got.Includes.media(key)
		if shown == nil {
			return "", answer.Nonsense("without a picture that stands beside the post")
		}
		c.bill.read(mediaRead, key)
		switch {
		case shown.Type != "photo":
			return "Something else than a picture stands beside it.", nil
		case strings.TrimSpace(plain.Replace(shown.AltText)) != approved[i].AltText:
			return "The alternative text of a picture is not the approved one.", nil
		}
	}
	return "", nil
}

// media is the picture with the key, nil where it was not told.
func (i *includes) media(key string) *media {
	for n := range i.Media {
		if i.Media[n].Key == key {
			return &i.Media[n]
		}
	}
	return nil
}

func pictures(n int) string {
	return [...]string{"no picture", "one picture", "two pictures", "three pictures", "four pictures", "more than four pictures"}[min(n, 5)]
}
