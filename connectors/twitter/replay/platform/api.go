package platform

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"standpunt/connectors/twitter"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 8 << 20

// call is one request that was let in.
type call struct {
	*http.Request
	query url.Values
	body  []byte
	words words
	asked map[string]bool // fields and expansions
	user  *user           // who sent it
}

// routes lists the endpoints, with X's limits per user.
func (p *Platform) routes() {
	timeline := []string{"max_results", "since_id", "until_id", "pagination_token", "expansions", "user.fields"}
	p.handle("GET /2/users/me", 75, []string{"user.fields"}, p.me)
	p.handle("GET /2/users", 300, []string{"ids", "user.fields"}, p.usersByID)
	p.handle("GET /2/users/{id}/mentions", 300, timeline, p.mentionsOf)
	p.handle("GET /2/users/{id}/tweets", 900, timeline, p.postsOf)
	p.handle("GET /2/tweets/{id}", 900, []string{"expansions", "user.fields", "media.fields"}, p.one)
	p.handle("POST /2/tweets", 100, nil, p.create)
	p.handle("DELETE /2/tweets/{id}", 50, nil, p.remove)
	p.mux.HandleFunc("POST /oauth2/token", p.appToken)
	p.handle("POST /2/media/upload", 500, nil, p.bring)
	p.handle("POST /2/media/metadata", 500, nil, p.describe)
	p.wider()
	p.mux.HandleFunc("POST /replay/posts", p.sayByHand)
	p.mux.HandleFunc("POST /replay/edit", p.changeByHand)
	p.mux.HandleFunc("POST /replay/delete", p.changeByHand)
	p.mux.HandleFunc("GET /control/bill", p.billByHand)
	p.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(http.StatusNotFound, "Not Found").write(w)
	})
}

// handle serves an endpoint: signature, limit and parameters are checked first.
func (p *Platform) handle(endpoint string, limit int, params []string, f func(call) (int, any, *failure)) {
	p.handleAs(p.admitted, endpoint, limit, params, f)
}

// handleAs is handle with another way to tell who calls.
func (p *Platform) handleAs(who func(*http.Request, string) (*user, *failure), endpoint string, limit int, params []string, f func(call) (int, any, *failure)) {
	p.mux.HandleFunc(endpoint, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		p.mu.Lock()
		defer p.mu.Unlock()
		c := call{Request: r, query: r.URL.Query(), body: body, words: tweetWords}
		w.Header().Set("Date", time.Now().Add(p.o.Ahead).UTC().Format(http.TimeFormat))
		user, fault := who(r, endpoint)
		c.user = user
		if fault == nil {
			w.Header().Set("X-Access-Level", p.accessLevel())
			if fault = refusals[p.o.Refuses]; fault == nil {
				fault = p.notPermitted(r)
			}
		}
		if fault == nil {
			fault = p.count(w, endpoint, limit)
		}
		if fault == nil && err != nil {
			fault = invalid("body", "larger than allowed")
		}
		if fault == nil {
			fault = p.parameters(&c, params)
		}
		if fault != nil {
			fault.write(w)
			return
		}
		status, answer, fault := f(c)
		if fault != nil {
			fault.write(w)
			return
		}
		writeJSON(w, "application/json", status, answer)
	})
}

// parameters refuses every parameter that the endpoint does not take.
func (p *Platform) parameters(c *call, params []string) *failure {
	c.asked = make(map[string]bool)
	for name, values := range c.query {
		isFields := (name == "tweet.fields" && p.o.Vocabulary != "post" || name == "post.fields" && p.o.Vocabulary != "tweet") &&
			slices.Contains(params, "expansions")
		if !isFields && !slices.Contains(params, name) || len(values) != 1 {
			return invalid(name, "The query parameter ["+name+"] is not one of ["+strings.Join(params, ",")+"]")
		}
		if name == "post.fields" {
			c.words = postWords
		}
	}
	known := []string{
		"author_id", "created_at", "conversation_id", "in_reply_to_user_id", "entities", "lang", "display_text_range",
		c.words.note, c.words.referenced, c.words.history,
	}
	if slices.Contains(params, "media.fields") {
		known = append(known, "attachments.media_keys")
	}
	if slices.Contains(params, "dm_event.fields") {
		known = []string{"sender_id"}
	}
	for _, name := range []string{c.words.fields, "expansions"} {
		for field := range strings.SplitSeq(c.query.Get(name), ",") {
			if field != "" && !slices.Contains(known, field) {
				return invalid(name, "["+field+"] is not one of ["+strings.Join(known, ",")+"]")
			}
			c.asked[field] = true
			c.asked["expanded"] = c.asked["expanded"] || name == "expansions" && field == "author_id"
		}
	}
	return nil
}

