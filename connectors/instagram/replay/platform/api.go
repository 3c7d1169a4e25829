package platform

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"standpunt/connectors/internal/graph/graphreplay"
)

// refusal is an error as the Graph API tells it.
type refusal = graphreplay.Refusal

func unsupported() *refusal {
	return graphreplay.Refuse(http.StatusBadRequest, 100, 0, "Unsupported request")
}

// ServeHTTP answers one call of the Graph API, lets a customer write, or ends
// the token.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !graphreplay.ReadForm(w, r) || graphreplay.ByHand(w, r, p) {
		return
	}
	if r.URL.Path == "/customer" && r.Method == http.MethodPost {
		p.customer(w, r.Form)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.front.Serve(w, r, p.call)
}

// customer lets somebody write: name, text, and for what: comment, message,
// mention, mention_below or tag; a comment stands under the given id.
func (p *Platform) customer(w http.ResponseWriter, form url.Values) {
	s := Said{Name: form.Get("name"), Text: form.Get("text")}
	var made string
	switch form.Get("what") {
	case "", "comment":
		made = p.Comment(form.Get("under"), s)
	case "message":
		made = p.Message(s)
	case "mention":
		made = p.Mention(s)
	case "mention_below":
		_, made = p.MentionBelow(s)
	case "tag":
		made = p.Tag(s)
	}
	if made == "" {
		http.Error(w, "there is no such post, or nothing that it could be", http.StatusNotFound)
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
	case given == "" || given != p.o.Token && !slices.Contains(p.older, given):
		return "", graphreplay.Refuse(http.StatusUnauthorized, 190, 467, "Error validating access token")
	case given == p.o.Token && p.ended():
		return "", graphreplay.Refuse(http.StatusUnauthorized, 190, 463, "Error validating access token: Session has expired")
	case p.o.Login == InstagramLogin && r.Form.Has("appsecret_proof"):
		return "", graphreplay.Refuse(http.StatusBadRequest, 100, 0, "Unknown parameter appsecret_proof")
	}
	if p.o.Login == FacebookLogin && p.o.AppSecret != "" {
		no = graphreplay.Proved(r, p.o.AppSecret)
	}
	if no == nil && p.front.Exhausted() {
		no = graphreplay.Refuse(http.StatusForbidden, 4, 0, "Application request limit reached")
	}
	return path, no
}

// ended reports whether the token's time is over.
func (p *Platform) ended() bool {
	if p.o.Login == InstagramLogin {
		return time.Since(p.tokenMade) > lives
	}
	return !p.o.TokenEnds.IsZero() && time.Now().After(p.o.TokenEnds)
}

// call routes one. Messages go by the Page over Facebook Login, and by the
// account over Instagram Login.
func (p *Platform) call(r *http.Request) (any, *refusal) {
	path, no := p.check(r)
	if no != nil {
		return nil, no
	}
	which, edge, _ := strings.Cut(path, "/")
	overFacebook := p.o.Login == FacebookLogin
	messenger := p.o.UserID
	if overFacebook {
		messenger = p.o.PageID
	}
	at := graphreplay.MethodOf(r) + " " + edge
	switch {
	case path == "refresh_access_token" && !overFacebook && at == "GET ":
		return p.renew(r.Form)
	case path == "debug_token" && overFacebook && at == "GET ":
		return p.inspect(r.Form)
	case which == "me" && !overFacebook && at == "GET ", which == p.o.UserID && at == "GET ":
		return p.user(r.Form, which == "me")
	case overFacebook && which == p.o.PageID && at == "GET ":
		return p.linked(r.Form)
	case which == p.o.UserID && at == "GET media":
		return p.posts(r.Form)
	case which == p.o.UserID && at == "GET tags" && overFacebook:
		return p.tags(r.Form)
	case which == p.o.UserID && at == "POST mentions" && overFacebook:
		return p.answerMention(r.Form)
	case which == messenger && at == "GET conversations":
		return p.conversations(r.Form)
	case which == messenger && at == "GET subscribed_apps":
		return p.subscriptions(r.Form)
	case which == messenger && at == "POST subscribed_apps":
		return p.subscribe(r.Form, overFacebook)
	case which == messenger && at == "POST messages":
		return p.send(r.Form)
	case strings.HasPrefix(which, conversationPrefix) && at == "GET messages":
		return p.messages(which, r.Form)
	case overFacebook && which == p.o.UserID && (edge == "conversations" || edge == "messages"):
		return nil, graphreplay.Refuse(http.StatusForbidden, 3, 0, "Application does not have the capability to make this API call.")
	}
	n := p.nodes[which]
	if n == nil || n.foreign && n.fromID != p.o.UserID {
		return nil, graphreplay.Gone()
	}
	return p.node(n, at, r.Form)
}

func (p *Platform) node(n *node, at string, form url.Values) (any, *refusal) {
	switch {
	case n.kind == media && at == "GET comments":
		return p.comments(n, form)
	case n.kind == media && at == "GET ", n.kind == message && at == "GET ":
		return p.show(n, form)
	case n.kind != comment:
		return nil, unsupported()
	case at == "GET ":
		return p.show(n, form)
	case at == "GET replies":
		return p.replies(n, form)
	case at == "POST replies":
		return p.reply(n, form)
	case at == "POST ":
		return p.hide(n, form)
	case at == "DELETE ":
		return p.remove(n, form)
	}
	return nil, unsupported()
}

// may reports a lack of the permission, which each login names otherwise.
func (p *Platform) may(overFacebook, overInstagram string) *refusal {
	name := overFacebook
	if p.o.Login == InstagramLogin {
		name = overInstagram
	}
	if !slices.Contains(p.o.Permissions, name) {
		return graphreplay.Refuse(http.StatusForbidden, 10, 0, "Application does not have permission for this action")
	}
	return nil
}

func (p *Platform) mayModerate() *refusal {
	return p.may("instagram_manage_comments", "instagram_business_manage_comments")
}

func (p *Platform) mayMessage() *refusal {
	return p.may("instagram_manage_messages", "instagram_business_manage_messages")
}
