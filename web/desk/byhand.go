package desk

import (
	"time"

	"standpunt/approval"
	"standpunt/inbox"
)

// hand is what the page of an answer by hand tells whoever posts it, once it
// is approved, and until it was read back.
type hand struct {
	Mine    bool   // the visitor is one of those who post
	Stopped bool   // publishing is stopped
	Early   bool   // it is not to be posted yet
	Ended   bool   // the approval is over
	Text    string // exactly what to post
	Open    string // address of the mention on the platform, "" where it has none
	As      string // the account to be signed in with there
	URL     string // what stands in the field: an address that was refused or proved wrong
	Wrong   string // why the address that was recorded is no longer: a reason code
	Undo    bool   // the visitor can take the recorded address back
}

// describeHand adds what is to be done by hand, to an answer that is.
func (v *visit) describeHand(p *decisionPage) {
	if !p.P.ByHand || p.P.Envelope == nil {
		return
	}
	h := &hand{Mine: v.who.Has(writers...), Text: p.P.Envelope.Text, As: string(p.P.Account), URL: p.Typed.Address}
	if p.Target != nil {
		h.Open = p.Target.URL
	}
	if p.Account != nil && p.Account.Handle != "" {
		h.As = p.Account.Handle
	}
	switch p.P.State {
	case approval.Approved:
		stops, err := v.d.Approvals.Stops(v.ctx())
		h.Stopped, h.Early = err != nil || len(stops) > 0, p.P.Due.After(time.Now())
		h.Ended = !p.P.ExpiresAt.After(time.Now())
		if addressWrong(p.P) {
			h.Wrong = p.P.Reason
		}
		if h.URL == "" {
			h.URL = p.P.Remark
		}
	case approval.Published:
		h.Ended = !p.P.ExpiresAt.After(time.Now())
		h.Undo = h.Mine && p.P.Retractable()
	default:
		return
	}
	p.Hand = h
}

// addressWrong reports whether reading back took a recorded address back.
func addressWrong(p *approval.View) bool {
	return p.Reason == approval.ReasonAddressAbsent || p.Reason == approval.ReasonAddressForeign
}

// decisionAddress records where a person posted the answer.
func (v *visit) decisionAddress() error {
	which, digest, err := v.proposalForm()
	if err != nil {
		return err
	}
	typed := decisionTyped{Verdict: "address", Address: v.form("url")}
	_, err = v.d.Approvals.PostedByHand(v.ctx(), v.who, which, approval.Posting{Digest: digest, URL: typed.Address})
	if err != nil {
		return v.refused(err, typed)
	}
	v.done("byhand.recorded")
	return v.to("/approvals/" + which.String())
}

// decisionAddressBack takes a recorded address back.
func (v *visit) decisionAddressBack() error {
	return v.acted("byhand.takenback", decisionTyped{Verdict: "address"}, func(which approval.ProposalID) error {
		_, err := v.d.Approvals.TakeAddressBack(v.ctx(), v.who, which)
		return err
	})
}

// byHand reports whether the composer's answer is one that a person posts: the
// draft is, or the platform takes no other one to what it answers.
func (v *visit) byHand(t *thread, target *inbox.Mention, p *approval.View) bool {
	if p == nil {
		return target.Unanswerable != ""
	}
	for _, i := range t.Items {
		if i.Mention != nil && i.Mention.ID == p.Mention && i.Mention.Unanswerable != "" {
			return true
		}
	}
	return p.ByHand || p.Refused && v.r.Form.Get("by_hand") == "yes"
}

// answersByHand reports whether a mention that takes no answer from a program
// can be answered here by hand.
func (v *visit) answersByHand(m *inbox.Mention) bool {
	return m.Visibility == inbox.Public && v.d.Approvals.Locates(m.Account)
}
