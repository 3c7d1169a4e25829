package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/web/session"
)

// ProposalPath names the proposal of a call.
type ProposalPath struct {
	ID string `path:"id" doc:"Of the proposal."`
}

func (p *ProposalPath) id() (approval.ProposalID, error) {
	return parseID[approval.Proposal]("proposal", p.ID)
}

// Writing is the content of a revision as people send it.
type Writing struct {
	Text      string    `json:"text" doc:"What is published, byte for byte after NFC. Hidden and bidirectional characters are refused."`
	Language  string    `json:"language,omitempty" maxLength:"35" doc:"BCP 47; the conversation's where it is not sent." example:"nl"`
	NotBefore time.Time `json:"not_before,omitempty" doc:"Schedules the publication, at most 72 hours ahead."`
	ValidFor  span      `json:"valid_for,omitempty" doc:"Shortens how long a full set of endorsements lives."`
}

func (w *Writing) content() approval.Content {
	return approval.Content{Text: w.Text, Language: w.Language, ValidFor: time.Duration(w.ValidFor), NotBefore: w.NotBefore}
}

// textFaults are what a text can be refused for.
var textFaults = []fault.Code{
	fault.EmptyText, fault.TextTooLong, fault.HiddenCharacters, fault.NotAnswerable, fault.AccountNotReady, fault.NoPolicy, fault.WrongState,
}

func (a *API) proposals() {
	a.reading()
	a.drafting()
	a.deciding()
	a.settling()
}

// reading are the calls that change nothing.
func (a *API) reading() {
	type filter struct {
		Paging
		State   []string `query:"state" doc:"Any of these states."`
		Kind    []string `query:"kind" doc:"Any of these kinds."`
		Account string   `query:"account"`
		Waiting bool     `query:"waiting" doc:"Only what the caller can decide on now."`
	}
	add(a, operation{
		method: http.MethodGet, path: "/proposals", id: "listProposals", tag: "Proposals", summary: "List proposals, newest change first",
		scope: people.Read, faults: []fault.Code{fault.InvalidInput},
	}, func(ctx context.Context, in *filter) (*answer[list[Proposal]], error) {
		f := approval.Filter{Account: inbox.AccountName(in.Account)}
		for _, s := range in.State {
			if err := oneOf("state", approval.State(s), approval.States()...); err != nil {
				return nil, err
			}
			f.States = append(f.States, approval.State(s))
		}
		for _, k := range in.Kind {
			f.Kinds = append(f.Kinds, approval.Kind(k))
		}
		if in.Waiting {
			f.WaitingFor = session.From(ctx).ID()
		}
		page, err := a.d.Approvals.List(ctx, f, in.Cursor, in.Limit)
		if err != nil {
			return nil, err
		}
		return answering(listing(a.views(ctx, page.Items), page.Next), nil)
	})
	add(a, operation{
		method: http.MethodGet, path: "/proposals/{id}", id: "getProposal", tag: "Proposals", summary: "One proposal", scope: people.Read,
	}, func(ctx context.Context, in *ProposalPath) (*answer[Proposal], error) {
		return a.shown(ctx, in, a.d.Approvals.Get)
	})
	add(a, operation{
		method: http.MethodGet, path: "/proposals/{id}/revisions", id: "listRevisions", tag: "Proposals",
		summary: "All versions of a proposal's content, oldest first", scope: people.Read,
	}, a.revisions)
	add(a, operation{
		method: http.MethodGet, path: "/proposals/{id}/evidence", id: "getEvidence", tag: "Audit",
		summary:     "The evidence bundle of one proposal",
		description: "Every audit entry about it with its inclusion proof, the signed checkpoint, and the contents that the entries commit to. It verifies by itself with the daemon's public key.",
		scope:       people.Read,
	}, func(ctx context.Context, in *ProposalPath) (*answer[audit.Evidence], error) {
		proposal, err := in.id()
		if err != nil {
			return nil, err
		}
		if _, err := a.d.Approvals.Get(ctx, proposal); err != nil {
			return nil, err
		}
		bundle, err := a.d.Log.Evidence(ctx, audit.Subject("proposal:"+proposal.String()))
		if err != nil {
			return nil, err
		}
		return answering(*bundle, nil)
	})
}

