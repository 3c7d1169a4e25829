package desk

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/internal/id"
	"standpunt/people"
)

// Records is the record as a whole, which takes the data file: the wiring joins
// audit's verification with approval's replay of what was allowed.
type Records interface {
	// Verify recomputes the whole record and replays every transition in it.
	Verify(ctx context.Context) (*audit.Report, *approval.Replay, error)
	// ExportJSONL writes everything, as outsiders verify it.
	ExportJSONL(ctx context.Context, w io.Writer) error
	// ExportCSV writes what the filter lets through, for reading.
	ExportCSV(ctx context.Context, w io.Writer, f audit.Filter) error
}

// auditors verify the record and take copies of it away.
var auditors = []people.Role{people.Manager, people.Admin, people.Press}

func (k *desk) auditPages() []page {
	r := &recordPages{}
	return []page{
		{method: "GET", path: "/audit", handle: (*visit).audit},
		{method: "POST", path: "/audit/verify", handle: r.verify, may: auditors},
		{method: "GET", path: "/audit/export.csv", handle: (*visit).exportCSV, may: auditors},
		{method: "GET", path: "/audit/export.jsonl", handle: (*visit).exportJSONL, may: auditors},
		{method: "GET", path: "/audit/proposals/{id}", handle: (*visit).dossier},
		{method: "GET", path: "/audit/proposals/{id}/evidence.json", handle: (*visit).evidence, may: auditors},
		{method: "GET", path: "/dossier/{id}", handle: func(v *visit) error {
			return v.to("/audit/proposals/" + v.r.PathValue("id"))
		}},
	}
}

// auditPage is the table of entries.
type auditPage struct {
	Person   string
	Account  inbox.AccountName
	Kind     string
	Outcome  string
	From, To string // days, "2026-11-23"
	People   roster
	Accounts []*inbox.AccountRecord
	Kinds    []string
	Outcomes []approval.State
	Rows     []auditRow
	Older    string // the address of the next page
	Size     uint64
	Signed   audit.Checkpoint
	MayTake  bool // verify and download
	Records  bool // the desk can reach the whole record
	Query    string
	Trouble  *trouble
}

// auditRow is one entry in words.
type auditRow struct {
	audit.Entry
	Who      string // a name
	Person   *people.Person
	What     string
	On       string
	Href     string
	From, To string
	Alarm    bool
}

// auditKinds are the groups that the table can be narrowed to, as prefixes.
var auditKinds = []string{"proposal.", "conversation.", "inbox.", "account.", "publishing.", "policy.", "person.", "session.", "sign_in.", "token."}

// alarms are the entries that stand out.
var alarms = []string{
	"account.published_outside", "account.identity_changed", "account.changed", "publishing.stopped", "proposal.outcome_unknown",
	"proposal.settled_posted", "proposal.settled_not_posted", "proposal.approved_late", "sign_in.refused",
}

// One page of the table, and how many entries are looked at for it where a
// filter is no index of the log.
const (
	auditRows    = 50
	auditScanned = 4000
)

func (v *visit) audit() error {
	p := auditPage{
		Person: v.form("person"), Account: inbox.AccountName(v.form("account")), Kind: v.form("kind"), Outcome: v.form("outcome"),
		From: v.form("from"), To: v.form("to"), Kinds: auditKinds, Outcomes: approval.States(),
		MayTake: v.who.Has(auditors...), Records: v.d.Records != nil,
	}
	query := v.r.URL.Query()
	query.Del("before")
	p.Query = query.Encode()
	status := http.StatusOK
	err := v.fillAudit(&p)
	if fault.Is(err, fault.InvalidInput) {
		status, p.Trouble, err = http.StatusUnprocessableEntity, v.trouble(err), nil
	}
	if err != nil {
		return err
	}
	return v.render(status, "audit", v.t("audit.title"), p)
}

func (v *visit) fillAudit(p *auditPage) (err error) {
	if p.People, err = v.roster(); err != nil {
		return err
	}
	if p.Accounts, err = v.d.Box.Accounts(v.ctx()); err != nil {
		return err
	}
	if p.Size, err = v.d.Log.Size(v.ctx()); err != nil {
		return err
	}
	if p.Signed, _, err = v.d.Log.LastCheckpoint(v.ctx()); err != nil {
		return err
	}
	filter, err := v.auditFilter()
	if err != nil {
		return err
	}
	before := audit.NoneBefore
	if n, err := strconv.ParseUint(v.form("before"), 10, 64); err == nil {
		before = n
	}
	w := &auditWords{visit: v, people: p.People, proposals: make(map[string]*approval.View), talks: make(map[string]*inbox.Conversation)}
	for scanned := 0; scanned < auditScanned; {
		entries, err := v.d.Log.Search(v.ctx(), filter, before, 200)
		if err != nil {
			return err
		}
		for _, e := range entries {
			before = e.Number
			if !w.keeps(e, p.Account, p.Outcome) {
				continue
			}
			p.Rows = append(p.Rows, w.row(e))
			if len(p.Rows) == auditRows {
				break
			}
		}
		if scanned += len(entries); len(p.Rows) == auditRows {
			break
		}
		if len(entries) < 200 {
			before = 0
			break
		}
	}
	if before > 0 && before != audit.NoneBefore {
		p.Older = "/audit?" + strings.TrimPrefix(p.Query+"&before="+strconv.FormatUint(before, 10), "&")
	}
	return nil
}

