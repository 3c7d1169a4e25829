package approval

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/people"
)

// replayed is one proposal as the log tells it.
type replayed struct {
	state      State
	kind       Kind
	account    string
	visibility string
	digest     audit.Commitment
	author     audit.Actor
	authors    map[audit.Actor]bool
	endorsers  map[audit.Actor]bool
	approvedAt time.Time // zero: not approved
	due, until time.Time // of the approval, to the second
	platformAt time.Time // on the platform's clock, when it was approved
	byHand     bool      // the newest revision is one that a person posts
	post       string    // account and id of the post that stands for it by hand
	readBack   bool      // since that was recorded
	proven     bool      // and as approved, once
}

// leadsTo says which states each event of a proposal can bring; an event that
// is not here is none.
var leadsTo = map[string][]State{
	"drafted": {Draft}, "revised": {Draft}, "submitted": {InReview}, "endorsed": {InReview},
	"endorsement_withdrawn": {InReview, Draft}, "undecided": {Draft}, "changes_requested": {ChangesRequested},
	"rejected": {Rejected}, "approved": {Approved}, "in_force": {Published}, "queued": {Queued}, "retried": {Queued},
	"handed_over": {Approved}, "posted_by_hand": {Published}, "address_withdrawn": {Approved}, "address_refuted": {Approved},
	"claimed": {Sending}, "published": {Published}, "found": {Published}, "settled_posted": {Published},
	"read_back": {Published}, "identified": {Published}, "failed": {Failed}, "absent": {Failed},
	"settled_not_posted": {Failed}, "outcome_unknown": {OutcomeUnknown}, "held": {Held}, "expired": {Expired},
	"withdrawn": {Withdrawn},
}

// comesFrom says which states an event can come from, where what it leads to
// does not say it.
var comesFrom = map[string][]State{
	"approved": {InReview}, "in_force": {Approved}, "handed_over": {Approved}, "posted_by_hand": {Approved},
	"published": {Sending, OutcomeUnknown}, "found": {OutcomeUnknown}, "settled_posted": {OutcomeUnknown},
	"read_back": {Published}, "identified": {Published}, "address_withdrawn": {Published}, "address_refuted": {Published},
}

