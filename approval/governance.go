package approval

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/people"
	"standpunt/store"
)

// The governance kinds: nobody widens their own power alone (DESIGN.md,
// invariant 7). Each takes an admin and one other admin, press officer or
// manager, and is in force as soon as both stand behind it.
const (
	KindPerson     Kind = "person"     // make a person
	KindRoles      Kind = "roles"      // give a person other roles
	KindEnablement Kind = "enablement" // disable or enable a person
	KindCredential Kind = "credential" // start the reset of a person's credentials
	KindPolicy     Kind = "policy"     // replace the list of policies
	KindResume     Kind = "resume"     // lift a stop, or release a restored backup
	KindAccount    Kind = "account"    // accept an account, so that it publishes
)

// governs reports whether a kind is a governance one.
func governs(k Kind) bool {
	return slices.Contains([]Kind{KindPerson, KindRoles, KindEnablement, KindCredential, KindPolicy, KindResume, KindAccount}, k)
}

// Governs reports whether the proposal changes the daemon rather than answers
// a customer.
func (p *Proposal) Governs() bool { return governs(p.Kind) }

// Change is the content of a governance proposal; each kind uses its part.
type Change struct {
	Login    string            `cbor:"1,keyasint,omitempty"` // person
	Name     string            `cbor:"2,keyasint,omitempty"` // person
	Roles    []people.Role     `cbor:"3,keyasint,omitempty"` // person, roles
	Language string            `cbor:"4,keyasint,omitempty"` // person
	Person   people.ID         `cbor:"5,keyasint,omitzero"`  // roles, enablement, credential
	Enabled  bool              `cbor:"6,keyasint,omitempty"` // enablement
	Policies []Policy          `cbor:"7,keyasint,omitempty"` // policy
	Account  inbox.AccountName `cbor:"8,keyasint,omitempty"` // account
	RemoteID string            `cbor:"9,keyasint,omitempty"` // account: the identity that is accepted; filled in by us
	BaseURL  string            `cbor:"10,keyasint,omitempty"`
	Reason   string            `cbor:"11,keyasint,omitempty"`
	// AccountKind is the connector kind of the account that is accepted, and Stops the stops
	// that are lifted; both filled in by us.
	AccountKind string   `cbor:"12,keyasint,omitempty"`
	Stops       []string `cbor:"13,keyasint,omitempty"`
}

// governanceEffect is one governance kind: what makes its change sensible, and
// what puts it into force.
type governanceEffect struct {
	check func(tx *store.Tx, c *Change) error
	apply func(tx *store.Tx, p *Proposal, c *Change, m people.Mandate) error
}

func (g governanceEffect) Validate(tx *store.Tx, e *Envelope) error {
	c, err := decodeChange(e)
	if err != nil {
		return err
	}
	return g.check(tx, c)
}

// Governance is the change that the envelope of a governance proposal holds.
// It is false for a nil envelope and for one that holds none.
func (e *Envelope) Governance() (Change, bool) {
	if e == nil || len(e.Change) == 0 {
		return Change{}, false
	}
	c, err := decodeChange(e)
	if err != nil {
		return Change{}, false
	}
	return *c, true
}

func decodeChange(e *Envelope) (*Change, error) {
	var c Change
	if err := store.Decode(e.Change, &c); err != nil {
		return nil, fmt.Errorf("approval: change: %w", err)
	}
	return &c, nil
}

