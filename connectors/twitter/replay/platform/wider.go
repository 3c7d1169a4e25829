package platform

import (
	"crypto/subtle"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// wider lists the endpoints beside the brand's own timelines: searches, streams,
// messages and hiding.
func (p *Platform) wider() {
	p.handleAs(p.asApp, "GET /2/tweets/search/recent", 450,
		[]string{"query", "max_results", "since_id", "until_id", "next_token", "expansions", "user.fields"}, p.search)
	p.handleAs(p.asApp, "GET /2/tweets/search/stream/rules", 450, []string{"max_results", "pagination_token"}, p.listRules)
	p.handleAs(p.asApp, "POST /2/tweets/search/stream/rules", 100, []string{"dry_run"}, p.changeRules)
	p.handleAs(p.asApp, "GET /2/activity/subscriptions", 500, nil, p.listSubscriptions)
	p.handleAs(p.bySignIn, "POST /2/activity/subscriptions", 500, nil, p.subscribe)
	p.handleAs(p.asApp, "DELETE /2/activity/subscriptions/{id}", 500, nil, p.unsubscribe)
	p.handleAs(p.asApp, "DELETE /2/connections/all", 25, nil, p.killAll)
	p.handle("PUT /2/tweets/{id}/hidden", 50, nil, p.hide)
	messages := []string{"max_results", "event_types", "dm_event.fields", "expansions", "user.fields", "pagination_token"}
	p.handle("GET /2/dm_events", 15, messages, p.listMessages)
	p.handle("GET /2/dm_conversations/with/{other}/dm_events", 15, messages, p.listMessages)
	p.handle("POST /2/dm_conversations/with/{other}/messages", 15, nil, p.sendMessage)
	p.mux.HandleFunc("GET /2/tweets/search/stream", p.filteredStream)
	p.mux.HandleFunc("GET /2/activity/stream", p.activityStream)
	p.mux.HandleFunc("POST /replay/messages", p.messageByHand)
	p.mux.HandleFunc("POST /replay/streams", p.mischiefByHand)
}

// asApp is appOnly for an endpoint; no user calls.
func (p *Platform) asApp(r *http.Request, _ string) (*user, *failure) { return nil, p.appOnly(r) }

// bySignIn is who sent a request that X's reference asks a sign-in with OAuth 2.0
// for; a guide by X's developers says that the four keys will do.
func (p *Platform) bySignIn(r *http.Request, endpoint string) (*user, *failure) {
	if fault := noKeys(r, "OAuth 2.0 User Context"); fault != nil {
		return nil, fault
	}
	return p.admitted(r, endpoint)
}

// noKeys refuses a request that is signed with OAuth 1.0a; other is what X takes.
func noKeys(r *http.Request, other string) *failure {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "OAuth ") {
		return nil
	}
	return &failure{
		status: http.StatusForbidden, kind: "https://api.twitter.com/2/problems/unsupported-authentication", title: "Unsupported Authentication",
		detail: "Authenticating with OAuth 1.0a User Context is forbidden for this endpoint. Supported authentication types are [" + other + "].",
	}
}

// appOnly checks that the app itself calls; nil is yes.
func (p *Platform) appOnly(r *http.Request) *failure {
	if fault := noKeys(r, "OAuth 2.0 Application-Only"); fault != nil {
		return fault
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !ok || p.o.BearerToken == "" || subtle.ConstantTimeCompare([]byte(token), []byte(p.o.BearerToken)) != 1:
		return unauthorized()
	}
	return nil
}

const (
	mostRules    = 1000
	longestRule  = 1024
	longestQuery = 512
)

type rule struct {
	ID    string `json:"id"`
	Value string `json:"value"`
	Tag   string `json:"tag,omitempty"`
	match matcher
}

// AddRule sets a rule as another program with the same app does. It returns the
// rule's id, "" where the rule is none.
func (p *Platform) AddRule(value, tag string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	match, ok := parseQuery(value)
	if !ok {
		return ""
	}
	id, _ := p.newID()
	p.rules = append(p.rules, &rule{id, value, tag, match})
	return id
}

// Rules are the values of all rules with the tag.
func (p *Platform) Rules(tag string) (values []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.rules {
		if r.Tag == tag {
			values = append(values, r.Value)
		}
	}
	return values
}

func (p *Platform) listRules(call) (int, any, *failure) {
	meta := map[string]any{"sent": time.Now().UTC().Format(time.RFC3339), "result_count": len(p.rules)}
	if len(p.rules) == 0 {
		return http.StatusOK, map[string]any{"meta": meta}, nil
	}
	return http.StatusOK, map[string]any{"data": p.rules, "meta": meta}, nil
}

