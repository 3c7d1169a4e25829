package desk

import (
	"slices"

	"standpunt/internal/fault"
	"standpunt/people"
)

// page is one row of the table: what answers one method at one address.
type page struct {
	method string
	path   string // as in http.ServeMux, "/inbox/{id}"; "/{$}" is the root alone
	handle func(*visit) error
	may    []people.Role // any of them; nil: everybody who is signed in
	open   bool          // nobody has to be signed in
	most   int64         // bytes of the form, which may then hold files; 0: a form of texts
}

// Who may open a page, where that is not everybody.
var (
	writers  = []people.Role{people.Agent, people.Press}
	stoppers = []people.Role{people.Press, people.Admin}
	admins   = []people.Role{people.Admin}
)

// pages is the table of everything that the desk answers.
func (k *desk) pages() []page {
	return slices.Concat(
		k.signInPages(),
		k.publishingPages(),
		k.newsPages(),
		k.inboxPages(),
		k.settingsPages(),
		k.approvalPages(),
		k.picturePages(),
		k.auditPages(),
		k.accountPages(),
		k.peoplePages(),
		k.policyPages(),
	)
}

// admit refuses who may not open the page.
func (p page) admit(v *visit) error {
	if p.open {
		return nil
	}
	if !v.who.Valid() {
		return fault.New(fault.Unauthenticated, "you are not signed in, or your session has ended").Fix("Sign in.")
	}
	if p.may != nil && !v.who.Has(p.may...) {
		return fault.New(fault.Forbidden, "your roles do not open this page").Fix("Ask an admin, if you need it for your work.")
	}
	return nil
}
