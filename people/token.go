package people

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/store"
)

// TokenPrefix begins every API token, so that people and secret scanners
// recognise one that lies where it should not.
const TokenPrefix = "spt_"

// Token is an API token of one person, or of the service that delivers
// mentions to one account. The secret itself is shown once and not kept.
type Token struct {
	ID        TokenID    `cbor:"1,keyasint"`
	Secret    secretHash `cbor:"2,keyasint"`
	Person    ID         `cbor:"3,keyasint"`           // zero for a service token
	Account   string     `cbor:"4,keyasint,omitempty"` // of a service token
	Name      string     `cbor:"5,keyasint"`           // what it is for, in its owner's words
	Scopes    []Scope    `cbor:"6,keyasint"`           // sorted, without repeats
	CreatedAt time.Time  `cbor:"7,keyasint"`
	ExpiresAt time.Time  `cbor:"8,keyasint"` // zero: never
	UsedAt    time.Time  `cbor:"9,keyasint"` // last use, to the minute; zero: never
	RevokedAt time.Time  `cbor:"10,keyasint"`
}

func (t *Token) service() bool { return t.Account != "" }

// Live reports whether the token was in force at the time.
func (t *Token) Live(at time.Time) bool {
	return t.RevokedAt.IsZero() && (t.ExpiresAt.IsZero() || at.Before(t.ExpiresAt))
}

const tokensMost = 100 // live ones of one person, or of all services

// IssueToken makes an API token of the person. It takes a session: a token
// that could make tokens would outlive its own revocation. The zero expiry is
// never. Scope endorse can be given to anybody's token and works while the
// configuration lists the person; ingest is for admins alone.
func (s *Staff) IssueToken(ctx context.Context, by Principal, name string, scopes []Scope, expires time.Time) (secret string, t *Token, err error) {
	if err := atDesk(by); err != nil {
		return "", nil, err
	}
	if scopes, err = normalScopes(scopes); err != nil {
		return "", nil, err
	}
	return s.issue(ctx, by, Token{Name: name, Scopes: scopes, ExpiresAt: expires.UTC()}, func(person *Person) error {
		if slices.Contains(scopes, Ingest) && !person.Has(Admin) {
			return fault.New(fault.Forbidden, "only an admin's token may deliver mentions").At("scopes", string(Ingest)).
				Fix("Ask an admin for a service token.")
		}
		return nil
	})
}

// IssueServiceToken makes a token with which a program delivers mentions to
// one account, and can do nothing else: it belongs to no person and never
// endorses. It takes an admin at the desk. It does not expire.
func (s *Staff) IssueServiceToken(ctx context.Context, by Principal, name, account string) (secret string, t *Token, err error) {
	if err := atDesk(by); err != nil {
		return "", nil, err
	}
	if account == "" || len(account) > 100 || audit.Fact(account) != account {
		return "", nil, fault.New(fault.InvalidInput, "a service token needs the name of an account").At("account", account).
			Fix("Use the name of an account of kind push, as configured.")
	}
	return s.issue(ctx, by, Token{Name: name, Account: account, Scopes: []Scope{Ingest}}, adminOnly)
}

func adminOnly(person *Person) error {
	if !person.Has(Admin) {
		return fault.New(fault.Forbidden, "only an admin handles service tokens")
	}
	return nil
}

func (s *Staff) issue(ctx context.Context, by Principal, want Token, allowed func(*Person) error) (string, *Token, error) {
	name, err := normalName(want.Name)
	if err != nil {
		return "", nil, err
	}
	secret := TokenPrefix + newSecret()
	var t *Token
	err = s.db.Update(ctx, func(tx *store.Tx) error {
		person, err := s.Confirm(tx, by)
		if err != nil {
			return err
		}
		if err := allowed(person); err != nil {
			return err
		}
		made := want
		t = &made
		t.ID, t.Secret, t.Name, t.CreatedAt = id.At[Token](tx.Now()), hashSecret(secret), name, tx.Now()
		if !t.service() {
			t.Person = person.ID
		}
		if !t.Live(tx.Now()) {
			return fault.New(fault.InvalidInput, "a token cannot expire before it begins").
				At("expires", t.ExpiresAt.Format(time.RFC3339)).Fix("Give a time that lies ahead.")
		}
		if err := fewTokens(tx, t.Person); err != nil {
			return err
		}
		if err := tokens.Put(tx, t); err != nil {
			return err
		}
		return s.record(tx, tokenEvent("token.issued", by.Actor(), by.Via(), t))
	})
	if err != nil {
		return "", nil, err
	}
	return secret, t, nil
}

