package people

import (
	"time"

	"standpunt/internal/id"
)

// ID identifies one person; one person has one account for life.
type ID = id.ID[Person]

// TokenID identifies one API token.
type TokenID = id.ID[Token]

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

// Person is a member of staff.
type Person struct {
	ID        ID        `cbor:"1,keyasint"`
	Login     string    `cbor:"2,keyasint"` // folded: NFKC, lower case; unique for ever
	Name      string    `cbor:"3,keyasint"`
	Roles     []Role    `cbor:"4,keyasint"` // sorted, without repeats
	Enabled   bool      `cbor:"5,keyasint"`
	Language  string    `cbor:"6,keyasint"` // "nl" or "en"
	CreatedAt time.Time `cbor:"7,keyasint"`
	// EndorsesFrom is when the cooling time of a new approver is over.
	EndorsesFrom time.Time `cbor:"8,keyasint"`
	PasswordHash string    `cbor:"9,keyasint"` // argon2id in PHC form; empty until enrolled
	// CredentialsAt is when the password was last set; sessions from before are void.
	CredentialsAt time.Time `cbor:"10,keyasint"`
}

// Has reports whether the person holds any of the roles.
func (p *Person) Has(roles ...Role) bool {
	for _, held := range p.Roles {
		for _, r := range roles {
			if held == r {
				return true
			}
		}
	}
	return false
}

// Scope limits what an API token may do; a session has all of them.
type Scope string

// The scopes.
const (
	Read    Scope = "read"
	Write   Scope = "write"
	Endorse Scope = "endorse"
)
