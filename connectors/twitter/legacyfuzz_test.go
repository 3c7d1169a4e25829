package twitter_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"standpunt/connectors"
	"standpunt/connectors/twitter"
)

// legacyTweet is a post as X's documentation of API v1.1 shows one, shortened.
const legacyTweet = `{"created_at":"Wed Oct 10 20:19:24 +0000 2018","id":1050118621198921728,"id_str":"1050118621198921728",
"full_text":"@brand To make room &amp; more, https://t.co/MkGjXf9aXm","truncated":false,"display_text_range":[0,50],
"entities":{"hashtags":[],"symbols":[],"polls":[{"duration_minutes":60}],"user_mentions":[{"screen_name":"brand","id":1,"id_str":"1","indices":[0,6]}],
"urls":[{"url":"https://t.co/MkGjXf9aXm","expanded_url":"https://example.com/a?b=1&c=2","display_url":"example.com/a","indices":[27,50]}]},
"in_reply_to_status_id":1050118621198921700,"in_reply_to_status_id_str":"1050118621198921700","in_reply_to_user_id":1,"in_reply_to_user_id_str":"1",
"user":{"id":6253282,"id_str":"6253282","name":"Jan","screen_name":"jan","entities":{"url":{"urls":[]},"description":{"urls":[]}}},
"quoted_status_id":17,"quoted_status_id_str":"17","quoted_status":{"id":17,"text":"x"},"retweet_count":0,"lang":"nl",
"ext_edit_control":{"edit":{"initial_tweet_id":"1050118621198921720","edit_control_initial":{"edit_tweet_ids":["1050118621198921720","1050118621198921728"]}}}}`

func FuzzLegacyPage(f *testing.F) {
	for _, seed := range []string{
		"[" + legacyTweet + "]", "[]", "null", `[{"id":"1"}]`, `[{"id_str":"1","retweeted_status":{"id":2}},null]`, `{"errors":[{"code":88}]}`,
		`[{"id":18446744073709551615}]`, `[{"id":1e3,"id_str":"9007199254740993"}]`, `[{"id":1,"user":null,"entities":null,"extended_tweet":{"full_text":"lang"}}]`,
		`[{"id":5,"created_at":"2018-10-10T20:19:24Z","edit_history":{"initial_tweet_id":"4","edit_tweet_ids":["4","5"]}}]`, "[" + legacyTweet, "<html>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		stripped, mentions, err := twitter.ReadLegacyPage(body)
		if err != nil && len(mentions) > 0 {
			t.Errorf("mentions beside %v", err)
		}
		if stripped == nil {
			return
		}
		if !json.Valid(stripped) || bytes.Contains(stripped, []byte(`"duration_minutes":`)) {
			t.Fatalf("left over: %q", stripped)
		}
		again, same, _ := twitter.ReadLegacyPage(stripped)
		if !bytes.Equal(again, stripped) || len(same) != len(mentions) {
			t.Errorf("stripped once %q, twice %q", stripped, again)
		}
		for _, m := range mentions {
			if m.Deleted || m.Kind == "" || m.Visibility == "" || m.URL == "" {
				t.Errorf("%+v", m)
			}
		}
	})
}

func FuzzLegacyStream(f *testing.F) {
	inline := strings.ReplaceAll(legacyTweet, "\n", "")
	for _, seed := range []string{
		inline + "\r\n", "\r\n\r\n" + inline + "\r\n" + `{"delete":{"status":{"id":17,"id_str":"17","user_id":3}}}` + "\r\n",
		`{"delete":{}}` + "\r\n" + `{"delete":null}` + "\r\n", `{"disconnect":{"code":4}}` + "\r\n", `{"warning":{"code":"FALLING_BEHIND","percent_full":60}}` + "\r\n",
		`{"limit":{"track":1234}}` + "\r\n", `{"retweet_count":null}` + "\r\n", "nonsense\r\n", inline, `{"friends":[1]}` + "\r\n", `{"direct_message":null}` + "\r\n", "null\r\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, said string) {
		pages, err := twitter.ReadLegacyStream(said)
		for _, p := range pages {
			if len(p.Mentions)+len(p.Own) != 1 {
				t.Errorf("%+v", p)
			}
			for _, m := range p.Mentions {
				if m.ExternalID == "" || !m.Deleted && m.Author.ExternalID == "" {
					t.Errorf("%+v", m)
				}
			}
		}
		if err != nil && errorOf(t, err).Message == "" {
			t.Error("an error without a word")
		}
	})
}

func FuzzLegacyErrors(f *testing.F) {
	for _, seed := range []string{
		`{"errors":[{"code":453,"message":"x"}]}`, `{"errors":[{"code":187},{"code":88}]}`, `{"errors":"odd"}`, `{"errors":[{"code":"88"}]}`, `<html>`, ``,
		`{"error":"Not authorized."}`, `{"detail":"duplicate content","status":403}`,
	} {
		for _, status := range []int{302, 400, 401, 403, 404, 408, 410, 420, 429, 500, 503} {
			f.Add(status, []byte(seed), status%2 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, sent bool) {
		if status < 300 || status > 599 {
			return
		}
		e := twitter.ClassifyLegacy(status, body, sent)
		if e.Kind == "" || e.Message == "" {
			t.Errorf("%d %q: %+v", status, body, e)
		}
		doubtful := status < 400 || status == http.StatusRequestTimeout || status >= 500
		if sent && doubtful && e.Kind != connectors.Unknown {
			t.Errorf("%d %q: a publication's outcome is %s", status, body, e.Kind)
		}
		if words := string(body); len(words) > 40 && strings.Contains(e.Error(), words) {
			t.Errorf("the server's own words are shown: %q", words)
		}
	})
}
