package twitter

import (
	"errors"
	"net/http"

	"standpunt/connectors"
)

// errNoLegacy is the server's word that it has no API v1.1, or not for us.
var errNoLegacy = errors.New("no API v1.1")

// errPostGone is the server's word that a post does not exist.
var errPostGone = errors.New("no such post")

// classify reads a server's words for what went wrong: the codes of API v1.1,
// then what both APIs have in common. What it does not know is left to the status.
func (l *Legacy) classify(r *connectors.Response) *connectors.Error {
	if r.Status < 400 || r.Status >= 500 || r.Status == http.StatusRequestTimeout {
		return nil // whatever it says, a request that changes something may have been carried out
	}
	t := readTrouble(r.Body)
	if e := l.coded(r, &t); e != nil {
		return e
	}
	switch r.Status {
	case http.StatusGone:
		return noLegacy()
	case http.StatusNotFound:
		return noSuchAPI()
	case 420: // what X said before there was a 429
		return l.c.limited(r, &t)
	}
	return l.c.classify(r)
}

// coded reads the codes of API v1.1; nil for one that it does not know. They are
// X's list of response codes, as it stood when v1.1 was documented.
func (l *Legacy) coded(r *connectors.Response, t *trouble) *connectors.Error {
	fail := func(kind connectors.ErrorKind, message, remedy string) *connectors.Error {
		return &connectors.Error{Kind: kind, Message: message, Remedy: remedy}
	}
	switch {
	case t.coded(453, 68, 251):
		return noLegacy()
	case t.coded(88, 185):
		return l.c.limited(r, t)
	case t.coded(89):
		return fail(connectors.BadAuth, "the server takes the account's tokens for invalid or revoked",
			"Copy access_token and access_token_secret anew from X's developer console; each changes when it is regenerated.")
	case t.coded(32, 99, 135, 215):
		return unauthorized(r, t)
	case t.coded(34, 144, 421, 422):
		e := fail(connectors.Gone, "the post no longer exists", "Look at the conversation again; the customer may have deleted it.")
		e.Err = errPostGone
		return e
	case t.coded(179):
		return fail(connectors.Gone, "the post is not shown to us any more", "Look at the conversation again; the customer may have closed the account to others.")
	case t.coded(183):
		return fail(connectors.NotAllowed, "the post is not ours to delete", "Look whether the post and the account belong together.")
	case t.coded(64, 136, 144, 186, 187, 226, 261, 326, 385, 433):
		return l.c.refused(r, t)
	}
	return nil
}

// noLegacy says that API v1.1 is not for this account.
func noLegacy() *connectors.Error {
	return &connectors.Error{
		Kind: connectors.NotAllowed, Message: "your access level has no API v1.1",
		Remedy: `Set api to "2", or get an enterprise plan that includes it.`, Err: errNoLegacy,
	}
}

// noSuchAPI says that what answered has no API v1.1.
func noSuchAPI() *connectors.Error {
	return &connectors.Error{
		Kind: connectors.NotAllowed, Message: "there is no API v1.1 at the account's address",
		Remedy: `Correct base_url, or set api to "2".`, Err: errNoLegacy,
	}
}
