package platform

import (
	"net/http"
	"net/url"
	"strings"
)

// The refusals of [Options.Refuses]: what X answers to every call of an app or
// account that has more wrong with it than its keys.
const (
	NoProject = "no project"      // the app is attached to no project
	NoCredits = "no credits"      // the app's credits are used up
	NoAccess  = "no access level" // the call is beyond the app's access level
	Suspended = "suspended"       // the account
	Locked    = "locked"          // the account, until its owner signs in
)

var refusals = map[string]*failure{
	NoProject: {
		status: http.StatusForbidden, kind: "https://api.twitter.com/2/problems/client-forbidden", title: "Client Forbidden",
		detail: "When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens from a Twitter developer App that is attached to a Project. You can create a project via the developer portal.",
	},
	NoCredits: {
		status: http.StatusPaymentRequired, kind: "https://api.twitter.com/2/problems/credits", title: "CreditsDepleted",
		detail: "Your enrolled account does not have any credits to fulfill this request.",
	},
	NoAccess: {
		status: http.StatusForbidden, code: 453,
		detail: "You currently have access to a subset of X API V2 endpoints and limited v1.1 endpoints only. If you need access to this endpoint, you may need a different access level.",
	},
	Suspended: {status: http.StatusForbidden, code: 64, detail: "Your account is suspended and is not permitted to access this feature."},
	Locked:    {status: http.StatusForbidden, code: 326, detail: "To protect our users from spam and other malicious activity, this account is temporarily locked."},
}

// notPermitted refuses a write by an app whose permissions are to read, and
// direct messages to one whose permissions leave them out.
func (p *Platform) notPermitted(r *http.Request) *failure {
	messages := strings.HasPrefix(r.URL.Path, "/2/dm_")
	if p.o.ReadOnly && r.Method != http.MethodGet || messages && (p.o.ReadOnly || p.o.NoMessages) {
		return &failure{
			status: http.StatusForbidden, kind: "https://api.twitter.com/2/problems/oauth1-permissions", title: "Forbidden",
			detail: "Your client app is not configured with the appropriate oauth1 app permissions for this endpoint.",
		}
	}
	return nil
}

// accessLevel is what X tells in every answer to a signed call.
func (p *Platform) accessLevel() string {
	switch {
	case p.o.ReadOnly:
		return "read"
	case p.o.NoMessages:
		return "read-write"
	}
	return "read-write-directmessages"
}

// appToken is POST /oauth2/token: a token of the app alone for its keys.
func (p *Platform) appToken(w http.ResponseWriter, r *http.Request) {
	key, secret, basic := r.BasicAuth()
	key, keyErr := url.QueryUnescape(key)
	secret, secretErr := url.QueryUnescape(secret)
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	switch {
	case !basic || keyErr != nil || secretErr != nil || key != p.o.ConsumerKey || secret != p.o.ConsumerSecret:
		(&failure{status: http.StatusForbidden, code: 99, detail: "Unable to verify your credentials"}).write(w)
	case r.PostFormValue("grant_type") != "client_credentials":
		(&failure{status: http.StatusForbidden, code: 170, detail: "Missing required parameter: grant_type"}).write(w)
	default:
		writeJSON(w, "application/json", http.StatusOK, map[string]string{"token_type": "bearer", "access_token": "app of " + key})
	}
}