// shown does something with the proposal in the path and answers how it then stands.
func (a *API) shown(ctx context.Context, in *ProposalPath, do func(context.Context, approval.ProposalID) (*approval.View, error)) (*answer[Proposal], error) {
	proposal, err := in.id()
	if err != nil {
		return nil, err
	}
	v, err := do(ctx, proposal)
	if err != nil {
		return nil, err
	}
	return answering(a.proposal(a.names(ctx), v), nil)
}

func (a *API) revisions(ctx context.Context, in *ProposalPath) (*answer[list[Revision]], error) {
	proposal, err := in.id()
	if err != nil {
		return nil, err
	}
	if _, err := a.d.Approvals.Get(ctx, proposal); err != nil {
		return nil, err
	}
	all, err := a.d.Approvals.Revisions(ctx, proposal)
	if err != nil {
		return nil, err
	}
	named := a.names(ctx)
	var items []Revision
	for _, r := range all {
		items = append(items, revision(named, r.Number, r.Author, r.At, r.Digest, r.Envelope))
	}
	return answering(listing(items, ""), nil)
}

// drafting are the calls by which a text comes to review.
func (a *API) drafting() {
	type draft struct {
		ConversationPath
		Body struct {
			Kind   string `json:"kind" enum:"reply"`
			Target string `json:"target,omitempty" doc:"The id of the mention to answer; the newest one where it is not sent."`
			Writing
		}
	}
	add(a, operation{
		method: http.MethodPost, path: "/conversations/{id}/proposals", id: "draftReply", tag: "Proposals", summary: "Draft an answer",
		description: "The caller becomes the author of revision 1. Nothing is sent: the author submits it, and somebody else approves it.",
		scope:       people.Write, status: http.StatusCreated, faults: textFaults,
	}, func(ctx context.Context, in *draft) (*answer[Proposal], error) {
		conversation, err := inbox.ParseConversationID(in.ID)
		if err != nil {
			return nil, err
		}
		var mention inbox.MentionID
		if in.Body.Target != "" {
			if mention, err = parseID[inbox.Mention]("target", in.Body.Target); err != nil {
				return nil, err
			}
		}
		v, err := a.d.Approvals.DraftReply(ctx, session.From(ctx), conversation, mention, in.Body.content())
		if err != nil {
			return nil, err
		}
		return answering(a.proposal(a.names(ctx), v), nil)
	})
	a.checking()
	type revising struct {
		ProposalPath
		Body Writing
	}
	add(a, operation{
		method: http.MethodPost, path: "/proposals/{id}/revisions", id: "revise", tag: "Proposals", summary: "Write a new revision",
		description: "The caller becomes its author; every endorsement of an older one is void, and the proposal is a draft again.",
		scope:       people.Write, status: http.StatusCreated, faults: textFaults,
	}, func(ctx context.Context, in *revising) (*answer[Proposal], error) {
		return a.shown(ctx, &in.ProposalPath, func(ctx context.Context, p approval.ProposalID) (*approval.View, error) {
			return a.d.Approvals.Revise(ctx, session.From(ctx), p, in.Body.content())
		})
	})
	type submitting struct {
		ProposalPath
		Body struct {
			Digest string `json:"digest" doc:"Of the revision as it was shown."`
		}
	}
	add(a, operation{
		method: http.MethodPost, path: "/proposals/{id}/submit", id: "submit", tag: "Proposals", summary: "Submit the newest revision for approval",
		description: "It is the author's endorsement; nobody else can give it.", scope: people.Endorse,
		faults: []fault.Code{fault.NotRevisionAuthor, fault.StaleDigest, fault.WrongState, fault.Conflict, fault.CoolingTime},
	}, func(ctx context.Context, in *submitting) (*answer[Proposal], error) {
		return a.shown(ctx, &in.ProposalPath, func(ctx context.Context, p approval.ProposalID) (*approval.View, error) {
			digest, err := approval.ParseDigest(in.Body.Digest)
			if err != nil {
				return nil, err
			}
			v, err := a.d.Approvals.Submit(ctx, session.From(ctx), p, digest)
			return v, a.withDifference(ctx, p, digest, err)
		})
	})
}

// Checked is what would be said of a text as an answer.
type Checked struct {
	Text     string            `json:"text" doc:"In the form that would be endorsed and sent (NFC)."`
	Length   int               `json:"length" doc:"In the platform's own counting."`
	Limit    optional[int]     `json:"limit" doc:"Null where the platform sets none."`
	Unit     string            `json:"unit" example:"characters"`
	Price    optional[Price]   `json:"price" doc:"What the platform charges for it; null where it charges nothing or that is not known."`
	Findings []Finding         `json:"findings" nullable:"false"`
	Refused  optional[Problem] `json:"refused" doc:"Why it could not be drafted; null where it could."`
}