// auditFilter is what the form asks for and the log has an index of.
func (v *visit) auditFilter() (f audit.Filter, err error) {
	f.Kind = v.form("kind")
	if who := v.form("person"); who == string(audit.System) {
		f.Actor = audit.System
	} else if who != "" {
		f.Actor = audit.Actor("person:" + who)
	}
	day := func(name string) (time.Time, error) {
		if v.form(name) == "" {
			return time.Time{}, nil
		}
		at, err := time.ParseInLocation(time.DateOnly, v.form(name), time.Local)
		if err != nil {
			err = fault.New(fault.InvalidInput, "this is no day").At(name, v.form(name)).Fix("Write it as 2026-11-23.")
		}
		return at, err
	}
	if f.From, err = day("from"); err != nil {
		return f, err
	}
	if f.To, err = day("to"); err == nil && !f.To.IsZero() {
		f.To = f.To.AddDate(0, 0, 1) // the day itself is meant
	}
	return f, err
}

// auditWords puts entries into words, asking for each subject once.
type auditWords struct {
	*visit
	people    roster
	proposals map[string]*approval.View
	talks     map[string]*inbox.Conversation
}

// keeps reports whether an entry passes the filters that are no index.
func (w *auditWords) keeps(e audit.Entry, account inbox.AccountName, outcome string) bool {
	if outcome != "" && e.To != outcome {
		return false
	}
	return account == "" || w.accountOf(e) == account
}

func (w *auditWords) accountOf(e audit.Entry) inbox.AccountName {
	room, name, _ := strings.Cut(string(e.Subject), ":")
	switch room {
	case "account":
		return inbox.AccountName(name)
	case "proposal":
		if p := w.proposal(name); p != nil {
			return p.Account
		}
	case "conversation":
		if c := w.talk(name); c != nil {
			return c.Account
		}
	}
	return ""
}

func (w *auditWords) proposal(name string) *approval.View {
	p, ok := w.proposals[name]
	if which, err := id.Parse[approval.Proposal](name); !ok && err == nil {
		p, _ = w.d.Approvals.Get(w.ctx(), which) // nil is shown by its id
		w.proposals[name] = p
	}
	return p
}

func (w *auditWords) talk(name string) *inbox.Conversation {
	c, ok := w.talks[name]
	if which, err := inbox.ParseConversationID(name); !ok && err == nil {
		if thread, err := w.d.Box.Thread(w.ctx(), which); err == nil {
			c = thread.Conversation
		}
		w.talks[name] = c
	}
	return c
}

func (w *auditWords) row(e audit.Entry) auditRow {
	r := auditRow{Entry: e, What: w.event(e.Kind), From: w.state(e, e.From), To: w.state(e, e.To)}
	r.Who, r.Person = w.actor(e.Actor)
	if string(e.Subject) != string(e.Actor) {
		r.On, r.Href = w.subject(string(e.Subject))
	}
	r.Alarm = slices.Contains(alarms, e.Kind) || e.Facts["read_back"] == "differs"
	return r
}

// event is the kind in words, the kind itself where the desk has none for it.
func (v *visit) event(kind string) string {
	if key := "event." + kind; v.words.has(key) {
		return v.t(key)
	}
	return kind
}

func (w *auditWords) actor(a audit.Actor) (string, *people.Person) {
	kind, name, _ := strings.Cut(string(a), ":")
	switch kind {
	case "person":
		if who, err := id.Parse[people.Person](name); err == nil {
			return w.people.name(who), w.people.find(who)
		}
	case "account":
		return w.t("audit.connector", "account", name), nil
	case string(audit.System):
		return w.t("audit.system"), nil
	}
	return string(a), nil
}

