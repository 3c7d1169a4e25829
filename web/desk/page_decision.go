package desk

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/people"
)

// decisionPage is one proposal as somebody decides on it.
type decisionPage struct {
	P        *approval.View
	Account  *inbox.AccountRecord // nil for governance
	Talk     *inbox.Conversation  // nil for governance
	Target   *inbox.Mention       // what is answered, nil where the thread was cut before it
	Exchange []exchanged
	Earlier  []exchanged // of the exchange, folded away
	Rivals   []*approval.View

	Text    []piece
	Odd     []piece // what a reader cannot see or could mistake
	Measure approval.Measure
	Price   string        // what publishing it will cost, in a sentence
	Shown   []inbox.Field // of the route, what a reader wants to see beside the text
	Closes  time.Time     // when the platform's time for answering is over; zero: never, or it does not matter any more
	Closed  reason        // why it takes no answer; empty where it does

	Sentence string // governance: what it changes
	Changes  []changeRow
	Rules    []span // governance of policies: the difference
	Reason   string // governance: why, in its author's words

	Diffs    []versionDiff
	Findings []findingShown
	History  []happening
	Similar  []similarAnswer

	Still       string
	Can         []*people.Person
	Policy      string
	Lapses      time.Time // when a submission that nobody decides becomes a draft again
	Decided     *approval.Decision
	Repeated    bool   // the visitor decided on this revision already
	Reader      string // why the visitor only reads, in their language
	May         may
	Place, Of   int // in the visitor's queue
	Typed       decisionTyped
	Trouble     *trouble
	Half        string
	HalfTrouble *trouble
	Hand        *hand // of an answer by hand that is approved or stands; nil for any other
}

// may is what the page offers the visitor. The rooms decide again.
type may struct {
	Decide, Revise, Submit, Withdraw, Unendorse, Retry, Settle, Half, ByHand bool
}

// decisionTyped is what stood in the forms of a request that came to nothing.
type decisionTyped struct {
	Verdict, Comment, Reason, URL, Posted, Address string
}

// exchanged is one line of the exchange as the customer sees it.
type exchanged struct {
	At      time.Time
	Mention *inbox.Mention
	Answer  *approval.View
	Target  bool
}

// versionDiff is what became of an earlier revision.
type versionDiff struct {
	From   int
	Author people.ID
	Seen   bool // the visitor knows that revision
	Spans  []span
	Was    time.Time // not before; and as it is now
	Now    time.Time
}

// Moved reports whether the schedule changed.
func (d versionDiff) Moved() bool { return !d.Was.Equal(d.Now) }

// findingShown is a finding; one about an earlier rejection tells of it.
type findingShown struct {
	approval.Finding
	Proposal approval.ProposalID
	Rejected *approval.Decision
}

// happening is one line of a proposal's history.
type happening struct {
	At          time.Time
	Who         people.ID // nobody, where the daemon did it
	What        string    // a word of "decision.did."
	Revision    int
	Comment     string
	Contributor bool
}

func (v *visit) decision() error { return v.showDecision(http.StatusOK, decisionPage{}) }

// showDecision shows the proposal in the path; p holds what the request knows
// beyond it.
func (v *visit) showDecision(status int, p decisionPage) error {
	p, err := v.decisionOf(p)
	if err != nil {
		return err
	}
	return v.render(status, "decision", v.decisionTitle(p), p)
}

func (v *visit) decisionTitle(p decisionPage) string {
	if p.P.Governs() {
		return p.Sentence
	}
	return v.t("decision.title", "name", customerName(p.Talk), "account", string(p.P.Account))
}

func customerName(talk *inbox.Conversation) string { return plain(nameOf(talk.Customer)) }

// proposalID is the one in the path.
func (v *visit) proposalID() (approval.ProposalID, error) {
	which, err := id.Parse[approval.Proposal](v.r.PathValue("id"))
	if err != nil {
		return which, fault.New(fault.NotFound, "there is no such proposal").Fix("Go to the approvals.")
	}
	return which, nil
}