func fewTokens(tx *store.Tx, owner ID) error {
	own, err := tokensOf(tx, owner)
	if err != nil {
		return err
	}
	live := 0
	for _, t := range own {
		if t.Live(tx.Now()) {
			live++
		}
	}
	if live >= tokensMost {
		return fault.New(fault.InvalidInput, "there are %d tokens already", live).Fix("Revoke those that nobody uses.")
	}
	return nil
}

// Tokens are the person's own, also the revoked and expired ones, the newest
// first.
func (s *Staff) Tokens(ctx context.Context, by Principal) (own []*Token, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		person, err := s.Confirm(tx, by)
		if err != nil {
			return err
		}
		own, err = tokensOf(tx, person.ID)
		return err
	})
	return own, err
}

// ServiceTokens are those of all accounts, for an admin, the newest first.
func (s *Staff) ServiceTokens(ctx context.Context, by Principal) (all []*Token, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		person, err := s.Confirm(tx, by)
		if err != nil {
			return err
		}
		if err := adminOnly(person); err != nil {
			return err
		}
		all, err = tokensOf(tx, ID{})
		return err
	})
	return all, err
}

// RevokeToken ends one of the person's own tokens or, for an admin, a service
// token. Of any other it says not_found; an ended one is no error.
func (s *Staff) RevokeToken(ctx context.Context, by Principal, token TokenID) error {
	if err := by.May(Write); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		person, err := s.Confirm(tx, by)
		if err != nil {
			return err
		}
		reach, err := tokensOf(tx, person.ID)
		if err != nil {
			return err
		}
		if person.Has(Admin) {
			services, err := tokensOf(tx, ID{})
			if err != nil {
				return err
			}
			reach = append(reach, services...)
		}
		at := slices.IndexFunc(reach, func(t *Token) bool { return t.ID == token })
		if at < 0 {
			return fault.New(fault.NotFound, "you have no such token").At("token", token.String())
		}
		return s.revoke(tx, reach[at], by.Actor(), by.Via())
	})
}

func (s *Staff) revoke(tx *store.Tx, t *Token, actor audit.Actor, via string) error {
	if !t.RevokedAt.IsZero() {
		return nil
	}
	t.RevokedAt = tx.Now()
	if err := tokens.Put(tx, t); err != nil {
		return err
	}
	return s.record(tx, tokenEvent("token.revoked", actor, via, t))
}

// revokeTokens ends all of the person's tokens.
func (s *Staff) revokeTokens(tx *store.Tx, person ID) error {
	own, err := tokensOf(tx, person)
	if err != nil {
		return err
	}
	for _, t := range own {
		if err := s.revoke(tx, t, audit.System, "daemon"); err != nil {
			return err
		}
	}
	return nil
}

// ByToken is who the secret of a token belongs to, or an unauthenticated
// fault. The time of last use is written down at most once a minute.
func (s *Staff) ByToken(ctx context.Context, secret string) (p Principal, err error) {
	if !strings.HasPrefix(secret, TokenPrefix) {
		return Principal{}, badToken("is not valid")
	}
	key := hashSecret(secret)
	var unused time.Duration
	err = s.db.View(ctx, func(tx *store.Tx) error {
		t, person, err := s.liveToken(tx, key)
		if err != nil {
			return err
		}
		unused = tx.Now().Sub(t.UsedAt)
		p = s.tokenPrincipal(tx, t, person)
		return nil
	})
	if err != nil {
		return Principal{}, err
	}
	if unused >= touchEvery {
		s.touched(ctx, s.db.Update(ctx, func(tx *store.Tx) error {
			t, ok, err := tokens.Lookup(tx, key)
			if err != nil || !ok || tx.Now().Sub(t.UsedAt) < touchEvery {
				return err
			}
			t.UsedAt = tx.Now()
			return tokens.Put(tx, t)
		}))
	}
	return p, nil
}

