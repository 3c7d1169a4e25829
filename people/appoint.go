package people

import (
	"encoding/binary"
	"slices"
	"time"

	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/store"
)

// NewPerson is somebody to create.
type NewPerson struct {
	Login    string
	Name     string // the login where it is empty
	Roles    []Role
	Language string // "nl" or "en"; "en" where it is empty
	// Founder is one of the people that init makes: no cooling time, and the code goes whole
	// to whoever runs init, so that no half of it is kept.
	Founder bool
}

// Create makes a person, enabled and without a password, and the enrolment
// with which they set one. A login that anybody has or had, or that looks like
// such a one, is already_exists.
func (s *Staff) Create(tx *store.Tx, m Mandate, n NewPerson) (*Person, Enrolment, error) {
	if err := m.check(); err != nil {
		return nil, Enrolment{}, err
	}
	p, err := n.person(tx.Now())
	if err != nil {
		return nil, Enrolment{}, err
	}
	other, err := first(persons.By(tx, "look", store.Range{Prefix: store.Field([]byte(look(p.Login)))}, false))
	if err != nil {
		return nil, Enrolment{}, err
	}
	if other != nil {
		return nil, Enrolment{}, fault.New(fault.AlreadyExists, "this login, or one that looks the same, belongs to somebody").
			At("login", n.Login).Fix("Choose another login. A login is never given out twice; a person who comes back is enabled again.")
	}
	if !n.Founder {
		s.cool(tx, p)
	}
	if err := persons.Put(tx, p); err != nil {
		return nil, Enrolment{}, err
	}
	e := m.event("person.created", p)
	e.To = "enabled"
	e.Facts["roles"] = joined(p.Roles)
	e.Facts["endorses_from"] = timeFact(p.EndorsesFrom)
	if e.Digest, err = s.log.Seal(tx, "standpunt/person/v1", identity(p)); err != nil {
		return nil, Enrolment{}, err
	}
	if err := s.record(tx, e); err != nil {
		return nil, Enrolment{}, err
	}
	enrolment, err := startEnrolment(tx, p.ID, !n.Founder)
	return p.clone(), enrolment, err
}

// person is the checked record, without EndorsesFrom.
func (n NewPerson) person(now time.Time) (*Person, error) {
	p := &Person{ID: id.At[Person](now), Enabled: true, CreatedAt: now, Name: n.Name, Language: n.Language}
	var err error
	if p.Login, err = NormalLogin(n.Login); err != nil {
		return nil, err
	}
	if p.Name == "" {
		p.Name = p.Login
	}
	if p.Name, err = normalName(p.Name); err != nil {
		return nil, err
	}
	if p.Roles, err = normalRoles(n.Roles); err != nil {
		return nil, err
	}
	if p.Language == "" {
		p.Language = "en"
	}
	return p, checkLanguage(p.Language)
}

// CheckNew reports what [Staff.Create] would find wrong with n itself, so that
// a proposal for it can be refused when it is made.
func CheckNew(n NewPerson) error {
	_, err := n.person(time.Now())
	return err
}

// SetRoles replaces the person's roles. Gaining a power to endorse that the
// person did not have starts the cooling time; losing a role runs
// [Staff.OnPowerLoss]. What would leave nobody to govern is refused.
func (s *Staff) SetRoles(tx *store.Tx, m Mandate, person ID, roles []Role) error {
	if err := m.check(); err != nil {
		return err
	}
	p, err := s.Get(tx, person)
	if err != nil {
		return err
	}
	roles, err = normalRoles(roles)
	if err != nil {
		return err
	}
	if slices.Equal(roles, p.Roles) {
		return nil
	}
	before := p.clone()
	p.Roles = roles
	if err := guard(tx, before, p); err != nil {
		return err
	}
	had := powers(before.Roles)
	if slices.ContainsFunc(powers(roles), func(power string) bool { return !slices.Contains(had, power) }) {
		s.cool(tx, p)
	}
	if err := persons.Put(tx, p); err != nil {
		return err
	}
	e := m.event("person.roles_changed", p)
	e.From, e.To = joined(before.Roles), joined(p.Roles)
	e.Facts["endorses_from"] = timeFact(p.EndorsesFrom)
	if err := s.record(tx, e); err != nil {
		return err
	}
	if slices.ContainsFunc(before.Roles, func(r Role) bool { return !p.Has(r) }) {
		return s.powerLost(tx, person)
	}
	return nil
}

// SetEnabled disables a person or enables one again. Disabling ends all
// sessions, tokens and open enrolments and runs [Staff.OnPowerLoss]; enabling
// starts the cooling time, and the password is the one from before: a person
// who had none yet needs [Staff.ResetCredentials] too. What would leave nobody
// to govern is refused.
func (s *Staff) SetEnabled(tx *store.Tx, m Mandate, person ID, enabled bool) error {
	if err := m.check(); err != nil {
		return err
	}
	p, err := s.Get(tx, person)
	if err != nil || p.Enabled == enabled {
		return err
	}
	before := p.clone()
	p.Enabled = enabled
	if err := guard(tx, before, p); err != nil {
		return err
	}
	e := m.event("person.disabled", p)
	e.From, e.To = "enabled", "disabled"
	if enabled {
		s.cool(tx, p)
		e.Kind, e.From, e.To = "person.enabled", "disabled", "enabled"
		e.Facts["endorses_from"] = timeFact(p.EndorsesFrom)
	}
	if err := persons.Put(tx, p); err != nil {
		return err
	}
	if err := s.record(tx, e); err != nil || enabled {
		return err
	}
	if err := s.lockOut(tx, p, "disabled"); err != nil {
		return err
	}
	return s.powerLost(tx, person)
}

