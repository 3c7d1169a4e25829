package desk

import (
	"cmp"
	"slices"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/people"
)

func (k *desk) approvalPages() []page {
	return []page{
		{method: "GET", path: "/approvals", handle: (*visit).approvals},
		{method: "GET", path: "/approvals/{id}", handle: (*visit).decision},
		{method: "GET", path: "/approvals/{id}/confirm", handle: (*visit).decisionConfirm},
		{method: "GET", path: "/approvals/{id}/edit", handle: (*visit).decisionEdit, may: writers},
		{method: "POST", path: "/approvals/{id}/decide", handle: (*visit).decide},
		{method: "POST", path: "/approvals/{id}/revise", handle: (*visit).decisionRevise},
		{method: "POST", path: "/approvals/{id}/submit", handle: (*visit).decisionSubmit},
		{method: "POST", path: "/approvals/{id}/withdraw", handle: (*visit).decisionWithdraw},
		{method: "POST", path: "/approvals/{id}/unendorse", handle: (*visit).decisionUnendorse},
		{method: "POST", path: "/approvals/{id}/retry", handle: (*visit).decisionRetry},
		{method: "POST", path: "/approvals/{id}/settle", handle: (*visit).decisionSettle},
		{method: "POST", path: "/approvals/{id}/half", handle: (*visit).decisionHalf},
		{method: "POST", path: "/approvals/{id}/address", handle: (*visit).decisionAddress, may: writers},
		{method: "POST", path: "/approvals/{id}/address/back", handle: (*visit).decisionAddressBack, may: writers},
	}
}

// The views of the queue.
const (
	showWaiting = "waiting" // what the visitor can decide on
	showMine    = "mine"    // what the visitor wrote and what is under way
	showStuck   = "stuck"   // what goes nowhere without a person
	showAll     = "all"
)

var (
	stuckStates = []approval.State{ // with [approval.Filter.Stuck]
		approval.Approved, approval.Queued, approval.OutcomeUnknown, approval.Failed, approval.Held, approval.Expired, approval.ChangesRequested,
	}
	mineStates = []approval.State{
		approval.Draft, approval.InReview, approval.ChangesRequested, approval.Approved, approval.Queued,
		approval.Sending, approval.Failed, approval.OutcomeUnknown, approval.Held, approval.Expired,
	}
)

// mostQueued is how many proposals a view that is sorted by clock takes in.
const mostQueued = 600

// queuePage is the list of proposals.
type queuePage struct {
	Show     string
	Account  inbox.AccountName
	State    approval.State
	Accounts []*inbox.AccountRecord
	States   []approval.State
	Answers  []*queueRow
	Changes  []*queueRow // what would change the daemon itself
	Stuck    int         // how many go nowhere without a person
	Next     string
	Cut      bool // there are more than the view takes in
}

// Empty reports whether there is nothing to show.
func (p queuePage) Empty() bool { return len(p.Answers)+len(p.Changes) == 0 }

// queueRow is one proposal with what it answers.
type queueRow struct {
	*approval.View
	Talk     *inbox.Conversation // nil for governance
	Question *inbox.Mention      // the mention that is answered, nil where it is gone
	Sentence string              // governance: what would change
	Awaiting time.Time           // the response clock; zero for governance
}

func (v *visit) approvals() error {
	p := queuePage{
		Show: v.form("show"), Account: inbox.AccountName(v.form("account")), State: approval.State(v.form("state")), States: approval.States(),
	}
	if !slices.Contains([]string{showMine, showStuck, showAll}, p.Show) {
		p.Show = showWaiting
	}
	if !slices.Contains(p.States, p.State) || p.Show != showAll {
		p.State = ""
	}
	var err error
	if p.Accounts, err = v.d.Box.Accounts(v.ctx()); err != nil {
		return err
	}
	views, err := v.queued(&p)
	if err != nil {
		return err
	}
	rows, err := v.queueRows(views)
	if err != nil {
		return err
	}
	if p.Show != showAll {
		byClock(rows)
	}
	for _, row := range rows {
		if row.Governs() {
			p.Changes = append(p.Changes, row)
		} else {
			p.Answers = append(p.Answers, row)
		}
	}
	if p.Stuck, err = v.countStuck(); err != nil {
		return err
	}
	return v.show("approvals", v.t("approvals.title"), p)
}

