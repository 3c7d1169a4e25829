package people

import (
	"slices"
	"time"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/store"
)

// Principal is who asks: a person behind a session or an API token, or a
// service behind a service token. Only this package makes one, by checking a
// secret. It tells what held at that moment; whoever acts on it in a
// transaction asks [Staff.Confirm] there. The zero Principal may do nothing.
type Principal struct{ p *principal }

type principal struct {
	person   Person // zero behind a service token
	via      string
	secret   secretHash
	session  SessionID
	token    TokenID
	scopes   []Scope // of a token
	listed   bool    // the configuration lets the person's tokens endorse
	account  string  // of a service token
	signedIn time.Time
	asOf     time.Time
}

// Valid reports whether the principal was authenticated.
func (p Principal) Valid() bool { return p.p != nil }

// ID is the person's, zero for a service.
func (p Principal) ID() ID {
	if p.p == nil {
		return ID{}
	}
	return p.p.person.ID
}

// Login is the person's, empty for a service.
func (p Principal) Login() string {
	if p.p == nil {
		return ""
	}
	return p.p.person.Login
}

// Person is the person as of authentication, the zero Person for a service.
func (p Principal) Person() Person {
	if p.p == nil {
		return Person{}
	}
	return *p.p.person.clone()
}

// Has reports whether the person held any of the roles at authentication.
func (p Principal) Has(roles ...Role) bool { return p.p != nil && p.p.person.Has(roles...) }

// Actor is who the audit log names: "person:<id>", "account:<name>" for a
// service, empty for the zero Principal.
func (p Principal) Actor() audit.Actor {
	switch {
	case p.p == nil:
		return ""
	case p.p.account != "":
		return audit.Actor("account:" + p.p.account)
	default:
		return p.p.person.Actor()
	}
}

// Via is the way in: "desk" for a session, "api" for a token.
func (p Principal) Via() string {
	if p.p == nil {
		return ""
	}
	return p.p.via
}

// Session is the id of the session that the principal came by, zero for a token.
func (p Principal) Session() SessionID {
	if p.p == nil {
		return SessionID{}
	}
	return p.p.session
}

// Service is the account that a service token is bound to, empty for people.
func (p Principal) Service() string {
	if p.p == nil {
		return ""
	}
	return p.p.account
}

// May reports whether the principal's session or token covers the scope, as a
// forbidden fault where it does not. Which roles an act needs is the caller's
// question, see [Principal.Has]; whether the account fits is MayIngest's.
func (p Principal) May(scope Scope) error {
	switch {
	case p.p == nil:
		return unauthenticated()
	case p.p.via == viaDesk && scope != Ingest:
		return nil
	case p.p.via == viaDesk && p.Has(Admin):
		return nil
	case slices.Contains(p.p.scopes, scope):
		return nil
	}
	return fault.New(fault.Forbidden, "this token or session does not have the scope %s", scope).
		With("scope", string(scope)).
		Fix("Use a token that was issued with the scope %q.", string(scope))
}

// MayIngest reports whether the principal may deliver mentions to the account:
// the account's own service token may, and an admin, by session or by a token
// with the scope ingest.
func (p Principal) MayIngest(account string) error {
	if err := p.May(Ingest); err != nil {
		return err
	}
	if p.p.account == account || p.p.account == "" && p.Has(Admin) {
		return nil
	}
	return fault.New(fault.Forbidden, "this token delivers mentions to another account").
		Fix("Issue a service token for this account.")
}

// MayEndorse reports whether the principal can stand behind a text: a session
// can; a token can where it has the scope endorse and the configuration lists
// the person under api.endorsing_people; a service never can. Role, cooling
// time and policy are approval's to ask.
func (p Principal) MayEndorse() error {
	if p.p == nil {
		return unauthenticated()
	}
	if p.p.account != "" || p.p.person.ID.IsZero() {
		return fault.New(fault.Forbidden, "a service is never one of the two people").
			Fix("Let a person endorse it.")
	}
	if p.p.via == viaDesk {
		return nil
	}
	if err := p.May(Endorse); err != nil {
		return err
	}
	if !p.p.listed {
		return fault.New(fault.Forbidden, "the configuration does not let this person's tokens endorse").
			Fix("Endorse it at the desk, or list the person under api.endorsing_people.")
	}
	return nil
}

// FreshWithin reports whether the person gave the password at most d ago. A
// token is never fresh.
func (p Principal) FreshWithin(d time.Duration) bool {
	if p.p == nil || p.p.via != viaDesk {
		return false
	}
	now := time.Now()
	if p.p.asOf.After(now) {
		now = p.p.asOf
	}
	return now.Sub(p.p.signedIn) <= d
}

// Confirm reads in tx whether what the principal was made from still holds:
// the session or token is live and the person enabled. It gives the person as
// they are now, so that a role which was taken away since is gone. A service,
// which is no person, is forbidden.
func (s *Staff) Confirm(tx *store.Tx, p Principal) (*Person, error) {
	if p.p == nil {
		return nil, unauthenticated()
	}
	if p.p.account != "" {
		return nil, fault.New(fault.Forbidden, "a service cannot do what takes a person")
	}
	if p.p.via == viaDesk {
		_, person, err := s.liveSession(tx, p.p.secret)
		return person, err
	}
	_, person, err := s.liveToken(tx, p.p.secret)
	return person, err
}

const (
	viaDesk = "desk"
	viaAPI  = "api"
)

// unauthenticated is the answer to a missing, unknown or ended session.
func unauthenticated() *fault.Fault {
	return fault.New(fault.Unauthenticated, "you are not signed in, or your session has ended").Fix("Sign in.")
}
