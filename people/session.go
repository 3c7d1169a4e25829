package people

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/store"
)

// Session is one signed-in browser or program of one person. Its secret is
// known to that browser alone.
type Session struct {
	ID        SessionID  `cbor:"1,keyasint"`
	Secret    secretHash `cbor:"2,keyasint"`
	Person    ID         `cbor:"3,keyasint"`
	StartedAt time.Time  `cbor:"4,keyasint"` // when the password was given
	SeenAt    time.Time  `cbor:"5,keyasint"` // last use, to the minute
	From      string     `cbor:"6,keyasint"` // network address, for the owner's eyes
	// Credentials is the person's count when the session started.
	Credentials uint64 `cbor:"7,keyasint"`
}

const (
	touchEvery   = time.Minute // a lookup writes at most this often
	sessionsMost = 50          // of one person; a further one ends the oldest
	sweepMost    = 500         // records that one transaction of Sweep looks at
)

// SignIn checks a password and starts a session. An unknown login, a wrong
// password, a disabled person and one who has not enrolled get the same
// unauthenticated fault after the same work. Too many failures for the login
// or from the address are answered with rate_limited, whose detail retry_after
// is in seconds, without looking at the password. The secret is for the
// browser's cookie and is not kept.
func (s *Staff) SignIn(ctx context.Context, login, password string, from netip.Addr) (secret string, p Principal, err error) {
	normal, loginErr := NormalLogin(login)
	if loginErr != nil {
		normal = "\x00" + login // no login: nobody's, and throttled like any other
	}
	attempt := attemptAt(normal, from)
	if err := s.throttle.begin(attempt); err != nil {
		return "", Principal{}, err
	}
	person, hash, err := s.credentialOf(ctx, normal)
	if err != nil {
		return "", Principal{}, err
	}
	fresh, err := s.checkSignIn(ctx, person, hash, password)
	if err == nil {
		secret, p, err = s.startSession(ctx, person, hash, fresh, from)
	}
	if errors.Is(err, errRefused) {
		err = s.recordRefusal(ctx, person, "sign_in")
		if err == nil {
			err = fault.New(fault.Unauthenticated, "login or password is wrong").
				Fix("Check both; if you forgot your password, ask an administrator for a new enrolment.")
		}
	}
	if err != nil {
		return "", Principal{}, err
	}
	s.throttle.succeeded(attempt)
	return secret, p, nil
}

// errRefused is a sign-in that must not succeed; it is never shown.
var errRefused = errors.New("people: sign-in refused")

// credentialOf is the person with the login and the hash of their password,
// both empty where there is none.
func (s *Staff) credentialOf(ctx context.Context, login string) (person *Person, hash string, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		person, hash = nil, ""
		if person, err = byLogin(tx, login); err != nil || person == nil {
			return err
		}
		c, ok, err := credentials.Lookup(tx, person.ID)
		if ok {
			hash = c.Hash
		}
		return err
	})
	return person, hash, err
}

// checkSignIn computes one hash whatever the case, and reports errRefused
// unless the password is right and the person may come in. fresh is a stronger
// hash of the password where the kept one costs less than new ones do.
func (s *Staff) checkSignIn(ctx context.Context, person *Person, hash, raw string) (fresh string, err error) {
	password, possible := normalPassword(raw)
	ok, weak, err := s.hasher.verify(ctx, hash, password)
	if err != nil {
		return "", err
	}
	if !ok || !possible || person == nil || !person.Enabled || !person.Enrolled() {
		return "", errRefused
	}
	if weak {
		return s.hasher.hash(ctx, password)
	}
	return "", nil
}