// governance are the effects of the governance kinds.
func (a *Approvals) governance() map[Kind]Effect {
	wrap := func(check func(*store.Tx, *Change) error, apply func(*store.Tx, *Proposal, *Change, people.Mandate) error) Effect {
		return inForce{a, governanceEffect{check, apply}}
	}
	return map[Kind]Effect{
		KindPerson: wrap(a.checkPerson, func(tx *store.Tx, p *Proposal, c *Change, m people.Mandate) error {
			made, _, err := a.staff.Create(tx, m, people.NewPerson{Login: c.Login, Name: c.Name, Roles: c.Roles, Language: c.Language})
			if err == nil {
				p.About = made.ID
			}
			return err
		}),
		KindRoles: wrap(a.checkNewRoles, func(tx *store.Tx, _ *Proposal, c *Change, m people.Mandate) error {
			return a.staff.SetRoles(tx, m, c.Person, c.Roles)
		}),
		KindEnablement: wrap(a.checkKnownPerson, func(tx *store.Tx, _ *Proposal, c *Change, m people.Mandate) error {
			return a.staff.SetEnabled(tx, m, c.Person, c.Enabled)
		}),
		KindCredential: wrap(a.checkKnownPerson, func(tx *store.Tx, _ *Proposal, c *Change, m people.Mandate) error {
			_, err := a.staff.ResetCredentials(tx, m, c.Person)
			return err
		}),
		KindPolicy: wrap(a.checkNewPolicies, func(tx *store.Tx, p *Proposal, c *Change, _ people.Mandate) error {
			return a.setPolicies(tx, c.Policies, "daemon", p)
		}),
		KindResume:  wrap(a.checkStopped, func(tx *store.Tx, p *Proposal, _ *Change, _ people.Mandate) error { return a.resume(tx, p) }),
		KindAccount: wrap(a.checkAccount, a.acceptAccount),
	}
}

// inForce applies a governance change and moves the proposal to published.
type inForce struct {
	a *Approvals
	governanceEffect
}

func (f inForce) Apply(tx *store.Tx, p *Proposal, r Release) error {
	if !r.Valid() {
		return errZeroRelease()
	}
	e, err := f.a.envelope(tx, p)
	if err != nil {
		return err
	}
	c, err := decodeChange(e)
	if err != nil {
		return err
	}
	if err := f.check(tx, c); err != nil {
		return err
	}
	if err := f.apply(tx, p, c, people.NewMandate(string(p.subject()))); err != nil {
		return err
	}
	return f.a.move(tx, p, step{to: Published, event: "in_force", actor: audit.System, via: "daemon"})
}

// Propose makes a governance proposal and submits it in the caller's name: the
// second person decides on it like on an answer.
func (a *Approvals) Propose(ctx context.Context, by people.Principal, kind Kind, c Change) (*View, error) {
	if err := by.MayEndorse(); err != nil {
		return nil, err
	}
	if !governs(kind) {
		return nil, fault.New(fault.InvalidInput, "there is no such kind of proposal").At("kind", string(kind)).
			Fix("Use person, roles, enablement, credential, policy, resume or account.")
	}
	var view *View
	err := a.db.Update(ctx, func(tx *store.Tx) error {
		person, err := a.staff.Confirm(tx, by)
		if err != nil {
			return err
		}
		if err := mayEndorse(person, kind, tx.Now()); err != nil {
			return err
		}
		if kind == KindCredential && c.Person == person.ID {
			return errOwnCredential()
		}
		if err := a.complete(tx, kind, &c); err != nil {
			return err
		}
		change, err := store.Encode(&c)
		if err != nil {
			return err
		}
		p := &Proposal{ID: id.At[Proposal](tx.Now()), Kind: kind, CreatedAt: tx.Now(), About: c.Person}
		if err := a.revise(tx, by, p, Content{Text: c.sentence(kind), Language: "en"}, change); err != nil {
			return err
		}
		if err := a.submit(tx, by, p); err != nil {
			return err
		}
		view = a.view(tx, p)
		return nil
	})
	return view, err
}

// errOwnCredential keeps the halves of an enrolment code from the person whose
// sessions end with the reset, and who could then collect neither.
func errOwnCredential() error {
	return fault.New(fault.SelfApproval, "your own reset is endorsed by two others").
		Fix("Change your password yourself, or ask two colleagues.")
}

// complete fills in what the caller need not know.
func (a *Approvals) complete(tx *store.Tx, kind Kind, c *Change) error {
	c.Reason = strings.TrimSpace(c.Reason)
	if len(c.Reason) > maxRemark {
		return fault.New(fault.InvalidInput, "a reason has at most %d bytes", maxRemark).At("reason", c.Reason).Fix("Shorten it.")
	}
	var err error
	switch kind {
	case KindResume:
		c.Stops, err = a.standingStops(tx)
	case KindAccount:
		have, ok, err := a.box.Account(tx, c.Account)
		if err != nil || !ok {
			return err
		}
		c.RemoteID, c.BaseURL, c.AccountKind = have.RemoteID, have.BaseURL, have.Kind
	default:
	}
	return err
}

