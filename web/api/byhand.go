package api

import (
	"context"
	"net/http"

	"standpunt/approval"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/web/session"
)

// byHand are the calls about answers that a person posts on the platform.
func (a *API) byHand() {
	type recording struct {
		ProposalPath
		Body struct {
			Digest string `json:"digest" doc:"Of the revision whose exact text was posted."`
			URL    string `json:"url" maxLength:"2000" doc:"Where it stands, as copied from the platform." example:"https://x.com/brand/status/1892345678901234567"`
		}
	}
	add(a, operation{
		method: http.MethodPost, path: "/proposals/{id}/address", id: "recordAddress", tag: "Proposals",
		summary: "Record where an answer stands that was posted by hand",
		description: "For an approved answer by hand, while its approval lives and publishing is not stopped. The post has to be made " +
			"under that approval, and is nobody else's answer. It is published then, and official once it was read back: a post that is " +
			"not ours, does not answer the mention, or is an edited one from before the approval, takes the address back, with the reason address_foreign or address_absent.",
		scope: people.Write, status: http.StatusOK,
		faults: []fault.Code{fault.WrongState, fault.StaleDigest, fault.Conflict, fault.PublishingStopped, fault.AccountNotReady, fault.Unavailable},
	}, func(ctx context.Context, in *recording) (*answer[Proposal], error) {
		return a.shown(ctx, &in.ProposalPath, func(ctx context.Context, p approval.ProposalID) (*approval.View, error) {
			digest, err := approval.ParseDigest(in.Body.Digest)
			if err != nil {
				return nil, err
			}
			v, err := a.d.Approvals.PostedByHand(ctx, session.From(ctx), p, approval.Posting{Digest: digest, URL: in.Body.URL})
			return v, a.withDifference(ctx, p, digest, err)
		})
	})
	add(a, operation{
		method: http.MethodDelete, path: "/proposals/{id}/address", id: "takeAddressBack", tag: "Proposals",
		summary:     "Take a recorded address back",
		description: "Until what stands there was read back as approved. The answer is approved again, and expired or held at once where its approval no longer holds.",
		scope:       people.Write, faults: []fault.Code{fault.WrongState},
	}, func(ctx context.Context, in *ProposalPath) (*answer[Proposal], error) {
		return a.shown(ctx, in, func(ctx context.Context, p approval.ProposalID) (*approval.View, error) {
			return a.d.Approvals.TakeAddressBack(ctx, session.From(ctx), p)
		})
	})
}
