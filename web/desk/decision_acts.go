package desk

import (
	"net/http"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/internal/fault"
)

// decide records a verdict and goes on to what waits next. What somebody typed
// comes back with every refusal.
func (v *visit) decide() error {
	which, digest, err := v.proposalForm()
	if err != nil {
		return err
	}
	typed := decisionTyped{Verdict: v.form("verdict"), Comment: v.r.Form.Get("comment")}
	p, err := v.d.Approvals.Decide(v.ctx(), v.who, which, approval.Judgement{
		Verdict: approval.Verdict(typed.Verdict), Digest: digest, Comment: typed.Comment,
	})
	if err != nil {
		return v.refused(err, typed)
	}
	switch {
	case p.State == approval.InReview:
		v.done("decision.counted")
	case p.State == approval.Published:
		v.done("decision.inforce")
	case p.State == approval.Approved:
		v.done("byhand.approved")
	case p.State == approval.Queued && p.Due.After(time.Now().Add(time.Minute)):
		v.done("decision.scheduled", "time", (&scribe{lang: v.lang, words: v.words}).exact(p.Due))
	default:
		v.done("decision.done." + typed.Verdict)
	}
	if p.State == approval.Published && (p.Kind == approval.KindPerson || p.Kind == approval.KindCredential) {
		return v.to("/approvals/" + which.String()) // where their half of the code waits
	}
	next, err := v.nextWaiting(which)
	if err != nil {
		return err
	}
	return v.to(next)
}

// proposalForm is the proposal in the path and the digest in the form.
func (v *visit) proposalForm() (approval.ProposalID, approval.Digest, error) {
	which, err := v.proposalID()
	if err != nil {
		return which, approval.Digest{}, err
	}
	digest, err := approval.ParseDigest(v.form("digest"))
	return which, digest, err
}

// refused shows the proposal as it is now, why nothing was done to it, and what
// was typed. That somebody else was first stands on it as news.
func (v *visit) refused(err error, typed decisionTyped) error {
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Unauthenticated) {
		return err
	}
	return v.showDecision(statusOf(err), decisionPage{Typed: typed, Trouble: v.trouble(err)})
}

// decisionConfirm asks once more, naming text, account and person: what the
// dialog asks, for those without JavaScript.
func (v *visit) decisionConfirm() error {
	p, err := v.decisionOf(decisionPage{})
	if err != nil {
		return err
	}
	switch {
	case v.form("digest") != p.P.Digest.String():
		p.Trouble = &trouble{Code: fault.StaleDigest, What: v.t("decision.stale"), Remedy: v.t("decision.stale.fix")}
		return v.render(http.StatusConflict, "decision", v.decisionTitle(p), p)
	case !p.May.Decide:
		return v.to("/approvals/" + p.P.ID.String())
	}
	return v.show("confirm", v.t("decision.confirm"), p)
}

// revisePage is the text of a proposal to be written anew.
type revisePage struct {
	decisionPage
	Draft    string // what stands in the field
	ByHand   bool   // a person posts it
	Schedule schedule
	Pictures pictures
	Base     approval.Digest
}

// revising begins with the proposal as it is.
func (v *visit) revising(p decisionPage) revisePage {
	e := p.P.Envelope
	page := revisePage{decisionPage: p, Base: p.P.Digest, ByHand: v.revisesByHand(p)}
	if e != nil {
		page.Draft, page.Schedule = e.Text, scheduleOf(e.NotBefore)
		page.Pictures = v.picturesOf("/approvals/"+p.P.ID.String()+"/attach", e.Account, e.Visibility, page.ByHand, e)
	}
	return page
}

// typedText is the text in the form.
func (v *visit) typedText() string { return strings.ReplaceAll(v.r.Form.Get("text"), "\r\n", "\n") }

func (v *visit) decisionEdit() error {
	p, err := v.decisionOf(decisionPage{})
	if err != nil {
		return err
	}
	if !p.May.Revise || p.P.Envelope == nil {
		return v.to("/approvals/" + p.P.ID.String())
	}
	return v.show("revise", v.t("decision.edit.title"), v.revising(p))
}

