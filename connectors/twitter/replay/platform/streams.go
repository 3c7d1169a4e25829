package platform

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// keepAlive is how often a stream gives a sign of life.
const keepAlive = 20 * time.Second

// Mischief is what the streams do beside what they should.
type Mischief struct {
	Stall     bool   `json:"stall"`     // they send nothing, no sign of life either
	Duplicate bool   `json:"duplicate"` // each line comes twice
	Reorder   int    `json:"reorder"`   // so many lines are held back, and come the other way round
	Cut       bool   `json:"cut"`       // those that are connected are cut off, once
	Say       string `json:"say"`       // the line that those connected are sent before Cut, if any
}

// streams are the connections that stand.
type streams struct {
	connections map[string]*connection // by endpoint
	mischief    Mischief
	connects    map[string]int // how often each endpoint was connected to
}

// connection is one client of a stream.
type connection struct {
	filtered bool
	asked    map[string]bool
	expand   bool
	lines    chan []byte
	held     [][]byte
	cut      chan struct{}
}

// send queues a line; a client too slow for the queue is cut off, as X does.
func (c *connection) send(line []byte) {
	select {
	case c.lines <- line:
	default:
		c.end()
	}
}

func (c *connection) end() {
	select {
	case <-c.cut:
	default:
		close(c.cut)
	}
}

// Upset changes what the streams do from now on, the connected ones too.
func (p *Platform) Upset(m Mischief) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mischief = m
	for path, c := range p.connections {
		if m.Cut {
			delete(p.connections, path)
		}
		if m.Say != "" {
			c.send([]byte(m.Say))
		}
		if m.Reorder == 0 {
			c.release()
		}
		if m.Cut && m.Say == "" {
			c.end()
		} else if m.Cut {
			close(c.lines)
		}
	}
}

// Connects is how often a stream was connected to: "/2/activity/stream".
func (p *Platform) Connects(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.connects[path]
}

// Connected reports whether a client stands at the stream.
func (p *Platform) Connected(path string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.connections[path] != nil
}

func (c *connection) release() {
	for _, line := range slices.Backward(c.held) {
		c.send(line)
	}
	c.held = nil
}

// push gives a line to one connection, with what mischief is afoot.
func (p *Platform) push(c *connection, content any) {
	line, err := json.Marshal(content)
	if err != nil {
		return // what the platform itself made can be written
	}
	times := 1
	if p.mischief.Duplicate {
		times = 2
	}
	for range times {
		if p.mischief.Reorder > 0 {
			if c.held = append(c.held, line); len(c.held) >= p.mischief.Reorder {
				c.release()
			}
			continue
		}
		c.send(line)
	}
}

// tell gives a new post to whoever streams it.
func (p *Platform) tell(a *post) {
	if c := p.connections[filteredPath]; c != nil {
		if by := p.matching(a); by != nil {
			content := map[string]any{"data": p.show(a, tweetWords, c.asked), "matching_rules": by}
			p.charge(PostRead, a.id)
			if c.expand {
				p.charge(UserRead, a.author.id)
				content["includes"] = map[string]any{"users": []any{showUser(a.author)}}
			}
			p.push(c, content)
		}
	}
	if a.author == p.brand() {
		return
	}
	brand := p.brand()
	if mentions(a.text, brand.handle) {
		p.happen("post.mention.create", a)
	}
	if a.inReplyTo != nil && a.inReplyTo.author == brand {
		p.happen("post.reply.create", a)
	}
	if a.quotes != nil && a.quotes.author == brand {
		p.happen("post.quote.create", a)
	}
}

func (p *Platform) matching(a *post) (by []map[string]string) {
	for _, r := range p.rules {
		if r.match(a) {
			by = append(by, map[string]string{"id": r.ID, "tag": r.Tag})
		}
	}
	return by
}

// everything are all fields that the activity stream shows.
var everything = map[string]bool{
	"author_id": true, "created_at": true, "conversation_id": true, "in_reply_to_user_id": true, "entities": true,
	"lang": true, "display_text_range": true, "referenced_tweets": true, "note_tweet": true, "expanded": true,
}

