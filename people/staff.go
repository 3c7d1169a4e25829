package people

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"sync"
	"time"

	"standpunt/audit"
	"standpunt/internal/fault"
	"standpunt/store"
)

// Options are the settings of [New]. The zero Options are safe.
type Options struct {
	// EndorsingPeople are the logins whose API tokens may endorse. None by default.
	EndorsingPeople []string
	// CoolingTime is how long a new approver waits; 0 is not at all. The daemon passes 24 h.
	CoolingTime time.Duration
	// SessionIdle ends a session that was not used for so long; 0 means 12 h.
	SessionIdle time.Duration
	// SessionLife ends every session after so long; 0 means 7 days.
	SessionLife time.Duration
	// Hashing is what a password hash costs; the zero value is [DefaultHashing]. Tests and
	// the demo pass [CheapHashing].
	Hashing Hashing
	// AllowWeak takes any password that is not empty, for the demo's "demo".
	AllowWeak bool
	// Logger receives what went wrong without anybody having to know; nil is [slog.Default].
	Logger *slog.Logger
}

// Staff is everybody who works here.
type Staff struct {
	db        *store.DB
	log       *audit.Log
	o         Options
	endorsing map[string]bool
	hasher    *hasher
	throttle  *throttle
	refusals  *bucket // of recorded sign-in refusals
	wrongCode *bucket // of unknown enrolment codes

	mu          sync.RWMutex
	onPowerLoss []func(*store.Tx, ID) error
	trouble     string // why times of last use cannot be written
}

// New makes the staff that db holds. EndorsingPeople that are no possible
// login are left out: they match nobody.
func New(db *store.DB, log *audit.Log, o Options) *Staff {
	if o.SessionIdle == 0 {
		o.SessionIdle = 12 * time.Hour
	}
	if o.SessionLife == 0 {
		o.SessionLife = 7 * 24 * time.Hour
	}
	if o.Hashing == (Hashing{}) {
		o.Hashing = DefaultHashing()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	endorsing := make(map[string]bool)
	for _, raw := range o.EndorsingPeople {
		if login, err := NormalLogin(raw); err == nil {
			endorsing[login] = true
		}
	}
	return &Staff{
		db: db, log: log, o: o, endorsing: endorsing,
		hasher:    newHasher(o.Hashing),
		throttle:  newThrottle(),
		refusals:  newBucket(60, time.Second),
		wrongCode: newBucket(30, 2*time.Second),
	}
}

// Get is the person in tx, or a not_found fault.
func (s *Staff) Get(tx *store.Tx, id ID) (*Person, error) {
	p, ok, err := persons.Lookup(tx, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "there is no such person").At("person", id.String())
	}
	return p, err
}

// Person is the person with the id, or a not_found fault.
func (s *Staff) Person(ctx context.Context, id ID) (p *Person, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p, err = s.Get(tx, id)
		return err
	})
	return p, err
}

// ByLogin is the person with the login, in any spelling that [NormalLogin]
// makes the same, or a not_found fault; invalid_input for what can be no login.
func (s *Staff) ByLogin(ctx context.Context, login string) (p *Person, err error) {
	normal, err := NormalLogin(login)
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *store.Tx) error {
		p, err = byLogin(tx, normal)
		if err == nil && p == nil {
			err = fault.New(fault.NotFound, "nobody has this login").At("login", login)
		}
		return err
	})
	return p, err
}

// List is everybody, disabled people too, in the order in which they came.
func (s *Staff) List(ctx context.Context) (all []*Person, err error) {
	err = s.db.View(ctx, func(tx *store.Tx) error {
		all, err = collect(persons.Scan(tx, store.Range{}, false))
		return err
	})
	return all, err
}

// OnPowerLoss has f run inside the transaction in which a person is disabled
// or loses a role. An error of f undoes the transaction.
func (s *Staff) OnPowerLoss(f func(tx *store.Tx, id ID) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onPowerLoss = append(s.onPowerLoss, f)
}

func (s *Staff) powerLost(tx *store.Tx, id ID) error {
	s.mu.RLock()
	hooks := s.onPowerLoss
	s.mu.RUnlock()
	for _, f := range hooks {
		if err := f(tx, id); err != nil {
			return fmt.Errorf("people: after the loss of power of %s: %w", id, err)
		}
	}
	return nil
}

func (s *Staff) record(tx *store.Tx, e audit.Event) error {
	if _, err := s.log.Append(tx, e); err != nil {
		return fmt.Errorf("people: recording %s: %w", e.Kind, err)
	}
	return nil
}

// byLogin is the person with the normal login, nil if there is none.
func byLogin(tx *store.Tx, login string) (*Person, error) {
	return first(persons.By(tx, "login", store.Range{Prefix: store.Field([]byte(login))}, false))
}

// first is the first record of a scan, nil if there is none.
func first[V any](scan iter.Seq2[*V, error]) (*V, error) {
	for v, err := range scan {
		return v, err
	}
	return nil, nil
}

func collect[V any](scan iter.Seq2[*V, error]) ([]*V, error) {
	var all []*V
	for v, err := range scan {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}
