package api

import (
	"context"
	"net/http"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/web/session"
)

// Publishing is whether anything is sent.
type Publishing struct {
	Stopped bool   `json:"stopped"`
	Stops   []Stop `json:"stops" nullable:"false" doc:"The standing stops; all are lifted together."`
}

// Stop is one standing stop of all publishing.
type Stop struct {
	Cause  approval.Cause   `json:"cause" doc:"person, restored, recover or log."`
	By     optional[Person] `json:"by" doc:"Null where the daemon stopped by itself."`
	At     instant          `json:"at"`
	Reason string           `json:"reason"`
}

// Because is the body of calls that say why.
type Because struct {
	Body struct {
		Reason string `json:"reason" doc:"One sentence; colleagues see it."`
	}
}

func (a *API) publishing() {
	add(a, operation{
		method: http.MethodGet, path: "/publishing", id: "getPublishing", tag: "Publishing", summary: "Whether publishing is stopped, by whom and why",
		scope: people.Read,
	}, func(ctx context.Context, _ *nothing) (*answer[Publishing], error) {
		return answering(a.switchState(ctx))
	})
	add(a, operation{
		method: http.MethodPost, path: "/publishing/stop", id: "stopPublishing", tag: "Publishing", summary: "Stop all publishing at once",
		description: "Any press officer or admin may, alone. Once it is answered nothing more is claimed for sending.", scope: people.Write,
	}, func(ctx context.Context, in *Because) (*answer[Publishing], error) {
		if err := a.d.Approvals.StopPublishing(ctx, session.From(ctx), in.Body.Reason); err != nil {
			return nil, err
		}
		return answering(a.switchState(ctx))
	})
	add(a, operation{
		method: http.MethodPost, path: "/publishing/resume", id: "resumePublishing", tag: "Publishing", summary: "Propose to resume publishing",
		description: proposes, scope: people.Endorse, status: http.StatusCreated, faults: []fault.Code{fault.WrongState, fault.CoolingTime},
	}, func(ctx context.Context, in *Because) (*answer[Proposal], error) {
		return a.propose(ctx, approval.KindResume, approval.Change{Reason: in.Body.Reason})
	})
	a.policies()
	type outside struct {
		Account    inbox.AccountName `json:"account"`
		ExternalID string            `json:"external_id"`
		URL        optional[string]  `json:"url"`
		Text       string            `json:"text"`
		PostedAt   instant           `json:"posted_at"`
		SeenAt     instant           `json:"seen_at"`
	}
	add(a, operation{
		method: http.MethodGet, path: "/outside", id: "listPublishedOutside", tag: "Publishing",
		summary: "Posts on our accounts that no release explains, newest first", description: "At most the newest 200.", scope: people.Read,
	}, func(ctx context.Context, _ *nothing) (*answer[list[outside]], error) {
		posts, _, err := a.d.Approvals.PublishedOutside(ctx, "", 200)
		if err != nil {
			return nil, err
		}
		var items []outside
		for _, p := range posts {
			items = append(items, outside{p.Account, p.ExternalID, word(p.URL), p.Text, instant(p.PostedAt), instant(p.SeenAt)})
		}
		return answering(listing(items, ""), nil)
	})
}

// proposes is how calls that make a governance proposal are described.
const proposes = "Makes a proposal and submits it in the caller's name. It comes into force when an admin and one other admin, " +
	"press officer or manager stand behind it: the second one decides on it like on an answer."

func (a *API) propose(ctx context.Context, kind approval.Kind, c approval.Change) (*answer[Proposal], error) {
	v, err := a.d.Approvals.Propose(ctx, session.From(ctx), kind, c)
	if err != nil {
		return nil, err
	}
	return answering(a.proposal(a.names(ctx), v), nil)
}

func (a *API) switchState(ctx context.Context) (Publishing, error) {
	stops, err := a.d.Approvals.Stops(ctx)
	if err != nil {
		return Publishing{}, err
	}
	named := a.names(ctx)
	out := Publishing{Stopped: len(stops) > 0, Stops: []Stop{}}
	for _, s := range stops {
		out.Stops = append(out.Stops, Stop{Cause: s.Cause, By: named.maybe(s.By), At: instant(s.At), Reason: s.Reason})
	}
	return out, nil
}

// Policy says what it takes to release a proposal. The first one that matches
// decides; where none does, nothing is released.
type Policy struct {
	Name        string        `json:"name" maxLength:"40"`
	Accounts    []string      `json:"accounts" nullable:"false" doc:"Names of accounts, or *."`
	Visibility  string        `json:"visibility" enum:"public,private,*"`
	Kinds       []string      `json:"kinds" nullable:"false" doc:"Kinds of proposals, or *."`
	Quorum      int           `json:"quorum" doc:"How many different people must endorse, the author included; 2 to 10."`
	Roles       []people.Role `json:"roles" nullable:"false" doc:"Each held by at least one of them."`
	Independent bool          `json:"independent,omitempty" doc:"Refuses approvals by people who wrote any revision."`
	ValidFor    span          `json:"valid_for" doc:"How long a full set of endorsements lives, at most 24h."`
	Sentence    string        `json:"sentence,omitempty" readOnly:"true" doc:"The policy in one English sentence."`
}

func (a *API) policies() {
	add(a, operation{
		method: http.MethodGet, path: "/policies", id: "listPolicies", tag: "Publishing", summary: "The policies in force, first match first", scope: people.Read,
	}, func(ctx context.Context, _ *nothing) (*answer[list[Policy]], error) {
		inForce, err := a.d.Approvals.Policies(ctx)
		if err != nil {
			return nil, err
		}
		var items []Policy
		for _, p := range inForce {
			items = append(items, Policy{
				Name: p.Name, Accounts: p.Accounts, Visibility: p.Visibility, Kinds: p.Kinds, Quorum: p.Quorum, Roles: p.Roles,
				Independent: p.Independent, ValidFor: span(p.ValidFor), Sentence: p.Sentence(),
			})
		}
		return answering(listing(items, ""), nil)
	})
	type replacing struct {
		Body struct {
			Items  []Policy `json:"items" nullable:"false" doc:"All policies, replacing the old ones."`
			Reason string   `json:"reason,omitempty"`
		}
	}
	add(a, operation{
		method: http.MethodPut, path: "/policies", id: "proposePolicies", tag: "Publishing", summary: "Propose other policies", description: proposes,
		scope: people.Endorse, status: http.StatusCreated, faults: []fault.Code{fault.CoolingTime},
	}, func(ctx context.Context, in *replacing) (*answer[Proposal], error) {
		c := approval.Change{Reason: in.Body.Reason}
		for _, p := range in.Body.Items {
			c.Policies = append(c.Policies, approval.Policy{
				Name: p.Name, Accounts: p.Accounts, Visibility: p.Visibility, Kinds: p.Kinds, Quorum: p.Quorum, Roles: p.Roles,
				Independent: p.Independent, ValidFor: p.ValidFor.duration(),
			})
		}
		return a.propose(ctx, approval.KindPolicy, c)
	})
}