// happen tells the activity stream of a post.
func (p *Platform) happen(event string, a *post) {
	users := []any{map[string]any{"data": showUser(a.author)}, showUser(p.brand())}
	with := map[string]any{"users": users, "tweets": []any{p.show(a, tweetWords, everything)}}
	if a.quotes != nil {
		with["tweets"] = []any{p.show(a, tweetWords, everything), p.show(a.quotes, tweetWords, everything)}
		with["users"] = append(users, showUser(a.quotes.author))
	}
	pictures := a.showPictures("alt_text,url")
	if pictures != nil {
		with["media"] = pictures
	}
	if p.event(event, p.show(a, tweetWords, everything), with) {
		p.charge(PostRead, a.id)
	}
}

// event sends one event for each subscription to it, and reports whether there is any.
func (p *Platform) event(kind string, payload, with any) (sent bool) {
	c := p.connections[activityPath]
	if c == nil {
		return false
	}
	for _, sub := range p.subscriptions {
		if sub.Type != kind {
			continue
		}
		id, _ := p.newID()
		data := map[string]any{"event_uuid": "-" + id, "event_type": kind, "filter": sub.Filter, "payload": payload}
		if sub.Tag != "" {
			data["tag"] = sub.Tag
		}
		if with != nil {
			data["includes"] = with
		}
		p.push(c, map[string]any{"data": data})
		sent = true
	}
	return sent
}

const (
	filteredPath = "/2/tweets/search/stream"
	activityPath = "/2/activity/stream"
)

func (p *Platform) filteredStream(w http.ResponseWriter, r *http.Request) {
	c := &connection{filtered: true, asked: make(map[string]bool), expand: strings.Contains(r.URL.Query().Get("expansions"), "author_id")}
	for name, values := range r.URL.Query() {
		if !slices.Contains([]string{"tweet.fields", "expansions", "user.fields"}, name) || len(values) != 1 {
			invalid(name, "The query parameter ["+name+"] is not one of [tweet.fields,expansions,user.fields]").write(w)
			return
		}
	}
	for field := range strings.SplitSeq(r.URL.Query().Get("tweet.fields"), ",") {
		if field != "" && !everything[field] && field != "edit_history_tweet_ids" {
			invalid("tweet.fields", "["+field+"] is not known").write(w)
			return
		}
		c.asked[field] = true
	}
	c.asked["expanded"] = c.expand
	p.serve(w, r, c)
}

func (p *Platform) activityStream(w http.ResponseWriter, r *http.Request) {
	if len(r.URL.Query()) > 0 {
		invalid("query", "takes no parameters").write(w)
		return
	}
	p.serve(w, r, &connection{})
}

// open lets one client of a stream in.
func (p *Platform) open(w http.ResponseWriter, r *http.Request, c *connection) *failure {
	p.mu.Lock()
	defer p.mu.Unlock()
	path := r.URL.Path
	if fault := p.appOnly(r); fault != nil {
		return fault
	}
	if fault := p.count(w, "GET "+path, 50); fault != nil {
		return fault
	}
	switch {
	case p.connections[path] != nil:
		return &failure{
			status: http.StatusTooManyRequests, issue: "TooManyConnections", title: "ConnectionException",
			kind: "https://api.twitter.com/2/problems/streaming-connection", detail: "This stream is currently at the maximum allowed connection limit.",
		}
	case c.filtered && len(p.rules) == 0:
		return &failure{
			status: http.StatusConflict, issue: "RuleConfigurationIssue", title: "ConnectionException",
			kind: "https://api.twitter.com/2/problems/streaming-connection", detail: "You must define rules for this stream before connecting.",
		}
	}
	c.lines, c.cut = make(chan []byte, 10_000), make(chan struct{})
	if p.connections == nil {
		p.connections = make(map[string]*connection)
	}
	if p.connects == nil {
		p.connects = make(map[string]int)
	}
	p.connections[path] = c
	p.connects[path]++
	return nil
}

func (p *Platform) leave(path string, c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.connections[path] == c {
		delete(p.connections, path)
	}
}

