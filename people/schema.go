package people

import (
	"fmt"
	"slices"

	"standpunt/store"
)

// Schema is what people keeps in the store:
//
//	people.person      ID -> Person;             .login, .look: who has it
//	people.credential  ID -> argon2id hash of the password
//	people.enrolment   ID -> open enrolment;     .code: SHA-256 of its code
//	people.session     SHA-256 of secret -> Session;  .person
//	people.token       SHA-256 of secret -> Token;    .person
var Schema = store.Schema{
	Room: "people",
	Buckets: slices.Concat(persons.Buckets(), credentials.Buckets(), enrolments.Buckets(),
		sessions.Buckets(), tokens.Buckets()),
	Checks: []func(*store.Tx) error{
		persons.Check, credentials.Check, enrolments.Check, sessions.Check, tokens.Check,
		checkPersons, checkBelongings,
	},
}

var (
	persons = store.NewTable("people.person", func(p *Person) ID { return p.ID },
		store.Index[Person]{Name: "login", Entries: func(p *Person) [][]byte { return [][]byte{store.Field([]byte(p.Login))} }},
		store.Index[Person]{Name: "look", Entries: func(p *Person) [][]byte { return [][]byte{store.Field([]byte(look(p.Login)))} }},
	)
	credentials = store.NewTable("people.credential", func(c *credential) ID { return c.Person })
	enrolments  = store.NewTable("people.enrolment", func(e *enrolment) ID { return e.Person },
		store.Index[enrolment]{Name: "code", Entries: func(e *enrolment) [][]byte { return [][]byte{store.Field(e.Code.Key())} }},
	)
	sessions = store.NewTable("people.session", func(v *Session) secretHash { return v.Secret },
		store.Index[Session]{Name: "person", Entries: func(v *Session) [][]byte { return [][]byte{store.Field(v.Person.Key())} }},
	)
	tokens = store.NewTable("people.token", func(t *Token) secretHash { return t.Secret },
		store.Index[Token]{Name: "person", Entries: func(t *Token) [][]byte { return [][]byte{store.Field(t.Person.Key())} }},
	)
)

// credential is what opens a person's account. It is kept apart from the
// Person so that no page, export or log line can carry it along.
type credential struct {
	Person ID     `cbor:"1,keyasint"`
	Hash   string `cbor:"2,keyasint"` // argon2id in PHC form
}

// checkPersons proves that no two people share a login or its look, that
// logins are normal, roles known and sorted, and that the enrolled have a hash
// and only they.
func checkPersons(tx *store.Tx) error {
	looks := make(map[string]ID)
	for p, err := range persons.Scan(tx, store.Range{}, false) {
		if err != nil {
			return err
		}
		if normal, err := NormalLogin(p.Login); err != nil || normal != p.Login {
			return fmt.Errorf("people: the login of %s is not normal", p.ID)
		}
		if other, taken := looks[look(p.Login)]; taken {
			return fmt.Errorf("people: %s and %s share a login", other, p.ID)
		}
		looks[look(p.Login)] = p.ID
		if roles, err := normalRoles(p.Roles); err != nil || !slices.Equal(roles, p.Roles) {
			return fmt.Errorf("people: the roles of %s are not normal", p.ID)
		}
		c, ok, err := credentials.Lookup(tx, p.ID)
		if err != nil {
			return err
		}
		if ok != p.Enrolled() {
			return fmt.Errorf("people: %s: enrolled %t, with a password %t", p.ID, p.Enrolled(), ok)
		}
		if ok {
			if _, err := parsePHC(c.Hash); err != nil {
				return fmt.Errorf("people: the password hash of %s: %w", p.ID, err)
			}
		}
	}
	return nil
}

// checkBelongings proves that sessions, tokens, enrolments and hashes belong
// to people who exist.
func checkBelongings(tx *store.Tx) error {
	var owners []ID
	for c, err := range credentials.Scan(tx, store.Range{}, false) {
		if err != nil {
			return err
		}
		owners = append(owners, c.Person)
	}
	for e, err := range enrolments.Scan(tx, store.Range{}, false) {
		if err != nil {
			return err
		}
		owners = append(owners, e.Person)
	}
	for v, err := range sessions.Scan(tx, store.Range{}, false) {
		if err != nil {
			return err
		}
		owners = append(owners, v.Person)
	}
	for t, err := range tokens.Scan(tx, store.Range{}, false) {
		if err != nil {
			return err
		}
		if t.Person.IsZero() != t.service() {
			return fmt.Errorf("people: token %s is neither a person's nor a service's", t.ID)
		}
		if !t.service() {
			owners = append(owners, t.Person)
		}
	}
	for _, owner := range owners {
		_, ok, err := persons.Lookup(tx, owner)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("people: something belongs to %s, who does not exist", owner)
		}
	}
	return nil
}
