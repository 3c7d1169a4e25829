package api

import (
	"context"
	"net/http"

	"standpunt/approval"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/web/session"
)

// Member is a person of the staff, as GET /people shows them.
type Member struct {
	Person
	Roles        []people.Role     `json:"roles" nullable:"false"`
	Enabled      bool              `json:"enabled"`
	Enrolled     bool              `json:"enrolled" doc:"Has a password in force."`
	Language     string            `json:"language"`
	CreatedAt    instant           `json:"created_at"`
	EndorsesFrom optional[instant] `json:"endorses_from" doc:"When a new approver's cooling time is over."`
}

// PersonPath names the person whom a call is about.
type PersonPath struct {
	ID string `path:"id" doc:"The id or login of the person."`
}

// staff are the calls about people. What would widen somebody's power makes a
// proposal.
func (a *API) staff() {
	add(a, operation{
		method: http.MethodGet, path: "/people", id: "listPeople", tag: "People", summary: "Everybody who works here", scope: people.Read,
	}, func(ctx context.Context, _ *nothing) (*answer[list[Member]], error) {
		all, err := a.d.Staff.List(ctx)
		if err != nil {
			return nil, err
		}
		var items []Member
		for _, p := range all {
			items = append(items, Member{
				Person: Person{ID: p.ID, Login: p.Login, Name: p.Name}, Roles: p.Roles, Enabled: p.Enabled, Enrolled: p.Enrolled(),
				Language: p.Language, CreatedAt: instant(p.CreatedAt), EndorsesFrom: at(p.EndorsesFrom),
			})
		}
		return answering(listing(items, ""), nil)
	})
	type hiring struct {
		Body struct {
			Login    string        `json:"login" maxLength:"300"`
			Name     string        `json:"name" maxLength:"200"`
			Roles    []people.Role `json:"roles" nullable:"false"`
			Language string        `json:"language,omitempty" enum:"nl,en"`
			Reason   string        `json:"reason,omitempty"`
		}
	}
	add(a, a.proposing("/people", "proposePerson", "Propose a new person"), func(ctx context.Context, in *hiring) (*answer[Proposal], error) {
		b := in.Body
		return a.propose(ctx, approval.KindPerson, approval.Change{Login: b.Login, Name: b.Name, Roles: b.Roles, Language: b.Language, Reason: b.Reason})
	})
	type granting struct {
		PersonPath
		Body struct {
			Roles  []people.Role `json:"roles" nullable:"false" doc:"All of them, replacing the old ones."`
			Reason string        `json:"reason,omitempty"`
		}
	}
	add(a, a.proposing("/people/{id}/roles", "proposeRoles", "Propose other roles for a person"), func(ctx context.Context, in *granting) (*answer[Proposal], error) {
		return a.proposeAbout(ctx, in.ID, approval.KindRoles, approval.Change{Roles: in.Body.Roles, Reason: in.Body.Reason})
	})
	type enabling struct {
		PersonPath
		Body struct {
			Enabled bool   `json:"enabled"`
			Reason  string `json:"reason,omitempty"`
		}
	}
	add(a, a.proposing("/people/{id}/enablement", "proposeEnablement", "Propose to disable or enable a person"), func(ctx context.Context, in *enabling) (*answer[Proposal], error) {
		return a.proposeAbout(ctx, in.ID, approval.KindEnablement, approval.Change{Enabled: in.Body.Enabled, Reason: in.Body.Reason})
	})
	type resetting struct {
		PersonPath
		Because
	}
	add(a, a.proposing("/people/{id}/credential", "proposeCredentialReset", "Propose to reset a person's credentials"), func(ctx context.Context, in *resetting) (*answer[Proposal], error) {
		return a.proposeAbout(ctx, in.ID, approval.KindCredential, approval.Change{Reason: in.Body.Reason})
	})
}

func (a *API) proposing(path, id, summary string) operation {
	return operation{
		method: http.MethodPost, path: path, id: id, tag: "People", summary: summary, description: proposes,
		scope: people.Endorse, status: http.StatusCreated, faults: []fault.Code{fault.CoolingTime, fault.AlreadyExists},
	}
}

func (a *API) proposeAbout(ctx context.Context, person string, kind approval.Kind, c approval.Change) (*answer[Proposal], error) {
	who, err := a.whom(ctx, "person", person)
	if err != nil {
		return nil, err
	}
	c.Person = who
	return a.propose(ctx, kind, c)
}

// Session is one of one's own.
type Session struct {
	ID        people.SessionID `json:"id" format:"uuid"`
	StartedAt instant          `json:"started_at"`
	SeenAt    instant          `json:"seen_at" doc:"Last use, to the minute."`
	From      optional[string] `json:"from" doc:"Network address."`
	Current   bool             `json:"current" doc:"The one that asks."`
}

func (a *API) sessions() {
	add(a, operation{
		method: http.MethodGet, path: "/sessions", id: "listSessions", tag: "Signing in", summary: "One's own sessions, newest first", scope: people.Read,
	}, func(ctx context.Context, _ *nothing) (*answer[list[Session]], error) {
		who := session.From(ctx)
		own, err := a.d.Staff.Sessions(ctx, who)
		if err != nil {
			return nil, err
		}
		var items []Session
		for _, s := range own {
			items = append(items, Session{
				ID: s.ID, StartedAt: instant(s.StartedAt), SeenAt: instant(s.SeenAt), From: word(s.From), Current: s.ID == who.Session(),
			})
		}
		return answering(listing(items, ""), nil)
	})
	type sessionPath struct {
		ID string `path:"id" doc:"Of the session."`
	}
	add(a, operation{
		method: http.MethodDelete, path: "/sessions/{id}", id: "endSession", tag: "Signing in", summary: "End one of one's own sessions", scope: people.Write,
	}, func(ctx context.Context, in *sessionPath) (*nothing, error) {
		id, err := parseID[people.Session]("session", in.ID)
		if err != nil {
			return nil, err
		}
		return nil, a.d.Staff.RevokeSession(ctx, session.From(ctx), id)
	})
}
