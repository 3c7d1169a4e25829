package platform

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// refusal is an error as the Graph API tells it.
type refusal struct {
	Status  int    `json:"-"`
	Message string `json:"message"`
	Type    string `json:"type"`
	Code    int    `json:"code"`
	Subcode int    `json:"error_subcode,omitempty"`
	Trace   string `json:"fbtrace_id"`
}

func refuse(code, subcode int, message string) *refusal {
	return &refusal{Status: http.StatusBadRequest, Message: fmt.Sprintf("(#%d) %s", code, message), Type: "OAuthException", Code: code, Subcode: subcode, Trace: "AbCdEf"}
}

var gone = refuse(100, 33, "Unsupported request. Object does not exist, cannot be loaded due to missing permissions, or does not support this operation")

// ServeHTTP answers one call of the Graph API, or lets a customer write or
// send a message.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	if (r.URL.Path == "/customer" || r.URL.Path == "/customer/edit" || r.URL.Path == "/customer/remove") && r.Method == http.MethodPost {
		p.customer(w, r.URL.Path, r.Form)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if len(p.faults) > 0 {
		f := p.faults[0]
		p.faults = p.faults[1:]
		if f.Status == 0 {
			p.answer(w, r)
			return
		}
		if f.Carried {
			p.answer(httptest.NewRecorder(), r)
		}
		for name, value := range f.Header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte(f.Body))
		return
	}
	p.answer(w, r)
}

// customer lets somebody write: name, text, and the id that it stands under;
// with private=1 as a message; or change or take back what has the id.
func (p *Platform) customer(w http.ResponseWriter, path string, form url.Values) {
	s := Said{Name: form.Get("name"), Text: form.Get("text"), Picture: form.Get("picture") != ""}
	made, under, id := "", form.Get("under"), form.Get("id")
	switch {
	case path == "/customer/edit":
		if p.Edit(id, s.Text) || p.EditMessage(id, s.Text) {
			made = "changed"
		}
	case path == "/customer/remove":
		p.Unsend(id)
		p.Erase(id)
		made = "removed"
	case form.Get("private") != "":
		made = p.Write(s)
	case under != "":
		made = p.Comment(under, s)
	case form.Get("mention") != "":
		_, made = p.Mention(s)
	default:
		made = p.Visit(s)
	}
	if made == "" {
		http.Error(w, "there is no such post", http.StatusNotFound)
		return
	}
	_, _ = fmt.Fprintln(w, made)
}

func (p *Platform) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if p.o.Calls > 0 {
		regain := 0
		if p.calls > p.o.Calls {
			regain = 3
		}
		w.Header().Set("X-Business-Use-Case-Usage", fmt.Sprintf(`{"%s":[{"type":"pages","call_count":%d,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":%d}]}`,
			p.o.PageID, min(100, p.calls*100/p.o.Calls), regain))
	}
	got, no := p.call(r)
	if no != nil {
		w.WriteHeader(no.Status)
		got = map[string]any{"error": no}
	}
	_ = json.NewEncoder(w).Encode(got) // a client that hung up learns nothing
}

// known are the parameters of every call.
var known = []string{"access_token", "appsecret_proof", "format", "method"}

// check is the version, the token, the proof and the rate limit.
func (p *Platform) check(r *http.Request) (path string, no *refusal) {
	version, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if version != p.o.Version {
		return "", refuse(2635, 0, "You are calling a deprecated version of the Graph API")
	}
	given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		given = r.Form.Get("access_token")
	}
	if given != p.o.Token || given == "" {
		return "", refuse(190, 467, "Error validating access token")
	}
	if p.o.AppSecret != "" {
		mac := hmac.New(sha256.New, []byte(p.o.AppSecret))
		_, _ = mac.Write([]byte(given))
		if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(r.Form.Get("appsecret_proof"))) {
			return "", refuse(100, 0, "Invalid appsecret_proof provided in the API argument")
		}
	}
	if p.o.Calls > 0 && p.calls > p.o.Calls {
		return "", refuse(32, 0, "Page request limit reached")
	}
	return path, nil
}

