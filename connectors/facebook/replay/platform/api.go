package platform

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"standpunt/connectors/internal/graph/graphreplay"
)

// refusal is an error as the Graph API tells it.
type refusal = graphreplay.Refusal

func refuse(code, subcode int, message string) *refusal {
	return graphreplay.Refuse(http.StatusBadRequest, code, subcode, message)
}

// ServeHTTP answers one call of the Graph API, lets a customer write or send a
// message, or ends the token.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !graphreplay.ReadForm(w, r) || graphreplay.ByHand(w, r, p) {
		return
	}
	if (r.URL.Path == "/customer" || r.URL.Path == "/customer/edit" || r.URL.Path == "/customer/remove") && r.Method == http.MethodPost {
		p.customer(w, r.URL.Path, r.Form)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.front.Serve(w, r, p.call)
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

// check is the version, the token, the proof and the rate limit.
func (p *Platform) check(r *http.Request) (path string, no *refusal) {
	path, no = graphreplay.PathOf(r, p.o.Version)
	given := graphreplay.TokenOf(r)
	switch {
	case no != nil:
		return "", no
	case given != p.o.Token || given == "":
		return "", refuse(190, 467, "Error validating access token")
	case !p.o.TokenEnds.IsZero() && time.Now().After(p.o.TokenEnds):
		return "", refuse(190, 463, "Error validating access token: Session has expired")
	}
	if p.o.AppSecret != "" {
		no = graphreplay.Proved(r, p.o.AppSecret)
	}
	if no == nil && p.front.Exhausted() {
		no = refuse(32, 0, "Page request limit reached")
	}
	return path, no
}

func (p *Platform) call(r *http.Request) (any, *refusal) {
	path, no := p.check(r)
	if no != nil {
		return nil, no
	}
	method := graphreplay.MethodOf(r)
	which, edge, _ := strings.Cut(path, "/")
	if which == p.o.PageID && edge != "" && (p.o.TokenType != "" && p.o.TokenType != "PAGE" || cmp.Or(p.o.TokenOf, which) != which) {
		return nil, refuse(210, 0, "A page access token is required to request this resource.")
	}
	switch {
	case path == "debug_token" && method == http.MethodGet:
		return p.inspect(r.Form)
	case which == p.o.PageID && edge == "" && method == http.MethodGet:
		return p.page(r.Form)
	case edge != "" && method == http.MethodGet && p.withholds(which, r.Form.Get("after")):
		return nil, refuse(p.refuses[which].code, 0, "The "+edge+" of this object are not shown")
	case which == p.o.PageID && slices.Contains([]string{"feed", "visitor_posts", "tagged"}, edge) && method == http.MethodGet:
		return p.posts(edge, r.Form)
	case which == p.o.PageID && edge == "subscribed_apps" && method == http.MethodGet:
		return p.subscriptions(r.Form)
	case which == p.o.PageID && edge == "subscribed_apps" && method == http.MethodPost:
		return p.subscribe(r.Form)
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
		return nil, graphreplay.Gone()
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

func (p *Platform) page(form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "fields"); no != nil {
		return nil, no
	}
	return graphreplay.Asked(map[string]any{"id": p.o.PageID, "name": p.o.PageName, "link": "https://www.facebook.com/" + p.o.PageID}, form)
}

func (p *Platform) inspect(form url.Values) (any, *refusal) {
	return graphreplay.Token{
		Text: p.o.Token, AppID: appID, Type: cmp.Or(p.o.TokenType, "PAGE"), PageID: cmp.Or(p.o.TokenOf, p.o.PageID),
		Permissions: p.o.Permissions, Ends: p.o.TokenEnds,
	}.Inspect(form)
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
	if no := graphreplay.Only(form, "fields"); no != nil {
		return nil, no
	}
	return graphreplay.Asked(p.view(n), form)
}

func (p *Platform) posts(edge string, form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "fields", "limit", "after"); no != nil {
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
	if no := graphreplay.Only(form, "fields", "limit", "after", "filter", "order"); no != nil {
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

func (p *Platform) list(all []*node, form url.Values) (any, *refusal) {
	views := make([]map[string]any, len(all))
	for i, n := range all {
		views[i] = p.view(n)
	}
	return p.listOf(views, form)
}

func (p *Platform) listOf(all []map[string]any, form url.Values) (any, *refusal) {
	return graphreplay.Edge[map[string]any]{
		Most: 100, Heavy: p.o.Heavy, Token: p.o.Token,
		ID:   func(v map[string]any) string { return fmt.Sprint(v["id"]) },
		Show: func(v map[string]any) (any, *refusal) { return graphreplay.Asked(v, form) },
	}.Page(all, form.Get("limit"), form.Get("after"))
}

func (p *Platform) may(permission string) *refusal {
	if !slices.Contains(p.o.Permissions, permission) {
		return refuse(200, 0, "Permissions error")
	}
	return nil
}

func (p *Platform) write(at *node, form url.Values) (any, *refusal) {
	if no := graphreplay.Only(form, "message"); no != nil {
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
	if no := graphreplay.Only(form, "message", "is_hidden"); no != nil {
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
