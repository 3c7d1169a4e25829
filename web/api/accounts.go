package api

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"standpunt/approval"
	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/web/session"
)

// Account is one configured account and how it fares.
type Account struct {
	Name         inbox.AccountName      `json:"name"`
	Kind         string                 `json:"kind"`
	BaseURL      optional[string]       `json:"base_url"`
	RemoteID     optional[string]       `json:"remote_id" doc:"The remote identity that publishes; null before the first contact."`
	Handle       optional[string]       `json:"handle"`
	URL          optional[string]       `json:"url"`
	Accepted     bool                   `json:"accepted" doc:"Accepted accounts publish; others only receive."`
	State        connectors.HealthState `json:"state" enum:"starting,ok,degraded,failing,stopped"`
	Since        optional[instant]      `json:"since" doc:"When the state began."`
	Problem      optional[string]       `json:"problem" doc:"What does not work, in one English sentence."`
	Remedy       optional[string]       `json:"remedy" doc:"What to do about it."`
	ProblemSince optional[instant]      `json:"problem_since"`
	Failures     int                    `json:"failures" doc:"Polls that failed in a row."`
	LastPoll     optional[instant]      `json:"last_poll"`
	LastSuccess  optional[instant]      `json:"last_success"`
	NextTry      optional[instant]      `json:"next_try" doc:"Null while a poll runs."`
	LastNews     optional[instant]      `json:"last_news" doc:"When something new, changed or deleted last came in since the start."`
	Streaming    bool                   `json:"streaming" doc:"A stream brings at once all the mentions that polls would; these are rarer meanwhile."`
	Polls        uint64                 `json:"polls" doc:"Since the start, like the counts below."`
	New          uint64                 `json:"new"`
	Edited       uint64                 `json:"edited"`
	Deleted      uint64                 `json:"deleted"`
	Duplicates   uint64                 `json:"duplicates"`
	Quarantined  uint64                 `json:"quarantined"`
	Webhook      optional[Webhook]      `json:"webhook" doc:"What the platform delivers to us; null where the account takes no deliveries."`
	Note         optional[string]       `json:"note" doc:"What does not work with the account's credentials, or soon will not, and what to do; in English."`
	Spending     optional[Spending]     `json:"spending" doc:"What the platform charged this month; null where it charges nothing or that is not counted."`
}

// Webhook is where an account's platform delivers, and how that goes. The
// counts are since the start.
type Webhook struct {
	Path         string            `json:"path" doc:"On the daemon's own host." example:"/hooks/fb-page"`
	URL          optional[string]  `json:"url" doc:"The whole address to give to the platform; null while public_url is not an https address." example:"https://desk.example/hooks/fb-page"`
	Confirmed    optional[instant] `json:"confirmed" doc:"When the platform last checked that the address is ours."`
	Accepted     uint64            `json:"accepted"`
	Unproven     uint64            `json:"unproven" doc:"Refused: the signature was missing, wrong or of another time."`
	Unreadable   uint64            `json:"unreadable" doc:"Refused: too large, broken off, or signed and without sense."`
	NotKept      uint64            `json:"not_kept" doc:"Could not be taken in at that moment; the platform delivers them again."`
	LastAccepted optional[instant] `json:"last_accepted"`
	LastRefused  optional[instant] `json:"last_refused"`
	LastReason   optional[string]  `json:"last_reason" doc:"Why the last one was refused, in one English sentence."`
}

// Spending is what an account's platform charged in one UTC month, in US
// dollars, as it was counted here.
type Spending struct {
	Month      string            `json:"month" example:"2026-11"`
	Since      instant           `json:"since" doc:"When counting began in it."`
	ToDate     float64           `json:"to_date_usd"`
	Budget     optional[float64] `json:"budget_usd" doc:"Null where none is set."`
	Projection float64           `json:"projection_usd" doc:"What the month will come to, going on like this."`
	Share      optional[int]     `json:"budget_percent" doc:"Of the budget, rounded down."`
	PollEvery  optional[float64] `json:"slowed_to_seconds" doc:"The pause between polls to which the budget stretched it; null where it did not."`
	Items      []Spent           `json:"items" nullable:"false"`
}

// Spent is one kind of charge.
type Spent struct {
	Name  string  `json:"name" example:"user_read"`
	Count int     `json:"count"`
	Cost  float64 `json:"cost_usd"`
}

