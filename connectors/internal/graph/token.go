package graph

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"standpunt/connectors"
)

// Soon is how long before a token's end its owner is told.
const Soon = 14 * 24 * time.Hour

// Token is what Facebook says about one.
type Token struct {
	AppID       ID       `json:"app_id"`
	Valid       bool     `json:"is_valid"`
	Type        string   `json:"type"`                   // "PAGE", "USER", "SYSTEM_USER"
	PageID      string   `json:"profile_id"`             // whose it is; may be empty
	ExpiresAt   int64    `json:"expires_at"`             // 0: never
	DataUntil   int64    `json:"data_access_expires_at"` // 0: never
	Permissions []string `json:"scopes"`
	// Granted tells of permissions that were given for some Pages or accounts only.
	Granted []Grant `json:"granular_scopes"`
}

// OfApp reports whether a token is an app's own, which is no Page's and no
// account's: Meta writes it as the app's id, | and more.
func OfApp(token string) bool { return strings.Contains(token, "|") }

// Grant is for what one permission was given.
type Grant struct {
	Permission string `json:"scope"`
	For        []ID   `json:"target_ids"` // empty: for all
}

// Inspect asks what Facebook knows about the client's own token.
func (c *Client) Inspect(ctx context.Context) (Token, error) {
	var got struct {
		Data Token `json:"data"`
	}
	if _, err := c.Get(ctx, "debug_token", Params{"input_token": c.token}, &got); err != nil {
		return Token{}, err
	}
	return got.Data, nil
}

// Untold is the note on a token of which Facebook tells nothing, and false for
// errors of other meanings.
func Untold(err error) (note string, ok bool) {
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != connectors.NotAllowed && e.Kind != connectors.Rejected && e.Kind != connectors.Gone {
		return "", false
	}
	return "Facebook does not tell how long the token lives. Look it up in Facebook's access token debugger.", true
}

// Lost are those of the permissions that the token lacks, be it for its own Page
// alone.
func (t Token) Lost(permissions []string) (lost []string) {
	for _, permission := range permissions {
		if !slices.Contains(t.Permissions, permission) || t.elsewhere(permission) {
			lost = append(lost, permission)
		}
	}
	return lost
}

// elsewhere reports whether a permission about Pages was given for others than
// the token's own. Of other permissions Meta names other things than Pages.
func (t Token) elsewhere(permission string) bool {
	return t.PageID != "" && strings.HasPrefix(permission, "pages_") && slices.ContainsFunc(t.Granted, func(g Grant) bool {
		return g.Permission == permission && len(g.For) > 0 && !slices.Contains(g.For, ID(t.PageID))
	})
}

// OfAnother reports whether the token is known to be another Page's. Without a
// page there is nothing to tell it from.
func (t Token) OfAnother(page string) bool {
	return page != "" && t.PageID != "" && t.PageID != page
}

// End is what ends on a day.
type End struct {
	What string // "token", "app's access to the Page's data"
	At   time.Time
}

// Ends are what ended with the token or does so soon; whose names the owner of
// the data that it opens: "the Page's".
func (t Token) Ends(whose string) (ends []End) {
	for _, end := range []End{
		{"token", time.Unix(t.ExpiresAt, 0).UTC()},
		{"app's access to " + whose + " data", time.Unix(t.DataUntil, 0).UTC()},
	} {
		if end.At.Unix() != 0 && time.Until(end.At) < Soon {
			ends = append(ends, end)
		}
	}
	return ends
}

// Health is whether the token can send, and one sentence for each thing that is
// wrong with it. needed are the permissions that the account works with, the
// first of them the one for answers; page and whose are those of
// [Token.OfAnother] and [Token.Ends].
func (t Token) Health(page, whose string, needed []string) (canSend bool, note string) {
	var notes []string
	canSend = true
	if !t.Valid {
		canSend = false
		notes = append(notes, "Facebook says that the token is no longer valid. Make a new one and set it as access_token.")
	}
	if t.OfAnother(page) {
		canSend = false
		notes = append(notes, "The token belongs to another Page than page_id names. Correct one of them.")
	}
	if lost := t.Lost(needed); len(lost) > 0 {
		canSend = canSend && lost[0] != needed[0]
		notes = append(notes, "The token lacks "+strings.Join(lost, ", ")+". Make it anew with these permissions.")
	}
	for _, end := range t.Ends(whose) {
		notes = append(notes, "The "+end.What+" ends on "+end.At.Format("2 January 2006")+". Make a new token before that day.")
	}
	return canSend, strings.Join(notes, " ")
}