func (p *Platform) me(c call) (int, any, *failure) {
	p.charge(UserRead, c.user.id)
	return http.StatusOK, map[string]any{"data": showUser(c.user)}, nil
}

// usersByID gives up to 100 users; those that are not there are named in errors
// beside the others.
func (p *Platform) usersByID(c call) (int, any, *failure) {
	ids := strings.Split(c.query.Get("ids"), ",")
	if c.query.Get("ids") == "" || len(ids) > 100 {
		return 0, nil, invalid("ids", "size must be between 1 and 100")
	}
	byID := make(map[string]*user)
	for _, u := range p.users {
		byID[u.id] = u
	}
	var data []map[string]string
	var missing []map[string]any
	for _, id := range ids {
		if _, err := strconv.ParseInt(id, 10, 64); err != nil {
			return 0, nil, invalid("ids", "["+id+"] is not valid")
		}
		u := byID[id]
		if u == nil {
			missing = append(missing, map[string]any{
				"type": "https://api.twitter.com/2/problems/resource-not-found", "title": "Not Found Error",
				"detail": "Could not find user with ids: [" + id + "].", "resource_type": "user", "resource_id": id, "parameter": "ids", "value": id,
			})
			continue
		}
		p.charge(UserRead, u.id)
		data = append(data, showUser(u))
	}
	answer := make(map[string]any)
	if data != nil {
		answer["data"] = data
	}
	if missing != nil {
		answer["errors"] = missing
	}
	return http.StatusOK, answer, nil
}

func (p *Platform) mentionsOf(c call) (int, any, *failure) {
	brand := p.brand()
	return p.timeline(c, 800, func(a *post) bool { return a.author != brand && mentions(a.wireText(), brand.handle) })
}

func (p *Platform) postsOf(c call) (int, any, *failure) {
	brand := p.brand()
	return p.timeline(c, 3200, func(a *post) bool { return a.author == brand })
}

// timeline is a page of the newest posts that fit, newest first.
func (p *Platform) timeline(c call, most int, fits func(*post) bool) (int, any, *failure) {
	if id := c.PathValue("id"); id != "" && (id != p.brand().id || c.user != p.brand()) {
		return 0, nil, refuse(http.StatusForbidden, "You are not permitted to perform this action.")
	}
	numbers := map[string]int64{
		"max_results": 10, "since_id": 0, "until_id": 1<<63 - 1, "pagination_token": 1<<63 - 1, "next_token": 1<<63 - 1,
	}
	for name := range numbers {
		given := strings.TrimPrefix(c.query.Get(name), "before-")
		if !c.query.Has(name) {
			continue
		}
		n, err := strconv.ParseInt(given, 10, 64)
		if err != nil || n < 0 || name == "max_results" && (n < 5 || n > 100) {
			return 0, nil, invalid(name, "["+given+"] is not valid")
		}
		numbers[name] = n
	}
	size := min(int(numbers["max_results"]), p.o.PageSize)
	data, users, meta, seen := []map[string]any{}, map[string]map[string]string{}, map[string]any{}, 0
	for _, a := range slices.Backward(p.posts) {
		if a.deleted || a.newer != nil || !fits(a) {
			continue
		}
		id, _ := strconv.ParseInt(a.id, 10, 64)
		if seen++; seen > most || id <= numbers["since_id"] {
			break
		}
		if id >= numbers["until_id"] || id >= min(numbers["pagination_token"], numbers["next_token"]) {
			continue
		}
		if len(data) == size {
			meta["next_token"] = "before-" + meta["oldest_id"].(string)
			break
		}
		if len(data) == 0 {
			meta["newest_id"] = a.id
		}
		meta["oldest_id"] = a.id
		if c.PathValue("id") == "" {
			p.charge(PostRead, a.id)
		} else {
			p.charge(p.owned(), a.id)
		}
		data = append(data, p.show(a, c.words, c.asked))
		users[a.author.id] = showUser(a.author)
	}
	meta["result_count"] = len(data)
	answer := map[string]any{"meta": meta}
	if len(data) > 0 {
		answer["data"] = data
		if strings.Contains(c.query.Get("expansions"), "author_id") {
			var list []map[string]string
			for _, u := range users {
				p.charge(UserRead, u["id"])
				list = append(list, u)
			}
			answer["includes"] = map[string]any{"users": list}
		}
	}
	return http.StatusOK, answer, nil
}

