package approval

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

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
	case p.Name == "" || len(p.Name) > 40 || !printable(p.Name):
		return bad("name", p.Name, "a policy needs a name of at most 40 bytes that can be seen", "Give it one.")
	case p.Quorum < 2 || p.Quorum > 10:
		return bad("quorum", fmt.Sprint(p.Quorum), "a quorum is 2 to 10 different people", "Set it to 2 or more.")
	case len(p.Roles) == 0:
		return bad("roles", "", "at least one role must be among the endorsers", "Name press.")
	case p.ValidFor < time.Minute || p.ValidFor > MaxValidFor:
		return bad("valid_for", p.ValidFor.String(), "approvals live one minute to 24 hours", "Use 4h.")
	case len(p.Accounts) == 0 || len(p.Kinds) == 0 || p.Visibility == "":
		return bad("accounts", strings.Join(p.Accounts, " "), "a policy must say what it covers", `Use "*" for everything.`)
	case !slices.Contains([]string{Any, string(inbox.Public), string(inbox.Private)}, p.Visibility):
		return bad("visibility", p.Visibility, "a visibility is public or private", `Use "*" for both.`)
	case len(strings.Join(p.Accounts, ",")) > maxScope || len(p.Kinds) > len(policyKinds):
		return bad("accounts", strings.Join(p.Accounts, " "), "a policy names too many accounts or kinds", "Make two policies of it.")
	case len(p.Roles) > 4:
		return bad("roles", "", "there are only four roles", "Name each once.")
	}
	for _, name := range p.Accounts {
		if name == "" || strings.Contains(name, ",") || !printable(name) {
			return bad("accounts", name, "this cannot be an account's name", "Write it as in the configuration.")
		}
	}
	for _, kind := range p.Kinds {
		if !slices.Contains(policyKinds, kind) {
			return bad("kinds", kind, "no policy decides about this kind of proposal", `Name reply, or "*" for everything.`)
		}
	}
	for _, r := range p.Roles {
		if !slices.Contains([]people.Role{people.Agent, people.Press, people.Manager, people.Admin}, r) {
			return bad("roles", string(r), "there is no such role", "Name agent, press, manager or admin.")
		}
	}
	return nil
}

// policyKinds are what a policy can cover. Governance is not among them: what
// it takes is fixed.
var policyKinds = []string{Any, string(KindReply), "correction", "removal", "position", "template", "campaign"}

// maxScope bounds the names of a policy's accounts: the audit entry holds them
// as one fact.
const maxScope = 250

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Sentence is the policy in one English sentence.
func (p *Policy) Sentence() string {
	s := fmt.Sprintf("%d different people, among them %s", p.Quorum, joined(p.Roles, " and "))
	if p.Independent {
		s += ", none of the approvers having written any of it"
	}
	return s
}

// scope is what the policy covers and how long, in one English sentence.
func (p *Policy) scope() string {
	of := func(list []string, all string) string {
		if slices.Contains(list, Any) {
			return all
		}
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("It covers %s on %s, %s; approvals live %s.",
		of(p.Kinds, "everything"), of(p.Accounts, "all accounts"), of([]string{p.Visibility}, "public and private"), p.ValidFor)
}

func joined(roles []people.Role, by string) string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = string(r)
	}
	return strings.Join(words, by)
}

// covers reports whether everything that other matches is matched by p.
func (p *Policy) covers(other *Policy) bool {
	all := func(list, others []string) bool {
		if slices.Contains(list, Any) {
			return true
		}
		return !slices.ContainsFunc(others, func(v string) bool { return !slices.Contains(list, v) })
	}
	return all(p.Accounts, other.Accounts) && all(p.Kinds, other.Kinds) && all([]string{p.Visibility}, []string{other.Visibility})
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
	w.number(uint64(p.Quorum))
	w.list(len(p.Roles), func(i int, w *writer) { w.text(string(p.Roles[i])) })
	if p.Independent {
		w.text("independent")
	} else {
		w.text("")
	}
	w.number(uint64(p.ValidFor / time.Second))
	return sha256.Sum256(w.b)
}

// facts describe the policy in the audit log, so that a replay can apply it.
func (p *Policy) facts() map[string]string {
	return map[string]string{
		"policy": p.Name, "quorum": fmt.Sprint(p.Quorum), "roles": joined(p.Roles, ","),
		"independent": fmt.Sprint(p.Independent), "digest": fmt.Sprintf("%x", p.digest()),
	}
}

// scopeFacts add what the policy covers to its facts.
func (p *Policy) scopeFacts(facts map[string]string) {
	facts["accounts"], facts["kinds"] = strings.Join(p.Accounts, ","), strings.Join(p.Kinds, ",")
	facts["visibility"], facts["valid_for"] = p.Visibility, p.ValidFor.String()
}

// mayEndorse reports why a person may not stand behind a proposal of this
// kind, nil if they may.
func mayEndorse(p *people.Person, kind Kind, now time.Time) error {
	switch {
	case !p.Enabled:
		return fault.New(fault.Forbidden, "this person is disabled")
	case governs(kind) && !endorsesAny(p, kind):
		return fault.New(fault.Forbidden, "this takes an admin and one other admin, press officer or manager")
	case !endorsesAny(p, kind):
		return fault.New(fault.Forbidden, "answers are endorsed by agents and press officers").
			Fix("Ask a press officer.")
	case now.Before(p.EndorsesFrom):
		return fault.New(fault.CoolingTime, "a new approver waits before endorsing; this one until %s", p.EndorsesFrom.Format(time.RFC3339)).
			With("until", p.EndorsesFrom.Format(time.RFC3339))
	}
	return nil
}

// endorses reports whether a role may stand behind proposals of a kind.
func endorses(k Kind, role people.Role) bool {
	if governs(k) {
		return role == people.Admin || role == people.Manager || role == people.Press
	}
	return role == people.Agent || role == people.Press
}

// endorsesAny reports whether one of the person's roles may.
func endorsesAny(p *people.Person, kind Kind) bool {
	return slices.ContainsFunc(p.Roles, func(r people.Role) bool { return endorses(kind, r) })
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
		return false, "its author no longer stands behind it or may not", nil
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
