package desk

import (
	"slices"
	"strings"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/inbox"
	"standpunt/internal/id"
	"standpunt/people"
)

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
	if strings.HasPrefix(string(e.Subject), "account:") || string(e.Subject) != string(e.Actor) { // oneself goes without saying
		r.On, r.Href = w.subject(string(e.Subject))
	}
	r.Came = w.cameIn(e)
	r.Alarm = slices.Contains(alarms, e.Kind) || e.Facts["read_back"] == "differs"
	return r
}

// cameIn is how many mentions an entry brought, "" for one of another kind.
func (w *auditWords) cameIn(e audit.Entry) string {
	if e.Kind != "inbox.ingested" {
		return ""
	}
	var all []string
	for _, what := range []string{"new", "edited", "deleted", "duplicates", "quarantined", "reopened"} {
		if n := e.Facts[what]; n != "" {
			all = append(all, w.t("audit.came."+what, "n", n))
		}
	}
	return strings.Join(all, ", ")
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