// spending is null where nothing is counted.
func spending(s *connectors.Spending) optional[Spending] {
	if s == nil {
		return optional[Spending]{}
	}
	out := Spending{
		Month: s.Month.Format("2006-01"), Since: instant(s.Since), ToDate: s.ToDate.Dollars(), Projection: s.Projection.Dollars(), Items: []Spent{},
	}
	if s.Budget > 0 {
		out.Budget, out.Share = some(s.Budget.Dollars()), some(s.Share())
	}
	if s.PollEvery > 0 {
		out.PollEvery = some(s.PollEvery.Seconds())
	}
	for _, i := range s.Items {
		out.Items = append(out.Items, Spent{i.Name, i.Count, i.Cost.Dollars()})
	}
	return some(out)
}

// AccountPath names the account of a call.
type AccountPath struct {
	Name string `path:"name" doc:"Of the account."`
}

func (a *API) accounts() {
	add(a, operation{
		method: http.MethodGet, path: "/accounts", id: "listAccounts", tag: "Accounts", summary: "All accounts and how they fare", scope: people.Read,
	}, func(ctx context.Context, _ *nothing) (*answer[list[Account]], error) {
		records, err := a.d.Box.Accounts(ctx)
		if err != nil {
			return nil, err
		}
		var items []Account
		for _, r := range records {
			items = append(items, a.account(r))
		}
		return answering(listing(items, ""), nil)
	})
	add(a, operation{
		method: http.MethodPost, path: "/accounts/{name}/check", id: "checkAccount", tag: "Accounts", summary: "Poll an account now",
		description: "It does not wait for the outcome: see GET /accounts. rate_limited while the platform asked us to wait.",
		scope:       people.Write, status: http.StatusAccepted, faults: []fault.Code{fault.RateLimited},
	}, func(_ context.Context, in *AccountPath) (*nothing, error) {
		return nil, a.d.Sources.CheckNow(inbox.AccountName(in.Name))
	})
	add(a, operation{
		method: http.MethodPost, path: "/accounts/{name}/acceptance", id: "proposeAcceptance", tag: "Accounts",
		summary: "Propose that an account may publish", description: proposes, scope: people.Endorse, status: http.StatusCreated,
		faults: []fault.Code{fault.WrongState, fault.AccountNotReady, fault.CoolingTime},
	}, func(ctx context.Context, in *struct {
		AccountPath
		Because
	}) (*answer[Proposal], error) {
		return a.propose(ctx, approval.KindAccount, approval.Change{Account: inbox.AccountName(in.Name), Reason: in.Body.Reason})
	})
	a.deliveries()
	type quarantined struct {
		ID         inbox.QuarantineID `json:"id" format:"uuid"`
		Account    inbox.AccountName  `json:"account"`
		ExternalID optional[string]   `json:"external_id"`
		Reason     string             `json:"reason" doc:"Why it could not become a mention."`
		At         instant            `json:"at"`
	}
	add(a, operation{
		method: http.MethodGet, path: "/quarantine", id: "listQuarantine", tag: "Accounts", summary: "Delivered items that could not become mentions",
		scope: people.Read,
	}, func(ctx context.Context, _ *nothing) (*answer[list[quarantined]], error) {
		kept, err := a.d.Box.Quarantine(ctx)
		if err != nil {
			return nil, err
		}
		var items []quarantined
		for _, q := range kept {
			items = append(items, quarantined{q.ID, q.Account, word(q.ExternalID), q.Reason, instant(q.At)})
		}
		return answering(listing(items, ""), nil)
	})
}

// deliveries is POST /accounts/{name}/mentions.
func (a *API) deliveries() {
	type delivering struct {
		AccountPath
		RawBody []byte `contentType:"application/json"`
	}
	type delivered struct {
		New         int `json:"new"`
		Edited      int `json:"edited" doc:"Delivered before, and different now."`
		Deleted     int `json:"deleted"`
		Duplicates  int `json:"duplicates" doc:"Delivered before, and unchanged."`
		Quarantined int `json:"quarantined" doc:"Could not become mentions; kept with the reason."`
	}
	add(a, operation{
		method: http.MethodPost, path: "/accounts/{name}/mentions", id: "deliverMentions", tag: "Accounts", summary: "Deliver mentions to an account of kind push",
		description: "Any program can deliver. The answer comes when the mentions are durable. A mention is known by its external_id: " +
			"delivering it again changes nothing, and with a newer text it is an edit. An account whose kind is not push answers not_found.",
		scope: people.Ingest, faults: []fault.Code{fault.Unavailable},
	}, func(ctx context.Context, in *delivering) (*answer[delivered], error) {
		if err := session.From(ctx).MayIngest(in.Name); err != nil {
			return nil, err
		}
		n, err := a.d.Sources.Deliver(ctx, inbox.AccountName(in.Name), in.RawBody)
		if err != nil {
			return nil, err
		}
		return answering(delivered(n), nil)
	})
	openapi := a.huma.OpenAPI()
	openapi.Paths["/accounts/{name}/mentions"].Post.RequestBody.Content["application/json"].Schema =
		openapi.Components.Schemas.Schema(reflect.TypeFor[Delivery](), true, "")
}

