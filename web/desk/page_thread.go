package desk

import (
	"net/http"
	"slices"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/people"
)

// thread is one conversation as its pane shows it.
type thread struct {
	*inbox.Conversation
	Kind     string    // of the account's connector
	Items    []item    // oldest first
	Since    time.Time // when the exchange began
	Cut      bool      // there are older mentions
	Pending  []*approval.View
	History  []*approval.View // all proposals, newest first
	Earlier  []*inbox.Conversation
	Team     []*people.Person // who can take it
	Mine     bool
	Original string    // address on the platform
	Closes   time.Time // when the platform's time for answering is over; zero: never
	NoteText string    // what somebody typed as a note, when it was refused
	Choices  []labelChoice
	Composer *composer // nil where the visitor does not write, or nothing can be answered
	Mute     string    // why nothing can be answered
	Why      reason    // the connector's reason why only a person can answer; empty where it can
	Trouble  *trouble
	Replying string // who of the colleagues is, "" for nobody
	Next     string // address of the next conversation in the list
	List     string // address of the list
}

// reason is a sentence, and its language where that is not the visitor's.
type reason struct{ Text, Lang string }

// unanswered is why a platform takes no answer in the visitor's words, or as it
// was told where the desk has none for it.
func (v *visit) unanswered(sentence string) reason {
	if code := inbox.UnansweredBy(sentence); code != "" {
		return reason{Text: v.t("unanswered." + string(code))}
	}
	return reason{sentence, "en"}
}

// labelChoice is one label that can be put on the conversation.
type labelChoice struct {
	Name string
	On   bool
}

// item is one thing that was said, in the thread: exactly one of its pointers
// is set.
type item struct {
	At      time.Time
	Mention *inbox.Mention
	Answer  *approval.View
	Note    *inbox.Note
}

// Who is what the customer is called.
func (t *thread) Who() string { return nameOf(t.Customer) }

// Labels offers the labels of the conversation and those seen in the list.
func (t *thread) Labels(seen []string) {
	all := slices.Concat(t.Conversation.Labels, seen)
	slices.Sort(all)
	for _, l := range slices.Compact(all) {
		t.Choices = append(t.Choices, labelChoice{l, slices.Contains(t.Conversation.Labels, l)})
	}
}

// conversation shows one conversation beside its list.
func (v *visit) conversation() error {
	c, err := inbox.ParseConversationID(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	t, err := v.thread(c)
	if err != nil {
		return err
	}
	return v.showInbox(http.StatusOK, queryOf(v.r.Form), t)
}

// again shows the conversation once more, after its form was refused.
func (v *visit) again(c inbox.ConversationID, err error, amend func(*thread)) error {
	t, threadErr := v.thread(c)
	if threadErr != nil {
		return threadErr
	}
	t.Trouble = v.trouble(err)
	amend(t)
	return v.showInbox(statusOf(err), v.queryOfBack(), t)
}

// thread gathers everything that the panes of one conversation show.
func (v *visit) thread(c inbox.ConversationID) (*thread, error) {
	found, err := v.d.Box.Thread(v.ctx(), c)
	if err != nil {
		return nil, err
	}
	proposals, err := v.d.Approvals.OfConversation(v.ctx(), c)
	if err != nil {
		return nil, err
	}
	t := &thread{Conversation: found.Conversation, Cut: found.Cut, Mine: found.Conversation.Assignee == v.who.ID()}
	t.gather(found, proposals)
	if t.Team, err = v.team(); err != nil {
		return nil, err
	}
	if t.Customer.ExternalID != "" {
		list, err := v.d.Box.List(v.ctx(), inbox.Filter{Account: t.Account, Author: t.Customer.ExternalID}, "", 8)
		if err != nil {
			return nil, err
		}
		t.Earlier = slices.DeleteFunc(list.Items, func(other *inbox.Conversation) bool { return other.ID == c })
	}
	target := newestStanding(found.Mentions)
	closed := ""
	if target != nil {
		closed = v.d.Approvals.Unanswerable(target, time.Now())
	}
	switch {
	case target == nil:
		t.Mute = v.t("thread.deletedmute")
		return t, nil
	case target.Unanswerable != "":
		t.Why, t.Mute = v.unanswered(target.Unanswerable), v.t("byhand.mute")
		if !v.answersByHand(target) {
			t.Mute = v.t("byhand.never")
		} else if v.who.Has(writers...) {
			t.Composer, err = v.composer(t, target)
		}
	case closed != "":
		t.Why = v.unanswered(closed)
	case v.who.Has(writers...):
		t.Closes = v.d.Approvals.Closes(target)
		t.Composer, err = v.composer(t, target)
	}
	t.Original = target.URL
	return t, err
}

// gather puts mentions, answers that left us and notes into one order.
func (t *thread) gather(found inbox.Thread, proposals []*approval.View) {
	for _, m := range found.Mentions {
		t.Items = append(t.Items, item{At: m.PostedAt, Mention: m})
	}
	for _, n := range found.Notes {
		t.Items = append(t.Items, item{At: n.At, Note: n})
	}
	for _, p := range proposals {
		t.History = append(t.History, p)
		switch p.State {
		case approval.Published, approval.Sending, approval.OutcomeUnknown:
			at := p.ClaimedAt
			if p.Receipt != nil && !p.Receipt.PostedAt.IsZero() {
				at = p.Receipt.PostedAt
			}
			t.Items = append(t.Items, item{At: at, Answer: p})
		case approval.Rejected, approval.Withdrawn:
		default:
			t.Pending = append(t.Pending, p)
		}
	}
	slices.Reverse(t.History)
	slices.SortStableFunc(t.Items, func(a, b item) int { return a.At.Compare(b.At) })
	t.Since = t.CreatedAt
	if len(t.Items) > 0 {
		t.Since = t.Items[0].At
	}
}

// newestStanding is what an answer goes to: the newest mention that its author
// has not deleted; nil where none stands.
func newestStanding(all []*inbox.Mention) *inbox.Mention {
	for _, m := range slices.Backward(all) {
		if m.DeletedAt.IsZero() {
			return m
		}
	}
	return nil
}

// team is who can take conversations.
func (v *visit) team() ([]*people.Person, error) {
	all, err := v.d.Staff.List(v.ctx())
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(p *people.Person) bool { return !p.Enabled || !p.Has(writers...) }), nil
}

// queryOfBack is the list that the form's "back" address names.
func (v *visit) queryOfBack() query {
	u, err := v.r.URL.Parse(v.back("/inbox"))
	if err != nil {
		return query{View: "open"}
	}
	return queryOf(u.Query())
}

func (v *visit) addNote() error {
	c, err := inbox.ParseConversationID(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	text := v.r.Form.Get("text")
	if _, err := v.d.Box.AddNote(v.ctx(), v.who, c, text); err != nil {
		return v.again(c, err, func(t *thread) { t.NoteText = text })
	}
	v.done("thread.noted")
	return v.to(v.back("/inbox/" + c.String()))
}