// decisionOf gathers what the page shows.
func (v *visit) decisionOf(p decisionPage) (decisionPage, error) {
	which, err := v.proposalID()
	if err != nil {
		return p, err
	}
	if p.P, err = v.d.Approvals.Get(v.ctx(), which); err != nil {
		return p, err
	}
	staff, err := v.roster()
	if err != nil {
		return p, err
	}
	versions, err := v.d.Approvals.Revisions(v.ctx(), which)
	if err != nil {
		return p, err
	}
	if p.P.Governs() {
		err = v.describeChange(&p, staff)
	} else {
		err = v.describeAnswer(&p, versions)
	}
	if err != nil {
		return p, err
	}
	p.History = history(p.P, versions)
	v.describeStanding(&p, staff)
	v.describeHand(&p)
	if p.Place, p.Of, err = v.placeInQueue(which); err != nil {
		return p, err
	}
	return p, nil
}

// describeAnswer adds the exchange, the text and what is known of it.
func (v *visit) describeAnswer(p *decisionPage, versions []approval.RevisionView) error {
	thread, err := v.d.Box.Thread(v.ctx(), p.P.Conversation)
	if err != nil {
		return err
	}
	p.Talk, p.Target = thread.Conversation, mentionIn(thread, p.P.Mention)
	answers, err := v.d.Approvals.OfConversation(v.ctx(), p.P.Conversation)
	if err != nil {
		return err
	}
	p.exchange(thread, answers)
	accounts, err := v.d.Box.Accounts(v.ctx())
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if a.Name == p.P.Account {
			p.Account = a
		}
	}
	policy, err := policyOf(v.ctx(), v.d.Approvals, p.P.Envelope)
	if err != nil {
		return err
	}
	if policy != nil {
		p.Policy = v.policySentence(*policy)
	}
	if p.P.Envelope == nil {
		return nil
	}
	p.Text = marked(p.P.Envelope.Text)
	p.Odd = oddities(p.Text)
	p.Measure = v.d.Approvals.Measure(p.P.Account, p.P.Envelope.Visibility, p.P.Envelope.Text)
	if e := p.P.Envelope; p.P.BeforeSending() {
		p.Price = v.price(p.P.Account, e.Action, e.Visibility, e.Text)
		if p.Target != nil && e.Action != approval.ByHand {
			p.Closes = v.d.Approvals.Closes(p.Target)
			if why := v.d.Approvals.Unanswerable(p.Target, time.Now()); why != "" {
				p.Closed = v.unanswered(why)
			}
		}
	}
	for _, f := range p.P.Envelope.Route {
		if slices.Contains([]string{"To", "Subject", "List-Id"}, f.Name) {
			p.Shown = append(p.Shown, f)
		}
	}
	p.Diffs = v.differences(p.P, versions)
	if p.Findings, err = v.findings(p.P.Envelope.Findings); err != nil {
		return err
	}
	p.Similar, err = v.similarAnswers(p.P, p.Target)
	return err
}

// exchange lays the mentions and our published answers out by time, and notes
// other answers to the same mention that are under way.
func (p *decisionPage) exchange(thread inbox.Thread, answers []*approval.View) {
	var all []exchanged
	for _, m := range thread.Mentions {
		all = append(all, exchanged{At: m.PostedAt, Mention: m, Target: m.ID == p.P.Mention})
	}
	for _, a := range answers {
		switch {
		case a.ID == p.P.ID:
		case a.State == approval.Published && a.Receipt != nil && a.Envelope != nil:
			all = append(all, exchanged{At: a.Receipt.PostedAt, Answer: a})
		case a.Mention == p.P.Mention && slices.Contains([]approval.State{
			approval.InReview, approval.Approved, approval.Queued, approval.Sending, approval.OutcomeUnknown,
		}, a.State):
			p.Rivals = append(p.Rivals, a)
		}
	}
	slices.SortStableFunc(all, func(a, b exchanged) int { return a.At.Compare(b.At) })
	const shown = 6
	target := max(slices.IndexFunc(all, func(e exchanged) bool { return e.Target }), 0)
	cut := min(max(len(all)-shown, 0), target)
	p.Earlier, p.Exchange = all[:cut], all[cut:]
}

// differences are what became of the revision before the newest one and of the
// one that the visitor knows.
func (v *visit) differences(p *approval.View, versions []approval.RevisionView) []versionDiff {
	newest := len(versions) - 1
	if newest < 1 || versions[newest].Envelope == nil {
		return nil
	}
	var all []versionDiff
	add := func(i int, seen bool) {
		if i >= 0 && i < newest && versions[i].Envelope != nil {
			all = append(all, versionDiff{
				From: versions[i].Number, Author: versions[i].Author, Seen: seen,
				Spans: difference(versions[i].Envelope.Text, p.Envelope.Text),
				Was:   versions[i].Envelope.NotBefore, Now: p.Envelope.NotBefore,
			})
		}
	}
	known := v.knownVersion(p, versions)
	if known >= 0 {
		add(known, true)
	}
	if known != newest-1 {
		add(newest-1, false)
	}
	return all
}

