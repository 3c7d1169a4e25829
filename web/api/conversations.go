package api

import (
	"context"
	"net/http"
	"time"

	"standpunt/approval"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/web/session"
)

// Customer is who wrote, as the platform shows them.
type Customer struct {
	ExternalID string           `json:"external_id"`
	Handle     optional[string] `json:"handle"`
	Name       optional[string] `json:"name"`
	URL        optional[string] `json:"url"`
	Followers  optional[int64]  `json:"followers" doc:"Null when unknown."`
}

// Conversation is one customer in one thread on one account.
type Conversation struct {
	ID            inbox.ConversationID `json:"id" format:"uuid"`
	Account       inbox.AccountName    `json:"account"`
	State         inbox.State          `json:"state" enum:"open,waiting,snoozed,resolved"`
	Customer      Customer             `json:"customer"`
	Visibility    inbox.Visibility     `json:"visibility" enum:"public,private"`
	Subject       optional[string]     `json:"subject"`
	Excerpt       string               `json:"excerpt" doc:"The beginning of the newest mention."`
	Language      optional[string]     `json:"language"`
	Assignee      optional[Person]     `json:"assignee"`
	Labels        []string             `json:"labels" nullable:"false"`
	Priority      inbox.Priority       `json:"priority" enum:"low,normal,high,urgent"`
	SnoozedUntil  optional[instant]    `json:"snoozed_until"`
	MentionCount  int                  `json:"mention_count"`
	CreatedAt     instant              `json:"created_at"`
	LastActivity  instant              `json:"last_activity"`
	AwaitingSince optional[instant]    `json:"awaiting_since" doc:"When the oldest mention without an answer was posted; null when none waits."`
	Version       uint64               `json:"version" doc:"Counts changes; send it as if_version."`
}

// Mention is one inbound item.
type Mention struct {
	ID           inbox.MentionID   `json:"id" format:"uuid"`
	ExternalID   string            `json:"external_id"`
	InReplyTo    optional[string]  `json:"in_reply_to"`
	Author       Customer          `json:"author"`
	Kind         string            `json:"kind"`
	Visibility   inbox.Visibility  `json:"visibility" enum:"public,private"`
	Subject      optional[string]  `json:"subject"`
	Text         string            `json:"text"`
	Quoted       optional[string]  `json:"quoted" doc:"Quoted history."`
	Language     optional[string]  `json:"language"`
	URL          optional[string]  `json:"url" doc:"The original on the platform."`
	PostedAt     instant           `json:"posted_at"`
	EditedAt     optional[instant] `json:"edited_at"`
	DeletedAt    optional[instant] `json:"deleted_at"`
	IngestedAt   instant           `json:"ingested_at"`
	Unanswerable optional[string]  `json:"unanswerable" doc:"Why the platform takes no answer, in English; null where it does."`
	Unanswered   optional[string]  `json:"unanswerable_code" doc:"The same as a code; null where it takes one, and for reasons that a program gave in words of its own."`
	Route        []Field           `json:"route" nullable:"false" doc:"What the connector needs to answer; approvers endorse it too."`
	Attachments  []Attachment      `json:"attachments" nullable:"false"`
	Earlier      []EarlierText     `json:"earlier" nullable:"false" doc:"The texts before upstream edits, oldest first."`
	Repairs      []string          `json:"repairs" nullable:"false" doc:"What had to be changed to keep the item."`
}

// Field is one named value of a route.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Attachment is a file or picture that came with a mention.
type Attachment struct {
	Name      optional[string] `json:"name"`
	MediaType optional[string] `json:"media_type"`
	Size      optional[int64]  `json:"size" doc:"Bytes; null when unknown."`
	URL       optional[string] `json:"url"`
	AltText   optional[string] `json:"alt_text"`
}

// EarlierText is what a mention said before its author edited it.
type EarlierText struct {
	Text  string  `json:"text"`
	Until instant `json:"until"`
}

