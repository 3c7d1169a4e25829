package twitter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"standpunt/connectors"
)

// errDuplicate is X's word that a text stands there already.
var errDuplicate = errors.New("duplicate content")

// classify reads X's own words for what went wrong, in any of its three shapes.
// What it does not know is left to the status.
func (c *Connector) classify(r *connectors.Response) *connectors.Error {
	t := readTrouble(r.Body)
	switch r.Status {
	case http.StatusTooManyRequests:
		return c.limited(r, &t)
	case http.StatusUnauthorized:
		if c.tokens != nil {
			return c.tokens.refused(strings.TrimPrefix(r.Authorization, bearerPrefix))
		}
		return unauthorized(r, &t)
	case http.StatusPaymentRequired:
		return &connectors.Error{
			Kind: connectors.NotAllowed, Message: "the app's credits at X are used up",
			Remedy: "Buy credits in X's developer console, or raise the spending limit there.",
		}
	case http.StatusForbidden, http.StatusBadRequest, http.StatusNotFound:
		return c.refused(r, &t)
	}
	return nil
}

func (c *Connector) limited(r *connectors.Response, t *trouble) *connectors.Error {
	e := &connectors.Error{Kind: connectors.RateLimited, Message: "X asks for fewer requests", RetryAfter: connectors.RetryAfter(r.Header)}
	if t.says("usage-capped") || t.says("usage cap") {
		e.Message, e.Remedy = "X has reached the app's usage cap", "Raise the cap in X's developer console, or wait until it begins anew."
	}
	if seconds, err := strconv.ParseInt(r.Header.Get("X-Rate-Limit-Reset"), 10, 64); err == nil && e.RetryAfter == 0 {
		e.RetryAfter = min(max(time.Unix(seconds, 0).Sub(c.onX(time.Now())), time.Second), 24*time.Hour)
	}
	return e
}

// skewed is how far apart clocks may be before X refuses signatures.
const skewed = 4 * time.Minute

func unauthorized(r *connectors.Response, t *trouble) *connectors.Error {
	e := &connectors.Error{
		Kind: connectors.BadAuth, Message: "X does not accept the account's keys and tokens",
		Remedy: "Copy consumer_key, consumer_secret, access_token and access_token_secret anew from X's developer console; each changes when it is regenerated.",
	}
	if at, err := http.ParseTime(r.Header.Get("Date")); err == nil {
		if off := time.Since(at).Round(time.Minute).Abs(); off >= skewed {
			e.Message = fmt.Sprintf("this machine's clock is off by %s, so X refuses the signature", off)
			e.Remedy = "Set the clock, and keep it right with NTP."
			return e
		}
	}
	if t.coded(135) {
		e.Message, e.Remedy = "X refuses the signature's time", "Set this machine's clock, and keep it right with NTP."
	}
	return e
}

// refused reads the texts and codes of an answer that refuses one request.
func (c *Connector) refused(r *connectors.Response, t *trouble) *connectors.Error {
	fail := func(kind connectors.ErrorKind, message, remedy string) *connectors.Error {
		return &connectors.Error{Kind: kind, Message: message, Remedy: remedy}
	}
	switch {
	case t.says("duplicate content") || t.coded(187):
		e := fail(connectors.Rejected, "X refuses a text that stands there already", "Look whether it does; else word it differently.")
		e.Err = errDuplicate
		return e
	case t.says("you have not been mentioned") || t.says("where you are mentioned or are the author"):
		return fail(connectors.NotAllowed, "X takes no answer here through the API, since its author neither mentioned nor quoted us",
			"Propose it as an answer by hand: a person posts it once two people stand behind it.")
	case t.says("restricted who can reply") || t.coded(433):
		return fail(connectors.NotAllowed, "the post's author lets only some people answer, and not us",
			"See on X whether the brand may answer there. If it may, propose it as an answer by hand: a person posts it once two people stand behind it.")
	case t.says("you have been blocked") || t.coded(136):
		return fail(connectors.NotAllowed, "the post's author has blocked us", "Answer the customer somewhere else.")
	case t.says("might be automated") || t.coded(226):
		return fail(connectors.NotAllowed, "the server takes the request for that of a robot",
			"Sign in on the site as the brand and see what it says there, or propose it as an answer by hand: a person posts it once two people stand behind it.")
	case t.says("daily status update limit") || t.coded(185):
		return c.limited(r, t)
	case t.says("deleted or not visible") || t.coded(144, 385):
		return fail(connectors.Gone, "the post no longer exists, or X does not show it to us",
			"Look at the conversation again; the customer may have deleted it.")
	case t.says("too long") || t.coded(186):
		return fail(connectors.Rejected, "X finds the text too long", "Shorten it to 280 characters as X counts them.")
	case t.coded(453):
		return fail(connectors.NotAllowed, "the app's access level does not include this call", "Use the API v2, or buy the access level in X's developer console.")
	case t.says("oauth1-permissions") || t.says("oauth1 app permissions") || t.coded(93, 261):
		what := "the app may read only"
		if t.coded(93) || r.Header.Get(accessLevel) == withoutMessages {
			what = "the app may not touch direct messages"
		}
		return fail(connectors.NotAllowed, what, "Set the app's permissions to "+c.s.permissions()+" in X's developer console, then regenerate the access token and its secret.")
	case t.says("client-not-enrolled") || t.says("client-forbidden"):
		return fail(connectors.NotAllowed, "the app belongs to no project with access to the API v2", "Attach the app to a project in X's developer console.")
	case t.says("permission to dm") || t.says("cannot send messages to this user") || t.coded(349):
		return fail(connectors.NotAllowed, "X lets us send this person no messages", "They may have closed their messages or blocked the account; answer in another way.")
	case t.says("unsupported-authentication") || t.says("unsupported authentication"):
		return fail(connectors.NotAllowed, "X wants another kind of sign-in for this call", "Set bearer_token, and for activity sign in as the brand with OAuth 2.0; docs/platforms/x.md tells how.")
	case t.coded(64, 326):
		return fail(connectors.BadAuth, "X has suspended or locked the account", "Sign in on x.com as the brand and follow what it says there.")
	case r.Status == http.StatusBadRequest && t.says("query parameter"):
		other := "post"
		if c.s.Vocabulary == "post" {
			other = "tweet"
		}
		return fail(connectors.Rejected, "X does not know a parameter of the request", "Set vocabulary to "+other+".")
	case c.tokens != nil && r.Status == http.StatusForbidden:
		// X has no words of its own for a scope that is missing.
		if list := lacking(c.tokens.granted(context.Background())); len(list) > 0 {
			return fail(connectors.NotAllowed, "X refuses this, and the sign-in lacks "+strings.Join(list, ", "),
				"Run standpunt login "+string(c.account)+", and grant all that is asked for.")
		}
	}
	return nil
}
