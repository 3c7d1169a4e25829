package desk

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"standpunt/internal/fault"
)

// trouble is a fault as a page shows it: what happened and what to do.
type trouble struct {
	Code   fault.Code
	What   string // in the visitor's language
	Exact  string // the room's own English words, where What is a translation that says less
	Remedy string
	Field  string
}

// statuses are the HTTP statuses of faults; any other is 422.
var statuses = map[fault.Code]int{
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.CrossSite:       http.StatusForbidden,
	fault.RateLimited:     http.StatusTooManyRequests,
	fault.NotFound:        http.StatusNotFound,
	fault.BodyTooLarge:    http.StatusRequestEntityTooLarge,
	fault.Conflict:        http.StatusConflict,
	fault.StaleDigest:     http.StatusConflict,
	fault.WrongState:      http.StatusConflict,

	fault.PublishingStopped: http.StatusConflict,
	fault.AlreadyDecided:    http.StatusConflict,
	fault.AlreadyExists:     http.StatusConflict,
	fault.Unavailable:       http.StatusServiceUnavailable,
	fault.Internal:          http.StatusInternalServerError,
}

func statusOf(err error) int {
	if s, ok := statuses[fault.CodeOf(err)]; ok {
		return s
	}
	return http.StatusUnprocessableEntity
}

// trouble puts an error into the visitor's words. An error that is no fault is
// logged and shown as one of ours.
func (v *visit) trouble(err error) *trouble {
	v.logFault(err)
	var f *fault.Fault
	if !errors.As(err, &f) {
		return &trouble{Code: fault.Internal, What: v.t("fault.internal"), Remedy: v.t("fault.internal.fix")}
	}
	t := &trouble{Code: f.Code, What: capital(f.Message), Remedy: f.Remedy, Field: f.Field}
	wait := f.Details["retry_after"]
	if wait != "" {
		t.Remedy = v.t("fault.wait", "n", wait)
	}
	key, until := "fault."+string(f.Code), v.untilOf(f)
	if v.lang == "en" && until == "" {
		return t
	}
	if !v.words.has(key) {
		return t
	}
	if f.Field != "" && v.words.has(key+"."+f.Field) {
		key += "." + f.Field
	}
	if v.lang != "en" {
		t.Exact = t.What
	}
	t.What, t.Remedy = v.t(key, "until", until), ""
	if wait != "" {
		t.Remedy = v.t("fault.wait", "n", wait)
	} else if v.words.has(key + ".fix") {
		t.Remedy = v.t(key + ".fix")
	}
	return t
}

// untilOf is the end that a fault tells of, in the zone of whoever chose a later
// time; empty where it tells of none.
func (v *visit) untilOf(f *fault.Fault) string {
	until, err := time.Parse(time.RFC3339, f.Details["until"])
	if err != nil {
		return ""
	}
	return (&scribe{lang: v.lang, words: v.words}).dated(until.In(zoneOf(v.form("zone"))))
}

// fail answers a request that went wrong: with the sign-in page where nobody
// is signed in, else with a page that says what happened and gives back what
// was typed.
func (v *visit) fail(err error) {
	if fault.Is(err, fault.Unauthenticated) && !v.who.Valid() {
		if err = v.askSignIn(); err == nil {
			return
		}
	}
	data := faultPage{Trouble: v.trouble(err), Back: v.back("/"), Typed: v.typed()}
	if err := v.render(statusOf(err), "fault", v.t("fault.title"), data); err != nil {
		v.logFault(err)
		http.Error(v.w, "Standpunt could not show this page. Reload it; if that does not help, tell an admin.", http.StatusInternalServerError)
	}
}

// askSignIn sends readers to the sign-in page, and shows it to those whose
// form came too late, together with what they typed.
func (v *visit) askSignIn() error {
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead {
		next := ""
		if here := v.here(); here != "/" {
			next = "?next=" + url.QueryEscape(here)
		}
		return v.to("/sign-in" + next)
	}
	if v.r.Form == nil {
		if err := v.parse(false); err != nil {
			return err
		}
	}
	return v.showSignIn(http.StatusUnauthorized, signInPage{
		Next: v.back("/"), Typed: v.typed(), Trouble: &trouble{What: v.t("signin.ended"), Remedy: v.t("signin.ended.fix")},
	})
}

type faultPage struct {
	Trouble *trouble
	Back    string
	Typed   []typed
}

// typed is one field of a form that came to nothing.
type typed struct{ Name, Value string }

// typed are the words that somebody wrote into the form of this request, so
// that they are not lost. Secrets and choices are none.
func (v *visit) typed() []typed {
	var all []typed
	for _, name := range []string{"text", "reason", "comment", "name", "label", "not_before"} {
		for _, value := range v.r.PostForm[name] {
			if value != "" {
				all = append(all, typed{name, value})
			}
		}
	}
	return all
}

// unknown answers addresses that no page has.
func (v *visit) unknown() error {
	if v.r.Method != http.MethodGet && v.r.Method != http.MethodHead {
		return fault.New(fault.NotFound, "there is no such form")
	}
	if !v.who.Valid() && !slices.Contains([]string{"/favicon.ico", "/robots.txt"}, v.r.URL.Path) {
		return fault.New(fault.Unauthenticated, "you are not signed in")
	}
	return fault.New(fault.NotFound, "there is no page at this address").Fix("Check the address, or go to the inbox.")
}