func (p *Platform) changeRules(c call) (int, any, *failure) {
	var body struct {
		Add []struct {
			Value string `json:"value"`
			Tag   string `json:"tag"`
		} `json:"add"`
		Delete *struct {
			IDs []string `json:"ids"`
		} `json:"delete"`
	}
	if fault := decode(c.body, &body); fault != nil {
		return 0, nil, fault
	}
	if (body.Add == nil) == (body.Delete == nil) {
		return 0, nil, invalid("body", "send either add or delete")
	}
	dry := c.query.Get("dry_run") == "true"
	if body.Delete != nil {
		before := len(p.rules)
		left := slices.DeleteFunc(slices.Clone(p.rules), func(r *rule) bool { return slices.Contains(body.Delete.IDs, r.ID) })
		if !dry {
			p.rules = left
		}
		return http.StatusOK, map[string]any{"meta": map[string]any{"summary": map[string]int{"deleted": before - len(left)}}}, nil
	}
	var made []*rule
	var faults []map[string]any
	for _, add := range body.Add {
		match, ok := parseQuery(add.Value)
		same := slices.ContainsFunc(p.rules, func(r *rule) bool { return r.Value == add.Value })
		id, _ := p.newID()
		switch {
		case !ok || add.Value == "" || utf8.RuneCountInString(add.Value) > longestRule:
			faults = append(faults, map[string]any{
				"value": add.Value, "details": []string{"the rule is not valid"}, "title": "UnprocessableEntity",
				"type": "https://api.twitter.com/2/problems/invalid-rules",
			})
		case same:
			faults = append(faults, map[string]any{
				"value": add.Value, "id": id, "title": "DuplicateRule", "type": "https://api.twitter.com/2/problems/duplicate-rules",
			})
		default:
			made = append(made, &rule{id, add.Value, add.Tag, match})
		}
	}
	if len(p.rules)+len(made) > mostRules {
		return 0, nil, &failure{
			status: http.StatusUnprocessableEntity, kind: "https://api.twitter.com/2/problems/rule-cap", title: "RulesCapExceeded",
			detail: "Rule set exceeds the maximum of 1000 rules.",
		}
	}
	summary := map[string]int{"created": len(made), "not_created": len(faults), "valid": len(made), "invalid": len(faults)}
	answer := map[string]any{"meta": map[string]any{"sent": time.Now().UTC().Format(time.RFC3339), "summary": summary}}
	if len(faults) > 0 { // all or none
		answer["errors"] = faults
		return http.StatusOK, answer, nil
	}
	if !dry {
		p.rules = append(p.rules, made...)
	}
	answer["data"] = made
	return http.StatusCreated, answer, nil
}

func (p *Platform) search(c call) (int, any, *failure) {
	query := c.query.Get("query")
	match, ok := parseQuery(query)
	if !ok || utf8.RuneCountInString(query) > longestQuery {
		return 0, nil, invalid("query", "There were errors processing your request")
	}
	if since, err := strconv.ParseInt(c.query.Get("since_id"), 10, 64); err == nil {
		if oldest := (time.Now().Add(-7*24*time.Hour).UnixMilli() - epoch) << 22; since > 0 && since < oldest {
			return 0, nil, invalid("since_id", "'since_id' must be a tweet id created after the last 7 days")
		}
	}
	if size, err := strconv.Atoi(c.query.Get("max_results")); c.query.Has("max_results") && (err != nil || size < 10) {
		return 0, nil, invalid("max_results", "is not between 10 and 100")
	}
	return p.timeline(c, 1<<30, func(a *post) bool { return match(a) })
}

func (p *Platform) hide(c call) (int, any, *failure) {
	var body struct {
		Hidden *bool `json:"hidden"`
	}
	if fault := decode(c.body, &body); fault != nil || body.Hidden == nil {
		return 0, nil, invalid("hidden", "is required")
	}
	found := p.byID[c.PathValue("id")]
	switch {
	case found == nil || found.deleted:
		return 0, nil, &failure{
			status: http.StatusNotFound, kind: "https://api.twitter.com/2/problems/resource-not-found", title: "Not Found Error",
			detail: "Could not find tweet with id: [" + c.PathValue("id") + "].",
		}
	case found.inReplyTo == nil || found.root().author != p.brand():
		return 0, nil, refuse(http.StatusForbidden, "You can only hide replies to conversations you started.")
	}
	found.hidden = *body.Hidden
	p.charge(Managed, "")
	return http.StatusOK, map[string]any{"data": map[string]bool{"hidden": found.hidden}}, nil
}

// Hidden reports whether a reply is hidden.
func (p *Platform) Hidden(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.byID[id]
	return found != nil && found.hidden
}