// knownVersion is the place of the newest earlier revision that the visitor has
// seen, by the page that they come from or a decision of theirs; -1 for none.
func (v *visit) knownVersion(p *approval.View, versions []approval.RevisionView) int {
	known := -1
	if since, err := strconv.Atoi(v.form("since")); err == nil && since >= 1 && since < len(versions) {
		known = since - 1
	}
	for i, one := range versions[:len(versions)-1] {
		decided := slices.ContainsFunc(p.Decisions, func(d approval.Decision) bool {
			return d.Person == v.who.ID() && d.Digest == one.Digest
		})
		if decided || one.Author == v.who.ID() || one.Digest.String() == v.form("digest") {
			known = max(known, i)
		}
	}
	return known
}

// findings adds to a finding about an earlier rejection who rejected, when and why.
func (v *visit) findings(all []approval.Finding) ([]findingShown, error) {
	shown := make([]findingShown, 0, len(all))
	for _, f := range all {
		one := findingShown{Finding: f}
		if which, err := id.Parse[approval.Proposal](f.Excerpt); f.Code == approval.FindingRejected && err == nil {
			earlier, err := v.d.Approvals.Get(v.ctx(), which)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return nil, err
			}
			if err == nil {
				one.Proposal, one.Excerpt = which, ""
				for i, d := range earlier.Decisions {
					if d.Verdict == approval.Reject {
						one.Rejected = &earlier.Decisions[i]
					}
				}
			}
		}
		shown = append(shown, one)
	}
	return shown, nil
}

// history tells who wrote, submitted, decided and posted what, and what was read
// back, oldest first.
func history(p *approval.View, versions []approval.RevisionView) []happening {
	var all []happening
	for _, r := range versions {
		what := "revised"
		if r.Number == 1 {
			what = "drafted"
		}
		all = append(all, happening{At: r.At, Who: r.Author, What: what, Revision: r.Number})
	}
	for _, e := range p.Endorsements {
		if e.Author {
			all = append(all, happening{At: e.At, Who: e.Person, What: "submitted", Revision: p.Revision})
		}
	}
	for _, d := range p.Decisions {
		contributor := slices.ContainsFunc(p.Endorsements, func(e approval.Endorsement) bool {
			return e.Person == d.Person && e.Digest == d.Digest && e.Contributor
		})
		all = append(all, happening{At: d.At, Who: d.Person, What: string(d.Verdict), Revision: d.Revision, Comment: d.Comment, Contributor: contributor})
	}
	if p.Failure != nil && (p.Retrying() || p.State == approval.Failed) {
		all = append(all, happening{At: p.UpdatedAt, What: "not_sent", Revision: p.Revision})
	}
	if p.State == approval.Published && !p.RecordedBy.IsZero() {
		all = append(all, happening{At: p.ClaimedAt, Who: p.RecordedBy, What: "posted_by_hand", Revision: p.Revision})
	}
	if p.State == approval.Published && p.ReadBack != nil {
		what := "read_differs"
		if p.ReadBack.Equal {
			what = "read_equal"
		}
		all = append(all, happening{At: p.ReadBack.At, What: what, Revision: p.Revision})
	}
	// Revisions follow each other, and only the newest one is decided on.
	slices.SortStableFunc(all, func(a, b happening) int { return cmp.Or(a.Revision-b.Revision, a.At.Compare(b.At)) })
	return all
}

// placeInQueue is where the proposal stands among those that wait for the
// visitor; 0 where it does not.
func (v *visit) placeInQueue(which approval.ProposalID) (place, of int, err error) {
	page, err := v.d.Approvals.List(v.ctx(), approval.Filter{States: []approval.State{approval.InReview}, WaitingFor: v.who.ID()}, "", 100)
	if err != nil {
		return 0, 0, err
	}
	rows, err := v.queueRows(page.Items)
	if err != nil {
		return 0, 0, err
	}
	byClock(rows)
	return slices.IndexFunc(rows, func(r *queueRow) bool { return r.ID == which }) + 1, len(rows), nil
}
