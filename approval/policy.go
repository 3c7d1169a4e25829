package approval

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/store"
)

// The bounds of how long a full set of endorsements may live, and how long a
// submission waits for a decision (DESIGN.md, invariant 9).
const (
	DefaultValidFor = 4 * time.Hour
	MaxValidFor     = 24 * time.Hour
	MaxNotBefore    = 72 * time.Hour
	ReviewTime      = 72 * time.Hour
)

// Any matches every account, visibility or kind of a [Policy].
const Any = "*"

// Policy says what it takes to release a proposal. The first policy of the
// list that matches decides; where none matches, nothing is released.
type Policy struct {
	Name       string   `cbor:"1,keyasint"`
	Accounts   []string `cbor:"2,keyasint"` // names or Any
	Visibility string   `cbor:"3,keyasint"` // "public", "private" or Any
	Kinds      []string `cbor:"4,keyasint"` // kinds or Any
	// Quorum is how many different people must endorse, the author included; at least 2.
	Quorum int `cbor:"5,keyasint"`
	// Roles must each be held by at least one of the endorsers.
	Roles []people.Role `cbor:"6,keyasint"`
	// Independent refuses approvals by people who wrote any revision.
	Independent bool          `cbor:"7,keyasint,omitempty"`
	ValidFor    time.Duration `cbor:"8,keyasint"`
}

// DefaultPolicy is in force unless the configuration says otherwise: an answer
// needs its author and one other person, and one of them is press.
func DefaultPolicy() Policy {
	return Policy{
		Name: "default", Accounts: []string{Any}, Visibility: Any, Kinds: []string{Any},
		Quorum: 2, Roles: []people.Role{people.Press}, ValidFor: DefaultValidFor,
	}
}

// governancePolicy is fixed: an admin and one other admin, press officer or
// manager (DESIGN.md, invariant 7).
func governancePolicy() Policy {
	return Policy{
		Name: "governance", Accounts: []string{Any}, Visibility: Any, Kinds: []string{Any},
		Quorum: 2, Roles: []people.Role{people.Admin}, ValidFor: DefaultValidFor,
	}
}

// Validate refuses a policy that would let anything pass vacuously.
func (p *Policy) Validate() error {
	bad := func(field, value, message, remedy string) error {
		return fault.New(fault.InvalidInput, "%s", message).At("policies."+p.Name+"."+field, value).Fix("%s", remedy)
	}
	switch {
	case p.Name == "" || len(p.Name) > 40:
		return bad("name", p.Name, "a policy needs a name of at most 40 characters", "Give it one.")
	case p.Quorum < 2 || p.Quorum > 10:
		return bad("quorum", fmt.Sprint(p.Quorum), "a quorum is 2 to 10 different people", "Set it to 2 or more.")
	case len(p.Roles) == 0:
		return bad("roles", "", "at least one role must be among the endorsers", "Name press.")
	case p.ValidFor < time.Minute || p.ValidFor > MaxValidFor:
		return bad("valid_for", p.ValidFor.String(), "approvals live one minute to 24 hours", "Use 4h.")
	case len(p.Accounts) == 0 || len(p.Kinds) == 0 || p.Visibility == "":
		return bad("accounts", strings.Join(p.Accounts, " "), "a policy must say what it covers", `Use "*" for everything.`)
	}
	for _, r := range p.Roles {
		if !slices.Contains([]people.Role{people.Agent, people.Press, people.Manager, people.Admin}, r) {
			return bad("roles", string(r), "there is no such role", "Name agent, press, manager or admin.")
		}
	}
	return nil
}

// Sentence is the policy in one English sentence.
func (p *Policy) Sentence() string {
	roles := make([]string, len(p.Roles))
	for i, r := range p.Roles {
		roles[i] = string(r)
	}
	s := fmt.Sprintf("%d different people, among them %s", p.Quorum, strings.Join(roles, " and "))
	if p.Independent {
		s += ", none of the approvers having written any of it"
	}
	return s
}

func (p *Policy) matches(e *Envelope) bool {
	in := func(list []string, value string) bool {
		return slices.Contains(list, Any) || slices.Contains(list, value)
	}
	return in(p.Accounts, string(e.Account)) && in(p.Kinds, string(e.Kind)) &&
		(p.Visibility == Any || p.Visibility == string(e.Visibility))
}

// digest commits an envelope to the policy that was in force for it.
func (p *Policy) digest() [32]byte {
	var w writer
	w.text("standpunt/policy/v1")
	w.text(p.Name)
	w.list(len(p.Accounts), func(i int, w *writer) { w.text(p.Accounts[i]) })
	w.text(p.Visibility)
	w.list(len(p.Kinds), func(i int, w *writer) { w.text(p.Kinds[i]) })
	w.number(uint64(p.Quorum)) //nolint:gosec // 2 to 10
	w.list(len(p.Roles), func(i int, w *writer) { w.text(string(p.Roles[i])) })
	if p.Independent {
		w.text("independent")
	} else {
		w.text("")
	}
	w.number(uint64(p.ValidFor / time.Second)) //nolint:gosec // positive
	return sha256.Sum256(w.b)
}