// Delivery is the form of deliveries, for the document; the connector decodes
// and checks them.
type Delivery struct {
	Mentions []DeliveredMention `json:"mentions" nullable:"false" maxItems:"500"`
}

// DeliveredMention is one item of a delivery: a new post, a newer state of one
// delivered before, or with deleted word that it is gone.
type DeliveredMention struct {
	ExternalID string          `json:"external_id" doc:"Unique within the account."`
	Thread     string          `json:"thread,omitempty" doc:"Empty: this begins one."`
	InReplyTo  string          `json:"in_reply_to,omitempty" doc:"The external_id of the post that it answers."`
	Author     DeliveredAuthor `json:"author"`
	Kind       string          `json:"kind,omitempty" enum:"post,comment,review,message,chat,mail"`
	Visibility string          `json:"visibility,omitempty" enum:"public,private"`
	Subject    string          `json:"subject,omitempty"`
	Text       string          `json:"text,omitempty"`
	Language   string          `json:"language,omitempty" doc:"BCP 47; detected where it is not sent."`
	URL        string          `json:"url,omitempty" doc:"The original."`
	PostedAt   time.Time       `json:"posted_at,omitempty"`
	EditedAt   time.Time       `json:"edited_at,omitempty"`
	Deleted    bool            `json:"deleted,omitempty"`
	Files      []DeliveredFile `json:"attachments,omitempty" nullable:"false"`
}

// DeliveredAuthor is who wrote it.
type DeliveredAuthor struct {
	ExternalID string `json:"external_id" doc:"Stable: not the handle where that can change."`
	Handle     string `json:"handle,omitempty"`
	Name       string `json:"name,omitempty"`
	URL        string `json:"url,omitempty"`
}

// DeliveredFile is a file that came with it. It is listed, never fetched.
type DeliveredFile struct {
	Name      string `json:"name,omitempty"`
	MediaType string `json:"media_type,omitempty"`
	Size      int64  `json:"size,omitempty" doc:"Bytes."`
	URL       string `json:"url,omitempty"`
	AltText   string `json:"alt_text,omitempty"`
}

// account is the record with the health that the runner knows.
func (a *API) account(r *inbox.AccountRecord) Account {
	out := Account{
		Name: r.Name, Kind: r.Kind, BaseURL: word(r.BaseURL), RemoteID: word(r.RemoteID), Handle: word(r.Handle), URL: word(r.URL),
		Accepted: r.Accepted, State: connectors.Stopped,
	}
	for _, h := range a.d.Sources.Health() {
		if h.Account != r.Name {
			continue
		}
		out.State, out.Since, out.Problem, out.Remedy = h.State, at(h.Since), word(h.Problem), word(h.Remedy)
		out.ProblemSince, out.Failures, out.LastPoll, out.LastSuccess = at(h.ProblemSince), h.Failures, at(h.LastPoll), at(h.LastSuccess)
		out.NextTry, out.LastNews, out.Streaming, out.Polls = at(h.NextTry), at(h.LastNews), h.Streaming, h.Polls
		out.Webhook, out.Note = a.webhook(h.Webhook), word(h.Identity.Note)
		out.Spending = spending(h.Spending)
		out.New, out.Edited, out.Deleted, out.Duplicates, out.Quarantined = h.New, h.Edited, h.Deleted, h.Duplicates, h.Quarantined
	}
	return out
}

func (a *API) webhook(d connectors.Deliveries) optional[Webhook] {
	if d.Path == "" {
		return optional[Webhook]{}
	}
	return some(Webhook{
		Path: d.Path, URL: word(d.URL(a.publicURL)), Confirmed: at(d.Confirmed),
		Accepted: d.Accepted, Unproven: d.Unproven, Unreadable: d.Unreadable, NotKept: d.NotKept,
		LastAccepted: at(d.LastAccepted), LastRefused: at(d.LastRefused), LastReason: word(d.LastReason),
	})
}