// startSession makes a session of a person whose password was right when hash
// was read, and reports errRefused if anything about that has changed since.
func (s *Staff) startSession(ctx context.Context, checked *Person, hash, fresh string, from netip.Addr) (string, Principal, error) {
	secret := newSecret()
	var p Principal
	err := s.db.Update(ctx, func(tx *store.Tx) error {
		person, err := s.Get(tx, checked.ID)
		if err != nil {
			return err
		}
		c, ok, err := credentials.Lookup(tx, person.ID)
		if err != nil {
			return err
		}
		if !ok || c.Hash != hash || !person.Enabled || person.Credentials != checked.Credentials {
			return errRefused
		}
		if fresh != "" {
			if err := credentials.Put(tx, &credential{Person: person.ID, Hash: fresh}); err != nil {
				return err
			}
		}
		if err := s.makeRoom(tx, person); err != nil {
			return err
		}
		v := &Session{
			ID: id.At[Session](tx.Now()), Secret: hashSecret(secret), Person: person.ID,
			StartedAt: tx.Now(), SeenAt: tx.Now(), From: addressText(from), Credentials: person.Credentials,
		}
		if err := sessions.Put(tx, v); err != nil {
			return err
		}
		p = sessionPrincipal(tx, v, person)
		return s.record(tx, sessionEvent("session.started", person, v, ""))
	})
	return secret, p, err
}

// makeRoom ends the person's oldest sessions beyond what one may have.
func (s *Staff) makeRoom(tx *store.Tx, person *Person) error {
	own, err := sessionsOf(tx, person.ID)
	if err != nil {
		return err
	}
	for ; len(own) >= sessionsMost; own = own[:len(own)-1] {
		if err := s.endSession(tx, person, own[len(own)-1], "too_many"); err != nil {
			return err
		}
	}
	return nil
}

// recordRefusal records a refused password. Only so many are recorded a
// minute, so that guessing does not fill the disk; the next one that is says how
// many were not. Neither the login as typed nor the address is recorded.
func (s *Staff) recordRefusal(ctx context.Context, person *Person, at string) error {
	allowed, unrecorded := s.refusals.take()
	if !allowed {
		return nil
	}
	e := audit.Event{
		Kind: "sign_in.refused", Actor: audit.System, Via: viaDesk, Subject: "sign-in",
		Facts: map[string]string{"at": at},
	}
	if person != nil {
		e.Subject = person.Subject()
	}
	if unrecorded > 0 {
		e.Facts["unrecorded"] = strconv.Itoa(unrecorded)
	}
	return s.db.Update(ctx, func(tx *store.Tx) error { return s.record(tx, e) })
}

// BySession is who the secret of a session belongs to, or an unauthenticated
// fault. It counts as use of the session, written down at most once a minute.
func (s *Staff) BySession(ctx context.Context, secret string) (Principal, error) {
	return s.bySession(ctx, secret, true)
}

// PeekSession is BySession for what a page asks by itself, without the person
// doing anything: it does not count as use.
func (s *Staff) PeekSession(ctx context.Context, secret string) (Principal, error) {
	return s.bySession(ctx, secret, false)
}

func (s *Staff) bySession(ctx context.Context, secret string, use bool) (p Principal, err error) {
	key := hashSecret(secret)
	var idle time.Duration
	err = s.db.View(ctx, func(tx *store.Tx) error {
		v, person, err := s.liveSession(tx, key)
		if err != nil {
			return err
		}
		idle = tx.Now().Sub(v.SeenAt)
		p = sessionPrincipal(tx, v, person)
		return nil
	})
	if err != nil {
		return Principal{}, err
	}
	if use && idle >= touchEvery {
		s.touched(ctx, s.db.Update(ctx, func(tx *store.Tx) error {
			v, ok, err := sessions.Lookup(tx, key)
			if err != nil || !ok || tx.Now().Sub(v.SeenAt) < touchEvery {
				return err
			}
			v.SeenAt = tx.Now()
			return sessions.Put(tx, v)
		}))
	}
	return p, nil
}

// touched logs that a time of last use could not be written. The request goes
// on: reading works on a full disk, and the session only ends earlier. The
// same trouble is logged once.
func (s *Staff) touched(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	text := ""
	if err != nil {
		text = err.Error()
	}
	s.mu.Lock()
	news := text != s.trouble
	s.trouble = text
	s.mu.Unlock()
	if err != nil && news {
		s.o.Logger.WarnContext(ctx, "cannot note the last use of a session or token", "error", err)
	}
}