// Price is what a platform charges for one answer, in US dollars.
type Price struct {
	Cost        float64           `json:"cost_usd"`
	WithoutLink optional[float64] `json:"without_link_usd" doc:"What it would cost without its links; null where they make no difference."`
}

// priceOf is null where there is none.
func priceOf(p approval.Price) optional[Price] {
	if p.Cost == 0 {
		return optional[Price]{}
	}
	out := Price{Cost: p.Cost.Dollars()}
	if p.Link {
		out.WithoutLink = some(p.WithoutLink.Dollars())
	}
	return some(out)
}

// checking is POST /conversations/{id}/check.
func (a *API) checking() {
	type text struct {
		ConversationPath
		Body struct {
			Text string `json:"text"`
		}
	}
	add(a, operation{
		method: http.MethodPost, path: "/conversations/{id}/check", id: "checkText", tag: "Proposals", summary: "Measure and check a text without drafting it",
		description: "For composers, while somebody types. Nothing is kept.", scope: people.Write,
	}, func(ctx context.Context, in *text) (*answer[Checked], error) {
		conversation, err := inbox.ParseConversationID(in.ID)
		if err != nil {
			return nil, err
		}
		t, err := a.d.Box.Thread(ctx, conversation)
		if err != nil {
			return nil, err
		}
		normal := approval.Normalize(in.Body.Text)
		m := a.d.Approvals.Measure(t.Conversation.Account, normal)
		out := Checked{Text: normal, Length: m.Length, Unit: m.Unit, Findings: []Finding{}}
		if m.Limit > 0 {
			out.Limit = some(m.Limit)
		}
		out.Price = priceOf(a.d.Approvals.Price(t.Conversation.Account, approval.Reply, t.Conversation.Visibility, normal))
		for _, f := range approval.Check(normal) {
			out.Findings = append(out.Findings, Finding(f))
		}
		if err := approval.CheckText(normal, m); err != nil {
			out.Refused = some(*problemOf(ctx, a.logger, err))
		}
		return answering(out, nil)
	})
}

// deciding are the calls of the second person, and those that take back.
func (a *API) deciding() {
	type deciding struct {
		ProposalPath
		Body struct {
			Verdict string `json:"verdict" enum:"approve,request_changes,reject"`
			Digest  string `json:"digest" doc:"Of the revision as it was shown."`
			Comment string `json:"comment,omitempty" doc:"Needed unless the verdict is approve."`
		}
	}
	add(a, operation{
		method: http.MethodPost, path: "/proposals/{id}/decisions", id: "decide", tag: "Proposals", summary: "Approve, request changes or reject",
		description: "An approval that completes the quorum releases the proposal at once. stale_digest carries the newest digest, revision and text.",
		scope:       people.Endorse,
		faults: []fault.Code{
			fault.SelfApproval, fault.StaleDigest, fault.WrongState, fault.AlreadyDecided, fault.CoolingTime, fault.CommentRequired, fault.NoPolicy,
		},
	}, func(ctx context.Context, in *deciding) (*answer[Proposal], error) {
		return a.shown(ctx, &in.ProposalPath, func(ctx context.Context, p approval.ProposalID) (*approval.View, error) {
			digest, err := approval.ParseDigest(in.Body.Digest)
			if err != nil {
				return nil, err
			}
			v, err := a.d.Approvals.Decide(ctx, session.From(ctx), p, approval.Judgement{
				Verdict: approval.Verdict(in.Body.Verdict), Digest: digest, Comment: in.Body.Comment,
			})
			return v, a.withDifference(ctx, p, digest, err)
		})
	})
	type withdrawing struct {
		ProposalPath
		Body *struct {
			Reason string `json:"reason,omitempty"`
		}
	}
	add(a, operation{
		method: http.MethodPost, path: "/proposals/{id}/withdraw", id: "withdraw", tag: "Proposals", summary: "Take a proposal back before it is sent",
		scope: people.Write, faults: []fault.Code{fault.WrongState},
	}, func(ctx context.Context, in *withdrawing) (*answer[Proposal], error) {
		reason := ""
		if in.Body != nil {
			reason = in.Body.Reason
		}
		return a.shown(ctx, &in.ProposalPath, func(ctx context.Context, p approval.ProposalID) (*approval.View, error) {
			return a.d.Approvals.Withdraw(ctx, session.From(ctx), p, reason)
		})
	})
	add(a, operation{
		method: http.MethodDelete, path: "/proposals/{id}/endorsement", id: "withdrawEndorsement", tag: "Proposals",
		summary:     "Take one's own endorsement back",
		description: "Possible until the release is claimed for sending. The author's makes it a draft again; once approved, the proposal is held.",
		scope:       people.Endorse, faults: []fault.Code{fault.WrongState},
	}, func(ctx context.Context, in *ProposalPath) (*answer[Proposal], error) {
		return a.shown(ctx, in, func(ctx context.Context, p approval.ProposalID) (*approval.View, error) {
			return a.d.Approvals.WithdrawEndorsement(ctx, session.From(ctx), p)
		})
	})
}

