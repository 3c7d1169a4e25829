package platform

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"strconv"
	"strings"
	"time"

	"standpunt/connectors/twitter"
)

// failure is an error in one of X's shapes: with a code the legacy one, else a
// problem.
type failure struct {
	status       int
	code         int
	kind, title  string
	detail       string
	invalidField string
}

func unauthorized() *failure { return refuse(http.StatusUnauthorized, "Unauthorized") }

func refuse(status int, detail string) *failure { return &failure{status: status, detail: detail} }

func invalid(name, detail string) *failure {
	return &failure{
		status: http.StatusBadRequest, kind: "https://api.twitter.com/2/problems/invalid-request", title: "Invalid Request",
		detail: "One or more parameters to your request was invalid.", invalidField: name + ": " + detail,
	}
}

func (f *failure) write(w http.ResponseWriter) {
	type legacy struct {
		Code    int    `json:"code,omitempty"`
		Message string `json:"message"`
	}
	if f.code != 0 {
		writeJSON(w, "application/json", f.status, map[string]any{"errors": []legacy{{f.code, f.detail}}})
		return
	}
	body := map[string]any{"type": "about:blank", "title": http.StatusText(f.status), "detail": f.detail, "status": f.status}
	if f.kind != "" {
		body["type"], body["title"] = f.kind, f.title
	}
	if f.invalidField != "" {
		body["errors"] = []legacy{{0, f.invalidField}}
	}
	writeJSON(w, "application/problem+json", f.status, body)
}

func writeJSON(w http.ResponseWriter, kind string, status int, body any) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that went away misses it
}

// notFound is the error beside a 200.
func notFound(id string) map[string]any {
	return map[string]any{"errors": []map[string]any{{
		"type": "https://api.twitter.com/2/problems/resource-not-found", "title": "Not Found Error",
		"detail": "Could not find tweet with id: [" + id + "].", "resource_type": "tweet", "resource_id": id, "parameter": "id", "value": id,
	}}}
}

// words are the names of one vocabulary.
type words struct{ fields, referenced, history, includes string }

var (
	tweetWords = words{"tweet.fields", "referenced_tweets", "edit_history_tweet_ids", "tweets"}
	postWords  = words{"post.fields", "referenced_posts", "edit_history_post_ids", "posts"}
)

// show is a post with the fields that were asked for.
func (p *Platform) show(a *post, w words, asked map[string]bool) map[string]any {
	text, links := shorten(a)
	shown := map[string]any{"id": a.id, "text": text, w.history: a.versions()}
	if asked["author_id"] && (asked["expanded"] || !p.o.ExpandAuthors) {
		shown["author_id"] = a.author.id
	}
	if asked["created_at"] {
		shown["created_at"] = a.at.Format("2006-01-02T15:04:05.000Z")
	}
	if asked["conversation_id"] {
		root := a
		for root.inReplyTo != nil {
			root = root.inReplyTo
		}
		shown["conversation_id"] = root.history[0]
	}
	if asked["in_reply_to_user_id"] && a.inReplyTo != nil {
		shown["in_reply_to_user_id"] = a.inReplyTo.author.id
	}
	if asked[w.referenced] {
		var refs []map[string]string
		if a.inReplyTo != nil {
			refs = append(refs, map[string]string{"type": "replied_to", "id": a.inReplyTo.id})
		}
		if a.quotes != nil {
			refs = append(refs, map[string]string{"type": "quoted", "id": a.quotes.id})
		}
		if refs != nil {
			shown[w.referenced] = refs
		}
	}
	if asked["entities"] {
		entities := map[string]any{}
		if links != nil {
			entities["urls"] = links
		}
		var tags []map[string]string
		for _, handle := range named(a.wireText()) {
			if u := p.users[handle]; u != nil {
				tags = append(tags, map[string]string{"username": u.handle, "id": u.id})
			}
		}
		if tags != nil {
			entities["mentions"] = tags
		}
		if len(entities) > 0 {
			shown["entities"] = entities
		}
	}
	return shown
}

// shorten is the text as the API gives it: links as t.co, and &, <, > as
// entities.
func shorten(a *post) (string, []map[string]any) {
	full := a.wireText()
	var b strings.Builder
	var links []map[string]any
	from := 0
	for i, l := range twitter.Links(full) {
		target := full[l.From:l.To]
		if !l.Scheme {
			target = "http://" + target
		}
		short := fmt.Sprintf("https://t.co/%s%02d", strconv.FormatInt(a.at.UnixMilli(), 36), i)
		links = append(links, map[string]any{"url": short, "expanded_url": target, "display_url": full[l.From:l.To]})
		b.WriteString(full[from:l.From] + short)
		from = l.To
	}
	b.WriteString(full[from:])
	return strings.NewReplacer("&", html.EscapeString("&"), "<", "&lt;", ">", "&gt;").Replace(b.String()), links
}

func showUser(u *user) map[string]string {
	return map[string]string{"id": u.id, "username": u.handle, "name": u.name}
}

// count counts a call against its limit, and refuses it beyond that.
func (p *Platform) count(w http.ResponseWriter, endpoint string, limit int) *failure {
	if other, ok := p.o.Limits[endpoint]; ok {
		limit = other
	}
	now, at := time.Now(), p.windows[endpoint]
	if at == nil || now.After(at.reset) {
		at = &window{left: limit, reset: now.Add(15 * time.Minute)}
		p.windows[endpoint] = at
	}
	at.left--
	w.Header().Set("X-Rate-Limit-Limit", strconv.Itoa(limit))
	w.Header().Set("X-Rate-Limit-Remaining", strconv.Itoa(max(at.left, 0)))
	w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(at.reset.Unix(), 10))
	if at.left < 0 {
		return refuse(http.StatusTooManyRequests, "Too Many Requests")
	}
	return nil
}
