package approval

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"standpunt/audit"
	"standpunt/people"
)

// Replay walks an audit log from its beginning and proves that every
// transition in it was allowed: that each proposal went from state to state as
// the state machine has it, that every approval rests on as many different
// people, with the roles, as the policy in force asked for, all on the digest
// of the newest revision, and that no proposal was sent without it.
//
// It trusts nothing but the log, so it works on a live directory, a backup and
// an export. The zero Replay is not usable; see [NewReplay].
type Replay struct {
	proposals map[audit.Subject]*replayed
	people    map[audit.Actor]*standing
	policies  map[string]map[string]string
	switched  string // "stopped" or "running"
	// Approvals counts the approvals that were proven.
	Approvals int
	// Transitions counts the transitions that were proven.
	Transitions int
}

// replayed is one proposal as the log tells it.
type replayed struct {
	state     State
	kind      Kind
	digest    audit.Commitment
	author    audit.Actor
	authors   map[audit.Actor]bool
	endorsers map[audit.Actor]bool
	approved  bool
}

// standing is what the log says of one person.
type standing struct {
	roles   []string
	enabled bool
}

// NewReplay begins at an empty log.
func NewReplay() *Replay {
	return &Replay{
		proposals: make(map[audit.Subject]*replayed), people: make(map[audit.Actor]*standing),
		policies: make(map[string]map[string]string), switched: "running",
	}
}

// Step takes the next entry. Its error says what is wrong with the entry, in
// words an auditor understands.
func (r *Replay) Step(e audit.Entry) error {
	room, what, _ := strings.Cut(e.Kind, ".")
	switch room {
	case "person":
		return r.person(what, e)
	case "policy":
		r.policies[e.Facts["policy"]] = e.Facts
	case "publishing":
		if e.From != r.switched {
			return fmt.Errorf("publishing was %s, the entry says %s", r.switched, e.From)
		}
		r.switched = e.To
	case "proposal":
		return r.proposal(what, e)
	}
	return nil
}

func (r *Replay) person(what string, e audit.Entry) error {
	who := audit.Actor(e.Subject)
	p := r.people[who]
	switch {
	case what == "created" && p != nil:
		return fmt.Errorf("%s is made a second time", who)
	case what == "created":
		r.people[who] = &standing{roles: strings.Split(e.Facts["roles"], ","), enabled: true}
		return nil
	case p == nil:
		return fmt.Errorf("%s is not known", who)
	}
	switch what {
	case "roles_changed":
		p.roles = strings.Split(e.To, ",")
	case "disabled":
		p.enabled = false
	case "enabled":
		p.enabled = true
	}
	return nil
}

func (r *Replay) proposal(what string, e audit.Entry) error {
	p := r.proposals[e.Subject]
	if p == nil {
		p = &replayed{authors: make(map[audit.Actor]bool), endorsers: make(map[audit.Actor]bool)}
		r.proposals[e.Subject] = p
	}
	if State(e.From) != p.state {
		return fmt.Errorf("it was %q, the entry says %q", p.state, e.From)
	}
	if !allowed(p.state, State(e.To)) {
		return fmt.Errorf("no transition leads from %q to %q", e.From, e.To)
	}
	if err := r.check(what, e, p); err != nil {
		return err
	}
	p.state = State(e.To)
	r.Transitions++
	return nil
}

// check proves one event of a proposal and keeps what later ones need.
func (r *Replay) check(what string, e audit.Entry, p *replayed) error {
	switch what {
	case "drafted", "revised":
		if what == "drafted" {
			p.kind = Kind(e.Facts["kind"])
		}
		p.digest, p.author, p.approved = e.Digest, e.Actor, false
		p.authors[e.Actor] = true
		clear(p.endorsers)
		return nil
	}
	if e.Digest != p.digest {
		return fmt.Errorf("the digest %s is not the newest revision's %s", Digest(e.Digest).Short(), Digest(p.digest).Short())
	}
	switch what {
	case "submitted":
		if e.Actor != p.author {
			return fmt.Errorf("%s submitted a revision of %s", e.Actor, p.author)
		}
		p.endorsers[e.Actor] = true
	case "endorsed":
		if e.Actor == p.author {
			return fmt.Errorf("%s approved their own revision", e.Actor)
		}
		p.endorsers[e.Actor] = true
	case "endorsement_withdrawn":
		delete(p.endorsers, e.Actor)
		if State(e.To) == Draft {
			clear(p.endorsers)
		}
	case "approved":
		if err := r.approval(e, p); err != nil {
			return err
		}
		p.approved = true
	case "claimed":
		if !p.approved {
			return fmt.Errorf("it was sent without an approval")
		}
		if r.switched == "stopped" {
			return fmt.Errorf("it was sent while publishing was stopped")
		}
	case "in_force":
		if !p.approved {
			return fmt.Errorf("it came into force without an approval")
		}
	case "held", "expired", "undecided", "withdrawn", "changes_requested", "rejected":
		p.approved = false
		clear(p.endorsers)
	}
	return nil
}

// approval proves that the endorsements satisfy the policy of that moment.
func (r *Replay) approval(e audit.Entry, p *replayed) error {
	policy := r.policies[e.Facts["policy"]]
	if governs(p.kind) {
		g := governancePolicy()
		policy = g.facts()
	}
	if policy == nil {
		return fmt.Errorf("the policy %q is not in the log", e.Facts["policy"])
	}
	if policy["digest"] != e.Facts["digest"] {
		return fmt.Errorf("the policy %q was another one at that moment", e.Facts["policy"])
	}
	quorum, err := strconv.Atoi(policy["quorum"])
	if err != nil || quorum < 2 {
		return fmt.Errorf("the policy %q has the quorum %q", e.Facts["policy"], policy["quorum"])
	}
	if !p.endorsers[p.author] {
		return fmt.Errorf("its author does not stand behind it")
	}
	count, held := 0, []string{}
	for who := range p.endorsers {
		person := r.people[who]
		if person == nil || !person.enabled || !slices.ContainsFunc(person.roles, func(s string) bool { return endorses(p.kind, people.Role(s)) }) {
			continue
		}
		if policy["independent"] == "true" && who != p.author && p.authors[who] {
			continue
		}
		count++
		held = append(held, person.roles...)
	}
	if count < quorum {
		return fmt.Errorf("%d of the %d people that the policy asks for stand behind it", count, quorum)
	}
	for _, role := range strings.Split(policy["roles"], ",") {
		if !slices.Contains(held, role) {
			return fmt.Errorf("nobody of the role %s stands behind it", role)
		}
	}
	r.Approvals++
	return nil
}

// endorses reports whether a role may stand behind proposals of a kind.
func endorses(k Kind, role people.Role) bool {
	if governs(k) {
		return role == people.Admin || role == people.Manager || role == people.Press
	}
	return role == people.Agent || role == people.Press
}