// queued are the proposals of the view.
func (v *visit) queued(p *queuePage) ([]*approval.View, error) {
	f := approval.Filter{Account: p.Account}
	switch p.Show {
	case showAll:
		if p.State != "" {
			f.States = []approval.State{p.State}
		}
		page, err := v.d.Approvals.List(v.ctx(), f, v.form("after"), 40)
		p.Next = page.Next
		return page.Items, err
	case showMine:
		f.States = mineStates
	case showStuck:
		f.States, f.Stuck = stuckStates, true
	default:
		f.States, f.WaitingFor = []approval.State{approval.InReview}, v.who.ID()
	}
	all, cut, err := v.listAll(f)
	p.Cut = cut
	if p.Show == showMine {
		all = slices.DeleteFunc(all, func(one *approval.View) bool { return one.Author != v.who.ID() })
	}
	return all, err
}

// listAll walks through the pages of a list, as far as a view takes in.
func (v *visit) listAll(f approval.Filter) (all []*approval.View, cut bool, err error) {
	for after := ""; ; {
		page, err := v.d.Approvals.List(v.ctx(), f, after, 200)
		if err != nil {
			return nil, false, err
		}
		all = append(all, page.Items...)
		if page.Next == "" {
			return all, false, nil
		}
		if len(all) >= mostQueued {
			return all, true, nil
		}
		after = page.Next
	}
}

func (v *visit) countStuck() (int, error) {
	page, err := v.d.Approvals.List(v.ctx(), approval.Filter{States: stuckStates, Stuck: true}, "", 100)
	return len(page.Items), err
}

// queueRows adds what each proposal answers or would change.
func (v *visit) queueRows(views []*approval.View) ([]*queueRow, error) {
	all, err := v.roster()
	if err != nil {
		return nil, err
	}
	rows := make([]*queueRow, 0, len(views))
	threads := make(map[inbox.ConversationID]inbox.Thread)
	for _, view := range views {
		row := &queueRow{View: view}
		if view.Governs() {
			row.Sentence = v.changeSentence(view, all)
			rows = append(rows, row)
			continue
		}
		thread, ok := threads[view.Conversation]
		if !ok {
			if thread, err = v.d.Box.Thread(v.ctx(), view.Conversation); err != nil {
				return nil, err
			}
			threads[view.Conversation] = thread
		}
		row.Talk, row.Awaiting = thread.Conversation, thread.Conversation.AwaitingSince
		row.Question = mentionIn(thread, view.Mention)
		rows = append(rows, row)
	}
	return rows, nil
}

// mentionIn is the mention with the id, nil where the thread was cut before it.
func mentionIn(thread inbox.Thread, wanted inbox.MentionID) *inbox.Mention {
	for _, m := range thread.Mentions {
		if m.ID == wanted {
			return m
		}
	}
	return nil
}

// byClock puts first whom the longest-waiting customer waits for, and answers
// that nobody waits for behind all others.
func byClock(rows []*queueRow) {
	slices.SortStableFunc(rows, func(a, b *queueRow) int {
		if a.Awaiting.IsZero() != b.Awaiting.IsZero() {
			if a.Awaiting.IsZero() {
				return 1
			}
			return -1
		}
		return cmp.Or(a.Awaiting.Compare(b.Awaiting), a.SubmittedAt.Compare(b.SubmittedAt))
	})
}

// nextWaiting is where to go after a decision: what waits longest for the
// visitor, answers first.
func (v *visit) nextWaiting(done approval.ProposalID) (string, error) {
	views, _, err := v.listAll(approval.Filter{States: []approval.State{approval.InReview}, WaitingFor: v.who.ID()})
	if err != nil {
		return "", err
	}
	rows, err := v.queueRows(views)
	if err != nil {
		return "", err
	}
	byClock(rows)
	for _, row := range rows {
		if row.ID != done {
			return "/approvals/" + row.ID.String(), nil
		}
	}
	return "/approvals", nil
}

// mayGovern reports whether the visitor can propose changes of the daemon.
func (v *visit) mayGovern() bool {
	who := v.who.Person()
	return v.who.Has(governors...) && !time.Now().Before(who.EndorsesFrom)
}

// underReview are the governance proposals of some kinds that wait for a
// second person.
func (v *visit) underReview(about people.ID, kinds ...approval.Kind) ([]*queueRow, error) {
	page, err := v.d.Approvals.List(v.ctx(), approval.Filter{States: []approval.State{approval.InReview}, Kinds: kinds}, "", 200)
	if err != nil {
		return nil, err
	}
	if !about.IsZero() {
		page.Items = slices.DeleteFunc(page.Items, func(p *approval.View) bool { return p.About != about })
	}
	return v.queueRows(page.Items)
}
