package config

import (
	"log/slog"
	"net/netip"
	"strings"
	"time"
)

// Config is a whole, valid configuration.
type Config struct {
	File           string         // where it was read from; "" for none
	Data           string         // the data directory; a relative one starts from the working directory
	Listen         string         // host:port of the one HTTP listener; port 0 means any free one
	PublicURL      URL            // where browsers find the desk, without path; "" if not given and Listen's port is 0
	TrustedProxies []netip.Prefix // whose X-Forwarded-* headers are believed
	TLS            TLS
	Accounts       []Account // in the file's order
	API            API
	Policies       []Policy // in the file's order; at least one
	Log            Log
}

// TLS names the certificate files of the listener: both or neither.
type TLS struct {
	CertFile string // PEM, the whole chain
	KeyFile  string // PEM
}

// Enabled reports whether the listener speaks TLS itself.
func (t TLS) Enabled() bool { return t.CertFile != "" }

// Account is one brand presence on one platform.
type Account struct {
	Name     string        // lower-case letters, digits and dashes; 1 to 40; unique
	Kind     string        // the connector kind; not checked here
	Backfill time.Duration // how far the first poll goes back; 0 to 30 days
	Settings Settings      // for the kind to decode

	file  string
	key   string // such as accounts[2]
	lines map[string]int
}

// Problem is a fault that the caller found in the account, at the line of one
// of its keys: "kind" for a kind that does not exist. For the settings' own
// keys see [Settings.Problem].
func (a Account) Problem(key, value, message, remedy string) *Problem {
	path := below(a.key, key)
	line, known := a.lines[path]
	if !known {
		line = a.lines[a.key]
	}
	return &Problem{File: a.file, Line: line, Key: path, Value: shortened(value), Message: message, Remedy: remedy}
}

// UnknownKind is the problem of an account whose kind is none of kinds.
func (a Account) UnknownKind(kinds []string) *Problem {
	return a.Problem("kind", a.Kind, "unknown kind", suggestion(a.Kind, "kinds", kinds))
}

// API is what the JSON API allows.
type API struct {
	EndorsingPeople []string // logins of people whose API tokens may endorse; lower case
	MaxBody         int64    // bytes of a request's body
}

// Any stands for every account, visibility or kind of proposal in a [Policy].
const Any = "*"

// Policy says how many approvals a proposal needs, and by whom. Policies of
// the file are the initial ones, read by `standpunt init`; afterwards they
// live in the store.
type Policy struct {
	Name        string
	Accounts    []string      // account names, or [Any] alone
	Visibility  string        // public, private or [Any]
	Kinds       []string      // proposal kinds, or [Any] alone
	Quorum      int           // different people, the author among them; 2 to 10
	Roles       []string      // each is held by at least one of the endorsers; never empty
	Independent bool          // one approver touched no revision of the proposal
	ValidFor    time.Duration // how long a full set of endorsements lives; 1 minute to 24 hours
}

// Log says what the daemon logs, and how.
type Log struct {
	Level  slog.Level
	Format string // text or json
}

const (
	defaultData     = "./data"
	defaultListen   = "127.0.0.1:8420"
	defaultMaxBody  = 1 << 20
	defaultBackfill = Duration(24 * time.Hour)
	maxBackfill     = Duration(720 * time.Hour)
	defaultValidFor = Duration(4 * time.Hour)
	maxValidFor     = Duration(24 * time.Hour)
	minValidFor     = Duration(time.Minute)
)

// Default is the configuration of an empty file and an empty environment: no
// accounts, and one policy for everything.
func Default() *Config {
	return &Config{
		Data: defaultData, Listen: defaultListen, PublicURL: "http://" + defaultListen,
		API:      API{MaxBody: defaultMaxBody},
		Policies: []Policy{defaultPolicy()},
		Log:      Log{Level: slog.LevelInfo, Format: "text"},
	}
}

func defaultPolicy() Policy {
	return Policy{Name: "default", Accounts: []string{Any}, Visibility: Any, Kinds: []string{Any},
		Quorum: 2, Roles: []string{"press"}, ValidFor: defaultValidFor.Std()}
}

// Load reads the file at path with environ ("NAME=value", as [os.Environ] has
// it) over it. The variables are listed by [Variables]; an empty one counts as
// not set. Either the configuration is whole, or the error joins every
// [Problem] there is: see [Problems].
//
// Config does not know the connector kinds. A caller that does gives vet, which
// looks at one account each, so that what is wrong with its kind and settings
// is told together with everything else.
func Load(path string, environ []string, vet ...func(Account) error) (*Config, error) {
	tree, problems := readTree(path)
	if tree == nil && len(problems) > 0 {
		return nil, joined(problems)
	}
	l := &loading{decoder: newDecoder(path, newEnvironment(environ)), config: &Config{File: path}, unsound: make(map[string]bool)}
	l.problems = problems
	var doc document
	if tree != nil {
		l.lines[""] = tree.Line
		l.structure(tree, valueOf(&doc), "")
	}
	l.variables(tree)
	l.layers(doc)
	l.network()
	l.accounts(doc.Accounts)
	l.vet(vet)
	l.api()
	l.policies(doc.Policies)
	l.log()
	if len(l.problems) > 0 {
		return nil, joined(l.problems)
	}
	return l.config, nil
}

// loading is one run of Load: the decoder's lines and problems, the layered
// settings and the configuration as it grows.
type loading struct {
	*decoder
	settings layered
	from     map[string]string // key path -> environment variable that set it
	unsound  map[string]bool   // key paths at fault, and all above them
	counted  int               // how many of the problems are in unsound
	config   *Config
}

// fault adds a problem with the setting at key, wherever it was set.
func (l *loading) fault(key, value, message, remedy string) {
	p := &Problem{File: l.file, Key: key, Value: shortened(value), Message: message, Remedy: remedy}
	if variable, set := l.from[key]; set {
		p.File, p.Key = Environment, variable
	} else {
		p.Line = l.lines[key]
	}
	l.problems = append(l.problems, p)
	l.mark(key) // p.Key may be a variable's name
}

// sound reports whether nothing is wrong with key, or below it, so far.
func (l *loading) sound(key string) bool {
	for ; l.counted < len(l.problems); l.counted++ {
		l.mark(l.problems[l.counted].Key)
	}
	return !l.unsound[key]
}

// mark notes that key, and so everything above it, is at fault.
func (l *loading) mark(key string) {
	for key != "" && !l.unsound[key] {
		l.unsound[key] = true
		key = key[:max(0, strings.LastIndexAny(key, ".["))]
	}
}