// decisionRevise makes a revision of the visitor's own, and submits it where
// that was asked. A text that somebody changed meanwhile is shown beside it.
func (v *visit) decisionRevise() error {
	which, base, err := v.proposalForm()
	if err != nil {
		return err
	}
	p, err := v.decisionOf(decisionPage{})
	if err != nil {
		return err
	}
	content := approval.Content{Text: v.typedText(), ByHand: v.revisesByHand(p)}
	var was time.Time
	if e := p.P.Envelope; e != nil {
		content.Language, content.Media, was = e.Language, e.Media, e.NotBefore
	}
	again := func(status int, problem *trouble) error {
		p.Trouble = problem
		page := v.revising(p)
		page.Draft, page.Schedule = v.typedText(), v.typedSchedule(page.Schedule)
		if media, err := v.typedMedia(page.Pictures.List); err == nil {
			page.Pictures.List, page.Pictures.Unsaved = media, true
		}
		return v.render(status, "revise", v.t("decision.edit.title"), page)
	}
	if p.P.Digest != base {
		return again(http.StatusConflict, &trouble{Code: fault.StaleDigest, What: v.t("decision.stale"), Remedy: v.t("decision.stale.own")})
	}
	if content.NotBefore, err = v.notBefore(was); err != nil {
		return again(statusOf(err), v.trouble(err))
	}
	if content.Media, err = v.typedMedia(content.Media); err != nil {
		return again(statusOf(err), v.trouble(err))
	}
	made, err := v.d.Approvals.Revise(v.ctx(), v.who, which, content)
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			return err
		}
		return again(statusOf(err), v.trouble(err))
	}
	if v.form("then") != "submit" {
		v.done("decision.saved")
		return v.to("/approvals/" + which.String())
	}
	if _, err := v.d.Approvals.Submit(v.ctx(), v.who, which, made.Digest); err != nil {
		return v.refused(err, decisionTyped{})
	}
	v.done("decision.submitted")
	return v.to("/approvals/" + which.String())
}

// revisesByHand reports whether a new revision is one that a person posts: the
// one before was, or that is asked for after the platform refused it.
func (v *visit) revisesByHand(p decisionPage) bool {
	return p.P.ByHand || p.P.Refused && v.form("by_hand") == "yes"
}

func (v *visit) decisionSubmit() error {
	which, digest, err := v.proposalForm()
	if err != nil {
		return err
	}
	if _, err := v.d.Approvals.Submit(v.ctx(), v.who, which, digest); err != nil {
		return v.refused(err, decisionTyped{})
	}
	v.done("decision.submitted")
	return v.to("/approvals/" + which.String())
}

// acted ends a form that changes the proposal in the path.
func (v *visit) acted(done string, typed decisionTyped, act func(approval.ProposalID) error) error {
	which, err := v.proposalID()
	if err != nil {
		return err
	}
	if err := act(which); err != nil {
		return v.refused(err, typed)
	}
	v.done(done)
	return v.to("/approvals/" + which.String())
}

func (v *visit) decisionWithdraw() error {
	typed := decisionTyped{Verdict: "withdraw", Reason: v.r.Form.Get("reason")}
	return v.acted("decision.withdrawn", typed, func(which approval.ProposalID) error {
		_, err := v.d.Approvals.Withdraw(v.ctx(), v.who, which, typed.Reason)
		return err
	})
}

func (v *visit) decisionUnendorse() error {
	return v.acted("decision.unendorsed", decisionTyped{}, func(which approval.ProposalID) error {
		_, err := v.d.Approvals.WithdrawEndorsement(v.ctx(), v.who, which)
		return err
	})
}

func (v *visit) decisionRetry() error {
	return v.acted("decision.retried", decisionTyped{}, func(which approval.ProposalID) error {
		_, err := v.d.Approvals.Retry(v.ctx(), v.who, which)
		return err
	})
}

func (v *visit) decisionSettle() error {
	typed := decisionTyped{Verdict: "settle", Reason: v.r.Form.Get("reason"), URL: v.form("url"), Posted: v.form("posted")}
	return v.acted("decision.settled", typed, func(which approval.ProposalID) error {
		if typed.Posted != "yes" && typed.Posted != "no" {
			return fault.New(fault.InvalidInput, "say whether it stands there").At("posted", "").Fix("Look on the platform, then choose one of the two.")
		}
		_, err := v.d.Approvals.Settle(v.ctx(), v.who, which, approval.Ruling{Posted: typed.Posted == "yes", URL: typed.URL, Reason: typed.Reason})
		return err
	})
}

// decisionHalf shows the visitor's half of an enrolment code, once: the answer
// to the form holds it, and no page ever again.
func (v *visit) decisionHalf() error {
	which, err := v.proposalID()
	if err != nil {
		return err
	}
	half, err := v.d.Approvals.Half(v.ctx(), v.who, which)
	switch {
	case fault.Is(err, fault.NotFound):
		return v.showDecision(http.StatusConflict, decisionPage{HalfTrouble: &trouble{Code: fault.NotFound, What: v.t("decision.half.gone"), Remedy: v.t("decision.half.gone.fix")}})
	case err != nil:
		return v.refused(err, decisionTyped{})
	}
	return v.showDecision(http.StatusOK, decisionPage{Half: half})
}