// liveToken is the token and its person, nil for a service, if both are in
// force now, else an unauthenticated fault.
func (s *Staff) liveToken(tx *store.Tx, key secretHash) (*Token, *Person, error) {
	t, ok, err := tokens.Lookup(tx, key)
	switch {
	case err != nil:
		return nil, nil, err
	case !ok:
		return nil, nil, badToken("is not valid")
	case !t.RevokedAt.IsZero():
		return nil, nil, badToken("was revoked")
	case !t.Live(tx.Now()):
		return nil, nil, badToken("has expired")
	case t.service():
		return t, nil, nil
	}
	person, err := s.Get(tx, t.Person)
	if err != nil {
		return nil, nil, err
	}
	if !person.Enabled {
		return nil, nil, badToken("is not valid")
	}
	return t, person, nil
}

func badToken(what string) *fault.Fault {
	return fault.New(fault.Unauthenticated, "this API token %s", what).
		Fix("Send a token in force as \"Authorization: Bearer %s...\".", TokenPrefix)
}

func (s *Staff) tokenPrincipal(tx *store.Tx, t *Token, person *Person) Principal {
	p := &principal{
		via: viaAPI, secret: t.Secret, token: t.ID, scopes: slices.Clone(t.Scopes),
		account: t.Account, signedIn: t.CreatedAt, asOf: tx.Now(),
	}
	if person != nil {
		p.person = *person
		p.listed = s.endorsing[person.Login]
	}
	return Principal{p}
}

// atDesk refuses what takes a session.
func atDesk(by Principal) error {
	switch {
	case !by.Valid():
		return unauthenticated()
	case by.p.via != viaDesk:
		return fault.New(fault.Forbidden, "an API token cannot do this").Fix("Sign in with your password and do it there.")
	}
	return nil
}

func tokenEvent(kind string, actor audit.Actor, via string, t *Token) audit.Event {
	e := audit.Event{
		Kind: kind, Actor: actor, Via: via,
		Facts: map[string]string{"token": t.ID.String(), "scopes": joined(t.Scopes)},
	}
	if t.service() {
		e.Subject = audit.Subject("account:" + t.Account)
		e.Facts["kind"] = "service"
	} else {
		e.Subject = (&Person{ID: t.Person}).Subject()
		e.Facts["kind"] = "person"
	}
	if !t.ExpiresAt.IsZero() {
		e.Facts["expires"] = t.ExpiresAt.Format(time.RFC3339)
	}
	return e
}

// tokensOf are the person's tokens, or for the zero id all service tokens, the
// newest first.
func tokensOf(tx *store.Tx, person ID) ([]*Token, error) {
	own, err := collect(tokens.By(tx, "person", store.Range{Prefix: store.Field(person.Key())}, false))
	slices.SortFunc(own, func(a, b *Token) int { return strings.Compare(b.ID.String(), a.ID.String()) })
	return own, err
}

func normalScopes(scopes []Scope) ([]Scope, error) {
	for _, scope := range scopes {
		switch scope {
		case Read, Write, Endorse, Ingest:
		default:
			return nil, fault.New(fault.InvalidInput, "there is no such scope").At("scopes", string(scope)).
				Fix("Use read, write, endorse or ingest.")
		}
	}
	normal := slices.Compact(slices.Sorted(slices.Values(scopes)))
	if len(normal) == 0 {
		return nil, fault.New(fault.InvalidInput, "a token needs a scope").At("scopes", "").
			Fix("Use read, write, endorse or ingest.")
	}
	return normal, nil
}

// normalName is the name of a person or token: trimmed, NFC, 1 to 100
// characters, none of which is invisible or changes the direction of writing.
func normalName(raw string) (string, error) {
	const most = 100
	name := norm.NFC.String(strings.TrimSpace(raw))
	bad := !utf8.ValidString(name) || name == "" || utf8.RuneCountInString(name) > most ||
		strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
	if bad {
		return "", fault.New(fault.InvalidInput, "this name is empty, too long or holds characters that cannot be seen").
			At("name", strings.ToValidUTF8(raw, "?")).Fix("Use 1 to %d visible characters.", most)
	}
	return name, nil
}

func joined[S ~string](parts []S) string {
	var all []string
	for _, p := range parts {
		all = append(all, string(p))
	}
	return strings.Join(all, ",")
}
