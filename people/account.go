package people

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/store"
)

// SetLanguage sets the language of the person's own screens, "nl" or "en".
func (s *Staff) SetLanguage(ctx context.Context, by Principal, language string) error {
	if err := by.May(Write); err != nil {
		return err
	}
	if err := checkLanguage(language); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		p, err := s.Confirm(tx, by)
		if err != nil || p.Language == language {
			return err
		}
		e := audit.Event{
			Kind: "person.language_changed", Actor: by.Actor(), Via: by.Via(), Subject: p.Subject(),
			From: p.Language, To: language,
		}
		p.Language = language
		if err := persons.Put(tx, p); err != nil {
			return err
		}
		return s.record(tx, e)
	})
}

func checkLanguage(language string) error {
	if language != "nl" && language != "en" {
		return fault.New(fault.InvalidInput, "there is no such language").At("language", language).Fix("Use nl or en.")
	}
	return nil
}

// ChangePassword sets a new password of one's own. It takes a session and the
// current password, throttled like a sign-in. All other sessions of the person
// end; tokens stay, and can be revoked one by one.
func (s *Staff) ChangePassword(ctx context.Context, by Principal, current, next string) error {
	if err := atDesk(by); err != nil {
		return err
	}
	own := attemptAt("change "+by.ID().String(), netip.Addr{})
	own.address = own.login // of no interest: the session says who it is
	if err := s.throttle.begin(own); err != nil {
		return err
	}
	person, hash, err := s.credentialOf(ctx, by.Login())
	if err != nil {
		return err
	}
	_, err = s.checkSignIn(ctx, person, hash, current)
	if errors.Is(err, errRefused) {
		err = s.recordRefusal(ctx, person, "change_password")
		if err == nil {
			err = fault.New(fault.InvalidInput, "the current password is wrong").At("current", "").
				Fix("Give the password that you sign in with now.")
		}
	}
	if err != nil {
		return err
	}
	s.throttle.succeeded(own)
	password, err := s.checkPassword("new", next, person.Login)
	if err != nil {
		return err
	}
	fresh, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *store.Tx) error { return s.changePassword(tx, by, person.Credentials, fresh) })
}

func (s *Staff) changePassword(tx *store.Tx, by Principal, checked uint64, fresh string) error {
	p, err := s.Confirm(tx, by)
	if err != nil {
		return err
	}
	if p.Credentials != checked {
		return fault.New(fault.Conflict, "the password was changed meanwhile").Fix("Sign in with the newest password.")
	}
	if err := s.endSessions(tx, p, by.Session(), "password_changed"); err != nil {
		return err
	}
	if err := setPassword(tx, p, fresh); err != nil {
		return err
	}
	own, ok, err := sessions.Lookup(tx, by.p.secret)
	if err != nil || !ok {
		return err
	}
	own.Credentials = p.Credentials
	if err := sessions.Put(tx, own); err != nil {
		return err
	}
	return s.record(tx, audit.Event{
		Kind: "credentials.changed", Actor: by.Actor(), Via: by.Via(), Subject: p.Subject(),
	})
}

// Sweep deletes sessions and enrolments whose time is over, so that neither
// they nor an untaken half of a code stay behind. The daemon calls it every
// hour; nothing depends on it, for what has ended is refused anyway.
func (s *Staff) Sweep(ctx context.Context) error {
	var from []byte
	for {
		var next []byte
		err := s.db.Update(ctx, func(tx *store.Tx) (err error) {
			next, err = s.sweepSessions(tx, from)
			return err
		})
		if err != nil {
			return err
		}
		if next == nil {
			break
		}
		from = next
	}
	return s.db.Update(ctx, func(tx *store.Tx) error {
		all, err := collect(enrolments.Scan(tx, store.Range{}, false))
		if err != nil {
			return err
		}
		for _, e := range all {
			if tx.Now().Before(e.ExpiresAt) {
				continue
			}
			if err := enrolments.Delete(tx, e.Person); err != nil {
				return err
			}
			if err := s.record(tx, expired(e)); err != nil {
				return err
			}
		}
		return nil
	})
}

// sweepSessions looks at so many sessions and gives the key to go on from, nil
// at the end.
func (s *Staff) sweepSessions(tx *store.Tx, from []byte) (next []byte, err error) {
	var over []*Session
	looked := 0
	for v, err := range sessions.Scan(tx, store.Range{From: from}, false) {
		if err != nil {
			return nil, err
		}
		if looked == sweepMost {
			next = v.Secret.Key()
			break
		}
		looked++
		if s.ended(v, tx.Now()) {
			over = append(over, v)
		}
	}
	for _, v := range over {
		person, err := s.Get(tx, v.Person)
		if err != nil {
			return nil, err
		}
		if err := s.endSession(tx, person, v, "expired"); err != nil {
			return nil, err
		}
	}
	return next, nil
}

func expired(e *enrolment) audit.Event {
	return audit.Event{
		Kind: "enrolment.expired", Actor: audit.System, Via: "daemon", Subject: (&Person{ID: e.Person}).Subject(),
		Facts: map[string]string{"expired_at": e.ExpiresAt.UTC().Format(time.RFC3339)},
	}
}
