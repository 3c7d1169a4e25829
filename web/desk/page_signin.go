package desk

import (
	"net/http"

	"standpunt/internal/fault"
)

func (k *desk) signInPages() []page {
	return []page{
		{method: "GET", path: "/{$}", handle: func(v *visit) error { return v.to("/inbox") }},
		{method: "GET", path: "/sign-in", handle: (*visit).signInForm, open: true},
		{method: "POST", path: "/sign-in", handle: (*visit).signIn, open: true},
		{method: "POST", path: "/sign-out", handle: (*visit).signOut, open: true},
		{method: "GET", path: "/enrol", handle: (*visit).enrolForm, open: true},
		{method: "POST", path: "/enrol", handle: (*visit).enrol, open: true},
	}
}

type signInPage struct {
	Login   string
	Next    string
	Trouble *trouble
	Typed   []typed
}

func (v *visit) showSignIn(status int, p signInPage) error {
	return v.render(status, "signin", v.t("signin.title"), p)
}

func (v *visit) signInForm() error {
	next := local(v.form("next"), "/inbox")
	if v.who.Valid() {
		return v.to(next)
	}
	return v.showSignIn(http.StatusOK, signInPage{Next: next})
}

// signIn starts a session. Why it was refused is said without telling whether
// the login exists; the login stays in its field, the password never.
func (v *visit) signIn() error {
	p := signInPage{Login: v.form("login"), Next: local(v.form("next"), "/inbox")}
	_, err := v.sessions.SignIn(v.w, v.r, p.Login, v.r.Form.Get("password"))
	if err == nil {
		return v.to(p.Next)
	}
	p.Trouble = v.trouble(err)
	if fault.Is(err, fault.Unauthenticated) {
		p.Trouble = &trouble{What: v.t("signin.refused"), Remedy: v.t("signin.refused.fix")}
	}
	return v.showSignIn(statusOf(err), p)
}

func (v *visit) signOut() error {
	if err := v.sessions.SignOut(v.w, v.r); err != nil {
		return err
	}
	v.done("signin.out")
	return v.to("/sign-in")
}

type enrolPage struct {
	Code    string
	Trouble *trouble
}

func (v *visit) enrolForm() error {
	return v.show("enrol", v.t("enrol.title"), enrolPage{})
}

// enrol sets the password that the code allows, and signs in with it.
func (v *visit) enrol() error {
	p := enrolPage{Code: v.form("code")}
	password := v.r.Form.Get("password")
	if password != v.r.Form.Get("again") {
		p.Trouble = &trouble{What: v.t("enrol.differ"), Field: "again"}
		return v.render(http.StatusUnprocessableEntity, "enrol", v.t("enrol.title"), p)
	}
	person, err := v.d.Staff.Enrol(v.ctx(), p.Code, password)
	if err != nil {
		p.Trouble = v.trouble(err)
		return v.render(statusOf(err), "enrol", v.t("enrol.title"), p)
	}
	if _, err := v.sessions.SignIn(v.w, v.r, person.Login, password); err != nil {
		return err
	}
	v.done("enrol.done", "name", person.Name)
	return v.to("/inbox")
}
