package platform

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"standpunt/connectors/twitter"
)

// legacyRoutes lists the endpoints of API v1.1, with X's limits per user as they
// were.
func (p *Platform) legacyRoutes() {
	mode := []string{"tweet_mode", "trim_user", "include_entities", "include_ext_edit_control"}
	timeline := append([]string{"count", "since_id", "max_id"}, mode...)
	p.handleLegacy("GET /1.1/account/verify_credentials.json", 75, []string{"include_entities", "skip_status", "include_email"}, p.legacyMe)
	p.handleLegacy("GET /1.1/statuses/mentions_timeline.json", 75, timeline, p.legacyMentions)
	p.handleLegacy("GET /1.1/statuses/user_timeline.json", 900, append([]string{"user_id", "screen_name", "exclude_replies", "include_rts"}, timeline...), p.legacyOwn)
	p.handleLegacy("GET /1.1/statuses/show.json", 900, append([]string{"id"}, mode...), p.legacyShow)
	p.handleLegacy("GET /1.1/statuses/lookup.json", 900, append([]string{"id", "map"}, mode...), p.legacyLookup)
	p.handleLegacy("POST /1.1/statuses/update.json", 300, []string{
		"status", "in_reply_to_status_id", "auto_populate_reply_metadata", "exclude_reply_user_ids", "trim_user", "tweet_mode",
	}, p.legacyUpdate)
	p.handleLegacy("POST /1.1/statuses/destroy/{file}", 300, []string{"id", "trim_user", "tweet_mode"}, p.legacyDestroy)
	p.mux.HandleFunc("POST /1.1/statuses/filter.json", p.legacyFilter)
	p.mux.HandleFunc("/1.1/", func(w http.ResponseWriter, _ *http.Request) { noPage().write(w) })
}

func noPage() *failure {
	return &failure{status: http.StatusNotFound, code: 34, detail: "Sorry, that page does not exist."}
}

func noStatus() *failure {
	return &failure{status: http.StatusNotFound, code: 144, detail: "No status found with that ID."}
}

func badRequest(name string) *failure {
	return &failure{status: http.StatusBadRequest, code: 214, detail: "Bad request: " + name + "."}
}

// handleLegacy serves an endpoint of API v1.1: signature, limit and parameters, of
// the query and of the form, are checked first.
func (p *Platform) handleLegacy(endpoint string, limit int, params []string, f func(call) (any, *failure)) {
	p.mux.HandleFunc(endpoint, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		p.mu.Lock()
		defer p.mu.Unlock()
		fault := p.legacyEnter(w, r, body, endpoint, limit)
		if fault == nil && p.notPermitted(r) != nil {
			fault = &failure{status: http.StatusForbidden, code: 261, detail: "Application cannot perform write actions. Contact Twitter Platform Operations through https://support.x.com/forms/platform."}
		}
		if fault == nil && err != nil {
			fault = badRequest("the body is larger than allowed")
		}
		c := call{Request: r, query: r.URL.Query()}
		for name, values := range r.PostForm {
			c.query[name] = append(c.query[name], values...)
		}
		for name, values := range c.query {
			if fault == nil && (!slices.Contains(params, name) || len(values) != 1) {
				fault = badRequest(name)
			}
		}
		if fault != nil {
			fault.write(w)
			return
		}
		answer, fault := f(c)
		if fault != nil {
			fault.write(w)
			return
		}
		writeJSON(w, "application/json;charset=utf-8", http.StatusOK, answer)
	})
}

// legacyEnter checks a request's access level, signature and limit. The errors
// are those of API v1.1.
func (p *Platform) legacyEnter(w http.ResponseWriter, r *http.Request, body []byte, endpoint string, limit int) *failure {
	w.Header().Set("Date", time.Now().Add(p.o.Ahead).UTC().Format(http.TimeFormat))
	if p.o.NoLegacy {
		return &failure{status: http.StatusForbidden, code: 453, detail: "You currently have access to a subset of X API V2 endpoints and limited v1.1 endpoints only."}
	}
	r.PostForm = nil
	if r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return badRequest("the form")
		}
		r.PostForm = form
	}
	if fault := p.signed(r); fault != nil {
		switch {
		case fault.code != 0:
			return fault
		case r.Header.Get("Authorization") == "":
			return &failure{status: http.StatusBadRequest, code: 215, detail: "Bad Authentication data."}
		case p.anotherToken(r):
			return &failure{status: http.StatusUnauthorized, code: 89, detail: "Invalid or expired token."}
		}
		return &failure{status: http.StatusUnauthorized, code: 32, detail: "Could not authenticate you."}
	}
	w.Header().Set("X-Access-Level", p.accessLevel())
	if fault := refusals[p.o.Refuses]; fault != nil && fault.code != 0 {
		return fault
	}
	if p.count(w, endpoint, limit) != nil {
		return &failure{status: http.StatusTooManyRequests, code: 88, detail: "Rate limit exceeded"}
	}
	return nil
}

