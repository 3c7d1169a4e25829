package people

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"strings"
	"time"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/store"
)

// EnrolmentLife is how long an enrolment code can be used.
const EnrolmentLife = 72 * time.Hour

// Enrolment is the right to set one person's password once. Its two halves go
// to the two people who decided it, so that neither alone can enrol for
// somebody else; each holds 128 random bits. A half leaves bytes in the data
// file after it was taken, until the store is compacted; they are worth nothing
// once the enrolment was used, replaced or has expired.
type Enrolment struct {
	Halves    [2]string
	ExpiresAt time.Time
}

// Code is both halves joined, what the person enrols with.
func (e Enrolment) Code() string { return e.Halves[0] + "-" + e.Halves[1] }

// enrolment is an open Enrolment as kept.
type enrolment struct {
	Person    ID         `cbor:"1,keyasint"`
	Code      secretHash `cbor:"2,keyasint"`
	Halves    [2]string  `cbor:"3,keyasint"` // each empty once it was taken
	ExpiresAt time.Time  `cbor:"4,keyasint"`
}

// startEnrolment opens an enrolment; the person's older one is void. Where
// keep is false, no half is kept for anybody to take.
func startEnrolment(tx *store.Tx, person ID, keep bool) (Enrolment, error) {
	var e Enrolment
	for i := range e.Halves {
		b := make([]byte, 16)
		_, _ = rand.Read(b) // crypto/rand.Read never fails
		e.Halves[i] = strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
	}
	e.ExpiresAt = tx.Now().Add(EnrolmentLife)
	kept := &enrolment{Person: person, Code: hashSecret(e.Code()), ExpiresAt: e.ExpiresAt}
	if keep {
		kept.Halves = e.Halves
	}
	return e, enrolments.Put(tx, kept)
}

// TakeHalf gives half 0 or 1 of the code of the person's open enrolment and
// deletes it: it can be read once. Who may have which half is approval's to
// decide; it never gives both to one person. A half that was taken, or an
// enrolment that was used or has expired, is not_found.
func (s *Staff) TakeHalf(tx *store.Tx, person ID, which int) (string, error) {
	if which != 0 && which != 1 {
		return "", fault.New(fault.InvalidInput, "an enrolment code has the halves 0 and 1").At("half", "")
	}
	e, ok, err := enrolments.Lookup(tx, person)
	if err != nil {
		return "", err
	}
	if !ok || !tx.Now().Before(e.ExpiresAt) || e.Halves[which] == "" {
		return "", fault.New(fault.NotFound, "this half of the enrolment code was taken already, or the enrolment was used or has expired").
			Fix("If it was not you who took it, have the credentials reset.")
	}
	half := e.Halves[which]
	e.Halves[which] = ""
	if err := enrolments.Put(tx, e); err != nil {
		return "", err
	}
	return half, s.record(tx, audit.Event{
		Kind: "credentials.half_taken", Actor: audit.System, Via: "daemon",
		Subject: (&Person{ID: person}).Subject(), Facts: map[string]string{"half": []string{"first", "second"}[which]},
	})
}

// Enrol sets the password of the person whom the code belongs to and uses the
// code up. Sessions and tokens from before are void. Whoever has the code is
// not asked anything else, so a code with 256 random bits is neither guessed
// nor found out by timing; attempts with unknown codes are throttled, which
// never keeps a right one waiting.
func (s *Staff) Enrol(ctx context.Context, code, password string) (*Person, error) {
	key := hashSecret(normalCode(code))
	var person *Person
	err := s.db.View(ctx, func(tx *store.Tx) (err error) {
		person, err = s.enrolling(tx, key)
		return err
	})
	if fault.Is(err, fault.NotFound) {
		if allowed, _ := s.wrongCode.take(); !allowed {
			return nil, slowDown(s.wrongCode.every)
		}
	}
	if err != nil {
		return nil, err
	}
	normal, err := s.checkPassword("password", password, person.Login)
	if err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(ctx, normal)
	if err != nil {
		return nil, err
	}
	err = s.db.Update(ctx, func(tx *store.Tx) (err error) {
		if person, err = s.enrolling(tx, key); err != nil {
			return err
		}
		if err := s.lockOut(tx, person, "reset"); err != nil {
			return err
		}
		if err := setPassword(tx, person, hash); err != nil {
			return err
		}
		return s.record(tx, audit.Event{
			Kind: "person.enrolled", Actor: person.Actor(), Via: viaDesk, Subject: person.Subject(),
		})
	})
	if err != nil {
		return nil, err
	}
	return person, nil
}

// enrolling is the enabled person whose open enrolment has the code.
func (s *Staff) enrolling(tx *store.Tx, code secretHash) (*Person, error) {
	e, err := first(enrolments.By(tx, "code", store.Range{Prefix: store.Field(code.Key())}, false))
	if err != nil {
		return nil, err
	}
	if e != nil && tx.Now().Before(e.ExpiresAt) {
		p, err := s.Get(tx, e.Person)
		if err != nil || p.Enabled {
			return p, err
		}
	}
	return nil, fault.New(fault.NotFound, "this enrolment code is wrong, used or has expired").At("code", "").
		Fix("Put both halves together with a hyphen between them, or ask for a new enrolment.")
}

// setPassword stores the hash and voids what was authenticated before.
func setPassword(tx *store.Tx, p *Person, hash string) error {
	p.Credentials++
	p.CredentialsAt = tx.Now()
	if err := persons.Put(tx, p); err != nil {
		return err
	}
	return credentials.Put(tx, &credential{Person: p.ID, Hash: hash})
}

// normalCode undoes what copying does to a code: spaces, line ends, capitals.
func normalCode(code string) string {
	if len(code) > 200 {
		return ""
	}
	return strings.ToLower(strings.Join(strings.Fields(code), ""))
}
