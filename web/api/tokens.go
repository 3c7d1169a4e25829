package api

import (
	"context"
	"net/http"
	"time"

	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/web/session"
)

// Token is an API token, without its secret.
type Token struct {
	ID        people.TokenID    `json:"id" format:"uuid"`
	Name      string            `json:"name"`
	Account   optional[string]  `json:"account" doc:"Of a service token, which delivers mentions to it."`
	Scopes    []people.Scope    `json:"scopes" nullable:"false"`
	Live      bool              `json:"live" doc:"Neither revoked nor expired."`
	CreatedAt instant           `json:"created_at"`
	ExpiresAt optional[instant] `json:"expires_at"`
	UsedAt    optional[instant] `json:"used_at" doc:"Last use, to the minute."`
	RevokedAt optional[instant] `json:"revoked_at"`
}

// NewToken is a token with its secret, which is shown once.
type NewToken struct {
	Token
	Secret string `json:"secret" doc:"Send it as Authorization: Bearer. It is not shown again."`
}

func (a *API) tokens() {
	a.sessions()
	add(a, operation{
		method: http.MethodGet, path: "/tokens", id: "listTokens", tag: "Tokens", summary: "One's own tokens, newest first; for an admin those of services too",
		scope: people.Read,
	}, func(ctx context.Context, _ *nothing) (*answer[list[Token]], error) {
		who := session.From(ctx)
		all, err := a.d.Staff.Tokens(ctx, who)
		if err != nil {
			return nil, err
		}
		if who.Has(people.Admin) {
			services, err := a.d.Staff.ServiceTokens(ctx, who)
			if err != nil {
				return nil, err
			}
			all = append(all, services...)
		}
		var items []Token
		for _, t := range all {
			items = append(items, tokenJSON(t))
		}
		return answering(listing(items, ""), nil)
	})
	a.issuing()
	type tokenPath struct {
		ID string `path:"id" doc:"Of the token."`
	}
	add(a, operation{
		method: http.MethodDelete, path: "/tokens/{id}", id: "revokeToken", tag: "Tokens", summary: "Revoke a token", scope: people.Write,
	}, func(ctx context.Context, in *tokenPath) (*nothing, error) {
		id, err := parseID[people.Token]("token", in.ID)
		if err != nil {
			return nil, err
		}
		return nil, a.d.Staff.RevokeToken(ctx, session.From(ctx), id)
	})
}

// issuing is POST /tokens.
func (a *API) issuing() {
	type issuing struct {
		Body struct {
			Name      string         `json:"name" doc:"What it is for."`
			Scopes    []people.Scope `json:"scopes,omitempty" nullable:"false" doc:"read, write, endorse or ingest; not with account."`
			Account   string         `json:"account,omitempty" doc:"Makes a service token that delivers mentions to this account and can do nothing else; takes an admin."`
			ExpiresAt time.Time      `json:"expires_at,omitempty" doc:"Never where it is not sent."`
		}
	}
	add(a, operation{
		method: http.MethodPost, path: "/tokens", id: "issueToken", tag: "Tokens", summary: "Issue a token",
		description: "Takes a session: a token that could make tokens would outlive its own revocation. A token does no more than its person, and endorses only where the configuration lists the person under api.endorsing_people.",
		scope:       people.Write, status: http.StatusCreated,
	}, func(ctx context.Context, in *issuing) (*answer[NewToken], error) {
		b, who := in.Body, session.From(ctx)
		var secret string
		var t *people.Token
		var err error
		switch {
		case b.Account == "":
			secret, t, err = a.d.Staff.IssueToken(ctx, who, b.Name, b.Scopes, b.ExpiresAt)
		case len(b.Scopes) > 0 || !b.ExpiresAt.IsZero():
			err = fault.New(fault.InvalidInput, "a service token has the scope ingest alone and does not expire").At("account", b.Account).
				Fix("Leave out scopes and expires_at.")
		default:
			secret, t, err = a.d.Staff.IssueServiceToken(ctx, who, b.Name, b.Account)
		}
		if err != nil {
			return nil, err
		}
		return answering(NewToken{Token: tokenJSON(t), Secret: secret}, nil)
	})
}

func tokenJSON(t *people.Token) Token {
	return Token{
		ID: t.ID, Name: t.Name, Account: word(t.Account), Scopes: t.Scopes, Live: t.Live(time.Now()), CreatedAt: instant(t.CreatedAt),
		ExpiresAt: at(t.ExpiresAt), UsedAt: at(t.UsedAt), RevokedAt: at(t.RevokedAt),
	}
}
