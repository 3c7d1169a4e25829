package approval

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"standpunt/audit"
	"standpunt/people"
)

// Replay walks an audit log from its beginning and proves that everything in
// it was allowed: that each proposal went from state to state as the state
// machine has it; that every approval, when it was given and again when it was
// used, rests on as many different people as the policy in force asked for,
// each enabled, past the cooling time and with a fitting role at that moment,
// all on the digest of the newest revision; that nothing was sent without it,
// outside its time, from an account that was not accepted, or during a stop;
// and that people, policies, accounts and the stop changed only at the
// founding, by `recover`, or by a proposal of that kind that was approved.
//
// It trusts nothing but the log, so it works on a live directory, a backup and
// an export. The zero Replay is not usable; see [NewReplay].
type Replay struct {
	proposals map[audit.Subject]*replayed
	people    map[audit.Actor]*member
	accounts  map[string]bool // accepted
	policies  []Policy        // in force, first match first
	coming    []Policy        // a new list, of which not all was read yet
	switched  string          // "stopped" or "running"
	posts     map[string]bool // account and id of each post that stands for an answer
	// Approvals counts the approvals that were proven.
	Approvals int
	// Transitions counts the transitions that were proven.
	Transitions int
}

// member is what the log says of one person.
type member struct {
	roles   []people.Role
	enabled bool
	from    time.Time // end of the cooling time
}

// NewReplay begins at an empty log.
func NewReplay() *Replay {
	return &Replay{
		proposals: make(map[audit.Subject]*replayed), people: make(map[audit.Actor]*member),
		accounts: make(map[string]bool), switched: running, posts: make(map[string]bool),
	}
}

// Step takes the next entry. Its error says what is wrong with the entry, in
// words an auditor understands.
func (r *Replay) Step(e audit.Entry) error {
	room, what, _ := strings.Cut(e.Kind, ".")
	if r.coming != nil && room != "policy" {
		return fmt.Errorf("the list of policies before it ends after %d", len(r.coming))
	}
	switch room {
	case "person", "credentials":
		return r.person(e)
	case "policy":
		return r.policy(e)
	case "account":
		return r.account(e)
	case "publishing":
		return r.publishing(what, e)
	case "proposal":
		return r.proposal(what, e)
	}
	return nil
}

// decided proves that a proposal of the kind was approved and is coming into
// force at this entry.
func (r *Replay) decided(reference string, k Kind) error {
	p := r.proposals[audit.Subject(reference)]
	if p == nil || p.kind != k || p.state != Approved {
		return fmt.Errorf("no approved proposal of the kind %s stands behind it", k)
	}
	return nil
}

// personKinds are the events that change what a person may do, and the kind of
// proposal that each takes.
var personKinds = map[string]Kind{
	"person.created": KindPerson, "person.roles_changed": KindRoles,
	"person.disabled": KindEnablement, "person.enabled": KindEnablement, "credentials.reset": KindCredential,
}

func (r *Replay) person(e audit.Entry) error {
	p := r.people[audit.Actor(e.Subject)]
	switch {
	case e.Kind == "person.created" && p != nil:
		return fmt.Errorf("%s is made a second time", e.Subject)
	case e.Kind != "person.created" && p == nil:
		return fmt.Errorf("%s is not known", e.Subject)
	}
	k, privileged := personKinds[e.Kind]
	if !privileged {
		return nil
	}
	if err := r.mandate(e, k); err != nil {
		return err
	}
	from, err := timeOf(e.Facts["endorses_from"])
	if err != nil {
		return err
	}
	switch e.Kind {
	case "person.created":
		r.people[audit.Actor(e.Subject)] = &member{roles: rolesOf(e.Facts["roles"]), enabled: true, from: from}
	case "person.roles_changed":
		if !slices.Equal(p.roles, rolesOf(e.From)) {
			return fmt.Errorf("%s had other roles than %q", e.Subject, e.From)
		}
		p.roles, p.from = rolesOf(e.To), from
	case "person.disabled":
		p.enabled = false
	case "person.enabled":
		p.enabled, p.from = true, from
	case "credentials.reset":
		p.from = from
	}
	return nil
}