// liveSession is the session and its person if both are in force now, else an
// unauthenticated fault.
func (s *Staff) liveSession(tx *store.Tx, key secretHash) (*Session, *Person, error) {
	v, ok, err := sessions.Lookup(tx, key)
	if err != nil {
		return nil, nil, err
	}
	if !ok || s.ended(v, tx.Now()) {
		return nil, nil, unauthenticated()
	}
	person, err := s.Get(tx, v.Person)
	if err != nil {
		return nil, nil, err
	}
	if !person.Enabled || !person.Enrolled() || person.Credentials != v.Credentials {
		return nil, nil, unauthenticated()
	}
	return v, person, nil
}

// ended reports whether the session's time is over.
func (s *Staff) ended(v *Session, now time.Time) bool {
	return now.Sub(v.SeenAt) >= s.o.SessionIdle || now.Sub(v.StartedAt) >= s.o.SessionLife
}

// SignOut ends the session. An unknown or ended one is no error.
func (s *Staff) SignOut(ctx context.Context, secret string) error {
	key := hashSecret(secret)
	return s.db.Update(ctx, func(tx *store.Tx) error {
		v, ok, err := sessions.Lookup(tx, key)
		if err != nil || !ok {
			return err
		}
		person, err := s.Get(tx, v.Person)
		if err != nil {
			return err
		}
		return s.endSession(tx, person, v, "signed_out")
	})
}

// Sessions are the person's own that are in force, the newest first.
func (s *Staff) Sessions(ctx context.Context, by Principal) (own []*Session, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		person, err := s.Confirm(tx, by)
		if err != nil {
			return err
		}
		all, err := sessionsOf(tx, person.ID)
		own = slices.DeleteFunc(all, func(v *Session) bool { return s.ended(v, tx.Now()) })
		return err
	})
	return own, err
}

// RevokeSession ends one of the person's own sessions; of anybody else's it
// says not_found.
func (s *Staff) RevokeSession(ctx context.Context, by Principal, session SessionID) error {
	if err := by.May(Write); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		person, err := s.Confirm(tx, by)
		if err != nil {
			return err
		}
		own, err := sessionsOf(tx, person.ID)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(own, func(v *Session) bool { return v.ID == session })
		if at < 0 {
			return fault.New(fault.NotFound, "you have no such session").At("session", session.String())
		}
		return s.endSession(tx, person, own[at], "revoked")
	})
}

func (s *Staff) endSession(tx *store.Tx, person *Person, v *Session, why string) error {
	if err := sessions.Delete(tx, v.Secret); err != nil {
		return err
	}
	return s.record(tx, sessionEvent("session.ended", person, v, why))
}

// endSessions ends all of the person's sessions but the one to keep.
func (s *Staff) endSessions(tx *store.Tx, person *Person, keep SessionID, why string) error {
	own, err := sessionsOf(tx, person.ID)
	if err != nil {
		return err
	}
	for _, v := range own {
		if v.ID == keep {
			continue
		}
		if err := s.endSession(tx, person, v, why); err != nil {
			return err
		}
	}
	return nil
}

func sessionEvent(kind string, person *Person, v *Session, why string) audit.Event {
	e := audit.Event{
		Kind: kind, Actor: person.Actor(), Via: viaDesk, Subject: person.Subject(),
		Facts: map[string]string{"session": v.ID.String()},
	}
	if why != "" {
		e.Facts["reason"] = why
	}
	switch why {
	case "expired", "too_many", "disabled", "reset":
		e.Actor, e.Via = audit.System, "daemon"
	}
	return e
}

// sessionsOf are the person's sessions, the newest first.
func sessionsOf(tx *store.Tx, person ID) ([]*Session, error) {
	own, err := collect(sessions.By(tx, "person", store.Range{Prefix: store.Field(person.Key())}, false))
	slices.SortFunc(own, func(a, b *Session) int { return strings.Compare(b.ID.String(), a.ID.String()) })
	return own, err
}

func sessionPrincipal(tx *store.Tx, v *Session, person *Person) Principal {
	return Principal{&principal{
		person: *person, via: viaDesk, secret: v.Secret, session: v.ID,
		signedIn: v.StartedAt, asOf: tx.Now(),
	}}
}

func addressText(from netip.Addr) string {
	if !from.IsValid() {
		return ""
	}
	return from.Unmap().WithZone("").String()
}