// ResetCredentials takes the person's password away, ends all sessions and
// tokens, starts the cooling time, and gives the enrolment with which the
// person, and nobody for them, sets a new one.
func (s *Staff) ResetCredentials(tx *store.Tx, m Mandate, person ID) (Enrolment, error) {
	if err := m.check(); err != nil {
		return Enrolment{}, err
	}
	p, err := s.Get(tx, person)
	if err != nil {
		return Enrolment{}, err
	}
	if !p.Enabled {
		return Enrolment{}, fault.New(fault.WrongState, "this person is disabled").Fix("Enable the person first.")
	}
	p.Credentials++
	p.CredentialsAt = time.Time{}
	s.cool(tx, p)
	if err := persons.Put(tx, p); err != nil {
		return Enrolment{}, err
	}
	if err := credentials.Delete(tx, person); err != nil {
		return Enrolment{}, err
	}
	e := m.event("credentials.reset", p)
	e.Facts["endorses_from"] = timeFact(p.EndorsesFrom)
	if err := s.record(tx, e); err != nil {
		return Enrolment{}, err
	}
	if err := s.lockOut(tx, p, "reset"); err != nil {
		return Enrolment{}, err
	}
	return startEnrolment(tx, person, true)
}

// lockOut ends everything with which the person could come in.
func (s *Staff) lockOut(tx *store.Tx, p *Person, why string) error {
	if err := s.endSessions(tx, p, SessionID{}, why); err != nil {
		return err
	}
	if err := s.revokeTokens(tx, p.ID); err != nil {
		return err
	}
	return enrolments.Delete(tx, p.ID)
}

// cool starts the cooling time; it never shortens one.
func (s *Staff) cool(tx *store.Tx, p *Person) {
	if until := tx.Now().Add(s.o.CoolingTime); s.o.CoolingTime > 0 && until.After(p.EndorsesFrom) {
		p.EndorsesFrom = until
	}
}

// powers are the ways in which roles let a person be one of the two.
func powers(roles []Role) []string {
	p := &Person{Roles: roles}
	var all []string
	for power, holders := range map[string][]Role{
		"endorse replies":      {Agent, Press},
		"endorse as press":     {Press},
		"govern with an admin": {Admin, Press, Manager},
		"govern as admin":      {Admin},
	} {
		if p.Has(holders...) {
			all = append(all, power)
		}
	}
	return all
}

// guard refuses a change after which no two people are left who can govern
// together: an admin and one other admin, press officer or manager. People who
// cannot sign in yet count only where those who can were not enough before.
func guard(tx *store.Tx, before, after *Person) error {
	all, err := collect(persons.Scan(tx, store.Range{}, false))
	if err != nil {
		return err
	}
	counts := func(p *Person) bool { return p.Enabled && p.Enrolled() }
	if !govern(all, counts) {
		counts = func(p *Person) bool { return p.Enabled }
	}
	if !govern(all, counts) {
		return nil
	}
	for i, p := range all {
		if p.ID == before.ID {
			all[i] = after
		}
	}
	if govern(all, counts) {
		return nil
	}
	return fault.New(fault.WrongState, "after this change no two people would be left who can decide about people and settings: "+
		"it takes an admin and one other admin, press officer or manager, both enabled and enrolled").
		Fix("Appoint somebody else first, and wait until they have enrolled.")
}

func govern(all []*Person, counts func(*Person) bool) bool {
	admins, governors := 0, 0
	for _, p := range all {
		if !counts(p) {
			continue
		}
		if p.Has(Admin) {
			admins++
		}
		if p.Has(Admin, Press, Manager) {
			governors++
		}
	}
	return admins >= 1 && governors >= 2
}

// normalRoles are the roles sorted and without repeats; at least one.
func normalRoles(roles []Role) ([]Role, error) {
	for _, r := range roles {
		switch r {
		case Agent, Press, Manager, Admin:
		default:
			return nil, fault.New(fault.InvalidInput, "there is no such role").At("roles", string(r)).
				Fix("Use agent, press, manager or admin.")
		}
	}
	normal := slices.Compact(slices.Sorted(slices.Values(roles)))
	if len(normal) == 0 {
		return nil, fault.New(fault.InvalidInput, "a person needs a role").At("roles", "").
			Fix("Use agent, press, manager or admin; disable a person who shall have none.")
	}
	return normal, nil
}

// identity is what the audit log commits to when it says that a person was
// created: login and name, each after its length in 4 bytes, big-endian.
func identity(p *Person) []byte {
	var b []byte
	for _, part := range []string{p.Login, p.Name} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return b
}

func timeFact(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
