package desk

import (
	"net/http"
	"slices"
	"time"

	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/people"
)

func (k *desk) settingsPages() []page {
	return []page{
		{method: "GET", path: "/settings", handle: func(v *visit) error { return v.to("/settings/me") }},
		{method: "GET", path: "/settings/me", handle: func(v *visit) error { return v.showMe(http.StatusOK, mePage{}) }},
		{method: "POST", path: "/settings/me/language", handle: (*visit).setLanguage},
		{method: "POST", path: "/settings/me/password", handle: (*visit).changePassword},
		{method: "POST", path: "/settings/me/tokens", handle: (*visit).issueToken},
		{method: "POST", path: "/settings/me/tokens/{id}/revoke", handle: (*visit).revokeToken},
		{method: "POST", path: "/settings/me/sessions/{id}/end", handle: (*visit).endSession},
	}
}

// mePage is what somebody sets for themselves.
type mePage struct {
	Languages []string
	Scopes    []people.Scope // that a token of theirs can have
	Sessions  []*people.Session
	This      people.SessionID
	Tokens    []*people.Token
	Now       time.Time
	Issued    string // the secret of a token just made: shown once
	Name      string // of a token whose making was refused
	Section   string // where the trouble is
	Trouble   *trouble
}

func (v *visit) showMe(status int, p mePage) error {
	p.Languages, p.Now, p.This = languages, time.Now(), v.who.Session()
	p.Scopes = []people.Scope{people.Read, people.Write, people.Endorse}
	if v.who.Has(people.Admin) {
		p.Scopes = append(p.Scopes, people.Ingest)
	}
	var err error
	if p.Sessions, err = v.d.Staff.Sessions(v.ctx(), v.who); err != nil {
		return err
	}
	if p.Tokens, err = v.d.Staff.Tokens(v.ctx(), v.who); err != nil {
		return err
	}
	return v.render(status, "me", v.t("frame.mysettings"), p)
}

// refusedMe shows the page again with what was wrong beside the form it was
// wrong in.
func (v *visit) refusedMe(section string, err error) error {
	return v.showMe(statusOf(err), mePage{Section: section, Trouble: v.trouble(err), Name: v.form("name")})
}

func (v *visit) setLanguage() error {
	language := v.form("language")
	if err := v.d.Staff.SetLanguage(v.ctx(), v.who, language); err != nil {
		return v.refusedMe("language", err)
	}
	if slices.Contains(languages, language) {
		v.lang = language
	}
	v.done("me.language.done")
	return v.to("/settings/me")
}

func (v *visit) changePassword() error {
	next := v.r.Form.Get("new")
	if next != v.r.Form.Get("again") {
		return v.refusedMe("password", fault.New(fault.InvalidInput, "the two new passwords are not the same").At("again", ""))
	}
	if err := v.d.Staff.ChangePassword(v.ctx(), v.who, v.r.Form.Get("current"), next); err != nil {
		return v.refusedMe("password", err)
	}
	v.done("me.password.done")
	return v.to("/settings/me")
}

// issueToken makes a token and shows its secret in the answer to the form: it
// stands in no address, cookie or log, and cannot be shown again.
func (v *visit) issueToken() error {
	var expires time.Time
	if days, ok := map[string]int{"30": 30, "90": 90, "365": 365}[v.form("days")]; ok {
		expires = time.Now().AddDate(0, 0, days)
	}
	var scopes []people.Scope
	for _, s := range v.r.PostForm["scope"] {
		scopes = append(scopes, people.Scope(s))
	}
	secret, _, err := v.d.Staff.IssueToken(v.ctx(), v.who, v.form("name"), scopes, expires)
	if err != nil {
		return v.refusedMe("tokens", err)
	}
	return v.showMe(http.StatusCreated, mePage{Issued: secret, Section: "tokens"})
}

func (v *visit) revokeToken() error {
	token, err := id.Parse[people.Token](v.r.PathValue("id"))
	if err != nil {
		return fault.New(fault.NotFound, "there is no such token").Because(err)
	}
	if err := v.d.Staff.RevokeToken(v.ctx(), v.who, token); err != nil {
		return err
	}
	v.done("me.token.revoked")
	return v.to("/settings/me")
}

func (v *visit) endSession() error {
	s, err := id.Parse[people.Session](v.r.PathValue("id"))
	if err != nil {
		return fault.New(fault.NotFound, "there is no such session").Because(err)
	}
	if err := v.d.Staff.RevokeSession(v.ctx(), v.who, s); err != nil {
		return err
	}
	v.done("me.session.ended")
	return v.to("/settings/me")
}
