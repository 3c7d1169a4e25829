package graphreplay

import (
	"fmt"
	"net/http"
)

// Tokens is a platform whose access token somebody who tries a configuration
// out can end by hand.
type Tokens interface {
	Revoke()             // as when the account takes the app away
	Expire()             // as when its time is over
	Replace(with string) // as when somebody makes a new one
}

// ByHand ends the token at POST /replay/revoke and /replay/expire, and puts
// another one in its place, the parameter token, at /replay/token. It returns
// false for any other request, and answers none of those. The form was read.
func ByHand(w http.ResponseWriter, r *http.Request, tokens Tokens) bool {
	if r.Method != http.MethodPost {
		return false
	}
	switch r.URL.Path {
	case "/replay/revoke":
		tokens.Revoke()
		_, _ = fmt.Fprintln(w, "revoked")
	case "/replay/expire":
		tokens.Expire()
		_, _ = fmt.Fprintln(w, "expired")
	case "/replay/token":
		token := r.Form.Get("token")
		if token == "" {
			http.Error(w, "which one? -d token=TOKEN", http.StatusBadRequest)
			return true
		}
		tokens.Replace(token)
		_, _ = fmt.Fprintln(w, "replaced")
	default:
		return false
	}
	return true
}
