package desk

import (
	"net/http"
	"slices"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/internal/fault"
)

// listPage is how many conversations one page of the list has.
const listPage = 40

func (k *desk) inboxPages() []page {
	return []page{
		{method: "GET", path: "/inbox", handle: (*visit).inbox},
		{method: "GET", path: "/inbox/{id}", handle: (*visit).conversation},
		{method: "POST", path: "/inbox/triage", handle: (*visit).triage, may: writers},
		{method: "POST", path: "/inbox/undo", handle: (*visit).undoTriage, may: writers},
		{method: "POST", path: "/inbox/take-next", handle: (*visit).takeNext, may: writers},
		{method: "POST", path: "/inbox/{id}/notes", handle: (*visit).addNote, may: writers},
		{method: "POST", path: "/inbox/{id}/reply", handle: (*visit).reply, may: writers},
		{method: "POST", path: "/inbox/{id}/withdraw", handle: (*visit).withdrawReply, may: writers},
		{method: "POST", path: "/inbox/{id}/measure", handle: (*visit).measure},
		{method: "GET", path: "/replying", handle: (*visit).answerReplying},
	}
}

// inboxPage is the three panes. Open is nil where no conversation is open.
type inboxPage struct {
	Query    query
	Views    []viewLink
	Accounts []viewLink
	Title    string
	Rows     []row
	Labels   []string // that occur in the list
	Next     string   // address of the list's next page
	First    bool     // this is the beginning of the list
	Trouble  *trouble // with the list: a query that cannot be answered
	Open     *thread
}

// viewLink is one saved view, with how many conversations it has.
type viewLink struct {
	Name    string
	Icon    string
	Mark    string // of an account's platform
	Count   int
	Href    string
	Current bool
}

// row is one conversation in the list.
type row struct {
	*inbox.Conversation
	Kind     string // of the account's connector
	Href     string
	Current  bool
	Proposal approval.State // of an answer that wants attention, "" for none
	State    inbox.State
	Replying string // who of the colleagues is, "" for nobody
	Tell     bool   // the state, because the list has several
}

// Who is what the customer is called.
func (r row) Who() string { return nameOf(r.Customer) }

// Age is when something last happened, by which the list is sorted. How long
// the customer waits is the clock's to say.
func (r row) Age() time.Time { return r.LastActivity }

func (v *visit) inbox() error { return v.showInbox(http.StatusOK, queryOf(v.r.Form), nil) }

// showInbox shows the list that q asks for and the open conversation.
func (v *visit) showInbox(status int, q query, open *thread) error {
	p := inboxPage{Query: q, Open: open, First: q.After == ""}
	kinds, err := v.inboxViews(&p)
	if err != nil {
		return err
	}
	replying, err := v.replying()
	if err != nil {
		return err
	}
	if err := v.inboxRows(&p, kinds, replying); err != nil {
		return err
	}
	title := p.Title
	if open != nil {
		title = nameOf(open.Customer)
		open.Replying = replying[open.ID]
		open.Kind = kinds[open.Account]
		open.Next = p.after(open.ID)
		open.List = q.list()
		open.Labels(p.Labels)
	}
	return v.render(status, "inbox", title, p)
}

// inboxViews fills in the views with their counts, and gives the connector
// kinds of the accounts.
func (v *visit) inboxViews(p *inboxPage) (map[inbox.AccountName]string, error) {
	counts, err := v.d.Box.Counts(v.ctx(), v.who.ID())
	if err != nil {
		return nil, err
	}
	for _, view := range views {
		if view.name == "mine" && !v.who.Has(writers...) {
			continue
		}
		p.Views = append(p.Views, viewLink{
			Name: v.t("inbox.view." + view.name), Icon: view.icon, Count: counts[view.name],
			Href: query{View: view.name}.list(), Current: p.Query.View == view.name && p.Query.Account == "",
		})
	}
	accounts, err := v.d.Box.Accounts(v.ctx())
	if err != nil {
		return nil, err
	}
	kinds := make(map[inbox.AccountName]string, len(accounts))
	for _, a := range accounts {
		kinds[a.Name] = a.Kind
		p.Accounts = append(p.Accounts, viewLink{
			Name: string(a.Name), Mark: a.Kind, Count: counts["account:"+string(a.Name)],
			Href: query{View: "open", Account: string(a.Name)}.list(), Current: p.Query.Account == string(a.Name),
		})
	}
	switch {
	case p.Query.Words != "":
		p.Title = v.t("inbox.found", "words", p.Query.Words)
	case p.Query.Account != "":
		p.Title = p.Query.Account
	case p.Query.View == "all":
		p.Title = v.t("frame.inbox")
	default:
		p.Title = v.t("inbox.view." + p.Query.View)
	}
	return kinds, nil
}

func (v *visit) inboxRows(p *inboxPage, kinds map[inbox.AccountName]string, replying map[inbox.ConversationID]string) error {
	list, err := v.d.Box.List(v.ctx(), p.Query.filter(v), p.Query.After, listPage)
	if fault.Is(err, fault.InvalidInput) {
		p.Trouble = v.trouble(err)
		return nil
	}
	if err != nil {
		return err
	}
	attention, err := v.wantingAttention()
	if err != nil {
		return err
	}
	labels := make(map[string]bool)
	for _, c := range list.Items {
		r := row{Conversation: c, Kind: kinds[c.Account], Href: p.Query.of(c.ID), Proposal: attention[c.ID], State: c.State, Replying: replying[c.ID]}
		r.Current = p.Open != nil && p.Open.ID == c.ID
		r.Tell = p.Query.View == "all" || c.State != inbox.Open && string(c.State) != p.Query.View
		p.Rows = append(p.Rows, r)
		for _, l := range c.Labels {
			if !labels[l] {
				labels[l] = true
				p.Labels = append(p.Labels, l)
			}
		}
	}
	slices.Sort(p.Labels)
	if list.Next != "" {
		next := p.Query
		next.After = list.Next
		p.Next = next.url("/inbox")
	}
	return nil
}

// wantingAttention tells, for conversations with an answer that somebody must
// do something about, how that answer stands.
func (v *visit) wantingAttention() (map[inbox.ConversationID]approval.State, error) {
	list, err := v.d.Approvals.List(v.ctx(), approval.Filter{
		Kinds: []approval.Kind{approval.KindReply},
		States: []approval.State{
			approval.InReview, approval.Approved, approval.ChangesRequested, approval.Queued, approval.Held, approval.Expired, approval.Failed, approval.OutcomeUnknown,
		},
		Stuck: true,
	}, "", 200)
	if err != nil {
		return nil, err
	}
	states := make(map[inbox.ConversationID]approval.State, len(list.Items))
	for _, p := range slices.Backward(list.Items) { // so that the newest change counts
		states[p.Conversation] = p.State
	}
	return states, nil
}

// after is the address of the conversation behind one in the list, "" where
// there is none.
func (p *inboxPage) after(id inbox.ConversationID) string {
	for i, r := range p.Rows {
		if r.ID == id && i+1 < len(p.Rows) {
			return p.Rows[i+1].Href
		}
	}
	return ""
}

func (v *visit) takeNext() error {
	c, err := v.d.Box.TakeNext(v.ctx(), v.who)
	if fault.Is(err, fault.NotFound) {
		v.warn("inbox.nothingleft")
		return v.to(v.back("/inbox"))
	}
	if err != nil {
		return err
	}
	v.done("inbox.taken", "name", nameOf(c.Customer))
	return v.to(query{View: "mine"}.of(c.ID))
}
