package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/web/session"
)

// Me is who asks and what they can do.
type Me struct {
	Person     Person            `json:"person"`
	Roles      []people.Role     `json:"roles" nullable:"false"`
	Scopes     []people.Scope    `json:"scopes" nullable:"false" doc:"What this session or token covers; endorse only where it may."`
	Language   string            `json:"language" enum:"nl,en" doc:"Of the person's screens."`
	Via        string            `json:"via" enum:"desk,api" doc:"desk: a session; api: a token."`
	Waiting    int               `json:"waiting" doc:"Proposals that this person can decide on now; 100 means 100 or more."`
	EndorsesAt optional[instant] `json:"endorses_from" doc:"When a new approver's cooling time is over; null for founders."`
	Change     uint64            `json:"change" doc:"How many entries the audit log has: live events from here on are those after change-1."`
}

func (a *API) signingIn() {
	type credentials struct {
		Body struct {
			Login    string `json:"login" maxLength:"300"`
			Password string `json:"password" maxLength:"2000"`
		}
		Exchange
	}
	add(a, operation{
		method: http.MethodPost, path: "/session", id: "signIn", tag: "Signing in", summary: "Sign in with login and password",
		description: "Starts a session and sets its cookie (HttpOnly, SameSite=Strict). Too many failures are answered with rate_limited and Retry-After.",
		faults:      []fault.Code{fault.Unauthenticated, fault.RateLimited},
	}, func(ctx context.Context, in *credentials) (*answer[Me], error) {
		who, err := a.d.Sessions.SignIn(in.w, in.r, in.Body.Login, in.Body.Password)
		if err != nil {
			return nil, err
		}
		return answering(a.me(ctx, who))
	})
	add(a, operation{
		method: http.MethodDelete, path: "/session", id: "signOut", tag: "Signing in", summary: "End the session of the cookie",
		description: "Clears the cookie too. A request by token ends nothing.", scope: people.Write,
	}, func(_ context.Context, in *exchangeOnly) (*nothing, error) {
		return nil, a.d.Sessions.SignOut(in.w, in.r)
	})
	a.self()
	type enrolment struct {
		Body struct {
			Code     string `json:"code" maxLength:"300" doc:"Both halves of the enrolment code, with a hyphen between them."`
			Password string `json:"password" maxLength:"2000" doc:"The password to sign in with from now on."`
		}
	}
	add(a, operation{
		method: http.MethodPost, path: "/enrol", id: "enrol", tag: "Signing in", summary: "Set one's password with an enrolment code",
		description: "A code is used up by it. Sessions and tokens from before are void.",
		faults:      []fault.Code{fault.NotFound, fault.RateLimited},
	}, func(ctx context.Context, in *enrolment) (*answer[Person], error) {
		p, err := a.d.Staff.Enrol(ctx, in.Body.Code, in.Body.Password)
		if err != nil {
			return nil, err
		}
		return answering(Person{ID: p.ID, Login: p.Login, Name: p.Name}, nil)
	})
}

// self are the calls about who asks.
func (a *API) self() {
	add(a, operation{
		method: http.MethodGet, path: "/me", id: "me", tag: "Signing in", summary: "Who asks", scope: people.Read,
	}, func(ctx context.Context, _ *nothing) (*answer[Me], error) {
		return answering(a.me(ctx, session.From(ctx)))
	})
	type preferences struct {
		Body struct {
			Language string `json:"language" enum:"nl,en" doc:"Of the person's own screens."`
		}
	}
	add(a, operation{
		method: http.MethodPatch, path: "/me", id: "changeMe", tag: "Signing in", summary: "Change one's own language", scope: people.Write,
	}, func(ctx context.Context, in *preferences) (*answer[Me], error) {
		who := session.From(ctx)
		if err := a.d.Staff.SetLanguage(ctx, who, in.Body.Language); err != nil {
			return nil, err
		}
		return answering(a.me(ctx, who))
	})
	type passwords struct {
		Body struct {
			Current string `json:"current" maxLength:"2000"`
			New     string `json:"new" maxLength:"2000"`
		}
	}
	add(a, operation{
		method: http.MethodPut, path: "/me/password", id: "changePassword", tag: "Signing in", summary: "Change one's own password",
		description: "Takes a session. All other sessions of the person end; tokens stay.", scope: people.Write,
		faults: []fault.Code{fault.RateLimited, fault.Conflict},
	}, func(ctx context.Context, in *passwords) (*nothing, error) {
		return nil, a.d.Staff.ChangePassword(ctx, session.From(ctx), in.Body.Current, in.Body.New)
	})
}

// me is read anew, so that a language or role that just changed shows.
func (a *API) me(ctx context.Context, who people.Principal) (Me, error) {
	p, err := a.d.Staff.Person(ctx, who.ID())
	if err != nil {
		return Me{}, err
	}
	waiting, err := a.d.Approvals.Waiting(ctx, p.ID)
	if err != nil {
		return Me{}, err
	}
	size, err := a.d.Log.Size(ctx)
	if err != nil {
		return Me{}, err
	}
	me := Me{
		Person: Person{ID: p.ID, Login: p.Login, Name: p.Name}, Roles: p.Roles, Scopes: []people.Scope{}, Language: p.Language,
		Via: who.Via(), Waiting: waiting, EndorsesAt: at(p.EndorsesFrom), Change: size,
	}
	for _, scope := range []people.Scope{people.Read, people.Write, people.Endorse, people.Ingest} {
		if who.May(scope) == nil && (scope != people.Endorse || who.MayEndorse() == nil) {
			me.Scopes = append(me.Scopes, scope)
		}
	}
	return me, nil
}

// Exchange is embedded in inputs whose handler sets cookies or reads them.
type Exchange struct {
	r *http.Request
	w http.ResponseWriter
}

// exchangeOnly is the input of a handler that takes nothing else.
type exchangeOnly struct{ Exchange }

// Resolve keeps the request and its answer.
func (e *Exchange) Resolve(ctx huma.Context) []error {
	e.r, e.w = humago.Unwrap(ctx)
	return nil
}
