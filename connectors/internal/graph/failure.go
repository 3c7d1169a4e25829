package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"standpunt/connectors"
)

// failure is Facebook's own account of what went wrong, without its words.
type failure struct {
	code, subcode int
	transient     bool
	proof         bool // it is about the proof that the call is the app's own
	tooMuch       bool // it asks to be asked for less
}

// errTooMuch is the cause where Meta cannot give so much at once.
var errTooMuch = errors.New("more was asked for than Meta gives at once")

// number is a code, which comes as a number or as a string.
type number int

// UnmarshalJSON takes either form; what is no code is 0.
func (n *number) UnmarshalJSON(b []byte) error {
	value, err := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 32)
	if err == nil {
		*n = number(value)
	}
	return nil // an error without a readable code is still an error
}

// decodeFailure finds an error in a body, in any of its shapes: the Graph
// API's object, OAuth's string, and the older error_code. It is false where
// there is none.
func decodeFailure(body []byte) (failure, bool) {
	var outer struct {
		Error json.RawMessage `json:"error"`
		Code  *number         `json:"error_code"`
	}
	if json.Unmarshal(body, &outer) != nil {
		return failure{}, false
	}
	if outer.Code != nil {
		return failure{code: int(*outer.Code)}, true
	}
	if len(outer.Error) == 0 || string(outer.Error) == "null" {
		return failure{}, false
	}
	var inner struct {
		Message   json.RawMessage `json:"message"`
		Code      number          `json:"code"`
		Subcode   number          `json:"error_subcode"`
		Transient json.RawMessage `json:"is_transient"`
	}
	if json.Unmarshal(outer.Error, &inner) != nil {
		return failure{}, true // OAuth's shape: a word, and no code
	}
	return failure{
		code: int(inner.Code), subcode: int(inner.Subcode), transient: string(inner.Transient) == "true",
		proof: strings.Contains(string(inner.Message), "appsecret_proof"), tooMuch: strings.Contains(string(inner.Message), "reduce the amount of data"),
	}, true
}

// classify is the failure as a connector's error; nil where the code says
// nothing and the status has to.
func (f failure) classify(r *connectors.Response, host string) *connectors.Error {
	made := func(kind connectors.ErrorKind, message, remedy string) *connectors.Error {
		return &connectors.Error{Kind: kind, Message: fmt.Sprintf("%s (%s, code %d)", message, host, f.code), Remedy: remedy}
	}
	switch code := f.code; {
	case code == 368, f.subcode == 2207051: // the latter comes with the code of a limit, and no waiting mends it
		return made(connectors.NotAllowed, "Facebook blocks the Page for a while, because it takes what it did for abuse",
			"Let a person look at the Page's support inbox on Facebook before anything is sent again.")
	case limits(code):
		e := made(connectors.RateLimited, "Facebook asks for fewer calls", "It goes on by itself; a longer poll_every avoids this.")
		e.RetryAfter = connectors.RetryAfter(r.Header)
		if e.RetryAfter == 0 {
			e.RetryAfter, _ = decodeUsage(r.Header).rest()
		}
		return e
	case code == 190, code == 102, code == 2500 && r.Status == 401:
		return made(connectors.BadAuth, f.lost(), "Make a new Page access token and set it as access_token.")
	case code == 100 && f.proof:
		return made(connectors.BadAuth, "Facebook does not accept the proof that the call is the app's own",
			"Set app_secret to the secret of the app that the token was made with.")
	case code == 506:
		return made(connectors.Rejected, "Facebook refuses the same text twice in a row", "Change the text and propose it again.")
	case code == 12, code == 2635:
		return made(connectors.NotAllowed, "this version of the Graph API no longer offers the call", "Set version to a current one, such as v26.0.")
	case code == 10 && closedWindow(f.subcode), code == 100 && closedWindow(f.subcode):
		return made(connectors.NotAllowed, "Meta takes no message to this person any more: the time to answer is over",
			"Wait until they write again, or answer where they can be reached otherwise.")
	case code == 551, code == 230, f.subcode == 1545041:
		return made(connectors.NotAllowed, "Meta delivers no messages of ours to this person", "They blocked the account or left; answer in public, if they wrote in public.")
	case code == 10900:
		return made(connectors.NotAllowed, "the comment was answered in private before, and Meta allows that once", "Answer in public, or wait until they write.")
	case code == 10903:
		return made(connectors.NotAllowed, "Meta takes no private reply to this comment", "Answer in public; private replies end after seven days.")
	case code == 2022:
		return made(connectors.NotAllowed, "Meta has taken the app's right to send messages for now", "Look at the app's alerts in Meta's console.")
	case code == 100 && f.subcode == 2018001:
		return made(connectors.Gone, "Meta knows nobody by the id that is answered", "Look at the conversation again; the person may have left.")
	case code == 3, code == 10, code >= 200 && code <= 299:
		return made(connectors.NotAllowed, "the token lacks a permission", "Make the access token anew, with the permissions that docs/platforms lists.")
	case code == 100 && f.subcode == 33, code == 803:
		return made(connectors.Gone, "Facebook does not show the post any more", "Look at the conversation again; it was deleted, or the token may not see it.")
	case code == 100:
		return made(connectors.Rejected, "Facebook refuses a value of the call", "Check page_id, version and app_secret; if they are right, change the text.")
	case code == 1 && f.tooMuch && !r.Sent:
		e := made(connectors.Temporary, "Facebook does not give so much at once", "It is asked for less by itself.")
		e.Err = errTooMuch
		return e
	case code == 1, code == 2, code == -1, code == -2, code == 1200, f.transient: // below zero Instagram's, with status 400
		if r.Sent {
			return made(connectors.Unknown, "Facebook reports a fault of its own", "Reading back will show whether it was carried out.")
		}
		return made(connectors.Temporary, "Facebook reports a fault of its own", "It is tried again by itself.")
	}
	return nil
}

// closedWindow reports whether a subcode says that a message came later than
// Messenger or Instagram takes one.
func closedWindow(subcode int) bool {
	return subcode == 2018278 || subcode == 2018065 || subcode == 2534022
}

// limits reports whether the code is one of the rate limits: of the app, the
// user, the Page, or a business use case.
func limits(code int) bool {
	switch code {
	case 4, 17, 32, 341, 613:
		return true
	}
	return code >= 80000 && code <= 80014
}

// lost says why a token is dead, as far as the subcode tells.
func (f failure) lost() string {
	switch f.subcode {
	case 458:
		return "the app was taken off the Facebook account that made the token"
	case 459, 464:
		return "Facebook wants the person who made the token to sign in and confirm something"
	case 460:
		return "the token died with a change of password"
	case 463:
		return "the token has expired"
	case 492:
		return "the person who made the token has no role on the Page any more"
	}
	return "Facebook does not accept the token"
}