func (p *Platform) one(c call) (int, any, *failure) {
	id := c.PathValue("id")
	found := p.byID[id]
	if found == nil || found.deleted {
		return http.StatusOK, notFound(id), nil
	}
	p.charge(PostRead, id)
	answer, included := map[string]any{"data": p.show(found, c.words, c.asked)}, make(map[string]any)
	if c.asked["expanded"] {
		included["users"] = []any{showUser(found.author)}
		p.charge(UserRead, found.author.id)
	}
	if c.asked["attachments.media_keys"] && len(found.pictures) > 0 {
		included["media"] = found.showPictures(c.query.Get("media.fields"))
		for _, u := range found.pictures {
			p.charge(MediaRead, u.key())
		}
	}
	if len(included) > 0 {
		answer["includes"] = included
	}
	return http.StatusOK, answer, nil
}

func (p *Platform) create(c call) (int, any, *failure) {
	var body struct {
		Text  string `json:"text"`
		Reply *struct {
			To string `json:"in_reply_to_tweet_id"`
		} `json:"reply"`
		Media struct {
			IDs []string `json:"media_ids"`
		} `json:"media"`
	}
	if fault := decode(c.body, &body); fault != nil {
		return 0, nil, fault
	}
	if strings.TrimSpace(body.Text) == "" {
		return 0, nil, invalid("text", "must not be empty")
	}
	if twitter.WeightedLength(body.Text) > twitter.Limit {
		return 0, nil, refuse(http.StatusForbidden, "Your Tweet text is too long.")
	}
	var above *post
	if body.Reply != nil {
		above = p.byID[body.Reply.To]
		if above == nil || above.deleted {
			return 0, nil, refuse(http.StatusForbidden, "You attempted to reply to a Tweet that is deleted or not visible to you.")
		}
		if !p.answerable(above) {
			return 0, nil, refuse(http.StatusForbidden, "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the author of the post you are replying to.")
		}
	}
	draft := &post{text: body.Text, author: p.brand(), inReplyTo: above}
	for _, a := range p.posts {
		if a.author == p.brand() && !a.deleted && a.wireText() == draft.wireText() {
			return 0, nil, refuse(http.StatusForbidden, "You are not allowed to create a Tweet with duplicate content.")
		}
	}
	media, fault := p.attached(body.Media.IDs)
	if fault != nil {
		return 0, nil, fault
	}
	for _, u := range media {
		u.used = true
	}
	draft.pictures = media
	p.put(draft)
	p.chargeCreated(body.Text, above)
	return http.StatusCreated, map[string]any{"data": map[string]any{
		"id": draft.id, "text": p.showText(draft, draft.wireText()).text, "edit_history_tweet_ids": draft.history,
	}}, nil
}

func (p *Platform) remove(c call) (int, any, *failure) {
	found := p.byID[c.PathValue("id")]
	if found == nil || found.deleted {
		return 0, nil, &failure{status: http.StatusNotFound, code: 144, detail: "No status found with that ID."}
	}
	if found.author != p.brand() {
		return 0, nil, refuse(http.StatusForbidden, "You are not authorized to delete this Tweet.")
	}
	p.erase(found)
	p.charge(Managed, "")
	return http.StatusOK, map[string]any{"data": map[string]bool{"deleted": true}}, nil
}

// sayByHand lets anybody post: a Draft in JSON.
func (p *Platform) sayByHand(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var d Draft
	if fault := decode(body, &d); err != nil || fault != nil || d.Author == "" || d.Text == "" {
		invalid("body", `send {"author":"jan","text":"@brand hello","in_reply_to":"","quotes":""}`).write(w)
		return
	}
	id := p.Say(d)
	if id == "" {
		refuse(http.StatusNotFound, "what it answers or quotes does not stand").write(w)
		return
	}
	writeJSON(w, "application/json", http.StatusCreated, map[string]string{"id": id})
}

// changeByHand lets a post's author edit it, or delete it with all its versions.
func (p *Platform) changeByHand(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var change struct {
		ID   string `json:"id"`
		Text string `json:"text"`
	}
	edit, fault := r.URL.Path == "/replay/edit", decode(body, &change)
	if err != nil || fault != nil || change.ID == "" || edit == (change.Text == "") {
		invalid("body", `send {"id":"17","text":"@brand hello again"} to /replay/edit, or {"id":"17"} to /replay/delete`).write(w)
		return
	}
	id := ""
	if edit {
		id = p.Revise(change.ID, change.Text)
	} else if p.Erase(change.ID) {
		id = change.ID
	}
	if id == "" {
		refuse(http.StatusNotFound, "there is no such post").write(w)
		return
	}
	writeJSON(w, "application/json", http.StatusOK, map[string]string{"id": id})
}

// decode reads one JSON object strictly.
func decode(body []byte, into any) *failure {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil || d.More() {
		return invalid("$", "is not what the schema defines")
	}
	return nil
}
