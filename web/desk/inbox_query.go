package desk

import (
	"net/url"

	"standpunt/inbox"
)

// query is which list the inbox shows: a saved view, one account, words.
type query struct {
	View    string
	Account string
	Words   string
	After   string
}

// views are the saved views, in the order of the screen; the icon stands beside.
var views = []struct{ name, icon string }{
	{"open", "inbox"}, {"mine", "person"}, {"unassigned", "people"},
	{"waiting", "clock"}, {"snoozed", "snooze"}, {"resolved", "check"},
}

// queryOf reads the query of an address. Words are searched for everywhere
// unless a view is named.
func queryOf(values url.Values) query {
	q := query{View: values.Get("view"), Account: values.Get("account"), Words: values.Get("q"), After: values.Get("after")}
	known := q.View == "all"
	for _, v := range views {
		known = known || v.name == q.View
	}
	if !known {
		q.View = "open"
		if q.Words != "" {
			q.View = "all"
		}
	}
	return q
}

// url is path with the query behind it, as short as it can be.
func (q query) url(path string) string {
	values := url.Values{}
	if q.View != "open" && (q.View != "all" || q.Words == "") {
		values.Set("view", q.View)
	}
	if q.View == "open" && q.Words != "" {
		values.Set("view", "open")
	}
	for name, value := range map[string]string{"account": q.Account, "q": q.Words, "after": q.After} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// of is the address of one conversation within this list.
func (q query) of(id inbox.ConversationID) string {
	q.After = ""
	return q.url("/inbox/" + id.String())
}

// list is the address of this list from its beginning.
func (q query) list() string {
	q.After = ""
	return q.url("/inbox")
}

func (q query) filter(v *visit) inbox.Filter {
	f := inbox.Filter{Account: inbox.AccountName(q.Account), Words: q.Words}
	switch q.View {
	case "all":
	case "mine":
		f.States, f.Assignee = []inbox.State{inbox.Open}, v.who.ID()
	case "unassigned":
		f.States, f.Unassigned = []inbox.State{inbox.Open}, true
	default:
		f.States = []inbox.State{inbox.State(q.View)}
	}
	return f
}
