package desk

import (
	"net/http"

	"standpunt/approval"
	"standpunt/internal/fault"
	"standpunt/people"
)

func (k *desk) publishingPages() []page {
	return []page{
		{method: "GET", path: "/publishing", handle: (*visit).publishing},
		{method: "POST", path: "/publishing/stop", handle: (*visit).stopPublishing},
		{method: "POST", path: "/publishing/resume", handle: (*visit).resumePublishing},
	}
}

// publishingPage shows whether publishing runs, with the forms that stop it
// and propose to resume it.
type publishingPage struct {
	Stops      []approval.Stop
	Resume     *approval.View // the proposal that waits to lift the stop
	Reason     string
	Back       string
	MayStop    bool
	MayPropose bool
	Trouble    *trouble
}

func (v *visit) publishing() error { return v.showPublishing(http.StatusOK, nil) }

func (v *visit) showPublishing(status int, problem *trouble) error {
	p := publishingPage{
		Reason: v.form("reason"), Back: v.back("/publishing"), Trouble: problem,
		MayStop: v.who.Has(stoppers...), MayPropose: v.who.Has(people.Admin, people.Press, people.Manager),
	}
	var err error
	if p.Stops, err = v.d.Approvals.Stops(v.ctx()); err != nil {
		return err
	}
	if p.Resume, err = v.resumeProposal(); err != nil {
		return err
	}
	return v.render(status, "publishing", v.t("publishing.title"), p)
}

// resumeProposal is the proposal to resume that is in review, nil for none.
func (v *visit) resumeProposal() (*approval.View, error) {
	list, err := v.d.Approvals.List(v.ctx(), approval.Filter{
		States: []approval.State{approval.InReview}, Kinds: []approval.Kind{approval.KindResume},
	}, "", 1)
	if err != nil || len(list.Items) == 0 {
		return nil, err
	}
	return list.Items[0], nil
}

func (v *visit) stopPublishing() error {
	if err := v.d.Approvals.StopPublishing(v.ctx(), v.who, v.form("reason")); err != nil {
		if fault.Is(err, fault.Forbidden) {
			return err
		}
		return v.showPublishing(statusOf(err), v.trouble(err))
	}
	v.done("publishing.stopped")
	return v.to(v.back("/publishing"))
}

// resumePublishing proposes to resume: a second person must agree.
func (v *visit) resumePublishing() error {
	p, err := v.d.Approvals.Propose(v.ctx(), v.who, approval.KindResume, approval.Change{Reason: v.form("reason")})
	if err != nil {
		if fault.Is(err, fault.Forbidden) {
			return err
		}
		return v.showPublishing(statusOf(err), v.trouble(err))
	}
	v.done("publishing.proposed")
	return v.to("/approvals/" + p.ID.String())
}