// subject names what an entry is about, and where to look at it.
func (w *auditWords) subject(s string) (name, href string) {
	room, which, _ := strings.Cut(s, ":")
	switch room {
	case "proposal":
		href = "/dossier/" + which
		p := w.proposal(which)
		switch {
		case p == nil:
			return w.t("audit.on.proposal"), href
		case p.Governs():
			return w.changeSentence(p, w.people), href
		}
		if c := w.talk(p.Conversation.String()); c != nil {
			return w.t("audit.on.answer", "name", customerName(c)), href
		}
		return w.t("audit.on.proposal"), href
	case "conversation":
		if c := w.talk(which); c != nil {
			return customerName(c), "/inbox/" + which
		}
	case "person":
		if who, err := id.Parse[people.Person](which); err == nil {
			return w.people.name(who), ""
		}
	case "account":
		return which, "/settings/accounts"
	case "policies":
		return w.t("frame.policies"), "/settings/policies"
	case "publishing":
		return w.t("frame.publishing"), "/publishing"
	}
	return s, ""
}

// state is a value before or after, in words where it is one of ours.
func (w *auditWords) state(e audit.Entry, value string) string {
	if value == "" {
		return ""
	}
	if who, err := id.Parse[people.Person](value); err == nil {
		if who.IsZero() {
			return ""
		}
		return w.people.name(who)
	}
	room, what, _ := strings.Cut(e.Kind, ".")
	if room == "proposal" && what == "in_force" && value == string(approval.Published) {
		return w.t("decision.inforce.state")
	}
	for _, prefix := range []string{map[string]string{"proposal": "proposal", "conversation": "state"}[room], "priority", "audit.value"} {
		if key := prefix + "." + value; w.words.has(key) {
			return w.t(key)
		}
	}
	if room == "person" {
		names := strings.Split(value, ",")
		for i, n := range names {
			if key := "role." + n; w.words.has(key) {
				names[i] = w.t(key)
			}
		}
		return strings.Join(names, ", ")
	}
	return value
}

// recordPages verifies the record, one verification at a time: each reads all
// of it.
type recordPages struct{ running sync.Mutex }

// verifiedPage says what a verification looked at and found.
type verifiedPage struct {
	Report   *audit.Report
	Replay   *approval.Replay
	Key      string
	Unsigned uint64
	Anchor   string // how the log contradicts the anchor outside the data directory
}

// OK reports that nothing is wrong.
func (p verifiedPage) OK() bool { return p.Report.OK() && p.Anchor == "" }

func (r *recordPages) verify(v *visit) error {
	if v.d.Records == nil {
		return fault.New(fault.Unavailable, "this desk does not reach the whole record").Fix("Run standpunt audit verify.")
	}
	if !r.running.TryLock() {
		return fault.New(fault.RateLimited, "a colleague verifies the record at this moment").Fix("Try again in a minute.")
	}
	defer r.running.Unlock()
	if err := http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(exportTime)); err != nil {
		return err
	}
	p := verifiedPage{Key: v.d.Log.VerifierKey()}
	var contradiction *audit.AnchorError
	if _, err := v.d.Log.Checkpoint(v.ctx()); errors.As(err, &contradiction) {
		p.Anchor = contradiction.Error()
	} else if err != nil {
		return err
	}
	report, replay, err := v.d.Records.Verify(v.ctx())
	if err != nil {
		return err
	}
	p.Report, p.Replay = report, replay
	if report.Signed < report.Size {
		p.Unsigned = report.Size - report.Signed
	}
	return v.show("verified", v.t("audit.verify.title"), p)
}

func (v *visit) exportCSV() error {
	filter, err := v.auditFilter()
	if err != nil {
		return err
	}
	return v.download("audit", "csv", "text/csv; charset=utf-8", func(w io.Writer) error {
		return v.d.Records.ExportCSV(v.ctx(), w, filter)
	})
}

func (v *visit) exportJSONL() error {
	return v.download("audit", "jsonl", "application/jsonl; charset=utf-8", func(w io.Writer) error {
		return v.d.Records.ExportJSONL(v.ctx(), w)
	})
}

// exportTime bounds one download or verification; a log of a million entries
// takes seconds.
const exportTime = 30 * time.Minute

// download streams a file. One that cannot be finished is cut off, so that
// nobody takes a part for the whole.
func (v *visit) download(name, ending, media string, write func(io.Writer) error) error {
	if v.d.Records == nil {
		return fault.New(fault.Unavailable, "this desk does not reach the whole record").Fix("Run standpunt audit export.")
	}
	if err := http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(exportTime)); err != nil {
		return err
	}
	v.attach(name+"-"+time.Now().Format("2006-01-02")+"."+ending, media)
	if err := write(v.w); err != nil {
		v.logFault(err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (v *visit) attach(file, media string) {
	v.w.Header().Set("Content-Type", media)
	v.w.Header().Set("Content-Disposition", `attachment; filename="standpunt-`+file+`"`)
}
