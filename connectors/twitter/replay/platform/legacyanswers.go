package platform

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// legacyCut is how many characters of a text a client of before 2016 gets.
const legacyCut = 140

func numeric(id string) json.Number { return json.Number(id) }

func legacyUser(u *user) map[string]any {
	return map[string]any{"id": numeric(u.id), "id_str": u.id, "screen_name": u.handle, "name": u.name}
}

// legacyPost is a post as API v1.1 shows it, with what the request asked for.
func (p *Platform) legacyPost(a *post, asked url.Values) map[string]any {
	text, links := shorten(a)
	shown := map[string]any{
		"id": numeric(a.id), "id_str": a.id, "created_at": a.at.Format(time.RubyDate), "lang": "und", "retweet_count": 0,
		"in_reply_to_status_id": nil, "in_reply_to_status_id_str": nil, "in_reply_to_user_id": nil, "in_reply_to_user_id_str": nil,
		"in_reply_to_screen_name": nil, "is_quote_status": a.quotes != nil, "truncated": false,
		"source": `<a href="https://x.com" rel="nofollow">X</a>`, "user": legacyUser(a.author),
	}
	if asked.Get("trim_user") == "true" {
		shown["user"] = map[string]any{"id": numeric(a.author.id), "id_str": a.author.id}
	}
	if asked.Get("include_entities") != "false" {
		shown["entities"] = p.legacyEntities(a, links)
	}
	switch length := utf8.RuneCountInString(text); {
	case asked.Get("tweet_mode") == "extended":
		shown["full_text"], shown["display_text_range"] = text, []int{0, length}
	case length > legacyCut:
		shown["text"], shown["truncated"] = string([]rune(text)[:legacyCut-1])+"…", true
	default:
		shown["text"] = text
	}
	if above := a.inReplyTo; above != nil {
		shown["in_reply_to_status_id"], shown["in_reply_to_status_id_str"] = numeric(above.id), above.id
		shown["in_reply_to_user_id"], shown["in_reply_to_user_id_str"] = numeric(above.author.id), above.author.id
		shown["in_reply_to_screen_name"] = above.author.handle
	}
	if q := a.quotes; q != nil {
		shown["quoted_status_id"], shown["quoted_status_id_str"] = numeric(q.id), q.id
	}
	if asked.Get("include_ext_edit_control") == "true" {
		shown["ext_edit_control"] = legacyVersions(a)
	}
	return shown
}

func legacyVersions(a *post) map[string]any {
	initial := map[string]any{
		"edit_tweet_ids": a.history, "editable_until_msecs": strconv.FormatInt(a.at.Add(30*time.Minute).UnixMilli(), 10),
		"is_edit_eligible": true, "edits_remaining": "5",
	}
	if len(a.history) == 1 {
		return map[string]any{"initial": initial}
	}
	return map[string]any{"edit": map[string]any{"initial_tweet_id": a.history[0], "edit_control_initial": initial}}
}

func (p *Platform) legacyEntities(a *post, links []map[string]any) map[string]any {
	names := []map[string]any{}
	for _, handle := range named(a.wireText()) {
		if u := p.users[handle]; u != nil {
			names = append(names, map[string]any{"screen_name": u.handle, "name": u.name, "id": numeric(u.id), "id_str": u.id, "indices": []int{0, 0}})
		}
	}
	if links == nil {
		links = []map[string]any{}
	}
	return map[string]any{"hashtags": []string{}, "symbols": []string{}, "user_mentions": names, "urls": links}
}

// legacyFilter streams what is posted from now on and holds one of the tracked
// words, and what is deleted, until the client goes away.
func (p *Platform) legacyFilter(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	fault := p.legacyEnter(w, r, nil, "POST /1.1/statuses/filter.json", 50)
	track := strings.Split(strings.ToLower(r.URL.Query().Get("track")), ",")
	posts, erased := len(p.posts), len(p.erased)
	p.mu.Unlock()
	if fault == nil && track[0] == "" {
		fault = &failure{status: http.StatusNotAcceptable, code: 0, detail: "At least one parameter is needed."}
	}
	if fault != nil {
		fault.write(w)
		return
	}
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	alive := time.NewTicker(30 * time.Second)
	defer alive.Stop()
	for {
		if out.Flush() != nil {
			return
		}
		p.mu.Lock()
		messages := p.legacyNews(&posts, &erased, track)
		changed := p.changed
		p.mu.Unlock()
		if len(messages) == 0 {
			select {
			case <-r.Context().Done():
				return
			case <-changed:
			case <-alive.C:
				messages = [][]byte{nil}
			}
		}
		for _, message := range messages {
			if _, err := w.Write(append(message, "\r\n"...)); err != nil {
				return
			}
		}
	}
}

// legacyNews are the messages about what came and went since the last time.
func (p *Platform) legacyNews(posts, erased *int, track []string) (messages [][]byte) {
	add := func(message any) {
		encoded, err := json.Marshal(message)
		if err == nil {
			messages = append(messages, encoded)
		}
	}
	for _, a := range p.posts[*posts:] {
		lower := strings.ToLower(a.wireText())
		if !a.deleted && slices.ContainsFunc(track, func(word string) bool { return strings.Contains(lower, word) }) {
			shown := p.legacyPost(a, nil)
			if cut, ok := shown["truncated"].(bool); ok && cut {
				text, links := shorten(a)
				shown["extended_tweet"] = map[string]any{"full_text": text, "entities": p.legacyEntities(a, links)}
			}
			add(shown)
		}
	}
	for _, a := range p.erased[*erased:] {
		add(map[string]any{"delete": map[string]any{"status": map[string]any{
			"id": numeric(a.id), "id_str": a.id, "user_id": numeric(a.author.id), "user_id_str": a.author.id,
		}}})
	}
	*posts, *erased = len(p.posts), len(p.erased)
	return messages
}