func (r *Replay) proposal(what string, e audit.Entry) error {
	p := r.proposals[e.Subject]
	if p == nil {
		p = &replayed{authors: make(map[audit.Actor]bool), endorsers: make(map[audit.Actor]bool)}
		r.proposals[e.Subject] = p
	}
	switch {
	case State(e.From) != p.state:
		return fmt.Errorf("it was %q, the entry says %q", p.state, e.From)
	case !allowed(p.state, State(e.To)):
		return fmt.Errorf("no transition leads from %q to %q", e.From, e.To)
	case !slices.Contains(leadsTo[what], State(e.To)):
		return fmt.Errorf("%q does not lead to %q", what, e.To)
	case comesFrom[what] != nil && !slices.Contains(comesFrom[what], p.state):
		return fmt.Errorf("%q does not come from %q", what, e.From)
	case (what == "drafted") != (p.state == ""):
		return errors.New("a proposal begins with its first draft, and once")
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
	if what == "drafted" || what == "revised" {
		return r.revision(what, e, p)
	}
	if e.Digest != p.digest {
		return fmt.Errorf("the digest %s is not the newest revision's %s", Digest(e.Digest).Short(), Digest(p.digest).Short())
	}
	switch what {
	case "submitted", "endorsed", "changes_requested", "rejected":
		return r.decision(what, e, p)
	case "endorsement_withdrawn":
		delete(p.endorsers, e.Actor)
		if State(e.To) == Draft {
			clear(p.endorsers)
		}
	case "approved":
		if err := r.quorum(e, p); err != nil {
			return err
		}
		p.approvedAt, p.due, p.until, p.platformAt = e.At, time.Time{}, time.Time{}, time.Time{}
		r.Approvals++
	case "queued", "retried", "handed_over":
		if p.byHand != (what == "handed_over") {
			return errors.New("what a person posts is handed over, and nothing else is")
		}
		return errors.Join(p.queue(e), p.clocked(e))
	case "claimed":
		if p.byHand {
			return errors.New("a connector was given what a person posts")
		}
		return r.claim(e, p)
	case "posted_by_hand":
		return r.postedByHand(e, p)
	case "address_withdrawn", "address_refuted":
		return r.addressTakenBack(e, p)
	case "read_back":
		p.readBack, p.proven = true, p.proven || e.Facts["read_back"] != differs
	case "published", "found", "identified":
		if id := e.Facts["external_id"]; id != "" {
			r.posts[p.account+" "+id] = true
		}
	case "in_force":
		if p.approvedAt.IsZero() || !governs(p.kind) {
			return errors.New("it came into force without an approval")
		}
	case "settled_posted", "settled_not_posted":
		who := r.people[e.Actor]
		if e.Actor == p.author || who == nil || !who.enabled || !slices.Contains(who.roles, people.Press) {
			return fmt.Errorf("%s cannot settle it", e.Actor)
		}
	case "held", "expired", "undecided", "withdrawn":
		p.void()
	}
	return nil
}

// void ends every endorsement.
func (p *replayed) void() {
	p.approvedAt = time.Time{}
	clear(p.endorsers)
}

func (r *Replay) revision(what string, e audit.Entry, p *replayed) error {
	if what == "drafted" {
		p.kind, p.account = Kind(e.Facts["kind"]), e.Facts["account"]
	}
	if who := r.people[e.Actor]; who == nil || !who.enabled {
		return fmt.Errorf("%s is nobody who writes", e.Actor)
	}
	if e.Digest == p.digest {
		return errors.New("the revision has the digest of the one before")
	}
	p.void()
	p.digest, p.author, p.visibility = e.Digest, e.Actor, e.Facts["visibility"]
	p.byHand = e.Facts["action"] == string(ByHand)
	if p.byHand && p.visibility != string(inbox.Public) {
		return errors.New("what is not public has no address to record")
	}
	p.authors[e.Actor] = true
	return nil
}

// decision proves that the person may stand behind or decide on this revision.
func (r *Replay) decision(what string, e audit.Entry, p *replayed) error {
	own := e.Actor == p.author
	switch {
	case what == "submitted" && !own:
		return fmt.Errorf("%s submitted a revision of %s", e.Actor, p.author)
	case what != "submitted" && own:
		return fmt.Errorf("%s decided on their own revision", e.Actor)
	case !r.eligible(e.Actor, p.kind, e.At):
		return fmt.Errorf("%s may not decide on it at that moment", e.Actor)
	}
	if what == "submitted" || what == "endorsed" {
		p.endorsers[e.Actor] = true
	} else {
		p.void()
	}
	return nil
}

// eligible reports whether the person could endorse proposals of the kind then.
func (r *Replay) eligible(who audit.Actor, k Kind, at time.Time) bool {
	p := r.people[who]
	return p != nil && p.enabled && !at.Before(p.from) &&
		slices.ContainsFunc(p.roles, func(role people.Role) bool { return endorses(k, role) })
}

// quorum proves that the endorsements satisfy the policy of that moment.
func (r *Replay) quorum(e audit.Entry, p *replayed) error {
	policy, err := r.policyFor(p)
	if err != nil {
		return err
	}
	if policy.facts()["digest"] != e.Facts["digest"] {
		return fmt.Errorf("the policy %q was another one at that moment", e.Facts["policy"])
	}
	if !p.endorsers[p.author] || !r.eligible(p.author, p.kind, e.At) {
		return errors.New("its author does not stand behind it")
	}
	count, held := 0, []people.Role{}
	for who := range p.endorsers {
		if !r.eligible(who, p.kind, e.At) || policy.Independent && who != p.author && p.authors[who] {
			continue
		}
		count++
		held = append(held, r.people[who].roles...)
	}
	if count < policy.Quorum {
		return fmt.Errorf("%d of the %d people that the policy asks for stand behind it", count, policy.Quorum)
	}
	for _, role := range policy.Roles {
		if !slices.Contains(held, role) {
			return fmt.Errorf("nobody of the role %s stands behind it", role)
		}
	}
	return nil
}

// policyFor is the policy that was in force for the proposal.
func (r *Replay) policyFor(p *replayed) (*Policy, error) {
	if governs(p.kind) {
		g := governancePolicy()
		return &g, nil
	}
	e := &Envelope{Account: inbox.AccountName(p.account), Kind: p.kind, Visibility: inbox.Visibility(p.visibility)}
	for i := range r.policies {
		if r.policies[i].matches(e) {
			return &r.policies[i], nil
		}
	}
	return nil, fmt.Errorf("no policy covered %s on %q", p.kind, p.account)
}

// queue proves the times of an approval: scheduled and living no longer than
// anything may, and the same ones whenever it is queued again.
func (p *replayed) queue(e audit.Entry) error {
	due, err := timeOf(e.Facts["due"])
	if err != nil {
		return err
	}
	until, err := timeOf(e.Facts["expires"])
	switch {
	case err != nil:
		return err
	case p.approvedAt.IsZero():
		return errors.New("it was queued without an approval")
	case !p.until.IsZero() && !until.Equal(p.until):
		return errors.New("the approval's end was moved")
	case !p.until.IsZero() && due.Before(p.due):
		return errors.New("the approval's beginning was moved forward")
	case p.until.IsZero() && (due.After(p.approvedAt.Add(MaxNotBefore)) || until.After(due.Add(MaxValidFor))):
		return errors.New("the approval lives longer than any may")
	}
	p.due, p.until = due, until
	return nil
}

// postedByHand proves that what a person posted was approved, due and in force
// when they recorded it, that it was made under that approval, and that it
// stands for no other answer.
func (r *Replay) postedByHand(e audit.Entry, p *replayed) error {
	who := r.people[e.Actor]
	if who == nil || !who.enabled || !slices.ContainsFunc(who.roles, func(role people.Role) bool { return endorses(KindReply, role) }) {
		return fmt.Errorf("%s is nobody who answers", e.Actor)
	}
	if !p.byHand {
		return errors.New("it was not approved to be posted by hand")
	}
	if err := r.claim(e, p); err != nil {
		return err
	}
	posted, err := timeOf(e.Facts["posted_at"])
	if err != nil {
		return err
	}
	if err := p.clocked(e); err != nil {
		return err
	}
	earliest, last := madeBetween(p.platformAt, p.approvedAt, p.due, e.At)
	if posted.Before(earliest.Truncate(time.Second)) || posted.After(last.Add(time.Second)) {
		return fmt.Errorf("it was posted outside the time of its approval, at %s", posted.Format(time.RFC3339))
	}
	post := p.account + " " + e.Facts["external_id"]
	if e.Facts["external_id"] == "" || r.posts[post] {
		return errors.New("the post stands for another answer, or for none")
	}
	r.posts[post], p.post, p.readBack, p.proven = true, post, false, false
	return nil
}

// clocked takes what the entry says that the platform's clock showed when it was
// approved: once, and near to ours.
func (p *replayed) clocked(e audit.Entry) error {
	at, err := timeOf(e.Facts["platform_at"])
	switch {
	case err != nil || at.IsZero():
		return err
	case !p.platformAt.IsZero():
		return errors.New("what the platform's clock showed was said before")
	case at.Sub(p.approvedAt).Abs() > maxAhead+time.Minute:
		return fmt.Errorf("the platform's clock shows %s, hours from its approval", at.Format(time.RFC3339))
	}
	p.platformAt = at
	return nil
}

// addressTakenBack proves that only an address that nothing official rests on is
// taken back: by a person who answers, or by reading back that found no answer
// of ours there.
func (r *Replay) addressTakenBack(e audit.Entry, p *replayed) error {
	who := r.people[e.Actor]
	switch {
	case !p.byHand || p.post == "" || p.proven || p.readBack && e.Kind == "proposal.address_refuted":
		return errors.New("no address stood to be taken back")
	case e.Kind == "proposal.address_withdrawn" && (who == nil || !who.enabled):
		return fmt.Errorf("%s is nobody who answers", e.Actor)
	}
	delete(r.posts, p.post)
	p.post = ""
	return nil
}

// claim proves that what was sent was approved, due, and in force.
func (r *Replay) claim(e audit.Entry, p *replayed) error {
	switch {
	case p.approvedAt.IsZero():
		return errors.New("it was sent without an approval")
	case r.switched != running:
		return errors.New("it was sent while publishing was stopped")
	case !r.accounts[p.account]:
		return fmt.Errorf("it was sent from the account %q, which was not accepted", p.account)
	case e.At.Before(p.due) || !e.At.Before(p.until.Add(time.Second)):
		return fmt.Errorf("it was sent outside the time of its approval, %s to %s", p.due.Format(time.RFC3339), p.until.Format(time.RFC3339))
	}
	return r.quorum(e, p)
}
