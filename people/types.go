package people

import (
	"slices"
	"time"

	"standpunt/audit"
	"standpunt/internal/id"
)

// ID identifies one person; one person has one account for life.
type ID = id.ID[Person]

// TokenID identifies one API token.
type TokenID = id.ID[Token]

// SessionID identifies one session to its owner. It is no secret.
type SessionID = id.ID[Session]

// Role is what a person may do. A person can hold several; no combination lets
// one person be both of the two who stand behind an answer.
type Role string

// The roles. See DESIGN.md: manager and admin alone endorse no replies.
const (
	Agent   Role = "agent"   // triages, drafts, endorses
	Press   Role = "press"   // that, satisfies "press", stops publishing, settles unknown outcomes
	Manager Role = "manager" // reads all, reviews
	Admin   Role = "admin"   // people, accounts, settings, stop
)

// Person is a member of staff. It holds no secret: the password's hash is kept
// apart and never leaves the package.
type Person struct {
	ID        ID        `cbor:"1,keyasint"`
	Login     string    `cbor:"2,keyasint"` // as [NormalLogin] gives it; unique for ever
	Name      string    `cbor:"3,keyasint"`
	Roles     []Role    `cbor:"4,keyasint"` // sorted, without repeats
	Enabled   bool      `cbor:"5,keyasint"`
	Language  string    `cbor:"6,keyasint"` // "nl" or "en"
	CreatedAt time.Time `cbor:"7,keyasint"`
	// EndorsesFrom is when the cooling time of a new approver is over; zero for a founder.
	EndorsesFrom time.Time `cbor:"8,keyasint"`
	// Credentials counts the changes of the password. A session that was started under
	// another count is void.
	Credentials uint64 `cbor:"9,keyasint"`
	// CredentialsAt is when the password was last set; zero before the first enrolment and
	// from a reset until the next one.
	CredentialsAt time.Time `cbor:"10,keyasint"`
}

// Has reports whether the person holds any of the roles.
func (p *Person) Has(roles ...Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(p.Roles, r) })
}

// Enrolled reports whether the person has set a password that is in force.
func (p *Person) Enrolled() bool { return !p.CredentialsAt.IsZero() }

// Actor is the person in the audit log: the id alone.
func (p *Person) Actor() audit.Actor { return audit.Actor("person:" + p.ID.String()) }

// Subject is the person as what an event is about.
func (p *Person) Subject() audit.Subject { return audit.Subject("person:" + p.ID.String()) }

func (p *Person) clone() *Person {
	c := *p
	c.Roles = slices.Clone(p.Roles)
	return &c
}

// Scope limits what an API token may do. A session has all of them but Ingest.
type Scope string

// The scopes.
const (
	Read    Scope = "read"
	Write   Scope = "write"
	Endorse Scope = "endorse"
	Ingest  Scope = "ingest" // deliver mentions to an account of kind push
)
