package platform

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// failure is an error in one of X's shapes: with a code the legacy one, else a
// problem.
type failure struct {
	status       int
	code         int
	kind, title  string
	detail       string
	invalidField string
	issue        string // of a stream's connection
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
	if f.issue != "" {
		body["connection_issue"] = f.issue
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
type words struct{ fields, referenced, history, note string }

var (
	tweetWords = words{"tweet.fields", "referenced_tweets", "edit_history_tweet_ids", "note_tweet"}
	postWords  = words{"post.fields", "referenced_posts", "edit_history_post_ids", "note_post"}
)

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