func (p *Platform) call(r *http.Request) (any, *refusal) {
	path, no := p.check(r)
	if no != nil {
		return nil, no
	}
	method := r.Method
	if method == http.MethodPost && strings.EqualFold(r.Form.Get("method"), http.MethodDelete) {
		method = http.MethodDelete
	}
	which, edge, _ := strings.Cut(path, "/")
	switch {
	case path == "debug_token" && method == http.MethodGet:
		return p.inspect(r.Form)
	case which == p.o.PageID && edge == "" && method == http.MethodGet:
		return p.page(r.Form)
	case which == p.o.PageID && slices.Contains([]string{"feed", "visitor_posts", "tagged"}, edge) && method == http.MethodGet:
		return p.posts(edge, r.Form)
	case which == p.o.PageID && edge == "subscribed_apps" && method == http.MethodGet:
		return p.subscriptions(r.Form)
	case which == p.o.PageID && edge == "conversations" && method == http.MethodGet:
		return p.conversations(r.Form)
	case which == p.o.PageID && edge == "messages" && method == http.MethodPost:
		return p.send(r.Form)
	case strings.HasPrefix(which, "t_") && edge == "messages" && method == http.MethodGet:
		return p.dialogue(strings.TrimPrefix(which, "t_"), r.Form)
	case p.messages[which] != nil && edge == "" && method == http.MethodGet:
		return p.showMessage(p.messages[which], r.Form)
	}
	n := p.nodes[which]
	switch {
	case n == nil, p.blind && n.fromID != p.o.PageID:
		return nil, gone
	case edge == "" && method == http.MethodGet:
		return p.show(n, r.Form)
	case edge == "comments" && method == http.MethodGet:
		return p.comments(n, r.Form)
	case edge == "comments" && method == http.MethodPost:
		return p.write(n, r.Form)
	case edge == "" && method == http.MethodPost:
		return p.change(n, r.Form)
	case edge == "" && method == http.MethodDelete:
		if n.fromID != p.o.PageID && n.tagged {
			return nil, refuse(200, 0, "Permissions error")
		}
		p.erase(n.id)
		return map[string]any{"success": true}, nil
	}
	return nil, refuse(100, 0, "Unsupported request")
}

func only(form url.Values, names ...string) *refusal {
	for name := range form {
		if !slices.Contains(known, name) && !slices.Contains(names, name) {
			return refuse(100, 0, "Unknown parameter "+name)
		}
	}
	return nil
}

// pick leaves the fields that were asked for.
func pick(all map[string]any, form url.Values) (map[string]any, *refusal) {
	picked := map[string]any{"id": all["id"]}
	for _, field := range fields(form.Get("fields")) {
		value, ok := all[field]
		switch {
		case !ok && field != "":
			return nil, refuse(100, 0, "Tried accessing nonexisting field ("+field+")")
		case ok && value != nil:
			picked[field] = value
		}
	}
	return picked, nil
}

// fields are the names in a list such as "id,attachments{url,title}", without
// what the braces choose of them.
func fields(list string) (names []string) {
	level, name := 0, ""
	for _, r := range list + "," {
		switch {
		case r == '{':
			level++
		case r == '}':
			level--
		case r == ',' && level == 0:
			names, name = append(names, name), ""
		case level == 0:
			name += string(r)
		}
	}
	return names
}

func (p *Platform) page(form url.Values) (any, *refusal) {
	if no := only(form, "fields"); no != nil {
		return nil, no
	}
	return pickAny(map[string]any{"id": p.o.PageID, "name": p.o.PageName, "link": "https://www.facebook.com/" + p.o.PageID}, form)
}

func pickAny(all map[string]any, form url.Values) (any, *refusal) {
	picked, no := pick(all, form)
	if no != nil {
		return nil, no
	}
	return picked, nil
}

func (p *Platform) inspect(form url.Values) (any, *refusal) {
	if no := only(form, "input_token"); no != nil {
		return nil, no
	}
	data := map[string]any{"is_valid": form.Get("input_token") == p.o.Token, "profile_id": p.o.PageID, "scopes": p.o.Permissions, "expires_at": 0, "data_access_expires_at": 0, "type": "PAGE", "app_id": appID}
	if !p.o.TokenEnds.IsZero() {
		data["expires_at"] = p.o.TokenEnds.Unix()
	}
	return map[string]any{"data": data}, nil
}

const layout = "2006-01-02T15:04:05-0700"

func (p *Platform) view(n *node) map[string]any {
	v := map[string]any{
		"id": n.id, "message": n.message, "created_time": n.created.Format(layout), "from": nil,
		"permalink_url": "https://www.facebook.com/" + n.id,
	}
	if !n.nameless {
		v["from"] = map[string]any{"id": n.fromID, "name": n.fromName}
	}
	if n.post == "" {
		v["updated_time"], v["attachments"] = n.updated.Format(layout), nil
		v["is_hidden"] = n.hidden
		if n.picture {
			v["attachments"] = map[string]any{"data": []any{map[string]any{"media_type": "photo", "title": "", "url": "https://www.facebook.com/photo?of=" + n.id}}}
		}
		return v
	}
	maps.Copy(v, map[string]any{"parent": nil, "attachment": nil, "is_hidden": n.hidden, "can_reply_privately": p.mayReplyPrivately(n) == nil})
	if n.picture {
		v["attachment"] = map[string]any{"type": "photo", "title": "", "url": "https://www.facebook.com/photo?of=" + n.id}
	}
	if n.parent != "" {
		v["parent"] = map[string]any{"id": n.parent, "created_time": p.nodes[n.parent].created.Format(layout)}
	}
	return v
}

