package graphreplay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// known are the parameters of every call.
var known = []string{"access_token", "appsecret_proof", "format", "method"}

// ReadForm reads what a call brings along into r.Form. It returns false where it
// has answered that nobody can.
func ReadForm(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return false
	}
	return true
}

// PathOf is a call's path below the version, which is the only one that is taken.
func PathOf(r *http.Request, version string) (string, *Refusal) {
	asked, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if asked != version {
		return "", Refuse(http.StatusBadRequest, 2635, 0, "You are calling a deprecated version of the Graph API")
	}
	return path, nil
}

// MethodOf is a call's method; forms can tell another one than HTTP.
func MethodOf(r *http.Request) string {
	if r.Method == http.MethodPost && strings.EqualFold(r.Form.Get("method"), http.MethodDelete) {
		return http.MethodDelete
	}
	return r.Method
}

// TokenOf is the token that a call is made with; empty: none.
func TokenOf(r *http.Request) string {
	if given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); bearer {
		return given
	}
	return r.Form.Get("access_token")
}

// Proved refuses a call that the app with this secret did not make.
func Proved(r *http.Request, secret string) *Refusal {
	if !hmac.Equal([]byte(mac(secret, []byte(TokenOf(r)))), []byte(r.Form.Get("appsecret_proof"))) {
		return invalid("Invalid appsecret_proof provided in the API argument")
	}
	return nil
}

func mac(secret string, text []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	_, _ = h.Write(text) // a hash never fails
	return hex.EncodeToString(h.Sum(nil))
}

// Only refuses parameters beside those that every call has.
func Only(form url.Values, names ...string) *Refusal {
	for name := range form {
		if !slices.Contains(known, name) && !slices.Contains(names, name) {
			return invalid("Unknown parameter " + name)
		}
	}
	return nil
}

// Token is what there is to tell about one.
type Token struct {
	Text, AppID string
	Type        string // "PAGE", "USER"
	PageID      string // told of a Page's alone
	Permissions []string
	Ends        time.Time // zero: never
}

// Inspect answers debug_token.
func (t Token) Inspect(form url.Values) (any, *Refusal) {
	if no := Only(form, "input_token"); no != nil {
		return nil, no
	}
	data := map[string]any{
		"app_id": t.AppID, "type": t.Type, "is_valid": form.Get("input_token") == t.Text, "scopes": t.Permissions,
		"expires_at": 0, "data_access_expires_at": 0,
	}
	if t.Type == "PAGE" {
		data["profile_id"] = t.PageID
	}
	if !t.Ends.IsZero() {
		data["expires_at"] = t.Ends.Unix()
	}
	return map[string]any{"data": data}, nil
}
