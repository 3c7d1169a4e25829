package desk

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
)

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
	Newest   bool   // the rows are the newest ones
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
	Came     string // how many mentions, for those that came in
	Href     string
	From, To string
	Alarm    bool
}

// auditKinds are the groups that the table can be narrowed to, as prefixes.
var auditKinds = []string{"proposal.", "conversation.", "inbox.", "account.", "publishing.", "policy.", "person.", "session.", "sign_in.", "token."}

// alarms are the entries that stand out.
var alarms = []string{
	"account.published_outside", "account.identity_changed", "account.changed", "publishing.stopped", "proposal.outcome_unknown",
	"proposal.settled_posted", "proposal.settled_not_posted", "proposal.address_refuted", "proposal.approved_late", "sign_in.refused",
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
		MayTake: v.who.Has(auditors...), Records: v.d.Records != nil, Newest: v.form("before") == "",
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
