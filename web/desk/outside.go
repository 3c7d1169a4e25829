package desk

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/web/session"
)

// Posts on our accounts that nobody approved. All of the staff are told, on
// every page: press officers and managers react, whoever posted an answer by
// hand records where it stands, admins change the account's password. A bar
// stands there until somebody was shown the posts, and a number for as long as
// there are any.

const (
	outsideCookie = "standpunt-outside" // whom this device was shown which posts
	outsideDays   = 400                 // for which a browser keeps that
	// mostCounted is how many posts the number goes up to.
	mostCounted = 100
)

// outside counts the posts, and names the account of the newest where the
// visitor was not shown it.
func (v *visit) outside() (n approval.OutsideCount, newest inbox.AccountName, err error) {
	if n, err = v.d.Approvals.CountOutside(v.ctx(), v.outsideSeen(), mostCounted); err != nil || n.Unseen == 0 {
		return n, "", err
	}
	list, _, err := v.d.Approvals.PublishedOutside(v.ctx(), "", 1)
	if err != nil {
		return n, "", err
	}
	for _, post := range list {
		newest = post.Account
	}
	return n, newest, nil
}

// outsideSeen is when the newest post came across that the visitor was shown
// here; zero where there was none, or the device is another person's.
func (v *visit) outsideSeen() time.Time {
	if !v.seenOutside.IsZero() {
		return v.seenOutside
	}
	c, err := v.r.Cookie(outsideCookie)
	if err != nil {
		return time.Time{}
	}
	who, at, _ := strings.Cut(c.Value, ".")
	ms, err := strconv.ParseInt(at, 10, 64)
	if err != nil || who != v.who.Person().ID.String() {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// seeOutside notes that the visitor is shown the posts, unless the page asks by itself.
func (v *visit) seeOutside() error {
	if v.r.Header.Get(session.Background) != "" {
		return nil
	}
	n, err := v.d.Approvals.CountOutside(v.ctx(), time.Time{}, 1)
	if err != nil || n.All == 0 {
		return err
	}
	v.seenOutside = n.Newest
	http.SetCookie(v.w, &http.Cookie{ //nolint:gosec // Secure wherever the desk is reached over TLS
		Name: outsideCookie, Value: v.who.Person().ID.String() + "." + strconv.FormatInt(n.Newest.UnixMilli(), 10), Path: "/",
		MaxAge: outsideDays * 24 * 60 * 60, HttpOnly: true, Secure: v.secure(), SameSite: http.SameSiteStrictMode,
	})
	return nil
}