// sentence says what the change does, for people who read the log.
func (c *Change) sentence(kind Kind) string {
	roles := joined(c.Roles, ", ")
	switch kind {
	case KindPerson:
		return fmt.Sprintf("Make %s (%s) a member of staff with the roles %s.", c.Name, c.Login, roles)
	case KindRoles:
		return fmt.Sprintf("Give person %s the roles %s.", c.Person, roles)
	case KindEnablement:
		if c.Enabled {
			return fmt.Sprintf("Enable person %s.", c.Person)
		}
		return fmt.Sprintf("Disable person %s.", c.Person)
	case KindCredential:
		return fmt.Sprintf("Let person %s choose a new password.", c.Person)
	case KindPolicy:
		lines := []string{"Replace the policies by:"}
		for i := range c.Policies {
			lines = append(lines, fmt.Sprintf("%s: %s. %s", c.Policies[i].Name, c.Policies[i].Sentence(), c.Policies[i].scope()))
		}
		return strings.Join(lines, "\n")
	case KindResume:
		return "Resume publishing. " + c.Reason
	case KindAccount:
		return fmt.Sprintf("Let the account %s (%s) publish as %s at %s.", c.Account, c.AccountKind, c.RemoteID, c.BaseURL)
	default:
		return c.Reason
	}
}

func (a *Approvals) checkPerson(_ *store.Tx, c *Change) error {
	return people.CheckNew(people.NewPerson{Login: c.Login, Name: c.Name, Roles: c.Roles, Language: c.Language})
}

func (a *Approvals) checkKnownPerson(tx *store.Tx, c *Change) error {
	_, err := a.staff.Get(tx, c.Person)
	return notFoundAs(err, "person")
}

func (a *Approvals) checkNewRoles(tx *store.Tx, c *Change) error {
	person, err := a.staff.Get(tx, c.Person)
	if err != nil {
		return notFoundAs(err, "person")
	}
	return people.CheckNew(people.NewPerson{Login: person.Login, Roles: c.Roles})
}

func (a *Approvals) checkStopped(tx *store.Tx, c *Change) error {
	if c.Reason == "" {
		return fault.New(fault.InvalidInput, "say why publishing can go on").At("reason", "").Fix("Write a sentence.")
	}
	standing, err := a.standingStops(tx)
	switch {
	case err != nil:
		return err
	case len(standing) == 0:
		return fault.New(fault.WrongState, "publishing is not stopped")
	case !slices.Equal(standing, c.Stops):
		return fault.New(fault.Conflict, "publishing was stopped once more since this was proposed").Fix("Look at why, and make a new proposal.")
	}
	return nil
}

func (a *Approvals) checkAccount(tx *store.Tx, c *Change) error {
	have, ok, err := a.box.Account(tx, c.Account)
	switch {
	case err != nil:
		return err
	case !ok:
		return fault.New(fault.NotFound, "there is no such account").At("account", string(c.Account)).Fix("Add it to the configuration file first.")
	case have.Accepted:
		return fault.New(fault.WrongState, "the account is accepted already")
	case have.RemoteID == "":
		return fault.New(fault.AccountNotReady, "the account has not connected yet, so nobody knows whom it publishes as").Fix("Wait until it works, then propose it.")
	case have.RemoteID != c.RemoteID || have.BaseURL != c.BaseURL || have.Kind != c.AccountKind:
		return fault.New(fault.Conflict, "the account changed since this was proposed").Fix("Make a new proposal.")
	}
	return nil
}

func (a *Approvals) acceptAccount(tx *store.Tx, p *Proposal, c *Change, _ people.Mandate) error {
	have, _, err := a.box.Account(tx, c.Account)
	if err != nil {
		return err
	}
	have.Accepted = true
	return a.putAccount(tx, have, "account.accepted", "daemon", p)
}