// Note is an internal remark.
type Note struct {
	ID     inbox.NoteID `json:"id" format:"uuid"`
	Author Person       `json:"author"`
	Text   string       `json:"text"`
	At     instant      `json:"at"`
}

// Thread is a conversation with everything that belongs to it, oldest first.
type Thread struct {
	Conversation
	Mentions  []Mention  `json:"mentions" nullable:"false"`
	Cut       bool       `json:"cut" doc:"There are older mentions than these."`
	Notes     []Note     `json:"notes" nullable:"false"`
	Proposals []Proposal `json:"proposals" nullable:"false"`
}

// conversationFilter are the parameters that narrow the list.
type conversationFilter struct {
	Paging
	State    []string `query:"state" doc:"open, waiting, snoozed or resolved; several, with commas between them, mean any of them."`
	Account  string   `query:"account"`
	Assignee string   `query:"assignee" doc:"The id or login of a person, me, or none."`
	Labels   []string `query:"label" doc:"All of them."`
	Priority string   `query:"priority" doc:"low, normal, high or urgent."`
	Language string   `query:"language"`
	Author   string   `query:"author" doc:"The customer's external id; needs account."`
	Words    string   `query:"q" maxLength:"1000" doc:"Words, in any inflection, that one mention has all of."`
	Awaiting bool     `query:"awaiting" doc:"Only those in which a mention waits for an answer."`
}

// ConversationPath names the conversation of a call.
type ConversationPath struct {
	ID string `path:"id" doc:"Of the conversation."`
}

func (a *API) conversations() {
	add(a, operation{
		method: http.MethodGet, path: "/conversations", id: "listConversations", tag: "Conversations", summary: "List conversations, newest activity first",
		description: "Everything that is given must hold. With q the order is that of the newest mention that matches.",
		scope:       people.Read, faults: []fault.Code{fault.InvalidInput, fault.NotFound},
	}, a.listConversations)
	add(a, operation{
		method: http.MethodGet, path: "/conversations/{id}", id: "getConversation", tag: "Conversations",
		summary: "One conversation with its mentions, notes and proposals", scope: people.Read,
	}, func(ctx context.Context, in *ConversationPath) (*answer[Thread], error) {
		return answering(a.thread(ctx, in.ID))
	})
	a.triage()
	type noting struct {
		ConversationPath
		Body struct {
			Text string `json:"text" doc:"For colleagues; the customer never sees it."`
		}
	}
	add(a, operation{
		method: http.MethodPost, path: "/conversations/{id}/notes", id: "addNote", tag: "Conversations", summary: "Add an internal note",
		scope: people.Write, status: http.StatusCreated, faults: []fault.Code{fault.EmptyText, fault.TextTooLong},
	}, func(ctx context.Context, in *noting) (*answer[Note], error) {
		conversation, err := inbox.ParseConversationID(in.ID)
		if err != nil {
			return nil, err
		}
		n, err := a.d.Box.AddNote(ctx, session.From(ctx), conversation, in.Body.Text)
		if err != nil {
			return nil, err
		}
		return answering(a.note(a.names(ctx), n), nil)
	})
	add(a, operation{
		method: http.MethodPost, path: "/conversations/next", id: "takeNext", tag: "Conversations",
		summary: "Take the most urgent open conversation that nobody has", description: "It is assigned to the caller. not_found says that none is left.",
		scope: people.Write, faults: []fault.Code{fault.NotFound},
	}, func(ctx context.Context, _ *nothing) (*answer[Conversation], error) {
		c, err := a.d.Box.TakeNext(ctx, session.From(ctx))
		if err != nil {
			return nil, err
		}
		return answering(a.conversation(a.names(ctx), c), nil)
	})
	add(a, operation{
		method: http.MethodGet, path: "/counts", id: "counts", tag: "Conversations", summary: "What stands beside the views of the inbox",
		description: "Conversations by state, awaiting, unassigned, mine and account:NAME among the open ones; approvals are proposals that wait for the caller. Counting stops at 1001, for approvals at 100.",
		scope:       people.Read,
	}, func(ctx context.Context, _ *nothing) (*answer[map[string]int], error) {
		who := session.From(ctx).ID()
		counts, err := a.d.Box.Counts(ctx, who)
		if err == nil {
			counts["approvals"], err = a.d.Approvals.Waiting(ctx, who)
		}
		return answering(counts, err)
	})
}