func (p *Platform) show(n *node, form url.Values) (any, *refusal) {
	if no := only(form, "fields"); no != nil {
		return nil, no
	}
	return pickAny(p.view(n), form)
}

func (p *Platform) posts(edge string, form url.Values) (any, *refusal) {
	if no := only(form, "fields", "limit", "after"); no != nil {
		return nil, no
	}
	var list []*node
	for _, n := range slices.Backward(p.order) {
		visitor := n.fromID != p.o.PageID
		if n.post == "" && !n.elsewhere && (edge == "tagged") == n.tagged && (edge != "visitor_posts" || visitor) {
			list = append(list, n)
		}
	}
	return p.list(list, form)
}

func (p *Platform) comments(at *node, form url.Values) (any, *refusal) {
	if no := only(form, "fields", "limit", "after", "filter", "order"); no != nil {
		return nil, no
	}
	stream := form.Get("filter") == "stream"
	var list []*node
	for _, n := range p.order {
		if p.blind && n.fromID != p.o.PageID {
			continue
		}
		if n.parent == at.id || n.post == at.id && (stream || n.parent == "" && !n.hidden) {
			list = append(list, n)
		}
	}
	if form.Get("order") == "reverse_chronological" {
		slices.Reverse(list)
	}
	return p.list(list, form)
}

// list is one page. Its cursors name the last item, so that what comes in
// meanwhile moves nothing out of sight.
func (p *Platform) list(all []*node, form url.Values) (any, *refusal) {
	views := make([]map[string]any, len(all))
	for i, n := range all {
		views[i] = p.view(n)
	}
	return p.listOf(views, form)
}

func (p *Platform) listOf(all []map[string]any, form url.Values) (any, *refusal) {
	cursor := func(v map[string]any) string { return "c" + fmt.Sprint(v["id"]) }
	if after := form.Get("after"); after != "" {
		at := slices.IndexFunc(all, func(v map[string]any) bool { return cursor(v) == after })
		if at < 0 {
			return nil, refuse(100, 0, "Invalid cursor")
		}
		all = all[at+1:]
	}
	limit, err := strconv.Atoi(form.Get("limit"))
	if err != nil || limit < 1 || limit > 100 {
		return nil, refuse(100, 0, "limit must be from 1 to 100")
	}
	paging := map[string]any{}
	if len(all) > limit {
		all = all[:limit]
		after := cursor(all[limit-1])
		paging["cursors"] = map[string]any{"after": after}
		paging["next"] = "https://another-host.test/next?access_token=" + p.o.Token + "&after=" + after
	}
	data := []any{}
	for _, v := range all {
		picked, no := pick(v, form)
		if no != nil {
			return nil, no
		}
		data = append(data, picked)
	}
	return map[string]any{"data": data, "paging": paging}, nil
}

func (p *Platform) may(permission string) *refusal {
	if !slices.Contains(p.o.Permissions, permission) {
		return refuse(200, 0, "Permissions error")
	}
	return nil
}

func (p *Platform) write(at *node, form url.Values) (any, *refusal) {
	if no := only(form, "message"); no != nil {
		return nil, no
	}
	if no := p.may("pages_manage_engagement"); no != nil {
		return nil, no
	}
	text := form.Get("message")
	if text == "" || len([]rune(text)) > 8000 {
		return nil, refuse(100, 0, "The parameter message is required, and of 8000 characters at most")
	}
	n := &node{fromID: p.o.PageID, fromName: p.o.PageName, message: text, created: time.Now()}
	p.under(n, at.id)
	for _, other := range p.order {
		if other.fromID == p.o.PageID && other.message == text && other.post == n.post && other.parent == n.parent {
			return nil, refuse(506, 0, "Duplicate status message")
		}
	}
	return map[string]any{"id": p.put(n).id}, nil
}

func (p *Platform) change(n *node, form url.Values) (any, *refusal) {
	if no := only(form, "message", "is_hidden"); no != nil {
		return nil, no
	}
	if no := p.may("pages_manage_engagement"); no != nil {
		return nil, no
	}
	if form.Has("message") {
		if n.fromID != p.o.PageID {
			return nil, refuse(200, 0, "Permissions error")
		}
		p.rewrite(n, form.Get("message"))
	}
	if form.Has("is_hidden") {
		n.hidden = form.Get("is_hidden") == "true"
		verb := "unhide"
		if n.hidden {
			verb = "hide"
		}
		p.tell(n, verb)
	}
	return map[string]any{"success": true}, nil
}
