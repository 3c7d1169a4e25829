package platform

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
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

func refuse(status, code, subcode int, message string) *refusal {
	return &refusal{Status: status, Message: fmt.Sprintf("(#%d) %s", code, message), Type: "OAuthException", Code: code, Subcode: subcode, Trace: "AbCdEf"}
}

var (
	gone        = refuse(http.StatusBadRequest, 100, 33, "Unsupported request. Object does not exist, cannot be loaded due to missing permissions, or does not support this operation")
	unsupported = refuse(http.StatusBadRequest, 100, 0, "Unsupported request")
)

// ServeHTTP answers one call of the Graph API, or lets a customer write.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	if r.URL.Path == "/customer" && r.Method == http.MethodPost {
		p.customer(w, r.Form)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if len(p.faults) > 0 {
		f := p.faults[0]
		p.faults = p.faults[1:]
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

func (p *Platform) answer(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if p.o.Calls > 0 {
		regain := 0
		if p.calls > p.o.Calls {
			regain = 3
		}
		w.Header().Set("X-Business-Use-Case-Usage", fmt.Sprintf(`{"%s":[{"type":"instagram","call_count":%d,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":%d}]}`,
			p.o.UserID, min(100, p.calls*100/p.o.Calls), regain))
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
		return "", refuse(http.StatusBadRequest, 2635, 0, "You are calling a deprecated version of the Graph API")
	}
	given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		given = r.Form.Get("access_token")
	}
	if given == "" || given != p.o.Token && !slices.Contains(p.older, given) {
		return "", refuse(http.StatusUnauthorized, 190, 467, "Error validating access token")
	}
	if given == p.o.Token && p.ended() {
		return "", refuse(http.StatusUnauthorized, 190, 463, "Error validating access token: Session has expired")
	}
	if p.o.Login == InstagramLogin && r.Form.Has("appsecret_proof") {
		return "", refuse(http.StatusBadRequest, 100, 0, "Unknown parameter appsecret_proof")
	}
	if p.o.Login == FacebookLogin && p.o.AppSecret != "" {
		mac := hmac.New(sha256.New, []byte(p.o.AppSecret))
		_, _ = mac.Write([]byte(given)) // a hash never fails
		if !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(r.Form.Get("appsecret_proof"))) {
			return "", refuse(http.StatusBadRequest, 100, 0, "Invalid appsecret_proof provided in the API argument")
		}
	}
	if p.o.Calls > 0 && p.calls > p.o.Calls {
		return "", refuse(http.StatusForbidden, 4, 0, "Application request limit reached")
	}
	return path, nil
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
	method := r.Method
	if method == http.MethodPost && strings.EqualFold(r.Form.Get("method"), http.MethodDelete) {
		method = http.MethodDelete
	}
	which, edge, _ := strings.Cut(path, "/")
	overFacebook := p.o.Login == FacebookLogin
	messenger := p.o.UserID
	if overFacebook {
		messenger = p.o.PageID
	}
	at := method + " " + edge
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
	case which == messenger && at == "POST messages":
		return p.send(r.Form)
	case strings.HasPrefix(which, conversationPrefix) && at == "GET messages":
		return p.messages(which, r.Form)
	case overFacebook && which == p.o.UserID && (edge == "conversations" || edge == "messages"):
		return nil, refuse(http.StatusForbidden, 3, 0, "Application does not have the capability to make this API call.")
	}
	n := p.nodes[which]
	if n == nil || n.foreign && n.fromID != p.o.UserID {
		return nil, gone
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
		return nil, unsupported
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
	return nil, unsupported
}

func only(form url.Values, names ...string) *refusal {
	for name := range form {
		if !slices.Contains(known, name) && !slices.Contains(names, name) {
			return refuse(http.StatusBadRequest, 100, 0, "Unknown parameter "+name)
		}
	}
	return nil
}

// may reports a lack of the permission, which each login names otherwise.
func (p *Platform) may(overFacebook, overInstagram string) *refusal {
	name := overFacebook
	if p.o.Login == InstagramLogin {
		name = overInstagram
	}
	if !slices.Contains(p.o.Permissions, name) {
		return refuse(http.StatusForbidden, 10, 0, "Application does not have permission for this action")
	}
	return nil
}

func (p *Platform) mayModerate() *refusal {
	return p.may("instagram_manage_comments", "instagram_business_manage_comments")
}

func (p *Platform) mayMessage() *refusal {
	return p.may("instagram_manage_messages", "instagram_business_manage_messages")
}