// serve streams until the client leaves or is cut off.
func (p *Platform) serve(w http.ResponseWriter, r *http.Request, c *connection) {
	if fault := p.open(w, r, c); fault != nil {
		fault.write(w)
		return
	}
	defer p.leave(r.URL.Path, c)
	flush := http.NewResponseController(w)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	_ = flush.Flush() // a client that went away is seen below
	every := p.o.KeepAlive
	if every == 0 {
		every = keepAlive
	}
	alive := time.NewTicker(every)
	defer alive.Stop()
	for {
		var line []byte
		select {
		case <-r.Context().Done():
			return
		case <-c.cut:
			panic(http.ErrAbortHandler) // in the middle of the body
		case said, ok := <-c.lines:
			if !ok {
				return
			}
			line = said
		case <-alive.C:
		}
		if p.stalled() {
			continue
		}
		if _, err := w.Write(append(line, "\r\n"...)); err != nil {
			return
		}
		if flush.Flush() != nil {
			return
		}
	}
}

func (p *Platform) stalled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mischief.Stall
}

func (p *Platform) killAll(call) (int, any, *failure) {
	killed := len(p.connections)
	for path, c := range p.connections {
		c.end()
		delete(p.connections, path)
	}
	return http.StatusOK, map[string]any{"data": map[string]int{"successful_kills": killed, "failed_kills": 0}}, nil
}

type subscription struct {
	ID     string            `json:"subscription_id"`
	Type   string            `json:"event_type"`
	Filter map[string]string `json:"filter"`
	Tag    string            `json:"tag,omitempty"`
}

// Subscriptions are the event types that are subscribed to under a tag.
func (p *Platform) Subscriptions(tag string) (types []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.subscriptions {
		if s.Tag == tag {
			types = append(types, s.Type)
		}
	}
	return types
}

func (p *Platform) listSubscriptions(call) (int, any, *failure) {
	answer := map[string]any{"meta": map[string]int{"total_subscriptions": len(p.subscriptions)}}
	if len(p.subscriptions) > 0 {
		answer["data"] = p.subscriptions
	}
	return http.StatusOK, answer, nil
}

var events = []string{"post.mention.create", "post.reply.create", "post.quote.create", "dm.received", "post.create", "post.delete"}

func (p *Platform) subscribe(c call) (int, any, *failure) {
	var body struct {
		Type   string            `json:"event_type"`
		Filter map[string]string `json:"filter"`
		Tag    string            `json:"tag"`
	}
	if fault := decode(c.body, &body); fault != nil {
		return 0, nil, fault
	}
	switch {
	case !slices.Contains(events, body.Type):
		return 0, nil, invalid("event_type", "["+body.Type+"] is not one of "+strings.Join(events, ","))
	case len(body.Filter) != 1 || body.Filter["user_id"] == "" || len(body.Tag) > 200:
		return 0, nil, invalid("filter", "needs a user_id")
	case body.Filter["user_id"] != p.brand().id:
		return 0, nil, refuse(http.StatusForbidden, "You are not permitted to subscribe to private events of this user.")
	case slices.ContainsFunc(p.subscriptions, func(s *subscription) bool { return s.Type == body.Type && s.Tag == body.Tag }):
		return 0, nil, invalid("event_type", "DuplicateSubscription")
	}
	id, _ := p.newID()
	made := &subscription{id, body.Type, body.Filter, body.Tag}
	p.subscriptions = append(p.subscriptions, made)
	return http.StatusOK, map[string]any{"data": made, "meta": map[string]int{"total_subscriptions": len(p.subscriptions)}}, nil
}

func (p *Platform) unsubscribe(c call) (int, any, *failure) {
	before := len(p.subscriptions)
	p.subscriptions = slices.DeleteFunc(p.subscriptions, func(s *subscription) bool { return s.ID == c.PathValue("id") })
	if len(p.subscriptions) == before {
		return 0, nil, refuse(http.StatusNotFound, "Not Found")
	}
	return http.StatusOK, map[string]any{"data": map[string]bool{"deleted": true}, "meta": map[string]int{"total_subscriptions": len(p.subscriptions)}}, nil
}

// mischiefByHand takes a Mischief in JSON.
func (p *Platform) mischiefByHand(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var m Mischief
	if fault := decode(body, &m); err != nil || fault != nil {
		invalid("body", `send {"stall":false,"duplicate":false,"reorder":0,"cut":true,"say":""}`).write(w)
		return
	}
	p.Upset(m)
	writeJSON(w, "application/json", http.StatusOK, m)
}