// facts describe the policy in the audit log, so that a replay can apply it.
func (p *Policy) facts() map[string]string {
	roles := make([]string, len(p.Roles))
	for i, r := range p.Roles {
		roles[i] = string(r)
	}
	return map[string]string{
		"policy": p.Name, "quorum": fmt.Sprint(p.Quorum), "roles": strings.Join(roles, ","),
		"independent": fmt.Sprint(p.Independent), "digest": fmt.Sprintf("%x", p.digest()),
	}
}

// policySet is the list in force, kept under one key.
type policySet struct {
	Name     string   `cbor:"1,keyasint"` // always "current"
	Policies []Policy `cbor:"2,keyasint"`
}

func (s *policySet) id() store.String { return store.String(s.Name) }

const currentPolicies = store.String("current")

// Policies is the list in force.
func (a *Approvals) policies(tx *store.Tx) ([]Policy, error) {
	set, ok, err := a.policySets.Lookup(tx, currentPolicies)
	if err != nil || !ok {
		return nil, err
	}
	return set.Policies, nil
}

// policyFor finds the policy for an envelope; without one nothing may pass.
func (a *Approvals) policyFor(tx *store.Tx, e *Envelope) (*Policy, error) {
	if governs(e.Kind) {
		p := governancePolicy()
		return &p, nil
	}
	list, err := a.policies(tx)
	if err != nil {
		return nil, fmt.Errorf("approval: policies: %w", err)
	}
	for i := range list {
		if list[i].matches(e) {
			if err := list[i].Validate(); err != nil {
				return nil, fault.New(fault.NoPolicy, "the policy %q cannot be applied, so nothing is released under it", list[i].Name).Because(err)
			}
			return &list[i], nil
		}
	}
	return nil, fault.New(fault.NoPolicy, "no policy covers %s proposals on %s", e.Kind, accountOr(e.Account)).
		Fix("Let an admin propose a policy that does.")
}

func accountOr(n inbox.AccountName) string {
	if n == "" {
		return "the daemon itself"
	}
	return string(n)
}

// mayEndorse reports why a person may not stand behind a proposal of this
// kind, nil if they may.
func mayEndorse(p *people.Person, kind Kind, now time.Time) error {
	switch {
	case !p.Enabled:
		return fault.New(fault.Forbidden, "this person is disabled")
	case governs(kind) && !slices.ContainsFunc(p.Roles, func(r people.Role) bool { return endorses(kind, r) }):
		return fault.New(fault.Forbidden, "this takes an admin and one other admin, press officer or manager")
	case !slices.ContainsFunc(p.Roles, func(r people.Role) bool { return endorses(kind, r) }):
		return fault.New(fault.Forbidden, "answers are endorsed by agents and press officers").
			Fix("Ask a press officer.")
	case now.Before(p.EndorsesFrom):
		return fault.New(fault.CoolingTime, "a new approver waits before endorsing; this one until %s", p.EndorsesFrom.Format(time.RFC3339)).
			With("until", p.EndorsesFrom.Format(time.RFC3339))
	}
	return nil
}

// evaluate decides whether the standing endorsements release the proposal. It
// counts each person once, asks for each one's present roles, and treats every
// error as "no". missing says in one English sentence what is still needed.
func (a *Approvals) evaluate(tx *store.Tx, p *Proposal, policy *Policy) (ok bool, missing string, err error) {
	seen := make(map[people.ID]bool)
	held := make(map[people.Role]bool)
	author := false
	for _, e := range p.Endorsements {
		if seen[e.Person] || e.Digest != p.Digest {
			continue
		}
		person, err := a.staff.Get(tx, e.Person)
		if err != nil {
			return false, "", fmt.Errorf("approval: endorser: %w", err)
		}
		if mayEndorse(person, p.Kind, tx.Now()) != nil {
			continue
		}
		if policy.Independent && !e.Author && slices.Contains(p.Contributors, e.Person) {
			continue
		}
		seen[e.Person] = true
		author = author || e.Person == p.Author
		for _, r := range person.Roles {
			held[r] = true
		}
	}
	if !author {
		return false, "the author must submit it", nil
	}
	if n := policy.Quorum - len(seen); n > 0 {
		return false, fmt.Sprintf("needs %d more", n), nil
	}
	for _, r := range policy.Roles {
		if !held[r] {
			return false, fmt.Sprintf("needs one of the role %s", r), nil
		}
	}
	return policy.Quorum >= 2 && len(seen) >= 2, "", nil
}
