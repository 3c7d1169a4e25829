package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"standpunt/approval"
	"standpunt/audit"
	"standpunt/connectors"
	"standpunt/inbox"
	"standpunt/internal/fault"
	"standpunt/people"
	"standpunt/web/session"
)

// Prefix is where the API stands.
const Prefix = "/api/v1"

// Sources is what the API asks of the accounts' connectors: *connectors.Runner.
type Sources interface {
	Health() []connectors.AccountHealth
	CheckNow(account inbox.AccountName) error
	// Deliver takes in mentions that a program hands to an account of kind push; when it
	// returns they are durable.
	Deliver(ctx context.Context, account inbox.AccountName, body []byte) (inbox.Ingested, error)
}

// Deps are the rooms that the API asks. All are required.
type Deps struct {
	Staff     *people.Staff
	Box       *inbox.Inbox
	Approvals *approval.Approvals
	Log       *audit.Log
	Sources   Sources
	Sessions  *session.Sessions
}

// Options are the settings of [New].
type Options struct {
	Version string // of the program; empty: "dev"
	// PublicURL is where platforms find the daemon, "https://desk.example"; empty: they do not.
	PublicURL string
	MaxBody   int64 // bytes of a request's body; 0: 1 MiB
	Logger    *slog.Logger
	// OnEntries is told of every new audit entry, in order, by the one reader of the log. It
	// may be nil, and must not block.
	OnEntries func([]audit.Entry)
}

// API answers requests. It is safe for concurrent use.
type API struct {
	d             Deps
	logger        *slog.Logger
	maxBody       int64
	publicURL     string
	mux           *http.ServeMux
	huma          huma.API
	problemSchema *huma.Schema
	document      []byte
	hub           *hub
	files         chan struct{} // holds one for each file that is coming in
}

// New makes the API. Live events flow from Start to Stop; everything else is
// answered at once.
func New(d Deps, o Options) (*API, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.MaxBody == 0 {
		o.MaxBody = defaultBody
	}
	a := &API{d: d, logger: o.Logger, maxBody: o.MaxBody, publicURL: o.PublicURL, mux: http.NewServeMux(), hub: newHub(d.Log, o.Logger, o.OnEntries),
		files: make(chan struct{}, filesAtOnce)}
	a.huma = humago.NewWithPrefix(a.mux, Prefix, config(o.Version))
	a.problemSchema = a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	a.signingIn()
	a.conversations()
	a.proposals()
	a.pictures()
	a.publishing()
	a.accounts()
	a.staff()
	a.tokens()
	a.record()
	a.events()
	for _, unused := range []string{"ErrorModel", "ErrorDetail"} { // huma's own shapes, which translate replaces
		delete(a.huma.OpenAPI().Components.Schemas.Map(), unused)
	}
	var err error
	if a.document, err = json.MarshalIndent(a.huma.OpenAPI(), "", " "); err != nil {
		return nil, fmt.Errorf("api: describe the API: %w", err)
	}
	a.mux.HandleFunc("GET "+Prefix+"/openapi.json", a.serveDocument)
	a.mux.HandleFunc(Prefix+"/", a.serveUnknown)
	return a, nil
}

func config(version string) huma.Config {
	c := huma.DefaultConfig("Standpunt", version)
	c.Info.Description = "Makes a public answer official: mentions come in, staff draft, a second person approves the exact text, " +
		"the daemon publishes exactly that text at most once, and keeps a record that an outsider can verify.\n\n" +
		"Authenticate with an API token, `Authorization: Bearer spt_...`, or with the cookie of `POST /session`. " +
		"Errors are `application/problem+json` with a stable `code`. Lists are `{items, next}`; send `next` as `cursor`. " +
		"Times are RFC 3339 in UTC to the millisecond. Values that are not there are null. Unknown and doubled fields are refused."
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.RejectUnknownQueryParameters = true
	c.Transformers = []huma.Transformer{translate}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "An API token of a person, or of the service that delivers mentions."},
		"session": {Type: "apiKey", In: "cookie", Name: "__Host-standpunt", Description: "Set by POST /session; named standpunt where there is no TLS."},
	}
	c.Tags = []*huma.Tag{
		{Name: "Signing in"}, {Name: "Conversations"}, {Name: "Proposals"}, {Name: "Publishing"}, {Name: "Accounts"},
		{Name: "People"}, {Name: "Tokens"}, {Name: "Audit"}, {Name: "Live"},
	}
	return c
}

// Handler answers everything below [Prefix].
func (a *API) Handler() http.Handler { return a.mux }

// Start begins to read the log for live events.
func (a *API) Start() { a.hub.start() }

// Stop ends live events and their connections.
func (a *API) Stop() { a.hub.stop() }

// Connections is how many streams of live events are open.
func (a *API) Connections() int { return a.hub.count() }

func (a *API) serveDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(a.document) // the client is gone, or it is not
}

// serveUnknown answers what no operation is for: another method of a known
// path, or no path of ours.
func (a *API) serveUnknown(w http.ResponseWriter, r *http.Request) {
	var methods []string
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := a.mux.Handler(probe); pattern != Prefix+"/" && pattern != "" {
			methods = append(methods, method)
		}
	}
	f := fault.New(fault.NotFound, "there is no such call").Fix("See %s/openapi.json.", Prefix)
	if len(methods) == 0 {
		a.WriteProblem(w, r, f)
		return
	}
	allowed := strings.Join(methods, ", ")
	p := problemFrom(f.Fix("This address takes %s.", allowed))
	p.Status, p.Title = http.StatusMethodNotAllowed, http.StatusText(http.StatusMethodNotAllowed)
	p.header.Set("Allow", allowed)
	p.write(w)
}