func (a *API) listConversations(ctx context.Context, in *conversationFilter) (*answer[list[Conversation]], error) {
	f := inbox.Filter{
		Account: inbox.AccountName(in.Account), Labels: in.Labels, Priority: inbox.Priority(in.Priority), Language: in.Language,
		Author: in.Author, Words: in.Words, Awaiting: in.Awaiting,
	}
	for _, s := range in.State {
		f.States = append(f.States, inbox.State(s))
	}
	switch in.Assignee {
	case "":
	case "none":
		f.Unassigned = true
	default:
		who, err := a.whom(ctx, "assignee", in.Assignee)
		if err != nil {
			return nil, err
		}
		f.Assignee = who
	}
	page, err := a.d.Box.List(ctx, f, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	named := a.names(ctx)
	var items []Conversation
	for _, c := range page.Items {
		items = append(items, a.conversation(named, c))
	}
	return answering(listing(items, page.Next), nil)
}

// triage is PATCH /conversations/{id}.
func (a *API) triage() {
	type changing struct {
		ConversationPath
		Body struct {
			Assignee     update[string]    `json:"assignee,omitempty" doc:"The id or login of a person, or me; null takes the assignment away."`
			State        *string           `json:"state,omitempty" enum:"open,waiting,snoozed,resolved"`
			Labels       *[]string         `json:"labels,omitempty" doc:"All of them, replacing the old ones."`
			Priority     *string           `json:"priority,omitempty" enum:"low,normal,high,urgent"`
			SnoozedUntil update[time.Time] `json:"snoozed_until,omitempty" doc:"Needed with the state snoozed, and means that state where none is sent; null opens the conversation."`
			IfVersion    uint64            `json:"if_version,omitempty" doc:"Refuses the change with a conflict unless the conversation still has this version."`
		}
	}
	add(a, operation{
		method: http.MethodPatch, path: "/conversations/{id}", id: "changeConversation", tag: "Conversations",
		summary: "Assign, snooze, resolve, reopen, label or prioritise", description: "What is not sent stays as it is.",
		scope: people.Write, faults: []fault.Code{fault.Conflict},
	}, func(ctx context.Context, in *changing) (*answer[Conversation], error) {
		conversation, err := inbox.ParseConversationID(in.ID)
		if err != nil {
			return nil, err
		}
		b := &in.Body
		c := inbox.Change{Labels: b.Labels, IfVersion: b.IfVersion}
		switch {
		case b.Assignee.null:
			c.Assignee = &people.ID{}
		case b.Assignee.sent:
			who, err := a.whom(ctx, "assignee", b.Assignee.value)
			if err != nil {
				return nil, err
			}
			c.Assignee = &who
		}
		if b.State != nil {
			state := inbox.State(*b.State)
			c.State = &state
		}
		if b.Priority != nil {
			priority := inbox.Priority(*b.Priority)
			c.Priority = &priority
		}
		switch {
		case b.SnoozedUntil.null && c.State == nil:
			state := inbox.Open
			c.State = &state
		case b.SnoozedUntil.sent && !b.SnoozedUntil.null:
			c.SnoozedUntil = &b.SnoozedUntil.value
		}
		changed, err := a.d.Box.Change(ctx, session.From(ctx), conversation, c)
		if err != nil {
			return nil, err
		}
		return answering(a.conversation(a.names(ctx), changed), nil)
	})
}

func (a *API) thread(ctx context.Context, text string) (Thread, error) {
	conversation, err := inbox.ParseConversationID(text)
	if err != nil {
		return Thread{}, err
	}
	t, err := a.d.Box.Thread(ctx, conversation)
	if err != nil {
		return Thread{}, err
	}
	views, err := a.d.Approvals.OfConversation(ctx, conversation)
	if err != nil {
		return Thread{}, err
	}
	named := a.names(ctx)
	out := Thread{
		Conversation: a.conversation(named, t.Conversation), Cut: t.Cut,
		Mentions: []Mention{}, Notes: []Note{}, Proposals: []Proposal{},
	}
	for _, m := range t.Mentions {
		told := mention(m)
		why := a.d.Approvals.Unanswerable(m, time.Now())
		told.Unanswerable, told.Unanswered = word(why), word(string(inbox.UnansweredBy(why)))
		out.Mentions = append(out.Mentions, told)
	}
	for _, n := range t.Notes {
		out.Notes = append(out.Notes, a.note(named, n))
	}
	for _, v := range views {
		out.Proposals = append(out.Proposals, a.proposal(named, v))
	}
	return out, nil
}

func (a *API) conversation(named *names, c *inbox.Conversation) Conversation {
	return Conversation{
		ID: c.ID, Account: c.Account, State: c.State, Customer: customer(c.Customer), Visibility: c.Visibility,
		Subject: word(c.Subject), Excerpt: c.Excerpt, Language: word(c.Language), Assignee: named.maybe(c.Assignee),
		Labels: append([]string{}, c.Labels...), Priority: c.Priority, SnoozedUntil: at(c.SnoozedUntil), MentionCount: c.Mentions,
		CreatedAt: instant(c.CreatedAt), LastActivity: instant(c.LastActivity), AwaitingSince: at(c.AwaitingSince), Version: c.Version,
	}
}

func customer(c inbox.Author) Customer {
	return Customer{
		ExternalID: c.ExternalID, Handle: word(c.Handle), Name: word(c.Name), URL: word(c.URL), Followers: known(c.Followers),
	}
}

// known is the number, null for 0, which stands for unknown.
func known(n int64) optional[int64] {
	if n == 0 {
		return optional[int64]{}
	}
	return some(n)
}

func mention(m *inbox.Mention) Mention {
	out := Mention{
		ID: m.ID, ExternalID: m.ExternalID, InReplyTo: word(m.InReplyTo), Author: customer(m.Author), Kind: m.Kind,
		Visibility: m.Visibility, Subject: word(m.Subject), Text: m.Text, Quoted: word(m.Quoted), Language: word(m.Language),
		URL: word(m.URL), PostedAt: instant(m.PostedAt), EditedAt: at(m.EditedAt), DeletedAt: at(m.DeletedAt),
		IngestedAt: instant(m.IngestedAt), Unanswerable: word(m.Unanswerable), Unanswered: word(string(inbox.UnansweredBy(m.Unanswerable))), Route: fields(m.Route),
		Attachments: []Attachment{}, Earlier: []EarlierText{}, Repairs: append([]string{}, m.Repairs...),
	}
	for _, t := range m.Attachments {
		out.Attachments = append(out.Attachments, Attachment{
			Name: word(t.Name), MediaType: word(t.MediaType), Size: known(t.Size), URL: word(t.URL), AltText: word(t.AltText),
		})
	}
	for _, e := range m.Earlier {
		out.Earlier = append(out.Earlier, EarlierText{Text: e.Text, Until: instant(e.Until)})
	}
	return out
}

func fields(route []inbox.Field) []Field {
	out := []Field{}
	for _, f := range route {
		out = append(out, Field(f))
	}
	return out
}

func (a *API) note(named *names, n *inbox.Note) Note {
	return Note{ID: n.ID, Author: named.of(n.Author), Text: n.Text, At: instant(n.At)}
}

// views turns proposals into their JSON.
func (a *API) views(ctx context.Context, list []*approval.View) []Proposal {
	named := a.names(ctx)
	var items []Proposal
	for _, v := range list {
		items = append(items, a.proposal(named, v))
	}
	return items
}