// mandate proves that a change of people was somebody's to make: a proposal's,
// the founding's before there is any proposal, or recover's, under the stop
// that it brings.
func (r *Replay) mandate(e audit.Entry, k Kind) error {
	switch m := e.Facts["mandate"]; {
	case strings.HasPrefix(m, "proposal:"):
		return r.decided(m, k)
	case (m == "init" || m == "demo") && e.Via == "cli" && k == KindPerson && len(r.proposals) == 0:
		return nil
	case m == "recover" && e.Via == "cli" && (k == KindCredential || e.Kind == "person.enabled") && r.switched == stopped:
		return nil
	}
	return fmt.Errorf("nothing that may change people stands behind it")
}

// policy takes one entry of a new list of policies; the old list is in force
// no more once the new one is complete.
func (r *Replay) policy(e audit.Entry) error {
	p, err := policyOf(e.Facts)
	if err != nil {
		return err
	}
	if e.Facts["position"] != itoa(len(r.coming)+1) {
		return fmt.Errorf("the policy %q stands at %s, where %d was to come", p.Name, e.Facts["position"], len(r.coming)+1)
	}
	founding := e.Facts["proposal"] == "" && e.Via == "cli" && r.policies == nil
	if !founding {
		if err := r.decided(e.Facts["proposal"], KindPolicy); err != nil {
			return err
		}
	}
	r.coming = append(r.coming, *p)
	if e.Facts["of"] == itoa(len(r.coming)) {
		r.policies, r.coming = r.coming, nil
	}
	return nil
}

// policyOf rebuilds a policy from its facts.
func policyOf(facts map[string]string) (*Policy, error) {
	quorum, _ := strconv.Atoi(facts["quorum"])
	life, _ := time.ParseDuration(facts["valid_for"])
	p := &Policy{
		Name: facts["policy"], Accounts: strings.Split(facts["accounts"], ","), Visibility: facts["visibility"],
		Kinds: strings.Split(facts["kinds"], ","), Quorum: quorum, Roles: rolesOf(facts["roles"]),
		Independent: facts["independent"] == "true", ValidFor: life,
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("the policy %q is none: %w", p.Name, err)
	}
	if p.facts()["digest"] != facts["digest"] {
		return nil, fmt.Errorf("the policy %q does not have the digest that the entry says", p.Name)
	}
	return p, nil
}

// account follows which accounts may publish. Only being accepted, at the
// founding or by a proposal, makes one that may.
func (r *Replay) account(e audit.Entry) error {
	name := strings.TrimPrefix(string(e.Subject), "account:")
	_, known := r.accounts[name]
	switch {
	case e.Kind == "account.accepted":
		if known || e.Via != "cli" {
			if err := r.decided(e.Facts["proposal"], KindAccount); err != nil {
				return err
			}
		}
		r.accounts[name] = true
	case e.To == receiving:
		r.accounts[name] = false
	}
	return nil
}

func (r *Replay) publishing(what string, e audit.Entry) error {
	if e.From != r.switched {
		return fmt.Errorf("publishing was %s, the entry says %s", r.switched, e.From)
	}
	switch {
	case what == "stopped" && e.To == stopped:
	case what == "resumed" && e.To == running:
		if err := r.decided(e.Facts["proposal"], KindResume); err != nil {
			return err
		}
	default:
		return fmt.Errorf("publishing does not go to %q by it", e.To)
	}
	r.switched = e.To
	return nil
}

func rolesOf(list string) (roles []people.Role) {
	for _, r := range strings.Split(list, ",") {
		roles = append(roles, people.Role(r))
	}
	return roles
}

// timeOf reads a time as facts hold it, to the second; empty is the zero time.
func timeOf(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("%q is no time", s)
	}
	return t, nil
}