// withDifference adds the newest text to a stale_digest fault, so that the
// caller can be shown what changed.
func (a *API) withDifference(ctx context.Context, p approval.ProposalID, shown approval.Digest, err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) || f.Code != fault.StaleDigest {
		return err
	}
	v, readErr := a.d.Approvals.Get(ctx, p)
	if readErr != nil || v.Envelope == nil {
		return err
	}
	f = f.With("text", v.Envelope.Text)
	all, readErr := a.d.Approvals.Revisions(ctx, p)
	if readErr != nil {
		return err
	}
	for _, r := range all {
		if r.Digest == shown && r.Envelope != nil {
			f = f.With("shown_text", r.Envelope.Text)
		}
	}
	return f
}

// settling are the calls about attempts that did not simply succeed, and the
// enrolment code that some proposals end in.
func (a *API) settling() {
	add(a, operation{
		method: http.MethodPost, path: "/proposals/{id}/retry", id: "retry", tag: "Proposals", summary: "Send a definite failure again",
		description: "Under the same approval, while it lives. An unknown outcome is settled first.", scope: people.Write, faults: []fault.Code{fault.WrongState},
	}, func(ctx context.Context, in *ProposalPath) (*answer[Proposal], error) {
		return a.shown(ctx, in, func(ctx context.Context, p approval.ProposalID) (*approval.View, error) {
			return a.d.Approvals.Retry(ctx, session.From(ctx), p)
		})
	})
	type ruling struct {
		ProposalPath
		Body struct {
			Outcome string `json:"outcome" enum:"posted,not_posted"`
			URL     string `json:"url,omitempty" doc:"Where it stands; needed with posted."`
			Reason  string `json:"reason" doc:"How you know."`
		}
	}
	add(a, operation{
		method: http.MethodPost, path: "/proposals/{id}/outcome", id: "settleOutcome", tag: "Proposals", summary: "Settle an unknown outcome by hand",
		description: "Takes a press officer who did not write the revision.", scope: people.Endorse, faults: []fault.Code{fault.WrongState, fault.SelfApproval},
	}, func(ctx context.Context, in *ruling) (*answer[Proposal], error) {
		return a.shown(ctx, &in.ProposalPath, func(ctx context.Context, p approval.ProposalID) (*approval.View, error) {
			return a.d.Approvals.Settle(ctx, session.From(ctx), p, approval.Ruling{
				Posted: in.Body.Outcome == "posted", URL: in.Body.URL, Reason: in.Body.Reason,
			})
		})
	})
	type half struct {
		Half string `json:"half" doc:"Together with the other one's half, with a hyphen between them, it is the code for POST /enrol."`
	}
	add(a, operation{
		method: http.MethodPost, path: "/proposals/{id}/enrolment", id: "takeEnrolmentHalf", tag: "People",
		summary:     "Take one's own half of an enrolment code, once",
		description: "For the two who endorsed a new person or a credential reset. A half is shown once and then gone, which is why this is no GET.",
		scope:       people.Endorse, faults: []fault.Code{fault.WrongState},
	}, func(ctx context.Context, in *ProposalPath) (*answer[half], error) {
		proposal, err := in.id()
		if err != nil {
			return nil, err
		}
		text, err := a.d.Approvals.Half(ctx, session.From(ctx), proposal)
		return answering(half{text}, err)
	})
}
