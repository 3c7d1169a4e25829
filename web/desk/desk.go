package desk

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/people"
	"standpunt/web/session"
)

// Sources is what the desk asks of the accounts' connectors: *connectors.Runner.
type Sources interface {
	Health() []connectors.AccountHealth
	CheckNow(account inbox.AccountName) error
}

// Deps are the rooms that the desk asks. All but Sources, Notice and Logger
// are required.
type Deps struct {
	Staff     *people.Staff
	Box       *inbox.Inbox
	Approvals *approval.Approvals
	Log       *audit.Log
	Sources   Sources // nil: accounts show no live health
	Records   Records // nil: verifying and exporting takes the command line
	// PublicURL is where platforms find the daemon, "https://desk.example"; empty: not known.
	PublicURL string
	// Notice stands at the top of every page, as the demo's that it is one.
	Notice string
	Logger *slog.Logger
}

// desk answers requests for pages. It is safe for concurrent use.
type desk struct {
	d        Deps
	sessions *session.Sessions
	logger   *slog.Logger
	static   *static
	words    *catalogue
	sets     map[string]map[string]*templateSet // by language, by page
	undo     *undoable
	presence *presence
	adding   sync.Mutex // one picture is read and cleaned at a time
}

// New gives what web.Deps.Desk asks for: a handler for every address that the
// API does not serve. Requests must have passed [session.Sessions.Identify].
// It fails where an embedded template or word list is broken.
func New(d Deps) func(*session.Sessions) (http.Handler, error) {
	return func(sessions *session.Sessions) (http.Handler, error) {
		k := &desk{d: d, sessions: sessions, logger: d.Logger, undo: newUndoable(), presence: newPresence()}
		if k.logger == nil {
			k.logger = slog.New(slog.DiscardHandler)
		}
		var err error
		if k.static, err = newStatic(); err != nil {
			return nil, err
		}
		if k.words, err = readWords(); err != nil {
			return nil, err
		}
		if k.sets, err = parseTemplates(k.words, k.static); err != nil {
			return nil, err
		}
		return k.handler()
	}
}

// handler routes by the table of pages.
func (k *desk) handler() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("GET "+staticPrefix, k.static)
	seen := make(map[string]bool)
	for _, p := range k.pages() {
		pattern := p.method + " " + p.path
		if seen[pattern] {
			return nil, fmt.Errorf("desk: two pages answer %s", pattern)
		}
		seen[pattern] = true
		mux.Handle(pattern, k.serve(p))
	}
	mux.Handle("/", k.serve(page{handle: (*visit).unknown}))
	return mux, nil
}
