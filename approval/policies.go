package approval

import (
	"context"
	"fmt"
	"strings"

	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/store"
)

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

// checkNewPolicies also asks that every account which a policy names is known:
// a slip there would leave the account to a later, perhaps weaker policy.
func (a *Approvals) checkNewPolicies(tx *store.Tx, c *Change) error {
	if err := checkPolicies(tx, c); err != nil {
		return err
	}
	for i := range c.Policies {
		for _, name := range c.Policies[i].Accounts {
			if name == Any {
				continue
			}
			if _, known, err := a.box.Account(tx, inbox.AccountName(name)); err != nil || !known {
				if err == nil {
					err = fault.New(fault.InvalidInput, "no account has this name").
						At("policies."+c.Policies[i].Name+".accounts", name).Fix(`Name an account, or "*" for all.`)
				}
				return err
			}
		}
	}
	return nil
}

func checkPolicies(_ *store.Tx, c *Change) error {
	if len(c.Policies) == 0 {
		return fault.New(fault.InvalidInput, "without a policy nothing could be published").At("policies", "").Fix("Keep at least one.")
	}
	names := make(map[string]bool)
	for i := range c.Policies {
		if err := c.Policies[i].Validate(); err != nil {
			return err
		}
		folded := strings.ToLower(c.Policies[i].Name)
		if names[folded] {
			return fault.New(fault.InvalidInput, "two policies have one name").At("policies.name", c.Policies[i].Name).Fix("Rename one.")
		}
		names[folded] = true
		for j := range c.Policies[:i] {
			if c.Policies[j].covers(&c.Policies[i]) {
				return fault.New(fault.InvalidInput, "the policy %q never applies: %q stands before it and covers all of it", c.Policies[i].Name, c.Policies[j].Name).
					At("policies."+c.Policies[i].Name, "").Fix("Put the narrower policy first.")
			}
		}
	}
	return nil
}

// InitPolicies sets the policies of a new data directory. It refuses one that
// has some: from then on changing them takes two people.
func (a *Approvals) InitPolicies(ctx context.Context, list []Policy) error {
	if err := checkPolicies(nil, &Change{Policies: list}); err != nil {
		return err
	}
	return a.db.Update(ctx, func(tx *store.Tx) error {
		if _, ok, err := a.policySets.Lookup(tx, currentPolicies); err != nil || ok {
			if err == nil {
				err = fault.New(fault.AlreadyExists, "the policies are set already").Fix("Propose a change at the desk.")
			}
			return err
		}
		return a.setPolicies(tx, list, "cli", nil)
	})
}

// setPolicies replaces the list, at the founding or, where p is not nil, by
// that proposal.
func (a *Approvals) setPolicies(tx *store.Tx, list []Policy, via string, p *Proposal) error {
	if err := a.policySets.Put(tx, &policySet{Name: string(currentPolicies), Policies: list}); err != nil {
		return err
	}
	for i := range list {
		facts := list[i].facts()
		list[i].scopeFacts(facts)
		facts["position"], facts["of"] = itoa(i+1), itoa(len(list))
		if p != nil {
			facts["proposal"] = string(p.subject())
		}
		_, err := a.log.Append(tx, audit.Event{Kind: "policy.set", Actor: audit.System, Via: via, Subject: "policies", Facts: facts})
		if err != nil {
			return err
		}
	}
	tx.OnCommit(a.wakeAll)
	return nil
}

// Policies is the list in force, first match first.
func (a *Approvals) Policies(ctx context.Context) (list []Policy, err error) {
	err = a.db.View(ctx, func(tx *store.Tx) error {
		list, err = a.policies(tx)
		return err
	})
	return list, err
}
