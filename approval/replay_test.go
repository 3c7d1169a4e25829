package approval_test

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"standpunt/approval"
	"standpunt/approval/approvaltest"
	"standpunt/audit"
	"standpunt/people"
)

// history is a log in which everything happens once: an answer, a new person,
// new policies, a stop and its end, an accepted account.
func history(t *testing.T, r *approvaltest.Rig) []audit.Entry {
	t.Helper()
	r.Queued(r.Mention("1", "Vraag"), "Antwoord")
	r.Claim()
	roles := []people.Role{people.Agent}
	r.Agreed("ada", "mara", approval.KindPerson, approval.Change{Login: "eva", Name: "Eva", Roles: roles})
	r.Agreed("ada", "mara", approval.KindRoles, approval.Change{Person: r.As("paul").ID, Roles: roles})
	r.Agreed("ada", "mara", approval.KindEnablement, approval.Change{Person: r.As("paul").ID})
	r.Agreed("ada", "mara", approval.KindCredential, approval.Change{Person: r.As("anna").ID})
	public, rest := approval.DefaultPolicy(), approval.DefaultPolicy()
	public.Name, public.Visibility, rest.Quorum = "public", "public", 3
	r.Agreed("ada", "mara", approval.KindPolicy, approval.Change{Policies: []approval.Policy{public, rest}})
	if err := r.Approvals.StopPublishing(t.Context(), r.As("bert").By, "crisis"); err != nil {
		t.Fatal(err)
	}
	r.Agreed("ada", "mara", approval.KindResume, approval.Change{Reason: "klaar"})
	if err := r.Approvals.RecordIdentity(t.Context(), "plein", "brand-2", "", ""); err != nil {
		t.Fatal(err)
	}
	r.Agreed("ada", "mara", approval.KindAccount, approval.Change{Account: "plein"})
	entries, err := r.Log.Entries(t.Context(), audit.NoneBefore, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// replayed is the first error of a replay and the kind of the entry it is at.
func replayed(entries []audit.Entry) (kind string, err error) {
	replay := approval.NewReplay()
	for _, e := range entries {
		if err := replay.Step(e); err != nil {
			return e.Kind, err
		}
	}
	return "", nil
}

// TestReplayFindsForgery feeds the replay logs in which somebody skipped the
// second person, and expects each to be found where it shows.
func TestReplayFindsForgery(t *testing.T) {
	r := approvaltest.New(t)
	entries := history(t, r)
	if kind, err := replayed(entries); err != nil {
		t.Fatalf("the true history fails at %s: %v", kind, err)
	}
	actor := func(login string) audit.Actor { return audit.Actor("person:" + r.As(login).ID.String()) }
	later := time.Now().Add(240 * time.Hour).Format(time.RFC3339)
	for name, c := range map[string]struct {
		forge func([]audit.Entry) []audit.Entry
		at    string
	}{
		"no second person":           {without("proposal.endorsed"), "proposal.approved"},
		"nobody submitted it":        {change("proposal.submitted", func(e *audit.Entry) { e.Actor = actor("bert") }), "proposal.submitted"},
		"the author twice":           {change("proposal.endorsed", func(e *audit.Entry) { e.Actor = actor("anna") }), "proposal.endorsed"},
		"a manager on a reply":       {change("proposal.endorsed", func(e *audit.Entry) { e.Actor = actor("mara") }), "proposal.endorsed"},
		"nobody":                     {change("proposal.endorsed", func(e *audit.Entry) { e.Actor = "person:0197fc20-0000-7000-8000-000000000000" }), "proposal.endorsed"},
		"the daemon":                 {change("proposal.endorsed", func(e *audit.Entry) { e.Actor = audit.System }), "proposal.endorsed"},
		"another digest":             {change("proposal.endorsed", func(e *audit.Entry) { e.Digest[0] ^= 1 }), "proposal.endorsed"},
		"a draft by nobody":          {change("proposal.drafted", func(e *audit.Entry) { e.Actor = audit.System }), "proposal.drafted"},
		"sent without approval":      {without("proposal.approved"), "proposal.queued"},
		"sent under another digest":  {change("proposal.claimed", func(e *audit.Entry) { e.Digest[0] ^= 1 }), "proposal.claimed"},
		"sent without a claim":       {change("proposal.claimed", func(e *audit.Entry) { e.Kind = "proposal.noted" }), "proposal.noted"},
		"sent by a revision":         {change("proposal.claimed", func(e *audit.Entry) { e.Kind = "proposal.revised" }), "proposal.revised"},
		"sent after its time":        {change("proposal.claimed", func(e *audit.Entry) { e.At = e.At.Add(5 * time.Hour) }), "proposal.claimed"},
		"sent before its time":       {change("proposal.queued", func(e *audit.Entry) { e.Facts["due"] = time.Now().Add(time.Hour).Format(time.RFC3339) }), "proposal.claimed"},
		"an endless approval":        {change("proposal.queued", func(e *audit.Entry) { e.Facts["expires"] = later }), "proposal.queued"},
		"a time that is none":        {change("proposal.queued", func(e *audit.Entry) { e.Facts["expires"] = "soon" }), "proposal.queued"},
		"state skipped":              {without("proposal.queued"), "proposal.claimed"},
		"drafted a second time":      {change("proposal.submitted", func(e *audit.Entry) { e.Kind, e.To = "proposal.drafted", "draft" }), "proposal.drafted"},
		"a proposal out of nothing":  {without("proposal.drafted"), "proposal.submitted"},
		"no policy":                  {without("policy.set"), "proposal.approved"},
		"a laxer policy":             {change("policy.set", func(e *audit.Entry) { e.Facts["quorum"] = "1" }), "policy.set"},
		"another policy":             {change("policy.set", func(e *audit.Entry) { e.Facts["roles"] = "agent" }), "policy.set"},
		"a policy with another name": {change("proposal.approved", func(e *audit.Entry) { e.Facts["digest"] = "00" }), "proposal.approved"},
		"policies out of order":      {change("policy.set", func(e *audit.Entry) { e.Facts["position"] = "2" }), "policy.set"},
		"half a list of policies":    {change("policy.set", func(e *audit.Entry) { e.Facts["of"] = "2" }), "account.recorded"},
		"policies by nobody":         {last("policy.set", func(e *audit.Entry) { delete(e.Facts, "proposal") }), "policy.set"},
		"policies by the command line": {last("policy.set", func(e *audit.Entry) {
			delete(e.Facts, "proposal")
			e.Via = "cli"
		}), "policy.set"},
		"a person by nobody":         {last("person.created", func(e *audit.Entry) { e.Facts["mandate"] = "" }), "person.created"},
		"a person by init, too late": {last("person.created", func(e *audit.Entry) { e.Facts["mandate"], e.Via = "init", "cli" }), "person.created"},
		"a person by init, no shell": {change("person.created", func(e *audit.Entry) { e.Via = "daemon" }), "person.created"},
		"a person by another":        {last("person.created", func(e *audit.Entry) { e.Facts["mandate"] = "proposal:none" }), "person.created"},
		"a person before the approval": {func(es []audit.Entry) []audit.Entry {
			for i := len(es) - 1; ; i-- {
				if es[i].Kind == "person.created" {
					return slices.Delete(es, i-1, i)
				}
			}
		}, "person.created"},
		"an answer in force": {change("proposal.queued", func(e *audit.Entry) { e.Kind, e.To = "proposal.in_force", "published" }), "proposal.in_force"},
		"a person by a proposal for something else": {func(es []audit.Entry) []audit.Entry {
			for i, e := range es {
				if e.Facts["kind"] == string(approval.KindPerson) {
					es[i].Facts["kind"] = string(approval.KindRoles)
				}
			}
			return es
		}, "person.created"},
		"an endorser who was disabled": {change("person.disabled", func(e *audit.Entry) { e.Subject = audit.Subject(actor("mara")) }), "proposal.endorsed"},
		"a person made twice":          {last("person.created", func(e *audit.Entry) { e.Subject = audit.Subject(actor("anna")) }), "person.created"},
		"roles by recover":             {change("person.roles_changed", func(e *audit.Entry) { e.Facts["mandate"], e.Via = "recover", "cli" }), "person.roles_changed"},
		"other roles before":           {change("person.roles_changed", func(e *audit.Entry) { e.From = "admin" }), "person.roles_changed"},
		"a reset by recover, no stop":  {change("credentials.reset", func(e *audit.Entry) { e.Facts["mandate"], e.Via = "recover", "cli" }), "credentials.reset"},
		"somebody unknown":             {change("person.disabled", func(e *audit.Entry) { e.Subject = "person:x" }), "person.disabled"},
		"a cooling time that is none":  {change("credentials.reset", func(e *audit.Entry) { e.Facts["endorses_from"] = "never" }), "credentials.reset"},
		"an endorser still cooling":    {change("person.created", func(e *audit.Entry) { e.Facts["endorses_from"] = later }), "proposal.submitted"},
		"in force without approval":    {last("proposal.in_force", func(e *audit.Entry) { e.From = "in_review" }), "proposal.in_force"},
		"a stop lifted by nobody":      {change("publishing.resumed", func(e *audit.Entry) { e.Facts["proposal"] = "" }), "publishing.resumed"},
		"a stop that lets go on":       {change("publishing.stopped", func(e *audit.Entry) { e.To = "running" }), "publishing.stopped"},
		"a stop from nowhere":          {change("publishing.stopped", func(e *audit.Entry) { e.From = "stopped" }), "publishing.stopped"},
		"an account by nobody":         {last("account.accepted", func(e *audit.Entry) { delete(e.Facts, "proposal") }), "account.accepted"},
		"an account never accepted":    {without("account.accepted"), "proposal.claimed"},
	} {
		forged := make([]audit.Entry, len(entries))
		for i, e := range entries {
			e.Facts = maps.Clone(e.Facts)
			forged[i] = e
		}
		at, err := replayed(c.forge(forged))
		switch {
		case err == nil:
			t.Errorf("%s: not found", name)
		case at != c.at:
			t.Errorf("%s: found at %s, want %s: %v", name, at, c.at, err)
		}
	}
}

// without leaves out every entry of a kind.
func without(kind string) func([]audit.Entry) []audit.Entry {
	return func(es []audit.Entry) []audit.Entry {
		return slices.DeleteFunc(es, func(e audit.Entry) bool { return e.Kind == kind })
	}
}

// change changes the first entry of a kind, last the last one.
func change(kind string, f func(*audit.Entry)) func([]audit.Entry) []audit.Entry {
	return func(es []audit.Entry) []audit.Entry {
		f(&es[slices.IndexFunc(es, func(e audit.Entry) bool { return e.Kind == kind })])
		return es
	}
}

func last(kind string, f func(*audit.Entry)) func([]audit.Entry) []audit.Entry {
	return func(es []audit.Entry) []audit.Entry {
		for i := len(es) - 1; i >= 0; i-- {
			if es[i].Kind == kind {
				f(&es[i])
				break
			}
		}
		return es
	}
}

// TestReplayFollowsPolicies: what an approval is held against is the list in
// force, first match first, and no policy that was on an older list.
func TestReplayFollowsPolicies(t *testing.T) {
	lax := approval.DefaultPolicy()
	lax.Name, lax.Roles = "lax", []people.Role{people.Agent}
	r := approvaltest.NewWith(t, lax)
	r.Hire("eva", people.Agent)
	ok2(t)(r.As("eva").Approve(r.As("anna").Submitted(r.Mention("1", "Vraag"), "Antwoord")))
	r.Agreed("ada", "mara", approval.KindPolicy, approval.Change{Policies: []approval.Policy{approval.DefaultPolicy()}})
	r.NothingDue()
	ok2(t)(r.As("bert").Approve(r.As("anna").Submitted(r.Mention("2", "Vraag"), "Antwoord")))
	r.Replay()
	entries, err := r.Log.Entries(t.Context(), audit.NoneBefore, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var old map[string]string
	for _, e := range entries {
		if e.Kind == "proposal.approved" && e.Facts["policy"] == "lax" {
			old = e.Facts
		}
	}
	at, err := replayed(last("proposal.approved", func(e *audit.Entry) { e.Facts = old })(entries))
	if err == nil || at != "proposal.approved" {
		t.Fatalf("an approval under a policy that is gone: %q, %v", at, err)
	}
}

// TestReplayKnowsRecover: an admin who was re-enrolled from the command line is
// explained by the stop that recover brings.
func TestReplayKnowsRecover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := approvaltest.New(t)
		if err := r.Approvals.StopFor(t.Context(), approval.CauseRecover, "An admin was re-enrolled."); err != nil {
			t.Fatal(err)
		}
		r.Recovered("ada")
		r.Replay()
		p := ok2(t)(r.As("bert").Propose(approval.KindResume, approval.Change{Reason: "gezien"}))
		_, err := r.As("ada").Approve(p)
		if err == nil {
			t.Fatal("an admin who was just re-enrolled endorsed")
		}
		if _, err := r.Log.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Hour)
		for _, login := range []string{"anna", "bert", "ada"} {
			r.As(login).SignIn()
		}
		ok2(t)(r.As("ada").Approve(p))
		r.Queued(r.Mention("1", "Vraag"), "Antwoord")
		r.Claim()
		r.Replay()
	})
}