// anotherToken reports whether a request is of our app, and of another token than
// the brand's.
func (p *Platform) anotherToken(r *http.Request) bool {
	params, ok := authorization(r.Header.Get("Authorization"))
	return ok && params["oauth_consumer_key"] == p.o.ConsumerKey && params["oauth_token"] != p.o.AccessToken
}

func (p *Platform) legacyMe(call) (any, *failure) { return legacyUser(p.brand()), nil }

func (p *Platform) legacyMentions(c call) (any, *failure) {
	brand := p.brand()
	return p.legacyTimeline(c, 800, func(a *post) bool { return a.author != brand && mentions(a.wireText(), brand.handle) })
}

func (p *Platform) legacyOwn(c call) (any, *failure) {
	if id := c.query.Get("user_id"); id != "" && id != p.brand().id {
		return nil, noPage()
	}
	return p.legacyTimeline(c, 3200, func(a *post) bool { return a.author == p.brand() })
}

// legacyTimeline is a page of the newest posts that fit, newest first. The limit
// counts before deleted posts are left out, so a page can be short.
func (p *Platform) legacyTimeline(c call, most int, fits func(*post) bool) (any, *failure) {
	numbers := map[string]int64{"count": 20, "since_id": 0, "max_id": 1<<63 - 1}
	for name := range numbers {
		if !c.query.Has(name) {
			continue
		}
		n, err := strconv.ParseInt(c.query.Get(name), 10, 64)
		if err != nil || n < 0 {
			return nil, badRequest(name)
		}
		numbers[name] = n
	}
	size := min(int(numbers["count"]), 200, p.o.PageSize)
	page, taken, seen := []map[string]any{}, 0, 0
	for _, a := range slices.Backward(p.posts) {
		if a.newer != nil || !fits(a) {
			continue
		}
		id, _ := strconv.ParseInt(a.id, 10, 64)
		if seen++; seen > most || id <= numbers["since_id"] || taken == size {
			break
		}
		if id > numbers["max_id"] {
			continue
		}
		if taken++; !a.deleted {
			page = append(page, p.legacyPost(a, c.query))
		}
	}
	return page, nil
}

func (p *Platform) legacyShow(c call) (any, *failure) {
	found := p.byID[c.query.Get("id")]
	if found == nil || found.deleted {
		return nil, noStatus()
	}
	return p.legacyPost(found, c.query), nil
}

func (p *Platform) legacyLookup(c call) (any, *failure) {
	ids := strings.Split(c.query.Get("id"), ",")
	if len(ids) > 100 {
		return nil, &failure{status: http.StatusForbidden, code: 18, detail: "Too many terms specified in query."}
	}
	page := []map[string]any{}
	for _, id := range ids {
		if found := p.byID[id]; found != nil && !found.deleted {
			page = append(page, p.legacyPost(found, c.query))
		}
	}
	return page, nil
}

func (p *Platform) legacyUpdate(c call) (any, *failure) {
	forbidden := func(code int, detail string) (any, *failure) {
		return nil, &failure{status: http.StatusForbidden, code: code, detail: detail}
	}
	text := c.query.Get("status")
	if strings.TrimSpace(text) == "" {
		return forbidden(170, "Missing required parameter: status.")
	}
	if twitter.WeightedLength(text) > twitter.Limit {
		return forbidden(186, "Tweet needs to be a bit shorter.")
	}
	above := p.byID[c.query.Get("in_reply_to_status_id")]
	if c.query.Has("in_reply_to_status_id") && (above == nil || above.deleted) {
		return forbidden(385, "You attempted to reply to a Tweet that is deleted or not visible to you.")
	}
	switch {
	case above == nil:
	case !p.answerable(above):
		return forbidden(433, "The original Tweet author restricted who can reply to this Tweet.")
	case c.query.Get("auto_populate_reply_metadata") != "true" && !mentions(text, above.author.handle):
		above = nil // the parameter is ignored, without an error
	}
	draft := &post{text: text, author: p.brand(), inReplyTo: above}
	for _, a := range p.posts {
		if a.author == p.brand() && !a.deleted && a.wireText() == draft.wireText() {
			return forbidden(187, "Status is a duplicate.")
		}
	}
	p.put(draft)
	return p.legacyPost(draft, c.query), nil
}

func (p *Platform) legacyDestroy(c call) (any, *failure) {
	id, isJSON := strings.CutSuffix(c.PathValue("file"), ".json")
	found := p.byID[id]
	switch {
	case !isJSON:
		return nil, noPage()
	case found == nil || found.deleted:
		return nil, noStatus()
	case found.author != p.brand():
		return nil, &failure{status: http.StatusForbidden, code: 183, detail: "You may not delete another user's status."}
	}
	p.erase(found)
	return p.legacyPost(found, c.query), nil
}
